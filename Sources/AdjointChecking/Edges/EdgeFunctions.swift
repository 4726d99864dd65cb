import Adjoint

/// The elementwise functions of one argument at the edges, as data.
///
/// Values of ±0, ±∞ and NaN are those of IEEE 754-2019, clause 9.2, and of C's Annex F (F.10), where these name the function.
/// A derivative there is the limit from inside the domain; at a kink, that of the constant side. What a line does not name
/// is said by the closed form in double-double arithmetic.
package enum EdgeFunctions {
  /// The points at which every function is tried.
  static let points: [EdgeNumber] = [
    -.infinity, -.largest, -1e30, -1, -1e-30, -.least, -0.0, 0, .least, 1e-30, 1, 1e30, .largest, .infinity, .nan,
  ]

  /// A function, and `point value derivative, …`. `<0`, `<-1` and `>1` stand for every finite point
  /// below or above; there a derivative may
  /// be written as the formula in x that continues outside the domain.
  private static let statements: [(MapFunction, String)] = [
    (.unary(.negate), "-∞ ∞ -1, -0 0 -1, 0 -0 -1, ∞ -∞ -1, NaN NaN -1"),
    (.unary(.exp), "-∞ 0 0, -0 1 1, 0 1 1, ∞ ∞ ∞, NaN NaN NaN"),
    (.unary(.expm1), "-∞ -1 0, -0 -0 1, 0 0 1, ∞ ∞ ∞, NaN NaN NaN"),
    (.unary(.log), "-∞ NaN 0, <0 NaN 1/x, -0 -∞ -∞, 0 -∞ ∞, 1 0 1, ∞ ∞ 0, NaN NaN NaN"),
    (.unary(.log1p), "-∞ NaN 0, <-1 NaN 1/(1+x), -1 -∞ ∞, -0 -0 1, 0 0 1, ∞ ∞ 0, NaN NaN NaN"),
    (.unary(.sqrt), "-∞ NaN NaN, <0 NaN NaN, -0 -0 -∞, 0 0 ∞, ∞ ∞ 0, NaN NaN NaN"),
    (.unary(.square), "-∞ ∞ -∞, -0 0 0, 0 0 0, ∞ ∞ ∞, NaN NaN NaN"),
    (.unary(.reciprocal), "-∞ -0 0, -0 -∞ -∞, 0 ∞ -∞, ∞ 0 0, NaN NaN NaN"),
    (.unary(.abs), "-∞ ∞ -1, -0 0 0, 0 0 0, ∞ ∞ 1, NaN NaN NaN"),
    (.unary(.sign), "-∞ -1 0, -0 -0 0, 0 0 0, ∞ 1 0, NaN NaN 0"),
    (.unary(.step), "-∞ 0 0, -0 0 0, 0 0 0, ∞ 1 0, NaN 0 0"),
    (.unary(.sin), "-∞ NaN NaN, -0 -0 1, 0 0 1, ∞ NaN NaN, NaN NaN NaN"),
    (.unary(.cos), "-∞ NaN NaN, -0 1 0, 0 1 0, ∞ NaN NaN, NaN NaN NaN"),
    (.unary(.atan), "-∞ -π/2 0, -0 -0 1, 0 0 1, ∞ π/2 0, NaN NaN NaN"),
    (.unary(.tan), "-∞ NaN NaN, -0 -0 1, 0 0 1, ∞ NaN NaN, NaN NaN NaN"),
    (.unary(.asin), "-∞ NaN NaN, <-1 NaN NaN, -1 -π/2 ∞, -0 -0 1, 0 0 1, 1 π/2 ∞, >1 NaN NaN, ∞ NaN NaN, NaN NaN NaN"),
    (
      .unary(.acos),
      "-∞ NaN NaN, <-1 NaN NaN, -1 π -∞, -0 π/2 -1, 0 π/2 -1, 1 0 -∞, >1 NaN NaN, ∞ NaN NaN, NaN NaN NaN"
    ),
    (.unary(.sinh), "-∞ -∞ ∞, -0 -0 1, 0 0 1, ∞ ∞ ∞, NaN NaN NaN"),
    (.unary(.cosh), "-∞ ∞ -∞, -0 1 -0, 0 1 0, ∞ ∞ ∞, NaN NaN NaN"),
    (.unary(.asinh), "-∞ -∞ 0, -0 -0 1, 0 0 1, ∞ ∞ 0, NaN NaN NaN"),
    (.unary(.acosh), "-∞ NaN NaN, <1 NaN NaN, 1 0 ∞, ∞ ∞ 0, NaN NaN NaN"),
    (
      .unary(.atanh),
      "-∞ NaN -0, <-1 NaN 1/(1-xx), -1 -∞ ∞, -0 -0 1, 0 0 1, 1 ∞ ∞, >1 NaN 1/(1-xx), ∞ NaN -0, NaN NaN NaN"
    ),
    (.unary(.exp2), "-∞ 0 0, -0 1 0.6931471805599453, 0 1 0.6931471805599453, ∞ ∞ ∞, NaN NaN NaN"),
    (.unary(.log2), "-∞ NaN -0, <0 NaN 1.4426950408889634/x, -0 -∞ -∞, 0 -∞ ∞, ∞ ∞ 0, NaN NaN NaN"),
    (.unary(.log10), "-∞ NaN -0, <0 NaN 0.4342944819032518/x, -0 -∞ -∞, 0 -∞ ∞, ∞ ∞ 0, NaN NaN NaN"),
    (.unary(.erfc), "-∞ 2 -0, -0 1 -1.1283791670955126, 0 1 -1.1283791670955126, ∞ 0 -0, NaN NaN NaN"),
    (.unary(.lgamma), "-∞ ∞ NaN, <-2 ∞ NaN, -1 ∞ NaN, -0 ∞ ∞, 0 ∞ -∞, 1 0 -0.5772156649015329, ∞ ∞ ∞, NaN NaN NaN"),
    (.unary(.floor), "-∞ -∞ 0, -0 -0 0, 0 0 0, ∞ ∞ 0, NaN NaN 0"),
    (.unary(.ceil), "-∞ -∞ 0, -0 -0 0, 0 0 0, ∞ ∞ 0, NaN NaN 0"),
    (.unary(.round), "-∞ -∞ 0, -0 -0 0, 0 0 0, ∞ ∞ 0, NaN NaN 0"),
    (.unary(.trunc), "-∞ -∞ 0, -0 -0 0, 0 0 0, ∞ ∞ 0, NaN NaN 0"),
    (.unary(.tanh), "-∞ -1 0, -0 -0 1, 0 0 1, ∞ 1 0, NaN NaN NaN"),
    (.unary(.sech), "-∞ 0 0, -0 1 0, 0 1 0, ∞ 0 0, NaN NaN NaN"),
    (.unary(.sigmoid), "-∞ 0 0, -0 0.5 0.25, 0 0.5 0.25, ∞ 1 0, NaN NaN NaN"),
    (.unary(.erf), "-∞ -1 0, ∞ 1 0, NaN NaN NaN"),
    (.unary(.normalDensity), "-∞ 0 0, ∞ 0 0, NaN NaN NaN"),
    (.unary(.normalDistribution), "-∞ 0 0, -0 0.5 0.3989422804014327, 0 0.5 0.3989422804014327, ∞ 1 0, NaN NaN NaN"),
    (.unary(.relu), "-∞ 0 0, -0 0 0, 0 0 0, ∞ ∞ 1, NaN NaN 1"),
    (.unary(.gelu), "-∞ -0 0, -0 -0 0.5, 0 0 0.5, ∞ ∞ 1, NaN NaN NaN"),
    (.unary(.silu), "-∞ -0 0, -0 -0 0.5, 0 0 0.5, ∞ ∞ 1, NaN NaN NaN"),
    (.unary(.softplus), "-∞ 0 0, ∞ ∞ 1, NaN NaN NaN"),
    (.leakyReLU(slope: 0.1), "-∞ -∞ 0.1, -0 -0 0.1, 0 0 0.1, ∞ ∞ 1, NaN NaN 0.1"),
    (.elu(alpha: 1), "-∞ -1 0, -0 -0 1, 0 0 1, ∞ ∞ 1, NaN NaN NaN"),
    (.power(exponent: 2.5), "-∞ ∞ ∞, <0 NaN NaN, -0 0 0, 0 0 0, ∞ ∞ ∞, NaN NaN NaN"),
    (.power(exponent: 3), "-∞ -∞ ∞, -0 -0 0, 0 0 0, ∞ ∞ ∞, NaN NaN NaN"),
    (.power(exponent: 0.5), "-∞ ∞ 0, <0 NaN NaN, -0 0 ∞, 0 0 ∞, ∞ ∞ 0, NaN NaN NaN"),
    (.power(exponent: -1), "-∞ -0 0, -0 -∞ -∞, 0 ∞ -∞, ∞ 0 0, NaN NaN NaN"),
    (.power(exponent: 1), "-∞ -∞ 1, -0 -0 1, 0 0 1, ∞ ∞ 1, NaN NaN 1"),
    (.power(exponent: 0), "-∞ 1 0, -0 1 0, 0 1 0, ∞ 1 0, NaN 1 0"),
    (.polygamma(order: 0), "-∞ NaN NaN, <-2 NaN ∞, -1 NaN ∞, -0 ∞ ∞, 0 -∞ ∞, ∞ ∞ 0, NaN NaN NaN"),
    (.polygamma(order: 1), "-∞ NaN NaN, <-2 ∞ NaN, -1 ∞ NaN, -0 ∞ ∞, 0 ∞ -∞, ∞ 0 -0, NaN NaN NaN"),
    (.clamp(low: -1, high: 1), "-∞ -1 0, -1 -1 0, -0 -0 1, 0 0 1, 1 1 0, ∞ 1 0, NaN NaN 1"),
    (.clamp(low: 0, high: 0), "-∞ 0 0, -0 0 0, 0 0 0, ∞ 0 0, NaN NaN 1"),
  ]

  /// Every function at every point.
  package static var cases: [EdgeCase] { statements.flatMap { cases(of: $0, as: $0.operation, $1) } }

  /// A function's points with its statement, computed by `operation`.
  package static func cases(
    of f: MapFunction, as operation: any Adjoint.Operation, _ statement: String? = nil
  ) -> [EdgeCase] {
    let statement = statement ?? statements.first { $0.0 == f }?.1 ?? ""
    let lines = statement.split(separator: ",").map { $0.split(separator: " ") }
    return points.map { x in
      let line = lines.first { names($0[0], x) }
      var edge = EdgeCase(
        f.edgeName, .operation(operation), [.scalar(x)], value: line.map { [EdgeNumber(word: $0[1])] },
        gradients: line.map { [[derivative($0[2], at: x)]] })
      edge.reference = f
      edge.isSwitch = f.isSwitch
      edge.countsSignOfZero = f != .unary(.gelu) && f != .unary(.silu)
      return edge
    }
  }

  /// Tells whether the first word of a statement names the point.
  private static func names(_ word: Substring, _ x: EdgeNumber) -> Bool {
    let x = x[.double]
    if word.hasPrefix("<") { return x.isFinite && x < EdgeNumber(word: word.dropFirst())[.double] }
    if word.hasPrefix(">") { return x.isFinite && x > EdgeNumber(word: word.dropFirst())[.double] }
    return EdgeNumber(word: word)[.double].hasBits(of: x)
  }

  private static func derivative(_ word: Substring, at x: EdgeNumber) -> EdgeNumber {
    switch word {
    case "1/x": x.map { 1 / $0 }
    case "1/(1+x)": x.map { 1 / (1 + $0) }
    case "1/(1-xx)": x.map { 1 / ((1 - $0) * (1 + $0)) }
    case "1.4426950408889634/x": x.map { 1.4426950408889634 / $0 }
    case "0.4342944819032518/x": x.map { 0.4342944819032518 / $0 }
    default: EdgeNumber(word: word)
    }
  }

  /// Functions behind a switch, at the points where they are not finite, or their derivatives are not.
  package static var switches: [EdgeCase] {
    let off = EdgeInput.constant([], [0])
    func edge(_ f: EdgeComposition, _ x: EdgeNumber, _ value: EdgeNumber, _ slope: EdgeNumber) -> EdgeCase {
      EdgeCase(f.name, .composition(f), [off, .scalar(x)], value: [value], gradients: [[slope]])
    }
    // The safe number goes in: whatever x is, nothing of it comes out.
    let guarded = Unary.allCases.flatMap { f in
      points.map { edge(.guarded(f), $0, EdgeNumber(f(1.0)), 0) }
    }
    // The switch stands behind: reverse mode multiplies the cotangent 0 by f′(x), forward mode selects f′(x) away.
    let bad: [(Unary, EdgeNumber, slope: EdgeNumber)] = [
      (.sqrt, 0, .nan), (.sqrt, -1, .nan), (.log, 0, .nan), (.log, -1, 0), (.exp, .infinity, .nan),
      (.reciprocal, 0, .nan), (.square, .nan, .nan),
    ]
    let behind = bad.flatMap { f, x, slope in
      [EdgeComposition.chosen(f), .masked(f)].map { composition -> EdgeCase in
        var found = edge(composition, x, 0, slope)
        found.forward = [[0]]
        return found
      }
    }
    // A factor of one's own is IEEE's.
    let multiplied: [EdgeCase] = [
      edge(.multiplied(.sqrt), 0, 0, .nan), edge(.multiplied(.log), 0, .nan, .nan),
      edge(.multiplied(.exp), .infinity, .nan, .nan), edge(.multiplied(.relu), .infinity, .nan, 0),
    ]
    let roots = [
      MapFunction.unary(.relu), .unary(.abs), .clamp(low: 0, high: 1),
    ].flatMap { f -> [EdgeCase] in
      [-1, -0.0, 0].map { x in
        let isOn = f == .unary(.abs) && x != 0
        return EdgeCase(
          EdgeComposition.root(of: f).name, .composition(.root(of: f)), [.scalar(EdgeNumber(x))],
          value: [isOn ? 1 : 0], gradients: [[isOn ? -0.5 : 0]])
      }
    }
    return guarded + behind + multiplied + roots
  }
}

extension MapFunction {
  /// True for a function that selects among pieces.
  var isSwitch: Bool {
    switch self {
    case .unary(.relu), .unary(.abs), .unary(.sign), .unary(.step), .clamp: true
    case .unary(.floor), .unary(.ceil), .unary(.round), .unary(.trunc): true
    case .unary, .leakyReLU, .elu, .power, .polygamma: false
    }
  }
}
