import AdjointKernels
import Testing

/// One instruction set of this machine, printed under its name.
struct InstructionSet: CustomTestStringConvertible, Sendable {
  let index: Int

  static let all: [InstructionSet] = {
    var tables: UnsafePointer<UnsafePointer<ak_kernels>?>?
    return (0..<Int(ak_available(&tables))).map(InstructionSet.init)
  }()

  var kernels: ak_kernels {
    var tables: UnsafePointer<UnsafePointer<ak_kernels>?>?
    precondition(index < Int(ak_available(&tables)))
    guard let table = tables?[index] else { fatalError("no table \(index)") }
    return table.pointee
  }
  var name: String { String(cString: kernels.name) }
  var testDescription: String { name }
}

/// A seeded stream of values: the same in every run.
struct Stream {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func bits() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state &* 0x2545_F491_4F6C_DD1D
  }
  /// Uniform in [-1, 1).
  mutating func next() -> Double { Double(bits() >> 11) / 0x1p52 - 1 }
  mutating func values<T: Real>(_ count: Int, scale: Double = 1) -> [T] { (0..<count).map { _ in T(next() * scale) } }
}

/// The two precisions of the kernels, each with its entries of a table.
protocol Real: BinaryFloatingPoint, Sendable where RawSignificand: FixedWidthInteger {
  static func map(_ k: ak_kernels, _ f: ak_map, _ p: Self, _ q: Self, _ x: [Self]) -> [Self]
  static func mapInPlace(_ k: ak_kernels, _ f: ak_map, _ p: Self, _ q: Self, _ x: inout [Self])
  static func zip(_ k: ak_kernels, _ f: ak_zip, _ a: [Self], _ b: [Self], count: Int) -> [Self]
  static func select(_ k: ak_kernels, _ c: [Self], _ a: [Self], _ b: [Self], count: Int) -> [Self]
  static func addRows(_ k: ak_kernels, _ x: [Self], _ bias: [Self], _ f: ak_map, rows: Int) -> [Self]
  static func reduce(_ k: ak_kernels, _ r: ak_reduction, _ x: [Self]) -> Self
  static func reduceRows(
    _ k: ak_kernels, _ r: ak_reduction, _ x: [Self], stride: Int, rows: Int, columns: Int
  ) -> [Self]
  static func squares(_ k: ak_kernels, _ x: [Self], _ centre: Self) -> Self
  static func squareRows(_ k: ak_kernels, _ x: [Self], stride: Int, about centres: [Self], rows: Int) -> [Self]
  static func softmax(_ k: ak_kernels, _ kind: SoftmaxKind, _ x: [Self], rows: Int) -> [Self]
  static func logSoftmaxVJP(_ k: ak_kernels, _ g: [Self], _ y: [Self], rows: Int) -> [Self]
  static func gemm(_ k: ak_kernels, _ call: ProductCall<Self>)
}

enum SoftmaxKind: CaseIterable { case softmax, logSoftmax, logSumExp }

/// A matrix product as the header describes it.
struct ProductCall<T> {
  var transposeA = false, transposeB = false, accumulate = false
  var m = 0, n = 0, k = 0
  var a: UnsafePointer<T>, lda: Int
  var b: UnsafePointer<T>, ldb: Int
  var c: UnsafeMutablePointer<T>, ldc: Int
  var bias: UnsafePointer<T>?
  var f = AK_COPY, p: T, q: T
}

/// The stride under which an operand of the given length stands for `count` elements.
func stride<T>(_ operand: [T], _ count: Int) -> Int { operand.count == 1 && count != 1 ? 0 : 1 }

func columns<T>(_ x: [T], _ rows: Int) -> Int { rows == 0 ? 0 : x.count / rows }
