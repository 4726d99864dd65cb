import Adjoint
import AdjointChecking
import Foundation

/// A seeded smooth function of n numbers whose gradient is known: a sum of terms of one or two coordinates.
struct RandomPlainFunction: Sendable {
  let seed: UInt64
  let x: [Double]
  private let weights: [Double]
  private let kinds: [Int]

  init(seed: UInt64, count: Int) {
    var generator = Generator(seed: seed)
    self.seed = seed
    // Coordinates over six decades, sizes over eight.
    x = (0..<count).map { _ in pow(10, generator.uniform(-3, 3)) * (generator.next() & 1 == 0 ? 1 : -1) }
    weights = (0..<count).map { _ in pow(10, generator.uniform(-4, 4)) * (generator.next() & 1 == 0 ? 1 : -1) }
    kinds = (0..<count).map { _ in Int(generator.next() % 7) }
  }

  /// The term, by dual numbers where a derivative is wanted. Each coordinate enters as z = x / |x₀| and with its neighbour.
  private func term<S: Scalar>(_ i: Int, _ x: [S]) -> S {
    let z = x[i] * S(1 / abs(self.x[i]))
    let next = (i + 1) % x.count
    let y = x[next] * S(1 / abs(self.x[next]))
    let value: S =
      switch kinds[i] {
      case 0: S.sine(S(3) * z) * y
      case 1: S.exponential(z + y)
      case 2: 1 / (z * z + S(0.3))
      case 3: S.hyperbolicTangent(z * y)
      case 4: z * z * z - y
      case 5: S.logarithm(z * z + y * y)
      case _: S.errorFunction(z) * S.cosine(y)
      }
    return S(weights[i]) * value
  }

  func value<S: Scalar>(_ x: [S]) -> S { x.indices.reduce(0) { $0 + term($1, x) } }

  func gradient(_ x: [Double]) -> [Double] {
    x.indices.map { j in
      value(x.indices.map { Dual(x[$0], tangent: $0 == j ? 1 : 0) }).tangent
    }
  }
}
