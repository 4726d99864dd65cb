/// A number that a tape can be replayed with: `Float`, `Double`, dual numbers, or a conformer of your own.
///
/// A conformer supplies arithmetic, comparison and ten elementary functions. The array loops have plain default bodies
/// written in terms of these; `Float` and `Double` override them with kernels, and the default bodies are what the kernels
/// are tested against. Loops are static requirements, not code inside `Operation.forward`, because only a requirement's
/// body is specialised for the concrete type when it is reached through `any Operation`.
///
/// The names avoid those of swift-numerics (`Float.exp`), so both can be imported.
public protocol Scalar:
  BitwiseCopyable, Sendable, Comparable, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral
{
  /// The nearest value to a real number; a derivative part, where there is one, is 0.
  init(_ value: Double)
  /// The real number without derivative parts.
  var primal: Double { get }
  /// This value with every derivative part set to 0: what `stopGradient` does.
  var detached: Self { get }

  static func + (a: Self, b: Self) -> Self
  static func - (a: Self, b: Self) -> Self
  static func * (a: Self, b: Self) -> Self
  static func / (a: Self, b: Self) -> Self
  static prefix func - (a: Self) -> Self

  /// eˣ
  static func exponential(_ x: Self) -> Self
  /// eˣ − 1, accurate near 0
  static func exponentialMinusOne(_ x: Self) -> Self
  /// ln x
  static func logarithm(_ x: Self) -> Self
  /// ln(1 + x), accurate near 0
  static func logarithmOnePlus(_ x: Self) -> Self
  /// √x
  static func squareRoot(_ x: Self) -> Self
  /// sin x, x in radians
  static func sine(_ x: Self) -> Self
  /// cos x, x in radians
  static func cosine(_ x: Self) -> Self
  /// tanh x
  static func hyperbolicTangent(_ x: Self) -> Self
  /// erf x = 2/√π ∫₀ˣ e^(−t²) dt
  static func errorFunction(_ x: Self) -> Self
  /// xᵖ for a constant real p
  static func power(_ x: Self, _ p: Double) -> Self
  /// The value of a maximum or minimum that `count` equal candidates reach, given one of them and their sum. A scalar with
  /// derivative parts averages those: ties share a cotangent equally.
  static func tied(_ first: Self, sum: Self, count: Int) -> Self
  /// Whether `tied` does more than return the first: true unless said otherwise.
  static var sharesTies: Bool { get }

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
  /// y[i, j] = f(x[i, j] + bias[j]); `nil` stands for the identity
  static func addRows(
    _ x: UnsafePointer<Self>, bias: UnsafePointer<Self>, then f: MapFunction?, _ y: UnsafeMutablePointer<Self>,
    rows: Int, columns: Int)
  /// Σ, max or min of x; 0, −∞ or ∞ of nothing
  static func reduce(_ r: Reduction, _ x: UnsafePointer<Self>, count: Int) -> Self
  /// y[j] = Σᵢ, maxᵢ or minᵢ of x[i, j], rows `stride` elements apart
  static func reduceRows(
    _ r: Reduction, _ x: UnsafePointer<Self>, stride: Int, _ y: UnsafeMutablePointer<Self>, rows: Int, columns: Int)
  /// Softmax, log-softmax or log-sum-exp of each row, shifted by the row's maximum
  static func softmax(
    _ kind: SoftmaxKind, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>, rows: Int, columns: Int)
  /// x̄ = ȳ − e^y Σ ȳ for each row: what the recorded gradient of log-softmax comes to, given y and ȳ
  static func logSoftmaxGradient(
    _ g: UnsafePointer<Self>, _ y: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>, rows: Int, columns: Int)
  /// The matrix product with its last pass
  static func multiply(_ product: MatrixProduct<Self>)
  /// y = the windows of the images x, one after the other, with zeros where they reach outside
  static func unfold(_ grid: WindowGrid, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>)
  /// y = the images on which the windows x stand, added up
  static func fold(_ grid: WindowGrid, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>)
  /// y = Σ, max or min of each window of the images x, channel by channel; the windows have no padding
  static func pool(
    _ r: Reduction, _ grid: WindowGrid, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>)
  /// One optimiser's update, in place
  static func update(_ job: ParameterUpdate<Self>)
  /// Whether none of the elements is NaN or infinite
  static func allFinite(_ x: UnsafePointer<Self>, count: Int) -> Bool
}

/// The reductions that a loop performs.
public enum Reduction: Hashable, Sendable { case sum, maximum, minimum }

/// The row-wise functions that share a shift by the row's maximum.
public enum SoftmaxKind: Hashable, Sendable { case softmax, logSoftmax, logSumExp }

/// C = f(op(A)·op(B) + bias), or C = C + op(A)·op(B) when it accumulates; everything dense and row-major.
///
/// op(A) is [m, k] and op(B) is [k, n]; a transposed operand is stored the other way round. The product of every element is
/// finished before bias and function are applied, so a fused last pass changes no bit.
public struct MatrixProduct<S: Scalar> {
  public var rows: Int, columns: Int, depth: Int
  public var a: UnsafePointer<S>, b: UnsafePointer<S>, c: UnsafeMutablePointer<S>
  public var transposeA: Bool, transposeB: Bool
  /// Elements from one stored row to the next: more than a row holds where this is a part of a larger product.
  public var strideA: Int, strideB: Int, strideC: Int
  public var accumulates = false
  public var bias: UnsafePointer<S>?
  public var function: MapFunction?
  /// Where parts read A and B, by their number; nil where all read the same place.
  @usableFromInline var copiesOfA: UnsafePointer<UnsafePointer<S>>?
  @usableFromInline var copiesOfB: UnsafePointer<UnsafePointer<S>>?

  @inlinable
  public init(
    rows: Int, columns: Int, depth: Int, a: UnsafePointer<S>, b: UnsafePointer<S>, c: UnsafeMutablePointer<S>,
    transposeA: Bool, transposeB: Bool
  ) {
    (self.rows, self.columns, self.depth) = (rows, columns, depth)
    (self.a, self.b, self.c) = (a, b, c)
    (self.transposeA, self.transposeB) = (transposeA, transposeB)
    (strideA, strideB, strideC) = (transposeA ? rows : depth, transposeB ? depth : columns, columns)
  }

  /// One of several parts that together are this product: a band of rows or of columns. Every element has the same bits as in
  /// the whole, since its sum's order depends on the depth alone.
  public func part(_ index: Int, of count: Int) -> MatrixProduct {
    var part = self
    if let copiesOfA { part.a = copiesOfA[index] }
    if let copiesOfB { part.b = copiesOfB[index] }
    if isCutByRows(among: count) {
      let band = Range(part: index, of: count, in: rows)
      part.rows = band.count
      part.a += transposeA ? band.lowerBound : band.lowerBound * strideA
      part.c += band.lowerBound * strideC
    } else {
      let band = Range(part: index, of: count, in: columns)
      part.columns = band.count
      part.b += transposeB ? band.lowerBound * strideB : band.lowerBound
      part.c += band.lowerBound
      part.bias = bias.map { $0 + band.lowerBound }
    }
    return part
  }

  /// Threads have caches of their own, so a part should read what the same part wrote. A layer x·Wᵀ is cut along the longer
  /// side: the shorter operand is the one that all threads read. Its gradients are cut by rows: by examples for x̄, like the
  /// elementwise operations around it, and by units for W̄, like the update.
  private func isCutByRows(among count: Int) -> Bool {
    transposeB && !transposeA ? rows > columns : rows >= columns || rows >= 16 * count
  }
}

extension Range<Int> {
  /// What falls to one of several parts of an axis. One rule for all instructions, so that the rows that a part reads are those
  /// that it wrote; multiples of 8 where there are enough, so that tiles are not cut.
  package init(part index: Int, of count: Int, in extent: Int) {
    let unit = extent >= 16 * count ? 8 : 1
    let units = (extent + unit - 1) / unit
    // Rounded up: what cannot be cut falls to part 0.
    func start(_ part: Int) -> Int { Swift.min((units * part + count - 1) / count * unit, extent) }
    self = start(index)..<start(index + 1)
  }
}

/// The loops' name of an elementwise function of one argument: a parameterless one, or one of four with parameters.
public enum MapFunction: Hashable, Sendable {
  case unary(Unary)
  case leakyReLU(slope: Double)
  case elu(alpha: Double)
  case power(exponent: Double)
  case clamp(low: Double, high: Double)

  /// y = f(x), the definition that kernels are tested against.
  @inlinable
  public func callAsFunction<S: Scalar>(_ x: S) -> S {
    switch self {
    case .unary(let f): f(x)
    case .leakyReLU(let slope): x > 0 ? x : S(slope) * x
    case .elu(let alpha): x > 0 ? x : S(alpha) * S.exponentialMinusOne(x)
    case .power(let exponent): S.power(x, exponent)
    case .clamp(let low, let high): x <= S(low) ? S(low) : x >= S(high) ? S(high) : x
    }
  }
}

/// The loops' name of an elementwise function of two arguments.
public enum ZipFunction: Hashable, Sendable {
  case binary(Binary)
  case comparison(Comparison)

  /// y = f(a, b), the definition that kernels are tested against.
  @inlinable
  public func callAsFunction<S: Scalar>(_ a: S, _ b: S) -> S {
    switch self {
    case .binary(let f): f(a, b)
    case .comparison(let f): f(a, b) ? 1 : 0
    }
  }
}

extension Scalar {
  @inlinable public var detached: Self { self }
  @inlinable public static func tied(_ first: Self, sum: Self, count: Int) -> Self { first }
  @inlinable public static var sharesTies: Bool { true }

  /// The larger of two, NaN when either is.
  @inlinable
  public static func larger(_ a: Self, _ b: Self) -> Self {
    a > b ? a : b > a ? b : a == b ? tied(a, sum: a + b, count: 2) : a + b
  }

  /// The smaller of two, NaN when either is.
  @inlinable
  public static func smaller(_ a: Self, _ b: Self) -> Self {
    a < b ? a : b < a ? b : a == b ? tied(a, sum: a + b, count: 2) : a + b
  }
}
