import Adjoint
import AdjointChecking

/// The backward sweep of somebody who goes on from answers of his own: the right one for as long as his are right.
///
/// `pass` hands a node's adjoint on to its inputs, `take` puts an answer in the place of a node's adjoint. Nodes are passed
/// from the loss backward, each after its answer was taken.
package struct OwnSweep {
  /// A use of a node, and what came back along it.
  struct Use {
    let consumer: Int
    let position: Int
    let contribution: Tensor<Double>
  }

  let tape: Tape<Double>
  /// The right sweep.
  let sound: Backward<Double>
  private let edges: [Int: [Backward<Double>.Edge]]
  private var own: [Int: Variable<Double>] = [:]
  private(set) var uses: [Int: [Use]] = [:]

  init(_ sound: Backward<Double>) {
    (self.sound, tape) = (sound, sound.output.tape)
    edges = Dictionary(grouping: sound.edges, by: \.consumer)
  }

  /// The adjoint that a node has in this sweep.
  package func adjoint(of node: Int) -> Variable<Double>? { own[node] ?? sound.adjoint(of: tape[node]) }

  /// The uses in the order in which their contributions were added.
  func uses(of node: Int) -> [Use] { uses[node] ?? [] }

  /// Puts an answer in the place of a node's adjoint.
  mutating func take(_ answer: Tensor<Double>, for node: Int) { own[node] = tape.constant(answer) }

  /// Hands a node's adjoint on to its inputs.
  mutating func pass(_ node: Int) {
    guard let edges = edges[node] else { return }
    guard let g = own[node] else {
      for edge in edges { add(edge, edge.contribution.value) }
      return
    }
    let positions = Set(edges.map(\.position))
    let contributions = tape.contributions(of: node, adjoint: g) { positions.contains($0) }
    for edge in edges {
      guard let contribution = contributions[edge.position]?.value else { continue }
      add(edge, contribution)
    }
    for producer in Set(edges.map(\.producer)) {
      // A later use adds to it, so the sum is taken anew.
      own[producer] = tape.constant(sum(at: producer))
    }
  }

  private mutating func add(_ edge: Backward<Double>.Edge, _ contribution: Tensor<Double>) {
    uses[edge.producer, default: []].append(
      Use(consumer: edge.consumer, position: edge.position, contribution: contribution))
    if own[edge.producer] != nil { own[edge.producer] = tape.constant(sum(at: edge.producer)) }
  }

  /// Σ of what has come back to a node.
  private func sum(at node: Int) -> Tensor<Double> {
    let parts = uses(of: node).map(\.contribution)
    return parts.dropFirst().reduce(parts[0]) { $0.moved(by: 1, along: $1) }
  }
}

extension Exercise {
  /// Walks from the loss backward: each question in turn with the sweep so far, then the answer to go on from.
  package func walk(_ answer: (Question, borrowing OwnSweep) -> Tensor<Double>?) {
    let tape = output.tape
    let mark = tape.count
    defer { tape.truncate(to: mark) }
    var sweep = OwnSweep(tape.backward(from: output, to: targets))
    let asked = Dictionary(uniqueKeysWithValues: questions.map { ($0.node, $0) })
    for node in stride(from: output.index, through: 0, by: -1) {
      if let question = asked[node], let own = answer(question, sweep) { sweep.take(own, for: node) }
      sweep.pass(node)
    }
  }
}
