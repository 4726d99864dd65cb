import Adjoint

/// Cameras that see points: the errors of p observations, and the sparse Jacobian of all of them.
///
/// The errors of one observation are written on numbers. Each variable holds that number for every observation, one after the other.
enum BundleAdjustment {
  typealias Number = Variable<Double>

  struct Input: Decodable {
    let n, m, p: Int
    let cam, x, feat: [Double]
    let w: Double

    /// A row of p numbers for each of a camera's 11, a point's 3, a weight and a feature's 2, gathered as if no two were alike.
    func rows() -> [Tensor<Double>] {
      let cameras = Tensor(Array(repeating: cam, count: n))
      let points = Tensor(Array(repeating: x, count: m))
      let seenBy = Tensor((0..<p).map { Int32($0 % n) })
      let seen = Tensor((0..<p).map { Int32($0 % m) })
      let weights = Tensor(repeating: w, shape: [p, 1])
      let features = Tensor(Array(repeating: feat, count: p))
      return concatenate([cameras.gather(seenBy), points.gather(seen), weights, features], axis: 1).unstack(axis: 1)
    }
  }

  /// The errors of an observation in two directions: rotate and project the point, distort it, and compare it with the feature.
  static func errors(_ v: [Number]) -> [Number] {
    let (rotation, center, focal, principal) = (Array(v[0..<3]), v[3..<6], v[6], v[7..<9])
    let (distortion, point, weight, feature) = (Array(v[9..<11]), v[11..<14], v[14], v[15..<17])
    let seen = rotated(zip(point, center).map { $0 - $1 }, by: rotation)
    let flat = [seen[0] / seen[2], seen[1] / seen[2]]
    let r = dot(flat, flat)
    let scale = (1 + distortion[0] * r + distortion[1] * r.square()) * focal
    return zip(flat, zip(principal, feature)).map { weight * ($0 * scale + $1.0 - $1.1) }
  }

  /// A point turned about an axis, by its length as an angle (Rodrigues).
  static func rotated(_ x: [Number], by rotation: [Number]) -> [Number] {
    let square = dot(rotation, rotation)
    let angle = Adjoint.where(square .> 0, square, 1).sqrt()
    let axis = rotation.map { $0 / angle }
    let (cosine, sine, along) = (angle.cos(), angle.sin(), dot(axis, x))
    let (turned, slightly) = (cross(axis, x), cross(rotation, x))
    return (0..<3).map { i in
      let finite = x[i] * cosine + turned[i] * sine + axis[i] * along * (1 - cosine)
      return Adjoint.where(square .> 0, finite, x[i] + slightly[i])
    }
  }

  static func dot(_ a: [Number], _ b: [Number]) -> Number {
    let products = zip(a, b).map { $0 * $1 }
    return products.dropFirst().reduce(products[0]) { $0 + $1 }
  }

  static func cross(_ a: [Number], _ b: [Number]) -> [Number] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
  }

  struct Errors: Encodable {
    struct Pairs: Encodable { let elements: [Double], repeated: Int }
    struct Numbers: Encodable { let element: Double, repeated: Int }
    let reprojError: Pairs, wErr: Numbers
  }

  /// Rows in the compressed form (CSR).
  struct Sparse: Encodable { let rows, cols: [Int], vals: [Double] }

  /// Where each row begins, and the columns: two rows for each observation, on 11 + 3 + 1 columns, and then one for each weight.
  static func places(_ n: Int, _ m: Int, _ p: Int) -> (rows: [Int], columns: [Int]) {
    let (points, weights) = (11 * n, 11 * n + 3 * m)
    let columns = (0..<2 * p).flatMap { row in
      let (camera, point) = (row / 2 % n * 11, points + row / 2 % m * 3)
      return Array(camera..<camera + 11) + Array(point..<point + 3) + [weights + row / 2]
    }
    return ((0...2 * p).map { 15 * $0 } + (1...p).map { 30 * p + $0 }, columns + (weights..<weights + p))
  }

  static var functions: [Function] {
    [
      Function("objective") { (input: Input, compile) in
        let rows = input.rows()
        let run = compile(rows) { v in [stack(errors(v), axis: 1), 1 - v[14].square()] }
        return {
          let y = try run(rows)
          return Errors(
            reprojError: .init(elements: y[0][0].elements, repeated: input.p),
            wErr: .init(element: y[1].elements[0], repeated: input.p))
        }
      },
      // No observation's errors depend on what another one sees: so many small Jacobians [p, 2, 15], then p numbers.
      Function("jacobian") { (input: Input, compile) in
        let (rows, places) = (input.rows(), places(input.n, input.m, input.p))
        let run = compile(rows) { v in
          [
            batchJacobian(of: errors(v), withRespectTo: Array(v[..<15])),
            batchJacobian(of: [1 - v[14].square()], withRespectTo: [v[14]]),
          ]
        }
        // Of lists in which the suite's data repeat, the suite asks for the first elements and the last.
        func ends<T>(_ list: [T]) -> [T] { Array(list.prefix(30)) + (list.suffix(1) as ArraySlice) }
        return {
          let values = try run(rows).map(\.elements)
          let shown = Array(values[0].prefix(30)) + (values[1].suffix(1) as ArraySlice)
          return Sparse(rows: ends(places.rows), cols: ends(places.columns), vals: shown)
        }
      },
    ]
  }
}
