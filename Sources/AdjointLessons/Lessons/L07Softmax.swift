import Adjoint
import AdjointDrawing
import AdjointLearning

extension Lesson {
  /// The seventh: a full Jacobian, and the difference that it leaves.
  static let softmax = Lesson(
    number: 7, name: "softmax", title: "Softmax and cross-entropy",
    idea: "Probabilities and their logarithm come to the simplest adjoint of all: ŷ − y.",
    curricula: Curricula(minitorch: "Module 4 Networks", tinyTorch: "Activations; Losses"),
    text: """
      *The question: what does a wrong answer send back through softmax?*

      The last layer gives a number z for each class. Softmax makes probabilities of them: positive, with the sum 1. The loss asks for one
      of them alone, that of the right class t.

          ŷⱼ = exp(zⱼ) / (exp(z₁) + exp(z₂) + …)
          L = −log ŷ_t

      Each ŷⱼ depends on every z, because every z stands in the sum below. So this Jacobian is full, where that of tanh or of ReLU is diagonal:

          ∂ŷⱼ/∂zₖ = ŷⱼ·(1 − ŷⱼ) where j = k, and −ŷⱼ·ŷₖ elsewhere

      Walk back. The adjoint of ŷ has a single number, −1/ŷ_t, at the class t. One step later, at z, each class has one: *ŷ − y*, where y is 1 at t and 0 elsewhere.

      # What to look at

      - Go to ŷ and read its three numbers, then to the adjoint of z⁽¹⁾. At which class do they differ, and by how much?
      - Press *run*. Three classes share the plane. Look at z̄⁽¹⁾ again: it is small where the answer is right and sure.
      - The three numbers of z̄⁽¹⁾ add up to 0. *Why?* Think, then read on.

      Add the same number to every z, and ŷ stays as it was. So the loss has slope 0 in that direction, and that slope is the sum of z̄.

      # The answer

      The difference between what was said and what is right, ŷ − y. Nothing simpler could come back.

      # What goes wrong for most

      - −1/ŷ_t at t and 0 elsewhere, as the adjoint of z. That is the adjoint of ŷ: the page shows both, with the Jacobian between them.
      - ŷ instead of ŷ − y. Then the right class is pushed down too. Its number must be negative: it is the one class that should grow.
      """,
    page: {
      let tape = Tape<Double>()
      let x = tape.input([[1, 2]], "x")
      let t = tape.index(Tensor<Int32>([1]), name: "t")
      let model = MLP<Double>(
        [2, 3], activation: .relu, numbers: [[0.5, 0.25, -0.5, 0.5, 0.25, -0.5], [0, 0.1, -0.1]])
      let z = model(x)
      var page = Explanation(of: logLoss(z, t))
      page.learningRate = 0.5
      page.predictions = .classes(z, of: x, labels: t).choosing(
        among: Tensor([[1, 2], [2, -1], [-1.5, -1], [0, 2], [2, 0], [-1, -2]]), targets: [1, 0, 2, 1, 0, 2])
      return page
    },
    task: """
      # The exercise

      Another example, in the middle of three classes. Its class is t = 2, the last one: classes are counted from 0. Begin with the loss. u₈ is the logarithm of ŷ_t and u₉ its mean over one
      row, which changes nothing; the slope of log v is 1/v. The adjoint of ŷ has one number, and zeros; that of z⁽¹⁾ has three. u₂ is the product before the bias is added. `ŷ - [[0, 0, 1]]` is an answer too.
      """,
    exercise: {
      let tape = Tape<Double>()
      let x = tape.input([[1, -1]], "x")
      let model = MLP<Double>([2, 3], activation: .relu, numbers: [[0.5, 0.5, 1, 0.5, -0.5, 0.5], [0, 0, 0.5]])
      return logLoss(model(x), tape.index(Tensor<Int32>([2]), name: "t"))
    })

  /// −log softmax(z)[t] in the steps in which it is defined, and its mean over the rows.
  static func logLoss(_ z: Variable<Double>, _ t: Variable<Double>) -> Variable<Double> {
    let right = z.softmax().labeled("ŷ").pick(t).labeled("ŷ_t")
    return (-right.log().mean()).labeled("loss")
  }
}
