import Adjoint
import AdjointLearning
import Testing

/// Every optimiser against the trajectory that PyTorch takes on
///   L(u, v) = Σ (u² − a)² + Σ c ⊙ (u − v)², a = (1, 2), c = (1, 100), from u = (1.5, −0.5), v = 0.7.
struct OptimizerTests {
  /// An optimiser and the name of its trajectory.
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let optimizer: any Optimizer
    var testDescription: String { name }
  }

  static let cases = [
    Case(name: "SGD", optimizer: SGD(learningRate: 0.002)),
    Case(name: "Momentum", optimizer: Momentum(learningRate: 0.002)),
    Case(name: "Averaged", optimizer: Momentum(learningRate: 0.002, convention: .averaged)),
    Case(name: "Nesterov", optimizer: Nesterov(learningRate: 0.002)),
    Case(name: "RMSProp", optimizer: RMSProp(learningRate: 0.01)),
    Case(name: "Adagrad", optimizer: Adagrad(learningRate: 0.1)),
    Case(name: "Adam", optimizer: Adam(learningRate: 0.05)),
    Case(name: "AdamW", optimizer: AdamW(learningRate: 0.05, weightDecay: 0.1)),
  ]

  /// How far `Float` may stray in twenty steps: some hundred roundings of 6e-8, amplified by the curvature ratio of 100.
  static let floatBound = 5e-5

  @Test(arguments: cases)
  func `an optimiser takes the reference trajectory`(_ item: Case) throws {
    let reference = try #require(Self.references[item.name])
    #expect(reference.count == 20)
    let inDouble = worstDeviation(try trajectory(item.optimizer, in: Double.self), from: reference)
    let inFloat = worstDeviation(try trajectory(item.optimizer, in: Float.self), from: reference)
    print("worst deviation of \(item.name) from its reference trajectory: Double \(inDouble), Float \(inFloat)")
    #expect(inDouble <= 1e-12)
    #expect(inFloat <= Self.floatBound)
  }

  /// Positions after each step, as (u₀, u₁, v).
  private func trajectory<S: Scalar>(_ optimizer: some Optimizer, in _: S.Type) throws -> [[Double]] {
    let u = Parameter<S>(Tensor([S(1.5), S(-0.5)]), name: "u")
    let v = Parameter<S>(Tensor([S(0.7)]), name: "v")
    let step = TrainingStep<S>(optimizer: optimizer) { a in
      let tape = a.tape
      let c = tape.constant(Tensor([S(1), S(100)]))
      let (u, v) = (tape.parameter(u), tape.parameter(v))
      return (u.square() - a).square().sum() + (c * (u - v).square()).sum()
    }
    return try (0..<20).map { _ in
      try step(Tensor([S(1), S(2)]))
      return (u.value.elements + v.value.elements).map(\.primal)
    }
  }

  /// The largest |x − reference| / max(|reference|, 0.01): relative, but for the neighbourhood of zero that is passed through.
  private func worstDeviation(_ positions: [[Double]], from reference: [[Double]]) -> Double {
    zip(positions.joined(), reference.joined()).map { abs($0 - $1) / max(abs($1), 0.01) }.max() ?? .infinity
  }

  private static let references: [String: [[Double]]] = {
    var references: [String: [[Double]]] = [:]
    var name = ""
    for line in referenceTrajectories.split(separator: "\n") {
      if line.hasPrefix("# ") {
        name = String(line.dropFirst(2))
      } else {
        references[name, default: []].append(line.split(separator: " ").compactMap { Double($0) })
      }
    }
    return references
  }()

  @Test func `the averaged convention with rate α is the accumulated one with rate (1 − γ)α`() throws {
    let averaged = try trajectory(Momentum(learningRate: 0.01, momentum: 0.8, convention: .averaged), in: Double.self)
    let accumulated = try trajectory(Momentum(learningRate: 0.002, momentum: 0.8), in: Double.self)
    #expect(worstDeviation(averaged, from: accumulated) <= 1e-12)
  }

  @Test func `without momentum, both momentum rules are gradient descent`() throws {
    let plain = try trajectory(SGD(learningRate: 0.002), in: Double.self)
    #expect(try trajectory(Momentum(learningRate: 0.002, momentum: 0), in: Double.self) == plain)
    #expect(try trajectory(Nesterov(learningRate: 0.002, momentum: 0), in: Double.self) == plain)
  }

  @Test func `AdamW without decay is Adam`() throws {
    #expect(
      try trajectory(AdamW(learningRate: 0.05, weightDecay: 0), in: Double.self)
        == trajectory(Adam(learningRate: 0.05), in: Double.self))
  }

  @Test func `an optimiser of one's own is a struct and a loop`() throws {
    let weight = Parameter<Double>(Tensor([3.0, -0.05]))
    let step = TrainingStep<Double>(optimizer: SignDescent(learningRate: 0.1)) { x in
      (x.tape.parameter(weight) * x).square().sum()
    }
    for _ in 0..<10 { try step(Tensor([1.0, 1.0])) }
    #expect(abs(weight.value[0] - 2) < 1e-12 && abs(abs(weight.value[1]) - 0.05) < 1e-12)
  }

  @Test func `every optimiser names itself for reports`() {
    #expect(
      Self.cases.map(\.optimizer.name) == [
        "SGD", "Momentum", "Momentum", "Nesterov", "RMSProp", "Adagrad", "Adam", "AdamW",
      ])
  }
}

/// θ ← θ − α sign(g)
struct SignDescent: Optimizer {
  var learningRate = 0.001
  func update<S: Scalar>(_ run: ParameterRun<S>, rate: Double, step: Int) {
    for i in run.indices {
      let g = run.gradient(i)
      run[i] = run[i] - S(rate) * (g > 0 ? 1 : g < 0 ? -1 : 0)
    }
  }
}
