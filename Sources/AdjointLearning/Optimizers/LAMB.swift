import Adjoint

/// Adam's step for each parameter as a whole, made as long as the parameter: r = m̂/(√ŝ + ε) + λθ, θ ← θ − α(‖θ‖/‖r‖)r, so
/// that large batches can be trained with large rates.
///
/// Where either norm is 0, the factor is 1. Vectors such as biases take Adam's step unless `adaptsVectors`.
///
/// Source: You et al., "Large batch optimization for deep learning: training BERT in 76 minutes", ICLR 2020, algorithm 2.
public struct LAMB: DecayingOptimizer {
  public var learningRate: Double { didSet { check(learningRate, "LAMB.learningRate", .notNegative) } }
  package let adam: Adam
  package private(set) var weightDecay: Double
  package let adaptsVectors: Bool

  /// LAMB with learning rate α, the decays β₁ and β₂ in 0 ..< 1, ε > 0, and the weight decay λ.
  public init(
    learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-6,
    weightDecay: Double = 0.01, adaptsVectors: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) {
    let site = CallSite(file, line)
    self.learningRate = checked(learningRate, "LAMB.learningRate", .notNegative, at: site)
    adam = Adam(learningRate: 1, beta1: beta1, beta2: beta2, epsilon: epsilon, file: file, line: line)
    self.weightDecay = checked(weightDecay, "LAMB.weightDecay", .notNegative, at: site)
    self.adaptsVectors = adaptsVectors
  }

  public var stateNames: [String] { ["mean", "squares", "direction"] }
  public var takesWholeParameters: Bool { true }

  public func update<S: Scalar>(_ run: ParameterRun<S>, rate: Double, step: Int) {
    let (b1, b2, tiny) = (S(adam.beta1), S(adam.beta2), S(adam.epsilon))
    let (r1, r2) = (S(1 - adam.beta1), S(1 - adam.beta2))
    let c1 = S(1 / (1 - Double.power(adam.beta1, Double(step))))
    let c2 = S(1 / (1 - Double.power(adam.beta2, Double(step))))
    let lambda = S(weightDecay)
    for i in run.indices {
      let g = run.gradient(i)
      run.setState(0, i, b1 * run.state(0, i) + r1 * g)
      run.setState(1, i, b2 * run.state(1, i) + r2 * (g * g))
      run.setState(2, i, c1 * run.state(0, i) / (S.squareRoot(c2 * run.state(1, i)) + tiny) + lambda * run[i])
    }
    var factor = 1.0
    if adaptsVectors || run.shape.rank > 1 {
      let length = norm(run.indices) { run[$0].primal }
      let stride = norm(run.indices) { run.state(2, $0).primal }
      if length > 0, stride > 0 { factor = length / stride }
    }
    let alpha = S(rate * factor)
    for i in run.indices { run[i] = run[i] - alpha * run.state(2, i) }
  }

  private func norm(_ indices: Range<Int>, _ x: (Int) -> Double) -> Double {
    Double.pairwiseSum(indices) { x($0) * x($0) }.squareRoot()
  }

  package func replacing(weightDecay: Double) -> LAMB {
    var twin = self
    twin.weightDecay = weightDecay
    return twin
  }
}

extension LAMB: CustomStringConvertible {
  public var description: String {
    "LAMB(learningRate: \(learningRate), beta1: \(adam.beta1), beta2: \(adam.beta2), epsilon: \(adam.epsilon), "
      + "weightDecay: \(weightDecay))"
  }
}
