import Adjoint

// Losses are compositions of plain operations, so that a tape shows what a lesson wants to see. The mean over the batch is
// the default everywhere; `.sum` adds instead, and `.none` keeps the losses apart.

/// The way from the losses of a batch to one number.
public enum LossReduction: Sendable, CaseIterable {
  /// The mean over the batch.
  case mean
  /// The sum over the batch.
  case sum
  /// The losses as they are, one for each row or element.
  case none

  /// - Precondition: there is a loss, for a mean.
  func callAsFunction<S: Scalar>(_ losses: Variable<S>, at site: CallSite) -> Variable<S> {
    switch self {
    case .mean:
      if losses.shape.elementCount == 0 {
        let loss = losses.scope.split(separator: "/").last ?? "loss"
        site.trap("\(loss): the batch is empty, \(losses.shape), and has no mean; pass it over, or reduce it by .sum")
      }
      return losses.mean()
    case .sum: return losses.sum()
    case .none: return losses
    }
  }

  /// The same of losses that count so often: the mean is Σ loss / Σ weight, and 0 where all weights are 0.
  func callAsFunction<S: Scalar>(_ losses: Variable<S>, weights: Variable<S>) -> Variable<S> {
    switch self {
    case .mean:
      let total = weights.sum()
      return losses.sum() / `where`(total .== 0, 1, total)
    case .sum: return losses.sum()
    case .none: return losses
    }
  }
}

/// The form in which losses are recorded.
enum LossForm {
  /// True while a recording is made as revision 1d59674 made it: checkpoints of that time carry its fingerprint.
  @TaskLocal static var isFormer = false
}

/// −t ln σ(z) − (1 − t) ln(1 − σ(z)) = t softplus(−z) + (1 − t) softplus(z), over all elements.
///
/// Neither term overflows, and no digit of a small loss is lost, as it would be in softplus(z) − t z.
public func binaryCrossEntropy<S: Scalar>(
  logits: Variable<S>, targets: Variable<S>, reduction: LossReduction = .mean,
  file: StaticString = #fileID, line: UInt = #line
) -> Variable<S> {
  LossOperands("binaryCrossEntropy", logits, targets, CallSite(file, line)).requireNumbers()
  return logits.tape.scoped("binaryCrossEntropy") {
    reduction(
      LossForm.isFormer
        ? logits.softplus() - targets * logits : binaryCrossEntropies(logits: logits, targets: targets),
      at: CallSite(file, line))
  }
}

/// The binary cross-entropy of each element.
package func binaryCrossEntropies<S: Scalar>(logits: Variable<S>, targets: Variable<S>) -> Variable<S> {
  weighted(targets, (-logits).softplus()) + weighted(1 - targets, logits.softplus())
}

/// t ⊙ x, and 0 where t = 0 though x is infinite: what has probability 0 counts nothing.
func weighted<S: Scalar>(_ t: Variable<S>, _ x: Variable<S>) -> Variable<S> {
  // ½x = x where x is infinite, or 0 anyway.
  t * `where`((t .== 0) * (0.5 * x .== x), t.tape.constant(0), x)
}

/// λ Σ |w| over all weights given.
public func l1Penalty<S: Scalar>(
  _ weights: [Variable<S>], _ lambda: Double, file: StaticString = #fileID, line: UInt = #line
) -> Variable<S> {
  let site = CallSite(file, line)
  return checked(lambda, "l1Penalty: λ", .anyNumber, at: site)
    * total(weights.map { $0.abs().sum() }, "l1Penalty", site)
}

/// λ/2 Σ w² over all weights given: its gradient is λw.
public func l2Penalty<S: Scalar>(
  _ weights: [Variable<S>], _ lambda: Double, file: StaticString = #fileID, line: UInt = #line
) -> Variable<S> {
  let site = CallSite(file, line)
  return (checked(lambda, "l2Penalty: λ", .anyNumber, at: site) / 2)
    * total(weights.map { $0.square().sum() }, "l2Penalty", site)
}

private func total<S: Scalar>(_ terms: [Variable<S>], _ penalty: String, _ site: CallSite) -> Variable<S> {
  guard let first = terms.first else {
    site.trap("\(penalty): there are no weights to penalise; give variables, such as tape.parameter(layer.weight)")
  }
  return terms.dropFirst().reduce(first) { $0 + $1 }
}
