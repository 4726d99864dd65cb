import Adjoint
import Foundation
import Testing

/// Derivatives of functions that contain derivatives, forward and reverse in any order: the traps of perturbation confusion.
@Suite struct NestedDerivativeTests {
  typealias Number = Variable<Double>
  typealias Function = (Number) -> Number

  static let modes: [JacobianMode] = [.reverse, .forward]

  /// All lists of so many modes, outermost first.
  static func lists(_ depth: Int) -> [[JacobianMode]] {
    depth == 0 ? [[]] : lists(depth - 1).flatMap { list in modes.map { list + [$0] } }
  }

  /// A function of x that contains as many derivatives as it takes modes, whose own derivative is known.
  struct Case: Sendable {
    let name: String
    let depth: Int
    let f: @Sendable (Number, [JacobianMode]) -> Number
    let derivative: @Sendable (Double) -> Double
  }

  private static func d(_ mode: JacobianMode, _ x: Number, _ f: Function) -> Number {
    gradient(at: x, mode: mode, of: f)
  }
  private static func number(_ x: Double, _ beside: Number) -> Number { beside.tape.constant(x) }

  static let cases: [Case] = [
    Case(name: "x · d/dy (x + y) at 1", depth: 1) { x, m in
      x * d(m[0], number(1, x)) { y in x + y }
    } derivative: { _ in
      1
    },
    Case(name: "x · d/dy (x y) at 2", depth: 1) { x, m in
      x * d(m[0], number(2, x)) { y in x * y }
    } derivative: {
      2 * $0
    },
    Case(name: "d/dy (x y²) at y = x", depth: 1) { x, m in
      d(m[0], x) { y in x * y.square() }
    } derivative: {
      4 * $0
    },
    Case(name: "d/dy (x x y) at y = x, which counts neither x", depth: 1) { x, m in
      d(m[0], x) { y in x * x * y }
    } derivative: {
      2 * $0
    },
    Case(name: "a function that ignores its argument", depth: 1) { x, m in
      x + d(m[0], x) { _ in x * x }
    } derivative: { _ in
      1
    },
    Case(name: "f″ of the same function", depth: 1) { x, m in
      d(m[0], x) { $0.sin() }
    } derivative: {
      -Foundation.sin($0)
    },
    Case(name: "f‴", depth: 2) { x, m in
      d(m[0], x) { y in d(m[1], y) { $0.exp() * $0 } }
    } derivative: {
      Foundation.exp($0) * ($0 + 3)
    },
    Case(name: "three levels that see one another", depth: 2) { x, m in
      d(m[0], x * x) { y in y * d(m[1], x + y) { z in x * y * z * z } }
    } derivative: { x in
      // d/dy of y · 2xy(x + y) at y = x² is 4x⁴ + 6x⁵.
      x * x * x * (16 + 30 * x)
    },
    Case(name: "an inner derivative at a constant, captured twice", depth: 2) { x, m in
      d(m[0], number(3, x)) { y in x * y * d(m[1], number(1, x)) { z in x * y * z } }
    } derivative: { x in
      2 * 6 * x
    },
    Case(name: "a derivative along an offset, taken of itself", depth: 2) { x, m in
      // D_u [h(x + u)] at 0 of D_u [h(x + u)] at 0 is h″, not 0.
      func offset(_ mode: JacobianMode, _ h: @escaping Function) -> Function {
        { x in d(mode, number(0, x)) { u in h(x + u) } }
      }
      return offset(m[0], offset(m[1]) { $0 * $0 * $0 * $0 })(x)
    } derivative: {
      24 * $0
    },
    Case(name: "a stopped gradient inside", depth: 1) { x, m in
      d(m[0], x) { y in y.square() * x.stopGradient() }
    } derivative: {
      2 * $0
    },
    Case(name: "one derivative inside of each factor", depth: 2) { x, m in
      d(m[0], x) { $0.square() } * d(m[1], x) { $0 * $0 * $0 }
    } derivative: {
      18 * $0 * $0
    },
    Case(name: "a gradient of many numbers: ½|∇f|²", depth: 1) { x, m in
      norm(x, m[0])
    } derivative: { x in
      18 * x * x * x * 98
    },
    Case(name: "products, sums along axes and moves inside", depth: 1) { x, m in
      products(x, m[0])
    } derivative: { _ in
      40
    },
    Case(name: "softmax, where and an extremum inside", depth: 1) { x, m in
      mixed(x, m[0])
    } derivative: {
      slopeOfSoftmax($0)
    },
    Case(name: "a branch that the value takes", depth: 1) { x, m in
      d(m[0], x) { y in y.scalar > 1 ? y.square() * x : y * x }
    } derivative: {
      $0 > 1 ? 4 * $0 : 1
    },
    Case(name: "a loop until the value says stop", depth: 1) { x, m in
      d(m[0], x) { y in
        var (power, count) = (y, 1)
        while power.scalar < 40 { (power, count) = (power * y, count + 1) }
        return power
      }
    } derivative: { x in
      let n: Double = Foundation.ceil(Foundation.log(40) / Foundation.log(x))
      return n * (n - 1) * Foundation.pow(x, n - 2)
    },
  ]

  private static func norm(_ x: Number, _ mode: JacobianMode) -> Number {
    func f(_ v: Number) -> Number { (v * v * v).sum() }
    let v: Number = x * Tensor<Double>([1, 2, 3])
    return gradient(at: v, mode: mode, of: f).square().sum() / 2
  }

  private static func products(_ x: Number, _ mode: JacobianMode) -> Number {
    func f(_ a: Number) -> Number {
      let square: Number = a.matmul(a.transpose())
      let sums: Number = square.cumsum().sum(axis: 0)
      return sums[1]
    }
    let a: Number = x * Tensor<Double>([[1, 2], [3, 4]])
    return gradient(at: a, mode: mode, of: f).sum()
  }

  private static func mixed(_ x: Number, _ mode: JacobianMode) -> Number {
    func f(_ v: Number) -> Number {
      let chosen: Number = Adjoint.where(v .> 0, v.square(), v)
      let largest: Number = v.max() * v[2]
      return v.softmax().square().sum() + largest + chosen.sum()
    }
    let v: Number = x * Tensor<Double>([1, -2, 0.5])
    return gradient(at: v, mode: mode, of: f).sum()
  }

  /// The derivative of the softmax case by central differences of its gradient's sum in plain numbers.
  private static func slopeOfSoftmax(_ x: Double) -> Double {
    func inner(_ x: Double) -> Double {
      let v = [x, -2 * x, 0.5 * x]
      let e: [Double] = v.map { Foundation.exp($0) }
      let total: Double = e[0] + e[1] + e[2]
      let s: [Double] = e.map { $0 / total }
      let norm: Double = s[0] * s[0] + s[1] * s[1] + s[2] * s[2]
      var squares = 0.0
      for s in s { squares += 2 * s * (s - norm) }
      // max · v[2] adds v[2] at the largest and the largest at 2; where adds 2 v at positive ones and 1 at the others.
      return squares + 3 * v[0] + 3 * v[2] + 1
    }
    let h = 1e-4
    let near: Double = inner(x + h) - inner(x - h)
    let far: Double = inner(x + 2 * h) - inner(x - 2 * h)
    return (8 * near - far) / (12 * h)
  }

  @Test("A nested derivative is right in every pair and triple of modes", arguments: cases.indices)
  func eager(number: Int) {
    let it = Self.cases[number]
    for modes in Self.lists(it.depth + 1) {
      for x in [1.3, 0.7] where !(it.name.hasPrefix("a loop") && x < 1) {
        let found = gradient(at: x, mode: modes[0]) { x in it.f(x, Array(modes.dropFirst())) }
        #expect(abs(found - it.derivative(x)) <= 1e-9 * max(1, abs(found)), "\(it.name), \(modes), at \(x): \(found)")
      }
    }
  }

  @Test("A nested derivative that was compiled is that of each new number", arguments: cases.indices)
  func compiled(number: Int) throws {
    let it = Self.cases[number]
    guard !it.name.hasPrefix("a loop"), !it.name.hasPrefix("a branch") else { return }
    for modes in Self.lists(it.depth + 1) {
      let tape = Tape<Double>()
      let x = tape.input(Tensor(scalar: 0.7))
      let slope = gradient(at: x, mode: modes[0]) { x in it.f(x, Array(modes.dropFirst())) }
      let program = Program<Double>([slope, x])
      for value in [1.3, 0.4] {
        try program.feed(x, Tensor(scalar: value))
        program.run()
        let found = program.value(of: slope).scalar
        #expect(abs(found - it.derivative(value)) <= 1e-9 * max(1, abs(found)), "\(it.name), \(modes): \(found)")
      }
    }
  }

  @Test(
    "A recorded tangent of each operation is that of dual numbers, and so is that tangent's own gradient",
    arguments: ExampleCase.all)
  func tangents(example: ExampleCase) {
    let recorded = example.record(example.values(), as: Double.self)
    guard !recorded.y.holdsIndices else { return }
    var generator = Generator(seed: 9)
    for position in example.movable {
      let x = recorded.x[position]
      let direction: Tensor<Double> = generator.tensor(x.shape)
      let expected = jvp(of: recorded.y, withRespectTo: [x], along: [direction])
      let tangent = jvp(of: recorded.y, withRespectTo: [x], along: [recorded.tape.constant(direction)])
      #expect(tangent.shape == recorded.y.shape)
      for (a, b) in zip(tangent.value.elements, expected.elements) {
        #expect(abs(a - b) <= 1e-10 * max(1, abs(a) + abs(b)), "input \(position)")
      }
      // ⟨v, J ẋ⟩ = ⟨Jᵀ v, ẋ⟩, and the derivatives of both sides by x are Hessians' products.
      let v = recorded.tape.constant(generator.tensor(recorded.y.shape) as Tensor<Double>)
      let forward = gradients(of: (v * tangent).sum(), withRespectTo: [x])[0]
      let slope = gradients(of: (v * recorded.y).sum(), withRespectTo: [x])[0]
      let reverse = gradients(of: (slope * direction).sum(), withRespectTo: [x])[0]
      for (a, b) in zip(forward.value.elements, reverse.value.elements) {
        #expect(abs(a - b) <= 1e-9 * max(1, abs(a) + abs(b)), "second derivative, input \(position)")
      }
    }
  }

  @Test func `A tangent along a variable nests, and holds what moves`() {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([0.5, -1, 2]))
    let v = tape.constant(Tensor([1, 2, -1]))
    // H·v of Σ x⁴, forward over reverse: 12 x² v.
    let product = jvp(at: x, along: v) { x in gradient(at: x) { $0.square().square().sum() } }
    for (found, right) in zip(product.tangent.value.elements, [3.0, 24, -48]) { #expect(abs(found - right) < 1e-12) }
    // A captured x does not move.
    let held = jvp(at: x, along: v) { y in x * y }
    #expect(held.tangent.value == x.value * v.value)
    #expect(jvp(of: x.exp(), withRespectTo: [v], along: [v]).value == .zeros([3]))
    // An intermediate result that moves by itself.
    let a = x.sin()
    #expect(jvp(of: a * x, withRespectTo: [a, x], along: [v, v]).value == (x * v + v * a).value)
  }
}
