import Adjoint
import AdjointLearning
import Foundation

/// Document 004, *Neural Networks I*: two-layer and deep networks, their parameters, and what they are trained on.
enum NetworkClaims {
  static let net = Witness([5, 4, 1], .tanh, .regression, batch: 6)
  static let deep = Witness([7, 6, 5, 4], .sigmoid, batch: 6)

  static let all: [Claim] = models + stacked + example + objective + BackpropagationClaims.all

  /// h(W⁽ˡ⁾q + b⁽ˡ⁾) through all layers but the last, which has no h.
  static func forward(_ net: Witness, _ x: [Double]) -> [Double] {
    (1...net.depth).reduce(x) { q, l in l < net.depth ? net.activate(net.linear(l, q)) : net.linear(l, q) }
  }

  private static let models: [Claim] = [
    Claim("(6.2)", "ŷ = W₁x₁ + … + Wₚxₚ + b", ours: "`Linear(p, 1)`") {
      let linear = Witness([5, 1], .identity, .regression)
      return .equal([Formula.dot(linear.weights[0].elements, linear.x) + linear.biases[0][0]], linear.z[1][0])
    },
    Claim("(6.3)", "ŷ = h(W₁x₁ + … + Wₚxₚ + b)", ours: "an activation after it") {
      let row = net.weights[0].matrix[0]
      return .equal([tanh(Formula.dot(row, net.x) + net.biases[0][0])], [net.q[1][0][0]])
    },
    Claim("(6.6a)", "qᵢ = h(Wᵢ₁⁽¹⁾x₁ + … + Wᵢₚ⁽¹⁾xₚ + bᵢ⁽¹⁾), i = 1 … U", ours: "`Linear(p, U)`, `tanh`") {
      .equal(net.weights[0].matrix.enumerated().map { tanh(Formula.dot($1, net.x) + net.biases[0][$0]) }, net.q[1][0])
    },
    Claim("(6.6b)", "ŷ = W₁⁽²⁾q₁ + … + W_U⁽²⁾q_U + b⁽²⁾", ours: "`Linear(U, 1)`") {
      .equal([Formula.dot(net.weights[1].elements, net.q[1][0]) + net.biases[1][0]], net.z[2][0])
    },
    Claim("(6.7)", "W⁽¹⁾ U×p, b⁽¹⁾ U, W⁽²⁾ 1×U, b⁽²⁾ 1", ours: "a linear weight is [out, in]") {
      var generator = Generator(seed: 1)
      let model = MLP<Double>([5, 4, 1], activation: .tanh, using: &generator)
      return .equal(model.parameters.flatMap { $0.shape.map(Double.init) }, [4, 5, 4, 1, 4, 1])
    },
    Claim("(6.8a)", "q = h(W⁽¹⁾x + b⁽¹⁾)", ours: "`MLP`, hidden layer") {
      .equal(net.activate(net.linear(1, net.x)), net.q[1][0])
    },
    Claim("(6.8b)", "ŷ = W⁽²⁾q + b⁽²⁾", ours: "`MLP`, last layer") {
      .equal(net.linear(2, net.q[1][0]), net.z[2][0])
    },
    Claim("XOR", "W⁽¹⁾ all 1, b⁽¹⁾ = (0, −1), W⁽²⁾ = (1, −2), b⁽²⁾ = 0 with ReLU", ours: "the same network, recorded") {
      let tape = Tape<Double>()
      let x = tape.input(Tensor([[0, 0], [0, 1], [1, 0], [1, 1]]))
      let hidden = x.matmul(tape.constant(.ones([2, 2])), transposeB: true).addBias(tape.constant(Tensor([0.0, -1])))
        .relu()
      let y = hidden.matmul(tape.constant(Tensor([[1.0, -2]])), transposeB: true)
      return .equal(
        [(y.value.elements, [0, 1, 1, 0]), (hidden.value.matrix[1], [1, 0]), (hidden.value.matrix[2], [1, 0])],
        "0, 1, 1, 0; (0, 1) and (1, 0) both go to the feature (1, 0)")
    },
    Claim(
      "XOR, no line", "no line shatters the points in the original space",
      ours: "f(0,0) + f(1,1) = f(0,1) + f(1,0) for every affine f"
    ) {
      var generator = Generator(seed: 3)
      let defects = (0..<100).map { _ in
        let (a, b, c) = (generator.normal(), generator.normal(), generator.normal())
        let f = { (x: Double, y: Double) in a * x + b * y + c }
        return abs(f(0, 0) + f(1, 1) - f(0, 1) - f(1, 0))
      }
      return .fact(
        defects.allSatisfy { $0 < 1e-12 }, "so the two sums cannot have different signs; 100 random lines, none does it"
      )
    },
    Claim("(6.11)", "q⁽ˡ⁾ = h(W⁽ˡ⁾q⁽ˡ⁻¹⁾ + b⁽ˡ⁾), ŷ = W⁽ᴸ⁾q⁽ᴸ⁻¹⁾ + b⁽ᴸ⁾", ours: "`MLP`") {
      .equal(forward(deep, deep.x), deep.z[3][0])
    },
    Claim("(6.16a)", "q⁽¹⁾ = h(W⁽¹⁾x + b⁽¹⁾)", ours: "`MLP`, first layer") {
      .equal(deep.activate(deep.linear(1, deep.x)), deep.q[1][0])
    },
    Claim("(6.16b)", "q⁽ᴸ⁻¹⁾ = h(W⁽ᴸ⁻¹⁾q⁽ᴸ⁻²⁾ + b⁽¹⁾)", ours: "b⁽ᴸ⁻¹⁾, as in (6.11)") {
      let product = PlainLoops.times(deep.weights[1], deep.q[1][0])
      let printed =
        product.count == deep.biases[0].count ? zip(product, deep.biases[0]).map { $0 + $1 } : deep.biases[0]
      return .amended(
        deep.activate(printed), "b⁽ᴸ⁻¹⁾", deep.activate(deep.linear(2, deep.q[1][0])), deep.q[2][0],
        "b⁽¹⁾ has \(deep.biases[0].count) entries, layer L − 1 has \(product.count) units")
    },
    Claim("(6.16c)", "z = W⁽ᴸ⁾q⁽ᴸ⁻¹⁾ + b⁽ᴸ⁾, W⁽ᴸ⁾ M×U_{L−1}, b⁽ᴸ⁾ M", ours: "`MLP`, logits") {
      .equal([(deep.linear(3, deep.q[2][0]), deep.z[3][0]), (deep.weights[2].shape.map(Double.init), [4, 5])])
    },
    Claim("(6.15), (6.16d)", "g = softmax(z) = e^z / Σ e^zⱼ", ours: "`softmax`") {
      let tape = Tape<Double>()
      let powers = deep.z[3][0].map { exp($0) }
      return .equal(
        powers.map { $0 / powers.reduce(0, +) }, tape.input(Tensor(deep.z[3][0])).softmax().value.elements)
    },
  ]

  private static let stacked: [Claim] = [
    Claim("(6.13)", "X, Q, ŷ: a row for each data point", ours: "[batch, features]") {
      .equal(Formula.flat(net.inputs), Formula.flat(net.q[0]), "\(net.q[0].count)×\(net.q[0][0].count)")
    },
    Claim("(6.14a)", "Q = h(XW⁽¹⁾ᵀ + b⁽¹⁾ᵀ)", ours: "x·Wᵀ + b, `matmul(w, transposeB: true).addBias(b)`") {
      .equal(Formula.flat(net.inputs.map { net.activate(net.linear(1, $0)) }), Formula.flat(net.q[1]))
    },
    Claim("(6.14b)", "ŷ = QW⁽²⁾ᵀ + b⁽²⁾ᵀ", ours: "the same") {
      .equal(Formula.flat(net.q[1].map { net.linear(2, $0) }), Formula.flat(net.z[2]))
    },
  ]

  private static func parameters(_ sizes: [Int]) -> Int {
    var generator = Generator(seed: 1)
    return MLP<Float>(sizes, using: &generator).parameters.reduce(0) { $0 + $1.count }
  }

  private static let example: [Claim] = [
    Claim("Ex. 6.1, inputs", "p = 28 × 28 = 784, intensities in [0, 1], M = 10", ours: "`LabeledImages`, bytes / 255") {
      .equal([28 * 28], [784])
    },
    Claim("Ex. 6.1, one layer", "784·10 + 10 = 7850 parameters", ours: "`MLP([784, 10])`") {
      .equal([784 * 10 + 10, 7850], [Double(parameters([784, 10])), 7850])
    },
    Claim(
      "Ex. 6.1, dimensions", "W⁽¹⁾ ∈ ℝ^{784×10}; W⁽¹⁾ ∈ ℝ^{784×200}, W⁽²⁾ ∈ ℝ^{200×10}",
      ours: "10×784; 200×784, 10×200, as (6.16) says"
    ) {
      let one = Witness([784, 10], .identity)
      return .product(
        of: [(784, 10), (784, 1)], "the transposed dimensions", one.linear(1, one.x), one.z[1][0], "in W⁽¹⁾x")
    },
    Claim("Ex. 6.1, two layers", "784·200 + 200·200 + 200·10 + 10 = 159,010", ours: "`MLP([784, 200, 10])`") {
      let printed = 784 * 200 + 200 * 200 + 200 * 10 + 10
      let count = parameters([784, 200, 10])
      let meant = 784 * 200 + 200 + 200 * 10 + 10
      return .fact(
        printed == 159_010, amended: meant == 159_010 && count == 159_010,
        "the printed sum is \(printed); with 200 for 200·200, the bias of the hidden layer, \(meant); ours has \(count)"
      )
    },
    Claim(
      "Ex. 6.2", "600 iterations an epoch, 9,000 in 15", ours: "[Experiments.md](Experiments.md) for its 8% and 2%"
    ) {
      .equal([60_000 / 100, 15 * 600], [600, 9000])
    },
  ]

  private static let objective: [Claim] = [
    Claim("(6.17)", "θ = [vec(W⁽¹⁾)ᵀ b⁽¹⁾ᵀ … vec(W⁽ᴸ⁾)ᵀ b⁽ᴸ⁾ᵀ]ᵀ", ours: "`parameters.flattened()`") {
      var generator = Generator(seed: 1)
      let model = MLP<Double>([5, 4, 3], using: &generator)
      let theta: Tensor<Double> = model.parameters.flattened()
      return .equal(
        model.linears.flatMap { $0.weight.value.elements + ($0.bias?.value.elements ?? []) }, theta.elements)
    },
    Claim("(6.18)", "J(θ) = 1/n Σ L(xᵢ, yᵢ, θ)", ours: "the mean, the default of every loss") {
      let sum = zip(deep.inputs, deep.labels).reduce(0) { $0 + PlainLoops.crossEntropy(forward(deep, $1.0), $1.1) }
      return .equal([sum / 6], [deep.loss])
    },
    Claim("(6.19)", "L = (y − f(x; θ))²", ours: "`meanSquaredError`") {
      let squares = zip(net.inputs, net.targets).map { ($1 - forward(net, $0)[0]) * ($1 - forward(net, $0)[0]) }
      return .equal([squares.reduce(0, +) / 6], [net.loss])
    },
    Claim("(6.20)", "L = −ln g_y = −z_y + ln Σ e^zⱼ", ours: "`crossEntropy(logits:labels:)`") {
      let one = Witness([7, 6, 4], .sigmoid)
      let (z, y) = (one.z[2][0], one.labels[0])
      return .equal([
        (([-log(one.probabilities[y])], [one.loss])), ([-z[y] + log(z.reduce(0) { $0 + exp($1) })], [one.loss]),
      ])
    },
    Claim("(6.21), (6.23a), (6.23b)", "θₜ₊₁ ← θₜ − γ∇J(θₜ)", ours: "`SGD(learningRate: γ)`") {
      let parameter = Parameter(Tensor([1.0, -2]))
      let step = TrainingStep<Double>(optimizer: SGD(learningRate: 0.5)) { x in
        (x.tape.parameter(parameter) * x).sin().sum()
      }
      var theta = [1.0, -2]
      for _ in 0..<3 {
        theta = theta.map { $0 - 0.5 * 0.7 * cos($0 * 0.7) }
        try step(Tensor([0.7, 0.7]))
      }
      return .equal(theta, parameter.value.elements)
    },
    Claim("Chain rule", "h(x) = f(g(x)): h′(x) = f′(g(x)) g′(x)", ours: "`gradient(of:withRespectTo:)`") {
      let right = valueAndGradient(at: Tensor([0.3])) { $0.square().sin().sum() }.gradient.elements
      return .equal([cos(0.09) * 0.6], right)
    },
  ]
}
