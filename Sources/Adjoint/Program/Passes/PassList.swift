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

  /// Puts an operation into the last pass that computes an operand of it, or else into the last pass of all, if it takes it; or
  /// makes a pass: of a few numbers, of elements, of rows, or of this operation alone.
  mutating func add(_ i: Int) {
    var (last, latest) = (passes.count - 1, latestPass(before: i))
    // What blocks give together is no end of their chain for who does not read it, but for what waits for its readers.
    while last > latest, !recording.delayed.contains(i), passes[last].kind is ArrayReduction { last -= 1 }
    if latest >= 0, latest < last, passes[latest].kind.takesLater, joins(latest, i) { return }
    if last >= 0, joins(last, i) { return }
    if let kind: any PassKind = Numbers(beginningWith: i, of: recording) ?? Chain(beginningWith: i, of: recording) {
      append(Pass(kind, [i], results: []))
    } else {
      append(Pass(General(i, of: recording), [i], results: [i]))
    }
  }

  private mutating func joins(_ pass: Int, _ i: Int) -> Bool {
    let count = passes[pass].nodes.count
    guard let kind = passes[pass].kind.taking(i, besideOthers: count, of: recording) else { return false }
    // Element by element, a value under another shape is not there yet.
    if case .elementwise = kind.overwriting, reads(pass, throughAnotherShape: i) { return false }
    passes[pass].kind = kind
    if kind is Chain, recording.forms[i] == .concatenate {
      for x in recording.nodes[i].inputs { include(x, in: pass, for: i) }
    }
    passes[pass].nodes.append(i)
    number[i] = Int32(pass)
    return true
  }

  /// Puts the other shapes of what a pass computes into it, if a node of its own is all that reads them: so the value itself need not
  /// be in memory.
  private mutating func include(_ x: Int, in pass: Int, for user: Int) {
    let holder = recording.holder(of: x)
    guard number[holder] == Int32(pass) else { return }
    var (shapes, node, user) = ([Int](), x, user)
    while node != holder {
      guard recording.isPrivate(node, to: user) else { return }
      shapes.append(node)
      (node, user) = (recording.nodes[node].inputs[0], node)
    }
    for shape in shapes.reversed() {
      passes[pass].nodes.append(shape)
      number[shape] = Int32(pass)
    }
  }

  /// True when a node reads what a pass computes under another shape, in which elements stand elsewhere. Columns that are joined
  /// are read element after element, whatever their shape.
  private func reads(_ pass: Int, throughAnotherShape i: Int) -> Bool {
    let nodes = recording.nodes
    return nodes[i].inputs.contains { x in
      let holder = recording.holder(of: x)
      guard number[holder] == Int32(pass) else { return false }
      let (own, held) = (nodes[x].shape, nodes[holder].shape)
      return recording.forms[i] == .concatenate ? own.elementCount != held.elementCount : own != held
    }
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
      guard let chain = pass.kind as? Chain, chain.rows.isOfRows, pass.nodes.count == 1 else { return pass }
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
