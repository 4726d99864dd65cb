import Adjoint
import Foundation

/// y(x) = ½ Σᵢ (sᵢ − Σⱼ xⱼ tᵢʲ)²: a polynomial fitted to the sign of t at n places of −1 … 1.
enum LeastSquares {
  struct Input: Decodable { let x: [Double], n: Int }

  /// The powers tᵢʲ [n, m] and the signs sᵢ [n]. They depend on the two sizes alone, and are constants of the program.
  static func places(_ n: Int, powers m: Int) -> (powers: Tensor<Double>, signs: Tensor<Double>) {
    let t = (0..<n).map { -1 + Double($0) * 2 / Double(n - 1) }
    var powers: [Double] = []
    powers.reserveCapacity(n * m)
    for t in t {
      var power = 1.0
      for _ in 0..<m {
        powers.append(power)
        power *= t
      }
    }
    return (Tensor(shape: [n, m], elements: powers), Tensor(t.map { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 }))
  }

  static func objective(_ input: Input) throws -> (Variable<Double>) -> Variable<Double> {
    guard input.n > 1 else { throw Failure("llsq: n is \(input.n); at least 2 places are needed") }
    let (powers, signs) = places(input.n, powers: input.x.count)
    return { x in
      let fit = x.tape.constant(powers).matmul(x.reshape(-1, 1)).reshape(-1)
      return 0.5 * (signs - fit).square().sum()
    }
  }

  static var functions: [Function] {
    [
      Function("primal") { (input: Input, compile) in
        let x = Tensor(input.x)
        let run = compile(x, of: try objective(input))
        return { try run(x).scalar }
      },
      Function("gradient") { (input: Input, compile) in
        let (x, y) = (Tensor(input.x), try objective(input))
        let run = compile(x) { x in gradient(of: y(x), withRespectTo: x) }
        return { try run(x).elements }
      },
    ]
  }
}
