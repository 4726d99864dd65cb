/// The passes that are being made, in order.
struct PassList {
  private let recording: PlannedRecording
  private var passes: [Pass] = []
  /// The number of the pass that computes each node; −1 where none does so far.
  private var number: [Int32]

  init(of recording: PlannedRecording) {
    self.recording = recording
    number = Array(repeating: -1, count: recording.nodes.count)
  }

  mutating func append(_ pass: Pass) {
    for node in pass.nodes { number[node] = Int32(passes.count) }
    passes.append(pass)
  }

  /// Puts a node into a pass over a few numbers, if one can compute it.
  mutating func addNumber(_ i: Int) -> Bool {
    guard Numbers.canHold(i, of: recording) else { return false }
    let last = passes.count - 1
    if last >= 0, passes[last].kind is Numbers, passes[last].nodes.count < Numbers.limit { return join(last, i) }
    append(Pass(Numbers(), [i], results: []))
    return true
  }

  /// Puts a node into a chain of rows that has its operands, or is the last pass.
  mutating func joinRows(_ i: Int) -> Bool {
    let (last, latest) = (passes.count - 1, latestPass(before: i))
    for pass in latest == last ? [last] : [latest, last] where pass >= 0 {
      if let chain = passes[pass].kind as? RowChain, fits(i, chain.rows, pass) { return join(pass, i) }
    }
    return false
  }

  /// Puts a node into the last chain, or a new one, if a chain can compute it.
  mutating func chain(_ i: Int) -> Bool {
    let (nodes, last) = (recording.nodes, passes.count - 1)
    if Chain.canHold(i, of: recording) {
      if last >= 0, passes[last].kind is Chain, nodes[passes[last].nodes[0]].shape == nodes[i].shape,
        !reads(last, throughAnotherShape: i)
      {
        return join(last, i)
      }
      append(Pass(Chain(), [i], results: []))
      return true
    }
    // A number for each row comes of rows.
    let widest = nodes[i].shape.last == 1 && !nodes[i].inputs.isEmpty ? nodes[nodes[i].inputs[0]].shape : nodes[i].shape
    guard let rows = RowSpace(widest), rows.holds(i, of: recording) else { return false }
    if last >= 0, passes[last].kind is Chain, nodes[passes[last].nodes[0]].shape == rows.shape, fits(i, rows, last) {
      passes[last].kind = RowChain(rows: rows)
      return join(last, i)
    }
    append(Pass(RowChain(rows: rows), [i], results: []))
    return true
  }

  /// True when a chain of rows can compute a node beside its others.
  private func fits(_ i: Int, _ rows: RowSpace, _ pass: Int) -> Bool {
    guard rows.holds(i, of: recording), !reads(pass, throughAnotherShape: i) else { return false }
    guard let period = rows.period(of: i, recording.nodes) else { return true }
    return passes[pass].nodes.allSatisfy { rows.period(of: $0, recording.nodes) ?? period == period }
  }

  /// True when a node reads what a pass computes under another shape, in which elements stand elsewhere.
  private func reads(_ pass: Int, throughAnotherShape i: Int) -> Bool {
    let nodes = recording.nodes
    return nodes[i].inputs.contains { x in
      let holder = recording.holder(of: x)
      return nodes[x].shape != nodes[holder].shape && number[holder] == Int32(pass)
    }
  }

  private mutating func join(_ pass: Int, _ i: Int) -> Bool {
    passes[pass].nodes.append(i)
    number[i] = Int32(pass)
    return true
  }

  /// The last pass that computes an operand of a node; −1 when none does.
  private func latestPass(before i: Int) -> Int {
    recording.nodes[i].inputs.reduce(-1) { max($0, Int(number[recording.holder(of: $1)])) }
  }

  /// The passes, each with its results. A chain of rows with one node is that operation.
  var finished: [Pass] {
    var passes = passes
    markResults(of: &passes)
    var groups = EntryGroups(of: recording)
    passes = groups.grouped(passes).map { pass in
      guard pass.kind is RowChain, pass.nodes.count == 1 else { return pass }
      return Pass(General(pass.nodes[0], of: recording), pass.nodes, results: pass.nodes)
    }
    markResults(of: &passes)
    return passes
  }

  /// Sets the results of chains: the nodes that are kept, or used outside.
  private func markResults(of passes: inout [Pass]) {
    let index = PassIndex(passes, nodeCount: recording.nodes.count)
    var isResult = recording.kept
    for i in recording.nodes.indices where recording.live[i] {
      for x in recording.nodes[i].inputs where index.pass[x] != index.pass[i] { isResult[x] = true }
    }
    for number in passes.indices where passes[number].results.isEmpty {
      passes[number].results = passes[number].nodes.filter { isResult[$0] }
    }
  }
}
