import Adjoint
import AdjointCommandLine
import AdjointDatasets
import AdjointFiles
import AdjointLearning
import Foundation

/// A network with all that is needed to use it: sizes of the images, standardisation, names of the classes.
///
/// Its settings are what a checkpoint stores: the options of the training, and the data's part under names of their own.
struct Classifier {
  let plan: TrainingPlan
  let height: Int
  let width: Int
  let classNames: [String]
  let standardization: Standardization
  /// The value of `--data` when it was trained.
  let trainedOn: String
  let model: any Layer<Float>

  /// All parameters by name.
  var parameters: [(name: String, parameter: Parameter<Float>)] { model.parameters(forInput: [1, height * width]) }
  var parameterCount: Int { parameters.reduce(0) { $0 + $1.parameter.count } }
  var architecture: String { plan.architecture(height: height, width: width, classes: classNames.count) }

  /// A new one for these training images.
  init(_ plan: TrainingPlan, for training: LabeledImages) throws(CommandError) {
    self.plan = plan
    try plan.check(height: training.height, width: training.width, classes: training.classCount)
    (height, width, classNames) = (training.height, training.width, training.classNames)
    trainedOn = plan.data.setting
    standardization =
      switch plan.standardization {
      case .none: .none
      case .image: .perImage
      case .pixel: .perPixel(FeatureStatistics(of: training))
      }
    model = plan.model(height: training.height, width: training.width, classes: training.classCount)
  }

  /// The outputs for inputs, and the loss that evaluation reports.
  func predictor() -> Predictor<Float> { Predictor(loss: plan.loss) { [model] in model($0) } }

  /// Refuses images of another size or with more classes than the model has outputs.
  func check(_ images: LabeledImages, from source: String) throws(CommandError) {
    guard images.count > 0 else { throw .tooFewExamples("\(source): there are no images to evaluate on") }
    guard (images.height, images.width) == (height, width) else {
      throw .wrongSize(
        file: source, expected: "images of \(height) × \(width) pixels, as in training",
        found: "\(images.height) × \(images.width)")
    }
    guard images.classCount <= classNames.count else {
      throw .wrongSize(
        file: source, expected: "at most \(classNames.count) classes, as in training", found: "\(images.classCount)")
    }
  }
}

/// Storing and loading.
extension Classifier {
  private enum Key {
    static let size = "image-size"
    static let classes = "class-names"
    static let mean = "pixel-mean"
    static let deviation = "pixel-deviation"
  }

  /// Everything that a checkpoint stores apart from the weights.
  var settings: [String: String] {
    var settings = plan.settings
    settings[Key.size] = "\(height)x\(width)"
    settings[Key.classes] = classNames.joined(separator: "\n")
    if case .perPixel(let statistics) = standardization {
      settings[Key.mean] = Classifier.text(statistics.mean)
      settings[Key.deviation] = Classifier.text(statistics.deviation)
    }
    return settings
  }

  /// The network in a checkpoint, with its weights.
  /// - Throws: `FileError`, or `CommandError.foreignCheckpoint` for a file that `adjoint train` did not write.
  init(loading file: String) throws {
    let checkpoint = try openCheckpoint(file)
    try self.init(checkpoint.settings, of: file)
    try checkpoint.loadWeights(into: parameters)
  }

  private init(_ settings: [String: String], of file: String) throws(CommandError) {
    func setting(_ name: String) throws(CommandError) -> String {
      guard let value = settings[name] else { throw .foreignCheckpoint(file, missing: name) }
      return value
    }
    // The data of the training need not be there any more: whoever uses the network brings other data.
    plan = try TrainingPlan(stored: settings.merging(["data": "drawn"]) { $1 }, of: file)
    trainedOn = try setting("data")
    let size = try setting(Key.size).split(separator: "x").compactMap { Int($0) }
    guard size.count == 2, size.allSatisfy({ (1...10_000).contains($0) }) else {
      throw .foreignCheckpoint(file, missing: Key.size)
    }
    (height, width) = (size[0], size[1])
    classNames = try setting(Key.classes).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    switch plan.standardization {
    case .none: standardization = .none
    case .image: standardization = .perImage
    case .pixel:
      let mean = Classifier.numbers(try setting(Key.mean))
      let deviation = Classifier.numbers(try setting(Key.deviation))
      guard mean.count == height * width, deviation.count == mean.count, deviation.allSatisfy({ $0 >= 0 }) else {
        throw .foreignCheckpoint(file, missing: Key.mean)
      }
      standardization = .perPixel(FeatureStatistics(mean: mean, deviation: deviation))
    }
    try CommandError.blaming(file) { [plan, height, width, classNames] () throws(CommandError) in
      try plan.check(height: height, width: width, classes: classNames.count)
    }
    model = plan.model(height: height, width: width, classes: classNames.count)
  }

  /// Numbers as text that keeps every bit: base 64 of little-endian words.
  private static func text(_ numbers: [Float]) -> String {
    Data(ByteOrder.littleEndian.bytes(of: numbers.map(\.bitPattern))).base64EncodedString()
  }

  private static func numbers(_ text: String) -> [Float] {
    ByteOrder.littleEndian.words(of: [UInt8](Data(base64Encoded: text) ?? Data())).map { Float(bitPattern: $0) }
  }
}

extension TrainingPlan {
  /// The plan in a checkpoint's settings. What is wrong with them is the file's fault: nobody gave these options.
  init(stored settings: [String: String], of file: String) throws(CommandError) {
    for name in ["hidden", "loss", "optimizer"] where settings[name] == nil {
      throw .foreignCheckpoint(file, missing: name)
    }
    self = try CommandError.blaming(file) { () throws(CommandError) in
      try TrainingPlan(Arguments(stored: settings, for: TrainCommand.command))
    }
  }
}

/// Opens a checkpoint.
/// - Throws: `CommandError.noCheckpoint` when there is no such file; `FileError` when it is damaged.
func openCheckpoint(_ file: String, resuming: Bool = false) throws -> Checkpoint {
  let url = FilePlace.url(file)
  guard FileManager.default.fileExists(atPath: url.path) else {
    throw CommandError.noCheckpoint(file, resuming: resuming)
  }
  return try Checkpoint(contentsOf: url)
}
