// The default bodies of the array loops: plain, and the reference that kernels are tested against. Each has a name
// apart from its requirement's, so that a conformer with kernels can run on the reference.

extension ArrayLoops where Self: Scalar {
  @inlinable
  public static func map(_ f: MapFunction, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>, count: Int) {
    referenceMap(f, x, y, count: count)
  }

  @inlinable
  package static func referenceMap(
    _ f: MapFunction, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>, count: Int
  ) {
    for i in 0..<count { y[i] = f(x[i]) }
  }

  @inlinable
  public static func zip(
    _ f: ZipFunction, _ a: UnsafePointer<Self>, strideA: Int, _ b: UnsafePointer<Self>, strideB: Int,
    _ y: UnsafeMutablePointer<Self>, count: Int
  ) {
    referenceZip(f, a, strideA: strideA, b, strideB: strideB, y, count: count)
  }

  @inlinable
  package static func referenceZip(
    _ f: ZipFunction, _ a: UnsafePointer<Self>, strideA: Int, _ b: UnsafePointer<Self>, strideB: Int,
    _ y: UnsafeMutablePointer<Self>, count: Int
  ) {
    for i in 0..<count { y[i] = f(a[i * strideA], b[i * strideB]) }
  }

  @inlinable
  public static func select(
    _ c: UnsafePointer<Self>, strideC: Int, _ a: UnsafePointer<Self>, strideA: Int, _ b: UnsafePointer<Self>,
    strideB: Int, _ y: UnsafeMutablePointer<Self>, count: Int
  ) {
    referenceSelect(c, strideC: strideC, a, strideA: strideA, b, strideB: strideB, y, count: count)
  }

  @inlinable
  package static func referenceSelect(
    _ c: UnsafePointer<Self>, strideC: Int, _ a: UnsafePointer<Self>, strideA: Int, _ b: UnsafePointer<Self>,
    strideB: Int, _ y: UnsafeMutablePointer<Self>, count: Int
  ) {
    for i in 0..<count { y[i] = c[i * strideC] != 0 ? a[i * strideA] : b[i * strideB] }
  }

  @inlinable
  public static func addRows(
    _ x: UnsafePointer<Self>, bias: UnsafePointer<Self>, then f: MapFunction?, _ y: UnsafeMutablePointer<Self>,
    rows: Int, columns: Int
  ) {
    referenceAddRows(x, bias: bias, then: f, y, rows: rows, columns: columns)
  }

  @inlinable
  package static func referenceAddRows(
    _ x: UnsafePointer<Self>, bias: UnsafePointer<Self>, then f: MapFunction?, _ y: UnsafeMutablePointer<Self>,
    rows: Int, columns: Int
  ) {
    for i in 0..<rows {
      for j in 0..<columns {
        let sum = x[i * columns + j] + bias[j]
        y[i * columns + j] = f.map { $0(sum) } ?? sum
      }
    }
  }

  @inlinable
  public static func reduce(_ r: Reduction, _ x: UnsafePointer<Self>, count: Int) -> Self {
    referenceReduce(r, x, stride: 1, count: count)
  }

  @inlinable
  public static func reduceRows(
    _ r: Reduction, _ x: UnsafePointer<Self>, stride: Int, _ y: UnsafeMutablePointer<Self>, rows: Int, columns: Int
  ) {
    referenceReduceRows(r, x, stride: stride, y, rows: rows, columns: columns)
  }

  @inlinable
  package static func referenceReduceRows(
    _ r: Reduction, _ x: UnsafePointer<Self>, stride: Int, _ y: UnsafeMutablePointer<Self>, rows: Int, columns: Int
  ) {
    for j in 0..<columns { y[j] = referenceReduce(r, x + j, stride: stride, count: rows) }
  }

  /// Σ of the terms of a range, pairwise: the rounding error grows with log n, and the order is a function of n alone.
  @inlinable
  package static func pairwiseSum(_ range: Range<Int>, _ term: (Int) -> Self) -> Self {
    if range.count <= 8 {
      var sum: Self = 0
      for i in range { sum = sum + term(i) }
      return sum
    }
    let middle = range.lowerBound + range.count / 2
    return pairwiseSum(range.lowerBound..<middle, term) + pairwiseSum(middle..<range.upperBound, term)
  }

  @inlinable
  package static func referenceReduce(_ r: Reduction, _ x: UnsafePointer<Self>, stride: Int, count: Int) -> Self {
    switch r {
    case .sum: return pairwiseSum(0..<count) { x[$0 * stride] }
    case .maximum, .minimum:
      guard count > 0 else { return Self(r == .maximum ? -Double.infinity : Double.infinity) }
      var best = x[0]
      var ties = 1
      for i in 1..<max(count, 1) {
        let next = x[i * stride]
        if next == best {
          ties += 1
        } else if best == best, !(r == .maximum ? next < best : next > best) {
          (best, ties) = (next, 1)  // better, or NaN, which wins
        }
      }
      // Beside a NaN none is extreme: 0 candidates, whose tangents average to NaN.
      guard best == best else { return tied(best, sum: 0, count: 0) }
      guard ties > 1, sharesTies else { return best }
      let sum = pairwiseSum(0..<count) { x[$0 * stride] == best ? x[$0 * stride] : 0 }
      return tied(best, sum: sum, count: ties)
    }
  }

  @inlinable
  public static func squares(_ x: UnsafePointer<Self>, about c: Self, count: Int) -> Self {
    referenceSquares(x, stride: 1, about: c, count: count)
  }

  @inlinable
  public static func squareRows(
    _ x: UnsafePointer<Self>, stride: Int, about c: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>, rows: Int,
    columns: Int
  ) {
    referenceSquareRows(x, stride: stride, about: c, y, rows: rows, columns: columns)
  }

  @inlinable
  package static func referenceSquareRows(
    _ x: UnsafePointer<Self>, stride: Int, about c: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>, rows: Int,
    columns: Int
  ) {
    for j in 0..<columns { y[j] = referenceSquares(x + j, stride: stride, about: c[j], count: rows) }
  }

  @inlinable
  package static func referenceSquares(_ x: UnsafePointer<Self>, stride: Int, about c: Self, count: Int) -> Self {
    pairwiseSum(0..<count) { (x[$0 * stride] - c) * (x[$0 * stride] - c) }
  }

  @inlinable
  public static func logSoftmaxGradient(
    _ g: UnsafePointer<Self>, _ y: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>, rows: Int, columns: Int
  ) {
    referenceLogSoftmaxGradient(g, y, out, rows: rows, columns: columns)
  }

  @inlinable
  package static func referenceLogSoftmaxGradient(
    _ g: UnsafePointer<Self>, _ y: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>, rows: Int, columns: Int
  ) {
    for start in stride(from: 0, to: rows * columns, by: columns) {
      let total = referenceReduce(.sum, g + start, stride: 1, count: columns)
      for j in start..<start + columns { out[j] = g[j] - exponential(y[j]) * total }
    }
  }

  @inlinable
  public static func softmax(
    _ kind: SoftmaxKind, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>, rows: Int, columns: Int
  ) {
    referenceSoftmax(kind, x, y, rows: rows, columns: columns)
  }

  @inlinable
  package static func referenceSoftmax(
    _ kind: SoftmaxKind, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>, rows: Int, columns: Int
  ) {
    guard columns > 0 else {
      for i in 0..<(kind == .logSumExp ? rows : 0) { y[i] = Self(-Double.infinity) }
      return
    }
    for i in 0..<rows {
      let row = x + i * columns
      // The shift cancels in exact arithmetic, so it carries no derivative.
      let largest = referenceReduce(.maximum, row, stride: 1, count: columns).detached
      // An infinite maximum (or an empty row) is log-sum-exp itself, not a shift.
      let shift = kind == .logSumExp && largest.primal.isInfinite ? 0 : largest
      let sum = pairwiseSum(0..<columns) { exponential(row[$0] - shift) }
      let logSum = logarithm(sum)
      switch kind {
      case .softmax: for j in 0..<columns { y[i * columns + j] = exponential(row[j] - shift) / sum }
      case .logSoftmax: for j in 0..<columns { y[i * columns + j] = row[j] - shift - logSum }
      case .logSumExp: y[i] = shift + logSum
      }
    }
  }

  @inlinable
  public static func multiply(_ product: MatrixProduct<Self>) { referenceMultiply(product) }

  @inlinable
  package static func referenceMultiply(_ p: MatrixProduct<Self>) {
    for i in 0..<p.rows {
      for j in 0..<p.columns {
        var sum: Self = 0
        for k in 0..<p.depth {
          let a = p.transposeA ? p.a[k * p.strideA + i] : p.a[i * p.strideA + k]
          let b = p.transposeB ? p.b[j * p.strideB + k] : p.b[k * p.strideB + j]
          sum = sum + a * b
        }
        let place = p.c + (i * p.strideC + j)
        if p.accumulates {
          place.pointee = place.pointee + sum
        } else {
          if let bias = p.bias { sum = sum + bias[j] }
          place.pointee = p.function.map { $0(sum) } ?? sum
        }
      }
    }
  }

  @inlinable
  public static func allFinite(_ x: UnsafePointer<Self>, count: Int) -> Bool {
    for i in 0..<count where !x[i].primal.isFinite { return false }
    return true
  }
}
