import Adjoint
import AdjointDrawing

extension Lesson {
  /// The second: weight, bias, activation, loss.
  static let neuron = Lesson(
    number: 2, name: "one-neuron", title: "One neuron",
    idea: "A neuron weighs its input, adds a bias and bends the sum; each of the three has its own slope.",
    curricula: Curricula(minitorch: "Module 1 Autodiff", tinyTorch: "Activations; Layers; Losses"),
    text: """
      *The question: the neuron answers 0.46, it should answer 1. What do we tell its weight and its bias?*

      A neuron takes a number x and does three things:

          p = w·x            weigh
          z = p + b          shift
          a = tanh(z)        bend

      The answer is a. It should be t = 1. The error is e = a − t, and the loss L = e².

      Go backward, one box at a time. At each ask only: *how much does what comes out move, for a nudge of what goes in?* That is the local slope. Multiply it by the
      adjoint of what comes out.

          ē = 2·e                    the slope of a square
          ā = ē · 1                  t stays, so e moves as a does
          z̄ = ā · (1 − a²)           the slope of tanh, at z
          b̄ = z̄ · 1                  b is added, so its slope is 1
          w̄ = z̄ · x                  w is multiplied by x, so its slope is x

      # What to look at

      - The slope of tanh is 1 − a². At a = 0 it is 1, near a = ±1 it is almost 0. Type −10 for w below *Change a number*: the answer is as wrong as it can be, and yet z̄ is almost 0. The neuron is *saturated*; it hardly learns.
      - In the formulas of this page the slope of tanh stands as sech(z)². That is the same number as 1 − a², and keeps its digits where a is near ±1.
      - w̄ has the factor x. A weight whose input is 0 learns nothing.
      - Press *step* a few times. Weight and bias both move, each against its own adjoint.

      # The answer

      Both w̄ and b̄ are negative: both should grow. The bias feels all of z̄, and the weight only half, because x is 0.5.
      """,
    page: {
      let tape = Tape<Double>()
      let (x, t) = (tape.input(0.5, "x"), tape.input(1, "t"))
      let (w, b) = (tape.parameter(0.8, "w"), tape.parameter(0.1, "b"))
      let p = (w * x).labeled("p")
      let z = (p + b).labeled("z")
      let a = z.tanh().labeled("a")
      return Explanation(of: (a - t).labeled("e").square().labeled("L"))
    },
    task: """
      # The exercise

      The same neuron with another bend, the sigmoid: a = σ(z), whose slope is a·(1 − a). Here x is 2 and the answer should be 0. The forward pass stands in the table. Find each adjoint, from the loss back to weight and bias.
      """,
    exercise: {
      let tape = Tape<Double>()
      let (x, t) = (tape.input(2, "x"), tape.input(0, "t"))
      let (w, b) = (tape.parameter(0.75, "w"), tape.parameter(-0.5, "b"))
      let p = (w * x).labeled("p")
      let z = (p + b).labeled("z")
      let a = z.sigmoid().labeled("a")
      return (a - t).labeled("e").square().labeled("L")
    })
}
