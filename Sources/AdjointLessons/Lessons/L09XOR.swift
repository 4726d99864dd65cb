import Adjoint
import AdjointDrawing
import AdjointLearning

extension Lesson {
  /// The ninth: a hidden layer, both halves, the update.
  static let xor = Lesson(
    number: 9, name: "xor", title: "XOR from scratch",
    idea: "Two hidden units bend the plane until a line parts what no line parts.",
    curricula: Curricula(minitorch: "Module 1 Autodiff; Module 2 Tensors", tinyTorch: "Training; milestone 1969 (XOR)"),
    text: """
      *The question: what does a hidden layer make possible, and how does it learn that?*

      The target is 1 where exactly one input is 1. No straight line parts (0, 1) and (1, 0) from (0, 0) and (1, 1). A hidden layer makes other
      coordinates first, a⁽¹⁾, and in those a line will do.

          z⁽¹⁾ = x·W⁽¹⁾ᵀ + b⁽¹⁾
          a⁽¹⁾ = tanh(z⁽¹⁾)
          z⁽²⁾ = a⁽¹⁾·W⁽²⁾ᵀ + b⁽²⁾
          ŷ = σ(z⁽²⁾)

      The loss is −log ŷ where the target t is 1, and −log(1 − ŷ) where it is 0. Both are softplus(z⁽²⁾) − t·z⁽²⁾, with softplus(z) = log(1 + exp(z)). So z⁽²⁾ is used twice, and
      two contributions add: σ(z⁽²⁾)/4 and −t/4. Together (ŷ − t)/4, as in [lesson 7](07-softmax.html). From there it goes back layer after layer:

          W̄⁽²⁾ = z̄⁽²⁾ᵀ·a⁽¹⁾
          ā⁽¹⁾ = z̄⁽²⁾·W⁽²⁾
          z̄⁽¹⁾ = ā⁽¹⁾ ⊙ (1 − (a⁽¹⁾)²)
          W̄⁽¹⁾ = z̄⁽¹⁾ᵀ·x

      # What to look at

      - Walk through one whole step: forward, backward, update. Nothing in it is new.
      - Press *run* and watch the boundary. The loss rests near 0.69 = log 2, the loss of somebody who answers ½ to everything; then it falls.
      - Reset. With the slider make the two hidden units equal: both rows of W⁽¹⁾, and both numbers of W⁽²⁾. *Can they ever become different?* Think, then run.

      No. Equal units get equal adjoints, so every step keeps them equal, and the loss stays high. That is why weights begin at random.

      # The answer

      Coordinates in which a line will do. It learns them from ā⁽¹⁾, which says which way each of them should have moved.

      # What goes wrong for most

      - tanh′ is written as 1 − z² or as a·(1 − a). It is 1 − a², with the value *after* tanh.
      - ā⁽¹⁾ is taken for z̄⁽¹⁾: the factor of the activation is skipped. The page stops at both, one after the other.
      - All weights begin at 0. Then a⁽¹⁾ and W⁽²⁾ are 0, and with them every adjoint of a weight.
      """,
    page: {
      let tape = Tape<Double>()
      let x = tape.input([[0, 0], [0, 1], [1, 0], [1, 1]], "x")
      let t = tape.input([[0], [1], [1], [0]], "t")
      let z = MLP<Double>([2, 2, 1], activation: .tanh, numbers: [[-0.5, 0.5, -1, 0.25], [0, 0], [-1, 1], [0]])(x)
      var page = Explanation(of: binaryLogLoss(z, t))
      page.learningRate = 0.5
      page.predictions = .logits(z, of: x, targets: t)
      return page
    },
    task: """
      # The exercise

      One corner, (1, 0), and other weights. All adjoints, from the loss to W⁽¹⁾. The slope of softplus is σ. Products before a bias, such as u₃, get what z hands on. The page knows `tanh` and `σ`, and earlier answers by name.
      """,
    exercise: {
      let tape = Tape<Double>()
      let x = tape.input([[1, 0]], "x")
      let t = tape.input([[1]], "t")
      let model = MLP<Double>(
        [2, 2, 1], activation: .tanh, numbers: [[0.5, -0.5, 1, 0.5], [0.5, -0.5], [1, -1], [0.5]])
      return binaryLogLoss(model(x), t)
    })

  /// The mean of softplus(z) − t·z, which is −log σ(z) where t = 1 and −log(1 − σ(z)) where t = 0.
  private static func binaryLogLoss(_ z: Variable<Double>, _ t: Variable<Double>) -> Variable<Double> {
    (z.softplus() - t * z).mean().labeled("loss")
  }
}
