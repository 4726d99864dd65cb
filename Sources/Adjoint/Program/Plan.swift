/// The passes that a program will run, in order, before anything has an address. The recording is pruned to what is
/// asked for, simplified, and fused into passes.
struct Plan {
  /// The recorded nodes. A node that reads a repeated operation reads the first of its kind instead. Behind them stand the
  /// operations that run once more.
  private(set) var nodes: [Node]
  /// The form of each node's operation; `nil` for a leaf, and for a node that nobody needs.
  private(set) var forms: [OperationForm?]
  /// True for each node that is computed or read.
  private(set) var live: [Bool]
  /// The live leaves, in order.
  let leaves: [Int]
  /// True for each node that can be read after a run: the nodes asked for, and the leaves.
  let readable: [Bool]
  /// The nodes that depend on constants alone, in order. The first passes compute them, once.
  private(set) var folded: [Int] = []
  private(set) var passes: [Pass]
  /// The node that holds each node's value in memory: itself unless it is an alias.
  private(set) var root: [Int]
  /// The nodes that no pass computes, since products find their values in what they are made of.
  let inPlace: [Int]
  /// The place of each node's first element among those of its root.
  private(set) var place: [Int]
  private let fuses: Bool
  /// True for each value that stands as long as the program.
  private var lasting: [Bool]

  /// - Parameters:
  ///   - formulas: the formulas of the nodes that have one.
  ///   - targets: the nodes asked for.
  ///   - segments: the places whose inner values are computed again for the backward pass.
  ///   - fusing: true when values may be left out and share memory; if false, every node can be read.
  ///   - alteration: the changes of a checker that measures itself.
  ///   - holdingIndices: true when computed indices stand as they are from run to run.
  ///   - elementSize: the bytes of an element that kernels multiply; `nil` where there are no kernels.
  ///   - isForProcesses: true to cut sums so that processes send each other less.
  ///   - isOnes: true for a constant leaf whose elements are all 1.
  init(
    of recorded: [Node], _ formulas: [Int: LoopFormula], for targets: [Int], segments: [Range<Int>], fusing: Bool,
    altering alteration: PlanAlteration?, holdingIndices: Bool, elementSize: Int?, isForProcesses: Bool,
    isOnes: @escaping (Int) -> Bool
  ) {
    (nodes, fuses) = (recorded, fusing)
    live = Array(repeating: false, count: recorded.count)
    for target in targets { live[target] = true }
    for i in recorded.indices.reversed() where live[i] { for x in recorded[i].inputs { live[x] = true } }
    let live = live
    leaves = recorded.indices.filter { live[$0] && recorded[$0].isLeaf }
    forms = recorded.indices.map { live[$0] ? recorded[$0].form : nil }
    lasting = live
    if fusing {
      lasting = Array(repeating: false, count: recorded.count)
      for target in targets { lasting[target] = true }
      if holdingIndices { for i in recorded.indices where live[i] && recorded[i].givesIndices { lasting[i] = true } }
      Simplification.removeRepeated(from: &nodes, &self.live, forms: forms, kept: lasting)
      Simplification.joinLoops(in: &nodes, &self.live, forms: forms, kept: lasting)
      Simplification.readSingleNumbers(in: &nodes, &self.live, forms: forms, kept: lasting)
      folded = Simplification.constants(in: nodes, live: self.live, forms: forms, kept: lasting)
    }
    place = Array(repeating: 0, count: recorded.count)
    var isAlias = Array(repeating: false, count: recorded.count)
    if fusing { Plan.keepInPlace(&isAlias, &place, nodes, forms, live: self.live, folded: folded, kept: lasting) }
    var readable = lasting
    for leaf in leaves { readable[leaf] = true }
    self.readable = readable

    var computed = self.live
    for node in folded { (computed[node], lasting[node]) = (false, true) }
    var whole = Rematerialization(
      nodes, forms, formulas, live: computed, isAlias: isAlias, kept: lasting, segments: fusing ? segments : [])
    // Only kernels add in blocks.
    let columnSums = fusing && elementSize != nil ? ColumnSums.cutIntoBlocks(&whole) : [:]
    var arrayReductions: [Int: ArrayReduction] = [:]
    if fusing, let elementSize {
      arrayReductions = ArrayReduction.cutIntoBlocks(&whole, elementSize: elementSize, kept: lasting)
    }
    if fusing { whole.delayRepeated() }
    var windowChains: Set<Int> = []
    if fusing, isForProcesses, let elementSize {
      windowChains = WindowChains.cut(&whole, elementSize: elementSize, kept: lasting)
    }
    (nodes, forms, self.live) = (whole.nodes, whole.forms, whole.live)
    lasting += Array(repeating: false, count: nodes.count - recorded.count)
    for node in folded { self.live[node] = true }

    let places = place
    place += whole.originals.map { places[$0] }
    isAlias = whole.isAlias
    var recording = PlannedRecording(whole, kept: lasting, isOnes: isOnes)
    (recording.columnSums, recording.arrayReductions) = (columnSums, arrayReductions)
    recording.windowChains = windowChains
    if fusing { recording.windows = WindowsInPlace(in: recording, elementSize: elementSize) }
    inPlace = recording.windows.nodes
    let fused = Fusion(recording).passes(fusing: fusing)
    passes =
      folded.map { Pass(General($0, of: recording), [$0], results: [$0]) } + (alteration?.passes(fused) ?? fused)
    root = Array(nodes.indices)
    for node in inPlace { isAlias[node] = true }
    for i in recording.order where isAlias[i] {
      root[i] = root[nodes[i].inputs[0]]
      place[i] += place[nodes[i].inputs[0]]
    }
  }

  /// Finds the aliases, which stand where their operand stands: what gives it another shape, and slices that are runs of adjacent
  /// elements, unless they are to outlast them.
  private static func keepInPlace(
    _ isAlias: inout [Bool], _ place: inout [Int], _ nodes: [Node], _ forms: [OperationForm?], live: [Bool],
    folded: [Int], kept: [Bool]
  ) {
    var isFree = live
    for i in folded { isFree[i] = false }
    for i in nodes.indices {
      if forms[i] == .reshape {
        isAlias[i] = true
      } else if isFree[i], forms[i] == .slice, !kept[i], !nodes[i].isIndex,
        case .operation(let operation) = nodes[i].kind,
        let first = operation.run(of: nodes[nodes[i].inputs[0]].shape)
      {
        (isAlias[i], place[i]) = (true, first)
      }
    }
  }

  /// The places of the values. Those of leaves that are `isElsewhere` do not stand in this memory, and values may take over that of
  /// leaves that are handed on to them, unless these are asked for.
  func memory(isElsewhere: [Bool], handed: [Int: Int], elementSize: Int, isForProcesses: Bool) -> MemoryPlan {
    MemoryPlan(
      nodes: nodes, passes: passes, root: root, place: place, leaves: leaves, isElsewhere: isElsewhere,
      handed: handed.filter { !lasting[$0.key] }, kept: lasting, sharing: fuses, elementSize: elementSize,
      isForProcesses: isForProcesses)
  }

  /// The smallest bound that a live operation puts on each index leaf. Computed indices are held to a bound of their own.
  var indexBounds: [Int: Int] {
    var bounds: [Int: Int] = [:]
    for i in nodes.indices where live[i] {
      // Most read none: an operation is asked last.
      guard nodes[i].inputs.contains(where: { nodes[$0].isIndex }), case .operation(let operation) = nodes[i].kind,
        let position = operation.indexPosition, nodes[nodes[i].inputs[position]].isLeaf
      else { continue }
      let bound = operation.indexBound(for: nodes[i].inputs.map { nodes[$0].shape })
      bounds[nodes[i].inputs[position], default: Int.max] = min(bound, bounds[nodes[i].inputs[position]] ?? Int.max)
    }
    return bounds
  }
}

extension Node {
  /// The form of the operation; `nil` for a leaf.
  var form: OperationForm? {
    if case .operation(let operation) = kind { return operation.form }
    return nil
  }

  /// True when an operation computes indices here.
  var givesIndices: Bool { isIndex && !isLeaf }

  var isLeaf: Bool {
    if case .leaf = kind { return true }
    return false
  }
}
