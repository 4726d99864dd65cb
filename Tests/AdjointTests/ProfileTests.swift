import Adjoint
import Testing

/// Where a program's time goes: that everything is counted once and nothing is changed; never how fast anything was.
@Suite struct ProfileTests {
  /// A hidden layer, a narrow one, and the gradients of both: 3 products forward and back in each but the first.
  private struct Network {
    let tape = Tape<Float>()
    let outputs: [Variable<Float>]

    init() {
      var generator = Generator(seed: 5)
      func normal(_ shape: Shape, _ name: String, on tape: Tape<Float>) -> Variable<Float> {
        tape.input(
          Tensor(shape: shape, elements: (0..<shape.elementCount).map { _ in Float(generator.normal()) }), name: name)
      }
      let x = normal([64, 48], "x", on: tape)
      let (w, b) = (normal([32, 48], "W", on: tape), normal([32], "b", on: tape))
      let v = normal([5, 32], "V", on: tape)
      let logits = x.matmul(w, transposeB: true).addBias(b).relu().matmul(v, transposeB: true)
      let loss = logits.tanh().square().mean()
      outputs = [loss] + gradients(of: loss, withRespectTo: [w, b, v])
    }

    /// 2·m·k·n: x·Wᵀ and its weight's gradient, h·Vᵀ and both of its gradients.
    static let operations = Double(2 * 64 * (2 * 48 * 32 + 3 * 32 * 5))
  }

  private static let pools: [(String, WorkerPool?)] = [
    ("no pool", nil), ("1 thread", WorkerPool(threads: 1)), ("2 threads", WorkerPool(threads: 2)),
    ("3 parts, the last first", WorkerPool(partsInTurn: 3, lastFirst: true)),
  ]

  @Test("Every instruction is a pass, every product is counted, and no bit differs")
  func passes() {
    let network = Network()
    for (name, pool) in Self.pools {
      let program = Program<Float>(network.outputs)
      program.pool = pool
      let start = ContinuousClock.now
      let profile = program.profile { program.run() }
      let elapsed = start.duration(to: .now)
      for output in network.outputs {
        #expect(program.value(of: output).isIdentical(to: output.value), "\(name)")
      }
      #expect(profile.runs == 1, "\(name)")
      #expect(profile.passes.count == program.instructionCount, "\(name)")
      #expect(profile.passes.map(\.productOperations).reduce(0, +) == Network.operations, "\(name)")
      #expect(profile.passes.allSatisfy { $0.seconds >= 0 } && profile.passes.contains { $0.seconds > 0 }, "\(name)")
      // Of one run the parts are no more than the whole, which the caller has seen. Parts in turn are as long as their sum.
      #expect(profile.seconds <= Double(elapsed.components.attoseconds) * 1e-18 + Double(elapsed.components.seconds))
    }
  }

  @Test("A pass is the formula of all that was fused into it, in terms of what it reads")
  func formulas() {
    let network = Network()
    let program = Program<Float>(network.outputs)
    let profile = program.profile { for _ in 0..<3 { program.run() } }
    #expect(profile.runs == 3)
    let hidden = profile.passes[0]
    #expect(hidden.formula.hasSuffix(" = relu(x·Wᵀ + b)"), "\(hidden.formula)")
    #expect(hidden.shape == [64, 32])
    #expect(profile.passes.filter { $0.formula.contains("W") }.count == 1, "\(profile)")
    let lines = profile.description.split(separator: "\n")
    #expect(lines.count == profile.passes.count)
    #expect(lines[0].contains(" µs ") && lines[0].contains("GFLOP/s") && lines[0].hasSuffix("relu(x·Wᵀ + b) [64, 32]"))
  }

  @Test("A long chain is named by its ends")
  func chain() {
    let tape = Tape<Float>()
    var x = tape.input(Tensor([0.5, 0.25]), name: "x")
    for _ in 0..<50 { x = (x * x).tanh() }
    let program = Program<Float>([x])
    let profile = program.profile { program.run() }
    #expect(profile.passes.map(\.formula) == ["%1 … %100: 100 operations from multiply to tanh"])
    #expect(program.value(of: x).isIdentical(to: x.value))
  }

  @Test("After a body that throws, the program is not measured any more and can be again")
  func throwing() {
    struct Stop: Error {}
    let network = Network()
    let program = Program<Float>(network.outputs)
    #expect(throws: Stop.self) {
      try program.profile {
        program.run()
        throw Stop()
      }
    }
    program.run()
    #expect(program.profile { program.run() }.runs == 1)
    let nothing = program.profile {}
    #expect(nothing.runs == 0 && nothing.seconds == 0 && nothing.passes.count == program.instructionCount)
  }

  @Test func `Profiling a program while it is being profiled traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let program = Program<Float>([Tape<Float>().input(Tensor([1, 2])).square()])
      _ = program.profile { _ = program.profile { program.run() } }
    }
    let said = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(said.contains("Program.profile: this program is being profiled already"))
  }
}
