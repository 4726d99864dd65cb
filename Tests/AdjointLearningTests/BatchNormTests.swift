import Adjoint
import AdjointFiles
import AdjointLearning
import Foundation
import Testing

/// Batch normalisation against plain loops, and its running statistics: stored by runs, used in inference, saved.
struct BatchNormTests {
  private func layer(name: String? = "norm") -> BatchNorm<Double> {
    let layer = BatchNorm<Double>(3, momentum: 0.25, epsilon: 1e-3, name: name)
    (layer.scale.value, layer.shift.value) = (Tensor([0.5, -2, 1.5]), Tensor([1, 0, -1]))
    return layer
  }

  /// Mean and population variance of each feature.
  private func statistics(_ x: Tensor<Double>) -> (mean: [Double], variance: [Double]) {
    let columns = (0..<3).map { feature in stride(from: feature, to: x.elements.count, by: 3).map { x.elements[$0] } }
    let means = columns.map { $0.reduce(0, +) / Double($0.count) }
    return (
      means,
      zip(columns, means).map { column, mean in
        column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(column.count)
      }
    )
  }

  @Test(
    "In training, rows and images are normalised by their own statistics", arguments: [[7, 3], [2, 3, 4, 3], [1, 3]])
  func training(dimensions: [Int]) {
    let shape = Shape(dimensions)
    let (layer, x): (BatchNorm<Double>, Tensor<Double>) = (layer(), normal(shape, seed: 1))
    let (mean, variance) = statistics(x)
    let tape = Tape<Double>()
    let input = tape.input(x)
    let y = layer(input)
    let (scale, shift) = (layer.scale.value.elements, layer.shift.value.elements)
    let deviations = variance.map { ($0 + 1e-3).squareRoot() }
    let normalized = x.elements.indices.map { (x.elements[$0] - mean[$0 % 3]) / deviations[$0 % 3] }
    let expected = normalized.indices.map { scale[$0 % 3] * normalized[$0] + shift[$0 % 3] }
    #expect(y.shape == shape && distance(y.value.elements, expected) < 1e-14)

    // x̄ = γ/(N√(σ² + ε)) (N ȳ − Σ ȳ − x̂ Σ ȳ x̂), Ioffe & Szegedy, section 3.
    let g: Tensor<Double> = normal(shape, seed: 2)
    let found = gradients(of: (y * tape.constant(g)).sum(), withRespectTo: [input, tape.parameter(layer.scale)])
    let count = Double(g.elements.count / 3)
    func sum(_ feature: Int, _ term: (Int) -> Double) -> Double {
      stride(from: feature, to: g.elements.count, by: 3).reduce(0) { $0 + term($1) }
    }
    let sums = (0..<3).map { f in (sum(f) { g.elements[$0] }, sum(f) { g.elements[$0] * normalized[$0] }) }
    let gradient = g.elements.indices.map { i in
      let (plain, weighted) = sums[i % 3]
      return scale[i % 3] / deviations[i % 3] / count * (count * g.elements[i] - plain - normalized[i] * weighted)
    }
    #expect(distance(found[0].value.elements, gradient) < 1e-13)
    #expect(distance(found[1].value.elements, sums.map(\.1)) < 1e-13)
  }

  @Test func `each run moves the running statistics, recording does not, and inference uses them`() throws {
    let (layer, x): (BatchNorm<Double>, Tensor<Double>) = (layer(), normal([6, 3], seed: 3))
    let (mean, variance) = statistics(x)
    let step = TrainingStep<Double>(optimizer: SGD(learningRate: 0)) { layer($0).square().mean() }
    for _ in 0..<2 { try step(x) }
    // Two steps of a quarter of the way: 1 − 0.75² of it.
    #expect(distance(layer.runningMean.value.elements, mean.map { 0.4375 * $0 }) < 1e-15)
    #expect(distance(layer.runningVariance.value.elements, variance.map { 0.5625 + 0.4375 * $0 }) < 1e-15)

    let (means, variances) = (layer.runningMean.value.elements, layer.runningVariance.value.elements)
    _ = layer(Tape<Double>().input(x))
    #expect(layer.runningMean.value.elements == means, "recording alone stores nothing")
    let tape = Tape<Double>(mode: .inference)
    let (all, one) = (layer(tape.input(x)), layer(tape.input(x.rows([2]))))
    let expected = x.elements.indices.map { i in
      layer.scale.value[i % 3] * (x.elements[i] - means[i % 3]) / (variances[i % 3] + 1e-3).squareRoot()
        + layer.shift.value[i % 3]
    }
    #expect(distance(all.value.elements, expected) < 1e-14)
    #expect(
      one.value.elements == Array(all.value.elements[6..<9]), "in inference an example does not depend on the others")
    #expect(tape.trainableParameters.map { $0.parameter.name } == ["norm/scale", "norm/shift"])
  }

  @Test func `the check of its gradient stores nothing`() {
    let layer = layer()
    let tape = Tape<Double>()
    let loss = layer(tape.input(normal([5, 3], seed: 4))).sin().mean()
    let places = [tape.parameter(layer.scale)]
    let program = Program<Dual>([loss] + gradients(of: loss, withRespectTo: places))
    program.run()
    #expect(layer.runningMean.value.elements == [0, 0, 0])
  }

  @Test func `parameters and states have the same names in both modes, given or numbered`() {
    for (name, names) in [
      ("norm", ["norm/scale", "norm/shift", "norm/runningMean", "norm/runningVariance"]),
      (nil, ["batchNorm/p0", "batchNorm/p1", "batchNorm/p2", "batchNorm/p3"]),
    ] {
      for mode in [Mode.training, .inference] {
        let tape = Tape<Double>(mode: mode)
        _ = layer(name: name)(tape.input(.ones([2, 3])))
        #expect(tape.namedParameters.map(\.name) == names)
      }
    }
  }

  @Test func `copy() detaches the running statistics too`() {
    let layer = layer()
    layer.runningMean.value = Tensor([1, 2, 3])
    let copy = layer.copy()
    #expect(copy.runningMean.value == Tensor([1, 2, 3]) && copy.runningMean.name == "norm/runningMean")
    copy.runningMean.value = Tensor([0, 0, 0])
    copy.runningVariance.value = Tensor([4, 4, 4])
    #expect(layer.runningMean.value == Tensor([1, 2, 3]) && layer.runningVariance.value == Tensor([1, 1, 1]))
  }

  @Test func `a checkpoint holds the running statistics, and one without them is refused`() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("adjoint-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (saved, loaded) = (layer(), BatchNorm<Double>(3, name: "norm"))
    (saved.runningMean.value, saved.runningVariance.value) = (Tensor([1, 2, 3]), Tensor([4, 5, 6]))
    let file = folder.appendingPathComponent("norm.safetensors")
    try saved.save(to: file, input: [1, 3])
    try loaded.load(from: file, input: [1, 3])
    #expect(loaded.runningMean.value == Tensor([1, 2, 3]) && loaded.runningVariance.value == Tensor([4, 5, 6]))
    #expect(loaded.scale.value == saved.scale.value)

    try Checkpoint.saveWeights(
      saved.parameters(forInput: [1, 3]).filter { $0.name != "norm/runningVariance" }, to: file)
    saved.runningMean.value = Tensor([7, 7, 7])
    let error = #expect(throws: FileError.self) { try loaded.load(from: file, input: [1, 3]) }
    #expect(error?.reason == .missingTensor && error?.place == .tensor("norm/runningVariance"))
    #expect(loaded.runningMean.value == Tensor([1, 2, 3]), "nothing has been changed")
  }

  @Test func `features that do not fit trap with a sentence`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = BatchNorm<Float>(3)(Tape<Float>().input(.ones([4, 5])))
    }
    #expect(text(result).contains("6 parameters takes [batch, …, 3]; it was given %0 x [4, 5], input. Reshape that"))
  }
}
