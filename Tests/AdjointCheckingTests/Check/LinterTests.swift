import Adjoint
import AdjointChecking
import AdjointLearning
import Testing

@Suite struct LinterTests {
  typealias Rule = Linter<Double>.Rule

  private static func normal(_ shape: Shape, _ scale: Double = 1, seed: UInt64 = 1) -> Tensor<Double> {
    var generator = Generator(seed: seed)
    return Tensor(shape: shape, elements: (0..<shape.elementCount).map { _ in scale * generator.normal() })
  }

  /// A sound classifier of 128 examples, to be broken in one place.
  private struct Classifier {
    var inputs = LinterTests.normal([128, 6])
    var hidden: (Variable<Double>) -> Variable<Double> = { $0.relu() }
    var shift = 0.0
    var weightScale = 1.0
    var loss: (Variable<Double>, Variable<Double>, [Variable<Double>]) -> Variable<Double> = { z, labels, _ in
      crossEntropy(logits: z, labels: labels)
    }

    func record(on tape: Tape<Double> = Tape()) -> Variable<Double> {
      let first = tape.parameter(Parameter(LinterTests.normal([16, 6], 0.5 * weightScale, seed: 2), name: "w1"))
      let bias = tape.parameter(Parameter(Tensor(repeating: shift, shape: [16]), name: "b1"))
      let second = tape.parameter(Parameter(LinterTests.normal([4, 16], 0.3, seed: 3), name: "w2"))
      let h = hidden(tape.input(inputs, name: "x").matmul(first, transposeB: true).addBias(bias)).labeled("hidden")
      let labels = tape.index(Tensor((0..<128).map { Int32($0 % 4) }), name: "labels")
      return loss(h.matmul(second, transposeB: true), labels, [first, second])
    }

    var findings: [Linter<Double>.Finding] { Linter(on: record()).run() }
  }

  private func only(_ findings: [Linter<Double>.Finding], _ rule: Rule) throws -> Linter<Double>.Finding {
    #expect(findings.map(\.rule) == [rule], "\(findings)")
    return try #require(findings.first)
  }

  @Test("Nothing is found in a sound classifier")
  func sound() { #expect(Classifier().findings == []) }

  @Test("Softmax before a cross-entropy of logits is found; a softmax elsewhere is not")
  func softmax() throws {
    var model = Classifier()
    model.loss = { z, labels, _ in crossEntropy(logits: z.softmax(), labels: labels) }
    let finding = try only(model.findings, .probabilitiesAsLogits)
    #expect(model.record().tape[finding.node ?? 0].operation is Softmax)
    #expect(finding.remedy.contains("leave out the softmax"))
    model.loss = { z, labels, _ in -(z.softmax().log().pick(labels)).mean() }
    #expect(model.findings == [])
  }

  @Test("Sigmoid before a binary cross-entropy of logits is found")
  func sigmoid() throws {
    var model = Classifier()
    model.loss = { z, labels, _ in binaryCrossEntropy(logits: z.sigmoid(), targets: labels.oneHot(4)) }
    _ = try only(model.findings, .probabilitiesAsLogits)
  }

  @Test(
    "A parameter behind stopGradient, one beside the loss, and one never recorded are unreachable; a frozen one is not")
  func unreachable() throws {
    var model = Classifier()
    model.hidden = { $0.relu().stopGradient() }
    #expect(model.findings.map(\.rule) == [.unreachableParameter, .unreachableParameter])
    #expect(model.findings.map(\.path) == ["w1", "b1"])

    let sound = Classifier().record()
    let unused = Parameter(Tensor<Double>([1, 2]), name: "unused")
    let finding = try only(Linter(on: sound, parameters: [unused]).run(), .unreachableParameter)
    #expect(finding.place == "unused (not recorded)")
    unused.isFrozen = true
    #expect(Linter(on: sound, parameters: [unused]).run() == [])

    let tape = Tape<Double>()
    let beside = tape.parameter(Parameter(Tensor([1.0]), name: "beside"))
    let used = tape.parameter(Parameter(Tensor([2.0]), name: "used"))
    #expect(Linter(on: (used * beside.step()).sum()).run().map(\.path) == ["beside"])
  }

  @Test("Dead units are found on 128 examples and counted; on 99 nothing is said")
  func dead() throws {
    var model = Classifier()
    model.shift = -3
    let finding = try only(model.findings, .deadUnits)
    #expect(finding.description.hasPrefix("hidden (%"))
    let hidden = model.record().tape[finding.node ?? 0]
    let alive = (0..<16).count { unit in (0..<128).contains { hidden.value[$0, unit] > 0 } }
    #expect(finding.problem.hasPrefix("\(16 - alive) of 16 units"))

    let tape = Tape<Double>()
    let x = tape.input(Self.normal([99, 4]), name: "x")
    let w = tape.parameter(Parameter(Self.normal([8, 4]), name: "w"))
    #expect(Linter(on: (x.matmul(w, transposeB: true) - 100).relu().mean()).run() == [])
  }

  @Test("A quarter of the units dead is not yet a finding, more is", arguments: [4, 5])
  func quarter(dead: Int) {
    let tape = Tape<Double>()
    let x = tape.input(Self.normal([100, 4]), name: "x")
    let w = tape.parameter(Parameter(Self.normal([16, 4]), name: "w"))
    let shift = Tensor((0..<16).map { $0 < dead ? -100.0 : 0 })
    let b = tape.parameter(Parameter(shift, name: "b"))
    let findings = Linter(on: x.matmul(w, transposeB: true).addBias(b).relu().mean()).run()
    #expect(findings.map(\.rule) == (dead > 4 ? [.deadUnits] : []))
  }

  @Test("Saturated hidden units are found, sigmoid and tanh", arguments: [Activation.sigmoid, .tanh])
  func saturated(activation: Activation) throws {
    var model = Classifier()
    model.hidden = { activation($0) }
    #expect(model.findings == [])
    model.weightScale = 30
    let finding = try only(model.findings, .saturatedUnits)
    #expect(finding.path == "hidden")
  }

  @Test("A recording that computes later has the same findings", arguments: [Activation.relu, .tanh])
  func later(activation: Activation) {
    var model = Classifier()
    model.hidden = { activation($0) }
    (model.weightScale, model.shift, model.inputs) = (30, -3000, model.inputs.map { 20 * $0 })
    let found = model.findings
    #expect(found.map(\.rule) == [.inputScale, activation == .relu ? .deadUnits : .saturatedUnits])
    for mode in [Mode.training, .inference] {
      let later = model.record(on: Tape(mode: mode, seed: 0, computesLater: true))
      #expect(Linter(on: later).run() == found)
    }
  }

  @Test("Raw bytes are far from unit scale, bytes / 255 are not, nor are standardised inputs")
  func inputs() throws {
    var generator = Generator(seed: 9)
    let bytes = Tensor<Double>(
      shape: [128, 6],
      elements: (0..<128 * 6).map { _ in generator.uniform().rounded() * generator.uniform(0, 255).rounded() })
    var model = Classifier()
    model.inputs = bytes
    let finding = try only(model.findings, .inputScale)
    #expect(finding.path == "x")
    #expect(finding.remedy.hasPrefix("divide by 255"))
    model.inputs = bytes.map { $0 / 255 }
    #expect(model.findings == [])
    model.inputs = Self.normal([128, 6], 1e-5)
    #expect(try only(model.findings, .inputScale).remedy == "standardise them")
  }

  @Test("A scale within the model counts: bytes that it divides by 255 are no finding")
  func scaledInside() {
    let tape = Tape<Double>()
    let x = tape.input(Self.normal([8, 6], 100), name: "x")
    let w = tape.parameter(Parameter(Self.normal([3, 6]), name: "w"))
    #expect(Linter(on: (x / 100).matmul(w, transposeB: true).square().mean()).run() == [])
    #expect(Linter(on: x.matmul(w, transposeB: true).square().mean()).run().map(\.rule) == [.inputScale])
  }

  @Test("A summed loss beside a penalty, and a penalty that is a mean, are found; mean and sum are sound")
  func penalties() throws {
    var model = Classifier()
    model.loss = { z, labels, weights in crossEntropy(logits: z, labels: labels) + l2Penalty(weights, 1e-3) }
    #expect(model.findings == [])
    model.loss = { z, labels, weights in
      crossEntropy(logits: z, labels: labels, reduction: .sum) + l2Penalty(weights, 1e-3)
    }
    #expect(try only(model.findings, .penaltyScale).problem.contains("128 terms"))
    model.loss = { z, labels, weights in
      crossEntropy(logits: z, labels: labels) + 1e-3 * weights[0].square().mean()
    }
    #expect(try only(model.findings, .penaltyScale).problem.contains("a mean over 96 weights"))
    model.loss = { z, labels, weights in  // Σ/N is a mean
      crossEntropy(logits: z, labels: labels, reduction: .sum) / 128 + l2Penalty(weights, 1e-3)
    }
    #expect(model.findings == [])
    model.loss = { z, labels, _ in crossEntropy(logits: z, labels: labels, reduction: .sum) }
    #expect(model.findings == [], "without a penalty a sum is as good as a mean")
  }

  @Test("Nothing is found in 200 sound random models, small batches and large")
  func randomModels() {
    for seed in 0..<200 {
      let model = RandomModel(seed: seed, batches: seed % 2 == 0 ? 2...5 : 100...128, widths: 16...24)
      #expect(Linter(on: model.loss).run() == [], "seed \(seed)")
    }
  }

  @Test("Nothing is found in the losses of the examples")
  func examples() {
    var generator = Generator(seed: 7)
    // GradientInTenLines
    let lines = Tape<Double>()
    let (a, b) = (lines.input(Tensor([0.5, -1, 2]), name: "x"), lines.input(Tensor([1, 2, 3]), name: "w"))
    #expect(Linter(on: (b * a).tanh().sum()).run() == [])
    // FunctionRegression
    let xs = Tensor(shape: [50, 1], elements: (0..<50).map { -1 + 2 * Double($0) / 49 })
    let curve = MLP<Double>([1, 3, 1], activation: .tanh, initializer: .glorotUniform, using: &generator)
    let tape = Tape<Double>()
    let fit = meanSquaredError(curve(tape.input(xs)), tape.input(xs.map { $0 * $0 }))
    #expect(Linter(on: fit, parameters: curve.parameters).run() == [])
    // CustomArchitecture
    let (left, gate) = (
      Linear<Double>(2, 64, name: "left", using: &generator), Linear<Double>(2, 64, name: "gate", using: &generator)
    )
    let head = Linear<Double>(64, 2, name: "head", initializer: .glorotNormal, using: &generator)
    let spirals = Tape<Double>()
    let points = spirals.input(Self.normal([120, 2]))
    let labels = spirals.index(Tensor((0..<120).map { Int32($0 % 2) }))
    let gated = head(left(points).tanh() * gate(points).sigmoid())
    #expect(Linter(on: crossEntropy(logits: gated, labels: labels)).run() == [])
    // WrongDerivative: the linter does not look at rules.
    #expect(Linter(on: fourLayers(Double.self) { $0.tape.record(Ripple(fault: .sign), $0) }).run() == [])
  }

  @Test("The recording is left as it was, and a Float model is read as well")
  func untouched() {
    let tape = Tape<Float>()
    let w = tape.parameter(Parameter(Tensor<Float>([1, 2]), name: "w"))
    let loss = w.square().sum()
    let before = tape.description
    #expect(Linter(on: loss).run() == [])
    #expect(tape.description == before)
  }
}
