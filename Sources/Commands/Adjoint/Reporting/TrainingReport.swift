import Adjoint
import AdjointCharts
import AdjointCommandData
import AdjointCommandLine
import AdjointCommandTraining
import AdjointLearning
import Foundation

/// The report of `adjoint train --report`: a page with settings, results and charts, and each chart as a file.
struct TrainingReport {
  let run: TrainingRun
  let plan: TrainingPlan
  let progress: ProgressReport
  let training: ClassificationMetrics
  let test: ClassificationMetrics
  /// The most training images that are measured after every epoch: enough for a curve.
  static let sampleSize = 10_000
  /// The time from start to end.
  let seconds: Double

  /// A part of the page.
  struct Section {
    let heading: String
    /// A hint at what the charts show.
    let text: String
    /// The name of its file, and the chart.
    let charts: [(file: String, chart: any Chart)]
  }

  /// Writes the page and the files.
  /// - Throws: `CommandError.unwritable`; `FileError` when images that are in a file cannot be read.
  func write(to directory: ReportDirectory) throws {
    let sections = try sections()
    for (file, chart) in sections.flatMap(\.charts) { try directory.write(chart.svg(), to: file) }
    let page = ReportPage(
      title: "Training \(run.classifier.architecture)",
      tables: [("Results", results), ("Throughput", throughput), ("Settings", settings)], sections: sections)
    try directory.write(page.html, to: "report.html")
  }

  private func sections() throws -> [Section] {
    let predictor = run.trainer.predictor
    let statistics = try LayerStatistics(of: run.classifier, on: run.trainer.training)
    let batch = "Over the first \(statistics.examples.of("training image")), with the weights as they ended."
    var sections = [
      Section(
        heading: "Curves",
        text: "The training loss is the mean over the epoch, while the weights still changed, penalties included; "
          + "everything else is measured after the epoch.",
        charts: [("loss.svg", lossCurves), ("accuracy.svg", accuracyCurves), ("learning-rate.svg", learningRate)]),
      Section(
        heading: "Confusion", text: "What the test images of each class were taken for.",
        charts: [
          (
            "confusion.svg",
            ConfusionMatrix("Test set", counts: test.confusion, classNames: run.classifier.classNames)
          )
        ]),
    ]
    sections += try imageSections(predictor, statistics)
    sections.append(
      Section(
        heading: "Activations", text: batch + " A layer whose inputs are all 0, or all at the ends, learns nothing.",
        charts: [
          ("activations.svg", ChartGrid.histograms("Activations", of: "activation", statistics.activations))
        ]))
    sections.append(
      Section(
        heading: "Gradients",
        text: batch + " Gradients that shrink or grow by orders of magnitude from layer to layer vanish or explode.",
        charts: [
          (
            "gradients.svg",
            ChartGrid.histograms("Gradients of the loss", of: "gradient", statistics.gradients, columns: 2, look: 1)
          )
        ]))
    return sections
  }

  /// The sections that need inputs which are images, and a sentence in their place where they are not.
  private func imageSections(_ predictor: Predictor<Float>, _ statistics: LayerStatistics) throws -> [Section] {
    let (height, width) = (run.classifier.height, run.classifier.width)
    guard height > 1, width > 1, run.test.imageSize != nil else {
      return [
        Section(
          heading: "Images", text: "The inputs are rows of numbers, not images, so none are shown.", charts: [])
      ]
    }
    let wrong = try Misclassified(by: predictor, on: run.test)
    var sections = [
      Section(
        heading: "Misclassified images", text: "Label, answer, and the probability that the model gives its answer.",
        charts: [("misclassified.svg", try wrong.chart(of: run.test, height: height, width: width))])
    ]
    guard let (name, rows) = statistics.firstWeights else {
      sections.append(
        Section(
          heading: "Weights",
          text: "The first layer does not look at whole images, so its weights are not shown as such.",
          charts: []))
      return sections
    }
    let limit = 60
    let shown = rows.count > limit ? "the first \(limit) of \(rows.count.grouped) units" : rows.count.of("unit")
    sections.append(
      Section(
        heading: "Weights", text: "What each unit of the first layer looks for: orange excites it, blue inhibits it.",
        charts: [
          (
            "weights.svg",
            WeightImages(
              "Weights of \(name), \(shown)", imageHeight: height, imageWidth: width,
              weights: Array(rows.prefix(limit)))
          )
        ]))
    return sections
  }
}

/// Curves.
extension TrainingReport {
  private var history: [EpochResult] { run.trainer.progress.history }

  private var best: [ReferenceLine] {
    run.trainer.progress.isStopped
      ? run.trainer.progress.stopping.bestEpoch.map { [.vertical(Double($0), "best")] } ?? [] : []
  }

  /// A number for the set that was measured after each epoch. Checkpoints keep the figures of a validation set, so that a
  /// resumed training shows them from the beginning.
  private func measured(_ value: (ClassificationMetrics) -> Double) -> Series {
    let validated = history.compactMap { epoch in epoch.validation.map { (epoch.number, $0) } }
    let epochs = validated.isEmpty ? progress.measured.map { ($0.epoch, $0.metrics) } : validated
    return Series(
      validated.isEmpty ? "test" : "validation", x: epochs.map { Double($0.0) }, y: epochs.map { value($0.1) },
      style: .lineAndMarkers, look: 1)
  }

  var lossCurves: LineChart {
    let unit = plan.loss == .crossEntropy ? "nats" : nil
    let training = Series(
      "training", x: history.map { Double($0.number) }, y: history.map(\.loss), style: .lineAndMarkers)
    return LineChart(
      "Loss", x: Axis("epoch"), y: Axis("loss, \(plan.loss.optionName)", unit: unit), [training, measured(\.loss)],
      references: best)
  }

  var accuracyCurves: LineChart {
    let count = run.trainer.training.count
    let sample = count > TrainingReport.sampleSize ? ", first \(TrainingReport.sampleSize.grouped)" : ""
    let known = progress.measured.compactMap { epoch in epoch.training.map { (epoch.epoch, $0.accuracy) } }
    let training = Series(
      "training\(sample)", x: known.map { Double($0.0) }, y: known.map { $0.1 * 100 }, style: .lineAndMarkers)
    return LineChart(
      "Accuracy", x: Axis("epoch"), y: Axis("accuracy", unit: "%"), [training, measured { $0.accuracy * 100 }],
      references: best)
  }

  var learningRate: LineChart {
    let perEpoch = run.trainer.stepsPerEpoch
    let schedule = plan.schedule.schedule(stepsPerEpoch: perEpoch, epochs: Double(plan.epochs))
    let steps = max(history.count * perEpoch, 1)
    let rate = plan.hyperparameters["learning-rate"] ?? 0
    let shown = (0...min(steps - 1, 300)).map { $0 * (steps - 1) / max(min(steps - 1, 300), 1) }
    return LineChart(
      "Learning rate", x: Axis("epoch", range: 0...Double(max(history.count, 1))), y: Axis("learning rate"),
      [
        Series(
          "", x: shown.map { Double($0) / Double(perEpoch) }, y: shown.map { rate * schedule.factor(at: $0) }, look: 2)
      ], plotHeight: 160)
  }
}

/// Tables.
extension TrainingReport {
  private var results: [(String, String)] {
    var rows = [
      ("test accuracy", test.accuracy.percent), ("test loss", test.loss.fixed(4)),
      ("training accuracy", training.accuracy.percent), ("training loss", training.loss.fixed(4)),
      ("epochs", "\(history.count) of \(plan.epochs)"),
    ]
    if run.trainer.progress.isStopped, let best = run.trainer.progress.stopping.bestEpoch {
      rows.append(("stopped early", "the weights are those of epoch \(best)"))
    }
    return rows
  }

  private var settings: [(String, String)] {
    let data = run.trainer.training
    var rows = [
      ("data", plan.data.title), ("\(data.noun)s to train", data.count.grouped),
      ("\(data.noun)s to validate", run.trainer.validation?.count.grouped ?? "none"),
      ("\(data.noun)s to test", run.test.count.grouped),
      ("model", run.classifier.architecture), ("parameters", run.classifier.parameterCount.grouped),
      ("optimizer", plan.optimization),
    ]
    // Those are said already.
    let told = [
      "data", "hidden", "train-limit", "test-limit", "optimizer", "validation", "image-size", "class-names",
      "pixel-mean",
      "pixel-deviation",
    ]
    for (name, value) in plan.settings.sorted(by: { $0.key < $1.key }) where !told.contains(name) {
      rows.append((name, value))
    }
    return rows
  }

  private var throughput: [(String, String)] {
    [
      ("\(run.test.noun)s per second, in steps", progress.rate.nearest.grouped),
      ("time in steps", progress.seconds.duration),
      ("time in all", seconds.duration), ("steps in an epoch", run.trainer.stepsPerEpoch.grouped),
      ("threads", String(run.pool.threads)), ("instructions", Kernels.name),
      ("peak memory", PeakMemory.mebibytes.map { "\($0.nearest.grouped) MiB" } ?? "unknown"),
    ]
  }
}
