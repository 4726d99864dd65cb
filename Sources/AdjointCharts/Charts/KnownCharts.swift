// Charts with a name, each a `LineChart` of data that a course or a benchmark has.

extension LineChart {
  /// The error of central differences against their step, which has the shape of a U, and the two bounds that make it one: the
  /// points of the checker's `UCurve`, list by list.
  ///
  /// A difference without any error has no place on a logarithmic axis and is missing. Each bound is drawn down to a
  /// tenth of the least sum of both, so that the U fills the chart.
  public static func uCurve(
    steps: [Double], errors: [Double], truncation: [Double], roundOff: [Double], bestStep: Double? = nil,
    title: String = "Error of a central difference"
  ) -> LineChart {
    let least = zip(truncation, roundOff).map { $0 + $1 }.min() ?? 0
    func bound(_ name: String, _ values: [Double]) -> Series {
      let kept = values.indices.filter { values[$0] >= least / 10 }
      return Series(name, x: kept.map { steps[$0] }, y: kept.map { values[$0] })
    }
    return LineChart(
      title, x: Axis("step h", scale: .logarithmic), y: Axis("error", scale: .logarithmic),
      [
        Series("error", x: steps, y: errors, style: .markers), bound("truncation, ∝ h²", truncation),
        bound("round-off, ∝ 1/h", roundOff),
      ], references: bestStep.map { [.vertical($0, "best step")] } ?? [])
  }

  /// A function of one variable learnt from points: the points, the fit, and what each hidden unit adds to it.
  /// - Parameter hiddenUnits: a curve for each unit, over the same x as the fit.
  public static func fit(
    _ title: String, points: (x: [Double], y: [Double]), x: [Double], fit: [Double], hiddenUnits: [[Double]] = [],
    axes: (x: Axis, y: Axis) = (Axis("x"), Axis("y"))
  ) -> LineChart {
    let units = hiddenUnits.enumerated().map { number, values in
      Series(number == 0 ? "hidden units" : "", x: x, y: values, look: 1)
    }
    return LineChart(
      title, x: axes.x, y: axes.y,
      [Series("points", x: points.x, y: points.y, style: .markers, look: 6)] + units
        + [Series("fit", x: x, y: fit, look: 0)])
  }

  /// Measured values with a curve fitted to them, on logarithmic axes: a power law is a straight line.
  public static func growth(
    _ title: String, x: Axis, y: Axis, measured: (x: [Double], y: [Double]), law: String,
    _ function: (Double) -> Double
  ) -> LineChart {
    var (x, y) = (x, y)
    (x.scale, y.scale) = (.logarithmic, .logarithmic)
    let positive = measured.x.filter { $0 > 0 && $0.isFinite }
    var series = [Series("measured", x: measured.x, y: measured.y, style: .markers)]
    if let low = positive.min(), let high = positive.max() {
      let ratio = DecimalText.logarithm(high / low) / 100
      let places = low < high ? (0...100).map { low * DecimalText.power(Double($0) * ratio) } : [low]
      series.append(Series(law, x: places, y: places.map(function)))
    }
    return LineChart(title, x: x, y: y, series)
  }
}
