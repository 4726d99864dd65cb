import AdjointCharts
import AdjointLearning

/// The report of `RateGrid`: at each point of the grid, a claim holds, does not, is not decided, or has no runs yet.
struct RateMap {
  let results: Results
  private let points: [RateGrid.Point]

  init(_ results: Results) { (self.results, points) = (results, RateGrid.points(results.scale)) }

  /// The state of a claim at one point, which no single seed decides.
  enum State { case holds, fails, open, missing }

  var section: Section {
    Section(
      rows: [
        row("sigmoid beats ReLU") { lead($0).state },
        row("train and test accuracy are extremely similar (within 0.5 points), both activations", state: similarity),
        row("the mean curves of sigmoid never fall, those of ReLU do", state: monotony),
        bestAgainstBest,
      ],
      text: [
        "The document gives neither rate nor batch. Here 784-128-10 without biases is trained by Adam with "
          + "\(RateGrid.rates(results.scale).count) rates, \(RateGrid.batches(results.scale).count) batches and two scalings: "
          + "each pixel with mean 0 and variance 1, as in the document (per pixel), and pixels in [0, 1] (unit). The document "
          + "averages 100 initialisations; here \(results.runs.map(\.records.count).max() ?? 0) at most for each point, "
          + "with the same order of images for both activations. "
          + "\(recorded) of \(planned) runs are recorded\(recorded < planned ? ": the grid is unfinished" : ""). "
          + "A point is judged by the 95% interval of its paired differences, so chance alone decides one in twenty. "
          + "All runs take about three quarters of an hour of one core.",
        "Mean test accuracy after \(epochs); the lead of sigmoid over ReLU is in points, **bold** where it is certain either way:",
      ] + RateGrid.scalings.filter { !begun($0).isEmpty }.map(table),
      pictures: [leads] + RateGrid.scalings.filter { !begun($0).isEmpty }.map(curves))
  }

  private var recorded: Int { results.runs.reduce(0) { $0 + min($1.records.count, planned(of: 1)) } }
  private var planned: Int { planned(of: results.runs.count) }
  private func planned(of settings: Int) -> Int { settings * RateGrid.experiment.seedCount(results.scale) }
  private var epochs: String {
    let count = results.runs.first?.setting.values["epochs"] ?? "–"
    return count == "1" ? "1 epoch" : "\(count) epochs"
  }

  private func words(_ scaling: Recipe.Scaling) -> String { scaling == .unit ? "unit" : "per pixel" }

  // MARK: A point

  private func runs(_ point: RateGrid.Point, _ activation: Activation) -> Runs { results[point.name(activation)] }

  /// Differences of figures over the seeds that both runs have.
  private func differences(_ a: (Runs, String), _ b: (Runs, String)) -> [Double] {
    a.0.records.compactMap { record in
      guard let other = b.0.records.first(where: { $0.seed == record.seed }), let x = record.figures[a.1],
        let y = other.figures[b.1]
      else { return nil }
      return x - y
    }
  }

  private func lead(_ point: RateGrid.Point) -> (interval: Interval, state: State) {
    let found = differences((runs(point, .sigmoid), "test"), (runs(point, .relu), "test"))
    let interval = Interval(ofMean: found)
    guard !found.isEmpty else { return (interval, .missing) }
    return (interval, interval.isPositive ? .holds : interval.isNegative ? .fails : .open)
  }

  private func similarity(_ point: RateGrid.Point) -> State {
    let gaps = Widths.activations.map { differences((runs(point, $0), "train"), (runs(point, $0), "test")) }
    guard gaps.allSatisfy({ !$0.isEmpty }) else { return .missing }
    let intervals = gaps.map { Interval(ofMean: $0) }
    if intervals.allSatisfy({ $0.high < 0.005 && $0.low > -0.005 }) { return .holds }
    return intervals.contains { $0.low > 0.005 || $0.high < -0.005 } ? .fails : .open
  }

  /// What the mean curves do at the evaluations, as the document looks at its own; chance is not taken off.
  private func monotony(_ point: RateGrid.Point) -> State {
    let seeds = Widths.activations.map { runs(point, $0).records.count }.min() ?? 0
    guard seeds > 1 else { return seeds == 0 ? .missing : .open }
    func falls(_ activation: Activation) -> Bool {
      ["train", "test"].contains { part in
        let curve = runs(point, activation).meanCurve(part)
        return zip(curve, curve.dropFirst()).contains { $1 < $0 }
      }
    }
    return !falls(.sigmoid) && falls(.relu) ? .holds : .fails
  }

  // MARK: Rows

  private func row(_ words: String, state: (RateGrid.Point) -> State) -> Row {
    let states = points.map { ($0, state($0)) }
    func count(_ wanted: State) -> Int { states.count { $0.1 == wanted } }
    let verdict: Row.Verdict
    switch count(.missing) {
    case points.count: verdict = .notRun
    case 0 where count(.holds) == points.count: verdict = .confirmed
    case 0 where count(.fails) == points.count: verdict = .refuted
    default:
      verdict = .mapped(holds: count(.holds), fails: count(.fails), open: count(.open), missing: count(.missing))
    }
    let found = [("holds", State.holds), ("not", .fails), ("not decided", .open)].filter { count($0.1) > 0 }
    // The most frequent answer needs no list: it is that of all points which the others leave.
    let usual = count(.missing) == 0 && found.count > 1 ? found.max { count($0.1) < count($1.1) }?.1 : nil
    let lists =
      found.filter { $0.1 != usual }.map { name, wanted in
        "\(name) at \(places(states.filter { $0.1 == wanted }.map(\.0)))"
      } + found.filter { $0.1 == usual }.map { "\($0.0) at the other \(count($0.1)) points" }
    return Row(
      "000 §III", "784-128-10, \(epochs), over the grid: \(words)", theirs: "claimed",
      ours: lists.joined(separator: "; "), verdict)
  }

  /// Such as `rates 0.0001, 0.001 (per pixel, batch 32)`.
  private func places(_ points: [RateGrid.Point]) -> String {
    RateGrid.scalings.flatMap { scaling in
      RateGrid.batches(results.scale).compactMap { batch -> String? in
        let rates = points.filter { $0.scaling == scaling && $0.batch == batch }.map(\.rate.short)
        if rates.isEmpty { return nil }
        let isAll = rates.count == RateGrid.rates(results.scale).count && rates.count > 1
        return (isAll ? "every rate" : rates.joined(separator: ", ")) + " (\(words(scaling)), batch \(batch))"
      }
    }.joined(separator: ", ")
  }

  /// Each activation at the point where its own mean is highest.
  private var bestAgainstBest: Row {
    func best(_ activation: Activation) -> RateGrid.Point? {
      points.filter { !runs($0, activation).records.isEmpty }.max {
        runs($0, activation).mean("test") < runs($1, activation).mean("test")
      }
    }
    let subject = "784-128-10, \(epochs), each at its own best point: sigmoid beats ReLU"
    guard let relu = best(.relu), let sigmoid = best(.sigmoid) else {
      return Row("000 §III", subject, theirs: "claimed", ours: "", .notRun)
    }
    let interval = Interval(
      ofMean: differences((runs(sigmoid, .sigmoid), "test"), (runs(relu, .relu), "test")))
    let verdict: Row.Verdict =
      recorded < planned
      ? .undecided("\(recorded) of \(planned) runs")
      : interval.isPositive ? .confirmed : interval.isNegative ? .refuted : .undecided("the interval holds 0")
    func text(_ point: RateGrid.Point, _ activation: Activation) -> String {
      "\(activation.rawValue) \(runs(point, activation).figures("test").percents) at \(place(point))"
    }
    return Row(
      "000 §III", subject, theirs: "claimed",
      ours: "\(text(sigmoid, .sigmoid)); \(text(relu, .relu)); \(interval.points)", verdict)
  }

  private func place(_ point: RateGrid.Point) -> String {
    "rate \(point.rate.short), batch \(point.batch), \(words(point.scaling))"
  }

  // MARK: Tables and charts

  /// The batches of a scaling at which there is a run.
  private func begun(_ scaling: Recipe.Scaling) -> [Int] {
    RateGrid.batches(results.scale).filter { batch in
      points.contains { point in
        point.scaling == scaling && point.batch == batch
          && Widths.activations.contains { !runs(point, $0).records.isEmpty }
      }
    }
  }

  private func table(_ scaling: Recipe.Scaling) -> String {
    let rates = RateGrid.rates(results.scale)
    let rows = begun(scaling).flatMap { batch in
      let points = rates.map { RateGrid.Point(scaling: scaling, batch: batch, rate: $0) }
      return Widths.activations.reversed().map { activation in
        ["\(batch)", activation.rawValue] + points.map { runs($0, activation).mean("test").percent }
      } + [["\(batch)", "lead"] + points.map(leadText)]
    }
    return markdownTable(["\(words(scaling)): batch", "accuracy at rate"] + rates.map(\.short), rows)
  }

  private func leadText(_ point: RateGrid.Point) -> String {
    let (interval, state) = lead(point)
    guard interval.centre.isFinite else { return "–" }
    let text = (interval.centre * 100).signed(2)
    return state == .holds || state == .fails ? "**\(text)**" : text
  }

  private var leads: SVGPicture {
    let rates = RateGrid.rates(results.scale)
    let rows = RateGrid.scalings.flatMap { scaling in begun(scaling).map { (scaling, $0) } }
    return Charts.map(
      name: "lead",
      caption:
        "Test accuracy of sigmoid less that of ReLU, in points: orange where sigmoid leads, blue where ReLU does",
      quantity: "points, colours end at 3", limit: 3,
      rows: ("batch", rows.map { "\(words($0.0)), \($0.1)" }), columns: ("rate", rates.map(\.short)),
      rows.map { scaling, batch in
        rates.map { rate in
          (100 * lead(RateGrid.Point(scaling: scaling, batch: batch, rate: rate)).interval.centre * 10).rounded() / 10
        }
      })
  }

  private func curves(_ scaling: Recipe.Scaling) -> SVGPicture {
    let rates = RateGrid.rates(results.scale)
    return Charts.lines(
      name: scaling.rawValue, caption: "Mean test accuracy against the rate, \(words(scaling))", x: "rate",
      scale: .logarithmic,
      y: "test accuracy", range: 0.86...1,
      // Every second batch: all of them hide each other.
      begun(scaling).enumerated().filter { $0.offset % 2 == 0 }.flatMap { _, batch in
        Widths.activations.map { activation in
          Series(
            "\(activation.rawValue), batch \(batch)", x: rates,
            y: rates.map {
              runs(RateGrid.Point(scaling: scaling, batch: batch, rate: $0), activation).mean("test")
            })
        }
      })
  }
}
