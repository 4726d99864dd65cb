import Adjoint

/// The properties of an operation by their names.
package struct AttributeList {
  private let values: [String: Attribute.Value]

  package init(_ attributes: [Attribute]) {
    values = Dictionary(attributes.map { ($0.name, $0.value) }) { first, _ in first }
  }

  func int(_ name: String) -> Int { if case .int(let value) = values[name] { value } else { missing(name) } }
  func optionalInt(_ name: String) -> Int? { values[name] == nil ? nil : int(name) }
  func real(_ name: String) -> Double { if case .real(let value) = values[name] { value } else { missing(name) } }
  func flag(_ name: String) -> Bool { if case .flag(let value) = values[name] { value } else { missing(name) } }
  func list(_ name: String) -> [Int] { if case .list(let value) = values[name] { value } else { missing(name) } }
  func optionalList(_ name: String) -> [Int]? { values[name] == nil ? nil : list(name) }

  private func missing(_ name: String) -> Never { fatalError("ONNX: an operation does not state its '\(name)'") }
}

/// One operation of a recording, as the rows of the operator table see it.
struct OperatorCall {
  let node: Int
  let operation: any Operation
  let attributes: AttributeList
  let inputs: [Int]
  let shapes: [Shape]
  let shape: Shape
  let holdsIndices: Bool
  let scope: String
  private let recording: WrittenRecording

  init(_ node: Int, _ operation: any Operation, in recording: WrittenRecording) {
    let item = recording.recorded.nodes[node]
    (self.node, self.operation, self.recording) = (node, operation, recording)
    attributes = AttributeList(operation.attributes)
    inputs = item.inputs
    shapes = item.inputs.map { recording.recorded.nodes[$0].shape }
    (shape, holdsIndices) = (item.shape, item.holdsIndices)
    scope = recording.scopeOf(node)
  }

  var writer: GraphWriter { recording.writer }
  var element: ONNXElement { writer.element }
  /// The node in a sentence.
  var place: String { recording.recorded.nodes[node].place(in: scope) }
  /// How many times the batch each axis of the result has.
  var factors: [Int] { recording.factors(node) }
  func factors(ofInput position: Int) -> [Int] { recording.factors(inputs[position]) }

  /// The name of an operand's numbers or indices.
  subscript(position: Int) -> String { recording.plain(inputs[position]) }
  /// All operands.
  var all: [String] { inputs.map { recording.plain($0) } }
  /// An operand as truth values.
  func truth(_ position: Int) -> String { recording.truth(inputs[position]) }
  /// An operand, images, with the channels first.
  func channelsFirst(_ position: Int) -> String { recording.channelsFirst(inputs[position]) }
  /// An operand with the channels first where it is written so alone.
  func onlyChannelsFirst(_ position: Int) -> String? {
    let value = recording.values[inputs[position]]
    return value?.plain == nil ? value?.channelsFirst : nil
  }

  // MARK: Nodes

  func emit(_ operation: String, _ inputs: [String], _ attributes: [ONNXAttribute] = []) -> String {
    writer.emit(operation, inputs, attributes, scope: scope)
  }

  func number(_ value: Double) -> String { writer.numbers([value], dims: []) }
  func integers(_ values: [Int]) -> String { writer.integers(values) }

  /// x under another shape. A factor says how many times the batch an axis has; the axis is then the one that is inferred.
  func reshape(_ x: String, to dims: [Int], factors: [Int]? = nil) -> String {
    let growing = factors.map { factors in dims.indices.filter { factors[$0] > 0 } } ?? []
    let target = dims.enumerated().map { growing.contains($0) ? -1 : $1 }
    let zeros = target.contains(0) ? [ONNXAttribute("allowzero", .int(1))] : []
    return emit("Reshape", [x, integers(target)], zeros)
  }

  func transpose(_ x: String, _ order: [Int]) -> String {
    emit("Transpose", [x], [ONNXAttribute("perm", .ints(order))])
  }

  /// A tensor of zeros whose first axes may grow with the batch.
  func zeros(_ shape: [Int], factors: [Int]) -> String {
    emit("Expand", [number(0), writer.extents(Shape(shape), factors: factors, scope: scope)])
  }

  // MARK: No elements

  /// The value where the result, or what it is made of, has no element: a constant. Runtimes differ over such tensors. What joins
  /// operands, or is given others beside, is not made of the empty one.
  var valueWithoutElements: WrittenValue? {
    let isFixed = factors.allSatisfy { $0 == 0 }
    if shape.elementCount == 0, isFixed {
      if holdsIndices { return WrittenValue(plain: emptyIndices()) }
      return WrittenValue(plain: writer.numbers([], dims: Array(shape)))
    }
    guard isFixed, !shapes.isEmpty, ![.concatenate, .scan].contains(operation.form),
      shapes.contains(where: { $0.elementCount == 0 })
    else { return nil }
    let tape = Tape<Double>()
    let leaves = inputs.map { input -> Variable<Double> in
      let item = recording.recorded.nodes[input]
      return item.holdsIndices
        ? tape.index(Tensor(repeating: 0, shape: item.shape)) : tape.constant(Tensor(repeating: 1, shape: item.shape))
    }
    let y = tape.record(operation, inputs: leaves)
    return WrittenValue(plain: writer.numbers(y.value.elements, dims: Array(shape)))
  }

  private func emptyIndices() -> String {
    let name = writer.unique("empty")
    writer.initializer(name, shape, .indices([]))
    return name
  }
}
