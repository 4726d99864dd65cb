import Adjoint
import AdjointLearning
import Foundation
import Testing

/// Losses between numbers against their formulas, in both precisions, and at their edges.
struct NumberLossTests {
  private static let y: [Double] = [0.3, -2, 1.5, 0, 4, -0.25]
  private static let t: [Double] = [0.1, 1, 1.5, -1, 0.5, 0.75]

  /// A loss and the formula of one element.
  struct Sample: CustomTestStringConvertible, Sendable {
    let name: String
    let record: @Sendable (Variable<Double>, Variable<Double>, LossReduction) -> Variable<Double>
    let formula: @Sendable (Double, Double) -> Double
    var testDescription: String { name }
  }

  static let samples = [
    Sample(
      name: "meanAbsoluteError", record: { meanAbsoluteError($0, $1, reduction: $2) }, formula: { abs($0 - $1) }),
    Sample(
      name: "huber", record: { huber($0, $1, delta: 0.75, reduction: $2) },
      formula: { y, t in
        let e = abs(y - t)
        return e <= 0.75 ? 0.5 * e * e : 0.75 * (e - 0.5 * 0.75)
      }),
    Sample(
      name: "smoothL1", record: { smoothL1($0, $1, beta: 2, reduction: $2) },
      formula: { y, t in
        let e = abs(y - t)
        return e < 2 ? 0.5 * e * e / 2 : e - 1
      }),
    Sample(
      name: "hinge", record: { hinge($0, $1, margin: 0.5, reduction: $2) }, formula: { max(0, 0.5 - $0 * $1) }),
    Sample(
      name: "poissonNLL", record: { poissonNLL(logRates: $0, $1, reduction: $2) },
      formula: { Foundation.exp($0) - $1 * $0 }),
    Sample(
      name: "gaussianNLL",
      record: { y, t, reduction in
        let variance = y.tape.constant(Tensor([0.5, 2, 1, 0, 3, 0.1]))
        return gaussianNLL(y, t, variance: variance, epsilon: 0.25, reduction: reduction)
      },
      formula: { y, t in
        let v = [0.3: 0.5, -2: 2, 1.5: 1, 0: 0.25, 4: 3, -0.25: 0.25][y] ?? .nan
        return 0.5 * (Foundation.log(v) + (y - t) * (y - t) / v)
      }),
  ]

  @Test(arguments: samples, LossReduction.allCases)
  func `a loss is the formula's over all elements`(_ sample: Sample, _ reduction: LossReduction) {
    let tape = Tape<Double>()
    let loss = sample.record(tape.input(Tensor(Self.y)), tape.input(Tensor(Self.t)), reduction)
    let losses = zip(Self.y, Self.t).map(sample.formula)
    #expect(distance(loss.value.elements, reduced(losses, reduction)) < 1e-13)
  }

  @Test func `the slope of huber far off is δ, and nothing overflows`() {
    let tape = Tape<Float>()
    let y = tape.input(Tensor([1e30, -1e30, .infinity]))
    let loss = huber(y, tape.constant(Tensor([0, 0, 0])), delta: 2, reduction: .none)
    #expect(loss.value.elements == [2e30, 2e30, .infinity])
    #expect(gradient(of: loss.sum(), withRespectTo: y).value.elements == [2, -2, 2])
  }

  @Test(arguments: LossReduction.allCases)
  func `the divergence is Σ p (ln p − ln q), a probability of 0 counting 0`(_ reduction: LossReduction) {
    let p = Tensor([[0.25, 0, 0.75], [1, 0, 0]])
    let q = Tensor([[0.5, 0.25, 0.25], [0.125, 0.5, 0.375]])
    let tape = Tape<Double>()
    let (targets, logits) = (tape.input(p), tape.input(q.log()))
    let loss = klDivergence(logProbabilities: logits, targets: targets, reduction: reduction)
    let rows = [0.25 * Foundation.log(0.5) + 0.75 * Foundation.log(3), Foundation.log(8)]
    #expect(distance(loss.value.elements, reduced(rows, reduction)) < 1e-14)
    let total = klDivergence(logProbabilities: logits, targets: targets, reduction: .sum)
    #expect(gradient(of: total, withRespectTo: logits).value.elements == p.elements.map { -$0 })
    // ln p + 1 − ln q where p > 0; where p = 0 the rule sees the term as p (0 − ln q).
    let slopes = gradient(of: total, withRespectTo: targets).value.elements
    #expect(slopes.allSatisfy { $0.isFinite } && abs(slopes[2] - (Foundation.log(3) + 1)) < 1e-14)
  }

  @Test func `what has probability 0 costs nothing, though its log-probability is −∞`() {
    let tape = Tape<Double>()
    let q = tape.input(Tensor([[0, -.infinity]]))
    let loss = klDivergence(logProbabilities: q, targets: tape.constant(Tensor([[1, 0]])))
    #expect(loss.scalar == 0)
    #expect(gradient(of: loss, withRespectTo: q).value.elements == [-1, 0])
  }

  @Test func `the cosine is that of the angle, along any axis, and 0 with gradient 0 for a zero vector`() {
    let (a, b): (Tensor<Double>, Tensor<Double>) = (normal([3, 4], seed: 1), normal([3, 4], seed: 2))
    let tape = Tape<Double>()
    let (x, y) = (tape.input(a), tape.input(b))
    func cosine(_ i: [Int]) -> Double {
      func dot(_ a: Tensor<Double>, _ b: Tensor<Double>) -> Double {
        i.reduce(0) { $0 + a.elements[$1] * b.elements[$1] }
      }
      return dot(a, b) / (dot(a, a) * dot(b, b)).squareRoot()
    }
    let rows = (0..<3).map { row in cosine((0..<4).map { row * 4 + $0 }) }
    let columns = (0..<4).map { column in cosine((0..<3).map { $0 * 4 + column }) }
    #expect(distance(cosineSimilarity(x, y).value.elements, rows) < 1e-14)
    #expect(distance(cosineSimilarity(x, y, axis: 0).value.elements, columns) < 1e-14)
    let targets: [Double] = [1, -1, -1]
    let embedding = cosineEmbedding(x, y, targets: tape.constant(Tensor(targets)), margin: -0.3, reduction: .none)
    let losses = zip(rows, targets).map { $1 > 0 ? 1 - $0 : max(0, $0 + 0.3) }
    #expect(distance(embedding.value.elements, losses) < 1e-14)
    let zero = tape.input(Tensor([[0.0, 0]]))
    // All pairs, by shapes that broadcast.
    let pairs = cosineSimilarity(x.unsqueeze(axis: 1), y.unsqueeze(axis: 0)).value
    let count = x.shape[0]
    #expect(pairs.shape == [count, y.shape[0]])
    #expect(distance((0..<count).map { pairs[$0, $0] }, rows) < 1e-14)
    let one = cosineSimilarity(y.unsqueeze(axis: 1), x[0, ...], axis: 2).value
    #expect(distance([one[0, 0]], [rows[0]]) < 1e-14)
    let none = cosineSimilarity(zero, tape.constant(Tensor([[0, 0]])))
    #expect(none.value.elements == [0])
    #expect(gradient(of: none.sum(), withRespectTo: zero).value.elements == [0, 0])
  }

  @Test func `the triplet loss is that of distances, and its slope is finite where rows are equal`() {
    let tape = Tape<Double>()
    let a = tape.input(Tensor([[0, 0], [1, 1]]))
    let (p, n) = (tape.input(Tensor([[3, 4], [1, 1]])), tape.input(Tensor([[0, 1], [5, 1]])))
    let loss = triplet(anchor: a, positive: p, negative: n, reduction: .none)
    #expect(distance(loss.value.elements, [5, 0]) < 1e-5)
    let slopes = gradients(of: triplet(anchor: a, positive: p, negative: n, margin: 9), withRespectTo: [a, p, n])
    #expect(slopes.allSatisfy { $0.value.elements.allSatisfy { $0.isFinite } })
  }

  @Test func `what does not fit is said in a sentence`() async {
    let shapes = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let tape = Tape<Float>()
      _ = huber(tape.input(.zeros([8, 1])), tape.input(.zeros([3])))
    }
    #expect(text(shapes).contains("huber: the targets"))
    let delta = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let tape = Tape<Float>()
      _ = huber(tape.input(.zeros([8])), tape.input(.zeros([8])), delta: 0)
    }
    #expect(text(delta).contains("huber: delta is 0.0; it must be a finite number above 0"))
  }
}
