import Adjoint
import AdjointChecking

/// A fault in a network, with everything that it takes to write it down for another library; or the network without it.
package struct PeerMutant: Sendable {
  /// The fault in its place, such as `tanh, input 0: sign, tinyLoss`.
  package let id: String
  /// The alteration of the rule; `nil` in a network that is right.
  package let fault: Fault?
  /// 1, or 2 where only the second derivative tells.
  package let order: Int
  package let isFloat: Bool
  private let draw: ExampleDraw
  private let operation: any Adjoint.Operation
  private let setting: FaultSetting
  private let seed: UInt64

  /// An alteration of one contribution.
  package struct Fault: Sendable {
    /// The name in `RuleFault` or `RuleMistake`.
    package let kind: String
    /// The input whose contribution it is.
    package let input: Int
    /// The N of a mean that is forgotten.
    package let count: Int
    /// The number at which the input has a kink; `nil` also where it is the other input.
    package let kink: Double?
  }

  /// The network on a tape of its own.
  package func recorded<S: Scalar>(as: S.Type) -> (loss: Variable<S>, leaves: [Variable<S>], node: Int) {
    let network = SabotageNetwork<S>(draw, operation: operation, setting: setting, seed: seed)
    return (network.loss, network.leaves, network.node)
  }

  /// Every mutant of `Sabotage` that stands in one rule, the mistakes of `RuleMistake`, and both at scales where they are small, each
  /// of those beside its right twin.
  package static func all(seed: UInt64) -> [PeerMutant] {
    let targets = Sabotage(seed: seed).targets
    let rules = inParallel(targets.count) { targets[$0].peers(seed: seed) }.flatMap { $0 }
    let mistakes = RuleMistake.allCases.flatMap { mistake in
      mistake.operations.compactMap { name in mistake.example(of: name).map { PeerMutant(mistake, $0, seed: seed) } }
    }
    return rules + mistakes + scaled(seed: seed)
  }

  /// Faults of the three plainest kinds, and none, in every setting.
  private static func scaled(seed: UInt64) -> [PeerMutant] {
    let operations = ["tanh", "exp", "multiply", "matmul", "mean", "softmax", "gather", "averagePool"]
    let targets = Sabotage(seed: seed).targets.filter { target in operations.contains { target.is($0) } }
    let faults: [RuleFault?] = [nil, .sign, .double, .droppedEdge]
    return targets.flatMap { target in
      FaultSetting.allCases.filter { $0 != .plain }.flatMap { setting in
        faults.compactMap { target.peer($0, setting: setting, seed: seed) }
      }
    }
  }

  fileprivate init(
    _ sabotaged: SabotagedOperation?, _ name: String, _ example: Example, setting: FaultSetting = .plain, seed: UInt64
  ) {
    let fault = sabotaged.map { sabotaged in
      var kink: Double?
      if case .at(let number) = sabotaged.site.kink { kink = number }
      return Fault(
        kind: sabotaged.fault.rawValue, input: sabotaged.site.input, count: sabotaged.site.meanCount, kink: kink)
    }
    let place = fault.map { "\(name), input \($0.input): \($0.kind)" } ?? "\(name): right"
    id = setting == .plain ? place : "\(place), \(setting.rawValue)"
    order = sabotaged?.fault.isSecondOrder == true ? 2 : 1
    (draw, operation) = (ExampleDraw(example, seed: seed), sabotaged ?? example.operation)
    (self.fault, isFloat, self.setting, self.seed) = (fault, false, setting, seed)
  }

  private init(_ mistake: RuleMistake, _ example: Example, seed: UInt64) {
    id = "\(example.operation.name), input 0: \(mistake.rawValue)"
    fault = Fault(kind: mistake.rawValue, input: 0, count: 1, kink: nil)
    (draw, operation) = (
      ExampleDraw(example, seed: seed), MistakenOperation(original: example.operation, mistake: .rule(mistake))
    )
    (order, isFloat, setting, self.seed) = (1, mistake == .singlePrecision, .plain, seed)
  }
}

extension SabotageTarget {
  /// True for the operation of this name, and for a product with any flags.
  fileprivate func `is`(_ operation: String) -> Bool { examples.first?.operation.name == operation }

  /// Every mutant that counts.
  fileprivate func peers(seed: UInt64) -> [PeerMutant] {
    candidates(seed: seed).compactMap { candidate in
      guard case .mutant(let sabotaged, let example) = candidate else { return nil }
      return PeerMutant(sabotaged, name, example, seed: seed)
    }
  }

  /// A fault in the first input, in one setting.
  fileprivate func peer(_ fault: RuleFault?, setting: FaultSetting, seed: UInt64) -> PeerMutant? {
    guard let fault else { return examples.first.map { PeerMutant(nil, name, $0, setting: setting, seed: seed) } }
    guard case .mutant(let sabotaged, let example) = candidate(fault, 0, seed: seed) else { return nil }
    return PeerMutant(sabotaged, name, example, setting: setting, seed: seed)
  }
}
