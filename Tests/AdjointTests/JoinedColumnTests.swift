import Adjoint
import Testing

/// Columns that a chain computes are put side by side by the chain itself, to the bits of the recording.
@Suite struct JoinedColumnTests {
  /// Values of one shape that come of a few leaves, joined in random choices, with awkward numbers among them.
  private func check<S: BitComparable>(_ shape: [Int], _ seed: UInt64, _: S.Type) {
    var generator = Generator(seed: seed)
    func below(_ n: Int) -> Int { min(Int(generator.uniform() * Double(n)), n - 1) }
    let odd = [0, -0.0, Double.infinity, -.infinity, .nan, .leastNonzeroMagnitude, -1e30]
    let tape = Tape<S>()
    let (shape, column) = (Shape(shape), Shape(shape + [1]))
    var values = (0..<3).map { _ in
      tape.input(
        Tensor<S>(
          shape: shape,
          elements: (0..<shape.elementCount).map { _ in
            generator.uniform() < 0.05 ? S(odd[below(odd.count)]) : S(generator.normal())
          }))
    }
    var outputs: [Variable<S>] = []
    for _ in 0..<3 {
      for _ in 0..<6 {
        let (a, b) = (values[below(values.count)], values[below(values.count)])
        switch below(6) {
        case 0: values.append(a + b)
        case 1: values.append(a * b)
        case 2: values.append(a.tanh())
        case 3: values.append(a.reshape(to: column).square().reshape(to: shape))  // another shape of all in between
        case 4: values.append(Adjoint.where(a .> b, a, b))
        default: values.append(-a)
        }
      }
      // Some columns stand there twice, some are leaves, some are read by others, also under the shape in which they are joined.
      var columns = (0..<2 + below(7)).map { _ in values[below(values.count)].reshape(to: column) }
      if below(2) == 0 { columns.append(columns[0]) }
      if below(2) == 0 { outputs.append(columns[1]) }
      if below(3) == 0 { outputs.append(values[below(values.count)]) }
      if below(3) == 0 { values.append(columns[0].exp().reshape(to: shape)) }
      let joined = concatenate(columns, axis: shape.rank)
      outputs.append(below(2) == 0 ? joined : (joined * joined).sum(axes: [0]))
      outputs.append(joined)
    }
    instructionsOfSameBits(outputs)
    instructionsOfSameBits(Array(outputs.suffix(1)))
    let loss = outputs.reduce(tape.constant(0)) { $0 + $1.sum() }
    instructionsOfSameBits(gradients(of: loss, withRespectTo: Array(values[..<3])) + outputs)
  }

  @Test(
    "Columns joined at random have the bits of the recording",
    arguments: [[1], [7], [300], [1030], [5, 3], [3, 700], [4096]])
  func random(shape: [Int]) {
    for seed in 0..<12 as Range<UInt64> {
      check(shape, seed, Double.self)
      check(shape, seed, Float.self)
    }
  }

  @Test func `A batch of Jacobians of numbers is one pass, also beside another join`() {
    let tape = Tape<Double>()
    var generator = Generator(seed: 3)
    let x = (0..<5).map { _ in tape.input(Tensor(shape: [2050], elements: (0..<2050).map { _ in generator.normal() })) }
    let y = [x[0] * x[1].sin() + x[2], x[3] / (1 + x[4].square())]
    let jacobians = batchJacobian(of: y, withRespectTo: x)
    #expect(instructionsOfSameBits([jacobians]) == 1)
    #expect(instructionsOfSameBits([stack(y, axis: 1), jacobians]) == 1)
  }

  @Test func `Joined beside rows, a chain of rows is one pass`() {
    let tape = Tape<Float>()
    var generator = Generator(seed: 4)
    let x = tape.input(Tensor(shape: [65, 33], elements: (0..<65 * 33).map { _ in Float(generator.normal()) }))
    let centred = x - x.mean(axes: [1], keepingDimensions: true)
    #expect(instructionsOfSameBits([stack([centred, x, centred.exp()], axis: -1)]) == 1)
  }

  @Test func `What is more than a run of columns is joined as ever`() {
    let tape = Tape<Double>()
    let x = tape.input(Tensor(shape: [600], elements: (0..<600).map { Double($0) }))
    let (y, z) = (x.square(), x.exp())
    instructionsOfSameBits([concatenate([y, z])])
    instructionsOfSameBits([concatenate([y.reshape(300, 2), z.reshape(300, 2)], axis: 1)])
    instructionsOfSameBits([concatenate([y[..<300].reshape(300, 1), y[300...].reshape(300, 1)], axis: 1)])
    instructionsOfSameBits([concatenate([y[..<300], z[..<300]]).reshape(300, 2).tanh()])
    instructionsOfSameBits([stack((0..<70).map { y + Double($0) }, axis: 1)])
  }
}
