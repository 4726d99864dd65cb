import Adjoint
import AdjointChecking
import Foundation
import Testing

/// Hand-written derivatives that meet kinks, `Float` and scales that nobody told: right ones are never convicted.
@Suite struct CheckNetworkTests {
  /// A perceptron of one hidden layer of ReLU units, differentiated by hand.
  struct Network {
    private let weights: [[Double]]
    private let biases: [Double]
    private let heads: [Double]
    let x: [Double]

    init(seed: UInt64, zeroBias: Bool = false, zeroInput: Bool = false) {
      var generator = Generator(seed: seed)
      weights = (0..<8).map { _ in (0..<6).map { _ in generator.normal() } }
      biases = (0..<8).map { _ in zeroBias ? 0 : generator.normal() }
      heads = (0..<8).map { _ in generator.normal() }
      x = (0..<6).map { _ in zeroInput ? 0 : generator.normal() }
    }

    /// Σ aᵢ relu(wᵢ·x + bᵢ), in the scalar asked for, and the units' arguments.
    private func units<S: BinaryFloatingPoint>(_ x: [Double], _: S.Type) -> (sum: S, arguments: [S]) {
      var (sum, arguments) = (S(0), [S]())
      for i in heads.indices {
        var z = S(biases[i])
        for j in x.indices { z += S(weights[i][j]) * S(x[j]) }
        sum += S(heads[i]) * max(z, 0)
        arguments.append(z)
      }
      return (sum, arguments)
    }

    func value(_ x: [Double]) -> Double {
      let s = units(x, Double.self).sum
      return tanh(s) + 0.3 * s
    }

    func single(_ x: [Double]) -> Double {
      let s = units(x, Float.self).sum
      return Double(tanh(s) + 0.3 * s)
    }

    func gradient(_ x: [Double]) -> [Double] {
      let (s, z) = units(x, Double.self)
      let slope = 1.3 - tanh(s) * tanh(s)
      return x.indices.map { j in
        heads.indices.reduce(0) { z[$1] > 0 ? $0 + heads[$1] * weights[$1][j] * slope : $0 }
      }
    }

    func wrong(_ x: [Double]) -> [Double] {
      var gradient = gradient(x)
      gradient[1] *= 1.001
      return gradient
    }
  }

  @Test("A ReLU network's gradient is never convicted, at kinks and beside them")
  func kinks() {
    for seed in 0..<UInt64(100) {
      for (zeroBias, zeroInput) in [(false, false), (true, false), (false, true)] {
        let network = Network(seed: seed, zeroBias: zeroBias, zeroInput: zeroInput)
        let report = checkGradient(of: network.value, gradient: network.gradient, at: network.x)
        #expect(report.agrees, "seed \(seed): \(report)")
      }
      let dead = Network(seed: seed, zeroBias: true, zeroInput: true)
      let report = checkGradient(of: dead.value, gradient: dead.gradient, at: dead.x)
      #expect(report.verdict == .cannotTell, "seed \(seed): \(report)")
    }
  }

  @Test("In Float inside, none is convicted either, and one that is wrong by a thousandth mostly is")
  func single() {
    var (agreed, convicted) = (0, 0)
    for seed in 0..<UInt64(100) {
      let network = Network(seed: seed)
      let right = checkGradient(of: network.single, gradient: network.gradient, at: network.x)
      #expect(right.verdict != .disagree, "seed \(seed): \(right)")
      agreed += right.agrees ? 1 : 0
      let wrong = checkGradient(of: network.value, gradient: network.wrong, at: network.x)
      convicted += wrong.verdict == .disagree ? 1 : 0
    }
    #expect(agreed >= 90 && convicted >= 94, "\(agreed), \(convicted)")
  }

  @Test(
    "A function may change over a length that x does not show", arguments: [0, 1e-6, 0.3, 50, 1e5])
  func hiddenScales(place: Double) {
    var convicted = 0
    for seed in 0..<UInt64(200) {
      let function = RandomFunction(seed: seed)
      func f(_ x: [Double]) -> Double { function.smooth(x[0] - place) }
      func slope(_ x: [Double]) -> [Double] { [function.smooth(Dual(x[0] - place, tangent: 1)).tangent] }
      let right = checkGradient(of: f, gradient: slope, at: [place])
      #expect(right.verdict != .disagree, "seed \(seed): \(right)")
      let wrong = checkGradient(of: f, gradient: { slope($0).map { 1.001 * $0 } }, at: [place])
      convicted += wrong.verdict == .disagree ? 1 : 0
    }
    #expect(convicted >= (place == 1e5 ? 150 : 192), "\(convicted)")
  }

  @Test("A claim of 0 convicts nobody where f is flat, and is convicted where f is not")
  func flat() {
    let flat = checkGradient(of: { max(0, $0[0]) }, gradient: { _ in [0] }, at: [-1])
    #expect(flat.agrees, "\(flat)")
    let beside = checkGradient(of: { 1 + max(0, $0[0]) }, gradient: { _ in [0] }, at: [-1e-30])
    #expect(beside.verdict == .cannotTell, "\(beside)")
    let saturated = checkGradient(of: { tanh($0[0]) }, gradient: { [1 / (cosh($0[0]) * cosh($0[0]))] }, at: [20])
    #expect(saturated.verdict == .cannotTell, "\(saturated)")
    let step = checkGradient(of: { $0[0] < 0.5 ? 0 : 1 }, gradient: { _ in [0] }, at: [0.5])
    #expect(step.verdict == .cannotTell, "\(step)")
    let dropped = checkGradient(of: { $0[0] + $0[1] * $0[1] }, gradient: { _ in [1, 0] }, at: [1, 3])
    #expect(dropped.hypothesis == "an entry was dropped", "\(dropped)")
  }
}
