import Adjoint

// A step, a predictor and the like in a few lines: what is recorded, for which shapes, and what it takes.

extension TrainingStep: CustomStringConvertible {
  /// The optimiser and the updates made, then the latest recording: its shapes, what is trained, its passes and memory.
  public var description: String {
    var lines = ["TrainingStep in \(S.self): \(optimizer), \(stepCount) updates made"]
    if schedule != .constant { lines.append("  schedule \(schedule)") }
    if regularization != .none { lines.append("  \(regularization)") }
    if clipping != .none { lines.append("  clipping \(clipping)") }
    if updating.words != "all" { lines.append("  updates \(updating.words)") }
    if !groups.isEmpty { lines.append("  groups of settings: " + groups.map(\.description).joined(separator: "; ")) }
    if averaging != .none { lines.append("  averages weights: \(averaging)") }
    guard let latest = lastRecording else {
      return (lines + ["  nothing is recorded before the first step"]).joined(separator: "\n")
    }
    let inputs = latest.inputs.leaves.map { $0.tape.describe($0.index) }.joined(separator: ", ")
    let numbers = latest.trained.reduce(0) { $0 + $1.parameter.count }
    lines.append(
      "  recorded for \(inputs)" + (recordingCount > 1 ? "; \(recordingCount) recordings are kept" : ""))
    lines.append("  trains \(latest.trained.count) parameters of \(numbers) numbers; \(latest.program.extent)")
    return lines.joined(separator: "\n")
  }
}

extension Predictor: CustomStringConvertible {
  /// The size of its batches, then what is recorded: the shapes for an example, its passes and memory.
  public var description: String {
    let title = "Predictor in \(S.self): batches of \(batchSize), evaluated by \(loss)"
    guard let compiled else { return title + "\n  nothing is recorded before the first prediction" }
    let (inputs, outputs) = (Shape(compiled.inputs.shape.dropFirst()), Shape(compiled.outputs.shape.dropFirst()))
    return title + "\n  recorded for inputs of \(inputs), of which it makes \(outputs); \(compiled.program.extent)"
  }
}

extension Program {
  /// Passes and memory in words.
  fileprivate var extent: String { "\(instructionCount) passes, \(byteText(byteCount))" }
}

extension Trainer: CustomStringConvertible {
  /// How far it is, its data, and its step.
  public var description: String {
    let end = progress.isStopped ? ", ended by early stopping" : ""
    let against = validation.map { ", validated on \($0.count)" } ?? ""
    return
      "Trainer: \(progress.epoch) of \(epochs) epochs made\(end), \(training.count) examples in batches of \(batchSize)"
      + against + (history.last.map { "\n  \($0)" } ?? "") + "\n\(step)"
  }
}

extension EpochResult: CustomStringConvertible {
  /// The number, the loss, and what validation gave.
  public var description: String {
    "epoch \(number): loss \(short(loss))" + (validation.map { "; validation: \($0)" } ?? "")
  }
}

extension ClassificationMetrics: CustomStringConvertible {
  /// Loss and accuracy, and of how many examples.
  public var description: String {
    let count = confusion.reduce(0) { $0 + $1.reduce(0, +) }
    return "loss \(short(loss)), accuracy \(short(100 * accuracy))% of \(count) examples in \(confusion.count) classes"
  }
}

extension EarlyStopping: CustomStringConvertible {
  /// Its patience and the rule.
  public var description: String {
    switch rule {
    case .sinceBest: "EarlyStopping: after \(patience) epochs without a better validation loss"
    case .consecutiveIncreases: "EarlyStopping: after \(patience) epochs in a row whose validation loss increased"
    }
  }
}

extension Linter: CustomStringConvertible {
  /// The loss that it looks at.
  public var description: String {
    "Linter of \(loss.tape.describe(loss.index)), on a recording of \(loss.index + 1) nodes; run() gives its findings"
  }
}

extension FedValue: CustomStringConvertible {
  /// What it holds, and the shape.
  public var description: String {
    switch content {
    case .numbers(let x): "numbers \(x.shape)"
    case .indices(let x): "indices \(x.shape)"
    }
  }
}

extension StepVariables: CustomStringConvertible {
  /// The struct whose tensors they stand for.
  public var description: String { "variables of a \(Input.self)" }
}
