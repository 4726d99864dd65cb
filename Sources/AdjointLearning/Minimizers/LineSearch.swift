/// A search along a direction for a point that meets the strong Wolfe conditions: the value falls enough, φ(α) ≤ φ(0) + c₁αφ′(0), and
/// the slope has flattened, |φ′(α)| ≤ c₂|φ′(0)|.
///
/// Where rounding hides a change of the value, the slope alone decides (Hager & Zhang 2005, the approximate condition).
///
/// Source: Nocedal & Wright, *Numerical Optimization*, algorithms 3.5 and 3.6.
struct LineSearch {
  private let start: EvaluatedPoint
  private let direction: [Double]
  private let slope: Double
  private let evaluate: ([Double]) -> EvaluatedPoint
  private let fall = 1e-4
  private let flatness = 0.9

  /// A search from a point; `slope` is the gradient along the direction.
  init(
    from start: EvaluatedPoint, along direction: [Double], slope: Double,
    _ evaluate: @escaping ([Double]) -> EvaluatedPoint
  ) {
    (self.start, self.direction, self.slope, self.evaluate) = (start, direction, slope, evaluate)
  }

  /// A step α with what is found there.
  private struct Trial {
    let step: Double
    let point: EvaluatedPoint
    let slope: Double
  }

  private func trial(_ step: Double) -> Trial {
    let point = evaluate(zip(start.x, direction).map { $0 + step * $1 })
    return Trial(step: step, point: point, slope: dot(point.gradient, direction))
  }

  /// True where the value has not fallen enough, or is not finite.
  private func isHigh(_ trial: Trial) -> Bool {
    guard trial.point.isFinite else { return true }
    if trial.point.value <= start.value + fall * trial.step * slope { return false }
    let noise = 4 * Double.ulpOfOne * start.value.magnitude
    return !(trial.point.value <= start.value + noise && trial.slope <= (2 * fall - 1) * slope)
  }

  private func isFlat(_ trial: Trial) -> Bool { abs(trial.slope) <= flatness * abs(slope) }

  /// A point that meets the conditions, or one that falls enough and is still steep; `nil` when none does.
  func point(trying first: Double) -> (point: EvaluatedPoint, isFlat: Bool)? {
    var low = Trial(step: 0, point: start, slope: slope)
    var step = first
    for _ in 0..<60 {
      let next = trial(step)
      if isHigh(next) || (low.step > 0 && next.point.value >= low.point.value && next.slope >= 0) {
        return point(between: low, next)
      }
      if isFlat(next) { return (next.point, true) }
      if next.slope >= 0 { return point(between: next, low) }
      low = next
      step *= 4
    }
    return (low.point, false)
  }

  /// Narrows an interval that holds such a point: its low end falls enough, and slopes towards the other.
  private func point(between low: Trial, _ high: Trial) -> (point: EvaluatedPoint, isFlat: Bool)? {
    var (low, high) = (low, high)
    for _ in 0..<80 {
      let next = trial(inner(low, high))
      if next.step == low.step || next.step == high.step { break }
      if isHigh(next) || next.point.value > low.point.value + 4 * .ulpOfOne * low.point.value.magnitude {
        high = next
      } else {
        if isFlat(next) { return (next.point, true) }
        if next.slope * (high.step - low.step) >= 0 { high = low }
        low = next
      }
    }
    return low.step > 0 ? (low.point, false) : nil
  }

  /// The minimiser of the cubic through both ends where it lies well inside of them, else their middle.
  private func inner(_ a: Trial, _ b: Trial) -> Double {
    let (low, high) = (min(a.step, b.step), max(a.step, b.step))
    let middle = low + (high - low) / 2
    guard b.point.isFinite else { return a.step + (b.step - a.step) / 10 }
    // In units of the slope at the start, whose square may leave the range of the type.
    let (left, right) = (a.slope / abs(slope), b.slope / abs(slope))
    let d1 = left + right - 3 * ((a.point.value - b.point.value) / abs(slope)) / (a.step - b.step)
    let square = d1 * d1 - left * right
    guard square >= 0 else { return middle }
    let d2 = b.step > a.step ? square.squareRoot() : -square.squareRoot()
    let cubic = b.step - (b.step - a.step) * (right + d2 - d1) / (right - left + 2 * d2)
    let margin = (high - low) / 10
    return cubic > low + margin && cubic < high - margin ? cubic : middle
  }
}
