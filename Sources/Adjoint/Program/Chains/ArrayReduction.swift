import AdjointKernels

/// Sums, means, and largest and smallest elements of whole arrays.
///
/// Kernels reduce an array in blocks, and combine what these give pairwise (`reduce`). So the plan has a node more for what each block
/// gives, which is a chain's to compute: an array that is only reduced is never in memory, several reductions of one array read it
/// once, and threads and processes take bands of blocks.
struct ArrayReduction: FastPath {
  /// The elements of a block.
  let block: Int
  /// True for what blocks give, false for what these give together.
  private let isOfBlocks: Bool
  /// N of a mean.
  private var divisor: Double?

  var overwriting: Overwriting { .none }

  static func ending(in i: Int, of recording: PlannedRecording) -> Pass? {
    guard let step = recording.arrayReductions[i], !step.isOfBlocks else { return nil }
    return Pass(step, [i], results: [i])
  }

  func instruction<S: Scalar>(_ pass: Pass, _ number: Int, in builder: inout InstructionBuilder<S>) -> Instruction<S> {
    let node = pass.results[0]
    guard let reduction = builder.plan.forms[node]?.arrayReduction else {
      fatalError("Program: %\(node) reduces nothing")
    }
    return builder.instruction(
      running: CombinedBlocks(
        builder.view(builder.nodes[node].inputs[0]), BlockReduction(reduction, elementSize: MemoryLayout<S>.stride),
        into: builder.output(node), divisor: divisor))
  }

  // MARK: Blocks

  /// Gives each reduction of a large array a node for what its blocks give. Returns the steps by node.
  ///
  /// Where the array is a step or two away from another one, as ȳ·x is for a number ȳ, and somebody else reads it as well, the blocks
  /// take these steps for themselves, as soon as they can, and the others as late as they can: the array need not be in memory then.
  static func cutIntoBlocks(
    _ plan: inout Rematerialization, elementSize: Int, kept: [Bool]
  ) -> [Int: ArrayReduction] {
    var steps: [Int: ArrayReduction] = [:]
    var found: Rematerialization.Readers?
    /// What runs right before each operation, and right behind it, and at the very beginning.
    var (before, behind, first, isMoved) = ([Int: Int](), [Int: [Int]](), [Int](), Set<Int>())
    var isTakenTwice = Set<Int>()
    for i in plan.order {
      guard let reduction = plan.forms[i]?.arrayReduction, let x = plan.nodes[i].inputs.first else { continue }
      let (count, kernel) = (plan.nodes[x].shape.elementCount, BlockReduction(reduction, elementSize: elementSize))
      // Each thread of a chain has a block.
      guard plan.nodes[i].shape.elementCount == 1, count > Instruction<Double>.maximumParts * kernel.block,
        !plan.nodes[x].isIndex
      else { continue }
      let readers = found ?? Rematerialization.Readers(of: plan)
      found = readers
      var own = plan.stepsApart(to: x, readers, kept)
      let source = own.isEmpty ? x : own[own.count - 1]
      let blocks: Shape = [(count + kernel.block - 1) / kernel.block, kernel.lanes]
      let node = plan.append(partOf: i, reading: NodeList(source), shape: blocks)
      plan.nodes[i] = plan.nodes[i].reading(NodeList(node))
      steps[node] = ArrayReduction(block: kernel.block, isOfBlocks: true)
      steps[i] = ArrayReduction(
        block: kernel.block, isOfBlocks: false, divisor: plan.forms[i]?.isMean == true ? Double(count) : nil)
      guard !own.isEmpty else {
        before[i] = node
        continue
      }
      // Leaves and copies have no place.
      let operands = own.flatMap { plan.nodes[$0].inputs.map { plan.holder(of: $0) } }
        .filter { $0 < readers.place.count && readers.place[$0] >= 0 }
      isTakenTwice.formUnion(plan.originals(of: own))
      own += [node, i]
      isMoved.insert(i)
      if let last = operands.max(by: { readers.place[$0] < readers.place[$1] }) {
        behind[last, default: []] += own
      } else {
        first += own
      }
    }
    guard !steps.isEmpty else { return steps }
    var (order, isPut) = ([Int](), [Bool](repeating: false, count: plan.nodes.count))
    func put(_ i: Int) {
      if isPut[i] { return }
      isPut[i] = true
      // What has been moved forward may come before an operand that stands later in the recording.
      for x in plan.nodes[i].inputs where plan.forms[x] != nil && plan.live[x] { put(x) }
      order.append(i)
      for other in behind[i] ?? [] { put(other) }
    }
    for i in first { put(i) }
    for i in plan.order where !isMoved.contains(i) {
      before[i].map { put($0) }
      put(i)
    }
    plan.order = order
    plan.removeUnread(kept, where: isTakenTwice.contains)
    plan.delay(isTakenTwice)
    return steps
  }
}

extension Rematerialization {
  /// The most steps that are taken twice.
  private static let mostSteps = 4

  /// Copies of the operations that lead from an array in memory to a value, in order; none where nobody else reads what they give.
  fileprivate mutating func stepsApart(to x: Int, _ readers: Readers, _ kept: [Bool]) -> [Int] {
    if isRecomputing { return [] }  // a segment's operations have places of their own
    var (path, isShared, node) = ([Int](), false, x)
    while path.count < Self.mostSteps, let operand = soleArray(of: node) {
      path.append(node)
      isShared = isShared || readers.count[node] > 1 || node < kept.count && kept[node]
      node = operand
    }
    guard isShared else { return [] }
    var copies: [Int] = []
    for (position, step) in path.enumerated().reversed() {
      let (inner, copy) = (position + 1 < path.count ? path[position + 1] : -1, copies.last ?? -1)
      let inputs = nodes[step].inputs.map { $0 == inner ? copy : $0 }
      copies.append(append(partOf: step, reading: NodeList(inputs)))
    }
    return copies
  }

  /// The operations of which these nodes are copies.
  fileprivate func originals(of copies: [Int]) -> [Int] {
    copies.map { originals[$0 - (nodes.count - originals.count)] }
  }

  /// The place of each operation in the order, and the number of those that read each node.
  fileprivate struct Readers {
    private(set) var place: [Int32]
    private(set) var count: [Int32]

    init(of plan: Rematerialization) {
      place = Array(repeating: -1, count: plan.nodes.count)
      count = Array(repeating: 0, count: plan.nodes.count)
      for (position, i) in plan.order.enumerated() {
        place[i] = Int32(position)
        for x in plan.nodes[i].inputs { count[x] += 1 }
      }
    }
  }

  /// The array that an operation reads beside single numbers, where computing it once more takes less than reading what it gave;
  /// `nil` for any other node.
  private func soleArray(of i: Int) -> Int? {
    guard let form = forms[i], form.isCheap, !isAlias[i] else { return nil }
    let arrays = nodes[i].inputs.filter { nodes[$0].shape.elementCount > 1 }
    return arrays.count == 1 && nodes[arrays[0]].shape == nodes[i].shape ? arrays[0] : nil
  }

  /// The node that holds a node's value in memory.
  fileprivate func holder(of x: Int) -> Int {
    var x = x
    while isAlias[x] { x = nodes[x].inputs[0] }
    return x
  }
}

extension OperationForm {
  /// A sum, a mean or an extremum, over whatever axes.
  var arrayReduction: Reduction? {
    if case .extremum(let kind, _, _) = self { return kind == .max ? .maximum : .minimum }
    return isSum || isMean ? .sum : nil
  }

  /// True for what takes a cycle or two for a vector.
  fileprivate var isCheap: Bool {
    if isComparison || unary == .negate || unary == .square { return true }
    return binary.map { [.add, .subtract, .multiply, .masked].contains($0) } ?? false
  }
}

/// A reduction of arrays by the kernels, block by block.
struct BlockReduction {
  typealias Kernel = @convention(c) (ak_reduction, UnsafeRawPointer?, UnsafeMutableRawPointer?, Int) -> Void

  let kind: ak_reduction
  /// What each block of so many elements gives, and what so many blocks give together.
  let run: Kernel, combine: Kernel
  private let width: Int32
  /// The numbers that a block gives.
  var lanes: Int { Int(width) }
  /// The elements of a block.
  var block: Int { Int(width) * Int(AK_BLOCK_DEPTH) }

  /// - Precondition: the kernels are in use, and have this precision.
  init(_ reduction: Reduction, elementSize: Int) {
    guard let kernels = Kernels.active?.pointee else { fatalError("Program: blocks are the kernels' to reduce") }
    let isDouble = elementSize == MemoryLayout<Double>.stride
    kind = reduction.kernel
    run = isDouble ? kernels.reduce_blocks_f64 : kernels.reduce_blocks_f32
    combine = isDouble ? kernels.combine_blocks_f64 : kernels.combine_blocks_f32
    width = kernels.vector_bytes / Int32(elementSize)
  }
}

private final class CombinedBlocks<S: Scalar>: PlacedOperation<S> {
  private let blocks: View<S>
  private let reduction: BlockReduction
  private let y: Output<S>
  private let divisor: Double?

  init(_ blocks: View<S>, _ reduction: BlockReduction, into y: Output<S>, divisor: Double?) {
    (self.blocks, self.reduction, self.y, self.divisor) = (blocks, reduction, y, divisor)
  }

  override func execute() {
    reduction.combine(reduction.kind, blocks.base, y.base, blocks.shape[0])
    if let divisor { y.divide(by: divisor) }
  }

  override func footprint(part: Int, of parts: Int) -> Footprint {
    var footprint = Footprint()
    guard part == 0 else { return footprint }
    footprint.read(blocks.base, count: blocks.count)
    footprint.write(y.base, count: 1)
    return footprint
  }

  override var work: Int { blocks.count + 1 }
}
