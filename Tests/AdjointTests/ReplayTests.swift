import Adjoint
import Testing

/// A program at *new* inputs gives the bits of a fresh recording: forward and gradients, Float and Double, fused or not.
@Suite struct ReplayTests {
  @Test(
    "A replay of an operation and its rule at new inputs is a fresh recording, bit for bit", arguments: ExampleCase.all)
  func operations(example: ExampleCase) throws {
    try expectSameBits(example, Float.self)
    try expectSameBits(example, Double.self)
  }

  /// Value and gradients under a random cotangent, which is an input as well.
  private func recordGradients<S: Scalar>(
    _ example: ExampleCase, draw: UInt64, as type: S.Type
  ) -> (recorded: Recorded<S>, cotangent: Variable<S>, outputs: [Variable<S>]) {
    let recorded = example.record(example.values(draw: draw), as: S.self)
    let cotangent = recorded.tape.input(cotangent(example, draw, recorded.y.shape).converted())
    let moving = example.example.inputs.indices.filter {
      if case .numbers = example.example.inputs[$0] { true } else { false }
    }
    let x = moving.map { recorded.x[$0] }
    return (recorded, cotangent, [recorded.y] + gradients(of: recorded.y, withRespectTo: x, cotangent: cotangent))
  }

  private func cotangent(_ example: ExampleCase, _ draw: UInt64, _ shape: Shape) -> Tensor<Double> {
    var generator = Generator(seed: 99).stream(UInt64(example.number), draw)
    return generator.tensor(shape)
  }

  private func expectSameBits<S: BitComparable>(_ example: ExampleCase, _ type: S.Type) throws {
    let first = recordGradients(example, draw: 0, as: S.self)
    let fresh = recordGradients(example, draw: 3, as: S.self)
    // Every leaf is asked for too, so that it can be fed even where no rule needs it.
    let asked = first.outputs + first.recorded.x + [first.cotangent]
    for program in [Program<S>(asked), Program<S>(asked, keeping: .all)] {
      for draw in [3, 0] as [UInt64] {
        for (leaf, value) in zip(first.recorded.x, example.values(draw: draw)) { try value.feed(leaf, of: program) }
        try program.feed(first.cotangent, cotangent(example, draw, first.recorded.y.shape).converted())
        program.run()
        for (output, expected) in zip(first.outputs, draw == 0 ? first.outputs : fresh.outputs) {
          #expect(program.value(of: output).isIdentical(to: expected.value))
        }
      }
    }
  }
}
