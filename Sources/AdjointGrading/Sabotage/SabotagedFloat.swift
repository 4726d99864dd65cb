import Adjoint
import AdjointChecking

/// A fault in one array loop of a scalar.
protocol LoopFault: Sendable { static var loop: SabotagedLoop { get } }

/// The loops that a faulty kernel is put into.
enum SabotagedLoop: String, Sendable, CaseIterable {
  case map, zip, select, addRows, reduce, reduceRows, softmax, logSoftmaxGradient, multiply
}

/// `Float` with one faulty forward kernel: the last element of every call is off by one part in a hundred.
///
/// The rules are right, and so is everything in `Double`; only the values that training would really use are wrong.
struct SabotagedFloat<Fault: LoopFault>: Scalar {
  var value: Float

  init(_ value: Float) { self.value = value }
  init(_ value: Double) { self.value = Float(value) }
  init(integerLiteral value: Int) { self.value = Float(value) }
  init(floatLiteral value: Double) { self.value = Float(value) }
  var primal: Double { Double(value) }

  static func == (a: Self, b: Self) -> Bool { a.value == b.value }
  static func < (a: Self, b: Self) -> Bool { a.value < b.value }
  // Written out, because `Comparable`'s own `a <= b` is `!(b < a)`, which is true of NaN.
  static func <= (a: Self, b: Self) -> Bool { a.value <= b.value }
  static func > (a: Self, b: Self) -> Bool { a.value > b.value }
  static func >= (a: Self, b: Self) -> Bool { a.value >= b.value }
  static prefix func - (a: Self) -> Self { Self(-a.value) }
  static func + (a: Self, b: Self) -> Self { Self(a.value + b.value) }
  static func - (a: Self, b: Self) -> Self { Self(a.value - b.value) }
  static func * (a: Self, b: Self) -> Self { Self(a.value * b.value) }
  static func / (a: Self, b: Self) -> Self { Self(a.value / b.value) }

  static func elementary(_ f: ElementaryFunction, _ x: Self) -> Self { Self(Float.elementary(f, x.value)) }
  static func elementary(_ f: ElementaryFunctionOfTwo, _ a: Self, _ b: Self) -> Self {
    Self(Float.elementary(f, a.value, b.value))
  }
  static func power(_ x: Self, _ p: Double) -> Self { Self(Float.power(x.value, p)) }

  /// The fault, where this loop has it.
  private static func spoil(_ loop: SabotagedLoop, _ y: UnsafeMutablePointer<Self>, count: Int) {
    guard loop == Fault.loop, count > 0 else { return }
    y[count - 1].value *= 1.01
  }

  static func map(_ f: MapFunction, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>, count: Int) {
    referenceMap(f, x, y, count: count)
    spoil(.map, y, count: count)
  }
  static func zip(
    _ f: ZipFunction, _ a: UnsafePointer<Self>, strideA: Int, _ b: UnsafePointer<Self>, strideB: Int,
    _ y: UnsafeMutablePointer<Self>, count: Int
  ) {
    referenceZip(f, a, strideA: strideA, b, strideB: strideB, y, count: count)
    spoil(.zip, y, count: count)
  }
  static func select(
    _ c: UnsafePointer<Self>, strideC: Int, _ a: UnsafePointer<Self>, strideA: Int, _ b: UnsafePointer<Self>,
    strideB: Int, _ y: UnsafeMutablePointer<Self>, count: Int
  ) {
    referenceSelect(c, strideC: strideC, a, strideA: strideA, b, strideB: strideB, y, count: count)
    spoil(.select, y, count: count)
  }
  static func addRows(
    _ x: UnsafePointer<Self>, bias: UnsafePointer<Self>, then f: MapFunction?, _ y: UnsafeMutablePointer<Self>,
    rows: Int, columns: Int
  ) {
    referenceAddRows(x, bias: bias, then: f, y, rows: rows, columns: columns)
    spoil(.addRows, y, count: rows * columns)
  }
  static func reduce(_ r: Reduction, _ x: UnsafePointer<Self>, count: Int) -> Self {
    var y = referenceReduce(r, x, stride: 1, count: count)
    spoil(.reduce, &y, count: 1)
    return y
  }
  static func reduceRows(
    _ r: Reduction, _ x: UnsafePointer<Self>, stride: Int, _ y: UnsafeMutablePointer<Self>, rows: Int, columns: Int
  ) {
    referenceReduceRows(r, x, stride: stride, y, rows: rows, columns: columns)
    spoil(.reduceRows, y, count: columns)
  }
  static func softmax(
    _ kind: SoftmaxKind, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>, rows: Int, columns: Int
  ) {
    referenceSoftmax(kind, x, y, rows: rows, columns: columns)
    spoil(.softmax, y, count: kind == .logSumExp ? rows : rows * columns)
  }
  static func logSoftmaxGradient(
    _ g: UnsafePointer<Self>, _ y: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>, rows: Int, columns: Int
  ) {
    referenceLogSoftmaxGradient(g, y, out, rows: rows, columns: columns)
    spoil(.logSoftmaxGradient, out, count: rows * columns)
  }
  static func multiply(_ product: MatrixProduct<Self>) {
    referenceMultiply(product)
    spoil(.multiply, product.c, count: product.rows * product.columns)
  }
}

/// One type for each loop, because a loop is a static requirement.
enum LoopFaults {
  enum Map: LoopFault { static let loop = SabotagedLoop.map }
  enum Zip: LoopFault { static let loop = SabotagedLoop.zip }
  enum Select: LoopFault { static let loop = SabotagedLoop.select }
  enum AddRows: LoopFault { static let loop = SabotagedLoop.addRows }
  enum Reduce: LoopFault { static let loop = SabotagedLoop.reduce }
  enum ReduceRows: LoopFault { static let loop = SabotagedLoop.reduceRows }
  enum Softmax: LoopFault { static let loop = SabotagedLoop.softmax }
  enum LogSoftmaxGradient: LoopFault { static let loop = SabotagedLoop.logSoftmaxGradient }
  enum Multiply: LoopFault { static let loop = SabotagedLoop.multiply }

  static let all: [any LoopFault.Type] = [
    Map.self, Zip.self, Select.self, AddRows.self, Reduce.self, ReduceRows.self, Softmax.self,
    LogSoftmaxGradient.self, Multiply.self,
  ]
}
