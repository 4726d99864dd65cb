import Foundation

/// The body of a loop: a recording that is run once for each step. It has no precision, as a tape's nodes have none.
///
/// Its leaves are numbers that a step is given: what earlier steps carry on, an entry of each sequence, and what every step
/// shares. What the recording code captured is among the latter, constants and parameters too.
final class ScanBody: Sendable {
  let nodes: [Node]
  /// The leaves that hold what the step before handed on.
  let carries: [Int]
  /// The leaves that hold an entry of each sequence.
  let entries: [Int]
  /// The leaves that hold what every step shares.
  let shared: [Int]
  /// The leaves that hold positions, which stay as they were recorded.
  let indices: [Int: Tensor<Int32>]
  /// The nodes that the next step is given, one for each carry.
  let next: [Int]
  /// The nodes that are results of each step.
  let outputs: [Int]
  /// The nodes that the way back reads and would have to compute again; none in the body as it was recorded.
  let kept: [Int]
  /// True when the way back computes everything again from the carries.
  let isRecomputed: Bool
  /// A number that tells bodies apart, for listings and fingerprints.
  let fingerprint: Int
  /// The names of the bodies of which this one keeps more, and at last its own.
  let lineage: [Name]

  final class Name: Sendable {}

  private let lock = NSLock()
  // The lock alone protects it: read and written in `takeRun` and `giveBack`.
  nonisolated(unsafe) private var runs: [ObjectIdentifier: [AnyObject]] = [:]
  // The lock alone protects it: read and written in `gradient(wanted:)`.
  nonisolated(unsafe) private var gradients: [[Bool]: ScanGradient] = [:]

  /// What a body shares with the tape on which it was recorded.
  enum Captured<S: Scalar> {
    case node(Int)
    case constant(Tensor<S>)
    case parameter(Parameter<S>, isState: Bool)
  }

  /// The recording behind some nodes from a position on.
  /// - Parameters:
  ///   - carries, entries, shared: what a step is given, taken as it is. What is captured is shared beside these.
  ///   - sharesIndices: false to keep indices from outside as they are recorded.
  ///   - captured: is set to what stands behind the other shared leaves, in order.
  init<S: Scalar>(
    of tape: Tape<S>, from mark: Int, carries: [Int], entries: [Int], shared: [Int] = [], next: [Int], outputs: [Int],
    kept: [Int] = [], isRecomputed: Bool = false, sharesIndices: Bool = false, keepingMoreOf lineage: [Name] = [],
    captured: inout [Captured<S>]
  ) {
    let count = tape.nodes.count
    var isLive = [Bool](repeating: false, count: count)
    for node in carries + entries + shared + next + outputs + kept { isLive[node] = true }
    let known = Set(carries + entries + shared)
    for i in stride(from: count - 1, through: mark, by: -1) where isLive[i] && !known.contains(i) {
      for input in tape.nodes[i].inputs { isLive[input] = true }
    }
    var place: [Int: Int] = [:]
    var nodes: [Node] = []
    func append(_ node: Node, for position: Int, reading inputs: NodeList = NodeList()) {
      place[position] = nodes.count
      nodes.append(
        Node(
          shape: node.shape, serves: -1, epoch: 0, inputs: inputs, scope: 0,
          kind: node.isLeaf ? .leaf(node.isIndex ? .index : .input) : node.kind, isIndex: node.isIndex,
          isParameter: false))
    }
    for leaf in carries + entries + shared { append(.leaf(like: tape.nodes[leaf]), for: leaf) }
    var indices: [Int: Tensor<Int32>] = [:]
    var found: [(leaf: Int, value: Captured<S>)] = []
    for i in 0..<count where isLive[i] && !known.contains(i) {
      let node = tape.nodes[i]
      guard i < mark || node.isLeaf else {
        append(node, for: i, reading: NodeList(node.inputs.map { place[$0] ?? 0 }))
        continue
      }
      append(.leaf(like: node), for: i)
      if node.isIndex, i >= mark || (node.isLeaf && !sharesIndices) {
        indices[nodes.count - 1] = tape.handle(i).recordedIndices
      } else if i < mark {
        found.append((nodes.count - 1, .node(i)))
      } else if let place = tape.parameters.first(where: { $0.leaf == i }) {
        found.append((nodes.count - 1, .parameter(place.parameter, isState: tape.handle(i).role == .state)))
      } else {
        found.append((nodes.count - 1, .constant(tape.handle(i).recordedValue)))
      }
    }
    self.nodes = nodes
    self.indices = indices
    func places(_ list: [Int]) -> [Int] { list.map { place[$0] ?? 0 } }
    (self.carries, self.entries) = (places(carries), places(entries))
    self.shared = places(shared) + found.map(\.leaf)
    (self.next, self.outputs, self.kept) = (places(next), places(outputs), places(kept))
    (self.isRecomputed, self.lineage) = (isRecomputed, lineage + [Name()])
    captured = found.map(\.value)
    var text = stableHash([])
    for node in nodes {
      let operation = node.kind.operation
      let line = "\(operation?.name ?? "leaf")\(operation?.attributes ?? [])\(Array(node.inputs))\(node.shape)"
      text = stableHash(line.utf8, after: text)
    }
    fingerprint = Int(text >> 16)
  }

  /// The operands of one step, in order: carries, entries, and what is shared.
  var leaves: [Int] { carries + entries + shared }

  /// Records the body on a tape, from variables for its leaves. Returns one for each of its nodes.
  func record<S: Scalar>(on tape: Tape<S>, _ leaves: [Variable<S>]) -> [Variable<S>] {
    var variables: [Variable<S>?] = Array(repeating: nil, count: nodes.count)
    for (leaf, variable) in zip(self.leaves, leaves) { variables[leaf] = variable }
    return nodes.indices.map { i in
      if let known = variables[i] { return known }
      let variable =
        indices[i].map { tape.index($0) }
        ?? tape.append(
          nodes[i].kind, to: nodes[i].inputs.map { variables[$0] ?? leaves[0] }, file: #fileID, line: #line)
      variables[i] = variable
      return variable
    }
  }

  /// A compiled form of this body for a loop, which nobody else has until it is given back.
  func takeRun<S: Scalar>(steps: Int) -> ScanRun<S> {
    if let run = lock.withLock({ runs[ObjectIdentifier(S.self)]?.popLast() }) as? ScanRun<S> { return run }
    return LaneRun<S>(self, steps: steps) ?? SlotRun<S>(self) ?? StepRun<S>(self)
  }

  func giveBack<S: Scalar>(_ run: ScanRun<S>) {
    run.use(nil)
    lock.withLock { runs[ObjectIdentifier(S.self), default: []].append(run) }
  }

  /// The body of the loop that runs back, for the operands whose cotangents are wanted; made once.
  func gradient(wanted: [Bool]) -> ScanGradient {
    if let known = lock.withLock({ gradients[wanted] }) { return known }
    let gradient = ScanGradient(of: self, wanted: wanted)
    lock.withLock { gradients[wanted] = gradient }
    return gradient
  }
}

extension Node {
  /// A leaf of the shape and kind of another node's value.
  fileprivate static func leaf(like node: Node) -> Node {
    Node(
      shape: node.shape, serves: -1, epoch: 0, inputs: NodeList(), scope: 0,
      kind: .leaf(node.isIndex ? .index : .input), isIndex: node.isIndex, isParameter: false)
  }
}

/// The body of the loop that runs back over another loop, and what it needs of that.
struct ScanGradient: Sendable {
  /// The other loop's body, which keeps what the way back reads.
  let forward: ScanBody
  let body: ScanBody
  /// The positions of the operands that the way back reads too: entries, and what is shared.
  let entries: [Int], shared: [Int]
  let constants: [Tensor<Double>]

  /// A step back takes the cotangents of what the next step was given, and adds to those of what all steps share. Its entries
  /// are what the step kept, the forward entries, and the cotangents of the results.
  ///
  /// Carries are kept, and what takes longer to compute than to read; the rest is computed again from these.
  init(of forward: ScanBody, wanted: [Bool]) {
    let tape = Tape<Double>()
    let leaves = forward.leaves.map { tape.input(.zeros(forward.nodes[$0].shape)) }
    let variables = forward.record(on: tape, leaves)
    let (first, last) = (forward.carries.count, forward.carries.count + forward.entries.count)
    let wantedShared = leaves[last...].indices.filter { wanted[$0] }.map { leaves[$0] }
    let wantedEntries = (first..<last).filter { wanted[$0] }.map { leaves[$0] }
    let results = (forward.next + forward.outputs + forward.kept).map { variables[$0] }
    let cotangents = (results + wantedShared).map { tape.input(.zeros($0.shape)) }
    let end = tape.record(ScanSeeds(count: cotangents.count), inputs: results + wantedShared + cotangents)
    let moved = Array(leaves[..<first])
    let sweep = tape.backward(from: end, to: moved + wantedShared + wantedEntries)
    func adjoint(_ x: Variable<Double>) -> Int {
      (sweep.adjoint(of: x) ?? tape.constant(.zeros(x.shape))).index
    }
    let (next, outputs) = ((moved + wantedShared).map(adjoint), wantedEntries.map(adjoint))

    // What follows from the forward step alone, and of that what the way back reads.
    let own = Set(leaves.map(\.index))
    var isForward = [Bool](repeating: false, count: tape.nodes.count)
    var isRead = isForward
    for (i, node) in tape.nodes.enumerated() {
      isForward[i] = node.isLeaf ? own.contains(i) || node.isIndex : node.inputs.allSatisfy { isForward[$0] }
    }
    for node in next + outputs { isRead[node] = true }
    var kept: [Int] = []
    for (i, node) in tape.nodes.enumerated().reversed() where isRead[i] && !node.isLeaf {
      if isForward[i], !forward.isRecomputed, !node.isIndex, node.form?.isQuick == false {
        kept.append(i)
      } else {
        for x in node.inputs { isRead[x] = true }
      }
    }
    func read(_ positions: Range<Int>) -> [Int] { positions.filter { isRead[leaves[$0].index] } }
    func nodes(_ positions: some Sequence<Int>) -> [Int] { positions.map { leaves[$0].index } }
    kept = nodes(read(0..<first)) + kept.reversed()
    (entries, shared) = (read(first..<last), read(last..<leaves.count))
    var captured: [ScanBody.Captured<Double>] = []
    self.forward = ScanBody(
      of: tape, from: 0, carries: nodes(0..<first), entries: nodes(first..<last), shared: nodes(last..<leaves.count),
      next: forward.next.map { variables[$0].index }, outputs: forward.outputs.map { variables[$0].index },
      kept: forward.kept.map { variables[$0].index } + kept, isRecomputed: forward.isRecomputed,
      keepingMoreOf: forward.lineage, captured: &captured)
    let given = cotangents.map(\.index)
    body = ScanBody(
      of: tape, from: 0, carries: Array(given[..<first] + given[results.count...]),
      entries: kept + nodes(entries) + given[first..<results.count], shared: nodes(shared), next: next,
      outputs: outputs, isRecomputed: forward.isRecomputed, captured: &captured)
    constants = captured.map {
      guard case .constant(let value) = $0 else { fatalError("scan: a rule recorded a leaf that is no constant") }
      return value
    }
  }
}

/// The end of a step's recording, whose sweep hands each result the cotangent that was given for it.
private struct ScanSeeds: Operation {
  let count: Int
  static var mayBeFormula: Bool { false }
  func shape(of inputs: [Shape]) throws(ShapeError) -> Shape { .scalar }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { y[0] = 0 }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    (0..<2 * count).map { i in i < count ? p.to(i, p.x[count + i]) : nil }
  }
}
