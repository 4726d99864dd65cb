import Adjoint

/// y = γ ⊙ (x − μ) / √(σ² + ε) + β for each feature: of rows [batch, features], or of images [batch, height, width, features],
/// whose places count as rows. The features are the last axis, so one layer serves both.
///
/// In training, μ and σ² (the population variance, divided by N) are those of the batch; gradients flow through them. Each
/// run of a training program then moves the running statistics towards them,
///   running ← (1 − m)·running + m·batch.
/// In inference, μ and σ² are the running statistics. These are states: not trained, and saved with the weights.
///
/// Recorded as plain operations. Loss and gradient of an example depend on the rest of its batch.
///
/// Source: Ioffe & Szegedy, "Batch normalization", 2015, algorithms 1 and 2.
public struct BatchNorm<S: Scalar>: Layer, Detachable {
  public let scale: Parameter<S>
  public let shift: Parameter<S>
  public let runningMean: Parameter<S>
  public let runningVariance: Parameter<S>
  /// m: how much of the running statistics a batch replaces.
  public let momentum: Double
  public let epsilon: Double
  public let name: String?

  /// - Precondition: 0 < momentum ≤ 1.
  public init(_ features: Int, momentum: Double = 0.1, epsilon: Double = 1e-5, name: String? = nil) {
    guard momentum > 0, momentum <= 1 else { fatalError("BatchNorm: the momentum \(momentum) is not above 0, up to 1") }
    func place(_ value: Tensor<S>, _ part: String) -> Parameter<S> {
      Parameter(value, name: name.map { "\($0)/\(part)" })
    }
    (scale, shift) = (place(.ones([features]), "scale"), place(.zeros([features]), "shift"))
    runningMean = place(.zeros([features]), "runningMean")
    runningVariance = place(.ones([features]), "runningVariance")
    (self.momentum, self.epsilon, self.name) = (momentum, epsilon, name)
  }

  private init(copying other: BatchNorm) {
    (scale, shift) = (other.scale.copy(), other.shift.copy())
    (runningMean, runningVariance) = (other.runningMean.copy(), other.runningVariance.copy())
    (momentum, epsilon, name) = (other.momentum, other.epsilon, other.name)
  }

  public func callAsFunction(_ x: Variable<S>) -> Variable<S> {
    let tape = x.tape
    guard x.shape.rank >= 2, x.shape.last == scale.shape[0] else {
      fatalError("BatchNorm: \(scale.shape[0]) features do not fit \(x.shape), whose last axis they are")
    }
    return tape.scoped(name ?? "batchNorm") {
      // All four in both modes and in one order, so that unnamed ones have the same numbers in training and inference.
      let (scale, shift) = (tape.parameter(scale), tape.parameter(shift))
      let (oldMean, oldVariance) = (tape.state(runningMean), tape.state(runningVariance))
      var (mean, variance) = (oldMean, oldVariance)
      if tape.mode == .training {
        let axes = Array(0..<x.shape.rank - 1)
        (mean, variance) = (x.mean(axes: axes), x.variance(axes: axes))
        tape.store(oldMean * (1 - momentum) + mean * momentum, into: runningMean)
        tape.store(oldVariance * (1 - momentum) + variance * momentum, into: runningVariance)
      }
      return (x - mean) * (scale / (variance + epsilon).sqrt()) + shift
    }
  }

  public func copy() -> BatchNorm { BatchNorm(copying: self) }
}
