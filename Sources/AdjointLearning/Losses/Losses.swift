import Adjoint

// Losses are compositions of plain operations, so that a tape shows what a lesson wants to see. The mean over the batch is
// the default everywhere; `.sum` adds instead.

/// The way from the losses of the examples of a batch to one number.
public enum LossReduction: Sendable, CaseIterable {
  case mean, sum

  func callAsFunction<S: Scalar>(_ losses: Variable<S>) -> Variable<S> {
    switch self {
    case .mean: losses.mean()
    case .sum: losses.sum()
    }
  }
}

/// −ln softmax(logits)[label], for logits [batch, classes] and an index leaf of labels [batch].
public func crossEntropy<S: Scalar>(
  logits: Variable<S>, labels: Variable<S>, reduction: LossReduction = .mean
) -> Variable<S> {
  logits.tape.scoped("crossEntropy") { -reduction(logits.logSoftmax().pick(labels)) }
}

/// −Σⱼ tⱼ ln softmax(logits)ⱼ, for targets [batch, classes] that are one-hot rows or probabilities.
public func crossEntropy<S: Scalar>(
  logits: Variable<S>, probabilities targets: Variable<S>, reduction: LossReduction = .mean
) -> Variable<S> {
  logits.tape.scoped("crossEntropy") { -reduction((targets * logits.logSoftmax()).sum(axes: [-1])) }
}

/// −t ln σ(z) − (1 − t) ln(1 − σ(z)) = softplus(z) − t z, which never overflows; over all elements.
public func binaryCrossEntropy<S: Scalar>(
  logits: Variable<S>, targets: Variable<S>, reduction: LossReduction = .mean
) -> Variable<S> {
  logits.tape.scoped("binaryCrossEntropy") { reduction(logits.softplus() - targets * logits) }
}

/// (y − t)², over all elements.
public func meanSquaredError<S: Scalar>(
  _ y: Variable<S>, _ targets: Variable<S>, reduction: LossReduction = .mean
) -> Variable<S> {
  y.tape.scoped("meanSquaredError") { reduction((y - targets).square()) }
}

/// λ Σ |w| over all weights given.
public func l1Penalty<S: Scalar>(_ weights: [Variable<S>], _ lambda: Double) -> Variable<S> {
  checked(lambda, "l1Penalty: λ", .anyNumber) * total(weights.map { $0.abs().sum() })
}

/// λ/2 Σ w² over all weights given: its gradient is λw.
public func l2Penalty<S: Scalar>(_ weights: [Variable<S>], _ lambda: Double) -> Variable<S> {
  (checked(lambda, "l2Penalty: λ", .anyNumber) / 2) * total(weights.map { $0.square().sum() })
}

private func total<S: Scalar>(_ terms: [Variable<S>]) -> Variable<S> {
  guard let first = terms.first else { fatalError("penalty: there are no weights to penalise") }
  return terms.dropFirst().reduce(first) { $0 + $1 }
}
