import Adjoint
import AdjointDatasets
import AdjointLearning
import Foundation

/// Training, recording and truncating, programs made and dropped, for a time: memory stays flat.
enum Soak {
  /// - Parameter slack: megabytes of growth after the first tenth of the time that are no leak: the heap's own unrest.
  static func run(seconds: Int, slack: Int) throws -> Int32 {
    var generator = Generator(seed: 1)
    let data = LabeledPoints.moons(count: 400, using: &generator)
    let model = MLP<Float>([2, 32, 32, 2], using: &generator)
    let step = TrainingStep<Float>(optimizer: Adam()) { crossEntropy(logits: model($0), labels: $1) }
    step.pool = WorkerPool(threads: 2)
    let tape = Tape<Float>()
    let w = Parameter<Float>(.ones([64, 64]), name: "w")
    let began = Date()
    var (rounds, baseline, most) = (0, 0, 0)
    while -began.timeIntervalSinceNow < Double(seconds) {
      for batch in data.batches(of: 40, shuffledBy: &generator) { _ = try step(batch.inputs, batch.targets) }
      try record(tape, w, rows: 1 + rounds % 50)
      rounds += 1
      let resident = PeakMemory.residentBytes
      if rounds <= 5 || -began.timeIntervalSinceNow < Double(seconds) / 10 { baseline = max(baseline, resident) }
      most = max(most, resident)
    }
    let growth = most - baseline
    print("soak: \(rounds) rounds in \(seconds) s, \(baseline >> 20) MB at first, \(most >> 20) MB at most")
    guard growth <= slack << 20 else {
      print("memory grew by \(growth >> 20) MB; at most \(slack) MB are no leak")
      return 1
    }
    return 0
  }

  /// Records and differentiates, compiles and drops, and gives the tape back.
  private static func record(_ tape: Tape<Float>, _ w: Parameter<Float>, rows: Int) throws {
    for _ in 0..<20 {
      let x = tape.input(.ones([rows, 64]))
      let y = x.matmul(tape.parameter(w)).tanh().sum()
      let asked = [y] + gradients(of: y, withRespectTo: [x])
      let program = Program<Float>(asked + [x])
      try program.feed(x, .zeros([rows, 64]))
      program.run()
      let threads = Program<Float>(asked)
      threads.pool = WorkerPool(threads: 2)
      threads.run()
      _ = program.value(of: asked[1])
      tape.truncate()
    }
  }
}
