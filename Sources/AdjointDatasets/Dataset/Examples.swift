import Adjoint
import AdjointFiles
import Foundation

/// Examples with a class each, of which the data decide the kind: grey images, in memory or in their file, or rows of numbers.
package enum Examples: Dataset, Equatable {
  case images(LabeledImages)
  case stored(StoredImages)
  case points(LabeledPoints)

  package var count: Int { labels.count }
  package var labels: [Int32] {
    switch self {
    case .images(let images): images.labels
    case .stored(let images): images.labels
    case .points(let points): points.labels
    }
  }
  package var classNames: [String] {
    switch self {
    case .images(let images): images.classNames
    case .stored(let images): images.classNames
    case .points(let points): points.classNames
    }
  }
  package var classCount: Int { classNames.count }
  /// `[features]`.
  package var inputShape: Shape {
    switch self {
    case .images(let images): images.inputShape
    case .stored(let images): images.inputShape
    case .points(let points): points.inputShape
    }
  }
  package var targetShape: Shape { .scalar }
  /// The word for one of them.
  package var noun: String {
    switch self {
    case .images, .stored: "image"
    case .points: "row"
    }
  }
  /// The images, where the examples are images in memory.
  package var images: LabeledImages? {
    if case .images(let images) = self { return images }
    return nil
  }
  /// Rows and columns of an image, where the examples are images.
  package var imageSize: (height: Int, width: Int)? {
    switch self {
    case .images(let images): (images.height, images.width)
    case .stored(let images): (images.height, images.width)
    case .points: nil
    }
  }

  /// The bytes of an image.
  /// - Precondition: the examples are images.
  /// - Throws: `FileError` when its file cannot be read.
  package func image(_ number: Int) throws(FileError) -> [UInt8] {
    switch self {
    case .images(let images): return Array(images.image(number))
    case .stored(let images):
      var bytes: [UInt8] = []
      try images.read([number]) { bytes = Array($1) }
      return bytes
    case .points: fatalError("Examples: rows of numbers are no images")
    }
  }

  package func fill(
    inputs: UnsafeMutableBufferPointer<Float>, targets: UnsafeMutableBufferPointer<Int32>, from rows: ArraySlice<Int>
  ) throws(FileError) {
    switch self {
    case .images(let images): images.fill(inputs: inputs, targets: targets, from: rows)
    case .stored(let images): try images.fill(inputs: inputs, targets: targets, from: rows)
    case .points(let points): points.fill(inputs: inputs, targets: targets, from: rows)
    }
  }

  package func announce(_ rows: ArraySlice<Int>) {
    if case .stored(let images) = self { images.announce(rows) }
  }

  package func selecting(_ rows: ArraySlice<Int>) -> Examples {
    switch self {
    case .images(let images): .images(images.selecting(rows))
    case .stored(let images): .stored(images.selecting(rows))
    case .points(let points): .points(points.selecting(rows))
    }
  }

  /// The same examples with other labels, or the same classes under other names.
  /// - Precondition: every label has a name.
  package func labeled(_ labels: [Int32], classNames: [String]) -> Examples {
    switch self {
    case .images(let images):
      .images(
        LabeledImages(
          pixels: images.pixels, height: images.height, width: images.width, labels: labels, classNames: classNames,
          standardization: images.standardization))
    case .stored(let images): .stored(images.labeled(labels, classNames: classNames))
    case .points(let points):
      .points(
        LabeledPoints(
          inputs: points.inputs, labels: labels, classNames: classNames, featureNames: points.featureNames))
    }
  }
}

/// Tables.
extension Examples {
  /// The rows of a table: 784 whole numbers from 0 to 255 are an image of 28 × 28, everything else are numbers.
  package init(_ points: LabeledPoints) {
    let side = 28
    guard points.inputs.shape[1] == side * side, points.inputs.elements.allSatisfy(\.isByte) else {
      self = .points(points)
      return
    }
    self = .images(
      LabeledImages(
        pixels: points.inputs.elements.map { UInt8($0) }, height: side, width: side, labels: points.labels,
        classNames: points.classNames))
  }
}

/// IDX files of any element type and size.
extension Examples {
  /// Training and test examples, at most the first of each as the limits say; classes are the labels that occur, by value.
  /// - Parameter staying: true to leave images in their files: bytes in one that is not compressed.
  /// - Throws: `FileError` when a file is damaged, counts differ, or a label is no whole number.
  package static func load(
    _ folder: IDXFolder, limits: (training: Int?, test: Int?), memoryLimit: Int = InputFile.memoryLimit,
    staying: Bool = false
  ) throws(FileError) -> (training: Examples, test: Examples) {
    let training = try read(folder.trainingImages, folder.trainingLabels, limits.training, memoryLimit, staying)
    let test = try read(folder.testImages, folder.testLabels, limits.test, memoryLimit, staying)
    let classes = Set(training.labels + test.labels)
    return (training.examples(classes), test.examples(classes))
  }

  /// The test examples alone.
  /// - Throws: as `load` does.
  package static func loadTest(
    _ folder: IDXFolder, limit: Int?, memoryLimit: Int = InputFile.memoryLimit
  ) throws(FileError) -> Examples {
    let test = try read(folder.testImages, folder.testLabels, limit, memoryLimit, false)
    return test.examples(Set(test.labels))
  }

  /// Inputs and labels as two files hold them; the inputs of the first labels alone where there is a limit.
  private struct Read {
    enum Inputs {
      case array(IDX)
      case rows(RowFile, height: Int, width: Int, limit: Int?)
    }

    let inputs: Inputs
    let labels: [Int]

    func examples(_ classes: Set<Int>) -> Examples {
      let names = classes.sorted()
      let numbers = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, Int32($0)) })
      let (classNames, all) = (names.map(String.init), labels.map { numbers[$0] ?? 0 })
      let inputs: IDX
      switch self.inputs {
      case .rows(let rows, let height, let width, let limit):
        let labels = Array(all.prefix(max(limit ?? rows.count, 0)))
        return .stored(
          StoredImages(rows: rows, height: height, width: width, labels: labels, classNames: classNames))
      case .array(let array): inputs = array
      }
      let labels = Array(all.prefix(inputs.dimensions[0]))
      if inputs.dimensions.count == 3, let pixels = inputs.pixels {
        return .images(
          LabeledImages(
            pixels: pixels, height: inputs.dimensions[1], width: inputs.dimensions[2], labels: labels,
            classNames: classNames))
      }
      let features = inputs.dimensions.dropFirst().reduce(1, *)
      let numbersRead = Tensor(shape: [labels.count, features], elements: inputs.numbers().map { Float($0) })
      return .points(LabeledPoints(inputs: numbersRead, labels: labels, classNames: classNames))
    }
  }

  private static func read(
    _ inputURL: URL, _ labelURL: URL, _ limit: Int?, _ memoryLimit: Int, _ staying: Bool
  ) throws(FileError) -> Read {
    let inputFile = try InputFile(inputURL, gzip: .system)
    let labelFile = try InputFile(labelURL, gzip: .system)
    let (type, dimensions) = try IDX.header(of: inputFile)
    guard dimensions.count > 1, dimensions[1...].allSatisfy({ $0 > 0 }) else {
      throw FileError(
        .wrongFormat, file: inputFile.path, at: inputFile.place(2), expected: "inputs [n, …], one row for each example",
        found: "\(type) \(dimensions)", remedy: "Give the file of the images (for MNIST its name contains idx3-ubyte).")
    }
    // Without examples, no bytes of the file bear the header out.
    let features = dimensions[1...].reduce(1.0) { $0 * Double($1) }
    guard features <= Double(Int32.max) else {
      throw FileError(
        .oversized, file: inputFile.path, at: inputFile.place(8),
        expected: "at most \(Int32.max) numbers for each example",
        found: "\(features)", remedy: "The header is damaged; get the file again from its source.")
    }
    let (labelType, labelDimensions) = try IDX.header(of: labelFile)
    guard labelDimensions.count == 1 else {
      throw FileError(
        .wrongFormat, file: labelFile.path, at: labelFile.place(2), expected: "labels [n]",
        found: "\(labelType) \(labelDimensions)",
        remedy: "Give the file of the labels (for MNIST its name contains idx1-ubyte).")
    }
    guard dimensions[0] == labelDimensions[0] else {
      throw FileError(
        .mismatch, file: labelFile.path, at: labelFile.place(4),
        expected: "\(dimensions[0]) labels, one for each row of \(inputFile.path)", found: "\(labelDimensions[0])",
        remedy: "The two files do not belong together; use a pair of one data set.")
    }
    // All labels, so that the classes do not depend on the limit.
    let labels = try IDX.read(labelFile, memoryLimit: memoryLimit).numbers()
    if let wrong = labels.firstIndex(where: { Int32(exactly: $0) == nil }) {
      throw FileError(
        .badValue, file: labelFile.path, at: labelFile.place(8 + wrong * labelType.size),
        expected: "a label: a whole number", found: "\(labels[wrong])",
        remedy: "The file is damaged, or holds no classes.")
    }
    if staying, inputFile.isPlain, type == .uint8, dimensions.count == 3 {
      let rows = try IDX.rows(of: inputFile)
      return Read(
        inputs: .rows(rows, height: dimensions[1], width: dimensions[2], limit: limit), labels: labels.map { Int($0) })
    }
    let inputs = try IDX.read(inputFile, rows: limit.map { 0..<max($0, 0) }, memoryLimit: memoryLimit)
    if type == .float32 || type == .float64,
      let wrong = inputs.numbers().firstIndex(where: { !Float($0).isFinite })
    {
      throw FileError(
        .badValue, file: inputFile.path, at: inputFile.place(4 + 4 * dimensions.count + wrong * type.size),
        expected: "a finite number", found: "another one", remedy: "Replace what is missing or infinite before.")
    }
    return Read(inputs: .array(inputs), labels: labels.map { Int($0) })
  }
}

extension IDX {
  /// The elements as the brightness of pixels, where all of them are whole numbers from 0 to 255 by their type and value.
  fileprivate var pixels: [UInt8]? {
    switch elementType {
    case .uint8: return bytes
    case .int8, .int16, .int32:
      let numbers = numbers()
      return numbers.allSatisfy { (0...255).contains($0) } ? numbers.map { UInt8($0) } : nil
    case .float32, .float64: return nil
    }
  }
}
