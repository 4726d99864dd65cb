import Adjoint
import Foundation
import Testing

/// The counter-based generator: known answers, streams, distributions and permutations.
@Suite struct GeneratorTests {
  /// From the known-answer file of Random123 (Salmon et al. 2011): counter, key, result, in 32-bit words.
  @Test func `Philox 4×32-10 gives the published answers`() {
    func answer(_ key: UInt64, _ low: UInt64, _ high: UInt64) -> [UInt32] {
      let block = Generator.philox(key: key, counter: (low, high))
      return [block.0, block.1].flatMap { [UInt32(truncatingIfNeeded: $0), UInt32(truncatingIfNeeded: $0 >> 32)] }
    }
    #expect(answer(0, 0, 0) == [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8])
    let ones = UInt64.max
    #expect(answer(ones, ones, ones) == [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd])
    #expect(
      answer(0x299f_31d0_a409_3822, 0x85a3_08d3_243f_6a88, 0x0370_7344_1319_8a2e)
        == [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1])
  }

  @Test func `A stream is a function of key and position`() {
    var generator = Generator(seed: 42)
    let words = (0..<10).map { _ in generator.next() }
    #expect(Set(words).count == 10)
    #expect(generator.position == 10)
    var later = Generator(key: generator.key, position: 7)
    #expect(later.next() == words[7])
    #expect((0..<10).map { Generator.word(key: 42, stream: 0, index: $0) } == words)
    var other = Generator(seed: 43)
    #expect(other.next() != words[0])
  }

  @Test func `Streams of different numbers are different, of the same the same`() {
    let root = Generator(seed: 1)
    var first: Set<UInt64> = []
    for a in 0..<6 as Range<UInt64> {
      for b in 0..<6 as Range<UInt64> {
        for c in 0..<6 as Range<UInt64> {
          var stream = root.stream(a, b, c)
          first.insert(stream.next())
        }
      }
    }
    #expect(first.count == 216)
    #expect(root.stream(1, 2, 3) == Generator(seed: 1).stream(1, 2, 3))
  }

  @Test func `Its whole state survives a checkpoint`() throws {
    var generator = Generator(seed: 9)
    for _ in 0..<5 { _ = generator.next() }
    var restored = try JSONDecoder().decode(Generator.self, from: JSONEncoder().encode(generator))
    #expect(restored == generator)
    #expect(restored.next() == generator.next())
  }

  @Test func `Uniform and normal numbers have their moments`() {
    var generator = Generator(seed: 5)
    let count = 20_000
    func moments(_ draw: () -> Double) -> (Double, Double, Double) {
      let x = (0..<count).map { _ in draw() }
      let mean = x.reduce(0, +) / Double(count)
      func central(_ k: Double) -> Double { x.reduce(0) { $0 + pow($1 - mean, k) } / Double(count) }
      return (mean, central(2), central(4))
    }
    let uniform = moments { generator.uniform() }
    #expect(abs(uniform.0 - 0.5) < 0.01 && abs(uniform.1 - 1.0 / 12) < 0.002 && abs(uniform.2 - 1.0 / 80) < 0.001)
    let normal = moments { generator.normal() }
    #expect(abs(normal.0) < 0.03 && abs(normal.1 - 1) < 0.04 && abs(normal.2 - 3) < 0.25)
    let ranged = (0..<1000).map { _ in generator.uniform(-3, -1) }
    #expect(ranged.allSatisfy { $0 >= -3 && $0 < -1 })
  }

  @Test func `A permutation names every position once, and each first position about equally often`() {
    var generator = Generator(seed: 77)
    var firsts = [Int](repeating: 0, count: 5)
    for _ in 0..<2000 {
      let order = generator.permutation(of: 5)
      #expect(order.sorted() == [0, 1, 2, 3, 4])
      firsts[order[0]] += 1
    }
    #expect(firsts.allSatisfy { abs($0 - 400) < 80 })
    #expect(generator.permutation(of: 0) == [] && generator.permutation(of: 1) == [0])
    var (a, b) = (Generator(seed: 3), Generator(seed: 3))
    #expect(a.permutation(of: 100) == b.permutation(of: 100))
  }

  @Test func `Tensors are drawn by shape in the order of single numbers`() {
    var (a, b) = (Generator(seed: 3), Generator(seed: 3))
    let x: Tensor<Float> = .normal([2, 3], mean: 1, deviation: 2, using: &a)
    #expect(x.shape == [2, 3] && x.elements == (0..<6).map { _ in Float(1 + 2 * b.normal()) })
    let y = Tensor.uniform([4], low: -1, high: 1, using: &a)
    #expect(y.elements == (0..<4).map { _ in b.uniform(-1, 1) })
    #expect(a == b && Tensor.normal([0], using: &a).elements.isEmpty)
  }

  @Test func `Code that is generic over scalars assigns with an operation`() {
    func walk<S: Scalar>(_: S.Type) -> S {
      var x: S = 3
      x += 2
      x *= 4
      x -= 5
      x /= 3
      return x
    }
    #expect(walk(Float.self) == 5 && walk(Double.self) == 5 && walk(Dual.self) == 5)
  }
}
