/// Points that belong together: a curve, a cloud, or the outline of a histogram, maybe with a band around it.
///
/// The curve has a gap at a coordinate that is not finite.
public struct Series: Sendable {
  /// The ways to draw the points.
  public enum Style: Sendable, Hashable {
    /// A line from point to point.
    case line
    /// A mark at each point.
    case markers
    /// A line with a mark at each point.
    case lineAndMarkers
    /// Horizontal from each x to the next, filled down to 0: the last y is not used. See `Histogram.series`.
    case steps
  }

  package var name: String
  package var x: [Double]
  package var y: [Double]
  /// Half the height of the band around each y, such as a standard deviation; no band when empty.
  package var deviation: [Double]
  /// The words for the band in the legend.
  package var band: String
  package var style: Style
  /// The number of the colour, dash and marker; the place in the chart when left out.
  package var look: Int?

  /// Points (x, y).
  /// - Parameters:
  ///   - deviation: empty, or one for each point: half the height of a band.
  ///   - band: the words for the band in the legend, such as `± 2σ`.
  /// - Precondition: as many x as y.
  public init(
    _ name: String, x: [Double], y: [Double], deviation: [Double] = [], band: String = "± sd", style: Style = .line,
    look: Int? = nil
  ) {
    guard x.count == y.count, deviation.isEmpty || deviation.count == y.count else {
      fatalError("Series '\(name)': \(x.count) x, \(y.count) y and \(deviation.count) deviations do not match")
    }
    (self.name, self.x, self.y, self.deviation) = (name, x, y, deviation)
    (self.band, self.style, self.look) = (band, style, look)
  }

  /// Points (1, y₁), (2, y₂), …, such as epochs.
  public init(_ name: String, y: [Double], deviation: [Double] = [], style: Style = .line, look: Int? = nil) {
    self.init(name, x: y.indices.map { Double($0 + 1) }, y: y, deviation: deviation, style: style, look: look)
  }

  /// The mean over runs, such as seeds, with a band of one standard deviation: ȳ ± √(Σ(y − ȳ)² / (n − 1)).
  ///
  /// Runs may end early; each point is the mean of those that reached it. A single run has no band.
  /// - Parameter x: 1, 2, … when left out.
  public init(_ name: String, x: [Double]? = nil, runs: [[Double]], style: Style = .line, look: Int? = nil) {
    let length = runs.map(\.count).max() ?? 0
    if let x, x.count != length { fatalError("Series '\(name)': \(x.count) x for runs of \(length) points") }
    var (means, deviations): ([Double], [Double]) = ([], [])
    for place in 0..<length {
      let values = runs.compactMap { place < $0.count ? $0[place] : nil }
      let mean = values.reduce(0, +) / Double(values.count)
      let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      means.append(mean)
      deviations.append(values.count > 1 ? (squares / Double(values.count - 1)).squareRoot() : 0)
    }
    self.init(
      name, x: x ?? (0..<length).map { Double($0 + 1) }, y: means, deviation: runs.count > 1 ? deviations : [],
      style: style, look: look)
  }

  /// A function at equally spaced points of an interval.
  /// - Precondition: `count` is at least 2.
  public init(
    _ name: String, of function: (Double) -> Double, on interval: ClosedRange<Double>, count: Int = 200,
    style: Style = .line, look: Int? = nil
  ) {
    guard count >= 2 else { fatalError("Series '\(name)': \(count) points do not reach both ends of the interval") }
    let step = (interval.upperBound - interval.lowerBound) / Double(count - 1)
    let x = (0..<count).map { $0 == count - 1 ? interval.upperBound : interval.lowerBound + Double($0) * step }
    self.init(name, x: x, y: x.map(function), style: style, look: look)
  }
}

/// A straight line across the plot, such as the level of guessing.
public struct ReferenceLine: Sendable, Hashable {
  package enum Direction: Sendable, Hashable { case horizontal, vertical }

  package var direction: Direction
  package var value: Double
  package var label: String

  /// The line at one y, with words at its end.
  public static func horizontal(_ y: Double, _ label: String = "") -> ReferenceLine {
    ReferenceLine(direction: .horizontal, value: y, label: label)
  }
  /// The line at one x, with words at its end.
  public static func vertical(_ x: Double, _ label: String = "") -> ReferenceLine {
    ReferenceLine(direction: .vertical, value: x, label: label)
  }
}

/// Words at a point of the plot.
public struct Annotation: Sendable, Hashable {
  package var x: Double
  package var y: Double
  package var text: String

  /// Words at (x, y), in the units of the axes.
  public init(x: Double, y: Double, _ text: String) { (self.x, self.y, self.text) = (x, y, text) }
}
