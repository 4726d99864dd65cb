import Adjoint
import AdjointDatasets
import AdjointLearning

// The trainings whose results the gallery shows. Those of the plane are in Double, so that their charts are the same everywhere.

/// Two classes of points in the plane, told apart by a perceptron with one output.
struct PlaneTraining {
  let model: MLP<Double>
  private let step: TrainingStep<Double>

  init(_ sizes: [Int], _ activation: Activation, _ initializer: Initializer, seed: UInt64, rate: Double) {
    var generator = Generator(seed: seed)
    let model = MLP<Double>(sizes, activation: activation, initializer: initializer, using: &generator)
    self.model = model
    step = TrainingStep(optimizer: Adam(learningRate: rate)) { x, targets in
      binaryCrossEntropy(logits: model(x), targets: targets)
    }
  }

  /// A pass over all points in batches, in their order.
  func epoch(_ points: LabeledPoints, batch: Int) throws {
    for start in stride(from: 0, to: points.count, by: batch) {
      let rows = start..<min(start + batch, points.count)
      try step(Self.inputs(points, rows), Self.targets(points, rows))
    }
  }

  /// The mean loss on all points.
  func loss(_ points: LabeledPoints) -> Double {
    let (tape, rows) = (Tape<Double>(), 0..<points.count)
    return binaryCrossEntropy(
      logits: model(tape.input(Self.inputs(points, rows))), targets: tape.constant(Self.targets(points, rows))
    ).scalar
  }

  private static func inputs(_ points: LabeledPoints, _ rows: Range<Int>) -> Tensor<Double> {
    let elements = points.inputs.elements[rows.lowerBound * 2..<rows.upperBound * 2]
    return Tensor(shape: [rows.count, 2], elements: elements.map(Double.init))
  }

  private static func targets(_ points: LabeledPoints, _ rows: Range<Int>) -> Tensor<Double> {
    Tensor(shape: [rows.count, 1], elements: points.labels[rows].map(Double.init))
  }
}

/// 784-12-10 on drawn digits, three epochs.
struct DigitTraining {
  let model: MLP<Float>
  let test = DrawnDigits(seed: 0).test(500)
  let metrics: ClassificationMetrics
  /// The class that is predicted for each test image.
  let predictions: [Int]

  init() throws {
    var generator = Generator(seed: 1)
    let model = MLP<Float>([784, 12, 10], activation: .relu, using: &generator)
    let predictor = Predictor<Float> { model($0) }
    let trainer = Trainer(
      step: TrainingStep(optimizer: Adam(learningRate: 0.003)) { crossEntropy(logits: model($0), labels: $1) },
      predictor: predictor, training: DrawnDigits(seed: 0).training(2000), epochs: 3, batchSize: 50,
      generator: generator)
    try trainer.run()
    self.model = model
    metrics = try predictor.evaluate(on: test)
    let logits = predictor(test.all.inputs)
    predictions = (0..<test.count).map { row in
      let own = logits.elements[row * 10..<row * 10 + 10]
      return own.indices.max { own[$0] < own[$1] }.map { $0 - row * 10 } ?? 0
    }
  }
}

/// The gradients of the weights of eight layers of 32 sigmoids as they begin, on random inputs: the first layers get little.
struct DeepGradients {
  let layers: [(name: String, values: [Double])]

  init() {
    var generator = Generator(seed: 3)
    let model = MLP<Double>(
      [32] + Array(repeating: 32, count: 7) + [10], activation: .sigmoid, initializer: .glorotNormal, using: &generator)
    let tape = Tape<Double>()
    let x = Tensor(shape: [64, 32], elements: (0..<64 * 32).map { _ in generator.normal() })
    let labels = Tensor((0..<64).map { Int32($0 % 10) })
    let loss = crossEntropy(logits: model(tape.input(x)), labels: tape.index(labels))
    let weights = stride(from: 0, to: 16, by: 2).map { tape.parameter(model.parameters[$0]) }
    layers = gradients(of: loss, withRespectTo: weights).enumerated().map {
      ("fc\($0 + 1)/weight", $1.value.elements)
    }
  }
}
