import AdjointCommandLine
import AdjointFiles
import AdjointLearning
import Foundation

/// The trace that a training is asked for.
struct TraceOptions {
  private let path: String
  private let option: Option
  private let isResumed: Bool
  /// The steps of which every element is written.
  private let whole: ClosedRange<Int>?

  /// Nil when no trace is asked for.
  init?(_ arguments: Arguments) throws(CommandError) {
    guard let path = arguments.text("trace") else {
      if arguments.isGiven("trace-values") {
        throw .unusedOption("trace-values", reason: "without --trace, such as --trace a.trace", usedBy: [])
      }
      return nil
    }
    (self.path, option, isResumed) = (path, arguments.option("trace"), arguments.isGiven("resume"))
    whole = try arguments.text("trace-values").map { text throws(CommandError) in
      let bounds = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
      guard (1...2).contains(bounds.count), bounds[0] >= 1, let last = bounds.last, last >= bounds[0] else {
        throw arguments.option("trace-values").bad(
          text, expected: "a step, or a first and a last one, counted from 1, such as 7 or 5-9")
      }
      return bounds[0]...last
    }
  }

  /// Refuses a place where the trace would destroy something else, or be destroyed.
  /// - Throws: `CommandError`; `FileError` where no file can be made.
  func refuse(beside checkpoints: [String?], _ report: ReportDirectory?) throws {
    let place = FilePlace.url(path)
    for checkpoint in checkpoints.compactMap({ $0 }) where FilePlace.isSame(place, FilePlace.url(checkpoint)) {
      throw option.bad(path, expected: "another name than the checkpoint has")
    }
    if let report, report.wouldReplace(place) {
      throw option.bad(path, expected: "another name than the files of the report have")
    }
    if isResumed, FileManager.default.fileExists(atPath: place.path) {
      throw option.bad(
        path, expected: "the name of no file, since a training that is resumed writes a trace of its own steps")
    }
    try OutputFile.probe(place.deletingLastPathComponent())
  }

  /// Begins the trace.
  func begin(on step: TrainingStep<Float>) throws { try step.trace(to: FilePlace.url(path), wholeAt: whole) }
}
