import AdjointKernels

/// The body of a loop that carries nothing as straight-line code on single numbers, so that steps run side by side, each in a lane
/// of a vector. Loops in it that carry nothing either are loops of such code.
///
/// Elements that are only moved are no steps: whoever reads one reads its source. A lane computes what the step alone would, in
/// the same order, so no bit changes.
struct ScanLanes {
  /// An element of a leaf, by its position among the body's leaves, or of a result, by its position among the outputs and what is kept.
  struct Element {
    let value: Int, position: Int
    /// The elements of that value, and of the results before it.
    let size: Int, before: Int
    let slot: Int
  }

  /// Steps, and the loop that follows them.
  struct Block {
    let steps: [ak_lane_step]
    let loop: Inner?
  }

  /// A loop among the steps, whose body has slots of its own.
  struct Inner {
    let body: ScanLanes
    let shared: [Copy]
    let entries: [[Copy]], results: [[Copy]]
  }

  /// A number that goes from a slot of the steps to one of a loop's body, or back.
  struct Copy {
    let outer: Int, inner: Int
  }

  let blocks: [Block]
  /// The slots of its own steps.
  let slotCount: Int
  /// The elements that are read of entries and of what all steps share, and those of the results.
  let entries: [Element], shared: [Element], results: [Element]

  var hasLoops: Bool { blocks.count > 1 }

  /// `nil` for a body that carries something, or that has an operation whose elements are not computed one by one.
  /// - Parameter vector: the lanes of the vectors in which sums run.
  init?(_ body: ScanBody, vector: Int) {
    guard body.carries.isEmpty, body.indices.isEmpty else { return nil }
    var code = LaneCode(vector: vector)
    var elements: [[Int]] = []
    let leaves = Dictionary(uniqueKeysWithValues: body.leaves.enumerated().map { ($1, $0) })
    for (i, node) in body.nodes.enumerated() {
      if let leaf = leaves[i] {
        elements.append((0..<node.shape.elementCount).map { code.leaf(leaf, $0) })
      } else if let own = Self.elements(of: node, body.nodes, elements, in: &code), !code.isTooLong {
        elements.append(own)
      } else {
        return nil
      }
    }
    let results = (body.outputs + body.kept).map { elements[$0] }
    guard let placed = code.blocks(for: Array(results.joined())) else { return nil }
    (blocks, slotCount) = (placed.blocks, placed.count)
    var before = 0
    self.results = results.enumerated().flatMap { value, list in
      defer { before += list.count }
      return list.indices.map {
        Element(value: value, position: $0, size: list.count, before: before, slot: placed.slot[list[$0]])
      }
    }
    let read = code.leaves.filter { placed.slot[$0.number] >= 0 }.map {
      Element(
        value: $0.leaf, position: $0.position, size: body.nodes[body.leaves[$0.leaf]].shape.elementCount, before: 0,
        slot: placed.slot[$0.number])
    }
    entries = read.filter { $0.value < body.entries.count }
    shared = read.filter { $0.value >= body.entries.count }
  }

  /// The most numbers whose sum is one block of the kernels, whatever their vectors.
  private static let mostSummed = 64

  /// The most elements of an operation: a loop over more fills its vectors by itself.
  private static let mostElements = 64

  /// The numbers of a node's elements; `nil` where steps cannot compute them.
  private static func elements(
    of node: Node, _ nodes: [Node], _ elements: [[Int]], in code: inout LaneCode
  ) -> [Int]? {
    guard !node.isIndex, case .operation(let operation) = node.kind, let form = node.form,
      node.inputs.allSatisfy({ !nodes[$0].isIndex })
    else { return nil }
    let (inputs, count) = (node.inputs.map { elements[$0] }, node.shape.elementCount)
    func operand(_ position: Int, _ i: Int) -> Int {
      let own = inputs[min(position, inputs.count - 1)]
      return own[own.count == 1 ? 0 : i]
    }
    if form.laneFunction != nil || form == .select {
      guard count <= mostElements, inputs.allSatisfy({ $0.count == count || $0.count == 1 }) else { return nil }
      return (0..<count).map { i in
        form.laneFunction.map { code.step($0, operand(0, i), operand(1, i)) }
          ?? code.choice(operand(0, i), operand(1, i), operand(2, i))
      }
    }
    if form.isSum, count == 1, let x = inputs.first, 1...mostSummed ~= x.count {
      // The sum of one number is itself.
      return [x.count == 1 ? x[0] : code.sum(x)]
    }
    if let loop = operation.loop { return results(of: loop, inputs, in: &code) }
    guard form.isMoving else { return nil }
    return operation.sources(node.inputs.map { nodes[$0].shape }, node.shape).map { source in
      source.map { inputs[$0.input][$0.element] } ?? LaneCode.zero
    }
  }

  /// The numbers of a loop's result.
  private static func results(of loop: Scan, _ inputs: [[Int]], in code: inout LaneCode) -> [Int]? {
    guard let body = ScanLanes(loop.body, vector: code.vector) else { return nil }
    let rows = code.loop(
      body,
      entries: (0..<loop.steps).map { t in body.entries.map { inputs[$0.value][t * $0.size + $0.position] } },
      shared: body.shared.map { inputs[$0.value][$0.position] })
    var own = [Int](repeating: 0, count: loop.steps * body.results.count)
    for (t, row) in rows.enumerated() {
      for (element, number) in zip(body.results, row) {
        own[loop.steps * element.before + t * element.size + element.position] = number
      }
    }
    return own
  }
}

extension OperationForm {
  /// The function of lanes that computes each element, of one number or two; `nil` for another form.
  var laneFunction: Int? {
    switch self {
    case .map(.unary(let f)): MapFunction.unary(f).kernel.map { Int(AK_ZIP_COUNT.rawValue) + Int($0.0.rawValue) }
    case .map: nil
    case .zip(let f): f.kernel.map { Int($0.rawValue) }
    case .select, .product, .addBias, .sum, .mean, .variance, .extremum, .argMax, .softmax, .cumulativeSum: nil
    case .broadcast, .reshape, .permute, .slice, .pad, .concatenate, .stopGradient: nil
    case .gather, .scatterAdd, .pick, .oneHot, .argSort, .gatherAlong, .scatterAddAlong, .asNumbers: nil
    case .cholesky, .solveTriangular, .solve, .determinant, .unfold, .fold, .maxPool, .averagePool, .scan, .other: nil
    }
  }
}
