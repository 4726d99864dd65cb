import Adjoint
import AdjointChecking

/// Faults that hide, and faults that people make, looked for along directions and in every coordinate, in `Double` and `Float`.
package enum HardMutant {
  /// One fault with the operation that has it.
  fileprivate struct Fault: Sendable {
    let group: String
    let name: String
    let example: Example
    let operation: any Adjoint.Operation
    var cover = Cover.none
    var order = 1
    var precisions = Precision.allCases
  }

  fileprivate enum Precision: CaseIterable {
    case double
    case float
  }

  /// The groups by which a score names these mutants: faults that people make, rules that make NaN, rules that are wrong in
  /// Float, detached cotangents, faults that hide.
  package static let groups = ["mistake", "not finite", "in Float alone", "detached", "hidden"]

  package static func mutants(seed: UInt64) -> [Mutant] {
    let trials = faults.flatMap { fault in
      fault.precisions.flatMap { precision in [false, true].map { (fault, precision, isFull: $0) } }
    }
    return inParallel(trials.count) { number in
      let (fault, precision, isFull) = trials[number]
      return switch precision {
      case .double: mutant(fault, Double.self, isFull: isFull, seed: seed)
      case .float: mutant(fault, Float.self, isFull: isFull, seed: seed)
      }
    }
  }

  private static func mutant<S: Scalar>(_ fault: Fault, _ type: S.Type, isFull: Bool, seed: UInt64) -> Mutant {
    let draw = ExampleDraw(fault.example, seed: seed)
    let network = SabotageNetwork<S>(draw, operation: fault.operation, cover: fault.cover, seed: seed)
    let report = network.check(order: fault.order, mode: isFull ? .full : .directional(2), seed: seed)
    let first = report.findings.first
    let isRight = first?.mechanism == .rule && first?.node == network.node
    return Mutant(
      operation: fault.group, input: nil, fault: "\(fault.name), \(isFull ? "full" : "directional"), \(S.self)",
      outcome: report.verdict != .disagree ? .survived : isRight ? .blamed : .detected,
      reason: report.verdict != .disagree ? "\(report)" : first?.text ?? "\(report)", hypothesis: first?.hypothesis)
  }

  // MARK: The faults

  private static var faults: [Fault] { mistakes + rare + covered + [oneElement] }

  private static var mistakes: [Fault] {
    PeoplesMistake.allCases.map { mistake in
      Fault(
        group: groups[0], name: mistake.rawValue, example: mistake.example,
        operation: MistakenOperation(original: mistake.example.operation, mistake: .people(mistake)))
    }
  }

  private static var rare: [Fault] {
    RareMistake.allCases.map { mistake in
      Fault(
        group: groups[mistake.isSecondOrder ? 3 : mistake.isOfFloat ? 2 : 1],
        name: mistake.rawValue, example: mistake.example,
        operation: MistakenOperation(original: mistake.example.operation, mistake: .rare(mistake)),
        order: mistake.isSecondOrder ? 2 : 1, precisions: mistake.isOfFloat ? [.float] : Precision.allCases)
    }
  }

  /// Plain faults where a bound with an absolute floor does not see them.
  private static var covered: [Fault] {
    let covers: [(Cover, String, [Precision])] = [
      (.factor(1e-14), "behind a factor 1e-14", Precision.allCases),
      (.scale(1e-20), "in a loss of 1e-20", Precision.allCases),
      (.scale(1e-30), "in a loss of 1e-30", Precision.allCases), (.scale(1e-200), "in a loss of 1e-200", [.double]),
      (.saturation, "behind a saturated sigmoid", Precision.allCases),
      (.largeTerms, "beside terms of 1e10", Precision.allCases),
    ]
    let places: [(Example, RuleFault)] = [
      (Example(Unary.sin, .numbers([3, 4])), .sign), (Example(MatMul(), .numbers([3, 4]), .numbers([4, 2])), .double),
      (Example(Unary.exp, .numbers([3, 4])), .relativeError),
    ]
    return covers.flatMap { cover, name, precisions in
      places.map { example, fault in
        Fault(
          group: groups[4], name: "\(fault.rawValue) in \(example.operation.name) \(name)", example: example,
          operation: SabotagedOperation(original: example.operation, site: site(example), fault: fault), cover: cover,
          precisions: precisions)
      }
    }
  }

  /// The first input of an operation without kinks.
  private static func site(_ example: Example) -> FaultSite {
    let shapes = example.inputs.map(\.shape)
    return FaultSite(
      input: 0, shape: shapes[0], outputShape: (try? example.operation.shape(of: shapes)) ?? shapes[0],
      isElementwise: example.operation.isElementwise, broadcasts: example.operation.isElementwise, kink: nil)
  }

  private static var oneElement: Fault {
    // Every coordinate of 10,000 takes minutes without optimisation.
    #if DEBUG
      let example = Example(Unary.tanh, .numbers([20, 20]))
    #else
      let example = Example(Unary.tanh, .numbers([100, 100]))
    #endif
    return Fault(
      group: groups[4], name: "one element of \(example.inputs[0].shape.elementCount) off by 1e-6", example: example,
      operation: MistakenOperation(original: Unary.tanh, mistake: .oneElement))
  }
}
