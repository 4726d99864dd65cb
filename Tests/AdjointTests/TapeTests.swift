import Adjoint
import Testing

/// The list itself: leaves, parameters, scopes, listing and truncation.
@Suite struct TapeTests {
  @Test func `Every use of a parameter is one leaf`() {
    let tape = Tape<Float>()
    let w = Parameter<Float>(Tensor([1, 2]), name: "w")
    let a = tape.parameter(w)
    let y = a * tape.parameter(w)
    #expect(tape.parameter(w).index == a.index)
    #expect(tape.count == 2)
    #expect(gradients(of: y.sum(), withRespectTo: [a])[0].value == Tensor([2, 4]))
    #expect(tape.trainableParameters.map { $0.parameter === w } == [true])
  }

  @Test func `Parameters are found in the order of first use, with names given or numbered`() {
    let tape = Tape<Float>()
    let (a, b, c) = (
      Parameter<Float>(.ones([1])), Parameter<Float>(.ones([2]), name: "gate/weight"), Parameter<Float>(.ones([3]))
    )
    let running = Parameter<Float>(.ones([4]), name: "running")
    tape.scoped("head") { _ = tape.parameter(c) }
    _ = tape.parameter(b)
    _ = tape.state(running)
    _ = tape.parameter(a)
    #expect(tape.namedParameters.map(\.name) == ["head/p0", "gate/weight", "running", "p3"])
    b.isFrozen = true
    #expect(tape.trainableParameters.map(\.parameter.count) == [3, 1])
  }

  @Test func `Scopes nest and join labels into paths`() {
    let tape = Tape<Float>()
    let x = tape.input(.ones([2]), name: "x")
    let y = tape.scoped("block") { tape.scoped("inner") { (x * 2).labeled("twice") } }
    let z = tape.scoped("block") { x + 1 }
    #expect(tape.path(of: x.index) == "x")
    #expect(tape.path(of: y.index) == "block/inner/twice")
    #expect(tape.path(of: z.index) == "block")
    #expect(tape.path(of: (x - 1).index) == "")
    #expect(tape.describe(y.index) == "'block/inner/twice' [2]")
    #expect(tape.describe((x * x).index).hasPrefix("%"))
  }

  @Test func `A printed tape is the Wengert list, and its backward half says whom it serves`() {
    let tape = Tape<Float>()
    let x = tape.input(Tensor([[1, 2, 3]]), name: "x")
    let w = Parameter<Float>(.ones([2, 3]), name: "fc/weight")
    let loss = (x.matmul(tape.parameter(w), transposeB: true) * 0.5).sum().labeled("loss")
    _ = gradients(of: loss, withRespectTo: [x])
    let listing = "\(tape)".split(separator: "\n").map(String.init)
    let lines = listing.filter { $0.hasPrefix("%") }
    #expect(lines.count == tape.count)
    #expect(listing.first == "forward: 6 nodes, 60 B")
    #expect(listing.contains("backward: \(tape.count - 6) nodes, \(byteCount(of: tape, from: 6)) B"))
    #expect(listing.count == tape.count + 2)
    #expect(lines[0].hasPrefix("%0:   x     [1, 3]"))
    #expect(lines[0].contains("input") && lines[0].contains("x") && lines[0].hasSuffix("12 B"))
    #expect(lines[1].contains("parameter") && lines[1].contains("fc/weight") && lines[1].hasSuffix("24 B"))
    #expect(lines[2].contains("z_fc") && lines[2].contains("= x·W_fcᵀ"))
    #expect(lines[4].contains("= z_fc ⊙ 0.5"), "a small constant appears as a number")
    #expect(lines[5].contains("loss"))
    #expect(lines.contains { $0.contains("serves z_fc") }, "the rule of the product serves %2")
  }

  private func byteCount(of tape: Tape<Float>, from start: Int) -> Int {
    (start..<tape.count).reduce(0) { $0 + 4 * tape[$1].shape.elementCount }
  }

  @Test func `A listing survives every operation of the catalogue`() {
    for example in ExampleCase.all {
      let tape = example.record(example.values(), as: Float.self).tape
      #expect("\(tape)".split(separator: "\n").count { $0.hasPrefix("%") } == tape.count)
    }
  }

  @Test func `Truncation forgets nodes, parameters and stores, and keeps what stands before`() {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([3.0]))
    let early = Parameter<Double>(Tensor([2.0]), name: "early")
    let late = Parameter<Double>(Tensor([5.0]), name: "late")
    let a = tape.parameter(early) * x
    let mark = tape.count
    let b = a * tape.parameter(late)
    tape.store(b, into: late)
    tape.truncate(to: mark)
    #expect(tape.count == mark)
    #expect(a.value == Tensor([6.0]) && x.value == Tensor([3.0]))
    #expect(tape.namedParameters.map(\.name) == ["early"])
    tape.commitStores()
    #expect(late.value == Tensor([5.0]))
    let again = a + tape.parameter(late)
    #expect(again.value == Tensor([11.0]))
    #expect(tape.parameter(early).index == 1)
    tape.truncate(to: tape.count + 5)
    #expect(again.value == Tensor([11.0]))
    tape.truncate()
    #expect(tape.count == 0)
    #expect(tape.parameter(early).index == 0)
  }

  @Test func `A loop that records, differentiates and truncates finds its values where they were`() {
    let tape = Tape<Float>()
    let w = Parameter<Float>(Tensor(repeating: 0.5, shape: [64, 64]))
    let mark = tape.count
    var losses: [Float] = []
    for step in 0..<50 {
      defer { tape.truncate(to: mark) }
      let x = tape.input(Tensor(repeating: Float(step % 2), shape: [8, 64]))
      let loss = x.matmul(tape.parameter(w)).tanh().mean()
      #expect(gradients(of: loss, withRespectTo: [tape.parameter(w)])[0].shape == [64, 64])
      losses.append(loss.scalar)
    }
    #expect(Set(losses).count == 2)
  }

  @Test func `Indices are read as numbers`() {
    let tape = Tape<Double>()
    let index = tape.index(Tensor<Int32>([2, 0, 1]))
    #expect(index.value == Tensor([2, 0, 1]))
    let program = Program<Float>([index])
    #expect(program.value(of: index) == Tensor([2, 0, 1]))
  }

  @Test func `An operation may take more inputs than fit a node`() {
    let tape = Tape<Float>()
    let parts = (0..<9).map { tape.input(Tensor([Float($0), Float(-$0)])) }
    let y = concatenate(parts)
    #expect(y.shape == [18])
    #expect(stack(parts, axis: 1).shape == [2, 9])
    let g = gradients(of: (y * y).sum(), withRespectTo: parts)
    #expect(g.enumerated().allSatisfy { $1.value == Tensor([Float(2 * $0), Float(-2 * $0)]) })
  }
}
