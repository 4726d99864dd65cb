import Adjoint
import Testing

/// Programming errors trap with a sentence that a person can act on, in debug and in release: each test runs a process that
/// ends, and reads what it said.
@Suite struct TrapTests {
  private func said(_ result: ExitTest.Result?) -> String {
    String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  }

  @Test func `A product of matrices that do not fit names both and asks for the transposition`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let tape = Tape<Float>()
      let x = tape.input(.ones([128, 784]), name: "x")
      let w = Parameter<Float>(.ones([512, 784]), name: "weight")
      _ = tape.scoped("fc1") { x.matmul(tape.parameter(w)) }
    }
    #expect(said(result).contains("matmul: inner dimensions differ: 784 of [128, 784] against 512 of [512, 784]"))
    #expect(said(result).contains("Did you mean transposeB: true?"))
    #expect(said(result).contains("'x' [128, 784]"))
    #expect(said(result).contains("'fc1/weight' [512, 784]"))
  }

  @Test func `Shapes that do not broadcast trap`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let tape = Tape<Float>()
      _ = tape.input(.ones([3, 4])) + tape.input(.ones([3]))
    }
    #expect(said(result).contains("add: [3, 4] and [3] do not broadcast: 4 and 3 differ"))
  }

  @Test func `Two tapes mixed in one operation trap, and both variables are named with a usual cause`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let x = Tape<Float>().input(.ones([2]), name: "x")
      _ = x * Tape<Float>().constant(.ones([2])).exp()
    }
    #expect(said(result).contains("multiply: a variable of another tape: %1 [2] = exp(c₀) stands on a tape of 2 nodes"))
    #expect(said(result).contains("'x' [2] on a tape of 1 node."))
    #expect(said(result).contains("record it inside of the closure, or pass it as an input"))
  }

  @Test func `A leaf that nobody named, an operation and its scope are told in words`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let tape = Tape<Float>()
      let x = tape.input(.ones([4, 3]), name: "x")
      tape.scoped("fc1") {
        let w = tape.parameter(Parameter(.ones([3, 2])))
        _ = x.matmul(w).relu() + tape.input(.ones([3]))
      }
    }
    #expect(said(result).contains("operands: %3 a⁽¹⁾ [4, 2] = relu(x·fc1/p0) in 'fc1', %4 [3], input in 'fc1'"))
    #expect(said(result).contains("recorded in 'fc1'"))
    let unnamed = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let tape = Tape<Float>()
      _ = tape.scoped("fc1") { tape.parameter(Parameter(.ones([3, 2]))) }.reshape(to: [5])
    }
    #expect(said(unnamed).contains("'fc1/p0' [3, 2] (a parameter without a name)"))
  }

  @Test func `A cotangent of another tape traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let (tape, other) = (Tape<Float>(), Tape<Float>())
      let x = tape.input(.ones([2]))
      _ = gradients(of: x.square(), withRespectTo: [x], cotangent: other.constant(.ones([2])))
    }
    #expect(said(result).contains("a variable of another tape"))
  }

  @Test func `A variable that was truncated away traps, also when its place is taken again`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let tape = Tape<Float>()
      let x = tape.input(.ones([2]))
      let stale = x * 2
      tape.truncate(to: 1)
      _ = x * 3
      _ = x * 4
      _ = stale.value
    }
    #expect(said(result).contains("was truncated away: a variable is valid until its tape is truncated before it"))
  }

  @Test func `Reading a value while a step is recorded for replay traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let tape = Tape<Float>()
      let x = tape.input(.ones([]), name: "loss")
      tape.isRecordingForReplay = true
      if x.scalar > 0 { _ = x * 2 }
    }
    #expect(said(result).contains("'loss' []: its value was read while a training step is recorded"))
    #expect(said(result).contains("Use `where(_:_:_:)` to choose between values, `print` to look at one"))
  }

  @Test func `Only a single number has a gradient`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let x = Tape<Float>().input(.ones([2]))
      _ = gradients(of: x.square(), withRespectTo: [x])
    }
    #expect(said(result).contains("backward: the output has shape [2]; only a single number has a gradient"))
  }

  @Test func `A cotangent of the wrong shape traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let tape = Tape<Float>()
      let x = tape.input(.ones([2]))
      _ = gradients(of: x.square(), withRespectTo: [x], cotangent: tape.constant(1))
    }
    #expect(said(result).contains("backward: the cotangent has shape [], the output [2]"))
  }

  @Test func `A value that a program does not keep cannot be read`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let x = Tape<Float>().input(.ones([2]))
      let hidden = x.exp()
      let program = Program<Float>([hidden * 2])
      program.run()
      _ = program.value(of: hidden)
    }
    #expect(said(result).contains("%1 [2] = exp(x) is not among what this program keeps"))
    #expect(said(result).contains("compile with keeping: .all"))
  }

  @Test func `A program knows only the variables of its own tape`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let program = Program<Float>([Tape<Float>().input(.ones([2]))])
      _ = program.value(of: Tape<Float>().input(.ones([2])))
    }
    #expect(said(result).contains("Program: %0 x [2], input belongs to another tape"))
  }

  @Test func `Replaying a suffix needs a program that keeps everything`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let x = Tape<Float>().input(.ones([2]))
      Program<Float>([x * 2]).run(after: x)
    }
    #expect(said(result).contains("run(after:): compile with keeping: .all"))
  }

  @Test func `An index out of range traps when recorded`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let tape = Tape<Float>()
      _ = tape.input(.ones([2, 3])).pick(tape.index(Tensor<Int32>([0, 3]), name: "labels"))
    }
    #expect(said(result).contains("pick: index 3 in 'labels' [2] is not in 0 ..< 3"))
  }

  @Test func `Numbers where indices are expected trap, and indices where numbers are`() async {
    let numbers = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let x = Tape<Float>().input(.ones([2]))
      _ = x.gather(x)
    }
    #expect(
      said(numbers).contains("gather: input 1, %0 x [2], input, holds numbers; indices are expected: tape.index("))
    let indices = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tape<Float>().index(Tensor<Int32>([0, 1])).exp()
    }
    #expect(said(indices).contains("exp: input 0, %0 t [2], index, holds indices; numbers are expected"))
  }

  @Test func `A rule that returns too little or the wrong shape traps`() async {
    let count = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let x = Tape<Double>().input(.ones([2]))
      _ = gradients(of: x.tape.record(Forgetful(), x, x).sum(), withRespectTo: [x])
    }
    #expect(said(count).contains("forgetful: its vjp returned 1 contributions for 2 inputs"))
    let shape = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let x = Tape<Double>().input(.ones([2]))
      _ = gradients(of: x.tape.record(MissingSum(), x, x.tape.constant(2)).sum(), withRespectTo: [x.tape[1]])
    }
    #expect(said(shape).contains("missingSum: its vjp returned [2] for input 1, which is []"))
  }
}
