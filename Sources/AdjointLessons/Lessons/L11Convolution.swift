import Adjoint
import AdjointDrawing
import AdjointLearning

extension Lesson {
  /// The eleventh: a kernel that all windows share, and a maximum that listens to one place alone.
  static let convolution = Lesson(
    number: 11, name: "convolution", title: "Convolution and pooling",
    idea: "The adjoint of a kernel is a sum over all windows; that of a maximum goes to the place that won.",
    curricula: Curricula(minitorch: "Module 4 Networks", tinyTorch: "Convolutions; milestone 1998 (CNN)"),
    text: """
      *The question: one kernel looks at every place. Who tells it what to become?*

      A window of 2 × 2 pixels moves over an image of 5 × 5: sixteen places. At each, the four pixels are multiplied by the four numbers of
      the kernel, and added.

          z[i, j] = b + Σ W[u, v]·x[i + u, j + v]

      Written down as rows, one for each window, this is a product of matrices that you know. The kernel is a weight with sixteen examples: it is a
      fan-out again, W̄ = Σ over the windows of z̄[i, j] times the pixels there.

      Then ReLU, and pooling: of each 2 × 2 numbers of a⁽¹⁾ the largest goes on. The others could change a little and nobody would notice. So their
      adjoint is 0, and the place that won gets all of it.

      # What to look at

      - Go to p⁽¹⁾, forward. Find in a⁽¹⁾ the four places that won.
      - Go to the adjoint of a⁽¹⁾: sixteen places, and numbers at those four alone.
      - Press *run*. The image is a 1 with a speck; the targets ask for its left edge. Look at the kernel: its right column ends above its left one, as a left edge is bright on its right.
      - *How many of the sixteen windows have a say in W̄⁽¹⁾?* Think, then read on.

      Four at most: those that won, and of them only those that ReLU let through. Move the slider on a pixel until another place wins, and the adjoint jumps there.

      # The answer

      Every window whose number reached the loss, all of them added up.

      # What goes wrong for most

      - The adjoint of a maximum is spread over its window. That is the mean's. The page shows three zeros and one number in each window.
      - The kernel gets the contribution of its last window, assigned instead of added.
      - x̄ is forgotten to be a sum as well: an inner pixel lies in four windows.
      """,
    page: {
      let tape = Tape<Double>()
      let x = tape.input(
        Tensor(
          shape: [1, 5, 5, 1],
          elements: [
            0, 0, 0.8, 0, 0,
            0, 0.5, 1, 0, 0.5,
            0, 0, 0.9, 0, 0,
            0, 0, 1, 0, 0,
            0, 0.7, 1, 0.8, 0,
          ]), name: "x")
      let kernel = Tensor<Double>(shape: [1, 1, 2, 2], elements: [-0.5, 1, -0.25, 0.5])
      let layer = Conv2D(
        weight: Parameter(kernel, name: "conv1/weight"), bias: Parameter(Tensor([0.25]), name: "conv1/bias"))
      let p = layer(x).relu().maxPool(2)
      let t = tape.input(Tensor(shape: [1, 2, 2, 1], elements: [1, 0, 1, 0]), name: "t")
      var page = Explanation(of: meanSquare(p, t))
      page.learningRate = 0.2
      return page
    },
    task: """
      # The exercise

      The image is [[1, 0, 2], [0, 1, 1], [2, 1, 0]], the kernel [[1, −1], [0.5, 1]]. Its four windows are written as rows of x already, from left to right and from top to bottom;
      the kernel is the row W⁽¹⁾. p is the largest of the four numbers a⁽¹⁾.
      """,
    exercise: {
      let tape = Tape<Double>()
      let windows = tape.input([[1, 0, 0, 1], [0, 2, 1, 1], [0, 1, 2, 1], [1, 1, 1, 0]], "x")
      let kernel = MLP<Double>([4, 1], activation: .relu, numbers: [[1, -1, 0.5, 1], [0.25]])
      let p = kernel(windows).relu().max().labeled("p")
      return (p - 1).labeled("e").square().labeled("loss")
    })
}
