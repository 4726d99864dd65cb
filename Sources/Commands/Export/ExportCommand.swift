import Adjoint
import AdjointCommandLine
import AdjointCommandTraining
import AdjointFiles
import AdjointLearning
import AdjointONNX
import Foundation

/// `adjoint export`: a model in a format of other programs.
@main
enum ExportCommand {
  static func main() { CommandLineProgram.main(command) }

  static let command = Command(
    name: "export", summary: Sibling.export.summary, positional: ("MODEL", 0...1),
    options: [
      Option(
        "load", "FILE", .text,
        "The checkpoint that 'adjoint train --save' wrote, or weights of another program (with --model)."),
      Option("output", "FILE", .text, "The model to write, also -o; its name ends in .onnx."),
    ] + ForeignModel.options,
    notes: [
      (
        "What it writes",
        [
          "The network with its weights and the standardisation of its inputs: any number of images (pixels from 0 to 1, row",
          "by row) or rows of numbers in; logits and probabilities out. The names of the classes stand in the metadata.",
        ]
      ),
      (
        "Examples",
        [
          "adjoint export --load digits.safetensors -o digits.onnx",
          "adjoint export --load mlp.safetensors --model 784,128,10 -o mlp.onnx", "adjoint export model.onnx",
        ]
      ),
    ],
    run: run)

  private static func run(_ arguments: Arguments, _ console: Console) throws -> Int32 {
    let foreign = try ForeignModel(arguments)
    if let file = arguments.text("load") { return try write(file, as: foreign, arguments, console) }
    guard arguments.positionals.count == 1 else {
      throw CommandError.missingOption("load", placeholder: "FILE", command: "export")
    }
    let model = try ONNXModel(contentsOf: URL(fileURLWithPath: arguments.positionals[0]))
    console.field(
      "operator sets", model.operatorSets.map { "\($0.domain) \($0.version)" }.joined(separator: ", "), width: 15)
    console.field("nodes", "\(model.graph.nodes.count)", width: 15)
    return 0
  }

  /// Writes the network of a checkpoint.
  private static func write(
    _ file: String, as foreign: ForeignModel?, _ arguments: Arguments, _ console: Console
  ) throws -> Int32 {
    guard let output = arguments.text("output") else {
      throw CommandError.missingOption("output", placeholder: "FILE", command: "export")
    }
    guard output.lowercased().hasSuffix(".onnx") else {
      throw arguments.option("output").bad(output, expected: "a name that ends in .onnx")
    }
    guard arguments.positionals.isEmpty else {
      throw CommandError.unusedOption("load", reason: "with a model to show", usedBy: [])
    }
    let network = try Classifier(loading: file, as: foreign)
    let outputs = network.record()
    let (model, summary) = try outputs[0].value.tape.onnxModel(
      outputs: outputs,
      about: foreign == nil
        ? "A classifier that adjoint train wrote." : "A classifier with weights of another program.",
      metadata: [("classes", network.classNames.joined(separator: "\n"))])
    do throws(FileError) { try model.write(to: FilePlace.url(output)) } catch {
      throw CommandError.unwritable(output, error)
    }
    console.field("model", "\(output): \(summary.operators.of("operator")), \(summary.numbers) numbers", width: 8)
    console.field("in", summary.inputs.joined(separator: ", "), width: 8)
    console.field("out", summary.outputs.joined(separator: ", "), width: 8)
    console.field("classes", network.classNames.prefix(12).map { printable($0) }.joined(separator: ", "), width: 8)
    return 0
  }
}
