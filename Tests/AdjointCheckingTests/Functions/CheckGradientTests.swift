import Adjoint
import AdjointChecking
import Foundation
import Testing

/// Gradients of plain functions, right and wrong.
@Suite struct CheckGradientTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let f: @Sendable ([Double]) -> Double
    let gradient: @Sendable ([Double]) -> [Double]
    let x: [Double]
  }

  static let right = [
    Case(
      testDescription: "products", f: { sin($0[0]) * $0[1] }, gradient: { [cos($0[0]) * $0[1], sin($0[0])] },
      x: [0.5, 2]),
    Case(testDescription: "exp at 1e-30", f: { exp($0[0]) }, gradient: { [exp($0[0])] }, x: [1e-30]),
    Case(testDescription: "1e-30 · exp", f: { 1e-30 * exp($0[0]) }, gradient: { [1e-30 * exp($0[0])] }, x: [0.5]),
    Case(testDescription: "1e30 · x² at 1e30", f: { 1e30 * $0[0] * $0[0] }, gradient: { [2e30 * $0[0]] }, x: [1e30]),
    Case(testDescription: "x⁵ at 1e60", f: { pow($0[0], 5) }, gradient: { [5 * pow($0[0], 4)] }, x: [1e60]),
    Case(testDescription: "x⁵ at 1e-60", f: { pow($0[0], 5) }, gradient: { [5 * pow($0[0], 4)] }, x: [1e-60]),
    Case(testDescription: "1/x at 1e-8", f: { 1 / $0[0] }, gradient: { [-1 / ($0[0] * $0[0])] }, x: [1e-8]),
    Case(testDescription: "sin(10⁶x)", f: { sin(1e6 * $0[0]) }, gradient: { [1e6 * cos(1e6 * $0[0])] }, x: [1]),
    Case(testDescription: "cos at 0", f: { cos($0[0]) }, gradient: { [-sin($0[0])] }, x: [0]),
    Case(
      testDescription: "coordinates 1e-30 and 1e30", f: { $0[0] * $0[1] + $0[0] * $0[0] * 1e40 },
      gradient: { [$0[1] + 2e40 * $0[0], $0[0]] }, x: [1e-30, 1e30]),
    Case(
      testDescription: "exactly 0 beside another", f: { exp($0[0]) + 3 * $0[1] }, gradient: { [exp($0[0]), 3] },
      x: [0, 1e5]),
    Case(
      testDescription: "Float inside", f: { Double(sin(Float($0[0])) * Float($0[1])) },
      gradient: { [Double(cos(Float($0[0])) * Float($0[1])), Double(sin(Float($0[0])))] }, x: [0.3, 2]),
    Case(
      testDescription: "a gradient in Float of a function in Double", f: { exp($0[0]) * $0[1] },
      gradient: { [Double(exp(Float($0[0])) * Float($0[1])), Double(exp(Float($0[0])))] }, x: [0.3, 2.1]),
    Case(testDescription: "|x| beside its kink", f: { abs($0[0]) }, gradient: { [$0[0] < 0 ? -1 : 1] }, x: [1e-9]),
    Case(testDescription: "a constant", f: { _ in 3.25 }, gradient: { _ in [0, 0] }, x: [1, 0]),
  ]

  @Test("A right gradient agrees", arguments: right)
  func agrees(example: Case) {
    let report = checkGradient(of: example.f, gradient: example.gradient, at: example.x)
    #expect(report.agrees, "\(report)")
  }

  @Test("A gradient that loses its digits to cancellation is not convicted")
  func cancellation() {
    func gradient(_ x: [Double]) -> [Double] {
      let (x, sine, rest) = (x[0], sin(x[0]), 1 - cos(x[0]))
      return [sine / (x * x) - 2 * rest / (x * x * x)]
    }
    for x in [1e-3, 1e-4, 1e-5, 1e-6, 3e-7, 1e-7, 3e-8, 1e-8] {
      let report = checkGradient(of: { (1 - cos($0[0])) / ($0[0] * $0[0]) }, gradient: gradient, at: [x])
      #expect(report.verdict != .disagree, "\(x): \(report)")
    }
  }

  @Test("A wrong sign of one entry disagrees, and only that entry", arguments: right.dropLast())
  func signs(example: Case) {
    for j in example.x.indices where example.gradient(example.x)[j] != 0 {
      let report = checkGradient(
        of: example.f,
        gradient: { x in
          var gradient = example.gradient(x)
          gradient[j] = -gradient[j]
          return gradient
        }, at: example.x)
      #expect(report.entries.filter { $0.verdict == .disagree }.map(\.column) == [j], "\(report)")
      #expect(report.hypothesis?.contains("the sign is wrong") == true, "\(report)")
    }
  }

  @Test("Scaling f, or a coordinate, by a power of two changes no verdict", arguments: [-900, -300, -60, 60, 300, 900])
  func scaled(power: Int) {
    let factor = scalbn(1, power)
    for (seed, isWrong) in (0..<12).flatMap({ [(UInt64($0), false), (UInt64($0), true)] }) {
      let f = RandomPlainFunction(seed: seed, count: 4)
      func claim(_ x: [Double]) -> [Double] {
        var gradient = f.gradient(x)
        if isWrong { gradient[2] *= 1 + 1e-5 }
        return gradient
      }
      func verdicts(_ report: FunctionReport) -> [Verdict] { report.entries.map(\.verdict) }
      let plain = verdicts(checkGradient(of: f.value, gradient: claim, at: f.x))
      #expect(plain[2] == .disagree || !isWrong || plain[2] == .cannotTell)
      let output = checkGradient(of: { factor * f.value($0) }, gradient: { claim($0).map { factor * $0 } }, at: f.x)
      #expect(verdicts(output) == plain, "seed \(seed): \(output)")
      func inner(_ x: [Double]) -> [Double] { [x[0], x[1], x[2] * factor, x[3]] }
      let input = checkGradient(
        of: { f.value(inner($0)) },
        gradient: { x in
          var gradient = claim(inner(x))
          gradient[2] *= factor
          return gradient
        }, at: [f.x[0], f.x[1], f.x[2] / factor, f.x[3]])
      #expect(verdicts(input) == plain, "seed \(seed): \(input)")
    }
  }

  @Test("Of 2,000 random right gradients none is convicted, and nearly all agree")
  func random() {
    var agreed = 0
    for seed in 0..<UInt64(2000) {
      let f = RandomPlainFunction(seed: seed, count: 1 + Int(seed % 4))
      let report = checkGradient(of: f.value, gradient: f.gradient, at: f.x)
      #expect(report.verdict != .disagree, "seed \(seed): \(report)")
      agreed += report.agrees ? 1 : 0
    }
    #expect(agreed >= 1900, "\(agreed)")
  }

  @Test("Of 500 random gradients with one entry wrong by a thousandth, nearly all are convicted of that entry")
  func randomWrong() {
    var convicted = 0
    for seed in 0..<UInt64(500) {
      let f = RandomPlainFunction(seed: seed, count: 3)
      let report = checkGradient(
        of: f.value,
        gradient: { x in
          var gradient = f.gradient(x)
          gradient[1] *= 1.001
          return gradient
        }, at: f.x)
      #expect(report.entries[0].verdict != .disagree && report.entries[2].verdict != .disagree, "\(seed): \(report)")
      convicted += report.entries[1].verdict == .disagree ? 1 : 0
    }
    #expect(convicted >= 450, "\(convicted)")
  }

  @Test("At a kink nobody is convicted, and the slopes of both sides are said")
  func kinks() {
    let absolute = checkGradient(of: { 3 * abs($0[0]) + $0[1] }, gradient: { _ in [0, 1] }, at: [0, 2])
    #expect(absolute.entries.map(\.verdict) == [.cannotTell, .agree])
    #expect(absolute.entries[0].remark.contains("-3.0 on the left and 3.0 on the right"), "\(absolute)")
    let tie = checkGradient(of: { max($0[0], $0[1]) }, gradient: { _ in [1, 0] }, at: [2, 2])
    #expect(tie.entries.map(\.verdict) == [.cannotTell, .cannotTell], "\(tie)")
    let root = checkGradient(of: { abs($0[0]).squareRoot() }, gradient: { _ in [0] }, at: [0])
    #expect(root.verdict == .cannotTell, "\(root)")
  }

  @Test func `What no step resolves is neither convicted nor acquitted`() {
    func f(_ x: [Double]) -> Double { x.reduce(0) { $0 + cosh($1) } }
    let x = [45.0, 1]
    #expect(checkGradient(of: f, gradient: { $0.map(sinh) }, at: x).verdict == .cannotTell)
    // An entry of 0 agrees where f does not move at all; where it moves, it must not.
    let sum: ([Double]) -> Double = { exp($0[0]) + exp($0[1]) }
    #expect(checkGradient(of: sum, gradient: { [exp($0[0]), 0] }, at: [35, 1]).verdict != .agree)
    #expect(checkGradient(of: f, gradient: { [-sinh($0[0]), sinh($0[1])] }, at: x).verdict == .disagree)
  }

  @Test("Noise in f widens the bar, and convicts no right gradient", arguments: [1e-12, 1e-9, 1e-6, 1e-3])
  func noise(size: Double) {
    for seed in 0..<UInt64(100) {
      let f = RandomPlainFunction(seed: seed, count: 2)
      let unit = abs(f.value(f.x)) * size
      func noisy(_ x: [Double]) -> Double {
        var generator = Generator(seed: seed).stream(x[0].bitPattern &+ 3 &* x[1].bitPattern)
        return f.value(x) + unit * generator.normal()
      }
      let report = checkGradient(of: noisy, gradient: f.gradient, at: f.x)
      #expect(report.verdict != .disagree, "seed \(seed): \(report)")
    }
  }
}
