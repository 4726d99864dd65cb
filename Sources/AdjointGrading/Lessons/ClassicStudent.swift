import Adjoint
import AdjointChecking

// The classics as a student makes them: written from the definitions of layers and losses, not from the hints' formulas.

extension FaultyStudent {
  /// The wrong answers of the classics that apply to one question.
  func classics(
    about question: Exercise.Question, _ backward: Backward<Double>, _ edges: [Backward<Double>.Edge]
  ) -> [Answer] {
    let tape = exercise.output.tape
    let node = tape[question.node]
    var answers: [Answer] = []
    for edge in edges {
      let y = tape[edge.consumer]
      guard let operation = y.operation, let g = backward.adjoint(of: y) else { continue }
      let rest = question.answer.moved(by: -1, along: edge.contribution.value)
      func add(_ mistake: ClassicMistake, _ contribution: Tensor<Double>) {
        let fits = contribution.shape == rest.shape
        guard fits || edges.count == 1 else { return }
        answers.append(
          Answer(
            fault: "\(mistake) in \(operation.name) \(exercise.names.value(y.index))", kind: .classic(mistake),
            value: fits ? rest.moved(by: 1, along: contribution) : contribution))
      }
      for (mistake, kind) in ruleMistakes(operation.form.unary) {
        let wrong = ClassicOperation(original: operation, mistake: mistake)
        answers.append(
          Answer(
            fault: "\(mistake) in \(exercise.names.value(y.index))", kind: kind,
            value: answer(to: question, wrong, at: y.index)))
      }
      if operation.form == .product(transposeA: false, transposeB: true) {
        let layer = (x: y.inputs[0], g: g)
        if edge.position == 0 {
          add(.weightForgotten, g.value)
        } else {
          add(.upstreamForgotten, Tensor<Double>.ones(g.shape).transposedProduct(layer.x.value))
          if let f = layer.x.operation, f.isElementwise, f.form.unary != nil {
            add(.inputOfActivation, g.value.transposedProduct(layer.x.inputs[0].value))
          }
          if let behind = activation(after: y, backward) {
            add(.activationSkipped, behind.transposedProduct(layer.x.value))
          }
        }
      }
      answers += losses(node, y, question)
    }
    if node.role == .parameter, node.shape.elementCount > 2 {
      answers.append(
        Answer(
          fault: "decay", kind: .classic(.decayAdded(0.1)), value: question.answer.moved(by: 0.1, along: node.value)))
    }
    return answers
  }

  private func ruleMistakes(_ f: Unary?) -> [(ClassicOperation.Mistake, Mistake.Kind)] {
    switch f {
    case .tanh:
      [
        (.people(.tanhAtInput), .classic(.derivativeAtInput(.tanh))), (.people(.tanhNotSquared), .classic(.notSquared)),
        (.people(.tanhAtOutput), .classic(.derivativeAtOutput)), (.plusSquared, .classic(.plusSquared)),
        (.sigmoidForTanh, .classic(.otherActivation(.sigmoid))),
        (.people(.forgottenCotangent), .classic(.upstreamForgotten)),
      ]
    case .sigmoid:
      [
        (.people(.sigmoidAtInput), .classic(.derivativeAtInput(.sigmoid))),
        (.tanhForSigmoid, .classic(.otherActivation(.tanh))),
      ]
    // Of these no mistake is a classic of its own.
    case nil, .negate, .log, .log1p, .square, .abs, .sign, .step, .sin, .cos, .atan, .asin, .acos, .sinh, .cosh, .asinh,
      .acosh, .atanh, .log2, .log10, .erfc, .lgamma, .floor, .ceil, .round, .trunc, .sech, .erf, .normalDensity,
      .normalDistribution, .relu, .gelu, .silu, .softplus, .exp, .sqrt, .expm1, .reciprocal,
      .tan, .exp2:
      []
    }
  }

  /// The adjoint of f(x·Wᵀ + b), for the product y.
  private func activation(after y: Variable<Double>, _ backward: Backward<Double>) -> Tensor<Double>? {
    let tape = exercise.output.tape
    func users(_ node: Int) -> [Variable<Double>] {
      (node + 1...exercise.output.index).map { tape[$0] }.filter { $0.inputs.contains { $0.index == node } }
    }
    guard let z = users(y.index).first, z.operation?.form == .addBias, users(z.index).count == 1 else { return nil }
    guard let a = users(z.index).first, a.operation?.form.unary != nil, a.shape == y.shape else { return nil }
    return backward.adjoint(of: a)?.value
  }

  /// The errors about p, t and δ, from what softmax, sigmoid and a mean are.
  private func losses(_ node: Variable<Double>, _ y: Variable<Double>, _ question: Exercise.Question) -> [Answer] {
    let tape = exercise.output.tape
    func answers(_ list: [(ClassicMistake, (Int) -> Double)]) -> [Answer] {
      list.map { mistake, element in
        let values = Tensor(shape: node.shape, elements: node.value.elements.indices.map(element))
        return Answer(fault: "\(mistake)", kind: .classic(mistake), value: values)
      }
    }
    let later = (node.index...exercise.output.index).map { tape[$0] }
    if y.operation?.form == .softmax(.logSoftmax), let pick = later.first(where: { $0.operation?.form == .pick }) {
      let (classes, labels, z) = (node.shape[1], pick.inputs[1].indexValue.elements, node.value.elements)
      let n = Double(node.shape[0])
      let e = z.map(Double.exponential)
      func p(_ i: Int) -> Double { e[i] / e[i / classes * classes..<(i / classes + 1) * classes].reduce(0, +) }
      func t(_ i: Int) -> Double { Int(labels[i / classes]) == i % classes ? 1 : 0 }
      return answers([
        (.targetDropped, { p($0) / n }), (.withRespectToProbability, { -t($0) / p($0) / n }),
        (.squaredErrorDelta, { (p($0) - t($0)) * p($0) * (1 - p($0)) / n }),
      ])
    }
    let isLogit = later.contains { $0.operation?.form.unary == .negate && $0.inputs[0].index == node.index }
    if isLogit, y.operation?.form.unary == .softplus,
      let hot = (0...exercise.output.index).map({ tape[$0] }).first(where: {
        $0.operation?.form == .oneHot && $0.shape == node.shape
      })
    {
      let (t, z, n) = (hot.value.elements, node.value.elements, Double(node.shape.elementCount))
      func p(_ i: Int) -> Double { 1 / (1 + Double.exponential(-z[i])) }
      return answers([
        (.targetDropped, { p($0) / n }), (.withRespectToProbability, { (p($0) - t[$0]) / (p($0) * (1 - p($0))) / n }),
        (.squaredErrorDelta, { (p($0) - t[$0]) * p($0) * (1 - p($0)) / n }),
      ])
    }
    if y.operation?.form == .binary(.subtract), y.inputs[0].index == node.index, y.scope == "meanSquaredError" {
      return answers([(.targetDropped, { 2 * node.value.elements[$0] / Double(node.shape.elementCount) })])
    }
    return []
  }
}

/// An elementwise function with a classic mistake in its rule: everything else is the original's.
struct ClassicOperation: Adjoint.Operation {
  enum Mistake: Sendable {
    case people(PeoplesMistake)
    /// 1 + a² for 1 − a².
    case plusSquared
    case sigmoidForTanh, tanhForSigmoid
  }

  let original: any Adjoint.Operation
  let mistake: Mistake

  func shape(of inputs: [Shape]) throws(ShapeError) -> Shape { try original.shape(of: inputs) }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { original.forward(x, into: y) }
  func notation(_ x: [Notation]) -> Notation { original.notation(x) }
  var name: String { original.name }
  var isElementwise: Bool { true }

  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    switch mistake {
    case .people(let mistake): [mistake.contribution(g, at: p)]
    case .plusSquared: [g * (1 + p.y.square())]
    case .sigmoidForTanh: [g * p.y * (1 - p.y)]
    case .tanhForSigmoid: [g * (1 - p.y.square())]
    }
  }
}

extension Tensor where Element == Double {
  /// thisᵀ·x, summed as it is defined.
  fileprivate func transposedProduct(_ x: Tensor) -> Tensor {
    let (rows, columns, n) = (shape[1], x.shape[1], shape[0])
    return Tensor(
      shape: [rows, columns],
      elements: (0..<rows * columns).map { place in
        (0..<n).reduce(0) { $0 + self[$1, place / columns] * x[$1, place % columns] }
      })
  }
}
