// A gradient in ten lines: record, differentiate, look.
import Adjoint

_ = Asked("A gradient in ten lines: record, differentiate, look.")

let tape = Tape<Double>()
let x = tape.input(Tensor([0.5, -1, 2]), name: "x")
let w = tape.input(Tensor([1, 2, 3]), name: "w")
let y = (w * x).tanh().sum()

let g = gradients(of: y, withRespectTo: [x, w])
print("y    =", y.scalar)
print("∂y/∂x =", g[0].value)
print("∂y/∂w =", g[1].value)
print("\nThe tape, forward and backward:\n\(tape)")

// The backward pass is more tape, so it can be differentiated again: the Hessian of y with respect to x.
print("\n∂²y/∂x² =\n\(hessian(of: y, withRespectTo: x))")
