import Adjoint
import AdjointLearning
import Foundation
import Testing

/// Losses against plain loops in `Double`.
struct LossesTests {
  /// −ln softmax(z)[label] of one row.
  private static func crossEntropy(_ z: ArraySlice<Double>, _ label: Int) -> Double {
    let largest = z.max() ?? 0
    let sum = z.reduce(0) { $0 + Foundation.exp($1 - largest) }
    return largest + Foundation.log(sum) - z[z.startIndex + label]
  }

  private func logits(_ count: Int, deviation: Double = 3) -> [Double] {
    var generator = Generator(seed: 17)
    return (0..<count).map { _ in deviation * generator.normal() }
  }

  @Test(arguments: LossReduction.allCases)
  func `cross-entropy is the plain loop's`(_ reduction: LossReduction) {
    let z = logits(7 * 5)
    let labels: [Int32] = [0, 4, 2, 2, 1, 3, 0]
    let tape = Tape<Double>()
    let loss = AdjointLearning.crossEntropy(
      logits: tape.input(Tensor(shape: [7, 5], elements: z)), labels: tape.index(Tensor(labels)), reduction: reduction)
    let losses = (0..<7).map { Self.crossEntropy(z[$0 * 5..<$0 * 5 + 5], Int(labels[$0])) }
    #expect(distance(loss.value.elements, reduced(losses, reduction)) < 1e-12)
  }

  @Test func `class indices and their one-hot rows give the same loss and gradients`() {
    let z = Tensor(shape: [6, 4], elements: logits(24))
    let labels: [Int32] = [3, 0, 1, 1, 2, 3]
    let tape = Tape<Double>()
    let (x, index) = (tape.input(z), tape.index(Tensor(labels)))
    let hot = tape.constant(
      Tensor(shape: [6, 4], elements: labels.flatMap { label in (0..<4).map { $0 == label ? 1.0 : 0 } }))
    let byIndex = AdjointLearning.crossEntropy(logits: x, labels: index)
    let byRow = AdjointLearning.crossEntropy(logits: x, probabilities: hot)
    #expect(abs(byIndex.scalar - byRow.scalar) < 1e-14)
    let a = gradients(of: byIndex, withRespectTo: [x])[0].value.elements
    let b = gradients(of: byRow, withRespectTo: [x])[0].value.elements
    #expect(zip(a, b).allSatisfy { abs($0 - $1) < 1e-15 })
  }

  @Test func `soft targets weigh the log-probabilities`() {
    let (z, t) = ([1.0, -2, 0.5], [0.2, 0.3, 0.5])
    let tape = Tape<Double>()
    let loss = AdjointLearning.crossEntropy(
      logits: tape.input(Tensor([z])), probabilities: tape.constant(Tensor([t])))
    let expected = (0..<3).reduce(0) { $0 + t[$1] * Self.crossEntropy(z[...], $1) }
    #expect(abs(loss.scalar - expected) < 1e-14)
  }

  @Test func `logits of ±10⁴ neither overflow nor lose the answer`() {
    let tape = Tape<Float>()
    let z = tape.input(Tensor([[1e4, -1e4, 0], [-1e4, 1e4, 1e4]]))
    let loss = AdjointLearning.crossEntropy(logits: z, labels: tape.index(Tensor([1, 2])), reduction: .sum)
    #expect(abs(loss.scalar - (2e4 + 0.693_147_2)) < 4e-3)
    let gradient = gradients(of: loss, withRespectTo: [z])[0].value.elements
    let expected: [Float] = [1, -1, 0, 0, 0.5, -0.5]
    #expect(zip(gradient, expected).allSatisfy { abs($0 - $1) < 1e-6 })
  }

  @Test(arguments: LossReduction.allCases)
  func `binary cross-entropy is −t ln σ(z) − (1 − t) ln(1 − σ(z))`(_ reduction: LossReduction) {
    let (z, t) = (logits(8, deviation: 2), [0, 1, 1, 0, 0.25, 0.5, 1, 0])
    let tape = Tape<Double>()
    let loss = binaryCrossEntropy(
      logits: tape.input(Tensor(z)), targets: tape.constant(Tensor(t)), reduction: reduction)
    let losses = zip(z, t).map { z, t in
      let p = 1 / (1 + Foundation.exp(-z))
      return -t * Foundation.log(p) - (1 - t) * Foundation.log(1 - p)
    }
    #expect(distance(loss.value.elements, reduced(losses, reduction)) < 1e-12)
  }

  @Test func `binary cross-entropy of logits of ±10⁴ is finite and right, and so is its gradient`() {
    let tape = Tape<Float>()
    let z = tape.input(Tensor([1e4, -1e4, 1e4, -1e4, 100]))
    let loss = binaryCrossEntropy(logits: z, targets: tape.constant(Tensor([1, 0, 0, 1, 1])), reduction: .sum)
    #expect(loss.scalar == 2e4)
    #expect(gradients(of: loss, withRespectTo: [z])[0].value.elements == [0, 0, 1, -1, -Float(Foundation.exp(-100.0))])
  }

  @Test func `binary cross-entropy keeps the digits of a small loss`() {
    for z: Float in [14, 15, 40, 80] {
      let tape = Tape<Float>()
      let x = tape.input(Tensor([z, -z]))
      let loss = binaryCrossEntropy(logits: x, targets: tape.constant(Tensor([1, 0])), reduction: .sum)
      let exact = 2 * Foundation.log1p(Foundation.exp(-Double(z)))
      #expect(abs(Double(loss.scalar) - exact) <= 8 * Double(Float.ulpOfOne) * exact, "\(loss.scalar), not \(exact)")
    }
  }

  @Test func `what has probability 0 costs nothing, though its logit is infinite`() {
    let tape = Tape<Double>()
    let z = tape.input(Tensor([[0, -.infinity, 0]]))
    let t = tape.input(Tensor([[0.25, 0, 0.75]]))
    let loss = AdjointLearning.crossEntropy(logits: z, probabilities: t)
    #expect(abs(loss.scalar - Foundation.log(2)) < 1e-15)
    let g = gradients(of: loss, withRespectTo: [z])[0].value.elements
    #expect(zip(g, [0.25, 0, -0.25]).allSatisfy { abs($0 - $1) < 1e-15 }, "\(g)")
    let moved = jvp(of: loss, withRespectTo: [z], along: [Tensor([[1, 0, 0]])]).elements[0]
    #expect(abs(moved - 0.25) < 1e-15, "\(moved)")
    let certain = tape.input(Tensor([-.infinity, .infinity, -.infinity]))
    let fitting = binaryCrossEntropy(logits: certain, targets: tape.constant(Tensor([0, 1, 0])), reduction: .sum)
    #expect(fitting.scalar == 0)
    #expect(gradients(of: fitting, withRespectTo: [certain])[0].value == Tensor([0, 0, 0]))
    #expect(binaryCrossEntropy(logits: certain, targets: tape.constant(Tensor([0, 1, 1]))).scalar == .infinity)
  }

  @Test func `the derivative with respect to a target of 0 is that of the loss`() {
    let tape = Tape<Double>()
    let (z, t) = (tape.input(Tensor([[1, -2, 0.5]])), tape.input(Tensor([[1, 0, 0]])))
    let loss = AdjointLearning.crossEntropy(logits: z, probabilities: t)
    let g = gradients(of: loss, withRespectTo: [t])[0].value.elements
    #expect(zip(g, z.logSoftmax().value.elements).allSatisfy { $0 == -$1 })
  }

  @Test(arguments: LossReduction.allCases)
  func `the squared error is over all elements`(_ reduction: LossReduction) {
    let tape = Tape<Double>()
    let y = tape.input(Tensor([[1, 2], [3, 4], [5, 6]]))
    let t = tape.constant(Tensor([[1, 0], [3.5, 4], [2, 6]]))
    let loss = meanSquaredError(y, t, reduction: reduction)
    #expect(distance(loss.value.elements, reduced([0, 4, 0.25, 0, 9, 0], reduction)) < 1e-15)
  }

  @Test func `the loss of a batch is the mean of the losses of its parts`() {
    let z = logits(12)
    func loss(_ rows: Range<Int>) -> Double {
      let tape = Tape<Double>()
      let part = Tensor(shape: [rows.count, 3], elements: Array(z[rows.lowerBound * 3..<rows.upperBound * 3]))
      let labels = rows.map { Int32($0 % 3) }
      return AdjointLearning.crossEntropy(logits: tape.input(part), labels: tape.index(Tensor(labels))).scalar
    }
    #expect(abs(loss(0..<4) - (loss(0..<1) + 3 * loss(1..<4)) / 4) < 1e-14)
  }

  @Test func `penalties add over all weights, and their gradients are λ sign(w) and λw`() {
    let tape = Tape<Double>()
    let (a, b) = (tape.input(Tensor([[1, -2]])), tape.input(Tensor([[0.5], [0], [-4]])))
    let (l1, l2) = (l1Penalty([a, b], 0.1), l2Penalty([a, b], 0.1))
    #expect(abs(l1.scalar - 0.75) < 1e-15 && abs(l2.scalar - 0.05 * 21.25) < 1e-15)
    #expect(gradients(of: l1, withRespectTo: [b])[0].value.elements == [0.1, 0, -0.1])
    let gradient = gradients(of: l2, withRespectTo: [a])[0].value.elements
    #expect(abs(gradient[0] - 0.1) < 1e-16 && abs(gradient[1] + 0.2) < 1e-16)
  }

  @Test func `a penalty on nothing says so`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = l2Penalty([Variable<Double>](), 0.1)
    }
    #expect(text(result).contains("l2Penalty: there are no weights to penalise; give variables"))
  }
}
