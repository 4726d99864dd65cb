import Adjoint

/// The update of one parameter, cut into contiguous parts: gradient prepared, then the optimiser's rule, element by element.
final class UpdateTask<S: Scalar>: WorkerPool.Task {
  private var job: Job?

  private struct Job {
    let run: ParameterRun<S>
    let optimizer: any Optimizer
    let rate: Double
    let step: Int
    let scale: Double
    let clipping: Clipping
    let regularization: Regularization
  }

  func set(
    _ run: ParameterRun<S>, _ optimizer: any Optimizer, rate: Double, step: Int, scale: Double, clipping: Clipping,
    regularization: Regularization
  ) {
    job = Job(
      run: run, optimizer: optimizer, rate: rate, step: step, scale: scale, clipping: clipping,
      regularization: regularization)
  }

  override func run(part: Int, of parts: Int) {
    guard let job else { return }
    let run = job.run.part(part, of: parts)
    run.prepareGradient(
      scale: job.scale, clipping: job.clipping, regularization: job.regularization, rate: job.rate)
    job.optimizer.update(run, rate: job.rate, step: job.step)
  }
}
