/// An operation of the library: the mathematics, and all that readers of recordings ask of it.
///
/// A requirement has a default only where nearly every operation shares it, so the compiler lists what a new operation
/// lacks. Random programs, the scalar expansion, the linter, derivations and programs ask here; none of them lists
/// types.
package protocol LibraryOperation: Operation {
  /// The kind of operation, with its attributes. `form` asks any operation for it.
  var ownForm: OperationForm { get }

  /// The Swift code that records this operation, given the names of its inputs and their shapes.
  func swiftCode(_ x: [String], _ shapes: [Shape]) -> String

  /// The range of y's elements when those of its inputs lie in the ranges `x`.
  func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange

  /// The range in which an input must lie, given its present one; `ValueRange.limit` unless said otherwise.
  func domain(ofInput position: Int, _ present: ValueRange?) -> ValueRange

  /// True when every element of y is finite on inputs of these shapes; true unless said otherwise.
  func isFinite(on shapes: [Shape]) -> Bool

  /// This operation with `change` applied to the extents among its attributes; itself when it has none.
  func resized(_ change: (Int) -> Int) -> Self

  /// The place in y of the first element of x, when y is x with zeros around it and none between; `nil` unless said
  /// otherwise. `margin` asks any operation for it.
  var ownMargin: [Int]? { get }

  /// The position in x of the first element of y, when y is a run of adjacent elements of x; `nil` unless said otherwise.
  /// `run(of:)` asks any operation for it.
  func ownRun(of x: Shape) -> Int?

  /// The elements of y, recorded as operations on single numbers; `nil` when there is no such form.
  func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]?
}

extension LibraryOperation {
  public static var mayBeFormula: Bool { false }
  package func domain(ofInput position: Int, _ present: ValueRange?) -> ValueRange { .limit }
  package func isFinite(on shapes: [Shape]) -> Bool { true }
  package func resized(_ change: (Int) -> Int) -> Self { self }
  package var ownMargin: [Int]? { nil }
  package func ownRun(of x: Shape) -> Int? { nil }
}

extension Operation {
  /// The kind of operation; `.other` for one of another module.
  package var form: OperationForm {
    // Most nodes are of these two, and comparing types takes less than looking up a conformance.
    if Self.self == Unary.self, let f = self as? Unary { return .map(.unary(f)) }
    if Self.self == Binary.self, let f = self as? Binary { return .zip(.binary(f)) }
    return (self as? any LibraryOperation)?.ownForm ?? .other
  }

  /// The place in y of the first element of x, when y is x with zeros around it and none between; `nil` otherwise.
  var margin: [Int]? { (self as? any LibraryOperation)?.ownMargin }

  /// The position in x of the first element of y, when y is a run of adjacent elements of x; `nil` otherwise.
  func run(of x: Shape) -> Int? { (self as? any LibraryOperation)?.ownRun(of: x) }
}

/// The kinds of operations, for readers of a recording. They switch over it without `default`, or compare with it.
package enum OperationForm: Hashable, Sendable {
  case map(MapFunction)
  case zip(ZipFunction)
  case select
  case product(transposeA: Bool, transposeB: Bool)
  case addBias
  case sum(AxisSet, keepsDimensions: Bool)
  case mean(AxisSet, keepsDimensions: Bool)
  case variance(AxisSet, keepsDimensions: Bool, correction: Int)
  case extremum(Extremum.Kind, AxisSet, keepsDimensions: Bool)
  case argMax
  case softmax(SoftmaxKind)
  case cumulativeSum(isReversed: Bool)
  case broadcast, reshape, permute, slice, pad, concatenate, stopGradient
  case gather, scatterAdd, pick, oneHot
  case argSort, gatherAlong, scatterAddAlong, asNumbers
  case cholesky, solveTriangular, solve
  case determinant(Determinant.Kind)
  case unfold, fold, maxPool, averagePool
  /// A loop, which has a recording among its attributes.
  case scan
  /// An operation of another module.
  case other

  /// True when operations of one form, on the same operands and of the same shape, are known to be the same.
  var identifiesOperation: Bool {
    switch self {
    case .map, .zip, .select, .product, .addBias, .sum, .mean, .variance, .extremum, .reshape: true
    case .cholesky, .determinant: true
    case .solveTriangular, .solve: false
    case .argMax, .softmax, .cumulativeSum, .broadcast, .permute, .slice, .pad, .concatenate,
      .argSort, .gatherAlong, .scatterAddAlong, .asNumbers,
      .stopGradient, .gather, .scatterAdd, .pick, .oneHot, .unfold, .fold, .maxPool, .averagePool, .scan, .other:
      false
    }
  }

  package static func unary(_ f: Unary) -> OperationForm { .map(.unary(f)) }
  package static func binary(_ f: Binary) -> OperationForm { .zip(.binary(f)) }

  package var isProduct: Bool { if case .product = self { true } else { false } }
  var isMap: Bool { if case .map = self { true } else { false } }
  var isZip: Bool { if case .zip = self { true } else { false } }
  /// True for what runs element by element in a loop that the library knows.
  var isLoop: Bool { isMap || isZip || self == .select }
  package var isSum: Bool { if case .sum = self { true } else { false } }
  package var isMean: Bool { if case .mean = self { true } else { false } }
  package var isComparison: Bool { if case .zip(.comparison) = self { true } else { false } }
  /// The elementwise function of one argument without parameters; `nil` for other kinds.
  package var unary: Unary? { if case .map(.unary(let f)) = self { f } else { nil } }
  /// The elementwise function of two arguments; `nil` for other kinds.
  package var binary: Binary? { if case .zip(.binary(let f)) = self { f } else { nil } }
  /// True for what is computed as fast as it is read: what a processor has an instruction for, and what only moves elements.
  var isQuick: Bool {
    switch self {
    case .map(.unary(let f)): [.negate, .sqrt, .square, .reciprocal, .abs, .sign, .step, .relu].contains(f)
    case .map(.leakyReLU), .map(.clamp): true
    case .map(.elu), .map(.power), .map(.polygamma): false
    case .zip(let f): f.kernel != nil
    case .select, .addBias, .broadcast, .reshape, .permute, .slice, .pad, .concatenate, .stopGradient, .asNumbers: true
    case .gather, .pick, .oneHot, .gatherAlong, .unfold: true
    case .product, .sum, .mean, .variance, .extremum, .argMax, .softmax, .cumulativeSum, .scatterAdd, .argSort,
      .scatterAddAlong, .cholesky, .solveTriangular, .solve, .determinant, .fold, .maxPool, .averagePool, .scan, .other:
      false
    }
  }
  package var isPooling: Bool { self == .maxPool || self == .averagePool }
  /// True for a kind that only gives x another shape, order of axes, or repetition.
  package var isRearranging: Bool { self == .reshape || self == .permute || self == .broadcast }
}

// MARK: Ranges

package typealias ValueRange = ClosedRange<Double>

extension ValueRange {
  package static let everything = -Double.infinity...Double.infinity
  /// The limit beyond which a value is squashed before it is used again.
  package static let limit = -6.0...6.0

  package func holds(_ other: ValueRange) -> Bool {
    lowerBound <= other.lowerBound && other.upperBound <= upperBound
  }

  /// The least range that holds some numbers; 0...0 for none.
  static func hull(_ values: [Double]) -> ValueRange { (values.min() ?? 0)...(values.max() ?? 0) }
  static func hull(_ ranges: [ValueRange]) -> ValueRange {
    hull(ranges.flatMap { [$0.lowerBound, $0.upperBound] })
  }

  /// The range of a function that is monotonic here.
  func mapped(_ f: (Double) -> Double) -> ValueRange { .hull([f(lowerBound), f(upperBound)]) }

  /// The range of a function of two arguments that is largest and smallest in the corners.
  static func corners(_ a: ValueRange, _ b: ValueRange, _ f: (Double, Double) -> Double) -> ValueRange {
    hull([a.lowerBound, a.upperBound].flatMap { x in [b.lowerBound, b.upperBound].map { f(x, $0) } })
  }

  /// The range of sums of up to `count` numbers of this range.
  func summed(_ count: Int) -> ValueRange { .hull([0, Double(count) * lowerBound, Double(count) * upperBound]) }
}

// MARK: Swift code

/// The text of a method call such as `a.addBias(b)`: the other inputs, then the arguments.
func methodCall(_ name: String, _ x: [String], _ arguments: String...) -> String {
  x[0] + ".\(name)(" + (x.dropFirst() + arguments).joined(separator: ", ") + ")"
}

// MARK: Single numbers

/// An input of an operation with a node for each element.
package struct ScalarOperand {
  package let elements: [Variable<Double>]
  package let shape: Shape
  /// The values of indices, which have no nodes; `nil` for numbers.
  package let indices: Tensor<Int32>?

  package init(elements: [Variable<Double>], shape: Shape, indices: Tensor<Int32>?) {
    (self.elements, self.shape, self.indices) = (elements, shape, indices)
  }

  /// The elements of x behind each element of a reduction over `axes`.
  func groups(_ axes: AxisSet) -> [[Variable<Double>]] {
    let strides = shape.strides
    let kept = shape.indices.filter { !axes.contains(axis: $0) }
    var groups = [[Variable<Double>]](repeating: [], count: kept.reduce(1) { $0 * shape[$1] })
    for (position, element) in elements.enumerated() {
      groups[kept.reduce(0) { $0 * shape[$1] + position / strides[$1] % shape[$1] }].append(element)
    }
    return groups
  }

  /// The elements of each row of the last axis.
  var rows: [[Variable<Double>]] { groups(AxisSet([shape.rank - 1])) }
}

extension [Variable<Double>] {
  /// The sum, from the first to the last.
  func total(on tape: Tape<Double>) -> Variable<Double> {
    guard let first else { return tape.constant(0) }
    return dropFirst().reduce(first) { $0 + $1 }
  }
}

extension Operation {
  /// This operation once for each element of y, on the elements that broadcasting puts there.
  package func elementwise(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>] {
    let repeated = x.map { Broadcast(to: shape).moved([$0], on: tape) }
    return (0..<shape.elementCount).map { i in tape.record(self, inputs: repeated.map { $0[i] }) }
  }

  /// The nodes of the elements, moved as this operation moves elements. It moves their numbers, counted from 1, and so
  /// says the source of each; 0 stands for padding.
  func moved(_ x: [ScalarOperand], on tape: Tape<Double>) -> [Variable<Double>] {
    let scratch = Tape<Double>()
    var sources: [Variable<Double>] = []
    let inputs = x.map { operand -> Variable<Double> in
      if let indices = operand.indices { return scratch.index(indices) }
      let numbers = operand.elements.indices.map { Double(sources.count + $0 + 1) }
      sources += operand.elements
      return scratch.constant(Tensor(shape: operand.shape, elements: numbers))
    }
    return scratch.record(self, inputs: inputs).value.elements.map {
      $0 == 0 ? tape.constant(0) : sources[Int($0) - 1]
    }
  }
}
