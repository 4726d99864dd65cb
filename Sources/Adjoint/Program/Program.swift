/// A tape compiled for replay: pruned to what its outputs need, fused, with buffers assigned by lifetime in one arena and
/// every operand resolved to an address.
///
/// `run()` allocates nothing, checks no shape, touches no reference count, and gives the same bits as recording. Control
/// flow and shapes are frozen by compilation; inputs, indices, parameters and random leaves are not. Several programs may
/// share parameters: they read them where they stand. Not `Sendable`; a program runs on one thread at a time.
///
/// ```swift
/// let program = Program([loss] + gradients)
/// try program.feed(images, batch.images)
/// program.run()
/// program.value(of: loss)
/// ```
public final class Program<S: Scalar> {
  /// Which values can be read after a run.
  public enum Keeping: Sendable {
    /// The outputs and the leaves; everything else may share memory or never exist.
    case outputs
    /// Every node: nothing shares memory and nothing is fused; any node may be written, and the rest replayed after it.
    case all
  }

  /// Whether parameters are read where they stand, or copied once so that this program may change them alone.
  public enum ParameterAccess: Sendable { case shared, copied }

  /// How many runs there have been: what keys the random leaves. Set it to resume a sequence.
  public var step = 0
  /// What keys the random leaves, with the step, the leaf and the row.
  public var seed: UInt64
  /// The threads among which large instructions are split; `nil` runs everything on the caller's. No bit depends on it. For
  /// `Float` and `Double`.
  public var pool: WorkerPool? {
    didSet {
      if pool != nil, !(S.self == Float.self || S.self == Double.self) { pool = nil }
      phases = []
      if let pool, pool.threads > 1 { phases = Phase.phases(of: instructions, from: foldedCount, for: pool) }
    }
  }
  private let task = PhaseTask<S>()
  /// The instructions in groups that threads run without waiting for each other; none without threads.
  package private(set) var phases: [Phase] = []

  /// Which tape's variables name the nodes.
  let tape: TapeIdentity
  let nodes: [Node]
  private let patterns: [Pattern]
  let keeping: Keeping
  /// The nodes asked for, in order.
  let outputNodes: [Int]
  /// Whether each node can be read after a run.
  let readable: [Bool]
  let addresses: [UnsafeMutableRawPointer?]
  private let arena = Arena()
  private var instructions: UnsafeMutableBufferPointer<Instruction<S>>
  /// How many instructions, the first ones, depend on constants alone and have been run.
  private let foldedCount: Int
  /// How many instructions a run executes.
  package var instructionCount: Int { instructions.count - foldedCount }
  /// The last node that each instruction computes.
  private var lastNodes: [Int] = []
  private var operations: [PlacedOperation<S>] = []  // kept alive: instructions hold them unmanaged
  private let randomLeaves: [(leaf: Int, distribution: Distribution, rows: Int)]
  /// What is stored after a run, and where: the states themselves, or this program's copies of them.
  private let stores: [(node: Int, target: UnsafeMutableBufferPointer<S>)]
  private let indexBounds: [Int: Int]
  private let names: NodeNames
  private let sharedParameters: [Parameter<S>]  // kept alive: instructions hold their addresses
  /// The bytes of the arena that all values of this program share.
  public let byteCount: Int

  /// Compiles the recording behind `outputs`.
  ///
  /// The tape may be of another scalar type: its constants, inputs and parameters are then converted and copied, and the
  /// same recorded operations run in this program's precision.
  ///
  /// - Complexity: linear in the number of recorded nodes.
  public convenience init<R: Scalar>(
    _ outputs: [Variable<R>], keeping: Keeping = .outputs, parameters access: ParameterAccess = .shared
  ) {
    self.init(outputs, keeping: keeping, parameters: access, altering: nil)
  }

  /// - Parameter alteration: what a checker that measures itself changes in the plan; `nil` in earnest.
  package init<R: Scalar>(
    _ outputs: [Variable<R>], keeping: Keeping, parameters access: ParameterAccess, altering alteration: PlanAlteration?
  ) {
    guard let tape = outputs.first?.tape else { fatalError("Program: there are no outputs to compute") }
    let targets = outputs.map { tape.index(of: $0) } + tape.stores.map(\.node)
    var nodes = Array(tape.nodes)
    var live = Program.reachable(from: targets, in: nodes)
    let fuses = keeping == .outputs
    let leaves = nodes.indices.filter { live[$0] && nodes[$0].isLeaf }
    var kept = live
    var folded: [Int] = []
    patterns = nodes.indices.map { live[$0] ? Pattern(nodes[$0].kind) : .leaf }
    if fuses {
      kept = Array(repeating: false, count: nodes.count)
      for target in targets { kept[target] = true }
      Simplification.removeRepeated(from: &nodes, &live, patterns: patterns, kept: kept)
      folded = Simplification.constants(in: nodes, live: live, patterns: patterns, kept: kept)
    }

    var computed = live
    for node in folded { (computed[node], kept[node]) = (false, true) }
    let planned = Fusion(nodes: nodes, patterns: patterns, live: computed, kept: kept).steps(fusing: fuses)
    let once = folded.map { Step(kind: .general, nodes: [$0], results: [$0]) }
    let steps = once + (alteration?.steps(planned) ?? planned)
    var root = Array(nodes.indices)
    for i in nodes.indices where fuses && live[i] && patterns[i].isAlias { root[i] = root[nodes[i].inputs[0]] }

    // Parameters of this very type are read where they stand.
    let ownTape = tape as? Tape<S>
    var shared: [(leaf: Int, parameter: Parameter<S>)] = []
    if access == .shared, let ownTape { shared = ownTape.parameters.filter { live[$0.leaf] } }
    var isShared = [Bool](repeating: false, count: nodes.count)
    for (leaf, _) in shared { isShared[leaf] = true }
    var plan = MemoryPlan(
      nodes: nodes, steps: steps, root: root, leaves: leaves, isElsewhere: isShared, kept: kept,
      sharing: fuses, elementSize: MemoryLayout<S>.stride)
    alteration?.offsets(&plan.offsets, steps)
    let base = arena.allocate(byteCount: plan.byteCount)
    var addresses = plan.offsets.map { $0 >= 0 ? base + $0 : nil }
    for (leaf, parameter) in shared { addresses[leaf] = parameter.storage.address }
    for i in nodes.indices where root[i] != i { addresses[i] = addresses[root[i]] }

    self.tape = tape.identity
    self.nodes = nodes
    self.keeping = keeping
    outputNodes = outputs.map(\.index)
    self.addresses = addresses
    seed = tape.seed
    byteCount = plan.byteCount
    for leaf in leaves { kept[leaf] = true }
    for node in folded { kept[node] = false }
    readable = kept
    sharedParameters = shared.map(\.parameter) + (ownTape?.stores.map(\.state) ?? [])
    let places = addresses
    stores = tape.stores.compactMap { node, state in
      if access == .shared, let state = state as? Parameter<S> { return (node, state.storage.elements) }
      guard let leaf = tape.leafOfParameter[ObjectIdentifier(state)], let place = places[leaf] else { return nil }
      return (node, Output<S>(shape: nodes[leaf].shape, address: place).elements)
    }
    names = tape.names
    indexBounds = Program.indexBounds(nodes, live)
    randomLeaves = leaves.compactMap { leaf in
      guard case .leaf(.random(let distribution)) = nodes[leaf].kind else { return nil }
      return (leaf, distribution, tape.rows(of: nodes[leaf].shape))
    }
    instructions = .allocate(capacity: steps.count)
    foldedCount = folded.count
    for leaf in leaves where !isShared[leaf] { copyLeaf(leaf, from: tape, ownTape) }
    resolve(steps)
    fold()
  }

  deinit {
    instructions.deinitialize().deallocate()
  }

  // MARK: Running

  /// Draws the random leaves, computes every output, and stores the states.
  public func run() {
    // By position: a loop over an array would retain it.
    for position in 0..<randomLeaves.count {
      let random = randomLeaves[position]
      random.distribution.fill(
        output(random.leaf).elements, rows: random.rows, seed: seed, step: step, leaf: random.leaf)
    }
    replay()
    for position in 0..<stores.count {
      let (node, target) = stores[position]
      _ = target.update(fromContentsOf: view(node).elements)
    }
    step += 1
  }

  /// Computes every output again from the leaves as they are: nothing is drawn, nothing is stored.
  public func replay() { execute(from: foldedCount) }

  /// Computes what depends on constants alone.
  func fold() { for position in 0..<foldedCount { instructions[position].execute() } }

  /// Computes every node again but those in `held`, whose written values stand.
  package func replay(holding held: Set<Int>) {
    for position in 0..<instructions.count where !held.contains(lastNodes[position]) {
      instructions[position].execute()
    }
  }

  /// Computes again what stands after a node of the list, from the values that are there: the suffix of a run. Random
  /// leaves stay as they are, and states are not stored.
  /// - Precondition: the program keeps all values.
  public func run(after x: Variable<some Scalar>) {
    guard keeping == .all else { fatalError("run(after:): compile with keeping: .all, so that every value is there") }
    execute(from: lastNodes.firstIndex { $0 > x.index } ?? instructions.count)
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  @specialized(where S == Dual)
  @specialized(where S == SecondOrderDual)
  private func execute(from first: Int) {
    guard let base = instructions.baseAddress else { return }
    guard let pool, first == foldedCount, !phases.isEmpty else {
      for position in first..<instructions.count { base[position].execute() }
      return
    }
    // By position: a loop over an array would retain it.
    for number in 0..<phases.count {
      let phase = phases[number]
      if phase.isShared {
        task.instructions = UnsafeBufferPointer(
          start: base + phase.instructions.lowerBound, count: phase.instructions.count)
        pool.run(task)
      } else {
        for position in phase.instructions { base[position].execute() }
      }
    }
  }

  // MARK: Compiling

  private static func reachable(from targets: [Int], in nodes: [Node]) -> [Bool] {
    var live = [Bool](repeating: false, count: nodes.count)
    for target in targets { live[target] = true }
    for i in nodes.indices.reversed() where live[i] { for x in nodes[i].inputs { live[x] = true } }
    return live
  }

  /// The smallest bound that a live operation puts on each index leaf.
  private static func indexBounds(_ nodes: [Node], _ live: [Bool]) -> [Int: Int] {
    var bounds: [Int: Int] = [:]
    for i in nodes.indices where live[i] {
      guard case .operation(let operation) = nodes[i].kind, let position = operation.indexPosition else { continue }
      let bound = operation.indexBound(for: nodes[i].inputs.map { nodes[$0].shape })
      bounds[nodes[i].inputs[position], default: Int.max] = min(bound, bounds[nodes[i].inputs[position]] ?? Int.max)
    }
    return bounds
  }

  private func copyLeaf<R: Scalar>(_ leaf: Int, from tape: Tape<R>, _ ownTape: Tape<S>?) {
    if tape.isIndexLeaf(leaf) {
      copyIndices(tape.view(of: leaf).indices, into: leaf)
    } else if let ownTape {
      _ = output(leaf).elements.update(fromContentsOf: ownTape.view(of: leaf).elements)
    } else {
      // By position: an iterator that is not specialised looks up its types for every element.
      let (target, source) = (output(leaf).elements, tape.view(of: leaf).elements)
      for i in source.indices { target[i] = S(source[i].primal) }
    }
  }

  func copyIndices(_ indices: UnsafeBufferPointer<Int32>, into leaf: Int) {
    _ = output(leaf).indexElements.update(fromContentsOf: indices)
  }

  /// Makes an instruction of each step.
  @specialized(where S == Float)
  @specialized(where S == Double)
  private func resolve(_ steps: [Step]) {
    let index = StepIndex(steps, nodeCount: nodes.count)
    for (number, step) in steps.enumerated() {
      let instruction =
        switch step.kind {
        case .general: general(step.nodes[0])
        case .product(let matmul, let bias, let function, let addend):
          product(matmul, bias, function, addend, into: step.results[0])
        case .logSoftmaxGradient(let g, let y):
          general(LogSoftmaxGradient(g: view(g), y: view(y), into: output(step.results[0])))
        case .chain: chain(step, number, index)
        }
      instructions.initializeElement(at: number, to: instruction)
      lastNodes.append(step.nodes.max() ?? 0)
    }
  }

  private func product(
    _ matmul: Int, _ bias: Int?, _ function: MapFunction?, _ addend: Int?, into result: Int
  ) -> Instruction<S> {
    guard case .product(let flags) = patterns[matmul] else {
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

  private func general(_ node: Int) -> Instruction<S> {
    guard case .operation(let operation) = nodes[node].kind else { fatalError("Program: %\(node) is a leaf") }
    let inputs = nodes[node].inputs
    let views = arena.allocate(byteCount: max(inputs.count, 1) * MemoryLayout<View<S>>.stride)
      .bindMemory(to: View<S>.self, capacity: max(inputs.count, 1))
    for (position, input) in inputs.enumerated() { (views + position).initialize(to: view(input)) }
    return general(.place(operation, Operands(views: views, count: inputs.count), into: output(node)))
  }

  private func general(_ placed: PlacedOperation<S>) -> Instruction<S> {
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
    switch patterns[node] {
    case .map(let f): .map(f)
    case .zip(let f): .zip(f)
    case .select: .select
    case .leaf, .general, .alias, .product, .bias: fatalError("Program: %\(node) has no place in a chain")
    }
  }

  // MARK: Places

  func view(_ node: Int) -> View<S> { View(shape: nodes[node].shape, address: address(node)) }
  func output(_ node: Int) -> Output<S> { Output(shape: nodes[node].shape, address: address(node)) }

  private func address(_ node: Int) -> UnsafeMutableRawPointer {
    guard let address = addresses[node] else { fatalError("Program: %\(node) has no memory in this program") }
    return address
  }

  /// What a message calls a readable node, and the bound on an index leaf.
  func name(_ node: Int) -> String { names.describe(node, nodes[node]) }
  func indexBound(_ node: Int) -> Int { indexBounds[node] ?? Int.max }
  func isIndexLeaf(_ node: Int) -> Bool {
    if case .leaf(.index) = nodes[node].kind { return true }
    return false
  }
}

extension Node {
  var isLeaf: Bool {
    if case .leaf = kind { return true }
    return false
  }
}
