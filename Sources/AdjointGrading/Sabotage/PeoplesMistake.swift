import Adjoint
import AdjointChecking

/// A mistake that people make in a rule, in the operation where it is made: one contribution as somebody would write it.
package enum PeoplesMistake: String, Sendable, CaseIterable {
  case tanhAtInput = "tanh′ with x for y"
  case tanhNotSquared = "tanh′ with y for y²"
  case tanhAtOutput = "tanh′ taken at y"
  case skippedActivation = "the derivative of the identity for tanh′"
  case valueForDerivative = "tanh for tanh′"
  case forgottenCotangent = "tanh′ without the cotangent"
  case sigmoidAtInput = "σ′ with x for y"
  case sigmoidSquared = "σ′ with y² for y"
  case expOfInput = "exp′ with x for y"
  case sqrtOfInput = "√′ with x for y"
  case softmaxDiagonal = "softmax with its diagonal alone"
  case softmaxWithoutSum = "softmax without its sum"
  case softmaxOtherAxis = "softmax with its sum along another axis"
  case logSoftmaxDiagonal = "log-softmax with its diagonal alone"
  case logSoftmaxNotTransposed = "log-softmax with J for Jᵀ"
  case productExchanged = "a product's operands exchanged"
  case productSquared = "a product with the square of the other operand"
  case quotientExchanged = "a quotient's operands exchanged"
  case exponentTooHigh = "3x³ for (x³)′"
  case exponentTooLow = "3x for (x³)′"
  case weightNotTransposed = "W for Wᵀ"
  case sumOfOtherAxis = "a sum handed back along another axis"
  case meanOfOtherAxis = "a mean with another axis's 1/N"
  case scanNotReversed = "a running sum handed back forwards"

  /// The operation as it is right, with its operands.
  package var example: Example {
    let square = Shape([4, 4])
    return switch self {
    case .tanhAtInput, .tanhNotSquared, .tanhAtOutput, .skippedActivation, .valueForDerivative, .forgottenCotangent:
      Example(Unary.tanh, .numbers([3, 4]))
    case .sigmoidAtInput, .sigmoidSquared: Example(Unary.sigmoid, .numbers([3, 4]))
    case .expOfInput: Example(Unary.exp, .numbers([3, 4]))
    case .sqrtOfInput: Example(Unary.sqrt, .numbers([3, 4], in: 0.5...3))
    case .softmaxDiagonal, .softmaxWithoutSum, .softmaxOtherAxis: Example(Softmax(), .numbers(square))
    case .logSoftmaxDiagonal, .logSoftmaxNotTransposed: Example(LogSoftmax(), .numbers([3, 4]))
    case .productExchanged, .productSquared:
      Example(Binary.multiply, .numbers([3, 4]), .numbers([3, 4], in: 0.5...3))
    case .quotientExchanged: Example(Binary.divide, .numbers([3, 4], in: 0.5...3), .numbers([3, 4], in: 0.5...3))
    case .exponentTooHigh, .exponentTooLow: Example(Power(exponent: 3), .numbers([3, 4], in: 0.5...2))
    case .weightNotTransposed: Example(MatMul(), .numbers(square), .numbers(square))
    case .sumOfOtherAxis: Example(Sum(axes: AxisSet([1])), .numbers(square))
    case .meanOfOtherAxis: Example(Mean(axes: AxisSet([1])), .numbers([3, 4]))
    case .scanNotReversed: Example(CumulativeSum(), .numbers([3, 4]))
    }
  }

  /// The contribution to the first operand.
  func contribution<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> Variable<S> {
    var x: Variable<S> { p.x[0] }
    var y: Variable<S> { p.y }
    return switch self {
    case .tanhAtInput: g * (1 - x * x)
    case .tanhNotSquared: g * (1 - y)
    case .tanhAtOutput: g * (1 - y.tanh().square())
    case .skippedActivation: g * 1
    case .valueForDerivative, .softmaxWithoutSum: g * y
    case .forgottenCotangent: 1 - y.square()
    case .sigmoidAtInput: g * x * (1 - x)
    case .sigmoidSquared: g * y * y * (1 - y)
    case .expOfInput: g * x
    case .sqrtOfInput: g / (2 * x)
    case .softmaxDiagonal: g * y * (1 - y)
    case .softmaxOtherAxis: y * (g - (g * y).sum(axes: [0], keepingDimensions: true))
    case .logSoftmaxDiagonal: g * (1 - y.exp())
    case .logSoftmaxNotTransposed: g - (g * y.exp()).sum(axes: [1], keepingDimensions: true)
    case .productExchanged: g * x
    case .productSquared: g * p.x[1].square()
    case .quotientExchanged: g / x
    case .exponentTooHigh: 3 * g * x * x * x
    case .exponentTooLow: 3 * g * x
    case .weightNotTransposed: g.matmul(p.x[1])
    case .sumOfOtherAxis: g.reshape(to: [1, 4]).broadcast(to: x.shape)
    case .meanOfOtherAxis: (g / 3).reshape(to: [3, 1]).broadcast(to: x.shape)
    case .scanNotReversed: p.tape.record(CumulativeSum(), g)
    }
  }
}

/// A rule that is wrong in one way and place only, which random tests at ordinary points miss.
package enum RareMistake: String, Sendable, CaseIterable {
  /// Numbers that are not finite, out of such as are.
  case overflowingSoftplus = "softplus′ as eˣ/(1 + eˣ), far out"
  case overflowingSilu = "silu′ with e^−x, far out"
  case zeroByZero = "relu′ as y/y"
  case reciprocal = "tanh′ turned over, saturated"
  /// Wrong in Float alone.
  case signInFloat = "a sign in Float alone"
  case factorInFloat = "a factor 1.001 in Float alone"
  case addendInFloat = "an addend 0.001 ȳ in Float alone"
  case droppedInFloat = "an edge that Float lacks"
  /// Right to first order.
  case detachedCotangent = "a detached cotangent in sin"
  case detachedProduct = "a detached cotangent in a product"
  case detachedMatrixProduct = "a detached cotangent in a matrix product"

  /// Tells whether the numbers are wrong in Float alone.
  package var isOfFloat: Bool {
    switch self {
    case .signInFloat, .factorInFloat, .addendInFloat, .droppedInFloat: true
    case .overflowingSoftplus, .overflowingSilu, .zeroByZero, .reciprocal, .detachedCotangent, .detachedProduct,
      .detachedMatrixProduct:
      false
    }
  }

  /// Tells whether only the second derivative tells.
  package var isSecondOrder: Bool {
    switch self {
    case .detachedCotangent, .detachedProduct, .detachedMatrixProduct: true
    case .overflowingSoftplus, .overflowingSilu, .zeroByZero, .reciprocal, .signInFloat, .factorInFloat,
      .addendInFloat, .droppedInFloat:
      false
    }
  }

  /// The operation as it is right, with its operands.
  package var example: Example {
    switch self {
    case .overflowingSoftplus: Example(Unary.softplus, .numbers([3, 4], in: 720...800))
    case .overflowingSilu: Example(Unary.silu, .numbers([3, 4], in: -800 ... -720))
    case .zeroByZero: Example(Unary.relu, .numbers([3, 4], in: -2...2, avoiding: [0]))
    case .reciprocal: Example(Unary.tanh, .numbers([3, 4], in: 30...40))
    case .signInFloat, .factorInFloat, .addendInFloat, .droppedInFloat, .detachedCotangent:
      Example(Unary.sin, .numbers([3, 4]))
    case .detachedProduct: Example(Binary.multiply, .numbers([3, 4]), .numbers([3, 4]))
    case .detachedMatrixProduct: Example(MatMul(), .numbers([3, 4]), .numbers([4, 2]))
    }
  }

  /// The contribution to the first operand, given the right one under any cotangent.
  func contribution<S: Scalar>(
    _ g: Variable<S>, at p: Point<S>, right: (Variable<S>) -> Variable<S>
  ) -> Variable<S>? {
    var x: Variable<S> { p.x[0] }
    let isFloat = S.self == Float.self
    return switch self {
    case .overflowingSoftplus: g * (x.exp() / (1 + x.exp()))
    case .overflowingSilu: g * (x.sigmoid() + x * (-x).exp() * x.sigmoid().square())
    case .zeroByZero: g * (p.y / p.y)
    case .reciprocal: g / (1 - p.y.square())
    case .signInFloat: isFloat ? -right(g) : right(g)
    case .factorInFloat: isFloat ? 1.001 * right(g) : right(g)
    case .addendInFloat: isFloat ? right(g) + 0.001 * g : right(g)
    case .droppedInFloat: isFloat ? nil : right(g)
    case .detachedCotangent, .detachedProduct, .detachedMatrixProduct: right(g.stopGradient())
    }
  }
}
