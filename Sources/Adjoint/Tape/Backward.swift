/// The result of a backward sweep: the adjoint of each forward node, and every contribution that flowed along an edge.
///
/// All of these are recorded nodes of the same tape. `gradients(of:withRespectTo:)` is the short form; drawings, the
/// checker and lessons read the whole.
public struct Backward<S: Scalar> {
  /// One use of a node by another, and the contribution that flowed back along it.
  public struct Edge {
    /// The node whose VJP was taken.
    public let consumer: Int
    /// The position of this edge among its inputs.
    public let position: Int
    /// The input node that received the contribution.
    public let producer: Int
    /// The contribution, (∂consumer/∂producer)ᵀ · adjoint of the consumer.
    public let contribution: Variable<S>
  }

  /// The variable that was differentiated.
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
  /// The number of truncations before the sweep: what stands where its nodes stood came later if it counts more.
  private let epoch: Int
  private var flows: [Flow] = []

  /// An edge by positions on the tape. A sweep adds one for each use of each node, and counts no references.
  private struct Flow {
    let consumer, position, producer, contribution: Int32
    let epoch: Int

    init(_ contribution: Int, _ epoch: Int, from consumer: Int, _ position: Int, to producer: Int) {
      (self.consumer, self.position, self.producer) = (Int32(consumer), Int32(position), Int32(producer))
      (self.contribution, self.epoch) = (Int32(contribution), epoch)
    }
  }

  init(output: Variable<S>, seed: Variable<S>) {
    self.output = output
    epoch = output.tape.epoch
    adjoints = [Int32](repeating: -1, count: output.index + 1)
    adjoints[output.index] = Int32(seed.index)
  }

  /// The adjoint ∂output/∂x of a node, or `nil` where none was computed: an absent adjoint is not a zero.
  /// - Precondition: the output, x and the adjoint were not truncated away.
  public func adjoint(of x: Variable<S>, file: StaticString = #fileID, line: UInt = #line) -> Variable<S>? {
    guard let node = adjointNode(of: position(of: x, file, line)) else { return nil }
    let tape = output.tape
    guard node < tape.count, tape.nodes[node].epoch <= epoch else {
      fatalError(
        "backward: the adjoint of \(tape.describe(x.index)), %\(node), was truncated away", file: file, line: line)
    }
    return tape[node]
  }

  /// The contributions whose sum is the adjoint of x.
  /// - Precondition: the output and x were not truncated away.
  public func contributions(to x: Variable<S>, file: StaticString = #fileID, line: UInt = #line) -> [Edge] {
    let x = position(of: x, file, line)
    return flows.filter { $0.producer == x }.map { edge($0) }
  }

  /// The position of a variable that the sweep has seen: as long as the output stands, so does all before it.
  private func position(of x: Variable<S>, _ file: StaticString, _ line: UInt) -> Int {
    _ = output.tape.index(of: output, for: "backward", file: file, line: line)
    return output.tape.index(of: x, for: "backward", beside: [output], file: file, line: line)
  }

  private func edge(_ flow: Flow) -> Edge {
    let contribution = Variable(tape: output.tape, index: Int(flow.contribution), epoch: flow.epoch)
    return Edge(
      consumer: Int(flow.consumer), position: Int(flow.position), producer: Int(flow.producer),
      contribution: contribution)
  }

  func adjoint(at node: Int, on tape: Tape<S>) -> Variable<S>? { adjointNode(of: node).map { tape.handle($0) } }

  /// The node that holds the adjoint of a node, or `nil` where none was computed.
  package func adjointNode(of node: Int) -> Int? {
    node < adjoints.count && adjoints[node] >= 0 ? Int(adjoints[node]) : nil
  }

  /// Adds a contribution to the adjoint of its input, x̄ ← x̄ + (∂y/∂x)ᵀ ȳ: the one accumulation.
  @inline(__always)
  mutating func accumulate(
    _ contribution: Int, from consumer: Int, _ position: Int, to x: Int, where needed: [Bool], on tape: Tape<S>
  ) {
    tape.check(contribution, to: position, x, of: consumer)
    guard needed[x] else { return }
    tape.serving = Int32(x)
    let sum = adjointNode(of: x).map { tape.apply(.add, $0, contribution) } ?? contribution
    flows.append(Flow(contribution, tape.nodes[contribution].epoch, from: consumer, position, to: x))
    adjoints[x] = Int32(sum)
  }
}

extension Tape {
  /// The cotangent with which a sweep begins: ȳ of the output's shape, 1 for a single number.
  func seed(of output: Variable<S>, _ cotangent: Variable<S>?, _ file: StaticString, _ line: UInt) -> Variable<S> {
    let seed = cotangent ?? unitCotangent(for: output, file, line)
    let node = index(of: seed, for: "backward, cotangent", beside: [output], file: file, line: line)
    guard nodes[node].shape == output.shape else {
      fatalError(
        "backward: the cotangent has shape \(seed.shape), the output \(output.shape); they must be the same",
        file: file,
        line: line)
    }
    return seed
  }

  private func unitCotangent(for output: Variable<S>, _ file: StaticString, _ line: UInt) -> Variable<S> {
    guard !output.holdsIndices else {
      fatalError(
        "backward: the output, \(describe(output)), holds indices; only numbers have a gradient", file: file, line: line
      )
    }
    guard output.shape.elementCount == 1 else {
      fatalError(
        "backward: the output has shape \(output.shape); only a single number has a gradient. Give a cotangent of that "
          + "shape, or reduce the output to one number first (sum, mean). The output is \(describe(output)).",
        file: file, line: line)
    }
    return constant(Tensor(repeating: 1, shape: output.shape))
  }

  /// A flag for each node up to `output`: true when it depends on a target and the output may depend on it.
  func nodesBetween(_ targets: [Int], and output: Int) -> [Bool] {
    var reaches = [Bool](repeating: false, count: output + 1)
    for target in targets where target <= output { reaches[target] = true }
    // Nothing before the first target depends on one.
    for i in Swift.min(targets.min() ?? 0, output + 1)..<output + 1 where !reaches[i] {
      if nodes[i].isIndex { continue }  // whatever it depends on, no derivative flows through it
      let inputs = nodes[i].inputs
      for position in 0..<inputs.count where reaches[inputs[position]] { reaches[i] = true }
    }
    return reaches
  }

  /// Traps unless a rule returned as many contributions as the operation has inputs.
  @inline(__always)
  func check(count: Int, of operation: any Operation, for inputs: NodeList) {
    guard count != inputs.count else { return }
    fatalError(miscounted(count, of: operation, for: inputs).description)
  }

  /// Traps unless a contribution has its input's shape.
  @inline(__always)
  fileprivate func check(_ contribution: Int, to position: Int, _ input: Int, of consumer: Int) {
    let shape = nodes[contribution].shape
    guard shape != nodes[input].shape, case .operation(let operation) = nodes[consumer].kind else { return }
    fatalError(misshapen(shape, of: operation, to: position, input).description)
  }

  @inline(never)
  private func miscounted(_ count: Int, of operation: any Operation, for inputs: NodeList) -> ContributionError {
    ContributionError(
      "\(operation.name): its vjp returned \(count) contributions for \(inputs.count) inputs (\(describe(inputs))); there "
        + "is one for each, nil where it does not depend on it")
  }

  @inline(never)
  private func misshapen(
    _ shape: Shape, of operation: any Operation, to position: Int, _ input: Int
  ) -> ContributionError {
    ContributionError(
      "\(operation.name): its vjp returned \(shape) for input \(position), which is \(nodes[input].shape): "
        + "\(describe(input)). A sum over what was broadcast may be missing: sum(to:)")
  }

  /// The contributions of one node's rule to all its inputs, each held to what the sweep asks of it.
  /// - Throws: the sentence with which a sweep would trap.
  package func checkedContributions(
    of node: Int, adjoint g: Variable<S>
  ) throws(ContributionError) -> [Variable<S>?] {
    guard let operation = operation(at: node) else { return [] }
    let inputs = nodes[node].inputs
    let contributions = contributions(of: node, adjoint: g) { !self.nodes[inputs[$0]].isIndex }
    guard contributions.count == inputs.count else { throw miscounted(contributions.count, of: operation, for: inputs) }
    for (position, contribution) in contributions.enumerated() {
      guard let contribution else { continue }
      guard contribution.tape === self, isLive(contribution) else {
        throw ContributionError(
          "\(operation.name): its vjp returned for input \(position) a variable of another tape, or one that was truncated "
            + "away. A rule records on p.tape, from g, p.x and p.y, and keeps nothing from one call to the next")
      }
      guard contribution.shape == nodes[inputs[position]].shape else {
        throw misshapen(contribution.shape, of: operation, to: position, inputs[position])
      }
    }
    return contributions
  }
}

/// A rule whose contributions do not fit the inputs of its operation. A sweep traps with the sentence; a checker reports
/// it.
package struct ContributionError: Error, CustomStringConvertible {
  package let description: String
  fileprivate init(_ description: String) { self.description = description }
}

extension Backward.Edge {
  package init(consumer: Int, position: Int, from producer: Int, contribution: Variable<S>) {
    self.init(consumer: consumer, position: position, producer: producer, contribution: contribution)
  }
}

extension Backward {
  /// This sweep with other contributions and adjoints, such as a faulty accumulation would produce. A node for which
  /// `adjoint` gives `nil` has none.
  package func replaced(edges: [Edge], adjoint: (Int) -> Int?) -> Backward {
    var copy = self
    copy.edges = edges
    copy.adjoints = adjoints.indices.map { node in adjoint(node).map { Int32($0) } ?? -1 }
    return copy
  }
}

extension Tape {
  /// The contributions of one node's rule to its inputs, given its adjoint: one turn of the backward sweep.
  package func contributions(of node: Int, adjoint g: Variable<S>, wanted: @escaping (Int) -> Bool) -> [Variable<S>?] {
    operation(at: node)?.vjp(g, at: Point(tape: self, node: node, wanted: wanted)) ?? []
  }
}
