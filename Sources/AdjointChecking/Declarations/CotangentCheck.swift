import Adjoint

/// Tests a rule to second order while its cotangent moves as well: L(x, g) = ⟨g, f(x)⟩, differentiated twice by the rule,
/// against second-order dual numbers. Where the cotangent of a lone operation is constant, a rule that stops it is right.
struct CotangentCheck {
  /// ⟨g, f(x)⟩, with g an input.
  let output: Variable<Double>
  /// The inputs that move, and g.
  let leaves: [Variable<Double>]

  init(_ draw: ExampleDraw, seed: UInt64) {
    var generator = Generator(seed: seed).stream(7)
    let tape = Tape<Double>()
    let (inputs, y) = draw.record(on: tape)
    let g = tape.input(y.value.map { _ in Double(Float(generator.normal())) })
    output = (y.numbers * g).sum()
    leaves = draw.movable.map { inputs[$0] } + [g]
  }

  /// True when one random second derivative, uᵀHw, is more than rounding away: worth a check that finds out why.
  func isSuspect(seed: UInt64) -> Bool {
    var generator = Generator(seed: seed).stream(9)
    let values = leaves.map(\.value)
    func direction() -> [Tensor<Double>] { values.map { $0.map { _ in generator.normal() } } }
    let (u, w) = (direction(), direction())
    let tape = output.tape
    let mark = tape.count
    defer { tape.truncate(to: mark) }
    let first = gradients(of: output, withRespectTo: leaves)
    let projected = zip(first, w).map { ($0 * tape.constant($1)).sum() }.reduce(tape.constant(0)) { $0 + $1 }
    let second = gradients(of: projected, withRespectTo: leaves).map(\.value)

    let program = Program<SecondOrderDual>([output] + leaves)
    for (leaf, x) in leaves.indices.map({ ($0, values[$0]) }) {
      let moved = x.elements.indices.map {
        SecondOrderDual(x.elements[$0], first: u[leaf].elements[$0], second: w[leaf].elements[$0])
      }
      program.write(Tensor(shape: x.shape, elements: moved), into: leaves[leaf])
    }
    program.replay()
    let expected = program.value(of: output).elements[0].mixed
    return !(abs(second.dot(u) - expected) <= 1e-12 * (second.magnitude(u) + abs(expected)))
  }
}
