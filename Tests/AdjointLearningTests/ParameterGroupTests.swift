import Adjoint
import AdjointLearning
import Testing

/// Groups of parameters with settings of their own, steps that update some parameters alone, and averaged weights.
struct ParameterGroupTests {
  private let a = Parameter<Double>(Tensor([1, 2]), name: "encoder/weight")
  private let b = Parameter<Double>(Tensor([3, 4]), name: "head/weight")
  private let c = Parameter<Double>(Tensor([[5.0]]), name: "head/scale")

  private var values: [[Double]] { [a, b, c].map(\.value.elements) }

  /// A sum whose gradients are ones times x.
  private func step(
    _ optimizer: some Optimizer = SGD(learningRate: 0.5), regularization: Regularization = .none,
    updating: ParameterRule<Double> = .all, groups: [ParameterGroup<Double>] = [], averaging: Averaging = .none
  ) -> TrainingStep<Double> {
    TrainingStep(
      optimizer: optimizer, regularization: regularization, updating: updating, groups: groups, averaging: averaging
    ) { [a, b, c] x in
      x.sum() * (x.tape.parameter(a).sum() + x.tape.parameter(b).sum() + x.tape.parameter(c).sum())
    }
  }

  @Test func `a group has its rate, its schedule and its decay, and the first that fits counts`() throws {
    let step = step(groups: [
      ParameterGroup(.named("encoder/"), rate: 0.5),
      ParameterGroup(
        .matching { name, shape in shape.rank == 2 }, schedule: .staircase(every: 1, factor: 0), isFrozen: false),
      ParameterGroup(.all, rate: 2, decay: 0.5),
    ])
    try step(Tensor([1]))
    #expect(values == [[0.75, 1.75], [0.5, 1], [4.5]])
    try step(Tensor([1]))
    #expect(values == [[0.5, 1.5], [-0.75, -0.5], [4.5]])
    step.groups[0].rate = 0
    step.groups[2].decay = nil
    try step(Tensor([1]))
    #expect(values == [[0.5, 1.5], [-1.75, -1.5], [4.5]])
  }

  @Test func `a group's decay replaces that of AdamW and of the regularisation`() throws {
    func decayed(_ optimizer: some Optimizer, _ regularization: Regularization, _ decay: Double?) throws -> Double {
      let w = Parameter<Double>(Tensor([[4.0]]), name: "w")
      let step = TrainingStep<Double>(
        optimizer: optimizer, regularization: regularization, groups: [ParameterGroup([w], decay: decay)]
      ) { x in 0 * (x * x.tape.parameter(w)).sum() }
      try step(Tensor([[1.0]]))
      return w.value[0, 0]
    }
    #expect(try abs(decayed(AdamW(learningRate: 0.1, weightDecay: 0.5), .none, nil) - 3.8) < 1e-12)
    #expect(try decayed(AdamW(learningRate: 0.1, weightDecay: 0.5), .none, 0) == 4)
    #expect(try abs(decayed(AdamW(learningRate: 0.1, weightDecay: 0), .none, 0.25) - 3.9) < 1e-12)
    #expect(try abs(decayed(SGD(learningRate: 0.1), Regularization(decoupled: 0.5), nil) - 3.8) < 1e-12)
    #expect(try decayed(SGD(learningRate: 0.1), Regularization(decoupled: 0.5), 0) == 4)
  }

  @Test func `frozen groups and left-out parameters stay, and what is set acts at the next step`() throws {
    // The closure runs on this thread only.
    nonisolated(unsafe) var recordings = 0
    let (a, b, c) = (a, b, c)
    let step = TrainingStep<Double>(
      optimizer: Momentum(learningRate: 0.5), groups: [ParameterGroup(.named("head/"), isFrozen: true)]
    ) { x in
      recordings += 1
      return x.sum() * (x.tape.parameter(a).sum() + x.tape.parameter(b).sum() + x.tape.parameter(c).sum())
    }
    try step(Tensor([1]))
    #expect(values == [[0.5, 1.5], [3, 4], [5]])
    step.groups[0].rate = 3
    try step(Tensor([1]))
    #expect(recordings == 1, "a rate does not need another recording")
    step.groups[0].isFrozen = false
    let before = values
    try step(Tensor([1]))
    #expect(recordings == 2 && zip(values, before).allSatisfy { $0 != $1 })
    step.updating = [b]
    let last = values
    try step(Tensor([1]))
    #expect(values[0] == last[0] && values[1] != last[1] && values[2] == last[2])
    try step(accumulating: [Tensor<Double>([1]), Tensor<Double>([2])])
    #expect(values[0] == last[0] && values[2] == last[2])
  }

  @Test func `two steps over the same loss update each its own`() throws {
    let first = step(updating: [a])
    let second = step(updating: .matching { name, _ in name.hasPrefix("head/") })
    try first(Tensor([1]))
    #expect(values == [[0.5, 1.5], [3, 4], [5]])
    try second(Tensor([1]))
    #expect(values == [[0.5, 1.5], [2.5, 3.5], [4.5]])
    let third = step(updating: .of([a], c))
    try third(Tensor([1]))
    #expect(values == [[0, 1], [2.5, 3.5], [4]])
    #expect(first.namedOptimizerState.isEmpty && first.description.contains("updates 1 parameters"))
  }

  @Test func `a rate of a group that is not finite refuses the step`() throws {
    let step = step(groups: [ParameterGroup([b], schedule: .exponential(rate: 1e200))])
    for _ in 0..<2 { try step(Tensor([0])) }
    let before = values
    #expect(throws: TrainingError.self) { try step(Tensor([1])) }
    #expect(throws: TrainingError.self) { try step(accumulating: [Tensor<Double>([1])]) }
    #expect(values == before && step.stepCount == 2)
  }

  @Test func `a step that may update none of its parameters traps with its rule`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let w = Parameter<Double>(Tensor([1]), name: "w")
      let step = TrainingStep<Double>(optimizer: SGD(), updating: .named("v")) { ($0 * $0.tape.parameter(w)).sum() }
      try step(Tensor([1]))
    }
    #expect(text(result).contains("which are those named 'v…': 'w'"), "\(text(result))")
  }

  // MARK: Averages

  @Test func `averages are those of their definitions, and show themselves for a while`() throws {
    let step = step(averaging: .exponential(decay: 0.75))
    var average: [Double] = []
    for number in 0..<4 {
      try step(Tensor([1]))
      average = number == 0 ? a.value.elements : zip(average, a.value.elements).map { $0 + 0.25 * ($1 - $0) }
    }
    let present = values
    step.withAveragedWeights { #expect(a.value.elements == average && b.value.elements != present[1]) }
    #expect(values == present)
    #expect(throws: FeedError.self) { try step.withAveragedWeights { throw FeedError("in between") } }
    #expect(values == present)
  }

  @Test func `a uniform average is the mean of the weights behind the first steps, whatever the optimiser`() throws {
    let step = step(averaging: .uniform(after: 2))
    var sum = [0.0, 0]
    for number in 1...6 {
      if number == 5 { step.optimizer = Momentum(learningRate: 0.25) }
      try step(Tensor([1]))
      if number > 2 { sum = zip(sum, a.value.elements).map(+) }
    }
    step.withAveragedWeights { #expect(distance(a.value.elements, sum.map { $0 / 4 }) < 1e-12) }
  }

  // MARK: Whole parameters

  /// LAMB of one parameter, written from the paper.
  private func reference(_ w: [Double], _ gradients: [[Double]], isVector: Bool) -> [Double] {
    var (w, m, s) = (w, w.map { _ in 0.0 }, w.map { _ in 0.0 })
    for (t, g) in gradients.enumerated() {
      var r = w
      for i in w.indices {
        m[i] = 0.9 * m[i] + 0.1 * g[i]
        s[i] = 0.999 * s[i] + 0.001 * g[i] * g[i]
        let (c1, c2) = (1 - Double.power(0.9, Double(t + 1)), 1 - Double.power(0.999, Double(t + 1)))
        r[i] = m[i] / c1 / ((s[i] / c2).squareRoot() + 1e-6) + 0.01 * w[i]
      }
      func norm(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }
      let factor = isVector ? 1 : norm(w) / norm(r)
      for i in w.indices { w[i] -= 0.1 * factor * r[i] }
    }
    return w
  }

  @Test func `LAMB sees each parameter as a whole, and no number of threads changes a bit`() throws {
    func train(threads: Int, _ clipping: Clipping) throws -> [[Double]] {
      let w = Parameter<Double>(normal([90, 200], seed: 1), name: "w")
      let v = Parameter<Double>(normal([300], seed: 2), name: "v")
      let step = TrainingStep<Double>(optimizer: LAMB(learningRate: 0.1), clipping: clipping) { x in
        (x.tape.parameter(w).square().sum() + x.tape.parameter(v).square().sum()) * x.sum() * 0.5
      }
      step.pool = threads > 1 ? WorkerPool(threads: threads) : nil
      var seen: ([[Double]], [[Double]]) = ([], [])
      for number in 1...4 {
        let x = Double(number)
        seen.0.append(w.value.elements.map { x * $0 })
        seen.1.append(v.value.elements.map { x * $0 })
        try step(Tensor([x]))
      }
      if clipping == .none {
        let start: (Tensor<Double>, Tensor<Double>) = (normal([90, 200], seed: 1), normal([300], seed: 2))
        #expect(distance(w.value.elements, reference(start.0.elements, seen.0, isVector: false)) < 1e-12)
        #expect(distance(v.value.elements, reference(start.1.elements, seen.1, isVector: true)) < 1e-12)
      }
      #expect(step.namedOptimizerState.map(\.name).prefix(3) == ["w/mean", "w/squares", "w/direction"])
      return [w.value.elements, v.value.elements]
    }
    for clipping in [Clipping.none, .norm(1), .value(0.3)] {
      let alone = try train(threads: 1, clipping)
      for threads in 2...3 { #expect(try train(threads: threads, clipping) == alone) }
    }
  }
}
