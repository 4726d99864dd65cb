import Adjoint

// What is printed of types whose values are looked at when a check fails: a line each, never the raw struct.

extension TaylorRemainder: CustomStringConvertible {
  /// The rate at which the remainder falls, and the steps over which it was fitted.
  package var description: String {
    let fitted = window.map { ", fitted over h = \(short($0.lowerBound)) to \(short($0.upperBound))" } ?? ""
    let rate =
      switch decay {
      case .asExpected: "falls like h^\(short(rate)), as it must"
      case .faster: "falls like h^\(short(rate)), faster than it must"
      case .exact: "is round-off at every step"
      case .tooSlow: "falls like h^\(short(rate)), too slowly: h^\(short(required)) is asked for"
      case .undetermined: "has no rate: too few steps stand above round-off"
      }
    return "Taylor remainder of order \(order.rawValue), \(counted(points.count, "step")): \(rate)\(fitted)"
  }
}

extension TaylorRemainder.Point: CustomStringConvertible {
  package var description: String { "h = \(short(step)): \(short(remainder)), round-off \(short(floor))" }
}

extension TaylorSlope: CustomStringConvertible {
  package var description: String {
    "TaylorSlope from h = \(short(largestStep)), noise \(noise.map(short) ?? "observed")"
  }
}

extension WorstDifference: CustomStringConvertible {
  package var description: String { "\(short(absolute)), \(inBounds.inBounds) of its bound" }
}

extension OperationReport: CustomStringConvertible {
  package var description: String { summary }
}

extension Complaint: CustomStringConvertible {
  package var description: String { "\(places): \(text)" }
}

extension Singularity: CustomStringConvertible {
  package var description: String { text }
}

extension Hypothesis: CustomStringConvertible {
  public var description: String { text }
}

extension ComparedNumbers: CustomStringConvertible {
  package var description: String { "\(found), \(expected)" }
}

extension OracleWords: CustomStringConvertible {
  package var description: String { "\(name): \(meaning)" }
}

extension VerificationError.Reason: CustomStringConvertible {
  package var description: String {
    switch self {
    case .wrongGradient(let report): report.summary
    case .staleReplay(let value, let element, let replayed, let recorded):
      "element \(element) of the \(value) is \(replayed) when replayed, \(recorded) when recorded"
    case .otherOperations(let recorded, let afresh): "\(recorded) nodes when recorded first, \(afresh) when anew"
    }
  }
}

extension GradientCheck.Mode: CustomStringConvertible {
  public var description: String {
    switch self {
    case .directional(let directions): "along \(counted(directions, "random direction"))"
    case .full: "in every coordinate"
    }
  }
}

extension DoubleRecording: CustomStringConvertible {
  package var description: String {
    "recording in Double: \(output.index + 1) nodes, \(counted(leaves.count, "leaf", "leaves"))"
  }
}

extension CheckedRecording: CustomStringConvertible {
  package var description: String {
    "recording to check: \(counted(operationCount, "operation")), \(counted(leaves.count, "leaf", "leaves"))"
  }
}

extension FaultPattern: CustomStringConvertible {
  package var description: String {
    "contribution of shape \(shape), \(wrong.count) of \(sample.count) elements wrong: \((hypothesis ?? fallback).text)"
  }
}

extension ExampleDraw: CustomStringConvertible {
  package var description: String { "\(operation.name) of " + values.map(\.description).joined(separator: "; ") }
}

extension ExampleDraw.Value: CustomStringConvertible {
  package var description: String {
    switch self {
    case .numbers(let value): "\(value)"
    case .confined(let value): "\(value), held"
    case .indices(let value): "\(value)"
    }
  }
}

// MARK: Numbers of the oracles

extension ReferenceDouble: CustomStringConvertible {
  package var description: String { "\(value) ± \(short(error)) units" }
}

extension DualLanes: CustomStringConvertible {
  var description: String { "\(value), tangents \((0..<DualLanes.width).map { tangents[$0] })" }
}

extension DoubleDouble: CustomStringConvertible {
  package var description: String { low == 0 ? "\(high)" : "\(high) + \(low)" }
}

extension WideNumber: CustomStringConvertible {
  package var description: String { "(\(significand)) · 2^\(exponent)" }
}

extension ExactSum: CustomStringConvertible {
  package var description: String { "\(sum), a sum of \(counted(terms.count, "term"))" }
}

extension ClosedForm: CustomStringConvertible {
  package var description: String { "value \(value); first derivative \(first); second \(second)" }
}
