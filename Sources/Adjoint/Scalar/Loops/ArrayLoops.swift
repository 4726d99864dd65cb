import AdjointKernels

/// The loops over arrays of a scalar, which `forward` of the library's operations is made of.
///
/// The default bodies are the reference: plain loops, specialised in the module of each conformer. `Float` and `Double`
/// override them with kernels, which are tested against them. A scalar of another package inherits the product and the
/// loops over windows, since what they are given is not public.
///
/// A loop is a static requirement, not code inside `Operation.forward`. Only a requirement's body is specialised when
/// it is reached through `any Operation`.
public protocol ArrayLoops: BitwiseCopyable {
  /// y[i] = f(x[i])
  static func map(_ f: MapFunction, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>, count: Int)
  /// y[i] = f(a[i·strideA], b[i·strideB]), strides 1 or 0
  static func zip(
    _ f: ZipFunction, _ a: UnsafePointer<Self>, strideA: Int, _ b: UnsafePointer<Self>, strideB: Int,
    _ y: UnsafeMutablePointer<Self>, count: Int)
  /// y[i] = c[i·strideC] ≠ 0 ? a[i·strideA] : b[i·strideB], strides 1 or 0
  static func select(
    _ c: UnsafePointer<Self>, strideC: Int, _ a: UnsafePointer<Self>, strideA: Int, _ b: UnsafePointer<Self>,
    strideB: Int, _ y: UnsafeMutablePointer<Self>, count: Int)
  /// y[i, j] = f(x[i, j]), rows of x and y each a distance apart
  static func mapRows(
    _ f: MapFunction, _ x: UnsafePointer<Self>, stride: Int, _ y: UnsafeMutablePointer<Self>, strideY: Int, rows: Int,
    columns: Int)
  /// y[i, j] = f(a[i, j], b[i, j]), rows of y `strideY` apart
  static func zipRows(
    _ f: ZipFunction, _ a: RowOperand<Self>, _ b: RowOperand<Self>, _ y: UnsafeMutablePointer<Self>, strideY: Int,
    rows: Int, columns: Int)
  /// y[i, j] = c[i, j] ≠ 0 ? a[i, j] : b[i, j], rows of y `strideY` apart
  static func selectRows(
    _ c: RowOperand<Self>, _ a: RowOperand<Self>, _ b: RowOperand<Self>, _ y: UnsafeMutablePointer<Self>,
    strideY: Int, rows: Int, columns: Int)
  /// y[i, j] = f(x[i, j] + bias[j]); `nil` stands for the identity
  static func addRows(
    _ x: UnsafePointer<Self>, bias: UnsafePointer<Self>, then f: MapFunction?, _ y: UnsafeMutablePointer<Self>,
    rows: Int, columns: Int)
  /// Σ, max or min of x; 0, −∞ or ∞ of nothing
  static func reduce(_ r: Reduction, _ x: UnsafePointer<Self>, count: Int) -> Self
  /// y[j] = Σᵢ, maxᵢ or minᵢ of x[i, j], rows `stride` elements apart
  static func reduceRows(
    _ r: Reduction, _ x: UnsafePointer<Self>, stride: Int, _ y: UnsafeMutablePointer<Self>, rows: Int, columns: Int)
  /// y[i] = Σ, max or min of row i, rows `stride` elements apart
  static func reduceEach(
    _ r: Reduction, _ x: UnsafePointer<Self>, stride: Int, _ y: UnsafeMutablePointer<Self>, rows: Int, columns: Int)
  /// y[i] = Σⱼ (x[i, j] − c[i])², rows `stride` elements apart
  static func squaresEach(
    _ x: UnsafePointer<Self>, stride: Int, about c: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>, rows: Int,
    columns: Int)
  /// Σ (x[i] − c)²
  static func squares(_ x: UnsafePointer<Self>, about c: Self, count: Int) -> Self
  /// y[j] = Σᵢ (x[i, j] − c[j])², rows `stride` elements apart; y may be c
  static func squareRows(
    _ x: UnsafePointer<Self>, stride: Int, about c: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>, rows: Int,
    columns: Int)
  /// Softmax, log-softmax or log-sum-exp of each row, shifted by the row's maximum
  static func softmax(
    _ kind: SoftmaxKind, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>, rows: Int, columns: Int)
  /// x̄ = ȳ − e^y Σ ȳ for each row, given y and ȳ: the value of the recorded gradient of log-softmax
  static func logSoftmaxGradient(
    _ g: UnsafePointer<Self>, _ y: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>, rows: Int, columns: Int)
  /// The matrix product with its last pass
  static func multiply(_ product: MatrixProduct<Self>)
  /// l = the lower triangular L with L·Lᵀ = (A + Aᵀ)/2 of each of `count` matrices [extent, extent], NaN where that is not
  /// positive definite
  static func cholesky(_ a: UnsafePointer<Self>, _ l: UnsafeMutablePointer<Self>, extent: Int, count: Int)
  /// x = op(T)⁻¹·x for each of `count` triangles that follow one another, rows `strideT` and `strideX` elements apart
  static func solveTriangular(
    _ t: UnsafePointer<Self>, strideT: Int, upper: Bool, transposed: Bool, unitDiagonal: Bool,
    _ x: UnsafeMutablePointer<Self>, strideX: Int, rows: Int, columns: Int, count: Int)
  /// x = op(A)⁻¹·b of each of `count` matrices [extent, extent] and [extent, columns], not finite where A is singular
  static func solve(
    _ a: UnsafePointer<Self>, transposed: Bool, _ b: UnsafePointer<Self>, _ x: UnsafeMutablePointer<Self>, extent: Int,
    columns: Int, count: Int)
  /// y = the windows of the images x, one after the other, with zeros where they reach outside
  static func unfold(_ grid: WindowGrid, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>)
  /// y = the images on which the windows x stand, added up
  static func fold(_ grid: WindowGrid, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>)
  /// y = Σ, max or min of each window of the images x, channel by channel, for windows without padding
  static func pool(
    _ r: Reduction, _ grid: WindowGrid, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>)
  /// True when all elements of some rows are known to be 0 or −0.
  static func areZeros(_ x: UnsafePointer<Self>, stride: Int, rows: Int, columns: Int) -> Bool
  /// True when an element of some rows may be −0.
  static func mayHaveMinusZero(_ x: UnsafePointer<Self>, stride: Int, rows: Int, columns: Int) -> Bool
  /// True when every element is a finite number.
  static func allFinite(_ x: UnsafePointer<Self>, count: Int) -> Bool
}

/// The reductions that a loop performs.
public enum Reduction: Hashable, Sendable {
  /// Σ x
  case sum
  /// The largest x.
  case maximum
  /// The smallest x.
  case minimum
}

/// The row-wise functions that share a shift by the row's maximum.
public enum SoftmaxKind: Hashable, Sendable {
  /// eˣ / Σ eˣ
  case softmax
  /// x − ln Σ eˣ
  case logSoftmax
  /// ln Σ eˣ
  case logSumExp
}

extension Reduction {
  /// The kernels' name.
  var kernel: ak_reduction {
    switch self {
    case .sum: AK_SUM
    case .maximum: AK_MAX
    case .minimum: AK_MIN
    }
  }
}
