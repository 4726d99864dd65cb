/// How an optimiser changes θ, element by element, given the gradient g and what it keeps, s and t: the loops' name of an
/// update, in one pass over memory.
public enum UpdateRule: Hashable, Sendable {
  /// θ ← θ − αg
  case descent(rate: Double)
  /// s ← γs + cg, θ ← θ − αs
  case momentum(rate: Double, decay: Double, weight: Double)
  /// s ← γs + g, θ ← θ − α(g + γs)
  case nesterov(rate: Double, decay: Double)
  /// s ← ρs + cg², θ ← θ − αg / (√s + ε)
  case scaled(rate: Double, decay: Double, weight: Double, epsilon: Double)
  /// s ← β₁s + (1 − β₁)g, t ← β₂t + (1 − β₂)g², θ ← κθ − αs / (c√t + ε)
  case adam(rate: Double, beta1: Double, beta2: Double, scale: Double, epsilon: Double, keep: Double)
}

/// An update of `count` parameters: θ and what the rule keeps are changed in place.
public struct ParameterUpdate<S: Scalar> {
  public let rule: UpdateRule
  public let values: UnsafeMutablePointer<S>
  public let gradients: UnsafePointer<S>
  public let first: UnsafeMutablePointer<S>
  public let second: UnsafeMutablePointer<S>
  public let count: Int
}

extension Scalar {
  @inlinable
  public static func update(_ job: ParameterUpdate<Self>) { referenceUpdate(job) }

  /// The definition of every rule. Kernels give the same bits: each operation rounds by itself.
  @inlinable
  public static func referenceUpdate(_ job: ParameterUpdate<Self>) {
    let (x, s, t) = (job.values, job.first, job.second)
    switch job.rule {
    case .descent(let rate):
      let alpha = Self(rate)
      for i in 0..<job.count { x[i] = x[i] - alpha * job.gradients[i] }
    case .momentum(let rate, let decay, let weight):
      let (alpha, gamma, c) = (Self(rate), Self(decay), Self(weight))
      for i in 0..<job.count {
        s[i] = gamma * s[i] + c * job.gradients[i]
        x[i] = x[i] - alpha * s[i]
      }
    case .nesterov(let rate, let decay):
      let (alpha, gamma) = (Self(rate), Self(decay))
      for i in 0..<job.count {
        let g = job.gradients[i]
        s[i] = gamma * s[i] + g
        x[i] = x[i] - alpha * (g + gamma * s[i])
      }
    case .scaled(let rate, let decay, let weight, let epsilon):
      let (alpha, rho, c, tiny) = (Self(rate), Self(decay), Self(weight), Self(epsilon))
      for i in 0..<job.count {
        let g = job.gradients[i]
        s[i] = rho * s[i] + c * (g * g)
        x[i] = x[i] - alpha * g / (squareRoot(s[i]) + tiny)
      }
    case .adam(let rate, let beta1, let beta2, let scale, let epsilon, let keep):
      let (alpha, c, tiny, kappa) = (Self(rate), Self(scale), Self(epsilon), Self(keep))
      let (b1, r1, b2, r2) = (Self(beta1), Self(1 - beta1), Self(beta2), Self(1 - beta2))
      for i in 0..<job.count {
        let g = job.gradients[i]
        s[i] = b1 * s[i] + r1 * g
        t[i] = b2 * t[i] + r2 * (g * g)
        x[i] = kappa * x[i] - alpha * s[i] / (squareRoot(t[i]) * c + tiny)
      }
    }
  }

  @inlinable
  public static func allFinite(_ x: UnsafePointer<Self>, count: Int) -> Bool {
    for i in 0..<count where !x[i].primal.isFinite { return false }
    return true
  }
}
