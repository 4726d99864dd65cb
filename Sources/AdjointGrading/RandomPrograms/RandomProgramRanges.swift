import Adjoint
import AdjointChecking

/// The ranges in which the values of a program's steps can lie, by interval arithmetic.
///
/// With them a logarithm never meets a negative number at *any* point, and nothing overflows.
///
/// The result of an operation that is not known here may lie anywhere; whatever takes it squashes it first.
enum ValueRange {
  static let everything = -Double.infinity...Double.infinity
  /// Beyond this size a value is squashed before it is used again.
  static let limit = -6.0...6.0

  /// The range in which input `position` of an operation must lie; of a divisor, on the side of 0 where it lies already.
  static func domain(
    of operation: any Operation, _ position: Int, _ present: ClosedRange<Double>?
  ) -> ClosedRange<Double> {
    switch operation {
    case let f as Unary:
      switch f {
      case .log, .sqrt, .reciprocal: 0.2...6
      case .log1p: -0.75...6
      case .exp, .expm1: -4...2.5
      case .square: -4...4
      case .negate, .abs, .sign, .step, .sin, .cos, .tanh, .sigmoid, .erf, .relu, .gelu, .silu, .softplus: limit
      }
    case is ELU: -4...6
    case let power as Power: power.exponent == power.exponent.rounded() && power.exponent >= 0 ? -2...2 : 0.2...4
    case let f as Binary where f == .divide:
      position == 0 ? limit : (present?.upperBound ?? 0) < -0.2 ? -6 ... -0.2 : 0.2...6
    default: limit
    }
  }

  /// The range of y when its inputs lie in these ranges.
  static func result(
    of operation: any Operation, _ x: [ClosedRange<Double>], _ shapes: [Shape]
  ) -> ClosedRange<Double> {
    guard let first = x.first else { return operation is OneHot ? 0...1 : everything }
    switch operation {
    case let f as Unary: return unary(f, first)
    case let f as LeakyReLU: return hull([first.lowerBound, first.upperBound].map { $0 > 0 ? $0 : f.slope * $0 })
    case let f as ELU: return hull([first.lowerBound, first.upperBound, 0, -f.alpha])
    case let f as Clamp: return hull([first.lowerBound, first.upperBound].map { min(max($0, f.low), f.high) })
    case let f as Power: return power(f.exponent, first)
    case let f as Binary: return corners(first, x[1]) { f($0, $1) }
    case is Comparison, is Softmax, is OneHot: return 0...1
    case is Where: return hull([x[1], x[2]])
    case let product as MatMul:
      return sum(of: corners(first, x[1], *), count: shapes[0].isEmpty ? 0 : shapes[0][product.transposeA ? 0 : 1])
    case is AddBias: return corners(first, x[1], +)
    case let reduction as Sum: return sum(of: first, count: reduction.axes.axes.reduce(1) { $0 * shapes[0][$1] })
    case is Variance:
      let width = first.upperBound - first.lowerBound
      return 0...width * width
    case is ArgMax: return 0...Double(shapes[0].last ?? 1)
    case is LogSoftmax:
      return first.lowerBound - first.upperBound - Double.logarithm(Double(max(shapes[0].last ?? 1, 1)))...0
    case is LogSumExp:
      return first.lowerBound...first.upperBound + Double.logarithm(Double(max(shapes[0].last ?? 1, 1)))
    case is Pad, is Unfold: return hull([first, 0...0])
    case let fold as Fold: return sum(of: first, count: fold.windows.count)
    case is Concatenate: return hull(x)
    case is ScatterAdd: return sum(of: first, count: shapes[1].elementCount)
    case is Mean, is Extremum, is Broadcast, is Reshape, is Permute, is Slice, is StopGradient, is Gather, is Pick,
      is MaxPool, is AveragePool:
      return first
    default: return everything
    }
  }

  private static func unary(_ f: Unary, _ x: ClosedRange<Double>) -> ClosedRange<Double> {
    switch f {
    case .negate, .exp, .expm1, .log, .log1p, .sqrt, .sign, .step, .tanh, .sigmoid, .erf, .relu, .softplus, .reciprocal:
      hull([f(x.lowerBound), f(x.upperBound)])
    case .abs, .square: hull([f(x.lowerBound), f(x.upperBound)] + (x.contains(0) ? [0] : []))
    case .sin, .cos: -1...1
    case .gelu, .silu: -0.3...max(x.upperBound, 0)
    }
  }

  private static func power(_ exponent: Double, _ x: ClosedRange<Double>) -> ClosedRange<Double> {
    hull(
      [x.lowerBound, x.upperBound].map { Double.power($0, exponent) } + (x.contains(0) ? [exponent == 0 ? 1 : 0] : []))
  }

  private static func corners(
    _ a: ClosedRange<Double>, _ b: ClosedRange<Double>, _ f: (Double, Double) -> Double
  ) -> ClosedRange<Double> {
    hull([a.lowerBound, a.upperBound].flatMap { x in [b.lowerBound, b.upperBound].map { f(x, $0) } })
  }

  /// Sums of up to `count` numbers of a range.
  private static func sum(of x: ClosedRange<Double>, count: Int) -> ClosedRange<Double> {
    hull([0, Double(count) * x.lowerBound, Double(count) * x.upperBound])
  }

  private static func hull(_ values: [Double]) -> ClosedRange<Double> { (values.min() ?? 0)...(values.max() ?? 0) }
  private static func hull(_ ranges: [ClosedRange<Double>]) -> ClosedRange<Double> {
    hull(ranges.flatMap { [$0.lowerBound, $0.upperBound] })
  }
}

extension ClosedRange<Double> {
  func holds(_ other: ClosedRange<Double>) -> Bool { lowerBound <= other.lowerBound && other.upperBound <= upperBound }
}
