import Adjoint

/// Losses, layers and passes in stated situations.
package enum EdgeLearning {
  package static var cases: [EdgeCase] { losses + distances + layers + passes }

  private static func edge(
    _ composition: EdgeComposition, _ inputs: [EdgeInput], _ value: [EdgeNumber], _ gradients: [EdgeNumber]...
  ) -> EdgeCase {
    var edge = EdgeCase(composition.name, .composition(composition), inputs, value: value, gradients: gradients)
    // A loss of −0 is a loss of 0.
    edge.countsSignOfZero = false
    return edge
  }

  private static func row(_ x: EdgeNumber...) -> EdgeInput { .numbers([1, x.count], x) }
  private static func fixed(_ x: EdgeNumber...) -> EdgeInput { .constant([1, x.count], x) }

  private static var losses: [EdgeCase] {
    let first = EdgeInput.indices([0])
    // ln(1 + e⁻¹⁴) and σ(−14)
    let (rest, tail) = (EdgeNumber(8.315_283_733_837_542e-7), EdgeNumber(8.315_280_276_641_321e-7))
    return [
      edge(.crossEntropy, [row(0, -.infinity), first], [0], [0, 0]),
      edge(.crossEntropy, [row(-.infinity, 0), first], [.infinity], [-1, 1]),
      edge(.crossEntropy, [row(-10_000, 10_000), first], [20_000], [-1, 1]),
      edge(.crossEntropy, [row(.nan, 0), first], [.nan], [.nan, .nan]),
      edge(.crossEntropyOfProbabilities, [row(0, -.infinity), fixed(1, 0)], [0], [0, 0]),
      edge(.crossEntropyOfProbabilities, [row(0, -.infinity), fixed(0, 1)], [.infinity], [1, -1]),
      edge(.crossEntropyOfProbabilities, [row(10_000, 0), fixed(0.5, 0.5)], [5000], [0.5, -0.5]),
      edge(.crossEntropyOfProbabilities, [row(.nan, 0), fixed(0, 1)], [.nan], [.nan, .nan]),
      edge(.binaryCrossEntropy, [row(.infinity), fixed(1)], [0], [0]),
      edge(.binaryCrossEntropy, [row(-.infinity), fixed(0)], [0], [0]),
      edge(.binaryCrossEntropy, [row(.infinity), fixed(0)], [.infinity], [1]),
      edge(.binaryCrossEntropy, [row(-.infinity), fixed(1)], [.infinity], [-1]),
      edge(.binaryCrossEntropy, [row(14), fixed(1)], [rest], [-tail]),
      edge(.binaryCrossEntropy, [row(-10_000), fixed(1)], [10_000], [-1]),
      edge(.binaryCrossEntropy, [row(.nan), fixed(1)], [.nan], [.nan]),
      edge(.meanSquaredError, [row(.infinity), fixed(0)], [.infinity], [.infinity]),
      edge(.meanSquaredError, [row(.infinity), fixed(.infinity)], [.nan], [.nan]),
      edge(.meanSquaredError, [row(.largest), fixed(0)], [.infinity], [.infinity]),
      edge(.meanSquaredError, [row(.nan), fixed(0)], [.nan], [.nan]),
      edge(.l1Penalty, [.row(0, -2, .infinity)], [.infinity], [0, -0.5, 0.5]),
      edge(.l1Penalty, [.row(.nan)], [.nan], [.nan]),
      edge(.l2Penalty, [.row(0, -.infinity)], [.infinity], [0, -.infinity]),
      edge(.l2Penalty, [.row(.nan, 2)], [.nan], [.nan, 1]),
    ]
  }

  private static var distances: [EdgeCase] {
    let first = EdgeInput.indices([0])
    let third = EdgeNumber(1.0 / 3)
    return [
      edge(.meanAbsoluteError, [row(2), fixed(2)], [0], [0]),
      edge(.meanAbsoluteError, [row(-.infinity), fixed(2)], [.infinity], [-1]),
      edge(.meanAbsoluteError, [row(.nan), fixed(0)], [.nan], [.nan]),
      edge(.huber, [row(0), fixed(0)], [0], [0]),
      edge(.huber, [row(-1), fixed(0)], [0.5], [-1]),
      edge(.huber, [row(.infinity), fixed(0)], [.infinity], [1]),
      edge(.huber, [row(.largest), fixed(0)], [.largest], [1]),
      edge(.huber, [row(.nan), fixed(0)], [.nan], [.nan]),
      edge(.poissonNLL, [row(-.infinity), fixed(0)], [0], [0]),
      edge(.poissonNLL, [row(.infinity), fixed(0)], [.infinity], [.infinity]),
      edge(.poissonNLL, [row(.nan), fixed(1)], [.nan], [.nan]),
      edge(.klDivergence, [row(0, -.infinity), fixed(1, 0)], [0], [-1, 0]),
      edge(.klDivergence, [row(-.infinity, 0), fixed(1, 0)], [.infinity], [-1, 0]),
      edge(.hinge, [row(1), fixed(1)], [0], [0]),
      edge(.hinge, [row(.infinity), fixed(1)], [0], [0]),
      edge(.hinge, [row(-.infinity), fixed(1)], [.infinity], [-1]),
      edge(.hingeOfClasses, [row(1, 0, 3), first], [1], [third.map { -$0 }, 0, third]),
      edge(.hingeOfClasses, [row(-.infinity, 0), first], [.infinity], [-0.5, 0.5]),
      edge(.cosineSimilarity, [row(0, 0), fixed(0, 0)], [0], [0, 0]),
      edge(.cosineSimilarity, [row(.nan, 0), fixed(1, 1)], [.nan], [.nan, .nan]),
      edge(.crossEntropyIgnoring, [row(1, 2), first], [0], [0, 0]),
      edge(.negativeLogLikelihoodIgnoring, [row(-.infinity, 0), first], [0], [0, 0]),
    ]
  }

  private static var layers: [EdgeCase] {
    let steep = EdgeNumber(1 / 1e-5.squareRoot())
    let ones = EdgeNumber(1 / (1 + 1e-5).squareRoot())
    let millions = EdgeNumber(1_000_001)
    return [
      edge(.layerNorm, [row(1, 1, 1)], [0, 0, 0], [-steep, 0, steep]),
      edge(.layerNorm, [row(millions, millions, millions)], [0, 0, 0], [-steep, 0, steep]),
      edge(.layerNorm, [row(5)], [0], [0]),
      edge(.layerNorm, [row(.infinity, 1)], [.nan, .nan], [.nan, .nan]),
      edge(.layerNorm, [row(.nan, 1)], [.nan, .nan], [.nan, .nan]),
      edge(.rmsNorm, [row(0, 0)], [0, 0], [steep, steep.map { 2 * $0 }]),
      edge(.rmsNorm, [row(.nan, 1)], [.nan, .nan], [.nan, .nan]),
      edge(.batchNorm, [row(3, 4)], [0, 0], [0, 0]),
      edge(.batchNorm, [.numbers([3, 1], [2, 2, 2])], [0, 0, 0], [-steep, 0, steep]),
      edge(.batchNorm, [.numbers([2, 1], [.infinity, 1])], [.nan, .nan], [.nan, .nan]),
      edge(.batchNormInference, [row(.infinity, 0)], [.infinity, 0], [ones, ones.map { 2 * $0 }]),
      edge(.batchNormInference, [row(.nan, 1)], [.nan, ones], [ones, ones.map { 2 * $0 }]),
      edge(
        .conv2d, [.numbers([1, 1, 3, 1], [.nan, 0, 1]), .numbers([1, 1, 1, 2], [1, 1])], [.nan, 1], [1, 3, 2],
        [.nan, 2]),
      edge(
        .conv2d, [.numbers([1, 1, 2, 1], [0, 1]), .numbers([1, 1, 1, 2], [.infinity, 1])], [.nan], [.infinity, 1],
        [0, 1]),
      edge(.linear, [row(0, 1), row(.infinity, 1), .row(1)], [.nan], [.infinity, 1], [0, 1], [1]),
    ]
  }

  private static var passes: [EdgeCase] {
    let matrix = EdgeInput.numbers([2, 1], [1, 1])
    // The unit at −∞ is off, but its cotangent 0 meets the weight −∞ in the matrix product that goes back.
    var off = edge(
      .linearRelu, [row(1), .numbers([2, 1], [-.infinity, 2]), .row(0, 0)], [0, 2], [.nan], [0, 2], [0, 2])
    off.forward = [[4], [0, 2], [0, 2]]
    return [
      off,
      edge(.linearRelu, [row(1), matrix, .row(.nan, -1)], [.nan, 0], [1], [1, 0], [1, 0]),
      edge(
        .linearRelu, [row(.infinity), matrix, .row(-.infinity, 0)], [.nan, .infinity], [3], [.infinity, .infinity],
        [1, 2]),
      edge(
        .sumOfProducts, [row(.infinity), row(1), row(.infinity), row(-1)], [.nan], [1], [.infinity], [-1], [.infinity]),
      edge(.sumOfProducts, [row(0), row(.infinity), row(1), row(1)], [.nan], [.infinity], [0], [1], [1]),
      edge(
        .biasedRelu, [.numbers([2, 2], [-.infinity, 1, .infinity, -1]), .row(0, 0)], [.infinity, 1], [0, 2, 1, 0],
        [1, 2]),
      edge(.biasedRelu, [.numbers([2, 1], [.nan, -1]), .row(0)], [.nan], [1, 0], [1]),
    ]
  }
}
