import Adjoint

// Losses are compositions of plain operations, so that a tape shows what a lesson wants to see. The mean over the batch is
// the default everywhere; `.sum` adds instead.

/// The way from the losses of the examples of a batch to one number.
public enum LossReduction: Sendable, CaseIterable {
  /// The mean over the batch.
  case mean
  /// The sum over the batch.
  case sum

  func callAsFunction<S: Scalar>(_ losses: Variable<S>) -> Variable<S> {
    switch self {
    case .mean: losses.mean()
    case .sum: losses.sum()
    }
  }
}

/// The form in which losses are recorded.
enum LossForm {
  /// True while a recording is made as revision 1d59674 made it: checkpoints of that time carry its fingerprint.
  @TaskLocal static var isFormer = false
}

/// −ln softmax(logits)[label], for logits [batch, classes] and an index leaf of labels [batch].
public func crossEntropy<S: Scalar>(
  logits: Variable<S>, labels: Variable<S>, reduction: LossReduction = .mean,
  file: StaticString = #fileID, line: UInt = #line
) -> Variable<S> {
  LossOperands("crossEntropy", logits, labels, CallSite(file, line)).requireLabels()
  return logits.tape.scoped("crossEntropy") { -reduction(logits.logSoftmax().pick(labels)) }
}

/// −ln softmax(logits)[label], for logits [batch, classes] and labels [batch] in any type of integers, fixed from now on.
public func crossEntropy<S: Scalar, Label: BinaryInteger & BitwiseCopyable & Sendable>(
  logits: Variable<S>, labels: Tensor<Label>, reduction: LossReduction = .mean,
  file: StaticString = #fileID, line: UInt = #line
) -> Variable<S> {
  let site = CallSite(file, line)
  guard !logits.tape.isRecordingForReplay else {
    site.trap(
      "crossEntropy: these labels would be fixed in the recorded step, and every batch be compared with them. Give them to the "
        + "step, `step(inputs, labels)`, whose loss receives them as its second variable.")
  }
  do throws(FeedError) {
    return crossEntropy(
      logits: logits, labels: logits.tape.index(try labels.asIndices(), name: "labels"), reduction: reduction,
      file: file, line: line)
  } catch {
    site.trap("crossEntropy: \(error)")
  }
}

/// −ln softmax(logits)[label], for logits [batch, classes] and a list of labels, one a row, fixed from now on.
public func crossEntropy<S: Scalar, Label: BinaryInteger & BitwiseCopyable & Sendable>(
  logits: Variable<S>, labels: [Label], reduction: LossReduction = .mean,
  file: StaticString = #fileID, line: UInt = #line
) -> Variable<S> {
  crossEntropy(logits: logits, labels: Tensor(labels), reduction: reduction, file: file, line: line)
}

/// −Σⱼ tⱼ ln softmax(logits)ⱼ, for targets [batch, classes] that are one-hot rows or probabilities.
public func crossEntropy<S: Scalar>(
  logits: Variable<S>, probabilities targets: Variable<S>, reduction: LossReduction = .mean,
  file: StaticString = #fileID, line: UInt = #line
) -> Variable<S> {
  LossOperands("crossEntropy", logits, targets, CallSite(file, line)).requireNumbers()
  return logits.tape.scoped("crossEntropy") {
    LossForm.isFormer
      ? -reduction((targets * logits.logSoftmax()).sum(axes: [-1]))
      : -reduction(weighted(targets, logits.logSoftmax()).sum(axes: [-1]))
  }
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
        ? logits.softplus() - targets * logits : binaryCrossEntropies(logits: logits, targets: targets))
  }
}

/// The binary cross-entropy of each element.
package func binaryCrossEntropies<S: Scalar>(logits: Variable<S>, targets: Variable<S>) -> Variable<S> {
  weighted(targets, (-logits).softplus()) + weighted(1 - targets, logits.softplus())
}

/// t ⊙ x, and 0 where t = 0 though x is infinite: what has probability 0 counts nothing.
private func weighted<S: Scalar>(_ t: Variable<S>, _ x: Variable<S>) -> Variable<S> {
  // ½x = x where x is infinite, or 0 anyway.
  t * `where`((t .== 0) * (0.5 * x .== x), t.tape.constant(0), x)
}

/// (y − t)², over all elements.
public func meanSquaredError<S: Scalar>(
  _ y: Variable<S>, _ targets: Variable<S>, reduction: LossReduction = .mean,
  file: StaticString = #fileID, line: UInt = #line
) -> Variable<S> {
  LossOperands("meanSquaredError", y, targets, CallSite(file, line)).requireNumbers()
  return y.tape.scoped("meanSquaredError") { reduction((y - targets).square()) }
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
