// A wrong derivative on purpose: one faulty operation inside a four-layer model, and the report that convicts it by name. The
// model trains all the same, only worse, which is why such faults live long.
import Adjoint
import AdjointChecking
import AdjointLearning

/// y = x sin x; x̄ = ȳ ⊙ (sin x + x cos x). Written with a wrong sign.
struct Ripple: Operation {
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    for i in y.indices { y[i] = x[0][i] * S.sine(x[0][i]) }
  }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    [p.to(0, -g * (p.x[0].sin() + p.x[0] * p.x[0].cos()))]
  }
}

/// y = a ⊙ b; ā = ȳ ⊙ b, b̄ = ȳ ⊙ a. The second contribution was forgotten.
struct Gate: Operation {
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    for i in y.indices { y[i] = x[0][i] * x[1][i] }
  }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [p.to(0, g * p.x[1]), nil] }
}

/// Four layers; `middle` stands between the second and the third.
func report(_ title: String, _ middle: (Variable<Double>) -> Variable<Double>) -> GradientReport {
  var generator = Generator(seed: 7)
  let layers = [6, 12, 12, 8].enumerated().map { position, inputs in
    Linear<Double>(inputs, [12, 12, 8, 3][position], name: "layer\(position + 1)", using: &generator)
  }
  let tape = Tape<Double>()
  let x = tape.input(Tensor(shape: [5, 6], elements: (0..<30).map { _ in generator.normal() }), name: "x")
  let hidden = middle(layers[1](layers[0](x).tanh()))
  let logits = layers[3](layers[2](hidden).tanh())
  let loss = crossEntropy(logits: logits, labels: tape.index(Tensor([0, 2, 1, 1, 0]), name: "labels"))
  var check = GradientCheck(of: loss)
  check.subject = title
  return check.run()
}

_ = Asked("A wrong derivative on purpose, and the report that convicts it by name.")
let reports = [
  report("four layers") { $0.sigmoid() },
  report("four layers, one of them with a ripple") { z in z.tape.scoped("ripple") { z.tape.record(Ripple(), z) } },
  report("four layers, one of them gated") { z in z.tape.scoped("gate") { z.tape.record(Gate(), z.tanh(), z.sigmoid()) }
  },
]
for report in reports { print(report, terminator: "\n\n") }
print("verdicts:", reports.map(\.verdict.text).joined(separator: ", "))
