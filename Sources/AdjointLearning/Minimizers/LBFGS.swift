import Adjoint

/// The limited-memory method of Broyden, Fletcher, Goldfarb and Shanno for smooth functions of a few to some thousand numbers.
///
/// ```swift
/// let valley = LBFGS().minimize(from: Tensor([-1.2, 1])) { x in
///   (100 * (x[1] - x[0].square()).square() + (1 - x[0]).square())
/// }
/// print(valley)
/// ```
///
/// A direction is −H g. H is the inverse Hessian that the last `memory` steps and changes of the gradient tell of. A step along
/// it meets the strong Wolfe conditions. A step to a value that is not finite is shortened.
///
/// Source: Nocedal & Wright, *Numerical Optimization*, algorithms 7.4 and 7.5.
public struct LBFGS: Sendable {
  package let memory: Int
  package let maximumIterations: Int
  package let tolerance: Double

  /// A minimiser that remembers so many steps, and takes at most `maximumIterations`.
  ///
  /// It has converged when √(gᵀHg / |f|), of which the square is twice the share of f that a step could still remove, or a step relative
  /// to each number, is at most `tolerance`.
  public init(
    memory: Int = 10, maximumIterations: Int = 1000, tolerance: Double = 1e-14, file: StaticString = #fileID,
    line: UInt = #line
  ) {
    let site = CallSite(file, line)
    check(memory, "LBFGS.memory", atLeast: 1, at: site)
    check(maximumIterations, "LBFGS.maximumIterations", atLeast: 1, at: site)
    (self.memory, self.maximumIterations) = (memory, maximumIterations)
    self.tolerance = checked(tolerance, "LBFGS.tolerance", .notNegative, at: site)
  }

  /// The lowest point of f that is found from the start.
  ///
  /// The closure is recorded once, at the start, and replayed ever after, so reading a value in it traps. Tensors that it captures
  /// are constants.
  /// - Precondition: the start is finite, and f returns a single number, computed from it.
  /// - Complexity: an iteration computes f and its gradient once or a few times.
  public func minimize(
    from start: Tensor<Double>, file: StaticString = #fileID, line: UInt = #line,
    of f: (Variable<Double>) throws -> Variable<Double>
  ) rethrows -> Minimum {
    let site = CallSite(file, line)
    let function = try RecordedFunction("LBFGS", at: start, site, f)
    guard function.output.shape.elementCount == 1 else {
      site.trap(
        "LBFGS: the function returned a value of shape \(function.output.shape); only a single number can be lowered. Sum it, "
          + "as in { x in (x * x).sum() }, or give residuals to LevenbergMarquardt")
    }
    return minimize(CompiledFunction(function))
  }

  private func minimize(_ function: CompiledFunction) -> Minimum {
    var best = function.point(at: function.recorded.input.value.elements)
    var curvature = Curvature(memory: memory)
    var steps = 0
    func ended(_ reason: Minimum.Reason) -> Minimum {
      Minimum(parameters: function.recorded.shaped(best.x), value: best.value, iterations: steps, reason: reason)
    }
    guard best.isFinite else { return ended(.notFinite) }
    while steps < maximumIterations {
      guard best.gradient.contains(where: { $0 != 0 }) else { return ended(.converged) }
      // The first step knows no scale; it is as long as 1, or as the point itself.
      let length = norm(best.gradient)
      let direction =
        curvature.isEmpty
        ? best.gradient.map { -$0 / length * max(1, norm(best.x)) } : curvature.product(best.gradient).map { -$0 }
      let slope = dot(direction, best.gradient)
      let left = (-slope / best.value.magnitude).squareRoot()
      if !curvature.isEmpty, left <= tolerance { return ended(.converged) }
      let search = LineSearch(from: best, along: direction, slope: slope) { function.point(at: $0) }
      guard slope < 0, let (next, isFlat) = search.point(trying: 1) else {
        // A memory that has gone stale is forgotten, and the gradient itself tried.
        guard curvature.isEmpty else {
          if left <= 1e-7 { return ended(.converged) }
          curvature = Curvature(memory: memory)
          continue
        }
        return ended(.stalled)
      }
      let isLast = zip(best.x, next.x).allSatisfy { abs($1 - $0) <= tolerance * abs($1) }
      curvature.add(step: zip(next.x, best.x).map { $0 - $1 }, zip(next.gradient, best.gradient).map { $0 - $1 })
      (best, steps) = (next, steps + 1)
      if isLast { return ended(isFlat ? .converged : .stalled) }
    }
    return ended(.iterationLimit)
  }
}

/// A point with the value and the gradient there.
struct EvaluatedPoint {
  let x: [Double]
  let value: Double
  let gradient: [Double]

  var isFinite: Bool { value.isFinite && gradient.allSatisfy(\.isFinite) }
}

/// A function and its gradient as one program.
private struct CompiledFunction {
  let recorded: RecordedFunction
  private let gradient: Variable<Double>
  private let program: Program<Double>

  init(_ recorded: RecordedFunction) {
    self.recorded = recorded
    gradient = gradients(of: recorded.output, withRespectTo: [recorded.input])[0]
    program = Program([recorded.output, gradient, recorded.input])
  }

  func point(at x: [Double]) -> EvaluatedPoint {
    program.write(recorded.shaped(x), into: recorded.input)
    program.replay()
    return EvaluatedPoint(
      x: x, value: program.value(of: recorded.output).elements[0], gradient: program.value(of: gradient).elements)
  }
}

/// The inverse Hessian that the last steps tell of.
private struct Curvature {
  let memory: Int
  private var pairs: [(step: [Double], change: [Double], product: Double)] = []

  init(memory: Int) { self.memory = memory }

  var isEmpty: Bool { pairs.isEmpty }

  /// Remembers a step and the change of the gradient along it, where the function curves upwards.
  mutating func add(step: [Double], _ change: [Double]) {
    let product = dot(step, change)
    guard product.isFinite, product > .ulpOfOne * norm(step) * norm(change) else { return }
    if pairs.count == memory { pairs.removeFirst() }
    pairs.append((step, change, product))
  }

  /// H·g, by two loops over the memory.
  func product(_ g: [Double]) -> [Double] {
    var q = g
    var factors: [Double] = []
    for pair in pairs.reversed() {
      let factor = dot(pair.step, q) / pair.product
      factors.append(factor)
      for i in q.indices { q[i] -= factor * pair.change[i] }
    }
    if let last = pairs.last {
      let length = norm(last.change)
      let scale = last.product / length / length
      for i in q.indices { q[i] *= scale }
    }
    for (pair, factor) in zip(pairs, factors.reversed()) {
      let back = factor - dot(pair.change, q) / pair.product
      for i in q.indices { q[i] += back * pair.step[i] }
    }
    return q
  }
}

/// aᵀb
func dot(_ a: [Double], _ b: [Double]) -> Double {
  var sum = 0.0
  for i in a.indices { sum += a[i] * b[i] }
  return sum
}
