import Adjoint

/// The look of a fault: a guess from a family, made by comparing numbers.
public enum Hypothesis: Sendable, Hashable, Encodable {
  /// The sign is wrong.
  case sign
  /// The contribution is a multiple of the right one.
  case factor(Double)
  /// The contribution is the transpose of the right one.
  case transposed
  /// 1/N is missing, for an N found among the shapes.
  case missingMean(Int)
  /// 1/N stands there twice, or where it does not belong.
  case doubledMean(Int)
  /// 1/N counts another axis.
  case otherMean(found: Int, expected: Int)
  /// The sum over a broadcast axis is missing.
  case missingBroadcastSum
  /// A contribution replaced the others instead of being added to them.
  case assignedInsteadOfAccumulated
  /// No contribution arrives.
  case droppedEdge
  /// Right at the recorded values, wrong when replayed at others.
  case staleValue
  /// The derivative at a kink is that of the other side.
  case wrongBranch
  /// One row alone is wrong, counted from 0.
  case wrongRow(Int)
  /// Every element is wrong by about this share.
  case relativeError(Double)
  /// The rule is right; the value is not: a faulty kernel, plan or fusion.
  case wrongValue
  /// Rule and dual numbers share a wrong derivative: differences contradict both.
  case sharedDerivative
  /// The witness is wrong: differences side with the rule against dual numbers.
  case wrongTangent
  /// A contribution was added twice.
  case countedTwice
  /// Right to first order, wrong to second: the rule detaches something, or adds what vanishes at first.
  case wrongSecondDerivative
  /// The cotangent is passed on without the factor ∂y/∂x.
  case missingLocalDerivative
  /// The local derivative is passed on without the cotangent that arrives.
  case missingCotangent
  /// The function's value stands where its derivative belongs.
  case valueForDerivative
  /// The derivative is right, but taken at y instead of x.
  case derivativeAtOutput
  /// The local derivative follows one formula in place of another, both written with x and y; `nil` where the right one is
  /// not among those that the checker knows.
  case otherFormula(found: String, expected: String?)
  /// The contribution has a power of this number too many, such as a wrong exponent leaves.
  case strayFactor(String)
  /// The operands of the operation are exchanged.
  case exchangedOperands
  /// J ȳ stands where Jᵀ ȳ belongs.
  case untransposedJacobian
  /// Of the Jacobian, the diagonal alone is there.
  case diagonalOnly
  /// The rule runs along another axis.
  case wrongAxis
  /// One element alone is wrong, in row-major order.
  case wrongElement(Int)
  /// NaN or ∞ is made of finite numbers, where the result is finite.
  case notFinite
  /// The rule is right in Double and wrong in the tape's own precision.
  case wrongInPrecision
  /// No pattern of this list.
  case unknown

  /// A clause for people.
  public var text: String {
    switch self {
    case .sign: "the sign is wrong"
    case .factor(let factor): "the contribution is \(factor.plain) times the right one"
    case .transposed: "the contribution is transposed"
    case .missingMean(let n): "a factor 1/N is missing (N = \(n))"
    case .doubledMean(let n): "a factor 1/N is doubled or does not belong there (N = \(n))"
    case .otherMean(let found, let expected): "1/\(found) where 1/\(expected) belongs: the mean of another axis"
    case .missingBroadcastSum: "the sum over a broadcast axis is missing"
    case .assignedInsteadOfAccumulated: "the adjoint is assigned instead of accumulated"
    case .droppedEdge: "an edge is dropped: no contribution arrives"
    case .staleValue: "a value is stale: right at the recorded inputs, wrong when replayed at others"
    case .wrongBranch: "the derivative is that of the other branch"
    case .wrongRow(let row): "only row \(row) is wrong"
    case .relativeError(let error): "every element is off by \(error.plain) of itself"
    case .wrongValue: "the value itself is wrong: a kernel, a plan or a fusion"
    case .sharedDerivative: "dual numbers and the rule agree with each other and not with differences"
    case .wrongTangent: "dual numbers are wrong, and differences side with the rule"
    case .countedTwice: "a contribution is added twice"
    case .wrongSecondDerivative: "right to first order, wrong to second: the rule detaches a part of itself"
    case .missingLocalDerivative: "the local derivative is missing: the cotangent is passed on as it came"
    case .missingCotangent: "the cotangent ȳ that arrives is forgotten: the local derivative alone is passed on"
    case .valueForDerivative: "the value stands where the derivative belongs: ȳ ⊙ f(x) instead of ȳ ⊙ f′(x)"
    case .derivativeAtOutput: "the derivative is taken at the output: ȳ ⊙ f′(y) instead of ȳ ⊙ f′(x)"
    case .otherFormula(let found, let expected):
      "the rule computes x̄ = \(timesCotangent(found))"
        + (expected.map { "; right is x̄ = \(timesCotangent($0))" } ?? ", which is not ȳ ⊙ f′(x)")
    case .strayFactor(let factor):
      "multiplied by \(factor), which does not belong there: a wrong exponent, or one factor too many"
    case .exchangedOperands: "the operands are exchanged"
    case .untransposedJacobian: "the Jacobian is not transposed: J ȳ instead of Jᵀ ȳ"
    case .diagonalOnly: "only the Jacobian's diagonal is there: what an input does to other elements of y is forgotten"
    case .wrongAxis: "the rule runs along another axis"
    case .wrongElement(let element): "only element \(element) is wrong"
    case .notFinite:
      "NaN or ∞ is made of finite numbers where a finite result exists: a formula that overflows on the way, or 0 · ∞ "
        + "where what is switched off must be selected away"
    case .wrongInPrecision:
      "right in Double, wrong in the tape's own precision: a number too small or too large for it, or a rule that looks at the type"
    case .unknown: "the difference fits no known pattern"
    }
  }

  private func timesCotangent(_ formula: String) -> String {
    formula.contains(" ") ? "ȳ ⊙ (\(formula))" : "ȳ ⊙ \(formula)"
  }
}

/// The place of a fault in the machinery.
public enum Mechanism: String, Sendable, Hashable, Encodable {
  /// The VJP of one operation.
  case rule
  /// The addition of contributions in the backward sweep.
  case accumulation
  /// The compiled program: a fusion or the memory plan.
  case program
  /// A value computed in the tape's own precision.
  case kernel
  /// An elementary function's derivative in the scalar that judges.
  case elementary
}

/// A fault, and the node that is convicted of it.
public struct Finding: Sendable, Hashable, Encodable, CustomStringConvertible {
  /// The machinery that is convicted.
  public internal(set) var mechanism: Mechanism
  /// The operation's name, or that of the leaf's role.
  public let operation: String
  /// The position of the node on the tape.
  public let node: Int
  /// The position with the value's symbol beside it where that says more than the number, `%4 z⁽¹⁾`.
  public let place: String
  /// The node's scope and label.
  public let path: String
  package let inputShapes: [[Int]]
  package let outputShape: [Int]
  /// The input whose contribution is wrong, where one is.
  public let input: Int?
  /// The element that is wrong by most, in row-major order.
  public let element: Int?
  /// The contribution of the rule at `element`.
  public let found: Double
  /// The contribution that the oracles expect there.
  public let expected: Double
  /// A guess of what is wrong, by comparing numbers.
  public internal(set) var hypothesis: Hypothesis
  /// True when a tangent was injected at the node, the rest replayed, and everything behind it shown to be right.
  public let isConfirmed: Bool

  public var description: String { text }

  /// One sentence.
  public var text: String {
    let numbers = comparedNumbers
    return "\(site), \(shapes): \(compared), found \(numbers.found), expected \(numbers.expected); \(hypothesis.text)"
      + (isConfirmed ? " (confirmed: everything behind it is right)" : "")
  }
}

/// A place where the function is not smooth, or not finite.
package struct Singularity: Sendable, Hashable, Encodable {
  package let operation: String
  package let node: Int
  let place: String
  package let path: String
  package let element: Int
  /// The step along the direction at which the branch changes; 0 exactly at a kink; `nil` for a value that is not finite.
  package let distance: Double?
  /// The operands of the element, where a value is not finite.
  package let operands: [Double]

  /// The operation and its node.
  var site: String { AdjointChecking.site(of: operation, place, path) }

  /// A clause, such as `exactly at a kink of relu at act (%3), element 2`.
  package var text: String {
    guard let distance else {
      let cause = operands.isEmpty ? "it was given so" : "its operands are \(operands)"
      return "\(site), element \(element), is not finite; \(cause)"
    }
    return (distance == 0 ? "exactly at" : "within \(short(distance)) of") + " a kink of \(site), element \(element)"
  }
}

/// `relu at act (%3 a⁽¹⁾)`, or `relu (%3)` without a name or a symbol.
func site(of operation: String, _ place: String, _ path: String) -> String {
  path.isEmpty ? "\(operation) (\(place))" : "\(operation) at \(path) (\(place))"
}
