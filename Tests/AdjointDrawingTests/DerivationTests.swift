import Adjoint
import AdjointChecking
import AdjointDrawing
import AdjointGrading
import AdjointLearning
import Foundation
import Testing

/// What a derivation prints is what the tape computed: every line of every equation, evaluated from the tree that is printed.
@Suite struct DerivationTests {
  @Test("Every printed line of a random model has the value of its node", arguments: 0..<60)
  func randomModels(seed: Int) throws {
    let model = RandomClassifier(seed: UInt64(seed))
    let loss = model.record()
    let derivation = Derivation(of: loss)
    for line in derivation.deviations() {
      #expect(line.deviation < 1e-12, "\(model): (\(line.equation)) line \(line.line)\n\(derivation)")
    }
    // Nothing is left out: each parameter that the loss depends on has an equation, and it holds the gradient.
    for (leaf, _) in loss.tape.trainableParameters {
      let adjoint = try #require(derivation.backward.adjoint(of: leaf))
      #expect(derivation.equations.contains { $0.isBackward && $0.node == adjoint.index && $0.shape == leaf.shape })
    }
  }

  @Test("Every printed line of a random program has the value of its node", arguments: 0..<60)
  func randomPrograms(seed: UInt64) {
    let program = RandomProgram(seed: seed)
    let tape = Tape<Double>()
    let recording = program.record(on: tape)
    let loss = (recording.output * tape.constant(program.cotangent)).sum()
    let derivation = Derivation(of: loss, withRespectTo: recording.moving)
    for line in derivation.deviations() {
      #expect(line.deviation < 1e-11, "program \(seed): (\(line.equation)) line \(line.line)\n\(derivation)")
    }
    for x in recording.moving where derivation.backward.adjoint(of: x) != nil {
      let adjoint = derivation.backward.adjoint(of: x)
      #expect(derivation.equations.contains { $0.isBackward && $0.node == adjoint?.index })
    }
  }

  @Test("A line that says something else is found out", arguments: 0..<12)
  func mutations(seed: UInt64) {
    let derivation = Derivation(of: RandomClassifier(seed: seed).record())
    var tried = 0
    for equation in derivation.equations {
      for side in equation.sides {
        for wrong in side.mutations {
          let value = derivation.output.tape[equation.node].value.elements.map(abs).max() ?? 0
          guard value > 1e-3 else { continue }
          tried += 1
          #expect(
            derivation.deviation(of: wrong, from: equation.node) > 1e-9, "\(equation.name) = \(wrong.notation.text)")
        }
      }
    }
    #expect(tried > 10)
  }

  /// A 4-3-2 classifier of five examples.
  private func classifier(
    numbers: Bool = false, labels name: String? = "y", batch: Int = 5, notation: AdjointNotation = .bar,
    examples: ExampleLayout = .rows, unfolded: Bool = false
  ) -> Derivation<Double> {
    var generator = Generator(seed: 8)
    let tape = Tape<Double>()
    let model = MLP<Double>([4, 3, 2], activation: .relu, using: &generator)
    let x = tape.input(
      Tensor(shape: [batch, 4], elements: (0..<4 * batch).map { _ in generator.uniform(-1, 1) }), name: "x")
    let labels = tape.index(Tensor((0..<batch).map { Int32($0 % 2) }), name: name)
    return Derivation(
      of: crossEntropy(logits: model(x), labels: labels), numbers: numbers, notation: notation, examples: examples,
      unfolded: unfolded)
  }

  /// The right side of each equation by its left one.
  private func lines(_ derivation: Derivation<Double>) -> [String: String] {
    Dictionary(derivation.equations.map { ($0.name, $0.lines.last?.text ?? "") }) { first, _ in first }
  }

  @Test func `One example in columns reads as document 003 does, with δ for its g`() {
    let lines = lines(classifier(labels: nil, batch: 1, notation: .delta, examples: .columns))
    #expect(lines["z⁽¹⁾"] == "W⁽¹⁾·x + b⁽¹⁾" && lines["z⁽²⁾"] == "W⁽²⁾·a⁽¹⁾ + b⁽²⁾")
    #expect(lines["ŷ"] == "softmax(z⁽²⁾)" && lines["L"] == "−log(ŷ_t)")
    #expect(lines["δ⁽²⁾"] == "ŷ − y")
    #expect(lines["δ⁽¹⁾"] == "(W⁽²⁾ᵀ·δ⁽²⁾) ⊙ relu′(z⁽¹⁾)")
    #expect(lines["∂L/∂W⁽²⁾"] == "δ⁽²⁾·a⁽¹⁾ᵀ" && lines["∂L/∂W⁽¹⁾"] == "δ⁽¹⁾·xᵀ")
    #expect(lines["∂L/∂b⁽²⁾"] == "δ⁽²⁾" && lines["∂L/∂b⁽¹⁾"] == "δ⁽¹⁾")
    #expect(lines["∂L/∂a⁽¹⁾"] == nil)
  }

  @Test func `A batch in rows reads as Algorithm 6.1 of document 004 does`() {
    let lines = lines(classifier(labels: nil, notation: .delta))
    #expect(lines["z⁽²⁾"] == "a⁽¹⁾·W⁽²⁾ᵀ + b⁽²⁾" && lines["L"] == "−mean(log(ŷ_t))")
    #expect(lines["δ⁽²⁾"] == "(ŷ − y)/5")
    #expect(lines["δ⁽¹⁾"] == "(δ⁽²⁾·W⁽²⁾) ⊙ relu′(z⁽¹⁾)")
    #expect(lines["∂L/∂W⁽²⁾"] == "δ⁽²⁾ᵀ·a⁽¹⁾" && lines["∂L/∂b⁽²⁾"] == "Σ[0](δ⁽²⁾)")
  }

  @Test(arguments: AdjointNotation.allCases, ExampleLayout.allCases)
  func `Recorded steps stand before what they come to, on request`(notation: AdjointNotation, examples: ExampleLayout) {
    let derivation = classifier(notation: notation, examples: examples, unfolded: true)
    #expect(derivation.text.contains("logSoftmax(z⁽²⁾)"))
    #expect(derivation.equations.contains { $0.sides.count == 2 })
    #expect(derivation.deviations().allSatisfy { $0.deviation < 1e-14 })
  }

  @Test func `A net of one output has the loss of the field, and no name for −z`() {
    var generator = Generator(seed: 8)
    let tape = Tape<Double>()
    let x = tape.input(Tensor([[0.5, -1], [2, 0.3], [-0.7, 0.1]]), name: "x")
    let y = tape.input(Tensor([[1], [0], [1]]), name: "y")
    let z = MLP<Double>([2, 3, 1], activation: .sigmoid, using: &generator)(x)
    let derivation = Derivation(of: binaryCrossEntropy(logits: z, targets: y))
    let lines = lines(derivation)
    #expect(lines["ŷ"] == "σ(z⁽²⁾)" && lines["L"] == "−mean(y ⊙ log(ŷ) + (1 − y) ⊙ log(1 − ŷ))")
    #expect(lines["z̄⁽²⁾"] == "(ŷ − y)/3" && lines["z̄⁽¹⁾"] == "ā⁽¹⁾ ⊙ σ′(z⁽¹⁾)")
    #expect(lines.keys.allSatisfy { !$0.hasPrefix("u") && !$0.contains("a⁽²⁾") }, "\(derivation)")
  }

  @Test("A loss that is more than cross-entropy is not claimed to be it", arguments: 0..<4)
  func unclaimed(kind: Int) {
    var generator = Generator(seed: 8)
    let tape = Tape<Double>()
    let x = tape.input(Tensor([[0.5, -1, 0.2], [2, 0.3, 0.9]]), name: "x")
    let z = Linear<Double>(3, 3, name: "fc1", using: &generator)(x)
    let labels = tape.index(Tensor([0, 2]))
    let loss =
      switch kind {
      case 0: crossEntropy(logits: z, labels: labels, smoothing: 0.1)
      case 1: crossEntropy(logits: z, labels: labels, classWeights: Tensor([1, 2, 3]))
      case 2: crossEntropy(logits: z, labels: labels) + 0.1 * z.square().mean()
      default: crossEntropy(logits: 2 * z, labels: labels) + z.tanh().mean()
      }
    let derivation = Derivation(of: loss)
    #expect(kind == 3 || !derivation.text.contains("cross-entropy"), "\(derivation)")
    #expect(derivation.deviations().allSatisfy { $0.deviation < 1e-13 })
  }

  @Test func `A convolution is written as one, and a pooling by maximum as the place that won`() {
    var generator = Generator(seed: 8)
    let tape = Tape<Double>()
    let x = tape.input(
      Tensor(shape: [2, 12, 12, 1], elements: (0..<288).map { _ in generator.uniform(-1, 1) }), name: "x")
    let z = CNN<Double>(height: 12, width: 12, classes: 2, filters: [2], hidden: [3], using: &generator)(x)
    let derivation = Derivation(of: crossEntropy(logits: z, labels: tape.index(Tensor([0, 1]))), notation: .delta)
    let lines = lines(derivation)
    #expect(lines["z⁽¹⁾"]?.hasPrefix("conv[5,5](x, W⁽¹⁾) + b⁽¹⁾") == true, "\(derivation)")
    #expect(lines["δ⁽¹⁾"]?.hasPrefix("unpool[2,2; stride 2,2](∂L/∂p⁽¹⁾) ⊙ ") == true, "\(derivation)")
    #expect(!derivation.text.contains("reshape") && !derivation.text.contains("  u"), "\(derivation)")
    #expect(derivation.text.contains("slides a window") && derivation.text.contains("largest element of its window"))
    #expect(derivation.deviations().allSatisfy { $0.deviation < 1e-12 })
  }

  @Test func `The derivation of a two-layer classifier reads like a textbook`() {
    #expect(
      classifier().text == """
        Given
          x     [5×4]  input x
          y     [5]  index y
          W⁽¹⁾  [3×4]  parameter fc1/weight
          b⁽¹⁾  [3]  parameter fc1/bias
          W⁽²⁾  [2×3]  parameter fc2/weight
          b⁽²⁾  [2]  parameter fc2/bias

        ⊙ and ⊘ go element by element; · is the product of matrices, or with a number; the numbers beside Σ, mean, max and the like are the axes that they run over.

        Forward
          (1)  z⁽¹⁾ = x·W⁽¹⁾ᵀ + b⁽¹⁾   [5×3]
          (2)  a⁽¹⁾ = relu(z⁽¹⁾)   [5×3]
          (3)  z⁽²⁾ = a⁽¹⁾·W⁽²⁾ᵀ + b⁽²⁾   [5×2]
          (4)  ŷ = softmax(z⁽²⁾)   [5×2]
          (5)  e_y = oneHot(y)   [5×2]
          (6)  L = −mean(log(ŷ_y))
                 – the recorded steps come to this, compared at random points

        Backward: v̄ = ∂L/∂v has the shape of v
          (7)  L̄ = 1
          (8)  z̄⁽²⁾ = (ŷ − e_y)/5   [5×2]
                 – softmax with cross-entropy: the recorded rule comes to this, compared at random points; the entries of e_y add up to 1 for each example
          (9)  b̄⁽²⁾ = Σ[0](z̄⁽²⁾)   [2]
                 – b⁽²⁾ is added to 5 rows: its adjoint is the sum over them
          (10) W̄⁽²⁾ = z̄⁽²⁾ᵀ·a⁽¹⁾   [2×3]
                 – ∂z⁽²⁾/∂W⁽²⁾ is a Kronecker product of a⁽¹⁾ and I: the product with it is the sum of 5 outer products
          (11) ā⁽¹⁾ = z̄⁽²⁾·W⁽²⁾   [5×3]
                 – ∂z⁽²⁾/∂a⁽¹⁾ is a Kronecker product of W⁽²⁾ and I: the product with it is one with W⁽²⁾
          (12) z̄⁽¹⁾ = ā⁽¹⁾ ⊙ relu′(z⁽¹⁾)   [5×3]
                 – ∂a⁽¹⁾/∂z⁽¹⁾ is diagonal: the product with it becomes ⊙
                 – relu′(z⁽¹⁾) = [a⁽¹⁾ ≠ 0]
          (13) b̄⁽¹⁾ = Σ[0](z̄⁽¹⁾)   [3]
                 – b⁽¹⁾ is added to 5 rows: its adjoint is the sum over them
          (14) W̄⁽¹⁾ = z̄⁽¹⁾ᵀ·x   [3×4]
                 – ∂z⁽¹⁾/∂W⁽¹⁾ is a Kronecker product of x and I: the product with it is the sum of 5 outer products
        """)
  }

  @Test func `Softmax and cross-entropy from probabilities become a difference too`() {
    let models = (0..<60).map { RandomClassifier(seed: $0) }.filter { $0.loss == .softmaxThenLog }
    #expect(models.count == 10)
    for model in models {
      let text = Derivation(of: model.record()).text
      #expect(text.contains("ŷ − t") && text.contains("softmax with cross-entropy"), "\(text)")
    }
  }

  @Test func `Targets whose rows do not add up to 1 are not simplified`() {
    let tape = Tape<Double>()
    let z = tape.input(Tensor(shape: [1, 3], elements: [0.1, 0.5, -0.2]), name: "z")
    let t = tape.input(Tensor(shape: [1, 3], elements: [0.5, 0.1, 0.1]), name: "t")
    let derivation = Derivation(of: crossEntropy(logits: z, probabilities: t), withRespectTo: [z])
    #expect(!derivation.text.contains("cross-entropy"))
    #expect(derivation.deviations().allSatisfy { $0.deviation < 1e-14 })
  }

  @Test func `A model in single precision is derived in its own numbers`() {
    var generator = Generator(seed: 8)
    let tape = Tape<Float>()
    let z = Linear<Float>(3, 2, name: "gate", using: &generator)(tape.input(.ones([3, 3]), name: "x"))
    let derivation = Derivation(of: (z.sigmoid() * 0.1).mean())
    #expect(derivation.deviations().allSatisfy { $0.deviation < 1e-6 })
    #expect(derivation.text.contains("z_gate = x·W_gateᵀ + b_gate") && derivation.text.contains("/10"), "\(derivation)")
  }

  @Test("Models with layers of other kinds are derived as they were recorded", arguments: ["cnn", "norms", "dropout"])
  func layers(kind: String) {
    var generator = Generator(seed: 8)
    let tape = Tape<Double>()
    func random(_ shape: Shape) -> Variable<Double> {
      tape.input(
        Tensor(shape: shape, elements: (0..<shape.elementCount).map { _ in generator.uniform(-1, 1) }), name: "x")
    }
    let z: Variable<Double>
    switch kind {
    case "cnn":
      let x = random([2, 12, 12, 1])
      z = CNN<Double>(height: 12, width: 12, classes: 2, filters: [2], hidden: [3], batchNorm: true, using: &generator)(
        x)
    case "norms":
      let x = random([3, 4])
      let first = Linear<Double>(4, 3, name: "fc1", using: &generator)(x)
      z = Linear<Double>(3, 2, name: "fc2", using: &generator)(LayerNorm<Double>(3, name: "norm")(first).gelu())
    default:
      let x = random([3, 4])
      z = MLP<Double>([4, 6, 2], dropout: 0.5, using: &generator)(x)
    }
    let labels = tape.index(Tensor((0..<z.shape[0]).map { Int32($0 % 2) }), name: "y")
    let derivation = Derivation(of: crossEntropy(logits: z, labels: labels))
    for line in derivation.deviations() {
      #expect(line.deviation < 1e-12, "(\(line.equation)) line \(line.line)\n\(derivation)")
    }
    #expect(derivation.text.contains("softmax with cross-entropy"))
  }

  @Test func `Uses of one value are added, and said to be`() {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([0.3, -0.2]), name: "x")
    let h = x.tanh().labeled("h")
    let derivation = Derivation(of: (h + h.sigmoid() * h).sum())
    #expect(derivation.text.contains("h is used 3 times: the contributions of its uses are added"), "\(derivation)")
    #expect(derivation.deviations().allSatisfy { $0.deviation < 1e-14 })
  }

  @Test func `Values are printed on request`() {
    let (plain, full) = (classifier(), classifier(numbers: true))
    #expect(full.text.count > plain.text.count && full.text.contains("⋮") == true)
    #expect(full.latex.contains(#"\begin{bmatrix}"#) && !plain.latex.contains(#"\begin{bmatrix}"#))
    #expect(full.mathML.contains("class=\"value\"") && !plain.mathML.contains("class=\"value\""))
  }
}

extension Formula {
  /// This tree with one thing wrong: a sign, or a factor, a summand or a function forgotten.
  fileprivate var mutations: [Formula] {
    guard case .apply(let operation, let inputs, let shape) = self else { return [] }
    var wrong: [Formula] = [.apply(Unary.negate, [self], shape)]
    for input in inputs where input.shape == shape && operation.isElementwise {
      if case .symbol = input { wrong.append(input) }
    }
    return wrong
  }
}
