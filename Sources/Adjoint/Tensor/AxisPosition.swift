/// One or more positions along an axis, between the brackets of a tensor or variable: a number, a range of numbers, a `stride`,
/// `.from(1, to: -1, by: 2)` or `.newAxis`. A position below 0 counts from the end: −1 is the last.
public protocol AxisPosition {
  /// The positions along an axis with so many of them.
  func span(along extent: Int) -> AxisSpan
}

/// Positions along an axis at equal distances, in the order in which they are taken.
public struct AxisSpan: AxisPosition, Sendable {
  /// The ways to name positions.
  enum Kind: Sendable {
    /// One position; the axis goes.
    case position(Int)
    /// The positions from one on, up to another one and without it, in steps. A bound that is left out is the axis' end.
    case bounds(from: Int?, to: Int?, by: Int)
    /// So many positions from one on, in steps.
    case run(from: Int, count: Int, by: Int)
    /// An axis of one position that is not there yet.
    case newAxis
  }

  let kind: Kind

  /// These positions themselves.
  public func span(along extent: Int) -> AxisSpan { self }

  /// A whole axis.
  static let whole = AxisSpan(kind: .bounds(from: nil, to: nil, by: 1))
}

extension AxisPosition where Self == AxisSpan {
  /// The positions from `first` on in steps of `step`, up to `end` and without it; to the end of the axis, or to its beginning
  /// where the step is below 0, when `end` is left out. Bounds below 0 count from the end of the axis, so `x[.from(1, to: -1)]`
  /// is all but the first and the last, and `x[.from(-1, by: -1)]` all, backwards.
  public static func from(_ first: Int, to end: Int? = nil, by step: Int = 1) -> AxisSpan {
    AxisSpan(kind: .bounds(from: first, to: end, by: step))
  }

  /// A new axis of one position: `x[0..., .newAxis]` has it behind the first axis.
  public static var newAxis: AxisSpan { AxisSpan(kind: .newAxis) }
}

extension Int: AxisPosition {
  /// One position, whose axis goes.
  public func span(along extent: Int) -> AxisSpan { AxisSpan(kind: .position(self)) }
}

extension Range: AxisPosition where Bound == Int {
  /// The positions of the range.
  public func span(along extent: Int) -> AxisSpan { .crossing(lowerBound, upperBound, extent) }
}

extension ClosedRange: AxisPosition where Bound == Int {
  /// The positions of the range.
  public func span(along extent: Int) -> AxisSpan {
    upperBound == -1
      ? PartialRangeFrom(lowerBound).span(along: extent)
      : .crossing(lowerBound, upperBound.addingReportingOverflow(1).partialValue, extent)
  }
}

extension PartialRangeFrom: AxisPosition where Bound == Int {
  /// The positions from the bound to the end of the axis.
  public func span(along extent: Int) -> AxisSpan { AxisSpan(kind: .bounds(from: lowerBound, to: nil, by: 1)) }
}

extension PartialRangeUpTo: AxisPosition where Bound == Int {
  /// The positions from the beginning of the axis to that before the bound.
  public func span(along extent: Int) -> AxisSpan { AxisSpan(kind: .bounds(from: nil, to: upperBound, by: 1)) }
}

extension PartialRangeThrough: AxisPosition where Bound == Int {
  /// The positions from the beginning of the axis to the bound.
  public func span(along extent: Int) -> AxisSpan {
    let end = upperBound.addingReportingOverflow(1).partialValue
    return AxisSpan(kind: .bounds(from: nil, to: upperBound == -1 ? nil : end, by: 1))
  }
}

extension StrideTo: AxisPosition where Element == Int {
  /// The positions of the stride.
  public func span(along extent: Int) -> AxisSpan { .listing(self, along: extent) }
}

extension StrideThrough: AxisPosition where Element == Int {
  /// The positions of the stride.
  public func span(along extent: Int) -> AxisSpan { .listing(self, along: extent) }
}

extension AxisSpan {
  /// The positions of a range of Swift. One that begins below 0 and ends above it holds no positions that follow one another,
  /// and so is taken as one that does not lie in the axis.
  fileprivate static func crossing(_ lower: Int, _ upper: Int, _ extent: Int) -> AxisSpan {
    AxisSpan(
      kind: lower < 0 && upper >= 0
        ? .run(from: lower, count: upper - max(lower, -1 << 32), by: 1) : .bounds(from: lower, to: upper, by: 1))
  }

  /// Numbers at equal distances. More than an axis has are not counted.
  fileprivate static func listing(_ numbers: some Sequence<Int>, along extent: Int) -> AxisSpan {
    let listed = Array(numbers.prefix(extent + 1))
    return AxisSpan(
      kind: .run(from: listed.first ?? 0, count: listed.count, by: listed.count > 1 ? listed[1] - listed[0] : 1))
  }

  /// The first position, their number and the step; `nil` when some do not lie along an axis with so many positions, or when
  /// they run through 0 to numbers that count from the other end.
  func resolved(along extent: Int) -> (first: Int, count: Int, step: Int)? {
    func place(_ position: Int) -> Int { position < 0 ? position + extent : position }
    switch kind {
    case .newAxis: return (0, 1, 1)
    case .position(let position):
      let first = place(position)
      return (0..<extent).contains(first) ? (first, 1, 1) : nil
    case .run(let from, let count, let step):
      guard count > 0 else { return (0, 0, 1) }
      let (reach, overflow) = (count - 1).multipliedReportingOverflow(by: step)
      let (last, beyond) = from.addingReportingOverflow(reach)
      let isInside = !overflow && !beyond && (from < 0) == (last < 0)
      guard isInside, (0..<extent).contains(place(from)), (0..<extent).contains(place(last)) else { return nil }
      return (place(from), count, step)
    case .bounds(let from, let to, let step) where step > 0:
      let (lower, upper) = (from.map(place) ?? 0, to.map(place) ?? extent)
      guard lower >= 0, lower <= upper, upper <= extent else { return nil }
      return (lower, (upper - lower) / step + ((upper - lower) % step == 0 ? 0 : 1), step)
    case .bounds(let from, let to, let step):
      let (first, end) = (from.map(place) ?? extent - 1, to.map(place) ?? -1)
      let hasEnd = to == nil || end >= 0
      guard step < 0, step >= -Int(Int32.max), first < extent, hasEnd, end <= first else { return nil }
      guard first >= 0 else { return extent == 0 ? (0, 0, 1) : nil }
      return (first, (first - end) / -step + ((first - end) % step == 0 ? 0 : 1), step)
    }
  }

  /// These positions in words, for one who named some that do not exist.
  func text(along extent: Int) -> String {
    switch kind {
    case .newAxis: return "a new axis"
    case .position(let position): return "position \(position)"
    case .run(let from, let count, let step):
      return step == 1 ? "positions \(from) ..< \(from + count)" : "positions \(from), \(from &+ step), …"
    case .bounds(let from, let to, let step):
      let text =
        "positions \(from ?? (step > 0 ? 0 : extent - 1)) ..< \(to.map(String.init) ?? (step > 0 ? "\(extent)" : "the beginning"))"
      return step == 1 ? text : text + " in steps of \(step)"
    }
  }
}
