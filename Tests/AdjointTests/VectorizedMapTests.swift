import Adjoint
import Testing

/// `vmap` against the function on each entry by itself.
@Suite struct VectorizedMapTests {
  typealias Number = Variable<Double>

  private static func draw(_ shape: Shape, _ seed: UInt64) -> Tensor<Double> {
    var generator = Generator(seed: seed)
    return generator.tensor(shape)
  }

  /// Entries one after the other.
  private static func stacked<E>(_ entries: [Tensor<E>]) -> Tensor<E> {
    Tensor(shape: Shape([entries.count] + entries[0].shape), elements: entries.flatMap(\.elements))
  }

  private static func stacked(_ entries: [InputValue]) -> InputValue {
    switch entries[0] {
    case .numbers: .numbers(stacked(entries.map { if case .numbers(let x) = $0 { x } else { Tensor([]) } }))
    case .indices: .indices(stacked(entries.map { if case .indices(let x) = $0 { x } else { Tensor([Int32]()) } }))
    }
  }

  // MARK: The catalogue

  @Test(
    "Each operation gives the bits of its entries, whichever operands have a batch; so do its gradients",
    arguments: ExampleCase.all)
  func operations(example: ExampleCase) {
    expectEntries(example.example.operation, (0..<3).map { example.values(draw: $0) }, Double.self)
    expectEntries(example.example.operation, (0..<3).map { example.values(draw: $0) }, Float.self)
  }

  @Test func `So do loops`() {
    for (number, example) in OperationCatalog.loops.flatMap({ $0.examples }).enumerated() {
      let own = ExampleCase(number: number, example: example)
      expectEntries(example.operation, (0..<3).map { own.values(draw: $0) }, Double.self)
    }
  }

  @Test func `Every operation of the library says how it runs over a batch`() {
    for example in ExampleCase.all {
      let tape = Tape<Double>()
      let x = (0..<3).map { example.values(draw: $0) }
      let leaves = x[0].indices.map { position in Self.stacked(x.map { $0[position] }).leaf(on: tape) }
      let y = vmap(over: leaves) { [tape.record(example.example.operation, inputs: $0)] }
      #expect(!y.isEmpty)
      for node in 0..<tape.count { #expect(tape[node].operation?.name != "scan", "\(example.testDescription)") }
    }
  }

  private func expectEntries<S: BitComparable>(
    _ operation: any Adjoint.Operation, _ draws: [[InputValue]], _ type: S.Type
  ) {
    let positions = draws[0].indices
    for subset in 1..<(1 << positions.count) {
      let batched = positions.filter { subset >> $0 & 1 == 1 }
      let tape = Tape<S>()
      let leaves = positions.map { i -> Variable<S> in
        (batched.contains(i) ? Self.stacked(draws.map { $0[i] }) : draws[0][i]).leaf(on: tape)
      }
      let y = vmap(over: batched.map { leaves[$0] }) { entries in
        var own = leaves
        for (position, entry) in zip(batched, entries) { own[position] = entry }
        return [tape.record(operation, inputs: own)]
      }[0]
      let alone = draws.map { draw -> (x: [Variable<S>], y: Variable<S>) in
        let own = Tape<S>()
        let x = positions.map { (batched.contains($0) ? draw[$0] : draws[0][$0]).leaf(on: own) }
        return (x, own.record(operation, inputs: x))
      }
      if y.holdsIndices {
        #expect(y.indexValue == Self.stacked(alone.map { $0.y.indexValue }), "\(operation) \(batched)")
        continue
      }
      let context: () -> String = { "\(operation) of \(draws[0].count), batched \(batched)" }
      #expect(y.value.isIdentical(to: Self.stacked(alone.map { $0.y.value })), "\(context())")
      let numbers = positions.filter { !leaves[$0].holdsIndices }
      let cotangents = alone.indices.map { Self.draw(alone[$0].y.shape, UInt64(7 + $0)).converted(to: S.self) }
      let slopes = gradients(
        of: y, withRespectTo: numbers.map { leaves[$0] }, cotangent: tape.constant(Self.stacked(cotangents)))
      let own = alone.indices.map { entry in
        gradients(
          of: alone[entry].y, withRespectTo: numbers.map { alone[entry].x[$0] },
          cotangent: alone[entry].y.tape.constant(cotangents[entry])
        ).map(\.value)
      }
      for (place, position) in numbers.enumerated() {
        let parts = own.map { $0[place] }
        if batched.contains(position) {
          let expected = Self.stacked(parts)
          #expect(same(slopes[place].value, expected), "gradient \(position): \(context())")
        } else {
          let sum = parts[0] + parts[1] + parts[2]
          #expect(isClose(slopes[place].value, sum), "gradient \(position) of what is shared: \(context())")
        }
      }
      let program = Program<S>([y] + slopes)
      program.run()
      for value in [y] + slopes { #expect(program.value(of: value).isIdentical(to: value.value), "\(context())") }
    }
  }

  /// Equal numbers; 0 is −0.
  private func same<S: BitComparable>(_ a: Tensor<S>, _ b: Tensor<S>) -> Bool {
    a.shape == b.shape && zip(a.elements, b.elements).allSatisfy { $0 == $1 || ($0 != $0 && $1 != $1) }
  }

  private func isClose<S: BitComparable>(_ a: Tensor<S>, _ b: Tensor<S>) -> Bool {
    let bound = S.self == Float.self ? 1e-5 : 1e-13
    return a.shape == b.shape
      && zip(a.elements, b.elements).allSatisfy {
        Swift.abs(($0 - $1).primal) <= bound * max(1, Swift.abs($0.primal), Swift.abs($1.primal)) || $0 != $0
      }
  }

  // MARK: The order of sums

  @Test func `Sums, products and what is made of them have the bits of one entry at sizes of many blocks`() {
    let shapes: [(Shape, [(Number) -> Number])] = [
      (
        [2_100, 5],
        [
          { $0.sum(axis: 0) }, { $0.sum(axis: 1) }, { $0.sum() }, { $0.mean(axis: 0) }, { $0.variance(axes: [0]) },
          { $0.variance() }, { $0.max(axis: 0) }, { $0.matmul($0, transposeA: true) }, { $0.cumsum(axis: 0) },
        ]
      ),
      ([3, 700], [{ $0.softmax() }, { $0.logSumExp() }, { $0.norm() }, { $0.sum(axes: [0, 1]) }]),
      ([2, 33, 40], [{ $0.sum(axes: [0, 2]) }, { $0.mean(axes: [0, 1]) }, { $0.variance(axes: [0, 2]) }]),
      ([300], [{ ($0 * $0).sum() }, { $0.matmul($0) }]),
    ]
    for (shape, functions) in shapes {
      let entries = (0..<3).map { Self.draw(shape, UInt64($0)) }
      for (number, f) in functions.enumerated() {
        let tape = Tape<Double>()
        let y = vmap(over: tape.input(Self.stacked(entries)), f)
        let own = entries.map { f(Tape<Double>().input($0)).value }
        #expect(y.value.isIdentical(to: Self.stacked(own)), "\(shape), \(number)")
      }
    }
  }

  @Test(arguments: [1, 3, 17], [1, 4, 16, 40])
  func `Products have the bits of one entry whichever operand has the batch`(rows: Int, columns: Int) {
    for (transposeA, transposeB, depth) in [
      (false, false, 300), (true, false, 3), (false, true, 300), (true, true, 7), (true, false, 300),
    ] {
      let a = (0..<5).map { Self.draw(transposeA ? [depth, rows] : [rows, depth], UInt64($0)) }
      let b = (0..<5).map { Self.draw(transposeB ? [columns, depth] : [depth, columns], UInt64(9 + $0)) }
      for (hasA, hasB) in [(true, false), (false, true), (true, true)] {
        let tape = Tape<Double>()
        let (x, y) = (tape.input(hasA ? Self.stacked(a) : a[0]), tape.input(hasB ? Self.stacked(b) : b[0]))
        let z = vmap(over: (hasA ? [x] : []) + (hasB ? [y] : [])) { e in
          [(hasA ? e[0] : x).matmul(hasB ? e[e.count - 1] : y, transposeA: transposeA, transposeB: transposeB)]
        }[0]
        let own = (0..<5).map { entry in
          let tape = Tape<Double>()
          return tape.input(a[hasA ? entry : 0]).matmul(
            tape.input(b[hasB ? entry : 0]), transposeA: transposeA, transposeB: transposeB
          ).value
        }
        #expect(z.value.isIdentical(to: Self.stacked(own)), "\(transposeA) \(transposeB) \(hasA) \(hasB)")
      }
    }
  }

  // MARK: What stands in the body

  @Test(arguments: [0, 1, 4])
  func `Captured values, parameters, constants, unused entries and results of no entry`(count: Int) {
    let (w, p) = (Self.draw([3], 1), Parameter<Double>(Self.draw([3], 2)))
    let (x, unused) = (Self.draw([count, 3], 3), Self.draw([count, 2], 4))
    let tape = Tape<Double>()
    let (shared, rows) = (tape.input(w), tape.input(x))
    let y = vmap(over: [rows, tape.input(unused)]) { entry in
      [(entry[0] * shared + tape.parameter(p)).tanh().sum() * 2, shared.exp(), entry[0], shared]
    }
    #expect(y.map(\.shape) == [[count], [count, 3], [count, 3], [count, 3]])
    #expect(y[2].value == x)
    for i in 0..<count {
      let own = Tape<Double>()
      let expected = (own.input(x[i, ...]) * own.input(w) + own.parameter(p)).tanh().sum() * 2
      #expect(y[0].value[i] == expected.scalar)
      #expect(y[1].value[i, ...] == own.input(w).exp().value && y[3].value[i, ...] == w)
    }
    // What depends on no entry is there once, and is repeated.
    #expect((0..<tape.count).count { tape[$0].operation?.name == "exp" } == 1)
    let slopes = gradients(of: y[0].sum(), withRespectTo: [shared, rows, tape.parameter(p)])
    #expect(slopes.map(\.shape) == [[3], [count, 3], [3]])
    let program = Program<Double>(y + slopes)
    program.run()
    for value in y + slopes { #expect(program.value(of: value).isIdentical(to: value.value)) }
    // The body has left the tape.
    #expect((0..<tape.count).allSatisfy { tape[$0].operation?.name != "step" })
  }

  @Test func `Indices are entries, captured, computed and results, and are fed to a program`() throws {
    let (table, rows, picks) = (
      Self.draw([5, 2], 1), Tensor<Int32>(shape: [3, 4], elements: [0, 1, 4, 4, 2, 2, 0, 3, 1, 3, 3, 0]),
      Tensor<Int32>([1, 0, 1])
    )
    let tape = Tape<Double>()
    let (leaf, places, labels) = (tape.input(table), tape.index(rows), tape.index(picks))
    let shared = tape.index(Tensor<Int32>([2, 0]))
    func f(_ table: Number, _ rows: Number, _ label: Number, _ shared: Number) -> [Number] {
      let own = table.gather(rows)
      let order = own.argSort(axis: 0)
      return [
        own.sin(), own.sum(axis: 0).pick(label), order, own.gather(order, axis: 0), own.gather(shared),
        own.sum(axis: 1).argMax(), own.scatterAdd(rows, rows: 5), rows.asNumbers(),
      ]
    }
    let y = vmap(over: [places, labels]) { f(leaf, $0[0], $0[1], shared) }
    func read(_ x: Number) -> Tensor<Double> { x.holdsIndices ? x.indexValue.map { Double($0) } : x.value }
    func expect(_ value: (Number) -> Tensor<Double>, _ rows: Tensor<Int32>) {
      for i in 0..<3 {
        let own = Tape<Double>()
        let alone = f(
          own.input(table), own.index(Tensor(Array(rows.elements[4 * i..<4 * i + 4]))),
          own.index(Tensor(shape: [], elements: [picks.elements[i]])), own.index(Tensor<Int32>([2, 0])))
        for (a, b) in zip(y, alone) { #expect(value(a)[i, ...].isIdentical(to: read(b))) }
      }
    }
    expect(read, rows)
    let program = Program<Double>(y)
    let others = Tensor<Int32>(shape: [3, 4], elements: rows.elements.reversed())
    try program.feed(places, others)
    program.run()
    expect({ program.value(of: $0) }, others)
  }

  // MARK: In one another

  private func network(_ w: Number, _ x: Number) -> Number { (w.matmul(x).tanh() * w.matmul(x)).sum() }

  @Test func `A gradient of each example, of a captured variable and of an entry, and a gradient through them`() {
    let (w, x) = (Self.draw([4, 3], 1), Self.draw([5, 3], 2))
    let tape = Tape<Double>()
    let (shared, rows) = (tape.input(w), tape.input(x))
    let slopes = vmap(over: [rows]) { e in
      gradients(of: self.network(shared, e[0]), withRespectTo: [shared, e[0]]) + [
        gradient(at: e[0]) { self.network(shared, $0) }
      ]
    }
    let outer = gradients(of: slopes[0].square().sum() + slopes[1].sin().sum(), withRespectTo: [shared, rows])
    var expected = (Tensor<Double>.zeros([4, 3]))
    for i in 0..<5 {
      let own = Tape<Double>()
      let (a, b) = (own.input(w), own.input(x[i]))
      let slope = gradients(of: network(a, b), withRespectTo: [a, b])
      #expect(slopes[0].value[i] == slope[0].value && slopes[1].value[i] == slope[1].value)
      #expect(slopes[2].value[i] == slope[1].value)
      let second = gradients(of: slope[0].square().sum() + slope[1].sin().sum(), withRespectTo: [a, b])
      expected = expected + second[0].value
      #expect(isClose(outer[1].value[i], second[1].value))
    }
    #expect(isClose(outer[0].value, expected))
    let program = Program<Double>(slopes + outer)
    program.run()
    for value in slopes + outer { #expect(program.value(of: value).isIdentical(to: value.value)) }
  }

  @Test func `vmap in vmap, jvp and a loop in vmap, and vmap in a loop`() {
    let x = Self.draw([4, 5, 3], 3)
    let tape = Tape<Double>()
    let leaf = tape.input(x)
    let weights = tape.constant(Self.draw([3, 3], 4))
    func row(_ v: Number) -> Number { (weights.matmul(v).sin() * v).sum() }
    func loop(_ v: Number) -> Number { scan([v[0]], over: [v]) { c, e in ([(c[0] * e[0]).sin() + e[0]], []) }.carry[0] }
    let functions: [(Number) -> Number] = [
      row, loop, { jvp(at: $0, along: $0 * 2) { row($0) }.tangent },
      { v in vmap(over: v) { v * $0 }.sum(axis: 0) }, { gradient(at: $0) { loop($0) } },
      { gradient(at: $0, mode: .forward) { row($0) } },
    ]
    for (number, f) in functions.enumerated() {
      let nested = vmap(over: leaf) { vmap(over: $0, f) }
      let (_, looped) = scan([], over: [leaf]) { _, e in ([], [vmap(over: e[0], f)]) }
      for i in 0..<4 {
        for j in 0..<5 {
          let alone = f(leaf[i, j]).value
          #expect(same(nested[i, j].value, alone), "\(number)")
          #expect(same(looped[0][i, j].value, alone), "\(number)")
        }
      }
      let slope = gradients(of: nested.square().sum(), withRespectTo: [leaf])[0]
      let sum = (0..<20).map { f(leaf[$0 / 5, $0 % 5]).square().sum() }.reduce(tape.constant(0)) { $0 + $1 }
      #expect(isClose(slope.value, gradients(of: sum, withRespectTo: [leaf])[0].value), "\(number)")
    }
  }

  // MARK: Operations of other modules

  /// y = x ⊙ (1, 2, 3, …): what an element is multiplied by depends on its place.
  private struct Ramp: Adjoint.Operation {
    var isElementwise: Bool { true }
    func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
    func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
      for i in y.indices { y[i] = x[0][i] * S(Double(i + 1)) }
    }
    func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [p.to(0, p.tape.record(Ramp(), g))] }
  }

  /// The places before those that are given, in a circle: indices in, indices out.
  private struct Before: Adjoint.Operation {
    let bound: Int
    var indexPosition: Int? { 0 }
    static var mayBeFormula: Bool { false }
    func indexBound(for x: [Shape]) -> Int { bound }
    func resultIndexBound(for x: [Shape]) -> Int? { bound }
    func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
    func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
      for i in y.indexElements.indices { y.indexElements[i] = (x[0].indices[i] + Int32(bound) - 1) % Int32(bound) }
    }
    func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [nil] }
  }

  /// y = x², which says how it runs over a batch; or says it wrongly.
  private struct Squared: Adjoint.Operation {
    var isWrong = false
    func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
    func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { for i in y.indices { y[i] = x[0][i] * x[0][i] } }
    func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [p.to(0, 2 * g * p.x[0])] }
    func batched<S: Scalar>(_ x: BatchedOperands<S>) -> Variable<S>? {
      isWrong ? x[0].sum() : x.tape.record(self, x[0])
    }
  }

  @Test func `An operation of another module runs entry by entry, unless it says more`() {
    let tape = Tape<Double>()
    let (x, places) = (
      tape.input(Self.draw([3, 4], 1)), tape.index(Tensor<Int32>(shape: [3, 2], elements: [0, 1, 2, 3, 3, 0]))
    )
    let ramp = vmap(over: x) { tape.record(Ramp(), $0) }
    #expect(ramp.value == (x * Tensor([1, 2, 3, 4])).value)
    #expect(gradients(of: ramp.sum(), withRespectTo: [x])[0].value == Tensor([1, 2, 3, 4]).broadcast(to: [3, 4]))
    let before = vmap(over: places) { tape.record(Before(bound: 4), $0) }
    #expect(before.indexValue.elements == [3, 0, 1, 2, 2, 3])
    let mark = tape.count
    #expect(vmap(over: x) { tape.record(Squared(), $0) }.value == x.square().value)
    #expect((mark..<tape.count).count { tape[$0].operation?.name == "squared" } == 1)
  }

  // MARK: What is refused

  private func said(_ result: ExitTest.Result?) -> String {
    String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  }

  @Test func `Different batches, none, reading a value, drawing, storing and a wrong rule trap with a sentence`() async
  {
    let lengths = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let tape = Tape<Double>()
      _ = vmap(over: [tape.constant(.ones([3])), tape.constant(.ones([4]))]) { $0 }
    }
    #expect(said(lengths).contains("vmap: arguments of the shapes [3], [4]; all need one first axis, the batch"))
    let single = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = vmap(over: Tape<Double>().constant(1)) { $0 }
    }
    #expect(said(single).contains("vmap: arguments of the shapes []; all need one first axis, the batch"))
    let none = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = vmap(over: [Variable<Double>]()) { $0 }
    }
    #expect(said(none).contains("vmap: there is no argument to take entries of"))
    let read = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = vmap(over: Tape<Double>().constant(.ones([3]))) { $0.scalar > 0 ? $0 : -$0 }
    }
    #expect(said(read).contains("its value was read in the body of a scan, or of a vmap"))
    let drawn = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let tape = Tape<Double>()
      _ = vmap(over: tape.constant(.ones([3]))) { $0 + tape.random(.uniform(low: 0, high: 1), shape: []) }
    }
    #expect(said(drawn).contains("vmap:") && said(drawn).contains("is drawn at random in the body"))
    let stored = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let (tape, state) = (Tape<Double>(), Parameter<Double>(Tensor(scalar: 0)))
      _ = vmap(over: tape.constant(.ones([3]))) {
        tape.store($0, into: state)
        return $0
      }
    }
    #expect(said(stored).contains("vmap: the body stores"))
    let wrong = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let tape = Tape<Double>()
      _ = vmap(over: tape.constant(.ones([3, 2]))) { tape.record(Squared(isWrong: true), $0) }
    }
    #expect(
      said(wrong).contains("vmap: batched(_:) of squared gives [] for 3 entries of [2]; the batch is the first axis"))
  }
}
