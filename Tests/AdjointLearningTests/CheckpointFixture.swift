import Adjoint
import AdjointDatasets
import AdjointLearning
import Foundation

/// A training whose checkpoints revision 1d59674 wrote into `Fixtures/`: later revisions load and resume them.
///
/// `NAME.safetensors` was saved where `pause` says, `NAME-end.safetensors` at the end of the same training, both on Linux
/// x86-64 with AVX-512 (debug and release builds compute the same bits):
///
/// ```swift
/// let trainer = fixture.trainer()
/// try fixture.advance(trainer)
/// try Checkpoint.save(trainer, settings: fixture.settings, to: NAME.safetensors)
/// try trainer.run()
/// try Checkpoint.save(trainer, settings: fixture.settings, to: NAME-end.safetensors)
/// ```
///
/// The files are never written again: what a later revision writes says nothing about the checkpoints that people have.
/// All data come from `Generator.uniform()`, so they are the same on every system.
enum CheckpointFixture: String, CaseIterable {
  /// Adam, dropout, a cosine schedule and early stopping; saved between two epochs, when the best one was not the last.
  case perceptron
  /// Two convolutions with batch normalisation, momentum; saved between two epochs.
  case convolutional
  /// A layer with unnamed parameters and unusual attributes, RMSProp, penalty and clipping; saved in the middle of an epoch.
  case interrupted

  /// What the file says of itself.
  var settings: [String: String] { ["fixture": rawValue, "instruction-set": "avx512"] }

  /// The fingerprint of the program in revision 1d59674.
  var fingerprint: String {
    switch self {
    case .perceptron: "964f14e07f8ccfbd"
    case .convolutional: "c136ac769c7607d8"
    case .interrupted: "aabe68e853902eab"
    }
  }

  /// Digests of all tensors at the end of the training, resumed from the file today, by instruction set. They are recorded
  /// anew where bits move on purpose.
  private var digests: [String: String] {
    switch self {
    case .perceptron:
      [
        "avx512": "77073d46ed26c768", "avx2": "77073d46ed26c768", "baseline": "8ed35a0ed5bbfc6a",
        "reference": "9351a9ea8c3248da",
      ]
    case .convolutional:
      [
        "avx512": "1053fd36e5b7bef8", "avx2": "1053fd36e5b7bef8", "baseline": "5851b69de6f5aed0",
        "reference": "1aa3e3fb58bc9dde",
      ]
    case .interrupted:
      [
        "avx512": "6f074ea8aced956c", "avx2": "6f074ea8aced956c", "baseline": "8619e4a047074463",
        "reference": "d80732920917b7e2",
      ]
    }
  }

  /// The digest of this process's instruction set, where the system's mathematical functions are those of the files too.
  var digest: String? {
    #if canImport(Glibc) && arch(x86_64)
      digests[Kernels.name]
    #else
      nil
    #endif
  }

  /// The finished epochs, and the batches of the next one, after which the training was saved.
  var pause: (epoch: Int, batch: Int) {
    switch self {
    case .perceptron: (6, 0)
    case .convolutional: (2, 0)
    case .interrupted: (3, 2)
    }
  }

  // MARK: Files

  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Fixtures")

  /// The checkpoint in the middle of the training.
  var start: URL { CheckpointFixture.folder.appendingPathComponent(rawValue + ".safetensors") }
  /// The checkpoint at the end of the training.
  var end: URL { CheckpointFixture.folder.appendingPathComponent(rawValue + "-end.safetensors") }

  // MARK: Training

  /// The training from its beginning.
  /// - Parameter isRestored: begins with other weights and another shuffling, all of which a checkpoint must replace.
  func trainer(isRestored: Bool = false) -> Trainer<LabeledPoints> {
    var generator = Generator(seed: isRestored ? 99 : 1)
    switch self {
    case .perceptron: return trainer(of: CheckpointFixture.perceptron(using: &generator), generator)
    case .convolutional: return trainer(of: CheckpointFixture.convolutional(using: &generator), generator)
    case .interrupted: return trainer(of: StridedNetwork(using: &generator), generator)
    }
  }

  /// Trains up to where the file was saved.
  func advance(_ trainer: Trainer<LabeledPoints>) throws {
    struct Pause: Error {}
    let (epoch, batch) = pause
    do {
      try trainer.run(
        afterStep: { _ in trainer.progress.epoch != epoch || trainer.progress.batch != batch },
        afterEpoch: { if batch == 0 && $0.number == epoch { throw Pause() } })
    } catch is Pause {}
  }

  static func perceptron(
    hidden: Int = 8, activation: Activation = .relu, using generator: inout Generator
  ) -> MLP<Float> {
    MLP([5, hidden, 6, 3], activation: activation, dropout: 0.2, initializer: .heUniform, using: &generator)
  }

  static func convolutional(
    filters: [Int] = [2, 3], batchNorm: Bool = true, using generator: inout Generator
  ) -> CNN<Float> {
    CNN(
      height: 16, width: 16, classes: 3, filters: filters, hidden: [6], dropout: 0.25, batchNorm: batchNorm,
      initializer: .heUniform, using: &generator)
  }

  /// The trainer of a model that need not be the fixture's own.
  func trainer(of model: some Layer<Float>, _ generator: Generator, batchSize: Int = 8) -> Trainer<LabeledPoints> {
    let predictor = Predictor<Float>(batchSize: 8) { model($0) }
    func trainer(
      _ step: TrainingStep<Float>, _ data: (LabeledPoints, LabeledPoints), epochs: Int, patience: Int?
    ) -> Trainer<LabeledPoints> {
      Trainer(
        step: step, predictor: predictor, training: data.0, validation: data.1, epochs: epochs, batchSize: batchSize,
        stopping: patience.map { EarlyStopping(patience: $0) }, generator: generator)
    }
    switch self {
    case .perceptron:
      let step = TrainingStep<Float>(optimizer: Adam(learningRate: 0.05), schedule: .cosine(steps: 40), seed: 3) {
        crossEntropy(logits: model($0), labels: $1)
      }
      return trainer(step, points(42, features: 5, noise: 1.5), epochs: 8, patience: 6)
    case .convolutional:
      let step = TrainingStep<Float>(
        optimizer: Momentum(learningRate: 0.02), schedule: .staircase(every: 4, factor: 0.5), seed: 4
      ) { crossEntropy(logits: model($0), labels: $1) }
      return trainer(step, points(28, features: 256, noise: 1), epochs: 4, patience: nil)
    case .interrupted:
      let step = TrainingStep<Float>(
        optimizer: RMSProp(learningRate: 0.01), schedule: .exponential(rate: 0.98),
        regularization: Regularization(l2: 1e-3), clipping: .norm(0.25), seed: 5
      ) { ClassificationLoss.binaryCrossEntropy(model($0), labels: $1) }
      return trainer(step, points(34, features: 64, noise: 1.5), epochs: 5, patience: 5)
    }
  }

  /// Points of three classes around random centres: for training, and eight for validation.
  private func points(_ count: Int, features: Int, noise: Double) -> (LabeledPoints, LabeledPoints) {
    var generator = Generator(seed: 2)
    let centres = (0..<3 * features).map { _ in generator.uniform(-1, 1) }
    let labels = (0..<count).map { Int32($0 % 3) }
    let elements = labels.flatMap { label in
      (0..<features).map { Float(centres[Int(label) * features + $0] + generator.uniform(-noise, noise)) }
    }
    let all = LabeledPoints(
      inputs: Tensor(shape: [count, features], elements: elements), labels: labels, classNames: ["a", "b", "c"])
    return (all.selecting(Array(8..<count)[...]), all.prefix(8))
  }
}

/// A strided and padded convolution, batch normalisation and average pooling, all with attributes that no default gives.
struct StridedNetwork: Layer {
  let convolution: Conv2D<Float>
  let norm = BatchNorm<Float>(3, momentum: 0.25, epsilon: 1e-3)
  let head: Linear<Float>
  let slope: Double

  init(slope: Double = 0.1, using generator: inout Generator) {
    // Without a bias: normalisation takes away what it adds, so its gradient would be nothing but rounding.
    convolution = Conv2D(
      1, 3, size: 3, stride: 2, padding: 1, bias: false, initializer: .leCunUniform, using: &generator)
    head = Linear(12, 3, initializer: .glorotUniform, using: &generator)
    self.slope = slope
  }

  func callAsFunction(_ x: Variable<Float>) -> Variable<Float> {
    let images = x.reshape(to: [x.shape[0], 8, 8, 1])
    let features = norm(convolution(images)).leakyRelu(slope: slope).averagePool(2).flatten()
    return head(dropout(features, rate: 0.2))
  }
}
