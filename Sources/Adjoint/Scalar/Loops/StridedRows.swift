/// The walk of a copy between dense elements and strided ones: rows of runs, and an odometer over the axes outside them. Adjacent
/// axes that stand behind one another in both are merged first, and the longest axis outside the runs makes the rows.
///
/// A walk is of fixed size and allocates nothing, so a program may make one in each run.
struct StridedRows {
  /// A merged axis: its extent, and the distances of two positions on the dense side and on the strided one.
  struct Axis {
    var extent = 1, dense = 0, strided = 0
  }

  /// The elements of a run.
  private(set) var run = Axis()
  /// The runs of a block.
  private(set) var row = Axis()
  private var blocks = 0
  private var outside: (Axis, Axis, Axis, Axis, Axis, Axis) = (Axis(), Axis(), Axis(), Axis(), Axis(), Axis())

  /// A walk over elements of a shape, dense on one side and strided on the other.
  init(_ shape: Shape, _ own: SIMD8<Int>) {
    let count = shape.elementCount
    guard count > 0 else { return }
    (run.dense, run.strided) = (1, 1)
    var (inside, merged, current) = (1, 0, Axis())
    for axis in (0..<shape.rank).reversed() where shape[axis] != 1 {
      if merged > 0, own[axis] == current.strided * current.extent {
        current.extent *= shape[axis]
      } else {
        if merged > 0 { append(current, merged) }
        current = Axis(extent: shape[axis], dense: inside, strided: own[axis])
        merged += 1
      }
      inside *= shape[axis]
    }
    if merged > 0 { append(current, merged) }
    blocks = count / (run.extent * row.extent)
  }

  /// A walk over so many dense rows, which stand a distance apart on the strided side.
  init(rows: Int, of columns: Int, stride: Int) {
    let inside = Axis(extent: columns, dense: 1, strided: 1)
    let outside = Axis(extent: rows, dense: columns, strided: stride)
    (run, row) = columns == 1 ? (outside, Axis()) : (inside, outside)
    blocks = rows * columns == 0 ? 0 : 1
  }

  /// Adds the next merged axis: the first is that of the runs, and the longest of the others that of the rows.
  private mutating func append(_ axis: Axis, _ number: Int) {
    guard number > 1 else {
      run = axis
      return
    }
    var next = axis
    if next.extent > row.extent { swap(&next, &row) }
    switch number {
    case 2: break  // what was there is no axis
    case 3: outside.0 = next
    case 4: outside.1 = next
    case 5: outside.2 = next
    case 6: outside.3 = next
    case 7: outside.4 = next
    default: outside.5 = next
    }
  }

  /// Calls `body` with the offsets of every block of rows on the dense side and on the strided one.
  @inline(__always)
  func forEachBlock(_ body: (_ dense: Int, _ strided: Int) -> Void) {
    for block in 0..<blocks {
      var (rest, dense, strided) = (block, 0, 0)
      advance(outside.0, &rest, &dense, &strided)
      advance(outside.1, &rest, &dense, &strided)
      if rest > 0 {
        advance(outside.2, &rest, &dense, &strided)
        advance(outside.3, &rest, &dense, &strided)
        advance(outside.4, &rest, &dense, &strided)
        advance(outside.5, &rest, &dense, &strided)
      }
      body(dense, strided)
    }
  }

  /// Takes the position along an axis off the number of a block.
  @inline(__always)
  private func advance(_ axis: Axis, _ rest: inout Int, _ dense: inout Int, _ strided: inout Int) {
    guard rest > 0, axis.extent > 1 else { return }
    let (quotient, position) = rest.quotientAndRemainder(dividingBy: axis.extent)
    rest = quotient
    dense += position * axis.dense
    strided += position * axis.strided
  }
}

extension StridedRows {
  /// Puts dense elements at the strided places.
  @inline(__always)
  func place<S: Scalar>(_ x: UnsafePointer<S>, _ y: UnsafeMutablePointer<S>) { move(x, y, toDense: false) }

  /// Moves all elements from their dense places to the strided ones, or back.
  fileprivate func move<S: Scalar>(_ x: UnsafePointer<S>, _ y: UnsafeMutablePointer<S>, toDense: Bool) {
    let (from, to) = toDense ? (Side(strided: self), Side(dense: self)) : (Side(dense: self), Side(strided: self))
    forEachBlock { dense, strided in
      let (source, target) = (x + (toDense ? strided : dense), y + (toDense ? dense : strided))
      if from.step == 1, to.step == 1 {
        S.copyRows(source, stride: from.row, target, strideY: to.row, rows: row.extent, columns: run.extent)
      } else if MemoryLayout<S>.stride == MemoryLayout<UInt64>.stride {
        moveWords(as: UInt64.self, source, from, target, to)
      } else if MemoryLayout<S>.stride == MemoryLayout<UInt32>.stride {
        moveWords(as: UInt32.self, source, from, target, to)
      } else {
        moveWords(as: S.self, source, from, target, to)
      }
    }
  }

  /// The distances of two rows and of two elements of a run.
  private struct Side {
    let row: Int, step: Int

    init(strided walk: StridedRows) { (row, step) = (walk.row.strided, walk.run.strided) }
    init(dense walk: StridedRows) { (row, step) = (walk.row.dense, walk.run.dense) }
  }

  /// Moves a block of rows. Elements that are not looked at are words: one loop serves all scalars of a size, where a loop over
  /// a generic type takes ten times as long.
  @inline(__always)
  private func moveWords<Word: BitwiseCopyable>(
    as _: Word.Type, _ x: UnsafeRawPointer, _ from: Side, _ y: UnsafeMutableRawPointer, _ to: Side
  ) {
    let (x, y) = (x.assumingMemoryBound(to: Word.self), y.assumingMemoryBound(to: Word.self))
    for r in 0..<row.extent {
      let (source, target) = (x + r * from.row, y + r * to.row)
      for i in 0..<run.extent { target[i &* to.step] = source[i &* from.step] }
    }
  }
}

extension Output {
  /// y[i₀, i₁, …] = x at `offset + Σ iₐ·strides[a]`: any permutation, slice or repetition.
  func copyStrided(_ x: View<S>, offset: Int, strides: SIMD8<Int>) {
    StridedRows(shape, strides).move(x.base + offset, base, toDense: true)
  }

  /// The inverse of `copyStrided`: y at `offset + Σ iₐ·strides[a]` = x[i₀, i₁, …]. The rest of y stays as it is.
  func placeStrided(_ x: View<S>, offset: Int, strides: SIMD8<Int>) {
    StridedRows(x.shape, strides).move(x.base, base + offset, toDense: false)
  }
}

extension ArrayLoops where Self: Scalar {
  /// y[i, j] = x[i, j], rows a distance apart.
  static func copyRows(
    _ x: UnsafePointer<Self>, stride: Int, _ y: UnsafeMutablePointer<Self>, strideY: Int, rows: Int, columns: Int
  ) {
    if rows == 1 { return y.update(from: x, count: columns) }
    repeatRows(RowOperand(x, row: stride, column: 1), y, strideY: strideY, rows: rows, columns: columns)
  }

  /// y[i, j] = x[i, j], to the bit: what is masked by 1 stays.
  static func repeatRows(
    _ x: RowOperand<Self>, _ y: UnsafeMutablePointer<Self>, strideY: Int, rows: Int, columns: Int
  ) {
    withUnsafePointer(to: Self(1)) { one in
      zipRows(
        .binary(.masked), x, RowOperand(one, row: 0, column: 0), y, strideY: strideY, rows: rows, columns: columns)
    }
  }
}
