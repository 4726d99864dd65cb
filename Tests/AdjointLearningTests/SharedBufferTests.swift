import Adjoint
import AdjointLearning
import Testing

/// One place in memory with several owners: gradients, states, parameters.
struct SharedBufferTests {
  private func near(_ a: [Double], _ b: [Double]) -> Bool { distance(a, b) < 1e-12 }

  /// Two parameters whose gradients are one node, by themselves or as reshaped copies of it.
  private func train(
    _ regularization: Regularization = .none, _ clipping: Clipping = .none, reshaped: Bool = false, steps: Int = 1
  ) throws -> [Double] {
    let a = Parameter<Double>(Tensor([3]), name: "a")
    let b = Parameter<Double>(Tensor([[4]]), name: "b")
    let c = Parameter<Double>(Tensor([4]), name: "c")
    let step = TrainingStep<Double>(
      optimizer: SGD(learningRate: 1), regularization: regularization, clipping: clipping
    ) { x in
      let tape = x.tape
      let second = reshaped ? tape.parameter(b).reshape(to: [1]) : tape.parameter(c)
      return (x * (tape.parameter(a) + second)).sum()
    }
    for _ in 0..<steps { try step(Tensor([5])) }
    return [a.value[0], reshaped ? b.value[0, 0] : c.value[0]]
  }

  @Test(arguments: [false, true])
  func `parameters that share a gradient are clipped and penalised once each`(reshaped: Bool) throws {
    let root = 0.5.squareRoot()
    #expect(near(try train(.none, .norm(1), reshaped: reshaped), [3 - root, 4 - root]))
    #expect(near(try train(.none, .value(2), reshaped: reshaped), [1, 2]))
    let both = Regularization(l1: 0.25, l2: 0.5, includesBiases: true)
    #expect(near(try train(both, .value(1), reshaped: reshaped), [3 - 1 - 0.25 - 1.5, 4 - 1 - 0.25 - 2]))
  }

  @Test func `a gradient that no run computes again is penalised anew at each step`() throws {
    // The loss depends on v, and not on w, whose gradient is a constant 0.
    let (v, w) = (Parameter<Double>(Tensor([1])), Parameter<Double>(Tensor([[1, 2]]), name: "w"))
    let step = TrainingStep<Double>(
      optimizer: SGD(learningRate: 0.1), regularization: Regularization(l2: 1), clipping: .value(10)
    ) { x in (x * x.tape.parameter(w).stopGradient()).sum() + x.tape.parameter(v).sum() }
    for _ in 0..<3 { try step(Tensor([[1, 1]])) }
    #expect(near(w.value.elements, [0.729, 1.458]))
  }

  /// Σ ab, with rules that hand the other operand over as it stands: right where the cotangent is 1.
  private struct Dot: Adjoint.Operation {
    func shape(of x: [Shape]) throws(ShapeError) -> Shape { .scalar }
    func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
      var sum: S = 0
      for i in 0..<x[0].count { sum = sum + x[0][i] * x[1][i] }
      y[0] = sum
    }
    func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [p.x[1], p.x[0]] }
  }

  @Test func `a gradient that is another parameter does not change while that one is updated`() throws {
    let (a, b) = (Parameter<Double>(Tensor([1, 2]), name: "a"), Parameter<Double>(Tensor([3, 5]), name: "b"))
    let step = TrainingStep<Double>(optimizer: SGD(learningRate: 0.1)) { x in
      x.tape.record(Dot(), x.tape.parameter(a), x.tape.parameter(b)) + 0 * x.sum()
    }
    try step(Tensor([1]))
    #expect(near(a.value.elements, [0.7, 1.5]) && near(b.value.elements, [2.9, 4.8]))
  }

  @Test func `blocks of a large gradient are prepared like one whole, on any number of threads`() throws {
    let count = 3 * 4096 * 2 + 77
    let start: Tensor<Double> = normal([count, 1], seed: 1)
    let gradient: Tensor<Double> = normal([count, 1], seed: 2)
    var results: [[Double]] = []
    for threads in [1, 3] {
      let w = Parameter<Double>(start, name: "w")
      let step = TrainingStep<Double>(
        optimizer: SGD(learningRate: 0.5), regularization: Regularization(l1: 0.01, l2: 0.1, decoupled: 0.2),
        clipping: .norm(10)
      ) { x in (x * x.tape.parameter(w)).sum() }
      if threads > 1 { step.pool = WorkerPool(threads: threads) }
      try step(gradient)
      results.append(w.value.elements)
    }
    let norm = gradient.elements.reduce(0) { $0 + $1 * $1 }.squareRoot()
    let expected = zip(start.elements, gradient.elements).map { w, g in
      0.9 * w - 0.5 * (10 / norm * g + (w > 0 ? 0.01 : -0.01) + 0.1 * w)
    }
    #expect(results[0] == results[1])
    #expect(distance(results[0], expected) < 1e-12)
  }

  // MARK: States

  @Test(arguments: [false, true])
  func `a batch norm that is used twice moves its statistics twice, eagerly too`(eagerly: Bool) throws {
    let twice = BatchNorm<Double>(2, momentum: 0.25, name: "norm")
    let alone = BatchNorm<Double>(2, momentum: 0.25, name: "norm")
    let (x, y): (Tensor<Double>, Tensor<Double>) = (normal([5, 2], seed: 1), normal([5, 2], seed: 2))
    func record(_ layer: BatchNorm<Double>, _ inputs: [Tensor<Double>]) {
      let tape = Tape<Double>()
      let outputs = inputs.map { layer(tape.input($0)).sum() }
      if eagerly { tape.commitStores() } else { Program<Double>(outputs).run() }
    }
    record(twice, [x, y])
    record(alone, [x])
    record(alone, [y])
    #expect(near(twice.runningMean.value.elements, alone.runningMean.value.elements))
    #expect(near(twice.runningVariance.value.elements, alone.runningVariance.value.elements))
    #expect(twice.runningMean.value.elements != [0, 0])
  }

  @Test(arguments: [false, true])
  func `states that are stored into each other are exchanged, eagerly too`(eagerly: Bool) {
    let (a, b) = (Parameter<Double>(Tensor([1]), name: "a"), Parameter<Double>(Tensor([[2]]), name: "b"))
    let tape = Tape<Double>()
    let (x, y) = (tape.state(a), tape.state(b))
    tape.store(y.reshape(to: [1]), into: a)
    tape.store(x.reshape(to: [1, 1]), into: b)
    if eagerly { tape.commitStores() } else { Program<Double>([x + y]).run() }
    #expect(a.value.elements == [2] && b.value.elements == [1])
  }

  // MARK: Runs

  private static func makeRun(states: Int) -> ParameterRun<Double> {
    let tape = Tape<Double>()
    let parameter = Parameter<Double>(Tensor([1, 2, 3]), name: "w")
    let leaf = tape.parameter(parameter)
    let slope = gradient(of: leaf.square().sum(), withRespectTo: leaf)
    let program = Program<Double>([slope])
    program.run()
    return ParameterRun(
      parameter: parameter, gradient: slope, in: program,
      states: (0..<states).map { Parameter(Tensor([0, 0, 0]), name: "state\($0)") })
  }

  @Test func `a run keeps its parameter, its program and its states alive`() {
    let run = Self.makeRun(states: 2)
    // What is freed too early is used again by these.
    let others = (0..<200).map { Parameter<Double>(Tensor(repeating: Double($0), shape: [3]), name: nil) }
    for i in run.indices {
      run.setFirst(i, 7)
      run.setSecond(i, run.first(i) + run.gradient(i))
    }
    #expect(run.indices.map { run.second($0) } == [9, 11, 13] && run.indices.map { run[$0] } == [1, 2, 3])
    #expect(others.enumerated().allSatisfy { $1.value.elements == [Double($0), Double($0), Double($0)] })
    let part = Self.makeRun(states: 1).part(1, of: 2)
    #expect(part.indices.map { part[$0] } == [2, 3])
  }

  private static let counter = "ParameterRun: there is no element 3 among 3"

  @Test func `a position that a run does not have traps`() async {
    for result in [
      await #expect(
        processExitsWith: .failure, observing: [\.standardErrorContent],
        performing: { _ = SharedBufferTests.makeRun(states: 0)[3] }),
      await #expect(
        processExitsWith: .failure, observing: [\.standardErrorContent],
        performing: { _ = SharedBufferTests.makeRun(states: 0).gradient(3) }),
      await #expect(
        processExitsWith: .failure, observing: [\.standardErrorContent],
        performing: { SharedBufferTests.makeRun(states: 1).setFirst(3, 0) }),
    ] { #expect(text(result).contains(Self.counter)) }
    let negative = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      SharedBufferTests.makeRun(states: 0)[-1] = 0
    }
    #expect(text(negative).contains("there is no element -1 among 3"))
  }

  @Test func `a state that the optimiser does not keep traps, and is never the parameter`() async {
    for result in [
      await #expect(
        processExitsWith: .failure, observing: [\.standardErrorContent],
        performing: { SharedBufferTests.makeRun(states: 0).setFirst(0, 5) }),
      await #expect(
        processExitsWith: .failure, observing: [\.standardErrorContent],
        performing: { _ = SharedBufferTests.makeRun(states: 1).second(0) }),
      await #expect(
        processExitsWith: .failure, observing: [\.standardErrorContent],
        performing: { SharedBufferTests.makeRun(states: 1).update(by: Adam().rule(rate: 1, step: 1)) }),
    ] { #expect(text(result).contains("an array of state that the optimiser does not keep")) }
  }

  @Test func `a run of parts that do not fit together traps with what does not fit`() async {
    let shapes = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let tape = Tape<Double>()
      let (w, v) = (Parameter<Double>(Tensor([1, 2, 3]), name: "w"), Parameter<Double>(Tensor([1]), name: "v"))
      let slope = gradient(of: tape.parameter(v).square().sum(), withRespectTo: tape.parameter(v))
      _ = ParameterRun(parameter: w, gradient: slope, in: Program<Double>([slope]), states: [])
    }
    #expect(text(shapes).contains("ParameterRun: 'w' is [3], its gradient [1]"))
    let states = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let tape = Tape<Double>()
      let w = Parameter<Double>(Tensor([1, 2, 3]), name: "w")
      let slope = gradient(of: tape.parameter(w).square().sum(), withRespectTo: tape.parameter(w))
      _ = ParameterRun(
        parameter: w, gradient: slope, in: Program<Double>([slope]), states: [Parameter(Tensor([1]), name: "s")])
    }
    #expect(text(states).contains("ParameterRun: 'w' is [3], an optimiser's state for it [1]"))
    let tapes = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let w = Parameter<Double>(Tensor([1, 2, 3]), name: "w")
      func slope() -> Variable<Double> {
        let leaf = Tape<Double>().parameter(w)
        return gradient(of: leaf.square().sum(), withRespectTo: leaf)
      }
      _ = ParameterRun(parameter: w, gradient: slope(), in: Program<Double>([slope()]), states: [])
    }
    #expect(text(tapes).contains("belongs to another tape"))
  }
}
