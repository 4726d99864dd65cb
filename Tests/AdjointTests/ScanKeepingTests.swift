import Adjoint
import Testing

/// What a loop keeps for the way back, and what that computes again.
@Suite(.serialized) struct ScanKeepingTests {
  /// eˣ, whose rule reads y, and which counts how often it is computed.
  private struct Counted: Adjoint.Operation {
    // Read and written by the one test, whose steps run in turn.
    nonisolated(unsafe) static var count = 0
    static var mayBeFormula: Bool { false }
    func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
    func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
      Counted.count += 1
      for i in y.indices { y[i] = S.exponential(x[0][i]) }
    }
    func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [g * p.y] }
  }

  private func step(_ c: [Variable<Double>], _ e: [Variable<Double>]) -> ([Variable<Double>], [Variable<Double>]) {
    let h = c[0].tape.record(Counted(), c[0] * e[0] - 1)
    return ([h], [h * e[0]])
  }

  @Test(arguments: [(false, 12), (true, 24)])
  func `A program computes each step once for the gradient too, unless it shall compute it again`(
    recomputing: Bool, expected: Int
  ) {
    let tape = Tape<Double>()
    let x = tape.input(Tensor((0..<12).map { 0.1 * Double($0) }))
    let y = scan([tape.constant(0.5)], over: [x], recomputing: recomputing, step)
    let slopes = gradients(of: y.outputs[0].sum() + y.carry[0], withRespectTo: [x])
    let program = Program<Double>(y.outputs + y.carry + slopes)
    Counted.count = 0
    program.run()
    #expect(Counted.count == expected)
    for value in y.outputs + y.carry + slopes { #expect(program.value(of: value) == value.value) }
  }

  @Test func `Loops that keep different things, and one that is asked for whole, have their own values`() {
    let tape = Tape<Double>()
    let (x, w) = (tape.input(Tensor([0.3, -0.2, 0.5])), tape.input(Tensor([0.1, 0.7])))
    func body(_ c: [Variable<Double>], _ e: [Variable<Double>]) -> ([Variable<Double>], [Variable<Double>]) {
      let h = (c[0] * e[0] + w).sigmoid()
      return ([h], [(h * w).sum().exp()])
    }
    let y = scan([w * 2], over: [x], body)
    let loss = y.outputs[0].sum() + y.carry[0].sum()
    let (byX, byW) = (gradient(of: loss, withRespectTo: x), gradient(of: loss, withRespectTo: w))
    let second = gradients(of: byX.square().sum() + byW.square().sum(), withRespectTo: [x, w])
    let outputs = y.outputs + y.carry + [byX, byW] + second
    for keeping in [Program<Double>.Keeping.outputs, .all] {
      let program = Program<Double>(outputs, keeping: keeping)
      program.run()
      for value in outputs { #expect(program.value(of: value) == value.value) }
    }
    func unrolled(_ x: Variable<Double>, _ w: Variable<Double>) -> Variable<Double> {
      var (h, sum) = (w * 2, x.tape.constant(0))
      for t in 0..<3 {
        h = (h * x[t] + w).sigmoid()
        sum = sum + (h * w).sum().exp()
      }
      return sum + h.sum()
    }
    let expected = gradients(of: unrolled(x, w), withRespectTo: [x, w])
    let twice = gradients(of: expected[0].square().sum() + expected[1].square().sum(), withRespectTo: [x, w])
    for (a, b) in zip([byX, byW] + second, expected + twice) {
      for (a, b) in zip(a.value.elements, b.value.elements) { #expect(abs(a - b) <= 1e-13 * max(1, abs(b))) }
    }
  }
}
