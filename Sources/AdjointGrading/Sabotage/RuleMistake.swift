import Adjoint
import AdjointChecking

/// A mistake that people make when they write one rule, beyond alterations of the right contribution.
package enum RuleMistake: String, Sendable, CaseIterable {
  /// A derivative that is a formula in y, taken at x.
  case derivativeAtInput
  /// The cotangent is passed on without ∂y/∂x.
  case forgottenDerivative
  /// Of a Jacobian, the diagonal alone.
  case diagonalOnly
  /// log-softmax whose cotangents are not summed: x̄ = ȳ.
  case forgottenSum
  /// The first element is not a number.
  case notANumber
  /// The first element is too large by a millionth.
  case oneElement
  /// Right in `Double`, one part in a hundred too large in `Float`.
  case singlePrecision
  /// 1/(x + 10⁻⁶) for 1/x.
  case shiftedDenominator
  /// Every element gets what the largest alone should.
  case everyElement
  /// Every element gets what its neighbour should.
  case neighbor

  /// The operations that people make it in.
  var operations: [String] {
    switch self {
    case .derivativeAtInput: ["tanh", "sigmoid", "exp", "sqrt", "reciprocal", "softmax"]
    case .forgottenDerivative:
      ["tanh", "sigmoid", "relu", "exp", "log", "sqrt", "sin", "square", "gelu", "silu", "softplus", "erf", "softmax"]
    case .diagonalOnly: ["softmax"]
    case .forgottenSum: ["logSoftmax"]
    case .notANumber: ["relu", "sqrt", "log", "divide", "matmul", "mean", "softmax", "maxPool"]
    case .oneElement: ["exp", "multiply"]
    case .singlePrecision: ["tanh", "exp", "multiply", "matmul", "softmax", "mean"]
    case .shiftedDenominator: ["log", "sqrt"]
    case .everyElement: ["max", "min"]
    case .neighbor: ["max", "maxPool", "gather", "slice", "cumsum"]
    }
  }

  /// The point where it shows: one of the catalogue, or one of 10,000 elements for the mistake in one of them.
  func example(of name: String) -> Example? {
    let examples = OperationCatalog.examples.filter { $0.operation.name == name }
    let known = examples.first { $0.inputs[0].shape.count { $0 > 1 } > 1 } ?? examples.first
    guard self == .oneElement, let known else { return known }
    let inputs = known.inputs.map { _ in Example.Input.numbers([100, 100]) }
    return inputs.count == 1 ? Example(known.operation, inputs[0]) : Example(known.operation, inputs[0], inputs[1])
  }

  /// The wrong contribution of an operation, given the right one.
  func contribution<S: Scalar>(_ right: Variable<S>, _ g: Variable<S>, of name: String, at p: Point<S>) -> Variable<S> {
    let (x, y) = (p.x[0], p.y)
    switch self {
    case .derivativeAtInput: return derivativeAtInput(of: name, g, x)
    case .forgottenDerivative, .forgottenSum: return g
    case .diagonalOnly: return g * y * (1 - y)
    case .notANumber: return right * firstElement(.nan, like: right)
    case .oneElement: return right * firstElement(1 + 1e-6, like: right)
    case .singlePrecision: return S.self == Float.self ? right * 1.01 : right
    case .shiftedDenominator: return right * x / (x + 1e-6)
    case .everyElement: return right * 0 + g.sum()
    case .neighbor:
      let count = right.shape.elementCount
      let flat = right.reshape(to: [count])
      let rolled = concatenate([flat.slice(count - 1..<count), flat.slice(0..<count - 1)])
      return rolled.reshape(to: right.shape)
    }
  }

  private func derivativeAtInput<S: Scalar>(
    of name: String, _ g: Variable<S>, _ x: Variable<S>
  ) -> Variable<S> {
    switch name {
    case "tanh": g * (1 - x.square())
    case "sigmoid": g * x * (1 - x)
    case "exp": g * x
    case "sqrt": g / (2 * x)
    case "reciprocal": -(g * x.square())
    default: x * (g - (g * x).sum(axes: [x.shape.rank - 1], keepingDimensions: true))
    }
  }

  private func firstElement<S: Scalar>(_ factor: Double, like x: Variable<S>) -> Variable<S> {
    var factors = Tensor<S>.ones(x.shape)
    factors[linear: 0] = S(factor)
    return x.tape.constant(factors)
  }
}
