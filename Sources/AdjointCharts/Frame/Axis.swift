/// An axis as data: its quantity, unit and scale.
public struct Axis: Sendable, Hashable {
  /// The way from values to places.
  public enum Scale: Sendable, Hashable {
    /// Equal differences take equal lengths.
    case linear
    /// Values that are not positive have no place on it and leave gaps.
    case logarithmic
  }

  package var title: String
  package var unit: String?
  package var scale: Scale
  /// The interval to show; that of the data when left out.
  package var range: ClosedRange<Double>?

  /// An axis of a quantity; its range is that of the data when left out.
  public init(_ title: String, unit: String? = nil, scale: Scale = .linear, range: ClosedRange<Double>? = nil) {
    (self.title, self.unit, self.scale, self.range) = (title, unit, scale, range)
  }

  /// `loss (nats)`
  var caption: String { unit.map { "\(title) (\($0))" } ?? title }
}

/// The interval that values span, as far as they have a place on a scale.
struct Extent {
  private(set) var low = Double.infinity
  private(set) var high = -Double.infinity
  private(set) var areWhole = true
  let scale: Axis.Scale

  init(_ scale: Axis.Scale) { self.scale = scale }

  /// The extent of an interval that somebody asked for, as far as the scale can show it.
  init(_ scale: Axis.Scale, of range: ClosedRange<Double>) {
    self.init(scale)
    add(range.lowerBound)
    add(range.upperBound)
  }

  var isEmpty: Bool { low > high }

  mutating func add(_ value: Double) {
    guard Extent.shows(value, on: scale) else { return }
    // Differences of larger numbers would not be finite.
    let bounded = min(max(value, -1e300), 1e300)
    (low, high) = (min(low, bounded), max(high, bounded))
    if value != value.rounded() || value.magnitude > 1e15 { areWhole = false }
  }

  static func shows(_ value: Double, on scale: Axis.Scale) -> Bool {
    value.isFinite && (scale == .linear || value >= 1e-300)
  }

  /// An interval of positive length around the values: a constant gets room on both sides.
  var interval: ClosedRange<Double> {
    guard !isEmpty else { return scale == .linear ? 0...1 : 1...10 }
    if scale == .logarithmic { return high / low > 1 + 1e-9 ? low...high : low / 2...high * 2 }
    let size = max(low.magnitude, high.magnitude)
    guard high - low <= size * 1e-9 else { return low...high }
    let room = size < 1e-300 ? 1 : size * 0.1
    return low - room...high + room
  }
}

/// An axis with its place on the paper.
struct PlacedAxis {
  let axis: Axis
  let ticks: Ticks
  /// The pixel of the range's lower end, and the way to its upper end.
  let start: Double
  let length: Double

  /// The pixel of a value, or `nil` when it has none; far outside the paper it stays finite.
  func place(_ value: Double) -> Double? {
    guard Extent.shows(value, on: axis.scale) else { return nil }
    let share = axis.scale == .linear ? linear(value) : logarithmic(value)
    return start + length * min(max(share, -20), 20)
  }

  func contains(_ value: Double) -> Bool {
    guard let share = place(value).map({ ($0 - start) / length }) else { return false }
    return share >= -1e-9 && share <= 1 + 1e-9
  }

  private func linear(_ value: Double) -> Double {
    let (low, high) = (ticks.range.lowerBound, ticks.range.upperBound)
    // Halved, the difference of two huge numbers stays finite.
    return (value / 2 - low / 2) / (high / 2 - low / 2)
  }

  private func logarithmic(_ value: Double) -> Double {
    let (low, high) = (DecimalText.logarithm(ticks.range.lowerBound), DecimalText.logarithm(ticks.range.upperBound))
    return (DecimalText.logarithm(value) - low) / (high - low)
  }
}
