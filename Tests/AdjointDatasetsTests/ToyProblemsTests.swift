import Adjoint
import AdjointDatasets
import Foundation
import Testing

@Suite("Toy problems")
struct ToyProblemsTests {
  @Test("exclusive or has four corners")
  func xor() {
    #expect(LabeledPoints.xor.count == 4)
    for row in 0..<4 {
      let (a, b) = (LabeledPoints.xor.inputs[row, 0], LabeledPoints.xor.inputs[row, 1])
      #expect(LabeledPoints.xor.labels[row] == (a == b ? 0 : 1))
    }
  }

  @Test("scattered exclusive or stays near its corners")
  func scatteredXOR() {
    var generator = Generator(seed: 1)
    let points = LabeledPoints.xor(count: 400, noise: 0.05, using: &generator)
    for row in 0..<400 {
      let (a, b) = (points.inputs[row, 0] > 0.5, points.inputs[row, 1] > 0.5)
      #expect(points.labels[row] == (a == b ? 0 : 1))
    }
  }

  @Test("spirals lie on their arms when there is no noise", arguments: [1, 2, 3])
  func spirals(classes: Int) {
    var generator = Generator(seed: 2)
    let points = LabeledPoints.spirals(count: 60, classes: classes, turns: 2, noise: 0, using: &generator)
    #expect(points.classCount == classes)
    for row in 0..<60 {
      let (x, y) = (Double(points.inputs[row, 0]), Double(points.inputs[row, 1]))
      let radius = (x * x + y * y).squareRoot()
      let angle = 2 * Double.pi * (2 * radius + Double(points.labels[row]) / Double(classes))
      #expect(radius <= 1.000_001)
      #expect(abs(x - radius * cos(angle)) < 1e-4)
      #expect(abs(y - radius * sin(angle)) < 1e-4)
    }
  }

  @Test("moons lie on their half circles when there is no noise")
  func moons() {
    var generator = Generator(seed: 3)
    let points = LabeledPoints.moons(count: 50, noise: 0, using: &generator)
    #expect(points.labels.filter { $0 == 1 }.count == 25)
    for row in 0..<50 {
      let (x, y) = (points.inputs[row, 0], points.inputs[row, 1])
      let (dx, dy) = points.labels[row] == 0 ? (x, y) : (1 - x, 0.5 - y)
      #expect(abs(dx * dx + dy * dy - 1) < 1e-5)
      #expect(dy >= -1e-6)
    }
  }

  @Test("the same seed gives the same points, another seed others")
  func seeds() {
    func moons(_ seed: UInt64) -> LabeledPoints {
      var generator = Generator(seed: seed)
      return LabeledPoints.moons(count: 20, using: &generator)
    }
    #expect(moons(1) == moons(1))
    #expect(moons(1) != moons(2))
  }

  @Test("samples of a function reach both ends of the interval")
  func function() {
    let points = RegressionPoints.samples(of: { $0 * $0 }, on: -1...3, count: 5)
    #expect(points.inputs == Tensor([[-1], [0], [1], [2], [3]]))
    #expect(points.targets == Tensor([[1], [0], [1], [4], [9]]))
  }

  @Test("random samples lie in the interval, and noise scatters them about the function")
  func noisyFunction() {
    var generator = Generator(seed: 4)
    let points = RegressionPoints.samples(of: sin, on: 0...2, count: 500, noise: 0.1, using: &generator)
    let errors = (0..<500).map { Double(points.targets[$0, 0]) - sin(Double(points.inputs[$0, 0])) }
    #expect(points.inputs.elements.allSatisfy { (0...2).contains($0) })
    let deviation = (errors.reduce(0) { $0 + $1 * $1 } / 500).squareRoot()
    #expect((0.08...0.12).contains(deviation))
  }
}
