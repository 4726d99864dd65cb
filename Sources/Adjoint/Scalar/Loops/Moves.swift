// Elements that are moved, and not looked at: slices, permutations, what is put side by side or repeated. They are moved as words,
// so that one loop serves all scalars of a size; a loop over elements of a generic type takes ten times as long.

/// A box of elements that is read at some strides and written at others.
struct Move {
  let extents: Shape
  let source: SIMD8<Int>
  let target: SIMD8<Int>

  /// Moves the box. Strides are counted in elements.
  func callAsFunction<S: Scalar>(from x: UnsafePointer<S>, to y: UnsafeMutablePointer<S>) {
    guard extents.elementCount > 0 else { return }
    let (from, to) = (UnsafeRawPointer(x), UnsafeMutableRawPointer(y))
    switch MemoryLayout<S>.stride {
    case 8: run(from.assumingMemoryBound(to: UInt64.self), to.assumingMemoryBound(to: UInt64.self))
    case 4: run(from.assumingMemoryBound(to: UInt32.self), to.assumingMemoryBound(to: UInt32.self))
    default: run(x, y)
    }
  }

  private func run<Word: BitwiseCopyable>(_ x: UnsafePointer<Word>, _ y: UnsafeMutablePointer<Word>) {
    let rank = extents.rank
    let (width, stepX, stepY) = rank > 0 ? (extents[rank - 1], source[rank - 1], target[rank - 1]) : (1, 1, 1)
    let (rows, rowX, rowY) = rank > 1 ? (extents[rank - 2], source[rank - 2], target[rank - 2]) : (1, 0, 0)
    var position = SIMD8<Int>(repeating: 0)
    var (x, y) = (x, y)
    for _ in 0..<extents.dropLast(2).reduce(1, *) {
      var (from, to) = (x, y)
      for _ in 0..<rows {
        if stepX == 1, stepY == 1, width >= 16 {
          to.update(from: from, count: width)
        } else {
          for i in 0..<width { to[i &* stepY] = from[i &* stepX] }
        }
        from += rowX
        to += rowY
      }
      var axis = rank - 3
      while axis >= 0 {
        position[axis] += 1
        x += source[axis]
        y += target[axis]
        if position[axis] < extents[axis] { break }
        x -= source[axis] * extents[axis]
        y -= target[axis] * extents[axis]
        position[axis] = 0
        axis -= 1
      }
    }
  }
}

extension Shape {
  /// The strides at which this is read as the larger shape to which it is repeated.
  func strides(repeatedTo target: Shape) -> SIMD8<Int> {
    let (own, shift) = (strides, target.rank - rank)
    var strides = SIMD8<Int>(repeating: 0)
    for axis in 0..<rank where self[axis] != 1 { strides[axis + shift] = own[axis] }
    return strides
  }
}

extension BroadcastWalk {
  /// True where the runs are so short that a call for each takes longer than repeating operands beforehand.
  func hasShortRuns(of output: Shape) -> Bool { run < 8 && output.rank > 1 && output.elementCount >= 64 }
}

/// The blocks of an output's first axis, for which operands are repeated beforehand.
struct RepeatedBlocks<S: Scalar> {
  private let shape: Shape
  private let rows: Int
  private let width: Int
  private let room: UnsafeMutablePointer<S>

  /// The elements of a block.
  private static var size: Int { 1024 }

  /// Calls `body` for each block with its offset and size, and the maker of operands' addresses; `false` when an entry of the
  /// first axis is larger than a block.
  static func forEach(
    of shape: Shape, operands: Int, _ body: (_ start: Int, _ count: Int, Self) -> Void
  ) -> Bool {
    let width = shape.elementCount / max(shape[0], 1)
    guard width > 0, width <= size else { return false }
    let rows = size / width
    withUnsafeTemporaryAllocation(of: S.self, capacity: operands * size) { room in
      guard let base = room.baseAddress else { return }
      for first in stride(from: 0, to: shape[0], by: rows) {
        let count = min(rows, shape[0] - first)
        let block = Self(shape: shape.replacing(axis: 0, with: count), rows: first, width: width, room: base)
        body(first * width, count * width, block)
      }
    }
    return true
  }

  /// The elements of an operand in this block, repeated where it is smaller than the output.
  func operand(_ number: Int, _ x: View<S>, outputCount: Int) -> UnsafePointer<S> {
    if x.count == outputCount { return x.base + rows * width }
    let strides = x.shape.strides(repeatedTo: shape)
    let place = room + number * Self.size
    Move(extents: shape, source: strides, target: shape.strides)(from: x.base + rows * strides[0], to: place)
    return UnsafePointer(place)
  }
}
