import Adjoint
import AdjointFiles
import AdjointLearning
import AdjointONNX
import Foundation

// Models as ONNX files, with what goes in and what comes out here: `onnx_written.py` runs them elsewhere.

/// Writes every example of the catalogue, every layer and loss, and gradients of four architectures, in both precisions.
func writeONNXModels(to folder: URL) throws {
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  var models = ModelFolder(folder)
  for (position, example) in OperationCatalog.examples.enumerated() {
    var generator = Generator(seed: 1).stream(1, UInt64(position))
    let output = Case(example, using: &generator).output
    try models.write("operation: \(example.title)", copied(output, as: Float.self), batch: nil)
    try models.write("operation: \(example.title)", copied(output, as: Double.self), batch: nil)
  }
  var generator = Generator(seed: 1).stream(2)
  for layer in layerCases() {
    let output = layer.recorded(using: &generator).output
    try models.write("layer: \(layer.name)", copied(output, as: Float.self), batch: "batch")
    try models.write("layer: \(layer.name)", copied(output, as: Double.self), batch: "batch")
  }
  try writeArchitectures(as: Float.self, to: &models)
  try writeArchitectures(as: Double.self, to: &models)
  try models.finish()
}

/// Losses with all gradients, and steps of training.
private func writeArchitectures<S: Scalar>(as type: S.Type, to models: inout ModelFolder) throws {
  var generator = Generator(seed: 3)
  func numbers(_ shape: Shape) -> Tensor<S> {
    Tensor<Double>.random(shape, in: -1...1, using: &generator).converted()
  }
  func indices(_ shape: Shape, below: UInt64) -> Tensor<Int32> {
    Tensor(shape: shape, elements: (0..<shape.elementCount).map { _ in Int32(generator.next() % below) })
  }
  func model(
    _ name: String, _ output: String, _ record: (Tape<S>) -> (output: Variable<S>, loss: Variable<S>)
  ) throws {
    let (y, loss) = record(Tape<S>())
    try models.write("model: \(name)", [(output, y)], batch: "batch")
    try models.write("gradients: \(name)", [("loss", loss)], batch: "batch", gradients: true)
    try models.writeStep("step: \(name)", loss) { record(Tape<S>()).loss }
  }
  let perceptron = MLP<S>([12, 16, 5], activation: .gelu, dropout: 0.25, using: &generator)
  let (rows, classes) = (numbers([7, 12]), indices([7], below: 5))
  try model("MLP", "logits") { tape in
    let logits = perceptron(tape.input(rows, name: "x"))
    return (logits, crossEntropy(logits: logits, labels: tape.index(classes, name: "labels")))
  }
  let network = CNN<S>(height: 16, width: 16, classes: 4, filters: [3, 5], using: &generator)
  let (images, digits) = (numbers([3, 256]), indices([3], below: 4))
  try model("CNN", "logits") { tape in
    let logits = network(tape.input(images, name: "images"))
    return (logits, crossEntropy(logits: logits, labels: tape.index(digits, name: "labels")))
  }
  let gpt = GPT<S>(vocabulary: 17, using: &generator)
  let (text, next) = (indices([3, 10], below: 17), indices([3, 10], below: 17))
  try model("GPT", "loss") { tape in
    let loss = gpt.loss(tape.index(text, name: "text"), tape.index(next, name: "next"))
    return (loss, loss)
  }
  let residual = ResidualNetwork<S>(using: &generator)
  let (pictures, kinds) = (numbers([5, 3, 12, 12]), indices([5], below: 2))
  try model("residual network", "loss") { tape in
    let loss = residual.loss(tape.input(pictures, name: "images"), tape.index(kinds, name: "labels"))
    return (loss, loss)
  }
}

/// A recording on a tape of another precision; its leaves that are not constant have names.
private func copied<S: Scalar>(_ output: Variable<Double>, as type: S.Type) -> [(String, Variable<S>)] {
  let tape = Tape<S>()
  for node in 0...output.index {
    let x = output.tape[node]
    if let operation = x.operation {
      tape.record(operation, inputs: x.inputs.map { tape[$0.index] })
    } else if x.holdsIndices {
      _ = tape.index(x.indexValue, name: "x\(node)")
    } else if x.role == .constant {
      _ = tape.constant(x.value.converted())
    } else if x.role == .parameter || x.role == .state {
      _ = tape.parameter(Parameter(x.value.converted(), name: "parameter\(node)"))
    } else {
      _ = tape.input(x.value.converted(), name: "x\(node)")
    }
  }
  return [("y", tape[output.index])]
}

/// The files, and the page that says what belongs to each: a JSON object a line.
private struct ModelFolder {
  let folder: URL
  private var lines: [String] = []

  init(_ folder: URL) { self.folder = folder }

  mutating func write<S: Scalar>(
    _ name: String, _ outputs: [(String, Variable<S>)], batch: String? = nil, gradients: Bool = false,
    parametersAreInputs: Bool = false, more: [(String, JSON)] = []
  ) throws {
    let file = "\(lines.count).onnx"
    let tape = outputs[0].1.tape
    let inputs = (0..<tape.count).compactMap { node -> (String, JSON)? in
      let x = tape[node]
      switch x.role {
      case .input, .index: return (x.path, x.numbers)
      case .random: return (x.labeled(x.label ?? "noise\(node)").path, x.numbers)
      case .constant, .parameter, .state, nil: return nil
      }
    }
    let summary = try tape.onnxModel(
      outputs: outputs.map { (name: $0.0, value: $0.1) }, batch: batch, gradients: gradients,
      parametersAreInputs: parametersAreInputs)
    try summary.model.write(to: folder.appendingPathComponent(file))
    var expected = outputs.map { ($0.0, $0.1.numbers) }
    if gradients {
      let parameters = tape.trainableParameters
      let all = Adjoint.gradients(of: outputs[0].1, withRespectTo: parameters.map(\.leaf))
      expected += zip(parameters, all).map { ("gradient/" + ($0.leaf.label ?? ""), $1.numbers) }
    }
    let line = JSON.object(
      [
        ("case", .string(name)), ("file", .string(file)), ("type", .string("\(S.self)".lowercased())),
        ("fixed", summary.summary.fixedBatch.map { .string($0) } ?? .null), ("inputs", .object(inputs)),
        ("outputs", .object(expected)),
      ] + more)
    lines.append(line.text)
  }

  /// One step of gradient descent as a graph, and our losses of a hundred of them.
  mutating func writeStep<S: Scalar>(_ name: String, _ loss: Variable<S>, again: () -> Variable<S>) throws {
    let rate = 0.02
    func outputs(_ loss: Variable<S>) -> [(String, Variable<S>)] {
      let places = loss.tape.trainableParameters
      let all = Adjoint.gradients(of: loss, withRespectTo: places.map(\.leaf))
      return [("loss", loss)] + zip(places, all).map { ("next/" + ($0.leaf.label ?? ""), $0.leaf - rate * $1) }
    }
    let parameters = loss.tape.trainableParameters.map(\.parameter)
    let initial = parameters.map(\.value)
    var losses: [JSON] = []
    for _ in 0..<100 {
      let step = outputs(again())
      losses.append(.number(step[0].1.scalar.primal))
      for (parameter, value) in zip(parameters, step.dropFirst().map(\.1.value)) { parameter.value = value }
    }
    for (parameter, value) in zip(parameters, initial) { parameter.value = value }
    try write(name, outputs(again()), parametersAreInputs: true, more: [("losses", .array(losses))])
  }

  func finish() throws {
    try OutputFile.replace(
      folder.appendingPathComponent("cases.jsonl"), with: (lines.joined(separator: "\n") + "\n").utf8)
  }
}

extension Variable {
  /// The shape and the elements.
  fileprivate var numbers: JSON {
    let shape = ("shape", JSON.integers(Array(shape)))
    if holdsIndices { return .object([shape, ("indices", .integers(indexValue.elements.map(Int.init)))]) }
    return .object([shape, ("numbers", .array(value.elements.map { .number($0.primal) }))])
  }
}
