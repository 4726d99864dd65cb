import Adjoint

/// The outcome of a check.
public enum Verdict: String, Sendable, Hashable, Encodable, CaseIterable {
  /// Every oracle that could judge agrees within its bound.
  case agree
  /// An oracle contradicts beyond its bound.
  case disagree
  /// No oracle could judge, such as exactly at a kink or where values are not finite.
  case cannotTell

  /// The word for people.
  public var text: String {
    switch self {
    case .agree: "agree"
    case .disagree: "DISAGREE"
    case .cannotTell: "cannot tell"
    }
  }

  /// The verdict of several checks together: one contradiction convicts, one doubt prevents an acquittal. Nothing checked
  /// is nothing proved.
  package static func combined(_ verdicts: some Collection<Verdict>) -> Verdict {
    var result = verdicts.isEmpty ? Verdict.cannotTell : .agree
    for verdict in verdicts {
      if verdict == .disagree { return .disagree }
      if verdict == .cannotTell { result = .cannotTell }
    }
    return result
  }
}

/// A judge of derivatives that uses no rule under test.
public enum Oracle: String, Sendable, Hashable, Encodable, CaseIterable {
  /// Each operation by itself: its contributions against dual numbers of that operation alone.
  case local
  /// The recording replayed in dual numbers, under a derived bound.
  case dual
  /// The recording replayed in second-order dual numbers.
  case secondOrderDual
  /// Extrapolated differences in Double, with an error bar.
  case differences
  /// The rate at which the remainder of the Taylor expansion falls.
  case taylor
  /// The gradient in the tape's own precision against Double at the same inputs.
  case precision
  /// One-sided derivatives at a kink.
  case subgradient
  /// The compiled program against the recording with every value kept: bit for bit.
  case program
  /// Forward values of the fast loops against the plain ones, under a running error bound.
  case reference
}

/// One comparison of a derivative with an oracle.
public struct Judgment: Sendable, Hashable, Encodable, CustomStringConvertible {
  /// The witness.
  public let oracle: Oracle
  /// 1 for a first derivative, 2 for a second.
  public let order: Int
  /// The derivative by the rules of the recording.
  public let found: Double
  /// The derivative by the oracle.
  public let expected: Double
  /// The largest difference that rounding, truncation or the oracle's own error explains.
  public let bound: Double
  /// The verdict of this comparison.
  public internal(set) var verdict: Verdict
  /// A note on what was compared, or on why nothing could be said.
  package internal(set) var remark: String

  init(
    _ oracle: Oracle, order: Int, found: Double, expected: Double, bound: Double, verdict: Verdict? = nil,
    remark: String = ""
  ) {
    (self.oracle, self.order, self.found, self.expected, self.bound) = (oracle, order, found, expected, bound)
    let error = abs(found - expected)
    self.verdict = verdict ?? (error <= bound ? .agree : .disagree)
    self.remark = remark
  }

  public var description: String {
    "\(oracle), order \(order): \(verdict.text), found \(found), expected \(expected), bound \(short(bound))"
      + (remark.isEmpty ? "" : "; \(remark)")
  }

  /// A judgment that nothing could be told, and why.
  static func silent(order: Int, at value: Double, _ remark: String) -> Judgment {
    Judgment(.dual, order: order, found: value, expected: value, bound: 0, verdict: .cannotTell, remark: remark)
  }

  /// The difference as a share of the bound: above 1 is a contradiction.
  ///
  /// For a Taylor slope, the required rate as a share of the rate that was measured.
  package var severity: Double {
    if oracle == .taylor {
      let share = found > 0 ? expected / found : .infinity
      return verdict == .disagree ? max(share, 1) : found.isNaN ? 0 : min(share, 1)
    }
    let error = abs(found - expected)
    return error == 0 ? 0 : error / bound
  }
}
