import Adjoint
import AdjointFiles

/// A value as the file has it: in the form in which an operator gave it, and in those that others asked for.
struct WrittenValue {
  /// The name of the numbers, or of the indices (int64).
  var plain: String?
  /// The name of the truth values of which the numbers are 1 and 0.
  var truth: String?
  /// The name of the same images with the channels first, as ONNX has them.
  var channelsFirst: String?
}

/// Writes recordings into one graph: a row of the operator table for each node, or the nodes of a composition.
final class GraphWriter {
  private(set) var graph = ONNXGraph()
  /// The type of the numbers; that of a composition which needs more digits while it is written.
  var element: ONNXElement
  /// The name of the dimension of the batch; nil where it is fixed.
  let batchName: String?
  /// True where parameters are inputs too, whose values in the file are the ones at first.
  let parametersAreInputs: Bool
  private var names: Set<String> = []
  private var constants: [String: String] = [:]
  /// A value of the graph that holds the size of the batch, as a list of one number.
  private var batchSize: String?
  /// The first input that has the batch as its first axis.
  private var batchInput: String?

  init(element: ONNXElement, batchName: String?, parametersAreInputs: Bool) {
    (self.element, self.batchName, self.parametersAreInputs) = (element, batchName, parametersAreInputs)
  }

  // MARK: Names

  /// A name that nothing has yet.
  func unique(_ name: String) -> String {
    var (candidate, number) = (name, 1)
    while !names.insert(candidate).inserted {
      candidate = "\(name)_\(number)"
      number += 1
    }
    return candidate
  }

  // MARK: Nodes

  /// Appends a node, and returns the name of its result.
  func emit(
    _ operation: String, _ inputs: [String], _ attributes: [ONNXAttribute] = [], scope: String
  ) -> String {
    let name = unique((scope.isEmpty ? "" : scope + "/") + operation)
    let result = unique(name + "/y")
    graph.nodes.append(ONNXNode(operation, inputs, [result], name: name, attributes: attributes))
    return result
  }

  /// Appends a node, and returns the name of its second result; nobody reads the first.
  func emitSecond(
    _ operation: String, _ inputs: [String], _ attributes: [ONNXAttribute], scope: String
  ) -> String {
    let first = emit(operation, inputs, attributes, scope: scope)
    let second = unique(first + "2")
    graph.nodes[graph.nodes.count - 1].outputs.append(second)
    return second
  }

  /// Gives the result of the last node another name; nothing where it is not that of the last node.
  func rename(_ result: String, to name: String, within nodes: Range<Int>) -> String {
    guard let last = nodes.last, let place = graph.nodes[last].outputs.firstIndex(of: result) else { return result }
    graph.nodes[last].outputs[place] = name
    return name
  }

  var nodeCount: Int { graph.nodes.count }

  // MARK: Constants

  /// A list of whole numbers.
  func integers(_ values: [Int]) -> String {
    constant("int64 \(values)", values.count > Shape.maximumRank ? "places" : "\(values)", dims: [values.count], .int64)
    {
      ByteOrder.littleEndian.bytes(of: values.map { Int64($0) })
    }
  }

  /// A single whole number.
  func integer(_ value: Int) -> String {
    constant("int64 \(value)", "\(value)", dims: [], .int64) { ByteOrder.littleEndian.bytes(of: [Int64(value)]) }
  }

  /// Numbers of a shape; a single one under its own digits.
  func numbers(_ values: [Double], dims: [Int]) -> String {
    let isOne = values.count == 1 && dims.isEmpty
    let key = "\(element) " + (isOne ? "\(values[0].bitPattern)" : "\(dims) \(values.map(\.bitPattern))")
    let name = isOne ? "\(values[0])" : values.isEmpty ? "empty" : "constant"
    return constant(key, name, dims: dims, element) { RecordedGraph.Elements.doubles(values).bytes(as: element) }
  }

  private func constant(
    _ key: String, _ name: String, dims: [Int], _ type: ONNXElement, _ bytes: () -> [UInt8]
  ) -> String {
    if let known = constants[key] { return known }
    let own = unique(name)
    graph.initializers.append(ONNXTensor(own, dims: dims, type: type, raw: bytes()))
    constants[key] = own
    return own
  }

  // MARK: The batch

  /// Dimensions of which some grow with the batch, as a tensor; plain numbers where none does.
  func extents(_ shape: Shape, factors: [Int], scope: String) -> String {
    places(Array(shape), factors: factors, scope: scope)
  }

  /// Whole numbers of which some are so many times the batch.
  func places(_ values: [Int], factors: [Int], scope: String) -> String {
    guard factors.contains(where: { $0 > 0 }) else { return integers(values) }
    let parts = values.indices.map { axis -> String in
      if factors[axis] == 0 { return integers([values[axis]]) }
      let size = batch(scope: scope)
      return factors[axis] == 1 ? size : emit("Mul", [size, integers([factors[axis]])], scope: scope)
    }
    return parts.count == 1
      ? parts[0] : emit("Concat", parts, [ONNXAttribute("axis", .int(0))], scope: scope)
  }

  private func batch(scope: String) -> String {
    if let batchSize { return batchSize }
    guard let batchInput else { fatalError("ONNX: no input has the batch") }
    let size = emit("Shape", [batchInput], [ONNXAttribute("end", .int(1))], scope: "")
    batchSize = size
    return size
  }

  /// The dimensions of a value, with the name of the batch where one grows with it.
  func dimensions(_ shape: Shape, _ factors: [Int]) -> [ONNXDimension] {
    shape.indices.map { axis in
      guard factors[axis] > 0, let batchName else { return ONNXDimension(shape[axis]) }
      return ONNXDimension(named: factors[axis] == 1 ? batchName : "\(factors[axis])*\(batchName)")
    }
  }

  // MARK: What goes in and comes out

  /// Makes a value known as an input.
  func input(_ name: String, _ shape: Shape, _ factors: [Int], isIndex: Bool) {
    graph.inputs.append(ONNXValueInfo(name, isIndex ? .int64 : element, dimensions(shape, factors)))
    if factors.first ?? 0 > 0, batchInput == nil { batchInput = name }
  }

  /// Puts numbers into the file.
  func initializer(_ name: String, _ shape: Shape, _ elements: RecordedGraph.Elements) {
    var type = element
    if case .indices = elements { type = .int64 }
    graph.initializers.append(ONNXTensor(name, dims: Array(shape), type: type, raw: elements.bytes(as: type)))
  }

  /// Makes a value an output under a name.
  func output(_ name: String, of value: String, _ shape: Shape, _ factors: [Int], isIndex: Bool) {
    if value != name {
      graph.nodes.append(ONNXNode("Identity", [value], [name], name: unique(name + "/Identity")))
    }
    graph.outputs.append(ONNXValueInfo(name, isIndex ? .int64 : element, dimensions(shape, factors)))
  }

  /// States the type and shape of a value in between.
  func describe(_ name: String, _ shape: Shape, _ factors: [Int], isIndex: Bool) {
    graph.values.append(ONNXValueInfo(name, isIndex ? .int64 : element, dimensions(shape, factors)))
  }

  /// Takes a name for an output before any other value can have it.
  func reserve(_ name: String) { names.insert(name) }

  /// The graph under its name.
  func finished(name: String) -> ONNXGraph {
    let outside = Set(graph.inputs.map(\.name) + graph.outputs.map(\.name) + graph.initializers.map(\.name))
    graph.values.removeAll { outside.contains($0.name) }
    graph.name = name
    return graph
  }
}
