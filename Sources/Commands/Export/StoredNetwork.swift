import Adjoint
import AdjointCommandData
import AdjointCommandLine
import AdjointFiles
import AdjointLearning
import Foundation

/// The network of a checkpoint that `adjoint train` wrote, from what its inputs are to what its answers mean.
struct StoredNetwork {
  let classNames: [String]
  /// The name of what goes in: `images` or `rows`.
  let inputName: String
  /// The numbers of one example.
  let width: Int
  private let file: String
  private let settings: [String: String]
  private let model: any Layer<Float>
  private let loss: ClassificationLoss

  /// - Throws: `FileError`, or `CommandError.foreignCheckpoint` for a file that `adjoint train` did not write.
  init(loading file: String) throws {
    let url = FilePlace.url(file)
    guard FileManager.default.fileExists(atPath: url.path) else {
      throw CommandError.noCheckpoint(file, resuming: false)
    }
    let checkpoint = try Checkpoint(contentsOf: url)
    let settings = checkpoint.settings
    func setting(_ name: String) throws(CommandError) -> String {
      guard let value = settings[name] else {
        throw .foreignCheckpoint(file, missing: name, tensors: checkpoint.tensors.map(\.name))
      }
      return value
    }
    func choice<Choice: Named>(_ name: String) throws(CommandError) -> Choice {
      let text = try setting(name)
      guard let known = Choice.allCases.first(where: { $0.optionName == text }) else {
        throw .badSettings(file: file, reason: "its \(name) is \(quoted(text))")
      }
      return known
    }
    func sizes(_ name: String) throws(CommandError) -> [Int] {
      let text = try setting(name)
      if text == "none" { return [] }
      let sizes = text.split(separator: ",").map { Int($0) ?? 0 }
      guard !sizes.isEmpty, sizes.allSatisfy({ (1...100_000_000).contains($0) }) else {
        throw .badSettings(file: file, reason: "its \(name) is \(quoted(text))")
      }
      return sizes
    }
    let classNames = try setting("class-names").split(separator: "\n", omittingEmptySubsequences: false).map(
      String.init)
    let isRows = settings["features"] != nil
    let size =
      try isRows
      ? [1, Int(setting("features")) ?? 0] : setting("image-size").split(separator: "x").map { Int($0) ?? 0 }
    guard size.count == 2, size.allSatisfy({ (1...100_000_000).contains($0) }), size[0] * size[1] <= 100_000_000 else {
      throw CommandError.badSettings(file: file, reason: "the size of its inputs is \(size)")
    }
    let (height, width) = (size[0], size[0] * size[1])
    var generator = Generator(seed: 0)
    let activation: Activation = try choice("activation")
    switch try choice("model") as NetworkName {
    case .mlp:
      model = try MLP<Float>([width] + sizes("hidden") + [classNames.count], activation: activation, using: &generator)
    case .cnn:
      let filters = try sizes("filters")
      guard CNN<Float>.features(height: height, width: size[1], filters: filters) != nil else {
        throw CommandError.badSettings(
          file: file, reason: "images of \(height) × \(size[1]) are too small for its filters")
      }
      model = CNN<Float>(
        height: height, width: size[1], classes: classNames.count, filters: filters, activation: activation,
        using: &generator)
    }
    loss = try choice("loss")
    try checkpoint.loadWeights(into: model.parameters(forInput: [1, width]))
    (self.file, self.settings, self.classNames) = (file, settings, classNames)
    (self.width, inputName) = (width, isRows ? "rows" : "images")
  }

  /// The network on a tape of its own: inputs as they are before they are standardised, logits, and probabilities.
  func record() throws -> [(name: String, value: Variable<Float>)] {
    let tape = Tape<Float>(mode: .inference)
    // A number of rows that nothing else in the network is.
    let inputs = tape.input(.zeros([11, width]), name: inputName)
    let logits = model(try tape.scoped("standardize") { try standardized(inputs) })
    let probabilities = tape.scoped("probabilities") {
      switch loss {
      case .crossEntropy: logits.softmax()
      case .binaryCrossEntropy: share(logits.sigmoid())
      case .meanSquaredError: share(logits.clamp(0, 1))
      }
    }
    return [("logits", logits), ("probabilities", probabilities)]
  }

  /// Each number as a part of the sum of its row; equal parts where that is 0.
  private func share(_ x: Variable<Float>) -> Variable<Float> {
    let sum = x.sum(axis: -1, keepingDimensions: true)
    return `where`(sum .> 0, x / `where`(sum .> 0, sum, 1), 1 / Double(classNames.count))
  }

  private func standardized(_ x: Variable<Float>) throws(CommandError) -> Variable<Float> {
    switch settings["standardize"] {
    case "pixel":
      let mean = try numbers("pixel-mean")
      let deviation = try numbers("pixel-deviation").map { $0 > 0 ? $0 : 1 }
      return (x - x.tape.constant(Tensor(mean), name: "mean")) / x.tape.constant(Tensor(deviation), name: "deviation")
    case "image":
      let deviation = x.standardDeviation(axes: [-1], keepingDimensions: true)
      return (x - x.mean(axis: -1, keepingDimensions: true)) / `where`(deviation .> 0, deviation, 1)
    case _: return x
    }
  }

  private func numbers(_ name: String) throws(CommandError) -> [Float] {
    let bytes = [UInt8](Data(base64Encoded: settings[name] ?? "") ?? Data())
    let numbers = ByteOrder.littleEndian.words(of: bytes).map { Float(bitPattern: $0) }
    guard numbers.count == width, numbers.allSatisfy({ $0.isFinite && (name == "pixel-mean" || $0 >= 0) }) else {
      throw .foreignCheckpoint(file, missing: name)
    }
    return numbers
  }
}
