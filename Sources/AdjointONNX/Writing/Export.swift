import Adjoint
import AdjointFiles
import Foundation

/// What an export wrote.
public struct ExportSummary: Sendable, CustomStringConvertible {
  /// The number of operators.
  public let operators: Int
  /// The number of numbers in the file: parameters, states and constants.
  public let numbers: Int
  /// What goes in: names with dimensions, of which one may be the name of the batch.
  public let inputs: [String]
  /// What comes out, likewise.
  public let outputs: [String]
  /// The reason for which the number of rows is that of the recording; nil where any number goes in.
  public let fixedBatch: String?

  public var description: String {
    "\(operators) operators on \(numbers) numbers: \(inputs.joined(separator: ", ")) → \(outputs.joined(separator: ", "))"
      + (fixedBatch.map { "; the batch is fixed, since \($0)" } ?? "")
  }
}

extension Tape {
  /// Writes some variables, and all that they depend on, as an ONNX model: the inputs and the random leaves go in, the
  /// parameters and states stand in the file.
  ///
  /// ```swift
  /// try tape.export(to: url, outputs: ["logits": model(x)])
  /// ```
  ///
  /// - Parameters:
  ///   - outputs: The variables and the names under which they come out; the last one that was recorded when left out.
  ///   - batch: The name of the first dimension of the inputs, of which the model then takes any number of rows. It is fixed
  ///     where `nil`, and where an operation was recorded for one number of rows (`ExportSummary.fixedBatch`).
  ///   - gradients: True to add the gradient of the first output by every trainable parameter, as `gradient/NAME`.
  ///   - parametersAreInputs: True to make the parameters inputs, whose values in the file are those at first; so they are with
  ///     gradients. A graph whose outputs are the next parameters can then be run in a loop: that is a training.
  ///   - about: A sentence that the file keeps.
  /// - Throws: `ExportError` for an operation that ONNX cannot express; `FileError` when the file cannot be written, and an
  ///   existing one is then untouched.
  @discardableResult
  public func export(
    to url: URL, outputs: KeyValuePairs<String, Variable<S>> = [:], batch: String? = "batch", gradients: Bool = false,
    parametersAreInputs: Bool = false, about: String = ""
  ) throws -> ExportSummary {
    let (model, summary) = try onnxModel(
      outputs: outputs.map { ($0.key, $0.value) }, batch: batch, gradients: gradients,
      parametersAreInputs: parametersAreInputs, about: about)
    try model.write(to: url)
    return summary
  }

  /// The model that `export` writes.
  package func onnxModel(
    outputs: [(name: String, value: Variable<S>)], batch: String? = "batch", gradients: Bool = false,
    parametersAreInputs: Bool = false, about: String = "", metadata: [(key: String, value: String)] = []
  ) throws -> (model: ONNXModel, summary: ExportSummary) {
    guard S.self == Float.self || S.self == Double.self else {
      throw ExportError(
        "the tape", "it holds numbers of type \(S.self), which ONNX does not know",
        remedy: "Record on a tape of Float or Double.")
    }
    var outputs = outputs
    if outputs.isEmpty {
      guard count > 0 else {
        throw ExportError("the tape", "nothing is recorded on it", remedy: "Record a model first.")
      }
      let last = self[count - 1]
      outputs = [(last.label == nil ? "output" : last.path, last)]
    }
    for (name, value) in outputs where value.live.tape !== self {
      throw ExportError(
        "the output '\(name)'", "it was recorded on another tape", remedy: "Export from the tape that it stands on.")
    }
    var seen: Set<String> = []
    for (name, _) in outputs where name.isEmpty || !seen.insert(name).inserted {
      throw ExportError(
        "the output '\(name)'", "its name is \(name.isEmpty ? "empty" : "that of another one")",
        remedy: "Give each output a name of its own.")
    }
    let forward = count
    var writer = ModelWriter(
      element: S.self == Float.self ? .float : .double, batchName: batch,
      parametersAreInputs: gradients || parametersAreInputs, about: about,
      metadata: metadata.map { ONNXEntry($0.key, $0.value) })
    func attempt() throws -> (ONNXModel, ExportSummary) {
      defer { truncate(to: forward) }
      guard gradients else { return try writer.model(of: self, outputs) }
      var all = outputs
      if writer.batchName != nil, let rows = writer.batch(of: RecordedGraph(self), outputs) {
        all = try countingRows(outputs, batch: rows)
      }
      let slopes = try gradientOutputs(of: all[0])
      try refuseNamesOfLeaves(slopes)
      return try writer.model(of: self, all + slopes, withoutRows: Set(slopes.map(\.name)))
    }
    try refuseNamesOfLeaves(outputs)
    do { return try attempt() } catch let fault as FixedBatch {
      (writer.batchName, writer.fixed) = (nil, fault.reason)
      return try attempt()
    }
  }

  /// Refuses an output that has the name of something that goes in, or stands in the file.
  private func refuseNamesOfLeaves(_ outputs: [(name: String, value: Variable<S>)]) throws {
    for node in 0..<count {
      let leaf = self[node]
      guard let role = leaf.role, let label = leaf.label else { continue }
      let name = role == .parameter || role == .state ? label : leaf.path
      guard outputs.contains(where: { $0.name == name && $0.value.index != node }) else { continue }
      throw ExportError(
        "the output '\(name)'", "the recording has a leaf of this name, \(role.name)",
        remedy: "Give the output another name.")
    }
  }

  /// The gradients of a loss by the parameters, recorded behind it.
  private func gradientOutputs(
    of loss: (name: String, value: Variable<S>)
  ) throws -> [(name: String, value: Variable<S>)] {
    guard loss.value.shape.elementCount == 1, !loss.value.holdsIndices else {
      throw ExportError(
        "the output '\(loss.name)'", "its shape is \(loss.value.shape), and a gradient is that of one number",
        remedy: "Reduce it to one number first (sum, mean), or name the loss first.")
    }
    let parameters = trainableParameters
    guard !parameters.isEmpty else {
      throw ExportError(
        "the output '\(loss.name)'", "no trainable parameter was recorded, so it has no gradients",
        remedy: "Leave gradients out, or use parameters.")
    }
    let backward = backward(from: loss.value, to: parameters.map(\.leaf))
    return parameters.map { leaf, parameter in
      let gradient = backward.adjoint(of: leaf) ?? constant(Tensor(repeating: 0, shape: parameter.shape))
      return ("gradient/" + (leaf.label ?? leaf.path), gradient)
    }
  }
}

/// One attempt at a model, with the batch free or fixed.
private struct ModelWriter {
  let element: ONNXElement
  var batchName: String?
  let parametersAreInputs: Bool
  var fixed: String?
  let about: String
  let metadata: [ONNXEntry]

  func model<S: Scalar>(
    of tape: Tape<S>, _ outputs: [(name: String, value: Variable<S>)], withoutRows gradients: Set<String> = []
  ) throws -> (ONNXModel, ExportSummary) {
    let recorded = RecordedGraph(tape)
    let writer = GraphWriter(element: element, batchName: batchName, parametersAreInputs: parametersAreInputs)
    let recording = WrittenRecording(recorded, writer, batch: batchName == nil ? nil : batch(of: recorded, outputs))
    for (name, value) in outputs {
      writer.reserve(name)
      if recorded.nodes[value.index].operation != nil { recording.outputNames[value.index] = name }
    }
    let wanted = outputs.map(\.value.index)
    for (leaf, _) in tape.indicesOfLoops where recorded.needed(for: wanted).contains(leaf) {
      throw ExportError(
        "the indices '\(recorded.nodes[leaf].place(in: ""))'",
        "they would be an input, and the body of a loop reads them from outside and keeps those of its recording",
        remedy: "Gather what they name before the loop, and give the loop that.")
    }
    try recording.write(wanted)
    for (name, value) in outputs {
      let item = recorded.nodes[value.index]
      if gradients.contains(name), recording.factors(value.index).contains(where: { $0 > 0 }) {
        throw FixedBatch(reason: "\(name): an axis of the parameter is as long as the batch, and is taken for it")
      }
      writer.output(
        name, of: recording.plain(value.index), item.shape, recording.factors(value.index), isIndex: item.holdsIndices)
    }
    var model = ONNXModel()
    model.irVersion = 8
    model.operatorSets = [OperatorSet(version: WrittenOperators.version)]
    model.producerName = "Adjoint"
    model.producerVersion = adjointVersion
    model.documentation = about
    model.metadata = metadata
    model.graph = writer.finished(name: "recording")
    let isFree = recording.growsWithBatch
    return (
      model,
      ExportSummary(
        operators: model.graph.nodes.count,
        numbers: model.graph.initializers.reduce(0) { $0 + $1.dims.reduce(1, *) },
        inputs: model.graph.inputs.map(\.text), outputs: model.graph.outputs.map(\.text),
        fixedBatch: isFree ? nil : fixed)
    )
  }

  /// The rows of the first input that some outputs depend on; nil without one.
  func batch<S>(
    of recorded: RecordedGraph, _ outputs: [(name: String, value: Variable<S>)]
  ) -> Int? {
    let first = recorded.needed(for: outputs.map(\.value.index)).sorted().first { node in
      let item = recorded.nodes[node]
      return (item.role == .input || item.role == .index) && item.shape.rank > 0 && item.shape[0] > 0
    }
    return first.map { recorded.nodes[$0].shape[0] }
  }
}

extension ONNXValueInfo {
  /// The name and the dimensions.
  fileprivate var text: String {
    guard case .tensor(let tensor) = type.kind, let dims = tensor.shape?.dims else { return name }
    return name + " [" + dims.map { $0.size.map(String.init) ?? $0.name }.joined(separator: ", ") + "]"
  }
}
