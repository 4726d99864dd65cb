import AdjointCharts
import Foundation
import Testing

@Suite struct TicksTests {
  private static let intervals: [ClosedRange<Double>] = [
    0...1, -1...1, 0.3...0.7, 1...10, -273.15...100, 1e-9...3e-9, 1e12...1.5e12, -4e-300...4e-300, 0...60000,
    99.9...100.1, -1e300...1e300, 0.97...0.9812, 1e9...1e9 + 10,
  ]

  @Test(arguments: intervals)
  func linearMarksAreRoundEvenlySpacedAndCoverTheInterval(interval: ClosedRange<Double>) throws {
    for count in [3, 5, 10] {
      let ticks = Ticks.linear(interval, count: count)
      #expect(ticks.values.count >= 2 && ticks.values.count <= count + 2)
      let (first, last) = (try #require(ticks.values.first), try #require(ticks.values.last))
      let step = (last / 2 - first / 2) / Double(ticks.values.count - 1) * 2
      let mantissa = step / pow(10, floor(log10(step) + 1e-9))
      #expect([1, 2, 5].contains { abs(mantissa - $0) < 1e-6 }, "\(step)")
      #expect(ticks.range.lowerBound <= interval.lowerBound && interval.upperBound <= ticks.range.upperBound)
      #expect(Set(ticks.labels).count == ticks.labels.count)
    }
  }

  @Test func labelsAreWrittenWithAsManyDecimalsAsTheStepNeeds() {
    #expect(Ticks.linear(0...1, count: 5).labels == ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"])
    #expect(Ticks.linear(-3...3, count: 3).labels == ["−4", "−2", "0", "2", "4"])
    let large = Ticks.linear(0...3_000_000, count: 3)
    #expect(large.labels == ["0", "1", "2", "3"] && large.factor == "×10⁶")
  }

  @Test func wholeNumbersHaveNoMarksBetween() {
    #expect(Ticks.linear(1...2, count: 8, whole: true, widening: false).values == [1, 2])
  }

  @Test func logarithmicMarksArePowersOfTen() {
    #expect(Ticks.logarithmic(0.002...400, count: 8).labels == ["0.001", "0.01", "0.1", "1", "10", "100", "1000"])
    #expect(Ticks.logarithmic(1e-12...1, count: 4).labels == ["10⁻¹²", "10⁻⁹", "10⁻⁶", "0.001", "1"])
    #expect(Ticks.logarithmic(1...20, count: 7).values == [1, 2, 5, 10, 20])
  }

  @Test func aNarrowLogarithmicIntervalGetsLinearMarks() {
    #expect(Ticks.logarithmic(1.31...1.38, count: 5, widening: false).values.count >= 2)
  }
}
