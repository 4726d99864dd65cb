import Adjoint

/// A recording prepared for checking: the output, its backward sweep, and both compiled so that every value is there.
///
/// The rules under test run in Double (or in the tape's own precision, see `PrecisionCheck`); the oracles replay the forward
/// half alone in dual numbers. The tape is left as it was: the sweep is recorded, compiled and truncated away.
package final class CheckedRecording<S: Scalar> {
  package let tape: Tape<S>
  package let output: Variable<S>
  /// Whose derivatives are checked: leaves that may move.
  package let leaves: [Variable<S>]
  /// v: what the output is multiplied with, so that a tensor has a gradient. Random, never all ones.
  package let cotangent: Tensor<Double>
  /// Every contribution of the sweep, as nodes.
  package let edges: [(consumer: Int, position: Int, producer: Int, contribution: Int)]
  /// The node that holds each forward node's adjoint.
  package let adjoints: [Int: Int]
  /// Forward and backward in Double, every value kept.
  package let double: Program<Double>
  /// The forward half in dual numbers, every value kept.
  package let dual: Program<Dual>
  /// Forward and backward with running error bounds, where they are asked for.
  let errors: Program<ReferenceDouble>?
  /// The longest run of numbers that any operation of forward or backward adds up.
  package let longestReduction: Int
  /// Operations of the forward half that the output depends on.
  package let operationCount: Int
  /// The nodes that depend on a leaf.
  package let moving: Set<Int>
  /// Where the forward pass stops the gradient: held while differences are taken.
  private let stops: Set<Int>
  package let describe: (Int) -> (name: String, path: String, inputs: [Int], inputShapes: [[Int]], shape: [Int])

  /// - Parameters:
  ///   - boundsErrors: whether rounding errors are wanted as well.
  ///   - alter: what a faulty sweep would have recorded; the identity in earnest.
  package init(
    _ output: Variable<S>, leaves: [Variable<S>], generator: inout Generator, boundsErrors: Bool = false,
    alter: (Backward<S>) -> Backward<S> = { $0 }
  ) {
    tape = output.tape
    let tape = tape
    self.output = output
    self.leaves = leaves
    let mark = tape.count
    let values = (0..<output.shape.elementCount).map { _ in output.shape.elementCount == 1 ? 1 : generator.normal() }
    // Representable in Float, so that every precision differentiates the same function.
    cotangent = Tensor(shape: output.shape, elements: values.map { Double(Float($0)) })
    let seed = tape.constant(cotangent.converted(to: S.self))
    let backward = alter(tape.backward(from: output, cotangent: seed, to: leaves))
    edges = backward.edges.map { ($0.consumer, $0.position, $0.producer, $0.contribution.index) }
    adjoints = Dictionary(
      uniqueKeysWithValues: (0...output.index).compactMap { node in backward.adjointNode(of: node).map { (node, $0) } })
    let results = Set(adjoints.values).union(edges.map(\.contribution)).sorted().map { tape[$0] }
    // The leaves are named, so that one which the output does not depend on has a place too.
    double = Program([output] + leaves + results, keeping: .all, parameters: .copied)
    dual = Program([output] + leaves, keeping: .all)
    errors = boundsErrors ? Program([output] + leaves + results, keeping: .all, parameters: .copied) : nil
    (moving, stops) = CheckedRecording.reach(tape, from: leaves, upTo: output.index)
    let (longest, count) = CheckedRecording.sizes(tape, double, upTo: output.index)
    (longestReduction, operationCount) = (longest, count)
    let names = (0..<tape.count).map { node in
      let x = tape[node]
      return (
        x.operation?.name ?? x.role?.name ?? "", x.path, x.inputs.map(\.index), x.inputs.map { Array($0.shape) },
        Array(x.shape)
      )
    }
    describe = { names[$0] }
    tape.truncate(to: mark)
    double.replay()
  }

  /// The nodes that depend on a leaf, and those where the forward pass itself stops the gradient. A rule that stops one
  /// does so at its own risk.
  private static func reach(_ tape: Tape<S>, from leaves: [Variable<S>], upTo output: Int) -> (Set<Int>, Set<Int>) {
    var moving = Set(leaves.map(\.index))
    var stops: Set<Int> = []
    for node in 0...output {
      let x = tape[node]
      if x.inputs.contains(where: { moving.contains($0.index) }) { moving.insert(node) }
      if x.operation?.form == .stopGradient, x.serves == nil { stops.insert(node) }
    }
    return (moving, stops)
  }

  private static func sizes(_ tape: Tape<S>, _ program: Program<Double>, upTo output: Int) -> (Int, Int) {
    var longest = 1
    var count = 0
    for node in 0..<tape.count where program.holds(node) {
      let x = tape[node]
      guard let operation = x.operation else { continue }
      if node <= output { count += 1 }
      let widest = x.inputs.map(\.shape.elementCount).max() ?? 0
      if case .product(let transposeA, _) = operation.form, let a = x.inputs.first {
        longest = max(longest, a.shape[transposeA ? 0 : 1])
      } else {
        longest = max(longest, widest / max(x.shape.elementCount, 1), x.inputs.first?.shape.last ?? 1)
      }
    }
    return (longest, count)
  }

  // MARK: Points and directions

  /// A random direction for each leaf.
  package func direction(_ generator: inout Generator) -> [Tensor<Double>] {
    leaves.map { leaf in
      Tensor(shape: leaf.shape, elements: (0..<leaf.shape.elementCount).map { _ in generator.normal() })
    }
  }

  /// The leaves' values in Double.
  package var point: [Tensor<Double>] { leaves.map { double.value(at: $0.index) } }

  /// The gradient ⟨v, y⟩ by the rules under test, one tensor a leaf, at the present values.
  package var gradient: [Tensor<Double>] {
    leaves.map { leaf in adjoints[leaf.index].map { double.value(at: $0) } ?? .zeros(leaf.shape) }
  }

  /// Moves both programs to a point and replays the rules.
  package func move(to point: [Tensor<Double>]) {
    for (leaf, value) in zip(leaves, point) { double.write(value, into: leaf) }
    double.replay(holding: Set(leaves.map(\.index)))
  }

  /// The forward half alone in Double, every value kept: what differences are taken of.
  package private(set) lazy var forward = Program<Double>([output] + leaves, keeping: .all, parameters: .copied)

  /// Computes the forward half at a point with every node, so that what is held afterwards has its value there.
  package func settle(at point: [Tensor<Double>]) {
    for (leaf, value) in zip(leaves, point) { forward.write(value, into: leaf) }
    forward.replay(holding: Set(leaves.map(\.index)))
  }

  /// ⟨v, y⟩ in Double at a point, by the forward half alone; what stands before a `stopGradient` keeps the value that
  /// `settle` gave it.
  package func value(at point: [Tensor<Double>]) -> Double {
    for (leaf, value) in zip(leaves, point) { forward.write(value, into: leaf) }
    forward.replay(holding: stops.union(leaves.map(\.index)))
    return forward.withElements(at: output.index) { y in
      y.indices.reduce(0) { $0 + cotangent.elements[$1] * y[$1] }
    }
  }

  /// Replays the forward half in dual numbers at the present point along `direction`. Returns ⟨v, Ju⟩ and Σ|vᵢ(Ju)ᵢ|.
  package func dualProduct(along direction: [Tensor<Double>]) -> (product: Double, magnitude: Double) {
    for (leaf, tangent) in zip(leaves, direction) {
      let value = double.value(at: leaf.index)
      let moved = zip(value.elements, tangent.elements).map { Dual($0, tangent: $1) }
      dual.write(Tensor(shape: leaf.shape, elements: moved), into: leaf)
    }
    replayDual()
    return dual.withElements(at: output.index) { y in
      var (sum, magnitude) = (0.0, 0.0)
      for i in y.indices {
        let term = cotangent.elements[i] * y[i].tangent
        sum += term
        magnitude += abs(term)
      }
      return (sum, magnitude)
    }
  }

  /// Computes the dual program again; a leaf that is the result of an operation keeps what was written.
  package func replayDual() {
    dual.replay(holding: Set(leaves.map(\.index)))
  }

  /// The bound of rounding for an inner product of n terms with these magnitudes.
  ///
  /// |⟨v,Ju⟩ − ⟨Jᵀv,u⟩| ≤ 1e-13·√n·max(1, Σ|vᵢ(Ju)ᵢ|, Σ|(Jᵀv)ⱼuⱼ|), n the longest reduction.
  package func bound(_ magnitudes: Double...) -> Double {
    1e-13 * Double(longestReduction).squareRoot() * max(1, magnitudes.max() ?? 0)
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
    for i in elements.indices { sum += abs(elements[i] * other.elements[i]) }
    return sum
  }

  /// a + t·b
  package func moved(by t: Double, along b: Tensor) -> Tensor {
    Tensor(shape: shape, elements: zip(elements, b.elements).map { $0 + t * $1 })
  }
}
