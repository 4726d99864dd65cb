import Adjoint
import AdjointLearning
import Testing

/// Micro-batches whose gradients are added train like one batch.
struct AccumulationTests {
  private struct Labelled: StepInput {
    var x: Tensor<Float>
    var labels: Tensor<Int32>
  }

  /// A network whose largest layer is worth several threads.
  private final class Training {
    let model: MLP<Float>
    let step: TrainingStep<Float>

    init(_ optimizer: some Optimizer = SGD(learningRate: 0.1), dropout: Double = 0, threads: Int = 1) {
      var generator = Generator(seed: 3)
      let model = MLP<Float>([20, 900, 4], activation: .tanh, dropout: dropout, using: &generator)
      self.model = model
      step = TrainingStep(optimizer: optimizer, seed: 6) { crossEntropy(logits: model($0), labels: $1) }
      if threads > 1 { step.pool = WorkerPool(threads: threads) }
    }

    var bits: [UInt32] { model.parameters.flatMap { $0.value.elements.map(\.bitPattern) } }
  }

  private static func batch(_ rows: Range<Int>) -> (Tensor<Float>, Tensor<Int32>) {
    let all: Tensor<Float> = normal([24, 20], seed: 8)
    return (
      Tensor(shape: [rows.count, 20], elements: Array(all.elements[rows.lowerBound * 20..<rows.upperBound * 20])),
      Tensor(rows.map { Int32($0 * 5 % 4) })
    )
  }

  @Test(arguments: [[24], [8, 8, 8], [1, 2, 21], [13, 11], Array(repeating: 1, count: 24)])
  func `micro-batches of any sizes have loss and gradients of the whole batch`(sizes: [Int]) throws {
    let (whole, parts) = (Training(), Training())
    let (x, labels) = Self.batch(0..<24)
    var batches: [(Tensor<Float>, Tensor<Int32>)] = []
    var start = 0
    for size in sizes {
      batches.append(Self.batch(start..<start + size))
      start += size
    }
    let losses = (try whole.step(x, labels), try parts.step(accumulating: batches))
    #expect(abs(losses.0 - losses.1) < 1e-6)
    for (a, b) in zip(whole.model.parameters, parts.model.parameters) {
      let (g, h) = (whole.step.gradient(of: a), parts.step.gradient(of: b))
      let largest = g.elements.map(abs).max() ?? 0
      #expect(largest > 0 && distance(g.elements, h.elements) <= 1e-6 * Double(largest))
    }
    if sizes.count == 1 { #expect(whole.bits == parts.bits && losses.0 == losses.1) }
    #expect(parts.step.stepCount == 1)
  }

  @Test func `no number of threads changes a bit, dropout included`() throws {
    func train(threads: Int) throws -> [UInt32] {
      let training = Training(Adam(), dropout: 0.5, threads: threads)
      for _ in 0..<3 {
        try training.step(accumulating: [Self.batch(0..<9), Self.batch(9..<18), Self.batch(18..<24)])
      }
      return training.bits
    }
    let alone = try train(threads: 1)
    for threads in 2...4 { #expect(try train(threads: threads) == alone) }
  }

  @Test func `each micro-batch draws numbers of its own, the same ones in every training`() throws {
    func losses(_ seed: UInt64) throws -> [Float] {
      let w = Parameter<Float>(Tensor([1]), name: "w")
      let step = TrainingStep<Float>(optimizer: SGD(learningRate: 0), seed: seed) { x in
        let noise = x.tape.random(.normal(mean: 0, deviation: 1), shape: x.shape)
        return ((x + noise) * x.tape.parameter(w)).mean()
      }
      let x = Tensor<Float>([0, 0, 0, 0])
      let twice = try step(accumulating: [x, x])
      let once = try step(accumulating: [x])
      return [twice, once, try step(x)]
    }
    let first = try losses(1)
    #expect(try losses(1) == first && losses(2) != first)
    #expect(Set(first).count == 3)
    let w = Parameter<Float>(Tensor([1]), name: "w")
    let step = TrainingStep<Float>(optimizer: SGD(learningRate: 0), seed: 1) { x in
      ((x + x.tape.random(.normal(mean: 0, deviation: 1), shape: x.shape)) * x.tape.parameter(w)).mean()
    }
    #expect(try step(Tensor([0, 0, 0, 0])) != first[0], "the second micro-batch does not draw what the first one drew")
  }

  @Test func `structs and single inputs are accumulated too`() throws {
    let (pairs, structs) = (Training(), Training())
    let model = structs.model
    let step = TrainingStep<Float>(of: Labelled.self, optimizer: SGD(learningRate: 0.1), seed: 6) {
      crossEntropy(logits: model($0.x), labels: $0.labels)
    }
    let batches = [Self.batch(0..<7), Self.batch(7..<24)]
    let losses = (
      try pairs.step(accumulating: batches),
      try step(accumulating: batches.map { Labelled(x: $0.0, labels: $0.1) })
    )
    #expect(losses.0 == losses.1 && pairs.bits == structs.bits)
  }

  @Test func `a refused micro-batch leaves everything as it was, running statistics too`() throws {
    final class Normed {
      let layer: Linear<Float>
      let norm = BatchNorm<Float>(3, name: "norm")
      let step: TrainingStep<Float>
      init() {
        var generator = Generator(seed: 5)
        let layer = Linear<Float>(2, 3, name: "layer", using: &generator)
        self.layer = layer
        step = TrainingStep(optimizer: Adam(), averaging: .exponential(decay: 0.9)) { [norm] x, labels in
          crossEntropy(logits: dropout(norm(layer(x)), rate: 0.5), labels: labels)
        }
      }
      var state: [[Float]] {
        (step.namedParameters + step.namedOptimizerState).map(\.parameter.value.elements) + [[Float(step.stepCount)]]
          + step.namedAverages.map(\.parameter.value.elements)
      }
    }
    let (tried, plain) = (Normed(), Normed())
    let labels = Tensor<Int32>([0, 1, 2, 1])
    for number in 0..<4 {
      let batches: [(Tensor<Float>, Tensor<Int32>)] = (0..<3).map {
        (normal([4, 2], seed: UInt64(number * 3 + $0)), labels)
      }
      #expect(try tried.step(accumulating: batches) == plain.step(accumulating: batches))
      var spoilt = batches
      spoilt[2].0[linear: 1] = .nan
      #expect(throws: TrainingError.self) { try tried.step(accumulating: spoilt) }
      spoilt[2] = (batches[2].0, Tensor([0, 1, 3, 1]))
      #expect(throws: FeedError.self) { try tried.step(accumulating: spoilt) }
      #expect(tried.state == plain.state)
    }
    #expect(tried.norm.runningMean.value.elements.contains { $0 != 0 })
  }

  @Test func `running statistics move once for each micro-batch, as in as many steps`() throws {
    func norm(_ run: (TrainingStep<Float>, [Tensor<Float>]) throws -> Void) throws -> [Float] {
      let norm = BatchNorm<Float>(2, name: "norm")
      let step = TrainingStep<Float>(optimizer: SGD(learningRate: 0)) { norm($0).square().mean() }
      try run(step, [normal([5, 2], seed: 1), normal([5, 2], seed: 2)])
      return norm.runningMean.value.elements + norm.runningVariance.value.elements
    }
    let together = try norm { try $0(accumulating: $1) }
    #expect(try norm { step, batches in for batch in batches { try step(batch) } } == together)
  }

  @Test func `a parameter that one micro-batch alone uses is trained by its share`() throws {
    let (a, b) = (Parameter<Double>(Tensor([1]), name: "a"), Parameter<Double>(Tensor([1]), name: "b"))
    let step = TrainingStep<Double>(optimizer: SGD(learningRate: 1)) { x in
      (x.shape[0] == 1 ? x * x.tape.parameter(a) : x * x.tape.parameter(b)).mean()
    }
    try step(accumulating: [Tensor([8]), Tensor([4, 4, 4])])
    #expect(a.value == Tensor([-1]) && b.value == Tensor([-2]))
    step.optimizer = Adam(learningRate: 0.5)
    try step(accumulating: [Tensor([8]), Tensor([4, 4, 4])])
    #expect(abs(a.value[0] + 1.5) < 1e-6 && abs(b.value[0] + 2.5) < 1e-6)
    a.isFrozen = true
    try step(accumulating: [Tensor([4, 4, 4]), Tensor([4, 4, 4])])
    #expect(abs(a.value[0] + 1.5) < 1e-6 && b.value[0] < -2.9)
  }

  @Test func `a mean of gradients that overflows refuses the step, and nothing has been changed`() throws {
    let largest = Float.greatestFiniteMagnitude
    var refusals = 0
    // Each gradient is finite; for some counts the rounded shares add up to more than the largest number.
    for count in 2...12 {
      let (w, v) = (Parameter<Float>(Tensor([0]), name: "w"), Parameter<Float>(Tensor([2]), name: "v"))
      for clipping in [Clipping.none, .norm(1)] {
        let step = TrainingStep<Float>(optimizer: SGD(learningRate: 0.1), clipping: clipping) { x in
          (x * x.tape.parameter(w)).mean() + x.tape.parameter(v).sum()
        }
        do {
          try step(accumulating: Array(repeating: Tensor([largest]), count: count))
          #expect(w.value[0].isFinite && w.value[0] < 0)
          #expect(step.stepCount == 1)
        } catch let error as TrainingError {
          refusals += 1
          guard case .gradient(let name) = error.failure else {
            Issue.record("\(error)")
            continue
          }
          #expect(name.contains("w") && "\(error)".contains("as before this step"), "\(error)")
          #expect(step.stepCount == 0 && w.value[0] == 0 && v.value[0] == 2)
        }
        (w.value, v.value) = (Tensor([0]), Tensor([2]))
      }
    }
    #expect(refusals > 0)
  }

  @Test func `no micro-batches trap with a sentence`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let w = Parameter<Double>(Tensor([1]), name: "w")
      let step = TrainingStep<Double>(optimizer: SGD()) { ($0 * $0.tape.parameter(w)).sum() }
      try step(accumulating: [Tensor<Double>]())
    }
    #expect(text(result).contains("there are no micro-batches with examples"), "\(text(result))")
  }
}
