import Adjoint
import AdjointFiles
import Foundation

/// Examples in NumPy's archive `.npz`: inputs [n, …] and a class for each, under the names that people give them.
///
/// `x_train`, `y_train`, `x_test` and `y_test` (Keras), `train_images` and `train_labels` (MedMNIST), or one pair that is not
/// divided: `x` and `y`, `data` and `target`, `images` and `labels`. Capital letters make no difference.
package struct ArrayExamples {
  /// The examples for training; all of them where the archive does not divide them.
  package let training: Examples
  /// The examples for the test; nil where the archive does not divide them.
  package let test: Examples?
  /// The names of the arrays in a sentence.
  package let names: String

  private static let inputNames = ["x", "data", "features", "images", "inputs"]
  private static let labelNames = ["y", "target", "targets", "label", "labels", "classes"]

  /// Reads an archive.
  /// - Throws: `FileError` when it is damaged, lacks inputs or labels, or they do not belong together.
  package init(_ url: URL, memoryLimit: Int = InputFile.memoryLimit) throws(FileError) {
    let start = try InputFile(url).prefix(FileKind.prefixLength)
    if FileKind.name(of: start)?.contains("NumPy") == true {
      throw FileError(
        .mismatch, file: url.path, at: .wholeFile, expected: "inputs and their classes", found: "one array",
        remedy: "Save both together: numpy.savez('data.npz', x=inputs, y=classes).")
    }
    let file = try NPZFile(contentsOf: url, memoryLimit: memoryLimit)
    func pair(_ part: String) -> (inputs: String, labels: String)? {
      func first(_ words: [String]) -> String? {
        let spellings = part.isEmpty ? words : words.flatMap { ["\($0)_\(part)", "\(part)_\($0)", "\($0)\(part)"] }
        return spellings.lazy.compactMap { name in file.names.first { $0.lowercased() == name } }.first
      }
      guard let inputs = first(ArrayExamples.inputNames), let labels = first(ArrayExamples.labelNames) else {
        return nil
      }
      return (inputs, labels)
    }
    guard let first = pair("train") ?? pair("") else {
      throw FileError(
        .missingTensor, file: url.path, at: .wholeFile,
        expected: "arrays x and y, or x_train, y_train, x_test and y_test",
        found: file.names.prefix(8).map(quoted).joined(separator: ", "),
        remedy: "Save them under these names: numpy.savez('data.npz', x=inputs, y=classes).")
    }
    let training = try Part(file, first)
    let second = try pair("train") == nil ? nil : pair("test").map { names throws(FileError) in try Part(file, names) }
    if let second, second.shape != training.shape {
      throw FileError(
        .mismatch, file: url.path, at: .tensor(second.name),
        expected: "examples of shape \(training.shape), as for training",
        found: "\(second.shape)", remedy: "Save arrays of one data set.")
    }
    let classes = Set(training.labels + (second?.labels ?? []))
    self.training = training.examples(classes, isImage: training.isImage && second?.isImage ?? true)
    test = second.map { $0.examples(classes, isImage: training.isImage && $0.isImage) }
    names = "\(first.inputs) and \(first.labels)" + (second.map { ", \($0.name) and its labels" } ?? "")
  }

  /// Row `index` of an array of inputs in a file `.npy` or `.npz`, with the shape of an example; the first of an array that has
  /// the size of one example is the whole.
  /// - Throws: `FileError` when there is no such array or row.
  package static func row(
    _ index: Int, of url: URL, size: [Int], memoryLimit: Int
  ) throws(FileError) -> (numbers: [Double], shape: [Int], type: NumberType) {
    let start = try InputFile(url, gzip: .system).prefix(FileKind.prefixLength)
    let array: NPY
    if FileKind.name(of: start)?.contains("NumPy") == true {
      array = try NPY(contentsOf: url, memoryLimit: memoryLimit)
    } else {
      let file = try NPZFile(contentsOf: url, memoryLimit: memoryLimit)
      let wanted = inputNames.flatMap { ["\($0)_test", "test_\($0)", $0] }
      let name = wanted.lazy.compactMap { name in file.names.first { $0.lowercased() == name } }.first
      array = try file.array(name ?? (file.names.count == 1 ? file.names[0] : "x"))
    }
    if index == 0, array.shape.filter({ $0 != 1 }) == size.filter({ $0 != 1 }) {
      return (numbers(array.type, array.bytes), size, array.type)
    }
    guard let count = array.shape.first, index < count else {
      throw FileError(
        .missingTensor, file: url.path, at: .wholeFile, expected: "a row \(index), counted from 0",
        found: array.shape.isEmpty ? "a single number" : "\(array.shape[0]) rows", remedy: "Give another --index.")
    }
    let length = array.bytes.count / count
    let bytes = Array(array.bytes[index * length..<(index + 1) * length])
    return (numbers(array.type, bytes), Array(array.shape.dropFirst()), array.type)
  }

  // The compiler writes the conversion out at every call; here it stands once.
  private static func numbers(_ type: NumberType, _ bytes: [UInt8]) -> [Double] { type.numbers(of: bytes) { $0 } }

  /// Inputs and their labels.
  private struct Part {
    let name: String
    /// The inputs where they are bytes.
    private let pixels: [UInt8]
    /// The inputs of every other type.
    private let numbers: [Float]
    let labels: [Int]
    let isImage: Bool
    /// The dimensions of an example; of one channel, those of the image.
    let shape: [Int]

    init(_ file: NPZFile, _ names: (inputs: String, labels: String)) throws(FileError) {
      let (inputs, classes) = (try file.array(names.inputs), try file.array(names.labels))
      func wrong(_ name: String, _ expected: String, _ found: String, _ remedy: String) -> FileError {
        FileError(.mismatch, file: file.path, at: .tensor(name), expected: expected, found: found, remedy: remedy)
      }
      guard inputs.shape.count > 1, !inputs.shape.dropFirst().contains(0) else {
        throw wrong(
          names.inputs, "inputs [n, …], one row for each example", "the shape \(inputs.shape)",
          "Give each example a row, such as with x.reshape(len(x), -1).")
      }
      guard let count = classes.shape.first, classes.shape.dropFirst().allSatisfy({ $0 == 1 }) else {
        throw wrong(
          names.labels, "a class for each example, [n]", "the shape \(classes.shape)",
          "Where classes are rows of 0 and 1, save y.argmax(axis=1).")
      }
      guard count == inputs.shape[0] else {
        throw wrong(
          names.labels, "\(inputs.shape[0]) classes, one for each row of \(quoted(names.inputs))", "\(count)",
          "Save arrays that belong together.")
      }
      let numbers = ArrayExamples.numbers(classes.type, classes.bytes)
      if let place = numbers.firstIndex(where: { Int32(exactly: $0) == nil }) {
        throw wrong(
          names.labels, "a class: a whole number of 32 bits", "\(numbers[place]) at position \(place)",
          "Number the classes from 0; a quantity is no class.")
      }
      labels = numbers.map { Int($0) }
      name = names.inputs
      let areBytes = inputs.type == .uint8
      pixels = areBytes ? inputs.bytes : []
      self.numbers = areBytes ? [] : inputs.type.numbers(of: inputs.bytes) { Float($0) }
      var shape = Array(inputs.shape.dropFirst())
      if shape.count == 3 {
        if shape[2] == 1 { shape.removeLast() } else if shape[0] == 1 { shape.removeFirst() }
      }
      self.shape = shape
      isImage =
        shape.count == 2 && inputs.type.isInteger && inputs.type != .bool
        && self.numbers.allSatisfy { (0...255).contains($0) }
      if !inputs.type.isInteger, let bad = self.numbers.firstIndex(where: { !$0.isFinite }) {
        throw wrong(
          names.inputs, "finite numbers", "another one at position \(bad)",
          "Replace what is missing or infinite before.")
      }
    }

    func examples(_ classes: Set<Int>, isImage: Bool) -> Examples {
      let names = classes.sorted()
      let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, Int32($0)) })
      let (classNames, labels) = (names.map(String.init), labels.map { places[$0] ?? 0 })
      if isImage {
        let pixels = numbers.isEmpty ? pixels : numbers.map { UInt8($0) }
        return .images(
          LabeledImages(pixels: pixels, height: shape[0], width: shape[1], labels: labels, classNames: classNames))
      }
      let rows = Tensor(
        shape: [labels.count, shape.reduce(1, *)], elements: pixels.isEmpty ? numbers : pixels.map { Float($0) })
      return Examples(LabeledPoints(inputs: rows, labels: labels, classNames: classNames))
    }
  }
}
