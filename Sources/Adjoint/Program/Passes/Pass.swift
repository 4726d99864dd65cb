/// One instruction to be: the nodes that it computes, and those that it must leave in memory.
package struct Pass {
  var kind: any PassKind
  /// The nodes computed, in order.
  package var nodes: [Int]
  /// The nodes among them whose values are used outside.
  package var results: [Int]

  init(_ kind: some PassKind, _ nodes: [Int], results: [Int]) {
    (self.kind, self.nodes, self.results) = (kind, nodes, results)
  }
}

/// The way in which a pass computes its nodes.
protocol PassKind: Sendable {
  /// The operands whose memory a result may take over.
  var overwriting: Overwriting { get }

  /// The instruction, with every operand resolved to an address.
  func instruction<S: Scalar>(_ pass: Pass, _ number: Int, in builder: inout InstructionBuilder<S>) -> Instruction<S>
}

/// The operands whose memory a result may take over, when nobody reads them later.
enum Overwriting {
  case none
  /// Any that is read element by element, in step with the result.
  case elementwise
  /// One node's, which is read before it is written.
  case operand(Int)
}

/// A pass that computes several recorded operations at once, or one in a better way, to the same bits.
///
/// A fast path is one file with such a type, which finds its pattern, says what it reads and writes, may overwrite and costs,
/// and runs; and one entry in `FastPaths`.
protocol FastPath: PassKind, Sendable {
  /// The pass whose last node is i, if the recording has the pattern there.
  ///
  /// Every node of the pass but the last must be private to it (`isPrivate`), so that no two passes claim one node.
  static func ending(in i: Int, of recording: PlannedRecording) -> Pass?
}

/// All fast paths, in the order in which they are tried.
enum FastPaths {
  static let all: [any FastPath.Type] = [
    ProductPass.self, LogSoftmaxGradient.self, PickGradient.self, ColumnSums.self,
  ]

  /// The fast pass whose last node is i, if there is one.
  static func ending(in i: Int, of recording: PlannedRecording) -> Pass? {
    for path in all {
      if let pass = path.ending(in: i, of: recording) { return pass }
    }
    return nil
  }
}

/// What fast paths ask of a recording that is being planned.
struct PlannedRecording {
  let nodes: [Node]
  /// The form of each node's operation; `nil` for a leaf, and where nobody needs the node.
  let forms: [OperationForm?]
  let live: [Bool]
  /// Whether each value can be read after a run.
  let kept: [Bool]
  /// The number of live uses of each node, and its last user.
  private var useCount: [Int32]
  private var lastUser: [Int32]

  init(nodes: [Node], forms: [OperationForm?], live: [Bool], kept: [Bool]) {
    (self.nodes, self.forms, self.live, self.kept) = (nodes, forms, live, kept)
    useCount = Array(repeating: 0, count: nodes.count)
    lastUser = Array(repeating: -1, count: nodes.count)
    for i in nodes.indices where live[i] {
      for x in nodes[i].inputs {
        useCount[x] += 1
        lastUser[x] = Int32(i)
      }
    }
  }

  /// Whether `user` reads node i once, and nobody else does.
  func isPrivate(_ i: Int, to user: Int) -> Bool { useCount[i] == 1 && Int(lastUser[i]) == user && !kept[i] }
}

/// The operation as it is.
struct General: PassKind {
  let isElementwise: Bool

  init(_ node: Node) {
    guard case .operation(let operation) = node.kind else { fatalError("Program: a leaf is no pass") }
    isElementwise = operation.isElementwise
  }

  var overwriting: Overwriting { isElementwise ? .elementwise : .none }

  @specialized(where S == Float)
  @specialized(where S == Double)
  func instruction<S: Scalar>(_ pass: Pass, _ number: Int, in builder: inout InstructionBuilder<S>) -> Instruction<S> {
    builder.instruction(of: pass.nodes[0])
  }
}
