import Adjoint
import AdjointFiles
import Foundation

/// A model of an ONNX file, recorded on a tape: it is run, differentiated, checked, drawn and trained as any other.
///
/// ```swift
/// let model = try Model<Float>(onnx: URL(fileURLWithPath: "net.onnx"))
/// let y = model(x)                                      // x: a variable of the shape that the file states
/// let slopes = gradients(of: y.sum(), withRespectTo: model.parameters)
/// ```
///
/// It is a layer, so a training step, a predictor and a check take it. Tensors of floating-point numbers that the file holds are
/// parameters under their names there; those of running statistics are states. What the graph does with whole numbers that it knows, such as shapes, is computed while recording.
public final class Model<S: Scalar> {
  /// An input or output: its name, and its dimensions where they are known.
  public struct Port: Sendable, Equatable {
    /// The name in the file.
    public let name: String
    /// The dimensions, nil for one that is open; nil where nothing is known.
    public let dimensions: [Int?]?
    /// The number of the element type in the format; 1 is Float.
    package let elementType: Int
  }

  /// The values that go in, without those that the file holds.
  public let inputs: [Port]
  /// The values that come out.
  public let outputs: [Port]
  /// The inputs and parameters whose values decided shapes, positions or branches of the last recording; a program of it must
  /// not be fed others.
  public private(set) var fixedInputs: Set<String> = []
  package let onnx: ONNXModel
  let url: URL
  var file: String { url.path }
  private let list: ParameterList<S>

  /// Reads a model. Every operator is looked up first, so that all which are missing are named at once.
  /// - Throws: `FileError` with file and place.
  public convenience init(onnx url: URL) throws {
    try self.init(try ONNXModel(contentsOf: url), from: url)
  }

  package init(_ onnx: ONNXModel, from url: URL) throws {
    self.onnx = onnx
    self.url = url
    try GraphCheck<S>(onnx, file: url.path).check()
    let held = Set(onnx.graph.initializers.map(\.name))
    inputs = onnx.graph.inputs.filter { !held.contains($0.name) }.map(Port.init)
    outputs = onnx.graph.outputs.map(Port.init)
    list = ParameterList(
      states: Set(
        onnx.graph.nodes.filter { $0.operation == "BatchNormalization" }.flatMap { $0.inputs.dropFirst(3).prefix(2) }))
    for tensor in onnx.graph.initializers {
      guard let type = ONNXElement(rawValue: tensor.elementType), type.isFractional, !tensor.dims.isEmpty else {
        continue
      }
      guard case (_, let dims, .fractions(let numbers)) = try tensor.content(beside: url) else { continue }
      _ = list.parameter(tensor.name, numbers, dims)
    }
  }

  private init(copying other: Model) {
    (inputs, outputs, onnx, url) = (other.inputs, other.outputs, other.onnx, other.url)
    list = ParameterList(copying: other.list)
  }

  /// The same model with the same values in new parameters; training one no longer changes the other.
  public func copy() -> Model { Model(copying: self) }

  /// The parameters that are trained, in the order of the file.
  public var parameters: [Parameter<S>] { list.trainable }

  /// Every tensor that the file holds as numbers of this precision: parameters and running statistics.
  package var held: [Parameter<S>] { list.all }

  /// Records the graph on the tape of its inputs.
  /// - Throws: `FileError` with the node where shapes or values do not fit.
  public func record(_ values: [String: Variable<S>], on tape: Tape<S>) throws -> [String: Variable<S>] {
    var given: [String: GraphValue<S>] = [:]
    for port in inputs {
      guard let value = values[port.name] else { throw missing(port) }
      let type = ONNXElement(rawValue: port.elementType) ?? .float
      if value.holdsIndices {
        let numbers = value.indexValue
        given[port.name] = GraphValue(
          WholeNumbers(numbers.elements.map { Int($0) }, dims: Array(value.shape)), type, origins: [port.name])
        given[port.name]?.index = value
      } else {
        given[port.name] = GraphValue(value, type, origins: [port.name])
      }
    }
    var results: [String: Variable<S>] = [:]
    for (port, value) in zip(outputs, try record(given, on: tape)) {
      switch value.content {
      case .numbers(let x): results[port.name] = x
      case .whole(let x):
        results[port.name] = tape.constant(
          Tensor(shape: Shape(x.dims), elements: x.values.map { S(Double($0)) }))
      case .texts, .sequence, .absent: break
      }
    }
    return results
  }

  /// Records the graph with values of every kind.
  package func record(_ given: [String: GraphValue<S>], on tape: Tape<S>) throws -> [GraphValue<S>] {
    let recorder = GraphRecorder(on: tape, url: url, functions: onnx.functions, parameters: list)
    let versions = Dictionary(
      onnx.operatorSets.map { ($0.domain.standardDomain, $0.version) }, uniquingKeysWith: { first, _ in first })
    let scope = GraphScope<S>(versions: versions)
    try checkShapes(of: given)
    for (name, value) in given { scope[name] = value }
    let results = try recorder.record(onnx.graph, in: scope)
    fixedInputs = recorder.fixedInputs
    return results
  }

  /// Compares the inputs with the dimensions that the file states; one name is one extent.
  private func checkShapes(of given: [String: GraphValue<S>]) throws {
    var sizes: [String: Int] = [:]
    for info in onnx.graph.inputs {
      guard let value = given[info.name] else { continue }
      guard case .tensor(let type) = info.type.kind, let shape = type.shape, let dims = value.dims else { continue }
      let fits =
        dims.count == shape.dims.count
        && zip(dims, shape.dims).allSatisfy { extent, stated in
          if let size = stated.size { return size == extent }
          guard !stated.name.isEmpty else { return true }
          let known = sizes[stated.name] ?? extent
          sizes[stated.name] = known
          return known == extent
        }
      guard fits else {
        let stated = shape.dims.map { $0.size.map(String.init) ?? printable($0.name) }.joined(separator: ", ")
        throw FileError(
          .mismatch, file: url.path, at: .tensor(info.name), expected: "an input of shape [\(stated)]",
          found: "\(dims)", remedy: "Give an input of the shape that the model states.")
      }
    }
  }

  private func missing(_ port: Port) -> FileError {
    FileError(
      .missingTensor, file: url.path, at: .tensor(port.name), expected: "a value for each input",
      found: "none for this one", remedy: "Give all of \(inputs.map { quoted($0.name) }.joined(separator: ", ")).")
  }
}

extension Model.Port {
  /// True for numbers with a fraction, false for whole numbers and the like.
  package var holdsNumbers: Bool { ONNXElement(rawValue: elementType)?.isFractional ?? false }

  package init(_ info: ONNXValueInfo) {
    name = info.name
    guard case .tensor(let type) = info.type.kind else {
      (dimensions, elementType) = (nil, 0)
      return
    }
    elementType = type.elementType
    dimensions = type.shape?.dims.map(\.size)
  }
}
