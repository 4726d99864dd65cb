import Adjoint
import AdjointChecking
import Foundation

/// Grades the checker: puts every applicable fault into every input of every operation and into the code that they share, adds
/// faults that hide and that people make, and counts how many are found and blamed on the right place.
///
/// The library itself is never edited: faults are injected by wrapper operations, wrapper scalars, and altered sweeps and
/// plans that a driver hands in.
public struct Sabotage: Sendable {
  private let operations: [any Adjoint.Operation.Type]
  private let includesSharedCode: Bool
  private let seed: UInt64

  /// A grade over some operations.
  /// - Parameters:
  ///   - operations: the types whose examples get faults.
  ///   - includesSharedCode: true to damage the sweep and the plans too, and to add faults that hide and that people make.
  ///   - seed: the key of the random points.
  public init(
    _ operations: [any Adjoint.Operation.Type] = OperationCatalog.all, includesSharedCode: Bool = true, seed: UInt64 = 0
  ) {
    (self.operations, self.includesSharedCode, self.seed) = (operations, includesSharedCode, seed)
  }

  /// Puts in one fault after the other, and counts those that are found. It takes minutes for the whole catalogue.
  public func run() -> MutationScore {
    let started = Date()
    let (targets, seed) = (targets, seed)
    var mutants = inParallel(targets.count) { number in targets[number].mutants(seed: seed) }.flatMap { $0 }
    if includesSharedCode { mutants += SharedFaults(seed: seed).mutants() + HardMutant.mutants(seed: seed) }
    return MutationScore(all: mutants, seconds: Date().timeIntervalSince(started))
  }

  /// Examples of one operation: those of one name, and for a product of one pair of flags.
  var targets: [SabotageTarget] {
    var targets: [SabotageTarget] = []
    let examples = operations.flatMap { $0.examples }
    for example in examples.compactMap(\.interleaved) + examples {
      let operation = example.operation
      let flags = operation.form.isProduct ? operation.attributes.map(\.description).joined(separator: ", ") : ""
      let name = operation.name + (flags.isEmpty ? "" : "(\(flags))")
      if let known = targets.firstIndex(where: { $0.name == name }) {
        targets[known].examples.append(example)
      } else {
        targets.append(SabotageTarget(name: name, examples: [example]))
      }
    }
    return targets
  }
}

extension Sabotage: CustomStringConvertible {
  /// The operations, and whether shared code takes part.
  public var description: String {
    "Sabotage of \(operations.count) operations\(includesSharedCode ? " and the code that they share" : ""), seed \(seed)"
  }
}

/// One operation under sabotage, with its examples.
struct SabotageTarget: Sendable {
  let name: String
  var examples: [Example]
  /// The number of examples that are tried before a fault counts as equivalent.
  private static let patience = 8

  /// Every fault in every input that holds numbers, judged.
  func mutants(seed: UInt64) -> [Mutant] {
    candidates(seed: seed).map { candidate in
      switch candidate {
      case .mutant(let sabotaged, let example): judge(sabotaged, example, seed: seed)
      case .excused(let mutant): mutant
      }
    }
  }

  /// A fault in its place: one that counts, or one that is equivalent or trapped.
  enum Candidate {
    case mutant(SabotagedOperation, Example)
    case excused(Mutant)
  }

  /// Every fault in every input that holds numbers.
  func candidates(seed: UInt64) -> [Candidate] {
    let positions = examples.first.map { example in
      example.inputs.indices.filter { if case .numbers = example.inputs[$0] { true } else { false } }
    }
    return (positions ?? []).flatMap { position in
      RuleFault.allCases.compactMap { candidate($0, position, seed: seed) }
    }
  }

  /// The fault in the first example where it makes a difference; `nil` where it applies to none.
  func candidate(_ fault: RuleFault, _ position: Int, seed: UInt64) -> Candidate? {
    var excuse: (outcome: Mutant.Outcome, reason: String)?
    let places = telling(position).compactMap { example in
      site(example, position).flatMap { fault.applies(to: $0) ? (example, $0) : nil }
    }
    for (example, site) in places.prefix(SabotageTarget.patience) {
      let draw = ExampleDraw(example, seed: seed)
      if !SabotageNetwork<Double>(draw, operation: example.operation, seed: seed).isDifferentiable(position) {
        excuse = excuse ?? (.equivalent, "its contribution is identically zero")
        continue
      }
      if let trap = fault.trap(at: site) {
        excuse = excuse ?? (.trapped, trap)
        continue
      }
      let sabotaged = SabotagedOperation(original: example.operation, site: site, fault: fault)
      if Equivalence(draw, sabotaged, seed: seed).holds {
        excuse = excuse ?? (.equivalent, "the same gradient at two points and the same second derivative")
        continue
      }
      return .mutant(sabotaged, example)
    }
    guard let excuse else { return nil }
    return .excused(
      Mutant(
        operation: name, input: position, fault: fault.rawValue, outcome: excuse.outcome, reason: excuse.reason,
        hypothesis: nil))
  }

  private func judge(_ sabotaged: SabotagedOperation, _ example: Example, seed: UInt64) -> Mutant {
    let network = SabotageNetwork<Double>(ExampleDraw(example, seed: seed), operation: sabotaged, seed: seed)
    let report = network.check(order: sabotaged.fault.isSecondOrder ? 2 : 1, seed: seed)
    let first = report.findings.first
    let isRight = first?.mechanism == .rule && first?.node == network.node
    return Mutant(
      operation: name, input: sabotaged.site.input, fault: sabotaged.fault.rawValue,
      outcome: report.verdict != .disagree ? .survived : isRight ? .blamed : .detected,
      reason: report.verdict != .disagree
        ? "\(example.title): \(report.summary)" : first.map { "\(example.title): \($0.text)" } ?? report.summary,
      hypothesis: first?.hypothesis)
  }

  /// The examples with most to say about an input first.
  private func telling(_ position: Int) -> [Example] {
    examples.filter { example in
      guard position < example.inputs.count, let shape = try? example.operation.shape(of: example.inputs.map(\.shape))
      else { return false }
      return shape.elementCount > 0 && example.inputs[position].shape.elementCount > 0
    }
    .enumerated().sorted {
      let (a, b) = ($0.element.inputs[position].shape, $1.element.inputs[position].shape)
      return (a.elementCount, -$0.offset) > (b.elementCount, -$1.offset)
    }
    .map(\.element)
  }

  private func site(_ example: Example, _ position: Int) -> FaultSite? {
    let shapes = example.inputs.map(\.shape)
    guard let output = try? example.operation.shape(of: shapes) else { return nil }
    let (shape, kinks): (Shape, [Double])
    switch example.inputs[position] {
    case .numbers(let own, let range, let avoided) where range.lowerBound < range.upperBound:
      (shape, kinks) = (own, avoided)
    case .wellConditioned(let own): (shape, kinks) = (own, [])
    case .numbers, .indices: return nil
    }
    let ties = [.binary(.maximum), .binary(.minimum)].contains(example.operation.form)
    let kink: FaultSite.Kink? = kinks.first.map { .at($0) } ?? (ties ? .between : nil)
    return FaultSite(
      input: position, shape: shape, outputShape: output, isElementwise: example.operation.isElementwise,
      broadcasts: example.operation.isElementwise || example.operation.form == .broadcast, kink: kink)
  }
}
