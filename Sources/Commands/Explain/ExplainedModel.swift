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
  /// What the page shows of its answers, with examples to choose from.
  private let predictions: Explanation.Predictions?
  private let learningRate: Double
  /// The same in single numbers, where they were asked for.
  private let xRay: ScalarXRay?

  /// The loss to write down: its own, or that of the single numbers.
  var explained: Variable<Double> { xRay?.loss ?? loss }

  /// The page.
  func page(_ notation: AdjointNotation, unfolded: Bool) -> Explanation {
    var page = Explanation(
      of: explained, subtitle: subtitle, imageSize: imageSize, notation: notation, unfolded: unfolded)
    page.predictions = predictions.map { given in xRay.map { given.expanded(in: $0) } ?? given }
    page.learningRate = learningRate
    return page
  }

  /// A fresh network, or that of a checkpoint.
  /// - Parameter byHand: true for weights, biases and inputs of few digits, such as an exercise by hand needs.
  init(_ arguments: Arguments, _ console: Console, byHand: Bool = false) throws {
    if let file = arguments.text("load") {
      try self.init(loading: file, arguments, console)
    } else {
      try self.init(fresh: arguments, console, byHand: byHand)
    }
  }

  private init(fresh arguments: Arguments, _ console: Console, byHand: Bool) throws {
    let option = arguments.option("model")
    let seed = UInt64(try arguments.integer("seed"))
    let activation: Activation = try arguments.choice("activation")
    var data = try ExplainedData.load(arguments, console, seed: seed)
    let isScalar = arguments.isGiven("scalar")
    let outputs = isScalar && data.classes == 2 ? 1 : max(data.classes, 2)
    let usual = [data.features, data.imageSize == nil ? 2 : 30, outputs].map(String.init).joined(separator: ",")
    let text = arguments.text("model") ?? usual
    let sizes = try option.networkSizes(text, such: usual, limit: 1 << 24)
    let isBinary = sizes?.last == 1 && data.classes == 2

    data.isByHand = byHand && data.imageSize == nil
    let inputs = data.inputs(of: data.examples)
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
    let name = sizes.map { $0.map(String.init).joined(separator: "-") } ?? text
    let loss: Loss = isBinary ? isScalar ? .squaredError : .binaryCrossEntropy : .classes(.crossEntropy)
    try self.init(
      model, loss, data, arguments, sizes: text, named: "\(name), \(activation.optionName), \(loss.name)",
      origin: "seed \(seed)")
  }

  /// The loss of a network's outputs.
  enum Loss {
    case classes(ClassificationLoss)
    /// Of one output, for two classes.
    case binaryCrossEntropy
    /// Of the probability that one output gives: in single numbers a loss of few operations is read more easily.
    case squaredError

    var name: String {
      switch self {
      case .classes(let loss): loss.optionName
      case .binaryCrossEntropy: "binary cross-entropy"
      case .squaredError: "squared error"
      }
    }

    /// Records the loss, and says what the outputs predict.
    func record(
      _ y: Variable<Double>, of x: Variable<Double>, _ classes: Tensor<Int32>
    ) -> (loss: Variable<Double>, predictions: Explanation.Predictions?) {
      let tape = x.tape
      func targets() -> Variable<Double> {
        tape.constant(Tensor(shape: y.shape, elements: classes.elements.map(Double.init)), name: "y")
      }
      switch self {
      case .classes(let loss):
        let labels = tape.index(classes, name: "t")
        let predictions = loss == .crossEntropy ? Explanation.Predictions.classes(y, of: x, labels: labels) : nil
        return (loss(y, labels: labels), predictions)
      case .binaryCrossEntropy:
        let t = targets()
        return (AdjointLearning.binaryCrossEntropy(logits: y, targets: t), .logits(y, of: x, targets: t))
      case .squaredError:
        let (p, t) = (y.sigmoid(), targets())
        let squares = (p - t).square()
        return (squares.shape.elementCount == 1 ? squares.sum() : squares.mean(), .probabilities(p, of: x, targets: t))
      }
    }
  }

  init(
    _ model: any Layer<Double>, _ kind: Loss, _ data: ExplainedData, _ arguments: Arguments, sizes: String,
    named name: String, origin: String
  ) throws {
    self.sizes = sizes
    let isScalar = arguments.isGiven("scalar")
    func record(_ batch: Batch<Int32>) -> (loss: Variable<Double>, predictions: Explanation.Predictions?) {
      let x = Tape<Double>().input(data.inputs(of: batch), name: "x")
      return kind.record(model(x), of: x, batch.targets)
    }
    // Where nobody chose, an X-ray starts at the example that most gradients differ from 0 at.
    let count = try data.count(arguments)
    let starts = 0..<(isScalar && count == 1 && !arguments.isGiven("example") ? data.examples.count : 1)
    let first = try starts.count > 1 ? starts.max { alive(at: $0) < alive(at: $1) } ?? 0 : arguments.integer("example")
    func alive(at example: Int) -> Int {
      let loss = record(data.batch(from: example, count: 1)).loss
      let backward = loss.tape.backward(from: loss)
      return loss.tape.trainableParameters.reduce(0) { sum, entry in
        sum + (backward.adjoint(of: entry.leaf)?.value.elements.count { $0 != 0 } ?? 0)
      }
    }
    let recorded = record(data.batch(from: first, count: count))
    loss = recorded.loss.labeled("loss")
    // A page carries all of few examples, and of many those that come next.
    let isFew = data.examples.count <= ExplainedData.carried
    let carried = isFew ? data.examples : data.batch(from: first, count: max(count, ExplainedData.carriedOfMany))
    predictions = recorded.predictions?.choosing(
      among: data.inputs(of: carried), targets: carried.targets.elements.map(Double.init), first: isFew ? first : 0,
      numberedFrom: isFew ? 0 : first)
    learningRate = data.imageSize == nil ? 0.5 : 0.1
    xRay = isScalar ? try ScalarXRay(of: loss) : nil
    let noun = data.imageSize == nil ? "point" : "image"
    let place = count == 1 ? "\(noun) \(first)" : count.of(noun) + (first > 0 ? " from \(first) on" : "")
    // A page goes to others: of a path it tells the last name alone.
    let title = data.title.split(separator: "/").last ?? ""
    subtitle = "\(name), on \(place) of \(title), \(origin)"
    imageSize = data.imageSize
  }
}

/// A few examples of the data that `--data` names.
struct ExplainedData {
  let examples: Batch<Int32>
  let classes: Int
  let title: String
  let imageSize: (height: Int, width: Int)?
  /// True for inputs of few digits.
  var isByHand = false

  var features: Int { examples.inputs.shape[1] }

  /// The inputs of some examples, as a network takes them.
  func inputs(of batch: Batch<Int32>) -> Tensor<Double> {
    let inputs: Tensor<Double> = batch.inputs.converted()
    return isByHand ? inputs.map { Handwork.rounded($0) } : inputs
  }

  /// How many examples the model is fed at once.
  func count(_ arguments: Arguments) throws -> Int {
    let isOne = (arguments.isGiven("example") || arguments.isGiven("scalar")) && !arguments.isGiven("batch")
    return min(isOne ? 1 : try arguments.integer("batch"), examples.count)
  }

  /// A batch of the examples from one on, beginning anew after the last.
  func batch(from first: Int, count: Int) -> Batch<Int32> {
    let rows = (0..<count).map { (first + $0) % examples.count }
    let inputs = rows.flatMap { examples.inputs.elements[$0 * features..<($0 + 1) * features] }
    return Batch(
      inputs: Tensor(shape: [count, features], elements: inputs),
      targets: Tensor(rows.map { examples.targets.elements[$0] }))
  }

  /// Refuses an example that the data does not have.
  init(
    _ examples: Batch<Int32>, reaching first: Int, of arguments: Arguments, classes: Int, title: String,
    imageSize: (height: Int, width: Int)?
  ) throws(CommandError) {
    guard first < examples.count else {
      throw arguments.option("example").bad(
        String(first), expected: "one of the \(examples.count) examples of \(title), 0 to \(examples.count - 1)")
    }
    (self.examples, self.classes, self.title, self.imageSize) = (examples, classes, title, imageSize)
  }

  /// The problems in the plane, by their names on the command line.
  static let plane: [(name: String, points: @Sendable (Int, inout Generator) -> LabeledPoints)] = [
    ("xor", { _, _ in .xor }),
    ("spirals", { count, generator in .spirals(count: count, using: &generator) }),
    ("moons", { count, generator in .moons(count: count, using: &generator) }),
  ]

  /// The most examples that a page carries of a small data set, and how many it carries of a large one.
  static let (carried, carriedOfMany) = (24, 8)

  /// All names; a directory or a file will do as well.
  static var names: [String] { plane.map(\.name) + ["digits", "mnist"] }

  /// The first examples of a problem in the plane, or the first training images.
  static func load(_ arguments: Arguments, _ console: Console, seed: UInt64) throws -> ExplainedData {
    let name = try arguments.required("data")
    let (first, batch) = (try arguments.integer("example"), try arguments.integer("batch"))
    let isPlane = plane.contains { $0.name == name }
    let count = isPlane ? max(batch, first + 1, carried) : first + max(batch, carriedOfMany)
    if let problem = plane.first(where: { $0.name == name }) {
      try DataSource.drawn.download(arguments, console)
      var generator = Generator(seed: seed).stream(1)
      let points = problem.points(count, &generator)
      return try ExplainedData(
        points.prefix(count).all, reaching: first, of: arguments, classes: points.classCount, title: name,
        imageSize: nil)
    }
    let source = try source(name)
    try source.download(arguments, console)
    let images = try source.loadImages(limits: (count, 1)).training
    return try ExplainedData(
      images.prefix(count).all, reaching: first, of: arguments, classes: images.classCount, title: source.title,
      imageSize: (images.height, images.width))
  }

  static func source(_ name: String) throws(CommandError) -> DataSource {
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
