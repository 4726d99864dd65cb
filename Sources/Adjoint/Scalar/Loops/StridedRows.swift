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
    run.strided = 1
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

extension Output {
  /// y[i₀, i₁, …] = x at `offset + Σ iₐ·strides[a]`: any permutation or slice.
  func copyStrided(_ x: View<S>, offset: Int, strides: SIMD8<Int>) {
    let walk = StridedRows(shape, strides)
    let (run, row) = (walk.run, walk.row)
    walk.forEachBlock { dense, strided in
      let (source, target) = (x.base + (offset + strided), base + dense)
      if run.strided == 1 {
        S.copyRows(
          source, stride: row.strided, target, strideY: row.dense, rows: row.extent, columns: run.extent)
      } else {
        for r in 0..<row.extent {
          for i in 0..<run.extent { target[r * row.dense + i] = source[r * row.strided + i * run.strided] }
        }
      }
    }
  }

  /// The inverse of `copyStrided`: y at `offset + Σ iₐ·strides[a]` = x[i₀, i₁, …]. The rest of y stays as it is.
  func placeStrided(_ x: View<S>, offset: Int, strides: SIMD8<Int>) {
    let walk = StridedRows(x.shape, strides)
    let (run, row) = (walk.run, walk.row)
    walk.forEachBlock { dense, strided in
      let (source, target) = (x.base + dense, base + (offset + strided))
      if run.strided == 1 {
        S.copyRows(
          source, stride: row.dense, target, strideY: row.strided, rows: row.extent, columns: run.extent)
      } else {
        for r in 0..<row.extent {
          for i in 0..<run.extent { target[r * row.strided + i * run.strided] = source[r * row.dense + i] }
        }
      }
    }
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
