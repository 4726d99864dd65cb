import Adjoint
import Testing

/// Sums, means, and largest and smallest elements of whole arrays end the chains that compute these arrays, to the bits of the recording.
@Suite struct ArrayReductionTests {
  /// Around blocks and threads' shares of them, for vectors of any width: a block has from 512 to 4,096 elements, and 8 blocks begin.
  static let counts = [1, 31, 1023, 1024, 1025, 4097, 8192, 8193, 16_384, 16_385, 20_481, 32_768, 32_769, 100_003]

  /// Compares a program with the recording, on one thread, in parts of several, and on two.
  private func expectSameBits<S: BitComparable>(_ outputs: [Variable<S>], _ what: String) {
    let program = Program<S>(outputs)
    let pools = [1, 3, 11].map { WorkerPool(partsInTurn: $0, lastFirst: $0 % 2 == 0) } + [WorkerPool(threads: 2)]
    for pool in pools {
      program.pool = pool
      for _ in 0..<2 {
        program.run()
        let wrong = outputs.indices.filter { !program.value(of: outputs[$0]).isIdentical(to: outputs[$0].value) }
        #expect(wrong.isEmpty, "\(S.self), \(what), \(pool): outputs \(wrong)")
      }
    }
  }

  private func logSumExp<S: Scalar>(_ x: Variable<S>) -> Variable<S> {
    let a = x.max()
    return a + (x - a).exp().sum().log()
  }

  /// Arrays with ties, zeros of both signs, infinities and NaN.
  private func arrays<S: Scalar>(_ count: Int) -> [(name: String, Tensor<S>)] {
    var generator = Generator(seed: 17)
    let normal = (0..<count).map { _ in generator.normal() }
    func with(_ number: Double, at places: [Int]) -> [Double] {
      var elements = normal
      for place in places { elements[place] = number }
      return elements
    }
    let lists: [(name: String, [Double])] = [
      ("normal", normal), ("ties", normal.map { $0.rounded() }), ("−0", Array(repeating: -0.0, count: count)),
      ("0 and −0", (0..<count).map { $0 % 3 == 0 ? 0 : -0.0 }), ("∞", with(.infinity, at: [count / 2])),
      ("−∞", with(-.infinity, at: [0, count - 1])), ("NaN", with(.nan, at: [count - 1])),
      ("two NaN", with(.nan, at: [0, count / 3])),
    ]
    return lists.map { ($0.name, Tensor<S>(shape: [count], elements: $0.1.map { S($0) })) }
  }

  private func check<S: BitComparable>(_ count: Int, _: S.Type) {
    for (name, x) in arrays(count) as [(name: String, Tensor<S>)] {
      let tape = Tape<S>()
      let x = tape.input(x)
      let (y, loss) = (x * 0.7, logSumExp(x))
      // y and y − 0.3 are read by reductions and by others, and −x by reductions alone.
      let z = y - 0.3
      let sums = [x.sum(), y.sum(), (-z).mean(), z.square().sum(axes: [0], keepingDimensions: true), (-x).sum()]
      let extrema = [x.max(), y.min(), (-x).max(), (x .> 0.2).sum(), (x.exp() + y).max()]
      let others = [z.exp(), (y * y - z).sum()]
      let gradient = gradients(of: loss, withRespectTo: [x])
      let mixed = gradients(of: (y.max() * z.min() + z.mean()) * loss, withRespectTo: [x])
      expectSameBits(gradient, "the gradient, \(count), \(name)")
      expectSameBits([loss] + sums + extrema + others + gradient + mixed, "\(count), \(name)")
    }
  }

  @Test("Programs have the recorded bits", arguments: counts)
  func bits(count: Int) {
    check(count, Double.self)
    check(count, Float.self)
  }

  private func numbers<S: Scalar>(_ shape: Shape, seed: UInt64) -> Tensor<S> {
    var generator = Generator(seed: seed)
    return Tensor(shape: shape, elements: (0..<shape.elementCount).map { _ in S(generator.normal()) })
  }

  @Test("Of matrices too, also where other axes have one element, and where a part is an alias")
  func matrices() {
    let tape = Tape<Float>()
    let x = tape.input(numbers([1, 210, 200, 1], seed: 3) as Tensor<Float>)
    let w = tape.input(numbers([200, 200], seed: 4) as Tensor<Float>)
    let y = x.reshape(to: [210, 200]).matmul(w)
    let part = y[10..., ...]
    let whole = x.sum(axes: [1, 2]).reshape(to: [])
    var total = (y * 2).sum() + part.tanh().mean()
    total = total + part.max() + (part * 3).sum() * whole
    let rows = (y - y.mean(axes: [1], keepingDimensions: true)).square()
    total = total + rows.sum() + (rows * 0.5).max()
    expectSameBits([total, rows] + gradients(of: total, withRespectTo: [x, w]), "matrices")
  }

  @Test("Inside of a checkpointed segment as well")
  func checkpointed() {
    let tape = Tape<Double>()
    let x = tape.input(numbers([20_000, 2], seed: 5) as Tensor<Double>)
    var y = x
    for _ in 0..<3 {
      tape.checkpointed {
        let centred = y - y.mean(axes: [0])
        let scale = (centred.square().sum() / 100_000).exp()
        y = (centred / scale).tanh() + (y * 0.5).max()
      }
    }
    let loss = (y * y).mean()
    expectSameBits([loss] + gradients(of: loss, withRespectTo: [x]), "checkpointed")
  }

  @Test("Parts write what they say, each byte once", arguments: [2, 3])
  func parts(_ parts: Int) {
    let tape = Tape<Double>()
    let x = tape.input(arrays(17_001)[1].1)
    let program = Program<Double>(gradients(of: logSumExp(x), withRespectTo: [x]) + [(x * x).exp().min()])
    program.run()
    let faults = program.faultsOfParts(parts)
    #expect(faults.isEmpty, "\(faults)")
  }

  @Test("The gradient of log-sum-exp has its input and its output in memory, and no other array")
  func memory() {
    guard Kernels.name != "reference" else { return }
    let tape = Tape<Double>()
    let x = tape.input(arrays(100_000)[0].1)
    let program = Program<Double>(gradients(of: logSumExp(x), withRespectTo: [x]))
    #expect(program.byteCount < 210_000 * 8)
    // A product with a number is taken twice, for its sum and where that is used.
    let y = x * 0.7
    let z = (y - y.sum()).exp().sum()
    #expect(Program<Double>([z]).byteCount < 110_000 * 8)
    // Four over the array, of which three end in what blocks give; four that combine these, and numbers between them.
    #expect(program.instructionCount == 10)
  }
}
