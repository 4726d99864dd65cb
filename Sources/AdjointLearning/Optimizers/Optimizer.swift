import Adjoint
import Foundation

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
  /// The names of what is kept for each element of a parameter: any number of arrays, which begin at 0.
  var stateNames: [String] { get }
  /// True for an update that looks at a parameter as a whole, such as at its norm: each run is then a whole parameter.
  var takesWholeParameters: Bool { get }
  /// Changes θ in place, element by element: a run may be a part of a parameter, the rest of which another thread updates,
  /// unless `takesWholeParameters`.
  /// `rate` is α times the schedule's factor; `step` is 1 in the first update.
  func update<S: Scalar>(_ run: ParameterRun<S>, rate: Double, step: Int)
}

extension Optimizer {
  public var stateNames: [String] { [] }
  public var takesWholeParameters: Bool { false }
  /// The name in reports and checkpoints.
  package var name: String { "\(Self.self)" }
}

/// An optimiser of the library: its update is data, for which scalars have loops.
package protocol RuleOptimizer: Optimizer {
  func rule(rate: Double, step: Int) -> UpdateRule
}

extension RuleOptimizer {
  public var stateNames: [String] {
    switch rule(rate: learningRate, step: 1) {
    case .descent: []
    case .momentum, .nesterov: ["velocity"]
    case .scaled: ["squares"]
    case .adam: ["mean", "squares"]
    }
  }

  public func update<S: Scalar>(_ run: ParameterRun<S>, rate: Double, step: Int) {
    run.update(by: rule(rate: rate, step: step))
  }
}

/// Gradient descent: θ ← θ − α g.
public struct SGD: RuleOptimizer {
  public var learningRate: Double { didSet { check(learningRate, "SGD.learningRate", .notNegative) } }
  /// Descent with learning rate α.
  public init(learningRate: Double = 0.1, file: StaticString = #fileID, line: UInt = #line) {
    self.learningRate = checked(learningRate, "SGD.learningRate", .notNegative, at: CallSite(file, line))
  }

  package func rule(rate: Double, step: Int) -> UpdateRule { .descent(rate: rate) }
}

/// Gradient descent with a velocity, in either of two conventions.
public struct Momentum: RuleOptimizer {
  /// The definition of the velocity, on which the effective rate depends.
  public enum Convention: String, Sendable, CaseIterable {
    /// v ← γv + g, θ ← θ − αv (Polyak 1964; Sutskever et al. 2013 up to scaling): the effective rate is α/(1 − γ).
    case accumulated
    /// v ← γv + (1 − γ)αg, θ ← θ − v: an average of past updates; the effective rate is α.
    case averaged
  }

  public var learningRate: Double { didSet { check(learningRate, "Momentum.learningRate", .notNegative) } }
  package let momentum: Double
  package let convention: Convention

  /// Momentum with learning rate α and the velocity's decay γ, in 0 ..< 1.
  public init(
    learningRate: Double = 0.1, momentum: Double = 0.9, convention: Convention = .accumulated,
    file: StaticString = #fileID, line: UInt = #line
  ) {
    let site = CallSite(file, line)
    self.learningRate = checked(learningRate, "Momentum.learningRate", .notNegative, at: site)
    self.momentum = checked(momentum, "Momentum.momentum", .share, at: site)
    self.convention = convention
  }

  package func rule(rate: Double, step: Int) -> UpdateRule {
    switch convention {
    case .accumulated: .momentum(rate: rate, decay: momentum, weight: 1)
    case .averaged: .momentum(rate: 1, decay: momentum, weight: (1 - momentum) * rate)
    }
  }
}

/// Momentum that takes the gradient as if at the point that the velocity leads to: v ← γv + g, θ ← θ − α(g + γv).
///
/// Source: Nesterov 1983, in the form of Sutskever et al. 2013.
public struct Nesterov: RuleOptimizer {
  public var learningRate: Double { didSet { check(learningRate, "Nesterov.learningRate", .notNegative) } }
  package let momentum: Double

  /// Nesterov's momentum with learning rate α and the velocity's decay γ, in 0 ..< 1.
  public init(learningRate: Double = 0.1, momentum: Double = 0.9, file: StaticString = #fileID, line: UInt = #line) {
    let site = CallSite(file, line)
    self.learningRate = checked(learningRate, "Nesterov.learningRate", .notNegative, at: site)
    self.momentum = checked(momentum, "Nesterov.momentum", .share, at: site)
  }

  package func rule(rate: Double, step: Int) -> UpdateRule { .nesterov(rate: rate, decay: momentum) }
}

/// Descent scaled by the sum of all squared gradients: s ← s + g², θ ← θ − α g / (√s + ε).
///
/// Source: Duchi, Hazan, Singer, "Adaptive subgradient methods", JMLR 2011.
public struct Adagrad: RuleOptimizer {
  public var learningRate: Double { didSet { check(learningRate, "Adagrad.learningRate", .notNegative) } }
  package let epsilon: Double

  /// Adagrad with learning rate α, and ε > 0 against division by 0.
  public init(learningRate: Double = 0.01, epsilon: Double = 1e-10, file: StaticString = #fileID, line: UInt = #line) {
    let site = CallSite(file, line)
    self.learningRate = checked(learningRate, "Adagrad.learningRate", .notNegative, at: site)
    self.epsilon = checked(epsilon, "Adagrad.epsilon", .positiveFloat, at: site)
  }

  package func rule(rate: Double, step: Int) -> UpdateRule {
    .scaled(rate: rate, decay: 1, weight: 1, epsilon: epsilon)
  }
}

/// Descent scaled by the average of squared gradients: s ← ρs + (1 − ρ)g², θ ← θ − α g / (√s + ε).
///
/// Source: Tieleman & Hinton, lecture 6.5 of "Neural networks for machine learning", 2012.
public struct RMSProp: RuleOptimizer {
  public var learningRate: Double { didSet { check(learningRate, "RMSProp.learningRate", .notNegative) } }
  package let decay: Double
  package let epsilon: Double

  /// RMSProp with learning rate α, the average's decay ρ in 0 ..< 1, and ε > 0 against division by 0.
  public init(
    learningRate: Double = 0.001, decay: Double = 0.99, epsilon: Double = 1e-8,
    file: StaticString = #fileID, line: UInt = #line
  ) {
    let site = CallSite(file, line)
    self.learningRate = checked(learningRate, "RMSProp.learningRate", .notNegative, at: site)
    self.decay = checked(decay, "RMSProp.decay", .share, at: site)
    self.epsilon = checked(epsilon, "RMSProp.epsilon", .positiveFloat, at: site)
  }

  package func rule(rate: Double, step: Int) -> UpdateRule {
    .scaled(rate: rate, decay: decay, weight: 1 - decay, epsilon: epsilon)
  }
}

/// Averages of gradients and of their squares, corrected for their beginning at 0:
/// m ← β₁m + (1 − β₁)g, s ← β₂s + (1 − β₂)g², θ ← θ − α m̂ / (√ŝ + ε), with m̂ = m/(1 − β₁ᵗ) and ŝ = s/(1 − β₂ᵗ).
///
/// Source: Kingma & Ba, "Adam", ICLR 2015, algorithm 1.
public struct Adam: RuleOptimizer {
  public var learningRate: Double { didSet { check(learningRate, "Adam.learningRate", .notNegative) } }
  package let beta1: Double
  package let beta2: Double
  package let epsilon: Double

  /// Adam with learning rate α, the decays β₁ and β₂ in 0 ..< 1, and ε > 0 against division by 0.
  public init(
    learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
    file: StaticString = #fileID, line: UInt = #line
  ) {
    let site = CallSite(file, line)
    self.learningRate = checked(learningRate, "Adam.learningRate", .notNegative, at: site)
    self.beta1 = checked(beta1, "Adam.beta1", .share, at: site)
    self.beta2 = checked(beta2, "Adam.beta2", .share, at: site)
    self.epsilon = checked(epsilon, "Adam.epsilon", .positiveFloat, at: site)
  }

  package func rule(rate: Double, step: Int) -> UpdateRule { rule(rate: rate, step: step, keeping: 1) }

  /// The update after θ ← keep·θ.
  fileprivate func rule(rate: Double, step: Int, keeping keep: Double) -> UpdateRule {
    // α m̂ / (√ŝ + ε) = (α√c₂/c₁) m / (√s + √c₂ε), so that an element takes one square root and one division. (So in
    // section 2 of the paper.)
    let correction1 = 1 - Double.power(beta1, Double(step))
    let correction2 = (1 - Double.power(beta2, Double(step))).squareRoot()
    return .adam(
      rate: rate * correction2 / correction1, beta1: beta1, beta2: beta2, epsilon: epsilon * correction2, keep: keep)
  }
}

/// Adam with decoupled weight decay: first θ ← θ − αλθ, apart from the gradient, then Adam's update.
///
/// Source: Loshchilov & Hutter, "Decoupled weight decay regularization", ICLR 2019, algorithm 2.
public struct AdamW: RuleOptimizer, DecayingOptimizer {
  package var adam: Adam
  package private(set) var weightDecay: Double
  public var learningRate: Double {
    get { adam.learningRate }
    set { adam.learningRate = newValue }
  }

  /// Adam with learning rate α, the decays β₁ and β₂ in 0 ..< 1, ε > 0, and the weight decay λ.
  public init(
    learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
    weightDecay: Double = 0.01,
    file: StaticString = #fileID, line: UInt = #line
  ) {
    let site = CallSite(file, line)
    adam = Adam(learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon, file: file, line: line)
    self.weightDecay = checked(weightDecay, "AdamW.weightDecay", .notNegative, at: site)
  }

  package func rule(rate: Double, step: Int) -> UpdateRule {
    adam.rule(rate: rate, step: step, keeping: 1 - rate * weightDecay)
  }

  package func replacing(weightDecay: Double) -> AdamW {
    var twin = self
    twin.weightDecay = weightDecay
    return twin
  }
}

extension Momentum: CustomStringConvertible {
  public var description: String {
    "Momentum(learningRate: \(learningRate), momentum: \(momentum), convention: \(convention))"
  }
}

extension AdamW: CustomStringConvertible {
  public var description: String {
    "AdamW(learningRate: \(learningRate), beta1: \(adam.beta1), beta2: \(adam.beta2), epsilon: \(adam.epsilon), "
      + "weightDecay: \(weightDecay))"
  }
}

/// A factor on the optimiser's learning rate that depends on the number of updates made. A training step traps when it is
/// given one with numbers that are negative or not finite.
public indirect enum Schedule: Sendable, Hashable {
  /// The factor 1.
  case constant
  /// factorⁿ after n times `every` updates.
  case staircase(every: Int, factor: Double)
  /// rateᵗ after t updates.
  case exponential(rate: Double)
  /// From 1 down to `floor` along half a cosine over `steps` updates, then `floor` (Loshchilov & Hutter 2017, eq. 5).
  case cosine(steps: Int, floor: Double = 0)
  /// From 1/steps up to 1 in equal stages, then as `then` says, counted from there.
  case warmUp(steps: Int, then: Schedule)

  /// Traps with the name of a number that is out of range.
  func validate(at site: CallSite = CallSite()) {
    switch self {
    case .constant: break
    case .staircase(let every, let factor):
      check(every, "Schedule.staircase: every", atLeast: 1, at: site)
      check(factor, "Schedule.staircase: factor", .notNegative, at: site)
    case .exponential(let rate): check(rate, "Schedule.exponential: rate", .notNegative, at: site)
    case .cosine(let steps, let floor):
      check(steps, "Schedule.cosine: steps", atLeast: 1, at: site)
      check(floor, "Schedule.cosine: floor", .notNegative, at: site)
    case .warmUp(let steps, let then):
      check(steps, "Schedule.warmUp: steps", atLeast: 0, at: site)
      then.validate(at: site)
    }
  }

  /// The factor for step t = 0, 1, 2, …
  package func factor(at step: Int) -> Double {
    switch self {
    case .constant: return 1
    case .staircase(let every, let factor): return pow(factor, Double(step / max(every, 1)))
    case .exponential(let rate): return pow(rate, Double(step))
    case .cosine(let steps, let floor):
      let progress = min(Double(step) / Double(max(steps, 1)), 1)
      return floor + (1 - floor) * 0.5 * (1 + cos(Double.pi * progress))
    case .warmUp(let steps, let then):
      return step < steps ? Double(step + 1) / Double(steps) : then.factor(at: step - steps)
    }
  }
}

extension Schedule: CustomStringConvertible {
  public var description: String {
    switch self {
    case .constant: "constant"
    case .staircase(let every, let factor): "staircase(every: \(every), factor: \(factor))"
    case .exponential(let rate): "exponential(rate: \(rate))"
    case .cosine(let steps, let floor): "cosine(steps: \(steps), floor: \(floor))"
    case .warmUp(let steps, let then): "warmUp(steps: \(steps), then: \(then))"
    }
  }
}
