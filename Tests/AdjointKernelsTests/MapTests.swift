import AdjointKernels
import Foundation
import Testing

/// A function of the table with its definition in a wider type and the error it may have.
struct MapCase: CustomTestStringConvertible, Sendable {
  let name: String
  let f: ak_map
  /// Bound in units in the last place, float and double (of Swift's libm reference in double, itself within 1).
  let ulps: Double
  let reference: @Sendable (Double) -> Double
  var p = 0.0, q = 0.0
  var range = -20.0...20.0

  var testDescription: String { name }

  static let all: [MapCase] = [
    MapCase(name: "copy", f: AK_COPY, ulps: 0, reference: { $0 }),
    MapCase(name: "negate", f: AK_NEGATE, ulps: 0, reference: { -$0 }),
    MapCase(name: "exp", f: AK_EXP, ulps: 1.5, reference: { Foundation.exp($0) }, range: -110...95),
    MapCase(name: "expm1", f: AK_EXPM1, ulps: 2.5, reference: { Foundation.expm1($0) }, range: -3...3),
    MapCase(name: "log", f: AK_LOG, ulps: 1.5, reference: { Foundation.log($0) }, range: 0...30),
    MapCase(name: "log1p", f: AK_LOG1P, ulps: 1.5, reference: { Foundation.log1p($0) }, range: -1...30),
    MapCase(name: "sqrt", f: AK_SQRT, ulps: 0.51, reference: { $0.squareRoot() }, range: 0...30),
    MapCase(name: "square", f: AK_SQUARE, ulps: 0.51, reference: { $0 * $0 }),
    MapCase(name: "reciprocal", f: AK_RECIPROCAL, ulps: 0.51, reference: { 1 / $0 }),
    MapCase(name: "abs", f: AK_ABS, ulps: 0, reference: { abs($0) }),
    MapCase(name: "sign", f: AK_SIGN, ulps: 0, reference: { $0 > 0 ? 1 : $0 < 0 ? -1 : $0 }),
    MapCase(name: "step", f: AK_STEP, ulps: 0, reference: { $0 > 0 ? 1 : 0 }),
    MapCase(name: "sin", f: AK_SIN, ulps: 2, reference: { Foundation.sin($0) }, range: -1000...1000),
    MapCase(name: "cos", f: AK_COS, ulps: 2, reference: { Foundation.cos($0) }, range: -1000...1000),
    MapCase(name: "tanh", f: AK_TANH, ulps: 3, reference: { Foundation.tanh($0) }, range: -3...3),
    MapCase(name: "sech", f: AK_SECH, ulps: 3, reference: { 1 / Foundation.cosh($0) }),
    MapCase(name: "sigmoid", f: AK_SIGMOID, ulps: 3, reference: sigmoid),
    MapCase(name: "erf", f: AK_ERF, ulps: 2, reference: { Foundation.erf($0) }, range: -4...4),
    MapCase(name: "normal_density", f: AK_NORMAL_DENSITY, ulps: 3, reference: normalDensity, range: -6...6),
    MapCase(
      name: "normal_distribution", f: AK_NORMAL_DISTRIBUTION, ulps: 5, reference: normalDistribution, range: -6...6),
    MapCase(name: "relu", f: AK_RELU, ulps: 0, reference: { $0 <= 0 ? 0 : $0 }),
    MapCase(name: "gelu", f: AK_GELU, ulps: 7, reference: gelu, range: -5...5),
    MapCase(name: "silu", f: AK_SILU, ulps: 4, reference: silu),
    MapCase(
      name: "softplus", f: AK_SOFTPLUS, ulps: 3,
      reference: { $0.isNaN ? $0 : max($0, 0) + Foundation.log1p(Foundation.exp(-abs($0))) }),
    MapCase(name: "leaky_relu", f: AK_LEAKY_RELU, ulps: 0.51, reference: { $0 > 0 ? $0 : 0.25 * $0 }, p: 0.25),
    MapCase(name: "elu", f: AK_ELU, ulps: 3, reference: { $0 > 0 ? $0 : 0.5 * Foundation.expm1($0) }, p: 0.5),
    MapCase(name: "power", f: AK_POWER, ulps: 1.5, reference: { Foundation.pow($0, 1.75) }, p: 1.75, range: 0...20),
    MapCase(name: "power 2", f: AK_POWER, ulps: 0.51, reference: { $0 * $0 }, p: 2),
    MapCase(
      name: "clamp", f: AK_CLAMP, ulps: 0, reference: { $0.isNaN ? $0 : min(max($0, -1.5), 2.5) }, p: -1.5, q: 2.5),
  ]
}

/// The logistic function without overflow.
private func sigmoid(_ x: Double) -> Double {
  x < 0 ? Foundation.exp(x) / (1 + Foundation.exp(x)) : 1 / (1 + Foundation.exp(-x))
}

/// x sigmoid(x), its limit at -inf; e^x in two halves, so that none is denormal before x comes in.
private func silu(_ x: Double) -> Double {
  if x == -.infinity { return 0 }
  return x < 0 ? Foundation.exp(x / 2) * x * Foundation.exp(x / 2) / (1 + Foundation.exp(x)) : x * sigmoid(x)
}

/// e^(-x^2/2) / sqrt(2 pi), corrected to first order for the rounding of the square.
private func normalDensity(_ x: Double) -> Double {
  let y = Foundation.exp(-0.5 * x * x) / (2 * Double.pi).squareRoot()
  return y == 0 ? 0 : y - y * 0.5 * (-x * x).addingProduct(x, x)
}

/// x/2 erfc(-x / sqrt 2), and its limit at -inf.
private func gelu(_ x: Double) -> Double { x == -.infinity ? 0 : x * normalDistribution(x) }

/// erfc(-x / sqrt 2) / 2, corrected to first order for the rounding of the argument.
private func normalDistribution(_ x: Double) -> Double {
  if x.isInfinite { return x > 0 ? 1 : 0 }
  let rootHalf = 0.5.squareRoot()
  let rest = -0x1.bdd3413b26456p-55
  let z = -x * rootHalf
  let lost = (-z).addingProduct(-x, rootHalf) - x * rest
  return erfc(z) / 2 - Foundation.exp(-z * z) * lost / Double.pi.squareRoot()
}

@Suite struct MapTests {
  @Test func everyLineOfTheListHasACase() {
    let tested = Set(MapCase.all.map(\.f.rawValue))
    for line in 0..<AK_MAP_COUNT.rawValue { #expect(tested.contains(line), "AK_MAPS, line \(line + 1)") }
  }

  @Test(arguments: InstructionSet.all, MapCase.all)
  func everyFunctionIsWithinItsUlps(set: InstructionSet, function: MapCase) {
    check(set, function, as: Float.self)
    check(set, function, as: Double.self)
  }

  func check<T: Real>(_ set: InstructionSet, _ function: MapCase, as type: T.Type) {
    var stream = Stream(7)
    let middle = (function.range.lowerBound + function.range.upperBound) / 2
    let half = function.range.upperBound - middle
    var x: [T] = (0..<4000).map { _ in T(middle + stream.next() * half) }
    x += (0..<1000).map { _ in T(middle + stream.next() * half) * T(stream.next()) * T(stream.next()) }
    let special: [T] = [
      0, -0.0, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .leastNormalMagnitude, 1, -1, 1e-3, -1e-20, 1e4, -1e4,
      .greatestFiniteMagnitude, -.greatestFiniteMagnitude, .infinity, -.infinity, .nan, 88.7, -87.4, 103, -103, 709.5,
      -745,
    ]
    x += special
    let y = T.map(set.kernels, function.f, T(function.p), T(function.q), x)
    for i in x.indices {
      let expected = function.reference(Double(x[i]))
      let rounded = T(expected)
      if rounded.isNaN || rounded.isInfinite || rounded.isZero {
        // Half the smallest number may be rounded to either neighbour.
        let right = rounded.isNaN ? y[i].isNaN : y[i] == rounded || abs(y[i]) == .leastNonzeroMagnitude
        #expect(right, "\(function.name)(\(x[i])) = \(y[i]), not \(rounded)")
        continue
      }
      let unit = Double(max(rounded.ulp, T.leastNonzeroMagnitude))
      // The reference of double is rounded itself; far out in sin and cos libm is exact enough, so are we.
      let slack = T.self == Double.self ? 1.0 : 0
      let error = abs(Double(y[i]) - expected) / unit
      #expect(
        error <= function.ulps + slack,
        "\(function.name)(\(x[i])) = \(y[i]), not \(rounded): \(error) ulps of \(T.self)")
    }
  }

  @Test(arguments: InstructionSet.all, MapCase.all)
  func anElementsBitsDoNotDependOnItsPlace(set: InstructionSet, function: MapCase) {
    checkPlaces(set, function, as: Float.self)
    checkPlaces(set, function, as: Double.self)
  }

  func checkPlaces<T: Real>(_ set: InstructionSet, _ function: MapCase, as type: T.Type) {
    let k = set.kernels
    let p = T(function.p)
    let q = T(function.q)
    var stream = Stream(11)
    var x: [T] = stream.values(70, scale: 6)
    x[3] = .infinity
    x[40] = 1e30
    x[68] = -.infinity
    let whole = T.map(k, function.f, p, q, x)
    var inPlace = x
    T.mapInPlace(k, function.f, p, q, &inPlace)
    #expect(same(inPlace, whole))
    for i in x.indices { #expect(same(T.map(k, function.f, p, q, [x[i]]), [whole[i]]), "element \(i) alone") }
    for start in 0..<17 {
      for count in [1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 53] {
        let part = Array(x[start..<start + count])
        #expect(same(T.map(k, function.f, p, q, part), Array(whole[start..<start + count])))
      }
    }
  }

  @Test(arguments: InstructionSet.all)
  func mappingNothingWritesNothing(set: InstructionSet) {
    var y: [Float] = [5]
    set.kernels.map_f32(AK_EXP, 0, 0, [1], &y, 0)
    #expect(y == [5])
    // Nor is anything written behind the end.
    var z = [Double](repeating: 5, count: 40)
    for n in 0..<39 {
      set.kernels.map_f64(AK_COPY, 0, 0, [Double](repeating: 1, count: 40), &z, n)
      #expect(z[n...].allSatisfy { $0 == 5 })
      #expect(z[..<n].allSatisfy { $0 == 1 })
    }
  }

  @Test(arguments: InstructionSet.all)
  func addRowsIsTheSumThenTheFunction(set: InstructionSet) {
    checkAddRows(set, as: Float.self)
    checkAddRows(set, as: Double.self)
  }

  func checkAddRows<T: Real>(_ set: InstructionSet, as type: T.Type) {
    let k = set.kernels
    for columns in [1, 3, 8, 10, 16, 17, 33] {
      var stream = Stream(3)
      let x: [T] = stream.values(5 * columns, scale: 3)
      let bias: [T] = stream.values(columns, scale: 3)
      let sum = x.indices.map { x[$0] + bias[$0 % columns] }
      for f in [AK_COPY, AK_TANH, AK_RELU, AK_GELU, AK_LEAKY_RELU, AK_CLAMP, AK_SIN] {
        #expect(same(T.addRows(k, x, bias, f, rows: 5), T.map(k, f, 0.7, 2, sum)))
      }
    }
  }

  @Test(arguments: InstructionSet.all)
  func sineAndCosineHoldFarOut(set: InstructionSet) {
    var stream = Stream(5)
    let x: [Float] = (0..<500).map { _ in Float(stream.next() * 1e5) } + [1e5, 2e5, -1e7, 3e38]
    let sines = Float.map(set.kernels, AK_SIN, 0, 0, x)
    let cosines = Float.map(set.kernels, AK_COS, 0, 0, x)
    for i in x.indices {
      let s = Foundation.sin(Double(x[i]))
      let c = Foundation.cos(Double(x[i]))
      #expect(abs(Double(sines[i]) - s) <= 2 * Double(Float(s).ulp))
      #expect(abs(Double(cosines[i]) - c) <= 2 * Double(Float(c).ulp))
    }
    let wide: [Double] = (0..<500).map { _ in stream.next() * 1e6 } + [1e9, -1e300]
    let wideSines = Double.map(set.kernels, AK_SIN, 0, 0, wide)
    for i in wide.indices { #expect(abs(wideSines[i] - Foundation.sin(wide[i])) <= 3 * Foundation.sin(wide[i]).ulp) }
  }
}

/// Equal bit for bit, any NaN equal to any other.
func same<T: Real>(_ a: [T], _ b: [T]) -> Bool {
  a.count == b.count
    && Swift.zip(a, b).allSatisfy { x, y in
      x.isNaN ? y.isNaN : x == y && x.sign == y.sign
    }
}
