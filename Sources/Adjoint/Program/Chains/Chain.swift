import AdjointKernels

/// Operations on the elements of one array, run a block at a time so that values used by the chain alone stay in cache. A chain of
/// elements has elementwise operations. A chain of rows has blocks of whole rows, and so also takes operands that repeat along
/// an axis, sums, means and variances of rows, and softmax: a normalisation is one pass, and its gradient few. Either puts columns
/// side by side, where an operation joins some that have the elements of its own values. One of elements may end in sums and largest
/// elements of whole arrays: of each block of the kernels' own it computes what the block gives (`ArrayReduction`).
///
/// An element or a row is computed by the loop that computes it in the operation apart, so that no bit depends on the chain.
struct Chain: PassKind {
  let rows: RowSpace
  /// The rows after which those of some operand come again; 0 when they do not. Blocks end there.
  private var period: Int
  /// The elements of a block of the kernels, with whose reductions the chain ends; 0 when it ends with none.
  private(set) var reducedBlock = 0

  var overwriting: Overwriting { .elementwise }
  var takesLater: Bool { rows.isOfRows }

  init(rows: RowSpace) { (self.rows, period) = (rows, 0) }

  /// The chain that begins with a node; `nil` where none can compute it.
  init?(beginningWith i: Int, of recording: PlannedRecording) {
    let ofElements = recording.arrayReductions[i] == nil ? i : recording.nodes[i].inputs[0]
    let elements = Chain(rows: RowSpace(elementsOf: recording.nodes[ofElements].shape))
    guard
      let chain = elements.with(i, of: recording)
        ?? RowSpace(around: i, of: recording).flatMap({ Chain(rows: $0).with(i, of: recording) })
    else { return nil }
    self = chain
  }

  func taking(_ i: Int, besideOthers count: Int, of recording: PlannedRecording) -> (any PassKind)? {
    if let chain = with(i, of: recording) { return chain }
    // Elements are rows too.
    guard !rows.isOfRows, reducedBlock == 0, let wider = RowSpace(around: i, of: recording), wider.shape == rows.shape
    else { return nil }
    return Chain(rows: wider).with(i, of: recording)
  }

  /// The same chain of elements, as one of rows.
  func over(_ rows: RowSpace) -> Chain { self.rows.isOfRows ? self : Chain(rows: rows) }

  /// This chain with a node that it can compute beside its others; `nil` for any other.
  private func with(_ i: Int, of recording: PlannedRecording) -> Chain? {
    if let reduction = recording.arrayReductions[i] {
      guard !rows.isOfRows, recording.nodes[recording.nodes[i].inputs[0]].shape == rows.shape else { return nil }
      var chain = self
      chain.reducedBlock = reduction.block
      return chain
    }
    guard let own = rows.period(of: i, in: recording), own == 0 || period == 0 || own == period else { return nil }
    var chain = self
    chain.period = max(own, period)
    return chain
  }

  func instruction<S: Scalar>(_ pass: Pass, _ number: Int, in builder: inout InstructionBuilder<S>) -> Instruction<S> {
    .chain(placed(pass, number, in: &builder))
  }

  /// The chain with every operand resolved to an address.
  @specialized(where S == Float)
  @specialized(where S == Double)
  func placed<S: Scalar>(_ pass: Pass, _ number: Int, in builder: inout InstructionBuilder<S>) -> PlacedChain<S> {
    let nodes = builder.nodes
    let blockRows = reducedBlock > 0 ? reducedBlock : max(min(Instruction<S>.blockSize / rows.width, rows.count), 1)
    let blockSize = blockRows * rows.width
    var scratch = ScratchBlocks<S>(pass, number, nodes, builder.index, root: builder.plan.root)
    let links = builder.allocate(ChainLink<S>.self, count: pass.nodes.count)
    var count = 0
    func place(_ x: Int) -> ChainLink<S>.Place {
      let kind = rows.operand(nodes[x].shape)
      if let block = scratch[x] { return ChainLink.Place(block, kind, rows, ownStep: blockSize) }
      if let own = builder.ownEntries[x] {
        return ChainLink.Place(own.base, kind, rows, ownStep: own.size, isMatrix: true)
      }
      return ChainLink.Place(builder.output(x).base, kind, rows)
    }
    for (position, node) in pass.nodes.enumerated() where builder.plan.root[node] == node {
      let inputs = nodes[node].inputs
      defer { count += 1 }
      if builder.plan.forms[node] == .concatenate {
        let columns = builder.allocate(ChainLink<S>.Place.self, count: inputs.count)
        for (number, x) in inputs.enumerated() {
          let place = scratch[x].map { ChainLink<S>.Place($0, .row, rows, ownStep: blockSize) }
          (columns + number).initialize(to: place ?? ChainLink.Place(builder.output(x).base, .row, rows))
        }
        (links + count).initialize(
          to: ChainLink(
            joining: UnsafeBufferPointer(start: columns, count: inputs.count), into: builder.output(node).base, rows))
        scratch.release(inputs, after: position)
        continue
      }
      if !rows.isOfRows, let reduction = builder.plan.forms[node]?.arrayReduction {
        (links + count).initialize(
          to: ChainLink(
            reducing: place(inputs[0]), BlockReduction(reduction, elementSize: MemoryLayout<S>.stride),
            into: builder.output(node).base))
        scratch.release(inputs, after: position)
        continue
      }
      let operands = (0..<3).map { place(inputs[min($0, inputs.count - 1)]) }
      // A row of the result may not stand where a later row of an operand does.
      let isInStep = inputs.allSatisfy { scratch[$0] == nil || nodes[$0].shape == nodes[node].shape }
      if isInStep { scratch.release(inputs, after: position) }
      if !builder.hasMemory(node), builder.ownEntries[node] == nil {  // not a result
        // One block for each thread that may run a part of the chain.
        let size = blockSize * Instruction<S>.maximumParts
        if !scratch.reuse(at: position) { scratch.put(builder.allocate(S.self, count: size), at: position) }
      }
      (links + count).initialize(
        to: ChainLink(
          function: ChainLink<S>.Function(builder.plan.forms[node], width: rows.width), a: operands[0], b: operands[1],
          c: operands[2], y: place(node)))
      scratch.release(inputs, after: position)
    }
    let list = UnsafeBufferPointer(start: links, count: count)
    return PlacedChain(
      links: list, count: rows.count, width: rows.width, together: reducedBlock > 0 ? reducedBlock : rows.together,
      blockRows: blockRows, period: period,
      steps: rows.count <= blockRows && period == 0 ? steps(of: list, in: &builder) : nil)
  }

  /// The links of one block as the kernels run them; `nil` where a link or the scalar is none of theirs.
  private func steps<S: Scalar>(
    of links: UnsafeBufferPointer<ChainLink<S>>, in builder: inout InstructionBuilder<S>
  ) -> KernelSteps? {
    guard let kernels = Kernels.active, S.self == Double.self || S.self == Float.self else { return nil }
    let steps = links.compactMap(\.step)
    guard steps.count == links.count else { return nil }
    let list = builder.allocate(ak_step.self, count: steps.count)
    list.initialize(from: steps, count: steps.count)
    return KernelSteps(run: S.self == Double.self ? kernels.pointee.steps_f64 : kernels.pointee.steps_f32, list: list)
  }
}

/// The rows that a chain computes: those along the last axis of its widest values, or its elements.
struct RowSpace {
  /// The shape of a value that has all elements.
  let shape: Shape
  /// The elements of a row.
  let width: Int
  /// The number of rows.
  let count: Int
  /// The rows that threads keep together where there are enough of them.
  let together: Int
  /// The shape of a value with one number for each row.
  private let single: Shape

  /// The longest row that stays in cache with a few others.
  private static let widest = 4096

  /// Each element by itself.
  init(elementsOf shape: Shape) {
    (self.shape, single, width, count) = (shape, shape, 1, shape.elementCount)
    together = max(count / max(shape.first ?? 1, 1), 1)
  }

  /// Rows of this shape, of more than one element: a sum of one keeps the sign of a zero.
  init?(_ shape: Shape) {
    guard let width = shape.last, (2...RowSpace.widest).contains(width), shape.elementCount > 0 else { return nil }
    (self.shape, self.width, count, together) = (shape, width, shape.elementCount / width, 1)
    single = shape.replacing(axis: shape.rank - 1, with: 1)
  }

  /// The rows among which a node is computed; a number for each row comes of rows.
  init?(around i: Int, of recording: PlannedRecording) {
    let (shape, inputs) = (recording.nodes[i].shape, recording.nodes[i].inputs)
    self.init(shape.last == 1 && !inputs.isEmpty ? recording.nodes[inputs[0]].shape : shape)
  }

  var isOfRows: Bool { width > 1 }

  /// The part of an operand that stands for a row.
  enum Operand: Equatable {
    /// A row of its own.
    case row
    /// One number for each row.
    case number
    /// One row for all.
    case sharedRow
    /// Rows that come again after so many.
    case periodic(Int)
    /// One number for all.
    case sharedNumber
  }

  /// The part of a value of some shape that stands for a row; `nil` for what does not stand beside these rows so.
  func operand(_ x: Shape) -> Operand? {
    if x == shape { return .row }
    if isOfRows, x == single { return .number }
    if x.elementCount == 1 { return .sharedNumber }
    guard isOfRows, x.last == width, x.rank <= shape.rank else { return nil }
    if x.elementCount == width { return .sharedRow }
    let inner = x.drop { $0 == 1 }
    return inner.elementsEqual(shape.suffix(inner.count)) ? .periodic(x.elementCount / width) : nil
  }

  /// The rows after which those of an operand of a node come again, 0 when they do not; `nil` for a node that a chain over these
  /// rows cannot compute.
  func period(of i: Int, in recording: PlannedRecording) -> Int? {
    guard let form = recording.forms[i] else { return nil }
    let node = recording.nodes[i]
    if form == .concatenate { return recording.column(of: i)?.elementCount == shape.elementCount ? 0 : nil }
    if !isOfRows {
      guard form.isLoop, node.shape == shape else { return nil }
      return node.inputs.allSatisfy { operand(recording.nodes[$0].shape) != nil } ? 0 : nil
    }
    let operands = node.inputs.map { operand(recording.nodes[$0].shape) }
    if form.isReduction(of: AxisSet([shape.rank - 1])) { return node.shape == single && operands == [.row] ? 0 : nil }
    if form == .softmax(.softmax) || form == .softmax(.logSoftmax) { return operands == [.row] ? 0 : nil }
    guard form.isLoop || form == .addBias || form == .broadcast, !node.isIndex else { return nil }
    if node.shape != shape {
      guard node.shape == single else { return nil }
      return operands.allSatisfy { $0 == .number || $0 == .sharedNumber } ? 0 : nil
    }
    var period = 0
    for operand in operands {
      guard let operand else { return nil }
      guard case .periodic(let own) = operand else { continue }
      guard period == 0 || period == own else { return nil }
      period = own
    }
    return period
  }
}

extension OperationForm {
  /// True for a sum, mean or variance over these axes that keeps them as dimensions of 1.
  fileprivate func isReduction(of axes: AxisSet) -> Bool {
    self == .sum(axes, keepsDimensions: true) || self == .mean(axes, keepsDimensions: true)
      || self == .variance(axes, keepsDimensions: true, correction: 0)
  }
}

extension PlannedRecording {
  /// The most columns that a chain joins: a block of each is to stay in a cache.
  private static let mostColumns = 64

  /// The shape of the columns that a node puts side by side, each with one number for every row of the result; `nil` for another.
  func column(of i: Int) -> Shape? {
    guard forms[i] == .concatenate, !nodes[i].isIndex, 2...Self.mostColumns ~= nodes[i].inputs.count else { return nil }
    let (column, shape) = (nodes[nodes[i].inputs[0]].shape, nodes[i].shape)
    guard nodes[i].inputs.allSatisfy({ nodes[$0].shape == column }), column.elementCount > 0,
      let axis = shape.indices.first(where: { shape[$0] != column[$0] }),
      column.leading(axis).elementCount == column.elementCount
    else { return nil }
    return column
  }
}

/// The blocks that hold the values used by a pass alone. A block is used again once its value has been read for the last time. A
/// value under another shape stands in the block of its holder.
struct ScratchBlocks<S: Scalar> {
  private let index: PassIndex
  /// The node that holds each node's value.
  private let root: [Int]
  private let number: Int
  /// The block of each of the pass's nodes, by position.
  private var blocks: [UnsafeMutablePointer<S>?]
  /// The position of each node's last reader in the pass.
  private var lastReader: [Int32]
  private var free: [UnsafeMutablePointer<S>] = []

  init(_ pass: Pass, _ number: Int, _ nodes: [Node], _ index: PassIndex, root: [Int]) {
    (self.index, self.number, self.root) = (index, number, root)
    blocks = Array(repeating: nil, count: pass.nodes.count)
    lastReader = Array(repeating: -1, count: pass.nodes.count)
    for (position, node) in pass.nodes.enumerated() {
      for x in nodes[node].inputs { place(of: x).map { lastReader[$0] = Int32(position) } }
    }
  }

  /// The position in the pass of what holds a value; `nil` for what the pass does not compute.
  private func place(of x: Int) -> Int? { index.pass[x] == number ? Int(index.position[root[x]]) : nil }

  /// The block of a node, if it has one.
  subscript(_ x: Int) -> UnsafeMutablePointer<S>? { place(of: x).flatMap { blocks[$0] } }

  /// Frees the blocks of operands that the node at a position reads last.
  mutating func release(_ inputs: NodeList, after position: Int) {
    for x in inputs {
      guard let place = place(of: x), lastReader[place] == position else { continue }
      lastReader[place] = -1  // once, also when it is read twice
      if let block = blocks[place] { free.append(block) }
    }
  }

  /// Gives the node at a position a free block; false when there is none.
  mutating func reuse(at position: Int) -> Bool {
    blocks[position] = free.popLast()
    return blocks[position] != nil
  }

  /// Gives the node at a position a new block.
  mutating func put(_ block: UnsafeMutablePointer<S>, at position: Int) { blocks[position] = block }
}
