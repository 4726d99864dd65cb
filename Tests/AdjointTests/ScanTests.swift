import Adjoint
import Foundation
import Testing

/// Loops that are recorded once, against the same loops unrolled.
@Suite struct ScanTests {
  typealias Number = Variable<Double>

  /// The loop in Swift.
  private func unrolled<S: Scalar>(
    _ carry: [Variable<S>], _ sequences: [Variable<S>], reversed: Bool = false,
    _ body: ([Variable<S>], [Variable<S>]) -> ([Variable<S>], [Variable<S>])
  ) -> (carry: [Variable<S>], outputs: [[Variable<S>]]) {
    var (carry, outputs) = (carry, [[Variable<S>]]())
    let steps = sequences[0].shape[0]
    for t in reversed ? Array((0..<steps).reversed()) : Array(0..<steps) {
      let (next, own) = body(carry, sequences.map { $0[t] })
      (carry, outputs) = (next, reversed ? [own] + outputs : outputs + [own])
    }
    return (carry, outputs)
  }

  private static func draw(_ shape: Shape, _ seed: UInt64) -> Tensor<Double> {
    var generator = Generator(seed: seed)
    return Tensor(
      shape: shape, elements: (0..<shape.elementCount).map { _ in Double.random(in: -1...1, using: &generator) })
  }

  private func close(_ a: Tensor<Double>, _ b: Tensor<Double>) -> Bool {
    a.shape == b.shape && zip(a.elements, b.elements).allSatisfy { abs($0 - $1) <= 1e-12 * max(1, abs($0), abs($1)) }
  }

  /// A cell of two carries, one of which it exchanges, with two outputs and captured values.
  private func cell<S: Scalar>(_ w: Variable<S>, _ b: Parameter<S>) -> ([Variable<S>], [Variable<S>]) -> (
    carry: [Variable<S>], outputs: [Variable<S>]
  ) {
    { carry, entry in
      let h = (entry[0].matmul(w) + carry[0] * 0.5 + w.tape.parameter(b)).tanh()
      return ([h + carry[1], carry[0]], [h.square(), (h * entry[1]).sum()])
    }
  }

  // MARK: Against the unrolled loop

  @Test(arguments: [0, 1, 2, 7, 40], [false, true])
  func `Values have the bits of the unrolled loop, and gradients its digits`(steps: Int, reversed: Bool) {
    let b = Parameter<Double>(Self.draw([3], 1))
    func losses(_ loop: Bool, _ recomputing: Bool) -> (value: Tensor<Double>, slopes: [Tensor<Double>]) {
      let tape = Tape<Double>()
      let leaves = [[3], [3], [steps, 2], [steps, 3], [2, 3]].enumerated().map {
        tape.input(Self.draw(Shape($1), UInt64($0 + 2)))
      }
      let body = cell(leaves[4], b)
      var parts: [Variable<Double>]
      if loop {
        let y = scan(
          Array(leaves[..<2]), over: Array(leaves[2..<4]), reversed: reversed, recomputing: recomputing, body)
        parts = y.carry + y.outputs
      } else {
        let y = unrolled(Array(leaves[..<2]), Array(leaves[2..<4]), reversed: reversed) { body($0, $1) }
        parts = y.carry
        if steps > 0 { parts += (0..<2).map { position in stack(y.outputs.map { $0[position] }) } }
        if steps == 0 { parts += [tape.constant(.zeros([0, 3])), tape.constant(.zeros([0]))] }
      }
      let flat = concatenate(parts.map { $0.reshape(-1) })
      let weights = tape.constant(Self.draw(flat.shape, 9))
      let slopes = gradients(
        of: (flat * weights).sum(), withRespectTo: leaves + tape.trainableParameters.map(\.leaf))
      let program = Program<Double>([flat] + slopes)
      program.run()
      #expect(program.value(of: flat) == flat.value)
      for slope in slopes { #expect(program.value(of: slope) == slope.value) }
      return (flat.value, slopes.map(\.value))
    }
    let expected = losses(false, false)
    for recomputing in [false, true] {
      let found = losses(true, recomputing)
      #expect(found.value == expected.value)
      for (a, b) in zip(found.slopes, expected.slopes) { #expect(close(a, b)) }
    }
  }

  @Test func `A chain has the numbers of the unrolled gradient, to the last bit`() {
    let x = Self.draw([50], 3)
    func slopes(_ loop: Bool) -> [Tensor<Double>] {
      let (w, x) = (Self.draw([2], 4), x)
      return gradient(at: [w, Tensor([0.5, -0.0]), x]) { v in
        let body = { (c: [Number], e: [Number]) in ([(c[0] * v[0] + e[0]).sin()], [Number]()) }
        let end = loop ? scan([v[1]], over: [v[2]], body).carry[0] : self.unrolled([v[1]], [v[2]], body).carry[0]
        return (end * Tensor([1, 0])).sum()
      }
    }
    for (a, b) in zip(slopes(true), slopes(false)) { #expect(a == b) }
  }

  @Test func `It is differentiated twice and thrice, forward and backward and in dual numbers`() {
    let x = Self.draw([6], 5)
    func f(_ x: Number, _ loop: Bool) -> Number {
      let body = { (c: [Number], e: [Number]) in ([(c[0] * e[0]).sin() + e[0] * 0.3 + c[0]], [c[0] * e[0]]) }
      if loop {
        let y = scan([x[0]], over: [x], recomputing: true, body)
        return y.carry[0] * y.outputs[0].sum()
      }
      let y = unrolled([x[0]], [x], body)
      return y.carry[0] * y.outputs.map { $0[0] }.reduce(x.tape.constant(0)) { $0 + $1 }
    }
    func third(_ loop: Bool, _ modes: [JacobianMode]) -> Tensor<Double> {
      gradient(at: x, mode: modes[0]) { x in
        gradient(at: x, mode: modes[1]) { x in gradient(at: x, mode: modes[2]) { f($0, loop) }.square().sum() }[1]
      }
    }
    #expect(close(hessian(at: x) { f($0, true) }, hessian(at: x) { f($0, false) }))
    let lists: [[JacobianMode]] = [
      [.reverse, .reverse, .reverse], [.forward, .reverse, .reverse], [.reverse, .forward, .reverse],
      [.reverse, .reverse, .forward],
    ]
    for modes in lists {
      #expect(close(third(true, modes), third(false, modes)))
    }
    let along = Self.draw([6], 6)
    #expect(close(jvp(at: x, along: along) { f($0, true) }.tangent, jvp(at: x, along: along) { f($0, false) }.tangent))
  }

  @Test func `A loop in a loop, with carries that cross and one that stays`() {
    func f(_ x: Number, _ loop: Bool) -> Number {
      func inner(_ c: [Number], _ e: [Number]) -> ([Number], [Number]) { ([c[1], c[0] * e[0], c[2]], [c[0] + c[2]]) }
      func outer(_ c: [Number], _ e: [Number]) -> ([Number], [Number]) {
        if loop {
          let y = scan(c, over: [e[0]], inner)
          return (y.carry, [y.outputs[0].sum()])
        }
        let y = unrolled(c, [e[0]], inner)
        return (y.carry, [y.outputs.map { $0[0] }.reduce(x.tape.constant(0)) { $0 + $1 }])
      }
      let start = [x[0, 0], x[0, 1], x[1, 1]]
      if loop {
        let y = scan(start, over: [x], outer)
        return y.outputs[0].square().sum() + y.carry[0] * y.carry[1]
      }
      let y = unrolled(start, [x], outer)
      return y.outputs.map { $0[0].square() }.reduce(x.tape.constant(0)) { $0 + $1 } + y.carry[0] * y.carry[1]
    }
    let x = Self.draw([4, 3], 7)
    let (a, b) = (valueAndGradient(at: x) { f($0, true) }, valueAndGradient(at: x) { f($0, false) })
    #expect(abs(a.value - b.value) <= 1e-14)
    #expect(close(a.gradient, b.gradient))
    #expect(close(hessian(at: x) { f($0, true) }, hessian(at: x) { f($0, false) }))
  }

  @Test(arguments: [3, 20])
  func `A part of one carry that is the next of another is what it was before the step`(count: Int) {
    let tape = Tape<Double>()
    let carry = [tape.input(Self.draw([count], 1)), tape.input(Self.draw([2], 2)), tape.constant(0)]
    let x = tape.input(Self.draw([4, count], 3))
    let body = { (c: [Number], e: [Number]) in ([c[0] * e[0], c[0][1...2], c[1][1]], [Number]()) }
    let (loop, steps) = (scan(carry, over: [x], body), unrolled(carry, [x], body))
    for (a, b) in zip(loop.carry, steps.carry) { #expect(a.value == b.value) }
    let program = Program<Double>(loop.carry)
    program.run()
    for (a, b) in zip(loop.carry, steps.carry) { #expect(program.value(of: a) == b.value) }
  }

  @Test(arguments: [5, 16, 40])
  func `Long carries that are kept, handed on in place, and that cross have the numbers of the unrolled loop`(
    width: Int
  ) {
    let leaves = [Self.draw([7, width], 1), Self.draw([width], 2), Self.draw([width], 3), Self.draw([width], 4)]
    func parts(_ v: [Number], _ loop: Bool) -> Number {
      func body(_ c: [Number], _ e: [Number]) -> ([Number], [Number]) {
        ([c[0] * e[0] + v[1], c[2], c[1] * c[1] - e[0], c[3] + (c[0] * e[0]).exp()], [c[0], c[3] * e[0]])
      }
      let start = [v[2], v[3], v[2] * v[3], v[1]]
      let y = loop ? scan(start, over: [v[0]], body) : nil
      let own =
        y.map { ($0.carry, $0.outputs) }
        ?? {
          let y = unrolled(start, [v[0]], body)
          return (y.carry, (0..<2).map { position in stack(y.outputs.map { $0[position] }) })
        }()
      return concatenate((own.0 + own.1).map { $0.reshape(-1) })
    }
    func results(_ loop: Bool) -> (value: Tensor<Double>, slopes: [Tensor<Double>]) {
      let tape = Tape<Double>()
      let v = leaves.map { tape.input($0) }
      let y = parts(v, loop)
      let slopes = gradients(of: (y * tape.constant(Self.draw(y.shape, 5))).sum(), withRespectTo: v)
      let program = Program<Double>([y] + slopes)
      for _ in 0..<2 { program.run() }
      for x in [y] + slopes { #expect(program.value(of: x) == x.value) }
      return (y.value, slopes.map(\.value))
    }
    let (a, b) = (results(true), results(false))
    #expect(a.value == b.value)
    for (a, b) in zip(a.slopes, b.slopes) { #expect(close(a, b)) }
  }

  @Test func `A hundred thousand steps leave a few nodes, and give the derivative of the power`() throws {
    let tape = Tape<Float>()
    let x = tape.input(Tensor(scalar: 1))
    let y = scan([x], steps: 100_000, recomputing: true) { [$0[0] * 1.00001] }[0]
    let slope = gradient(of: y, withRespectTo: x)
    let kept = tape.count
    #expect(kept < 60)
    let program = Program<Double>([slope, x])
    program.run()
    var power = 1.0
    for _ in 0..<100_000 { power *= Double(Float(1.00001)) }
    #expect(abs(program.value(of: slope).scalar - power) <= 1e-9 * power)
  }

  @Test func `A parameter that a body alone reads is trained, and read where it stands`() {
    let w = Parameter<Double>(Tensor(scalar: 2), name: "w")
    let tape = Tape<Double>()
    let y = scan([tape.constant(1)], steps: 3) { [$0[0] * tape.parameter(w)] }[0]
    #expect(y.scalar == 8)
    let slope = gradients(of: y, withRespectTo: tape.trainableParameters.map(\.leaf))[0]
    let program = Program<Double>([y, slope])
    w.value = Tensor(scalar: 3)
    program.run()
    #expect(program.value(of: y).scalar == 27)
    #expect(program.value(of: slope).scalar == 27)
  }

  @Test func `Programs of one recording may run its loops at once`() {
    let tape = Tape<Double>()
    let x = tape.input(Self.draw([64], 8))
    let y = scan([x[0]], over: [x]) { c, e in ([(c[0] + e[0]).sin()], [c[0] * e[0]]) }.outputs[0]
    let slope = gradient(of: y.sum(), withRespectTo: x)
    let (expected, results) = (slope.value, Results())
    let programs = (0..<4).map { _ in Box(program: Program<Double>([slope, x]), output: slope) }
    DispatchQueue.concurrentPerform(iterations: 4) { number in
      let box = programs[number]
      for _ in 0..<200 {
        box.program.run()
        results.note(box.program.value(of: box.output) == expected)
      }
    }
    #expect(results.count == 800)
  }

  // MARK: What a body may not do

  private func said(_ result: ExitTest.Result?) -> String {
    String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  }

  @Test func `Reading a value, branching, drawing and handing on another shape trap in the body`() async {
    let read = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = scan([Tape<Double>().constant(1)], steps: 3) { $0[0].scalar > 0 ? $0 : [-$0[0]] }
    }
    let branch = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = scan([Tape<Double>().constant(1)], steps: 3) { $0[0] > 0 ? $0 : [-$0[0]] }
    }
    let guarded = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = CompiledFunction<Double> { x in scan([x], steps: 3) { $0[0] > 0 ? $0 : [-$0[0]] }[0] }(Tensor(scalar: 1))
    }
    for result in [read, branch, guarded] { #expect(said(result).contains("its value was read in the body of a scan")) }
    let drawn = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let tape = Tape<Double>()
      _ = scan([tape.constant(1)], steps: 3) { [$0[0] + tape.random(.uniform(low: 0, high: 1), shape: [])] }
    }
    #expect(said(drawn).contains("is drawn at random in the body; draw for all of them before"))
    let shape = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let x = Tape<Double>().constant(Tensor([1, 2]))
      _ = scan([x], steps: 3) { [$0[0].sum()] }
    }
    #expect(said(shape).contains("scan: the body is given carry 0 with the shape [2] and hands on []"))
    let lengths = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let tape = Tape<Double>()
      _ = scan([tape.constant(1)], over: [tape.constant(.ones([3])), tape.constant(.ones([4]))]) { ($0, $1) }
    }
    #expect(said(lengths).contains("scan: sequences of the shapes [3], [4]; all need one first axis, the steps"))
  }
}

/// Threads of a pool inside of a loop's steps.
@Suite(.serialized) struct ScanThreadTests {
  /// y = 2x, which counts the parts in which it is computed.
  private struct Doubled: Adjoint.Operation {
    // Read and written by the one test, whose parts run in turn.
    nonisolated(unsafe) static var parts = 0
    static var mayBeFormula: Bool { false }
    func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
    func entrywiseInputs(_ x: [Shape]) -> [Bool]? { [true] }
    func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
      Doubled.parts += 1
      for i in y.indices { y[i] = x[0][i] + x[0][i] }
    }
    func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [g + g] }
  }

  private static func draw(_ shape: Shape, _ seed: UInt64) -> Tensor<Double> {
    var generator = Generator(seed: seed)
    return Tensor(
      shape: shape, elements: (0..<shape.elementCount).map { _ in Double.random(in: -1...1, using: &generator) })
  }

  @Test func `Threads share the instructions of a step, also of a loop in a loop`() {
    let tape = Tape<Double>()
    let x = tape.input(Self.draw([5, 12, 4], 1))
    func step(_ carry: [Variable<Double>], _ entry: [Variable<Double>]) -> ([Variable<Double>], [Variable<Double>]) {
      let h = tape.record(Doubled(), entry[0])
      return ([carry[0] + h.sum()], [h])
    }
    let flat = scan([tape.constant(0)], over: [x], step)
    let nested = scan([tape.constant(0)], over: [x.reshape(1, 5, 12, 4)]) { carry, entry in
      let inner = scan(carry, over: entry, step)
      return (inner.carry, inner.outputs)
    }
    for y in [flat.outputs[0], nested.outputs[0]] {
      let program = Program<Double>([y])
      for parts in [1, 3] {
        program.pool = parts == 1 ? nil : WorkerPool(partsInTurn: parts, lastFirst: true)
        program.run()
        Doubled.parts = 0
        program.run()
        #expect(Doubled.parts == 5 * parts)
        #expect(program.value(of: y) == y.value)
      }
    }
  }

  @Test func `No thread changes a bit of a loop, its gradient, and what stands beside it`() {
    let tape = Tape<Double>()
    let leaves = [[6, 64, 48], [48, 48], [64, 48]].enumerated().map { tape.input(Self.draw(Shape($1), UInt64($0))) }
    let loop = scan([leaves[2]], over: [leaves[0]]) { carry, entry in
      let h = (entry[0].matmul(leaves[1]) + carry[0]).tanh()
      return ([h], [h.square().sum(axis: 0)])
    }
    let beside = (leaves[0] * 2).exp()
    let loss = loop.outputs[0].sum() + (loop.carry[0] * leaves[2]).sum() + beside.mean()
    let outputs = loop.outputs + loop.carry + [beside] + gradients(of: loss, withRespectTo: leaves)
    let program = Program<Double>(outputs)
    program.run()
    let expected = outputs.map { program.value(of: $0) }
    #expect(expected[1] == loop.carry[0].value)
    let pools = [WorkerPool(threads: 2), WorkerPool(threads: 3), WorkerPool(partsInTurn: 4, lastFirst: true), nil]
    for pool in pools {
      program.pool = pool
      for _ in 0..<3 {
        program.run()
        #expect(outputs.map { program.value(of: $0) } == expected)
      }
    }
  }

  @Test func `Indices that a body reads from outside are those of the recording, and others are refused`() throws {
    let tape = Tape<Double>()
    let table = tape.input(Self.draw([4, 3], 1))
    let (own, other) = (tape.index(Tensor<Int32>([1, 2])), tape.index(Tensor<Int32>([3, 0])))
    let x = tape.input(Self.draw([5, 2, 3], 2))
    // In a loop within the loop, and beside it, where else they would be fed in silence.
    let loop = scan([], over: [x]) { _, entry in
      ([], [scan([table.gather(own)], steps: 2) { [$0[0] + entry[0] * table.gather(own)] }[0]])
    }
    let mapped = vmap(over: x) { entry in scan([entry], steps: 2) { [$0[0] * table.gather(own)] }[0] }
    let beside = table.gather(own) * table.gather(other)
    for outputs in [[loop.outputs[0], beside], [mapped, beside], [beside]] {
      let program = Program<Double>(outputs)
      try program.feed(other, Tensor<Int32>([2, 2]))
      program.run()
      #expect(program.value(of: outputs.last ?? beside) != beside.value)
      let fed = #expect(throws: FeedError.self) { try program.feed(own, Tensor<Int32>([0, 0])) }
      #expect(
        fed?.description.contains("the body of a loop reads these indices from outside") == true,
        "\(String(describing: fed))")
      #expect(throws: FeedError.self) { try program.fillIndices(own) { $0.update(repeating: 0) } }
      program.run()
      #expect(program.value(of: outputs[0]).elements.allSatisfy { $0.isFinite })
    }
    // Without the loops they are fed as any others.
    tape.truncate(to: x.index + 1)
    let alone = table.gather(own)
    let program = Program<Double>([alone])
    try program.feed(own, Tensor<Int32>([0, 0]))
    program.run()
    #expect(program.value(of: alone).elements == Array(table.value.elements[..<3] + table.value.elements[..<3]))
  }
}

/// A program that one thread uses.
private struct Box: @unchecked Sendable {
  let program: Program<Double>
  let output: Variable<Double>
}

/// The count of right results.
private final class Results: @unchecked Sendable {
  private let lock = NSLock()
  private(set) var count = 0
  func note(_ isRight: Bool) { lock.withLock { count += isRight ? 1 : 0 } }
}
