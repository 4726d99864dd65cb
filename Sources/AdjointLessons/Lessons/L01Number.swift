import Adjoint
import AdjointDrawing

extension Lesson {
  /// The first: what a derivative says.
  static let number = Lesson(
    number: 1, name: "a-number-and-its-nudge", title: "A number and its nudge",
    idea: "A derivative says how much a result moves when a number is nudged.",
    curricula: Curricula(minitorch: "Module 0 Fundamentals; Module 1 Autodiff", tinyTorch: "Tensor; Autograd"),
    text: """
      *The question: which way should w go, and how strongly does it matter?*

      There is one number that we may choose, w. From it follow two more:

          u = w − 2
          L = u²

      L is the *loss*: the smaller, the better. Now w is 0.5, so u is −1.5 and L is 2.25.

      Nudge w up by 0.001. Then u is −1.499, and L is 2.247001. It went *down* by about 0.003: three times the nudge, the other way. That number, −3, is
      the *derivative* of L by w. It holds here, at w = 0.5, and for small nudges.

      Written down: ∂L/∂w = −3. On this page it is called the *adjoint* of w and written w̄. A bar over a name always says this: how much L moves, over the nudge of that number.

      # What to do on this page

      - Walk with the arrow keys. First come the values, forward. Then come the adjoints, backward: L̄ = 1, because L moves as much as L; then ū; then w̄.
      - Move the slider below *Change a number*. Watch loss and adjoint change together. Where is w̄ zero?
      - Press *check this element*. The page nudges w by itself, up and down, and compares.
      - Press *step*. The page moves w against its derivative: w ← w − η·w̄, with η = 0.1. Press *run*, and see where w ends.

      # The answer

      w should go *up*, since w̄ is negative. And it matters: L moves three times as much as w. Where w̄ is 0, at w = 2, no small nudge helps any more: the loss is as small as it gets.
      """,
    page: {
      let tape = Tape<Double>()
      let w = tape.parameter(0.5, "w")
      let u = (w - 2).labeled("u")
      return Explanation(of: u.square().labeled("L"))
    },
    task: """
      # The exercise

      Another loss: v = 3·w, u = v − 1 and L = u², at w = 0.6. Find how L moves with u, then with v, then with w. Nudge in your head first: when w moves by 0.001, how much does
      u move? Then type your answers; a formula such as `2 * 0.8` is an answer too.
      """,
    exercise: {
      let tape = Tape<Double>()
      let w = tape.parameter(0.6, "w")
      let v = (3 * w).labeled("v")
      let u = (v - 1).labeled("u")
      return u.square().labeled("L")
    })
}
