import Adjoint
import AdjointDatasets
import AdjointFiles
import AdjointLearning
import Foundation
import TestFiles
import Testing

/// A training whose images stay in their file ends in the bits of one whose images are in memory, and each process reads the rows of its
/// shards alone.
@Suite struct StoredTrainingTests {
  private static let (count, height, width, batch) = (83, 6, 6, 24)
  private let scratch: ScratchFolder
  private let images: URL
  private let labels: URL

  init() throws {
    scratch = try ScratchFolder()
    (images, labels) = (scratch.url.appendingPathComponent("images"), scratch.url.appendingPathComponent("labels"))
    var generator = Generator(seed: 1)
    let pixels = (0..<Self.count * Self.height * Self.width).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    try LabeledImages(
      pixels: pixels, height: Self.height, width: Self.width, labels: (0..<Self.count).map { Int32($0 % 3) },
      classNames: ["a", "b", "c"]
    ).write(images: images, labels: labels)
  }

  private func trainer<Data: Dataset<Int32>>(
    _ data: Data, shards: Int?, threads: Int = 1, on group: ProcessGroup? = nil
  ) -> Trainer<Data> {
    var generator = Generator(seed: 2)
    let model = MLP<Float>([Self.height * Self.width, 20, 3], dropout: 0.2, using: &generator)
    let step = TrainingStep<Float>(optimizer: Adam(), on: group) { crossEntropy(logits: model($0), labels: $1) }
    step.shards = shards
    if threads > 1 { step.pool = WorkerPool(partsInTurn: threads, lastFirst: true) }
    return Trainer(
      step: step, predictor: Predictor(batchSize: 16) { model($0) }, training: data, validation: data.prefix(10),
      epochs: 2, batchSize: Self.batch, generator: generator)
  }

  /// Trains to the end, and returns the weights and the losses as bits.
  private func train(
    _ data: some Dataset<Int32>, shards: Int?, threads: Int = 1, on group: ProcessGroup? = nil
  ) throws -> [UInt32] {
    let trainer = trainer(data, shards: shards, threads: threads, on: group)
    try trainer.run()
    return trainer.step.namedParameters.flatMap { $0.parameter.value.elements.map(\.bitPattern) }
      + trainer.history.flatMap { [Float($0.loss), Float($0.validation?.loss ?? 0)].map(\.bitPattern) }
  }

  private func inMemory() throws -> LabeledImages {
    try LabeledImages(images: images, labels: labels, classNames: ["a", "b", "c"])
  }

  private func stored() throws -> StoredImages {
    try StoredImages(images: images, labels: labels, classNames: ["a", "b", "c"])
  }

  @Test("The bits are those of images in memory: whole batches, shards, threads and processes")
  func sameBits() throws {
    for shards in [nil, 4] {
      let expected = try train(inMemory(), shards: shards)
      for threads in [1, 2] {
        #expect(try train(stored(), shards: shards, threads: threads) == expected)
        let all = onProcesses(2) { group in
          (try? stored()).flatMap { try? train($0, shards: shards, threads: threads, on: group) }
        }
        #expect(all == [expected, expected], "\(shards ?? 0) shards, \(threads) threads")
      }
    }
  }

  @Test("A process reads the rows of its shards, and no others", arguments: [1, 2, 4])
  func ownRows(processes: Int) throws {
    let all = onProcesses(processes) { group -> [Int] in
      guard let data = try? stored() else { return [] }
      let trainer = trainer(data, shards: 4, on: processes > 1 ? group : nil)
      var before = data.readByteCount
      var read: [Int] = []
      _ = try? trainer.run(afterStep: { _ in
        read.append((data.readByteCount - before) / (Self.height * Self.width))
        before = data.readByteCount
        return read.count < 4
      })
      return read
    }
    // 24, 24, 24 and 11 rows, cut into four shards.
    let shards = [24, 24, 24, 11].map { count in (0..<4).map { count * ($0 + 1) / 4 - count * $0 / 4 } }
    for (rank, read) in all.enumerated() {
      let own = 4 * rank / processes..<4 * (rank + 1) / processes
      #expect(read == shards.map { $0[own].reduce(0, +) }, "process \(rank) of \(processes)")
    }
    #expect(all.count == processes)
  }

  @Test("A file that is cut short while it trains ends all processes with one sentence, and no step is half made")
  func cut() throws {
    let bytes = [UInt8](try Data(contentsOf: images))
    let outcomes = onProcesses(2) { group -> String in
      // Each its own file, of which the second one's is cut.
      let own = scratch.url.appendingPathComponent("images\(group.rank)")
      guard (try? Data(bytes).write(to: own)) != nil,
        let data = try? StoredImages(images: own, labels: labels, classNames: ["a", "b", "c"])
      else { return "no file" }
      let trainer = trainer(data, shards: 4, on: group)
      var steps = 0
      do {
        try trainer.run(afterStep: { _ in
          steps += 1
          if steps == 2, group.rank == 1 {
            try FileHandle(forWritingTo: own).truncate(atOffset: 20)
          }
          return true
        })
        return "no error"
      } catch { return "\(error) \(steps) \(trainer.step.stepCount)" }
    }
    #expect(outcomes[0] == outcomes[1])
    #expect(outcomes[0].contains("images1") && outcomes[0].contains("the end of the file"), "\(outcomes)")
    #expect(outcomes[0].hasSuffix(" 2 2"))
  }
}
