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
    _ model: Model, batch: Int, _ update: Update, on group: ProcessGroup?, threads: Int
  ) throws -> [UInt32] {
    var generator = Generator(seed: 7)
    let step = make(model, update, on: group, &generator)
    if threads > 1 { step.pool = WorkerPool(partsInTurn: threads, lastFirst: true) }
    var bits: [UInt32] = []
    for number in 0..<3 {
      // A short last batch: another program on the same parameters.
      let count = number == 2 ? batch - 5 : batch
      if model == .transformer {
        let text = Tensor<Int32>(
          shape: [count, 8], elements: (0..<count * 8).map { _ in Int32(generator.next() % 50) })
        bits.append(try step(text, text).bitPattern)
      } else {
        let x = Tensor<Float>(
          shape: [count, 256], elements: (0..<count * 256).map { _ in Float(generator.normal()) })
        let labels = Tensor<Int32>((0..<count).map { _ in Int32(generator.next() % 10) })
        bits.append(try step(x, labels).bitPattern)
      }
    }
    for (_, parameter) in step.namedParameters + step.namedOptimizerState + step.namedAverages {
      bits += parameter.value.elements.map(\.bitPattern)
    }
    if let (_, parameter) = step.namedParameters.first(where: { !$0.parameter.isFrozen && $0.parameter.count > 2048 }) {
      bits += step.gradient(of: parameter).elements.map(\.bitPattern)
    }
    return bits
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
private func onProcesses<Result: Sendable>(
  _ count: Int, _ body: @escaping @Sendable (ProcessGroup) -> Result
) -> [Result] {
  let lock = NSLock()
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
