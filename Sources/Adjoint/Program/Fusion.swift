/// One instruction to be: which nodes it computes, what it reads, and what it must leave in memory.
package struct Step {
  package enum Kind {
    /// The operation as it is.
    case general
    /// A matrix product with its last pass: bias, function, or both; or one that is added to a value that nothing else reads.
    case product(matmul: Int, bias: Int?, function: MapFunction?, addend: Int?)
    /// ȳ − e^y Σ ȳ along the last axis, which log-softmax's rule records as four operations.
    case logSoftmaxGradient(g: Int, y: Int)
    /// ȳ ⊙ one-hot, which pick's rule records as two operations.
    case pickGradient(g: Int, index: Int)
    /// Elementwise operations of one shape, run block by block so that what only they use stays in cache.
    case chain
  }

  package var kind: Kind
  /// The nodes computed, in order.
  package var nodes: [Int]
  /// The nodes among them whose values are used outside.
  package var results: [Int]
}

/// Where each node is computed: its step, and its place within. Flat, so that a plan is made in linear time.
struct StepIndex {
  /// The step that computes a node; −1 where none does.
  private(set) var step: [Int32]
  /// The position of a node in its step's list.
  private(set) var position: [Int32]

  init(_ steps: [Step], nodeCount: Int) {
    step = Array(repeating: -1, count: nodeCount)
    position = step
    for (number, step) in steps.enumerated() {
      for (position, node) in step.nodes.enumerated() {
        self.step[node] = Int32(number)
        self.position[node] = Int32(position)
      }
    }
  }
}

/// What a plan asks of a node's operation; asked once, since looking up a type takes longer than planning its node.
enum Pattern {
  case leaf, general, alias, bias, select
  case product(MatMul)
  case map(MapFunction)
  case zip(ZipFunction)

  init(_ kind: Node.Kind) {
    guard case .operation(let operation) = kind else {
      self = .leaf
      return
    }
    let type = ObjectIdentifier(Swift.type(of: operation))
    if type == ObjectIdentifier(Unary.self), let f = operation as? Unary {
      self = .map(.unary(f))
    } else if type == ObjectIdentifier(Binary.self), let f = operation as? Binary {
      self = .zip(.binary(f))
    } else {
      switch operation {
      case let f as MatMul: self = .product(f)
      case is AddBias: self = .bias
      case is Where: self = .select
      // A reshape moves nothing: it is its input's memory under another shape.
      case is Reshape: self = .alias
      case let f as Comparison: self = .zip(.comparison(f))
      case let f as any MapOperation: self = .map(f.function)
      default: self = .general
      }
    }
  }

  var isLeaf: Bool { if case .leaf = self { true } else { false } }
  var isAlias: Bool { if case .alias = self { true } else { false } }
  fileprivate var isProduct: Bool { if case .product = self { true } else { false } }
}

/// Turns the live nodes of a tape into steps, merging what a loop can do in one pass. The tape is not changed, and neither
/// is a bit of any value: a fused step rounds after each operation, exactly as the operations apart.
///
/// A fast path is a pattern here, never a node of the tape.
struct Fusion {
  let nodes: [Node]
  let patterns: [Pattern]
  let live: [Bool]
  let kept: [Bool]
  /// How often each node is used by live ones, and by which last.
  private var useCount: [Int32]
  private var lastUser: [Int32]

  init(nodes: [Node], patterns: [Pattern], live: [Bool], kept: [Bool]) {
    (self.nodes, self.patterns, self.live, self.kept) = (nodes, patterns, live, kept)
    useCount = Array(repeating: 0, count: nodes.count)
    lastUser = Array(repeating: -1, count: nodes.count)
    for i in nodes.indices where live[i] {
      for x in nodes[i].inputs {
        useCount[x] += 1
        lastUser[x] = Int32(i)
      }
    }
  }

  /// The steps in order. Without fusing, every operation is a step of its own.
  func steps(fusing: Bool) -> [Step] {
    var steps: [Step] = []
    for i in nodes.indices where live[i] && !patterns[i].isLeaf {
      if !fusing {
        steps.append(Step(kind: .general, nodes: [i], results: [i]))
      } else if patterns[i].isAlias {
        continue
      } else if let product = product(endingIn: i) ?? accumulation(in: i) {
        steps.append(product)
      } else if let gradient = logSoftmaxGradient(endingIn: i) {
        steps.append(gradient)
      } else if let gradient = pickGradient(endingIn: i) {
        steps.append(gradient)
      } else if isInsideProduct(i) || isInsideLogSoftmaxGradient(i) || isInsidePickGradient(i) {
        continue  // computed by the step of the node that ends the pattern
      } else if isChainable(i) {
        let last = steps.count - 1
        if last >= 0, case .chain = steps[last].kind, nodes[steps[last].nodes[0]].shape == nodes[i].shape {
          steps[last].nodes.append(i)
        } else {
          steps.append(Step(kind: .chain, nodes: [i], results: []))
        }
      } else {
        steps.append(Step(kind: .general, nodes: [i], results: [i]))
      }
    }
    if fusing { markResults(of: &steps) }
    return steps
  }

  /// The results of a chain: what is kept, or used outside of it.
  private func markResults(of steps: inout [Step]) {
    let index = StepIndex(steps, nodeCount: nodes.count)
    var isResult = kept
    for i in nodes.indices where live[i] {
      for x in nodes[i].inputs where index.step[x] != index.step[i] { isResult[x] = true }
    }
    for number in steps.indices {
      guard case .chain = steps[number].kind else { continue }
      steps[number].results = steps[number].nodes.filter { isResult[$0] }
    }
  }

  // MARK: matmul → + bias → f

  /// The product with its last pass that ends in node i, if there is one.
  private func product(endingIn i: Int) -> Step? {
    guard let parts = productParts(i), !continuesProduct(i) else { return nil }
    let chain = [parts.matmul, parts.bias, parts.function].compactMap { $0 }
    var function: MapFunction?
    if let last = parts.function, case .map(let f) = patterns[last] { function = f }
    let bias = parts.bias.map { nodes[$0].inputs[1] }
    return Step(
      kind: .product(matmul: parts.matmul, bias: bias, function: function, addend: nil), nodes: chain, results: [i])
  }

  /// The sum in node i of a product and a value that ends here: the product is added where that value stands.
  private func accumulation(in i: Int) -> Step? {
    guard case .zip(.binary(.add)) = patterns[i] else { return nil }
    let (a, b) = (nodes[i].inputs[0], nodes[i].inputs[1])
    return accumulation(of: max(a, b), onto: min(a, b), in: i) ?? accumulation(of: min(a, b), onto: max(a, b), in: i)
  }

  private func accumulation(of product: Int, onto addend: Int, in i: Int) -> Step? {
    guard patterns[product].isProduct, isPrivate(product, to: i), isPrivate(addend, to: i),
      !patterns[addend].isLeaf, !patterns[addend].isAlias,
      nodes[product].shape == nodes[i].shape, nodes[addend].shape == nodes[i].shape
    else { return nil }
    return Step(
      kind: .product(matmul: product, bias: nil, function: nil, addend: addend), nodes: [product, i], results: [i])
  }

  /// The nodes of the pattern that ends in i: a product, then perhaps a bias, then perhaps a function.
  private func productParts(_ i: Int) -> (matmul: Int, bias: Int?, function: Int?)? {
    switch patterns[i] {
    case .product: return (i, nil, nil)
    case .bias:
      let x = nodes[i].inputs[0]
      return patterns[x].isProduct && isPrivate(x, to: i) && x != nodes[i].inputs[1] ? (x, i, nil) : nil
    case .map:
      let x = nodes[i].inputs[0]
      guard isPrivate(x, to: i) else { return nil }
      switch patterns[x] {
      case .product, .bias:
        guard let parts = productParts(x) else { return nil }
        return (parts.matmul, parts.bias, i)
      case .leaf, .general, .alias, .select, .map, .zip: return nil
      }
    case .leaf, .general, .alias, .select, .zip: return nil
    }
  }

  /// Whether the only user of i takes it into a longer product, or adds it to another value in place.
  private func continuesProduct(_ i: Int) -> Bool {
    guard useCount[i] == 1, !kept[i] else { return false }
    let user = Int(lastUser[i])
    if let next = productParts(user) { return next.matmul == i || next.bias == i }
    return accumulation(in: user)?.nodes[0] == i
  }

  private func isInsideProduct(_ i: Int) -> Bool { productParts(i) != nil && continuesProduct(i) }

  private func isPrivate(_ i: Int, to user: Int) -> Bool { useCount[i] == 1 && Int(lastUser[i]) == user && !kept[i] }

  // MARK: g − exp(y) ⊙ Σ g

  /// The gradient of log-softmax that ends in node i, if there is one.
  private func logSoftmaxGradient(endingIn i: Int) -> Step? {
    guard case .zip(.binary(.subtract)) = patterns[i] else { return nil }
    let (g, product) = (nodes[i].inputs[0], nodes[i].inputs[1])
    guard case .zip(.binary(.multiply)) = patterns[product], isPrivate(product, to: i) else { return nil }
    let (exponential, sum) = (nodes[product].inputs[0], nodes[product].inputs[1])
    guard case .map(.unary(.exp)) = patterns[exponential], isPrivate(exponential, to: product),
      isPrivate(sum, to: product), isLastAxisSum(sum, of: g)
    else { return nil }
    let y = nodes[exponential].inputs[0]
    guard nodes[y].shape == nodes[i].shape, nodes[g].shape == nodes[i].shape else { return nil }
    return Step(
      kind: .logSoftmaxGradient(g: g, y: y), nodes: [exponential, sum].sorted() + [product, i], results: [i])
  }

  /// Whether a node is the sum of g along its last axis, of more than one element: a sum of one keeps the sign of a zero.
  private func isLastAxisSum(_ sum: Int, of g: Int) -> Bool {
    guard case .general = patterns[sum], nodes[sum].inputs[0] == g, case .operation(let operation) = nodes[sum].kind,
      let sum = operation as? Sum
    else { return false }
    let shape = nodes[g].shape
    return sum.keepsDimensions && shape.rank > 0 && sum.axes == AxisSet([shape.rank - 1]) && shape[shape.rank - 1] > 1
  }

  private func isInsideLogSoftmaxGradient(_ i: Int) -> Bool {
    guard useCount[i] == 1, !kept[i] else { return false }
    let user = Int(lastUser[i])
    if let step = logSoftmaxGradient(endingIn: user) { return step.nodes.contains(i) }
    guard useCount[user] == 1, !kept[user] else { return false }
    return logSoftmaxGradient(endingIn: Int(lastUser[user]))?.nodes.contains(i) ?? false
  }

  // MARK: g ⊙ one-hot

  /// The gradient of picking an element of each row that ends in node i, if there is one.
  private func pickGradient(endingIn i: Int) -> Step? {
    guard case .zip(.binary(.multiply)) = patterns[i] else { return nil }
    let (g, oneHot) = (nodes[i].inputs[0], nodes[i].inputs[1])
    guard isOneHot(oneHot), isPrivate(oneHot, to: i), nodes[oneHot].shape == nodes[i].shape,
      nodes[g].shape == Shape(nodes[i].shape.dropLast() + [1])
    else { return nil }
    return Step(kind: .pickGradient(g: g, index: nodes[oneHot].inputs[0]), nodes: [oneHot, i], results: [i])
  }

  private func isOneHot(_ i: Int) -> Bool {
    guard case .general = patterns[i], case .operation(let operation) = nodes[i].kind else { return false }
    return operation is OneHot
  }

  private func isInsidePickGradient(_ i: Int) -> Bool {
    useCount[i] == 1 && !kept[i] && isOneHot(i) && pickGradient(endingIn: Int(lastUser[i])) != nil
  }

  // MARK: Elementwise chains

  /// Whether a node can join a chain: a loop that the library knows, with operands of its own shape or single numbers.
  private func isChainable(_ i: Int) -> Bool {
    switch patterns[i] {
    case .map, .zip, .select:
      nodes[i].inputs.allSatisfy { nodes[$0].shape == nodes[i].shape || nodes[$0].shape.elementCount == 1 }
    case .leaf, .general, .alias, .product, .bias: false
    }
  }
}
