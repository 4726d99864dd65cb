import AdjointCommandData
import AdjointCommandLine
import AdjointDatasets
import AdjointLearning

/// `adjoint evaluate`: a saved network on a test set.
enum EvaluateCommand {
  static let command = Command(
    name: "evaluate", summary: "Measure a saved network on test images.",
    options: [
      Option("load", "FILE", .text, "The checkpoint that 'adjoint train --save' wrote."),
      Option(
        "data", "WHAT", .text,
        "The test set of: drawn, mnist, a directory with MNIST's four IDX files; or a whole CSV file of label and "
          + "pixels. Without it, the test set of the data that the network was trained on."
      ),
      Option("test-limit", "N", .integer(1...1_000_000), "Use only the first N test images."),
      .flag("download", "Fetch MNIST for --data mnist if it is not there."),
      .flag("json", "Print one JSON object as the last line of standard output."),
    ],
    notes: [("Example", ["adjoint evaluate --load digits.safetensors --data mnist"])],
    run: run)

  private static func run(_ arguments: Arguments, _ console: Console) throws -> Int32 {
    guard let file = arguments.text("load") else {
      throw CommandError.missingOption("load", placeholder: "FILE", command: "evaluate")
    }
    let given = try arguments.text("data").map { text throws(CommandError) in try DataSource(text) }
    let classifier = try Classifier(loading: file)
    let source = try given ?? DataSource(classifier.trainedOn)
    try source.download(arguments, console)
    let limit = try arguments.givenInteger("test-limit")
    let images = try given == nil ? source.load(limits: (nil, limit)).test : source.loadTest(limit: limit)
    try classifier.check(images, from: source.title)
    let metrics = try classifier.predictor().evaluate(on: images.standardized(classifier.standardization))

    guard metrics.loss.isFinite else { throw CommandError.notFinite("the loss on \(source.title)", file: file) }
    console.field("network", "\(classifier.architecture), from \(file)", width: 10)
    console.field("data", "\(source.title): \(images.count.of("test image"))", width: 10)
    MetricsReport(classNames: classifier.classNames).show([("test", metrics)], on: console)
    if arguments.isGiven("json") {
      console.line()
      let fields: [(String, JSON)] = [
        ("testAccuracy", .number(metrics.accuracy)), ("testLoss", .number(metrics.loss)),
        ("images", .integer(images.count)), ("parameters", .integer(classifier.parameterCount)),
        ("data", .string(source.setting)), ("model", .string(classifier.architecture)),
        ("classAccuracies", MetricsReport.classAccuracies(metrics)),
      ]
      console.line(JSON.object(fields).text)
    }
    return 0
  }
}
