import Adjoint
import AdjointChecking
import AdjointCommandData
import AdjointCommandLine
import AdjointCommandTraining
import AdjointDatasets
import AdjointLearning

/// `adjoint check --model`: a network's cross-entropy on some images, as training records it.
struct ModelCheck {
  private let arguments: Arguments
  /// Inputs, hidden units and classes of a perceptron; `nil` for the convolutional network.
  private let sizes: [Int]?
  private let activation: Activation
  private let source: DataSource
  private let batch: Int
  private let isFull: Bool
  private let order: Int
  private let seed: UInt64

  init(_ arguments: Arguments, _ console: Console) throws {
    self.arguments = arguments
    sizes = try arguments.option("model").networkSizes(
      arguments.required("model"), such: "784,30,10", limit: 1 << 27)
    activation = try arguments.choice("activation")
    source = try DataSource(arguments.required("data"))
    try source.download(arguments, console)
    batch = try arguments.integer("batch")
    isFull = try arguments.required("mode") == "full"
    order = try arguments.givenInteger("order") ?? 1
    seed = UInt64(try arguments.integer("seed"))
  }

  private func model(for images: LabeledImages) throws(CommandError) -> any Layer<Float> {
    var generator = Generator(seed: seed)
    guard let sizes else {
      guard CNN<Float>.features(height: images.height, width: images.width) != nil else {
        throw .wrongSize(
          file: source.title, expected: "images of at least 16 × 16 pixels, which the cnn takes",
          found: "\(images.height) × \(images.width)")
      }
      return CNN(
        height: images.height, width: images.width, classes: images.classCount, activation: activation,
        using: &generator)
    }
    guard images.features == sizes[0], images.classCount <= sizes[sizes.count - 1] else {
      throw arguments.option("model").bad(
        sizes.map(String.init).joined(separator: ","),
        expected: "\(images.features) inputs and at least \(images.classCount) classes, as \(source.title) has")
    }
    return MLP(sizes, activation: activation, using: &generator)
  }

  func run(_ console: Console) throws -> Int32 {
    let images = try source.loadImages(limits: (batch, 1)).training
    let model = try model(for: images)
    let tape = Tape<Float>()
    let rows = images.batch(Array(0..<min(batch, images.count))[...])
    let inputs = tape.input(rows.images, name: "images")
    let loss = crossEntropy(logits: model(inputs), labels: tape.index(rows.labels, name: "labels")).labeled("loss")
    let name = sizes.map { $0.map(String.init).joined(separator: "-") } ?? "cnn"
    let parameters = tape.trainableParameters.map(\.leaf)
    let count = parameters.reduce(0) { $0 + $1.shape.elementCount }

    let fields = [
      ("model", "\(name), \(activation.optionName), \(count.grouped) parameters, in Float"),
      ("data", "\(rows.count.of("image")) of \(source.title)"), ("mode", isFull ? "every parameter" : "3 directions"),
      ("order", order == 1 ? "1: the gradient" : "2: the gradient and its gradient"), ("seed", "\(seed)"),
    ]
    for (field, value) in fields { console.field(field, value) }
    console.line()
    var check = GradientCheck(
      of: loss, withRespectTo: parameters, mode: isFull ? .full : .directional(3), order: order, seed: seed)
    check.subject = "loss of \(name)"
    let report = check.run()
    console.line(report.text(colored: console.hasColor))
    if arguments.isGiven("legend") { console.legend(report.legend) }
    console.line()
    console.line(report.seconds.precise)

    guard arguments.isGiven("json") else { return report.exitCode }
    let summary = CheckSummary(outcomes: [CheckOutcome(name: name, report)], seconds: report.seconds)
    let further: [(String, JSON)] = [
      ("verdict", .string(report.verdict.rawValue)), ("summary", .string(report.summary)),
      ("parameters", .integer(count)),
      ("coordinates", .integer(report.coordinates)), ("findings", .strings(report.findings.map(\.text))),
      ("singularities", .strings(report.singularities.map(\.text))), ("seed", .integer(Int(seed))),
    ]
    console.line(JSON.object(summary.fields + further).text)
    return report.exitCode
  }
}

extension Double {
  /// A short time in seconds.
  var precise: String { self < 10 ? "\(fixed(3)) s" : duration }
}
