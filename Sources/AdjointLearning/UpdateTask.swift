import Adjoint

/// What follows the gradients of a step: the test whether they are numbers, then the update of all parameters, element by
/// element. Threads take a contiguous part of every parameter, the same one each time.
final class UpdateTask<S: Scalar>: WorkerPool.Task {
  /// One parameter's part in a step.
  struct Update {
    let run: ParameterRun<S>
    /// Penalties leave it alone unless they include biases.
    let isBias: Bool
  }

  private enum Job {
    case test
    case update(any Optimizer, rate: Double, step: Int, scale: Double, Clipping, Regularization)
  }
  private var updates: [Update] = []
  private var job = Job.test
  /// What each part found in the test.
  private let isFinite = UnsafeMutableBufferPointer<Bool>.allocate(capacity: 64)

  deinit { isFinite.deallocate() }

  /// Whether every element of every gradient is a number: neither NaN nor infinite.
  func hasFiniteGradients(_ updates: [Update], on pool: WorkerPool?) -> Bool {
    isFinite.update(repeating: true)
    run(.test, updates, on: pool)
    return isFinite.allSatisfy { $0 }
  }

  /// Prepares each gradient, then changes the parameter by the optimiser's rule.
  func update(
    _ updates: [Update], by optimizer: any Optimizer, rate: Double, step: Int, scale: Double, clipping: Clipping,
    regularization: Regularization, on pool: WorkerPool?
  ) {
    run(.update(optimizer, rate: rate, step: step, scale: scale, clipping, regularization), updates, on: pool)
  }

  private func run(_ job: Job, _ updates: [Update], on pool: WorkerPool?) {
    (self.job, self.updates) = (job, updates)
    if let pool, pool.threads <= isFinite.count, updates.reduce(0, { $0 + $1.run.count }) >= 16_384 {
      pool.run(self)
    } else {
      run(part: 0, of: 1)
    }
  }

  override func run(part: Int, of parts: Int) {
    for update in updates {
      let run = update.run.part(part, of: parts)
      switch job {
      case .test: if !run.hasFiniteGradient { isFinite[part] = false }
      case .update(let optimizer, let rate, let step, let scale, let clipping, let regularization):
        run.prepareGradient(
          scale: scale, clipping: clipping,
          regularization: update.isBias && !regularization.includesBiases ? .none : regularization, rate: rate)
        optimizer.update(run, rate: rate, step: step)
      }
    }
  }
}
