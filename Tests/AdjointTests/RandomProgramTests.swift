import Adjoint
import AdjointChecking
import AdjointGrading
import Testing

/// Random programs: what fuses, shares memory or runs in place changes no bit, forward or backward.
@Suite struct RandomProgramTests {
  /// Seeds in blocks, so that a failure names a small range and a run prints few lines.
  static let blocks: [Range<UInt64>] = {
    #if DEBUG
      let count: UInt64 = 6
    #else
      let count: UInt64 = 20
    #endif
    return (0..<count).map { (block: UInt64) in block * 25..<(block + 1) * 25 }
  }()

  @Test("Random programs in Float at new inputs are fresh recordings, bit for bit", arguments: blocks)
  func float(seeds: Range<UInt64>) throws { for seed in seeds { try expectSameBits(seed, Float.self) } }

  @Test("Random programs in Double at new inputs are fresh recordings, bit for bit", arguments: blocks)
  func double(seeds: Range<UInt64>) throws { for seed in seeds { try expectSameBits(seed, Double.self) } }

  @Test("Random programs on arrays that are cut into blocks do so too", arguments: [40, 300])
  func large(extent: Int) throws {
    #if DEBUG
      let seeds: Range<UInt64> = 0..<12
    #else
      let seeds: Range<UInt64> = 0..<60
    #endif
    var options = RandomProgram.Options()
    options.size = 4...14
    options.largestExtent = extent
    options.largestCount = 60_000
    // Bits are compared, so elements may stand at kinks.
    options.kinkMargin = 0
    for seed in seeds {
      try expectSameBits(seed, Float.self, options)
      try expectSameBits(seed, Double.self, options)
    }
  }

  private func expectSameBits<S: BitComparable>(
    _ seed: UInt64, _ type: S.Type, _ options: RandomProgram.Options = RandomProgram.Options()
  ) throws {
    let program = RandomProgram(seed: seed, options: options)
    let (recording, outputs) = record(program, at: 0, as: S.self)
    let fresh = record(program, at: 1, as: S.self).outputs.map(\.value)
    let recorded = outputs.map(\.value)
    let asked = outputs + recording.leaves
    let shared = [Program<S>(asked), Program<S>(asked, keeping: .all)]
    let copied = Program<S>(asked, parameters: .copied)
    for compiled in shared + [copied] {
      compiled.run()
      expect(compiled, outputs, equal: recorded, "seed \(seed), as recorded")
    }
    for compiled in shared {
      try program.feed(recording, to: compiled, at: 1)
      compiled.run()
      expect(compiled, outputs, equal: fresh, "seed \(seed), at new inputs and parameters")
      for (parts, lastFirst) in [(2, false), (2, true), (3, true), (9, false)] {
        compiled.pool = WorkerPool(partsInTurn: parts, lastFirst: lastFirst)
        compiled.run()
        expect(compiled, outputs, equal: fresh, "seed \(seed), in \(parts) parts, last first: \(lastFirst)")
      }
      compiled.pool = nil
    }
    copied.run()
    expect(copied, outputs, equal: recorded, "seed \(seed), with parameters of its own")
  }

  /// The output, a few values on the way, perhaps a leaf and perhaps one twice; for every other program, gradients as well.
  private func record<S: BitComparable>(
    _ program: RandomProgram, at point: Int, as type: S.Type
  ) -> (recording: RandomProgram.Recording<S>, outputs: [Variable<S>]) {
    let tape = Tape<S>()
    let recording = program.record(on: tape, at: point)
    var generator = Generator(seed: program.seed).stream(100)
    let numbers = recording.nodes.filter { !$0.holdsIndices }
    var outputs = (0..<generator.next() % 3).map { _ in numbers[Int(generator.next() % UInt64(numbers.count))] }
    outputs += [recording.output]
    if program.seed % 4 == 0 { outputs.append(outputs[0]) }
    guard program.seed % 2 == 0 else { return (recording, outputs) }
    let cotangent = tape.constant(program.cotangent.converted())
    outputs += gradients(of: recording.output, withRespectTo: recording.moving, cotangent: cotangent)
    return (recording, outputs)
  }

  private func expect<S: BitComparable>(
    _ program: Program<S>, _ outputs: [Variable<S>], equal expected: [Tensor<S>], _ what: Comment
  ) {
    let wrong = zip(outputs, expected).enumerated().filter { _, pair in
      !program.value(of: pair.0).isIdentical(to: pair.1)
    }
    #expect(wrong.map(\.offset) == [], what)
  }
}
