import AdjointCommandLine
import AdjointCommandTraining
import AdjointDatasets
import AdjointFiles
import Foundation

/// One grey image: 0 is background and 255 ink, as in MNIST.
struct ImageInput {
  let height: Int
  let width: Int
  let pixels: [UInt8]

  /// A scan of dark ink on white paper, turned around.
  var inverted: ImageInput { ImageInput(height: height, width: width, pixels: pixels.map { 255 - $0 }) }

  /// The image as a data set of one.
  var labeled: LabeledImages {
    LabeledImages(pixels: pixels, height: height, width: width, labels: [0], classNames: ["unknown"])
  }

  /// The mean brightness of the outermost pixels, where ink is rare.
  var border: Int { Classifier.border(pixels, height: height, width: width) }
}

/// The input to predict for, from a file or a pipe: PNG, JPEG or PGM, IDX, NumPy's arrays, or a row of a table.
///
/// The content decides between them. No more is read than the network can use: a file of a million images costs one.
enum PredictionInput {
  case image(ImageInput)
  case row([Float])

  /// Reads image or row `index` of a file, which must be as the network takes them.
  /// - Throws: `CommandError`, or `FileError` for a damaged file.
  init(_ path: String, index: Int, for classifier: Classifier, memoryLimit: Int) throws {
    let file = try InputFile(FilePlace.url(path), gzip: .system, pipeLimit: memoryLimit)
    let start = try file.prefix(FileKind.prefixLength)
    if start.starts(with: [0, 0]) {
      self = try PredictionInput.idx(file, index, classifier)
    } else if classifier.isImages, start.starts(with: [0x50, 0x32]) || start.starts(with: [0x50, 0x35]) {
      let image = try PGM(file) { try PredictionInput.check(path, height: $0, width: $1, classifier) }
      self = .image(ImageInput(height: image.height, width: image.width, pixels: image.pixels))
    } else if classifier.isImages,
      let image = try RasterImage.read(
        file, memoryLimit: memoryLimit,
        isWanted: { try PredictionInput.check(path, height: $0, width: $1, classifier) })
    {
      self = .image(ImageInput(height: image.height, width: image.width, pixels: image.grey))
    } else if let kind = FileKind.name(of: start), kind.contains("NumPy") || kind.contains(".npz") {
      self = try PredictionInput.array(path, index, classifier, memoryLimit)
    } else if let kind = FileKind.name(of: start) {
      throw FileError(
        .wrongFormat, file: path, at: .wholeFile,
        expected: classifier.isImages
          ? "PNG, JPEG, PGM, IDX, NPY, NPZ or CSV" : "CSV, IDX, NPY or NPZ with \(classifier.inputs)", found: kind,
        remedy: !classifier.isImages && kind.contains("image")
          ? "The model was trained on rows of numbers: give a row of them." : FileKind.remedy(for: kind))
    } else {
      self = try PredictionInput.row(file, index, classifier, memoryLimit)
    }
  }

  private static func check(_ path: String, height: Int, width: Int, _ classifier: Classifier) throws(CommandError) {
    guard classifier.isImages, (height, width) == (classifier.height, classifier.width) else {
      throw .wrongSize(file: path, expected: "\(classifier.inputs), as in training", found: "\(height) × \(width)")
    }
  }

  /// Row `index` of an array, or the whole of one that has the size of an example.
  private static func array(
    _ path: String, _ index: Int, _ classifier: Classifier, _ memoryLimit: Int
  ) throws -> PredictionInput {
    let size = classifier.isImages ? [classifier.height, classifier.width] : [classifier.width]
    let (numbers, shape, type) = try ArrayExamples.row(
      index, of: FilePlace.url(path), size: size, memoryLimit: memoryLimit)
    guard shape.filter({ $0 != 1 }) == size.filter({ $0 != 1 }) || shape == [size.reduce(1, *)] else {
      throw CommandError.wrongSize(
        file: path, expected: "\(classifier.inputs), as in training", found: "examples of shape \(shape)")
    }
    guard classifier.isImages else { return .row(numbers.map { Float($0) }) }
    return .image(try image(numbers, classifier, path, scalingFractions: !type.isInteger))
  }

  private static func idx(_ file: InputFile, _ index: Int, _ classifier: Classifier) throws -> PredictionInput {
    let (type, dimensions) = try IDX.header(of: file)
    let isSize =
      classifier.isImages
      ? dimensions.count == 3 && dimensions[1...] == [classifier.height, classifier.width]
      : dimensions.count > 1 && dimensions.dropFirst().reduce(Double(1)) { $0 * Double($1) } == Double(classifier.width)
    guard isSize else {
      throw CommandError.wrongSize(
        file: file.path, expected: "\(classifier.inputs), as in training", found: "\(type) \(dimensions)")
    }
    guard index < dimensions[0] else {
      throw CommandError.badImage(
        file: file.path, place: "--index \(index)", expected: "an index below \(dimensions[0]), the number of examples",
        found: "\(index)")
    }
    let array = try IDX.read(file, rows: index..<index + 1)
    let numbers = array.numbers()
    guard classifier.isImages else { return .row(numbers.map { Float($0) }) }
    return .image(try image(numbers, classifier, file.path, scalingFractions: false))
  }

  private static func row(
    _ file: InputFile, _ index: Int, _ classifier: Classifier, _ memoryLimit: Int
  ) throws -> PredictionInput {
    let row = try FeatureRow(
      file, index: index, count: classifier.height * classifier.width, features: classifier.featureNames,
      isLabelFirst: classifier.isLabelFirst, memoryLimit: memoryLimit)
    guard classifier.isImages else { return .row(row.numbers) }
    return .image(try image(row.numbers.map { Double($0) }, classifier, file.path, scalingFractions: true))
  }

  /// Numbers from 0 to 255 as pixels; where all are at most 1, they may be fractions of the brightest.
  private static func image(
    _ numbers: [Double], _ classifier: Classifier, _ path: String, scalingFractions: Bool
  ) throws(CommandError) -> ImageInput {
    if let wrong = numbers.firstIndex(where: { !(0...255).contains($0) }) {
      throw .badImage(
        file: path, place: "pixel \(wrong + 1)", expected: "a number from 0 to 255", found: "\(numbers[wrong])")
    }
    let scale = scalingFractions && numbers.allSatisfy { $0 <= 1 } ? 255.0 : 1
    return ImageInput(
      height: classifier.height, width: classifier.width, pixels: numbers.map { UInt8(($0 * scale).rounded()) })
  }
}
