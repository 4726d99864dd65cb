/// One operation inside a chain.
struct ChainLink<S: Scalar> {
  enum Function {
    case map(MapFunction)
    case zip(ZipFunction)
    case select
  }

  /// Where an operand or result of a link is: a whole array, a single number, or a scratch block.
  struct Place {
    let base: UnsafeMutablePointer<S>
    /// 1 when the elements advance, 0 for a single number.
    let stride: Int
    /// 1 when each block stands further on, 0 for a scratch block or a single number.
    let blockStep: Int
    /// The size of a scratch block, since each thread has its own; 0 for anything else.
    let partStep: Int

    @inline(__always)
    func address(from start: Int, part: Int) -> UnsafeMutablePointer<S> { base + (start * blockStep + part * partStep) }

    /// How many elements a run over `count` of them touches here.
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

/// The blocks in which a chain keeps what only it uses; a block is used again once its value has been read for the last time.
struct ScratchBlocks {
  /// The block of each of the chain's nodes, by position; −1 for none.
  private var blocks: [Int32]
  /// The position of each node's last reader in the chain.
  private var lastReader: [Int32]
  private var free: [Int32] = []
  /// How many blocks there are.
  private(set) var count = 0

  init(_ step: Step, _ number: Int, _ nodes: [Node], _ index: StepIndex) {
    blocks = Array(repeating: -1, count: step.nodes.count)
    lastReader = blocks
    for (position, node) in step.nodes.enumerated() {
      for x in nodes[node].inputs where index.step[x] == number { lastReader[Int(index.position[x])] = Int32(position) }
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
