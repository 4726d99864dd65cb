import Adjoint
import AdjointLearning
import Testing

/// The distributions from which weights begin.
struct InitializerTests {
  private static let (outputs, inputs) = (100, 300)

  /// An initialiser and what its numbers must look like for fanIn 300 and fanOut 100.
  struct Case: Sendable, CustomTestStringConvertible {
    let initializer: Initializer
    let mean: Double
    let variance: Double
    /// Half the width of the interval, for the uniform ones.
    let bound: Double?
    var testDescription: String { "\(initializer)" }
  }

  static let cases = [
    Case(initializer: .uniform(low: -1, high: 3), mean: 1, variance: 16 / 12.0, bound: 2),
    Case(initializer: .normal(mean: -2, deviation: 0.5), mean: -2, variance: 0.25, bound: nil),
    Case(initializer: .glorotUniform, mean: 0, variance: 2 / 400.0, bound: (6 / 400.0).squareRoot()),
    Case(initializer: .glorotNormal, mean: 0, variance: 2 / 400.0, bound: nil),
    Case(initializer: .heUniform, mean: 0, variance: 2 / 300.0, bound: (6 / 300.0).squareRoot()),
    Case(initializer: .heNormal, mean: 0, variance: 2 / 300.0, bound: nil),
    Case(initializer: .leCunUniform, mean: 0, variance: 1 / 300.0, bound: (3 / 300.0).squareRoot()),
    Case(initializer: .leCunNormal, mean: 0, variance: 1 / 300.0, bound: nil),
  ]

  private func draw(_ initializer: Initializer, seed: UInt64) -> [Double] {
    var generator = Generator(seed: seed)
    let tensor: Tensor<Double> = initializer.tensor(
      [Self.outputs, Self.inputs], fanIn: Self.inputs, fanOut: Self.outputs, using: &generator)
    #expect(tensor.shape == [Self.outputs, Self.inputs])
    return tensor.elements
  }

  @Test(arguments: cases)
  func `mean and variance are the formula's, within four standard errors`(_ item: Case) {
    let numbers = draw(item.initializer, seed: 5)
    let n = Double(numbers.count)
    let mean = numbers.reduce(0, +) / n
    let variance = numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n
    #expect(abs(mean - item.mean) <= 4 * (item.variance / n).squareRoot())
    // The variance of a sample variance is (κ − 1)σ⁴/n; κ is 3 for the normal distribution and 9/5 for the uniform one.
    #expect(abs(variance / item.variance - 1) <= 4 * ((item.bound == nil ? 2 : 0.8) / n).squareRoot())
  }

  @Test(arguments: cases)
  func `uniform numbers fill their interval and never leave it`(_ item: Case) {
    guard let bound = item.bound else { return }
    let distances = draw(item.initializer, seed: 6).map { abs($0 - item.mean) }
    #expect(distances.allSatisfy { $0 <= bound })
    #expect((distances.max() ?? 0) > 0.999 * bound)
  }

  @Test(arguments: cases)
  func `a seed gives the same numbers again, and another seed others`(_ item: Case) {
    #expect(draw(item.initializer, seed: 7) == draw(item.initializer, seed: 7))
    #expect(draw(item.initializer, seed: 7) != draw(item.initializer, seed: 8))
  }

  @Test func `zeros and constants draw nothing`() {
    var generator = Generator(seed: 1)
    let zeros: Tensor<Float> = Initializer.zeros.tensor([2, 3], fanIn: 3, fanOut: 2, using: &generator)
    let sevens: Tensor<Float> = Initializer.constant(7).tensor([2], fanIn: 3, fanOut: 2, using: &generator)
    #expect(zeros.elements == [0, 0, 0, 0, 0, 0] && sevens.elements == [7, 7])
    #expect(generator == Generator(seed: 1))
  }

  @Test func `a linear layer counts its inputs as fan-in and its outputs as fan-out`() {
    var generator = Generator(seed: 9)
    let layer = Linear<Double>(300, 100, initializer: .glorotUniform, using: &generator)
    #expect(layer.weight.shape == [100, 300])
    #expect(layer.weight.value.elements == draw(.glorotUniform, seed: 9))
    #expect(layer.bias?.value.elements == [Double](repeating: 0, count: 100))
    generator = Generator(seed: 9)
    let heLayer = Linear<Double>(300, 100, using: &generator)
    #expect(heLayer.weight.value.elements == draw(.heNormal, seed: 9))
  }

  @Test func `Float begins where Double does, rounded`() {
    var (a, b) = (Generator(seed: 3), Generator(seed: 3))
    let inFloat: Tensor<Float> = Initializer.heNormal.tensor([50], fanIn: 50, fanOut: 1, using: &a)
    let inDouble: Tensor<Double> = Initializer.heNormal.tensor([50], fanIn: 50, fanOut: 1, using: &b)
    #expect(inFloat.elements == inDouble.elements.map { Float($0) })
  }
}
