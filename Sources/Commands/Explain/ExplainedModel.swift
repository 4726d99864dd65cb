import Adjoint
import AdjointCommandData
import AdjointCommandLine
import AdjointDatasets
import AdjointDrawing
import AdjointLearning

/// A network's loss on a few examples, recorded in `Double` for `adjoint explain` to write down.
struct ExplainedModel {
  let loss: Variable<Double>
  /// The sizes, as `--model` takes them.
  let sizes: String
  /// The model, its loss and its data in a line.
  let subtitle: String
  let imageSize: (height: Int, width: Int)?

  /// - Parameter byHand: true for weights, biases and inputs of few digits, such as an exercise by hand needs.
  init(_ arguments: Arguments, _ console: Console, byHand: Bool = false) throws {
    let option = arguments.option("model")
    let seed = UInt64(try arguments.integer("seed"))
    let activation: Activation = try arguments.choice("activation")
    let data = try ExplainedData.load(arguments, console, seed: seed)
    let usual = [data.features, data.imageSize == nil ? 2 : 30, max(data.classes, 2)].map(String.init).joined(
      separator: ",")
    let text = arguments.text("model") ?? usual
    let sizes = try option.networkSizes(text, such: usual, limit: 1 << 24)
    let isBinary = sizes?.last == 1 && data.classes == 2

    var inputs: Tensor<Double> = data.batch.inputs.converted()
    if byHand, data.imageSize == nil { inputs = inputs.map { Handwork.rounded($0) } }
    var generator = Generator(seed: seed)
    let model: any Layer<Double>
    if let sizes {
      guard sizes[0] == data.features, isBinary || sizes[sizes.count - 1] >= data.classes else {
        let classes = data.classes == 2 ? "1 output, or at least 2" : "at least \(data.classes) outputs"
        throw option.bad(text, expected: "\(data.features) inputs and \(classes), for \(data.title), such as \(usual)")
      }
      let perceptron = MLP<Double>(sizes, activation: activation, using: &generator)
      if byHand { Handwork.simplify(perceptron, at: inputs, using: &generator) }
      model = perceptron
    } else {
      guard let (height, width) = data.imageSize, CNN<Double>.features(height: height, width: width) != nil else {
        throw option.bad(
          text,
          expected: "sizes such as \(usual); the cnn takes images of at least 16 × 16 pixels, such as --data digits")
      }
      model = CNN(height: height, width: width, classes: data.classes, activation: activation, using: &generator)
    }
    let tape = Tape<Double>()
    let logits = model(tape.input(inputs, name: "x"))
    let loss: Variable<Double>
    if isBinary {
      let targets = Tensor(shape: [data.batch.count, 1], elements: data.batch.targets.elements.map(Double.init))
      loss = binaryCrossEntropy(logits: logits, targets: tape.constant(targets, name: "y"))
    } else {
      loss = crossEntropy(logits: logits, labels: tape.index(data.batch.targets, name: "t"))
    }
    self.loss = loss.labeled("loss")
    self.sizes = text
    let name = sizes.map { $0.map(String.init).joined(separator: "-") } ?? text
    subtitle =
      "\(name), \(activation.optionName), \(isBinary ? "binary cross-entropy" : "cross-entropy"), on "
      + "\(data.batch.count.of(data.imageSize == nil ? "point" : "image")) of \(data.title), seed \(seed)"
    imageSize = data.imageSize
  }
}

/// A few examples of the data that `--data` names.
struct ExplainedData {
  let batch: Batch<Int32>
  let classes: Int
  let title: String
  let imageSize: (height: Int, width: Int)?

  var features: Int { batch.inputs.shape[1] }

  /// The problems in the plane, by their names on the command line.
  static let plane: [(name: String, points: @Sendable (Int, inout Generator) -> LabeledPoints)] = [
    ("xor", { _, _ in .xor }),
    ("spirals", { count, generator in .spirals(count: count, using: &generator) }),
    ("moons", { count, generator in .moons(count: count, using: &generator) }),
  ]

  /// All names; a directory or a file will do as well.
  static var names: [String] { plane.map(\.name) + ["digits", "mnist"] }

  /// The first examples of a problem in the plane, or the first training images.
  static func load(_ arguments: Arguments, _ console: Console, seed: UInt64) throws -> ExplainedData {
    let name = try arguments.required("data")
    let count = try arguments.integer("batch")
    if let problem = plane.first(where: { $0.name == name }) {
      try DataSource.drawn.download(arguments, console)
      var generator = Generator(seed: seed).stream(1)
      let points = problem.points(count, &generator)
      return ExplainedData(
        batch: points.prefix(count).all, classes: points.classCount, title: name, imageSize: nil)
    }
    let source = try source(name)
    try source.download(arguments, console)
    let images = try source.loadImages(limits: (count, 1)).training
    return ExplainedData(
      batch: images.prefix(count).all, classes: images.classCount, title: source.title,
      imageSize: (images.height, images.width))
  }

  private static func source(_ name: String) throws(CommandError) -> DataSource {
    do throws(CommandError) {
      return try DataSource(name == "digits" ? "drawn" : name)
    } catch .noSuchData {
      throw .noSuchData(name, suggestion: Suggestion.nearest(to: name, among: names))
    } catch {
      throw error
    }
  }
}

/// Numbers of few digits, with which one can work by hand.
enum Handwork {
  /// The inputs of a unit up to which its weights are of one decimal; more would saturate it.
  private static let widest = 16

  static func rounded(_ x: Double) -> Double { (x * 10).rounded() / 10 }

  /// Gives a model such weights and biases. Biases are drawn anew until no unit stands at a kink, where its derivative would
  /// be a matter of convention.
  static func simplify(_ model: MLP<Double>, at inputs: Tensor<Double>, using generator: inout Generator) {
    let drawn = model.parameters.map(\.value)
    for _ in 0..<100 {
      for (parameter, value) in zip(model.parameters, drawn) {
        parameter.value = Handwork.parameter(value, using: &generator)
      }
      let tape = Tape<Double>()
      _ = model(tape.input(inputs))
      let standsAtKink = (0..<tape.count).contains { node in
        let y = tape[node]
        return y.operation?.isElementwise == true && y.inputs.count == 1
          && y.inputs[0].value.elements.contains { abs($0) < 1e-9 }
      }
      if !standsAtKink { return }
    }
  }

  /// Weights of one decimal and none of them 0; biases of ±0.1 to ±0.3 where they begin at 0.
  private static func parameter(_ value: Tensor<Double>, using generator: inout Generator) -> Tensor<Double> {
    guard value.shape.elementCount / max(value.shape.first ?? 1, 1) <= widest else { return value }
    return value.map { x in
      guard x == 0 else { return abs(x) < 0.05 ? (x < 0 ? -0.1 : 0.1) : rounded(x) }
      let small = Double(1 + Int(generator.next() % 3)) / 10
      return generator.next() % 2 == 0 ? small : -small
    }
  }
}
