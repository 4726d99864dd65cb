import AdjointDatasets
import AdjointExperiments
import Foundation
import Testing

/// A directory of its own for records and the page.
final class Place {
  let store: RecordStore
  private let directory = FileManager.default.temporaryDirectory
    .appendingPathComponent("adjoint-experiments-\(UUID().uuidString)")

  init() throws {
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    store = RecordStore(directory)
  }

  deinit { try? FileManager.default.removeItem(at: directory) }

  /// Every file below, by path.
  func files() throws -> [String: Data] {
    var files: [String: Data] = [:]
    for path in try FileManager.default.subpathsOfDirectory(atPath: directory.path) {
      files[path] = FileManager.default.contents(atPath: directory.appendingPathComponent(path).path)
    }
    return files
  }
}

/// A few drawn digits, for trainings of a moment.
let fewDigits = Digits(
  name: "drawn", training: DrawnDigits(seed: 0).training(200), test: DrawnDigits(seed: 0).test(100))

func experiment(_ name: String) throws -> Experiment {
  try #require(ExperimentCatalog.all.first { $0.name == name })
}
