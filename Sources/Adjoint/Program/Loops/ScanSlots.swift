import AdjointKernels

/// The body of a loop whose values have a few elements each as straight-line code on slots: the lanes of a slot are the elements of
/// a value, or a single number in all lanes. Steps follow one another, and what they hand on stays in its slot.
///
/// An operation is one vector instruction or two between slots of one size, where a body's program calls a loop over elements whose number
/// is known when it runs. Each function is that of the loops, so no bit differs.
struct ScanSlots {
  /// A value by its position among the operands or the results, and its slot.
  struct Place {
    let value: Int
    let count: Int
    let slot: Int
    /// The elements of a step's results before it, and those of the last carries where these are before it.
    var before = 0, behind = 0
  }

  let steps: [ak_lane_step]
  let slotCount: Int
  /// The elements of the largest value.
  let widest: Int
  /// The elements that a step gives as outputs.
  let outputCount: Int
  let carries, entries, shared: [Place]
  /// The results that a step was given as its carries, and those that it computes.
  let given, results: [Place]

  /// `nil` for a body with an operation that is no step, or a value for which a slot has too few lanes.
  /// - Parameter most: the lanes of the widest slot.
  init?(_ body: ScanBody, most: Int) {
    guard body.indices.isEmpty else { return nil }
    // The kernels add the elements of a slot, so the order of its own sums plays no part.
    var code = LaneCode(vector: 1)
    var numbers: [Int?] = []
    var widest = 1
    let leaves = Dictionary(uniqueKeysWithValues: body.leaves.enumerated().map { ($1, $0) })
    for (i, node) in body.nodes.enumerated() {
      let fits = !node.isIndex && 1...most ~= node.shape.elementCount
      if fits { widest = max(widest, node.shape.elementCount) }
      if let leaf = leaves[i] {
        // Nobody may read it.
        numbers.append(fits ? code.leaf(leaf, 0) : nil)
      } else if fits, let own = Self.number(of: node, body.nodes, numbers, in: &code), !code.isTooLong {
        numbers.append(own)
      } else {
        return nil
      }
    }
    func numbered(_ list: [Int]) -> [Int]? {
      let known = list.compactMap { numbers[$0] }
      return known.count == list.count ? known : nil
    }
    guard let carried = numbered(body.carries), let next = numbered(body.next),
      let own = numbered(body.outputs + body.kept),
      let placed = code.blocks(
        for: carried + next + own, handing: zip(carried, next).map { (carry: $0, next: $1) })
    else { return nil }
    self.widest = widest
    steps = placed.blocks[0].steps
    slotCount = placed.count
    func count(_ node: Int) -> Int { body.nodes[node].shape.elementCount }
    let read = code.leaves.filter { placed.slot[$0.number] >= 0 }.map {
      Place(value: $0.leaf, count: count(body.leaves[$0.leaf]), slot: placed.slot[$0.number])
    }
    let (first, last) = (body.carries.count, body.carries.count + body.entries.count)
    carries = read.filter { $0.value < first }
    entries = read.filter { first..<last ~= $0.value }
    shared = read.filter { $0.value >= last }
    var before = 0
    let carriedCount = carries.reduce(0) { $0 + $1.count }
    let all = zip(body.outputs + body.kept, own).enumerated().map { position, result in
      defer { before += count(result.0) }
      return (
        Place(
          value: position, count: count(result.0), slot: placed.slot[result.1], before: before,
          behind: position < body.outputs.count ? 0 : carriedCount),
        isCarry: carried.contains(result.1)
      )
    }
    outputCount = body.outputs.reduce(0) { $0 + count($1) }
    self.given = all.filter(\.isCarry).map(\.0)
    results = all.filter { !$0.isCarry }.map(\.0)
  }

  /// The number of a node's value; `nil` where no step computes it.
  private static func number(
    of node: Node, _ nodes: [Node], _ numbers: [Int?], in code: inout LaneCode
  ) -> Int? {
    let inputs = node.inputs.compactMap { numbers[$0] }
    guard case .operation(let operation) = node.kind, let form = node.form, inputs.count == node.inputs.count,
      let first = inputs.first
    else { return nil }
    let (counts, count) = (node.inputs.map { nodes[$0].shape.elementCount }, node.shape.elementCount)
    if let f = form.laneFunction {
      guard counts.allSatisfy({ $0 == count || $0 == 1 }) else { return nil }
      return code.step(f, first, inputs[inputs.count - 1])
    }
    if form == .select {
      guard counts.allSatisfy({ $0 == count || $0 == 1 }) else { return nil }
      return code.choice(first, inputs[1], inputs[2])
    }
    if form.isSum, count == 1 { return counts[0] == 1 ? first : code.number(AK_LANE_SUM + counts[0], of: first) }
    if form == .stopGradient { return first }
    guard form.isMoving else { return nil }
    let sources = operation.sources(node.inputs.map { nodes[$0].shape }, node.shape)
    return moved(sources, inputs, counts, in: &code)
  }

  /// The most elements that are put into a slot one by one: a program moves more of them in less time.
  private static let mostMoved = 16

  /// The number whose elements come from these places of others; `nil` for too many.
  private static func moved(
    _ sources: [(input: Int, element: Int)?], _ inputs: [Int], _ counts: [Int], in code: inout LaneCode
  ) -> Int? {
    /// The number that is such an element in all lanes.
    func element(_ source: (input: Int, element: Int)?, _ code: inout LaneCode) -> Int {
      guard let source else { return LaneCode.zero }
      let own = inputs[source.input]
      return counts[source.input] == 1 ? own : code.number(AK_LANE_PICK + source.element, of: own)
    }
    for (input, count) in counts.enumerated() where count == sources.count || count == 1 {
      let isWhole = sources.enumerated().allSatisfy { $1 != nil && $1! == (input, count == 1 ? 0 : $0) }
      if isWhole { return inputs[input] }
    }
    guard sources.count <= mostMoved else { return nil }
    var own = element(sources[0], &code)
    for (i, source) in sources.enumerated().dropFirst() {
      own = code.step(AK_LANE_INSERT + i, own, element(source, &code))
    }
    return own
  }
}
