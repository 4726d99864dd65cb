import Adjoint
import AdjointFiles
import Foundation

/// A training frozen in a safetensors file: weights under their own names, what the optimiser keeps under `optimizer/`, the
/// best weights of early stopping under `best/`, and in the metadata the progress, the settings of whoever trains, and the
/// version of this package that wrote it.
///
/// The weights stand in the form that other tools expect, so any reader of safetensors opens them. Loading checks
/// everything before it changes anything: a missing, additional or misshapen tensor, or another program, throws.
public struct Checkpoint {
  private static let progressKey = "adjoint.progress"
  private static let settingsKey = "adjoint.settings"
  private static let fingerprintKey = "adjoint.program"
  private static let versionKey = "adjoint.version"
  private static let formatKey = "adjoint.format"
  static let optimizerPrefix = "optimizer/"
  static let averagePrefix = "average/"
  static let bestPrefix = "best/"

  /// The format of the files that this version writes, and the newest that it reads. It is raised when files are written
  /// that an earlier version would misread.
  package static let format = 1

  let file: Safetensors
  let path: String
  /// The version of this package that wrote the file; nil in a file from before versions were written, or by another
  /// program.
  public let version: String?
  /// The writer's own description of itself: model, data, options.
  public let settings: [String: String]
  /// The tensors in the file, in its order.
  package var tensors: [(name: String, type: String, shape: Shape)] {
    file.entries.map { ($0.name, $0.typeName, $0.shape) }
  }
  /// False for weights alone.
  package var holdsTraining: Bool { file.metadata[Checkpoint.progressKey] != nil }
  /// True for a file that steps wrote without a trainer.
  var holdsSteps: Bool { file.metadata[Checkpoint.stepsKey] != nil }

  /// Reads a checkpoint.
  /// - Throws: `FileError` when the file is missing, damaged, not a safetensors file, or of a format that is newer than this
  ///   version of the package.
  public init(contentsOf url: URL) throws(FileError) {
    file = try Safetensors(contentsOf: url)
    path = url.path
    version = file.metadata[Checkpoint.versionKey]
    try Checkpoint.requireKnownFormat(of: file, path)
    settings = try Checkpoint.decode([String: String].self, Checkpoint.settingsKey, of: file, path, orElse: [:])
  }

  // MARK: Saving

  /// Writes the whole state of a training, atomically: the file is the old one or the new one, never half of it.
  ///
  /// - Throws: `TrainingError` when a number is not finite, or loss and gradients at these weights are not: the file stays
  ///   as it was. `FileError` when two parameters share a name, or the file cannot be written.
  public static func save(
    _ trainer: Trainer<some Dataset<Int32>>, settings: [String: String] = [:], to url: URL
  ) throws {
    try trainer.prepare()
    if trainer.isOfSteps {
      var file = try contents(of: trainer.steps)
      file.metadata[progressKey] = try encode(trainer.progress)
      return try write(file, settings, to: url, on: trainer.step.group)
    }
    try trainer.step.requireFinite()
    var progress = trainer.progress
    if trainer.step.optimizerStart > 0 { progress.optimizerStart = trainer.step.optimizerStart }
    var file = Safetensors()
    for (name, parameter) in trainer.step.namedParameters { try file.add(name, parameter.value) }
    for (name, state) in trainer.step.namedOptimizerState { try file.add(optimizerPrefix + name, state.value) }
    for (name, average) in trainer.step.namedAverages { try file.add(averagePrefix + name, average.value) }
    for (name, parameter) in trainer.step.namedParameters.sorted(by: { $0.name < $1.name }) {
      if let value = trainer.best[ObjectIdentifier(parameter)] { try file.add(bestPrefix + name, value) }
    }
    file.metadata[progressKey] = try encode(progress)
    file.metadata[fingerprintKey] = trainer.fingerprint()
    try write(file, settings, to: url, on: trainer.step.group)
  }

  /// Writes weights alone.
  /// - Throws: `FileError` when a number is not finite, two parameters share a name, or the file cannot be written.
  package static func saveWeights<S: Scalar>(
    _ parameters: [(name: String, parameter: Parameter<S>)], settings: [String: String] = [:],
    names: WeightNames = .own, to url: URL
  ) throws {
    var file = Safetensors()
    for (name, parameter) in parameters {
      if let (element, value) = parameter.firstNonFinite {
        throw FileError(
          .badValue, file: url.path, at: .tensor(name), expected: "finite numbers",
          found: "\(value) at element \(element)",
          remedy: "Train again with a lower learning rate; the file is as it was.")
      }
      if names == .own { try file.add(name, parameter.value) }
    }
    if names == .pytorch {
      file = try pyTorchTensors(parameters)
      // Readers of theirs ask for it.
      file.metadata["format"] = "pt"
    }
    try write(file, settings, to: url)
  }

  /// Writes a file that says who wrote it.
  /// - Parameter group: the processes that share the training, of which the first one writes while all others wait.
  static func write(
    _ file: Safetensors, _ settings: [String: String], to url: URL, on group: ProcessGroup? = nil
  ) throws {
    var file = file
    file.metadata[settingsKey] = try encode(settings)
    file.metadata[versionKey] = adjointVersion
    file.metadata[formatKey] = String(format)
    guard let group else { return try file.write(to: url) }
    do {
      try group.onFirst { try file.write(to: url) }
    } catch is ProcessGroup.OtherFailed {
      throw FileError(
        .unwritableFile, file: url.path, at: .wholeFile, expected: "a file that process 0 can write", found: "an error",
        remedy: "The sentence of process 0 says which.")
    }
  }

  // MARK: Loading

  /// Puts a training back where it was: weights, optimiser state, progress. The next step is the one that would have come.
  ///
  /// - Throws: `FileError` when anything is missing, additional, not finite or of another shape, when the progress cannot be
  ///   that of this training, or when the file was written by another program (other operations, sizes or batch). Nothing
  ///   has been changed then.
  public func restore(into trainer: Trainer<some Dataset<Int32>>) throws {
    try trainer.prepare()
    if trainer.isOfSteps {
      let progress = try progress()
      try requirePossible(progress, in: trainer)
      try restore(into: trainer.steps)
      trainer.progress = progress
      return
    }
    let fingerprint = trainer.fingerprint()
    guard let written = file.metadata[Checkpoint.fingerprintKey] else {
      throw mismatch(
        Checkpoint.fingerprintKey, "the fingerprint of a recorded program", "none",
        "This file holds weights, not a training; load the weights alone.")
    }
    guard written == fingerprint || written == trainer.formerFingerprint() else {
      throw mismatch(
        Checkpoint.fingerprintKey, "the program \(fingerprint)", written,
        "The model, loss or batch size is another one than when this was saved; use the same, or load the weights alone."
      )
    }
    let hasBest = file.names.contains { $0.hasPrefix(Checkpoint.bestPrefix) }
    let progress = try progress()
    try requirePossible(progress, in: trainer)
    let parameters = trainer.step.namedParameters
    let states = trainer.step.namedOptimizerState
    let weights = try values(for: parameters)
    let averages = trainer.step.namedAverages
    let kept = try values(for: states, prefix: Checkpoint.optimizerPrefix)
    let averaged = try values(for: averages, prefix: Checkpoint.averagePrefix)
    let best = hasBest ? try values(for: parameters, prefix: Checkpoint.bestPrefix) : []

    for ((_, parameter), value) in zip(parameters + states + averages, weights + kept + averaged) {
      parameter.value = value
    }
    trainer.best = Dictionary(uniqueKeysWithValues: zip(parameters.map { ObjectIdentifier($0.parameter) }, best))
    trainer.progress = progress
    trainer.step.optimizerStart = progress.optimizerStart ?? 0
    trainer.step.stepCount = progress.stepCount(batchesPerEpoch: trainer.stepsPerEpoch)
  }

  private func requirePossible(_ progress: TrainingProgress, in trainer: Trainer<some Dataset<Int32>>) throws {
    let hasBest = file.names.contains { $0.hasPrefix(Checkpoint.bestPrefix) }
    if let fault = progress.fault(in: trainer, hasBest: hasBest) {
      throw mismatch(
        Checkpoint.progressKey, fault.expected, fault.found,
        "Resume the training that was saved; otherwise the file was changed by hand, and only its weights can be loaded."
      )
    }
  }

  /// The progress as it stands in the file, which may belong to another training.
  private func progress() throws(FileError) -> TrainingProgress {
    try Checkpoint.decode(TrainingProgress.self, Checkpoint.progressKey, of: file, path, orElse: nil)
  }

  /// The number of epochs that the file says are finished.
  /// - Throws: `FileError` when it holds no training.
  package func finishedEpochs() throws(FileError) -> Int { try progress().epoch }

  /// Loads weights alone; what an optimiser kept is passed over.
  /// - Throws: `FileError` when a parameter is missing, additional, not finite or of another shape. Nothing has been changed
  ///   then.
  @discardableResult
  package func loadWeights<S: Scalar>(
    into parameters: [(name: String, parameter: Parameter<S>)], renaming: [String: String] = [:], strict: Bool = true
  ) throws(FileError) -> LoadReport {
    let (values, report) = try search(for: parameters, renaming: renaming, strict: strict)
    for (position, value) in values { parameters[position].parameter.value = value }
    return report
  }

  /// Refuses a file that a later version wrote in a way of its own. One that says no format is of the first.
  private static func requireKnownFormat(of file: Safetensors, _ path: String) throws(FileError) {
    guard let text = file.metadata[formatKey], !(1...format).map(String.init).contains(text) else { return }
    let isNewer = Int(text).map { $0 > format } ?? false
    let writer = file.metadata[versionKey].map { ", written by version \(quoted($0))" } ?? ""
    throw FileError(
      .wrongFormat, file: path, at: .metadata(formatKey),
      expected: isNewer ? "format \(format) or an earlier one" : "a whole number from 1",
      found: quoted(text) + writer,
      remedy: isNewer
        ? "This is version \(adjointVersion); take the version that wrote the file, or a later one."
        : "The file was changed by hand; save it again.")
  }

  func mismatch(_ key: String, _ expected: String, _ found: String, _ remedy: String) -> FileError {
    FileError(.mismatch, file: path, at: .metadata(key), expected: expected, found: found, remedy: remedy)
  }

  // MARK: Metadata

  static func encode(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  static func decode<Value: Decodable>(
    _ type: Value.Type, _ key: String, of file: Safetensors, _ path: String, orElse missing: Value?
  ) throws(FileError) -> Value {
    guard let text = file.metadata[key] else {
      if let missing { return missing }
      throw FileError(
        .wrongFormat, file: path, at: .metadata(key), expected: "the state of a training", found: "none",
        remedy: "This file was not written as a checkpoint of a training.")
    }
    do {
      // Foundation's reader lets pass what is no JSON, such as a comma behind the last member.
      var reader = try JSONReader(Array(text.utf8), file: path)
      _ = try reader.value()
      try reader.end()
      return try JSONDecoder().decode(type, from: Data(text.utf8))
    } catch {
      throw FileError(
        .wrongFormat, file: path, at: .metadata(key), expected: "JSON of \(type)", found: quoted(text),
        remedy: "The file was changed by hand or by another version; save it again.")
    }
  }
}

extension Checkpoint: CustomStringConvertible {
  /// The file, its tensors, the finished epochs where it holds a training, and its settings.
  public var description: String {
    let training = holdsTraining ? "a training" : holdsSteps ? "steps of a training" : "weights"
    let epochs = (try? finishedEpochs()).map { " after \($0) epochs" } ?? ""
    let named = settings.sorted { $0.key < $1.key }.prefix(12).map { "\($0.key) \($0.value.prefix(40))" }
    let more = settings.count > named.count ? ", …" : ""
    return "Checkpoint \(path): \(training)\(epochs); \(file.summary)"
      + (named.isEmpty ? "" : "\n  settings: \(named.joined(separator: ", "))\(more)")
  }
}

extension TrainingProgress {
  /// The number of updates that have been made.
  func stepCount(batchesPerEpoch: Int) -> Int { epoch * batchesPerEpoch + batch }
}

extension TrainingStep {
  /// The arrays that the optimiser keeps, by the name of the parameter and of the array.
  package var namedOptimizerState: [(name: String, parameter: Parameter<S>)] {
    gatherKept()
    return namedParameters.flatMap { _, parameter in
      (optimizerState[ObjectIdentifier(parameter)] ?? []).map { ($0.name ?? "", $0) }
    }
  }
}

extension Layer {
  /// The parameters that this layer uses, by name in order of first use, found by recording it on zeros.
  /// - Parameter input: the shape of one batch, such as `[1, 784]`.
  package func parameters(
    forInput input: Shape, file: StaticString = #fileID, line: UInt = #line
  ) -> [(name: String, parameter: Parameter<S>)] {
    let tape = Tape<S>(mode: .inference)
    let inputs = tape.input(.zeros(input), name: "inputs")
    _ = tape.recordModel("\(type(of: self)): its call", at: CallSite(file, line)) { self(inputs) }
    return tape.namedParameters
  }

  /// Reads the weights of this model from a checkpoint, from a file with PyTorch's names, or from NumPy's archive, as
  /// `load(from:renaming:strict:)` of a model does whose parameters have names.
  /// - Parameter input: the shape of one batch, such as `[1, 784]`.
  /// - Throws: `FileError`; nothing has been changed then.
  @discardableResult
  public func load(
    from url: URL, input: Shape, renaming: [String: String] = [:], strict: Bool = true, file: StaticString = #fileID,
    line: UInt = #line
  ) throws(FileError) -> LoadReport {
    try Checkpoint(contentsOf: url).loadWeights(
      into: parameters(forInput: input, file: file, line: line), renaming: renaming, strict: strict)
  }

  /// Writes the weights of this model.
  /// - Parameter input: the shape of one batch, such as `[1, 784]`.
  public func save(
    to url: URL, input: Shape, names: WeightNames = .own, file: StaticString = #fileID, line: UInt = #line
  ) throws {
    try Checkpoint.saveWeights(parameters(forInput: input, file: file, line: line), names: names, to: url)
  }
}
