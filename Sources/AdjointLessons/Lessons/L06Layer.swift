import Adjoint
import AdjointDrawing
import AdjointLearning

extension Lesson {
  /// The sixth: two layers, and the three equations of each.
  static let layer = Lesson(
    number: 6, name: "a-layer", title: "A layer",
    idea: "A layer of neurons is a matrix; its backward pass is three short equations, the same for every layer.",
    curricula: Curricula(minitorch: "Module 2 Tensors", tinyTorch: "Layers; Autograd"),
    text: """
      *The question: what does a layer need from the layer behind it, and what does it hand on?*

      Two neurons that look at the same three numbers are a *layer*. Their weights are the rows of a matrix W. An example is a row here, x [1×3], so the layer reads

          z⁽¹⁾ = x·W⁽¹⁾ᵀ + b⁽¹⁾       [1×2]
          a⁽¹⁾ = tanh(z⁽¹⁾)           [1×2]
          z⁽²⁾ = a⁽¹⁾·W⁽²⁾ᵀ + b⁽²⁾    [1×1]

      and the loss is L = e² with e = z⁽²⁾ − t. Many books write an example as a column, and W·x. That is the same numbers, transposed.

      # Three equations

      A layer gets one thing from behind: z̄, the adjoint of its sums. From it follows everything:

          W̄ = z̄ᵀ·x         its weights: each neuron's z̄ times each input
          b̄ = z̄            its bias
          x̄ = z̄·W          what it hands on, to the layer before

      Then the layer before bends it, z̄⁽¹⁾ = ā⁽¹⁾ ⊙ (1 − (a⁽¹⁾)²), and does the same three. That is all of backpropagation, for any number of layers.

      No Jacobian was built. W̄⁽¹⁾ is [2×3], like W⁽¹⁾: an outer product of z̄ and x. The Jacobian ∂z⁽¹⁾/∂W⁽¹⁾ would be [2×6], and for a layer of 64 neurons over 784 pixels [64×50176], of which all but one in 64 are 0. ([Lesson 5](05-vectors-and-jacobians.html) shows why.)

      # What to look at

      - Walk to z̄⁽²⁾, and look at what it hands on to each of its inputs: that is the three equations, one after the other.
      - Every adjoint has the shape of its value. If yours has not, something is transposed or not summed.
      - Press *unfold layers* to see the boxes inside a layer.

      # The answer

      From behind it needs z̄, and nothing else. To the layer before, it hands on z̄·W.
      """,
    page: {
      let tape = Tape<Double>()
      let model = MLP<Double>(
        [3, 2, 1], activation: .tanh, numbers: [[0.5, -0.25, 0.75, -0.5, 1, 0.25], [0.1, -0.2], [0.8, -0.6], [0.3]])
      let x = tape.input([[1, 0.5, -1]], "x")
      let t = tape.input([[1]], "t")
      return Explanation(of: (model(x) - t).labeled("e").square().labeled("q").sum().labeled("L"))
    },
    task: """
      # The exercise

      Two inputs, two neurons, one output, and ReLU for the bend, relu(z) = max(z, 0): its slope is 1 where z is positive, and 0 where it is not. One of the neurons is off. What does it learn? (u₃ and u₈ are the products
      before the bias is added. q is e², and L is the sum of its one element.)
      """,
    exercise: {
      let tape = Tape<Double>()
      let model = MLP<Double>(
        [2, 2, 1], activation: .relu, numbers: [[0.5, 1, -1, 0.25], [0.5, 0.25], [2, -1], [-1]])
      let x = tape.input([[1, 0.5]], "x")
      let t = tape.input([[1]], "t")
      return (model(x) - t).labeled("e").square().labeled("q").sum().labeled("L")
    })
}
