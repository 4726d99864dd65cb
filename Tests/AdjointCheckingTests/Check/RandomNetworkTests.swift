import Adjoint
import AdjointChecking
import AdjointLearning
import Foundation
import Testing

/// Random ReLU networks: right at generic points, wrong when sabotaged, *cannot tell* exactly at a kink.
///
/// `ADJOINT_LONG_TESTS=1 swift test -c release --filter RandomNetworkTests` runs 10,000; else 500 in release, 50 in debug.
@Suite struct RandomNetworkTests {
  static let count: Int = {
    if ProcessInfo.processInfo.environment["ADJOINT_LONG_TESTS"] != nil { return 10_000 }
    #if DEBUG
      return 50
    #else
      return 500
    #endif
  }()

  /// A network of 1 to 4 hidden layers with random weights and biases, on a random batch.
  struct Network {
    let loss: Variable<Double>
    /// The values before each activation.
    let preactivations: [Variable<Double>]
    let activations: [Variable<Double>]

    /// - Parameters:
    ///   - fault: what is wrong with one activation, if anything.
    ///   - kink: puts the first example's first hidden unit exactly at 0.
    init(seed: Int, fault: Rectify.Fault? = nil, atKink: Bool = false) {
      var generator = Generator(seed: UInt64(seed)).stream(41)
      func size(_ range: ClosedRange<Int>) -> Int { range.lowerBound + Int(generator.uniform() * Double(range.count)) }
      func normal(_ shape: Shape, _ scale: Double) -> Tensor<Double> {
        Tensor(shape: shape, elements: (0..<shape.elementCount).map { _ in scale * generator.normal() })
      }
      let depth = size(1...4)
      let sizes = (0...depth + 1).map { _ in size(2...8) }
      let batch = size(1...5)
      let faulty = size(0...depth - 1)
      let tape = Tape<Double>()
      var x = tape.input(normal([batch, sizes[0]], 1), name: "x")
      var (before, after): ([Variable<Double>], [Variable<Double>]) = ([], [])
      for layer in 0...depth {
        let weight = Parameter(normal([sizes[layer + 1], sizes[layer]], (2 / Double(sizes[layer])).squareRoot()))
        let product = x.matmul(tape.parameter(weight), transposeB: true)
        var bias = normal([sizes[layer + 1]], 0.3)
        if atKink, layer == 0 { bias[linear: 0] = -product.value.elements[0] }
        x = product.addBias(tape.parameter(Parameter(bias)))
        guard layer < depth else { break }
        before.append(x)
        if let fault, layer == faulty {
          x = tape.record(Rectify(fault: fault), x)
        } else {
          x = x.relu()
        }
        after.append(x)
      }
      let labels = (0..<batch).map { _ in Int32(generator.uniform() * Double(sizes[depth + 1])) }
      loss = crossEntropy(logits: x, labels: tape.index(Tensor(labels)))
      (preactivations, activations) = (before, after)
    }

    var gradient: [Double] {
      let mark = loss.tape.count
      defer { loss.tape.truncate(to: mark) }
      return gradients(of: loss, withRespectTo: loss.tape.differentiableVariables).flatMap(\.value.elements)
    }
  }

  @Test("Networks at generic points agree; their sabotaged twins do not")
  func networks() {
    let faults = Rectify.Fault.allCases.filter { $0 != .none && $0 != .steepAtZero }
    var (agree, disagree, cannotTell) = (0, 0, 0)
    var (caught, missed, doubtful, blamed, unchanged) = (0, 0, 0, 0, 0)
    for seed in 0..<RandomNetworkTests.count {
      let network = Network(seed: seed)
      let report = GradientCheck(of: network.loss, mode: .directional(1), seed: UInt64(seed)).run()
      switch report.verdict {
      case .agree: agree += 1
      case .disagree:
        disagree += 1
        Issue.record("seed \(seed): \(report)")
      case .cannotTell: cannotTell += 1
      }

      let twin = Network(seed: seed, fault: faults[seed % faults.count])
      let change = zip(network.gradient, twin.gradient).map { ($0 - $1) * ($0 - $1) }.reduce(0, +).squareRoot()
      guard change > report.judgments.first?.bound ?? 0 else {
        unchanged += 1
        continue
      }
      let found = GradientCheck(of: twin.loss, mode: .directional(1), seed: UInt64(seed)).run()
      switch found.verdict {
      case .disagree:
        caught += 1
        if found.findings.first?.operation == "rectify" { blamed += 1 }
      case .agree:
        missed += 1
        Issue.record("seed \(seed), \(faults[seed % faults.count]): \(found)")
      case .cannotTell: doubtful += 1
      }
    }
    print(
      "random ReLU networks, seeds 0 ..< \(RandomNetworkTests.count): \(agree) agree, \(disagree) disagree, "
        + "\(cannotTell) cannot tell; sabotaged twins: \(caught) disagree (\(blamed) blamed rightly), \(missed) agree, "
        + "\(doubtful) cannot tell, \(unchanged) with an unchanged gradient left out")
    #expect(Double(agree) >= 0.999 * Double(RandomNetworkTests.count))
    #expect(disagree == 0)
    #expect(missed == 0)
    #expect(Double(caught) >= 0.99 * Double(caught + doubtful))
    #expect(caught > RandomNetworkTests.count / 2)
  }

  @Test("Exactly at a kink nothing can be told, and node and element are named")
  func kinks() {
    var (told, rightPlace, smooth) = (0, 0, 0)
    let count = RandomNetworkTests.count / 5
    for seed in 0..<count {
      let network = Network(seed: seed, atKink: true)
      let report = GradientCheck(of: network.loss, mode: .directional(1), seed: UInt64(seed)).run()
      #expect(network.preactivations[0].value.elements[0] == 0)
      if gradients(of: network.loss, withRespectTo: [network.activations[0]])[0].value.elements[0] == 0 {
        // Nothing arrives at the kinked element, so that the loss is smooth.
        #expect(report.agrees, "seed \(seed): \(report)")
        smooth += 1
        continue
      }
      guard report.verdict == .cannotTell else {
        Issue.record("seed \(seed): \(report)")
        continue
      }
      told += 1
      if report.singularities.contains(where: {
        $0.operation == "relu" && $0.node == network.activations[0].index && $0.element == 0
      }) {
        rightPlace += 1
      }
    }
    print("exactly at a kink: \(told) of \(count) cannot tell, \(rightPlace) with node and element, \(smooth) smooth")
    #expect(told + smooth == count)
    #expect(rightPlace == told)
    #expect(told > count / 2)
  }
}
