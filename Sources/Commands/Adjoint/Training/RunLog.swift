import AdjointCommandLine
import AdjointFiles
import AdjointLearning
import Foundation

/// The metrics of a training in a file that grows by a line for each epoch: JSON lines, or CSV with names in the first line.
///
/// A line is written before the checkpoint that has its epoch behind it. So a training that is resumed keeps the lines up to its
/// checkpoint, and writes those after it anew: no epoch is lost, and none stands twice.
final class RunLog {
  private static let names = [
    "epoch", "step", "loss", "set", "setLoss", "setAccuracy", "trainingLoss", "trainingAccuracy", "learningRate",
    "seconds",
    "examplesPerSecond",
  ]

  private let url: URL
  private let isTable: Bool
  private let option: Option
  private var file: GrowingFile?

  private var beginning: String { isTable ? RunLog.names[0] + "," : #"{"epoch": "# }

  /// Nil when no log is asked for.
  init?(_ arguments: Arguments) throws(CommandError) {
    guard let path = arguments.text("log") else { return nil }
    option = arguments.option("log")
    url = FilePlace.url(path)
    switch url.pathExtension.lowercased() {
    case "jsonl", "ndjson", "json": isTable = false
    case "csv": isTable = true
    default: throw option.bad(path, expected: "a name that ends in .jsonl or .csv, which decides the form")
    }
  }

  /// Refuses a place where the log would destroy something else, or be destroyed.
  /// - Throws: `CommandError`; `FileError` where no file can be made.
  func refuse(beside files: [String?], _ report: ReportDirectory?) throws {
    for file in files.compactMap({ $0 }) where FilePlace.isSame(url, FilePlace.url(file)) {
      throw option.bad(url.path, expected: "another name than the checkpoint and the trace have")
    }
    if let report, report.wouldReplace(url) {
      throw option.bad(url.path, expected: "another name than the files of the report have")
    }
    try OutputFile.probe(url.deletingLastPathComponent())
  }

  /// Makes the file, with the lines that it has of epochs up to this one.
  /// - Throws: `FileError` when the file is of another kind, or cannot be written.
  func begin(after epoch: Int) throws(FileError) {
    let kept = epoch == 0 ? [] : try lines(upTo: epoch)
    let header = isTable ? [RunLog.names.joined(separator: ",")] : []
    file = try GrowingFile(url, replacing: beginning, kind: "a log of a training", by: header + kept)
  }

  /// The lines of an earlier part of the training; a last one that was cut off has no end.
  private func lines(upTo epoch: Int) throws(FileError) -> [String] {
    guard FileManager.default.fileExists(atPath: url.path) else { return [] }
    let text = String(decoding: try InputFile(url).contents(memoryLimit: 1 << 28), as: UTF8.self)
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    lines.removeLast()
    var last = 0
    return lines.compactMap { line in
      let digits = isTable ? line.prefix { $0 != "," } : line.dropFirst(beginning.count).prefix { $0.isNumber }
      guard isTable || line.hasPrefix(beginning), let number = Int(digits), number > last, number <= epoch else {
        return nil
      }
      last = number
      return String(line)
    }
  }

  /// Adds the line of an epoch; a number that does not exist or is not finite is left empty, or null.
  func add(
    _ epoch: EpochResult, step: Int, rate: Double, _ metrics: ClassificationMetrics, on set: String,
    training: ClassificationMetrics?, _ progress: ProgressReport
  ) throws(FileError) {
    let values: [JSON] = [
      .integer(epoch.number), .integer(step), .number(epoch.loss), .string(set), .number(metrics.loss),
      .number(metrics.accuracy), training.map { .number($0.loss) } ?? .null,
      training.map { .number($0.accuracy) } ?? .null, .number(rate), .number(progress.seconds), .number(progress.rate),
    ]
    guard isTable else {
      try file?.append(JSON.object(Array(zip(RunLog.names, values))).text)
      return
    }
    try file?.append(values.map { $0 == .null ? "" : $0.string ?? $0.text }.joined(separator: ","))
  }
}
