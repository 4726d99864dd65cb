import Adjoint

/// ln Σ exp xᵢ, written with its parts: the largest element, and the logarithm of a sum.
enum LogSumExp {
  struct Input: Decodable { let x: [Double] }

  static func value(_ x: Variable<Double>) -> Variable<Double> {
    let a = x.max()
    return a + (x - a).exp().sum().log()
  }

  static var functions: [Function] {
    [
      Function("primal") { (input: Input, compile) in
        let x = Tensor(input.x)
        let run = compile(x, of: value)
        return { try run(x).scalar }
      },
      Function("gradient") { (input: Input, compile) in
        let x = Tensor(input.x)
        let run = compile(x) { x in gradient(of: value(x), withRespectTo: x) }
        return { try run(x).elements }
      },
    ]
  }
}
