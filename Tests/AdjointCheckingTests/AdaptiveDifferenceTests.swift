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
}
