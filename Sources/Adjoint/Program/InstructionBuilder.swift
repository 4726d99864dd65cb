/// Makes instructions of a plan's steps: every operand resolved to an address.
struct InstructionBuilder<S: Scalar> {
  private let plan: Plan
  private let nodes: [Node]
  private let addresses: [UnsafeMutableRawPointer?]
  /// Where the lists that instructions point to stand.
  private let arena: Arena
  /// What the instructions hold unmanaged.
  private(set) var operations: [PlacedOperation<S>] = []

  init(plan: Plan, addresses: [UnsafeMutableRawPointer?], arena: Arena) {
    (self.plan, nodes, self.addresses, self.arena) = (plan, plan.nodes, addresses, arena)
  }

  /// An instruction for each step of the plan, in memory that the caller gives back.
  @specialized(where S == Float)
  @specialized(where S == Double)
  mutating func instructions() -> UnsafeMutableBufferPointer<Instruction<S>> {
    let instructions = UnsafeMutableBufferPointer<Instruction<S>>.allocate(capacity: plan.steps.count)
    let index = StepIndex(plan.steps, nodeCount: nodes.count)
    for (number, step) in plan.steps.enumerated() {
      let instruction =
        switch step.kind {
        case .general: general(step.nodes[0])
        case .product(let matmul, let bias, let function, let addend):
          product(matmul, bias, function, addend, into: step.results[0])
        case .logSoftmaxGradient(let g, let y):
          general(LogSoftmaxGradient(g: view(g), y: view(y), into: output(step.results[0])))
        case .pickGradient(let g, let index):
          general(PickGradient(g: view(g), index: view(index), into: output(step.results[0])))
        case .chain: chain(step, number, index)
        }
      instructions.initializeElement(at: number, to: instruction)
    }
    return instructions
  }

  private func product(
    _ matmul: Int, _ bias: Int?, _ function: MapFunction?, _ addend: Int?, into result: Int
  ) -> Instruction<S> {
    guard case .product(let flags) = plan.patterns[matmul] else {
      fatalError("Program: %\(matmul) is not a matrix product")
    }
    let (a, b, c) = (view(nodes[matmul].inputs[0]), view(nodes[matmul].inputs[1]), output(result))
    var product = MatrixProduct(
      rows: c.shape[0], columns: c.shape[1], depth: a.shape[flags.transposeA ? 0 : 1], a: a.base, b: b.base, c: c.base,
      transposeA: flags.transposeA, transposeB: flags.transposeB)
    product.bias = bias.map { view($0).base }
    product.function = function
    product.accumulates = addend != nil
    return .product(product, addend: addend.map { view($0).base })
  }

  private mutating func general(_ node: Int) -> Instruction<S> {
    guard case .operation(let operation) = nodes[node].kind else { fatalError("Program: %\(node) is a leaf") }
    let inputs = nodes[node].inputs
    let views = arena.allocate(byteCount: max(inputs.count, 1) * MemoryLayout<View<S>>.stride)
      .bindMemory(to: View<S>.self, capacity: max(inputs.count, 1))
    for (position, input) in inputs.enumerated() { (views + position).initialize(to: view(input)) }
    return general(.place(operation, Operands(views: views, count: inputs.count), into: output(node)))
  }

  private mutating func general(_ placed: PlacedOperation<S>) -> Instruction<S> {
    operations.append(placed)
    return .general(.passUnretained(placed))
  }

  private func chain(_ step: Step, _ number: Int, _ index: StepIndex) -> Instruction<S> {
    let shape = nodes[step.nodes[0]].shape
    let (count, rows) = (shape.elementCount, max(shape.first ?? 1, 1))
    let blockSize = min(count, Instruction<S>.blockSize)
    var scratch = ScratchBlocks(step, number, nodes, index)
    var blocks: [UnsafeMutablePointer<S>] = []
    let links = UnsafeMutableBufferPointer<ChainLink<S>>(
      start: arena.allocate(byteCount: step.nodes.count * MemoryLayout<ChainLink<S>>.stride)
        .bindMemory(to: ChainLink<S>.self, capacity: step.nodes.count), count: step.nodes.count)
    func place(_ x: Int) -> ChainLink<S>.Place {
      if index.step[x] == number, let block = scratch.block(at: index.position[x]) {
        return ChainLink.Place(base: blocks[block], stride: 1, blockStep: 0, partStep: blockSize)
      }
      let advances = nodes[x].shape.elementCount == count ? 1 : 0
      return ChainLink.Place(base: output(x).base, stride: advances, blockStep: advances, partStep: 0)
    }
    for (position, node) in step.nodes.enumerated() {
      let inputs = nodes[node].inputs
      let (a, b, c) = (
        place(inputs[0]), place(inputs[min(1, inputs.count - 1)]), place(inputs[min(2, inputs.count - 1)])
      )
      for x in inputs where index.step[x] == number { scratch.release(index.position[x], after: position) }
      if addresses[node] == nil {  // not a result
        scratch.assign(position)
        if scratch.count > blocks.count {
          // A block for each thread that may run a part of the chain.
          let capacity = max(blockSize, 1) * Instruction<S>.maximumParts
          blocks.append(
            arena.allocate(byteCount: capacity * MemoryLayout<S>.stride).bindMemory(to: S.self, capacity: capacity))
        }
      }
      links.initializeElement(
        at: position, to: ChainLink(function: function(of: node), a: a, b: b, c: c, y: place(node)))
    }
    return .chain(UnsafeBufferPointer(links), rows: rows, width: count / rows)
  }

  private func function(of node: Int) -> ChainLink<S>.Function {
    switch plan.patterns[node] {
    case .map(let f): .map(f)
    case .zip(let f): .zip(f)
    case .select: .select
    case .leaf, .general, .alias, .product, .bias: fatalError("Program: %\(node) has no place in a chain")
    }
  }

  private func view(_ node: Int) -> View<S> { View(shape: nodes[node].shape, address: address(node)) }
  private func output(_ node: Int) -> Output<S> { Output(shape: nodes[node].shape, address: address(node)) }

  private func address(_ node: Int) -> UnsafeMutableRawPointer {
    guard let address = addresses[node] else { fatalError("Program: %\(node) has no memory in this program") }
    return address
  }
}
