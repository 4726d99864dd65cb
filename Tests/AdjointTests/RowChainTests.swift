import Adjoint
import Testing

/// Operations on rows run together, a few rows at a time, to the bits of the recording.
@Suite struct RowChainTests {
  /// Numbers among which zeros of both signs, infinities and NaN stand often enough to meet, or none of these.
  private func numbers<S: BitComparable>(
    _ shape: Shape, _: S.Type, _ generator: inout Generator, isAwkward: Bool
  ) -> Tensor<S> {
    let some = [0, -0.0, Double.infinity, -.infinity, .nan, -0.0, .leastNonzeroMagnitude, -1e30]
    return Tensor(
      shape: shape,
      elements: (0..<shape.elementCount).map { _ in
        isAwkward && generator.uniform() < 0.05 ? S(some[Int(generator.uniform() * 8)]) : S(generator.normal())
      })
  }

  /// Outputs of a function of x and of two rows, with the gradients of all three.
  private func check(
    _ shape: [Int], atMost forward: Int, _ both: Int,
    _ f: (Variable<Float>, Variable<Float>, Variable<Float>) -> Variable<Float>,
    _ d: (Variable<Double>, Variable<Double>, Variable<Double>) -> Variable<Double>
  ) {
    for isAwkward in [false, true] {
      check(shape, isAwkward, forward, both, f)
      check(shape, isAwkward, forward, both, d)
    }
  }

  private func check<S: BitComparable>(
    _ shape: [Int], _ isAwkward: Bool, _ forward: Int, _ both: Int,
    _ f: (Variable<S>, Variable<S>, Variable<S>) -> Variable<S>
  ) {
    var generator = Generator(seed: 5)
    let tape = Tape<S>()
    let x = tape.input(numbers(Shape(shape), S.self, &generator, isAwkward: isAwkward))
    let row = Shape([shape[shape.count - 1]])
    let (scale, shift) = (
      tape.input(numbers(row, S.self, &generator, isAwkward: isAwkward)),
      tape.input(numbers(row, S.self, &generator, isAwkward: false))
    )
    let y = f(x, scale, shift)
    #expect(instructionsOfSameBits([y]) <= forward)
    let g = tape.input(numbers(y.shape, S.self, &generator, isAwkward: isAwkward))
    #expect(instructionsOfSameBits([y] + gradients(of: y, withRespectTo: [x, scale, shift], cotangent: g)) <= both)
    // What stands in the middle is there when it is asked for.
    instructionsOfSameBits((x.index + 1..<y.index + 1).compactMap { tape[$0].role == nil ? tape[$0] : nil } + [y])
  }

  private static let shapes = [
    [16, 64], [3, 5, 7], [1, 33], [40], [2, 2, 1030], [5, 4100], [65, 2], [3, 1], [0, 4], [7, 1, 17],
  ]

  @Test("Layer normalisation is one pass, and its gradient few", arguments: shapes)
  func layerNorm(shape: [Int]) {
    func norm<S: Scalar>(_ x: Variable<S>, _ scale: Variable<S>, _ shift: Variable<S>) -> Variable<S> {
      let centred = x - x.mean(axes: [-1], keepingDimensions: true)
      return centred / (x.variance(axes: [-1], keepingDimensions: true) + 1e-5).sqrt() * scale + shift
    }
    let isLong = !(2...4096).contains(shape[shape.count - 1]) || shape.contains(0)
    check(shape, atMost: isLong ? 9 : 1, isLong ? 40 : 5, norm, norm)
  }

  @Test("Normalisation by the root of the mean square is one pass", arguments: shapes)
  func rootMeanSquare(shape: [Int]) {
    func norm<S: Scalar>(_ x: Variable<S>, _ scale: Variable<S>, _ shift: Variable<S>) -> Variable<S> {
      x / (x.square().mean(axes: [-1], keepingDimensions: true) + 1e-5).sqrt() * scale + shift
    }
    let isLong = !(2...4096).contains(shape[shape.count - 1]) || shape.contains(0)
    check(shape, atMost: isLong ? 9 : 1, isLong ? 40 : 5, norm, norm)
  }

  @Test("Softmax of masked rows is one pass, and its gradient", arguments: shapes)
  func softmax(shape: [Int]) {
    func softmax<S: Scalar>(_ x: Variable<S>, _ scale: Variable<S>, _ shift: Variable<S>) -> Variable<S> {
      let rows = Shape(x.shape.suffix(2))
      let mask = Tensor<S>(shape: rows, elements: (0..<rows.elementCount).map { $0 % 3 == 0 ? 0 : 1 })
      return `where`(x.tape.constant(mask), x * scale, shift).softmax()
    }
    let isLong = !(2...4096).contains(shape[shape.count - 1]) || shape.contains(0)
    check(shape, atMost: isLong ? 4 : 1, isLong ? 20 : 5, softmax, softmax)
  }

  @Test(
    "Values under another shape, periods that differ and sums that are read at once keep the order of the recording")
  func lookalikes() {
    var generator = Generator(seed: 3)
    for rows in [6, 64] {
      let tape = Tape<Float>()
      let x = tape.input(numbers([2, rows, 8], Float.self, &generator, isAwkward: false))
      // As many rows as a row has elements: a sum of each, and then one row of these for all.
      let sums = x.reshape(to: [2 * rows, 8]).sum(axes: [-1], keepingDimensions: true)
      let turned =
        x.reshape(to: [2 * rows, 8])
        * sums.reshape(to: [2 * rows / 4, 4]).sum(axes: [0]).reshape(to: [4, 1])
        .broadcast(to: [4, 2]).reshape(to: [8])
      let square = tape.input(numbers([8, 8], Float.self, &generator, isAwkward: false))
      let across = square - square.mean(axes: [-1], keepingDimensions: true).reshape(to: [8])
      let (a, b) = (
        tape.input(numbers([rows, 8], Float.self, &generator, isAwkward: false)),
        tape.input(numbers([2 * rows, 8], Float.self, &generator, isAwkward: false))
      )
      let periods = (x + a) * (x.exp() - b.reshape(to: x.shape)) + x.sum(axes: [-1], keepingDimensions: true)
      let four = tape.input(numbers([3, 2, 3, 8], Float.self, &generator, isAwkward: false))
      let two = tape.input(numbers([2, 3, 8], Float.self, &generator, isAwkward: false))
      let mixed = (four * two + tape.input(numbers([3, 8], Float.self, &generator, isAwkward: false))).softmax()
      let single = x.sum(axes: [-1], keepingDimensions: true).exp() + 1
      let spread = single.broadcast(to: x.shape).sigmoid() * x
      instructionsOfSameBits([turned, across, periods, mixed, single, spread])
      instructionsOfSameBits([across])
      instructionsOfSameBits([mixed])
      instructionsOfSameBits([spread])
    }
  }
}

/// Slices that are runs of adjacent elements stand where these stand.
@Suite struct SlicePlaceTests {
  @Test("A slice of adjacent elements takes no instruction, and a kept one has its own place")
  func runs() {
    let tape = Tape<Float>()
    let x = tape.input(Tensor(shape: [4, 3, 5], elements: (0..<60).map { Float($0) - 30 }))
    let z = x.exp()
    let parts = [
      z.slice(1..<3), z.slice(start: [2, 1, 0], size: [1, 2, 5]), z.slice(start: [3, 2, 1], size: [1, 1, 3]),
      x.slice(0..<2), z.slice(1..<3).slice(1..<2),
    ]
    let across = z.slice(1..<3, axis: 1)
    let outputs = parts.map { $0.sin() } + [across.sin()]
    let program = Program<Float>(outputs)
    // exp, a sine of each, and the slice that is no run.
    #expect(program.instructionCount == 1 + outputs.count + 1)
    for all in [outputs, parts + [across], outputs + parts] {
      for threads in 1...3 {
        let program = Program<Float>(all)
        program.pool = threads == 1 ? nil : WorkerPool(partsInTurn: threads, lastFirst: true)
        for _ in 0..<2 {
          program.run()
          for y in all { #expect(program.value(of: y) == y.value) }
        }
      }
    }
  }

  @Test("A result never stands where a slice is still to be read")
  func overwriting() {
    let tape = Tape<Double>()
    let x = tape.input(Tensor(shape: [4, 16], elements: (0..<64).map { Double($0) / 64 }))
    let z = x.exp()
    let (first, rest) = (z.slice(0..<1), z.slice(1..<2))
    let outputs = [z.sqrt() + first, (z * rest).sin(), first - rest, z.slice(0..<4).exp(), first.exp().exp() * z]
    for number in outputs.indices {
      let own = Array(outputs[...number])
      let program = Program<Double>(own)
      program.run()
      for y in own { #expect(program.value(of: y) == y.value) }
    }
  }

  @Test("A value that its own pass reads through a slice is not overwritten in it")
  func ownPass() {
    let tape = Tape<Double>()
    let x = tape.input(Tensor(shape: [2], elements: [-0.3, 1.3]))
    let y = x.abs()
    let whole = y.slice(0..<2)
    let outputs = [whole.sech() + whole, (y.square() + 0.5).reciprocal() + y]
    for all in [outputs, [outputs[1], outputs[0]], [(outputs[0].sum() + outputs[1].sum())]] {
      let program = Program<Double>(all)
      program.run()
      for y in all { #expect(program.value(of: y) == y.value) }
    }
  }

  @Test("An element of what a chain computes is not read before it is there", arguments: [3, 5000])
  func elements(count: Int) {
    let tape = Tape<Float>()
    let x = tape.input(Tensor(shape: [count], elements: (0..<count).map { Float($0) / Float(count) }))
    let y = x.exp()
    let z = y * y.slice(count - 1..<count) + y.slice(1..<2)
    for threads in 1...3 {
      let program = Program<Float>([z])
      program.pool = threads == 1 ? nil : WorkerPool(partsInTurn: threads, lastFirst: true)
      program.run()
      #expect(program.value(of: z) == z.value)
    }
  }

  @Test("A number for each row beside whole rows writes over nothing else", arguments: [3, 8, 16, 17])
  func numbersBesideRows(width: Int) {
    let tape = Tape<Double>()
    func input(_ shape: Shape) -> Variable<Double> {
      tape.input(Tensor(shape: shape, elements: (0..<shape.elementCount).map { Double($0 + 1) / 10 }))
    }
    let (g, kept, h, sum) = (input([1, width]), input([4, 1, width]), input([4, 1, 1]), input([1, 1, 1]))
    let (x, c, a) = (input([]), input([]), input([]))
    let rows = tape.index(Tensor(shape: [4, 1], elements: [0, 0, 0, 0]))
    let number = a + g.sum() * c * x.sech().square()
    let each = number.reshape(to: [1, 1, 1]).broadcast(to: [4, 1, 1])
    let all = number.reshape(to: [1, 1, 1]).broadcast(to: [4, 1, width])
    let total = (-each).sum(axis: 0, keepingDimensions: true)
    let beside = h + each
    let whole = all.slice(start: [0, 0, 0], size: [4, 1, width])
    let scattered = (whole * kept.sech().square()).scatterAdd(rows, rows: 1)
    let outputs = [g + scattered, sum + total, beside]
    let program = Program<Double>(outputs + [x, kept, a, h, c])
    program.run()
    for y in outputs { #expect(program.value(of: y).isIdentical(to: y.value)) }
  }

  @Test("Halves of halves come back as one pass", arguments: [2, 7, 32])
  func halves(count: Int) {
    func parts(_ x: Variable<Float>) -> [Variable<Float>] {
      let rows = x.shape[0]
      if rows == 1 { return [x] }
      return parts(x.slice(0..<rows / 2)) + parts(x.slice(rows / 2..<rows))
    }
    let tape = Tape<Float>()
    let x = tape.input(Tensor(shape: [count, 3], elements: (0..<count * 3).map { $0 % 4 == 0 ? -0.0 : Float($0) }))
    let weighted = parts(x).enumerated().map { ($1 * Float($0 - 1)).sum() }
    let g = gradients(of: weighted.dropFirst().reduce(weighted[0]) { $0 + $1 }, withRespectTo: [x])[0]
    let program = Program<Float>([g])
    for threads in 1...3 {
      program.pool = threads == 1 ? nil : WorkerPool(partsInTurn: threads, lastFirst: true)
      program.run()
      #expect(program.value(of: g).isIdentical(to: g.value))
    }
    #expect(
      program.profile { program.run() }.description.split(separator: "\n").filter { $0.contains("pad") }.count <= 1)
  }
}
