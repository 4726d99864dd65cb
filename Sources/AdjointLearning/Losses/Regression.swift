import Adjoint

// Losses between numbers, element by element: outputs y and targets t of one shape.

/// (y − t)², over all elements.
public func meanSquaredError<S: Scalar>(
  _ y: Variable<S>, _ targets: Variable<S>, reduction: LossReduction = .mean,
  file: StaticString = #fileID, line: UInt = #line
) -> Variable<S> {
  LossOperands("meanSquaredError", y, targets, CallSite(file, line)).requireNumbers()
  return y.tape.scoped("meanSquaredError") { reduction((y - targets).square(), at: CallSite(file, line)) }
}

/// |y − t|, over all elements (the L1 loss).
public func meanAbsoluteError<S: Scalar>(
  _ y: Variable<S>, _ targets: Variable<S>, reduction: LossReduction = .mean,
  file: StaticString = #fileID, line: UInt = #line
) -> Variable<S> {
  LossOperands("meanAbsoluteError", y, targets, CallSite(file, line)).requireNumbers()
  return y.tape.scoped("meanAbsoluteError") { reduction((y - targets).abs(), at: CallSite(file, line)) }
}

/// ½e² where |e| ≤ δ, else δ(|e| − ½δ), e = y − t, over all elements: squares near 0, absolute values far off.
///
/// Source: Huber, "Robust estimation of a location parameter", 1964.
/// - Precondition: δ > 0.
public func huber<S: Scalar>(
  _ y: Variable<S>, _ targets: Variable<S>, delta: Double = 1, reduction: LossReduction = .mean,
  file: StaticString = #fileID, line: UInt = #line
) -> Variable<S> {
  let site = CallSite(file, line)
  LossOperands("huber", y, targets, site).requireNumbers()
  check(delta, "huber: delta", .positiveFloat, at: site)
  return y.tape.scoped("huber") { reduction(hubers(y - targets, delta), at: site) }
}

/// ½e²/β where |e| ≤ β, else |e| − ½β, e = y − t, over all elements: `huber` with δ = β, divided by β.
/// - Precondition: β > 0.
public func smoothL1<S: Scalar>(
  _ y: Variable<S>, _ targets: Variable<S>, beta: Double = 1, reduction: LossReduction = .mean,
  file: StaticString = #fileID, line: UInt = #line
) -> Variable<S> {
  let site = CallSite(file, line)
  LossOperands("smoothL1", y, targets, site).requireNumbers()
  check(beta, "smoothL1: beta", .positiveFloat, at: site)
  return y.tape.scoped("smoothL1") { reduction(hubers(y - targets, beta) / beta, at: site) }
}

private func hubers<S: Scalar>(_ error: Variable<S>, _ delta: Double) -> Variable<S> {
  let size = error.abs()
  // The smaller number goes in: the square that is not chosen is finite, and so is its slope.
  return `where`(size .< delta, size.minimum(delta).square() * 0.5, (size - delta / 2) * delta)
}

/// ½ (ln v + (y − t)²/v) with v = max(variance, ε), over all elements: −ln of the normal density without its constant.
///
/// The derivative with respect to a variance below ε is 0.
/// - Parameter variance: of the outputs' shape, or repeated along its axes.
public func gaussianNLL<S: Scalar>(
  _ y: Variable<S>, _ targets: Variable<S>, variance: Variable<S>, epsilon: Double = 1e-6,
  reduction: LossReduction = .mean, file: StaticString = #fileID, line: UInt = #line
) -> Variable<S> {
  let site = CallSite(file, line)
  LossOperands("gaussianNLL", y, targets, site).requireNumbers()
  LossOperands("gaussianNLL: variance", y, variance, site).requireNumbers()
  check(epsilon, "gaussianNLL: epsilon", .positiveFloat, at: site)
  return y.tape.scoped("gaussianNLL") {
    let v = variance.maximum(epsilon)
    return reduction((v.log() + (y - targets).square() / v) * 0.5, at: site)
  }
}

/// eᶻ − t z, over all elements, for logarithms z of rates and counts t: −ln of Poisson's probability without ln t!.
public func poissonNLL<S: Scalar>(
  logRates z: Variable<S>, _ targets: Variable<S>, reduction: LossReduction = .mean,
  file: StaticString = #fileID, line: UInt = #line
) -> Variable<S> {
  LossOperands("poissonNLL", z, targets, CallSite(file, line)).requireNumbers()
  return z.tape.scoped("poissonNLL") { reduction(z.exp() - weighted(targets, z), at: CallSite(file, line)) }
}

/// Σⱼ pⱼ (ln pⱼ − ln qⱼ) over the last axis, the mean over the rows: the divergence of targets p from log-probabilities ln q.
/// Where pⱼ = 0 the term is 0.
///
/// Source: Kullback & Leibler, "On information and sufficiency", 1951.
public func klDivergence<S: Scalar>(
  logProbabilities: Variable<S>, targets: Variable<S>, reduction: LossReduction = .mean,
  file: StaticString = #fileID, line: UInt = #line
) -> Variable<S> {
  LossOperands("klDivergence", logProbabilities, targets, CallSite(file, line)).requireRows()
  return targets.tape.scoped("klDivergence") {
    // The logarithm is that of 1 where p = 0, so that neither it nor its slope is infinite.
    let own = `where`(targets .== 0, 1, targets).log()
    return reduction(weighted(targets, own - logProbabilities).sum(axes: [-1]), at: CallSite(file, line))
  }
}
