import Adjoint

/// The values of a forward pass that get a name and an equation. The others are written inside a formula.
///
/// A value is written inside when one formula of the same layer alone uses it, such as x·Wᵀ within x·Wᵀ + b, or a step
/// of a loss. The formula must stay short, and the backward pass must not need the value, or its adjoint, twice.
struct NamingPlan<S: Scalar> {
  /// The nodes that L depends on, in the order of the tape.
  let forward: [Int]
  private let inlined: Set<Int>
  /// The number of times that the backward pass reads each node.
  let uses: [Int: Int]
  private let tape: Tape<S>
  /// The named node in whose formula an unnamed one stands.
  private let host: [Int: Int]

  private static var longest: Int { 6 }

  init(of output: Variable<S>, _ backward: Backward<S>, _ symbols: Symbols, isUnfolded: Bool) {
    forward = output.dependencies
    tape = output.tape
    var consumers: [Int: [Int]] = [:]
    for node in forward { for input in tape[node].inputs { consumers[input.index, default: []].append(node) } }
    let uses = NamingPlan.backwardUses(output, backward)

    var inlined: Set<Int> = []
    var size: [Int: Int] = [:]
    for node in forward {
      let x = tape[node]
      guard let operation = x.operation else { continue }
      // A rearrangement teaches nothing: it stands in the formula that uses it.
      let isFolded = !isUnfolded && [.reshape, .permute, .unfold].contains(operation.form)
      let own = (isFolded ? 0 : 1) + x.inputs.reduce(0) { $0 + (inlined.contains($1.index) ? size[$1.index] ?? 0 : 0) }
      size[node] = own
      guard node != output.index, let users = consumers[node], users.count == 1, x.label == nil,
        own < NamingPlan.longest, !symbols.isWeightedSum(node), !symbols.isActivation(node),
        operation.form != .softmax(.softmax)
      else { continue }
      let user = tape[users[0]]
      let adjointUses = backward.adjoint(of: x).map { uses[$0.index] ?? 0 } ?? 0
      let isInSum =
        symbols.isWeightedSum(user.index)
        || (consumers[user.index]?.count == 1 && symbols.isWeightedSum(consumers[user.index]?[0] ?? node))
      guard
        isFolded
          || (user.scope == x.scope && user.operation?.form.isProduct != true && uses[node] ?? 0 <= 1
            && (adjointUses <= 1 || operation.form == .softmax(.logSoftmax) || isInSum))
      else { continue }
      inlined.insert(node)
    }
    (self.inlined, self.uses) = (inlined, uses)
    var host: [Int: Int] = [:]
    for node in forward.reversed() where inlined.contains(node) {
      if let user = consumers[node]?.first { host[node] = host[user] ?? user }
    }
    self.host = host
  }

  /// True for every leaf but a single number, and for every result that is not written inside another.
  func isNamed(_ node: Int) -> Bool {
    let x = tape[node]
    if x.role == .constant { return x.shape.elementCount > 1 }
    return !inlined.contains(node)
  }

  /// The named node in whose formula a node stands; the node itself where it has a name.
  func named(_ node: Int) -> Int { host[node] ?? node }

  /// The number of times that the backward pass reads each node.
  private static func backwardUses(_ output: Variable<S>, _ backward: Backward<S>) -> [Int: Int] {
    let tape = output.tape
    var pending = output.dependencies.compactMap { backward.adjoint(of: tape[$0])?.index }
    var (seen, uses): (Set<Int>, [Int: Int]) = ([], [:])
    while let node = pending.popLast() {
      guard node > output.index, seen.insert(node).inserted else { continue }
      for input in tape[node].inputs {
        uses[input.index, default: 0] += 1
        pending.append(input.index)
      }
    }
    return uses
  }
}
