import Adjoint
import Foundation

/// A backward pass by some order of its steps, right or wrong, as it was run on a recording.
package struct OrderedSweep {
  /// The state after a step.
  package struct Step {
    /// The value at hand.
    var node: Int
    /// The edge that a contribution has just come along.
    var edge: OrderedRecording.Edge?
    var words: String
    var adjoints: [Int: Tensor<Double>]
    /// The values that have handed on an adjoint, each with what it was by then.
    var used: [Int: Tensor<Double>]
    var visits: [Int: Int]
  }

  /// The way in which a contribution joins what has arrived before.
  package enum Arrival {
    /// x̄ ← x̄ + c.
    case adds
    /// x̄ ← c, which forgets what was there.
    case assigns
  }

  /// What a recursion hands on at a visit.
  package enum Handing {
    /// The contribution that has just come.
    case contribution
    /// All that has arrived up to now.
    case total
  }

  package let recording: OrderedRecording
  package private(set) var steps: [Step] = []
  /// How many times a value was visited, over all of them.
  package private(set) var visitCount = 0
  private var state: Step
  private let keepsSteps: Bool

  /// The adjoints at the end.
  package var adjoints: [Int: Tensor<Double>] { state.adjoints }

  private init(_ recording: OrderedRecording, keepsSteps: Bool = true) {
    (self.recording, self.keepsSteps) = (recording, keepsSteps)
    let (y, name) = (recording.output.index, recording.symbols[recording.output.index])
    state = Step(
      node: y, words: "The output’s adjoint is 1: \(name?.adjoint ?? "") = 1.",
      adjoints: [y: Tensor(repeating: 1, shape: recording.output.shape)], used: [:], visits: [:])
    if keepsSteps { steps.append(state) }
  }

  /// A sweep that visits each value once.
  /// - Parameter sums: false where a cotangent keeps the shape that the batch gave it.
  package init(_ recording: OrderedRecording, inOrder order: [Int], _ arrival: Arrival = .adds, sums: Bool = true) {
    self.init(recording)
    for node in order where !recording.isLeaf(node) {
      visit(node)
      guard let adjoint = state.adjoints[node] else {
        keep("Nothing has arrived at \(symbol(node)) yet, so it has nothing to hand on.", at: node)
        continue
      }
      state.used[node] = adjoint
      for edge in recording.edges(from: node) {
        let sent = recording.contribution(along: edge, of: adjoint)
        // Each row has a copy of what is broadcast: its adjoint is the sum over the copies.
        let isBroadcast = recording.value(edge.producer).shape.elementCount < adjoint.shape.elementCount
        receive(isBroadcast && !sums ? adjoint : sent, along: edge, arrival, isSummed: isBroadcast && sums)
      }
    }
    finish()
  }

  /// A recursion from the output along every path.
  package init(recursionOn recording: OrderedRecording, _ arrival: Arrival, handing: Handing, keepsSteps: Bool = true) {
    self.init(recording, keepsSteps: keepsSteps)
    let y = recording.output.index
    visit(y)
    descend(from: y, Tensor(repeating: 1, shape: recording.output.shape), arrival, handing)
    finish()
  }

  private mutating func descend(from node: Int, _ cotangent: Tensor<Double>, _ arrival: Arrival, _ handing: Handing) {
    let handed = handing == .contribution ? cotangent : state.adjoints[node] ?? cotangent
    if !recording.isLeaf(node) { state.used[node] = handed }
    for edge in recording.edges(from: node) {
      let sent = recording.contribution(along: edge, of: handed)
      visit(edge.producer)
      receive(sent, along: edge, arrival)
      descend(from: edge.producer, sent, arrival, handing)
    }
  }

  private mutating func visit(_ node: Int) {
    state.visits[node, default: 0] += 1
    visitCount += 1
  }

  private mutating func receive(
    _ sent: Tensor<Double>, along edge: OrderedRecording.Edge, _ arrival: Arrival, isSummed: Bool = false
  ) {
    let before = state.adjoints[edge.producer]
    let joined = before.map { arrival == .adds ? $0 + sent : sent } ?? sent
    state.adjoints[edge.producer] = joined
    guard keepsSteps else { return }
    let (from, to) = (symbol(edge.consumer), symbol(edge.producer))
    let adjoint = recording.symbols[edge.producer]?.adjoint ?? ""
    let text = OrderedSweep.text(sent)
    let sum = isSummed ? " It was added to every row, so the rows of what comes back are summed." : ""
    state.edge = edge
    switch (before, arrival) {
    case (nil, _): keep("\(from) hands \(text) to \(to): \(adjoint) = \(text).\(sum)", at: edge.consumer)
    case (let before?, .adds):
      let parts = "\(OrderedSweep.text(before)) + \(text)"
      keep(
        "\(from) hands \(text) to \(to), which adds it: \(adjoint) = \(parts) = \(OrderedSweep.text(joined)).",
        at: edge.consumer)
    case (let before?, .assigns):
      keep(
        "\(from) hands \(text) to \(to), which forgets \(OrderedSweep.text(before)): \(adjoint) = \(text).",
        at: edge.consumer)
    }
    state.edge = nil
  }

  private mutating func keep(_ words: String, at node: Int) {
    guard keepsSteps else { return }
    (state.words, state.node) = (words, node)
    steps.append(state)
  }

  private mutating func finish() {
    let truth = recording.adjoints
    let wrong = recording.nodes.filter { state.adjoints[$0] != truth[$0] }
    let verdict = wrong.map { node in
      let found = state.adjoints[node].map { "is " + OrderedSweep.text($0) } ?? "never came"
      return "\(recording.symbols[node]?.adjoint ?? "") \(found), not \(truth[node].map(OrderedSweep.text) ?? "–")"
    }
    let end = wrong.isEmpty ? "every adjoint is right" : verdict.joined(separator: "; ")
    keep("Done after \(visitCount) visit\(visitCount == 1 ? "" : "s"): \(end).", at: recording.output.index)
  }

  private func symbol(_ node: Int) -> String { recording.symbols[node]?.symbol ?? "" }

  /// A number, or the rows of a small matrix.
  static func text(_ value: Tensor<Double>) -> String {
    func text(_ x: Double) -> String {
      let whole = x == x.rounded() && x.magnitude < 1e15
      return (whole ? "\(Int(x))" : "\(x)").replacingOccurrences(of: "-", with: "−")
    }
    let numbers = value.elements.map(text)
    guard value.shape.rank > 0 else { return numbers[0] }
    let width = max(value.shape.last ?? 1, 1)
    let rows = stride(from: 0, to: numbers.count, by: width).map {
      "[" + numbers[$0..<$0 + width].joined(separator: ", ") + "]"
    }
    return value.shape.rank == 1 ? rows[0] : "[" + rows.joined(separator: ", ") + "]"
  }
}

extension OrderedRecording {
  /// The order of the library's sweep: the tape from its end.
  package var reverse: [Int] { nodes.reversed() }

  /// The values by their distance from the output, the nearest first.
  var nearestFirst: [Int] {
    var order = [output.index]
    var place = 0
    while place < order.count {
      for edge in edges(from: order[place]) where !order.contains(edge.producer) { order.append(edge.producer) }
      place += 1
    }
    return order
  }
}
