import Adjoint
import AdjointLearning
import Foundation
import Testing

/// Losses of labels: smoothing, weights of classes, ignored labels, leading axes; against a loop from the definition.
struct LabelLossTests {
  private static let logits: Tensor<Double> = normal([2, 3, 4], seed: 21) * 2
  private static let labels: [Int] = [3, 0, 1, 0, 2, 3]
  private static let weights = Tensor([0.5, 2, 0, 1.25])

  /// ln softmax of row i.
  private static func logProbabilities(_ i: Int) -> [Double] {
    let z = Array(logits.elements[i * 4..<i * 4 + 4])
    let sum = z.reduce(0) { $0 + Foundation.exp($1) }
    return z.map { $0 - Foundation.log(sum) }
  }

  /// The losses of the rows and their weights.
  private static func expected(
    smoothing: Double, weights: [Double], ignoring: Int?
  ) -> (losses: [Double], weights: [Double]) {
    let rows = labels.enumerated().map { i, label -> (Double, Double) in
      if label == ignoring { return (0, 0) }
      let p = logProbabilities(i)
      var spread = 0.0
      for j in 0..<4 { spread -= weights[j] * p[j] }
      let hit = -weights[label] * p[label]
      return ((1 - smoothing) * hit + smoothing / 4 * spread, weights[label])
    }
    return (rows.map(\.0), rows.map(\.1))
  }

  @Test(arguments: [0, 0.1], [nil, 0, 3])
  func `cross-entropy with smoothing, weights and an ignored label is the loop's`(smoothing: Double, ignored: Int?) {
    for hasWeights in [false, true] {
      let weights = hasWeights ? Self.weights : Tensor([1, 1, 1, 1])
      let wanted = Self.expected(smoothing: smoothing, weights: weights.elements, ignoring: ignored)
      func loss(_ reduction: LossReduction) -> Variable<Double> {
        let tape = Tape<Double>()
        let labels = Tensor<Int32>(shape: [2, 3], elements: Self.labels.map(Int32.init))
        return crossEntropy(
          logits: tape.input(Self.logits), labels: tape.index(labels), smoothing: smoothing,
          classWeights: hasWeights ? weights : nil, ignoring: ignored, reduction: reduction)
      }
      let (total, weight) = (wanted.losses.reduce(0, +), wanted.weights.reduce(0, +))
      #expect(loss(.none).shape == [2, 3])
      #expect(distance(loss(.none).value.elements, wanted.losses) < 1e-13)
      #expect(abs(loss(.sum).scalar - total) < 1e-13)
      #expect(abs(loss(.mean).scalar - total / weight) < 1e-13)
    }
  }

  @Test func `probabilities with smoothing and weights are the loop's`() {
    let targets: Tensor<Double> = normal([2, 3, 4], seed: 22).softmax()
    let tape = Tape<Double>()
    let loss = crossEntropy(
      logits: tape.input(Self.logits), probabilities: tape.input(targets), smoothing: 0.2, classWeights: Self.weights)
    let rows: [Double] = (0..<6).map { i in
      let p = Self.logProbabilities(i)
      var sum = 0.0
      for j in 0..<4 {
        let target = 0.8 * targets.elements[i * 4 + j] + 0.05
        sum -= Self.weights[j] * target * p[j]
      }
      return sum
    }
    #expect(abs(loss.scalar - rows.reduce(0, +) / 6) < 1e-13)
  }

  @Test func `negative log-likelihood of log-probabilities is the cross-entropy of logits`() {
    let tape = Tape<Double>()
    let z = tape.input(Self.logits)
    let labels = tape.index(Tensor<Int32>(shape: [2, 3], elements: Self.labels.map(Int32.init)))
    let (a, b) = (
      negativeLogLikelihood(
        logProbabilities: z.logSoftmax(), labels: labels, classWeights: Self.weights, ignoring: 0),
      crossEntropy(logits: z, labels: labels, classWeights: Self.weights, ignoring: 0)
    )
    #expect(a.value == b.value)
  }

  @Test func `the number of classes stands for no class, and so does any integer among fixed labels`() {
    let tape = Tape<Double>()
    let z = tape.input(Tensor([[1, 2], [3, -1], [0, 0.5]]))
    let apart = crossEntropy(logits: tape.input(Tensor([[1, 2], [0, 0.5]])), labels: [1, 0])
    let byIndex = crossEntropy(logits: z, labels: tape.index(Tensor([1, 2, 0])), ignoring: 2)
    let byNumber = crossEntropy(logits: z, labels: [1, -100, 0], ignoring: -100)
    #expect(abs(byIndex.scalar - apart.scalar) < 1e-15 && byNumber.scalar == byIndex.scalar)
    #expect(gradient(of: byIndex, withRespectTo: z).value.elements[2...3].allSatisfy { $0 == 0 })
  }

  @Test(arguments: [0, 0.1])
  func `when all rows are ignored or weigh nothing, loss and gradient are 0`(smoothing: Double) {
    let tape = Tape<Float>()
    let z = tape.input(Tensor([[1, 2], [3, -1]]))
    let labels = tape.index(Tensor([1, 1]))
    let ignored = crossEntropy(logits: z, labels: labels, smoothing: smoothing, ignoring: 1)
    let weightless = crossEntropy(logits: z, labels: labels, classWeights: Tensor([1, 0]), ignoring: nil)
    for loss in [ignored, weightless] {
      #expect(loss.scalar == 0 && loss.scalar.sign == .plus)
      #expect(gradient(of: loss, withRespectTo: z).value.elements.allSatisfy { $0 == 0 })
    }
  }

  @Test func `a row that is ignored counts nothing though its logits are infinite`() {
    let tape = Tape<Double>()
    let z = tape.input(Tensor([[1, 2], [-.infinity, 0]]))
    let loss = crossEntropy(logits: z, labels: tape.index(Tensor([1, 0])), ignoring: 0)
    #expect(abs(loss.scalar - Foundation.log(1 + Foundation.exp(-1.0))) < 1e-15)
  }

  @Test func `without new options a loss records what it always did`() {
    let tape = Tape<Double>()
    let z = tape.input(Tensor([[1, 2], [3, -1]]))
    let loss = crossEntropy(logits: z, labels: tape.index(Tensor([1, 0])))
    #expect(loss.index == 5, "two leaves, logSoftmax, pick, mean, negate")
  }

  @Test func `the hinge loss of several classes is the loop's`() {
    let tape = Tape<Double>()
    let z = tape.input(Self.logits)
    let labels = tape.index(Tensor<Int32>(shape: [2, 3], elements: Self.labels.map(Int32.init)))
    let losses = Self.labels.enumerated().map { i, label -> Double in
      let row = Array(Self.logits.elements[i * 4..<i * 4 + 4])
      var sum = 0.0
      for j in 0..<4 where j != label { sum += max(0, 0.7 - row[label] + row[j]) }
      return sum / 4
    }
    let loss = hinge(scores: z, labels: labels, margin: 0.7, reduction: .none)
    #expect(loss.shape == [2, 3] && distance(loss.value.elements, losses) < 1e-14)
  }

  @Test func `what does not fit is said in a sentence`() async {
    let classes = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let tape = Tape<Float>()
      let z = tape.input(Tensor([[1, 2], [3, -1]]))
      _ = crossEntropy(logits: z, labels: tape.index(Tensor([1, 0])), classWeights: Tensor([1, 2, 3]))
    }
    #expect(text(classes).contains("crossEntropy: the class weights have shape [3]; give [2], one for each class"))
    let negative = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let tape = Tape<Float>()
      let z = tape.input(Tensor([[1, 2], [3, -1]]))
      _ = crossEntropy(logits: z, labels: tape.index(Tensor([1, 0])), ignoring: -100)
    }
    #expect(text(negative).contains("the label to ignore is -100; an index is never negative"))
    let weight = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let tape = Tape<Float>()
      let z = tape.input(Tensor([[1, 2], [3, -1]]))
      _ = crossEntropy(logits: z, labels: tape.index(Tensor([1, 0])), classWeights: Tensor([1, -2]))
    }
    #expect(text(weight).contains("the weight of class 1 is -2.0; it must be a finite number, 0 or above"))
  }

  @Test(arguments: [0, 0.25])
  func `what the logits of ignored rows are reaches neither loss nor gradient`(smoothing: Double) {
    func result(_ junk: [Double], hasNone: Bool) -> (loss: Tensor<Double>, gradient: Tensor<Double>) {
      let tape = Tape<Double>()
      let z = tape.input(Tensor([[1, 2, -1], junk, [0.5, 0, 3], junk]), name: "z")
      let none: Int32 = hasNone ? 3 : 2
      let loss = crossEntropy(
        logits: z, labels: tape.index(Tensor([0, none, 1, none])), smoothing: smoothing, ignoring: Int(none))
      return (loss.value, gradient(of: loss, withRespectTo: z).value)
    }
    for hasNone in [false, true] {
      let wanted = result([0, 0, 0], hasNone: hasNone)
      #expect(wanted.gradient.elements.contains { $0 != 0 })
      for junk in [[.nan, .nan, .nan], [.infinity, 0, 0], [-.infinity, -.infinity, -.infinity]] as [[Double]] {
        let found = result(junk, hasNone: hasNone)
        #expect(found.loss == wanted.loss && found.gradient == wanted.gradient, "\(junk): \(found)")
      }
    }
  }
}
