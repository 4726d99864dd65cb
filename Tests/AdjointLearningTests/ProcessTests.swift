import Adjoint
import AdjointLearning
import Foundation
import Testing

/// A training that several processes share ends in the bits of one process. Threads stand for the processes; what one of them
/// neither computes nor receives is NaN.
@Suite struct ProcessTests {
  /// The models of the tests, small, with layers that look at the batch as a whole, draw numbers, and scatter.
  enum Model: String, CaseIterable, Sendable { case perceptron, convolutions, transformer }

  /// The settings of an update that look at gradients in different ways.
  enum Update: String, CaseIterable, Sendable { case adam, clippedNorm, wholeParameters, averaged }

  /// The losses of a few steps, the weights, states, averages and what the optimiser keeps, as bits.
  private func train(
    _ model: Model, batch: Int, _ update: Update, on group: ProcessGroup?, threads: Int, shards: Int? = nil
  ) throws -> [UInt32] {
    var generator = Generator(seed: 7)
    let step = make(model, update, on: group, &generator)
    step.shards = shards
    if threads > 1 { step.pool = WorkerPool(partsInTurn: threads, lastFirst: true) }
    var bits: [UInt32] = []
    for number in 0..<3 {
      // A short last batch: another program on the same parameters.
      let count = number == 2 ? batch - 5 : batch
      bits.append(try feed(step, model, count: count, &generator).bitPattern)
    }
    for (_, parameter) in step.namedParameters + step.namedOptimizerState + step.namedAverages {
      bits += parameter.value.elements.map(\.bitPattern)
    }
    if let (_, parameter) = step.namedParameters.first(where: { !$0.parameter.isFrozen && $0.parameter.count > 2048 }) {
      bits += step.gradient(of: parameter).elements.map(\.bitPattern)
    }
    return bits
  }

  /// One step on a batch that is drawn.
  private func feed(
    _ step: TrainingStep<Float>, _ model: Model, count: Int, _ generator: inout Generator
  ) throws -> Float {
    if model == .transformer {
      let text = Tensor<Int32>(shape: [count, 8], elements: (0..<count * 8).map { _ in Int32(generator.next() % 50) })
      return try step(text, text)
    }
    let x = Tensor<Float>(shape: [count, 256], elements: (0..<count * 256).map { _ in Float(generator.normal()) })
    return try step(x, Tensor<Int32>((0..<count).map { _ in Int32(generator.next() % 10) }))
  }

  private func make(
    _ model: Model, _ update: Update, on group: ProcessGroup?, _ generator: inout Generator
  ) -> TrainingStep<Float> {
    let clipping: Clipping = update == .clippedNorm ? .norm(0.05) : .none
    let averaging: Averaging = update == .averaged ? .exponential(decay: 0.9) : .none
    let loss: (Variable<Float>, Variable<Float>) -> Variable<Float>
    switch model {
    case .perceptron:
      let net = MLP<Float>([256, 48, 10], dropout: 0.3, using: &generator)
      loss = { crossEntropy(logits: net($0), labels: $1) }
    case .convolutions:
      let net = CNN<Float>(
        height: 16, width: 16, classes: 10, filters: [4, 8], hidden: [300], batchNorm: true, using: &generator)
      loss = { crossEntropy(logits: net($0), labels: $1) }
    case .transformer:
      let characters = Embedding<Float>(50, 48, name: "characters", using: &generator)
      let positions = LearnedPositions<Float>(8, 48, name: "positions", using: &generator)
      let block = TransformerBlock<Float>(48, heads: 4, isCausal: true, name: "block", using: &generator)
      let norm = LayerNorm<Float>(48, name: "norm")
      loss = { text, next in
        let logits = characters.logits(of: norm(block(positions(characters(text)))))
        return crossEntropy(logits: logits, labels: next)
      }
    }
    if update == .wholeParameters {
      return TrainingStep(optimizer: LAMB(), clipping: clipping, averaging: averaging, on: group, loss: loss)
    }
    return TrainingStep(optimizer: Adam(), clipping: clipping, averaging: averaging, on: group, loss: loss)
  }

  @Test("Trainings have the bits of one process on 2, 3 and 4, of 1 and 2 threads", arguments: Model.allCases)
  func sameBits(_ model: Model) throws {
    for update in Update.allCases {
      let one = try train(model, batch: 37, update, on: nil, threads: 1)
      for (processes, threads) in [(2, 1), (3, 2), (4, 1)] {
        let all = onProcesses(processes) { group in try? train(model, batch: 37, update, on: group, threads: threads) }
        #expect(all.allSatisfy { $0 == one }, "\(update) on \(processes) processes of \(threads) threads")
      }
    }
  }

  @Test("In shards, trainings have bits that depend on the number of shards alone")
  func shards() throws {
    for model in Model.allCases {
      for update in [Update.clippedNorm, .wholeParameters] {
        let one = try train(model, batch: 37, update, on: nil, threads: 1, shards: 8)
        for (processes, threads) in [(1, 2), (2, 1), (4, 2), (8, 1)] {
          let all = onProcesses(processes) { group in
            try? train(model, batch: 37, update, on: group, threads: threads, shards: 8)
          }
          #expect(
            all.count == processes && all.allSatisfy { $0 == one },
            "\(model), \(update) on \(processes) processes of \(threads) threads")
        }
      }
    }
    // Fewer rows than shards in the last batch, and other bits with another number.
    for model in [Model.perceptron, .convolutions] {
      let few = try train(model, batch: 8, .adam, on: nil, threads: 1, shards: 8)
      for processes in [4, 8] {
        let all = onProcesses(processes) { try? train(model, batch: 8, .adam, on: $0, threads: 2, shards: 8) }
        #expect(all.count == processes && all.allSatisfy { $0 == few }, "\(model) on \(processes)")
      }
    }
    #expect(
      try train(.transformer, batch: 37, .adam, on: nil, threads: 1, shards: 2)
        != train(.transformer, batch: 37, .adam, on: nil, threads: 1, shards: 4))
  }

  @Test("The mean over uneven shards is that over the batch")
  func meansOfShards() throws {
    var generator = Generator(seed: 5)
    let (x, y) = (
      Tensor<Double>(shape: [11, 3], elements: (0..<33).map { _ in generator.normal() }), Tensor<Double>.zeros([11, 1])
    )
    func gradient(shards: Int?) throws -> ([Double], Double) {
      let weight = Parameter<Double>(Tensor([[1], [2], [3]]), name: "weight")
      let step = TrainingStep<Double>(optimizer: SGD()) { x, y in
        let residual = x.matmul(x.tape.parameter(weight)) - y
        return (residual * residual).mean()
      }
      step.shards = shards
      let loss = try step(x, y)
      return (step.gradient(of: weight).elements, loss)
    }
    let (whole, loss) = try gradient(shards: nil)
    for shards in [1, 2, 8, 16] {
      let (sum, mean) = try gradient(shards: shards)
      #expect(abs(mean - loss) <= 1e-14 * loss, "\(shards) shards")
      #expect(zip(sum, whole).allSatisfy { abs($0 - $1) <= 1e-13 * abs($1) }, "\(shards) shards")
    }
  }

  @Test("Batch normalisation in shards has the statistics and the gradients of the whole batch")
  func batchNormInShards() throws {
    var generator = Generator(seed: 6)
    let x = Tensor<Double>(shape: [11, 3], elements: (0..<33).map { _ in generator.normal() })
    @Sendable func train(shards: Int?, on group: ProcessGroup? = nil) throws -> [[Double]] {
      var generator = Generator(seed: 8)
      let first = Linear<Double>(3, 4, name: "first", using: &generator)
      let (norm, second) = (BatchNorm<Double>(4, name: "norm"), BatchNorm<Double>(4, name: "second"))
      let step = TrainingStep<Double>(optimizer: SGD(learningRate: 0.01), on: group) { x in
        second(norm(first(x)).tanh() * x.mean(axes: [1], keepingDimensions: true)).square().square().mean()
      }
      step.shards = shards
      let losses = try (0..<3).map { _ in try step(x) }
      return [losses] + step.namedParameters.map { $0.parameter.value.elements }
    }
    let whole = try train(shards: nil)
    for shards in [1, 2, 8, 16] {
      let sums = try train(shards: shards)
      for (sum, all) in zip(sums, whole) {
        #expect(zip(sum, all).allSatisfy { abs($0 - $1) <= 1e-12 }, "\(shards) shards: \(sum) \(all)")
      }
    }
    let sixteen = try train(shards: 16)
    #expect(onProcesses(8) { try? train(shards: 16, on: $0) }.allSatisfy { $0 == sixteen })
  }

  @Test("A shard that is refused on one process refuses the step on all, and changes nothing")
  func refusedShard() throws {
    @Sendable func refused(on group: ProcessGroup?) -> String {
      let weight = Parameter<Float>(Tensor([1]), name: "weight")
      let step = TrainingStep<Float>(optimizer: SGD(), on: group) { x in (x * x.tape.parameter(weight)).log().mean() }
      step.shards = 4
      do {
        try step(Tensor<Float>([1, 2, 3, 4, 5, 6, -1, 8]))
        return "no error"
      } catch { return "\(error) \(weight.value.elements) \(step.stepCount)" }
    }
    let one = refused(on: nil)
    #expect(one.contains("not finite") && one.hasSuffix("[1.0] 0"), "\(one)")
    #expect(onProcesses(4) { refused(on: $0) } == Array(repeating: one, count: 4))
  }

  @Test(
    "Shards that the number of processes does not divide, or a state of one shard, end the program with a sentence")
  func refusedShards() async {
    let uneven = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let step = TrainingStep<Float>(optimizer: SGD(), on: ProcessGroup.threads(3)[0]) { x in x.mean() }
      step.shards = 8
    }
    let unevenWords = String(decoding: uneven?.standardErrorContent ?? [], as: UTF8.self)
    #expect(unevenWords.contains("give a multiple of their number"), "\(unevenWords)")
    let stateful = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let (weight, largest) = (Parameter<Float>(Tensor([1])), Parameter<Float>(Tensor([0])))
      let step = TrainingStep<Float>(optimizer: SGD()) { x in
        x.tape.store(x.max(axes: [0], keepingDimensions: true), into: largest)
        return (x * x.tape.parameter(weight)).mean()
      }
      step.shards = 2
      _ = try step(Tensor<Float>([1, 2, 3, 4]))
    }
    let statefulWords = String(decoding: stateful?.standardErrorContent ?? [], as: UTF8.self)
    #expect(statefulWords.contains("from the rows of one shard"), "\(statefulWords)")
  }

  @Test("A step sends the bytes that its plan says", arguments: Model.allCases)
  func bytesOfPlan(_ model: Model) throws {
    for (update, shards) in [(Update.adam, nil), (.clippedNorm, nil), (.clippedNorm, 4), (.wholeParameters, 4)] {
      let all = onProcesses(4) { group in
        var generator = Generator(seed: 7)
        let step = make(model, update, on: group, &generator)
        step.shards = shards
        _ = try? feed(step, model, count: 12, &generator)
        let before = group.sentByteCount
        _ = try? feed(step, model, count: 12, &generator)
        return (planned: step.sentByteCount, sent: group.sentByteCount - before)
      }
      #expect(all.count == 4 && all.allSatisfy { $0.sent == $0.planned && $0.sent > 0 }, "\(update), \(all)")
    }
  }

  @Test("A step of several micro-batches has the bits of one process")
  func accumulation() throws {
    let one = try accumulate(on: nil)
    let all = onProcesses(3) { group in try? accumulate(on: group) }
    #expect(all.allSatisfy { $0 == one })
  }

  private func accumulate(on group: ProcessGroup?) throws -> [UInt32] {
    var generator = Generator(seed: 3)
    let step = make(.perceptron, .clippedNorm, on: group, &generator)
    var bits: [UInt32] = []
    for _ in 0..<2 {
      let batches = [20, 12].map { count in
        (
          Tensor<Float>(shape: [count, 256], elements: (0..<count * 256).map { _ in Float(generator.normal()) }),
          Tensor<Int32>((0..<count).map { _ in Int32(generator.next() % 10) })
        )
      }
      bits.append(try step(accumulating: batches).bitPattern)
    }
    for (_, parameter) in step.namedParameters + step.namedOptimizerState {
      bits += parameter.value.elements.map(\.bitPattern)
    }
    return bits
  }

  @Test("A gradient that is not finite on one process refuses the step on all, with the sentence of one process")
  func refusal() throws {
    let one = refused(on: nil)
    #expect(one.contains("not finite"), "\(one)")
    #expect(onProcesses(3) { refused(on: $0) }.allSatisfy { $0 == one })
  }

  private func refused(on group: ProcessGroup?) -> String {
    var generator = Generator(seed: 4)
    let weight = Parameter<Float>(.zeros([64, 64]), name: "weight")
    let step = TrainingStep<Float>(optimizer: SGD(), on: group) { x in
      // √ at 0 has no finite derivative: in the last row, which one process has.
      ((x.tape.parameter(weight) * x).sqrt() * x).sum()
    }
    let x = Tensor<Float>(shape: [64, 64], elements: (0..<4096).map { _ in Float(generator.uniform(0, 1)) })
    do {
      try step(x)
      return "no error"
    } catch { return "\(error)" }
  }
}

/// Runs a body on a thread for each of several processes, and returns what each gives.
func onProcesses<Result: Sendable>(
  _ count: Int, _ body: @escaping @Sendable (ProcessGroup) -> Result
) -> [Result] {
  let lock = NSLock()
  // Written under the lock, read when all threads are done.
  nonisolated(unsafe) var results = [Result?](repeating: nil, count: count)
  let done = DispatchSemaphore(value: 0)
  for group in ProcessGroup.threads(count) {
    let thread = Thread {
      let result = body(group)
      lock.withLock { results[group.rank] = result }
      done.signal()
    }
    thread.stackSize = 16 << 20
    thread.start()
  }
  for _ in 0..<count { done.wait() }
  return lock.withLock { results.compactMap { $0 } }
}
