import Adjoint
import AdjointFiles
import Foundation

// Steps of any form, one or several over one model, stored and put back without a trainer.

/// The state of a step but for parameters and what is kept for them.
private struct StoredStep: Codable {
  var stepCount: Int
  var optimizerStart: Int
  /// The programs that it has recorded.
  var fingerprints: [String]
}

extension Checkpoint {
  static let stepsKey = "adjoint.steps"
  private static let generatorKey = "adjoint.generator"

  /// Writes the whole state of a step, as `save(_:generator:settings:to:)` of several does.
  public static func save<S: Scalar>(
    _ step: TrainingStep<S>, generator: Generator? = nil, settings: [String: String] = [:], to url: URL
  ) throws {
    try save([step], generator: generator, settings: settings, to: url)
  }

  /// Writes the whole state of steps that train together, such as the two of an adversarial pair: parameters and states once,
  /// what each optimiser keeps and averages for itself, the numbers of their updates, and a generator that draws the batches.
  ///
  /// - Throws: `TrainingError` when a number is not finite, or loss and gradients at these weights are not: the file stays as
  ///   it was. `FileError` when two parameters share a name, or the file cannot be written.
  public static func save<S: Scalar>(
    _ steps: [TrainingStep<S>], generator: Generator? = nil, settings: [String: String] = [:], to url: URL
  ) throws {
    if steps.isEmpty || steps.contains(where: \.fingerprints.isEmpty) {
      throw FileError(
        .mismatch, file: url.path, at: .metadata(stepsKey), expected: "one or more steps that know their parameters",
        found: steps.isEmpty ? "no step" : "a step that has recorded nothing",
        remedy: "Take a step, or call prepare(…) on it with a batch, before it is saved.")
    }
    var file = try contents(of: steps)
    if let generator { file.metadata[generatorKey] = try encode(generator) }
    try write(file, settings, to: url, on: steps[0].group)
  }

  /// The tensors of steps, and the numbers of their updates.
  static func contents<S: Scalar>(of steps: [TrainingStep<S>]) throws -> Safetensors {
    var file = Safetensors()
    for step in steps { try step.requireFinite() }
    for (name, parameter) in namedParameters(of: steps) { try file.add(name, parameter.value) }
    for (number, step) in steps.enumerated() {
      for (name, kept) in places(of: step, number) { try file.add(name, kept.value) }
    }
    let stored = steps.map {
      StoredStep(stepCount: $0.stepCount, optimizerStart: $0.optimizerStart, fingerprints: $0.fingerprints)
    }
    file.metadata[stepsKey] = try encode(stored)
    return file
  }

  /// Puts a step back where it was, as `restore(into:)` of several does.
  @discardableResult
  public func restore<S: Scalar>(into step: TrainingStep<S>) throws -> Generator? { try restore(into: [step]) }

  /// Puts steps back where they were, in the order in which they were saved. The next step of each is the one that would have
  /// come. Returns the generator that was saved with them.
  ///
  /// A step that has not been made yet is first given the shapes of a batch, by `prepare`, so that its parameters are known.
  /// - Throws: `FileError` when anything is missing, additional, not finite or of another shape, or when the file was written
  ///   by other steps. Nothing has been changed then.
  @discardableResult
  public func restore<S: Scalar>(into steps: [TrainingStep<S>]) throws -> Generator? {
    let stored = try Checkpoint.decode([StoredStep].self, Checkpoint.stepsKey, of: file, path, orElse: nil)
    guard stored.count == steps.count else {
      throw mismatch(
        Checkpoint.stepsKey, "\(steps.count) steps", "\(stored.count)",
        "Give as many steps as were saved, in the same order.")
    }
    for (number, (step, was)) in zip(steps, stored).enumerated() {
      let present = step.fingerprints
      guard !present.isEmpty else {
        throw mismatch(
          Checkpoint.stepsKey, "the program of step \(number + 1) of \(steps.count)",
          "a step that has recorded nothing",
          "Call prepare(…) on it with a batch, such as the first one, before it is restored.")
      }
      guard present.contains(where: was.fingerprints.contains) else {
        throw mismatch(
          Checkpoint.stepsKey, "the program \(present.joined(separator: " or ")) of step \(number + 1)",
          was.fingerprints.joined(separator: ", "),
          "The model, loss or shapes are others than when this was saved; use the same, or load the weights alone.")
      }
      guard was.stepCount >= 0, (0...was.stepCount).contains(was.optimizerStart) else {
        throw mismatch(
          Checkpoint.stepsKey, "a number of updates, and as many or fewer before the optimiser's first",
          "\(was.stepCount) and \(was.optimizerStart)", "The file was changed by hand; only its weights can be loaded.")
      }
    }
    var generator: Generator?
    if file.metadata[Checkpoint.generatorKey] != nil {
      generator = try Checkpoint.decode(Generator.self, Checkpoint.generatorKey, of: file, path, orElse: nil)
    }
    let parameters = Checkpoint.namedParameters(of: steps)
    let kept = steps.enumerated().flatMap { Checkpoint.places(of: $1, $0) }
    let values = try values(for: parameters) + self.values(forKept: kept)
    for ((_, parameter), value) in zip(parameters + kept, values) { parameter.value = value }
    for (step, was) in zip(steps, stored) {
      (step.stepCount, step.optimizerStart) = (was.stepCount, was.optimizerStart)
    }
    return generator
  }

  /// The parameters and states of all steps, each once.
  private static func namedParameters<S: Scalar>(
    of steps: [TrainingStep<S>]
  ) -> [(name: String, parameter: Parameter<S>)] {
    var seen: Set<ObjectIdentifier> = []
    return steps.flatMap(\.namedParameters).filter { seen.insert(ObjectIdentifier($0.parameter)).inserted }
  }

  /// What a step keeps, under names of its own among all steps.
  private static func places<S: Scalar>(
    of step: TrainingStep<S>, _ number: Int
  ) -> [(name: String, parameter: Parameter<S>)] {
    step.namedOptimizerState.map { ("\(optimizerPrefix)\(number + 1)/\($0.name)", $0.parameter) }
      + step.namedAverages.map { ("\(averagePrefix)\(number + 1)/\($0.name)", $0.parameter) }
  }
}

extension TrainingStep {
  /// The averaged weights, by the name of the parameter.
  package var namedAverages: [(name: String, parameter: Parameter<S>)] {
    gatherKept()
    return namedParameters.compactMap { name, parameter in averages[ObjectIdentifier(parameter)].map { (name, $0) } }
  }

  /// What tells the recordings of this step from others.
  fileprivate var fingerprints: [String] { losses.map { String($0.inputs.tape.fingerprint, radix: 16) }.sorted() }
}
