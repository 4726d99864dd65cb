import Adjoint
import AdjointDatasets
import AdjointLearning
import Foundation

/// Every operation of the library on each of its examples, and trainings large enough for threads: recorded, differentiated,
/// compiled, run on one thread and on several, to the same bits. Its work is what a sanitizer watches.
enum Catalogue {
  static func run() throws -> Int32 {
    var failures = 0
    for example in OperationCatalog.examples {
      if !isSame(example, Float.self) || !isSame(example, Double.self) {
        failures += 1
        say("\(example.operation.name) \(example.inputs): other bits")
      }
    }
    say("catalogue: \(OperationCatalog.examples.count) examples in two precisions, \(failures) failed")
    let losses = try [1, 2, 3].map { try trainings(threads: $0) }
    if losses[1] != losses[0] || losses[2] != losses[0] {
      failures += 1
      say("trainings: other losses on threads: \(losses)")
    }
    say("trainings: \(losses[0].count) steps on 1, 2 and 3 threads")
    for threads in [1, 2] {
      let shared = trainings(processes: 2, threads: threads)
      if shared != [losses[0], losses[0]] {
        failures += 1
        say("trainings: other losses on processes: \(shared)")
      }
    }
    say("trainings: the same steps on 2 processes of 1 and 2 threads")
    return failures == 0 ? 0 : 1
  }

  private static func isSame<S: Scalar & BinaryFloatingPoint>(_ example: Example, _: S.Type) -> Bool {
    let tape = Tape<S>()
    var generator = Generator(seed: 1)
    let inputs = example.inputs.map { input in
      switch input {
      case .numbers(let shape, in: let range, avoiding: _):
        tape.input(
          Tensor(
            shape: shape,
            elements: (0..<shape.elementCount).map { _ in S(generator.uniform(range.lowerBound, range.upperBound)) }))
      case .wellConditioned(let shape):
        tape.input(Tensor<Double>.wellConditioned(shape) { generator.uniform() }.converted())
      case .indices(let shape, below: let bound):
        tape.index(
          Tensor(
            shape: shape,
            elements: (0..<shape.elementCount).map { _ in Int32(generator.next() % UInt64(max(bound, 1))) }))
      }
    }
    let y = tape.record(example.operation, inputs: inputs)
    let moving = inputs.filter { !$0.holdsIndices }
    let z = y.numbers
    let asked = [y, z * 2] + gradients(of: (z * z).sum(), withRespectTo: moving) + inputs
    let recorded = asked.filter { !$0.holdsIndices }.map { bits($0.value) }
    for keeping in [Program<S>.Keeping.outputs, .all] {
      let program = Program<S>(asked, keeping: keeping)
      for threads in 1...3 {
        program.pool = threads == 1 ? nil : WorkerPool(partsInTurn: threads, lastFirst: threads == 3)
        program.run()
        let found = asked.filter { !$0.holdsIndices }.map { bits(program.value(of: $0)) }
        if found != recorded { return false }
      }
    }
    return true
  }

  /// Doubles hold every Float, and NaNs of any kind are one.
  private static func bits<S: BinaryFloatingPoint>(_ tensor: Tensor<S>) -> [UInt64] {
    tensor.elements.map { $0.isNaN ? 1 : Double($0).bitPattern }
  }

  /// The losses of a perceptron with dropout, and of a convolutional network with batch normalisation, whole and in shards that meet.
  private static func trainings(threads: Int, on group: ProcessGroup? = nil) throws -> [UInt32] {
    var generator = Generator(seed: 2)
    let images = LabeledImages(
      pixels: (0..<60 * 144).map { _ in UInt8(truncatingIfNeeded: generator.next()) }, height: 12, width: 12,
      labels: (0..<60).map { Int32($0 % 10) }, classNames: (0..<10).map(String.init))
    let perceptron = MLP<Float>([144, 96, 10], dropout: 0.2, using: &generator)
    let kernels = Parameter<Float>(
      Tensor(shape: [8, 1, 3, 3], elements: (0..<72).map { _ in Float(generator.normal() / 3) }))
    let norm = BatchNorm<Float>(8)
    let last = Linear<Float>(8 * 25, 10, using: &generator)
    let convolutional: (Variable<Float>, Variable<Float>) -> Variable<Float> = { x, labels in
      let maps = x.reshape(to: [x.shape[0], 12, 12, 1]).conv2d(x.tape.parameter(kernels))
      return crossEntropy(logits: last(norm(maps).relu().maxPool(2).flatten()), labels: labels)
    }
    let steps = [
      TrainingStep<Float>(optimizer: Adam(), on: group) { crossEntropy(logits: perceptron($0), labels: $1) },
      TrainingStep<Float>(optimizer: SGD(learningRate: 0.1), on: group, loss: convolutional),
      TrainingStep<Float>(optimizer: SGD(learningRate: 0.1), on: group, loss: convolutional),
    ]
    steps[2].shards = 4
    var losses: [UInt32] = []
    let pool = threads > 1 ? WorkerPool(threads: threads) : nil
    for step in steps {
      step.pool = pool
      for batch in [30, 30, 17, 60] { losses.append(try step(rows: Array(0..<batch)[...], of: images).bitPattern) }
    }
    return losses
  }

  /// The same on several processes, which are threads of this one: the losses of each.
  private static func trainings(processes: Int, threads: Int) -> [[UInt32]] {
    let lock = NSLock()
    // Written under the lock, read when all threads are done.
    nonisolated(unsafe) var losses = [[UInt32]](repeating: [], count: processes)
    let done = DispatchSemaphore(value: 0)
    for group in ProcessGroup.threads(processes) {
      Thread.detachNewThread {
        let own = (try? trainings(threads: threads, on: group)) ?? []
        lock.withLock { losses[group.rank] = own }
        done.signal()
      }
    }
    for _ in 0..<processes { done.wait() }
    return lock.withLock { losses }
  }
}
