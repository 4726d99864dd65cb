import Foundation

/// The runs that are recorded, as this process knows them. The file of an experiment is read again only when another process has
/// replaced it.
final class RecordedRuns {
  /// What tells a file of records from the one that replaces it.
  private struct Version: Equatable {
    let number: Int?
    let date: Date?
  }

  private let store: RecordStore
  private var known: [String: (version: Version, runs: Set<String>)] = [:]

  init(in store: RecordStore) { self.store = store }

  private func version(_ experiment: String) -> Version {
    let attributes = try? FileManager.default.attributesOfItem(atPath: store.file(experiment).path)
    return Version(
      number: (attributes?[.systemFileNumber] as? NSNumber)?.intValue, date: attributes?[.modificationDate] as? Date)
  }

  private static func name(_ setting: String, _ seed: Int, _ values: [String: String]) -> String {
    "\(setting);\(seed);" + values.map { "\($0)=\($1)" }.sorted().joined(separator: ";")
  }

  private static func name(_ record: RunRecord) -> String { name(record.setting, record.seed, record.values) }

  /// True when a run of these values is recorded.
  func contains(_ experiment: String, _ setting: String, _ seed: Int, _ values: [String: String]) throws -> Bool {
    let version = version(experiment)  // taken first: what comes while the file is read is read the next time
    if known[experiment]?.version != version {
      known[experiment] = (version, Set(try store.records(of: experiment).map(Self.name)))
    }
    return known[experiment]?.runs.contains(Self.name(setting, seed, values)) == true
  }

  /// Adds a record, while no other process does.
  func add(_ record: RunRecord, _ claims: RunClaims) throws {
    let experiment = record.experiment
    try claims.writing {
      let isPresent = known[experiment]?.version == version(experiment)
      try store.add([record], to: experiment)
      guard isPresent else { return }
      known[experiment]?.version = version(experiment)
      known[experiment]?.runs.insert(Self.name(record))
    }
  }
}
