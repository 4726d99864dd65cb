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
struct ScratchBlocks<S: Scalar> {
  private var blocks: [Int: UnsafeMutablePointer<S>] = [:]
  private var free: [UnsafeMutablePointer<S>] = []
  private var lastRead: [Int: Int] = [:]
  private let step: Step
  private let nodes: [Node]
  private let blockSize: Int
  private let arena: Arena

  init(_ step: Step, _ nodes: [Node], blockSize: Int, arena: Arena) {
    (self.step, self.nodes, self.blockSize, self.arena) = (step, nodes, blockSize, arena)
    for (position, node) in step.nodes.enumerated() { for x in nodes[node].inputs { lastRead[x] = position } }
  }

  /// A block for each thread that may run a part of the chain.
  private var capacity: Int { max(blockSize, 1) * Instruction<S>.maximumParts }

  func block(of node: Int) -> UnsafeMutablePointer<S>? { blocks[node] }

  /// Gives a node its block, unless it is a result, and frees those that it reads last.
  mutating func assign(_ node: Int, at position: Int, isResult: Bool) {
    for x in Set(nodes[node].inputs) where lastRead[x] == position {
      if let block = blocks[x] { free.append(block) }
    }
    guard !isResult else { return }
    blocks[node] =
      free.popLast()
      ?? arena.allocate(byteCount: capacity * MemoryLayout<S>.stride).bindMemory(to: S.self, capacity: capacity)
  }
}
