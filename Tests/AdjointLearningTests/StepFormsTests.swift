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
