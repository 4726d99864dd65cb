import Adjoint
import AdjointChecking
import Testing

/// Every rule of the catalogue against oracles that use no rule: dual numbers, differences of replays, Taylor remainders.
@Suite struct DerivativeTests {
  @Test(
    "Every coordinate of a gradient, and of its gradient, is what the oracles say",
    arguments: ExampleCase.differentiable)
  func rules(example: ExampleCase) {
    for draw in 0..<2 as Range<UInt64> {
      let recorded = example.record(example.values(draw: draw), as: Double.self)
      if recorded.y.holdsIndices { continue }
      expectRightGradient(of: recorded.y, withRespectTo: example.movable.map { recorded.x[$0] }, seed: draw)
    }
  }

  @Test("An input without a rule does not move the value", arguments: ExampleCase.differentiable)
  func absentRules(example: ExampleCase) {
    let recorded = example.record(example.values(), as: Double.self)
    var generator = Generator(seed: 3)
    let v = recorded.tape.constant(generator.tensor(recorded.y.shape))
    let backward = recorded.tape.backward(from: recorded.y, cotangent: v, to: recorded.x)
    for position in example.movable where backward.adjoint(of: recorded.x[position]) == nil {
      let tangent = generator.tensor(recorded.x[position].shape)
      let moved = jvp(of: recorded.y, withRespectTo: [recorded.x[position]], along: [tangent])
      #expect(moved.elements.allSatisfy { $0 == 0 })
    }
    for (position, input) in example.example.inputs.enumerated() {
      if case .indices = input { #expect(backward.adjoint(of: recorded.x[position]) == nil) }
    }
  }
}

/// Checks every coordinate of the gradient of y under a random cotangent, and of the gradient of that.
func expectRightGradient(of y: Variable<Double>, withRespectTo x: [Variable<Double>], seed: UInt64 = 0) {
  // Without an element to differentiate there is nothing to compare.
  guard y.shape.elementCount > 0, x.contains(where: { $0.shape.elementCount > 0 }) else { return }
  let report = GradientCheck(of: y, withRespectTo: x, mode: .full, order: 2, seed: seed).run()
  #expect(report.agrees, "\(report)")
}
