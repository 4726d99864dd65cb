import Adjoint
import AdjointDatasets
import AdjointDrawing
import AdjointLearning

extension Lesson {
  /// The tenth: a network that reads digits.
  static let digits = Lesson(
    number: 10, name: "digits", title: "Handwritten digits",
    idea: "The same three equations with larger matrices read digits; no Jacobian is ever built.",
    curricula: Curricula(minitorch: "Module 4 Networks", tinyTorch: "DataLoader; Training; milestone 1986 (MLP)"),
    text: """
      *The question: there are 23,860 weights. What do three equations need of memory, and what would Jacobians need?*

      An image has 28 × 28 = 784 pixels, a row of x. Thirty neurons look at all of them, ten look at the thirty, and softmax makes ten probabilities. The loss is the mean of −log ŷ_t.

          z⁽¹⁾ = x·W⁽¹⁾ᵀ + b⁽¹⁾      W⁽¹⁾: [30×784]
          a⁽¹⁾ = σ(z⁽¹⁾)
          z⁽²⁾ = a⁽¹⁾·W⁽²⁾ᵀ + b⁽²⁾   W⁽²⁾: [10×30]
          ŷ = softmax(z⁽²⁾)

      Four images are in the batch. The network has been trained on 500 others, and reads four of five new ones. The digits are drawn by a program, in the form
      of MNIST's, so that this page needs no file; `adjoint train --data mnist` trains on MNIST itself.

      # What to look at

      - Forward, at z⁽²⁾ and below *what it answers*: the four images and their answers. Choose other images, until one is misread.
      - At the adjoint of z⁽²⁾: (ŷ − y)/4, nearly 0 in the row of an image that is read with ease. A network learns from what it gets wrong.
      - At the adjoint of W⁽¹⁾: thirty images. Their border is exactly 0. *Why?*
      - Press *run* with *next after a step*: it goes on learning, four images at a time.

      A pixel that is 0 in all four images multiplies every contribution to its weights by 0: W̄⁽¹⁾ = z̄⁽¹⁾ᵀ·x. Such a weight cannot learn from this batch.

      # The answer

      Three equations need W̄⁽¹⁾, as large as W⁽¹⁾: 23,520 numbers. The Jacobian ∂z⁽¹⁾/∂W⁽¹⁾ would be [30×23520] for a single image, thirty times as many, and all but one in thirty of them are 0.
      ([Lesson 5](05-vectors-and-jacobians.html) computes that for any layer.)

      # What goes wrong for most

      - x and z̄⁽¹⁾ in the wrong order: W̄⁽¹⁾ comes out as [784×30]. It has the shape of W⁽¹⁾, always.
      - The factor a⁽¹⁾·(1 − a⁽¹⁾) is left out. It is at most ¼: compare z̄⁽¹⁾ with ā⁽¹⁾ on this page. With many layers of σ little arrives at the first.
      """,
    page: {
      let network = trainedNetwork()
      let choice = chosenDigits(network)
      let tape = Tape<Double>()
      let x = tape.input(choice.images[0..<4], name: "images")
      let t = tape.index(Tensor(choice.labels.prefix(4).map(Int32.init)), name: "labels")
      let z = network(x)
      var page = Explanation(of: logLoss(z, t), imageSize: (28, 28))
      page.learningRate = 0.5
      page.predictions = .classes(z, of: x, labels: t).choosing(among: choice.images, targets: choice.labels)
      return page
    },
    task: """
      # The exercise

      Images of four pixels, two neurons, three classes, a batch of two. Every adjoint from the loss to W⁽¹⁾: the same as above, in numbers that fit a line. The last pixel is 0 in both
      images. Answers may be formulas of the names on this page.
      """,
    exercise: {
      let tape = Tape<Double>()
      let x = tape.input([[1, 0, 0.5, 0], [0, 1, 1, 0]], "x")
      let t = tape.index(Tensor<Int32>([0, 2]), name: "t")
      let model = MLP<Double>(
        [4, 2, 3], activation: .sigmoid,
        numbers: [[1, -1, 0.5, 0.25, -0.5, 0.5, 1, -1], [0, 0.25], [1, -0.5, 0, 0.5, -1, 0.5], [0, 0, 0.5]])
      return logLoss(model(x), t)
    })

  /// The network 784-30-10 with the weights below.
  private static func trainedNetwork() -> MLP<Double> {
    MLP<Double>([784, 30, 10], activation: .sigmoid, numbers: trainedNumbers)
  }

  /// The parameters after gradient descent on drawn digits in `Double`, rounded to 1/128.
  private static let trainedNumbers: [[Double]] = {
    var generator = Generator(seed: 1)
    let network = MLP<Double>([784, 30, 10], activation: .sigmoid, using: &generator)
    let batch = DrawnDigits().training(500).all
    let (tape, parameters) = (Tape<Double>(), network.parameters)
    let images = tape.input(batch.images.converted())
    let labels = tape.index(batch.labels)
    let mark = tape.count
    for _ in 0..<150 {
      let slopes = gradients(of: crossEntropy(logits: network(images), labels: labels), withRespectTo: parameters)
      let next = zip(parameters, slopes).map { (tape.parameter($0) - 1.5 * $1).value }
      for (parameter, value) in zip(parameters, next) { parameter.value = value }
      tape.truncate(to: mark)
    }
    return parameters.map { $0.value.elements.map { ($0 * 128).rounded() / 128 } }
  }()

  /// Six digits that the network reads, in a row of which two follow that it misreads.
  private static func chosenDigits(_ network: MLP<Double>) -> (images: Tensor<Double>, labels: [Double]) {
    let batch = DrawnDigits().test(60).all
    let images: Tensor<Double> = batch.images.converted()
    let answers = network(Tape<Double>().input(images)).argMax().indexValue
    let isRight = zip(answers.elements, batch.labels.elements).map { Int($0) == Int($1) }
    let chosen = isRight.indices.filter { isRight[$0] }.prefix(6) + isRight.indices.filter { !isRight[$0] }.prefix(2)
    return (
      Tensor(shape: [chosen.count, 784], elements: chosen.flatMap { images[$0].elements }),
      chosen.map { Double(batch.labels[$0]) }
    )
  }
}
