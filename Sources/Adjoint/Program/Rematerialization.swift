/// The recomputation of checkpointed segments. What the backward pass reads of a segment's inner values is computed again, from
/// what goes into the segment, just before it is first read. So the inner values need no memory in between.
///
/// The tape knows nothing of it: the copies are operations of the plan, in places behind the recorded ones. Each is the same
/// operation on the same operands, so no bit changes. Source: Chen et al., Training deep nets with sublinear memory cost,
/// 2016.
struct Rematerialization {
  var nodes: [Node]
  private(set) var forms: [OperationForm?]
  private(set) var formulas: [Int: LoopFormula]
  /// True for each node that is computed or read.
  private(set) var live: [Bool]
  /// True for each node that stands where its operand stands.
  private(set) var isAlias: [Bool]
  /// The operations in the order in which they run.
  var order: [Int]
  /// The operations that were moved to where they are first read.
  private(set) var delayed: Set<Int> = []
  /// The operation of which each place behind the recorded ones is a copy or a part.
  private(set) var originals: [Int] = []
  /// The segment of each operation that may be computed twice, or −1.
  private var segment: [Int32]
  /// The copy of each operation that has one, or −1.
  private var copy: [Int32]

  /// - Parameters:
  ///   - segments: the places that were marked, in order, none within another.
  ///   - live: true for the leaves that are read and the operations that a run computes.
  ///   - kept: true for each value that can be read after a run.
  init(
    _ nodes: [Node], _ forms: [OperationForm?], _ formulas: [Int: LoopFormula], live: [Bool], isAlias: [Bool],
    kept: [Bool], segments: [Range<Int>]
  ) {
    (self.nodes, self.forms, self.formulas, self.live, self.isAlias) = (nodes, forms, formulas, live, isAlias)
    order = nodes.indices.filter { live[$0] && forms[$0] != nil }
    (segment, copy) = ([], [])
    guard !segments.isEmpty else { return }
    segment = Array(repeating: -1, count: nodes.count)
    copy = segment
    findInner(segments, kept)

    // The first reader of each segment's inner values behind the segment, and all that these readers need.
    var firstReader = [Int](repeating: -1, count: segments.count)
    var isNeeded = [Bool](repeating: false, count: nodes.count)
    for i in order {
      for x in nodes[i].inputs where segment[x] >= 0 && i >= segments[Int(segment[x])].upperBound {
        isNeeded[x] = true
        if firstReader[Int(segment[x])] < 0 { firstReader[Int(segment[x])] = i }
      }
    }
    var copies: [Int: [Int]] = [:]
    for (number, range) in segments.enumerated() where firstReader[number] >= 0 {
      for i in range.reversed() where isNeeded[i] {
        for x in nodes[i].inputs where segment[x] == number { isNeeded[x] = true }
      }
      for i in range where isNeeded[i] { copies[firstReader[number], default: []].append(append(copyOf: i)) }
    }
    for i in order {
      func readsCopy(_ x: Int) -> Bool { copy[x] >= 0 && i >= segments[Int(segment[x])].upperBound }
      if nodes[i].inputs.contains(where: readsCopy) { self.nodes[i] = readingCopies(nodes[i], where: readsCopy) }
    }
    order = order.flatMap { (copies[$0] ?? []) + [$0] }
    removeUnread(kept) { [copy] i in i < copy.count && copy[i] >= 0 }
  }

  /// Finds the values that nothing outside of their segment reads but a backward pass.
  private mutating func findInner(_ segments: [Range<Int>], _ kept: [Bool]) {
    for (number, range) in segments.enumerated() {
      for i in range where live[i] && forms[i] != nil && !kept[i] { segment[i] = Int32(number) }
    }
    for i in order.reversed() {
      // Another shape of a value that stays is no value of its own.
      let isAliasThatStays = isAlias[i] && segment[i] < 0
      for x in nodes[i].inputs where segment[x] >= 0 {
        let isOutside = i >= segments[Int(segment[x])].upperBound
        if isOutside ? nodes[i].serves < 0 : isAliasThatStays { segment[x] = -1 }
      }
    }
  }

  private mutating func append(copyOf i: Int) -> Int {
    let place = append(i, readingCopies(nodes[i]) { copy[$0] >= 0 })
    copy[i] = Int32(place)
    isAlias[place] = isAlias[i]
    formulas[place] = formulas[i]
    return place
  }

  /// True where segments are marked, of which operations may be computed twice.
  var isRecomputing: Bool { !segment.isEmpty }

  /// Adds a node behind all others that computes operation i or a part of it, from other operands or of another shape.
  mutating func append(partOf i: Int, reading inputs: NodeList, shape: Shape? = nil) -> Int {
    append(i, nodes[i].reading(inputs, shape: shape))
  }

  /// Makes an operation the sum of another node over its first axis.
  mutating func add(_ i: Int, over node: Int) {
    let sum = Sum(axes: AxisSet([0]))
    nodes[i] = nodes[i].reading(NodeList(node), by: sum)
    forms[i] = sum.ownForm
  }

  private mutating func append(_ i: Int, _ node: Node) -> Int {
    let recorded = nodes.count - originals.count
    originals.append(i < recorded ? i : originals[i - recorded])
    nodes.append(node)
    forms.append(forms[i])
    live.append(true)
    isAlias.append(false)
    return nodes.count - 1
  }

  private func readingCopies(_ node: Node, where reads: (Int) -> Bool) -> Node {
    node.reading(NodeList(node.inputs.map { reads($0) ? Int(copy[$0]) : $0 }))
  }

  /// Leaves out those of the operations that have copies whose only readers read a copy now.
  mutating func removeUnread(_ kept: [Bool], where hasCopy: (Int) -> Bool) {
    var isRead = kept + [Bool](repeating: false, count: nodes.count - kept.count)
    for i in order.reversed() {
      if !isRead[i], hasCopy(i) { live[i] = false }
      if live[i] { for x in nodes[i].inputs { isRead[x] = true } }
    }
    order.removeAll { !live[$0] }
  }

  /// Moves operations to where they are first read.
  mutating func delay(_ operations: Set<Int>) {
    guard !operations.isEmpty else { return }
    delayed.formUnion(operations)
    var (moved, isPut) = ([Int](), [Bool](repeating: false, count: nodes.count))
    func put(_ i: Int) {
      if isPut[i] { return }
      isPut[i] = true
      for x in nodes[i].inputs where operations.contains(x) { put(x) }
      moved.append(i)
    }
    for i in order where !operations.contains(i) { put(i) }
    for i in order { put(i) }  // what is asked for, and read by none
    order = moved
  }

  /// Moves repeated rows and numbers to where they are first read: a chain that reads them repeats them in a cache.
  mutating func delayRepeated() {
    func isRepeated(_ i: Int) -> Bool {
      forms[i] == .broadcast && RowSpace(nodes[i].shape)?.operand(nodes[nodes[i].inputs[0]].shape) != nil
    }
    delay(Set(order.filter(isRepeated)))
  }
}
