import AdjointCommandLine
import AdjointFiles
import AdjointLearning

/// A node as a trace describes it.
struct TracedNode {
  /// The number on the tape.
  let number: Int
  /// The operation with its attributes, or the role of a leaf.
  let kind: String
  /// True for an operation.
  let isOperation: Bool
  /// The numbers of the inputs.
  let inputs: [Int]
  let shape: [Int]
  let path: String
  /// The number of the forward node in whose derivative it was recorded.
  let serves: Int?
  /// The numbers of the forward nodes whose adjoint it is.
  let adjointOf: [Int]
  /// A line for people.
  let text: String

  var count: Int { shape.reduce(1, *) }
  /// True for classes and positions, which are `Int32`.
  var isIndex: Bool { kind == "index" }
  /// What it is called in a sentence: its path in quotation marks, else its number and its symbol.
  var name: String { text.split(separator: " [", maxSplits: 1).first.map(String.init) ?? text }

  /// True for the same operation or leaf on the same inputs, of the same shape.
  func isSame(as other: TracedNode) -> Bool {
    (number, kind, isOperation, shape) == (other.number, other.kind, other.isOperation, other.shape)
      && inputs == other.inputs
  }
}

/// The nodes of a recording, in the order of the tape, so that each stands behind its inputs.
final class TracedRecording {
  let nodes: [TracedNode]
  /// The place in `nodes` of the node of each number.
  let places: [Int: Int]

  /// - Throws: `FileError` through the reader, whose present line this is.
  init(_ content: JSON, in reader: TraceReader) throws(FileError) {
    var nodes: [TracedNode] = []
    var places: [Int: Int] = [:]
    for node in try reader.member("nodes", of: content, \.elements, "a list") {
      let operation = node["operation"]?.string
      let attributes = node["attributes"]?.string.map { "(\($0))" } ?? ""
      let leaf = operation == nil ? try reader.member("role", of: node, \.string, "a text") : ""
      let inputs =
        operation == nil ? [] : try reader.member("inputs", of: node, TracedRecording.integers, "whole numbers")
      let number = try reader.member("node", of: node, \.integer, "a whole number")
      guard inputs.allSatisfy({ places[$0] != nil }), number > nodes.last?.number ?? -1 else {
        throw reader.fault(
          "nodes in the order of the tape, each behind its inputs", "node \(number) before one of them")
      }
      let shape = try reader.member("shape", of: node, TracedRecording.integers, "whole numbers")
      guard shape.count <= 8, shape.allSatisfy({ (0..<1 << 31).contains($0) }),
        shape.reduce(1.0, { $0 * Double($1) }) < 1e12
      else { throw reader.fault("'shape' of at most 8 dimensions", "\(shape)") }
      places[number] = nodes.count
      nodes.append(
        TracedNode(
          number: number, kind: operation.map { $0 + attributes } ?? leaf,
          isOperation: operation != nil, inputs: inputs, shape: shape, path: node["path"]?.string ?? "",
          serves: node["serves"]?.integer, adjointOf: node["adjointOf"].flatMap(TracedRecording.integers) ?? [],
          text: node["text"]?.string ?? "node \(number)"))
    }
    (self.nodes, self.places) = (nodes, places)
  }

  /// The kind, inputs and shape of a node in a sentence.
  func structure(of node: TracedNode) -> String {
    let inputs = node.inputs.compactMap { places[$0].map { nodes[$0].name } }.joined(separator: ", ")
    return node.kind + (node.isOperation ? " of \(inputs) to" : ",") + " \(node.shape)"
  }

  private static func integers(_ value: JSON) -> [Int]? {
    guard let elements = value.elements else { return nil }
    let integers = elements.compactMap(\.integer)
    return integers.count == elements.count ? integers : nil
  }

  /// The layer in which a node was recorded: its own path, or that of the node whose derivative it serves.
  func layer(of node: TracedNode) -> String {
    if !node.path.isEmpty { return node.path }
    return node.serves.flatMap { places[$0] }.map { nodes[$0].path } ?? ""
  }

  /// The bytes that a step holds of all nodes.
  func byteCount(held: Int, size: Int) -> Int {
    nodes.reduce(0) { $0 + ($1.isIndex ? 4 : size) * TraceFormat.heldCount(of: $1.count, limit: held) }
  }
}

/// A step as a trace holds it.
struct TracedStep {
  /// Counted from 1.
  let number: Int
  let epoch: Int?
  let recording: TracedRecording
  /// The learning rate, as it is written.
  let rate: String
  /// True for a step that changed nothing, since a number was not finite.
  let isRefused: Bool
  /// The hash of each node, in the order of the recording.
  let hashes: [UInt64]
  /// The most elements of a node that is held whole.
  let held: Int
  fileprivate let values: [UInt8]
  fileprivate let scalarSize: Int

  init(
    number: Int, epoch: Int?, recording: TracedRecording, rate: String, isRefused: Bool, hashes: [UInt64], held: Int,
    values: [UInt8], scalarSize: Int
  ) {
    (self.number, self.epoch, self.recording, self.rate) = (number, epoch, recording, rate)
    (self.isRefused, self.hashes, self.held) = (isRefused, hashes, held)
    (self.values, self.scalarSize) = (values, scalarSize)
  }

  /// The elements of a node that this step holds, with their row-major positions.
  func elements(ofNodeAt place: Int) -> (positions: [Int], elements: [TracedElement]) {
    let nodes = recording.nodes
    func byteCount(_ node: TracedNode) -> Int {
      TraceFormat.heldCount(of: node.count, limit: held) * (node.isIndex ? 4 : scalarSize)
    }
    let size = nodes[place].isIndex ? 4 : scalarSize
    let start = nodes[..<place].reduce(0) { $0 + byteCount($1) }
    let bytes = Array(values[start..<start + byteCount(nodes[place])])
    let order = ByteOrder.littleEndian
    let elements: [TracedElement] =
      nodes[place].isIndex
      ? order.words(of: bytes, as: UInt32.self).map { .index(Int32(bitPattern: $0)) }
      : size == 4
        ? order.words(of: bytes, as: UInt32.self).map { .float(Float(bitPattern: $0)) }
        : order.words(of: bytes, as: UInt64.self).map { .double(Double(bitPattern: $0)) }
    return (TraceFormat.heldPositions(of: nodes[place].count, limit: held), elements)
  }
}

/// One element of a node.
enum TracedElement {
  case float(Float)
  case double(Double)
  case index(Int32)

  var text: String {
    switch self {
    case .float(let value): "\(value)"
    case .double(let value): "\(value)"
    case .index(let value): "\(value)"
    }
  }

  var isNaN: Bool { ordered == nil }

  /// True where both have the same bits, or both are NaN.
  func isSame(as other: TracedElement) -> Bool { key == other.key }

  /// The number of representable numbers from one to the other, 0 between the zeros; nil where one alone is NaN.
  func distance(to other: TracedElement) -> UInt64? {
    guard let a = ordered, let b = other.ordered else { return nil }
    return a.isNegative == b.isNegative
      ? max(a.magnitude, b.magnitude) - min(a.magnitude, b.magnitude) : a.magnitude + b.magnitude
  }

  /// The bits of which every NaN has the same.
  private var key: UInt64 {
    switch self {
    case .float(let value): value.isNaN ? .max : UInt64(value.bitPattern)
    case .double(let value): value.isNaN ? .max : value.bitPattern
    case .index(let value): UInt64(UInt32(bitPattern: value))
    }
  }

  /// The place among all numbers of the type: bits without their sign count up from zero.
  private var ordered: (isNegative: Bool, magnitude: UInt64)? {
    switch self {
    case .float(let value): value.isNaN ? nil : (value.sign == .minus, UInt64(value.magnitude.bitPattern))
    case .double(let value): value.isNaN ? nil : (value.sign == .minus, value.magnitude.bitPattern)
    case .index(let value): (value < 0, UInt64(value.magnitude))
    }
  }
}
