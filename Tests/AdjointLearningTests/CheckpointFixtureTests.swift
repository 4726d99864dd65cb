import Adjoint
import AdjointDatasets
import AdjointLearning
import Foundation
import TestFiles
import Testing

/// Checkpoints of revision 1d59674 load, resume, and end where they ended then, but for last bits.
struct CheckpointFixtureTests {
  let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  /// Between two instruction sets, or two revisions; ten times the largest difference that was seen.
  private let tolerance = 1e-5

  private func restored(_ fixture: CheckpointFixture, from url: URL? = nil) throws -> Trainer<LabeledPoints> {
    let trainer = fixture.trainer(isRestored: true)
    try Checkpoint(contentsOf: url ?? fixture.start).restore(into: trainer)
    return trainer
  }

  /// All that a checkpoint of this trainer holds.
  private func saved(_ trainer: Trainer<LabeledPoints>) throws -> Safetensors {
    let url = folder.url.appendingPathComponent("saved")
    try Checkpoint.save(trainer, to: url)
    return try Safetensors(contentsOf: url)
  }

  private func progress(_ file: Safetensors) throws -> TrainingProgress {
    let text = try #require(file.metadata["adjoint.progress"])
    return try JSONDecoder().decode(TrainingProgress.self, from: Foundation.Data(text.utf8))
  }

  private func bits(_ file: Safetensors) throws -> [String: [UInt32]] {
    try Dictionary(
      uniqueKeysWithValues: file.names.map {
        ($0, try file.tensor($0, as: Float.self).elements.map(\.bitPattern))
      })
  }

  /// FNV-1a over the bits of all tensors, by name.
  private func digest(_ file: Safetensors) throws -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for (_, bits) in try bits(file).sorted(by: { $0.key < $1.key }) {
      for word in bits { hash = (hash ^ UInt64(word)) &* 0x100_0000_01b3 }
    }
    return String(hash, radix: 16)
  }

  /// Names and shapes are equal and numbers too: bit for bit, or nearly where another instruction set or revision made them.
  private func expectSame(
    _ found: Safetensors, _ expected: Safetensors, toTheBit: Bool, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    try #require(found.names == expected.names, sourceLocation: sourceLocation)
    for name in expected.names {
      #expect(found.shape(of: name) == expected.shape(of: name), "\(name)", sourceLocation: sourceLocation)
      let (a, b) = (try found.tensor(name, as: Float.self).elements, try expected.tensor(name, as: Float.self).elements)
      #expect(distance(a, b) < tolerance, "\(name)", sourceLocation: sourceLocation)
      let areSameBits = a.map(\.bitPattern) == b.map(\.bitPattern)
      #expect(areSameBits || !toTheBit, "\(name)", sourceLocation: sourceLocation)
    }
    let (now, then) = (try progress(found), try progress(expected))
    #expect(now.generator == then.generator && now.isStopped == then.isStopped, sourceLocation: sourceLocation)
    #expect((now.epoch, now.batch) == (then.epoch, then.batch), sourceLocation: sourceLocation)
    if toTheBit { #expect(now == then, sourceLocation: sourceLocation) }
  }

  // MARK: - Loading

  @Test(arguments: CheckpointFixture.allCases)
  func `everything in a file comes back, whatever stood there before`(fixture: CheckpointFixture) throws {
    let file = try Safetensors(contentsOf: fixture.start)
    let again = try saved(restored(fixture))
    try expectSame(again, file, toTheBit: true)
    #expect(try Checkpoint(contentsOf: fixture.start).settings == fixture.settings)
    #expect(fixture == .convolutional || file.names.contains { $0.hasPrefix("best/") })
    #expect(file.names.contains { $0.hasPrefix("optimizer/") })
  }

  @Test(arguments: CheckpointFixture.allCases)
  func `a file stands where today's training stands after as many steps`(fixture: CheckpointFixture) throws {
    let trainer = fixture.trainer()
    try fixture.advance(trainer)
    try expectSame(saved(trainer), Safetensors(contentsOf: fixture.start), toTheBit: false)
  }

  // MARK: - Resuming

  @Test(arguments: CheckpointFixture.allCases)
  func `a resumed training ends where it ended then, and where an uninterrupted one ends today`(
    fixture: CheckpointFixture
  ) throws {
    let (resumed, whole) = (try restored(fixture), fixture.trainer())
    try resumed.run()
    try whole.run()
    let file = try saved(resumed)
    try expectSame(file, Safetensors(contentsOf: fixture.end), toTheBit: false)
    try expectSame(file, saved(whole), toTheBit: false)
    if let digest = fixture.digest {
      let found = try self.digest(file)
      #expect(found == digest, "\(Kernels.name)")
    }
  }

  @Test(arguments: CheckpointFixture.allCases)
  func `a training that is saved and restored after every step ends in the bits of one resumed once`(
    fixture: CheckpointFixture
  ) throws {
    let once = try restored(fixture)
    try once.run()
    var trainer = try restored(fixture)
    var visits = 0
    while !trainer.isFinished {
      try trainer.run(afterStep: { _ in false })
      visits += 1
      if trainer.isFinished { break }
      let url = folder.url.appendingPathComponent("step")
      try Checkpoint.save(trainer, to: url)
      trainer = try restored(fixture, from: url)
    }
    #expect(visits > 3)
    try expectSame(saved(trainer), saved(once), toTheBit: true)
  }

  // MARK: - Programs

  @Test(arguments: CheckpointFixture.allCases)
  func `the program's fingerprint is that of the revision which wrote the file`(fixture: CheckpointFixture) throws {
    let trainer = fixture.trainer()
    try trainer.prepare()
    let tape = try #require(trainer.step.tape)
    #expect(trainer.formerFingerprint() == fixture.fingerprint, "\(tape)")
    // Binary cross-entropy is recorded in another form now.
    #expect((String(tape.fingerprint, radix: 16) == fixture.fingerprint) == (fixture != .interrupted), "\(tape)")
    for url in [fixture.start, fixture.end] {
      #expect(try Safetensors(contentsOf: url).metadata["adjoint.program"] == fixture.fingerprint)
    }
  }

  /// Trainers of other programs. The tensors of those that are called alike fit.
  private static func others(_ fixture: CheckpointFixture) -> [(change: String, trainer: Trainer<LabeledPoints>)] {
    var g = Generator(seed: 7)
    switch fixture {
    case .perceptron:
      return [
        ("another width", fixture.trainer(of: CheckpointFixture.perceptron(hidden: 9, using: &g), g)),
        (
          "alike: another activation", fixture.trainer(of: CheckpointFixture.perceptron(activation: .elu, using: &g), g)
        ),
        ("alike: another batch", fixture.trainer(of: CheckpointFixture.perceptron(using: &g), g, batchSize: 7)),
      ]
    case .convolutional:
      return [
        ("another kernel", fixture.trainer(of: CheckpointFixture.convolutional(filters: [2, 4], using: &g), g)),
        ("no norm", fixture.trainer(of: CheckpointFixture.convolutional(batchNorm: false, using: &g), g)),
      ]
    case .interrupted:
      return [("alike: another slope", fixture.trainer(of: StridedNetwork(slope: 0.2, using: &g), g))]
    }
  }

  @Test(arguments: CheckpointFixture.allCases)
  func `another architecture is refused, and keeps its weights`(fixture: CheckpointFixture) throws {
    for (change, trainer) in CheckpointFixtureTests.others(fixture) {
      let before = try saved(trainer)
      let error = try fileError { try Checkpoint(contentsOf: fixture.start).restore(into: trainer) }
      #expect(error.reason == .mismatch && error.place == .metadata("adjoint.program"), "\(change): \(error)")
      #expect(error.found == fixture.fingerprint, "\(change)")
      #expect(try saved(trainer) == before, "\(change)")
    }
  }
}
