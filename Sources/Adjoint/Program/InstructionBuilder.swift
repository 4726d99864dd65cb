/// The maker of instructions from a plan's passes: it resolves every operand to an address.
struct InstructionBuilder<S: Scalar> {
  let plan: Plan
  let nodes: [Node]
  /// The pass that computes each node.
  var index: PassIndex
  /// The places of values that are only there for one matrix at a time.
  var ownEntries: [Int: OwnEntry] = [:]
  /// The place of each value; `nil` where it has no memory.
  let addresses: [UnsafeMutableRawPointer?]
  /// The memory of the lists that instructions point to.
  private let arena: Arena
  /// The operations that instructions hold unmanaged.
  private(set) var operations: [PlacedOperation<S>] = []

  /// The place of one matrix, for each thread that may run a part.
  struct OwnEntry {
    let base: UnsafeMutablePointer<S>
    /// The elements of the matrix.
    let size: Int
  }

  init(plan: Plan, addresses: [UnsafeMutableRawPointer?], arena: Arena) {
    (self.plan, nodes, self.addresses, self.arena) = (plan, plan.nodes, addresses, arena)
    index = PassIndex(plan.passes, nodeCount: plan.nodes.count)
  }

  /// An instruction for each pass of the plan, in memory that the caller gives back.
  @specialized(where S == Float)
  @specialized(where S == Double)
  mutating func instructions() -> UnsafeMutableBufferPointer<Instruction<S>> {
    let instructions = UnsafeMutableBufferPointer<Instruction<S>>.allocate(capacity: plan.passes.count)
    for (number, pass) in plan.passes.enumerated() {
      instructions.initializeElement(at: number, to: pass.kind.instruction(pass, number, in: &self))
    }
    return instructions
  }

  // MARK: For passes

  /// The instruction that runs the operation of a node, by its formula when it has one.
  mutating func instruction(of node: Int, by formula: LoopFormula? = nil) -> Instruction<S> {
    guard case .operation(let operation) = nodes[node].kind else { fatalError("Program: %\(node) is a leaf") }
    let inputs = nodes[node].inputs
    let views = allocate(View<S>.self, count: max(inputs.count, 1))
    for (position, input) in inputs.enumerated() { (views + position).initialize(to: view(input)) }
    let (x, y) = (Operands(views: views, count: inputs.count), output(node))
    if let formula {
      let room = allocate(S.self, count: max(formula.room(for: y.count), 1) * Instruction<S>.maximumParts)
      return instruction(running: .place(operation, by: formula, x, into: y, room: room))
    }
    return instruction(running: .place(operation, x, into: y))
  }

  /// The instruction that runs a placed operation.
  mutating func instruction(running placed: PlacedOperation<S>) -> Instruction<S> {
    operations.append(placed)
    return .general(.passUnretained(placed))
  }

  /// Memory that lasts as long as the program.
  func allocate<T>(_ type: T.Type, count: Int) -> UnsafeMutablePointer<T> {
    arena.allocate(byteCount: count * MemoryLayout<T>.stride).bindMemory(to: T.self, capacity: count)
  }

  func view(_ node: Int) -> View<S> { View(shape: nodes[node].shape, address: address(node)) }
  func output(_ node: Int) -> Output<S> { Output(shape: nodes[node].shape, address: address(node)) }
  func hasMemory(_ node: Int) -> Bool { addresses[node] != nil }

  private func address(_ node: Int) -> UnsafeMutableRawPointer {
    guard let address = addresses[node] else { fatalError("Program: %\(node) has no memory in this program") }
    return address
  }
}
