import Adjoint

/// The end of a minimisation: the parameters that were reached, the value there, and the reason for which it ended.
public struct Minimum: Sendable {
  /// The reason for which a minimisation ended.
  public enum Reason: Sendable, Hashable {
    /// The improvement that is left, or the step to it, is below the tolerance or lost in rounding: the point is stationary. It
    /// may be one of several, and a plain is stationary too.
    case converged
    /// No step, however short, lowers the value, though the derivatives promise it.
    case stalled
    /// The iterations allowed are used up.
    case iterationLimit
    /// The function or its derivatives are not finite at the parameters.
    case notFinite
  }

  /// The parameters with the lowest value that was found, in the shape of the start.
  public let parameters: Tensor<Double>
  /// The value at the parameters: of least squares, the residual sum of squares Σr².
  public let value: Double
  /// The steps that were taken; refused ones do not count.
  public let iterations: Int
  /// The reason for which it ended.
  public let reason: Reason
}

extension Minimum: CustomStringConvertible {
  /// One line: `value 0.124551 at [238.942, 0.000550156], 10 iterations, converged`.
  public var description: String {
    let list = parameters.elements.prefix(12).map { "\($0)" }.joined(separator: ", ")
    let rest = parameters.elements.count > 12 ? ", … (\(parameters.elements.count) in all)" : ""
    return "value \(value) at [\(list)\(rest)], \(iterations) iteration\(iterations == 1 ? "" : "s"), \(reason.words)"
  }
}

extension Minimum.Reason: CustomStringConvertible {
  /// The reason in words.
  public var description: String { words }

  fileprivate var words: String {
    switch self {
    case .converged: "converged"
    case .stalled: "stalled: no step lowers the value"
    case .iterationLimit: "stopped at the limit of iterations"
    case .notFinite: "stopped where a value or a derivative is not finite"
    }
  }
}

/// A function written as a closure of variables, recorded once, at the start of a minimisation.
struct RecordedFunction {
  let input: Variable<Double>
  let output: Variable<Double>

  /// Records f at the start.
  /// - Precondition: the start has finite elements, and f computes at least one number from its argument.
  init(
    _ name: String, at start: Tensor<Double>, _ site: CallSite,
    _ f: (Variable<Double>) throws -> Variable<Double>
  ) rethrows {
    guard !start.elements.isEmpty else { site.trap("\(name): the start has no elements; give at least one") }
    if let place = start.elements.firstIndex(where: { !$0.isFinite }) {
      site.trap("\(name): element \(place) of the start is \(start.elements[place]); begin at finite numbers")
    }
    let tape = Tape<Double>()
    input = tape.input(start)
    tape.isRecordingForReplay = true
    defer { tape.isRecordingForReplay = false }
    output = try f(input)
    guard output.tape === tape else {
      site.trap("\(name): the function returned a variable of another tape; compute the result from its argument")
    }
    guard output.shape.elementCount > 0 else {
      site.trap("\(name): the function returned the shape \(output.shape), which has no number to lower")
    }
  }

  /// The indices that operations compute on the way to f.
  var computedIndices: [Variable<Double>] {
    (0...output.index).map { output.tape[$0] }.filter { $0.holdsIndices && $0.operation != nil }
  }

  /// Parameters in the shape of the start.
  func shaped(_ theta: [Double]) -> Tensor<Double> { Tensor(shape: input.shape, elements: theta) }
}
