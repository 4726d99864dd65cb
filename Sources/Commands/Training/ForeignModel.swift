import AdjointCommandData
import AdjointCommandLine
import AdjointFiles
import AdjointLearning
import Foundation

/// A perceptron whose weights another program wrote, as the command line describes it: a file of safetensors says nothing but
/// names and numbers.
package struct ForeignModel {
  private static let names = ["model", "activation", "rename", "normalize"]

  package static let options: [Option] = [
    Option(
      "model", "SIZES", .text, in: "Weights of another program",
      "Take weights that another program saved, such as PyTorch's, as a perceptron of these sizes, such as 784,128,10."),
    Option(
      "activation", "NAME", .choice(Activation.optionNames), in: "Weights of another program",
      "The function after every hidden layer of --model; relu when left out."),
    Option(
      "rename", "NAMES", .text, in: "Weights of another program",
      "What the file calls the layers of --model, where it is not fc1, fc2, …: such as 1=fc1,3=fc2 of an nn.Sequential."
    ),
    Option(
      "normalize", "MEAN,DEVIATION", .text, in: "Weights of another program",
      "What was taken from each input, 0 to 1 for a pixel, and by what it was divided: such as 0.1307,0.3081."),
  ]

  /// The settings of a checkpoint that describe the same network, as `adjoint train` writes them.
  package let settings: [String: String]
  /// Beginnings of names in the file, and what takes their place.
  package let renaming: [String: String]
  /// Mean and deviation of every input.
  package let normalization: (mean: Float, deviation: Float)?

  /// Nil without `--model`.
  package init?(_ arguments: Arguments) throws(CommandError) {
    guard let text = arguments.text("model") else {
      for name in ForeignModel.names where arguments.isGiven(name) {
        throw .unusedOption(name, reason: "without --model, such as --model 784,128,10", usedBy: [])
      }
      return nil
    }
    let option = arguments.option("model")
    guard let sizes = try option.networkSizes(text, such: "784,128,10", limit: 1 << 27) else {
      // Its last layer reads the maps in an order of its own.
      throw option.bad(text, expected: "the sizes of a perceptron, such as 784,128,10")
    }
    let hidden = sizes.dropFirst().dropLast()
    let side = Int(Double(sizes[0]).squareRoot().rounded())
    settings = [
      "model": "mlp", "hidden": hidden.isEmpty ? "none" : hidden.map(String.init).joined(separator: ","),
      "activation": arguments.text("activation") ?? Activation.relu.optionName, "loss": "cross-entropy",
      "optimizer": "adam", "data": "drawn",
      "class-names": (0..<sizes[sizes.count - 1]).map(String.init).joined(separator: "\n"),
      side * side == sizes[0] && side > 7 ? "image-size" : "features":
        side * side == sizes[0] && side > 7 ? "\(side)x\(side)" : String(sizes[0]),
    ]
    renaming = try ForeignModel.renaming(arguments)
    normalization = try arguments.text("normalize").map { text throws(CommandError) in
      let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { Float($0) ?? .nan }
      guard numbers.count == 2, numbers.allSatisfy(\.isFinite), numbers[1] > 0 else {
        throw arguments.option("normalize").bad(text, expected: "a mean and a deviation above 0, such as 0.1307,0.3081")
      }
      return (numbers[0], numbers[1])
    }
  }

  private static func renaming(_ arguments: Arguments) throws(CommandError) -> [String: String] {
    guard let text = arguments.text("rename") else { return [:] }
    var renaming: [String: String] = [:]
    for entry in text.split(separator: ",", omittingEmptySubsequences: false) {
      let sides = entry.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
      guard sides.count == 2, !sides[0].isEmpty, renaming.updateValue(sides[1], forKey: sides[0]) == nil else {
        throw arguments.option("rename").bad(
          text, expected: "names in the file, each once, and new ones, such as 1=fc1,3=fc2")
      }
    }
    return renaming
  }

  /// The options that take a file's matrices for the layers of a perceptron, one after the other; nil where they are none.
  package static func suggestion(for checkpoint: Checkpoint) -> String? {
    let matrices = checkpoint.tensors.filter { $0.shape.rank == 2 && $0.name.hasSuffix("weight") }
      .sorted { $0.name.compare($1.name, options: .numeric) == .orderedAscending }
    guard let first = matrices.first, zip(matrices, matrices.dropFirst()).allSatisfy({ $1.shape[1] == $0.shape[0] }),
      checkpoint.tensors.allSatisfy({ $0.shape.rank <= 2 })
    else { return nil }
    let sizes = [first.shape[1]] + matrices.map { $0.shape[0] }
    let layers = matrices.map { String($0.name.dropLast("weight".count + 1)) }
    let renames = layers.enumerated().filter { $1 != "fc\($0 + 1)" }.map { "\($1)=fc\($0 + 1)" }
    guard !layers.contains("") else { return nil }
    return "--model " + sizes.map(String.init).joined(separator: ",")
      + (renames.isEmpty ? "" : " --rename " + renames.joined(separator: ",").shellQuoted)
  }
}
