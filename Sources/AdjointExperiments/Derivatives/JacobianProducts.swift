import Adjoint
import AdjointLearning

/// Document 003 §2 to §6: ∂J/∂vec W⁽¹⁾ as a product of explicit Jacobians, and its simplification.
///
///     ∂J/∂ŷ · ∂ŷ/∂z⁽²⁾ · ∂z⁽²⁾/∂h⁽¹⁾ · ∂h⁽¹⁾/∂z⁽¹⁾ · ∂z⁽¹⁾/∂vec W⁽¹⁾
///     1×10  ·  10×10   ·   10×30    ·    30×30     ·     30×23520
///
/// Every factor is a matrix in plain numbers, and every product a plain loop; the tape's VJP must give the same.
enum JacobianProducts {
  /// The network of document 003, J. Whitehill, "Feed-forward neural networks": ReLU and softmax.
  static let sizes = [784, 30, 10]
  static let dimensions = [(1, 10), (10, 10), (10, 30), (30, 30), (30, 23_520)]

  static let experiment: Experiment = .init(
    "003-jacobians", "003 §2–§6", "The chain of explicit Jacobians",
    settings: { _ in
      [
        Setting(
          "784-30-10", ["sizes": "784-30-10", "activation": "relu", "precision": "Double"], seconds: 0.5, run: run)
      ]
    },
    report: { results in
      let runs = results["784-30-10"]
      func row(_ place: String, _ subject: String, _ figure: String) -> Row {
        let worst = runs.figures(figure).max() ?? .nan
        return .figure(
          place, subject, theirs: "equal", ours: "apart by \(worst.scientific) at most, relative to the largest",
          reached: worst <= 1e-12)
      }
      let (left, right) = multiplications
      return Section(
        rows: [
          row("003 §2", "[1×10]·[10×10]·[10×30]·[30×30]·[30×23520] against the tape's gradient", "chain")
            .judging("§1, §2, chain"),
          row("003 §4", "its simplification g xᵀ, gᵀ = (ŷᵀ − yᵀ)W⁽²⁾ ⊙ relu′(z⁽¹⁾ᵀ)", "outer")
            .judging("§4, five factors"),
          row("003 §5", "∂J/∂b⁽¹⁾ = gᵀ, which is printed as g", "bias").judging("§5", amended: true),
          row("003 §6", "∂J/∂W⁽²⁾ = (ŷ − y)h⁽¹⁾ᵀ", "second").judging("§6"),
        ],
        text: [
          "Multiplications of the dense product from the left, as reverse mode does it: \(left); from the right: \(right)."
        ])
    })

  /// The multiplications that the product of the five dense factors takes, from the left and from the right.
  static var multiplications: (left: Int, right: Int) {
    let inner = dimensions.dropFirst()
    let left = inner.reduce(0) { $0 + $1.0 * $1.1 }
    let last = dimensions[dimensions.count - 1].1
    let right = dimensions.dropLast().reduce(0) { $0 + $1.0 * $1.1 * last }
    return (left, right)
  }

  private static func run(_ context: RunContext) -> Outcome {
    var generator = context.generator(.weights)
    let model = MLP<Double>(sizes, activation: .relu, using: &generator)
    let image = context.digits.training.batch([context.seed % max(context.digits.training.count, 1)])
    let (x, label) = (image.images.elements.map(Double.init), Int(image.labels.elements[0]))
    let tape = Tape<Double>()
    let loss = crossEntropy(
      logits: model(tape.input(Tensor(shape: [1, 784], elements: x))), labels: tape.index(image.labels))
    let first = model.linears[0]
    let second = model.linears[1]
    func exact(_ parameter: Parameter<Double>?) -> [Double] {
      parameter.map { gradient(of: loss, withRespectTo: tape.parameter($0)).value.elements } ?? []
    }

    // Biases begin at zero, so z = W x.
    let z1 = PlainLoops.times(first.weight.value, x)
    let h = z1.map { max(0, $0) }
    let y = PlainLoops.softmax(PlainLoops.times(second.weight.value, h))
    let w2 = second.weight.value.matrix
    let ofLoss = [(0..<10).map { $0 == label ? -1 / y[$0] : 0.0 }]
    let ofRelu = Formula.diagonal(z1.map { $0 > 0 ? 1 : 0 })
    let factors = [Formula.softmaxJacobian(y), w2, ofRelu, Formula.blocks(x, 30)]
    let chain = factors.reduce(ofLoss, PlainLoops.product)[0]

    let error = y.indices.map { y[$0] - ($0 == label ? 1 : 0) }
    let g = zip(PlainLoops.product([error], w2)[0], z1).map { $1 > 0 ? $0 : 0 }
    var outcome = Outcome()
    func note(_ name: String, _ own: [Double], _ tape: [Double]) {
      let scale = tape.map(\.magnitude).max() ?? 1
      outcome.figures[name] = (zip(own, tape).map { abs($0 - $1) }.max() ?? .nan) / scale
    }
    note("chain", chain, exact(first.weight))
    note("outer", Formula.outer(g, x), exact(first.weight))
    note("bias", g, exact(first.bias))
    note("second", Formula.outer(error, h), exact(second.weight))
    return outcome
  }
}
