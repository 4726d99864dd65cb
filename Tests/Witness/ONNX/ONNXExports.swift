import Adjoint
import AdjointFiles
import AdjointONNX
import Foundation

/// Records models that other programs exported, whose folders stand in standard input, and compares values and gradients.
func runONNXExports() {
  while let folder = readLine() {
    let outcome: ONNXOutcome
    do { outcome = try exportOutcome(of: URL(fileURLWithPath: folder)) } catch {
      outcome = .refused((error as? FileError)?.description ?? "\(error)")
    }
    print(
      JSON.object([
        ("test", .string(folder)), ("outcome", .string(outcome.word)), ("reason", .string(outcome.reason)),
      ]).text)
  }
}

private func exportOutcome(of folder: URL) throws -> ONNXOutcome {
  let model = try Model<Float>(onnx: folder.appendingPathComponent("model.onnx"))
  let tape = Tape<Float>(mode: .inference)
  let x = tape.input(try tensor(folder.appendingPathComponent("input.pb")).value, name: "x")
  guard let input = model.inputs.first, model.inputs.count == 1 else { return .refused("more than one input") }
  let results = try model.record([input.name: x], on: tape)
  // The last output of numbers: a classifier's first one holds labels.
  guard let last = model.outputs.last, let y = results[last.name] else { return .refused("no output of numbers") }
  var largest = try difference(y.value, from: folder.appendingPathComponent("output.pb"), "the value")
  let cotangent = folder.appendingPathComponent("cotangent.pb")
  guard FileManager.default.fileExists(atPath: cotangent.path) else { return passing(largest, 0) }
  let weights = try tensor(cotangent).value
  let loss = (y * tape.constant(weights)).sum()
  var count = 0
  for name in try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  where name.hasPrefix("gradient_") {
    let file = folder.appendingPathComponent(name)
    let parameter = try tensor(file).name
    let gradient: Variable<Float>
    if parameter.isEmpty {
      gradient = Adjoint.gradient(of: loss, withRespectTo: x)
    } else {
      guard let known = model.parameters.first(where: { $0.name == parameter }) else {
        return .wrong("there is no parameter \(parameter)")
      }
      gradient = Adjoint.gradient(of: loss, withRespectTo: known)
    }
    largest = max(largest, try difference(gradient.value, from: file, "the gradient at \(parameter)"))
    count += 1
  }
  return passing(largest, count)
}

private func passing(_ largest: Double, _ gradients: Int) -> ONNXOutcome {
  .passes("(\(gradients) gradients, largest difference \(String(format: "%.1e", largest)))")
}

private func tensor(_ file: URL) throws -> (name: String, value: Tensor<Float>) {
  var reader = WireReader(try InputFile(file).contents(memoryLimit: 1 << 30), file: file.path)
  let message = try ONNXTensor(from: &reader)
  guard case (_, let dims, .fractions(let numbers)) = try message.content(beside: file) else {
    throw ShapeError("\(file.lastPathComponent) holds no floating-point numbers")
  }
  return (message.name, Tensor(shape: Shape(dims), elements: numbers.map { Float($0) }))
}

/// The largest difference relative to the largest number, at most 1e-5.
private func difference(_ found: Tensor<Float>, from file: URL, _ what: String) throws -> Double {
  let expected = try tensor(file).value
  guard found.shape == expected.shape else {
    throw ShapeError("\(what) has the shape \(found.shape) and not \(expected.shape)")
  }
  let scale = Double(expected.elements.reduce(0) { max($0, abs($1)) })
  let largest = zip(found.elements, expected.elements).reduce(0.0) { max($0, Double(abs($1.0 - $1.1))) }
  guard largest <= 1e-5 * scale else {
    throw ShapeError("\(what) differs by \(largest / scale) of its largest number")
  }
  return largest / max(scale, 1e-30)
}
