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

  @specialized(where S == Float)
  @specialized(where S == Double)
  public func update<S: Scalar>(_ run: ParameterRun<S>, rate: Double, step: Int) {
    let alpha = S(rate)
    for i in run.indices { run[i] = run[i] - alpha * run.gradient(i) }
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

  @specialized(where S == Float)
  @specialized(where S == Double)
  public func update<S: Scalar>(_ run: ParameterRun<S>, rate: Double, step: Int) {
    let gamma = S(momentum)
    let scale = S(convention == .averaged ? (1 - momentum) * rate : 1)
    let alpha = S(convention == .averaged ? 1 : rate)
    for i in run.indices {
      let velocity = gamma * run.first(i) + scale * run.gradient(i)
      run.setFirst(i, velocity)
      run[i] = run[i] - alpha * velocity
    }
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

  @specialized(where S == Float)
  @specialized(where S == Double)
  public func update<S: Scalar>(_ run: ParameterRun<S>, rate: Double, step: Int) {
    let (alpha, gamma) = (S(rate), S(momentum))
    for i in run.indices {
      let g = run.gradient(i)
      let velocity = gamma * run.first(i) + g
      run.setFirst(i, velocity)
      run[i] = run[i] - alpha * (g + gamma * velocity)
    }
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

  @specialized(where S == Float)
  @specialized(where S == Double)
  public func update<S: Scalar>(_ run: ParameterRun<S>, rate: Double, step: Int) {
    let (alpha, tiny) = (S(rate), S(epsilon))
    for i in run.indices {
      let g = run.gradient(i)
      let squares = run.first(i) + g * g
      run.setFirst(i, squares)
      run[i] = run[i] - alpha * g / (S.squareRoot(squares) + tiny)
    }
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

  @specialized(where S == Float)
  @specialized(where S == Double)
  public func update<S: Scalar>(_ run: ParameterRun<S>, rate: Double, step: Int) {
    let (alpha, rho, rest, tiny) = (S(rate), S(decay), S(1 - decay), S(epsilon))
    for i in run.indices {
      let g = run.gradient(i)
      let squares = rho * run.first(i) + rest * (g * g)
      run.setFirst(i, squares)
      run[i] = run[i] - alpha * g / (S.squareRoot(squares) + tiny)
    }
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
  @specialized(where S == Float)
  @specialized(where S == Double)
  func update<S: Scalar>(_ run: ParameterRun<S>, rate: Double, step: Int, keeping: Double) {
    // α m̂ / (√ŝ + ε) = (α/c₁) m / (√s/√c₂ + ε), so that the loop has one square root and one division.
    let correction1 = 1 - Double.power(beta1, Double(step))
    let correction2 = (1 - Double.power(beta2, Double(step))).squareRoot()
    let (alpha, inverse, tiny) = (S(rate / correction1), S(1 / correction2), S(epsilon))
    let (b1, r1, b2, r2) = (S(beta1), S(1 - beta1), S(beta2), S(1 - beta2))
    let keep = S(keeping)
    // Block by block, so that what one pass leaves is in the cache for the next.
    let blocks = max(1, run.count / 4_096)
    for block in 0..<blocks {
      let run = run.part(block, of: blocks)
      for i in run.indices {
        let g = run.gradient(i)
        run.setFirst(i, b1 * run.first(i) + r1 * g)
        run.setSecond(i, b2 * run.second(i) + r2 * (g * g))
      }
      run.setGradientsToRootsOfSecond()
      for i in run.indices {
        run[i] = keep * run[i] - alpha * run.first(i) / (run.gradient(i) * inverse + tiny)
      }
    }
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
