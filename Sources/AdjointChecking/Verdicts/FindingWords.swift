import Adjoint

// A finding in words: a clause for the sentence of verdict, and lines that tell what to change.

extension Finding {
  /// The operation and its place.
  var site: String { AdjointChecking.site(of: operation, place, path) }
  var shapes: String { inputShapes.map { "\($0)" }.joined(separator: ", ") + " → \(outputShape)" }
  var comparedNumbers: ComparedNumbers { ComparedNumbers(found, expected, agree: false) }

  /// A clause, such as `in the rule of tanh at encoder/act (%7 a⁽¹⁾), the sign is wrong`.
  var clause: String { clause(at: site) }

  /// The clause with another name for the place.
  func clause(at site: String) -> String {
    let seat =
      switch mechanism {
      case .rule: "the rule of \(site)"
      case .accumulation: "the sum of contributions to \(site)"
      case .program: "the compiled program, at \(site)"
      case .kernel: site
      case .elementary: "the derivative of \(site)"
      }
    return "in \(seat), \(hypothesis.text)"
  }

  /// The numbers that were compared.
  var compared: String {
    switch mechanism {
    case .rule: input.map { "contribution to input \($0)\(position)" } ?? "contributions along a random direction"
    case .accumulation: "adjoint against the sum of its contributions\(position)"
    case .program: "compiled against uncompiled replay\(position)"
    case .kernel: "the tape's precision against Double\(position)"
    case .elementary: "slope along a random direction against differences"
    }
  }

  /// `, element [3, 6]`: the worst, by its index along each axis.
  private var position: String {
    let shape = Shape(mechanism == .rule ? input.map { inputShapes[$0] } ?? [] : outputShape)
    guard let element, shape.rank > 0, element < shape.elementCount else { return "" }
    return ", element \(shape.indices.map { element / shape.strides[$0] % shape[$0] })"
  }

  /// The operation, both numbers, the guess, and the change to make.
  var lines: [String] {
    let numbers = comparedNumbers
    // One sign in front of both, or their digits would not stand below each other.
    let pad = numbers.found.hasPrefix("-") == numbers.expected.hasPrefix("-") ? "" : " "
    func signed(_ text: String) -> String { text.hasPrefix("-") ? text : pad + text }
    var rows = [
      ["operation", "\(site), \(shapes)"], ["compared", compared], ["found", signed(numbers.found)],
      ["expected", signed(numbers.expected)], ["looks like", hypothesis.text],
    ]
    if let change { rows.append(["change", change]) }
    if isConfirmed { rows.append(["confirmed", "everything behind it, up to the output, is right"]) }
    return AlignedRows(rows).lines
  }

  // MARK: The change

  /// The change that makes the rule right, where the guess says which.
  public var change: String? {
    switch hypothesis {
    case .sign: "multiply the contribution by -1: \(contribution("-(…)"))"
    case .factor(let factor): Finding.undoing(factor).map { "\($0.words): \(contribution("(…)\($0.code)"))" }
    case .transposed: "transpose the contribution: \(contribution("(…).transpose()"))"
    case .missingMean(let n): "divide the contribution by N = \(n): \(contribution("(…) / \(n)"))"
    case .doubledMean(let n): "leave out a division by N = \(n): \(contribution("(…) * \(n)"))"
    case .missingBroadcastSum:
      "sum the contribution over \(repeatedAxes), along which the input is repeated: "
        + contribution("(…).sum(to: p.x[\(input ?? 0)].shape)")
    case .assignedInsteadOfAccumulated: "add every contribution to the adjoint: the last one replaces the others"
    case .droppedEdge:
      mechanism == .rule
        ? "return the contribution, where nil or 0 stands: \(contribution("…"))"
        : "add every contribution to the adjoint: one is left out"
    case .staleValue: "take values from p.x and p.y, which are replayed, not from a number read while recording"
    case .wrongBranch: "exchange the two branches, or turn the comparison round"
    case .wrongRow: nil
    case .relativeError: "look for a constant that is written with too few digits, or rounded to Float"
    case .wrongValue: nil
    case .sharedDerivative:
      "correct the derivative where the function states it: rule and dual numbers both take it from there"
    case .wrongTangent: nil
    case .countedTwice: "add every contribution once"
    case .wrongSecondDerivative: "compute the rule from variables alone: no stopGradient, no constant made of a value"
    case .missingLocalDerivative: "multiply by the local derivative: \(contribution("g * (∂y/∂x)"))"
    case .missingCotangent: "multiply by the cotangent that arrives: \(contribution("g * (…)"))"
    case .valueForDerivative:
      "put the derivative where the value stands: \(contribution("g * f′(p.x[\(input ?? 0)])"))"
    case .derivativeAtOutput: "take the derivative at the input, p.x[\(input ?? 0)], not at p.y"
    case .otherFormula(_, let expected): expected.map { "use \($0): \(contribution("g * (\($0))"))" }
    case .strayFactor(let factor): "leave out the factor \(factor)"
    case .exchangedOperands: "exchange the operands, p.x[0] and p.x[1]"
    case .untransposedJacobian: "transpose the Jacobian: Jᵀ ȳ, not J ȳ"
    case .diagonalOnly: "add what an element of the input does to the other elements of y"
    case .wrongAxis: "run along the axis along which forward runs"
    case .wrongElement: nil
    case .notFinite:
      "select with `where` what is switched off, or write the formula so that nothing overflows on the way"
    case .wrongInPrecision: nil
    case .otherMean(let found, let expected):
      "divide by \(expected), not by \(found): \(contribution("(…) * \(found) / \(expected)"))"
    case .unknown: nil
    }
  }

  private func contribution(_ code: String) -> String { "p.to(\(input ?? 0), \(code))" }

  /// What takes a factor back, in words and in code.
  private static func undoing(_ factor: Double) -> (words: String, code: String)? {
    guard factor.isFinite, factor != 0 else { return nil }
    let inverse = 1 / factor
    return abs(factor) >= 1 || inverse.rounded() != inverse
      ? ("divide the contribution by \(factor.plain)", " / \(factor.plain)")
      : ("multiply the contribution by \(inverse.plain)", " * \(inverse.plain)")
  }

  /// The axes of the output along which the input is repeated.
  private var repeatedAxes: String {
    guard let shape = input.map({ inputShapes[$0] }), shape.count <= outputShape.count else { return "the axes" }
    let missing = outputShape.count - shape.count
    let axes = outputShape.indices.filter { $0 < missing || shape[$0 - missing] == 1 && outputShape[$0] != 1 }
    return (axes.count == 1 ? "axis " : "axes ") + axes.map { "\($0)" }.listed
  }
}
