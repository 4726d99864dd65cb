import Adjoint

/// One recording on its way into the graph: that of the user, or that of a composition, whose leaves are known values.
final class WrittenRecording {
  let recorded: RecordedGraph
  let writer: GraphWriter
  /// The scope in which all of it stands; empty for the recording of the user.
  let scope: String
  var values: [WrittenValue?]
  /// For each node and axis, how it grows with the batch.
  private var growth: [[Growth]]
  /// The names under which nodes come out.
  var outputNames: [Int: String] = [:]
  private var layers: [Int: LayerForm] = [:]
  private let batch: Int?

  /// - Parameter batch: the recorded number of rows where it may vary.
  init(_ recorded: RecordedGraph, _ writer: GraphWriter, scope: String = "", batch: Int?) {
    (self.recorded, self.writer, self.scope, self.batch) = (recorded, writer, scope, batch)
    values = Array(repeating: nil, count: recorded.nodes.count)
    growth = recorded.nodes.map { Array(repeating: .fixed, count: $0.shape.rank) }
  }

  /// For each axis of a node, how many times the batch it has; 0 for an extent that is fixed.
  func factors(_ node: Int) -> [Int] { growth[node].map(\.factor) }
  /// How many times the batch each axis of each node has, of those that some depend on.
  /// - Throws: `FixedBatch` where an operation was recorded for one number of rows alone.
  func factors(behind wanted: [Int]) throws -> [[Int]] {
    if let batch { try spreadBatch(batch, over: dependencies(of: wanted)) }
    return recorded.nodes.indices.map(factors)
  }
  /// True where an axis of any node grows with the batch.
  var growsWithBatch: Bool { growth.contains { $0.contains { $0.factor > 0 } } }

  /// Writes some nodes and all that they depend on.
  func write(_ wanted: [Int]) throws {
    var needed = dependencies(of: wanted)
    if let batch { try spreadBatch(batch, over: needed) }
    layers = LayerForm.found(in: recorded, among: needed, wanted: Set(wanted), element: writer.element)
    needed = dependencies(of: wanted)
    for node in recorded.nodes.indices where needed[node] && values[node] == nil {
      let item = recorded.nodes[node]
      values[node] =
        try item.operation.map { try written(OperatorCall(node, $0, in: self)) } ?? leaf(node)
    }
  }

  /// The nodes that some depend on, through layers where several nodes are one.
  private func dependencies(of wanted: [Int]) -> [Bool] {
    var needed = [Bool](repeating: false, count: recorded.nodes.count)
    for node in wanted { needed[node] = true }
    for node in recorded.nodes.indices.reversed() where needed[node] && values[node] == nil {
      for input in layers[node]?.inputs ?? recorded.nodes[node].inputs { needed[input] = true }
    }
    return needed
  }

  // MARK: Values

  /// The name of a value's numbers; a form that is missing is made.
  func plain(_ node: Int) -> String {
    guard var value = values[node] else { fatalError("ONNX: node \(node) was not written") }
    if let plain = value.plain { return plain }
    let own = scopeOf(node)
    let result: String
    if let images = value.channelsFirst {
      result = writer.emit("Transpose", [images], [ONNXAttribute("perm", .ints([0, 2, 3, 1]))], scope: own)
    } else {
      let type = ONNXAttribute("to", .int(writer.element.rawValue))
      result = writer.emit("Cast", [value.truth ?? ""], [type], scope: own)
    }
    value.plain = result
    values[node] = value
    return result
  }

  /// The name of the truth values that are false where a number is 0.
  func truth(_ node: Int) -> String {
    if let truth = values[node]?.truth { return truth }
    let type = ONNXAttribute("to", .int(ONNXElement.bool.rawValue))
    let result = writer.emit("Cast", [plain(node)], [type], scope: scopeOf(node))
    values[node]?.truth = result
    return result
  }

  /// The name of images with the channels first.
  func channelsFirst(_ node: Int) -> String {
    if let images = values[node]?.channelsFirst { return images }
    let order = ONNXAttribute("perm", .ints([0, 3, 1, 2]))
    let result = writer.emit("Transpose", [plain(node)], [order], scope: scopeOf(node))
    values[node]?.channelsFirst = result
    return result
  }

  func scopeOf(_ node: Int) -> String {
    let own = recorded.nodes[node].scope.withoutRepetition
    return own.isEmpty || scope.isEmpty ? scope + own : scope + "/" + own
  }

  // MARK: Leaves

  /// The role of a leaf. Indices that a composition holds are constants: its operands are known values.
  private func role(_ node: Int) -> Role? {
    let role = recorded.nodes[node].role
    return role == .index && !scope.isEmpty ? .constant : role
  }

  private func leaf(_ node: Int) -> WrittenValue {
    let item = recorded.nodes[node]
    let elements = recorded.elements(node)
    let path = item.path?.withoutRepetition
    switch role(node) {
    case .input, .index, .random:
      let kind = item.holdsIndices ? "indices" : item.role == .input ? "input" : "random"
      let own = writer.unique(path ?? kind)
      writer.input(own, item.shape, factors(node), isIndex: item.holdsIndices)
      return WrittenValue(plain: own)
    case .parameter, .state:
      let own = writer.unique(item.label ?? "parameter")
      writer.initializer(own, item.shape, elements)
      if writer.parametersAreInputs {
        writer.input(own, item.shape, Array(repeating: 0, count: item.shape.rank), isIndex: false)
      }
      return WrittenValue(plain: own)
    case .constant, nil:
      let uniform = elements.uniform
      if let uniform, item.shape.rank == 0 { return WrittenValue(plain: writer.numbers([uniform], dims: [])) }
      if let uniform, factors(node).contains(where: { $0 > 0 }) {
        let shape = writer.extents(item.shape, factors: factors(node), scope: scopeOf(node))
        return WrittenValue(
          plain: writer.emit("Expand", [writer.numbers([uniform], dims: []), shape], scope: scopeOf(node)))
      }
      let own = writer.unique(path ?? (scope.isEmpty ? "constant" : scope + "/constant"))
      writer.initializer(own, item.shape, elements)
      return WrittenValue(plain: own)
    }
  }

  // MARK: Operations

  private func written(_ call: OperatorCall) throws -> WrittenValue {
    let first = writer.nodeCount
    var value = try form(of: call)
    let path = recorded.nodes[call.node].path?.withoutRepetition
    let own = outputNames[call.node] ?? path.map { writer.unique(scope.isEmpty ? $0 : scope + "/" + $0) }
    if let plain = value.plain {
      if let own { value.plain = writer.rename(plain, to: own, within: first..<writer.nodeCount) }
      writer.describe(value.plain ?? plain, call.shape, factors(call.node), isIndex: call.holdsIndices)
    }
    return value
  }

  private func form(of call: OperatorCall) throws -> WrittenValue {
    if let known = call.valueWithoutElements { return known }
    if let layer = layers[call.node] { return layer.written(call, self) }
    guard call.operation.form != .other else {
      throw ExportError(
        call.place, "'\(call.operation.name)' is an operation of your own, for which ONNX has no operator",
        remedy: "Compose it of the library's operations, and record those.")
    }
    if let loop = call.operation.loop { return WrittenValue(plain: try composed(call, .unrolled(loop))) }
    if let row = WrittenOperators.rows[call.operation.name], let value = try row(call) { return value }
    if let composition = Composition.all[call.operation.name] {
      return WrittenValue(plain: try composed(call, composition))
    }
    throw ExportError(
      call.place, "the operation '\(call.operation.name)' has no operator in ONNX, and no composition of operators",
      remedy: "Leave it out of the graph that is exported.")
  }

  /// The nodes of a composition, recorded on operands whose values do not matter.
  private func composed(_ call: OperatorCall, _ composition: Composition) throws -> String {
    if let fault = composition.fault(call.shapes, call.attributes) {
      throw ExportError(call.place, fault, remedy: "Leave it out of the graph that is exported.")
    }
    let tape = Tape<Double>()
    let leaves = call.inputs.map { input -> Variable<Double> in
      let item = recorded.nodes[input]
      return item.holdsIndices
        ? tape.index(Tensor(repeating: 0, shape: item.shape)) : tape.input(Tensor(repeating: 1, shape: item.shape))
    }
    let y = composition.record(leaves, call.attributes)
    let element = writer.element
    if composition.isWide { writer.element = .double }
    defer { writer.element = element }
    let isWider = composition.isWide && element != .double
    func cast(_ x: String, to type: ONNXElement) -> String {
      isWider ? call.emit("Cast", [x], [ONNXAttribute("to", .int(type.rawValue))]) : x
    }
    let inner = WrittenRecording(
      RecordedGraph(tape), writer, scope: (call.scope.isEmpty ? "" : call.scope + "/") + call.operation.name,
      batch: batch)
    for (position, leaf) in leaves.enumerated() {
      inner.give(
        leaf.index, WrittenValue(plain: cast(call[position], to: .double)), growth[call.inputs[position]])
    }
    try inner.write([y.index])
    return cast(inner.plain(y.index), to: element)
  }
}

// MARK: The batch

extension WrittenRecording {
  /// Sets the value and the axes of a leaf that is known already.
  private func give(_ leaf: Int, _ value: WrittenValue, _ growth: [Growth]) {
    values[leaf] = value
    self.growth[leaf] = growth
  }

  /// The whole number by which a user's recording divides what has no rows, such as the gradient of a mean.
  private func wholeDivisor(_ node: Int) -> Double? {
    let item = recorded.nodes[node]
    guard scope.isEmpty, item.operation?.form.binary == .divide, role(item.inputs[1]) == .constant,
      recorded.nodes[item.inputs[1]].shape.rank == 0, !factors(item.inputs[0]).contains(where: { $0 > 0 }),
      let number = recorded.elements(item.inputs[1]).uniform, number != 0, Int(exactly: number) != nil
    else { return nil }
    return number
  }

  /// Finds the axes that grow with the batch, from the leaves on.
  /// - Throws: `FixedBatch` where an operation was recorded for one number of rows alone.
  private func spreadBatch(_ batch: Int, over needed: [Bool]) throws {
    for node in recorded.nodes.indices where needed[node] && values[node] == nil {
      let item = recorded.nodes[node]
      switch role(node) {
      case .input, .index, .random:
        if item.shape.first == batch { growth[node][0] = .row }
      case .constant:
        // Rows of equal numbers, such as a state that begins with zeros, are as many as there are others.
        if item.shape.first == batch, recorded.elements(node).uniform != nil {
          growth[node][0] = .row
        }
      case .parameter, .state: break
      case nil:
        if let count = wholeDivisor(node), count.truncatingRemainder(dividingBy: Double(batch)) == 0 {
          let place = item.place(in: "")
          throw FixedBatch(reason: "\(place): it divides by \(Int(count)), which may be the number of rows")
        }
        growth[node] = try BatchAxes(batch, node, item, item.inputs.map { (recorded.nodes[$0].shape, growth[$0]) })
          .growth()
      }
    }
  }
}
