import AdjointCommandLine
import AdjointFiles

/// The comparison of two traces, step by step, up to the first difference.
///
/// The order of a tape is topological: of the nodes that differ, the first one is a leaf, or an operation whose inputs
/// agree in every bit. So what differs first began it.
struct TraceComparison {
  let a: TraceReader
  let b: TraceReader
  /// The numbers of the first and the last step that both hold and that agree.
  private(set) var agreeing: (first: Int, last: Int, count: Int)?
  private(set) var difference: TraceDifference?
  /// Pairs of recordings that are the same program.
  private var known: [(a: TracedRecording, b: TracedRecording)] = []

  /// Compares two traces.
  /// - Throws: `FileError` for a trace that is damaged.
  init(_ a: TraceReader, _ b: TraceReader) throws(FileError) {
    (self.a, self.b) = (a, b)
    guard a.scalar == b.scalar else {
      difference = .precision
      return
    }
    var (x, y) = (try a.next(), try b.next())
    while let left = x, let right = y {
      if left.number < right.number {
        x = try a.next()
      } else if left.number > right.number {
        y = try b.next()
      } else if let found = compare(left, right) {
        difference = found
        return
      } else {
        agreeing = (agreeing?.first ?? left.number, left.number, (agreeing?.count ?? 0) + 1)
        (x, y) = (try a.next(), try b.next())
      }
    }
    // The rest of the longer one is counted.
    while try a.next() != nil {}
    while try b.next() != nil {}
  }

  private mutating func compare(_ a: TracedStep, _ b: TracedStep) -> TraceDifference? {
    if !known.contains(where: { $0.a === a.recording && $0.b === b.recording }) {
      if let found = structure(a, b) { return found }
      known.append((a.recording, b.recording))
    }
    let differing = a.hashes.indices.filter { a.hashes[$0] != b.hashes[$0] }
    if !differing.isEmpty { return .value(ValueDifference(a, b, differing, of: self)) }
    return a.rate == b.rate && a.isRefused == b.isRefused ? nil : .update(a, b)
  }

  /// The first node that is not the same operation or leaf on the same inputs, of the same shape.
  private func structure(_ a: TracedStep, _ b: TracedStep) -> TraceDifference? {
    let (x, y) = (a.recording.nodes, b.recording.nodes)
    for place in 0..<max(x.count, y.count) {
      let (p, q) = (place < x.count ? x[place] : nil, place < y.count ? y[place] : nil)
      if let p, let q, p.isSame(as: q) { continue }
      return .program(a, b, p, q)
    }
    return nil
  }
}

/// The first difference of two traces.
enum TraceDifference {
  /// The scalars are not the same.
  case precision
  /// A step recorded other operations or shapes: the first node that differs, nil where a recording ends before.
  case program(TracedStep, TracedStep, TracedNode?, TracedNode?)
  case value(ValueDifference)
  /// All nodes agree, and what is done with the gradients does not.
  case update(TracedStep, TracedStep)
}

/// Values that differ in a step.
struct ValueDifference {
  /// The origin of a difference.
  enum Origin: String {
    case batch, parameter, state, random, constant, operation
  }

  let a: TracedStep
  let b: TracedStep
  /// The node that differs first.
  let node: TracedNode
  let origin: Origin
  /// A sentence on what began it.
  let sentence: String
  /// Further nodes that differ although none of their inputs does.
  let others: [TracedNode]
  /// The number of nodes that differ in this step.
  let differingCount: Int
  /// The numbers of elements that both traces hold, and of those that differ.
  let held: Int
  let differingElements: Int
  /// The worst of the elements that both hold; nil where those agree.
  let worst: (position: Int, a: TracedElement, b: TracedElement)?

  /// The element's place along each axis.
  var place: [Int] {
    guard var rest = worst?.position else { return [] }
    var place: [Int] = []
    for size in node.shape.reversed() {
      place.insert(rest % max(size, 1), at: 0)
      rest /= max(size, 1)
    }
    return place
  }

  init(_ a: TracedStep, _ b: TracedStep, _ differing: [Int], of comparison: TraceComparison) {
    (self.a, self.b, differingCount) = (a, b, differing.count)
    let nodes = a.recording.nodes
    let numbers = Set(differing.map { nodes[$0].number })
    let origins = differing.filter { nodes[$0].inputs.allSatisfy { !numbers.contains($0) } }
    let first = origins[0]
    node = nodes[first]
    others = origins.dropFirst().map { nodes[$0] }
    origin = ValueDifference.origin(of: node)
    sentence = ValueDifference.sentence(origin, comparison, step: a.number)

    let ((x, left), (y, right)) = (a.elements(ofNodeAt: first), b.elements(ofNodeAt: first))
    // The few that one holds are among all that the other holds.
    let common = x.count <= y.count ? x : y
    var (count, found): (Int, (position: Int, a: TracedElement, b: TracedElement)?) = (0, nil)
    for (number, position) in common.enumerated() {
      let (p, q) = (
        left[x.count == common.count ? number : position], right[y.count == common.count ? number : position]
      )
      if p.isSame(as: q) { continue }
      count += 1
      let distance = p.distance(to: q) ?? .max
      if let worst = found, worst.a.distance(to: worst.b) ?? .max >= distance { continue }
      found = (position, p, q)
    }
    (held, differingElements, worst) = (common.count, count, found)
  }

  private static func origin(of node: TracedNode) -> Origin {
    if node.isOperation { return .operation }
    switch node.kind {
    case "input", "index": return .batch
    case "parameter": return .parameter
    case "state": return .state
    case "constant": return .constant
    default: return .random
    }
  }

  private static func sentence(_ origin: Origin, _ comparison: TraceComparison, step: Int) -> String {
    let (a, b) = (comparison.a, comparison.b)
    func values(_ name: String, _ x: String, _ y: String) -> String { x == y ? "" : "; \(name) \(x) and \(y)" }
    let updates = values("the updates are", a.update, b.update)
    // The step before, where both hold it: all of it agrees.
    let before = comparison.agreeing.flatMap { $0.last >= step - 1 ? $0.last : nil }
    let unknown = step == 1 ? "the runs began with" : "the runs parted before step \(step), or began with"
    switch (origin, before) {
    case (.batch, _): return "the batch: the step was fed other numbers"
    case (.parameter, nil):
      return "a parameter: \(unknown) other weights"
    case (.parameter, let last?):
      return
        "a parameter: the gradients of step \(last) agree, so its update, or something beside the step, changed it "
        + "otherwise\(updates)"
    case (.state, nil): return "a state: \(unknown) another one"
    case (.state, .some): return "a state: something beside the step changed it"
    case (.random, _):
      return "a random draw" + (a.seed == b.seed ? ", of one seed" : "") + values("the seeds are", a.seed, b.seed)
    case (.constant, _): return "a constant: it was recorded with another number"
    case (.operation, _):
      return "an operation: its inputs agree in every bit, its results do not"
        + (a.instructions == b.instructions
          ? "; other code, another machine, or a fault in memory or between threads"
          : values("the instruction sets are", a.instructions, b.instructions))
    }
  }
}
