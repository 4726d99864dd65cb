import Adjoint

/// minₓ max_y |x|² − |y|²: a descent inside of the function that another descent differentiates.
enum Saddle {
  struct Input: Decodable { let start: [Double] }

  static func f(_ x: Variable<Double>, _ y: Variable<Double>) -> Variable<Double> {
    x.square().sum() - y.square().sum()
  }

  /// The two descents of a run. The inner one is part of what the first of them differentiates.
  static func saddle(outer: JacobianMode, inner: JacobianMode) -> (_ start: Tensor<Double>) -> [Double] {
    let highest = compiledGradient(outer) { x, start in
      let y = argMin(from: start[0]) { y in valueAndGradient(at: y, mode: inner) { y in -f(x, y) } }
      return f(x, y)
    }
    let lowest = compiledGradient(outer) { y, x in -f(x[0], y) }
    return { start in
      let x = argMin(from: start) { x in highest(x, start) }
      let y = argMin(from: start) { y in lowest(y, x) }
      return x.elements + y.elements
    }
  }

  static var functions: [Function] {
    pairsOfModes.map { name, outer, inner in
      Function(name) { (input: Input, _) in
        let saddle = saddle(outer: outer, inner: inner)
        return { saddle(Tensor(input.start)) }
      }
    }
  }
}
