import Adjoint
import AdjointChecking

/// A small program as data: leaves and operations with the positions of their inputs.
///
/// It is generated from a seed (`init(seed:)`), recorded on a tape of any scalar at any number of points, shrunk while it keeps
/// failing (`shrunk(while:)`), and printed as Swift code that reproduces it (`description`). Everything is a function of the
/// seed: structure, and the values of every leaf at every point.
///
/// ```swift
/// let program = RandomProgram(seed: 7)
/// let recording = program.record(on: Tape<Double>())
/// let g = gradients(of: recording.output, withRespectTo: recording.moving, cotangent: …)
/// ```
public struct RandomProgram: Sendable {
  /// The value of a leaf at one point.
  package enum LeafValue: Sendable, Equatable {
    case numbers(Tensor<Double>)
    case indices(Tensor<Int32>)
  }

  /// A leaf: its role, and where its values come from.
  package struct Leaf: Sendable {
    package enum Content: Sendable, Equatable {
      /// Numbers uniform in a range, representable in `Float`.
      case numbers(in: ClosedRange<Double>)
      case indices(below: Int)
    }
    /// Input, parameter, constant or index. A constant has the same values at every point.
    package let role: Role
    package internal(set) var content: Content
    /// Which of the seed's streams its values are drawn from.
    let stream: UInt64
    /// The values at point 0 where they are not drawn: those of what this leaf stands for.
    var pinned: LeafValue?
  }

  /// One line of the program.
  package struct Step: Sendable {
    package enum Kind: Sendable {
      case leaf(Leaf)
      case operation(any Operation, inputs: [Int])
    }
    package internal(set) var kind: Kind
    package internal(set) var shape: Shape

    /// The steps whose values this one takes.
    package var inputs: [Int] {
      switch kind {
      case .leaf: []
      case .operation(_, let inputs): inputs
      }
    }
    package var operation: (any Operation)? {
      switch kind {
      case .leaf: nil
      case .operation(let operation, _): operation
      }
    }
    /// True for indices, fed or computed.
    package var holdsIndices: Bool {
      switch kind {
      case .leaf(let leaf): leaf.role == .index
      case .operation(let operation, _): [.argMax, .argSort].contains(operation.form)
      }
    }
    package var leaf: Leaf? {
      switch kind {
      case .leaf(let leaf): leaf
      case .operation: nil
      }
    }
  }

  package let seed: UInt64
  /// Leaves and operations; each takes its inputs from steps before it.
  package internal(set) var steps: [Step]
  /// The step that is the result: a single number or a tensor.
  package internal(set) var output: Int

  /// The number of steps that are operations.
  package var operationCount: Int { steps.count { $0.operation != nil } }

  /// The leaves that gradients are taken for: inputs and parameters.
  package var movingLeaves: [Int] {
    steps.indices.filter { steps[$0].leaf?.role == .input || steps[$0].leaf?.role == .parameter }
  }

  /// This program with every operation replaced by what `transform` makes of it, of the same shapes.
  package func mapOperations(_ transform: (any Operation) -> any Operation) -> RandomProgram {
    var copy = self
    for i in steps.indices {
      guard case .operation(let operation, let inputs) = steps[i].kind else { continue }
      copy.steps[i].kind = .operation(transform(operation), inputs: inputs)
    }
    return copy
  }
}

// MARK: Values

extension RandomProgram {
  /// The value of the leaf at a step, at a point: 0 for the first recording, 1, 2, … for replays at new inputs.
  package func value(ofLeaf step: Int, at point: Int = 0) -> LeafValue {
    guard let leaf = steps[step].leaf else { fatalError("RandomProgram: step \(step) is an operation, not a leaf") }
    let point = leaf.role == .constant ? 0 : point
    if let pinned = leaf.pinned, point == 0 { return pinned }
    var generator = Generator(seed: seed).stream(1, leaf.stream, UInt64(point))
    let shape = steps[step].shape
    switch leaf.content {
    case .numbers(let range):
      let elements = (0..<shape.elementCount).map { _ in
        Double(Float(generator.uniform(range.lowerBound, range.upperBound)))
      }
      return .numbers(Tensor(shape: shape, elements: elements))
    case .indices(let bound):
      let elements = (0..<shape.elementCount).map { _ in Int32(generator.next() % UInt64(max(bound, 1))) }
      return .indices(Tensor(shape: shape, elements: elements))
    }
  }

  /// A random cotangent of the output, never all ones: softmax and normalisation annihilate those.
  public var cotangent: Tensor<Double> { random(steps[output].shape, stream: 2, 0) }

  /// A random direction for each moving leaf.
  public var directions: [Tensor<Double>] {
    movingLeaves.map { random(steps[$0].shape, stream: 3, steps[$0].leaf?.stream ?? 0) }
  }

  private func random(_ shape: Shape, stream: UInt64, _ number: UInt64) -> Tensor<Double> {
    var generator = Generator(seed: seed).stream(stream, number)
    let elements = (0..<shape.elementCount).map { _ in Double(Float(generator.uniform(-1.5, 1.5))) }
    return Tensor(shape: shape, elements: elements)
  }
}

// MARK: Recording

extension RandomProgram {
  /// A program on a tape.
  public struct Recording<S: Scalar> {
    /// A variable for each step.
    package let nodes: [Variable<S>]
    /// The result of the last step, which the others lead to.
    public let output: Variable<S>
    /// The leaves that gradients are taken for, as `movingLeaves`.
    public let moving: [Variable<S>]
    /// The parameters that were made, each with its step.
    package let parameters: [(step: Int, parameter: Parameter<S>)]
    /// Every leaf that a program feeds or reads, constants excepted: ask for these as well to keep all of them.
    package let leaves: [Variable<S>]
  }

  /// Records this program with the values of a point.
  public func record<S: Scalar>(on tape: Tape<S>, at point: Int = 0) -> Recording<S> {
    var parameters: [(step: Int, parameter: Parameter<S>)] = []
    let nodes = record(on: tape) { i in
      guard steps[i].leaf?.role == .parameter, case .numbers(let value) = value(ofLeaf: i, at: point) else {
        return leaf(i, on: tape, at: point)
      }
      parameters.append((i, Parameter(value.converted())))
      return tape.parameter(parameters[parameters.count - 1].parameter)
    }
    let fed = steps.indices.filter { steps[$0].leaf.map { $0.role != .constant } ?? false }
    return Recording(
      nodes: nodes, output: nodes[output], moving: movingLeaves.map { nodes[$0] }, parameters: parameters,
      leaves: fed.map { nodes[$0] })
  }

  /// Records the steps in order, of which the leaves are given.
  package func record<S: Scalar>(on tape: Tape<S>, leaf: (Int) -> Variable<S>) -> [Variable<S>] {
    var nodes: [Variable<S>] = []
    for (i, step) in steps.enumerated() {
      switch step.kind {
      case .operation(let operation, let inputs):
        nodes.append(tape.record(operation, inputs: inputs.map { nodes[$0] }))
      case .leaf: nodes.append(leaf(i))
      }
    }
    return nodes
  }

  /// A leaf with its values at a point, an input in place of a parameter.
  package func leaf<S: Scalar>(_ i: Int, on tape: Tape<S>, at point: Int) -> Variable<S> {
    switch value(ofLeaf: i, at: point) {
    case .indices(let x): tape.index(x)
    case .numbers(let x): steps[i].leaf?.role == .constant ? tape.constant(x.converted()) : tape.input(x.converted())
    }
  }

  /// Gives every leaf of a compiled recording the values of another point; parameters are set where they stand, so a
  /// program that copied them does not see this.
  /// - Precondition: the program keeps all leaves (`Program([recording.output] + recording.leaves)`).
  package func feed<S: Scalar>(_ recording: Recording<S>, to program: Program<S>, at point: Int) throws(FeedError) {
    for i in steps.indices {
      guard let leaf = steps[i].leaf, leaf.role != .constant, leaf.role != .parameter else { continue }
      switch value(ofLeaf: i, at: point) {
      case .numbers(let value): try program.feed(recording.nodes[i], value.converted())
      case .indices(let value): try program.feed(recording.nodes[i], value)
      }
    }
    for (step, parameter) in recording.parameters {
      if case .numbers(let value) = value(ofLeaf: step, at: point) { parameter.value = value.converted() }
    }
  }
}
