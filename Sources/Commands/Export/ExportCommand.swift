import Adjoint
import AdjointCommandLine
import AdjointCommandTraining
import AdjointFiles
import AdjointLearning
import AdjointONNX
import Foundation

/// `adjoint export`: a model in the format of other programs, and a look at a model of theirs.
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
      .flag("check", in: "A model of another program", "Check the gradient of MODEL's first output at random inputs."),
      Option(
        "seed", "N", .integer(0...Int.max), default: "0", in: "A model of another program",
        "What inputs and directions are drawn from."),
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
        "What it reads",
        [
          "MODEL is an ONNX file of any program. Alone, it is listed: inputs, outputs, tensors, operators, and those that are",
          "missing here. An extent that the file leaves open is 2 in a check, and indices are 0. Exit code 1: not readable, or",
          "a wrong gradient. In code, Model(onnx:) runs, draws and trains it (Docs/Formats.md).",
        ]
      ),
      (
        "Examples",
        [
          "adjoint export --load digits.safetensors -o digits.onnx",
          "adjoint export --load mlp.safetensors --model 784,128,10 -o mlp.onnx", "adjoint export model.onnx",
          "adjoint export model.onnx --check",
        ]
      ),
    ],
    run: run)

  private static func run(_ arguments: Arguments, _ console: Console) throws -> Int32 {
    let isChecking = arguments.isGiven("check") && !arguments.isGiven("load")
    if let option = ["check", "seed"].first(where: { arguments.isGiven($0) && !isChecking }) {
      throw CommandError.unusedOption(option, reason: "without a model to check", usedBy: [])
    }
    let foreign = try ForeignModel(arguments)
    if let file = arguments.text("load") { return try write(file, as: foreign, arguments, console) }
    guard arguments.positionals.count == 1 else {
      throw CommandError.missingOption("load", placeholder: "FILE", command: "export")
    }
    if arguments.isGiven("output") {
      throw CommandError.unusedOption("output", reason: "with a model to show", usedBy: ["--load"])
    }
    let model = try ReadModel(arguments.positionals[0])
    guard arguments.isGiven("check") else { return try model.show(console) }
    return try model.check(seed: UInt64(try arguments.integer("seed")), console)
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
