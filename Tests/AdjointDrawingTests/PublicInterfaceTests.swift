import Adjoint
import AdjointChecking
import AdjointDatasets
import AdjointDrawing
import AdjointGrading
import AdjointLearning
import Foundation
import TestFiles
import Testing

/// What a stranger sees of every public type and of every trap.
struct PublicInterfaceTests {
  @Test func `a public function that traps is told its caller's place, and hands it on`() throws {
    let functions = try PublicInterface().functions
    #expect(functions.count > 120)
    let traps = [
      /\bfatalError\(/, /\.trap\(/, /\bcheck\(/, /\bchecked\(/, /\bcheckWindow\(/, /\.validate\(/, /\brequire\(/,
      /\.recordModel\(/,
    ]
    // Requirements of protocols, whose signatures have no room for a place.
    let required = [
      "callAsFunction(_ x: Variable<S>) -> Variable<S>", "callAsFunction(_ indices: Variable<S>) -> Variable<S>",
      "func step(_ z: Variable<S>, from", "func copy()", "func fill(", "func selecting(",
    ]
    let place = "file: StaticString = #fileID, line: UInt = #line"
    var count = 0
    for function in functions where traps.contains(where: { function.body.contains($0) }) {
      if required.contains(where: { function.signature.contains($0) }) { continue }
      let words = function.signature.split { $0.isWhitespace }.joined(separator: " ")
      #expect(words.contains(place), "\(function.file):\(function.line)")
      #expect(
        function.body.contains("file, line") || function.body.contains("line: line"),
        "\(function.file):\(function.line)")
      count += 1
    }
    #expect(count > 40)
  }

  @Test func `a value of every public type prints what it is, in at most 2 KB`() throws {
    let instances = try Instances()
    var seen: Set<String> = []
    for value in instances.all {
      let type = String(reflecting: Swift.type(of: value)).replacing(/<[^<>]*(<[^<>]*>)?[^<>]*>/, with: "")
      seen.insert(type)
      let text = "\(value)"
      let name = type.split(separator: ".").last.map(String.init) ?? type
      #expect(text != name && text != type && !text.isEmpty, "\(type) prints its name")
      #expect(
        text.firstMatch(of: /\b(Adjoint\w*|Swift|Foundation)\.[A-Z]/) == nil && !text.contains("0x"),
        "\(type) prints the names of its insides: \(text.prefix(200))")
      // A random program prints as the code that reproduces it.
      if type != "AdjointGrading.RandomProgram" { #expect(text.utf8.count <= 2048, "\(type): \(text.prefix(200))") }
    }
    let silent = ["AdjointDatasets.MNIST"]  // an enum without cases has no values
    let missing = try PublicInterface().types.filter { !seen.contains($0) && !silent.contains($0) }
    #expect(missing == [], "give Instances a value of each")
  }
}

/// A value of every public type, of a size that would show if it were printed whole.
private struct Instances {
  private(set) var all: [Any] = []

  init() throws {
    try addLearning()
    try addData()
    try addChecking()
    try addDrawing()
  }

  private mutating func add(_ values: Any...) { all += values }

  private mutating func addLearning() throws {
    var generator = Generator(seed: 1)
    let model = MLP<Float>([784, 32, 10], dropout: 0.1, using: &generator)
    let digits = DrawnDigits().training(300)
    let step = TrainingStep<Float>(
      optimizer: Adam(), schedule: .cosine(steps: 9), regularization: Regularization(l2: 1e-4), clipping: .norm(1)
    ) { crossEntropy(logits: model($0), labels: $1) }
    let predictor = Predictor<Float> { model($0) }
    add(TrainingStep<Float>(optimizer: SGD()) { $0.sum() }, Predictor<Float> { $0 })
    let trainer = Trainer(
      step: step, predictor: predictor, training: digits, validation: digits.prefix(100), epochs: 1, batchSize: 128,
      stopping: EarlyStopping(patience: 2), generator: generator)
    try trainer.run()
    let file = FileManager.default.temporaryDirectory.appendingPathComponent(
      "interface-\(UUID().uuidString).safetensors")
    defer { try? FileManager.default.removeItem(at: file) }
    try Checkpoint.save(trainer, settings: ["model": "784,32,10"], to: file)
    let result = try #require(trainer.history.last)
    add(step, predictor, trainer, result, try #require(result.validation), try Checkpoint(contentsOf: file))
    add(try Safetensors(contentsOf: file), step.profile {}, EarlyStopping(patience: 2), EarlyStopping.Rule.sinceBest)
    let other = Sequential<Float>((0..<200).map { _ in Linear<Float>(8, 8, using: &generator) })
    add(WeightNames.pytorch, try other.load(from: file, input: [1, 8], strict: false))
    add(SGD(), Momentum(), Momentum.Convention.averaged, Nesterov(), Adagrad(), RMSProp(), Adam(), AdamW())
    let wideStart = Tensor<Double>.ones([5000])
    add(LevenbergMarquardt(), LBFGS(), LBFGS().minimize(from: wideStart) { ($0 * $0).sum() }, Minimum.Reason.stalled)
    add(Schedule.warmUp(steps: 3, then: .cosine(steps: 5)), Regularization.none, Clipping.norm(1))
    add(
      model, Linear<Float>(784, 10, using: &generator), Conv2D<Float>(1, 8, size: 3, using: &generator),
      Sequential<Float>((0..<40).map { _ in ActivationLayer(.tanh) }), MaxPool2D<Float>(2), AveragePool2D<Float>(2),
      Flatten<Float>(), CNN<Float>(height: 28, width: 28, classes: 10, batchNorm: true, using: &generator),
      ActivationLayer<Float>(.relu), Dropout<Float>(rate: 0.5), LayerNorm<Float>(500), BatchNorm<Float>(500),
      Conv1D<Float>(1, 8, size: 3, padding: .sides(left: 2), using: &generator),
      ConvTranspose2D<Float>(4, 8, size: 3, stride: 2, outputPadding: 1, groups: 2, using: &generator),
      ConvTranspose1D<Float>(4, 8, size: 3, using: &generator), MaxPool1D<Float>(2), AveragePool1D<Float>(2),
      AdaptiveAveragePool2D<Float>(7), AdaptiveMaxPool2D<Float>(7), Upsample<Float>(mode: .bilinear),
      GroupNorm<Float>(4, 500), InstanceNorm<Float>(500), Padding.same, Padding.valid, Interpolation.nearest,
      PaddingMode.reflect, Activation.relu, Initializer.heNormal, LossReduction.mean, ClassificationLoss.crossEntropy)
    try addSequences(&generator)
    let wide = LabeledPoints(inputs: .zeros([1, 1000]), labels: [0], classNames: (0..<1000).map(String.init))
    let infinite = Predictor<Float> { $0 + .infinity }
    add(try #require(#expect(throws: NonFiniteOutputs.self) { try infinite.evaluate(on: wide) }))
    let error = #expect(throws: TrainingError.self) {
      try step(Tensor(repeating: .nan, shape: [128, 784]), [Int](repeating: 0, count: 128))
    }
    add(try #require(error))
    let tape = Tape<Float>()
    let probabilities = model(tape.input(digits.prefix(8).all.images)).softmax()
    let linter = Linter(on: crossEntropy(logits: probabilities, labels: digits.prefix(8).all.labels))
    add(linter, Linter<Float>.Rule.deadUnits, try #require(linter.run().first))
  }

  /// Layers for sequences, and what a step for any model is made of.
  private mutating func addSequences(_ generator: inout Generator) throws {
    let attention = MultiHeadAttention<Float>(64, heads: 8, isCausal: true, using: &generator)
    let tape = Tape<Float>()
    let x = tape.input(.ones([1, 2, 64]))
    var cache = KeyValueCache<Float>()
    _ = attention.attend(x, cache: &cache)
    let lstm = LSTMCell<Float>(64, 64, using: &generator)
    add(
      attention, cache, LearnedPositions<Float>(512, 64, using: &generator), RotaryPairs.halves,
      FeedForward<Float>(64, using: &generator), BlockNorm.layer,
      TransformerBlock<Float>(64, heads: 8, using: &generator), Embedding<Float>(5000, 64, using: &generator),
      Residual<Float>(Linear<Float>(8, 8, using: &generator)), RMSNorm<Float>(64),
      RNNCell<Float>(64, 64, using: &generator), lstm, GRUCell<Float>(64, 64, using: &generator),
      Recurrent(cells: [lstm]), RecurrentSteps.loop(recomputing: true), lstm.zeroState(3, on: tape))
    let fed: FedValue<Float> = try Tensor<Float>.ones([1000]).fed()
    add(Averaging.exponential(decay: 0.9), LAMB(), ParameterRule<Float>.vectors, fed)
    add(ParameterGroup<Float>(.named("encoder/"), rate: 0.1))
    let weight = Parameter<Float>(Tensor([1, 2]))
    var variables: [Any] = []
    let step = TrainingStep<Float>(of: Numbers.self, optimizer: SGD()) { numbers in
      variables.append(numbers)
      return (numbers.x * numbers.x.tape.parameter(weight)).sum()
    }
    try step(Numbers(x: Tensor([1, 2])))
    all += variables
  }

  private mutating func addData() throws {
    var generator = Generator(seed: 1)
    let digits = DrawnDigits().training(1000)
    let statistics = FeatureStatistics(of: digits)
    add(
      digits, digits.standardized(.perPixel(statistics)), statistics, Standardization.perPixel(statistics),
      DrawnDigits(),
      digits.batches(of: 128), digits.all, LabeledPoints.moons(count: 1000, using: &generator),
      LabeledPoints(inputs: .zeros([1, 2]), labels: [0], classNames: (0..<2000).map { "class \($0)" }),
      RegressionPoints.samples(of: sin, on: 0...1, count: 1000), CSVFormat(), CSVColumn.named("label"))
    var arrays = NPZ()
    for number in 0..<1000 { arrays.add("array \(number)", Tensor<Double>([1, 2])) }
    add(arrays)
    let folder = try ScratchFolder()
    let (images, labels) = (folder.url.appendingPathComponent("images"), folder.url.appendingPathComponent("labels"))
    try IDX(dimensions: [1000, 4, 4], bytes: [UInt8](repeating: 1, count: 16_000)).write(to: images)
    try IDX(dimensions: [1000], bytes: [UInt8](repeating: 0, count: 1000)).write(to: labels)
    add(try StoredImages(images: images, labels: labels, classNames: ["one"]))
  }

  private mutating func addChecking() throws {
    var generator = Generator(seed: 1)
    let model = MLP<Double>([20, 30, 5], using: &generator)
    let tape = Tape<Double>()
    let loss = crossEntropy(logits: model(tape.input(.ones([4, 20]))), labels: [0, 1, 2, 3])
    let check = GradientCheck(of: loss)
    let report = check.run()
    let difference = AdaptiveDifference().derivative(of: { $0 * $0 + $0 })
    add(check, GradientCheck<Double>.Mode.full, report, report.judgments[0], GradientCheck.verify(AddBias.self))
    add(Verdict.agree, Oracle.dual, Hypothesis.factor(2), Mechanism.rule, AdaptiveDifference(), difference)
    add(difference.curve, difference.curve.points[0])
    let plain = checkGradient(of: { $0.reduce(0, +) }, gradient: { $0 }, at: (1...50).map { Double($0) / 7 })
    add(plain, plain.entries[0])
    let faulty = GradientCheck(of: tape.record(Doubled(), tape.input(Tensor([1, 2]))).sum()).run()
    add(try #require(faulty.findings.first))
    let weight = Parameter<Double>(Tensor([1, 2]))
    let step = TrainingStep<Double>(optimizer: SGD(), verifyingEvery: 1) { x in
      x.tape.record(Doubled(), x * x.tape.parameter(weight)).sum()
    }
    add(try #require(#expect(throws: VerificationError.self) { try step(Tensor([1, 2])) }))
    let program = RandomProgram(seed: 1)
    let exercise = Exercise(on: loss)
    add(program, RandomProgram.Options(), program.record(on: Tape<Double>()), exercise)
    add(try exercise.grade(exercise.worksheet))
    add(
      try #require(#expect(throws: ExerciseError.self) { try exercise.grade("## This sheet\n\nrecording = 00000000") }))
    let sabotage = Sabotage([Reshape.self], includesSharedCode: false)
    add(sabotage, sabotage.run())
  }

  private mutating func addDrawing() throws {
    var generator = Generator(seed: 1)
    let layer = Linear<Double>(3, 2, name: "fc", using: &generator)
    let tape = Tape<Double>()
    let x = tape.input(.ones([1, 3]), name: "x")
    let loss = layer(x).tanh().sum()
    let graph = Graph(of: loss, backward: tape.backward(from: loss))
    let chain = JacobianChain(of: loss, withRespectTo: x)
    add(graph, graph.nodes[0], try #require(graph.nodes[0].adjoint), graph.edges[0], Graph.Kind.input)
    add(Drawing(of: graph), Drawing.Direction.down, Folding.layers, Explanation(of: loss), Derivation(of: loss))
    add(chain, chain.factors[0], JacobianChain<Double>.Association.leftToRight)
    add(try ScalarXRay(of: loss), ScalarXRayError.noScalarForm(operation: "f"))
    add(Explanation.Predictions.values(loss, of: x, targets: x))
    add(GraphvizError.notInstalled(program: "dot", searched: ["/usr/bin"]))
    try addPictures(of: loss, using: &generator)
  }

  private mutating func addPictures(of loss: Variable<Double>, using generator: inout Generator) throws {
    let convolution = Conv2D<Double>(1, 2, size: 3, name: "conv", using: &generator)
    let images = convolution(Tape<Double>().input(.ones([1, 5, 5, 1])))
    let attention = MultiHeadAttention<Double>(4, heads: 1, using: &generator)
    let mixed = attention(Tape<Double>().input(.ones([1, 3, 4])))
    add(try NeuronDiagram(of: loss), try UnitDiagram(of: loss), try LossSurface(of: loss, points: 3))
    add(try GradientFlow(of: loss), try FeatureMaps(of: images), try AttentionMaps(of: mixed), OrderOfThings())
    do { add(try AttentionMaps(of: loss)) } catch { add(error) }
  }
}

/// y = 2x, whose rule forgets the 2.
private struct Doubled: Adjoint.Operation {
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { for i in y.indices { y[i] = 2 * x[0][i] } }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [p.to(0, g)] }
}

/// The input of a step.
private struct Numbers: StepInput { var x: Tensor<Float> }
