import Adjoint

// From the gradients to the new parameters: the gradients are tested, clipped and regularised, then the optimiser's rule
// is applied.

/// Penalties that are added to the gradients of the weights, and of the biases if asked for.
public struct Regularization: Sendable, Hashable {
  /// λ₁: λ₁·sign(w) is added to the gradient.
  package var l1: Double
  /// λ₂: λ₂·w is added to the gradient.
  package var l2: Double
  /// λ: w shrinks by rate·λ·w apart from the gradient (Loshchilov & Hutter 2019).
  package var decoupled: Double
  /// True when vectors (biases, scales) are penalised like matrices.
  package var includesBiases: Bool

  public init(l1: Double = 0, l2: Double = 0, decoupled: Double = 0, includesBiases: Bool = false) {
    (self.l1, self.l2, self.decoupled, self.includesBiases) = (l1, l2, decoupled, includesBiases)
  }

  public static let none = Regularization()
}

/// A bound on gradients that are too large.
public enum Clipping: Sendable, Hashable {
  case none
  /// Each element is brought into −limit … limit.
  case value(Double)
  /// All gradients are scaled together so that their Euclidean norm is at most this (Pascanu et al. 2013).
  case norm(Double)
}

/// The test of all gradients, before anything is updated.
final class GradientTest<S: Scalar> {
  private let finiteTest = FiniteTest<S>()

  /// The factor that brings the norm of all gradients together down to the limit, 1 without one; `nil` where gradients are
  /// not finite.
  func scale(of runs: [ParameterRun<S>], _ clipping: Clipping, on pool: WorkerPool?) -> Double? {
    guard finiteTest.holds(for: runs, on: pool) else { return nil }
    guard case .norm(let limit) = clipping else { return 1 }
    let norm = Double.pairwiseSum(0..<runs.count) { runs[$0].squaredGradientNorm() }.squareRoot()
    guard norm > limit else { return norm.isFinite ? 1 : nil }
    return limit / norm
  }
}

/// The update of all parameters of a step, element by element: gradient prepared, then the optimiser's rule. Threads take a
/// contiguous part of every parameter, the same one each time.
final class UpdateTask<S: Scalar>: WorkerPool.Task {
  private var job: Job?

  struct Job {
    let loss: CompiledLoss<S>
    let optimizer: any Optimizer
    let rate: Double
    /// The number of the step, 1 for the first.
    let step: Int
    /// The factor on all gradients.
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
    for position in 0..<job.loss.runs.count {
      let run = job.loss.runs[position].part(part, of: parts)
      let isPenalized = !job.loss.isBias[position] || job.regularization.includesBiases
      run.prepareGradient(
        scale: job.scale, clipping: job.clipping, regularization: isPenalized ? job.regularization : .none,
        rate: job.rate)
      job.optimizer.update(run, rate: job.rate, step: job.step)
    }
  }
}

extension ParameterRun {
  /// Clips, then adds the penalties' gradients, in one pass; nothing at all when nothing is asked for.
  @specialized(where S == Float)
  @specialized(where S == Double)
  fileprivate func prepareGradient(scale: Double, clipping: Clipping, regularization: Regularization, rate: Double) {
    if scale != 1 {
      let factor = S(scale)
      for i in indices { setGradient(i, factor * gradient(i)) }
    }
    if case .value(let limit) = clipping {
      let (low, high) = (S(-limit), S(limit))
      for i in indices { setGradient(i, S.smaller(S.larger(gradient(i), low), high)) }
    }
    if regularization.l1 != 0 || regularization.l2 != 0 {
      let (l1, l2) = (S(regularization.l1), S(regularization.l2))
      for i in indices {
        let w = self[i]
        let sign: S = w > 0 ? 1 : w < 0 ? -1 : 0
        setGradient(i, gradient(i) + l1 * sign + l2 * w)
      }
    }
    if regularization.decoupled != 0 {
      let keep = S(1 - rate * regularization.decoupled)
      for i in indices { self[i] = keep * self[i] }
    }
  }

  /// Σ g², added in Double.
  @specialized(where S == Float)
  @specialized(where S == Double)
  fileprivate func squaredGradientNorm() -> Double {
    Double.pairwiseSum(indices) { gradient($0).primal * gradient($0).primal }
  }
}
