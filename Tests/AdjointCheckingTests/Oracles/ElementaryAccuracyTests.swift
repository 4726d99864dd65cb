import Adjoint
import AdjointChecking
import AdjointLearning
import Foundation
import Testing

/// Value and first two derivatives of every elementary function and elementwise loss, over the whole range of the type, against
/// the reference of 28 digits: in recorded VJPs and in dual numbers, on the kernels of this machine and on the reference loops.
@Suite struct ElementaryAccuracyTests {
  /// Units of ε times the sum of the magnitudes of the closed form's terms.
  static func bound<S>(_ type: S.Type) -> Double { type == Float.self ? 8 : 4 }

  /// A function of one number, recorded, and its closed form.
  struct Function: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let closed: @Sendable (Double) -> ClosedForm?
    let recorded: any RecordedFunction
    var map: MapFunction?

    init(_ f: MapFunction) {
      map = f
      testDescription = "\(f)"
      closed = { ClosedForm(f, at: $0) }
      recorded = Elementary(f: f)
    }

    init(_ name: String, target t: Double, _ closed: @escaping @Sendable (Double, Double) -> ClosedForm) {
      testDescription = "\(name), t = \(t)"
      self.closed = { closed($0, t) }
      recorded = Loss(isBinary: name == "binary cross-entropy", target: t)
    }

    static let all: [Function] =
      Unary.allCases.map { Function(.unary($0)) }
      + [
        .leakyReLU(slope: 0.125), .elu(alpha: 0.75), .power(exponent: 2.5), .power(exponent: -1.5), .power(exponent: 3),
        .power(exponent: 0.5), .clamp(low: -1, high: 2), .polygamma(order: 0), .polygamma(order: 1),
      ].map { Function($0) }
      + [0, 1, 0.25, 1 - 0x1p-12].map { Function("binary cross-entropy", target: $0, ClosedForm.binaryCrossEntropy) }
      + [0, 0.25].map { Function("squared error", target: $0, ClosedForm.squaredError) }
  }

  /// The five functions and places where the bound does not hold, each with its reason.
  static func isException<S: BinaryFloatingPoint>(_ f: MapFunction?, order: Int, at x: S, way: String) -> Bool {
    let size = abs(Double(x))
    // φ(x) is below the normal numbers from here on; x φ and x² φ magnify its rounding.
    let subnormalDensity = (-2 * log(Double(S.leastNormalMagnitude) * (2 * Double.pi).squareRoot())).squareRoot()
    switch f {
    case .unary(.atan):
      // 1 + x² overflows from √max on; the square of its reciprocal leaves the normal numbers before.
      let limit =
        order == 1 ? Double(S.greatestFiniteMagnitude).squareRoot() : pow(Double(S.leastNormalMagnitude), -0.25)
      return way == "recorded" && order > 0 && size > limit
    case .unary(.gelu), .unary(.normalDensity), .unary(.normalDistribution): return size > subnormalDensity
    case .unary(.silu):
      // σ(−|x|) is below the normal numbers; x σ(−|x|) magnifies its rounding.
      return order == 2 && size > -log(Double(S.leastNormalMagnitude))
    case .power(let p):
      // xᵖ⁻² alone overflows where p(p − 1) xᵖ⁻² does not.
      return order == 2 && pow(size, p - 2) > Double(S.greatestFiniteMagnitude)
    case .unary, .leakyReLU, .elu, .clamp, .polygamma, nil: return false
    }
  }

  /// 1,000 numbers of both signs, spread evenly in their exponents over the whole range, subnormals included.
  static func points<S: BinaryFloatingPoint>(_ type: S.Type) -> [S] {
    let low = log2(Double(S.leastNonzeroMagnitude))
    let high = log2(Double(S.greatestFiniteMagnitude))
    var generator = Generator(seed: 17)
    return (0..<1000).map { i in
      // A third of them where functions bend.
      let (a, b) = i % 3 == 0 ? (-8.0, 10.5) : (low, high)
      let size = exp2(a + (b - a) * (Double(i / 2) + generator.uniform(0, 1)) / 500)
      return S(i % 2 == 0 ? size : -size)
    }
  }

  /// The points of a function's domain, each with the closed form.
  static func references<S: Scalar & BinaryFloatingPoint>(
    of f: Function, _ type: S.Type
  ) -> [(x: S, closed: ClosedForm)] {
    points(S.self).compactMap { x in f.closed(Double(x)).map { (x, $0) } }
  }

  static func expectAccurate<S: Scalar & BinaryFloatingPoint>(
    _ f: Function, _ references: [(x: S, closed: ClosedForm)], _ found: [[S]], _ way: String
  ) {
    for order in 0..<3 {
      var worst = (error: 0.0, at: S(0))
      for (i, (point, closed)) in references.enumerated() {
        if isException(f.map, order: order, at: point, way: way) { continue }
        let error = [closed.value, closed.first, closed.second][order].error(of: found[order][i])
        if !(error <= worst.error) { worst = (error, point) }
      }
      #expect(
        worst.error <= bound(S.self),
        "\(f.testDescription), \(way), \(S.self), order \(order): \(worst.error) at \(worst.at)")
    }
  }

  @Test("Recorded derivatives are within 4ε of the terms, 8ε in Float", arguments: Kernels.available)
  func recorded(instructionSet: String) async {
    // The set is chosen once in a process.
    await #expect(processExitsWith: .success) { [instructionSet] in
      setenv("ADJOINT_KERNELS", instructionSet, 1)
      #expect(Kernels.name == instructionSet)
      for f in Function.all {
        Self.checkRecorded(f, as: Double.self)
        Self.checkRecorded(f, as: Float.self)
      }
    }
  }

  static func checkRecorded<S: Scalar & BinaryFloatingPoint>(_ f: Function, as type: S.Type) {
    let references = references(of: f, S.self)
    let tape = Tape<S>()
    let input = tape.input(Tensor(references.map(\.x)))
    let y = f.recorded(input)
    let first = gradients(of: y.sum(), withRespectTo: [input])[0]
    let second = gradients(of: first.sum(), withRespectTo: [input])[0]
    expectAccurate(f, references, [y, first, second].map(\.value.elements), "recorded")
  }

  @Test("Derivatives of dual numbers are within 4ε of the terms", arguments: Function.all)
  func dual(f: Function) {
    let references = Self.references(of: f, Double.self)
    let x = references.map(\.x)
    let tape = Tape<SecondOrderDual>()
    let y = f.recorded(tape.input(Tensor(x.map { SecondOrderDual($0, first: 1, second: 1) }))).value.elements
    let plain = f.recorded(Tape<Dual>().input(Tensor(x.map { Dual($0, tangent: 1) }))).value.elements
    Self.expectAccurate(f, references, [y.map(\.value), y.map(\.first), y.map(\.mixed)], "second-order dual")
    Self.expectAccurate(f, references, [plain.map(\.value), plain.map(\.tangent), y.map(\.mixed)], "dual")
  }
}

/// Reverse and forward mode where the argument is not finite, and at 0.
@Suite struct ElementaryEdgeTests {
  /// At +∞, and gelu at −∞ too, the rule says ∞·0 where dual numbers, whose tangent of 0 stays 0, give the limit.
  static let exceptions: [MapFunction: [Double]] = [
    .unary(.gelu): [.infinity, -.infinity], .unary(.silu): [.infinity],
    .unary(.normalDensity): [.infinity, -.infinity],
  ]

  @Test("Reverse and forward mode agree at ±∞, NaN, ±0", arguments: ElementaryAccuracyTests.Function.all)
  func agreement(f: ElementaryAccuracyTests.Function) {
    for x in [Double.infinity, -.infinity, .nan, 0, -0.0] {
      if let f = f.map, Self.exceptions[f]?.contains(x) == true { continue }
      let tape = Tape<Double>()
      let input = tape.input(Tensor([x]))
      let y = f.recorded(input)
      let reverse = gradients(of: y.sum(), withRespectTo: [input])[0].value[0]
      let dual = f.recorded(Tape<Dual>().input(Tensor([Dual(x, tangent: 1)]))).value[0]
      let single = f.recorded(Tape<Float>().input(Tensor([Float(x)]))).value[0]
      func isSame(_ a: Double, _ b: Double) -> Bool { a == b || (a.isNaN && b.isNaN) || abs(a - b) <= 4 * a.ulp }
      #expect(isSame(y.value[0], dual.value), "f(\(x)) is \(y.value[0]), in dual numbers \(dual.value)")
      #expect(single.isNaN == dual.value.isNaN && single.isInfinite == dual.value.isInfinite, "f(\(x)) is \(single)")
      #expect(isSame(reverse, dual.tangent), "f′(\(x)) is \(reverse), in dual numbers \(dual.tangent)")
    }
  }
}

/// A function of a variable of any precision.
protocol RecordedFunction: Sendable {
  func callAsFunction<S: Scalar>(_ x: Variable<S>) -> Variable<S>
}

struct Elementary: RecordedFunction {
  let f: MapFunction
  func callAsFunction<S: Scalar>(_ x: Variable<S>) -> Variable<S> {
    switch f {
    case .unary(let f): x.tape.record(f, x)
    case .leakyReLU(let slope): x.leakyRelu(slope: slope)
    case .elu(let alpha): x.elu(alpha: alpha)
    case .power(let exponent): x.power(exponent)
    case .clamp(let low, let high): x.clamp(low, high)
    case .polygamma(let order): x.polygamma(order: order)
    }
  }
}

struct Loss: RecordedFunction {
  let isBinary: Bool
  let target: Double
  // A batch of one for each element, whose losses are not added.
  func callAsFunction<S: Scalar>(_ x: Variable<S>) -> Variable<S> {
    let t = x.tape.constant(target)
    return isBinary ? binaryCrossEntropies(logits: x, targets: t) : (x - t).square()
  }
}
