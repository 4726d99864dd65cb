import Adjoint
import AdjointDatasets
import AdjointFiles
import AdjointLearning
import Foundation
import TestFiles
import Testing

/// NaN and infinity where numbers are compared, measured, saved and loaded.
struct NotANumberTests {
  // MARK: Order

  private static let rows: [[Double]] = [
    [1, .nan, 3, .nan], [.nan, 1, 2, 3], [1, 2, 3, .nan], [.nan, .nan, .nan, .nan], [-.infinity, .nan, .infinity, 0],
    [-.infinity, -.infinity, -.infinity, -.infinity], [0, .infinity, .infinity, 1], [2, 1, 2, -1],
  ]

  private func expectAgreement<S: Scalar>(_: S.Type) {
    for row in Self.rows {
      let x = Tape<S>().input(Tensor(row.map { S($0) }))
      let (largest, position) = (x.max().scalar.primal, Int(x.argMax().scalar.primal))
      let first = row.firstIndex { $0.isNaN ? largest.isNaN : $0 == largest }
      #expect(position == first && largest.isNaN == row.contains(where: \.isNaN), "\(S.self) \(row)")
    }
  }

  @Test func `argMax is the first position at which max finds its result, NaN included`() {
    expectAgreement(Float.self)
    expectAgreement(Double.self)
    expectAgreement(Dual.self)
  }

  @Test(arguments: EarlyStopping.Rule.allCases)
  func `early stopping never takes NaN or infinity for the best, and counts them`(rule: EarlyStopping.Rule) {
    var state = EarlyStopping.State()
    var best: [Bool] = []
    for (epoch, loss) in [Double.nan, .infinity, 2, .nan, .nan, 1.5, .infinity].enumerated() {
      best.append(state.observe(loss, epoch: epoch, rule: rule))
      if epoch == 4 { #expect(state.count == 2) }
    }
    #expect(best == [false, false, true, false, false, true, false])
    #expect(state.bestLoss == 1.5 && state.bestEpoch == 5 && state.count == 1)
  }

  // MARK: Clipping

  private func clipped<S: Scalar>(_ gradient: [S], to limit: Double) throws -> [Double] {
    let w = Parameter<S>(.zeros([gradient.count]), name: "w")
    let step = TrainingStep<S>(optimizer: SGD(learningRate: 1), clipping: .norm(limit)) { x in
      (x * x.tape.parameter(w)).sum()
    }
    try step(Tensor(gradient))
    return w.value.elements.map { -$0.primal }
  }

  private func expectClose(
    _ found: [Double], _ expected: [Double], _ bound: Double, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(found.count == expected.count, sourceLocation: sourceLocation)
    let isClose = zip(found, expected).allSatisfy { abs($0 / $1 - 1) <= bound }
    #expect(isClose, "\(found) ≠ \(expected)", sourceLocation: sourceLocation)
  }

  @Test func `clipping by norm holds from the smallest to the largest gradients`() throws {
    expectClose(try clipped([3e160, -4e160], to: 5), [3, -4], 1e-15)
    expectClose(try clipped([3e307, -4e307], to: 1e-3), [6e-4, -8e-4], 1e-15)
    expectClose(try clipped([1.2e308, 1.6e308, 16], to: 2), [1.2, 1.6, 1.6e-307], 1e-12)
    expectClose(try clipped([3e-170, -4e-170], to: 5e-180), [3e-180, -4e-180], 1e-15)
    expectClose(try clipped([3e-170, -4e-170], to: 1), [3e-170, -4e-170], 0)
    let tiny = 7 * Double.leastNonzeroMagnitude
    expectClose(try clipped([tiny, -tiny], to: 1), [tiny, -tiny], 0)
    expectClose(try clipped([Float(1.8e38), -2.4e38], to: 1e-4), [6e-5, -8e-5], 3e-7)
    let small = 7 * Float.leastNonzeroMagnitude
    expectClose(try clipped([small, -small], to: 1), [Double(small), -Double(small)], 0)
    #expect(try clipped([0.0, 0], to: 1) == [0, 0])
  }

  @Test(arguments: [1, 2, 7, 8, 9, 15, 127, 128, 129, 4095, 4097, 9001])
  func `every gradient counts in the norm, once`(count: Int) throws {
    var gradient = [Double](repeating: 0, count: count)
    for place in Set([0, count / 2, count - 1]) {
      gradient[place] = 3
      let norm = 3 * Double(gradient.count { $0 != 0 }).squareRoot()
      #expect(abs(try clipped(gradient, to: 1)[place] * norm - 3) < 1e-14)
    }
  }

  @Test func `the norm of many gradients is summed to the last digits`() throws {
    let gradient = [Double](repeating: 0.1, count: 1_000_003)
    let found = try clipped(gradient, to: 1)
    expectClose([found[0], found[1_000_002]], [1, 1].map { $0 / 1_000_003.0.squareRoot() }, 1e-14)
  }

  // MARK: Evaluation

  private func points(_ rows: [[Float]], _ labels: [Int32]) -> LabeledPoints {
    LabeledPoints(inputs: Tensor(rows), labels: labels, classNames: ["a", "b"])
  }

  @Test func `logits that are NaN have no accuracy: evaluation is refused and names the example`() throws {
    let predictor = Predictor<Float>(batchSize: 2) { $0 }
    for broken: [Float] in [[.nan, .nan], [1, .nan], [.nan, 1]] {
      let error = #expect(throws: NonFiniteOutputs.self) {
        try predictor.evaluate(on: points([[0, 1], [1, 0], [1, 2], broken], [0, 0, 1, 1]))
      }
      #expect(error?.description.contains("outputs for example 3 are not finite: [") == true)
      #expect(error?.description.contains("nan") == true)
    }
    #expect(throws: NonFiniteOutputs.self) { try predictor.evaluate(on: points([[.infinity, 1]], [0])) }
    #expect(throws: NonFiniteOutputs.self) { try predictor.evaluate(on: points([[-.infinity, -.infinity]], [0])) }
  }

  @Test func `a class that a model rules out costs nothing while it is not the label`() throws {
    let predictor = Predictor<Float>(batchSize: 2) { $0 }
    let metrics = try predictor.evaluate(on: points([[1, -.infinity]], [0]))
    #expect(metrics.loss == 0 && metrics.accuracy == 1)
    #expect(try predictor.evaluate(on: points([[1, -.infinity]], [1])).loss == .infinity)
  }

  /// Points whose labels nobody checks.
  private struct Unchecked: Dataset {
    let labels: [Int32]
    var count: Int { labels.count }
    var inputShape: Shape { [2] }
    var targetShape: Shape { .scalar }
    func fill(
      inputs: UnsafeMutableBufferPointer<Float>, targets: UnsafeMutableBufferPointer<Int32>, from rows: ArraySlice<Int>
    ) {
      inputs.update(repeating: 1)
      for (slot, row) in rows.enumerated() { targets[slot] = labels[row] }
    }
    func selecting(_ rows: ArraySlice<Int>) -> Unchecked { Unchecked(labels: rows.map { labels[$0] }) }
  }

  @Test(arguments: [-1, 2, Int32.min, Int32.max])
  func `a label that is no class of the model is refused`(label: Int32) throws {
    let predictor = Predictor<Float>(batchSize: 2) { $0 }
    #expect(try predictor.evaluate(on: Unchecked(labels: [0, 1, 0])).accuracy == 2.0 / 3)
    let error = #expect(throws: FeedError.self) { try predictor.evaluate(on: Unchecked(labels: [0, 1, label])) }
    let place = "evaluate: example 2 has the label \(label), and the model 2 outputs, for 0 ..< 2"
    #expect(error?.description.hasPrefix(place) == true, "\(error as Any)")
  }

  @Test func `outputs that are no rows of classes are refused`() async throws {
    let flat = Predictor<Float>(batchSize: 2) { $0.sum(axes: [1]) }
    let error = #expect(throws: FeedError.self) { try flat.evaluate(on: Unchecked(labels: [0, 1])) }
    #expect(
      error?.description
        == "evaluate: the model makes [] of an example of [2]; it must make [classes], a logit for each")
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Predictor<Float>(batchSize: 2) { $0.sum() }(.ones([2, 2]))
    }
    #expect(text(result).contains("Predictor: of a batch of 2 examples of [2] the model makes []; the first axis"))
  }

  @Test func `rows are checked at every step and every filling`() async throws {
    let images = LabeledImages(
      pixels: [UInt8](repeating: 1, count: 20), height: 1, width: 1, labels: [Int32](repeating: 0, count: 20),
      classNames: ["a"])
    let weight = Parameter<Float>(Tensor([[1]]), name: "w")
    let step = TrainingStep<Float>(optimizer: SGD()) { x, labels in
      crossEntropy(logits: x * x.tape.parameter(weight), labels: labels)
    }
    try step(rows: [0, 1][...], of: images)
    for rows in [[0, 20], [30, 1], [-1, 0]] {
      let error = #expect(throws: FeedError.self) { try step(rows: rows[...], of: images) }
      #expect(error?.description.hasPrefix("TrainingStep: there is no example ") == true)
    }
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let images = LabeledImages(pixels: [1, 2], height: 1, width: 1, labels: [0, 0], classNames: ["a"])
      let (inputs, targets) = (
        UnsafeMutableBufferPointer<Float>.allocate(capacity: 1),
        UnsafeMutableBufferPointer<Int32>.allocate(capacity: 1)
      )
      images.fill(inputs: inputs, targets: targets, from: [2][...])
    }
    #expect(text(result).contains("Dataset: there is no example 2 among 2"))
    let small = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let points = RegressionPoints(inputs: .ones([3, 2]), targets: .ones([3, 1]))
      let (inputs, targets) = (
        UnsafeMutableBufferPointer<Float>.allocate(capacity: 4),
        UnsafeMutableBufferPointer<Float>.allocate(capacity: 1)
      )
      points.fill(inputs: inputs, targets: targets, from: [0, 1][...])
    }
    #expect(text(small).contains("room for 4 inputs and 1 targets is too small for 2 examples"))
  }

  // MARK: Saving and loading

  /// w trained on w², which a rate above 1 drives away from 0, by one step an epoch.
  private func trainer(
    rate: Double, epochs: Int = 3, validation: Float = 1
  ) -> (trainer: Trainer<LabeledPoints>, weight: Parameter<Float>) {
    let weight = Parameter<Float>(Tensor([1]), name: "w")
    let step = TrainingStep<Float>(optimizer: SGD(learningRate: rate)) { x, _ in
      x.tape.parameter(weight).square().sum() + 0 * x.sum()
    }
    let predictor = Predictor<Float>(batchSize: 1) { x in x * x.tape.parameter(weight) }
    return (
      Trainer(
        step: step, predictor: predictor, training: points([[1, 1]], [0]),
        validation: points([[validation, validation]], [0]), epochs: epochs, batchSize: 1,
        generator: Generator(seed: 1)), weight
    )
  }

  @Test func `a training that diverges in its last update throws, and the last good checkpoint helps`() throws {
    let folder = try ScratchFolder()
    let url = folder.url.appendingPathComponent("run")
    let (trainer, weight) = trainer(rate: 0.4)
    try trainer.run(afterStep: { _ in false })
    try trainer.run(afterStep: { _ in trainer.progress.epoch < 1 })
    try Checkpoint.save(trainer, to: url)
    let good = try Data(contentsOf: url)
    trainer.step.optimizer.learningRate = 1e39
    let error = #expect(throws: TrainingError.self) { try trainer.run() }
    #expect(weight.value[0].isInfinite && trainer.history.count == 2)
    #expect(
      error?.description.hasPrefix("epoch 3, step 3: 'w' is not finite after the latest update: element 0 is ") == true)
    #expect(error?.description.hasSuffix("lower the learning rate (1e+39), or clip gradients.") == true)
    #expect(throws: TrainingError.self) { try Checkpoint.save(trainer, to: url) }
    #expect(try Data(contentsOf: url) == good, "the last good checkpoint stays")

    let (resumed, second) = self.trainer(rate: 0.25)
    try Checkpoint(contentsOf: url).restore(into: resumed)
    try resumed.run()
    #expect(resumed.history.count == 3 && abs(second.value[0] - 0.02) < 1e-6)
  }

  @Test func `weights that are finite but have no finite loss are not saved`() throws {
    let folder = try ScratchFolder()
    let url = folder.url.appendingPathComponent("run")
    let (trainer, weight) = trainer(rate: 1e25)
    try trainer.run(afterStep: { _ in false })
    #expect(weight.value[0].isFinite)
    let error = #expect(throws: TrainingError.self) { try Checkpoint.save(trainer, to: url) }
    #expect(error?.description.contains("the loss is not finite") == true)
    #expect(!FileManager.default.fileExists(atPath: url.path))
  }

  @Test func `testing before saving changes nothing`() throws {
    let (tried, plain) = (trainer(rate: 0.1), trainer(rate: 0.1))
    for _ in 0..<3 {
      try tried.trainer.step.requireFinite()
      try tried.trainer.run(afterStep: { _ in false })
      try plain.trainer.run(afterStep: { _ in false })
      #expect(tried.weight.value == plain.weight.value && tried.trainer.progress == plain.trainer.progress)
    }
  }

  @Test func `a validation loss that is not finite ends the training, and the epoch does not count`() throws {
    let infinite = Trainer(
      step: trainer(rate: 0.1).trainer.step,
      predictor: Predictor(batchSize: 1) { x in
        concatenate(
          [x.tape.constant(Tensor([[-.infinity]])), x.sum(axes: [1], keepingDimensions: true)], axis: 1)
      }, training: points([[1, 1]], [0]), validation: points([[1, 1]], [0]), epochs: 3, batchSize: 1,
      generator: Generator(seed: 1))
    let error = #expect(throws: TrainingError.self) { try infinite.run() }
    #expect(error?.failure == .validationLoss(.infinity) && error?.epoch == 1 && infinite.history.isEmpty)
    let (unclear, _) = trainer(rate: 0.1, validation: .nan)
    #expect(throws: NonFiniteOutputs.self) { try unclear.run() }
    #expect(unclear.history.isEmpty)
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func `weights that are not finite are neither saved nor loaded`(value: Float) throws {
    let folder = try ScratchFolder()
    let url = folder.url.appendingPathComponent("weights")
    var generator = Generator(seed: 1)
    let model = Linear<Float>(2, 2, name: "fc", using: &generator)
    let before = model.weight.value
    var file = Safetensors()
    try file.add("fc/weight", Tensor<Float>([[1, 2], [3, value]]))
    try file.add("fc/bias", Tensor<Float>([1, 2]))
    try file.write(to: url)
    let error = #expect(throws: FileError.self) { try model.load(from: url, input: [1, 2]) }
    #expect(error?.reason == .badValue && error?.place == .tensor("fc/weight"))
    #expect(error?.found == "\(value) at element 3")
    #expect(model.weight.value == before)

    model.weight.value = Tensor([[1, 2], [value, 3]])
    let written = try Data(contentsOf: url)
    let refused = #expect(throws: FileError.self) { try model.save(to: url, input: [1, 2]) }
    #expect(refused?.reason == .badValue && refused?.found == "\(value) at element 2")
    #expect(try Data(contentsOf: url) == written)
  }

  @Test func `numbers beyond the range of the model are refused`() throws {
    let folder = try ScratchFolder()
    let url = folder.url.appendingPathComponent("wide")
    var generator = Generator(seed: 1)
    let model = Linear<Float>(1, 1, bias: false, name: "fc", using: &generator)
    var file = Safetensors()
    try file.add("fc/weight", Tensor<Double>([[1e300]]))
    try file.write(to: url)
    #expect(throws: FileError.self) { try model.load(from: url, input: [1, 1]) }
  }
}
