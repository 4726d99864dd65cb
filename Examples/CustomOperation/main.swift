// An operation of your own: shape, forward and VJP, in ten lines. It runs in any precision, differentiates to any order,
// and compiles into programs like the library's own.
import Adjoint

_ = Asked("An operation of your own, in ten lines.")

/// y = x·sin²x (a "snake" without its linear part); x̄ = ȳ ⊙ (sin²x + x sin 2x).
struct Snake: Operation {
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    for i in y.indices { y[i] = x[0][i] * S.sine(x[0][i]) * S.sine(x[0][i]) }
  }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    [p.to(0, g * (p.x[0].sin().square() + p.x[0] * (2 * p.x[0]).sin()))]
  }
}

let tape = Tape<Double>()
let x = tape.input(Tensor([-2, -0.5, 0, 1, 3]), name: "x")
let y = tape.record(Snake(), x).sum()
let first = gradient(of: y, withRespectTo: x)
print("y  =", y.scalar)
print("y′ =", first.value)
print("y″ =", gradient(of: first.sum(), withRespectTo: x).value)

// An independent witness: replay the same recording in dual numbers, which uses no VJP, and compare ⟨∇y, v⟩.
let direction = Tensor([0.3, -1, 0.7, 0.2, -0.4])
let forward = jvp(of: y, withRespectTo: [x], along: [direction]).elements[0]
let reverse = zip(first.value.elements, direction.elements).map { $0 * $1 }.reduce(0, +)
print("along a direction: forward \(forward), reverse \(reverse)")
