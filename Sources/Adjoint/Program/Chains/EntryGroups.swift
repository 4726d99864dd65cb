/// The finder of passes that are computed matrix after matrix (`EntryChain`).
struct EntryGroups {
  private let recording: PlannedRecording
  private var result: [Pass] = []
  /// The passes of the group that is being made; the first of them is a product.
  private var open: [Pass] = []
  private var count = 0
  /// The passes that stood between those of the group, and were put before it.
  private var passedOver = 0
  /// True for each node that the group computes.
  private var isInGroup: [Bool]

  /// The most passes that are put before a group from between its own.
  private static let mostPassedOver = 8
  /// The elements of a matrix from which on a chain is run for each; fewer do not repay it. More do not stay in a cache.
  private static let sizes = 1024...1 << 17

  init(of recording: PlannedRecording) {
    self.recording = recording
    isInGroup = Array(repeating: false, count: recording.nodes.count)
  }

  /// The same passes, with those that can be computed matrix after matrix in groups, whose results are to be marked.
  mutating func grouped(_ passes: [Pass]) -> [Pass] {
    for pass in passes {
      if !open.isEmpty {
        if joins(pass) {
          add(pass)
          continue
        }
        if reads(pass, { isInGroup[recording.holder(of: $0)] }) || passedOver == Self.mostPassedOver {
          close()
        } else {
          result.append(pass)
          passedOver += 1
          continue
        }
      }
      if let matrices = products(pass) {
        count = matrices
        add(pass)
      } else {
        result.append(pass)
      }
    }
    close()
    return result
  }

  private mutating func add(_ pass: Pass) {
    var pass = pass
    if let rows = rows(pass) { pass.kind = (pass.kind as? Chain)?.over(rows) ?? pass.kind }
    open.append(pass)
    for node in pass.nodes { isInGroup[node] = true }
  }

  private mutating func close() {
    for node in open.flatMap(\.nodes) { isInGroup[node] = false }
    if open.count > 1 {
      result.append(Pass(EntryChain(members: open, count: count), open.flatMap(\.nodes), results: []))
    } else {
      result += open
    }
    (open, passedOver) = ([], 0)
  }

  /// True when a pass can be computed for one matrix after another, beside those of the group.
  private func joins(_ pass: Pass) -> Bool {
    // Under another shape, a matrix would begin elsewhere.
    guard !reads(pass, { recording.isAlias[$0] && isInGroup[recording.holder(of: $0)] }) else { return false }
    if let matrices = products(pass) { return matrices == count }
    guard let rows = rows(pass), reads(pass, { isInGroup[$0] }) else { return false }
    return rows.shape.leading(rows.shape.rank - 2).elementCount == count
      && Self.sizes.contains(rows.shape.elementCount / count)
  }

  private func reads(_ pass: Pass, _ condition: (Int) -> Bool) -> Bool {
    pass.nodes.contains { recording.nodes[$0].inputs.contains(where: condition) }
  }

  /// The number of products of a pass that multiplies matrices of its own of both operands; `nil` for another.
  private func products(_ pass: Pass) -> Int? {
    guard pass.kind is General, let form = recording.forms[pass.nodes[0]], form.isProduct else { return nil }
    let (inputs, shape) = (recording.nodes[pass.nodes[0]].inputs, recording.nodes[pass.nodes[0]].shape)
    let operands = inputs.map { recording.nodes[$0].shape }
    guard shape.elementCount > 0, operands.allSatisfy({ $0.rank == shape.rank && $0.elementCount > 0 }),
      let product = form.product(operands, into: shape), product.count > 1, product.reads(itsOwnOf: 0),
      product.reads(itsOwnOf: 1), shape.elementCount / product.count <= Self.sizes.upperBound
    else { return nil }
    return product.count
  }

  /// The rows of a chain of matrices; `nil` for another pass.
  private func rows(_ pass: Pass) -> RowSpace? {
    guard let chain = pass.kind as? Chain, chain.rows.shape.rank > 2, chain.reducedBlock == 0,
      !pass.nodes.contains(where: { recording.forms[$0] == .concatenate })
    else { return nil }
    return RowSpace(chain.rows.shape)
  }
}

extension PlannedRecording {
  /// The node that holds a node's value in memory.
  func holder(of x: Int) -> Int {
    var x = x
    while isAlias[x] { x = nodes[x].inputs[0] }
    return x
  }
}
