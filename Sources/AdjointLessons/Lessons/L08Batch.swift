import Adjoint
import AdjointDrawing
import AdjointLearning

extension Lesson {
  /// The eighth: a weight that all examples use, and the sums that follow.
  static let batch = Lesson(
    number: 8, name: "batch", title: "A batch",
    idea: "All examples use the same weights, so a batch is a fan-out: contributions add, over the rows.",
    curricula: Curricula(minitorch: "Module 2 Tensors", tinyTorch: "Training; DataLoader"),
    text: """
      *The question: several examples share one weight. What is its adjoint?*

      Four examples stand in four rows of x. Each goes through the same weight and the same bias. So W⁽¹⁾ is used four times, and you know
      what happens where a value is used several times: the contributions add.

          W̄⁽¹⁾ = z̄⁽¹⁾ᵀ·x    summed over the rows
          b̄⁽¹⁾ = Σ z̄⁽¹⁾     summed over the rows

      z̄⁽¹⁾ has a row for each example. The product of matrices sums over them. And b⁽¹⁾ was repeated down the rows, so its adjoint is the sum of what comes back to each.

      The loss is a mean, L = (e₁² + e₂² + e₃² + e₄²)/4. Its 1/4 is in the first step back, and from there in all adjoints.

      # What to look at

      - Walk to the adjoint of b⁽¹⁾. Four numbers arrive and one is left. Its shape is that of b⁽¹⁾, not that of z⁽¹⁾.
      - Press *step* a few times, then *run*. The line turns until the errors above and below it are in balance.
      - Suppose that each example came twice into the batch, eight rows instead of four. *What would happen to W̄⁽¹⁾?* Think, then read on.

      Nothing: twice as many contributions would be added, each half as large. A mean makes the step independent of the size of the batch.

      # The answer

      The sum of what each example sends back, each divided by the number of examples.

      # What goes wrong for most

      - The sum for the bias is forgotten: [4, 1] where [1] belongs. The shapes say so at once.
      - 1/N is forgotten. Then every adjoint is four times too large. Reset, take four times the rate, 0.4, and run: the line swings further and further out.
      """,
    page: {
      let tape = Tape<Double>()
      let x = tape.input([[0], [1], [2], [3]], "x")
      let t = tape.input([[1], [1], [3], [3.5]], "t")
      let answer = MLP<Double>([1, 1], activation: .relu, numbers: [[0.5], [0.5]])(x)
      var page = Explanation(of: meanSquare(answer, t))
      page.predictions = .values(answer, of: x, targets: t)
      return page
    },
    task: """
      # The exercise

      Three examples with two features each. z̄⁽¹⁾ has three rows, W̄⁽¹⁾ has the shape of W⁽¹⁾, and b̄⁽¹⁾ is one number in brackets, written `[0.1]` if it were 0.1. u₃ is the product before the bias is added: z⁽¹⁾ hands on to it what it gets.
      """,
    exercise: {
      let tape = Tape<Double>()
      let x = tape.input([[1, 0], [2, 1], [0, 1]], "x")
      let t = tape.input([[1.5], [2], [0.5]], "t")
      return meanSquare(MLP<Double>([2, 1], activation: .relu, numbers: [[0.5, 1], [0.5]])(x), t)
    })

  /// The mean of e², e = ŷ − t.
  static func meanSquare(_ answer: Variable<Double>, _ t: Variable<Double>) -> Variable<Double> {
    (answer - t).labeled("e").square().labeled("q").mean().labeled("loss")
  }
}
