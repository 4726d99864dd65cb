import Adjoint

/// y′₀ = x₀, y′ᵢ = xᵢ yᵢ₋₁ from y(0) = 0 to t = 2, by s steps of Runge and Kutta.
enum ODE {
  struct Input: Decodable { let x: [Double], s: Int }

  static func solution(_ x: Variable<Double>, steps: Int) -> Variable<Double> {
    let n = x.shape[0]
    let one = x.tape.constant(Tensor([1]))
    func slope(_ y: Variable<Double>) -> Variable<Double> { x * concatenate([one, y[..<(n - 1)]]) }

    let h = 2 / Double(steps)
    return scan([x.tape.constant(.zeros([n]))], steps: steps) { carry in
      let y = carry[0]
      let k1 = slope(y)
      let k2 = slope(y + h / 2 * k1)
      let k3 = slope(y + h / 2 * k2)
      let k4 = slope(y + h * k3)
      return [y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)]
    }[0]
  }

  static var functions: [Function] {
    [
      Function("primal") { (input: Input, compile) in
        let x = Tensor(input.x)
        let run = compile(x) { solution($0, steps: input.s) }
        return { try run(x).elements }
      },
      // The gradient of the last element.
      Function("gradient") { (input: Input, compile) in
        let x = Tensor(input.x)
        let run = compile(x) { x in gradient(of: solution(x, steps: input.s)[-1], withRespectTo: x) }
        return { try run(x).elements }
      },
    ]
  }
}
