import Adjoint
import AdjointFiles
import AdjointLearning
import AdjointONNX
import Foundation
import TestFiles
import Testing

/// An operation that ONNX does not know.
private struct Cube: Adjoint.Operation {
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    for i in y.indices { y[i] = x[0][i] * x[0][i] * x[0][i] }
  }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [p.to(0, 3 * g * p.x[0].square())] }
}

@Suite("Exports: refusals, and the batch")
struct ExportTests {
  private func refusal(_ record: (Tape<Double>) -> [(name: String, value: Variable<Double>)], gradients: Bool = false)
    -> String
  {
    let tape = Tape<Double>()
    let outputs = record(tape)
    do {
      _ = try tape.onnxModel(outputs: outputs, gradients: gradients)
      return ""
    } catch { return "\(error)" }
  }

  @Test func `A refusal names the place and the remedy`() {
    #expect(refusal { _ in [] }.hasPrefix("the tape: nothing is recorded on it. Record a model first."))
    let own = refusal { tape in [("y", tape.scoped("layer") { tape.record(Cube(), tape.input(Tensor([1, 2]))) })] }
    #expect(own.hasPrefix("layer/%1: 'cube' is an operation of your own, for which ONNX has no operator. Compose it"))
    let twice = refusal { tape in
      let x = tape.input(Tensor([1, 2]), name: "x")
      return [("y", x.exp()), ("y", x.log())]
    }
    #expect(twice == "the output 'y': its name is that of another one. Give each output a name of its own.")
    let taken = refusal { tape in [("x", tape.input(Tensor([1, 2]), name: "x").exp())] }
    #expect(taken == "the output 'x': the recording has a leaf of this name, input. Give the output another name.")
    let foreign = refusal { _ in [("y", Tape<Double>().constant(1))] }
    #expect(foreign == "the output 'y': it was recorded on another tape. Export from the tape that it stands on.")
    let large = refusal { tape in [("l", tape.input(.zeros([33, 33]), name: "a").cholesky())] }
    #expect(large.contains("it is unrolled up to 32 rows, and the matrix has 33"))
    let vector = refusal({ tape in [("y", tape.input(Tensor([1, 2])).exp())] }, gradients: true)
    #expect(vector.contains("its shape is [2], and a gradient is that of one number. Reduce it"))
    let none = refusal({ tape in [("y", tape.input(Tensor([1, 2])).sum())] }, gradients: true)
    #expect(none.contains("no trainable parameter was recorded"))
  }

  @Test func `A refused export leaves the file alone`() throws {
    let folder = try ScratchFolder()
    let url = folder.url.appendingPathComponent("model.onnx")
    try Data("before".utf8).write(to: url)
    let tape = Tape<Float>()
    let x = tape.input(Tensor([1, 2]), name: "x")
    let y = tape.record(Cube(), x)
    #expect(throws: ExportError.self) { try tape.export(to: url, outputs: ["y": y]) }
    #expect(try Data(contentsOf: url) == Data("before".utf8))
    try tape.export(to: url, outputs: ["y": x.exp()])
    #expect(try ONNXModel(contentsOf: url).graph.nodes.map(\.operation) == ["Exp"])
  }

  @Test func `The last variable comes out when none is named`() throws {
    let tape = Tape<Float>()
    _ = tape.input(Tensor([1, 2]), name: "x").exp()
    #expect(try tape.onnxModel(outputs: []).summary.outputs == ["output [batch]"])
    _ = tape[tape.count - 1].log().labeled("answer")
    #expect(try tape.onnxModel(outputs: []).summary.outputs == ["answer [batch]"])
  }

  private func batch(_ rows: [Int], _ record: (Variable<Float>) -> Variable<Float>) throws -> (String, String?) {
    let tape = Tape<Float>()
    let y = record(tape.input(.zeros(Shape(rows)), name: "x"))
    let summary = try tape.onnxModel(outputs: [("y", y)]).summary
    return (summary.outputs[0], summary.fixedBatch)
  }

  @Test func `The batch stays free through whatever keeps its rows`() throws {
    #expect(try batch([3, 4, 2]) { $0.reshape(to: [12, 2]).reshape(to: [3, 8]) }.0 == "y [batch, 8]")
    #expect(try batch([3, 4, 2]) { $0.flatten().softmax() }.0 == "y [batch, 8]")
    #expect(try batch([3, 3, 3]) { $0.permute([1, 0, 2]).reshape(to: [9, 3]) }.0 == "y [3*batch, 3]")
    // Steps of a sequence that stand one after the other, as recurrent layers have them.
    #expect(try batch([3, 4, 2]) { $0.permute([1, 0, 2]).reshape(to: [12, 2]).slice(3..<6) }.0 == "y [batch, 2]")
    #expect(try batch([3, 2]) { $0 + $0.tape.constant(Tensor(repeating: 0, shape: [3, 2])) }.0 == "y [batch, 2]")
    #expect(try batch([3, 2]) { $0.mean() }.0 == "y []")
  }

  @Test func `A batch that the recording holds is fixed with its reason`() throws {
    let part = try batch([4, 2]) { $0.slice(1..<3) }
    #expect(part.0 == "y [2, 2]" && part.1 == "slice (%1): it takes some rows of the batch")
    // The rows of one example stand together, so that 3 of 12 are no batch.
    #expect(try batch([3, 4, 2]) { $0.reshape(to: [12, 2]).slice(3..<6) }.1 != nil)
    #expect(try batch([3, 2]) { $0 + $0.tape.constant(Tensor([1, 2, 3]).reshape(to: [3, 1])) }.1 != nil)
    #expect(try batch([3, 2]) { $0.variance(axes: [0], correction: 1) }.1?.contains("less 1") == true)
    #expect(try batch([3, 2]) { $0.reshape(to: [2, 3]) }.1?.contains("no axis for the batch") == true)
    #expect(try batch([5, 2]) { $0.argSort(axis: 0).numbers }.1?.contains("sorts the rows") == true)
  }

  @Test func `Gradients hold for any number of rows, also of means and variances over them`() throws {
    func loss(_ rows: Int, on tape: Tape<Double>, _ w: Parameter<Double>) -> Variable<Double> {
      let numbers = (0..<rows * 4).map { Double($0 * $0 % 11) / 3 }
      let x = tape.input(Tensor(shape: [rows, 4], elements: numbers), name: "x")
      let labels = tape.index(Tensor(shape: [rows], elements: (0..<rows).map { Int32($0 * $0 % 2) }), name: "labels")
      let y = tape.scoped("norm") { () -> Variable<Double> in
        let y = x.matmul(tape.parameter(w).transpose())
        return (y - y.mean(axes: [0])) / (y.variance(axes: [0]) + 0.1).sqrt()
      }
      return crossEntropy(logits: y, labels: labels)
    }
    let folder = try ScratchFolder()
    let url = folder.url.appendingPathComponent("gradients.onnx")
    let w = Parameter<Double>(Tensor([[0.5, -1, 0.25, 2], [1, 0.75, -0.5, 0.1]]), name: "w")
    let tape = Tape<Double>()
    let summary = try tape.export(to: url, outputs: ["loss": loss(3, on: tape, w)], gradients: true)
    #expect(summary.fixedBatch == nil && summary.inputs.prefix(2) == ["x [batch, 4]", "labels [batch]"])
    #expect(summary.outputs == ["loss []", "gradient/w [2, 4]"])
    let model = try Model<Double>(onnx: url)
    for rows in [3, 7] {
      let fresh = Tape<Double>()
      let ours = loss(rows, on: fresh, w)
      let slope = gradient(of: ours, withRespectTo: w).value
      let again = Tape<Double>(mode: .inference)
      let x = again.input(fresh[0].value, name: "x")
      let labels = again.index(fresh[1].indexValue, name: "labels")
      let theirs = try model.record(["x": x, "labels": labels], on: again)
      let pairs = zip(theirs["gradient/w"]?.value.elements ?? [], slope.elements)
      #expect(pairs.allSatisfy { abs($0 - $1) < 1e-12 } && theirs["gradient/w"]?.shape == [2, 4], "\(rows) rows")
      #expect(abs((theirs["loss"]?.scalar ?? 0) - ours.scalar) < 1e-12)
    }
  }

  @Test func `A divisor that may be the number of rows fixes them`() throws {
    let own = try batch([3, 2]) { $0.square().sum() / 6 }
    #expect(own == ("y []", "%4: it divides by 6, which may be the number of rows"))
    #expect(try batch([3, 2]) { $0.square().sum() / 7 }.1 == nil)
    let tape = Tape<Float>()
    let w = tape.parameter(Parameter<Float>(Tensor([[1, 2]]), name: "w"))
    let loss = (tape.input(.zeros([3, 2]), name: "x") * w).square().mean()
    let next = w - 0.1 * gradient(of: loss, withRespectTo: w)
    let step = try tape.onnxModel(outputs: [("next", next)], parametersAreInputs: true).summary
    #expect(step.fixedBatch?.contains("it divides by 6") == true && step.inputs.contains("x [3, 2]"))
  }

  @Test func `Scopes that are whole paths stand once`() {
    #expect("block1/block1/attention/block1/attention/key".withoutRepetition == "block1/attention/key")
    #expect("a/b".withoutRepetition == "a/b" && "".withoutRepetition == "" && "a/a".withoutRepetition == "a")
  }
}
