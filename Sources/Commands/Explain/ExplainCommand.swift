import Adjoint
import AdjointChecking
import AdjointCommandData
import AdjointCommandLine
import AdjointDrawing
import AdjointFiles
import AdjointGrading
import AdjointLearning
import Foundation

/// `adjoint explain`: the backward pass of a model, to step through.
@main
enum ExplainCommand {
  static func main() { CommandLineProgram.main(command) }

  static let command = Command(
    name: "explain", summary: Sibling.explain.summary,
    options: [
      Option("output", "FILE", .text, "The file to write, also -o; its name's end chooses the form."),
      Option(
        "model", "SIZES", .text,
        "A perceptron: inputs, hidden units, outputs; or cnn, a small convolutional network. Without it, 2,2,2 for points of "
          + "the plane, and 30 hidden units for images."),
      Option(
        "activation", "NAME", .choice(Activation.optionNames), default: "tanh", "The function between its layers."),
      Option(
        "data", "WHAT", .text, default: "xor",
        "What it is fed: \(ExplainedData.names.joined(separator: ", ")), a directory with MNIST's four IDX files, an NPZ "
          + "file, or a CSV file of label and pixels."),
      DataOptions.downloadFlag(),
      Option("batch", "N", .integer(1...1024), default: "4", "How many examples at once."),
      Option("seed", "N", .integer(0...Int.max), default: "0", "What weights and points are drawn from."),
      .flag("scalar", "Expand a tiny model into single numbers, each a node of its own."),
      .flag("exercise", "Write a worksheet without answers (.md), and beside it the key (.key.md)."),
      Option("grade", "SHEET", .text, "Grade a filled worksheet of the same model, data and seed; needs no --output."),
    ],
    notes: [
      ("Forms", ExplanationForm.all.map { $0.ending.padded(to: 12) + $0.summary }),
      (
        "Examples",
        [
          "adjoint explain -o step.html", "adjoint explain --scalar --batch 1 -o scalars.html",
          "adjoint explain --model 784,30,10 --activation sigmoid --data digits -o digits.html",
          "adjoint explain --exercise -o sheet.md", "adjoint explain --grade filled.md",
        ]
      ),
    ],
    run: run)

  private static func run(_ arguments: Arguments, _ console: Console) throws -> Int32 {
    if arguments.isGiven("grade") { return try grade(arguments, console) }
    guard let file = arguments.text("output") else {
      throw CommandError.missingOption("output", placeholder: "FILE", command: "explain")
    }
    let forms = arguments.isGiven("exercise") ? [ExplanationForm.exercise] : ExplanationForm.all
    guard let form = forms.first(where: { file.lowercased().hasSuffix($0.ending) }) else {
      let endings = forms.map(\.ending).listed("or")
      throw arguments.option("output").bad(file, expected: "a name that ends in \(endings)")
    }
    let model = try ExplainedModel(arguments, console)
    let loss = arguments.isGiven("scalar") ? try ScalarXRay(of: model.loss).loss : model.loss
    for (ending, text) in form.files(model, loss) {
      let place = ending == form.ending ? file : file.dropLast(form.ending.count) + ending
      if arguments.isGiven("exercise"), FileManager.default.fileExists(atPath: FilePlace.url(String(place)).path) {
        throw CommandError.unwritable(
          String(place), reason: "there is a file already, perhaps with answers; give another name, or remove it")
      }
      do throws(FileError) {
        try OutputFile.replace(FilePlace.url(String(place)), with: text.utf8)
      } catch {
        throw CommandError.unwritable(place, error)
      }
      console.line("\(place): \(model.subtitle); \((text.utf8.count + 1023) / 1024) KiB")
    }
    return 0
  }

  /// Grades a filled worksheet: a line for each answer. Exit code 1 when not all are right.
  private static func grade(_ arguments: Arguments, _ console: Console) throws -> Int32 {
    for name in ["output", "exercise"] where arguments.isGiven(name) {
      throw CommandError.unusedOption(name, reason: "with --grade", usedBy: [])
    }
    let sheet = try arguments.required("grade")
    let path = FilePlace.url(sheet).path
    guard let data = FileManager.default.contents(atPath: path), let text = String(data: data, encoding: .utf8) else {
      let found = FileManager.default.fileExists(atPath: path) ? "\(path) is no text" : "there is no file \(path)"
      throw arguments.option("grade").bad(
        sheet,
        expected: "a worksheet that was filled in, and \(found); "
          + "'adjoint explain --exercise -o SHEET.md' writes one to fill in")
    }
    let model = try ExplainedModel(arguments, console)
    let loss = arguments.isGiven("scalar") ? try ScalarXRay(of: model.loss).loss : model.loss
    let score = try Exercise(on: loss).grade(text)
    console.line(score.description)
    return score.fraction == 1 ? 0 : 1
  }
}

/// A form in which a backward pass is written down.
struct ExplanationForm: Sendable {
  /// The end of a file's name.
  let ending: String
  let summary: String
  /// The files for a model and the loss to explain, its own or that of its X-ray, each by the ending of its name.
  let files: @Sendable (ExplainedModel, Variable<Double>) -> [(ending: String, text: String)]

  /// A form of one file.
  init(_ ending: String, _ summary: String, text: @escaping @Sendable (ExplainedModel, Variable<Double>) -> String) {
    self.init(ending, summary) { [(ending, text($0, $1))] }
  }

  init(
    _ ending: String, _ summary: String,
    files: @escaping @Sendable (ExplainedModel, Variable<Double>) -> [(ending: String, text: String)]
  ) {
    (self.ending, self.summary, self.files) = (ending, summary, files)
  }

  /// The first whose ending fits is taken.
  static let all = [
    ExplanationForm(".math.html", "the backward pass as numbered equations, read off the recording, in MathML") {
      Derivation(of: $1).mathML
    },
    ExplanationForm(".tex", "the same in LaTeX") { Derivation(of: $1).latex },
    ExplanationForm(".txt", "the same as plain text") { Derivation(of: $1).text + "\n" },
    ExplanationForm(".html", "a page to step through, forward and backward, with a slider on every weight") {
      Explanation(of: $1, subtitle: $0.subtitle, imageSize: $0.imageSize).html
    },
    ExplanationForm(".svg", "a drawing of both halves, layer by layer") { drawing(of: $1, $0).svg },
    ExplanationForm(".dot", "the same for Graphviz") { drawing(of: $1, $0).dot },
  ]

  /// The form that `--exercise` asks for.
  static let exercise = ExplanationForm(".md", "a worksheet, and its key") { _, loss in
    let exercise = Exercise(on: loss)
    return [(".md", exercise.worksheet), (".key.md", exercise.key)]
  }

  private static func drawing(of loss: Variable<Double>, _ model: ExplainedModel) -> Drawing {
    Drawing(of: loss, backward: loss.tape.backward(from: loss), title: model.subtitle)
  }
}
