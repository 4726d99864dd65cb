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
  /// No pattern of this list.
  case unknown

  /// A clause for people.
  public var text: String {
    switch self {
    case .sign: "the sign is wrong"
    case .factor(let factor): "wrong by the factor \(short(factor))"
    case .transposed: "the contribution is transposed"
    case .missingMean(let n): "a factor 1/N is missing (N = \(n))"
    case .doubledMean(let n): "a factor 1/N is doubled or does not belong there (N = \(n))"
    case .missingBroadcastSum: "the sum over a broadcast axis is missing"
    case .assignedInsteadOfAccumulated: "the adjoint was assigned instead of accumulated"
    case .droppedEdge: "an edge was dropped: no contribution arrives"
    case .staleValue: "a stale value: right at the recorded inputs, wrong when replayed at others"
    case .wrongBranch: "the wrong branch at a kink: wrong on one side only"
    case .wrongRow(let row): "only row \(row) is wrong"
    case .relativeError(let error): "a relative error of \(short(error)) everywhere"
    case .wrongValue: "the value itself is wrong: a kernel, a plan or a fusion"
    case .sharedDerivative: "dual numbers and the rule agree with each other and not with differences"
    case .wrongTangent: "dual numbers are wrong here: differences side with the rule"
    case .countedTwice: "a contribution was added twice"
    case .wrongSecondDerivative: "right to first order, wrong to second: the rule detaches a part of itself"
    case .missingLocalDerivative: "the local derivative is missing: the cotangent is passed on as it came"
    case .unknown: "no known pattern"
    }
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
    let place = path.isEmpty ? "%\(node)" : "\(path) (%\(node))"
    let shapes = inputShapes.map { "\($0)" }.joined(separator: ", ") + " → \(outputShape)"
    let position = input.map { ", input \($0)" } ?? ""
    let worst = element.map { ", element \($0)" } ?? ""
    return "\(operation) at \(place), \(shapes)\(position)\(worst): found \(found), expected \(expected); "
      + hypothesis.text + (isConfirmed ? " (confirmed: everything behind it is right)" : "")
  }
}

/// A place where the function is not smooth, or not finite.
package struct Singularity: Sendable, Hashable, Encodable {
  package let operation: String
  package let node: Int
  package let path: String
  package let element: Int
  /// The step along the direction at which the branch changes; 0 exactly at a kink; `nil` for a value that is not finite.
  package let distance: Double?
  /// The operands of the element, where a value is not finite.
  package let operands: [Double]

  /// The operation and its node.
  var place: String { path.isEmpty ? "\(operation) %\(node)" : "\(operation) \(path) (%\(node))" }

  /// One sentence.
  package var text: String {
    let place = path.isEmpty ? "%\(node)" : "\(path) (%\(node))"
    guard let distance else {
      let cause = operands.isEmpty ? "it was given so" : "its operands are \(operands)"
      return "\(operation) at \(place), element \(element), is not finite; \(cause)"
    }
    return "within \(short(distance)) of a kink at \(operation) \(place), element \(element)"
  }
}
