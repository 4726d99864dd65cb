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
    Output(shape: shape, address: place).copyStrided(x, offset: rows * strides[0], strides: strides)
    return UnsafePointer(place)
  }
}
