import Adjoint
import AdjointDrawing
import AdjointLearning
import Foundation

/// `adjoint explain`: the backward pass of a model, to step through.
enum ExplainCommand {
  static let command = Command(
    name: "explain", summary: "Write down the backward pass of a model: a page to step through.",
    options: [
      Option("output", "FILE", .text, "The file to write, also -o; its name's end chooses the form."),
      Option("model", "SIZES", .text, default: "2,2,1", "A perceptron: inputs, hidden units, outputs."),
      Option(
        "activation", "NAME", .choice(Activation.optionNames), default: "tanh", "The function between its layers."),
      Option(
        "data", "WHAT", .text, default: "xor",
        "What it is fed: \(ExplainedData.names.joined(separator: ", ")), a directory with MNIST's four IDX files, or a CSV "
          + "file of label and pixels."),
      Option("batch", "N", .integer(1...1024), default: "4", "How many examples at once."),
      Option("seed", "N", .integer(0...Int.max), default: "0", "What weights and points are drawn from."),
      .flag("scalar", "Expand a tiny model into single numbers, each a node of its own."),
    ],
    notes: [
      ("Forms", ExplanationForm.all.map { $0.ending.padded(to: 7) + $0.summary }),
      (
        "Examples",
        [
          "adjoint explain -o step.html", "adjoint explain --scalar --batch 1 -o scalars.html",
          "adjoint explain --model 784,30,10 --activation sigmoid --data mnist -o digits.html",
        ]
      ),
    ],
    run: run)

  private static func run(_ arguments: Arguments, _ console: Console) throws -> Int32 {
    guard let file = arguments.text("output") else {
      throw CommandError.missingOption("output", placeholder: "FILE", command: "explain")
    }
    let endings = ExplanationForm.all.map(\.ending)
    guard let form = ExplanationForm.all.first(where: { file.lowercased().hasSuffix($0.ending) }) else {
      throw arguments.option("output").bad(file, expected: "a name that ends in \(endings.listed("or"))")
    }
    let model = try ExplainedModel(arguments)
    let loss = arguments.isGiven("scalar") ? try ScalarXRay(of: model.loss).loss : model.loss
    let text = form.text(model, loss)
    do {
      try Data(text.utf8).write(to: URL(fileURLWithPath: file), options: .atomic)
    } catch {
      throw CommandError.unwritable(file, reason: error.localizedDescription)
    }
    console.line("\(file): \(model.subtitle); \((text.utf8.count + 1023) / 1024) KiB")
    return 0
  }
}

/// A form in which a backward pass is written down.
struct ExplanationForm: Sendable {
  /// What a file's name ends in.
  let ending: String
  let summary: String
  /// The whole file, for a model and the loss to explain: its own, or that of its X-ray.
  let text: @Sendable (ExplainedModel, Variable<Double>) -> String

  static let all = [
    ExplanationForm(
      ending: ".html", summary: "a page to step through, forward and backward, with a slider on every weight"
    ) {
      Explanation(of: $1, subtitle: $0.subtitle, imageSize: $0.imageSize).html
    }
  ]
}
