import AdjointKernels

/// The sum of a convolution's weights' gradient over chains of windows that processes compute apart.
///
/// Products add the terms of an element in chains of at most `AK_DEPTH`, one chain after the other. Threads take elements of the weights, and
/// read all windows; processes would have to send each other all images and cotangents for that. So their plan has a node more for what
/// each chain gives, of which a process takes those of its own images.
struct WindowChains: FastPath {
  var overwriting: Overwriting { .none }

  static func ending(in i: Int, of recording: PlannedRecording) -> Pass? {
    guard let x = recording.nodes[i].inputs.first, recording.windowChains.contains(x) else { return nil }
    return Pass(WindowChains(), [i], results: [i])
  }

  func instruction<S: Scalar>(_ pass: Pass, _ number: Int, in builder: inout InstructionBuilder<S>) -> Instruction<S> {
    let (node, y): (Int, Output<S>) = (pass.results[0], builder.output(pass.results[0]))
    let chains: View<S> = builder.view(builder.nodes[node].inputs[0])
    return builder.instruction(running: ChainTotal(chains, into: y))
  }

  /// Gives each product of cotangents and windows a node for what its chains give, where that is less than the two.
  /// Returns those nodes.
  static func cut(_ plan: inout Rematerialization, elementSize: Int, kept: [Bool]) -> Set<Int> {
    let kept = kept + Array(repeating: false, count: plan.nodes.count - kept.count)
    let recording = PlannedRecording(plan, kept: kept) { _ in false }
    let windows = WindowsInPlace(in: recording, elementSize: elementSize)
    var (chains, order): (Set<Int>, [Int]) = ([], [])
    for i in plan.order {
      if let use = windows.use[i], !use.isLeft {
        let (grid, images) = (use.grid, plan.nodes[use.unfold].inputs[0])
        let (count, weights) = (grid.chainCount, plan.nodes[i].shape.elementCount)
        let isFed = plan.nodes[recording.holder(of: images)].isLeaf
        let read = grid.positions * use.kernels + (isFed ? 0 : plan.nodes[images].shape.elementCount)
        if count > 1, count * weights <= read {
          let node = plan.append(
            partOf: i, reading: plan.nodes[i].inputs, shape: [count, use.kernels, weights / use.kernels])
          plan.add(i, over: node)
          chains.insert(node)
          order.append(node)
        }
      }
      order.append(i)
    }
    plan.order = order
    return chains
  }
}

extension WindowGrid {
  /// The chains of windows of a product that adds over all of them.
  var chainCount: Int { (positions + Int(AK_DEPTH) - 1) / Int(AK_DEPTH) }

  /// The first window of a chain: the first chains are longer by one where not all can be equal.
  func start(ofChain chain: Int) -> Int {
    positions / chainCount * chain + min(chain, positions % chainCount)
  }

  /// The chains of a part, which begin closest to its share of the windows.
  func chains(ofPart part: Int, of parts: Int) -> Range<Int> {
    func first(_ part: Int) -> Int { (2 * chainCount * part + parts) / (2 * parts) }
    return first(part)..<first(part + 1)
  }
}

/// y = ((c₀ + c₁) + c₂) + …
private final class ChainTotal<S: Scalar>: PlacedOperation<S> {
  private let chains: View<S>
  private let y: Output<S>
  /// The elements that are added up before the next ones: they stay in a cache.
  private static var strip: Int { 1024 }

  init(_ chains: View<S>, into y: Output<S>) { (self.chains, self.y) = (chains, y) }

  override func execute() { execute(part: 0, of: 1) }
  override func execute(part: Int, of parts: Int) {
    let band = Range(part: part, of: parts, in: y.count)
    for start in stride(from: band.lowerBound, to: band.upperBound, by: ChainTotal.strip) {
      let (sum, count) = (y.base + start, min(ChainTotal.strip, band.upperBound - start))
      sum.update(from: chains.base + start, count: count)
      for chain in 1..<chains.shape[0] {
        S.zip(
          .binary(.add), sum, strideA: 1, chains.base + chain * y.count + start, strideB: 1, sum, count: count)
      }
    }
  }

  override func footprint(part: Int, of parts: Int) -> Footprint {
    var footprint = Footprint()
    let band = Range(part: part, of: parts, in: y.count)
    guard !band.isEmpty else { return footprint }
    footprint.read(chains.base + band.lowerBound, rows: chains.shape[0], columns: band.count, stride: y.count)
    footprint.write(y.base + band.lowerBound, count: band.count)
    return footprint
  }

  override var work: Int { chains.count + y.count }
}
