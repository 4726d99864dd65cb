import Adjoint
import AdjointFiles
import AdjointLearning
import Foundation
import TestFiles
import Testing

/// What layers, losses, steps and checkpoints cannot work with ends in a sentence that names it, at the caller's line where
/// there is one.
struct WrongInputTests {
  static let calls: [(sentence: String, body: @Sendable () throws -> Void)] = [
    (
      "crossEntropy: the batch is empty, [0], and has no mean",
      { on([0, 3]) { _ = crossEntropy(logits: $0, labels: [Int]()) } }
    ),
    ("meanSquaredError: the batch is empty, [0, 1]", { on([0, 1]) { _ = meanSquaredError($0, $0) } }),
    ("meanAbsoluteError: the batch is empty", { on([0, 1]) { _ = meanAbsoluteError($0, $0) } }),
    ("huber: the batch is empty", { on([0, 1]) { _ = huber($0, $0) } }),
    ("smoothL1: the batch is empty", { on([0, 1]) { _ = smoothL1($0, $0) } }),
    ("gaussianNLL: the batch is empty", { on([0, 1]) { _ = gaussianNLL($0, $0, variance: $0) } }),
    ("poissonNLL: the batch is empty", { on([0, 1]) { _ = poissonNLL(logRates: $0, $0) } }),
    ("klDivergence: the batch is empty", { on([0, 2]) { _ = klDivergence(logProbabilities: $0, targets: $0) } }),
    ("binaryCrossEntropy: the batch is empty", { on([0, 2]) { _ = binaryCrossEntropy(logits: $0, targets: $0) } }),
    ("crossEntropy: the batch is empty", { on([0, 2]) { _ = crossEntropy(logits: $0, probabilities: $0) } }),
    ("hinge: the batch is empty", { on([0, 2]) { _ = hinge($0, $0) } }),
    ("triplet: the batch is empty", { on([0, 2]) { _ = triplet(anchor: $0, positive: $0, negative: $0) } }),
    ("sum: axis 3 does not exist in [2, 3]", { on([2, 3]) { _ = cosineSimilarity($0, $0, axis: 3) } }),
    ("rotary: 2 positions from 9223372036854775807 on; begin between", { on([2, 4]) { _ = rotary($0, from: .max) } }),
    ("is an index; only numbers have a gradient", { try train { $0.argMax() } }),
    (
      "this step would train nothing: the parameters that the loss uses are in frozen groups: ",
      { try train(ParameterGroup(.all, isFrozen: true)) { $0.sum() } }
    ),
    (
      "did not train this 'w', but another of that name; it trained w",
      {
        let w = Parameter<Float>(Tensor([1, 2]), name: "w")
        let step = TrainingStep<Float>(optimizer: SGD()) { ($0.tape.parameter(w) * $0).sum() }
        try step(Tensor<Float>([1, 2]))
        _ = step.gradient(of: Parameter(Tensor([1, 2]), name: "w"))
      }
    ),
  ]

  /// Layers have no place to hand on: they say what they are.
  static let layers: [(sentence: String, body: @Sendable () -> Void)] = [
    (
      "with positions below 3, here from 9223372036854775807 on",
      { with { _ = LearnedPositions<Float>(3, 4, using: &$0)(ones([1, 2, 4]), from: .max) } }
    ),
    (
      "LSTMCell: 3 → 2, 56 parameters: the state has no cell; give RecurrentState(hidden:cell:)",
      { cell(LSTMCell.self, [2, 2], nil) }
    ),
    ("the state has shape [1, 2]; it must be [2, 2]", { cell(LSTMCell.self, [1, 2], [1, 2]) }),
    ("length 5 of row 1 is not between 0 and the 4 steps of the batch", { lengths([1, 5]) }),
    ("length -1 of row 0", { lengths([-1, 2]) }),
  ]

  private static func ones(_ shape: Shape) -> Variable<Float> { Tape<Float>().input(.ones(shape)) }
  private static func on(_ shape: Shape, _ body: (Variable<Float>) -> Void) { body(ones(shape)) }
  private static func with(_ body: (inout Generator) -> Void) {
    var generator = Generator(seed: 1)
    body(&generator)
  }
  private static func train(
    _ groups: ParameterGroup<Float>..., loss: @escaping (Variable<Float>) -> Variable<Float>
  ) throws {
    let w = Parameter<Float>(Tensor([1, 2]))
    let step = TrainingStep<Float>(optimizer: SGD(), groups: groups) { loss($0.tape.parameter(w)) }
    try step(Tensor<Float>([1]))
  }
  private static func cell(_ type: LSTMCell<Float>.Type, _ hidden: Shape, _ cell: Shape?) {
    with {
      let x = ones([2, 3])
      let state = RecurrentState(
        hidden: x.tape.constant(.ones(hidden)), cell: cell.map { x.tape.constant(.ones($0)) })
      _ = LSTMCell<Float>(3, 2, using: &$0)(x, from: state)
    }
  }
  private static func lengths(_ lengths: [Int32]) {
    with {
      let x = ones([2, 4, 3])
      _ = GRU<Float>(3, 2, using: &$0).run(x, lengths: x.tape.index(Tensor(lengths)))
    }
  }
  private func text(_ result: ExitTest.Result?) -> String {
    String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  }

  @Test(arguments: calls.indices)
  func `what cannot be meant traps with its name at the caller's line`(number: Int) async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      [number = number as Int] in
      try WrongInputTests.calls[number].body()
    }
    #expect(text(result).hasPrefix("AdjointLearningTests/WrongInputTests.swift:"), "\(text(result))")
    #expect(text(result).contains(Self.calls[number].sentence), "\(text(result))")
  }

  @Test(arguments: layers.indices)
  func `a layer says what it is and what it takes`(number: Int) async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      [number = number as Int] in
      WrongInputTests.layers[number].body()
    }
    #expect(text(result).contains(Self.layers[number].sentence), "\(text(result))")
  }

  @Test func `an empty batch has a sum, and losses one by one`() {
    let x = Self.ones([0, 2])
    #expect(meanSquaredError(x, x, reduction: .sum).scalar == 0)
    #expect(meanSquaredError(x, x, reduction: .none).shape == [0, 2])
  }

  @Test func `lengths may be computed`() {
    Self.with {
      let x = Self.ones([2, 4, 3])
      let lengths = x.tape.input(Tensor([[0, 1, 0, 0], [0, 0, 0, 1]])).argMax()
      #expect(GRU<Float>(3, 2, using: &$0).run(x, lengths: lengths).outputs.shape == [2, 4, 2])
    }
  }

  @Test func `a step that knows no parameters is not saved as if it were a training`() throws {
    let folder = try ScratchFolder()
    let file = folder.url.appending(path: "step.safetensors")
    let step = TrainingStep<Float>(optimizer: SGD()) { $0.sum() }
    let unknown = #expect(throws: FileError.self) { try Checkpoint.save(step, to: file) }
    #expect("\(unknown as Any)".contains("a step that has recorded nothing"))
    let none = #expect(throws: FileError.self) { try Checkpoint.save([TrainingStep<Float>](), to: file) }
    #expect("\(none as Any)".contains("found no step"))
    #expect(!FileManager.default.fileExists(atPath: file.path))
  }

  @Test func `an optimiser that keeps nothing says so of a file that holds more`() throws {
    let folder = try ScratchFolder()
    let file = folder.url.appending(path: "step.safetensors")
    func step(_ optimizer: some Optimizer) throws -> TrainingStep<Float> {
      let w = Parameter<Float>(Tensor([1, 2]), name: "w")
      let step = TrainingStep<Float>(optimizer: optimizer) { ($0.tape.parameter(w) * $0).sum() }
      try step.prepare(Tensor<Float>([1, 2]))
      return step
    }
    try Checkpoint.save(step(Adam()), to: file)
    let error = #expect(throws: FileError.self) { try Checkpoint(contentsOf: file).restore(into: step(SGD())) }
    #expect("\(error as Any)".contains("expected none under 'optimizer/', found a tensor"), "\(error as Any)")
    #expect("\(error as Any)".contains("Give the step the optimiser that it was saved with"), "\(error as Any)")
  }
}
