import Adjoint
import AdjointChecking
import AdjointLearning
import Testing

@Suite struct WhileTrainingTests {
  private let images: Tensor<Float>
  private let labels = Tensor<Int32>([0, 1, 2, 1])

  init() {
    var generator = Generator(seed: 5)
    images = Tensor(shape: [4, 6], elements: (0..<24).map { _ in Float(generator.normal()) })
  }

  private func model() -> MLP<Float> {
    var generator = Generator(seed: 9)
    return MLP<Float>([6, 8, 3], activation: .tanh, dropout: 0.25, using: &generator)
  }

  /// The error of a failing step, and its number.
  private func failure(_ step: TrainingStep<Float>, steps: Int = 6) throws -> (VerificationError, step: Int)? {
    for number in 1...steps {
      do {
        try step(images, labels)
      } catch let error as VerificationError {
        return (error, number)
      }
    }
    return nil
  }

  @Test("Checks pass on a sound model, dropout included, and change no bit of the training")
  func sound() throws {
    let (plain, checked) = (model(), model())
    let first = TrainingStep<Float>(optimizer: Adam()) { crossEntropy(logits: plain($0), labels: $1) }
    let second = TrainingStep<Float>(optimizer: Adam(), verifyingEvery: 3) {
      crossEntropy(logits: checked($0), labels: $1)
    }
    for _ in 0..<8 { #expect(try first(images, labels) == second(images, labels)) }
    for (a, b) in zip(plain.parameters, checked.parameters) { #expect(a.value.elements == b.value.elements) }
  }

  @Test("A wrong rule is thrown at the first check, with the report that names it")
  func wrongRule() throws {
    let model = model()
    let step = TrainingStep<Float>(optimizer: SGD(learningRate: 0.1), verifyingEvery: 500) { x, labels in
      crossEntropy(logits: x.tape.record(Ripple(fault: .factorTwo), model(x)), labels: labels)
    }
    let (error, number) = try #require(try failure(step))
    #expect(number == 1)
    guard case .wrongGradient(let report) = error.reason else {
      Issue.record("\(error)")
      return
    }
    #expect(report.findings.first?.operation == "ripple", "\(report)")
    let first = "\(error)".prefix { $0 != "\n" }
    #expect(
      first.hasPrefix("after step 1: the gradient of crossEntropy is wrong: in the rule of ripple (%"), "\(error)")
    #expect(first.count <= 140, "\(error)")
  }

  @Test("A value that changes between steps but was recorded as a constant makes the replay stale")
  func stale() throws {
    let model = model()
    let temperature = Parameter<Float>(Tensor(scalar: 1))
    let step = TrainingStep<Float>(optimizer: SGD(learningRate: 0.1), verifyingEvery: 2) { x, labels in
      crossEntropy(logits: model(x) * x.tape.constant(temperature.value), labels: labels)
    }
    try step(images, labels)
    temperature.value = Tensor(scalar: 2)
    let (error, number) = try #require(try failure(step))
    #expect(number == 2)
    guard case .staleReplay(let value, _, let replayed, let recorded) = error.reason else {
      Issue.record("\(error)")
      return
    }
    #expect(value == "loss" && replayed != recorded)
  }

  @Test("Control flow that the recording froze is noticed")
  func controlFlow() throws {
    let model = model()
    let isLate = Parameter<Float>(Tensor(scalar: 0))
    let step = TrainingStep<Float>(optimizer: SGD(learningRate: 0.1), verifyingEvery: 2) { x, labels in
      let logits = model(x)
      return crossEntropy(logits: isLate.value.elements[0] > 0 ? logits.tanh() : logits, labels: labels)
    }
    try step(images, labels)
    isLate.value = Tensor(scalar: 1)
    let (error, _) = try #require(try failure(step))
    guard case .otherOperations(let recorded, let afresh) = error.reason else {
      Issue.record("\(error)")
      return
    }
    #expect(afresh == recorded + 1)
  }

  @Test("A hook of one's own sees every step, and what it throws the step throws")
  func hook() throws {
    struct Enough: Error {}
    let model = model()
    let step = TrainingStep<Float>(optimizer: SGD(learningRate: 0.1)) { crossEntropy(logits: model($0), labels: $1) }
    var seen: [Int] = []
    step.afterStep = { step in
      seen.append(step.stepCount)
      if step.stepCount == 3 { throw Enough() }
    }
    try step(images, labels)
    try step(images, labels)
    #expect(throws: Enough.self) { try step(images, labels) }
    #expect(seen == [1, 2, 3])
  }
}
