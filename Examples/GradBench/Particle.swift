import Adjoint

/// A charged particle between two charges, one of which stands at a height that is to be found: the particle shall cross the axis
/// at the origin. Its force is a derivative inside of the function that the search differentiates.
enum Particle {
  struct Input: Decodable { let w: Double }

  /// p(x; w) = 1/|x − (10, 10 − w)| + 1/|x − (10, 0)|
  static func potential(_ x: Variable<Double>, _ w: Variable<Double>) -> Variable<Double> {
    let charge = Tensor([10, 10]) - w * Tensor([0, 1])
    return 1 / (x - charge).square().sum().sqrt() + 1 / (x - Tensor([10, 0])).square().sum().sqrt()
  }

  /// The square of the place at which the particle crosses the axis, by Euler's steps of 0.1.
  static func miss(_ w: Variable<Double>, _ inner: JacobianMode) -> Variable<Double> {
    var x = w.tape.constant(Tensor([0, 8]))
    var velocity = w.tape.constant(Tensor([0.75, 0]))
    while true {
      let next = x + 0.1 * velocity
      guard next[1] > 0 else { break }
      velocity = velocity - 0.1 * gradient(at: x, mode: inner) { potential($0, w) }
      x = next
    }
    let time = -x[1] / velocity[1]
    return (x + time * velocity)[0].square()
  }

  static var functions: [Function] {
    pairsOfModes.map { name, outer, inner in
      Function(name) { (input: Input, _) in
        let square = compiledGradient(outer) { w, _ in miss(w, inner) }
        return { argMin(from: Tensor(scalar: input.w)) { w in square(w) }.scalar }
      }
    }
  }
}
