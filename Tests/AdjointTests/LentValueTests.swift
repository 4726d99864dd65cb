import Adjoint
import Testing

/// Large inputs are read where the caller has them, and large outputs computed where they are handed out: to the same bits, and nobody
/// sees another's numbers change.
@Suite struct LentValueTests {
  /// More than 256 KiB in either precision.
  private let count = 70_001

  private func numbers<S: Scalar>(_ seed: UInt64, _: S.Type = S.self) -> Tensor<S> {
    var generator = Generator(seed: seed)
    return Tensor(shape: [count], elements: (0..<count).map { _ in S(generator.normal()) })
  }

  /// e^x − y ⊙ max x, its sum, and x itself.
  private func record<S: Scalar>(_ x: Variable<S>, _ y: Variable<S>) -> [Variable<S>] {
    let z = x.exp() - y * x.max()
    return [z, z.sum(), z * 2]
  }

  private func expected<S: BitComparable>(_ x: Tensor<S>, _ y: Tensor<S>) -> [Tensor<S>] {
    let tape = Tape<S>()
    return record(tape.input(x), tape.input(y)).map(\.value)
  }

  private func check<S: BitComparable>(_: S.Type, _ pool: WorkerPool?) throws {
    let tape = Tape<S>()
    let (x, y) = (tape.input(numbers(1, S.self)), tape.input(numbers(2, S.self)))
    let outputs = record(x, y)
    let program = Program<S>(outputs + [x])
    program.pool = pool
    var taken: [(value: Tensor<S>, copy: [S])] = []
    func expectRun(_ a: Tensor<S>, _ b: Tensor<S>, taking: Bool = true) throws {
      try program.feed(x, a)
      try program.feed(y, b)
      program.run()
      for (output, right) in zip(outputs, expected(a, b)) {
        if taking {
          let value = program.value(of: output)
          #expect(value.isIdentical(to: right))
          #expect(program.value(of: output).isIdentical(to: right), "read twice")
          taken.append((value, value.elements.map { $0 }))
        } else {
          program.withValue(of: output) { #expect(zip($0, right.elements).allSatisfy { $0.bits == $1.bits }) }
        }
      }
      #expect(program.value(of: x).isIdentical(to: a))
    }
    let (a, b) = (numbers(3, S.self), numbers(4, S.self))
    let copies = (Array(a.elements.map { $0 }), Array(b.elements.map { $0 }))
    try expectRun(a, b)
    try expectRun(b, a)
    try expectRun(a, a)  // one array for both
    // What is handed out is no copy.
    let (one, other) = (program.value(of: outputs[0]), program.value(of: outputs[0]))
    one.elements.withUnsafeBufferPointer { one in
      other.elements.withUnsafeBufferPointer { #expect(one.baseAddress == $0.baseAddress) }
    }
    try expectRun(b, a, taking: false)
    // An output of the last run is an input of the next.
    let last = program.value(of: outputs[0])
    try expectRun(last, program.value(of: outputs[2]))
    // The caller goes on to write into what it has fed.
    var mine = a
    try program.feed(x, mine)
    try program.feed(y, b)
    mine[linear: 0] = 100
    program.run()
    #expect(program.value(of: outputs[0]).isIdentical(to: expected(a, b)[0]))
    // Changed in place, it has its other elements.
    program.fill(x) { $0[1] = 5 }
    program.run()
    var changed = a
    changed[linear: 1] = 5
    #expect(program.value(of: outputs[0]).isIdentical(to: expected(changed, b)[0]))
    // Filled in place, it is the program's own, and the caller's stays as it is.
    program.fill(x) { for i in $0.indices { $0[i] = S(Double(i % 7)) } }
    program.run()
    let filled = Tensor<S>(shape: [count], elements: (0..<count).map { S(Double($0 % 7)) })
    #expect(program.value(of: outputs[0]).isIdentical(to: expected(filled, b)[0]))
    try expectRun(b, a)
    #expect(zip(a.elements, copies.0).allSatisfy { $0.bits == $1.bits })
    #expect(zip(b.elements, copies.1).allSatisfy { $0.bits == $1.bits })
    for (value, copy) in taken { #expect(zip(value.elements, copy).allSatisfy { $0.bits == $1.bits || $0 != $0 }) }
  }

  @Test("Runs have the recorded bits, and what was fed or handed out stays as it was", arguments: [1, 2, 3])
  func runs(threads: Int) throws {
    let pool = threads == 1 ? nil : WorkerPool(partsInTurn: threads, lastFirst: true)
    try check(Double.self, pool)
    try check(Float.self, pool)
  }
}
