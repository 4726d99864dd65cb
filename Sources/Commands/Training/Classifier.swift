import Adjoint
import AdjointCommandData
import AdjointCommandLine
import AdjointDatasets
import AdjointFiles
import AdjointLearning
import Foundation

/// A network with all that is needed to use it: the inputs that it takes, standardisation, names of the classes.
///
/// Its settings are what a checkpoint stores: the options of the training, and the data's part under names of their own.
package struct Classifier {
  package let plan: TrainingPlan
  /// The size of an image; of rows of numbers, 1 and their count.
  package let height: Int
  package let width: Int
  package let isImages: Bool
  /// The names of the features of rows; empty where they have none.
  package let featureNames: [String]
  /// True where the label is the first column of a row.
  package let isLabelFirst: Bool
  /// The mean brightness of the border of the images that it was trained on, 0 to 255.
  package let border: Int
  package let classNames: [String]
  /// The classes as the data of the training spell them.
  package let classLabels: [String]
  package let standardization: Standardization
  /// The value of `--data` when it was trained.
  package let trainedOn: String
  package let model: any Layer<Float>

  /// All parameters by name.
  package var parameters: [(name: String, parameter: Parameter<Float>)] {
    model.parameters(forInput: [1, height * width])
  }
  package var parameterCount: Int { parameters.reduce(0) { $0 + $1.parameter.count } }
  package var architecture: String { plan.architecture(height: height, width: width, classes: classNames.count) }

  /// A new one for these training examples; `data` are those of the whole source.
  /// - Throws: `CommandError`; `FileError` when images that are in a file cannot be read.
  package init(_ plan: TrainingPlan, for training: Examples, of data: LoadedData) throws {
    self.plan = plan
    classNames = training.classNames
    (classLabels, isLabelFirst) = (data.classLabels, data.isLabelFirst)
    trainedOn = plan.data.setting
    switch training {
    case .images(let images):
      (height, width, isImages, featureNames) = (images.height, images.width, true, [])
      border = try Classifier.border(of: training)
      standardization = Classifier.standardization(plan) { FeatureStatistics(of: images) }
    case .stored(let images):
      (height, width, isImages, featureNames) = (images.height, images.width, true, [])
      border = try Classifier.border(of: training)
      standardization = try Classifier.standardization(plan) { try FeatureStatistics(of: images) }
    case .points(let points):
      // A checkpoint keeps names line by line.
      let isOneLine = !points.featureNames.contains { $0.contains(where: \.isNewline) }
      (height, width, isImages) = (1, points.inputShape[0], false)
      featureNames = isOneLine ? points.featureNames : []
      border = 0
      standardization =
        plan.standardization == .none ? .none : .perPixel(FeatureStatistics(of: points.inputs))
    }
    try plan.check(height: height, width: width, classes: classNames.count)
    model = plan.model(height: height, width: width, classes: classNames.count)
  }

  private static func standardization(
    _ plan: TrainingPlan, _ statistics: () throws -> FeatureStatistics
  ) rethrows -> Standardization {
    switch plan.standardization {
    case .none: .none
    case .image: .perImage
    case .pixel: .perPixel(try statistics())
    }
  }

  /// The outputs for inputs, and the loss that evaluation reports, for 64 examples at a time, whose images a cache holds.
  package func predictor() -> Predictor<Float> {
    Predictor(batchSize: 64, loss: plan.loss) { [model] in model($0) }
  }

  /// The examples as the network takes them.
  package func standardized(_ examples: Examples) -> Examples {
    switch examples {
    case .images(let images): .images(images.standardized(standardization))
    case .stored(let images): .stored(images.standardized(standardization))
    case .points(let points):
      if case .perPixel(let statistics) = standardization {
        .points(points.standardized(by: statistics))
      } else {
        examples
      }
    }
  }

  /// The inputs in words: `images of 28 × 28 pixels` or `rows of 4 numbers`.
  package var inputs: String { isImages ? "images of \(height) × \(width) pixels" : "rows of \(width.of("number"))" }

  /// Refuses examples of another kind or size, and brings their classes into the order of training, by their names.
  package func matched(_ examples: Examples, from source: String) throws(CommandError) -> Examples {
    guard examples.count > 0 else { throw .tooFewExamples("\(source): there is nothing to evaluate on") }
    let found: String
    if let size = examples.imageSize {
      if isImages && size == (height, width) { return try labeled(examples, from: source) }
      found = "images of \(size.height) × \(size.width)"
    } else {
      if !isImages && examples.inputShape[0] == width { return try labeled(examples, from: source) }
      found = "rows of \(examples.inputShape[0].of("number"))"
    }
    throw .wrongSize(file: source, expected: "\(inputs), as in training", found: found)
  }

  private func labeled(_ examples: Examples, from source: String) throws(CommandError) -> Examples {
    if examples.classNames == classNames { return examples }
    var numbers: [Int32] = []
    for name in examples.classNames {
      guard let number = classLabels.firstIndex(of: name) ?? classNames.firstIndex(of: name) else {
        throw .wrongSize(
          file: source,
          expected:
            "the \(classNames.count) classes of training, \(classNames.prefix(12).map { quoted($0) }.listed("and"))",
          found: "the class \(quoted(name))")
      }
      numbers.append(Int32(number))
    }
    return examples.labeled(examples.labels.map { numbers[Int($0)] }, classNames: classNames)
  }

  /// The mean brightness of the outermost pixels of the first images.
  private static func border(of examples: Examples) throws(FileError) -> Int {
    guard let (height, width) = examples.imageSize, examples.count > 0 else { return 0 }
    let count = min(examples.count, 1000)
    var sum = 0
    for number in 0..<count { sum += border(try examples.image(number), height: height, width: width) }
    return sum / count
  }

  /// The mean brightness of the outermost pixels of an image.
  package static func border(_ pixels: [UInt8], height: Int, width: Int) -> Int {
    var (sum, count) = (0, 0)
    for row in 0..<height {
      let isEdge = row == 0 || row == height - 1
      for column in stride(from: 0, to: width, by: isEdge ? 1 : max(width - 1, 1)) {
        sum += Int(pixels[row * width + column])
        count += 1
      }
    }
    return count > 0 ? sum / count : 0
  }
}

/// Storing and loading.
extension Classifier {
  private enum Key {
    static let size = "image-size"
    static let border = "image-border"
    static let features = "features"
    static let featureNames = "feature-names"
    static let labelPlace = "label-place"
    static let classes = "class-names"
    static let labels = "class-labels"
    static let mean = "pixel-mean"
    static let deviation = "pixel-deviation"
  }

  /// Everything that a checkpoint stores apart from the weights.
  package var settings: [String: String] {
    var settings = plan.settings
    if isImages {
      settings[Key.size] = "\(height)x\(width)"
      if border > 0 { settings[Key.border] = String(border) }
    } else {
      settings[Key.features] = String(width)
      if !featureNames.isEmpty { settings[Key.featureNames] = featureNames.joined(separator: "\n") }
    }
    if !isLabelFirst { settings[Key.labelPlace] = "last" }
    settings[Key.classes] = classNames.joined(separator: "\n")
    if classLabels != classNames { settings[Key.labels] = classLabels.joined(separator: "\n") }
    if case .perPixel(let statistics) = standardization {
      settings[Key.mean] = Classifier.text(statistics.mean)
      settings[Key.deviation] = Classifier.text(statistics.deviation)
    }
    return settings
  }

  /// The network in a checkpoint, with its weights; or the one that `foreign` describes, with weights of another program.
  /// - Throws: `FileError`, or `CommandError.foreignCheckpoint` for a file that `adjoint train` did not write.
  package init(loading file: String, as foreign: ForeignModel? = nil) throws {
    let checkpoint = try openCheckpoint(file)
    if let foreign {
      if checkpoint.settings[Key.classes] != nil {
        throw CommandError.unusedOption(
          "model", reason: "with a checkpoint of 'adjoint train', which says its own", usedBy: [])
      }
      try self.init(foreign.settings, of: file, normalization: foreign.normalization)
      try checkpoint.loadWeights(into: parameters, renaming: foreign.renaming)
      return
    }
    do throws(CommandError) {
      try self.init(checkpoint.settings, of: file)
    } catch {
      guard case .foreignCheckpoint(let file, let missing, _, _) = error else { throw error }
      throw CommandError.foreignCheckpoint(
        file, missing: missing, tensors: checkpoint.tensors.map(\.name),
        suggestion: ForeignModel.suggestion(for: checkpoint))
    }
    try checkpoint.loadWeights(into: parameters)
  }

  private init(
    _ settings: [String: String], of file: String, normalization: (mean: Float, deviation: Float)? = nil
  ) throws(CommandError) {
    func setting(_ name: String) throws(CommandError) -> String {
      guard let value = settings[name] else { throw .foreignCheckpoint(file, missing: name) }
      return value
    }
    // The data of the training need not be there any more: whoever uses the network brings other data.
    plan = try TrainingPlan(stored: settings.merging(["data": "drawn"]) { $1 }, of: file)
    trainedOn = try setting("data")
    func lines(_ name: String) -> [String]? {
      settings[name]?.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }
    if let features = settings[Key.features] {
      guard let count = Int(features), (1...100_000_000).contains(count) else {
        throw .foreignCheckpoint(file, missing: Key.features)
      }
      (height, width, isImages, featureNames) = (1, count, false, lines(Key.featureNames) ?? [])
      guard featureNames.isEmpty || featureNames.count == count else {
        throw .foreignCheckpoint(file, missing: Key.featureNames)
      }
    } else {
      let size = try setting(Key.size).split(separator: "x").compactMap { Int($0) }
      guard size.count == 2, size.allSatisfy({ (1...10_000).contains($0) }) else {
        throw .foreignCheckpoint(file, missing: Key.size)
      }
      (height, width, isImages, featureNames) = (size[0], size[1], true, [])
    }
    border = settings[Key.border].flatMap { Int($0) } ?? 0
    isLabelFirst = settings[Key.labelPlace] != "last"
    let names = try setting(Key.classes).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    classNames = names
    classLabels = lines(Key.labels) ?? names
    guard classLabels.count == names.count else { throw .foreignCheckpoint(file, missing: Key.labels) }
    switch plan.standardization {
    case .none:
      standardization =
        normalization.map { [height, width] (mean, deviation) in
          .perPixel(
            FeatureStatistics(
              mean: Array(repeating: mean, count: height * width),
              deviation: Array(repeating: deviation, count: height * width)))
        } ?? .none
    case .image: standardization = .perImage
    case .pixel:
      let mean = Classifier.numbers(try setting(Key.mean))
      let deviation = Classifier.numbers(try setting(Key.deviation))
      guard mean.count == height * width, deviation.count == mean.count, deviation.allSatisfy({ $0 >= 0 }),
        (mean + deviation).allSatisfy(\.isFinite)
      else {
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
  package init(stored settings: [String: String], of file: String) throws(CommandError) {
    for name in ["hidden", "loss", "optimizer"] where settings[name] == nil {
      throw .foreignCheckpoint(file, missing: name)
    }
    self = try CommandError.blaming(file) { () throws(CommandError) in
      try TrainingPlan(Arguments(stored: settings, for: TrainingOptions.command))
    }
  }
}

/// Opens a checkpoint.
/// - Throws: `CommandError.noCheckpoint` when there is no such file; `FileError` when it is damaged.
package func openCheckpoint(_ file: String, resuming: Bool = false) throws -> Checkpoint {
  let url = FilePlace.url(file)
  guard FileManager.default.fileExists(atPath: url.path) else {
    throw CommandError.noCheckpoint(file, resuming: resuming)
  }
  return try Checkpoint(contentsOf: url)
}
