/// One instruction to be: which nodes it computes, what it reads, and what it must leave in memory.
package struct Step {
  package enum Kind {
    /// The operation as it is.
    case general
    /// A matrix product with its last pass: bias, function, or both.
    case product(matmul: Int, bias: Int?, function: MapFunction?)
    /// Elementwise operations of one shape, run block by block so that what only they use stays in cache.
    case chain
  }

  package var kind: Kind
  /// The nodes computed, in order.
  package var nodes: [Int]
  /// The nodes among them whose values are used outside.
  package var results: [Int]

  /// What is read from outside, each operand of each node once.
  func reads(_ nodes: [Node]) -> [Int] {
    let own = Set(self.nodes)
    var seen: Set<Int> = []
    return self.nodes.flatMap { Array(nodes[$0].inputs) }.filter { !own.contains($0) && seen.insert($0).inserted }
  }
}

/// Turns the live nodes of a tape into steps, merging what a loop can do in one pass. The tape is not changed, and neither
/// is a bit of any value: a fused step rounds after each operation, exactly as the operations apart.
///
/// A fast path is a pattern here, never a node of the tape.
struct Fusion {
  let nodes: [Node]
  let live: [Bool]
  let kept: Set<Int>
  private var users: [[Int]]

  init(nodes: [Node], live: [Bool], kept: Set<Int>) {
    self.nodes = nodes
    self.live = live
    self.kept = kept
    users = Array(repeating: [], count: nodes.count)
    for i in nodes.indices where live[i] { for x in nodes[i].inputs { users[x].append(i) } }
  }

  /// The steps in order. Without fusing, every operation is a step of its own.
  func steps(fusing: Bool) -> [Step] {
    var steps: [Step] = []
    for i in nodes.indices where live[i] {
      guard case .operation = nodes[i].kind else { continue }
      if !fusing {
        steps.append(Step(kind: .general, nodes: [i], results: [i]))
      } else if isAlias(i) {
        continue
      } else if let product = product(endingIn: i) {
        steps.append(product)
      } else if isInsideProduct(i) {
        continue  // computed by the step of the node that ends the product
      } else if isChainable(i) {
        if let last = steps.last, case .chain = last.kind, nodes[last.nodes[0]].shape == nodes[i].shape {
          steps[steps.count - 1].nodes.append(i)
        } else {
          steps.append(Step(kind: .chain, nodes: [i], results: []))
        }
      } else {
        steps.append(Step(kind: .general, nodes: [i], results: [i]))
      }
    }
    return steps.map { step in
      guard case .chain = step.kind else { return step }
      let own = Set(step.nodes)
      var step = step
      step.results = step.nodes.filter { node in kept.contains(node) || users[node].contains { !own.contains($0) } }
      return step
    }
  }

  /// A reshape moves nothing: it is its input's memory under another shape.
  func isAlias(_ i: Int) -> Bool { operation(i) is Reshape }

  // MARK: matmul → + bias → f

  /// The product with its last pass that ends in node i, if there is one.
  private func product(endingIn i: Int) -> Step? {
    guard let parts = productParts(i), !continuesProduct(i) else { return nil }
    let chain = [parts.matmul, parts.bias, parts.function].compactMap { $0 }
    let function = parts.function.flatMap { (operation($0) as? any MapOperation)?.function }
    let bias = parts.bias.map { nodes[$0].inputs[1] }
    return Step(kind: .product(matmul: parts.matmul, bias: bias, function: function), nodes: chain, results: [i])
  }

  /// The nodes of the pattern that ends in i: a product, then perhaps a bias, then perhaps a function.
  private func productParts(_ i: Int) -> (matmul: Int, bias: Int?, function: Int?)? {
    if operation(i) is MatMul { return (i, nil, nil) }
    if operation(i) is AddBias {
      let x = nodes[i].inputs[0]
      return operation(x) is MatMul && isPrivate(x, to: i) && x != nodes[i].inputs[1] ? (x, i, nil) : nil
    }
    if operation(i) is any MapOperation {
      let x = nodes[i].inputs[0]
      guard isPrivate(x, to: i), let parts = productParts(x), parts.function == nil else { return nil }
      return (parts.matmul, parts.bias, i)
    }
    return nil
  }

  /// Whether the only user of i takes it into a longer product.
  private func continuesProduct(_ i: Int) -> Bool {
    guard users[i].count == 1, !kept.contains(i), let next = productParts(users[i][0]) else { return false }
    return next.matmul == i || next.bias == i
  }

  private func isInsideProduct(_ i: Int) -> Bool { productParts(i) != nil && continuesProduct(i) }

  private func isPrivate(_ i: Int, to user: Int) -> Bool { users[i] == [user] && !kept.contains(i) }

  // MARK: Elementwise chains

  /// Whether a node can join a chain: a loop that the library knows, with operands of its own shape or single numbers.
  private func isChainable(_ i: Int) -> Bool {
    guard let operation = operation(i) else { return false }
    guard operation is any MapOperation || operation is Binary || operation is Comparison || operation is Where else {
      return false
    }
    return nodes[i].inputs.allSatisfy { nodes[$0].shape == nodes[i].shape || nodes[$0].shape.elementCount == 1 }
  }

  private func operation(_ i: Int) -> (any Operation)? {
    if case .operation(let operation) = nodes[i].kind { return operation }
    return nil
  }
}
