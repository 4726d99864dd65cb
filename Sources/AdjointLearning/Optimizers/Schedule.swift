import Foundation

/// How the learning rate changes with the number of steps taken: a factor on the optimiser's own rate.
public indirect enum Schedule: Sendable, Hashable {
  case constant
  /// factorⁿ after n times `every` steps.
  case step(every: Int, factor: Double)
  /// rateᵗ after t steps.
  case exponential(rate: Double)
  /// From 1 down to `floor` along half a cosine over `steps`, then `floor` (Loshchilov & Hutter 2017, eq. 5).
  case cosine(steps: Int, floor: Double = 0)
  /// From 1/steps up to 1 in equal stages, then as `then` says, counted from there.
  case warmUp(steps: Int, then: Schedule)

  /// The factor for step t = 0, 1, 2, …
  public func factor(at step: Int) -> Double {
    switch self {
    case .constant: return 1
    case .step(let every, let factor): return pow(factor, Double(step / max(every, 1)))
    case .exponential(let rate): return pow(rate, Double(step))
    case .cosine(let steps, let floor):
      let progress = min(Double(step) / Double(max(steps, 1)), 1)
      return floor + (1 - floor) * 0.5 * (1 + cos(Double.pi * progress))
    case .warmUp(let steps, let then):
      return step < steps ? Double(step + 1) / Double(steps) : then.factor(at: step - steps)
    }
  }
}

/// Which penalty is added to the gradients of the weights (not of the biases, unless asked for).
public struct Regularization: Sendable, Hashable {
  /// λ₁: λ₁·sign(w) is added to the gradient.
  public var l1: Double
  /// λ₂: λ₂·w is added to the gradient.
  public var l2: Double
  /// λ: w shrinks by rate·λ·w apart from the gradient (Loshchilov & Hutter 2019).
  public var decoupled: Double
  /// Whether vectors (biases, scales) are penalised like matrices.
  public var includesBiases: Bool

  public init(l1: Double = 0, l2: Double = 0, decoupled: Double = 0, includesBiases: Bool = false) {
    (self.l1, self.l2, self.decoupled, self.includesBiases) = (l1, l2, decoupled, includesBiases)
  }

  public static let none = Regularization()
}

/// What is done to gradients that are too large.
public enum Clipping: Sendable, Hashable {
  case none
  /// Each element is brought into −limit … limit.
  case value(Double)
  /// All gradients are scaled together so that their Euclidean norm is at most this (Pascanu et al. 2013).
  case norm(Double)
}
