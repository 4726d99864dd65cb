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
  public internal(set) var edges: [Edge] {
    get { flows.map { edge($0) } }
    set {
      flows = newValue.map {
        Flow($0.contribution.index, $0.contribution.epoch, from: $0.consumer, $0.position, to: $0.producer)
      }
    }
  }
  var adjoints: [Int32]
  private var flows: [Flow] = []

  /// An edge by positions on the tape: a sweep adds one for each use of each node, and counts no references.
  private struct Flow {
    let consumer, position, producer, contribution, epoch: Int32

    init(_ contribution: Int, _ epoch: Int32, from consumer: Int, _ position: Int, to producer: Int) {
      (self.consumer, self.position, self.producer) = (Int32(consumer), Int32(position), Int32(producer))
      (self.contribution, self.epoch) = (Int32(contribution), epoch)
    }
  }

  init(output: Variable<S>, seed: Variable<S>, nodeCount: Int) {
    self.output = output
    adjoints = [Int32](repeating: -1, count: nodeCount)
    adjoints[output.index] = Int32(seed.index)
  }

  /// The adjoint ∂output/∂x of a node, or `nil` where none was computed: an absent adjoint is not a zero.
  public func adjoint(of x: Variable<S>) -> Variable<S>? { adjoint(at: output.tape.index(of: x), on: output.tape) }

  /// The contributions whose sum is the adjoint of x.
  public func contributions(to x: Variable<S>) -> [Edge] {
    flows.filter { $0.producer == x.index }.map { edge($0) }
  }

  private func edge(_ flow: Flow) -> Edge {
    let contribution = Variable(tape: output.tape, index: Int(flow.contribution), epoch: flow.epoch)
    return Edge(
      consumer: Int(flow.consumer), position: Int(flow.position), producer: Int(flow.producer),
      contribution: contribution)
  }

  func adjoint(at node: Int, on tape: Tape<S>) -> Variable<S>? { adjointNode(of: node).map { tape[$0] } }

  /// The node that holds the adjoint of a node, or `nil` where none was computed.
  package func adjointNode(of node: Int) -> Int? {
    node < adjoints.count && adjoints[node] >= 0 ? Int(adjoints[node]) : nil
  }

  mutating func add(
    _ contribution: Int, _ epoch: Int32, from consumer: Int, _ position: Int, to producer: Int, sum: Int
  ) {
    flows.append(Flow(contribution, epoch, from: consumer, position, to: producer))
    adjoints[producer] = Int32(sum)
  }
}
