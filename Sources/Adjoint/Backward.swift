/// What a backward sweep found: for each forward node its adjoint, and every contribution that flowed along an edge.
///
/// All of these are recorded nodes of the same tape. Gradients are the short form (`gradients(of:withRespectTo:)`); drawings,
/// the checker and lessons read the whole.
public struct Backward<S: Scalar> {
  /// One use of a node by another, and what flowed back along it.
  public struct Edge {
    /// The node whose VJP was taken.
    public let consumer: Int
    /// Which of its inputs this edge is.
    public let position: Int
    /// The input node that received the contribution.
    public let producer: Int
    /// (∂consumer/∂producer)ᵀ · adjoint of the consumer.
    public let contribution: Variable<S>
  }

  /// What was differentiated.
  public let output: Variable<S>
  /// Every contribution, in the order in which the sweep added it.
  public internal(set) var edges: [Edge] = []
  var adjoints: [Int32]

  init(output: Variable<S>, seed: Variable<S>, nodeCount: Int) {
    self.output = output
    adjoints = [Int32](repeating: -1, count: nodeCount)
    adjoints[output.index] = Int32(seed.index)
  }

  /// The adjoint ∂output/∂x of a node, or `nil` where none was computed: an absent adjoint is not a zero.
  public func adjoint(of x: Variable<S>) -> Variable<S>? { adjoint(at: output.tape.index(of: x), on: output.tape) }

  /// The contributions whose sum is the adjoint of x.
  public func contributions(to x: Variable<S>) -> [Edge] { edges.filter { $0.producer == x.index } }

  func adjoint(at node: Int, on tape: Tape<S>) -> Variable<S>? {
    guard node < adjoints.count, adjoints[node] >= 0 else { return nil }
    return tape[Int(adjoints[node])]
  }

  mutating func add(
    _ contribution: Variable<S>, from consumer: Int, _ position: Int, to producer: Int, sum: Variable<S>
  ) {
    edges.append(Edge(consumer: consumer, position: position, producer: producer, contribution: contribution))
    adjoints[producer] = Int32(sum.index)
  }
}
