import Adjoint

/// Cameras that see points: the errors of p observations, and the sparse Jacobian of all of them.
enum BundleAdjustment {
  struct Input: Decodable {
    let n, m, p: Int
    let cam, x, feat: [Double]
    let w: Double

    /// Each observation's camera, point and weight [p, 15], and its feature [p, 2]: gathered anew, as if no two were alike.
    func tensors() -> [Tensor<Double>] {
      let cameras = Tensor(Array(repeating: cam, count: n))
      let points = Tensor(Array(repeating: x, count: m))
      let seenBy = Tensor((0..<p).map { Int32($0 % n) })
      let seen = Tensor((0..<p).map { Int32($0 % m) })
      let weights = Tensor(repeating: w, shape: [p, 1])
      return [
        concatenate([cameras.gather(seenBy), points.gather(seen), weights], axis: 1),
        Tensor(Array(repeating: feat, count: p)),
      ]
    }
  }

  /// The errors [p, 2]: rotate and project each point, distort it, and compare it with the feature.
  static func errors(_ v: Variable<Double>, _ feature: Variable<Double>) -> Variable<Double> {
    let (rotation, center, focal) = (v[..., 0..<3], v[..., 3..<6], v[..., 6..<7])
    let (principal, distortion, point, weight) = (v[..., 7..<9], v[..., 9..<11], v[..., 11..<14], v[..., 14..<15])
    let seen = rotated(point - center, by: rotation)
    let flat = seen[..., 0..<2] / seen[..., 2..<3]
    let r = flat.square().sum(axis: 1, keepingDimensions: true)
    let scale = 1 + distortion[..., 0..<1] * r + distortion[..., 1..<2] * r.square()
    return weight * (flat * scale * focal + principal - feature)
  }

  /// Points turned about an axis, by its length as an angle (Rodrigues).
  static func rotated(_ x: Variable<Double>, by rotation: Variable<Double>) -> Variable<Double> {
    let square = rotation.square().sum(axis: 1, keepingDimensions: true)
    let angle = Adjoint.where(square .> 0, square, 1).sqrt()
    let axis = rotation / angle
    let turned = cross(axis, x)
    let along = (axis * x).sum(axis: 1, keepingDimensions: true)
    let cosine = angle.cos()
    let finite = x * cosine + turned * angle.sin() + axis * along * (1 - cosine)
    return Adjoint.where(square .> 0, finite, x + cross(rotation, x))
  }

  static func cross(_ a: Variable<Double>, _ b: Variable<Double>) -> Variable<Double> {
    func turn(_ v: Variable<Double>) -> Variable<Double> { v.roll(by: -1, axis: 1) }
    return turn(a * turn(b) - turn(a) * b)
  }

  /// Of lists in which the suite's data repeat, the first elements and the last.
  static func ends<T>(_ list: [T]) -> [T] { list.prefix(30) + list.suffix(1) }

  struct Errors: Encodable {
    struct Pairs: Encodable { let elements: [Double], repeated: Int }
    struct Numbers: Encodable { let element: Double, repeated: Int }
    let reprojError: Pairs, wErr: Numbers
  }

  struct Sparse: Encodable { let rows, cols: [Int], vals: [Double] }

  /// Rows in the compressed form: two for each observation, on 11 + 3 + 1 columns, and then one for each weight.
  static func sparse(_ blocks: [Double], _ weights: [Double], _ input: Input) -> Sparse {
    let (n, m, p) = (input.n, input.m, input.p)
    var columns: [Int] = []
    columns.reserveCapacity(31 * p)
    for i in 0..<p {
      for _ in 0..<2 {
        columns += i % n * 11..<(i % n + 1) * 11
        columns += 11 * n + i % m * 3..<11 * n + (i % m + 1) * 3
        columns.append(11 * n + 3 * m + i)
      }
    }
    columns += 11 * n + 3 * m..<11 * n + 3 * m + p
    let rows = (0...2 * p).map { 15 * $0 } + (1...p).map { 30 * p + $0 }
    return Sparse(rows: ends(rows), cols: ends(columns), vals: ends(blocks + weights))
  }

  static var functions: [Function] {
    [
      Function("objective") { (input: Input, compile) in
        let run = compile(input.tensors()) { x in [errors(x[0], x[1]), 1 - x[0][..., 14].square()] }
        return {
          let y = try run(input.tensors())
          return Errors(
            reprojError: .init(elements: y[0][0].elements, repeated: input.p),
            wErr: .init(element: y[1].elements[0], repeated: input.p))
        }
      },
      // No observation's errors depend on what another one sees: so many small Jacobians [p, 2, 15].
      Function("jacobian") { (input: Input, compile) in
        let run = compile(input.tensors()) { x in
          let weight = x[0][..., 14]
          return [
            batchJacobian(of: errors(x[0], x[1]), withRespectTo: x[0]),
            batchJacobian(of: 1 - weight.square(), withRespectTo: weight),
          ]
        }
        return {
          let y = try run(input.tensors())
          return sparse(y[0].elements, y[1].elements, input)
        }
      },
    ]
  }
}
