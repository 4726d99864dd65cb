import Adjoint

/// A dual number with eight tangents: one replay gives eight directional derivatives, for full checks.
///
/// Its elementary functions take their derivatives from `Dual`'s, so there is one place where those are written.
struct DualLanes: Scalar {
  var value: Double
  var tangents: SIMD8<Double>

  static var width: Int { 8 }

  init(_ value: Double, _ tangents: SIMD8<Double>) { (self.value, self.tangents) = (value, tangents) }
  init(_ value: Double) { self.init(value, SIMD8(repeating: 0)) }
  init(integerLiteral value: Int) { self.init(Double(value)) }
  init(floatLiteral value: Double) { self.init(value) }
  var primal: Double { value }
  var detached: DualLanes { DualLanes(value) }

  static func == (a: DualLanes, b: DualLanes) -> Bool { a.value == b.value }
  static func < (a: DualLanes, b: DualLanes) -> Bool { a.value < b.value }
  // Written out, because `Comparable`'s own `a <= b` is `!(b < a)`, which is true of NaN.
  static func <= (a: DualLanes, b: DualLanes) -> Bool { a.value <= b.value }
  static func > (a: DualLanes, b: DualLanes) -> Bool { a.value > b.value }
  static func >= (a: DualLanes, b: DualLanes) -> Bool { a.value >= b.value }

  static prefix func - (a: DualLanes) -> DualLanes { DualLanes(-a.value, -a.tangents) }
  static func + (a: DualLanes, b: DualLanes) -> DualLanes {
    DualLanes(a.value + b.value, a.tangents + b.tangents)
  }
  static func - (a: DualLanes, b: DualLanes) -> DualLanes {
    DualLanes(a.value - b.value, a.tangents - b.tangents)
  }
  static func * (a: DualLanes, b: DualLanes) -> DualLanes {
    let tangents = a.tangents * b.value + b.tangents * a.value
    // 0 times what is not finite shows as NaN, as in `Dual`.
    return DualLanes(
      a.value * b.value,
      all(tangents .== tangents) ? tangents : moved(a.tangents, by: b.value) + moved(b.tangents, by: a.value))
  }
  static func / (a: DualLanes, b: DualLanes) -> DualLanes {
    let quotient = a.value / b.value
    let tangents = (a.tangents - b.tangents * quotient) / b.value
    return DualLanes(
      quotient,
      all(tangents .== tangents)
        ? tangents : moved(a.tangents - moved(b.tangents, by: quotient), by: 1 / b.value))
  }

  /// f(a) + f′(a)ȧ for every lane.
  private static func chain(_ x: DualLanes, _ f: (Dual) -> Dual) -> DualLanes {
    let y = f(Dual(x.value, tangent: 1))
    return DualLanes(y.value, moved(x.tangents, by: y.tangent))
  }

  /// derivative · tangent for every lane; a tangent of 0 stays 0 where the derivative is not finite.
  private static func moved(_ tangents: SIMD8<Double>, by derivative: Double) -> SIMD8<Double> {
    (tangents * derivative).replacing(with: 0, where: tangents .== 0)
  }

  static func elementary(_ f: ElementaryFunction, _ x: DualLanes) -> DualLanes {
    chain(x) { Dual.elementary(f, $0) }
  }
  static func elementary(_ f: ElementaryFunctionOfTwo, _ a: DualLanes, _ b: DualLanes) -> DualLanes {
    let y = f(a.value, b.value)
    let slopes = f.slopes(a.value, b.value, y)
    return DualLanes(y, moved(a.tangents, by: slopes.0) + moved(b.tangents, by: slopes.1))
  }
  static func power(_ x: DualLanes, _ p: Double) -> DualLanes { chain(x) { Dual.power($0, p) } }
  static func tied(_ first: DualLanes, sum: DualLanes, count: Int) -> DualLanes {
    DualLanes(first.value, sum.tangents / Double(count))
  }
}
