/// Elementwise operations of one shape, run block by block so that values used by the chain alone stay in cache.
struct Chain: PassKind {
  var overwriting: Overwriting { .elementwise }

  /// True when a node can join a chain: the library knows its loop, and its operands have its own shape or are single
  /// numbers.
  static func canHold(_ i: Int, of recording: PlannedRecording) -> Bool {
    guard let form = recording.forms[i], form.isLoop else { return false }
    let shape = recording.nodes[i].shape
    return recording.nodes[i].inputs.allSatisfy {
      recording.nodes[$0].shape == shape || recording.nodes[$0].shape.elementCount == 1
    }
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  func instruction<S: Scalar>(_ pass: Pass, _ number: Int, in builder: inout InstructionBuilder<S>) -> Instruction<S> {
    let (nodes, index) = (builder.nodes, builder.index)
    let shape = nodes[pass.nodes[0]].shape
    let (count, rows) = (shape.elementCount, max(shape.first ?? 1, 1))
    let blockSize = min(count, Instruction<S>.blockSize)
    var scratch = ScratchBlocks(pass, number, nodes, index)
    var blocks: [UnsafeMutablePointer<S>] = []
    let links = builder.allocate(ChainLink<S>.self, count: pass.nodes.count)
    func place(_ x: Int) -> ChainLink<S>.Place {
      if index.pass[x] == number, let block = scratch.block(at: index.position[x]) {
        return ChainLink.Place(base: blocks[block], stride: 1, blockStep: 0, partStep: blockSize)
      }
      let advances = nodes[x].shape.elementCount == count ? 1 : 0
      return ChainLink.Place(base: builder.output(x).base, stride: advances, blockStep: advances, partStep: 0)
    }
    for (position, node) in pass.nodes.enumerated() {
      let inputs = nodes[node].inputs
      let (a, b, c) = (
        place(inputs[0]), place(inputs[min(1, inputs.count - 1)]), place(inputs[min(2, inputs.count - 1)])
      )
      for x in inputs where index.pass[x] == number { scratch.release(index.position[x], after: position) }
      if !builder.hasMemory(node) {  // not a result
        scratch.assign(position)
        if scratch.count > blocks.count {
          // One block for each thread that may run a part of the chain.
          blocks.append(builder.allocate(S.self, count: max(blockSize, 1) * Instruction<S>.maximumParts))
        }
      }
      let function = ChainLink<S>.Function(builder.plan.forms[node])
      (links + position).initialize(to: ChainLink(function: function, a: a, b: b, c: c, y: place(node)))
    }
    return .chain(UnsafeBufferPointer(start: links, count: pass.nodes.count), rows: rows, width: count / rows)
  }
}

/// One operation inside a chain.
struct ChainLink<S: Scalar> {
  enum Function {
    case map(MapFunction)
    case zip(ZipFunction)
    case select

    init(_ form: OperationForm?) {
      if case .map(let f)? = form {
        self = .map(f)
      } else if case .zip(let f)? = form {
        self = .zip(f)
      } else {
        guard form == .select else { fatalError("Program: only elementwise loops have a place in a chain") }
        self = .select
      }
    }
  }

  /// The place of an operand or result of a link: a whole array, a single number, or a scratch block.
  struct Place {
    let base: UnsafeMutablePointer<S>
    /// 1 when the elements advance, 0 for a single number.
    let stride: Int
    /// 1 when each block stands further on, 0 for a scratch block or a single number.
    let blockStep: Int
    /// The size of a scratch block, since each thread has its own; 0 for any other place.
    let partStep: Int

    @inline(__always)
    func address(from start: Int, part: Int) -> UnsafeMutablePointer<S> { base + (start * blockStep + part * partStep) }

    /// The number of elements that a run over `count` of them touches here.
    func extent(_ count: Int) -> Int { partStep > 0 ? partStep : stride == 0 ? 1 : count }
  }

  let function: Function
  let a: Place
  let b: Place
  let c: Place
  let y: Place

  @inline(__always)
  func execute(from start: Int, count: Int, part: Int) {
    let out = y.address(from: start, part: part)
    switch function {
    case .map(let f):
      // One number for all: the function of it, repeated.
      if a.stride == 1 {
        S.map(f, a.address(from: start, part: part), out, count: count)
      } else {
        S.map(f, a.base, out, count: 1)
        out.update(repeating: out.pointee, count: count)
      }
    case .zip(let f):
      S.zip(
        f, a.address(from: start, part: part), strideA: a.stride, b.address(from: start, part: part), strideB: b.stride,
        out, count: count)
    case .select:
      S.select(
        a.address(from: start, part: part), strideC: a.stride, b.address(from: start, part: part), strideA: b.stride,
        c.address(from: start, part: part),
        strideB: c.stride, out, count: count)
    }
  }
}

/// The blocks that hold the values used by a chain alone. A block is used again once its value has been read for the
/// last time.
struct ScratchBlocks {
  /// The block of each of the chain's nodes, by position; −1 for none.
  private var blocks: [Int32]
  /// The position of each node's last reader in the chain.
  private var lastReader: [Int32]
  private var free: [Int32] = []
  /// The number of blocks.
  private(set) var count = 0

  init(_ pass: Pass, _ number: Int, _ nodes: [Node], _ index: PassIndex) {
    blocks = Array(repeating: -1, count: pass.nodes.count)
    lastReader = blocks
    for (position, node) in pass.nodes.enumerated() {
      for x in nodes[node].inputs where index.pass[x] == number { lastReader[Int(index.position[x])] = Int32(position) }
    }
  }

  /// The block of the node at a position of the chain, if it has one.
  func block(at position: Int32) -> Int? { blocks[Int(position)] < 0 ? nil : Int(blocks[Int(position)]) }

  /// Frees the block of an operand that the node at `reader` reads last.
  mutating func release(_ position: Int32, after reader: Int) {
    guard lastReader[Int(position)] == reader, blocks[Int(position)] >= 0 else { return }
    lastReader[Int(position)] = -1  // once, also when it is read twice
    free.append(blocks[Int(position)])
  }

  /// Gives the node at a position a block: a free one, or a new one.
  mutating func assign(_ position: Int) {
    if let block = free.popLast() {
      blocks[position] = block
    } else {
      blocks[position] = Int32(count)
      count += 1
    }
  }
}
