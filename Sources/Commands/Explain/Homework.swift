import Adjoint
import AdjointCommandLine
import AdjointDrawing
import AdjointFiles
import AdjointGrading
import Foundation

/// `adjoint explain --exercise` and `--grade`: a sheet says what it was made from, and is graded from itself.
enum Homework {
  /// The options that belong to an exercise alone.
  static let options = ["parameters", "digits"]
  /// The options that a sheet records.
  private static let recorded = [
    "load", "model", "activation", "data", "batch", "example", "seed", "scalar", "notation", "parameters", "digits",
  ]

  /// The exercise that the options ask for.
  static func exercise(
    on loss: Variable<Double>, of model: ExplainedModel, _ arguments: Arguments, ending: String? = nil
  ) throws -> Exercise {
    let drawn = arguments.isGiven("load") ? ["model", "activation", "seed"] : []
    let about = recorded.filter { $0 != "digits" && !drawn.contains($0) }.compactMap { name -> (name: String, value: String)? in
      if case .flag = arguments.option(name).kind { return arguments.isGiven(name) ? (name, "yes") : nil }
      return (name == "model" ? model.sizes : arguments.text(name)).map { (name, $0) }
    }
    let exercise = Exercise(
      on: loss, digits: try arguments.integer("digits"), notation: try arguments.choice("notation"), about: about,
      parametersOnly: arguments.isGiven("parameters"))
    if ending == ".html", exercise.numberCount > Exercise.mostNumbersInPage {
      throw arguments.option("output").bad(
        try arguments.required("output"),
        expected:
          "a .json sheet for so large a model: it asks for \(exercise.numberCount.grouped) numbers, and a page for at most "
          + "\(Exercise.mostNumbersInPage.grouped)")
    }
    return exercise
  }

  /// Grades a filled worksheet: a line for each answer. Exit code 1 when not all are right.
  static func grade(_ arguments: Arguments, _ console: Console) throws -> Int32 {
    for name in ["output", "exercise"] where arguments.isGiven(name) {
      throw CommandError.unusedOption(name, reason: "with --grade", usedBy: [])
    }
    let sheet = try arguments.required("grade")
    let submission = try read(sheet, arguments.option("grade"))
    let arguments = try completed(arguments, submission, sheet)
    let model = try ExplainedModel(arguments, console, byHand: true)
    let score = try exercise(on: model.explained, of: model, arguments).grade(submission)
    console.line(score.description)
    return score.fraction == 1 ? 0 : 1
  }

  private static func read(_ sheet: String, _ option: Option) throws -> Submission {
    let path = FilePlace.url(sheet).path
    guard let data = FileManager.default.contents(atPath: path), let text = String(data: data, encoding: .utf8) else {
      let found = FileManager.default.fileExists(atPath: path) ? "\(path) is no text" : "there is no file \(path)"
      throw option.bad(
        sheet,
        expected: "a worksheet that was filled in, and \(found); "
          + "'adjoint explain --exercise -o SHEET.md' writes one to fill in")
    }
    let submission =
      text.first { !$0.isWhitespace } == "{"
      ? try Submission(json: data, file: sheet) : Submission(markdown: text)
    guard submission.isSheet else {
      throw option.bad(
        sheet,
        expected:
          "a worksheet, with answers behind (1) =, (2) = and so on; 'adjoint explain --exercise -o SHEET.md' writes one "
          + "to fill in")
    }
    return submission
  }

  /// The options with those that the sheet records; one that was given must be the same.
  private static func completed(_ arguments: Arguments, _ submission: Submission, _ sheet: String) throws -> Arguments {
    var values: [String: String] = [:]
    for (name, value, _) in submission.about where recorded.contains(name) {
      let option = arguments.option(name)
      if case .flag = option.kind {
        if value == "yes" { values[name] = "" }
        continue
      }
      let canonical = try CommandError.blaming(sheet) { () throws(CommandError) in try option.canonical(value) }
      if arguments.isGiven(name), let given = arguments.text(name), given != canonical {
        throw option.bad(given, expected: "\(canonical), from which \(sheet) was made; leave the option out")
      }
      values[name] = canonical
    }
    return arguments.supplying(values)
  }
}
