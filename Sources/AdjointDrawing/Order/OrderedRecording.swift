import Adjoint
import Foundation

/// A small recording on which orders of the backward pass are compared: every value that is no constant, and what each hands
/// back to each of its inputs.
package struct OrderedRecording {
  let output: Variable<Double>
  /// The positions on the tape, in its order: inputs before what is computed from them.
  package let nodes: [Int]
  let symbols: [Int: (symbol: String, adjoint: String, formula: String)]
  /// ∂y/∂x for each edge between single numbers, by consumer and position.
  private var slopes: [[Int]: Double] = [:]

  init(_ record: (Tape<Double>) -> Variable<Double>) {
    let recorded = record(Tape())
    output = recorded
    nodes = recorded.dependencies.filter { recorded.tape[$0].role != .constant }
    let drawn = Graph(of: recorded).nodes.map { ($0.id, ($0.symbol, $0.adjointSymbol, $0.formula)) }
    symbols = Dictionary(uniqueKeysWithValues: drawn)
    for edge in nodes.flatMap({ edges(from: $0) }) where isNumber(edge.consumer) && isNumber(edge.producer) {
      slopes[[edge.consumer, edge.position]] =
        contribution(along: edge, of: Tensor(repeating: 1, shape: value(edge.consumer).shape)).elements[0]
    }
  }

  /// One use of a value by another.
  package struct Edge {
    let consumer: Int
    let position: Int
    let producer: Int
  }

  func value(_ node: Int) -> Tensor<Double> { output.tape[node].value }

  func isLeaf(_ node: Int) -> Bool { output.tape[node].operation == nil }

  private func isNumber(_ node: Int) -> Bool { output.tape[node].shape.elementCount == 1 }

  /// The edges to the inputs of a node.
  func edges(from node: Int) -> [Edge] {
    output.tape[node].inputs.enumerated().filter { nodes.contains($1.index) }.map {
      Edge(consumer: node, position: $0, producer: $1.index)
    }
  }

  /// (∂y/∂x)ᵀ·ȳ of one use alone, by the operation's own rule on a tape of its own.
  func contribution(along edge: Edge, of adjoint: Tensor<Double>) -> Tensor<Double> {
    if let slope = slopes[[edge.consumer, edge.position]] { return adjoint.map { slope * $0 } }
    let y = output.tape[edge.consumer]
    let tape = Tape<Double>()
    let inputs = y.inputs.map { tape.input($0.value) }
    guard let operation = y.operation else { return adjoint }
    let copy = tape.record(operation, inputs: inputs)
    return gradients(of: copy, withRespectTo: [inputs[edge.position]], cotangent: tape.constant(adjoint))[0].value
  }

  /// The adjoints as the library's own sweep records them.
  package var adjoints: [Int: Tensor<Double>] {
    let backward = output.tape.backward(from: output)
    return nodes.reduce(into: [:]) { $0[$1] = backward.adjoint(of: output.tape[$1])?.value }
  }
}

/// The recordings of the page.
extension OrderedRecording {
  /// Diamonds in a row: a = x², b = 3·x, and the next x is their sum.
  package static func diamonds(_ count: Int) -> OrderedRecording {
    OrderedRecording { tape in
      var x = tape.input(Tensor(shape: [], elements: [1]), name: count == 1 ? "x" : "x₀")
      for level in 1...count {
        let mark = count == 1 ? "" : Notation.lowered(level)
        let (a, b) = (x.square().labeled("a" + mark), (3 * x).labeled("b" + mark))
        x = (a + b).labeled(count == 1 ? "y" : "x" + mark)
      }
      return x
    }
  }

  /// A row of diamonds whose values stay near 1, however many there are.
  package static func flatDiamonds(_ count: Int) -> OrderedRecording {
    OrderedRecording { tape in
      var x = tape.input(Tensor(shape: [], elements: [1]), name: "x")
      for _ in 0..<count { x = x.tanh() + 0.5 * x }
      return x
    }
  }

  /// A value that is used at once and once more later, as in a residual connection.
  static var skip: OrderedRecording {
    OrderedRecording { tape in
      let x = tape.input(Tensor(shape: [], elements: [2]), name: "x")
      let u = x.square().labeled("u")
      let v = (3 * u).labeled("v")
      return (u + v).labeled("y")
    }
  }

  /// A bias that is added to each row of a batch.
  package static var bias: OrderedRecording {
    OrderedRecording { tape in
      let x = tape.input(Tensor([[1, 2], [3, 4]]), name: "x")
      let b = tape.input(Tensor([1, -1]), name: "b")
      let z = (x + b).labeled("z")
      return z.square().labeled("s").sum().labeled("L")
    }
  }
}
