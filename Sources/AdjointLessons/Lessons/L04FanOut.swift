import Adjoint
import AdjointDrawing

extension Lesson {
  /// The fourth: contributions add, and why backward order is needed.
  static let fanOut = Lesson(
    number: 4, name: "fan-out-and-order", title: "Fan-out and order",
    idea: "A number that is used twice hears from both users and adds; so every user comes before it.",
    curricula: Curricula(minitorch: "Module 1 Autodiff", tinyTorch: "Autograd"),
    text: """
      *The question: why go backward in order, and not simply follow each path?*

      The number a is used twice: once squared, once tripled. Then the two meet again. That is a *diamond*. Behind it stands another one:

          a = 2·w
          b = a²       c = 3·a        d = b + c
          e = tanh(d)  f = d/2        L = e·f

      A nudge of a reaches d along two ways, through b and through c. Both effects happen. So they *add*:

          ā = b̄·2a + c̄·3

      Hence the order. The sum is complete only when b *and* c have said their part. So a must wait for both. The same holds for d, which waits for e and f. Going
      back in the reverse of the order in which the values were computed, everything that uses a number comes before it, always. That order costs nothing: whoever computed the values has listed them in it. The list is called a *tape*.

      # Two ways to get it wrong

      - *Follow every path by recursion.* From L to a there are 2·2 = 4 paths. With ten diamonds there are 1024, with thirty a thousand million. The order visits each box once: 3 boxes more for a diamond more.
      - *Assign instead of add.* Then the second user overwrites what the first one said, and ā is wrong, with no message.

      [The order of things](order-of-things.html) shows both going wrong, next to the right walk.

      # What to look at

      - Walk to ā. The page shows two contributions and their sum, with the reason.
      - Walk to d̄. It has two as well, and comes before b̄ and c̄.

      # The answer

      Because an adjoint is a sum, and a sum must be complete before it is handed on. The reverse order completes each sum exactly once.
      """,
    page: {
      let tape = Tape<Double>()
      let w = tape.parameter(0.2, "w")
      let a = (2 * w).labeled("a")
      let (b, c) = (a.square().labeled("b"), (3 * a).labeled("c"))
      let d = (b + c).labeled("d")
      let (e, f) = (d.tanh().labeled("e"), (d / 2).labeled("f"))
      var page = Explanation(of: (e * f).labeled("L"))
      page.learningRate = 0.01
      return page
    },
    task: """
      # The exercise

      One diamond, with a product at its end: a = 2·w, b = a², c = 3·a, L = b·c. The slope of b·c by b is c, and by c it is b. Who must have spoken before you can write down ā?
      """,
    exercise: {
      let tape = Tape<Double>()
      let w = tape.parameter(1, "w")
      let a = (2 * w).labeled("a")
      let (b, c) = (a.square().labeled("b"), (3 * a).labeled("c"))
      return (b * c).labeled("L")
    })
}
