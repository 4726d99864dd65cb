import Adjoint

// Losses that are 0 beyond a margin, and those of directions and distances.

/// max(0, margin − t y), over all elements, for targets t of −1 or 1.
public func hinge<S: Scalar>(
  _ y: Variable<S>, _ targets: Variable<S>, margin: Double = 1, reduction: LossReduction = .mean,
  file: StaticString = #fileID, line: UInt = #line
) -> Variable<S> {
  let site = CallSite(file, line)
  LossOperands("hinge", y, targets, site).requireNumbers()
  check(margin, "hinge: margin", .anyNumber, at: site)
  return y.tape.scoped("hinge") { reduction((margin - targets * y).relu(), at: site) }
}

/// Σ max(0, margin − z[label] + zⱼ) / classes over the j that are not the label, for scores z […, classes] and an index
/// leaf of labels […]: the hinge loss of several classes.
///
/// Source: Weston & Watkins, "Support vector machines for multi-class pattern recognition", 1999.
public func hinge<S: Scalar>(
  scores z: Variable<S>, labels: Variable<S>, margin: Double = 1, reduction: LossReduction = .mean,
  file: StaticString = #fileID, line: UInt = #line
) -> Variable<S> {
  let site = CallSite(file, line)
  LossOperands("hinge", z, labels, site).requireLabels()
  check(margin, "hinge: margin", .anyNumber, at: site)
  return z.tape.scoped("hinge") {
    let classes = z.shape[z.shape.rank - 1]
    let own = z.pick(labels).reshape(to: z.shape.replacing(axis: z.shape.rank - 1, with: 1))
    return reduction((z - own + margin).relu().masked(by: 1 - labels.oneHot(classes)).mean(axes: [-1]), at: site)
  }
}

/// a·b / (‖a‖ ‖b‖) along an axis, which vanishes; shapes broadcast, so [n, 1, width] and [1, m, width] give all pairs. A norm below ε counts as ε, so that the zero vector has similarity 0 and
/// gradient 0 in its norm.
public func cosineSimilarity<S: Scalar>(
  _ a: Variable<S>, _ b: Variable<S>, axis: Int = -1, epsilon: Double = 1e-8,
  file: StaticString = #fileID, line: UInt = #line
) -> Variable<S> {
  let site = CallSite(file, line)
  LossOperands("cosineSimilarity", a, b, site).requireRowsThatBroadcast(along: axis)
  check(epsilon, "cosineSimilarity: epsilon", .positiveFloat, at: site)
  // From the end, where both have the axis.
  let axis = axis < 0 || a.shape.rank == b.shape.rank ? axis : axis - max(a.shape.rank, b.shape.rank)
  return a.tape.scoped("cosineSimilarity") {
    // The larger is chosen before the root, whose slope at 0 is infinite.
    func norm(_ x: Variable<S>) -> Variable<S> {
      x.square().sum(axes: [axis], file: file, line: line).maximum(epsilon * epsilon).sqrt()
    }
    return (a * b).sum(axes: [axis], file: file, line: line) / (norm(a) * norm(b))
  }
}

/// 1 − cos(a, b) where the target is 1, max(0, cos(a, b) − margin) where it is −1, for rows a and b […, width] and targets […].
public func cosineEmbedding<S: Scalar>(
  _ a: Variable<S>, _ b: Variable<S>, targets: Variable<S>, margin: Double = 0, reduction: LossReduction = .mean,
  file: StaticString = #fileID, line: UInt = #line
) -> Variable<S> {
  let site = CallSite(file, line)
  check(margin, "cosineEmbedding: margin", .anyNumber, at: site)
  return a.tape.scoped("cosineEmbedding") {
    LossOperands("cosineEmbedding", a, b, site).requireRows()
    let similarity = cosineSimilarity(a, b, file: file, line: line)
    LossOperands("cosineEmbedding", similarity, targets, site).requireNumbers()
    return reduction(`where`(targets .> 0, 1 - similarity, (similarity - margin).relu()), at: site)
  }
}

/// max(0, ‖a − p‖ − ‖a − n‖ + margin) for each row of anchors a, positives p and negatives n […, width].
///
/// ‖d‖ = √Σ (dⱼ + ε)², so that its slope is finite where two rows are equal.
///
/// Source: Schroff, Kalenichenko, Philbin, "FaceNet", 2015; the squares are not taken here.
public func triplet<S: Scalar>(
  anchor a: Variable<S>, positive: Variable<S>, negative: Variable<S>, margin: Double = 1, epsilon: Double = 1e-6,
  reduction: LossReduction = .mean, file: StaticString = #fileID, line: UInt = #line
) -> Variable<S> {
  let site = CallSite(file, line)
  LossOperands("triplet", a, positive, site).requireRows()
  LossOperands("triplet", a, negative, site).requireRows()
  check(margin, "triplet: margin", .anyNumber, at: site)
  check(epsilon, "triplet: epsilon", .positiveFloat, at: site)
  return a.tape.scoped("triplet") {
    func distance(_ b: Variable<S>) -> Variable<S> { (a - b + epsilon).square().sum(axes: [-1]).sqrt() }
    return reduction((distance(positive) - distance(negative) + margin).relu(), at: site)
  }
}
