import Adjoint
import AdjointChecking
import Foundation
import Testing

/// Extrapolated differences of functions whose derivatives are known.
@Suite struct AdaptiveDifferenceTests {
  /// A function of the line's parameter t, and its derivatives at t = 0.
  struct Case: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let f: @Sendable (Double) -> Double
    let first: Double
    let second: Double
    /// The relative size that the error bar must not exceed.
    var bar = 1e-9
  }

  static let cases = [
    Case(testDescription: "exp", f: { exp(1 + $0) }, first: exp(1), second: exp(1)),
    Case(testDescription: "exp(50x) at 1", f: { exp(50 * (1 + $0)) }, first: 50 * exp(50), second: 2500 * exp(50)),
    Case(testDescription: "1/x at 0.001", f: { 1 / (1e-3 + $0) }, first: -1e6, second: 2e9),
    Case(
      testDescription: "sin(1/x) at 0.02", f: { sin(1 / (0.02 + $0)) }, first: -cos(50) * 2500,
      second: -sin(50) * 2500 * 2500 + cos(50) * 2 * 125_000, bar: 1e-8),
    Case(testDescription: "log near its pole", f: { log(1e-4 + $0) }, first: 1e4, second: -1e8),
    Case(testDescription: "x³", f: { pow(0.5 + $0, 3) }, first: 0.75, second: 3),
    Case(testDescription: "a constant", f: { _ in 3.25 }, first: 0, second: 0),
    Case(testDescription: "a linear function", f: { 3 - 2 * $0 }, first: -2, second: 0),
    Case(
      testDescription: "tanh, saturated", f: { tanh(9 + $0) }, first: 1 / (cosh(9) * cosh(9)),
      second: -2 * tanh(9) / (cosh(9) * cosh(9)), bar: 1e-5),
    Case(testDescription: "sin(30x)", f: { sin(30 * $0 + 1) }, first: 30 * cos(1), second: -900 * sin(1)),
    Case(
      testDescription: "cos(2πx), which repeats at the first step", f: { cos(2 * .pi * $0 + 0.4) },
      first: -2 * .pi * sin(0.4), second: -4 * .pi * .pi * cos(0.4)),
    Case(testDescription: "a small signal on a large offset", f: { 1e6 + sin($0) }, first: 1, second: 0, bar: 1e-7),
    Case(testDescription: "|x| at 0.001", f: { abs($0 + 1e-3) }, first: 1, second: 0),
  ]

  @Test("The error bar covers the true error, and is small", arguments: cases)
  func known(example: Case) {
    let result = AdaptiveDifference().derivative(of: example.f)
    #expect(result.covers(example.first))
    #expect(result.error <= example.bar * max(1, abs(example.first)))
    let second = AdaptiveDifference().secondDerivative(of: example.f)
    #expect(second.covers(example.second))
  }

  /// Of `count` seeded functions, how many error bars cover the truth, and the median of bar over max(1, |truth|).
  private func coverage(count: Int, noise: Double, secondOrder: Bool) -> (
    covered: Int, median: Double, missed: [UInt64]
  ) {
    var bars: [Double] = []
    var missed: [UInt64] = []
    for seed in 0..<UInt64(count) {
      let f = RandomFunction(seed: seed, noise: noise)
      let oracle = AdaptiveDifference(noise: noise > 0 ? noise : nil)
      let result = secondOrder ? oracle.secondDerivative(of: { f($0) }) : oracle.derivative(of: { f($0) })
      let truth = secondOrder ? f.curvature : f.slope
      bars.append(result.error / max(1, abs(truth)))
      // The truth comes from dual numbers, which round as well.
      if !result.covers(truth, tolerance: 1e-15 * abs(truth)) { missed.append(seed) }
    }
    return (count - missed.count, bars.sorted()[count / 2], missed)
  }

  @Test("At least 99% of the error bars of a seeded sweep cover the true error, with and without noise")
  func sweep() {
    for (noise, median) in [(0, 1e-11), (1e-10, 1e-7), (1e-6, 1e-3)] {
      let (covered, bar, missed) = coverage(count: 1000, noise: noise, secondOrder: false)
      #expect(covered >= 990, "noise \(noise): missed \(missed)")
      #expect(bar <= median)
    }
  }

  @Test("So do those of second derivatives")
  func sweepOfSecondDerivatives() {
    for (noise, median) in [(0, 1e-8), (1e-10, 1e-3)] {
      let (covered, bar, missed) = coverage(count: 1000, noise: noise, secondOrder: true)
      #expect(covered >= 990, "noise \(noise): missed \(missed)")
      #expect(bar <= median)
    }
  }

  @Test("The noise of a function is observed within a factor of three")
  func noise() {
    for (position, level) in [1e-12, 1e-9, 1e-6].enumerated() {
      let f = RandomFunction(seed: UInt64(position), noise: level)
      let observed = NoiseLevel.observed(of: { f($0) })
      #expect(observed > level / 3 && observed < level * 3, "\(level), observed \(observed)")
    }
    #expect(NoiseLevel.observed(of: { _ in 2 }) == 0)
    #expect(NoiseLevel.observed(of: { sin(1 + $0) }) < 2e-16)
  }

  @Test("A Float function with its noise stated has an error bar that covers the derivative in exact arithmetic")
  func float() {
    let oracle = AdaptiveDifference(noise: Double(Float.ulpOfOne))
    let result = oracle.derivative(of: { Double(Foundation.sin(Float(1 + $0))) })
    #expect(result.covers(cos(1)) && result.error < 1e-4)
  }

  @Test("At a kink there is no derivative, with and without a hook that sees it")
  func kink() {
    let seen = AdaptiveDifference().derivative(of: { abs($0) }, flips: { $0 < 0 })
    #expect(seen.status == .kink && seen.value.isNaN && !seen.covers(0))
    let felt = AdaptiveDifference().derivative(of: { max(0.1 * $0, $0) + $0 * $0 })
    #expect(felt.status == .kink && !felt.covers(0.55))
    #expect(AdaptiveDifference().secondDerivative(of: { abs($0) }).status == .kink)
  }

  @Test("Steps that cross a kink are left out, and the value near it is right")
  func nearKink() {
    for distance in [1e-1, 1e-3, 1e-6] {
      let f = { (t: Double) in abs(t + distance) * exp(t) }
      let result = AdaptiveDifference().derivative(of: f, flips: { $0 + distance < 0 })
      #expect(result.covers(1 + distance) && result.error < 1e-15 / distance + 1e-9, "\(distance): \(result.error)")
      #expect(result.curve.points.allSatisfy { $0.step < distance })
      let unwatched = AdaptiveDifference().derivative(of: f)
      #expect(unwatched.covers(1 + distance) || (distance < 1e-5 && unwatched.status == .kink))
    }
  }

  @Test("What is not finite is not compared, and steps over the edge of the domain are left out")
  func domain() {
    #expect(AdaptiveDifference().derivative(of: { _ in .nan }).status == .nonFinite)
    #expect(AdaptiveDifference().derivative(of: { $0 == 0 ? 1 : .infinity }).status == .nonFinite)
    #expect(AdaptiveDifference().derivative(of: { log(0.01 + $0) }).covers(100))
  }

  @Test("The curve of error against step is a U: truncation falls with h², round-off grows with 1/h")
  func curve() throws {
    let result = AdaptiveDifference().derivative(of: { exp(1 + $0) })
    let points = result.curve.points
    #expect(points.count > 12)
    for (wide, narrow) in zip(points, points.dropFirst()) {
      #expect(narrow.step == wide.step / 2)
      #expect(narrow.truncation <= wide.truncation / 3 && narrow.roundOff > wide.roundOff)
      #expect(wide.error <= 1.5 * wide.truncation + wide.roundOff)
    }
    let bottom = try #require(result.curve.bottom)
    #expect(bottom.step < 1e-3 && bottom.step > 1e-7)
    #expect(result.error < bottom.truncation + bottom.roundOff)
  }

  @Test("A projected gradient gives the second derivative with twice the digits")
  func projected() {
    let result = AdaptiveDifference().derivative(of: { [exp(50 * (1 + $0)), 3] }, projectedOn: [50, 7])
    #expect(result.covers(2500 * exp(50)) && result.error < 1e-11 * 2500 * exp(50))
  }

  @Test("What the function throws passes through")
  func errors() {
    struct Failure: Error {}
    #expect(throws: Failure.self) { try AdaptiveDifference().derivative(of: { _ in throw Failure() }) }
  }
}
