import AdjointCommandData
import AdjointCommandLine
import AdjointCommandTraining
import AdjointDatasets
import AdjointLearning

/// `adjoint evaluate`: a saved network on a test set.
enum EvaluateCommand {
  static let command = Command(
    name: "evaluate", summary: "Measure a saved network on test examples.",
    options: [
      Option(
        "load", "FILE", .text,
        "The checkpoint that 'adjoint train --save' wrote; with --model, weights of another program."),
      Option(
        "data", "WHAT", .text,
        "The test set of: drawn, mnist, a directory with four IDX files; the arrays x_test and y_test of an NPZ file; or a whole CSV file with a column of classes. "
          + "Without it, the test set of the data that the network was trained on."
      ),
      Option("label", "NAME", .text, "The column of a CSV file that holds the class; as in training without it."),
      Option("test-limit", "N", .integer(1...1_000_000), "Use only the first N test examples."),
      DataOptions.downloadFlag(),
      DataOptions.memoryOption(),
      .flag("json", "Print one JSON object as the last line of standard output."),
    ] + ForeignModel.options,
    notes: [
      (
        "Examples",
        [
          "adjoint evaluate --load digits.safetensors --data mnist",
          "adjoint evaluate --load pytorch.safetensors --model 784,128,10 --rename 1=fc1,3=fc2 --data mnist.npz",
        ]
      )
    ],
    run: run)

  private static func run(_ arguments: Arguments, _ console: Console) throws -> Int32 {
    guard let file = arguments.text("load") else {
      throw CommandError.missingOption("load", placeholder: "FILE", command: "evaluate")
    }
    let given = try arguments.text("data").map { text throws(CommandError) in try DataSource(text) }
    let foreign = try ForeignModel(arguments)
    let classifier = try Classifier(loading: file, as: foreign)
    if foreign != nil, given == nil {
      throw CommandError.missingOption("data", placeholder: "WHAT", command: "evaluate with --model")
    }
    let source = try given ?? DataSource(classifier.trainedOn)
    try source.download(arguments, console)
    let limit = try arguments.givenInteger("test-limit")
    var options = try classifier.plan.dataOptions(arguments)
    if let label = arguments.text("label") { options.label = label }
    if case .table = source {} else if !arguments.isGiven("label") { options.label = nil }
    // Drawn digits are test digits whatever is drawn for training, which takes long where nothing is optimised.
    let training: Int? = if case .drawn = source { 1 } else { nil }
    let loaded =
      try given == nil
      ? source.load(limits: (training, limit), options).test
      : source.loadTest(
        limit: limit, options, classNames: classifier.classLabels, features: classifier.featureNames)
    let examples = classifier.standardized(try classifier.matched(loaded, from: source.title))
    let metrics: ClassificationMetrics
    do {
      metrics = try classifier.predictor().evaluate(on: examples)
    } catch let error as NonFiniteOutputs {
      throw CommandError.notFinite("the outputs for example \(error.example) of \(source.title)", file: file)
    }
    guard metrics.loss.isFinite else { throw CommandError.notFinite("the loss on \(source.title)", file: file) }
    console.field("network", "\(classifier.architecture), from \(file)", width: 10)
    console.field("data", "\(source.title): \(examples.count.of("test \(examples.noun)"))", width: 10)
    MetricsReport(classNames: classifier.classNames, noun: examples.noun).show([("test", metrics)], on: console)
    if arguments.isGiven("json") {
      console.line()
      let fields: [(String, JSON)] = [
        ("testAccuracy", .number(metrics.accuracy)), ("testLoss", .number(metrics.loss)),
        ("images", .integer(examples.count)), ("parameters", .integer(classifier.parameterCount)),
        ("data", .string(source.setting)), ("model", .string(classifier.architecture)),
        ("classAccuracies", MetricsReport.classAccuracies(metrics)),
      ]
      console.line(JSON.object(fields).text)
    }
    return 0
  }
}
