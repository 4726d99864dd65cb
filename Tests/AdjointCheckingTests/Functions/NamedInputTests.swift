import Adjoint
import AdjointChecking
import Foundation
import Testing

/// Functions of named inputs, as they come from elsewhere: places, hypotheses, and arithmetic in `Float`.
@Suite struct NamedInputTests {
  /// ‖tanh(a w) − c‖² for a 3 × 2 matrix w and a bias b of 2.
  private static func loss<S: BinaryFloatingPoint>(_ x: [S]) -> S {
    var sum: S = 0
    for row in 0..<4 {
      for j in 0..<2 {
        var z = x[6 + j]
        for i in 0..<3 { z += S(sin(Double(3 * row + i + 1))) * x[2 * i + j] }
        let y = S(tanh(Double(z))) - S(cos(Double(row + 5 * j)))
        sum += y * y
      }
    }
    return sum / 4
  }

  private static func gradient(_ x: [Double]) -> [Double] {
    var g = [Double](repeating: 0, count: 8)
    for row in 0..<4 {
      for j in 0..<2 {
        var z = x[6 + j]
        for i in 0..<3 { z += sin(Double(3 * row + i + 1)) * x[2 * i + j] }
        let slope = (tanh(z) - cos(Double(row + 5 * j))) / 2 * (1 - tanh(z) * tanh(z))
        for i in 0..<3 { g[2 * i + j] += slope * sin(Double(3 * row + i + 1)) }
        g[6 + j] += slope
      }
    }
    return g
  }

  private static var setting: FunctionSetting {
    var setting = FunctionSetting()
    setting.inputs = [FunctionInput(name: "w", shape: [3, 2], from: 0), FunctionInput(name: "b", shape: [2], from: 6)]
    return setting
  }

  private func point(_ seed: UInt64) -> [Double] {
    var generator = Generator(seed: seed)
    return (0..<8).map { _ in Double(Float(generator.normal() as Double)) }
  }

  private func report(seed: UInt64 = 1, _ change: @escaping ([Double]) -> [Double]) -> FunctionReport {
    checkDerivative(
      of: { [NamedInputTests.loss($0)] }, .gradient { change(NamedInputTests.gradient($0)) }, at: point(seed),
      NamedInputTests.setting)
  }

  @Test("Places have the names of inputs, and each input its hypothesis")
  func hypotheses() {
    #expect(report { $0 }.agrees)
    let cases: [(String, ([Double]) -> [Double])] = [
      ("w: it is transposed", { [$0[0], $0[2], $0[4], $0[1], $0[3], $0[5], $0[6], $0[7]] }),
      ("w: row 0 holds row 2", { [$0[4], $0[5]] + $0[2...] }),
      (
        "w: the sign is wrong everywhere; b: too small by the factor ½ everywhere",
        { $0[..<6].map(-) + $0[6...].map { $0 / 2 } }
      ),
      ("b: entries were dropped", { $0[..<6] + [0, 0] }),
      ("all are 4 times too large, as without 1/N", { $0.map { 4 * $0 } }),
    ]
    for (words, change) in cases {
      let wrong = report(change)
      let words = words == "b: entries were dropped" ? "entries were dropped" : words
      #expect(wrong.verdict == .disagree && wrong.hypothesis?.contains(words) == true, "\(words): \(wrong)")
    }
    let one = report {
      var g = $0
      g[3] = -g[3]
      return g
    }
    #expect(one.description.contains("w[1, 1] wrong") && one.description.contains("w 1 wrong of 6; b agrees"), "\(one)")
    #expect(one.json.contains(#""place":"w[1, 1]""#), "\(one.json)")
  }

  @Test("One input that holds the gradient of another one is told so")
  func exchanged() {
    var setting = FunctionSetting()
    setting.inputs = [FunctionInput(name: "p", shape: [2], from: 0), FunctionInput(name: "q", shape: [2], from: 2)]
    let wrong = checkDerivative(
      of: { [exp($0[0]) + sin($0[1]) + $0[2] * $0[2] + cos($0[3])] },
      .gradient { [2 * $0[2], -sin($0[3]), exp($0[0]), cos($0[1])] }, at: [0.3, 1, 0.9, 2], setting)
    #expect(wrong.hypothesis == "p holds the gradient of q; q holds the gradient of p", "\(wrong)")
  }

  @Test(
    "In Float a right gradient is never convicted and mostly agrees; a sign in one entry, and a percent in all, are found"
  )
  func single() {
    var setting = NamedInputTests.setting
    setting.isSingle = true
    var (agreed, convicted, percents) = (0, 0, 0)
    for seed in 0..<UInt64(60) {
      let x = point(seed)
      func check(_ change: @escaping ([Double]) -> [Double]) -> FunctionReport {
        checkDerivative(
          of: { [Double(NamedInputTests.loss($0.map { Float($0) }))] },
          .gradient { change(NamedInputTests.gradient($0)).map { Double(Float($0)) } }, at: x, setting)
      }
      let right = check { $0 }
      #expect(right.verdict != .disagree, "seed \(seed): \(right)")
      agreed += right.agrees ? 1 : 0
      let largest = NamedInputTests.gradient(x).enumerated().max { abs($0.1) < abs($1.1) }?.0 ?? 0
      let wrong = check {
        var g = $0
        g[largest] = -g[largest]
        return g
      }
      #expect(wrong.entries.filter { $0.verdict == .disagree }.map(\.column) == [largest], "seed \(seed): \(wrong)")
      convicted += wrong.verdict == .disagree ? 1 : 0
      percents += check { $0.map { 1.02 * $0 } }.agrees ? 1 : 0
    }
    #expect(agreed >= 50 && convicted == 60 && percents == 0, "\(agreed) \(convicted) \(percents)")
  }

  @Test("A stated noise widens the bars: what it could hide is not convicted")
  func noise() {
    var setting = NamedInputTests.setting
    setting.statedNoise = 0.01
    let report = checkDerivative(
      of: { [NamedInputTests.loss($0)] }, .gradient { NamedInputTests.gradient($0).map { 1.02 * $0 } }, at: point(1),
      setting)
    #expect(report.verdict == .cannotTell, "\(report)")
  }

  @Test("Values of several numbers, by products: output and element are both named")
  func products() {
    var setting = FunctionSetting()
    setting.inputs = [FunctionInput(name: "u", shape: [2], from: 0), FunctionInput(name: "s", shape: [], from: 2)]
    setting.output = [2, 1]
    func f(_ x: [Double]) -> [Double] { [x[0] * x[2], exp(x[1]) * x[2]] }
    func vjp(_ x: [Double], _ v: [Double], sign: Double) -> [Double] {
      [v[0] * x[2], v[1] * exp(x[1]) * x[2], v[0] * x[0] + sign * v[1] * exp(x[1])]
    }
    #expect(checkDerivative(of: f, .vjp { vjp($0, $1, sign: 1) }, at: [0.5, 2, 3], setting).agrees)
    let wrong = checkDerivative(of: f, .vjp { vjp($0, $1, sign: -1) }, at: [0.5, 2, 3], setting)
    #expect(wrong.description.contains("value[1, 0] by s wrong"), "\(wrong)")
  }

  /// Σ cᵢ relu(wᵢ·x + bᵢ), squared, by w (4 × 3) and b (4); a gradient by hand, whose sign may be wrong in one entry.
  private struct Units {
    let x = [0.5, -1.25, 2]
    let c = [1, -0.5, 0.75, 2]

    private func arguments<S: BinaryFloatingPoint>(_ p: [S]) -> [S] {
      (0..<4).map { i in (0..<3).reduce(p[12 + i]) { $0 + p[3 * i + $1] * S(x[$1]) } }
    }

    func value<S: BinaryFloatingPoint>(_ p: [S]) -> S {
      let sum = zip(arguments(p), c).reduce(S(0.25)) { $0 + max($1.0, 0) * S($1.1) }
      return sum * sum
    }

    func gradient(_ p: [Double], wrong: Int? = nil) -> [Double] {
      let z = arguments(p)
      let sum = zip(z, c).reduce(0.25) { $0 + max($1.0, 0) * $1.1 }
      var g = [Double](repeating: 0, count: 16)
      for i in 0..<4 where z[i] > 0 {
        for j in 0..<3 { g[3 * i + j] = 2 * sum * c[i] * x[j] }
        g[12 + i] = 2 * sum * c[i]
      }
      if let wrong { g[wrong] = -g[wrong] }
      return g
    }
  }

  @Test(
    "Units of ReLU, also at zeros and beside kinks, are never convicted when right; in Double each wrong sign is found")
  func kinks() {
    let units = Units()
    var setting = FunctionSetting()
    setting.inputs = [
      FunctionInput(name: "w", shape: [4, 3], from: 0), FunctionInput(name: "b", shape: [4], from: 12),
    ]
    var (found, wrongs) = (0, 0)
    for seed in 0..<UInt64(60) {
      setting.isSingle = seed % 2 == 0
      var generator = Generator(seed: seed)
      // Small numbers beside large ones, zero biases, and units whose argument is next to 0.
      var p = (0..<16).map { _ in Double(Float(generator.normal() as Double)) * [1, 0.01, 1e-4][Int(seed / 2 % 3)] }
      if seed % 5 == 0 { for i in 12..<16 { p[i] = 0 } }
      if seed % 7 == 0 { p[12] = Double(Float(1e-6 - (0..<3).reduce(0) { $0 + p[$1] * units.x[$1] })) }
      func check(wrong: Int? = nil) -> FunctionReport {
        let isSingle = setting.isSingle
        func value(_ p: [Double]) -> [Double] { [isSingle ? Double(units.value(p.map { Float($0) })) : units.value(p)] }
        return checkDerivative(
          of: value,
          .gradient { p in units.gradient(p, wrong: wrong).map { isSingle ? Double(Float($0)) : $0 } }, at: p, setting)
      }
      let right = check()
      #expect(right.verdict != .disagree, "seed \(seed): \(right)")
      for wrong in [Int(seed % 12), 12 + Int(seed % 4)] where units.gradient(p)[wrong] != 0 {
        wrongs += setting.isSingle ? 1 : 0
        let report = check(wrong: wrong)
        // In Float a unit beside its kink, or a parameter of 1e-4, may hide behind rounding.
        if setting.isSingle {
          found += report.verdict == .disagree ? 1 : 0
        } else {
          #expect(report.entries[wrong].verdict == .disagree, "seed \(seed): \(report)")
        }
      }
    }
    #expect(Double(found) > 0.7 * Double(wrongs), "\(found) of \(wrongs)")
  }
}
