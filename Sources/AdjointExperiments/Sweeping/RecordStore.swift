import AdjointFiles
import Foundation

/// The records of finished runs: for each experiment a file of JSON lines, rewritten whole and renamed into place.
///
/// A run that is not in its file has not ended; whatever kills the sweep, the file is as it was after the last run that did.
/// Lines are sorted by setting and seed, so that the order in which runs end leaves no trace.
package struct RecordStore: Sendable {
  /// The directory that holds `Experiments.md` and `Experiments/`.
  package let directory: URL

  package init(_ directory: URL) { self.directory = directory }

  /// The directory of records and charts.
  package var folder: URL { directory.appendingPathComponent("Experiments", isDirectory: true) }
  func file(_ experiment: String) -> URL { folder.appendingPathComponent(experiment + ".jsonl") }

  /// The records of an experiment, whatever their settings; none if there is no file.
  /// - Throws: `ExperimentError.damagedRecord` for a line that is not a record.
  package func records(of experiment: String) throws -> [RunRecord] {
    let file = file(experiment)
    guard FileManager.default.fileExists(atPath: file.path) else { return [] }
    let text = String(decoding: try InputFile(file).contents(atMost: .max), as: UTF8.self)
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return try text.split(separator: "\n").enumerated().map { number, line in
      do {
        return try decoder.decode(RunRecord.self, from: Data(line.utf8))
      } catch {
        throw ExperimentError.damagedRecord(file: file.path, line: number + 1)
      }
    }
  }

  /// The records of an experiment at these settings, by setting and seed; and how many others there are.
  package func results(
    of experiment: Experiment, _ scale: Scale, data: String
  ) throws -> (runs: [Runs], others: Int) {
    let all = try records(of: experiment.name)
    var used = 0
    let runs = experiment.settings(scale).map { setting in
      let values = setting.recordedValues(data: experiment.needsDigits ? data : "none")
      let own = all.filter { $0.setting == setting.name && $0.values == values }.sorted { $0.seed < $1.seed }
      used += own.count
      return Runs(setting: setting, records: own)
    }
    return (runs, all.count - used)
  }

  /// Adds records, in place of older ones of the same run.
  package func add(_ new: [RunRecord], to experiment: String) throws {
    func isSameRun(_ a: RunRecord, _ b: RunRecord) -> Bool {
      a.setting == b.setting && a.seed == b.seed && a.values == b.values
    }
    var all = try records(of: experiment).filter { old in !new.contains { isSameRun($0, old) } } + new
    func key(_ record: RunRecord) -> (String, String, Int) {
      (record.setting, record.values.map { "\($0)=\($1)" }.sorted().joined(separator: ";"), record.seed)
    }
    all.sort { key($0) < key($1) }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    var data = Data()
    for record in all {
      data += try encoder.encode(record)
      data += Data("\n".utf8)
    }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try OutputFile.replace(file(experiment), with: data)
  }
}

extension Setting {
  /// The values that a record stores: the setting's own and the data's name.
  func recordedValues(data: String) -> [String: String] { values.merging(["data": data]) { $1 } }
}

/// A failure of experiments that comes from outside.
package enum ExperimentError: Error, CustomStringConvertible, Equatable {
  case damagedRecord(file: String, line: Int)
  case interrupted(finished: Int, left: Int)
  case missingTables

  package var description: String {
    switch self {
    case .damagedRecord(let file, let line):
      "\(file), line \(line): expected the JSON record of a run; delete the line, and the run is computed anew"
    case .interrupted(let finished, let left):
      "interrupted after \(finished) runs, \(left) left; the same command goes on from here"
    case .missingTables: "the runs of nist need the folder of NIST's tables"
    }
  }
}
