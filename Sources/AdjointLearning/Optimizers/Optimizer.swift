import Adjoint

/// An update rule: one struct, one loop over contiguous (θ, g, state).
///
/// ```swift
/// struct SignDescent: Optimizer {
///   var learningRate = 0.001
///   func update<S: Scalar>(_ run: ParameterRun<S>, rate: Double, step: Int) {
///     for i in run.indices { run[i] = run[i] - S(rate) * (run.gradient(i) > 0 ? 1 : -1) }
///   }
/// }
/// ```
public protocol Optimizer: Sendable {
  /// α, before the schedule's factor.
  var learningRate: Double { get set }
  /// What is kept for each element of a parameter, by name: at most two arrays, which begin at 0.
  static var stateNames: [String] { get }
  /// Changes θ in place, element by element: a run may be a part of a parameter, the rest of which another thread updates. `rate` is α times the schedule's factor; `step` is 1 in the first update.
  func update<S: Scalar>(_ run: ParameterRun<S>, rate: Double, step: Int)
}

extension Optimizer {
  public static var stateNames: [String] { [] }
  /// The name in reports and checkpoints.
  public var name: String { "\(Self.self)" }
}

/// θ ← θ − α g
public struct SGD: Optimizer {
  public var learningRate: Double
  public init(learningRate: Double = 0.1) { self.learningRate = learningRate }

  public func update<S: Scalar>(_ run: ParameterRun<S>, rate: Double, step: Int) {
    run.update(by: .descent(rate: rate))
  }
}

/// Gradient descent with a velocity, in either of two conventions.
public struct Momentum: Optimizer {
  public enum Convention: String, Sendable, CaseIterable {
    /// v ← γv + g, θ ← θ − αv (Polyak 1964; Sutskever et al. 2013 up to scaling): the effective rate is α/(1 − γ).
    case accumulated
    /// v ← γv + (1 − γ)αg, θ ← θ − v: an average of past steps; the effective rate is α.
    case averaged
  }

  public var learningRate: Double
  public var momentum: Double
  public var convention: Convention
  public static var stateNames: [String] { ["velocity"] }

  public init(learningRate: Double = 0.1, momentum: Double = 0.9, convention: Convention = .accumulated) {
    (self.learningRate, self.momentum, self.convention) = (learningRate, momentum, convention)
  }

  public func update<S: Scalar>(_ run: ParameterRun<S>, rate: Double, step: Int) {
    let rule: UpdateRule =
      switch convention {
      case .accumulated: .momentum(rate: rate, decay: momentum, weight: 1)
      case .averaged: .momentum(rate: 1, decay: momentum, weight: (1 - momentum) * rate)
      }
    run.update(by: rule)
  }
}

/// v ← γv + g, θ ← θ − α(g + γv): the gradient is taken as if at the point that the velocity leads to.
///
/// Source: Nesterov 1983, in the form of Sutskever et al. 2013.
public struct Nesterov: Optimizer {
  public var learningRate: Double
  public var momentum: Double
  public static var stateNames: [String] { ["velocity"] }

  public init(learningRate: Double = 0.1, momentum: Double = 0.9) {
    (self.learningRate, self.momentum) = (learningRate, momentum)
  }

  public func update<S: Scalar>(_ run: ParameterRun<S>, rate: Double, step: Int) {
    run.update(by: .nesterov(rate: rate, decay: momentum))
  }
}

/// s ← s + g², θ ← θ − α g / (√s + ε)
///
/// Source: Duchi, Hazan, Singer, "Adaptive subgradient methods", JMLR 2011.
public struct Adagrad: Optimizer {
  public var learningRate: Double
  public var epsilon: Double
  public static var stateNames: [String] { ["squares"] }

  public init(learningRate: Double = 0.01, epsilon: Double = 1e-10) {
    (self.learningRate, self.epsilon) = (learningRate, epsilon)
  }

  public func update<S: Scalar>(_ run: ParameterRun<S>, rate: Double, step: Int) {
    run.update(by: .scaled(rate: rate, decay: 1, weight: 1, epsilon: epsilon))
  }
}

/// s ← ρs + (1 − ρ)g², θ ← θ − α g / (√s + ε)
///
/// Source: Tieleman & Hinton, lecture 6.5 of "Neural networks for machine learning", 2012.
public struct RMSProp: Optimizer {
  public var learningRate: Double
  public var decay: Double
  public var epsilon: Double
  public static var stateNames: [String] { ["squares"] }

  public init(learningRate: Double = 0.001, decay: Double = 0.99, epsilon: Double = 1e-8) {
    (self.learningRate, self.decay, self.epsilon) = (learningRate, decay, epsilon)
  }

  public func update<S: Scalar>(_ run: ParameterRun<S>, rate: Double, step: Int) {
    run.update(by: .scaled(rate: rate, decay: decay, weight: 1 - decay, epsilon: epsilon))
  }
}

/// m ← β₁m + (1 − β₁)g, s ← β₂s + (1 − β₂)g², θ ← θ − α m̂ / (√ŝ + ε), with m̂ = m/(1 − β₁ᵗ) and ŝ = s/(1 − β₂ᵗ).
///
/// Source: Kingma & Ba, "Adam", ICLR 2015, algorithm 1.
public struct Adam: Optimizer {
  public var learningRate: Double
  public var beta1: Double
  public var beta2: Double
  public var epsilon: Double
  public static var stateNames: [String] { ["mean", "squares"] }

  public init(learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8) {
    (self.learningRate, self.beta1, self.beta2, self.epsilon) = (learningRate, beta1, beta2, epsilon)
  }

  public func update<S: Scalar>(_ run: ParameterRun<S>, rate: Double, step: Int) {
    update(run, rate: rate, step: step, keeping: 1)
  }

  /// The update after θ ← keep·θ.
  func update<S: Scalar>(_ run: ParameterRun<S>, rate: Double, step: Int, keeping: Double) {
    // α m̂ / (√ŝ + ε) = (α/c₁) m / (√s/√c₂ + ε), so that an element takes one square root and one division.
    let correction1 = 1 - Double.power(beta1, Double(step))
    let correction2 = (1 - Double.power(beta2, Double(step))).squareRoot()
    run.update(
      by: .adam(
        rate: rate / correction1, beta1: beta1, beta2: beta2, scale: 1 / correction2, epsilon: epsilon, keep: keeping))
  }
}

/// Adam with decoupled weight decay: first θ ← θ − αλθ, apart from the gradient, then Adam's update.
///
/// Source: Loshchilov & Hutter, "Decoupled weight decay regularization", ICLR 2019, algorithm 2.
public struct AdamW: Optimizer {
  public var adam: Adam
  public var weightDecay: Double
  public var learningRate: Double {
    get { adam.learningRate }
    set { adam.learningRate = newValue }
  }
  public static var stateNames: [String] { Adam.stateNames }

  public init(
    learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
    weightDecay: Double = 0.01
  ) {
    adam = Adam(learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon)
    self.weightDecay = weightDecay
  }

  public func update<S: Scalar>(_ run: ParameterRun<S>, rate: Double, step: Int) {
    adam.update(run, rate: rate, step: step, keeping: 1 - rate * weightDecay)
  }
}
