import Adjoint

/// The forward half of a recording in any precision, once more on a tape in Double, node for node.
///
/// Operations are precision-free, so the same ones are recorded again at the same (rounded) leaves. A rule's own constants, such
/// as 1/N or √(2/π), are then those of Double; on the tape of a `Float` model they would be rounded, and every exact comparison
/// would end at their rounding.
package struct DoubleRecording {
  package let output: Variable<Double>
  package let leaves: [Variable<Double>]
  /// True when computed indices are those of the other scalar in which they were recorded.
  let holdsIndices: Bool
  /// The symbols of the recording's values.
  let symbols: Symbols

  /// - Parameter holdsIndices: true when a recording in Double follows one in another scalar already.
  package init<S: Scalar>(_ output: Variable<S>, _ leaves: [Variable<S>], holdingIndices holdsIndices: Bool = false) {
    self.holdsIndices = holdsIndices || S.self != Double.self
    symbols = Symbols(of: output)
    if let own = output as? Variable<Double>, let ownLeaves = leaves as? [Variable<Double>] {
      (self.output, self.leaves) = (own, ownLeaves)
      return
    }
    let tape = output.tape
    let twin = Tape<Double>(mode: tape.mode, seed: tape.seed)
    for node in 0...output.live.index {
      let x = tape[node]
      let copy: Variable<Double>
      if let operation = x.operation {
        copy = twin.record(operation, inputs: x.inputs.map { twin[$0.index] })
        // Double would break a tie that the recording has.
        if x.holdsIndices { twin.hold(x.indexValue, at: copy) }
      } else if x.holdsIndices {
        copy = twin.index(x.indexValue)
      } else {
        switch x.role {
        case .constant: copy = twin.constant(x.value.converted())
        case .parameter: copy = twin.parameter(Parameter(x.value.converted(), name: x.path))
        // What is drawn or stored is held: it counts as given.
        case .input, .index, .state, .random, nil: copy = twin.input(x.value.converted())
        }
      }
      if !x.path.isEmpty { copy.labeled(x.path) }
    }
    self.output = twin[output.index]
    self.leaves = leaves.map { twin[$0.live.index] }
  }
}

/// A recording in Double prepared for checking: the output, its backward sweep, and both compiled so that every value is there.
///
/// The rules under test run in Double; the oracles replay the forward half alone in dual numbers. The tape is left as it was: the
/// sweep is recorded, compiled and truncated away.
package final class CheckedRecording {
  /// A node as a report names it.
  struct Node {
    /// The operation's name, or that of the leaf's role.
    let name: String
    /// Scope and label.
    let path: String
    /// The number on the tape, with its symbol where that says more.
    let place: String
    let inputs: [Int]
    let inputShapes: [[Int]]
    let shape: [Int]
  }

  /// A contribution of the sweep, by the positions of nodes.
  struct Edge {
    let consumer: Int
    let position: Int
    let producer: Int
    let contribution: Int
  }

  let tape: Tape<Double>
  let output: Variable<Double>
  /// True when computed indices stand as they were recorded in another scalar, wherever the leaves move.
  let holdsIndices: Bool
  /// The leaves that may move: their derivatives are checked.
  let leaves: [Variable<Double>]
  /// The factor v of the output, which gives a tensor a gradient. Random, never all ones.
  let cotangent: Tensor<Double>
  /// Every contribution of the sweep.
  let edges: [Edge]
  /// The node that holds each forward node's adjoint.
  let adjoints: [Int: Int]
  /// Forward and backward in Double, every value kept.
  let double: Program<Double>
  /// The forward half in dual numbers, every value kept.
  let dual: Program<Dual>
  /// Forward and backward with running error bounds, when those are asked for.
  let errors: Program<ReferenceDouble>?
  /// The longest run of numbers that any operation of forward or backward adds up.
  let longestReduction: Int
  /// The longest run of numbers that each operation of the forward half, or its rule, adds up.
  private let reductions: [Int: Int]
  /// The operations of the forward half that the output depends on, counted.
  let operationCount: Int
  /// The operations whose rules took part in the sweep, nearest to the output first.
  let judged: [Int]
  /// The contributions of each operation's rule.
  let edgesOfConsumer: [Int: [Edge]]
  /// The nodes that depend on a leaf.
  let moving: Set<Int>
  /// The nodes at which the forward pass stops the gradient: held while differences are taken.
  private let stops: Set<Int>
  /// Every node of forward and backward.
  let nodes: [Node]

  /// - Parameters:
  ///   - boundsErrors: whether rounding errors are wanted as well.
  ///   - alter: what a faulty sweep would have recorded; the identity in earnest.
  package init(
    _ recording: DoubleRecording, generator: inout Generator, boundsErrors: Bool = false,
    alter: (Backward<Double>) -> Backward<Double> = { $0 }
  ) {
    (output, leaves, holdsIndices) = (recording.output, recording.leaves, recording.holdsIndices)
    tape = output.tape
    let (tape, output, leaves, symbols) = (tape, output, leaves, recording.symbols)
    let mark = tape.count
    let values = (0..<output.shape.elementCount).map { _ in output.shape.elementCount == 1 ? 1 : generator.normal() }
    // Representable in Float, so that every precision differentiates the same function.
    cotangent = Tensor(shape: output.shape, elements: values.map { Double(Float($0)) })
    let seed = tape.constant(cotangent)
    let backward = alter(tape.backward(from: output, cotangent: seed, to: leaves))
    edges = backward.edges.map {
      Edge(consumer: $0.consumer, position: $0.position, producer: $0.producer, contribution: $0.contribution.index)
    }
    adjoints = Dictionary(
      uniqueKeysWithValues: (0...output.index).compactMap { node in backward.adjointNode(of: node).map { (node, $0) } })
    let results = Set(adjoints.values).union(edges.map(\.contribution)).sorted().map { tape[$0] }
    // The leaves are named, so that one which the output does not depend on has a place too.
    double = Program(
      [output] + leaves + results, keeping: .all, parameters: .copied, altering: nil, holdingIndices: holdsIndices)
    dual = Program([output] + leaves, keeping: .all, altering: nil, holdingIndices: true)
    errors =
      boundsErrors
      ? Program([output] + leaves + results, keeping: .all, parameters: .copied, altering: nil, holdingIndices: true)
      : nil
    (moving, stops) = CheckedRecording.reach(tape, from: leaves, upTo: output.index)
    (longestReduction, reductions, operationCount) = CheckedRecording.sizes(tape, double, upTo: output.index)
    edgesOfConsumer = Dictionary(grouping: edges, by: \.consumer)
    let (adjoints, moving, dual) = (adjoints, moving, dual)
    judged = (0...output.index).reversed().filter { node in
      adjoints[node] != nil && moving.contains(node) && dual.holds(node) && tape.operation(at: node) != nil
    }
    nodes = (0..<tape.count).map { node in
      let x = tape[node]
      return Node(
        name: x.operation?.name ?? x.role?.name ?? "", path: x.path,
        place: symbols.place(of: node, labeled: x.path.split(separator: "/").last.map(String.init)),
        inputs: x.inputs.map(\.index),
        inputShapes: x.inputs.map { Array($0.shape) }, shape: Array(x.shape))
    }
    tape.truncate(to: mark)
    double.recompute()
  }

  /// The nodes that depend on a leaf, and those where the forward pass itself stops the gradient. A rule that stops one
  /// does so at its own risk.
  private static func reach(
    _ tape: Tape<Double>, from leaves: [Variable<Double>], upTo output: Int
  ) -> (Set<Int>, Set<Int>) {
    var moving = Set(leaves.map(\.index))
    var stops: Set<Int> = []
    for node in 0...output {
      let x = tape[node]
      // No derivative flows through indices, so what reads them does not move by them.
      if !x.holdsIndices, x.inputs.contains(where: { moving.contains($0.index) }) { moving.insert(node) }
      if x.operation?.form == .stopGradient, x.serves == nil { stops.insert(node) }
    }
    return (moving, stops)
  }

  private static func sizes(
    _ tape: Tape<Double>, _ program: Program<Double>, upTo output: Int
  ) -> (longest: Int, reductions: [Int: Int], count: Int) {
    var longest = 1
    var reductions: [Int: Int] = [:]
    for node in 0..<tape.count where program.holds(node) {
      let x = tape[node]
      guard let operation = x.operation else { continue }
      let counts = x.inputs.map(\.shape.elementCount)
      let size = max(x.shape.elementCount, 1)
      var own = max((counts.max() ?? 0) / size, size / max(counts.min() ?? 1, 1), 1)
      if let product = operation.form.product(x.inputs.map(\.shape), into: x.shape) {
        own = max(own, product.depth, x.shape.max() ?? 1)
      } else if !operation.isElementwise {
        own = max(own, x.inputs.first?.shape.last ?? 1)
      }
      longest = max(longest, own)
      if node <= output { reductions[node] = own }
    }
    return (longest, reductions, reductions.count)
  }

  /// A finding at a node, with its name, its place and its shapes.
  func finding(
    _ mechanism: Mechanism, at node: Int, input: Int? = nil, element: Int? = nil, found: Double, expected: Double,
    _ hypothesis: Hypothesis, isConfirmed: Bool
  ) -> Finding {
    let x = nodes[node]
    return Finding(
      mechanism: mechanism, operation: x.name, node: node, place: x.place, path: x.path, inputShapes: x.inputShapes,
      outputShape: x.shape, input: input, element: element, found: found, expected: expected, hypothesis: hypothesis,
      isConfirmed: isConfirmed)
  }

  // MARK: Points and directions

  /// A random direction for each leaf, of the leaf's own size: scaling a leaf by a power of 2 scales its direction likewise.
  func direction(_ generator: inout Generator) -> [Tensor<Double>] {
    leaves.map { leaf in
      let size = powerOfTwo(of: leaf.index)
      return Tensor(shape: leaf.shape, elements: (0..<leaf.shape.elementCount).map { _ in size * generator.normal() })
    }
  }

  /// The leaves' values.
  package var point: [Tensor<Double>] { leaves.map { double.value(at: $0.index) } }

  /// The gradient ⟨v, y⟩ by the rules under test, one tensor a leaf, at the present values.
  package var gradient: [Tensor<Double>] {
    leaves.map { leaf in adjoints[leaf.index].map { double.value(at: $0) } ?? .zeros(leaf.shape) }
  }

  /// Moves both programs to a point and replays the rules.
  package func move(to point: [Tensor<Double>]) {
    for (leaf, value) in zip(leaves, point) { double.write(value, into: leaf) }
    double.replay(holding: Set(leaves.map(\.index)))
    errors?.takeIndices(of: double)
  }

  /// The forward half alone, every value kept: differences are taken of it.
  private(set) lazy var forward = Program<Double>(
    [output] + leaves, keeping: .all, parameters: .copied, altering: nil, holdingIndices: holdsIndices)

  /// Computes the forward half at a point with every node, so that what is held afterwards has its value there.
  func settle(at point: [Tensor<Double>]) {
    for (leaf, value) in zip(leaves, point) { forward.write(value, into: leaf) }
    forward.replay(holding: Set(leaves.map(\.index)))
  }

  /// ⟨v, y⟩ at a point, by the forward half alone; what stands before a `stopGradient` keeps the value that `settle` gave it.
  func value(at point: [Tensor<Double>]) -> Double {
    for (leaf, value) in zip(leaves, point) { forward.write(value, into: leaf) }
    forward.replay(holding: stops.union(leaves.map(\.index)))
    return forward.withElements(at: output.index) { y in
      y.indices.reduce(0) { $0 + cotangent.elements[$1] * y[$1] }
    }
  }

  /// Replays the forward half in dual numbers at the present point along `direction`. Returns ⟨v, Ju⟩.
  @discardableResult
  func dualProduct(along direction: [Tensor<Double>]) -> Double {
    for (leaf, tangent) in zip(leaves, direction) {
      let value = double.value(at: leaf.index)
      let moved = zip(value.elements, tangent.elements).map { Dual($0, tangent: $1) }
      dual.write(Tensor(shape: leaf.shape, elements: moved), into: leaf)
    }
    replayDual()
    return dual.withElements(at: output.index) { y in
      y.indices.reduce(0) { $0 + cotangent.elements[$1] * y[$1].tangent }
    }
  }

  /// Computes the dual program again; a leaf that is the result of an operation keeps what was written.
  func replayDual() {
    dual.takeIndices(of: double)
    dual.replay(holding: Set(leaves.map(\.index)))
  }

  /// The bound of rounding of both sides of ⟨v, Ju⟩ = ⟨Jᵀv, u⟩ along the direction of the last dual replay.
  ///
  /// To first order a rounding at a node changes either side by its share of ⟨x̄, ẋ⟩ there, so that the bound is a multiple of
  /// Σ|c ẋ| over every contribution c, and of Σ|vẏ|. It has no floor.
  func bound() -> Double {
    var (sum, factors) = (0.0, 0.0)
    func include(_ adjoint: Int, beside node: Int) {
      double.withElements(at: adjoint) { g in
        dual.withElements(at: node) { x in
          for i in x.indices {
            sum += g[i] == 0 || x[i].tangent == 0 ? 0 : abs(g[i] * x[i].tangent)
            factors += abs(g[i]) + abs(x[i].tangent)
          }
        }
      }
    }
    if let adjoint = adjoints[output.index] { include(adjoint, beside: output.index) }
    for edge in edges where dual.holds(edge.producer) && moving.contains(edge.producer) {
      include(edge.contribution, beside: edge.producer)
    }
    return bound(of: sum) + 4 * .leastNonzeroMagnitude * factors
  }

  /// The bound of rounding where these are the magnitudes of all terms, or of some of them.
  func bound(of magnitudes: Double) -> Double {
    CheckedRecording.roundings * 0x1p-53 * Double(longestReduction).squareRoot() * magnitudes
  }

  /// Σ|ȳᵢẏᵢ| of one node along the direction of the last dual replay: its part in the derivative.
  func share(of node: Int) -> Double {
    guard let adjoint = adjoints[node] else { return 0 }
    return double.withElements(at: adjoint) { g in
      dual.withElements(at: node) { y in y.indices.reduce(0) { $0 + abs(g[$1] * y[$1].tangent) } }
    }
  }

  /// The roundings that one operation and its rule may add up to, in units of the last place.
  private static let roundings = 16.0

  /// The share of a sum of magnitudes that the rounding of one operation and its rule explains.
  func unit(of node: Int) -> Double {
    CheckedRecording.roundings * 0x1p-53 * Double(reductions[node] ?? 1).squareRoot()
  }

  /// Tells whether element i of a node depends on element i of each input alone.
  func isElementwise(_ node: Int) -> Bool {
    nodes[node].inputShapes.allSatisfy { $0 == nodes[node].shape } && tape.operation(at: node)?.isElementwise == true
  }

  /// The least magnitude of a node that is neither 0 nor infinite; 1 where there is none.
  func leastMagnitude(of node: Int) -> Double {
    double.withElements(at: node) { $0.lazy.map { abs($0) }.filter { $0 > 0 && $0 < .infinity }.min() ?? 1 }
  }

  /// The power of 2 at the largest magnitude of a node; 1 where it is 0 or not finite.
  func powerOfTwo(of node: Int) -> Double {
    let largest = double.withElements(at: node) { $0.lazy.map { abs($0) }.max() ?? 0 }
    return largest > 0 && largest < .infinity
      ? Double(sign: .plus, exponent: Int(largest.exponent), significand: 1) : 1
  }
}

extension Tensor where Element == Double {
  /// Σ aᵢ bᵢ
  package func dot(_ other: Tensor) -> Double {
    var sum = 0.0
    for i in elements.indices { sum += elements[i] * other.elements[i] }
    return sum
  }

  /// Σ |aᵢ bᵢ|
  package func magnitude(_ other: Tensor) -> Double {
    var sum = 0.0
    for i in elements.indices { sum += Swift.abs(elements[i] * other.elements[i]) }
    return sum
  }

  /// a + t·b
  package func moved(by t: Double, along b: Tensor) -> Tensor {
    Tensor(shape: shape, elements: zip(elements, b.elements).map { $0 + t * $1 })
  }
}

extension [Tensor<Double>] {
  /// Σ ⟨a, b⟩ over the leaves.
  func dot(_ other: [Tensor<Double>]) -> Double { zip(self, other).reduce(0) { $0 + $1.0.dot($1.1) } }

  /// Σ Σ |aᵢ bᵢ| over the leaves.
  func magnitude(_ other: [Tensor<Double>]) -> Double { zip(self, other).reduce(0) { $0 + $1.0.magnitude($1.1) } }

  /// a + t·b for each leaf.
  func moved(by t: Double, along other: [Tensor<Double>]) -> [Tensor<Double>] {
    zip(self, other).map { $0.moved(by: t, along: $1) }
  }
}
