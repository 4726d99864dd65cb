import Adjoint
import AdjointDatasets
import AdjointFiles
import AdjointLearning
import Foundation
import TestFiles
import Testing

/// The version that wrote a checkpoint, and the format in which it did.
struct CheckpointVersionTests {
  let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  private var url: URL { folder.url.appendingPathComponent("saved") }

  /// A file of today with other metadata.
  private func edited(_ change: (inout Safetensors) -> Void) throws -> URL {
    let trainer = CheckpointFixture.perceptron.trainer()
    try Checkpoint.save(trainer, to: url)
    var file = try Safetensors(contentsOf: url)
    change(&file)
    try file.write(to: url)
    return url
  }

  @Test(arguments: CheckpointFixture.allCases)
  func `a file from before versions were written loads, and is saved again under today's`(
    fixture: CheckpointFixture
  ) throws {
    let old = try Checkpoint(contentsOf: fixture.start)
    #expect(old.version == nil)
    let trainer = fixture.trainer(isRestored: true)
    try old.restore(into: trainer)
    try Checkpoint.save(trainer, settings: old.settings, to: url)
    #expect(try Checkpoint(contentsOf: url).version == adjointVersion)

    // Nothing else has changed in it.
    var (before, after) = (try Safetensors(contentsOf: fixture.start), try Safetensors(contentsOf: url))
    #expect(after.metadata["adjoint.format"] == "1")
    for key in ["adjoint.version", "adjoint.format", "adjoint.program"] {
      (before.metadata[key], after.metadata[key]) = (nil, nil)
    }
    #expect(after == before)
  }

  @Test func `weights alone say their version too`() throws {
    var generator = Generator(seed: 1)
    try MLP<Float>([2, 3, 2], using: &generator).save(to: url, input: [1, 2])
    #expect(try Checkpoint(contentsOf: url).version == adjointVersion)
  }

  @Test(arguments: ["2", "3", "9223372036854775807"])
  func `a format of later versions is refused, with the version to take`(format: String) throws {
    let place = try edited {
      $0.metadata["adjoint.format"] = format
      $0.metadata["adjoint.version"] = "7.8.9"
    }
    let refusal = try fileError { try Checkpoint(contentsOf: place) }
    #expect(refusal.reason == .wrongFormat && refusal.place == .metadata("adjoint.format"))
    #expect(refusal.description.contains("found '\(format)', written by version '7.8.9'"), "\(refusal)")
    #expect(refusal.description.contains("This is version \(adjointVersion)"), "\(refusal)")
    var generator = Generator(seed: 1)
    let model = MLP<Float>([2, 3, 2], using: &generator)
    #expect(throws: FileError.self) { try model.load(from: place, input: [1, 2]) }
  }

  @Test(arguments: ["", "0", "-1", "+1", "01", "1.0", " 1", "one", "99999999999999999999"])
  func `a format that no version writes is refused`(format: String) throws {
    let refusal = try fileError { try Checkpoint(contentsOf: edited { $0.metadata["adjoint.format"] = format }) }
    #expect(refusal.place == .metadata("adjoint.format"))
    #expect(refusal.description.contains("found '\(format)'"), "\(refusal)")
    #expect(refusal.description.contains("changed by hand"), "\(refusal)")
  }

  @Test func `a version from outside loads as it is, and is no command to a terminal in an error`() throws {
    let strange = "\u{1B}[2J\n\u{202E}" + String(repeating: "9", count: 10_000)
    #expect(try Checkpoint(contentsOf: edited { $0.metadata["adjoint.version"] = strange }).version == strange)
    let refusal = try fileError {
      try Checkpoint(
        contentsOf: edited {
          $0.metadata["adjoint.version"] = strange
          $0.metadata["adjoint.format"] = "2"
        })
    }
    #expect(refusal.description.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x202E }, "\(refusal)")
    #expect(refusal.description.count < 500)
  }
}
