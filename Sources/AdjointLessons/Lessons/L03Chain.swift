import Adjoint
import AdjointDrawing

extension Lesson {
  /// The third: slopes are multiplied.
  static let chain = Lesson(
    number: 3, name: "the-chain", title: "The chain",
    idea: "Along a chain the slopes are multiplied, from the loss back, one after the other.",
    curricula: Curricula(minitorch: "Module 1 Autodiff", tinyTorch: "Autograd"),
    text: """
      *The question: a nudge of the first weight reaches the loss through seven boxes. How much of it arrives?*

      Three neurons in a row, each with a weight and no bias. What one answers, the next one takes:

          a₁ = tanh(w₁·x)
          a₂ = tanh(w₂·a₁)
          a₃ = tanh(w₃·a₂)
          e = a₃ − t
          L = e²

      A nudge of w₁ moves a₁, that moves a₂, that moves a₃, that moves L. Each box hands on the nudge times its own slope. So the whole effect is a *product*: that is the chain rule.

          ∂L/∂w₁ = 2·(a₃ − t) · (1 − a₃²)·w₃ · (1 − a₂²)·w₂ · (1 − a₁²)·x

      Multiply it from the left. Then each product along the way is itself an answer: the first is ā₃, after two more factors it is ā₂, then ā₁. One walk back from the loss gives the adjoint of *every* number. Nothing is computed twice.
      Multiplied from the right it would have to be done anew for each weight.

      # What to look at

      - Walk back with the right arrow key. Each step multiplies by one slope. It needs only the adjoint just before it, and values of the forward pass.
      - Compare ā₃, ā₂ and ā₁, then w̄₃, w̄₂ and w̄₁. The farther from the loss, the smaller: each neuron here multiplies by less than 1. In a long chain the first weights learn almost nothing. That is the *vanishing gradient*.
      - Put w₂ on the slider and make it 0. The chain is cut: w̄₁ is 0. But w̄₂ is not.

      # The answer

      Of a nudge of w₁, what arrives is the product of all slopes on the way, about −0.2 of it.
      """,
    page: {
      let tape = Tape<Double>()
      let (x, t) = (tape.input(0.5, "x"), tape.input(1, "t"))
      var a = x
      for (layer, weight) in zip(["₁", "₂", "₃"], [0.9, 0.6, 0.5]) {
        let w = tape.parameter(weight, "w" + layer)
        a = (w * a).labeled("z" + layer).tanh().labeled("a" + layer)
      }
      return Explanation(of: (a - t).labeled("e").square().labeled("L"))
    },
    task: """
      # The exercise

      A chain of other boxes: u = 3·w, v = u², L = 1/v. The slope of u² is 2·u, and that of 1/v is −1/v². Walk back from the loss.
      """,
    exercise: {
      let tape = Tape<Double>()
      let w = tape.parameter(0.5, "w")
      let u = (3 * w).labeled("u")
      let v = u.square().labeled("v")
      return (1 / v).labeled("L")
    })
}
