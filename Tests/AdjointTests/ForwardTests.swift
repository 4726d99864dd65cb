import Adjoint
import AdjointChecking
import Testing

/// The value of every operation against its definition, run on the default loops by a scalar that bounds its rounding.
@Suite struct ForwardTests {
  @Test("A recorded value in Float is its definition within the rounding of its own steps", arguments: ExampleCase.all)
  func float(example: ExampleCase) { expectDefinition(example, Float.self, epsilon: Double(Float.ulpOfOne)) }

  @Test("A recorded value in Double is its definition within the rounding of its own steps", arguments: ExampleCase.all)
  func double(example: ExampleCase) { expectDefinition(example, Double.self, epsilon: Double.ulpOfOne) }

  private func expectDefinition<S: Scalar>(_ example: ExampleCase, _ type: S.Type, epsilon: Double) {
    for draw in 0..<2 as Range<UInt64> {
      let recorded = example.record(example.values(draw: draw), as: S.self)
      let program = Program<ReferenceDouble>([recorded.y])
      program.run()
      let reference = program.value(of: recorded.y)
      let value = recorded.y.value
      #expect(value.shape == reference.shape)
      for (i, (y, exact)) in zip(value.elements, reference.elements).enumerated() {
        let bound = exact.error * epsilon + Double(Float.leastNormalMagnitude)
        #expect(abs(y.primal - exact.value) <= bound, "element \(i): \(y) against \(exact.value) ± \(bound)")
      }
    }
  }

  @Test("shape(of:) is the shape that recording gives", arguments: ExampleCase.all)
  func shapes(example: ExampleCase) throws {
    let shape = try example.example.operation.shape(of: example.example.inputs.map(\.shape))
    #expect(example.record(example.values(), as: Float.self).y.shape == shape)
  }
}
