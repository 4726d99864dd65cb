import Adjoint
import AdjointDatasets
import AdjointFiles
import AdjointLearning
import Foundation
import TestFiles
import Testing

/// Numbers of a checkpoint that no training has: restoring refuses them, and changes nothing.
struct StoredProgressTests {
  let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  /// The numbers that stand for themselves in a JSON text, each by its range; digits in strings are none.
  private func numbers(in text: String) -> [Range<String.Index>] {
    text.ranges(of: /-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?/)
  }

  private func restored(_ file: Safetensors, _ fixture: CheckpointFixture) throws {
    let url = folder.url.appendingPathComponent("edited")
    try file.write(to: url)
    let trainer = fixture.trainer(isRestored: true)
    try trainer.prepare()
    let before = trainer.step.namedParameters.map { $0.parameter.value.elements }
    let start = trainer.progress
    do {
      try Checkpoint(contentsOf: url).restore(into: trainer)
    } catch {
      #expect(trainer.progress == start && trainer.step.stepCount == 0)
      #expect(trainer.step.namedParameters.map { $0.parameter.value.elements } == before)
      throw error
    }
    // What is accepted trains on.
    try trainer.run()
  }

  @Test(arguments: CheckpointFixture.allCases)
  func `each number of the progress is refused where it cannot be, or trains on`(fixture: CheckpointFixture) throws {
    let sound = try Safetensors(contentsOf: fixture.start)
    let progress = try #require(sound.metadata["adjoint.progress"])
    var refused = 0
    for place in numbers(in: progress) {
      let isGenerator =
        progress[..<place.lowerBound].hasSuffix("\"key\":")
        || progress[..<place.lowerBound].hasSuffix("\"position\":")
      for value in ["4611686018427387904", "9223372036854775807", "999", "-1", "1e999", "1e308", "0.5", "null"] {
        var file = sound
        file.metadata["adjoint.progress"] = progress.replacingCharacters(in: place, with: value)
        do {
          try restored(file, fixture)
        } catch let error as FileError {
          refused += 1
          #expect(error.place == .metadata("adjoint.progress"), "\(error)")
          #expect(error.description.utf8.count < 1000)
        }
        // Any state of a generator is one.
        if ["-1", "1e999", "0.5", "null"].contains(value), isGenerator { #expect(refused > 0) }
      }
    }
    #expect(refused > 20)
  }

  @Test(arguments: CheckpointFixture.allCases)
  func `a progress that is no JSON is refused, however near to it`(fixture: CheckpointFixture) throws {
    let sound = try Safetensors(contentsOf: fixture.start)
    let progress = try #require(sound.metadata["adjoint.progress"])
    for text in [progress.dropLast() + ",}", progress.dropLast() + ",\"epoch\":0}", progress + "0"] {
      var file = sound
      file.metadata["adjoint.progress"] = text
      let refusal = try fileError { try restored(file, fixture) }
      #expect(refusal.place == .metadata("adjoint.progress") && refusal.reason == .wrongFormat, "\(refusal)")
    }
  }

  @Test(arguments: CheckpointFixture.allCases)
  func `weights that are not finite are neither saved nor loaded, and the file stays`(fixture: CheckpointFixture) throws
  {
    let url = folder.url.appendingPathComponent("saved")
    let trainer = fixture.trainer()
    try Checkpoint.save(trainer, to: url)
    let before = try Safetensors(contentsOf: url)
    let (name, parameter) = trainer.step.namedParameters[1]
    for value in [Float.nan, .infinity, -.infinity] {
      var elements = parameter.value.elements
      elements[elements.count - 1] = value
      let whole = parameter.value
      parameter.value = Tensor(shape: whole.shape, elements: elements)
      let unsaved = try #require(throws: TrainingError.self) { try Checkpoint.save(trainer, to: url) }
      #expect(unsaved.description.contains("'\(name)'"), "\(unsaved)")
      #expect(try Safetensors(contentsOf: url) == before)
      var file = Safetensors()
      file.metadata = before.metadata
      for other in before.names {
        try file.add(other, other == name ? parameter.value : before.tensor(other, as: Float.self))
      }
      parameter.value = whole
      let edited = folder.url.appendingPathComponent("edited")
      try file.write(to: edited)
      let refusal = try fileError { try Checkpoint(contentsOf: edited).restore(into: trainer) }
      #expect(refusal.place == .tensor(name) && refusal.reason == .badValue, "\(refusal)")
    }
  }
}
