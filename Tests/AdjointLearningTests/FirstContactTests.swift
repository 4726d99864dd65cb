import Adjoint
import AdjointFiles
import AdjointLearning
import TestFiles
import Testing

/// The mistakes of a first afternoon: each ends with a sentence at the line that made it, and none passes in silence.
struct FirstContactTests {
  private static func model(_ sizes: [Int] = [2, 4, 3]) -> MLP<Float> {
    var generator = Generator(seed: 3)
    return MLP<Float>(sizes, using: &generator)
  }

  private static let x = Tensor<Float>([[1, 2], [3, 4]])
  private static let labels = Tensor<Int32>([0, 2])
  private static let oneHot = Tensor<Float>([[1, 0, 0], [0, 0, 1]])

  private typealias Mistake = (line: UInt, words: [String], make: @Sendable () throws -> Void)

  /// Mistakes that trap, each with the line where it begins, of which the trap names one of the next dozen, and words of the
  /// sentence.
  private static let mistakes: [Mistake] = [
    (
      #line, ["this step would train nothing: the loss uses no parameter", "Call the model inside the step's closure"],
      {
        let step = TrainingStep<Float>(optimizer: SGD()) { x in x.sum() }
        try step(x)
      }
    ),
    (
      #line, ["would train nothing: the parameters that the loss uses are frozen: 'fc1/weight'", "isFrozen = false"],
      {
        let model = Self.model()
        for parameter in model.parameters { parameter.isFrozen = true }
        let step = TrainingStep<Float>(optimizer: SGD()) { crossEntropy(logits: model($0), labels: $1) }
        try step(x, labels)
      }
    ),
    (
      #line, ["would train nothing: no gradient of the loss reaches 'fc1/weight'", "stopGradient"],
      {
        let model = Self.model()
        let step = TrainingStep<Float>(optimizer: SGD()) {
          crossEntropy(logits: model($0).stopGradient(), labels: $1)
        }
        try step(x, labels)
      }
    ),
    (
      #line, ["its closure makes 'fc1/weight'", "Make the layer, or parameter, once, outside, and use it there"],
      {
        let step = TrainingStep<Float>(optimizer: SGD()) {
          var generator = Generator(seed: 1)
          let model = MLP<Float>([2, 3], using: &generator)
          return crossEntropy(logits: model($0), labels: $1)
        }
        try step(x, labels)
      }
    ),
    (
      #line, ["its closure makes an unnamed parameter [3, 2] of a linear layer without a name (number 1"],
      {
        let predictor = Predictor<Float> {
          var generator = Generator(seed: 1)
          let layer = Linear<Float>(2, 3, using: &generator)
          return layer($0)
        }
        _ = predictor(x)
      }
    ),
    (
      #line, ["Predictor: its closure returned a variable of another tape"],
      {
        let other = Tape<Float>().input(x)
        _ = Predictor<Float> { _ in other }(x)
      }
    ),
    (
      #line, ["TrainingStep: its closure returned a variable of another tape", "x.tape.constant(_:)"],
      {
        let model = Self.model()
        let other = Tape<Float>().input(x)
        let step = TrainingStep<Float>(optimizer: SGD()) { _ in model(other).sum() }
        try step(x)
      }
    ),
    (
      #line,
      [
        "crossEntropy: the labels, 'targets' [2], are numbers; they must be class indices (Int32), one a row",
        "One-hot rows go into crossEntropy(logits:probabilities:)",
      ],
      {
        let z = outputs
        _ = crossEntropy(logits: z, labels: z.tape.input(Tensor([0, 2]), name: "targets"))
      }
    ),
    (
      #line,
      [
        "crossEntropy: the labels, %1 t [2, 1], index, do not fit the outputs, %0 x [2, 3], input: give labels [2], one a row"
      ],
      {
        let z = outputs
        _ = crossEntropy(logits: z, labels: z.tape.index(Tensor([[0], [2]])))
      }
    ),
    (
      #line, ["crossEntropy: label 3 at position 1 is no class: outputs [2, 3] know 0 ..< 3"],
      { _ = crossEntropy(logits: outputs, labels: [0, 3]) }
    ),
    (
      #line, ["crossEntropy: the targets, %1 t [2], index, are class indices; give numbers"],
      {
        let z = outputs
        _ = crossEntropy(logits: z, probabilities: z.tape.index(labels))
      }
    ),
    (
      #line,
      ["meanSquaredError: the outputs, %1 t [2], index, are indices; give the numbers that the model computes first"],
      {
        let z = outputs
        _ = meanSquaredError(z.tape.index(labels), z)
      }
    ),
    (
      #line,
      [
        "meanSquaredError: the targets, %1 [3], input, do not fit the outputs, %0 x [3, 1], input: both must have one shape"
      ],
      {
        let z = column
        _ = meanSquaredError(z, z.tape.input(Tensor([1, 2, 3])))
      }
    ),
    (
      #line, ["meanSquaredError: the outputs [2, 3] and the targets [2, 3] are variables of two tapes"],
      { _ = meanSquaredError(outputs, Tape<Float>().input(oneHot)) }
    ),
    (
      #line, ["meanSquaredError: the labels, %1 [2, 3], input, are numbers"],
      {
        let z = outputs
        _ = ClassificationLoss.meanSquaredError(z, labels: z.tape.input(oneHot))
      }
    ),
    (
      #line, ["crossEntropy: these labels would be fixed in the recorded step", "step(inputs, labels)"],
      {
        let model = Self.model()
        let step = TrainingStep<Float>(optimizer: SGD()) { x in
          // The inner call is the one to mend.
          crossEntropy(logits: model(x), labels: [0, 2])
        }
        try step(x)
      }
    ),
    (
      #line, ["TrainingStep: the loss has shape [2, 3]; reduce it to one number"],
      {
        let model = Self.model()
        let step = TrainingStep<Float>(optimizer: SGD()) { model($0) }
        try step(x)
      }
    ),
    (
      #line,
      ["Predictor: of a batch of 256 examples of [2] the model makes []; the first axis must count the examples"],
      {
        let model = Self.model()
        _ = Predictor<Float> { model($0).sum() }(x)
      }
    ),
    (
      #line, ["Predictor: the inputs are a single number; give [n, …]"],
      { _ = Predictor<Float> { $0 }(Tensor(scalar: 1)) }
    ),
    (#line, ["MLP: [3] names no layer"], { _ = Self.perceptron([3], #fileID, #line) }),
    (#line, ["Linear: inputs is 0; it must be at least 1"], { _ = Self.perceptron([0, 3], #fileID, #line) }),
  ]

  private static var outputs: Variable<Float> { Tape<Float>().input(oneHot) }
  private static var column: Variable<Float> { Tape<Float>().input(Tensor([[1], [2], [3]])) }
  private static func perceptron(_ sizes: [Int], _ file: StaticString, _ line: UInt) -> MLP<Float> {
    var generator = Generator(seed: 1)
    return MLP<Float>(sizes, using: &generator, file: file, line: line)
  }

  @Test(arguments: 0..<21)
  func `a mistake traps with a sentence that begins with the caller's line`(number: Int) async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      [number = number as Int] in
      try FirstContactTests.mistakes[number].make()
    }
    let (line, words, _) = Self.mistakes[number]
    let place = text(result).prefixMatch(of: #/AdjointLearningTests/FirstContactTests.swift:(\d+): Fatal error: /#)
    let found = try #require(place.flatMap { UInt($0.1) }, "\(text(result))")
    #expect((line..<line + 12).contains(found), "\(text(result))")
    for word in words { #expect(text(result).contains(word), "\(text(result))") }
  }

  @Test func `every mistake of the list is tried`() { #expect(Self.mistakes.count == 21) }

  /// Layers that are given what does not fit them; a layer's call carries no place, so the layer comes first.
  private static let layers: [(sentence: String, call: @Sendable () -> Void)] = [
    ("Linear fc1: 2 → 4, 12 parameters takes […, 2]; it was given %0 x [2, 3]", { _ = Self.model()(outputs) }),
    ("LayerNorm: 4 features, ε 1e-05, 8 parameters takes […, 4]", { _ = LayerNorm<Float>(4)(outputs) }),
    ("BatchNorm norm: 4 features", { _ = BatchNorm<Float>(4, name: "norm")(outputs) }),
    (
      "Conv2D conv: 3 → 2 channels, 2 kernels 5 × 5, stride 1 × 1, padding 0 × 0, 152 parameters takes images of at least 5 × 5",
      {
        var generator = Generator(seed: 1)
        let layer = Conv2D<Float>(3, 2, size: 5, name: "conv", using: &generator)
        _ = layer(Tape<Float>().input(.zeros([1, 4, 8, 3])))
      }
    ),
    (
      "takes [batch, 256] or images [batch, 16, 16, 1]; it was given %0 x [2, 3]",
      {
        var generator = Generator(seed: 1)
        _ = CNN<Float>(height: 16, width: 16, classes: 3, using: &generator)(outputs)
      }
    ),
  ]

  @Test(arguments: 0..<5)
  func `a layer that does not fit names itself and what it takes`(number: Int) async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      [number = number as Int] in
      FirstContactTests.layers[number].call()
    }
    #expect(text(result).contains(Self.layers[number].sentence), "\(text(result))")
  }

  @Test func `a trap within a predictor shows the shape of an example beside that of the batch`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Predictor<Float> { FirstContactTests.model()($0) }(.zeros([1, 5]))
    }
    #expect(
      text(result).contains("it was given 'inputs of [5], predicted in batches of 256:' [256, 5]"), "\(text(result))")
  }

  @Test func `labels of any integers, as a tensor or a list, train the same bits`() throws {
    func trained(_ train: (TrainingStep<Float>) throws -> Float) throws -> [Float] {
      let model = Self.model()
      let step = TrainingStep<Float>(optimizer: SGD()) { crossEntropy(logits: model($0), labels: $1) }
      return try [train(step)] + model.parameters.flatMap(\.value.elements)
    }
    let (x, list) = (Self.x, [0, 2])
    let expected = try trained { try $0(x, Tensor<Int32>([0, 2])) }
    #expect(try trained { try $0(x, list) } == expected)
    #expect(try trained { try $0(x, [0, 2]) } == expected)
    #expect(try trained { try $0(x, Tensor([0, 2])) } == expected)
    #expect(try trained { try $0(x, Tensor<UInt8>([0, 2])) } == expected)
    #expect(try trained { try $0(x, Tensor<Int64>([0, 2])) } == expected)
    #expect(try trained { try $0(x, [0, 2] as [Int32]) } == expected)

    let logits = Tape<Float>().input(Self.oneHot)
    let loss = crossEntropy(logits: logits, labels: logits.tape.index(Self.labels)).scalar
    #expect(crossEntropy(logits: logits, labels: list).scalar == loss)
    #expect(crossEntropy(logits: logits, labels: Tensor([0, 2])).scalar == loss)
  }

  @Test func `a label that Int32 does not hold throws, and nothing is changed`() {
    let model = Self.model()
    let step = TrainingStep<Float>(optimizer: SGD()) { crossEntropy(logits: model($0), labels: $1) }
    let error = #expect(throws: FeedError.self) { try step(Self.x, [0, 1 << 40]) }
    #expect(
      error?.description
        == "label 1099511627776 at position 1 is no class index: Int32 does not hold it; number the classes from 0"
        && step.stepCount == 0)
  }

  @Test func `a parameter without a name is told by its shape, its layer and its place`() throws {
    var generator = Generator(seed: 1)
    let layer = Linear<Float>(2, 3, using: &generator)
    let step = TrainingStep<Float>(optimizer: SGD()) { layer($0).sqrt().sum() }
    layer.weight.value = Tensor([[0, 0], [0, 0], [0, 0]])
    let error = try #require(throws: TrainingError.self) { try step(Self.x) }
    let words =
      "an unnamed parameter [3, 2] of a linear layer without a name (number 1 in the order of use; a checkpoint calls "
    #expect(error.description.hasPrefix("step 1: the gradient of \(words)it 'linear/p0') is not finite"), "\(error)")
  }

  @Test func `a checkpoint that lacks an unnamed parameter says which one is meant`() throws {
    var generator = Generator(seed: 1)
    func layers(_ count: Int) -> Sequential<Float> {
      Sequential((0..<count).map { _ in Linear(2, 2, using: &generator) })
    }
    let folder = try ScratchFolder()
    let file = folder.url.appendingPathComponent("weights.safetensors")
    try layers(1).save(to: file, input: [1, 2])
    let error = try #require(throws: FileError.self) { try layers(2).load(from: file, input: [1, 2]) }
    let words = "for an unnamed parameter [2, 2] of a linear layer without a name (number 3 in the order of use"
    #expect("\(error)".contains(words) && "\(error)".contains("so give them names"), "\(error)")
  }

  @Test func `no rows are nothing to train on`() {
    let model = Self.model([1, 1])
    let step = TrainingStep<Float>(optimizer: SGD()) { meanSquaredError(model($0), $1) }
    let data = Pairs()
    let error = #expect(throws: FeedError.self) { try step(rows: [][...], of: data) }
    #expect(error?.description.contains("there are no rows to train on") == true)
  }

  /// Two numbers with their doubles.
  private struct Pairs: Dataset {
    let count = 2
    let inputShape: Shape = [1]
    let targetShape: Shape = [1]

    func fill(
      inputs: UnsafeMutableBufferPointer<Float>, targets: UnsafeMutableBufferPointer<Float>, from rows: ArraySlice<Int>
    ) {
      for (slot, row) in rows.enumerated() { (inputs[slot], targets[slot]) = (Float(row), Float(2 * row)) }
    }

    func selecting(_ rows: ArraySlice<Int>) -> Pairs { self }
  }
}
