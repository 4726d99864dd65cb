import Adjoint
import Foundation

/// A dual number of second order, a + bε₁ + cε₂ + dε₁ε₂ with ε₁² = ε₂² = 0: a value, its derivatives along two
/// directions, and the exact second derivative along both.
///
/// One replay of f at x + uε₁ + vε₂ gives f + ⟨∇f, u⟩ε₁ + ⟨∇f, v⟩ε₂ + uᵀHv ε₁ε₂. It uses no rule of `Operations/`, so
/// it is a witness against recorded Hessian-vector products. The elementary functions carry first and second
/// derivatives of their own,
/// Comparison looks at the value alone, as for `Dual`.
///
/// Source: Fike and Alonso, "The development of hyper-dual numbers for exact second-derivative calculations", AIAA 2011-886.
package struct SecondOrderDual: Scalar {
  /// a
  package var value: Double
  /// b, the derivative along the first direction
  package var first: Double
  /// c, the derivative along the second direction
  package var second: Double
  /// d, the second derivative along both
  package var mixed: Double

  package init(_ value: Double, first: Double, second: Double, mixed: Double = 0) {
    (self.value, self.first, self.second, self.mixed) = (value, first, second, mixed)
  }

  package init(_ value: Double) { self.init(value, first: 0, second: 0) }
  package init(integerLiteral value: Int) { self.init(Double(value)) }
  package init(floatLiteral value: Double) { self.init(value) }
  package var primal: Double { value }
  package var detached: SecondOrderDual { SecondOrderDual(value) }

  package static func == (a: SecondOrderDual, b: SecondOrderDual) -> Bool { a.value == b.value }
  package static func < (a: SecondOrderDual, b: SecondOrderDual) -> Bool { a.value < b.value }
  // Written out for NaN, as in `Dual`.
  package static func <= (a: SecondOrderDual, b: SecondOrderDual) -> Bool { a.value <= b.value }
  package static func > (a: SecondOrderDual, b: SecondOrderDual) -> Bool { a.value > b.value }
  package static func >= (a: SecondOrderDual, b: SecondOrderDual) -> Bool { a.value >= b.value }

  package static prefix func - (a: SecondOrderDual) -> SecondOrderDual {
    SecondOrderDual(-a.value, first: -a.first, second: -a.second, mixed: -a.mixed)
  }
  package static func + (a: SecondOrderDual, b: SecondOrderDual) -> SecondOrderDual {
    SecondOrderDual(
      a.value + b.value, first: a.first + b.first, second: a.second + b.second, mixed: a.mixed + b.mixed)
  }
  package static func - (a: SecondOrderDual, b: SecondOrderDual) -> SecondOrderDual {
    SecondOrderDual(
      a.value - b.value, first: a.first - b.first, second: a.second - b.second, mixed: a.mixed - b.mixed)
  }
  package static func * (a: SecondOrderDual, b: SecondOrderDual) -> SecondOrderDual {
    let outer = moved(a.mixed, by: b.value) + moved(b.mixed, by: a.value)
    let inner = moved(a.first, by: b.second) + moved(a.second, by: b.first)
    return SecondOrderDual(
      a.value * b.value, first: moved(a.first, by: b.value) + moved(b.first, by: a.value),
      second: moved(a.second, by: b.value) + moved(b.second, by: a.value), mixed: outer + inner)
  }
  package static func / (a: SecondOrderDual, b: SecondOrderDual) -> SecondOrderDual {
    // From q·b = a, part by part.
    let value = a.value / b.value
    let first = quotient(a.first - moved(b.first, by: value), b.value)
    let second = quotient(a.second - moved(b.second, by: value), b.value)
    let inner = moved(b.second, by: first) + moved(b.first, by: second)
    return SecondOrderDual(
      value, first: first, second: second, mixed: quotient(a.mixed - moved(b.mixed, by: value) - inner, b.value))
  }

  /// f(x) from f(a), f′(a) and f″(a)
  static func chain(_ x: SecondOrderDual, _ value: Double, _ slope: Double, _ curvature: Double) -> SecondOrderDual {
    let bent = x.first == 0 || x.second == 0 ? 0 : curvature * x.first * x.second
    return SecondOrderDual(
      value, first: moved(x.first, by: slope), second: moved(x.second, by: slope),
      mixed: moved(x.mixed, by: slope) + bent)
  }

  /// derivative · tangent. A direction that is not taken stays 0 where a derivative is not finite.
  private static func moved(_ tangent: Double, by derivative: Double) -> Double { Dual.moved(tangent, by: derivative) }
  private static func quotient(_ tangent: Double, _ divisor: Double) -> Double { tangent == 0 ? 0 : tangent / divisor }

  package static func elementary(_ f: ElementaryFunction, _ x: SecondOrderDual) -> SecondOrderDual {
    let y = f(x.value)
    let slope = f.slope(x.value, y)
    return chain(x, y, slope, f.curvature(x.value, y, slope))
  }
  package static func elementary(
    _ f: ElementaryFunctionOfTwo, _ a: SecondOrderDual, _ b: SecondOrderDual
  ) -> SecondOrderDual {
    let y = f(a.value, b.value)
    let s = f.slopes(a.value, b.value, y)
    let bent = f.curvatures(a.value, b.value, y, s)
    let inner =
      moved(a.first * a.second, by: bent.0) + moved(a.first * b.second + b.first * a.second, by: bent.1)
      + moved(b.first * b.second, by: bent.2)
    return SecondOrderDual(
      y, first: moved(a.first, by: s.0) + moved(b.first, by: s.1),
      second: moved(a.second, by: s.0) + moved(b.second, by: s.1),
      mixed: moved(a.mixed, by: s.0) + moved(b.mixed, by: s.1) + inner)
  }
  package static func power(_ x: SecondOrderDual, _ p: Double) -> SecondOrderDual {
    chain(x, pow(x.value, p), PowerFunction.slope(x.value, p), PowerFunction.curvature(x.value, p))
  }
  package static func tied(_ first: SecondOrderDual, sum: SecondOrderDual, count: Int) -> SecondOrderDual {
    let n = Double(count)
    return SecondOrderDual(first.value, first: sum.first / n, second: sum.second / n, mixed: sum.mixed / n)
  }
}

extension SecondOrderDual: CustomStringConvertible {
  /// The four parts: `2.0 + 1.0ε₁ + 1.0ε₂ + 0.0ε₁ε₂`.
  package var description: String { "\(value) + \(first)ε₁ + \(second)ε₂ + \(mixed)ε₁ε₂" }
}

/// The matrix product, in plain Swift.
extension SecondOrderDual {
  package static func multiply(_ p: MatrixProduct<SecondOrderDual>) {
    withUnsafeTemporaryAllocation(of: SecondOrderDual.self, capacity: p.depth + p.columns + 1) { scratch in
      guard let row = scratch.baseAddress else { return }
      let sums = row + p.depth
      for i in 0..<p.rows {
        for k in 0..<p.depth { row[k] = p.transposeA ? p.a[k * p.strideA + i] : p.a[i * p.strideA + k] }
        if p.transposeB {
          for j in 0..<p.columns {
            let other = p.b + j * p.strideB
            var sum: SecondOrderDual = 0
            for k in 0..<p.depth { sum = sum + row[k] * other[k] }
            sums[j] = sum
          }
        } else {
          sums.update(repeating: 0, count: p.columns)
          for k in 0..<p.depth {
            let (factor, other) = (row[k], p.b + k * p.strideB)
            for j in 0..<p.columns { sums[j] = sums[j] + factor * other[j] }
          }
        }
        p.finish(row: i, sums)
      }
    }
  }
}
