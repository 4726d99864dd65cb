import Adjoint
import Testing

/// `print` says what a thing is, in a few lines.
@Suite struct PrintTests {
  @Test func `A variable shows name, shape, formula and value`() {
    let tape = Tape<Float>()
    let x = tape.input(Tensor([1, 2]), name: "x")
    #expect("\(x)" == "'x' [2], input: \(x.value)")
    #expect("\(x.square())" == "%1 [2] = x²: \(x.square().value)")
    #expect("\((x.exp() * 2).labeled("y"))".hasPrefix("'y' [2] = exp(x) ⊙ 2: ["))
    #expect("\(tape.constant(3))".contains("= 3: 3.0"))
    #expect("\(tape.index(Tensor<Int32>([4, 1]), name: "labels"))" == "'labels' [2], index: \(Tensor<Int32>([4, 1]))")
    #expect("\([x])".hasPrefix("[Variable<Float> 0 of "))
    #expect(String(reflecting: x).hasSuffix(x.description))
  }

  @Test func `A handle without a value says so, and is never a trap`() {
    let tape = Tape<Float>()
    let stale = tape.input(Tensor([1, 2])).exp()
    tape.truncate()
    #expect("\(stale)" == "%1 of a tape that was truncated before it: it has no value any more")
    #expect(String(reflecting: stale).contains("it has no value any more"))
    let index = tape.index(Tensor<Int32>([1 << 24 + 1]))
    #expect("\(index)".contains("16777217"))
    #expect("\(tape.input(.zeros([0, 3])))".hasPrefix("%1 x [0, 3], input: "))
    tape.isRecordingForReplay = true
    #expect("\(tape.input(Tensor([1]), name: "x"))".hasPrefix("'x' [1], input (while it is recorded): "))
  }

  @Test func `A formula that is used again and again stays short`() {
    var x = Tape<Double>().input(Tensor(scalar: 1))
    for _ in 0..<40 { x = x * x + x }
    #expect("\(x)".count < 200)
    let sum = concatenate((0..<1000).map { _ in x.reshape(to: [1]) })
    #expect(String(describing: sum).hasPrefix("%1081 [1000] = concatenate of 1000 values:"))
  }

  @Test func `A parameter shows name, shape and bytes, and few numbers`() {
    let w = Parameter<Float>(.ones([784, 512]), name: "weight")
    #expect("\(w)" == "parameter 'weight' [784, 512], 1 MiB")
    w.isFrozen = true
    #expect("\(w)" == "parameter 'weight' [784, 512], frozen, 1 MiB")
    #expect("\(Parameter<Double>(Tensor([1, 2])))" == "parameter without a name [2], 16 B: \(Tensor<Double>([1, 2]))")
  }

  @Test func `A program shows passes, bytes and outputs`() {
    let tape = Tape<Float>()
    let x = tape.input(.ones([2, 3]), name: "x")
    let w = tape.parameter(Parameter(.ones([3, 4]), name: "w"))
    let loss = x.matmul(w).relu().sum().labeled("loss")
    let program = Program<Float>([loss] + gradients(of: loss, withRespectTo: [w]))
    program.run()
    let lines = "\(program)".split(separator: "\n")
    #expect(lines[0].hasPrefix("Program<Float>: "))
    #expect(lines[0].contains(" passes for ") && lines[0].hasSuffix("1 parameter or state, 1 thread, 1 run"))
    #expect(lines[1] == "  'loss' []")
    #expect(lines[2].hasPrefix("  %") && lines[2].contains("[3, 4] = xᵀ·"))
  }

  /// Public things of every kind, large where they can be.
  static let things: [@Sendable () -> Any] = [
    { large() }, { large().tape }, { large().shape }, { large().value },
    { Parameter<Float>(.ones([1000, 1000]), name: "w") },
    { Program<Float>([large()]) }, { Program<Float>([large()]).profile {} },
    { sweep() }, { sweep().edges[0] },
    { WorkerPool(threads: 2) }, { Generator(seed: 1) }, { large().localJacobian(withRespectTo: 0) as Any },
    { large().operation as Any }, { large().role as Any }, { Tensor<Float>.ones([1000, 1000]) }, { Shape([2, 3]) },
    { ShapeError("add: no") }, { Windows(3) }, { Extent2D(1, 2) }, { Distribution.uniform(low: 0, high: 1) },
    { Attribute("axis", .int(1)) }, { Example(Unary.exp, .numbers([2])) }, { Notation.symbol("x") }, { Dual(1) },
    { Mode.training }, { Role.input }, { AxisSet([1]) },
  ]

  private static func sweep() -> Backward<Float> {
    let y = large().sum()
    return y.tape.backward(from: y, to: [y.tape[0]])
  }
  private static func large() -> Variable<Float> { Tape<Float>().input(.ones([1000, 1000])).exp() }

  @Test(arguments: things.indices) func `Nothing public prints its type alone, or all that it holds`(number: Int) {
    let thing = PrintTests.things[number]()
    for text in ["\(thing)", String(reflecting: thing), "\([thing])"] {
      #expect(text.count < 4000, "\(type(of: thing)): \(text.count) characters")
      let bare = ["Adjoint.\(type(of: thing))", "\(type(of: thing))", "Optional(Adjoint.\(type(of: thing)))"]
      #expect(!bare.contains(text) && !text.isEmpty)
    }
  }

  @Test func `What an operation and a rule are given says what it is`() {
    let y = Tape<Double>().input(Tensor([1, 2]), name: "x").tape
    _ = gradient(of: y.record(Talkative(), y[0]).sum(), withRespectTo: y[0])
  }
}

/// y = x, and a look at what the library hands to an operation.
private struct Talkative: Adjoint.Operation {
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    #expect("\(x)" == "1 operand: [2]")
    #expect("\(x[0]), \(y)" == "view of [2], output of [2]")
    for i in y.indices { y[i] = x[0][i] }
  }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    #expect("\(p)" == "the point of %1 [2] = talkative(x)")
    #expect("\(p.x)" == "1 input: 'x' [2]")
    return [p.to(0, g)]
  }
}
