import Adjoint
import Testing

/// A check that has never failed is no check: wrong rules must be caught, and the right one passed.
@Suite struct WrongRuleTests {
  private func record(_ operation: some Operation, _ shapes: Shape...) -> (x: [Variable<Double>], y: Variable<Double>) {
    var generator = Generator(seed: 31)
    let tape = Tape<Double>()
    let x = shapes.map { tape.input(generator.tensor($0, 0.5, 1.5)) }
    return (x, tape.record(operation, inputs: x))
  }

  private func firstOrder(_ recorded: (x: [Variable<Double>], y: Variable<Double>)) throws -> [String] {
    try DifferenceCheck().complaints(of: recorded.y, withRespectTo: recorded.x)
  }

  @Test func `A user's operation with the right rule passes, in both orders`() throws {
    let right = record(Cube(fault: .none), [2, 3])
    #expect(try firstOrder(right) == [])
    #expect(try DifferenceCheck().secondOrderComplaints(of: right.y, withRespectTo: right.x) == [])
  }

  @Test(
    "A sign, a factor, a power or an element wrong in a rule is caught",
    arguments: [
      Cube.Fault.sign, .factorTwo, .forgottenPower, .oneElement,
    ])
  func cube(fault: Cube.Fault) throws {
    #expect(try !firstOrder(record(Cube(fault: fault), [2, 3])).isEmpty)
  }

  @Test func `Exactly the wrong element is named`() throws {
    let complaints = try firstOrder(record(Cube(fault: .oneElement), [3]))
    #expect(complaints.map { $0.prefix { $0 != ":" } } == ["x̄0[2]", "∂y[2]/∂x0[2]"])
  }

  @Test func `A rule that is right to first order only is caught in the second`() throws {
    let recorded = record(Cube(fault: .detachedPoint), [4])
    #expect(try firstOrder(recorded) == [])
    #expect(try !DifferenceCheck().secondOrderComplaints(of: recorded.y, withRespectTo: recorded.x).isEmpty)
  }

  @Test func `A sum that is missing or taken over one row is caught`() throws {
    // With one row the wrong rule is right, so the check must look at more.
    #expect(try firstOrder(record(FirstRowOnly(), [1, 4], [4])) == [])
    #expect(try !firstOrder(record(FirstRowOnly(), [3, 4], [4])).isEmpty)
  }

  @Test func `A forgotten transposition is caught`() throws {
    #expect(try !firstOrder(record(ForgottenTranspose(), [3, 3], [3, 3])).isEmpty)
  }

  @Test func `Softmax rules that a cotangent of ones would pass are caught`() throws {
    #expect(try !firstOrder(record(DiagonalSoftmax(), [2, 4])).isEmpty)
    let forgotten = record(ForgottenSoftmax(), [2, 4])
    #expect(try !firstOrder(forgotten).isEmpty)
    let ones = forgotten.y.tape.constant(.ones([2, 4]))
    let right = gradients(of: forgotten.x[0].softmax(), withRespectTo: forgotten.x, cotangent: ones)[0]
    #expect(right.value.elements.allSatisfy { abs($0) < 1e-15 }, "which is why ones are never used")
  }

  @Test func `Dual numbers contradict wrong rules as well`() {
    for fault in [Cube.Fault.sign, .factorTwo, .forgottenPower, .oneElement] {
      let (x, y) = record(Cube(fault: fault), [5])
      var generator = Generator(seed: 2)
      let (u, v) = (generator.tensor([5]), generator.tensor([5]))
      let forward = zip(jvp(of: y, withRespectTo: x, along: [u]).elements, v.elements).reduce(0) { $0 + $1.0 * $1.1 }
      let g = gradients(of: y, withRespectTo: x, cotangent: y.tape.constant(v))[0].value
      let reverse = zip(g.elements, u.elements).reduce(0) { $0 + $1.0 * $1.1 }
      #expect(abs(forward - reverse) > 1e-3)
    }
  }
}
