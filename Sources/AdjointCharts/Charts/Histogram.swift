/// The numbers of values in intervals of equal width.
public struct Histogram: Sendable, Hashable {
  /// The ends of the intervals, one more than there are counts; an interval holds its lower end, the last one both.
  package let edges: [Double]
  package let counts: [Int]
  /// Values outside the range, and values that are not finite.
  package let excluded: Int

  /// Counts of values in intervals of equal width.
  /// - Parameters:
  ///   - range: that of the finite values when left out.
  /// - Precondition: `bins` is at least 1.
  public init(_ values: some Sequence<Double>, bins: Int = 40, range: ClosedRange<Double>? = nil) {
    guard bins >= 1 else { fatalError("Histogram: \(bins) bins; there must be at least 1") }
    let values = Array(values)
    var extent = Extent(.linear)
    for value in values { extent.add(value) }
    let range = (range.map { Extent(.linear, of: $0) } ?? extent).interval
    let (low, high) = (range.lowerBound, range.upperBound)
    let width = (high / 2 - low / 2) / Double(bins) * 2
    edges = (0...bins).map { $0 == bins ? high : low + Double($0) * width }
    var (counts, excluded) = ([Int](repeating: 0, count: bins), 0)
    for value in values {
      guard value.isFinite, range.contains(value) else {
        excluded += 1
        continue
      }
      let share = (value / 2 - low / 2) / (high / 2 - low / 2)
      counts[min(bins - 1, Int(share * Double(bins)))] += 1
    }
    (self.counts, self.excluded) = (counts, excluded)
  }

  /// The outline, for a `LineChart`.
  public func series(_ name: String, look: Int? = nil) -> Series {
    let heights = counts.map(Double.init) + [0]
    let isEmpty = !counts.contains { $0 > 0 }
    return Series(name, x: isEmpty ? [] : edges, y: isEmpty ? [] : heights, style: .steps, look: look)
  }
}

extension ChartGrid {
  /// A histogram for each part of a network, side by side: activations, or gradients.
  /// - Parameters:
  ///   - parts: name and values.
  ///   - quantity: what the values are, such as `activation`.
  public static func histograms(
    _ title: String, of quantity: String, _ parts: [(name: String, values: [Double])], columns: Int = 3, look: Int = 0
  ) -> ChartGrid {
    ChartGrid(
      title, columns: columns,
      parts.map { name, values in
        let histogram = Histogram(values)
        let omitted = histogram.excluded > 0 ? ", \(histogram.excluded) not finite" : ""
        return LineChart(
          name, x: Axis(quantity), y: Axis("count of \(values.count)\(omitted)"), [histogram.series("", look: look)],
          width: 310, plotHeight: 130)
      })
  }
}
