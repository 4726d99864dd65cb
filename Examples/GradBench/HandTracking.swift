import Adjoint

/// A hand of bones with a skin: the distances of seen points to the skin in a pose, and their Jacobian.
enum HandTracking {
  struct Input: Decodable {
    struct Data: Decodable {
      let model: Model
      let correspondences: [Int]
      let points: [[Double]]
    }
    struct Model: Decodable {
      let parents: [Int]
      let baseRelatives, inverseBaseAbsolutes: [[[Double]]]
      let basePositions, weights: [[Double]]
      let triangles: [[Int]]
      let isMirrored: Bool
    }
    let theta: [Double]
    let data: Data
    let us: [[Double]]

    /// The pose, the places on the triangles, the points, and positions and weights of the vertices that they need.
    func tensors() throws -> [Tensor<Double>] {
      let model = data.model
      let corners = us.isEmpty ? data.correspondences : data.correspondences.flatMap { model.triangles[$0] }
      return [
        Tensor(theta), try Tensor(rows: us, columns: 2), try Tensor(rows: data.points, columns: 3),
        try Tensor(rows: corners.map { model.basePositions[$0] }, columns: 4),
        try Tensor(rows: corners.map { model.weights[$0] }, columns: model.parents.count),
        Tensor(model.baseRelatives), Tensor(model.inverseBaseAbsolutes),
      ]
    }
  }

  /// A matrix of entries, of which plain numbers are constants.
  static func matrix(_ entries: [[Variable<Double>]]) -> Variable<Double> { stack(entries.map { stack($0) }) }

  /// The rotation of a joint by three angles: about the first axis, then the second, then the third.
  static func rotation(_ angles: [Variable<Double>]) -> Variable<Double> {
    let tape = angles[0].tape
    let (o, l) = (tape.constant(0), tape.constant(1))
    let (c, s) = (angles.map { $0.cos() }, angles.map { $0.sin() })
    let x = matrix([[l, o, o, o], [o, c[0], -s[0], o], [o, s[0], c[0], o], [o, o, o, l]])
    let y = matrix([[c[1], o, s[1], o], [o, l, o, o], [-s[1], o, c[1], o], [o, o, o, l]])
    let z = matrix([[c[2], -s[2], o, o], [s[2], c[2], o, o], [o, o, l, o], [o, o, o, l]])
    return z.matmul(y).matmul(x)
  }

  /// The rotation about an axis, by its length as an angle (Rodrigues).
  static func turn(_ axis: Variable<Double>) -> Variable<Double> {
    let angle = axis.square().sum().sqrt()
    let k = (axis / angle).unstack()
    let o = axis.tape.constant(0)
    let cross = matrix([[o, -k[2], k[1]], [k[2], o, -k[0]], [-k[1], k[0], o]])
    return Tensor.eye(3) + angle.sin() * cross + (1 - angle.cos()) * cross.matmul(cross)
  }

  /// From the base pose to this one, a matrix for each bone: a finger has three joints, of which the first moves in two ways.
  static func transforms(_ v: [Variable<Double>], _ parents: [Int]) -> Variable<Double> {
    let theta = v[0].unstack()
    let (relatives, inverse) = (v[5].unstack(), v[6].unstack())
    let o = v[0].tape.constant(0)
    var angles = [[Variable<Double>]](repeating: [], count: parents.count)
    for finger in 0..<5 {
      let (t, bone) = (6 + 4 * finger, 2 + 4 * finger)
      angles[bone] = [theta[t], o, theta[t + 1]]
      angles[bone + 1] = [theta[t + 2], o, o]
      angles[bone + 2] = [theta[t + 3], o, o]
    }
    var absolutes: [Variable<Double>] = []
    for (bone, parent) in parents.enumerated() {
      let relative = angles[bone].isEmpty ? relatives[bone] : relatives[bone].matmul(rotation(angles[bone]))
      absolutes.append(parent < 0 ? relative : absolutes[parent].matmul(relative))
    }
    return stack(zip(absolutes, inverse).map { $0.matmul($1) })
  }

  /// The distances [points, 3] of the points to the skin.
  static func distances(_ v: [Variable<Double>], _ model: Input.Model) -> Variable<Double> {
    let (bones, corners) = (model.parents.count, v[3].shape[0])
    // Σ over bones of weight · transform · position, as one product [corners, 4 bones] · [4 bones, 4].
    let weighted = (v[4].unsqueeze(axis: 2) * v[3].unsqueeze(axis: 1)).reshape(corners, 4 * bones)
    let stacked = transforms(v, model.parents).transpose().reshape(4 * bones, 4)
    var skin = weighted.matmul(stacked)[..., 0..<3]
    if model.isMirrored { skin = skin * Tensor([-1, 1, 1]) }
    skin = skin.matmul(turn(v[0][0..<3]), transposeB: true) + v[0][3..<6]
    guard v[1].shape[0] > 0 else { return v[2] - skin }
    let (a, b) = (v[1][..., 0..<1], v[1][..., 1..<2])
    let triangle = skin.reshape(-1, 3, 3)
    let corner = (0..<3).map { triangle[$0, axis: 1] }
    return v[2] - (a * corner[0] + b * corner[1] + (1 - a - b) * corner[2])
  }

  /// The directions of the Jacobian, one after the other: motions of the angles, and of the places on triangles [places, 2]. A
  /// place moves its own distance alone, so two directions serve all places; then each angle has one.
  static func directions(angles: Int, places: Int) -> (turns: Tensor<Double>, shifts: Tensor<Double>) {
    let sides = places > 0 ? 2 : 0
    let turns = concatenate([Tensor<Double>.zeros([sides, angles]), .eye(angles)])
    let shifts = Tensor<Double>.eye(2)[..<sides, ...].reshape(sides, 1, 2).broadcast(to: [sides, places, 2])
    return (turns, concatenate([shifts, .zeros([angles, places, 2])]))
  }

  static var functions: [Function] {
    [
      Function("objective") { (input: Input, compile) in
        let x = try input.tensors()
        let run = compile(x) { [distances($0, input.data.model)] }
        return { try run(x)[0].elements }
      },
      // The distances are computed once, and a loop pushes each direction forward through them.
      Function("jacobian") { (input: Input, compile) in
        let x = try input.tensors()
        let (turns, shifts) = directions(angles: x[0].shape[0], places: x[1].shape[0])
        let run = compile(x) { v in
          let y = distances(v, input.data.model)
          let (_, columns) = scan([], over: [y.tape.constant(turns), y.tape.constant(shifts)]) { _, direction in
            ([], [jvp(of: y, withRespectTo: [v[0], v[1]], along: direction).reshape(-1)])
          }
          return [columns[0].transpose()]
        }
        return { try run(x)[0].rows }
      },
    ]
  }
}
