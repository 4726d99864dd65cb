import Adjoint
import AdjointChecking
import Foundation
import Testing

/// The functions that are composed of operations, each by name.
@Suite struct ComposedFunctionTests {
  static let names = ComposedFunction<Double>.all.map(\.name)

  /// Inputs of a function, the same for the same seed; no two numbers lie close together.
  private static func draw<S>(_ f: ComposedFunction<S>, seed: UInt64) -> [Tensor<Double>] {
    var generator = Generator(seed: seed)
    let total = f.inputs.reduce(0) { $0 + $1.elementCount }
    var places = generator.permutation(of: total)
    return f.inputs.map { shape in
      Tensor(
        shape: shape,
        elements: (0..<shape.elementCount).map { _ in
          let place = (Double(places.removeLast()) + generator.uniform(0.25, 0.75)) / Double(total)
          return Double(Float(f.range.lowerBound + (f.range.upperBound - f.range.lowerBound) * place))
        })
    }
  }

  private static func bits<S: Scalar>(_ x: Tensor<S>) -> [UInt64] { x.elements.map { $0.primal.bitPattern } }

  @Test func `No two functions have one name`() {
    #expect(Set(Self.names).count == Self.names.count)
    #expect(Self.names == ComposedFunction<Float>.all.map(\.name))
  }

  private static func expectValues<S>(of f: ComposedFunction<S>) throws {
    let x = draw(f, seed: 1)
    let tape = Tape<S>()
    let leaves = x.map { tape.input($0.converted()) }
    let y = f.onVariables(leaves)
    if let expected = f.expected?(x) {
      #expect(y.shape == expected.shape, "\(f.name) in \(S.self)")
      let error = zip(y.value.elements, expected.elements).map { abs($0.primal - $1) }.max() ?? 0
      let scale = expected.elements.map(abs).max() ?? 0
      #expect(
        error <= 64 * (S.self == Float.self ? 0x1p-24 : 0x1p-53) * scale,
        "\(f.name) in \(S.self): \(y.value) is not \(expected)")
    }
    if let computed = f.onTensors?(x.map { $0.converted() }) {
      #expect(computed.shape == y.shape && bits(computed) == bits(y.value), "\(f.name) of tensors of \(S.self)")
    }

    let program = Program<S>([y])
    let other = draw(f, seed: 2)
    for (leaf, value) in zip(leaves, other) { program.write(value.converted(), into: leaf) }
    program.replay()
    let fresh = Tape<S>()
    let again = f.onVariables(other.map { fresh.input($0.converted()) })
    #expect(bits(program.value(of: y)) == bits(again.value), "\(f.name) in a program of \(S.self)")
  }

  @Test(arguments: names.indices)
  func `Its values are those of the naive formula, of its tensors and of its program`(number: Int) throws {
    try Self.expectValues(of: ComposedFunction<Double>.all[number])
    try Self.expectValues(of: ComposedFunction<Float>.all[number])
  }

  /// Squared, so that a function that only moves elements has a second derivative too.
  private static func expectDerivatives<S>(of f: ComposedFunction<S>) {
    let tape = Tape<S>()
    let y = f.onVariables(draw(f, seed: 3).map { tape.input($0.converted()) }).square()
    let report = GradientCheck(of: y, mode: .full, order: 2).run()
    if y.shape.elementCount > 0, f.inputs.contains(where: { $0.elementCount > 0 }) {
      #expect(report.agrees, "\(f.name): \(report)")
    } else {
      #expect(report.verdict != .disagree, "\(f.name): \(report)")
    }
  }

  @Test(arguments: names.indices)
  func `Its first and second derivatives agree with every oracle`(number: Int) {
    Self.expectDerivatives(of: ComposedFunction<Double>.all[number])
    Self.expectDerivatives(of: ComposedFunction<Float>.all[number])
  }
}
