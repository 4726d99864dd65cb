import Adjoint

/// minₓ max_y |x|² − |y|²: a descent inside of the function that another descent differentiates.
enum Saddle {
  struct Input: Decodable { let start: [Double] }

  static func f(_ x: Variable<Double>, _ y: Variable<Double>) -> Variable<Double> {
    x.square().sum() - y.square().sum()
  }

  static func saddle(_ start: Tensor<Double>, outer: JacobianMode, inner: JacobianMode) -> [Double] {
    let x = argMin(outer, from: start) { x in
      let y = argMin(inner, from: x.tape.constant(start)) { y in -f(x, y) }
      return f(x, y)
    }
    let y = argMin(outer, from: start) { y in -f(y.tape.constant(x), y) }
    return x.elements + y.elements
  }

  static var functions: [Function] {
    pairsOfModes.map { name, outer, inner in
      Function(name) { (input: Input, _) in { saddle(Tensor(input.start), outer: outer, inner: inner) } }
    }
  }
}
