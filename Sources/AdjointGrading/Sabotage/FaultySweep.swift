import Adjoint
import AdjointChecking

/// The backward sweep with a fault in its one accumulation, handed to `GradientCheck.alter` to grade the checker.
struct FaultySweep {
  enum Fault: Sendable, Hashable {
    /// The last contribution to a node replaces those before it.
    case assigned
    /// One contribution to a node is not added.
    case droppedEdge(Int)
    /// One contribution to a node is added twice.
    case countedTwice(Int)
  }

  let fault: Fault
  /// The node whose adjoint is accumulated wrongly.
  let node: Int

  /// Repeats a sweep with the fault, so that everything downstream of it is wrong in consequence.
  func sweep(_ sound: Backward<Double>) -> Backward<Double> {
    let tape = sound.output.tape
    let wanted = Dictionary(grouping: sound.edges, by: \.consumer).mapValues { Set($0.map(\.position)) }
    var adjoints: [Int: Variable<Double>] = [:]
    var edges: [Backward<Double>.Edge] = []
    var arrivals = 0
    adjoints[sound.output.index] = sound.adjointNode(of: sound.output.index).map { tape[$0] }
    for consumer in stride(from: sound.output.index, through: 0, by: -1) {
      guard let positions = wanted[consumer], let g = adjoints[consumer] else { continue }
      let inputs = tape[consumer].inputs.map(\.index)
      let contributions = tape.contributions(of: consumer, adjoint: g) { positions.contains($0) }
      for (position, contribution) in contributions.enumerated() where positions.contains(position) {
        guard let contribution else { continue }
        let producer = inputs[position]
        edges.append(
          Backward.Edge(consumer: consumer, position: position, from: producer, contribution: contribution))
        let sum = adjoints[producer].map { $0 + contribution } ?? contribution
        guard producer == node else {
          adjoints[producer] = sum
          continue
        }
        defer { arrivals += 1 }
        switch fault {
        case .assigned: adjoints[producer] = contribution
        case .droppedEdge(let number): if arrivals != number { adjoints[producer] = sum }
        case .countedTwice(let number): adjoints[producer] = arrivals == number ? sum + contribution : sum
        }
      }
    }
    return sound.replaced(edges: edges) { adjoints[$0]?.index }
  }
}
