import Adjoint
import AdjointChecking
import AdjointCommandData
import AdjointCommandLine
import AdjointCommandTraining
import AdjointLearning
import Foundation

/// `adjoint check`: the verdict on derivatives, and the operation to blame for a wrong one.
@main
enum CheckCommand {
  static func main() { CommandLineProgram.main(command) }

  static let command = Command(
    name: "check", summary: Sibling.check.summary,
    positional: ("OPERATION ...", 0...Int.max),
    options: [
      Option(
        "order", "N", .integer(1...2),
        "1 checks gradients, 2 the gradients of gradients too. Default: 1 for a model; operations are always checked at both."
      ),
      Option("seed", "N", .integer(0...Int.max), default: "0", "What values and directions are drawn from."),
      .flag("sabotage", "Put faults into every rule and into shared code, and count how many the checker finds."),
      .flag("table", "Recompute the gradient table of a student report, 784-128-10, beside its own numbers."),
      .flag(
        "edges", "Check every operation, loss and layer at 0, the limits of numbers, ∞, NaN, ties and behind switches."),
      .flag("markdown", in: "Edges", "Print the page of edges, Docs/Edges.md, and nothing else."),
      Option(
        "peers", "FILE", .text, in: "Edges",
        "What other libraries do there, as Docs/Edges/peers.py stores it. Default: Docs/Edges/peers.json, where that is."
      ),
      .flag("legend", "Explain the words of the report below it."),
      .flag("json", "Print one JSON object as the last line of standard output."),
      Option(
        "trials", "KIND", .choice(TrialsRun.kinds), in: "Trials",
        "Try the checker itself: nasty, correct models that are hard to judge, by name; scales, random programs with and without a fault at other powers of 2; fresh, networks with kinks and their sabotaged twins; epoch, a training with every step verified."
      ),
      Option(
        "count", "N", .integer(1...1_000_000), in: "Trials",
        "How many programs, seeds or steps. Default: 1000, 200, and a whole epoch."),
      Option(
        "model", "SIZES", .text, in: "A model",
        "Check a perceptron instead, such as 784,30,10: inputs, hidden units, classes; or cnn, the one of 'adjoint train'."
      ),
      Option(
        "activation", "NAME", .choice(Activation.optionNames), default: "tanh", in: "A model",
        "The function between its layers."),
      Option(
        "data", "WHAT", .text, default: "drawn", in: "A model",
        "What it is fed: drawn, mnist, a directory with MNIST's four IDX files, an NPZ file, or a CSV file of label and pixels."
      ),
      DataOptions.downloadFlag(in: "A model"),
      Option("batch", "N", .integer(1...65_536), default: "4", in: "A model", "How many images at once."),
      Option(
        "mode", "MODE", .choice(["directional", "full"]), default: "directional", in: "A model",
        "Three random directions, or every coordinate by itself."),
      Option(
        "process", "COMMAND", .text, in: "A derivative from elsewhere",
        "Check the derivative that a program of yours computes, in any language: /bin/sh runs the command, which answers lines of "
          + "JSON (Docs/DerivativesFromElsewhere.md)."),
      Option(
        "timeout", "SECONDS", .number(.interval), default: "60", in: "A derivative from elsewhere",
        "How long each of its answers may take; the first one includes its start."),
      Option(
        "arrays", "FILE", .text, in: "A derivative from elsewhere",
        "Check claimed slopes beside values of a function that runs elsewhere: a CSV file with the columns line, t, f and slope."
      ),
    ],
    notes: [
      (
        "Verdicts",
        [
          "agree        every judge that could tell agrees within its bound",
          "DISAGREE     a judge contradicts beyond its bound; the operation to blame is named",
          "cannot tell  no judge could, such as exactly at a kink, or where a value is not finite",
          "Differences are given as a share of the bound: above 1 is a contradiction.",
        ]
      ),
      (
        "Examples",
        [
          "adjoint check", "adjoint check matmul logSoftmax", "adjoint check --edges",
          "adjoint check --model 784,128,10 --mode full --order 2", "adjoint check --process 'python3 mine.py'",
          "adjoint check --trials nasty kink cancel.softmax-sum",
        ]
      ),
      (
        "Exit code",
        [
          "0 when everything agrees, 1 when something disagrees (with --sabotage: when a fault was not found; with --trials: when",
          "a verdict is not the one expected), 2 when something cannot be told, the command cannot be read, or the process of",
          "--process does not answer as it must, 1 for any other failure",
        ]
      ),
    ],
    run: run)

  private static let modelOptions = ["activation", "data", "download", "batch", "mode"]

  private static func run(_ arguments: Arguments, _ console: Console) throws -> Int32 {
    try refuseUnused(arguments)
    if arguments.isGiven("process") { return try ProcessCheck(arguments).run(console) }
    if arguments.isGiven("arrays") { return try ArraysCheck(arguments).run(console) }
    if arguments.isGiven("edges") { return try EdgesRun(arguments).run(console) }
    if arguments.isGiven("trials") { return try TrialsRun(arguments, console).run(console) }
    if arguments.isGiven("table") {
      try Sibling.experiments.run(["--table"] + arguments.words(["seed", "data", "download", "json"]))
    }
    if arguments.isGiven("model") { return try ModelCheck(arguments, console).run(console) }
    let operations = try OperationCatalog.names(among: arguments.positionals)
    if arguments.isGiven("sabotage") {
      return try SabotageRun(operations, arguments).run(console)
    }
    return try CatalogueCheck(operations, arguments).run(console)
  }

  /// Refuses what has no effect on a trial.
  private static func refuseBesideTrials(
    _ arguments: Arguments, _ refuse: ([String], String, [String]) throws(CommandError) -> Void
  ) throws(CommandError) {
    let kind = try arguments.required("trials")
    try refuse(
      ["model", "table", "sabotage", "edges", "markdown", "peers", "order", "activation", "batch", "mode", "legend"],
      "with --trials", [])
    if kind == "nasty" { try refuse(["count"], "with --trials nasty", []) }
    if kind == "nasty" || kind == "scales" { try refuse(["data", "download"], "with --trials \(kind)", []) }
    if kind != "nasty", let name = arguments.positionals.first {
      throw .unexpectedArgument(name, command: "check")
    }
  }

  /// Refuses options that would have no effect.
  private static func refuseUnused(_ arguments: Arguments) throws(CommandError) {
    func refuse(_ names: [String], _ reason: String, _ users: [String] = []) throws(CommandError) {
      for name in names where arguments.isGiven(name) {
        throw .unusedOption(name, reason: reason, usedBy: users)
      }
    }
    let subjects = ["process", "arrays", "edges", "table", "model", "trials"]
    if let first = subjects.first(where: arguments.isGiven), first == "process" || first == "arrays" {
      let further = ["sabotage", "order", "markdown", "peers", "legend"] + (first == "arrays" ? ["seed"] : [])
      try refuse(subjects.filter { $0 != first } + further + modelOptions, "with --\(first)")
    }
    if !arguments.isGiven("process") { try refuse(["timeout"], "without --process") }
    let isModel = arguments.isGiven("model")
    guard !arguments.isGiven("trials") else { return try refuseBesideTrials(arguments, refuse) }
    try refuse(["count"], "without --trials")
    if arguments.isGiven("edges") {
      try refuse(["model", "table", "sabotage", "order", "seed", "legend"] + modelOptions, "with --edges")
    } else {
      try refuse(["markdown", "peers"], "without --edges")
    }
    if arguments.isGiven("table") {
      try refuse(["model", "activation", "batch", "mode", "order", "sabotage", "legend"], "with --table")
    } else if !isModel {
      try refuse(modelOptions, "without --model")
      if arguments.text("order") == "1" {
        try refuse(["order"], "without --model: operations are always checked at orders 1 and 2")
      }
    } else {
      try refuse(["sabotage"], "with --model")
    }
    if arguments.isGiven("sabotage") { try refuse(["order", "legend"], "with --sabotage") }
    if subjects.contains(where: arguments.isGiven), let name = arguments.positionals.first {
      throw .unexpectedArgument(name, command: "check")
    }
  }
}
