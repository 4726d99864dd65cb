import Adjoint
import Testing

/// How nodes get onto the tape: the short ways of small functions, many inputs, and memory that truncation gives back.
@Suite struct RecordingTests {
  /// A function with its named method, which records it the short way.
  struct Named<Function: Sendable>: Sendable, CustomTestStringConvertible {
    let function: Function
    let method: @Sendable ([Variable<Float>]) -> Variable<Float>
    var testDescription: String { "\(function)" }
  }

  static let unary: [Named<Unary>] = [
    Named(function: .negate) { -$0[0] }, Named(function: .exp) { $0[0].exp() }, Named(function: .log) { $0[0].log() },
    Named(function: .sqrt) { $0[0].sqrt() }, Named(function: .square) { $0[0].square() },
    Named(function: .tanh) { $0[0].tanh() }, Named(function: .sigmoid) { $0[0].sigmoid() },
    Named(function: .relu) { $0[0].relu() }, Named(function: .gelu) { $0[0].gelu() },
  ]

  static let binary: [Named<Binary>] = [
    Named(function: .add) { $0[0] + $0[1] }, Named(function: .subtract) { $0[0] - $0[1] },
    Named(function: .multiply) { $0[0] * $0[1] }, Named(function: .divide) { $0[0] / $0[1] },
    Named(function: .maximum) { $0[0].maximum($0[1]) }, Named(function: .minimum) { $0[0].minimum($0[1]) },
  ]

  private func expectSameNode(_ short: Variable<Float>, _ general: Variable<Float>, _ tape: Tape<Float>) {
    #expect(short.shape == general.shape)
    #expect(short.inputs.map(\.index) == general.inputs.map(\.index))
    #expect(short.operation?.name == general.operation?.name)
    #expect(short.path == general.path)
    #expect(short.value.elements.map(\.bitPattern) == general.value.elements.map(\.bitPattern))
  }

  @Test(arguments: unary, [[], [1], [3, 5], [0]] as [Shape])
  func `A function of one argument is the same node recorded the short way and the general way`(
    f: Named<Unary>, shape: Shape
  ) {
    var generator = Generator(seed: 3)
    let tape = Tape<Float>()
    let x = tape.input(
      Tensor(shape: shape, elements: (0..<shape.elementCount).map { _ in Float(generator.uniform(0.2, 2)) }))
    tape.scoped("scope") { expectSameNode(f.method([x]), tape.record(f.function, inputs: [x]), tape) }
  }

  @Test(arguments: binary)
  func `A function of two arguments is the same node recorded the short way and the general way`(f: Named<Binary>) {
    let pairs: [(Shape, Shape)] = [([], []), ([4], [4]), ([3, 4], [4]), ([], [2]), ([2, 1], [1, 3])]
    var generator = Generator(seed: 4)
    func input(_ shape: Shape) -> Tensor<Float> {
      Tensor(shape: shape, elements: (0..<shape.elementCount).map { _ in Float(generator.uniform(0.2, 2)) })
    }
    let tape = Tape<Float>()
    for shapes in pairs {
      let (a, b) = (tape.input(input(shapes.0)), tape.input(input(shapes.1)))
      tape.scoped("scope") { expectSameNode(f.method([a, b]), tape.record(f.function, inputs: [a, b]), tape) }
    }
  }

  @Test(arguments: [0, 3, 63, 64, 70, 99])
  func `Of an operation with a hundred inputs, only the contribution that is wanted is recorded`(position: Int) {
    let tape = Tape<Double>()
    let parts = (0..<100).map { tape.input(Tensor([Double($0), 1])) }
    let weights = tape.constant(Tensor((0..<200).map { Double($0) }))
    let y = (concatenate(parts) * weights).sum()
    let before = tape.count
    let gradient = gradients(of: y, withRespectTo: [parts[position]])[0]
    #expect(gradient.value == Tensor([Double(2 * position), Double(2 * position + 1)]))
    #expect(tape.count - before < 10, "\(tape.count - before) nodes for one gradient of a hundred")
  }

  @Test func `Numbers and arrays recorded after a truncation take the same memory without disturbing what was kept`() {
    let tape = Tape<Float>()
    let parameter = Parameter<Float>(Tensor([7, 8, 9]))
    let x = tape.input(Tensor(repeating: 2, shape: [5_000]))
    let kept = x * 3
    let count = tape.count
    for round in 1...4 {
      // The first node after the place of truncation stands outside of the tape's memory.
      let w = tape.parameter(parameter)
      var chain = w.sum() * Double(round)
      for _ in 0..<200 { chain = chain + 1 }
      var large = kept
      for _ in 0..<20 { large = large + x }
      #expect(chain.scalar == Float(24 * round + 200))
      #expect(large.value.elements.allSatisfy { $0 == 46 })
      #expect(kept.value.elements.allSatisfy { $0 == 6 })
      #expect(w.value == Tensor([7, 8, 9]))
      tape.truncate(to: count)
    }
  }

  @Test func `A sweep knows its edges after the tape has grown`() {
    let tape = Tape<Float>()
    let x = tape.input(Tensor(scalar: 3))
    let y = x * x + x
    let backward = tape.backward(from: y)
    for _ in 0..<500 { _ = x + 1 }
    #expect(backward.contributions(to: x).map(\.contribution.scalar).sorted() == [1, 3, 3])
    #expect(backward.edges.count == 4)
    #expect(backward.adjoint(of: x)?.scalar == 7)
  }
}
