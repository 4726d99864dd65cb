import AdjointKernels

/// The loops' name of an optimiser's update of each element: θ, its gradient g, and the optimiser state s and t, in one
/// pass over memory.
package enum UpdateRule: Hashable, Sendable {
  /// θ ← θ − αg
  case descent(rate: Double)
  /// s ← γs + cg, θ ← θ − αs
  case momentum(rate: Double, decay: Double, weight: Double)
  /// s ← γs + g, θ ← θ − α(g + γs)
  case nesterov(rate: Double, decay: Double)
  /// s ← ρs + cg², θ ← θ − αg / (√s + ε)
  case scaled(rate: Double, decay: Double, weight: Double, epsilon: Double)
  /// s ← β₁s + (1 − β₁)g, t ← β₂t + (1 − β₂)g², θ ← κθ − αs / (√t + ε)
  case adam(rate: Double, beta1: Double, beta2: Double, epsilon: Double, keep: Double)
}

/// An update of `count` elements of a parameter. θ and the optimiser state are changed in place.
package struct ParameterUpdate<S: Scalar> {
  package let rule: UpdateRule
  package let values: UnsafeMutablePointer<S>
  package let gradients: UnsafePointer<S>
  package let first: UnsafeMutablePointer<S>
  package let second: UnsafeMutablePointer<S>
  package let count: Int
}

extension Scalar {
  /// Performs an update in place, by the kernels for `Float` and `Double`.
  @inline(__always)
  static func update(_ job: ParameterUpdate<Self>) {
    if let kernels = Kernels.active, Self.self == Float.self {
      Float.update(unsafeBitCast(job, to: ParameterUpdate<Float>.self), kernels)
    } else if let kernels = Kernels.active, Self.self == Double.self {
      Double.update(unsafeBitCast(job, to: ParameterUpdate<Double>.self), kernels)
    } else {
      referenceUpdate(job)
    }
  }

  /// The definition of every rule. Kernels give the same bits, since each operation rounds by itself.
  package static func referenceUpdate(_ job: ParameterUpdate<Self>) {
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
    case .adam(let rate, let beta1, let beta2, let epsilon, let keep):
      let (alpha, tiny, kappa) = (Self(rate), Self(epsilon), Self(keep))
      let (b1, r1, b2, r2) = (Self(beta1), Self(1 - beta1), Self(beta2), Self(1 - beta2))
      for i in 0..<job.count {
        let g = job.gradients[i]
        s[i] = b1 * s[i] + r1 * g
        t[i] = b2 * t[i] + r2 * (g * g)
        x[i] = kappa * x[i] - alpha * s[i] / (squareRoot(t[i]) + tiny)
      }
    }
  }
}

/// The arguments of the kernels' update, in either precision.
private protocol UpdateArguments {
  associatedtype Element
  init()
  var rule: ak_update_rule { get set }
  var rate: Element { get set }
  var decay: Element { get set }
  var weight: Element { get set }
  var decay2: Element { get set }
  var weight2: Element { get set }
  var epsilon: Element { get set }
  var keep: Element { get set }
  var x: UnsafeMutablePointer<Element>! { get set }
  var g: UnsafePointer<Element>! { get set }
  var s: UnsafeMutablePointer<Element>! { get set }
  var t: UnsafeMutablePointer<Element>! { get set }
  var n: Int { get set }
}
extension ak_update_f32: UpdateArguments {}
extension ak_update_f64: UpdateArguments {}

extension UpdateArguments where Element: BinaryFloatingPoint & Scalar {
  /// The arguments of an update, its coefficients rounded once.
  init(_ job: ParameterUpdate<Element>) {
    self.init()
    (x, g, s, t, n) = (job.values, job.gradients, job.first, job.second, job.count)
    keep = 1
    switch job.rule {
    case .descent(let rate): (rule, self.rate) = (AK_DESCENT, Element(rate))
    case .momentum(let rate, let decay, let weight):
      (rule, self.rate, self.decay, self.weight) = (AK_MOMENTUM, Element(rate), Element(decay), Element(weight))
    case .nesterov(let rate, let decay):
      (rule, self.rate, self.decay) = (AK_NESTEROV, Element(rate), Element(decay))
    case .scaled(let rate, let decay, let weight, let epsilon):
      (rule, self.rate, self.decay, self.weight) = (AK_SCALED, Element(rate), Element(decay), Element(weight))
      self.epsilon = Element(epsilon)
    case .adam(let rate, let beta1, let beta2, let epsilon, let keep):
      (rule, self.rate, self.decay, self.weight) = (AK_ADAM, Element(rate), Element(beta1), Element(1 - beta1))
      (self.decay2, self.weight2) = (Element(beta2), Element(1 - beta2))
      (self.epsilon, self.keep) = (Element(epsilon), Element(keep))
    }
  }
}

extension Float {
  fileprivate static func update(_ job: ParameterUpdate<Float>, _ kernels: UnsafePointer<ak_kernels>) {
    var arguments = ak_update_f32(job)
    kernels.pointee.update_f32(&arguments)
  }
}

extension Double {
  fileprivate static func update(_ job: ParameterUpdate<Double>, _ kernels: UnsafePointer<ak_kernels>) {
    var arguments = ak_update_f64(job)
    kernels.pointee.update_f64(&arguments)
  }
}
