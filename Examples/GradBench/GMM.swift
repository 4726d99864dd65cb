import Adjoint
import Foundation

/// The logarithm of the likelihood of points under a mixture of k normal distributions, with a Wishart prior. The inverse
/// covariance of each is QᵀQ for a lower triangle Q, whose diagonal is exp q and whose other elements are l.
enum GMM {
  struct Input: Decodable {
    let d, k, n, m: Int
    let gamma: Double
    let x, mu, q, l: [[Double]]
    let alpha: [Double]

    /// The parameters, and the points last.
    func tensors() throws -> [Tensor<Double>] {
      [
        Tensor(alpha), try Tensor(rows: mu, columns: d), try Tensor(rows: q, columns: d),
        try Tensor(rows: l, columns: d * (d - 1) / 2), try Tensor(rows: x, columns: d),
      ]
    }

    /// The terms that no parameter changes: of the densities and of the prior.
    var constant: Double {
      let (freedom, width) = (Double(d + m + 1), Double(d))
      var prior = freedom * width * (log(gamma) - log(2) / 2)
      prior -= width * (width - 1) / 4 * log(Double.pi)
      for j in 0..<d { prior -= lgamma(0.5 * (freedom - Double(j))) }
      return -Double(n) * width / 2 * log(2 * Double.pi) + Double(k) * prior
    }
  }

  /// The matrices Q [k, d, d]: l holds the columns below the diagonal, one after the other.
  static func triangles(_ q: Variable<Double>, _ l: Variable<Double>, _ d: Int) -> Variable<Double> {
    let places = (0..<d).flatMap { column in (column + 1..<max(d, column + 1)).map { Int32($0 * d + column) } }
    let below = l.transpose().scatterAdd(q.tape.index(Tensor(places)), rows: d * d).transpose()
    return below.reshape(-1, d, d) + q.exp().diagonalMatrix()
  }

  static func objective(_ v: [Variable<Double>], _ input: Input) -> Variable<Double> {
    let (alpha, mu, q, l, x) = (v[0], v[1], v[2], v[3], v[4])
    let (d, k, n) = (input.d, input.k, input.n)
    let triangles = triangles(q, l, d)
    // Q (x − μ) for every point and every part, as one product [n, d] · [d, k d].
    let moved = triangles.matmul(mu.reshape(k, d, 1)).reshape(k, d)
    let y = x.matmul(triangles.reshape(k * d, d), transposeB: true).reshape(n, k, d) - moved
    let terms = alpha + q.sum(axis: 1) - 0.5 * y.square().sum(axis: 2)
    let likelihood = terms.logSumExp().sum() - Double(n) * alpha.logSumExp()
    let size = q.exp().square().sum() + l.square().sum()
    let prior = input.gamma * input.gamma / 2 * size - Double(input.m) * q.sum()
    return likelihood - prior + input.constant
  }

  struct Gradient: Encodable { let alpha: [Double], mu, q, l: [[Double]] }

  static var functions: [Function] {
    [
      Function("objective") { (input: Input, compile) in
        let x = try input.tensors()
        let run = compile(x) { [objective($0, input)] }
        return { try run(x)[0].scalar }
      },
      Function("jacobian") { (input: Input, compile) in
        let x = try input.tensors()
        let run = compile(x) { v in gradients(of: objective(v, input), withRespectTo: Array(v[..<4])) }
        return {
          let g = try run(x)
          return Gradient(alpha: g[0].elements, mu: g[1].rows, q: g[2].rows, l: g[3].rows)
        }
      },
    ]
  }
}
