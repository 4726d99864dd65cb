import Adjoint
import AdjointLearning

/// A function of several operations that is tried at edges: what stands behind a switch, losses, layers, and what the
/// library runs as one pass.
package enum EdgeComposition: Sendable {
  // Behind a switch. Inputs: the condition, then x.

  /// f(where(c, x, 1)): the safe number goes in.
  case guarded(Unary)
  /// where(c, f(x), 0)
  case chosen(Unary)
  /// f(x) masked by c
  case masked(Unary)
  /// c · f(x)
  case multiplied(Unary)
  /// √f(x), whose cotangent is infinite where f is 0
  case root(of: MapFunction)

  // Losses.
  case crossEntropy, crossEntropyOfProbabilities, binaryCrossEntropy, meanSquaredError, l1Penalty, l2Penalty
  case meanAbsoluteError, huber, poissonNLL, klDivergence, hinge, hingeOfClasses, cosineSimilarity
  /// A loss that ignores label 0.
  case crossEntropyIgnoring, negativeLogLikelihoodIgnoring

  // Layers and passes.
  case layerNorm, rmsNorm, batchNorm, batchNormInference, linear
  /// relu(x·Wᵀ + b), one pass
  case linearRelu
  /// A·B + C·D, the second product added onto the first
  case sumOfProducts
  case conv2d
  /// Σ over the rows of relu(x + b), whose gradient with respect to b is the sum of columns of a chain
  case biasedRelu
  case method(EdgeMethod)

  package var name: String {
    switch self {
    case .guarded(let f): "\(f.name)(where(c, x, 1))"
    case .chosen(let f): "where(c, \(f.name)(x), 0)"
    case .masked(let f): "\(f.name)(x).masked(by: c)"
    case .multiplied(let f): "c * \(f.name)(x)"
    case .root(let f): "sqrt(\(f.edgeName))"
    case .crossEntropy: "crossEntropy"
    case .crossEntropyOfProbabilities: "crossEntropy(probabilities)"
    case .binaryCrossEntropy: "binaryCrossEntropy"
    case .meanSquaredError: "meanSquaredError"
    case .l1Penalty: "l1Penalty"
    case .l2Penalty: "l2Penalty"
    case .meanAbsoluteError: "meanAbsoluteError"
    case .huber: "huber"
    case .poissonNLL: "poissonNLL"
    case .klDivergence: "klDivergence"
    case .hinge: "hinge"
    case .hingeOfClasses: "hinge(scores)"
    case .cosineSimilarity: "cosineSimilarity"
    case .crossEntropyIgnoring: "crossEntropy(ignoring: 0)"
    case .negativeLogLikelihoodIgnoring: "negativeLogLikelihood(ignoring: 0)"
    case .layerNorm: "LayerNorm"
    case .rmsNorm: "RMSNorm"
    case .batchNorm: "BatchNorm"
    case .batchNormInference: "BatchNorm(inference)"
    case .linear: "Linear"
    case .linearRelu: "relu(Linear)"
    case .sumOfProducts: "A·B + C·D"
    case .conv2d: "Conv2D"
    case .biasedRelu: "Σ relu(x + b)"
    case .method(let method): method.rawValue
    }
  }

  func record<S: Scalar>(_ x: [Variable<S>]) -> Variable<S> {
    let tape = x[0].tape
    switch self {
    case .guarded(let f): return tape.record(f, `where`(x[0], x[1], tape.constant(1)))
    case .chosen(let f): return `where`(x[0], tape.record(f, x[1]), tape.constant(0))
    case .masked(let f): return tape.record(f, x[1]).masked(by: x[0])
    case .multiplied(let f): return x[0] * tape.record(f, x[1])
    case .root(let f): return f.recorded(x[0]).sqrt()
    case .crossEntropy: return AdjointLearning.crossEntropy(logits: x[0], labels: x[1])
    case .crossEntropyOfProbabilities: return AdjointLearning.crossEntropy(logits: x[0], probabilities: x[1])
    case .binaryCrossEntropy: return AdjointLearning.binaryCrossEntropy(logits: x[0], targets: x[1])
    case .meanSquaredError: return AdjointLearning.meanSquaredError(x[0], x[1])
    case .l1Penalty: return AdjointLearning.l1Penalty([x[0]], 0.5)
    case .l2Penalty: return AdjointLearning.l2Penalty([x[0]], 0.5)
    case .meanAbsoluteError: return AdjointLearning.meanAbsoluteError(x[0], x[1])
    case .huber: return AdjointLearning.huber(x[0], x[1])
    case .poissonNLL: return AdjointLearning.poissonNLL(logRates: x[0], x[1])
    case .klDivergence: return AdjointLearning.klDivergence(logProbabilities: x[0], targets: x[1])
    case .hinge: return AdjointLearning.hinge(x[0], x[1])
    case .hingeOfClasses: return AdjointLearning.hinge(scores: x[0], labels: x[1])
    case .cosineSimilarity: return AdjointLearning.cosineSimilarity(x[0], x[1])
    case .crossEntropyIgnoring: return AdjointLearning.crossEntropy(logits: x[0], labels: x[1], ignoring: 0)
    case .negativeLogLikelihoodIgnoring:
      return AdjointLearning.negativeLogLikelihood(logProbabilities: x[0], labels: x[1], ignoring: 0)
    case .rmsNorm: return RMSNorm<S>(x[0].shape[x[0].shape.rank - 1])(x[0])
    case .layerNorm: return LayerNorm<S>(x[0].shape[x[0].shape.rank - 1])(x[0])
    case .batchNorm, .batchNormInference: return BatchNorm<S>(x[0].shape[x[0].shape.rank - 1])(x[0])
    case .linear: return x[0].matmul(x[1], transposeB: true).addBias(x[2])
    case .linearRelu: return x[0].matmul(x[1], transposeB: true).addBias(x[2]).relu()
    case .sumOfProducts: return x[0].matmul(x[1]) + x[2].matmul(x[3])
    case .conv2d: return x[0].conv2d(x[1], bias: nil, stride: 1, padding: 0)
    case .biasedRelu: return x[0].addBias(x[1]).relu().sum(axes: [0])
    case .method(let method): return method.record(x)
    }
  }

  /// The mode in which layers record.
  var mode: Mode { if case .batchNormInference = self { .inference } else { .training } }
}

extension MapFunction {
  /// The function's name with its parameters.
  var edgeName: String {
    switch self {
    case .unary(let f): f.name
    case .leakyReLU(let slope): "leakyRelu(\(slope))"
    case .elu(let alpha): "elu(\(alpha))"
    case .power(let exponent): "power(\(exponent))"
    case .clamp(let low, let high): "clamp(\(low), \(high))"
    case .polygamma(let order): "polygamma(\(order))"
    }
  }

  /// The operation that runs this function.
  var operation: any Adjoint.Operation {
    switch self {
    case .unary(let f): f
    case .leakyReLU(let slope): LeakyReLU(slope: slope)
    case .elu(let alpha): ELU(alpha: alpha)
    case .power(let exponent): Power(exponent: exponent)
    case .clamp(let low, let high): Clamp(low, high)
    case .polygamma(let order): Polygamma(order: order)
    }
  }

  func recorded<S: Scalar>(_ x: Variable<S>) -> Variable<S> { x.tape.record(operation, inputs: [x]) }
}
