import Adjoint
import Testing

/// Every rule of the catalogue against witnesses that use no rule: differences of replays, and dual numbers.
@Suite struct DerivativeTests {
  @Test("A vector-Jacobian product is what differences say", arguments: ExampleCase.differentiable)
  func firstOrder(example: ExampleCase) throws {
    let recorded = example.record(example.values(), as: Double.self)
    let complaints = try DifferenceCheck().complaints(
      of: recorded.y, withRespectTo: example.movable.map { recorded.x[$0] })
    #expect(complaints == [])
  }

  @Test("The derivative of a recorded derivative is what differences say", arguments: ExampleCase.differentiable)
  func secondOrder(example: ExampleCase) throws {
    let recorded = example.record(example.values(draw: 1), as: Double.self)
    let x = example.movable.map { recorded.x[$0] }
    #expect(try DifferenceCheck(seed: 11).secondOrderComplaints(of: recorded.y, withRespectTo: x) == [])
  }

  @Test("⟨v, Ju⟩ by dual numbers is ⟨Jᵀv, u⟩ by the rules, within the derived bound", arguments: ExampleCase.all)
  func dualNumbers(example: ExampleCase) {
    let recorded = example.record(example.values(draw: 2), as: Double.self)
    var generator = Generator(seed: 5).stream(UInt64(example.number))
    let x = example.movable.map { recorded.x[$0] }
    guard !x.isEmpty else { return }
    let u = x.map { generator.tensor($0.shape) }
    let v = generator.tensor(recorded.y.shape)
    let forward = zip(v.elements, jvp(of: recorded.y, withRespectTo: x, along: u).elements).map { $0 * $1 }
    let gradients = gradients(of: recorded.y, withRespectTo: x, cotangent: recorded.tape.constant(v))
    let reverse = zip(gradients, u).flatMap { zip($0.value.elements, $1.elements).map { $0 * $1 } }
    let longest = Double(x.map(\.shape.elementCount).max() ?? 1).squareRoot()
    let size = max(1, forward.reduce(0) { $0 + abs($1) }, reverse.reduce(0) { $0 + abs($1) })
    #expect(abs(forward.reduce(0, +) - reverse.reduce(0, +)) <= 1e-13 * max(1, longest) * size)
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
