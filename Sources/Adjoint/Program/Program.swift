import AdjointKernels

/// A tape compiled for replay: pruned to what its outputs need, fused, with buffers assigned by lifetime in one arena
/// and every operand resolved to an address.
///
/// `run()` allocates nothing, checks no shape, touches no reference count, and gives the same bits as recording.
/// Compilation freezes control flow and shapes; inputs, indices, parameters and random leaves stay free. Several
/// programs may share parameters, which they read where they stand.
///
/// It is not `Sendable`: a program runs on one thread at a time, and traps when two run it at once.
///
/// ```swift
/// let program = Program([loss] + gradients)
/// try program.feed(images, batch.images)
/// program.run()
/// program.value(of: loss)
/// ```
public final class Program<S: Scalar> {
  /// The values that can be read after a run.
  public enum Keeping: Sendable {
    /// The outputs and the leaves. Everything else may share memory or never exist.
    case outputs
    /// Every node. Nothing shares memory and nothing is fused. Any node may be written, and the rest replayed after it.
    case all
  }

  /// The access to parameters: they are read where they stand, or copied once so that this program may change them
  /// alone.
  public enum ParameterAccess: Sendable {
    /// Parameters are read where they stand.
    case shared
    /// Parameters are copied once, and this program alone may change them.
    case copied
  }

  /// The count of runs, which keys the random leaves. Set it to resume a sequence.
  public var step = 0
  /// The key of the random leaves, together with step, leaf and row.
  public var seed: UInt64
  /// The threads among which large instructions are split; `nil` runs everything on the caller's. No bit depends on it.
  /// Only `Float` and `Double` use it.
  public var pool: WorkerPool? {
    didSet {
      checkIdle()
      if pool != nil, !(S.self == Float.self || S.self == Double.self) { pool = nil }
      copies = makeCopies(threads: group == nil ? pool?.threads ?? 1 : 1)
      for operation in operations { operation.lend(pool) }
      schedule()
      unmanagedPool = pool.map { .passUnretained($0) }
    }
  }
  /// The pool, which `pool` keeps alive: running on it counts no references.
  private(set) var unmanagedPool: Unmanaged<WorkerPool>?
  let task = PhaseTask<S>()
  /// The groups of instructions that threads run without waiting for each other; none without threads.
  package internal(set) var phases: [Phase] = []
  /// The instructions in the order of the phases.
  var scheduled = UnsafeMutableBufferPointer<Instruction<S>>(start: nil, count: 0)
  var scheduledOrder: [Int] = []
  /// What a run tells in its course of being complete, and to whom.
  var completions: Completions?
  /// The clock that measures every run during a profile.
  var clock: ProgramClock?
  /// The processes that share the runs; `nil` where each process runs all by itself.
  var group: ProcessGroup?
  /// The positions of the outputs of which each process is to have its own elements only.
  var cutOutputs = 0..<0
  /// What is exchanged with them.
  var shared: ProgramShare<S>?
  /// The inputs of which each thread has a copy.
  var copies: [InputCopies<S>] = []
  /// The inputs and outputs that are not copied, and whether some need arrays before the next run.
  var lent: [LentValue<S>] = [], renewsLent = false

  /// The tape whose variables name the nodes.
  let tape: TapeIdentity
  let nodes: [Node]
  let keeping: Keeping
  /// The nodes asked for, in order.
  let outputNodes: [Int]
  /// True for each node that can be read after a run.
  let readable: [Bool]
  var addresses: [UnsafeMutableRawPointer?]
  private let arena = Arena()
  /// The flag of the run that is under way, which one thread holds.
  private let running: UnsafeMutablePointer<UInt8>
  let instructions: UnsafeMutableBufferPointer<Instruction<S>>
  /// The number of instructions, the first ones, that depend on constants alone and have been run.
  let foldedCount: Int
  /// The number of instructions that a run executes.
  package var instructionCount: Int { instructions.count - foldedCount }
  /// The nodes that each instruction computes, in order.
  let passNodes: [[Int]]
  /// The last node that each instruction computes.
  let lastNodes: [Int]
  private let operations: [PlacedOperation<S>]  // kept alive: instructions hold them unmanaged
  private let randomLeaves: [(leaf: Int, distribution: Distribution, rows: Int)]
  /// The nodes stored after a run, and their targets: the states themselves, or this program's copies of them.
  let stores: [(node: Int, target: UnsafeMutableBufferPointer<S>)]
  /// The index leaves of which loops keep what was recorded.
  let indicesOfLoops: Set<Int>
  /// The comparisons on which the recording has branched.
  let guards: [BranchGuard]
  /// Where a run finds their truth, and what it was.
  let guardPlaces: [(truth: UnsafePointer<S>, isTrue: Bool)]
  /// The counts of changes of the states that are stored.
  let storedVersions: [UnsafeMutablePointer<Int>]
  /// The positions that each index leaf holds, and their bound.
  private let positions: [(leaf: Int, held: UnsafeBufferPointer<Int32>, bound: Int)]
  let indexBounds: [Int: Int]
  /// The nodes of computed indices that stand as they are.
  private(set) var heldIndices: Set<Int> = []
  let names: NodeNames
  let sharedParameters: [ParameterLeaf<S>]  // kept alive: instructions hold their addresses
  /// The bytes of the arena that all values share.
  package let byteCount: Int
  /// The memory of all values.
  let memoryBase: UnsafeMutableRawPointer?
  #if RED_ZONES
    /// The same with its size.
    let block: UnsafeRawBufferPointer
  #endif

  /// Compiles the recording behind `outputs`.
  ///
  /// The tape may be of another scalar type. Its constants, inputs and parameters are then converted and copied, and
  /// the same recorded operations run in this program's precision.
  ///
  /// - Complexity: linear in the number of recorded nodes.
  public convenience init<R: Scalar>(
    _ outputs: [Variable<R>], keeping: Keeping = .outputs, parameters access: ParameterAccess = .shared,
    file: StaticString = #fileID, line: UInt = #line
  ) {
    self.init(outputs, keeping: keeping, parameters: access, altering: nil, file: file, line: line)
  }

  /// - Parameters:
  ///   - alteration: the changes that a checker that measures itself makes to the plan; `nil` in earnest.
  ///   - holdingIndices: true to keep the recorded indices where operations compute some, instead of computing them anew.
  ///     Another scalar rounds otherwise, so it may break a tie that the recording has, or order neighbours otherwise.
  ///   - handed: inputs that each run may overwrite by one of its outputs, which the next run is given.
  ///   - isForProcesses: true to take more memory, so that processes send each other less, and wait less for it.
  package init<R: Scalar>(
    _ outputs: [Variable<R>], keeping: Keeping = .outputs, parameters access: ParameterAccess = .shared,
    altering alteration: PlanAlteration?, holdingIndices: Bool = false, handing handed: [Int: Int] = [:],
    isForProcesses: Bool = false,
    file: StaticString = #fileID, line: UInt = #line
  ) {
    guard let tape = outputs.first?.tape else {
      fatalError("Program: there are no outputs to compute", file: file, line: line)
    }
    let own = outputs.map { tape.index(of: $0, for: "Program, outputs", beside: outputs, file: file, line: line) }
    outputs[0].refuseReplay(own[0])  // whoever runs it reads values
    let targets = own + tape.stores.map(\.node) + tape.guards.map(\.node)
    let plan = Plan(
      of: Array(tape.nodes), tape is Tape<S> ? tape.formulas : [:], for: targets, segments: tape.segments,
      fusing: keeping == .outputs, altering: alteration, holdingIndices: holdingIndices,
      elementSize: (S.self == Float.self || S.self == Double.self) && Kernels.active != nil
        ? MemoryLayout<S>.stride : nil,
      isForProcesses: isForProcesses, isOnes: tape.isConstantOfOnes)

    // Parameters of this very type are read where they stand.
    let ownTape = tape as? Tape<S>
    var shared: [ParameterLeaf<S>] = []
    if access == .shared, let ownTape { shared = ownTape.parameters.filter { plan.live[$0.leaf] } }
    var isShared = [Bool](repeating: false, count: plan.nodes.count)
    for place in shared { isShared[place.leaf] = true }
    var memory = plan.memory(
      isElsewhere: isShared, handed: handed, elementSize: MemoryLayout<S>.stride, isForProcesses: isForProcesses)
    alteration?.offsets(&memory.offsets, plan.passes)
    let base = arena.allocate(byteCount: memory.byteCount)
    memoryBase = base
    #if RED_ZONES
      block = UnsafeRawBufferPointer(start: base, count: memory.byteCount)
    #endif
    var addresses = memory.offsets.map { $0 >= 0 ? base + $0 : nil }
    for place in shared { addresses[place.leaf] = place.parameter.storage.address }
    for i in plan.nodes.indices where plan.root[i] != i {
      addresses[i] = addresses[plan.root[i]].map { $0 + plan.place[i] * MemoryLayout<S>.stride }
    }
    for i in plan.inPlace { addresses[i] = nil }

    (self.tape, self.nodes) = (tape.identity, plan.nodes)
    self.keeping = keeping
    guards = tape.guards
    outputNodes = outputs.map(\.index)
    self.addresses = addresses
    seed = tape.seed
    byteCount = memory.byteCount
    readable = plan.readable
    sharedParameters = shared + (ownTape?.stores.map { ParameterLeaf(leaf: -1, parameter: $0.state, version: 0) } ?? [])
    running = arena.allocate(byteCount: 1).bindMemory(to: UInt8.self, capacity: 1)
    running.initialize(to: 0)
    let (nodes, places) = (plan.nodes, addresses)
    indicesOfLoops = Set(tape.indicesOfLoops.map(\.leaf))
    stores = tape.stores.compactMap { node, state in
      if access == .shared, let state = state as? Parameter<S> { return (node, state.storage.elements) }
      guard let leaf = tape.leafOfParameter[ObjectIdentifier(state)], let place = places[leaf] else { return nil }
      return (node, Output<S>(shape: nodes[leaf].shape, address: place).elements)
    }
    storedVersions = access == .shared ? (ownTape?.stores.map(\.state.storage.version) ?? []) : []
    names = tape.names
    guardPlaces = guards.compactMap { at in places[at.node].map { (View<S>(shape: [], address: $0).base, at.isTrue) } }
    indexBounds = plan.indexBounds
    positions = indexBounds.sorted { $0.key < $1.key }.compactMap { leaf, bound in
      places[leaf].map { (leaf, View<S>(shape: nodes[leaf].shape, address: $0).indices, bound) }
    }
    randomLeaves = plan.leaves.compactMap { leaf in
      guard case .leaf(.random(let distribution)) = nodes[leaf].kind else { return nil }
      return (leaf, distribution, tape.rows(of: nodes[leaf].shape))
    }
    var builder = InstructionBuilder<S>(plan: plan, addresses: addresses, arena: arena)
    instructions = builder.instructions()
    operations = builder.operations
    foldedCount = plan.folded.count
    passNodes = plan.passes.map(\.nodes)
    lastNodes = passNodes.map { $0.max() ?? 0 }
    for leaf in plan.leaves where !isShared[leaf] { copyLeaf(leaf, from: tape, ownTape) }
    if holdingIndices { heldIndices = takenIndices(of: tape) }
    fold()
    lent = findLentValues()
  }

  deinit {
    instructions.deinitialize().deallocate()
    scheduled.deinitialize().deallocate()
  }

  // MARK: Running

  /// Draws the random leaves, computes every output, and stores the states.
  /// - Precondition: what was fed takes the branches that the recording took, where its code branched on comparisons of
  ///   variables. `CompiledFunction` records each branch.
  public func run(file: StaticString = #fileID, line: UInt = #line) {
    compute(file: file, line: line)
    if let broken = firstBrokenGuard() { refuseOtherBranch(broken, file, line) }
    commit()
  }

  /// Draws the random leaves and computes every output: a run that may still be refused, since it has changed nothing
  /// that lasts.
  @specialized(where S == Float)
  @specialized(where S == Double)
  package func compute(file: StaticString = #fileID, line: UInt = #line) {
    checkIdle(file, line)
    // By position: a loop over an array would retain it.
    for position in 0..<randomLeaves.count {
      let random = randomLeaves[position]
      random.distribution.fill(
        place(random.leaf).elements, rows: random.rows, seed: seed, step: step, leaf: random.leaf)
    }
    recompute(file: file, line: line)
  }

  /// Stores the states, and counts the run.
  @specialized(where S == Float)
  @specialized(where S == Double)
  package func commit() {
    for position in 0..<stores.count {
      let (node, target) = stores[position]
      _ = target.update(fromContentsOf: view(node).elements)
    }
    for position in 0..<storedVersions.count { storedVersions[position].pointee &+= 1 }
    step += 1
  }

  /// Computes every output again from the leaves as they are. Nothing is drawn, and nothing is stored.
  /// - Precondition: as for `run`, the values take the recorded branches.
  public func replay(file: StaticString = #fileID, line: UInt = #line) {
    recompute(file: file, line: line)
    if let broken = firstBrokenGuard() { refuseOtherBranch(broken, file, line) }
  }

  /// The same for whoever moves values on purpose, as a checker does, and takes a broken branch for a kink.
  @specialized(where S == Float)
  @specialized(where S == Double)
  package func recompute(file: StaticString = #fileID, line: UInt = #line) {
    begin(file, line)
    defer { end() }
    if let clock { execute(timedBy: clock) } else { execute(from: foldedCount) }
  }

  /// Begins a run: no other thread may be at it, and every position must lie where it may be read.
  private func begin(_ file: StaticString = #fileID, _ line: UInt = #line) {
    guard ak_take(running) else { trapOnSecondThread(file, line) }
    if renewsLent { renewLent() }
    // They were checked when they were fed, but nobody knows who kept the address.
    for number in 0..<positions.count {
      let (leaf, held, bound) = positions[number]
      guard let place = held.firstPlace(outside: bound) else { continue }
      fatalError(
        "Program: \(name(leaf)): index \(held[place]) at position \(place) is not in 0 ..< \(bound)", file: file,
        line: line)
    }
  }

  private func end() { ak_give(running) }

  /// Traps while a run is under way.
  func checkIdle(_ file: StaticString = #fileID, _ line: UInt = #line) {
    if ak_is_taken(running) { trapOnSecondThread(file, line) }
  }

  @inline(never)
  private func trapOnSecondThread(_ file: StaticString, _ line: UInt) -> Never {
    fatalError(
      "Program: two threads use one program at once. Its values stand in one memory: compile one for each thread. They may "
        + "share parameters and a pool.",
      file: file, line: line)
  }

  /// Computes every node again but those in `held`, whose written values stand.
  package func replay(holding held: Set<Int>) {
    begin()
    defer { end() }
    for position in 0..<instructions.count
    where !held.contains(lastNodes[position]) && !heldIndices.contains(lastNodes[position]) {
      instructions[position].executeApart()
    }
  }

  /// Computes one node again, from the values that are there.
  /// - Precondition: the program keeps all values.
  package func replay(only node: Int) {
    begin()
    defer { end() }
    // A node that only gives its operand's memory another shape has no instruction.
    guard let position = lastNodes.firstIndex(of: node) else { return }
    instructions[position].executeApart()
  }

  /// Computes again the nodes after a node of the list, from the values that are there: the suffix of a run. Random
  /// leaves stay as they are, and states are not stored.
  /// - Precondition: the program keeps all values.
  public func run(after x: Variable<some Scalar>, file: StaticString = #fileID, line: UInt = #line) {
    guard keeping == .all else {
      fatalError("run(after:): compile with keeping: .all, so that every value is there", file: file, line: line)
    }
    let node = position(of: x, file, line)
    begin(file, line)
    defer { end() }
    execute(from: lastNodes.firstIndex { $0 > node } ?? instructions.count)
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  private func execute(from first: Int) {
    guard let base = instructions.baseAddress else { return }
    #if RED_ZONES
      executeWatched(from: first)
    #else
      guard heldIndices.isEmpty else { return executeHoldingIndices(from: first) }
      if let completions, completions.isAwaited { return executeTelling(completions) }
      if scheduled.baseAddress != nil, first == foldedCount { return executePhases() }
      for position in first..<instructions.count { base[position].execute() }
    #endif
  }

  @inline(never)
  private func executeHoldingIndices(from first: Int) {
    for position in first..<instructions.count where !heldIndices.contains(lastNodes[position]) {
      instructions[position].executeApart()
    }
  }
}
