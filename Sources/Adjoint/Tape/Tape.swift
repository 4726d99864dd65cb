/// One line of the tape: y = f(x₀, x₁, …), or a leaf. It has no precision; only values have a scalar type.
struct Node {
  enum Kind {
    case leaf(Role)
    case operation(any Operation)

    /// The operation; `nil` for a leaf.
    var operation: (any Operation)? { if case .operation(let operation) = self { operation } else { nil } }
  }

  // In an order that leaves no gaps, so that a node takes two cache lines.
  let shape: Shape
  /// The forward node whose VJP recorded this one, or −1 in a forward pass.
  let serves: Int32
  /// The number of truncations before this node, which tells it from one that stood in the same place earlier.
  let epoch: Int
  let inputs: NodeList
  /// The scope in which the node was recorded, a position in `scopes`.
  let scope: Int32
  let kind: Kind
  /// True when the node holds indices, not numbers.
  let isIndex: Bool
  /// True for the leaf of a parameter or a state, which may change after it was recorded.
  let isParameter: Bool
}

/// The tape: a Wengert list, and the whole of backpropagation.
///
/// Recording an operation computes its value at once and appends a node. Creation order is topological order, so the
/// backward sweep is one loop from the last node to the first: no sort, no recursion, no visited set. The sweep *records* the
/// vector-Jacobian products, so the backward pass is more tape, which can be printed, compiled and differentiated again.
///
/// A tape and its variables belong to one thread; they are not `Sendable`.
///
/// Source: Wengert, "A simple automatic derivative evaluation program", CACM 1964; Griewank & Walther, *Evaluating
/// Derivatives*, 2nd ed., ch. 3.2 (the incremental reverse form: one accumulation per edge).
public final class Tape<S: Scalar> {
  /// The mode in which layers record: dropout is active in training alone.
  public let mode: Mode
  /// The key of the random leaves, together with step, leaf and row.
  public let seed: UInt64

  let nodes = NodeStorage()
  let arena = Arena()
  let identity = TapeIdentity()
  var epoch = 0
  var serving: Int32 = -1
  var scopes: [String] = [""]
  var scope: Int32 = 0
  var labels: [Int: String] = [:]
  /// The places whose inner values a program computes again for the backward pass, see `checkpointed(_:)`.
  var segments: [Range<Int>] = []
  var isCheckpointing = false
  /// The formulas of the nodes that have one.
  var formulas: [Int: LoopFormula] = [:]
  /// False where `forward` itself is under test.
  package var readsFormulas = true
  var parameters: [ParameterLeaf<S>] = []
  var stores: [(node: Int, state: Parameter<S>)] = []
  /// The index leaves whose recorded indices the body of a loop keeps, each with the node at which the loop begins.
  package internal(set) var indicesOfLoops: [(leaf: Int, loop: Int)] = []
  var leafOfParameter: [ObjectIdentifier: Int] = [:]
  /// True where a value is computed when it is first looked at: for a recording that only a program runs.
  package let computesLater: Bool
  /// The number of nodes, the first ones, whose values stand, where values are computed later.
  var valueCount = 0
  /// True while a training step is recorded for replay: reading a value would freeze a branch (see `Variable.value`).
  package var isRecordingForReplay = false
  /// True while a recording for replay may branch on comparisons, since whoever replays it looks at its guards.
  var guardsBranches = false
  /// True while the body of a loop is recorded, which stands for all steps: no value is read, and no branch taken.
  var recordsLoop = false
  /// The comparisons on which the recording code has branched, in order.
  var guards: [BranchGuard] = []

  /// An empty tape.
  /// - Parameters:
  ///   - mode: training or inference, as its layers shall record.
  ///   - seed: the key of its random leaves.
  public convenience init(mode: Mode = .training, seed: UInt64 = 0) {
    self.init(mode: mode, seed: seed, computesLater: false)
  }

  /// An empty tape that computes each value when it is recorded, or when it is first looked at.
  package init(mode: Mode, seed: UInt64, computesLater: Bool) {
    (self.mode, self.seed, self.computesLater) = (mode, seed, computesLater)
  }

  deinit { nodes.deallocate() }

  /// Appends y = f(x₀, x₁, …) and computes it.
  /// - Precondition: the inputs are live on this tape and fit the operation; otherwise this traps with the sentence of
  ///   `operation.shape(of:)`.
  @discardableResult
  public func record(
    _ operation: some Operation, _ inputs: Variable<S>..., file: StaticString = #fileID, line: UInt = #line
  ) -> Variable<S> {
    append(.operation(operation), to: inputs, file: file, line: line)
  }

  /// Appends y = f(x₀, x₁, …) and computes it.
  @discardableResult
  public func record(
    _ operation: some Operation, inputs: [Variable<S>], file: StaticString = #fileID, line: UInt = #line
  ) -> Variable<S> {
    append(.operation(operation), to: inputs, file: file, line: line)
  }

  // MARK: The backward sweep

  /// Propagates cotangents from `output` back to everything that it depends on differentiably.
  ///
  /// Each node in reverse order turns its adjoint ȳ into contributions to its inputs,
  ///   x̄ᵢ ← x̄ᵢ + (∂y/∂xᵢ)ᵀ ȳ,
  /// By the time a node is reached, all its consumers have been, so its adjoint is complete: a total derivative.
  ///
  /// - Parameters:
  ///   - cotangent: ȳ of the output's shape; 1 for a single number when left out.
  ///   - targets: the variables whose adjoints are wanted; every parameter and input when left out. Only the nodes
  ///     between them and the output are recorded.
  /// - Complexity: a small constant times the cost of the forward pass, whatever the number of targets.
  /// - Precondition: no parameter that a rule reads was changed after it was recorded: its numbers are no longer those
  ///   behind `output`.
  @specialized(where S == Float)
  @specialized(where S == Double)
  public func backward(
    from output: Variable<S>, cotangent: Variable<S>? = nil, to targets: [Variable<S>]? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Backward<S> {
    func position(_ x: Variable<S>) -> Int {
      index(of: x, for: "backward", beside: [output], file: file, line: line)
    }
    let last = position(output)
    var backward = Backward(output: output, seed: seed(of: output, cotangent, file, line))
    let targets = targets?.map(position) ?? differentiableLeaves
    let needed = nodesBetween(targets, and: last)
    let changes = changedParameters(upTo: last)
    defer { serving = -1 }
    for i in (Swift.min(targets.min() ?? 0, last)...last).reversed() where needed[i] {
      guard case .operation(let f) = nodes[i].kind, let g = backward.adjoint(at: i, on: self) else { continue }
      let inputs = nodes[i].inputs
      if !changes.isEmpty { refuse(changes, readBy: i, file, line) }
      serving = Int32(i)
      let contributions = f.vjp(g, at: Point(tape: self, node: i, wanted: WantedInputs(inputs, needed)))
      check(count: contributions.count, of: f, for: inputs)
      for position in 0..<inputs.count {
        guard let contribution = contributions[position].map({ index(of: $0) }) else { continue }
        backward.accumulate(contribution, from: i, position, to: inputs[position], where: needed, on: self)
      }
    }
    return backward
  }
}
