import Adjoint
import AdjointDatasets
import AdjointLearning
import Foundation

/// Document 004, *Neural Networks I*: two-layer and deep networks, their parameters, and what they are trained on.
enum NetworkClaims {
  static let net = Witness([5, 4, 1], .tanh, .regression, batch: 6)
  static let deep = Witness([7, 6, 5, 4], .sigmoid, batch: 6)

  static let all: [Claim] = models + capability + stacked + example + objective + BackpropagationClaims.all

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

  /// The tape's output of a two-layer network with one input and one output, ReLU hidden.
  private static func outputs(
    _ x: [Double], _ w1: [Double], _ b1: [Double], _ w2: [Double], _ b2: Double
  ) -> [Double] {
    let (tape, units) = (Tape<Double>(), w1.count)
    let hidden = tape.input(Tensor(shape: [x.count, 1], elements: x))
      .matmul(tape.constant(Tensor(shape: [units, 1], elements: w1)), transposeB: true)
      .addBias(tape.constant(Tensor(b1))).relu()
    return hidden.matmul(tape.constant(Tensor(shape: [1, units], elements: w2)), transposeB: true)
      .addBias(tape.constant(Tensor([b2]))).value.elements
  }

  /// The largest error on −1 … 1 of U ReLU units that follow f at U + 1 equally distant points.
  private static func error(of f: (Double) -> Double, units: Int) -> Double {
    let step = 2 / Double(units)
    let knots = (0...units).map { -1 + step * Double($0) }
    let slopes = zip(knots, knots.dropFirst()).map { (f($1) - f($0)) / step }
    let bends = slopes.indices.map { $0 == 0 ? slopes[0] : slopes[$0] - slopes[$0 - 1] }
    let x = (0...2000).map { -1 + Double($0) / 1000 }
    let found = outputs(
      x, [Double](repeating: 1, count: units), knots.dropLast().map { -$0 }, bends, f(-1))
    return zip(x, found).map { abs(f($0) - $1) }.max() ?? .infinity
  }

  /// J = 1/4 Σ (y − f)² of a 2-2-1 network with ReLU on exclusive or, in the order W⁽¹⁾, b⁽¹⁾, W⁽²⁾, b⁽²⁾.
  private static func exclusiveOr(_ t: [Double]) -> Double {
    [(0.0, 0.0, 0.0), (0, 1, 1), (1, 0, 1), (1, 1, 0)].reduce(0) { sum, corner in
      let (x, y, target) = corner
      let q = (max(0, t[0] * x + t[1] * y + t[4]), max(0, t[2] * x + t[3] * y + t[5]))
      let error = target - (t[6] * q.0 + t[7] * q.1 + t[8])
      return sum + error * error / 4
    }
  }

  private static let capability: [Claim] = [
    Claim(
      "Universality", "two layers approximate any continuous function uniformly, provided enough hidden units",
      ours: "`Linear(1, U)`, ReLU, `Linear(U, 1)`: f through U + 1 points"
    ) {
      // Continuous, with a corner and an infinite slope.
      let f = { (x: Double) in abs(x).squareRoot() + sin(5 * x) }
      let errors = [10, 100, 1000].map { error(of: f, units: $0) }
      return .fact(
        zip(errors, errors.dropFirst()).allSatisfy { $1 < $0 / 2 } && errors[2] < 0.03,
        "of √|x| + sin 5x on −1 … 1: largest error \(errors.map { $0.fixed(3) }.joined(separator: ", ")) with 10, 100, 1000 units; a theorem, which numbers illustrate"
      )
    },
    Claim("Several minima", "the parameter space is highly multimodal", ours: "two minima of XOR's J, and neighbours") {
      // The document's weights, and two units that are 0 at every corner.
      let (best, dead) = ([1.0, 1, 1, 1, 0, -1, 1, -2, 0], [-0.5, -0.5, -0.5, -0.5, -0.5, -0.5, 1, 1, 0.5])
      var generator = Generator(seed: 8)
      func lower(_ t: [Double]) -> Int {
        (0..<1000).count { _ in exclusiveOr(t.map { $0 + 0.1 * generator.normal() }) < exclusiveOr(t) }
      }
      let below = lower(best) + lower(dead)
      return .fact(
        below == 0 && exclusiveOr(best) < exclusiveOr(dead),
        "J = \(exclusiveOr(best).short) and \(exclusiveOr(dead).short); around each, it is lower at \(below == 0 ? "none" : "\(below)") of 1000 points; exchanged units make as many again"
      )
    },
  ]

  private static let stacked: [Claim] = [
    Claim("(6.13)", "X, Q, ŷ: a row for each data point", ours: "[batch, features]") {
      .equal(Formula.flat(net.inputs), Formula.flat(net.q[0]), "\(net.q[0].count)×\(net.q[0][0].count)")
    },
    Claim("(6.14a)", "Q = h(XW⁽¹⁾ᵀ + b⁽¹⁾ᵀ)", ours: "x·Wᵀ + b, `matmul(w, transposeB: true).addBias(b)`") {
      .equal(
        Formula.flat(net.inputs.map { net.activate(net.linear(1, $0)) }), Formula.flat(net.q[1]),
        "b⁽¹⁾ᵀ, one row, is added to each of the \(net.inputs.count) rows")
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
      let digits = DrawnDigits(seed: 1).training(20)
      let inputs = digits.batch(Array(0..<20)[...]).inputs.elements
      return .fact(
        digits.features == 784 && digits.classNames.count == 10 && inputs.allSatisfy { (0...1).contains($0) },
        "\(digits.features) inputs, \(digits.classNames.count) classes")
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
