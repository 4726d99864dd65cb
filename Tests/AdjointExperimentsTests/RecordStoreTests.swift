import AdjointExperiments
import Foundation
import Testing

@Suite struct RecordStoreTests {
  private func record(_ setting: String, seed: Int) -> RunRecord {
    RunRecord(
      experiment: "test", setting: setting, values: ["rate": "0.1"], seed: seed, instructionSet: "reference",
      revision: seed == 1 ? nil : "1d59674", figures: ["accuracy": 0.1 + 0.2, "none": .infinity],
      curves: ["loss": [1, 1.0 / 3, 1e-300]],
      pictures: ["p": "AAEC"])
  }

  @Test func `records come back with every bit`() throws {
    let place = try Place()
    let records = [record("a", seed: 1), record("a", seed: 2), record("b", seed: 1)]
    try place.store.add(records.reversed(), to: "test")
    #expect(try place.store.records(of: "test") == records)
  }

  @Test func `the order in which runs end leaves no trace`() throws {
    let (one, other) = (try Place(), try Place())
    for seed in [1, 2, 3] { try one.store.add([record("a", seed: seed)], to: "test") }
    for seed in [3, 1, 2] { try other.store.add([record("a", seed: seed)], to: "test") }
    #expect(try one.files() == other.files())
  }

  @Test func `a run recorded again replaces its record`() throws {
    let place = try Place()
    var changed = record("a", seed: 1)
    try place.store.add([changed], to: "test")
    changed.figures["accuracy"] = 0.9
    try place.store.add([changed], to: "test")
    #expect(try place.store.records(of: "test") == [changed])
  }

  @Test func `a damaged line is named`() throws {
    let place = try Place()
    try place.store.add([record("a", seed: 1)], to: "test")
    let file = place.store.folder.appendingPathComponent("test.jsonl")
    try Data(try Data(contentsOf: file) + Data("{\"experiment\": \"te".utf8)).write(to: file)
    #expect(throws: ExperimentError.damagedRecord(file: file.path, line: 2)) {
      try place.store.records(of: "test")
    }
  }
}
