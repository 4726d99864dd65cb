/// One instruction to be: the nodes that it computes, and those of them that it must leave in memory.
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
  /// True when it may take an operation although other passes stand behind it.
  var takesLater: Bool { get }

  /// The same pass with one more operation, which it computes after its own `count`; `nil` where it cannot.
  func taking(_ i: Int, besideOthers count: Int, of recording: PlannedRecording) -> (any PassKind)?

  /// The instruction, with every operand resolved to an address.
  func instruction<S: Scalar>(_ pass: Pass, _ number: Int, in builder: inout InstructionBuilder<S>) -> Instruction<S>
}

extension PassKind {
  var takesLater: Bool { false }
  func taking(_ i: Int, besideOthers count: Int, of recording: PlannedRecording) -> (any PassKind)? { nil }
}

/// The operands whose memory a result may take over, when nobody reads them later.
enum Overwriting {
  case none
  /// Any operand that is read element by element, in turn with the result.
  case elementwise
  /// The memory of one node, which is read before it is written.
  case operand(Int)
}

/// A pass that computes several recorded operations at once, or one in a better way, to the same bits.
///
/// A fast path is one file and one entry in `FastPaths`. Its type finds its pattern, names the operand that it may
/// overwrite, and makes the instruction; the instruction runs, and tells its footprint and its work.
protocol FastPath: PassKind, Sendable {
  /// The pass whose last node is i, or `nil` when the recording has no such pattern there.
  ///
  /// Every node of the pass but the last must be private to it (`isPrivate`), so that no two passes claim one node.
  static func ending(in i: Int, of recording: PlannedRecording) -> Pass?
}

/// All fast paths.
enum FastPaths {
  private static let all: [any FastPath.Type] = [
    ArrayReduction.self, WindowChains.self, WindowProducts.self, DepthwiseProducts.self, OuterProducts.self,
    ProductPass.self, LogSoftmaxGradient.self, GELUGradient.self, PickGradient.self, ColumnSums.self, RowScatter.self,
    SliceGradients.self, PoolGradients.self,
  ]

  /// The fast pass whose last node is i, if there is one: of the first path that has its pattern there.
  static func ending(in i: Int, of recording: PlannedRecording) -> Pass? {
    for path in all { if let pass = path.ending(in: i, of: recording) { return pass } }
    return nil
  }
}

/// A recording that is being planned, as fast paths see it.
struct PlannedRecording {
  let nodes: [Node]
  /// The form of each node's operation; `nil` for a leaf, and for a node that nobody needs.
  let forms: [OperationForm?]
  /// The formulas of the operations of other modules that have one.
  let formulas: [Int: LoopFormula]
  let live: [Bool]
  /// True for each node that no pass computes, since it stands where its operand stands: another shape, or a run of elements.
  let isAlias: [Bool]
  /// The operations in the order in which they run.
  let order: [Int]
  /// The operations that stand where they are first read.
  let delayed: Set<Int>
  /// True for each value that can be read after a run.
  let kept: [Bool]
  /// True for a constant leaf whose elements are all 1.
  let isOnes: (Int) -> Bool
  /// The windows that products find in the images.
  var windows = WindowsInPlace(elementSize: nil)
  /// The nodes that give what each chain of windows gives.
  var windowChains: Set<Int> = []
  /// The steps of sums over many rows, by node.
  var columnSums: [Int: ColumnSums] = [:]
  /// The steps of reductions of whole arrays, by node.
  var arrayReductions: [Int: ArrayReduction] = [:]
  /// The number of live uses of each node.
  private var useCount: [Int32]
  /// The last user of each node.
  private var lastUser: [Int32]

  init(_ whole: Rematerialization, kept: [Bool], isOnes: @escaping (Int) -> Bool) {
    (nodes, forms, formulas, live, order) = (whole.nodes, whole.forms, whole.formulas, whole.live, whole.order)
    (isAlias, delayed) = (whole.isAlias, whole.delayed)
    (self.kept, self.isOnes) = (kept, isOnes)
    useCount = Array(repeating: 0, count: nodes.count)
    lastUser = Array(repeating: -1, count: nodes.count)
    for i in nodes.indices where live[i] {
      for x in nodes[i].inputs {
        useCount[x] += 1
        lastUser[x] = Int32(i)
      }
    }
  }

  /// True when `user` reads node i once, and nobody else does.
  func isPrivate(_ i: Int, to user: Int) -> Bool { useCount[i] == 1 && Int(lastUser[i]) == user && !kept[i] }

  /// The one user of node i, if there is one.
  func onlyUser(of i: Int) -> Int? { useCount[i] == 1 && !kept[i] ? Int(lastUser[i]) : nil }

  /// True when node i is read twice, and nobody asks for it.
  func isReadTwice(_ i: Int) -> Bool { useCount[i] == 2 && !kept[i] }
}

/// The pass that runs one operation as it is, or by its formula.
struct General: PassKind {
  private let formula: LoopFormula?
  private let isElementwise: Bool

  init(_ i: Int, of recording: PlannedRecording) {
    guard case .operation(let operation) = recording.nodes[i].kind else { fatalError("Program: a leaf is no pass") }
    formula = recording.formulas[i]
    // Samples of a formula are written before its operands have been read.
    isElementwise = formula == nil && operation.isElementwise
  }

  var overwriting: Overwriting { isElementwise ? .elementwise : .none }

  func instruction<S: Scalar>(_ pass: Pass, _ number: Int, in builder: inout InstructionBuilder<S>) -> Instruction<S> {
    builder.instruction(of: pass.nodes[0], by: formula)
  }
}
