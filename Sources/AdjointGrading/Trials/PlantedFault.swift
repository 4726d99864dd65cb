import Adjoint
import AdjointChecking

/// A fault in one place of a recording: in a rule, or in the accumulation of one adjoint.
struct PlantedFault: Sendable {
  enum Kind: Sendable {
    case rule(RuleFault, input: Int)
    case sweep(FaultySweep.Fault)
  }

  let kind: Kind
  /// The node whose rule or whose accumulation is wrong.
  let node: Int
  /// The position of the node, with its symbol.
  private let place: String

  /// The rules' faults that leave shapes as they are and do not depend on the values.
  private static let rules: [RuleFault] = [
    .sign, .double, .half, .relativeError, .missingMean, .doubledMean, .droppedEdge, .wrongRow, .transposedStorage,
    .missingBroadcastSum, .signUnderBroadcast, .wrongBranch,
  ]

  /// A fault drawn for a recording; `nil` where none fits the place that was drawn.
  init?<S: Scalar>(
    in output: Variable<S>, withRespectTo leaves: [Variable<S>], among nodes: Set<Int>, sweeps: Bool,
    using generator: inout Generator
  ) {
    func one<T>(of choices: [T]) -> T? {
      choices.isEmpty ? nil : choices[Int(generator.next() % UInt64(choices.count))]
    }
    let tape = output.tape
    let mark = tape.count
    defer { tape.truncate(to: mark) }
    let edges = tape.backward(from: output, cotangent: tape.constant(.ones(output.shape)), to: leaves).edges
    if sweeps {
      let arrivals = Dictionary(grouping: edges, by: \.producer).filter { $0.value.count > 1 }
      guard let node = one(of: arrivals.keys.sorted()),
        let fault = one(of: [FaultySweep.Fault.assigned, .droppedEdge(0), .countedTwice(0)])
      else { return nil }
      (kind, self.node, place) = (.sweep(fault), node, tape.places(of: [node])[0])
      return
    }
    guard let edge = one(of: edges.filter { nodes.contains($0.consumer) }),
      let site = FaultSite(at: tape[edge.consumer], input: edge.position),
      let fault = one(of: PlantedFault.rules.filter { $0.applies(to: site) && $0.trap(at: site) == nil })
    else { return nil }
    (kind, node) = (.rule(fault, input: edge.position), edge.consumer)
    place = tape.places(of: [node])[0]
  }

  var title: String {
    switch kind {
    case .rule(let fault, let input): "\(fault.rawValue) in the rule of \(place), input \(input)"
    case .sweep(let fault): "\(fault) at \(place)"
    }
  }

  /// The operation at the fault's node with its rule spoilt; as it was where the sweep is at fault.
  func spoilt<S: Scalar>(_ operation: any Adjoint.Operation, at x: Variable<S>) -> any Adjoint.Operation {
    guard case .rule(let fault, let input) = kind, let site = FaultSite(at: x, input: input) else { return operation }
    return SabotagedOperation(original: operation, site: site, fault: fault)
  }

  /// The sweep with this fault; as it was where a rule is at fault.
  func planted(in sound: Backward<Double>) -> Backward<Double> {
    guard case .sweep(let fault) = kind else { return sound }
    return FaultySweep(fault: fault, node: node).sweep(sound)
  }

  /// Tells whether a fault shows: some leaf's gradient differs by more than rounding.
  func shows(_ found: [[Double]], beside right: [[Double]]) -> Bool {
    zip(found, right).contains { found, right in
      let size = (found + right).map(abs).filter(\.isFinite).max() ?? 0
      return zip(found, right).contains { abs($0 - $1) > 1e-5 * size }
    }
  }

  /// The check of a recording that has this fault.
  func planted<S: Scalar>(in check: GradientCheck<S>) -> GradientCheck<S> {
    var check = check
    check.alter = { planted(in: $0) }
    return check
  }
}

extension FaultSite {
  /// The site of an input of a recorded operation; `nil` for indices.
  init?<S: Scalar>(at x: Variable<S>, input: Int) {
    guard let operation = x.operation, operation.indexPosition != input else { return nil }
    let isTied = [.binary(.maximum), .binary(.minimum)].contains(operation.form)
    let isKinked = [.unary(.relu), .unary(.abs)].contains(operation.form) || operation.name == "leakyRelu"
    self.init(
      input: input, shape: x.inputs[input].shape, outputShape: x.shape, isElementwise: operation.isElementwise,
      broadcasts: operation.isElementwise || operation.form == .broadcast,
      kink: isTied ? .between : isKinked ? .at(0) : nil)
  }
}

extension Tape {
  /// A copy of a recording, node for node, with another operation in place of some.
  static func copy(
    of output: Variable<S>, replacing replacement: (any Adjoint.Operation, Variable<S>) -> any Adjoint.Operation
  ) -> Variable<S> {
    let source = output.tape
    let copy = Tape(mode: source.mode, seed: source.seed)
    for node in 0...output.index {
      let x = source[node]
      let y: Variable<S>
      if let operation = x.operation {
        y = copy.record(replacement(operation, x), inputs: x.inputs.map { copy[$0.index] })
      } else {
        switch x.role {
        case .index: y = copy.index(x.indexValue)
        case .constant: y = copy.constant(x.value)
        case .parameter: y = copy.parameter(Parameter(x.value))
        case .input, .state, .random, nil: y = copy.input(x.value)
        }
      }
      if !x.path.isEmpty { y.labeled(x.path) }
    }
    return copy[output.index]
  }
}
