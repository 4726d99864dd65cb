import Adjoint
import AdjointChecking
import AdjointCommandData
import AdjointCommandLine
import AdjointDatasets
import AdjointGrading
import Foundation

/// `adjoint check --trials KIND`: the checker on correct models that are hard to judge, and on faults at every scale.
struct TrialsRun {
  /// The kinds of trials, as `--trials` names them.
  static let kinds = ["nasty", "scales", "fresh", "epoch"]

  private let kind: String
  private let names: [String]
  private let count: Int?
  private let seed: UInt64
  private let printsJSON: Bool
  private let source: DataSource

  init(_ arguments: Arguments, _ console: Console) throws {
    kind = try arguments.required("trials")
    names = arguments.positionals
    count = try arguments.givenInteger("count")
    seed = UInt64(try arguments.integer("seed"))
    printsJSON = arguments.isGiven("json")
    let isDrawn = (try? MNISTPlaces().find()) == nil
    source = try arguments.isGiven("data") ? DataSource(arguments.required("data")) : isDrawn ? .drawn : .mnist
    try source.download(arguments, console)
    if kind == "nasty" { try refuseUnknown(names) }
  }

  func run(_ console: Console) throws -> Int32 {
    switch kind {
    case "nasty": nasty(console)
    case "scales": scales(console)
    case "fresh": try fresh(console)
    default: try EpochTrial(source, steps: count, seed: seed).run(console, printsJSON: printsJSON)
    }
  }

  private func refuseUnknown(_ names: [String]) throws(CommandError) {
    let known = NastyModels.ids
    for name in names where !known.contains(where: { $0 == name || $0.hasPrefix(name + ".") }) {
      throw .badValue(
        option: "trials nasty", value: name, expected: "one of its models, or the first word of some",
        suggestion: Suggestion.nearest(to: name, among: known))
    }
  }

  // MARK: Correct models that are hard to judge

  private func nasty(_ console: Console) -> Int32 {
    let width = NastyModels.ids.map(\.count).max() ?? 0
    let outcomes = NastyModels.run(names, seed: seed) { outcome in
      let row = [
        outcome.id.padded(to: width), outcome.scalar.padded(to: 6), outcome.verdict.text.padded(to: 11),
        outcome.seconds.precise.padded(left: 9), outcome.isExpected ? outcome.expectation.note : "UNEXPECTED",
      ]
      console.line(
        row.joined(separator: "  ").replacing(
          outcome.verdict.text, with: outcome.verdict.painted(outcome.verdict.text, if: console.hasColor),
          maxReplacements: 1))
    }
    let unexpected = outcomes.filter { !$0.isExpected }
    for outcome in unexpected {
      console.line()
      console.line("\(outcome.id) in \(outcome.scalar): \(outcome.formula)")
      if let report = outcome.decisive { console.line("\(report)") }
    }
    func told(_ verdict: Verdict) -> Int { outcomes.count { $0.verdict == verdict } }
    console.line()
    console.line(
      "\(Set(outcomes.map(\.id)).count.of("correct model")), \(outcomes.count.of("check")): \(told(.agree)) agree, "
        + "\(told(.disagree)) disagree, \(told(.cannotTell)) cannot tell; \(unexpected.count) unexpected")
    if printsJSON {
      let fields: [(String, JSON)] = [
        ("models", .array(outcomes.map(\.json))), ("agree", .integer(told(.agree))),
        ("disagree", .integer(told(.disagree))), ("cannotTell", .integer(told(.cannotTell))),
        ("unexpected", .integer(unexpected.count)), ("seed", .integer(Int(seed))),
      ]
      console.line(JSON.object(fields).text)
    }
    return unexpected.isEmpty ? 0 : 1
  }

  // MARK: The same program at other scales

  private func scales(_ console: Console) -> Int32 {
    let trials = ScaleTrial.run(count ?? 1000, seed: seed)
    let wrong = trials.filter { !$0.isSame || $0.isFalseAlarm }
    for trial in wrong {
      console.line(
        "seed \(trial.seed) in \(trial.scalar), \(trial.fault ?? "no fault"), \(trial.powers): "
          + "\(trial.plain.text), scaled \(trial.scaled.text)")
      console.line(trial.reports)
      console.line()
    }
    let (sound, faulty) = (trials.filter { $0.fault == nil }, trials.filter { $0.fault != nil })
    func told(_ trials: [ScaleTrial], _ verdict: Verdict) -> Int { trials.count { $0.plain.verdict == verdict } }
    for (name, trials) in [("sound", sound), ("with a fault", faulty)] {
      console.line(
        "\(trials.count.of("program")) \(name): \(told(trials, .agree)) agree, \(told(trials, .disagree)) disagree, "
          + "\(told(trials, .cannotTell)) cannot tell; scaled, \(trials.count { !$0.isSame }) change")
    }
    let missed = faulty.filter { $0.plain.verdict != .disagree }
    for trial in missed.prefix(20) {
      console.line("not found: seed \(trial.seed) in \(trial.scalar), \(trial.fault ?? ""): \(trial.plain.text)")
      console.line(trial.reports)
      console.line()
    }
    let alarms = sound.count { $0.isFalseAlarm }
    console.line("\(alarms.of("false alarm"))")
    if printsJSON {
      let fields: [(String, JSON)] = [
        ("sound", .integer(sound.count)), ("faulty", .integer(faulty.count)),
        ("found", .integer(told(faulty, .disagree))), ("changed", .integer(trials.count { !$0.isSame })),
        ("falseAlarms", .integer(alarms)), ("seed", .integer(Int(seed))),
      ]
      console.line(JSON.object(fields).text)
    }
    return wrong.isEmpty ? 0 : 1
  }

  // MARK: Networks that were never trained

  private func fresh(_ console: Console) throws -> Int32 {
    let images = try source.loadImages(limits: (1000, 1)).training
    let trials = FreshTrial.run(count ?? 200, TrialImages(images), seed: seed)
    let twins = trials.compactMap(\.twin)
    let alarms = trials.filter { $0.verdict == .disagree }
    let missed = twins.filter { $0.verdict != .disagree }
    for report in alarms.map(\.report) + missed.map(\.report) {
      console.line(report)
      console.line()
    }
    for network in FreshNetwork.allCases {
      let own = trials.filter { $0.network == network }
      func told(_ verdict: Verdict) -> Int { own.count { $0.verdict == verdict } }
      let found = own.compactMap(\.twin).count { $0.verdict == .disagree }
      console.line(
        "\(network.rawValue.padded(to: 18)) \(told(.agree)) agree, \(told(.disagree)) disagree, "
          + "\(told(.cannotTell)) cannot tell; \(found) of \(own.compactMap(\.twin).count) faults found")
    }
    console.line()
    console.line(
      "\(trials.count.of("fresh network")) on \(source.title): \(alarms.count.of("false alarm")); "
        + "\(twins.count - missed.count) of \(twins.count.of("twin")) with a wrong rule found, "
        + "\(twins.count { $0.isBlamed }) blamed rightly")
    if printsJSON {
      let fields: [(String, JSON)] = [
        ("networks", .integer(trials.count)), ("falseAlarms", .integer(alarms.count)), ("twins", .integer(twins.count)),
        ("found", .integer(twins.count - missed.count)), ("blamed", .integer(twins.count { $0.isBlamed })),
        ("seed", .integer(Int(seed))),
      ]
      console.line(JSON.object(fields).text)
    }
    return alarms.isEmpty && missed.count * 100 <= twins.count ? 0 : 1
  }
}

extension NastyExpectation {
  /// A remark for the table.
  fileprivate var note: String {
    switch self {
    case .agree: ""
    case .kink: "kink"
    case .cannotTell(let reason): "may not be told: \(reason)"
    }
  }
}

extension NastyOutcome {
  fileprivate var json: JSON {
    let expected =
      switch expectation {
      case .agree: "agree"
      case .kink: "kink"
      case .cannotTell: "cannotTell"
      }
    return .object([
      ("id", .string(id)), ("scalar", .string(scalar)), ("formula", .string(formula)),
      ("verdict", .string(verdict.rawValue)), ("expected", .string(expected)), ("isExpected", .bool(isExpected)),
      ("seconds", .number(seconds)),
    ])
  }
}

extension ScaleTrial.Sentence {
  fileprivate var text: String { verdict.text + (node.map { " at node \($0)" } ?? "") }
}

extension TrialImages {
  fileprivate init(_ images: LabeledImages) {
    self.init(
      height: images.height, width: images.width,
      pixels: (0..<images.count).map { images.image($0).map { Float($0) / 255 } }, labels: images.labels)
  }
}
