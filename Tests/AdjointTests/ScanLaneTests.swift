import Adjoint
import Testing

/// Loops that carry nothing, whose steps run side by side, against the same loops step by step.
@Suite struct ScanLaneTests {
  /// A number in a hundred is a zero, an infinity or NaN.
  private static func draw<S: Scalar>(_ shape: Shape, _ seed: UInt64) -> Tensor<S> {
    var generator = Generator(seed: seed)
    let elements = (0..<shape.elementCount).map { _ in
      let x = Double.random(in: -2...2, using: &generator)
      let some = [0, -0.0, .infinity, -.infinity, .nan, Double.leastNormalMagnitude / 8]
      let odd = some[Int.random(in: 0..<6, using: &generator)]
      return S(Double.random(in: 0...1, using: &generator) < 0.01 ? odd : x)
    }
    return Tensor(shape: shape, elements: elements)
  }

  private func bits<S: Scalar>(_ x: Tensor<S>) -> [UInt64] {
    x.elements.map { $0.primal.isNaN ? 0 : $0.primal.bitPattern }
  }

  /// Steps that only hand a number on keep a loop from running them side by side.
  private func map<S: Scalar>(
    _ inLanes: Bool, _ x: [Variable<S>], _ body: ([Variable<S>]) -> [Variable<S>]
  ) -> [Variable<S>] {
    if inLanes { return scan([], over: x) { ([], body($1)) }.outputs }
    return scan([x[0].tape.constant(1)], over: x) { ($0, body($1)) }.outputs
  }

  /// Products and sums of matrices of numbers, moved, summed, masked and compared, with a loop over what it makes of them.
  private func results<S: Scalar>(_ inLanes: Bool, _ steps: Int, _ inner: Int, _ type: S.Type) -> [Tensor<S>] {
    let tape = Tape<S>()
    let leaves = [[steps, 3, 3], [steps, inner], [3], [inner]].enumerated().map {
      tape.input(Self.draw(Shape($1), UInt64($0 + steps)))
    }
    let y = map(inLanes, Array(leaves[..<2])) { entry in
      let (a, b) = (entry[0], entry[1])
      let minors = stack((0..<3).map { concatenate([a[1..., 0..<$0], a[1..., ($0 + 1)...]], axis: 1) })
      let below = self.map(inLanes, [minors]) { m in
        let (first, second) = (m[0][0, 0] * m[0][1, 1], m[0][0, 1] * m[0][1, 0])
        return [first - second, (m[0][0] * leaves[2][0]).tanh().sum()]
      }
      let rows = self.map(inLanes, [b * leaves[3]]) { [$0[0].exp() + $0[0].square() / leaves[2][1]] }
      let sum = (leaves[2] * a[0] * below[0]).sum() + below[1].sum() - rows[0].sum()
      return [sum, (a.transpose() + a).relu(), b.maximum(rows[0])]
    }
    let weights = y.enumerated().map { tape.constant(Self.draw($1.shape, UInt64($0)) as Tensor<S>) }
    let loss = zip(y, weights).map { ($0 * $1).sum() }.reduce(tape.constant(0)) { $0 + $1 }
    // Without sums over the steps, the way back carries nothing either.
    let own = gradients(of: loss, withRespectTo: [leaves[0], leaves[1]])
    let slopes = own + gradients(of: loss, withRespectTo: [leaves[2], leaves[3]])
    let second = gradients(of: own[0].square().sum() + own[1].sum(), withRespectTo: [leaves[0], leaves[1]])
    let outputs = y + slopes + second
    let program = Program<S>(outputs)
    for pool in [nil, WorkerPool(threads: 2)] {
      program.pool = pool
      program.run()
      for y in outputs { #expect(bits(program.value(of: y)) == bits(y.value), "\(steps) steps, \(inner) inner ones") }
    }
    return outputs.map(\.value)
  }

  @Test(arguments: [0, 1, 3, 7, 8, 9, 16, 17, 33])
  func `Steps side by side have the bits of steps one after the other, to the second derivative`(steps: Int) {
    for inner in [1, 2, 5, 8, 13] {
      for (a, b) in zip(results(true, steps, inner, Double.self), results(false, steps, inner, Double.self)) {
        #expect(a.shape == b.shape)
        #expect(bits(a) == bits(b))
      }
      for (a, b) in zip(results(true, steps, inner, Float.self), results(false, steps, inner, Float.self)) {
        #expect(bits(a) == bits(b))
      }
    }
  }

  @Test(arguments: [1, 2, 3, 8, 9, 17, 31, 64])
  func `Sums of steps side by side have the order of a sum, and the signs of its zeros`(count: Int) {
    func check<S: Scalar>(_ type: S.Type, zeros: Bool) {
      let tape = Tape<S>()
      var x = tape.input(Self.draw([9, count], UInt64(count)) as Tensor<S>)
      if zeros { x = tape.input(Tensor<S>(repeating: -S(0), shape: [9, count])) }
      let y = scan([], over: [x]) { ([], [$1[0].sum(), ($1[0] + $1[0]).sum()]) }.outputs
      let slope = gradient(of: -y[0].sum(), withRespectTo: x)
      for row in 0..<9 {
        #expect(bits(y[0][row].value) == bits(x[row].sum().value))
        #expect(bits(y[1][row].value) == bits((x[row] + x[row]).sum().value))
      }
      #expect(slope.value == Tensor<S>(repeating: -1, shape: [9, count]))
    }
    for zeros in [false, true] {
      check(Double.self, zeros: zeros)
      check(Float.self, zeros: zeros)
    }
  }

  @Test func `A constant behind other steps is the same for all`() {
    let tape = Tape<Double>()
    let x = tape.input(Self.draw([40], 3) as Tensor<Double>)
    let y = scan([], over: [x]) { ([], [($1[0].exp() + $1[0].sin()) * 2]) }.outputs[0]
    #expect(bits(y.value) == bits(((x.exp() + x.sin()) * 2).value))
    let carried = scan([tape.constant(0)], over: [x]) {
      let y = ($1[0].exp() + $1[0].sin()) * 2
      return ([y], [y])
    }
    #expect(bits(carried.outputs[0].value) == bits(y.value))
  }

  @Test func `What is put among zeros by steps side by side loses the sign of its zeros`() {
    func slope(_ inLanes: Bool) -> Tensor<Double> {
      let tape = Tape<Double>()
      let x = tape.input(Tensor(shape: [9, 3], elements: (0..<27).map { Double($0 - 13) }))
      let weights = tape.constant(Tensor<Double>(repeating: -0.0, shape: [9]))
      let y = map(inLanes, [x]) { [$0[0][0] * 2 + $0[0][2]] }[0]
      return gradient(of: (y * weights).sum(), withRespectTo: x).value
    }
    #expect(bits(slope(true)) == bits(slope(false)))
  }
}
