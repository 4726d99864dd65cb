import Adjoint
import AdjointChecking

/// One fault in one place, and what came of it.
package struct Mutant: Sendable {
  package enum Outcome: String, Sendable {
    /// The checker disagrees, and its first finding names the place or the mechanism.
    case blamed
    /// The checker disagrees, and blames something else.
    case detected
    /// The checker does not disagree.
    case survived
    /// Equal to the original; outside the score.
    case equivalent
    /// Refused by recording; outside the score.
    case trapped
  }

  /// The operation, or the mechanism in shared code.
  package let operation: String
  package let input: Int?
  package let fault: String
  package let outcome: Outcome
  /// Why it is equivalent, trapped or has survived; what was blamed otherwise.
  package let reason: String
  /// The checker's guess.
  package let hypothesis: Hypothesis?

  /// One line.
  package var text: String {
    let place = input.map { "\(operation), input \($0)" } ?? operation
    return "\(place): \(fault): \(reason)"
  }
}

/// The checker's own grade: the number of faults that it finds, and how often it blames the right place.
public struct MutationScore: Sendable {
  package let all: [Mutant]
  package let seconds: Double

  /// Those that count: neither equivalent to the original nor refused by recording.
  public var mutants: Int { all.count { $0.outcome != .equivalent && $0.outcome != .trapped } }
  /// The number of faults that were found, in the right place or in another.
  public var detected: Int { all.count { $0.outcome == .blamed || $0.outcome == .detected } }
  /// The number of faults that were found in the right place.
  public var blamed: Int { all.count { $0.outcome == .blamed } }
  package var equivalent: [Mutant] { all.filter { $0.outcome == .equivalent } }
  package var trapped: [Mutant] { all.filter { $0.outcome == .trapped } }
  package var survivors: [Mutant] { all.filter { $0.outcome == .survived } }
  /// 0 when every fault was found, 1 when one survived, 2 when there was none to find.
  package var exitCode: Int32 { mutants == 0 ? 2 : survivors.isEmpty ? 0 : 1 }
  /// Found, but pinned on another place.
  package var misblamed: [Mutant] { all.filter { $0.outcome == .detected } }

  /// The least number of mutants that any differentiable operation has.
  package var fewestPerOperation: (operation: String, count: Int)? {
    let counted = all.filter { $0.outcome != .equivalent && $0.outcome != .trapped && $0.input != nil }
    // Ties go by name, or the line would change from run to run.
    return Dictionary(grouping: counted, by: \.operation).map { ($0.key, $0.value.count) }
      .min { ($0.1, $0.0) < ($1.1, $1.0) }
  }
}

extension MutationScore: CustomStringConvertible {
  /// The figures, then every exclusion and survivor with its reason.
  public var description: String {
    func percent(_ part: Int) -> String {
      mutants == 0 ? "-" : "\((Double(part) / Double(mutants) * 1000).rounded() / 10)%"
    }
    var lines = [
      "\(mutants) mutants, \(detected) detected (\(percent(detected))), \(blamed) blamed (\(percent(blamed))), "
        + "\(equivalent.count) equivalent, \(trapped.count) trapped, \(survivors.count) survivors, \(short(seconds)) s"
    ]
    if mutants == 0 { lines.append("nothing was graded: no fault applies; give operations with examples") }
    if let fewest = fewestPerOperation {
      lines.append("at least \(fewest.count) mutants an operation (\(fewest.operation))")
    }
    lines += survivors.map { "survived: " + $0.text }
    lines += misblamed.map { "misblamed: " + $0.text }
    lines += grouped(equivalent).map { "equivalent: " + $0 }
    lines += grouped(trapped).map { "trapped: " + $0 }
    return lines.joined(separator: "\n")
  }

  /// One line for each place and reason, with the faults that share it.
  private func grouped(_ mutants: [Mutant]) -> [String] {
    var order: [String] = []
    var faults: [String: [String]] = [:]
    for mutant in mutants {
      let place = mutant.input.map { "\(mutant.operation), input \($0)" } ?? mutant.operation
      let key = "\(place): \(mutant.reason)"
      if faults[key] == nil { order.append(key) }
      faults[key, default: []].append(mutant.fault)
    }
    return order.map { "\($0) (\((faults[$0] ?? []).joined(separator: ", ")))" }
  }
}
