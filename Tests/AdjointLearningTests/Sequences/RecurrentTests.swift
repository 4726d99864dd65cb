import Adjoint
import AdjointLearning
import Testing

/// Recurrent networks against plain loops: layers, directions, lengths, first states, replays.
struct RecurrentTests {
  private let batch = 3
  private let time = 4
  private let inputs = 2
  private let units = 3

  /// A network, its results on a tape, and those of the loop.
  private func compare(
    _ kind: RecurrentDefinition.Kind, layers: Int = 1, isBidirectional: Bool = false, bias: Bool = true,
    shape: (batch: Int, time: Int), lengths: [Int]? = nil, hasFirst: Bool = false
  ) {
    let (batch, time) = shape
    let network = AnyRecurrent<Double>(
      kind, inputs, units, layers: layers, isBidirectional: isBidirectional, bias: bias)
    let directions = isBidirectional ? 2 : 1
    let definition = RecurrentDefinition(
      kind: kind, units: units, directions: directions, parameters: network.parameters.mapValues(\.value))
    #expect(network.parameters.count == layers * directions * (bias ? 4 : 2))
    let x: Tensor<Double> = normal([batch, time, inputs], seed: 5)
    let first = (0..<layers * directions).map { place -> (h: Tensor<Double>, c: Tensor<Double>) in
      let seed = UInt64(20 + 2 * place)
      return hasFirst
        ? (normal([batch, units], seed: seed), normal([batch, units], seed: seed + 1))
        : (.zeros([batch, units]), .zeros([batch, units]))
    }
    let tape = Tape<Double>()
    let states = first.map {
      RecurrentState(hidden: tape.constant($0.h), cell: kind == .lstm ? tape.constant($0.c) : nil)
    }
    let y = network.run(
      tape.input(x), hasFirst ? states : nil, lengths.map { tape.index(Tensor($0.map { Int32($0) })) })
    #expect(y.outputs.shape == [batch, time, units * directions])
    for row in 0..<batch {
      let steps = (0..<(lengths?[row] ?? time)).map { t in (0..<inputs).map { x[row, t, $0] } }
      func part(_ x: Tensor<Double>) -> [Double] { (0..<units).map { x[row, $0] } }
      let wanted = definition.run(steps, layers: layers, first: first.map { (part($0.h), part($0.c)) })
      let padding = Array(repeating: 0.0, count: (time - steps.count) * units * directions)
      let outputs = Array(
        y.outputs.value.elements[row * time * units * directions..<(row + 1) * time * units * directions])
      #expect(distance(outputs, wanted.outputs.flatMap { $0 } + padding) < 1e-14)
      for (place, state) in wanted.last.enumerated() {
        #expect(distance(part(y.last[place].hidden.value), state.h) < 1e-14)
        if let cell = y.last[place].cell { #expect(distance(part(cell.value), state.c) < 1e-14) }
        #expect((y.last[place].cell != nil) == (kind == .lstm))
      }
    }
  }

  @Test(arguments: RecurrentDefinition.Kind.allCases)
  func `one layer is the plain loop, with and without biases`(_ kind: RecurrentDefinition.Kind) {
    compare(kind, shape: (batch, time))
    compare(kind, bias: false, shape: (batch, time))
  }

  @Test(arguments: RecurrentDefinition.Kind.allCases)
  func `layers in both directions, lengths and first states are the plain loop`(_ kind: RecurrentDefinition.Kind) {
    compare(kind, layers: 2, shape: (batch, time), hasFirst: true)
    compare(kind, isBidirectional: true, shape: (batch, time))
    for lengths in [[4, 1, 3], [2, 0, 4], [0, 0, 0]] {
      compare(kind, layers: 2, isBidirectional: true, shape: (batch, time), lengths: lengths, hasFirst: true)
    }
  }

  @Test(arguments: RecurrentDefinition.Kind.allCases)
  func `one row, one step, no step and no row are the plain loop`(_ kind: RecurrentDefinition.Kind) {
    for shape in [(1, 4), (3, 1), (1, 1), (2, 0), (0, 3)] {
      compare(kind, layers: 2, isBidirectional: true, shape: shape)
    }
    compare(kind, isBidirectional: true, shape: (2, 0), lengths: [0, 0], hasFirst: true)
  }

  @Test(arguments: RecurrentDefinition.Kind.allCases, [false, true])
  func `steps as a loop have the bits of steps one by one, and gradients their digits`(
    _ kind: RecurrentDefinition.Kind, recomputing: Bool
  ) {
    func results<S: Scalar>(_ type: S.Type, _ steps: RecurrentSteps, _ shape: Shape, lengths: [Int32]?) -> (
      values: [Tensor<S>], slopes: [Tensor<S>], nodes: Int
    ) {
      let network = AnyRecurrent<S>(kind, inputs, units, layers: 2, isBidirectional: true, steps: steps)
      let tape = Tape<S>()
      let x = tape.input((normal([shape[0], shape[1], inputs], seed: 5) as Tensor<S>))
      let y = network.run(x, nil, lengths.map { tape.index(Tensor($0)) })
      let results = [y.outputs] + y.last.flatMap { [$0.hidden] + ($0.cell.map { [$0] } ?? []) }
      let nodes = tape.count
      let loss = results.map { ($0 * $0 * $0).sum() }.reduce(tape.constant(0)) { $0 + $1 }
      let slopes = gradients(of: loss, withRespectTo: tape.trainableParameters.map(\.leaf) + [x])
      let program = Program<S>(results + slopes)
      program.run()
      for x in results + slopes { #expect(program.value(of: x) == x.value) }
      return (results.map(\.value), slopes.map(\.value), nodes)
    }
    func compare<S: Scalar>(_ type: S.Type) {
      for (shape, lengths) in [
        ([3, 7], nil), ([3, 7], [4, 0, 7]), ([1, 1], nil), ([2, 0], nil), ([0, 3], []),
      ] as [(Shape, [Int32]?)] {
        let plain = results(type, .unrolled, shape, lengths: lengths)
        let loop = results(type, .loop(recomputing: recomputing), shape, lengths: lengths)
        #expect(loop.values == plain.values, "\(type), \(shape)")
        #expect(loop.slopes.map(\.shape) == plain.slopes.map(\.shape))
        let bound = type == Float.self ? 1e-5 : 1e-14
        for (a, b) in zip(loop.slopes, plain.slopes) {
          let scale = b.elements.map { Swift.abs($0.primal) }.max() ?? 0
          #expect(zip(a.elements, b.elements).allSatisfy { Swift.abs(($0 - $1).primal) <= bound * scale })
        }
      }
    }
    compare(Float.self)
    compare(Double.self)
    let counts = [100, 400].map { results(Float.self, .loop(recomputing: recomputing), [1, $0], lengths: nil).nodes }
    #expect(counts[0] == counts[1])
  }

  @Test(arguments: RecurrentDefinition.Kind.allCases)
  func `sequences with the time first give the same`(_ kind: RecurrentDefinition.Kind) {
    let x: Tensor<Double> = normal([batch, time, inputs], seed: 5)
    let (a, b) = (
      AnyRecurrent<Double>(kind, inputs, units, isBidirectional: true),
      AnyRecurrent<Double>(kind, inputs, units, isBidirectional: true, isTimeFirst: true)
    )
    let tape = Tape<Double>()
    let batchFirst = a.run(tape.input(x), nil, nil).outputs
    let timeFirst = b.run(tape.input(x.permute([1, 0, 2])), nil, nil).outputs
    #expect(timeFirst.value == batchFirst.value.permute([1, 0, 2]))
  }

  @Test(arguments: RecurrentDefinition.Kind.allCases)
  func `what stands behind a row's length changes neither results nor gradients`(_ kind: RecurrentDefinition.Kind) {
    let network = AnyRecurrent<Double>(kind, inputs, units, layers: 2, isBidirectional: true)
    func results(_ padding: Double) -> [Tensor<Double>] {
      var x: Tensor<Double> = normal([2, 3, inputs], seed: 6)
      for place in 2..<6 { x[linear: place] = padding }
      let tape = Tape<Double>()
      let input = tape.input(x)
      let y = network.run(input, nil, tape.index(Tensor([1, 3])))
      let loss = y.outputs.square().sum() + y.last[3].hidden.sum()
      let leaves = tape.trainableParameters.map(\.leaf) + [input]
      return [y.outputs.value] + gradients(of: loss, withRespectTo: leaves).map(\.value)
    }
    #expect(results(0) == results(17))
    #expect(results(0).last?.elements[2..<6].allSatisfy { $0 == 0 } == true)
  }

  @Test(arguments: RecurrentDefinition.Kind.allCases)
  func `a replay at new inputs and lengths is a recording of them`(_ kind: RecurrentDefinition.Kind) throws {
    let network = AnyRecurrent<Float>(kind, inputs, units, layers: 2, isBidirectional: true)
    func record(_ x: Tensor<Float>, _ lengths: [Int32]) -> (Variable<Float>, Variable<Float>, Variable<Float>) {
      let tape = Tape<Float>()
      let (input, index) = (tape.input(x), tape.index(Tensor(lengths)))
      return (network.run(input, nil, index).outputs, input, index)
    }
    let (y, x, lengths) = record(normal([batch, time, inputs], seed: 7), [4, 2, 1])
    let other: Tensor<Float> = normal([batch, time, inputs], seed: 8)
    let program = Program<Float>([y])
    try program.feed(x, other)
    try program.feed(lengths, Tensor<Int32>([0, 4, 3]))
    program.run()
    #expect(program.value(of: y) == record(other, [0, 4, 3]).0.value)
    #expect(throws: FeedError.self) { try program.feed(lengths, Tensor<Int32>([5, 0, 0])) }
  }

  @Test func `a cell's step is a step of its network`() {
    var generator = Generator(seed: 4)
    let cell = LSTMCell<Double>(inputs, units, using: &generator)
    let network = Recurrent(cells: [cell])
    let tape = Tape<Double>()
    let x = tape.input(normal([batch, 2, inputs], seed: 9))
    var state = cell.zeroState(batch, on: tape)
    for t in 0..<2 { state = cell(x[t, axis: 1], from: state) }
    #expect(distance(state.hidden.value.elements, network.run(x).last[0].hidden.value.elements) < 1e-15)
  }

  @Test func `a copy has parameters of its own, and a network says what it is`() {
    var generator = Generator(seed: 4)
    let lstm = LSTM<Float>(28, 16, layers: 2, isBidirectional: true, name: "lstm", using: &generator)
    let copy = lstm.copy()
    let tape = Tape<Float>()
    _ = copy(lstm(tape.input(.zeros([1, 2, 28]))).slice(0..<28, axis: 2))
    #expect(tape.trainableParameters.count == 32)
    #expect("\(lstm)".hasPrefix("Recurrent lstm: 2 layers in both directions, LSTMCell 28 → 16, 12288 parameters"))
    #expect(tape.namedParameters[5].name == "lstm/bias_ih_l0_reverse")
  }

  @Test func `what does not fit is said in a sentence`() async {
    let rank = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var generator = Generator(seed: 4)
      _ = GRU<Float>(2, 3, name: "gru", using: &generator)(Tape<Float>().input(.zeros([4, 2])))
    }
    #expect(text(rank).contains("takes [batch, time, 2]; it was given"))
    let lengths = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var generator = Generator(seed: 4)
      let tape = Tape<Float>()
      _ = GRU<Float>(2, 3, using: &generator).run(tape.input(.zeros([4, 5, 2])), lengths: tape.input(.zeros([4])))
    }
    #expect(text(lengths).contains("takes lengths that are indices (Int32), [4], one a row"))
    let cells = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var generator = Generator(seed: 4)
      _ = Recurrent(cells: [GRUCell<Float>(2, 3, using: &generator), GRUCell<Float>(2, 3, using: &generator)])
    }
    #expect(text(cells).contains("Recurrent: cell 1 is 2 → 3; in this place it must be 3 → 3"))
  }
}
