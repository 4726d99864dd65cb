import Adjoint

/// The update of all parameters of a step, element by element: gradient prepared, then the optimiser's rule. Threads take a
/// contiguous part of every parameter, the same one each time.
final class UpdateTask<S: Scalar>: WorkerPool.Task {
  private var job: Job?

  struct Job {
    /// Each parameter with its gradient and what the optimiser keeps for it.
    let runs: [ParameterRun<S>]
    /// Which of them penalties leave alone, unless they include biases.
    let isBias: [Bool]
    let optimizer: any Optimizer
    let rate: Double
    let step: Int
    let scale: Double
    let clipping: Clipping
    let regularization: Regularization
  }

  func run(_ job: Job, on pool: WorkerPool?) {
    self.job = job
    if let pool { pool.run(self) } else { run(part: 0, of: 1) }
    self.job = nil
  }

  override func run(part: Int, of parts: Int) {
    guard let job else { return }
    // By position: a loop over an array of a generic type allocates.
    for position in 0..<job.runs.count {
      let run = job.runs[position].part(part, of: parts)
      let isPenalized = !job.isBias[position] || job.regularization.includesBiases
      run.prepareGradient(
        scale: job.scale, clipping: job.clipping, regularization: isPenalized ? job.regularization : .none,
        rate: job.rate)
      job.optimizer.update(run, rate: job.rate, step: job.step)
    }
  }
}
