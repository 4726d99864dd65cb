import Adjoint

/// Points and centroids: the sum of the squared distances of each point to its nearest centroid, and the step of Newton's method.
enum KMeans {
  struct Input: Decodable {
    let points, centroids: [[Double]]

    func tensors() throws -> [Tensor<Double>] {
      let width = points.first?.count ?? 0
      return [try Tensor(rows: points, columns: width), try Tensor(rows: centroids, columns: width)]
    }
  }

  /// f(P, C) = Σᵢ minⱼ |Pᵢ − Cⱼ|². Of |P|² − 2PC + |C|² the first term does not choose; the distance to the nearest is then
  /// taken as it is defined.
  static func cost(_ p: Variable<Double>, _ c: Variable<Double>) -> Variable<Double> {
    let nearest = (c.square().sum(axis: 1) - 2 * p.matmul(c, transposeB: true)).argMin()
    return (p - c.gather(nearest)).square().sum()
  }

  static var functions: [Function] {
    [
      Function("cost") { (input: Input, compile) in
        let x = try input.tensors()
        let run = compile(x) { [cost($0[0], $0[1])] }
        return { try run(x)[0].scalar }
      },
      // J · H⁻¹. No centroid's distances depend on another's, so H is diagonal, and its product with ones is its diagonal. A centroid
      // that is nearest to no point has J = H = 0: it stays where it is.
      Function("dir") { (input: Input, compile) in
        let x = try input.tensors()
        let run = compile(x) { v in
          let c = v[1]
          let slope = gradient(of: cost(v[0], c), withRespectTo: c)
          let ones = c.tape.constant(Tensor<Double>.ones(c.shape))
          let curvature = gradients(of: slope, withRespectTo: [c], cotangent: ones)[0]
          return [Adjoint.where(curvature .> 0, slope / curvature, 0)]
        }
        return { try run(x)[0].rows }
      },
    ]
  }
}
