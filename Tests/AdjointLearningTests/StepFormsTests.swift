import Adjoint
import AdjointLearning
import Testing

/// A step takes whatever its closure takes, and shows what it computed.
struct StepFormsTests {
  private struct Pair: StepInput {
    var values: Tensor<Double>
    var scale: Tensor<Double>?
  }

  private struct Text: StepInput {
    var unused = Tensor<Double>([1])
    var tokens: Tensor<Int32>
    var weights: [Tensor<Double>]
    var pair: Pair
  }

  private let w = Parameter<Double>(Tensor([1, 2, 3]), name: "w")

  @Test func `three, four and five inputs of numbers and indices are fed by position`() throws {
    let w = w
    let three = TrainingStep<Double>(optimizer: SGD(learningRate: 0)) { rows, x, y in
      (x.tape.parameter(w).gather(rows) * x + y).sum()
    }
    let (x, y) = (Tensor<Double>([10, 100]), Tensor<Double>([1, 1]))
    #expect(try three([2, 0], x, y) == 132)
    #expect(try three(Tensor<Int32>([1, 1]), x, Tensor<Double>([1, 0])) == 221)
    #expect(try three(Tensor<UInt8>([0]), Tensor<Double>([5]), Tensor<Double>([0])) == 5)
    let four = TrainingStep<Double>(optimizer: SGD(learningRate: 0)) { a, b, c, rows in
      (a.tape.parameter(w).gather(rows) * a + b * c).sum()
    }
    #expect(try four(Tensor([2.0]), Tensor([3.0]), Tensor([4.0]), [2]) == 18)
    #expect(throws: FeedError.self) { try three([3, 0], x, y) }
    #expect(throws: FeedError.self) { try three(Tensor<Float>([2, 0]), x, y) }
  }

  @Test func `one input may be indices, and two may be of any kinds`() throws {
    let w = w
    let one = TrainingStep<Double>(optimizer: SGD(learningRate: 0)) { rows in rows.tape.parameter(w).gather(rows).sum()
    }
    #expect(try one(Tensor<Int32>([2, 2])) == 6)
    #expect(try one(Tensor<Int32>([0, 1])) == 3)
    let two = TrainingStep<Double>(optimizer: SGD(learningRate: 0)) { a, b in
      let w = a.tape.parameter(w)
      return (w.gather(a) * w.gather(b)).sum()
    }
    #expect(try two(Tensor<Int32>([0, 1]), Tensor<Int32>([2, 1])) == 7)
    let mixed = TrainingStep<Double>(optimizer: SGD(learningRate: 0)) { a, b in
      (a.tape.parameter(w).gather(a) * b).sum()
    }
    #expect(try mixed(Tensor<Int32>([0, 1]), Tensor([10, 1])) == 12)
  }

  @Test func `a struct is fed by its names, nested, optional and in lists, and what nobody reads is passed over`()
    throws
  {
    let w = w
    // The closure runs on this thread only.
    nonisolated(unsafe) var recordings = 0
    let step = TrainingStep<Double>(of: Text.self, optimizer: SGD(learningRate: 0)) { text in
      recordings += 1
      let sum = text.weights.reduce(text.pair.values) { $0 + $1 }
      let y = (text.tokens.tape.parameter(w).gather(text.tokens) * sum).sum()
      return text.pair.scale.map { y * $0.sum() } ?? y
    }
    func text(_ tokens: [Int32], _ weights: [[Double]], scale: Double? = nil) -> Text {
      let values = Tensor([Double](repeating: 1, count: tokens.count))
      return Text(
        tokens: Tensor(tokens), weights: weights.map { Tensor($0) },
        pair: Pair(values: values, scale: scale.map { Tensor([$0]) }))
    }
    #expect(try step(text([2, 0], [[1, 1]])) == 8)
    #expect(try step(text([0, 1], [[2, 1]])) == 7)
    #expect(recordings == 1)
    #expect(try step(text([2, 0], [[1, 1], [5, 0]])) == 23)
    #expect(try step(text([2, 0], [[1, 1]], scale: 10)) == 80)
    #expect(recordings == 3, "another count, and a value that was missing, are recorded anew")
    #expect(try step(text([1, 1], [[1, 1]], scale: 2)) == 16)
    #expect(recordings == 3)
    #expect(step.tape?.description.contains("tokens") == true)
    #expect(throws: FeedError.self) { try step(text([3, 0], [[1, 1]])) }
  }

  /// A step of a struct with everything that it could change.
  private final class Structured {
    let w = Parameter<Double>(Tensor([[1, 2], [3, 4], [5, 6]]), name: "w")
    let trace = Parameter<Double>(Tensor([0]), name: "trace")
    private(set) var step: TrainingStep<Double>

    init() {
      let (w, trace) = (w, trace)
      step = TrainingStep(
        of: Text.self, optimizer: Adam(learningRate: 0.01), clipping: .norm(1),
        groups: [ParameterGroup(.all, decay: 0.1)], averaging: .exponential(decay: 0.5), seed: 3
      ) { text in
        let rows = text.tokens.tape.parameter(w).gather(text.tokens)
        let weighted =
          text.weights.reduce(text.pair.values) { $0 + $1 }.reshape(to: [rows.shape[0], 1]) * dropout(rows, rate: 0.5)
        text.tokens.tape.store((weighted.sum() * 1e10).reshape(to: [1]), into: trace)
        return (weighted.square().mean(), ["rows": rows])
      }
    }

    var state: [[Double]] {
      (step.namedParameters + step.namedOptimizerState + step.namedAverages).map(\.parameter.value.elements)
        + [trace.value.elements, [Double(step.stepCount)]]
    }
  }

  private func sample(_ seed: UInt64, count: Int = 4) -> Text {
    Text(
      tokens: Tensor((0..<count).map { Int32(($0 + Int(seed)) % 3) }), weights: [normal([count], seed: seed)],
      pair: Pair(values: normal([count], seed: seed + 1)))
  }

  @Test func `a refused step of a struct changes nothing, and training goes on in the same bits`() throws {
    let (tried, plain) = (Structured(), Structured())
    for number in 0..<5 as Range<UInt64> {
      #expect(try tried.step(sample(number)) == plain.step(sample(number)))
      var spoilt = sample(number + 1)
      spoilt.pair.values[linear: 2] = .nan
      #expect(throws: TrainingError.self) { try tried.step(spoilt) }
      #expect(throws: TrainingError.self) { try tried.step(accumulating: [sample(1), spoilt]) }
      spoilt = sample(number + 1)
      spoilt.tokens[linear: 3] = 3
      #expect(throws: FeedError.self) { try tried.step(spoilt) }
      spoilt = sample(number + 1)
      spoilt.weights[0][linear: 0] = 1e300
      #expect(throws: TrainingError.self) { try tried.step(spoilt) }
      #expect(tried.state == plain.state)
    }
    #expect(tried.trace.value[0] != 0)
  }

  @Test func `the latest step of a struct, recorded afresh, has the bits of its replay`() throws {
    let training = Structured()
    for number in 0..<3 as Range<UInt64> { try training.step(sample(number)) }
    let fresh = try #require(training.step.recordedAfresh())
    let replayed = try #require(fresh.replayed)
    #expect(replayed.count == 2 && zip(fresh.values, replayed).allSatisfy { $0.value == $1 })
    training.step.updating = []
    training.step.updating = [training.w]
    try training.step(accumulating: [sample(1), sample(2, count: 3)])
    let again = try #require(training.step.recordedAfresh())
    #expect(zip(again.values, try #require(again.replayed)).allSatisfy { $0.value == $1 })
  }

  @Test func `no more recordings of structs are kept than the limit says, also of micro-batches`() throws {
    let training = Structured()
    for size in 1...12 { try training.step(sample(1, count: size)) }
    #expect(training.step.recordingCount == 8)
    try training.step(accumulating: (1...12).map { sample(1, count: $0) })
    #expect(training.step.recordingCount == 8 && training.step.stepCount == 13)
    #expect(try training.step(accumulating: [sample(1, count: 1)]).isFinite)
  }

  @Test func `values beside the loss and gradients can be read after a step`() throws {
    let w = w
    let step = TrainingStep<Double>(optimizer: SGD(learningRate: 0.5), clipping: .norm(0.1)) { x in
      let w = x.tape.parameter(w)
      let squares = w.square()
      return (squares.sum() * x.sum(), ["squares": squares, "w": w, "x": x])
    }
    #expect(step.auxiliary.isEmpty)
    try step(Tensor([2]))
    #expect(step.auxiliary["squares"] == Tensor([1, 4, 9]) && step.auxiliary["x"] == Tensor([2]))
    #expect(step.auxiliary["w"] == Tensor([1, 2, 3]), "as the step saw it, not as it left it")
    #expect(step.gradient(of: w) == Tensor([4, 8, 12]), "before clipping")
    #expect(w.value != Tensor([1, 2, 3]))
  }

  @Test func `what stands beside the loss changes no bit of the training`() throws {
    func train(_ make: (Parameter<Float>) -> TrainingStep<Float>) throws -> [Float] {
      let w = Parameter<Float>(normal([40, 3], seed: 4), name: "w")
      let step = make(w)
      let losses = try (0..<6).map { try step(normal([5, 40], seed: UInt64($0)), Tensor<Int32>([0, 1, 2, 1, 0])) }
      return losses + w.value.elements
    }
    let plain = try train { w in
      TrainingStep(optimizer: Adam()) { x, labels in crossEntropy(logits: x.matmul(x.tape.parameter(w)), labels: labels)
      }
    }
    let more = try train { w in
      TrainingStep(optimizer: Adam()) { x, labels in
        let logits = x.matmul(x.tape.parameter(w))
        return (crossEntropy(logits: logits, labels: labels), ["logits": logits, "largest": logits.max(axes: [1])])
      }
    }
    #expect(plain == more)
  }

  @Test func `a step that is given something else than its closure takes traps with both`() async {
    let count = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let step = TrainingStep<Double>(optimizer: SGD()) { x, y in (x * y).sum() }
      try step(Tensor([1]))
    }
    #expect(text(count).contains("its closure takes 2 inputs; it was given 1 by position"), "\(text(count))")
    let form = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let step = TrainingStep<Double>(optimizer: SGD()) { x, y in (x * y).sum() }
      try step(Pair(values: Tensor([1])))
    }
    #expect(text(form).contains("its closure takes 2 inputs; it was given a Pair"), "\(text(form))")
  }

  @Test func `the gradient of what the latest step did not train traps with what it trained`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let (a, b) = (Parameter<Double>(Tensor([1]), name: "a"), Parameter<Double>(Tensor([1]), name: "b"))
      let step = TrainingStep<Double>(optimizer: SGD(), updating: [a]) { x in
        (x * x.tape.parameter(a) * x.tape.parameter(b)).sum()
      }
      try step(Tensor([1]))
      _ = step.gradient(of: b)
    }
    #expect(text(result).contains("the latest step did not train 'b'; it trained a"), "\(text(result))")
  }
}
