import Adjoint
import AdjointLearning

/// A method that is made of recorded operations, or a function of such.
package enum EdgeMethod: String, Sendable, CaseIterable {
  case norm, normalize, prod, cumprod, standardDeviation, softmin
  case mish, hardSwish, softsign, logSigmoid, softShrink, hardShrink
  case xlogy, prelu, sort, inverse
  case clamp = "clamp(min:max:)"
  /// The two largest.
  case topK = "topK(2)"
  /// Inputs: queries, keys, values, and the mask of the keys.
  case attention

  func record<S: Scalar>(_ x: [Variable<S>]) -> Variable<S> {
    switch self {
    case .norm: x[0].norm()
    case .normalize: x[0].normalize()
    case .prod: x[0].prod()
    case .cumprod: x[0].cumprod()
    case .standardDeviation: x[0].standardDeviation()
    case .softmin: x[0].softmin()
    case .mish: x[0].mish()
    case .hardSwish: x[0].hardSwish()
    case .softsign: x[0].softsign()
    case .logSigmoid: x[0].logSigmoid()
    case .softShrink: x[0].softShrink()
    case .hardShrink: x[0].hardShrink()
    case .xlogy: x[0].xlogy(x[1])
    case .prelu: x[0].prelu(slope: x[1])
    case .sort: x[0].sort()
    case .inverse: x[0].inverse()
    case .clamp: x[0].clamp(min: x[1], max: x[2])
    case .topK: x[0].topK(2).values
    case .attention: scaledDotProductAttention(x[0], x[1], x[2], mask: x[3])
    }
  }
}

/// Methods made of recorded operations in stated situations.
package enum EdgeMethods {
  package static var cases: [EdgeCase] { sizes + products + functions + pairs + orders }

  private static func edge(
    _ method: EdgeMethod, _ inputs: [EdgeInput], _ value: [EdgeNumber], _ gradients: [EdgeNumber]...
  ) -> EdgeCase {
    let composition = EdgeComposition.method(method)
    var edge = EdgeCase(composition.name, .composition(composition), inputs, value: value, gradients: gradients)
    edge.countsSignOfZero = false
    return edge
  }

  private static var sizes: [EdgeCase] {
    let tiny = EdgeNumber(double: 1e-200, float: 1e-30)
    return [
      edge(.norm, [.row(0, 0)], [0], [0, 0]),
      edge(.norm, [.row(.largest, 0)], [.largest], [1, 0]),
      edge(.norm, [.row(tiny, 0)], [tiny], [1, 0]),
      edge(.norm, [.row(.infinity, 1)], [.infinity], [.nan, 0]),
      edge(.norm, [.row(.nan, 1)], [.nan], [.nan, .nan]),
      edge(.normalize, [.row(0, 0)], [0, 0], [1e12, 2e12]),
      edge(.normalize, [.row(.nan, 1)], [.nan, .nan], [.nan, .nan]),
      edge(.standardDeviation, [.row(1, 1)], [0], [0, 0]),
      edge(.standardDeviation, [.row(5)], [0], [0]),
      edge(.standardDeviation, [.row(.nan, 1)], [.nan], [.nan, .nan]),
      edge(.softmin, [.row(.infinity, 0, 0)], [0, 0.5, 0.5], [0, 0.25, -0.25]),
    ]
  }

  private static var products: [EdgeCase] {
    func square(_ x: EdgeNumber...) -> EdgeInput { .numbers([2, 2], x) }
    return [
      edge(.prod, [.row(0, 2, 3)], [0], [6, 0, 0]),
      edge(.prod, [.row(0, 0, 3)], [0], [0, 0, 0]),
      edge(.prod, [.row(.infinity, 0)], [.nan], [0, .infinity]),
      edge(.prod, [.numbers([0], [])], [1], []),
      edge(.cumprod, [.row(2, 0, 3)], [2, 0, 0], [1, 22, 0]),
      edge(.cumprod, [.row(.nan, 1)], [.nan, .nan], [3, .nan]),
      edge(.inverse, [square(0, 1, 2, 0)], [0, 0.5, 1, 0], [-2, -3, -0.5, -0.5]),
      edge(
        .attention, [.row(of: 1, 2), .row(of: 1, 2), .row(of: 3, 4), .constant([1, 1], [0])], [0, 0], [0, 0], [0, 0],
        [0, 0]),
    ]
  }

  private static var functions: [EdgeCase] {
    [
      edge(.mish, [.scalar(-.infinity)], [0], [0]),
      edge(.mish, [.scalar(.infinity)], [.infinity], [1]),
      edge(.hardSwish, [.scalar(-.infinity)], [0], [0]),
      edge(.hardSwish, [.scalar(.infinity)], [.infinity], [1]),
      edge(.softsign, [.scalar(0)], [0], [1]),
      edge(.logSigmoid, [.scalar(-.infinity)], [-.infinity], [1]),
      edge(.logSigmoid, [.scalar(.infinity)], [0], [0]),
      edge(.logSigmoid, [.scalar(-10_000)], [-10_000], [1]),
      edge(.softShrink, [.scalar(0.5)], [0], [0]),
      edge(.hardShrink, [.scalar(0.5)], [0], [0]),
      edge(.hardShrink, [.scalar(.nan)], [.nan], [1]),
    ]
  }

  private static var pairs: [EdgeCase] {
    let ln2 = EdgeNumber(0.693_147_180_559_945_3)
    func numbers(_ x: EdgeNumber...) -> [EdgeInput] { x.map { .scalar($0) } }
    return [
      edge(.xlogy, numbers(0, 0), [0], [0], [0]),
      edge(.xlogy, numbers(0, .infinity), [0], [0], [0]),
      edge(.xlogy, numbers(0, 2), [0], [ln2], [0]),
      edge(.xlogy, numbers(1, 0), [-.infinity], [-.infinity], [.infinity]),
      edge(.xlogy, numbers(0, .nan), [.nan], [.nan], [.nan]),
      edge(.prelu, numbers(0, 0.25), [0], [0.25], [0]),
      edge(.prelu, numbers(.nan, 0.25), [.nan], [0.25], [.nan]),
      edge(.clamp, numbers(1, -1, 1), [1], [1], [0], [0]),
      edge(.clamp, numbers(0, 2, 1), [1], [0], [0], [1]),
      edge(.clamp, numbers(.nan, -1, 1), [.nan], [1], [0], [0]),
    ]
  }

  private static var orders: [EdgeCase] {
    [
      edge(.sort, [.row(2, .nan, 1, 1)], [1, 1, 2, .nan], [3, 4, 1, 2]),
      edge(.sort, [.row(.infinity, -.infinity)], [-.infinity, .infinity], [2, 1]),
      edge(.topK, [.row(1, .nan, 3, 3)], [.nan, 3], [0, 1, 2, 0]),
    ]
  }
}

extension EdgeInput {
  fileprivate static func row(of x: EdgeNumber...) -> EdgeInput { .numbers([1, x.count], x) }
}
