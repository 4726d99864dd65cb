import Adjoint
import Testing

/// Several hundred random recordings: what fuses, shares memory or runs in place changes no bit.
@Suite struct RandomProgramTests {
  /// Seeds in blocks, so that a failure names a small range and a run prints few lines.
  static let blocks: [Range<UInt64>] = (0..<20).map { (block: UInt64) in block * 25..<(block + 1) * 25 }

  @Test("Random programs in Float at new inputs are fresh recordings, bit for bit", arguments: blocks)
  func float(seeds: Range<UInt64>) throws { for seed in seeds { try expectSameBits(seed, Float.self) } }

  @Test("Random programs in Double at new inputs are fresh recordings, bit for bit", arguments: blocks)
  func double(seeds: Range<UInt64>) throws { for seed in seeds { try expectSameBits(seed, Double.self) } }

  private func expectSameBits<S: BitComparable>(_ seed: UInt64, _ type: S.Type) throws {
    let recording = RandomRecording<S>(seed: seed, draw: 0)
    let fresh = RandomRecording<S>(seed: seed, draw: 1)
    let asked = recording.outputs + recording.inputs
    let programs = [Program<S>(asked), Program<S>(asked, keeping: .all)]
    let copied = Program<S>(asked, parameters: .copied)
    let recorded = recording.outputs.map(\.value)
    for program in programs + [copied] {
      program.run()
      expect(program, recording.outputs, equal: recorded, "seed \(seed), as recorded")
    }
    let shapes = recording.inputs.map(\.shape) + recording.parameters.map(\.shape)
    let values = RandomRecording<S>.values(seed: seed, draw: 1, shapes: shapes)
    for (parameter, new) in zip(recording.parameters, fresh.parameters) { parameter.value = new.value }
    for program in programs {
      for (input, value) in zip(recording.inputs, values) { try program.feed(input, value.converted()) }
      program.run()
      expect(
        program, recording.outputs, equal: fresh.outputs.map(\.value), "seed \(seed), at new inputs and parameters")
    }
    copied.run()
    expect(copied, recording.outputs, equal: recorded, "seed \(seed), with parameters of its own")
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
