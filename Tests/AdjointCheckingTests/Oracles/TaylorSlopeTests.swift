import Adjoint
import AdjointChecking
import Foundation
import Testing

/// The rate at which Taylor remainders fall, for right and for wrong derivatives.
@Suite struct TaylorSlopeTests {
  /// Hard functions of t with their first two derivatives at 0.
  static let cases = AdaptiveDifferenceTests.cases.filter { $0.testDescription != "|x| at 0.001" }

  @Test("The remainder of a right gradient falls with h² or faster, that of a right Hessian with h³", arguments: cases)
  func right(example: AdaptiveDifferenceTests.Case) {
    let first = TaylorSlope().remainder(of: example.f, slope: example.first)
    #expect(first.passes, "\(first.decay) \(first.rate)")
    #expect(first.rate >= 1.9)
    let second = TaylorSlope().remainder(of: example.f, slope: example.first, curvature: example.second)
    #expect(second.passes, "\(second.decay) \(second.rate)")
    #expect(second.rate >= 2.9)
  }

  @Test("A gradient with a wrong sign, a factor 2 or an error of 1e-4 has rate 1", arguments: cases)
  func wrong(example: AdaptiveDifferenceTests.Case) {
    let resolution = TaylorSlope().remainder(of: example.f, slope: example.first).resolution
    for factor in [-1, 2, 0.5, 1 + 1e-4] where abs((factor - 1) * example.first) > 4 * resolution {
      let remainder = TaylorSlope().remainder(of: example.f, slope: factor * example.first)
      #expect(remainder.decay == .tooSlow, "× \(factor): \(remainder.decay) \(remainder.rate)")
      #expect(abs(remainder.rate - 1) < 0.1, "× \(factor): \(remainder.rate)")
    }
    #expect(resolution <= 1e-3 * max(abs(example.first), 1e-2))
  }

  @Test("Seeded functions: right claims pass, slopes wrong by 1e-4 have rate 1, curvatures wrong by 1% have rate 2")
  func sweep() {
    var (failed, slipped, bent) = ([UInt64](), [UInt64](), [UInt64]())
    var (slopes, curvatures) = (0, 0)
    for seed in 0..<250 as Range<UInt64> {
      let f = RandomFunction(seed: seed)
      let test = TaylorSlope()
      let right = test.remainder(of: { f($0) }, slope: f.slope)
      let straight = test.remainder(of: { f($0) }, slope: f.slope, curvature: f.curvature)
      if !right.passes || !straight.passes { failed.append(seed) }
      if abs(f.slope) * 1e-4 > 4 * right.resolution {
        slopes += 1
        let wrong = test.remainder(of: { f($0) }, slope: f.slope * (1 + 1e-4))
        if wrong.decay != .tooSlow || abs(wrong.rate - 1) > 0.15 { slipped.append(seed) }
      }
      if abs(f.curvature) * 1e-2 > 8 * straight.resolution {
        curvatures += 1
        let wrong = test.remainder(of: { f($0) }, slope: f.slope, curvature: f.curvature * 1.01)
        if wrong.decay != .tooSlow || abs(wrong.rate - 2) > 0.25 { bent.append(seed) }
      }
    }
    #expect(failed == [] && slipped == [] && bent == [])
    #expect(slopes >= 235 && curvatures >= 225, "\(slopes), \(curvatures)")
  }

  @Test("A remainder at round-off level throughout is exact, not a rate")
  func exact() {
    #expect(TaylorSlope().remainder(of: { 3 - 2 * $0 }, slope: -2).decay == .exact)
    #expect(TaylorSlope().remainder(of: { _ in 4 }, slope: 0).decay == .exact)
    #expect(TaylorSlope().remainder(of: { $0 * $0 / 3 + 0.1 * $0 }, slope: 0.1, curvature: 2 / 3.0).decay == .exact)
    let remainder = TaylorSlope().remainder(of: { 3 - 2 * $0 }, slope: -2)
    #expect(remainder.rate == .infinity && remainder.window == nil)
  }

  @Test("A zero next term makes the fall faster than expected, and that passes")
  func faster() {
    let odd = TaylorSlope().remainder(of: { sin($0) }, slope: 1)
    #expect(odd.decay == .faster && abs(odd.rate - 3) < 0.1 && odd.passes)
    let cube = TaylorSlope().remainder(of: { $0 * $0 * $0 }, slope: 0)
    #expect(cube.decay == .faster && abs(cube.rate - 3) < 0.01)
    #expect(TaylorSlope().remainder(of: { cos($0) }, slope: 0, curvature: -1).decay == .faster)
  }

  @Test("The noise of a Float function is a floor, above which right and wrong are told apart")
  func float() {
    let f = { (t: Double) in Double(Foundation.exp(Float(t))) }
    let slope = TaylorSlope(noise: Double(Float.ulpOfOne))
    let right = slope.remainder(of: f, slope: 1)
    #expect(right.passes, "\(right.decay) \(right.rate)")
    #expect((right.window?.lowerBound ?? 0) > 1e-4)
    let wrong = slope.remainder(of: f, slope: 2)
    #expect(wrong.decay == .tooSlow && abs(wrong.rate - 1) < 0.1)
  }

  @Test("A kink at the point is too slow, and steps over a kink nearby are left out when a hook sees it")
  func kink() {
    #expect(TaylorSlope().remainder(of: { abs($0) }, slope: 0).decay == .tooSlow)
    let f = { (t: Double) in abs(t + 1e-3) * exp(t) }
    let watched = TaylorSlope().remainder(of: f, slope: 1 + 1e-3, flips: { $0 + 1e-3 < 0 })
    #expect(watched.passes && watched.points.allSatisfy { $0.step < 1e-3 })
  }

  @Test("What cannot be measured is undetermined")
  func undetermined() {
    for f in [{ (_: Double) in Double.nan }, { $0 == 0 ? 1 : .infinity }] as [(Double) -> Double] {
      let remainder = TaylorSlope().remainder(of: f, slope: 1)
      #expect(remainder.decay == .undetermined && !remainder.passes && remainder.rate.isNaN)
    }
    #expect(TaylorSlope().remainder(of: { $0 }, slope: .nan).decay == .undetermined)
  }
}
