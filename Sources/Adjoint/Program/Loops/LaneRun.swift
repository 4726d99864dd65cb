import AdjointKernels

/// The steps of a loop that carries nothing, side by side in the lanes of vectors.
final class LaneRun<S: Scalar>: ScanRun<S> {
  private typealias List<T> = UnsafeMutableBufferPointer<T>

  /// Code with its lists in memory that lasts, whose numbers stand from a slot on.
  private struct Code {
    let blocks: List<Block>
    let slots: UnsafeMutablePointer<S>
  }

  private struct Block {
    let steps: List<ak_lane_step>
    let loop: UnsafeMutablePointer<Inner>?
  }

  private struct Inner {
    let code: Code
    let shared: List<ScanLanes.Copy>
    let entries: List<List<ScanLanes.Copy>>, results: List<List<ScanLanes.Copy>>
  }

  private let code: Code
  private let entries, shared, results: List<ScanLanes.Element>
  private let kernel: @convention(c) (UnsafePointer<ak_lane_step>?, Int, UnsafeMutableRawPointer?) -> Void
  private let memory = Arena()

  /// The lanes of a slot.
  private static var width: Int { Int(AK_SLOT_BYTES) / MemoryLayout<S>.stride }

  /// `nil` where steps do not run side by side, or had better not: there are no kernels for the scalar, or steps that are long in
  /// themselves would leave many lanes empty.
  init?(_ body: ScanBody, steps: Int) {
    guard S.self == Double.self || S.self == Float.self, let kernels = Kernels.active,
      let lanes = ScanLanes(body, vector: Int(kernels.pointee.vector_bytes) / MemoryLayout<S>.stride)
    else { return nil }
    let width = Self.width
    if lanes.hasLoops, 4 * steps < 3 * width * ((steps + width - 1) / width) { return nil }
    code = Self.placed(lanes, in: memory)
    entries = memory.kept(lanes.entries)
    shared = memory.kept(lanes.shared)
    results = memory.kept(lanes.results)
    kernel = S.self == Double.self ? kernels.pointee.lanes_f64 : kernels.pointee.lanes_f32
  }

  private static func placed(_ lanes: ScanLanes, in memory: Arena) -> Code {
    let slots = memory.kept([S](repeating: 0, count: max(lanes.slotCount, 1) * width))
    let blocks = lanes.blocks.map { block in
      let loop = block.loop.map { loop in
        memory.kept([
          Inner(
            code: placed(loop.body, in: memory), shared: memory.kept(loop.shared),
            entries: memory.kept(loop.entries.map { memory.kept($0) }),
            results: memory.kept(loop.results.map { memory.kept($0) }))
        ])
      }
      return Block(steps: memory.kept(block.steps), loop: loop?.baseAddress)
    }
    return Code(blocks: memory.kept(blocks), slots: slots.baseAddress.unsafelyUnwrapped)
  }

  override func run(_ x: Operands<S>, into y: Output<S>, steps: Int, reversed: Bool) { runLanes(x, into: y, steps) }

  /// Runs all steps, as many at a time as a slot has lanes. Lanes that are left over compute for nothing.
  @specialized(where S == Float)
  @specialized(where S == Double)
  private func runLanes(_ x: Operands<S>, into y: Output<S>, _ count: Int) {
    let (width, slots) = (Self.width, code.slots)
    for number in 0..<shared.count {
      let element = shared[number]
      (slots + element.slot * width).update(repeating: x[element.value].base[element.position], count: width)
    }
    for t in stride(from: 0, to: count, by: width) {
      let lanes = min(width, count - t)
      for number in 0..<entries.count {
        let element = entries[number]
        let (from, to) = (x[element.value].base + (t * element.size + element.position), slots + element.slot * width)
        for lane in 0..<lanes { to[lane] = from[lane &* element.size] }
      }
      run(code)
      for number in 0..<results.count {
        let element = results[number]
        let from = slots + element.slot * width
        let to = y.base + (count * element.before + t * element.size + element.position)
        for lane in 0..<lanes { to[lane &* element.size] = from[lane] }
      }
    }
  }

  /// Runs code once over all lanes.
  @specialized(where S == Float)
  @specialized(where S == Double)
  private func run(_ code: Code) {
    for number in 0..<code.blocks.count {
      let block = code.blocks[number]
      if block.steps.count > 0 { kernel(block.steps.baseAddress, block.steps.count, code.slots) }
      guard let loop = block.loop else { continue }
      let own = loop.pointee.code
      copy(loop.pointee.shared, from: code, to: own)
      for t in 0..<loop.pointee.entries.count {
        copy(loop.pointee.entries[t], from: code, to: own)
        run(own)
        let results = loop.pointee.results[t]
        for number in 0..<results.count {
          move(own.slots + results[number].inner * Self.width, to: code.slots + results[number].outer * Self.width)
        }
      }
    }
  }

  @inline(__always)
  private func copy(_ list: List<ScanLanes.Copy>, from outer: Code, to inner: Code) {
    for number in 0..<list.count {
      move(outer.slots + list[number].outer * Self.width, to: inner.slots + list[number].inner * Self.width)
    }
  }

  @inline(__always)
  private func move(_ x: UnsafeMutablePointer<S>, to y: UnsafeMutablePointer<S>) {
    UnsafeMutableRawPointer(y).copyMemory(from: x, byteCount: Int(AK_SLOT_BYTES))
  }
}
