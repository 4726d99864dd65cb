import Adjoint

/// A classifier's loss as data: a function of its outputs [batch, classes] and the labels [batch].
///
/// Each case has two forms, recorded for training and computed in `Double` for evaluation, and says how outputs are read
/// as probabilities.
public enum ClassificationLoss: String, Sendable, CaseIterable {
  /// −ln softmax(z)[label], the mean over the batch.
  case crossEntropy
  /// (zⱼ − tⱼ)² with t the one-hot label, the mean over batch and classes: least squares on 0 and 1.
  case meanSquaredError
  /// softplus(−zⱼ) for the label, softplus(zⱼ) for the others, the mean over batch and classes: a yes or no for every class.
  case binaryCrossEntropy

  /// Records the loss of a batch.
  public func callAsFunction<S: Scalar>(
    _ outputs: Variable<S>, labels: Variable<S>, file: StaticString = #fileID, line: UInt = #line
  ) -> Variable<S> {
    LossOperands(rawValue, outputs, labels, CallSite(file, line)).requireLabels()
    let classes = outputs.shape[outputs.shape.rank - 1]
    return switch self {
    case .crossEntropy: AdjointLearning.crossEntropy(logits: outputs, labels: labels)
    case .meanSquaredError: AdjointLearning.meanSquaredError(outputs, labels.oneHot(classes))
    case .binaryCrossEntropy: AdjointLearning.binaryCrossEntropy(logits: outputs, targets: labels.oneHot(classes))
    }
  }

  /// The loss of one example.
  package func value(_ outputs: some Collection<Float>, label: Int) -> Double {
    let z = outputs.map(Double.init)
    switch self {
    case .crossEntropy:
      return logSumExp(z) - z[label]
    case .meanSquaredError:
      let squares = z.indices.map { j in (z[j] - (j == label ? 1 : 0)) * (z[j] - (j == label ? 1 : 0)) }
      return squares.reduce(0, +) / Double(z.count)
    case .binaryCrossEntropy:
      let terms = z.indices.map { j in softplus(j == label ? -z[j] : z[j]) }
      return terms.reduce(0, +) / Double(z.count)
    }
  }

  /// The outputs read as probabilities of the classes, which add up to 1.
  ///
  /// Cross-entropy: softmax. Binary cross-entropy: the sigmoid of each, divided by their sum. Least squares: each brought
  /// into 0 … 1, divided by their sum.
  package func probabilities(_ outputs: some Collection<Float>) -> [Double] {
    let z = outputs.map(Double.init)
    switch self {
    case .crossEntropy:
      let total = logSumExp(z)
      return z.map { Double.exponential($0 - total) }
    case .meanSquaredError:
      return normalized(z.map { min(max($0, 0), 1) })
    case .binaryCrossEntropy:
      return normalized(z.map { Double.exponential(-softplus(-$0)) })
    }
  }

  private func normalized(_ x: [Double]) -> [Double] {
    let sum = x.reduce(0, +)
    return x.map { sum > 0 ? $0 / sum : 1 / Double(x.count) }
  }

  /// ln(1 + eˣ), which never overflows.
  private func softplus(_ x: Double) -> Double {
    max(x, 0) + Double.logarithmOnePlus(Double.exponential(-x.magnitude))
  }

  /// ln Σ eˣ, shifted by the maximum.
  private func logSumExp(_ x: [Double]) -> Double {
    let largest = x.max() ?? 0
    return largest + Double.logarithm(x.reduce(0) { $0 + Double.exponential($1 - largest) })
  }
}
