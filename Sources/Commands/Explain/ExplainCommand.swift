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
      Option(
        "load", "FILE", .text,
        "The network of a checkpoint that 'adjoint train --save' wrote, on the test set of its data, or of --data."),
      DataOptions.downloadFlag(),
      Option(
        "batch", "N", .integer(1...1024), default: "4", "How many examples at once; 1 with --example or --scalar."),
      Option("example", "N", .integer(0...1_000_000), default: "0", "The first of the examples, from 0."),
      Option("seed", "N", .integer(0...Int.max), default: "0", "What weights and points are drawn from."),
      Option(
        "notation", "NAME", .choice(AdjointNotation.optionNames), default: "bar",
        "How adjoints are written: with a bar, or delta for a layer's δ and ∂L/∂v."),
      Option(
        "examples", "SIDE", .choice(ExampleLayout.optionNames), default: "rows",
        "In equations: rows, as they are recorded (x·Wᵀ), or columns (W·x)."),
      .flag(
        "unfolded",
        "The recorded steps too that are left out because they teach nothing: reshapes, x·Wᵀ before its bias."),
      .flag("scalar", "Expand a tiny model into single numbers, each a node of its own."),
      .flag(
        "order", "Write the page that shows why the order is a topological one: wrong orders beside the right one."),
      .flag("exercise", "Write a worksheet without answers, with small decimals for weights; see Exercises."),
      .flag("parameters", in: "Exercises", "Ask for the gradients of the parameters alone."),
      Option(
        "digits", "N", .integer(1...9), default: "3", in: "Exercises", "The significant digits that an answer needs."),
      Option(
        "grade", "SHEET", .text, in: "Exercises", "Grade a filled worksheet, which says itself what it was made from."),
    ],
    notes: [
      ("Forms", ExplanationForm.all.map { $0.ending.padded(to: 14) + $0.summary }),
      ("Forms of an exercise", ExplanationForm.exercises.map { $0.ending.padded(to: 14) + $0.summary }),
      (
        "Examples",
        [
          "adjoint explain -o step.html", "adjoint explain --scalar -o scalars.html",
          "adjoint explain --model 784,30,10 --activation sigmoid --data digits -o digits.html",
          "adjoint explain --load digits.safetensors --example 7 -o seven.html",
          "adjoint explain --order -o order.html",
          "adjoint explain --exercise -o sheet.md", "adjoint explain --grade sheet.md",
          "adjoint explain --exercise --parameters -o sheet.json", "adjoint explain --exercise -o sheet.html",
        ]
      ),
    ],
    run: run)

  private static func run(_ arguments: Arguments, _ console: Console) throws -> Int32 {
    if arguments.isGiven("grade") { return try Homework.grade(arguments, console) }
    guard let file = arguments.text("output") else {
      throw CommandError.missingOption("output", placeholder: "FILE", command: "explain")
    }
    if arguments.isGiven("order") { return try writeOrder(to: file, arguments, console) }
    let isExercise = arguments.isGiven("exercise")
    for name in Homework.options where arguments.isGiven(name) && !isExercise {
      throw CommandError.unusedOption(name, reason: "without --exercise", usedBy: [])
    }
    let forms = isExercise ? ExplanationForm.exercises : ExplanationForm.all
    guard let form = forms.first(where: { file.lowercased().hasSuffix($0.ending) }) else {
      let endings = forms.map(\.ending).listed("or")
      throw arguments.option("output").bad(file, expected: "a name that ends in \(endings)")
    }
    let model = try ExplainedModel(arguments, console, byHand: isExercise)
    let loss = model.explained
    let exercise = try isExercise ? Homework.exercise(on: loss, of: model, arguments, ending: form.ending) : nil
    let explained = Explained(model: model, loss: loss, exercise: exercise, style: try ExplanationStyle(arguments))
    let files: [(ending: String, text: String)]
    do {
      files = try form.files(explained)
    } catch let error as PictureError {
      throw arguments.option("output").bad(file, expected: "a form that fits the model; \(error)")
    }
    for (ending, text) in files {
      let place = ending == form.ending ? file : file.dropLast(form.ending.count) + ending
      if isExercise, FileManager.default.fileExists(atPath: FilePlace.url(String(place)).path) {
        throw CommandError.unwritable(
          String(place), reason: "there is a file already, perhaps with answers; give another name, or remove it")
      }
      try write(text, to: String(place), saying: model.subtitle, console)
    }
    return 0
  }

  /// The page of orders, which needs no model.
  private static func writeOrder(to file: String, _ arguments: Arguments, _ console: Console) throws -> Int32 {
    let others = command.options.map(\.name).filter { !["output", "order"].contains($0) }
    if let other = others.first(where: { arguments.isGiven($0) }) {
      throw CommandError.unusedOption(other, reason: "with --order, which has recordings of its own", usedBy: [])
    }
    guard file.lowercased().hasSuffix(".html") else {
      throw arguments.option("output").bad(file, expected: "a name that ends in .html, for --order")
    }
    let page = OrderOfThings()
    try write(page.html, to: file, saying: "wrong orders of the backward pass beside the right one", console)
    return 0
  }

  private static func write(_ text: String, to file: String, saying subject: String, _ console: Console) throws {
    do throws(FileError) {
      try OutputFile.replace(FilePlace.url(file), with: text.utf8)
    } catch {
      throw CommandError.unwritable(file, error)
    }
    console.line("\(file): \(subject); \((text.utf8.count + 1023) / 1024) KiB")
  }
}
