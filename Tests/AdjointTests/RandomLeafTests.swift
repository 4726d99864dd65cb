import Adjoint
import Testing

/// Random leaves: drawn by a counter-based generator keyed by seed, step, leaf and row, so that replay is exact.
@Suite struct RandomLeafTests {
  static let distributions: [Distribution] = [
    .uniform(low: -1, high: 3), .normal(mean: 1, deviation: 2), .bernoulli(probability: 0.8, value: 1.25),
  ]

  private func dropout(_ distribution: Distribution, rows: Int, seed: UInt64) -> (
    mask: Variable<Float>, y: Variable<Float>
  ) {
    let tape = Tape<Float>(seed: seed)
    let x = tape.input(.ones([rows, 8]))
    let mask = tape.random(distribution, shape: [rows, 8])
    return (mask, (x * mask).relu())
  }

  @Test("The first run is the recording, and steps differ from one another", arguments: distributions)
  func steps(distribution: Distribution) {
    let (mask, y) = dropout(distribution, rows: 4, seed: 7)
    let program = Program<Float>([y, mask])
    program.run()
    #expect(program.value(of: mask) == mask.value)
    #expect(program.value(of: y) == y.value)
    program.replay()
    #expect(program.value(of: mask) == mask.value, "a replay draws nothing")
    program.run()
    let second = program.value(of: mask)
    #expect(second != mask.value)
    program.run()
    #expect(program.value(of: mask) != second)
    program.step = 1
    program.run()
    #expect(program.value(of: mask) == second, "a step can be entered again")
    #expect(program.step == 2)
  }

  @Test("The same seed gives the same draws, another seed others, in any precision", arguments: distributions)
  func seeds(distribution: Distribution) {
    let mask = dropout(distribution, rows: 4, seed: 7).mask
    #expect(dropout(distribution, rows: 4, seed: 7).mask.value == mask.value)
    #expect(dropout(distribution, rows: 4, seed: 8).mask.value != mask.value)
    let wide = Program<Double>([mask])
    wide.run()
    #expect(wide.value(of: mask).converted(to: Float.self) == mask.value)
  }

  @Test("A row's draw does not depend on how many rows there are", arguments: distributions)
  func rows(distribution: Distribution) {
    let few = dropout(distribution, rows: 3, seed: 11).mask.value
    let many = dropout(distribution, rows: 9, seed: 11).mask.value
    #expect(many.rows(0..<3) == few)
    #expect(Set((0..<9).map { "\(many.rows([$0]).elements)" }).count > 1)
  }

  @Test func `Two leaves of one tape draw differently`() {
    let tape = Tape<Float>()
    let a = tape.random(.uniform(low: 0, high: 1), shape: [2, 3])
    let b = tape.random(.uniform(low: 0, high: 1), shape: [2, 3])
    #expect(a.value != b.value)
  }

  @Test func `Distributions have their moments`() {
    let tape = Tape<Double>(seed: 3)
    func moments(_ distribution: Distribution) -> (mean: Double, variance: Double, values: [Double]) {
      let x = tape.random(distribution, shape: [200, 100])
      return (x.mean().scalar, x.variance().scalar, x.value.elements)
    }
    let uniform = moments(.uniform(low: -1, high: 3))
    #expect(abs(uniform.mean - 1) < 0.04 && abs(uniform.variance - 16.0 / 12) < 0.04)
    #expect(uniform.values.allSatisfy { $0 >= -1 && $0 < 3 })
    let normal = moments(.normal(mean: 1, deviation: 2))
    #expect(abs(normal.mean - 1) < 0.06 && abs(normal.variance - 4) < 0.2)
    let kept = moments(.bernoulli(probability: 0.8, value: 1.25))
    #expect(abs(kept.mean - 1) < 0.02)
    #expect(kept.values.allSatisfy { $0 == 0 || $0 == 1.25 })
    #expect(moments(.bernoulli(probability: 0, value: 1)).mean == 0)
    #expect(moments(.bernoulli(probability: 1, value: 1)).mean == 1)
  }

  @Test func `Shapes without elements or rows are drawn too`() {
    let tape = Tape<Float>()
    for shape in [[0, 3], [3, 0], [0], []] as [Shape] {
      let x = tape.random(.uniform(low: 0, high: 1), shape: shape)
      let program = Program<Float>([x])
      program.run()
      #expect(program.value(of: x) == x.value)
    }
  }

  static let impossible: [Distribution] = [
    .uniform(low: 1, high: 0), .uniform(low: .nan, high: 1), .uniform(low: 0, high: .infinity),
    .uniform(low: -1e308, high: 1e308), .normal(mean: .nan, deviation: 1), .normal(mean: 0, deviation: -1),
    .normal(mean: 0, deviation: .nan), .normal(mean: .infinity, deviation: 1),
    .bernoulli(probability: -0.1, value: 1), .bernoulli(probability: 1.1, value: 1),
    .bernoulli(probability: .nan, value: 1), .bernoulli(probability: 0.5, value: .nan),
  ]

  @Test(arguments: impossible.indices) func `A distribution that does not exist traps`(number: Int) async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { [number] in
      print(Tape<Float>().random(RandomLeafTests.impossible[number], shape: [2]).value)
    }
    let said = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(said.contains("random: \(RandomLeafTests.impossible[number]): ") && said.contains("must be"), "\(said)")
  }

  @Test func `A distribution at the ends of its parameters is drawn`() {
    let tape = Tape<Float>()
    #expect(tape.random(.uniform(low: 2, high: 2), shape: [2]).value == Tensor([2, 2]))
    #expect(tape.random(.normal(mean: 2, deviation: 0), shape: [2]).value == Tensor([2, 2]))
    #expect(tape.random(.bernoulli(probability: 1, value: -.infinity), shape: [1]).value == Tensor([-.infinity]))
  }
}
