import Adjoint
import AdjointDatasets
import AdjointLearning

/// The training of a perceptron for images, as data: the hyperparameters that the documents list.
struct Recipe: Sendable {
  /// The way from bytes to numbers.
  enum Scaling: String, Sendable {
    /// 0 to 1.
    case unit
    /// Every image has mean 0 and deviation 1.
    case perImage
    /// Every pixel has mean 0 and deviation 1 over the training set.
    case perPixel
  }

  var sizes: [Int]
  var activation: Activation = .tanh
  var hasBias = true
  var initializer: Initializer = .leCunNormal
  var optimizer: any Optimizer
  var regularization: Regularization = .none
  var scaling: Scaling
  var batch: Int
  var epochs: Int
  var stopping: EarlyStopping?
  /// The fraction of the training images that is set aside.
  var validation = 0.0

  /// Everything, written out.
  var values: [String: String] {
    var values = [
      "sizes": sizes.map(String.init).joined(separator: "-"), "activation": activation.rawValue,
      "biases": String(hasBias), "initializer": "\(initializer)", "optimizer": "\(optimizer)",
      "scaling": scaling.rawValue, "batch": String(batch), "epochs": String(epochs), "validation": String(validation),
    ]
    if regularization != .none {
      values["l1"] = String(regularization.l1)
      values["l2"] = String(regularization.l2)
    }
    if let stopping { values["stopping"] = "\(stopping.rule.rawValue), \(stopping.patience)" }
    return values
  }

  /// Weights and biases.
  var parameterCount: Int { zip(sizes, sizes.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 + (hasBias ? $1.1 : 0) } }

  /// Seconds of one core for training on so many images: the products' arithmetic at about 200 GFLOP/s, and what each image
  /// costs besides.
  func seconds(images: Int) -> Double { Double(images) * (Double(parameterCount) * 4 / 200e9 + 0.6e-6) }

  func scaled(_ digits: Digits) -> Digits {
    let standardization: Standardization =
      switch scaling {
      case .unit: .none
      case .perImage: .perImage
      case .perPixel: .perPixel(FeatureStatistics(of: digits.training))
      }
    return Digits(
      name: digits.name, training: digits.training.standardized(standardization),
      test: digits.test.standardized(standardization))
  }

  func model(_ context: RunContext) -> MLP<Float> {
    var generator = context.generator(.weights)
    return MLP(sizes, activation: activation, bias: hasBias, initializer: initializer, using: &generator)
  }
}

/// A perceptron in training: the library's trainer around a recipe.
struct RecipeTraining {
  let recipe: Recipe
  let model: MLP<Float>
  let trainer: Trainer<LabeledImages>
  let predictor: Predictor<Float>
  let digits: Digits

  /// - Parameter model: another beginning than the recipe's initialiser.
  init(_ recipe: Recipe, _ context: RunContext, model given: MLP<Float>? = nil) {
    self.recipe = recipe
    digits = recipe.scaled(context.digits)
    let model = given ?? recipe.model(context)
    self.model = model
    predictor = Predictor { model($0) }
    func step(_ optimizer: some Optimizer) -> TrainingStep<Float> {
      TrainingStep(optimizer: optimizer, regularization: recipe.regularization, seed: UInt64(context.seed)) {
        crossEntropy(logits: model($0), labels: $1)
      }
    }
    var (training, validation): (LabeledImages, LabeledImages?) = (digits.training, nil)
    if recipe.validation > 0 {
      var generator = context.generator(.split)
      (training, validation) = digits.training.split(validation: recipe.validation, using: &generator)
    }
    trainer = Trainer(
      step: step(recipe.optimizer), predictor: predictor, training: training, validation: validation,
      epochs: recipe.epochs, batchSize: recipe.batch, stopping: recipe.stopping, generator: context.generator(.order))
  }

  /// Trains to the end, with the four curves of document 002 in each epoch, and evaluates on the test set.
  func run(afterEpoch: () throws -> Void = {}) throws -> Outcome {
    // Accuracy on the training set is judged on as many of its images as there are to validate: a fair and cheaper curve.
    let sample = trainer.training.prefix(trainer.validation?.count ?? 10_000)
    var outcome = Outcome()
    try trainer.run(afterEpoch: { epoch in
      outcome.curves["training loss", default: []].append(epoch.loss)
      outcome.curves["training accuracy", default: []].append(try predictor.evaluate(on: sample).accuracy)
      if let validation = epoch.validation {
        outcome.curves["validation loss", default: []].append(validation.loss)
        outcome.curves["validation accuracy", default: []].append(validation.accuracy)
      }
      try afterEpoch()
    })
    let test = try predictor.evaluate(on: digits.test)
    outcome.figures = [
      "test accuracy": test.accuracy, "test loss": test.loss, "epochs": Double(trainer.progress.epoch),
    ]
    if let best = trainer.progress.stopping.bestEpoch { outcome.figures["best epoch"] = Double(best) }
    return outcome
  }
}

extension Setting {
  /// A recipe as a setting: trained as it stands, unless `run` does more.
  /// - Parameter further: values that decide the result beside the recipe's.
  init(
    _ name: String, _ recipe: Recipe, images: Int = 48_000, expectedEpochs: Int? = nil,
    also further: [String: String] = [:],
    run: @escaping @Sendable (Recipe, RunContext) throws -> Outcome = { try RecipeTraining($0, $1).run() }
  ) {
    let epochs = min(expectedEpochs ?? recipe.epochs, recipe.epochs)
    let values = recipe.values.merging(further) { $1 }
    self.init(name, values, seconds: 1.4 * recipe.seconds(images: images * epochs)) { try run(recipe, $0) }
  }
}
