import Adjoint
import AdjointChecking
import Foundation

/// A seeded smooth function of one variable, evaluated in any scalar: its derivatives at 0 come from dual numbers.
struct RandomFunction: Sendable {
  let seed: UInt64
  /// Something that `Generator` draws anew for each value of t: the rounding of a long computation, much enlarged.
  var noise = 0.0

  private struct Term {
    let kind: Int
    let a: Double
    let b: Double
    let c: Double
  }

  private var terms: [Term] {
    var generator = Generator(seed: seed)
    return (0..<(1 + Int(generator.next() % 3))).map { _ in
      // Frequencies over three decades, sizes over four.
      let kind = Int(generator.next() % 7)
      let size = pow(10, generator.uniform(-2, 2))
      return Term(
        kind: kind, a: generator.next() & 1 == 0 ? size : -size, b: pow(10, generator.uniform(-1.5, 1.5)),
        c: generator.uniform(-2, 2))
    }
  }

  func smooth<S: Scalar>(_ t: S) -> S {
    terms.reduce(0) { sum, term in
      let x = S(term.b) * t + S(term.c)
      let y: S =
        switch term.kind {
        case 0: S.sine(x)
        case 1: S.exponential(x)
        case 2: 1 / (x * x + S(0.01))
        case 3: S.hyperbolicTangent(S(3) * x)
        case 4: x * x * x - x
        case 5: S.logarithm(x * x + S(0.1))
        case _: S.errorFunction(x) * S.cosine(x)
        }
      return sum + S(term.a) * y
    }
  }

  func callAsFunction(_ t: Double) -> Double {
    guard noise > 0 else { return smooth(t) }
    var generator = Generator(seed: seed).stream(t.bitPattern)
    return smooth(t) + noise * generator.normal()
  }

  var value: Double { smooth(0.0) }
  var slope: Double { smooth(Dual(0, tangent: 1)).tangent }
  var curvature: Double { smooth(SecondOrderDual(0, first: 1, second: 1)).mixed }
}
