import AdjointExperiments
import Testing

@Suite struct StatisticsTests {
  /// From published tables of Student's t.
  @Test(
    "quantiles of Student's t are those of the tables",
    arguments: [
      (0.975, 1.0, 12.7062), (0.975, 4, 2.776445), (0.975, 9, 2.262157), (0.95, 10, 1.812461), (0.995, 30, 2.749996),
    ])
  func quantiles(p: Double, degrees: Double, t: Double) {
    #expect(abs(studentQuantile(p, degrees: degrees) - t) < 1e-4)
  }

  @Test func `the interval of a mean is that of the textbook`() {
    // d̄ = 2, s = √2.5, n = 5: 2 ± 2.776445 · √0.5
    let interval = Interval(ofMean: [0, 1, 2, 3, 4])
    #expect(abs(interval.centre - 2) < 1e-12)
    #expect(abs(interval.high - (2 + 2.776445 * 0.5.squareRoot())) < 1e-5)
    #expect(abs(interval.low - (2 - 2.776445 * 0.5.squareRoot())) < 1e-5)
  }

  @Test func `five intervals that hold together are those of 99%`() {
    let interval = Interval(ofMean: [0, 1, 2, 3, 4], comparisons: 5)
    #expect(abs(interval.high - (2 + 4.604095 * 0.5.squareRoot())) < 1e-5)
  }

  @Test func `one difference decides nothing`() {
    let interval = Interval(ofMean: [3])
    #expect(interval.low == -.infinity && interval.high == .infinity)
  }

  @Test func `the incomplete beta function has its symmetric and elementary values`() {
    #expect(abs(incompleteBeta(0.5, 3, 3) - 0.5) < 1e-14)
    // I_x(1, b) = 1 − (1 − x)^b
    #expect(abs(incompleteBeta(0.3, 1, 4) - (1 - 0.7 * 0.7 * 0.7 * 0.7)) < 1e-14)
  }
}
