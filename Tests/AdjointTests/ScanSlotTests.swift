import Adjoint
import Testing

/// Loops over a few numbers, whose values stand in slots or whose steps run side by side, against the same loops with a body that is a
/// program, and unrolled.
@Suite struct ScanSlotTests {
  /// A number in thirty is a zero, an infinity or NaN.
  private static func draw<S: Scalar>(_ shape: Shape, _ generator: inout Generator) -> Tensor<S> {
    let elements = (0..<shape.elementCount).map { _ in
      let x = Double.random(in: -2...2, using: &generator)
      let some = [0, -0.0, .infinity, -.infinity, .nan, Double.leastNormalMagnitude / 8]
      let odd = some[Int.random(in: 0..<6, using: &generator)]
      return S(Int.random(in: 0..<30, using: &generator) == 0 ? odd : x)
    }
    return Tensor(shape: shape, elements: elements)
  }

  private func bits<S: Scalar>(_ x: Tensor<S>) -> [UInt64] {
    x.elements.map { $0.primal.isNaN ? 0 : $0.primal.bitPattern }
  }

  /// Operations drawn at random on what a step is given. Values have `count` elements, one, or two.
  private static func body<S: Scalar>(
    _ carry: [Variable<S>], _ entry: [Variable<S>], _ shared: [Variable<S>], _ generator: inout Generator
  ) -> (carry: [Variable<S>], outputs: [Variable<S>]) {
    var values = carry + entry + shared
    func any(_ generator: inout Generator) -> Variable<S> {
      values[Int.random(in: 0..<values.count, using: &generator)]
    }
    func like(_ x: Variable<S>, _ generator: inout Generator) -> Variable<S> {
      let same = values.filter { $0.shape == x.shape || $0.shape == .scalar }
      return same[Int.random(in: 0..<same.count, using: &generator)]
    }
    for _ in 0..<Int.random(in: 1...20, using: &generator) {
      let a = any(&generator)
      let (b, count) = (like(a, &generator), a.shape.elementCount)
      let element = Int.random(in: 0..<max(count, 1), using: &generator)
      let isVector = a.shape.rank == 1
      switch Int.random(in: 0..<18, using: &generator) {
      case 0: values.append(a.exp())
      case 1: values.append(a.tanh())
      case 2: values.append(a.sigmoid())
      case 3: values.append(-a)
      case 4: values.append(a.square())
      case 5: values.append(a.relu())
      case 6: values.append(a / b)
      case 7, 8: values.append(a * b)
      case 9: values.append(a + b)
      case 10: values.append(b.shape == a.shape ? a.maximum(b) : a - b)
      case 11: values.append(a.sum())
      case 12: values.append(isVector ? a[element] : a.log())
      case 13: values.append(isVector ? a.flip(axis: 0) : a.sin())
      case 14: values.append(`where`(a .> 0.25, a, b))
      case 15: values.append(`where`(b, 0.5, a))
      case 16: values.append(isVector ? concatenate([a[element...], a[..<element]]) : a.abs())
      default: values.append(a.shape == .scalar ? a * 0.5 : a.reshape(to: [1, count]).sum(axis: 0))
      }
    }
    let next = carry.map { x in
      let same = values.filter { $0.shape == x.shape }
      return same[Int.random(in: 0..<same.count, using: &generator)]
    }
    return (next, (0..<Int.random(in: 1...3, using: &generator)).map { _ in any(&generator) })
  }

  /// A loop and its derivatives, in slots or lanes, or with something beside its carries that fits into none.
  private func results<S: Scalar>(_ seed: UInt64, carries: Int, asProgram: Bool, _ type: S.Type) -> [Tensor<S>] {
    var generator = Generator(seed: seed)
    let widest = seed % 3 == 0 ? 70 : 17
    let (count, steps) = (
      Int.random(in: 1...widest, using: &generator), [0, 1, 2, 5, 9, 19][Int.random(in: 0..<6, using: &generator)]
    )
    let tape = Tape<S>()
    let shapes: [Shape] = [[count], [count], [], [steps, count], [steps], [count], []]
    let leaves = shapes.map { tape.input(Self.draw($0, &generator)) }
    let reversed = Bool.random(using: &generator)
    let start = generator
    func body(_ carry: [Variable<S>], _ entry: [Variable<S>]) -> (carry: [Variable<S>], outputs: [Variable<S>]) {
      var own = start
      let (next, outputs) = Self.body(Array(carry.prefix(carries)), entry, Array(leaves[5...]), &own)
      return (next + carry.dropFirst(carries), outputs)
    }
    let wide = asProgram ? [tape.constant(Tensor<S>.zeros([100]))] : []
    let y = scan(Array(leaves[..<carries]) + wide, over: Array(leaves[3..<5]), reversed: reversed, body)
    let outputs = Array(y.carry.prefix(carries)) + y.outputs

    var carry = Array(leaves[..<carries])
    for t in reversed ? Array((0..<steps).reversed()) : Array(0..<steps) {
      let (next, own) = body(carry, leaves[3..<5].map { $0[t] })
      for (all, one) in zip(y.outputs, own) { #expect(bits(all[t].value) == bits(one.value), "seed \(seed)") }
      carry = next
    }
    for (a, b) in zip(outputs, carry) { #expect(bits(a.value) == bits(b.value), "seed \(seed)") }

    let weights = outputs.map { tape.constant(Self.draw($0.shape, &generator)) }
    let loss = zip(outputs, weights).map { ($0 * $1).sum() }.reduce(tape.constant(0)) { $0 + $1 }
    let slopes = gradients(of: loss, withRespectTo: leaves)
    let second = gradients(of: slopes[0].square().sum() + slopes[3].sum(), withRespectTo: Array(leaves[..<4]))
    let all = outputs + slopes + second
    let program = Program<S>(all)
    program.run()
    for y in all { #expect(bits(program.value(of: y)) == bits(y.value), "seed \(seed)") }
    return all.map(\.value)
  }

  @Test(arguments: [0, 3])
  func `Slots and lanes have the bits of a program and of the unrolled loop, and of its derivatives`(carries: Int) {
    func check<S: Scalar>(_ seed: UInt64, _ type: S.Type) {
      let own = results(seed, carries: carries, asProgram: false, type)
      for (a, b) in zip(own, results(seed, carries: carries, asProgram: true, type)) {
        #expect(bits(a) == bits(b), "seed \(seed)")
      }
    }
    for seed in 0..<120 as Range<UInt64> {
      check(seed, Double.self)
      check(seed, Float.self)
    }
  }

  @Test(arguments: [1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65])
  func `Carries that change places, stay, are handed on twice or are results keep their numbers`(count: Int) {
    func check<S: Scalar>(_ type: S.Type) {
      let tape = Tape<S>()
      let carry = (0..<5).map { tape.input(Tensor<S>(repeating: S(Double($0 + 1)), shape: [count])) }
      let x = tape.input(Tensor<S>(shape: [3, count], elements: (0..<3 * count).map { S(Double($0)) }))
      let y = scan(carry, over: [x]) { c, e in
        let sum = c[0] + e[0]
        return ([c[1], c[0], sum, sum, e[0]], [c[3], c[2], e[0], sum, c[4]])
      }
      // Step by step: a and b change places, and the sums are 1 + x₀, 2 + x₁ and 1 + x₂.
      let rows = (0..<3).map { t in (0..<count).map { S(Double(t * count + $0)) } }
      let sums = zip(rows, [1, 2, 1]).map { row, first in row.map { $0 + S(Double(first)) } }
      let given: (Int) -> [S] = { [S](repeating: S(Double($0)), count: count) }
      #expect(y.carry.map { $0.value.elements } == [given(2), given(1), sums[2], sums[2], rows[2]])
      #expect(y.outputs[0].value.elements == given(4) + sums[0] + sums[1])
      #expect(y.outputs[1].value.elements == given(3) + sums[0] + sums[1])
      #expect(y.outputs[2].value.elements == rows.flatMap { $0 })
      #expect(y.outputs[3].value.elements == sums.flatMap { $0 })
      #expect(y.outputs[4].value.elements == given(5) + rows[0] + rows[1])
    }
    check(Double.self)
    check(Float.self)
  }
}
