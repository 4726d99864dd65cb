import Adjoint

/// Levenberg and Marquardt's method for small, smooth problems of least squares: θ with the least Σ rᵢ(θ)².
///
/// ```swift
/// let x = Tensor([77.6, 114.9, 141.1, 190.8]), y = Tensor([10.07, 14.73, 17.94, 23.93])
/// let fit = LevenbergMarquardt().minimize(from: Tensor([250, 0.0005])) { b in
///   b[0] * (1 - (-b[1] * x).exp()) - y
/// }
/// print(fit)
/// ```
///
/// A step δ has the least ‖J δ + r‖² + μ‖D δ‖². J is the Jacobian of the recording in dual numbers, and D holds the largest
/// norms that its columns have had, so that no unit of a parameter matters. μ falls when a step does what was promised and rises
/// when it does not (Nielsen's rule). The problem is solved by Householder's reflections of J itself. A step to residuals that are not
/// finite is refused.
///
/// Near the minimum, rounding hides a change of Σr² long before the parameters have their last digits. There a step is judged by
/// the part of r that J could still remove, relative to r (Bates and Watts' relative offset).
///
/// Source: Marquardt, SIAM J. 1963; Moré, "The Levenberg-Marquardt algorithm", 1978; Nielsen, IMM-REP-1999-05.
public struct LevenbergMarquardt: Sendable {
  package let maximumIterations: Int
  package let tolerance: Double

  /// A minimiser that takes at most so many steps.
  ///
  /// It has converged when the relative offset, or a step relative to each parameter, is at most `tolerance`.
  public init(
    maximumIterations: Int = 1000, tolerance: Double = 1e-14, file: StaticString = #fileID, line: UInt = #line
  ) {
    let site = CallSite(file, line)
    check(maximumIterations, "LevenbergMarquardt.maximumIterations", atLeast: 1, at: site)
    self.maximumIterations = maximumIterations
    self.tolerance = checked(tolerance, "LevenbergMarquardt.tolerance", .notNegative, at: site)
  }

  /// The parameters near the start with the least sum of squared residuals, which the closure computes in any shape.
  ///
  /// The closure is recorded once, at the start, and replayed ever after, so reading a value in it traps. Tensors that it captures
  /// are constants.
  /// - Precondition: the start is finite, and the residuals are computed from it.
  /// - Complexity: an iteration replays the recording once for each parameter, in dual numbers.
  public func minimize(
    from start: Tensor<Double>, file: StaticString = #fileID, line: UInt = #line,
    residuals: (Variable<Double>) throws -> Variable<Double>
  ) rethrows -> Minimum {
    let function = try RecordedFunction("LevenbergMarquardt", at: start, CallSite(file, line), residuals)
    return minimize(CompiledResiduals(function))
  }

  private func minimize(_ function: CompiledResiduals) -> Minimum {
    var best = function.point(at: function.recorded.input.value.elements)
    var steps = 0
    func ended(_ reason: Minimum.Reason) -> Minimum {
      Minimum(
        parameters: function.recorded.shaped(best.theta), value: best.squares, iterations: steps, reason: reason)
    }
    guard best.squares.isFinite, var model = function.model(at: best, scales: []) else { return ended(.notFinite) }
    var (mu, growth) = (1e-3, 2.0)
    while steps < maximumIterations {
      if best.squares == 0 || model.offset <= tolerance { return ended(.converged) }
      let step = model.step(damping: mu)
      let next = function.point(at: zip(best.theta, step.delta).map { $0 + $1 })
      let isLast = zip(best.theta, step.delta).allSatisfy { abs($1) <= tolerance * abs($0) }
      var gain = (best.squares - next.squares) / step.promise
      var nextModel: LinearizedResiduals?
      if step.promise < 1e-10 * best.squares, next.squares <= best.squares * (1 + 1e-10) {
        nextModel = function.model(at: next, scales: model.scales)
        gain = 1 - (nextModel?.offset ?? .infinity) / model.offset
        // What is left is lost in rounding.
        if !(gain > 0), model.offset < 1e-5 { return ended(.converged) }
      }
      guard next.squares.isFinite, gain > 0 else {
        if isLast || mu > 1e30 { return ended(model.offset < 1e-5 ? .converged : .stalled) }
        (mu, growth) = (mu * growth, growth * 2)
        continue
      }
      (best, steps) = (next, steps + 1)
      if isLast { return ended(.converged) }
      guard let known = nextModel ?? function.model(at: best, scales: model.scales) else { return ended(.notFinite) }
      model = known
      let trust = 2 * min(gain, 1.5) - 1
      mu = max(mu * max(1 / 3, 1 - trust * trust * trust), 1e-30)
      growth = 2
    }
    return ended(.iterationLimit)
  }
}

/// Parameters with their residuals.
private struct ResidualPoint {
  let theta: [Double]
  let residuals: [Double]
  let squares: Double
}

/// The residuals and their Jacobian as programs.
private struct CompiledResiduals {
  let recorded: RecordedFunction
  private let values: Program<Double>
  private let duals: Program<Dual>
  private let hasIndices: Bool

  init(_ recorded: RecordedFunction) {
    self.recorded = recorded
    // Dual numbers round otherwise in functions that have kernels of their own, and could break a tie otherwise.
    let indices = recorded.computedIndices
    hasIndices = !indices.isEmpty
    values = Program([recorded.output, recorded.input] + indices)
    duals = Program([recorded.output, recorded.input], altering: nil, holdingIndices: true)
  }

  func point(at theta: [Double]) -> ResidualPoint {
    values.write(recorded.shaped(theta), into: recorded.input)
    values.replay()
    let residuals = values.value(of: recorded.output).elements
    return ResidualPoint(theta: theta, residuals: residuals, squares: residuals.reduce(0) { $0 + $1 * $1 })
  }

  /// The residuals near a point, to first order; `nil` where a derivative is not finite.
  func model(at point: ResidualPoint, scales: [Double]) -> LinearizedResiduals? {
    var jacobian: [Double] = []
    jacobian.reserveCapacity(point.theta.count * point.residuals.count)
    if hasIndices {
      values.write(recorded.shaped(point.theta), into: recorded.input)
      values.replay()
      duals.takeIndices(of: values)
    }
    for j in point.theta.indices {
      let moved = point.theta.indices.map { Dual(point.theta[$0], tangent: $0 == j ? 1 : 0) }
      duals.write(Tensor(shape: recorded.input.shape, elements: moved), into: recorded.input)
      duals.replay()
      jacobian += duals.value(of: recorded.output).elements.map(\.tangent)
    }
    guard jacobian.allSatisfy(\.isFinite) else { return nil }
    return LinearizedResiduals(jacobian, at: point, scales: scales)
  }
}

/// r(θ + δ) ≈ r + J δ, with J scaled by D⁻¹ and factorised.
private struct LinearizedResiduals {
  /// D: the largest norm that each column of J has had.
  let scales: [Double]
  /// The length of the part of r that J can remove, relative to r.
  let offset: Double
  private let factors: HouseholderQR

  /// - Parameter jacobian: J, column after column.
  init(_ jacobian: [Double], at point: ResidualPoint, scales: [Double]) {
    let rows = point.residuals.count
    let norms = point.theta.indices.map { norm(jacobian[$0 * rows..<($0 + 1) * rows]) }
    let largest = scales.isEmpty ? norms : zip(scales, norms).map { max($0, $1) }
    self.scales = largest
    let scaled = jacobian.indices.map { largest[$0 / rows] > 0 ? jacobian[$0] / largest[$0 / rows] : 0 }
    factors = HouseholderQR(columnMajor: scaled, point.residuals.map { -$0 })
    offset = norm(factors.right.prefix(factors.rank)) / point.squares.squareRoot()
  }

  /// The step δ for μ, and the fall of Σr² that it promises.
  func step(damping mu: Double) -> (delta: [Double], promise: Double) {
    let u = factors.solution(damping: mu)
    let length = u.reduce(0) { $0 + $1 * $1 }
    return (zip(u, scales).map { $1 > 0 ? $0 / $1 : 0 }, factors.squaredLength(of: u) + 2 * mu * length)
  }
}
