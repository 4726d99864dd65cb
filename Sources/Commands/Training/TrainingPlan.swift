import Adjoint
import AdjointCommandData
import AdjointCommandLine
import AdjointDatasets
import AdjointLearning

/// Everything that decides the result of a training, as checked data.
package struct TrainingPlan {
  package let data: DataSource
  private let reading: DataOptions
  package let limits: (training: Int?, test: Int?)
  package let standardization: StandardizationName
  package let validation: Double
  package let network: NetworkName
  /// Kernels of each convolution.
  package let filters: [Int]
  /// Units of the hidden layers.
  package let hidden: [Int]
  package let activation: Activation
  package let initializer: InitializerName
  package let dropout: Double
  package let loss: ClassificationLoss
  package let optimizer: OptimizerEntry
  /// By option name, defaults included.
  package let hyperparameters: [String: Double]
  package let schedule: ScheduleNotation
  package let clipping: Clipping
  package let regularization: Regularization
  package let batch: Int
  /// The shards of a batch; `nil` where it is one.
  package let shards: Int?
  package let epochs: Int
  package let seed: Int
  package let stopping: EarlyStopping?
  /// The options that were given, which make this plan again.
  package let settings: [String: String]

  package init(_ arguments: Arguments) throws(CommandError) {
    let source = try DataSource(arguments.required("data"))
    data = source
    reading = try DataOptions(arguments)
    limits = (
      try arguments.givenInteger("train-limit"), try arguments.givenInteger("test-limit")
    )
    standardization = try arguments.choice("standardize")
    validation = try arguments.number("validation")
    network = try arguments.choice("model")
    filters = try TrainingPlan.sizes(arguments.required("filters"), of: arguments.option("filters"))
    hidden = try TrainingPlan.sizes(arguments.required("hidden"), of: arguments.option("hidden"))
    activation = try arguments.choice("activation")
    initializer = try arguments.choice("initializer")
    dropout = try arguments.number("dropout")
    loss = try arguments.choice("loss")
    (optimizer, hyperparameters) = try TrainingPlan.optimizer(arguments)
    schedule = try ScheduleNotation(arguments.required("schedule"), of: arguments.option("schedule"))
    clipping = try arguments.isGiven("clip-norm") ? .norm(arguments.number("clip-norm")) : .none
    regularization = Regularization(l1: try arguments.number("l1"), l2: try arguments.number("l2"))
    batch = try arguments.integer("batch")
    shards = try arguments.givenInteger("shards")
    if let shards, shards.nonzeroBitCount != 1 {
      throw arguments.option("shards").bad(String(shards), expected: "a power of two, such as 8")
    }
    epochs = try arguments.integer("epochs")
    seed = try arguments.integer("seed")
    stopping = try TrainingPlan.stopping(arguments, validation: validation)
    try TrainingPlan.refuseUnused(arguments, network, hidden)
    var settings = arguments.given.filter { name, _ in TrainingOptions.settings.contains { $0.name == name } }
    for option in TrainingOptions.settings {
      guard settings[option.name] == nil, let fallback = option.fallback else { continue }
      settings[option.name] = try option.canonical(fallback)
    }
    settings["data"] = source.setting
    self.settings = settings
  }

  /// Refuses options that would have no effect.
  private static func refuseUnused(
    _ arguments: Arguments, _ network: NetworkName, _ hidden: [Int]
  ) throws(CommandError) {
    // A checkpoint stores defaults too.
    if arguments.isStored { return }
    switch network {
    case .cnn:
      if arguments.isGiven("hidden") {
        throw .unusedOption("hidden", reason: "with --model cnn", usedBy: ["--model mlp"])
      }
    case .mlp:
      if arguments.isGiven("filters") {
        throw .unusedOption("filters", reason: "with --model mlp", usedBy: ["--model cnn"])
      }
      for name in ["activation", "dropout"] where arguments.isGiven(name) && hidden.isEmpty {
        throw .unusedOption(name, reason: "with --hidden none", usedBy: [])
      }
    }
  }

  private static func sizes(_ text: String, of option: Option) throws(CommandError) -> [Int] {
    if text == "none" { return [] }
    let sizes = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    guard sizes.allSatisfy({ (1...100_000).contains($0) }) else {
      throw option.bad(text, expected: "sizes between commas, such as 128,64, or none", among: ["none"])
    }
    return sizes
  }

  private static func optimizer(_ arguments: Arguments) throws(CommandError) -> (OptimizerEntry, [String: Double]) {
    let name = try arguments.required("optimizer")
    guard let entry = OptimizerEntry.named(name) else {
      throw arguments.option("optimizer").bad(name, expected: OptimizerEntry.all.map(\.name).listed("or"))
    }
    var values = Dictionary(uniqueKeysWithValues: entry.hyperparameters.map { ($0.option, $0.value) })
    for option in OptimizerEntry.hyperparameterOptions where arguments.isGiven(option) {
      guard values[option] != nil else {
        throw .unusedOption(option, reason: "with the optimizer \(name)", usedBy: OptimizerEntry.users(of: option))
      }
      values[option] = try arguments.number(option)
    }
    return (entry, values)
  }

  private static func stopping(_ arguments: Arguments, validation: Double) throws(CommandError) -> EarlyStopping? {
    guard arguments.isGiven("patience") else {
      if arguments.isGiven("stop-rule"), try arguments.required("stop-rule") != "since-best" {
        throw .unusedOption("stop-rule", reason: "without --patience", usedBy: [])
      }
      return nil
    }
    guard validation > 0 else {
      throw .unusedOption("patience", reason: "without --validation, such as --validation 0.2", usedBy: [])
    }
    return EarlyStopping(patience: try arguments.integer("patience"), rule: try arguments.choice("stop-rule"))
  }
}

extension TrainingPlan {
  /// Streams of the seed, one for each use.
  package enum Stream: UInt64 {
    case weights = 1
    case order, split
  }

  /// The choices about reading the data, with the limit of memory of this run.
  package func dataOptions(_ arguments: Arguments) throws(CommandError) -> DataOptions {
    var options = reading
    options.memoryLimit = try DataOptions(arguments).memoryLimit
    options.leavesImages = shards != nil
    return options
  }

  /// The plan with what was not given chosen by the data.
  ///
  /// Tables are small and their features have any scale: each feature is standardised, the hidden layer has about two
  /// units for each feature, and there are about 2,000 steps.
  /// - Throws: `CommandError` for options that rows of numbers do not have.
  package func fitted(to examples: Examples, _ arguments: Arguments) throws(CommandError) -> TrainingPlan {
    func powerOfTwo(_ value: Int, _ range: ClosedRange<Int>) -> Int {
      let power = 1 << (Int.bitWidth - 1 - max(value, 1).leadingZeroBitCount)
      return min(max(power, range.lowerBound), range.upperBound)
    }
    var defaults: [String: String] = [:]
    if case .points(let points) = examples {
      guard network == .mlp else {
        throw .wrongSize(
          file: data.title, expected: "images, which --model cnn takes",
          found: "rows of \(points.inputShape[0].of("number"))")
      }
      guard standardization != .image else {
        throw .badValue(
          option: "standardize", value: "image", expected: "none or pixel (each feature) for rows of numbers",
          suggestion: nil)
      }
      defaults["standardize"] = StandardizationName.pixel.optionName
      defaults["hidden"] = String(powerOfTwo(4 * points.inputShape[0] - 1, 32...128))
    } else {
      switch data {
      case .drawn, .mnist, .directory: return self
      case .table, .arrays: break
      }
    }
    let size = powerOfTwo(examples.count / 8, 8...128)
    let steps = (examples.count + size - 1) / size
    defaults["batch"] = String(size)
    if !arguments.isGiven("batch") { defaults["epochs"] = String(min(max(2000 / max(steps, 1), 10), 200)) }
    return try TrainingPlan(arguments.supplying(defaults))
  }

  package func generator(_ stream: Stream) -> Generator { Generator(seed: UInt64(seed)).stream(stream.rawValue) }

  /// The optimiser in words.
  package var optimization: String {
    let values = optimizer.hyperparameters.map { entry in
      let name = entry.option == "learning-rate" ? "rate" : entry.option
      return "\(name) \((hyperparameters[entry.option] ?? entry.value).short)"
    }
    return "\(optimizer.name) (\(values.joined(separator: ", ")))"
  }
}
