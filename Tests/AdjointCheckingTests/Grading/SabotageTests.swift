import Adjoint
import AdjointChecking
import AdjointGrading
import Testing

@Suite struct SabotageTests {
  /// In debug a sample of the catalogue; in release all of it.
  static let score: MutationScore = {
    #if DEBUG
      Sabotage([MatMul.self, AddBias.self, Mean.self, LeakyReLU.self]).run()
    #else
      Sabotage().run()
    #endif
  }()

  private var score: MutationScore { SabotageTests.score }

  @Test func `Every mutant is detected, and nearly all are blamed on the right place`() {
    #expect(score.detected == score.mutants, "\(score)")
    #expect(score.survivors.isEmpty)
    #expect(Double(score.blamed) >= 0.95 * Double(score.mutants), "\(score)")
    #expect((score.fewestPerOperation?.count ?? 0) >= 5)
    #if !DEBUG
      #expect(score.mutants >= 300)
    #endif
  }

  @Test func `Every fault in the rule of a loop is detected`() {
    let score = Sabotage(OperationCatalog.loops, includesSharedCode: false).run()
    #expect(score.detected == score.mutants && score.mutants > 10, "\(score)")
    #expect(Double(score.blamed) >= 0.95 * Double(score.mutants), "\(score)")
  }

  @Test func `Every exclusion gives its reason`() {
    #expect((score.equivalent + score.trapped).allSatisfy { !$0.reason.isEmpty })
    #expect(!score.equivalent.isEmpty)
    #expect(!score.trapped.isEmpty)
  }

  /// A fault, the operation on which it is telling, and what the checker should guess.
  static let telling: [(RuleFault, String, @Sendable (Hypothesis) -> Bool)] = [
    (.sign, "leakyRelu", { $0 == .sign }),
    (.double, "leakyRelu", { $0 == .factor(2) }),
    (.half, "leakyRelu", { $0 == .factor(0.5) }),
    (.relativeError, "leakyRelu", { if case .relativeError(let e) = $0 { abs(e - 1e-4) < 1e-9 } else { false } }),
    (.transposedStorage, "addBias", { $0 == .transposed }),
    (.transposed, "matmul(transposeA: false, transposeB: false)", { $0 == .transposed }),
    (.missingMean, "mean", { if case .missingMean = $0 { true } else { false } }),
    (.doubledMean, "mean", { if case .doubledMean = $0 { true } else { false } }),
    (.missingBroadcastSum, "addBias", { $0 == .missingBroadcastSum }),
    (.signUnderBroadcast, "addBias", { $0 == .sign }),
    (.droppedEdge, "addBias", { $0 == .droppedEdge }),
    (.staleContribution, "leakyRelu", { $0 == .staleValue }),
    (.stalePoint, "matmul(transposeA: false, transposeB: false)", { $0 == .staleValue }),
    (.wrongBranch, "leakyRelu", { $0 == .wrongBranch }),
    (.wrongRow, "leakyRelu", { if case .wrongRow = $0 { true } else { false } }),
    (.detached, "leakyRelu", { $0 == .wrongSecondDerivative }),
    (.spuriousCurvature, "matmul(transposeA: false, transposeB: false)", { $0 == .wrongSecondDerivative }),
  ]

  @Test("Each kind of fault yields its own hypothesis", arguments: telling.indices)
  func hypothesis(number: Int) throws {
    let (fault, operation, isRight) = SabotageTests.telling[number]
    let mutants = score.all.filter { $0.fault == fault.rawValue && $0.operation == operation }
    let blamed = mutants.filter { $0.outcome == .blamed }
    // Where every shape differs from its transpose, the fault is refused by recording.
    if fault == .transposed, blamed.isEmpty {
      #expect(mutants.allSatisfy { $0.outcome == .trapped })
      return
    }
    let guess = try #require(blamed.first?.hypothesis)
    #expect(isRight(guess), "\(fault): \(guess)")
  }

  @Test(
    "A fault in shared code is blamed on its mechanism", arguments: ["accumulation", "program", "kernel", "elementary"])
  func shared(mechanism: String) {
    let mutants = score.all.filter { $0.operation == mechanism }
    #expect(mutants.count >= 5)
    #expect(mutants.allSatisfy { $0.outcome == .blamed }, "\(mutants.filter { $0.outcome != .blamed }.map(\.text))")
  }

  @Test("Faults that hide or that people make are found in both modes and precisions", arguments: HardMutant.groups)
  func hard(group: String) {
    let mutants = score.all.filter { $0.operation == group }
    #expect(mutants.count >= 6)
    #expect(mutants.allSatisfy { $0.outcome == .blamed }, "\(mutants.filter { $0.outcome != .blamed }.map(\.text))")
    #expect(
      mutants.allSatisfy { $0.hypothesis != .unknown }, "\(mutants.filter { $0.hypothesis == .unknown }.map(\.text))")
    let all = score.all.count { HardMutant.groups.contains($0.operation) }
    #expect(all >= 200)
  }

  @Test func `An accumulation that assigns or drops says which`() {
    let accumulation = score.all.filter { $0.operation == "accumulation" }
    #expect(accumulation.contains { $0.hypothesis == .assignedInsteadOfAccumulated })
    #expect(accumulation.contains { $0.hypothesis == .droppedEdge })
    #expect(accumulation.contains { $0.hypothesis == .countedTwice })
  }

  /// y = x², with a rule that forgets the 2.
  struct HalfSquare: Adjoint.Operation {
    func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
    func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { for i in y.indices { y[i] = x[0][i] * x[0][i] } }
    func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [p.to(0, g * p.x[0])] }
  }

  private func model(_ tape: Tape<Float>, _ parameters: [Parameter<Float>], isFaulty: Bool) -> Variable<Float> {
    var generator = Generator(seed: 5)
    let values = (0..<24).map { _ in Float(generator.normal()) }
    let x = tape.input(Tensor(shape: [4, 6], elements: values), name: "x")
    let hidden = x.matmul(tape.parameter(parameters[0]), transposeB: true).addBias(tape.parameter(parameters[1])).tanh()
    let squared = isFaulty ? tape.record(HalfSquare(), hidden) : hidden.square()
    return tape.scoped("loss") { squared.gelu().logSoftmax().mean() + hidden.softmax().square().mean() }
  }

  private func parameters() -> [Parameter<Float>] {
    var generator = Generator(seed: 6)
    return [Shape([5, 6]), Shape([5])].enumerated().map { number, shape in
      let values = (0..<shape.elementCount).map { _ in Float(generator.normal()) * 0.5 }
      return Parameter(Tensor(shape: shape, elements: values), name: "p\(number)")
    }
  }

  @Test func `A sound Float model agrees, and checking leaves everything bit for bit as it was`() {
    let tape = Tape<Float>(seed: 3)
    let own = parameters()
    let loss = model(tape, own, isFaulty: false)
    let generator = Generator(seed: 8)
    let (count, text, values) = (tape.count, "\(tape)", own.map { $0.value.elements.map(\.bitPattern) })
    let results = (0..<tape.count).map { tape[$0].value.elements.map(\.bitPattern) }
    let report = GradientCheck(of: loss, order: 2).run()
    #expect(report.agrees, "\(report)")
    #expect(tape.count == count)
    #expect("\(tape)" == text)
    #expect(own.map { $0.value.elements.map(\.bitPattern) } == values)
    #expect((0..<tape.count).map { tape[$0].value.elements.map(\.bitPattern) } == results)
    #expect(generator == Generator(seed: 8))
  }

  @Test func `A wrong rule on a Float tape is found and named`() throws {
    let tape = Tape<Float>()
    let report = GradientCheck(of: model(tape, parameters(), isFaulty: true)).run()
    #expect(report.verdict == .disagree)
    let finding = try #require(report.findings.first)
    #expect(finding.operation == "halfSquare")
    #expect(finding.hypothesis == .factor(0.5))
    #expect(finding.mechanism == .rule)
  }

  @Test func `What is stopped is held by every oracle`() {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([0.3, -0.7, 1.1]))
    let loss = (x.stopGradient() * x.sin()).sum()
    #expect(GradientCheck(of: loss, order: 2).run().agrees)
  }
}
