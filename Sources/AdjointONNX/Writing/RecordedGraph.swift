import Adjoint
import AdjointFiles

/// A recording as the writer reads it: without a scalar type, since operations have none.
struct RecordedGraph {
  /// One line of the tape.
  struct Node {
    /// The operation, or nil for a leaf.
    let operation: (any Operation)?
    let role: Role?
    let inputs: [Int]
    let shape: Shape
    let scope: String
    let label: String?
    /// Scope and label where it has a label.
    let path: String?
    let holdsIndices: Bool
    /// Its position with its symbol.
    fileprivate let position: String

    /// The node in a sentence, with its scope where it has no path.
    func place(in scope: String, of name: String = "") -> String {
      path ?? (scope.isEmpty ? "" : scope + "/") + (name.isEmpty ? position : "\(name) (\(position))")
    }
  }

  /// The numbers of a leaf.
  enum Elements {
    case floats([Float])
    case doubles([Double])
    case indices([Int32])
  }

  let nodes: [Node]
  /// The numbers of the leaf at a position.
  let elements: (Int) -> Elements

  init<S: Scalar>(_ tape: Tape<S>) {
    let places = tape.places(of: 0..<tape.count)
    nodes = (0..<tape.count).map { position in
      let x = tape[position]
      return Node(
        operation: x.operation, role: x.role, inputs: x.inputs.map(\.index), shape: x.shape, scope: x.scope,
        label: x.label, path: x.label == nil ? nil : x.path, holdsIndices: x.holdsIndices,
        position: places[position])
    }
    elements = { position in
      let x = tape[position]
      if x.holdsIndices { return .indices(x.recordedIndices.elements) }
      if let floats = x.value.elements as? [Float] { return .floats(floats) }
      return .doubles(x.value.elements.map(\.primal))
    }
  }

  /// Some nodes, and those that they are computed from.
  func needed(for wanted: [Int]) -> Set<Int> {
    var needed = Set(wanted)
    for node in nodes.indices.reversed() where needed.contains(node) { needed.formUnion(nodes[node].inputs) }
    return needed
  }
}

extension String {
  /// This path where a scope that is named by its whole path stands in that of the outer one: a/b of a/a/b.
  package var withoutRepetition: String {
    var parts = split(separator: "/")
    var length = 1
    while 2 * length <= parts.count {
      if parts[..<length] == parts[length..<2 * length] { parts.removeFirst(length) } else { length += 1 }
    }
    return parts.joined(separator: "/")
  }
}

extension RecordedGraph.Elements {
  /// The number that all elements are; nil where two differ, and for indices.
  var uniform: Double? {
    switch self {
    case .floats(let all): all.allSatisfy { $0.bitPattern == all[0].bitPattern } ? all.first.map { Double($0) } : nil
    case .doubles(let all): all.allSatisfy { $0.bitPattern == all[0].bitPattern } ? all.first : nil
    case .indices: nil
    }
  }

  /// The elements little-endian, as a type of the file.
  func bytes(as type: ONNXElement) -> [UInt8] {
    let order = ByteOrder.littleEndian
    switch self {
    case .floats(let all):
      return type == .double
        ? order.bytes(of: all.map { Double($0).bitPattern }) : order.bytes(of: all.map(\.bitPattern))
    case .doubles(let all):
      return type == .float
        ? order.bytes(of: all.map { Float($0).bitPattern }) : order.bytes(of: all.map(\.bitPattern))
    case .indices(let all): return order.bytes(of: all.map { Int64($0) })
    }
  }
}
