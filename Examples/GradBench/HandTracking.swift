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

    /// The pose, the places on the triangles, the points, positions and weights of the vertices that they need, and matrices of the
    /// bones in the order of `levels`. Coordinates come first, and the corners of all triangles one after the other.
    func tensors() throws -> [Tensor<Double>] {
      let model = data.model
      let corners =
        us.isEmpty
        ? data.correspondences : (0..<3).flatMap { corner in data.correspondences.map { model.triangles[$0][corner] } }
      let bones = levels(model.parents).joined()
      let weights = corners.map { corner in bones.map { model.weights[corner][$0] } }
      return [
        Tensor(theta), try Tensor(rows: us, columns: 2).transpose(),
        try Tensor(rows: data.points, columns: 3).transpose(),
        try Tensor(rows: corners.map { model.basePositions[$0] }, columns: 4).transpose(),
        try Tensor(rows: weights, columns: model.parents.count).transpose(),
        Tensor(bones.map { model.baseRelatives[$0] }), Tensor(bones.map { model.inverseBaseAbsolutes[$0] }),
      ]
    }
  }

  /// A matrix of entries, of which plain numbers are constants.
  static func matrix(_ entries: [[Variable<Double>]]) -> Variable<Double> { stack(entries.map { stack($0) }) }

  /// The bones by their distance from the wrist.
  static func levels(_ parents: [Int]) -> [[Int]] {
    var depth = [Int](repeating: 0, count: parents.count)
    for (bone, parent) in parents.enumerated() where parent >= 0 { depth[bone] = depth[parent] + 1 }
    return (0...(depth.max() ?? 0)).map { level in parents.indices.filter { depth[$0] == level } }
  }

  /// The rotations of bones, [bones, 4, 4]: about the first axis by x, then about the third by z.
  static func rotations(_ x: Variable<Double>, _ z: Variable<Double>) -> Variable<Double> {
    let (cx, sx, cz, sz) = (x.cos(), x.sin(), z.cos(), z.sin())
    let (o, l) = (x.tape.constant(.zeros(x.shape)), x.tape.constant(.ones(x.shape)))
    let rows = [[cz, -(sz * cx), sz * sx, o], [sz, cz * cx, -(cz * sx), o], [o, sx, cx, o], [o, o, o, l]]
    return stack(rows.flatMap { $0 }, axis: 1).reshape(-1, 4, 4)
  }

  /// The rotation about an axis, by its length as an angle (Rodrigues).
  static func turn(_ axis: Variable<Double>) -> Variable<Double> {
    let angle = axis.square().sum().sqrt()
    let k = (axis / angle).unstack()
    let o = axis.tape.constant(0)
    let cross = matrix([[o, -k[2], k[1]], [k[2], o, -k[0]], [-k[1], k[0], o]])
    return Tensor.eye(3) + angle.sin() * cross + (1 - angle.cos()) * cross.matmul(cross)
  }

  /// From the base pose to this one, a matrix for each bone: a finger has three joints, of which the first moves in two ways. Bones
  /// of one distance from the wrist move at once. Bones stand in the order of `levels`.
  static func transforms(
    _ fingers: Variable<Double>, _ relatives: Variable<Double>, _ inverse: Variable<Double>, _ parents: [Int]
  ) -> Variable<Double> {
    let (tape, levels) = (fingers.tape, levels(parents))
    func rows(_ x: Variable<Double>, _ list: [Int]) -> Variable<Double> {
      x.gather(tape.index(Tensor(list.map { Int32($0) })))
    }
    // What does not turn has the angle behind the last one, 0.
    var places = [[Int]](repeating: Array(repeating: 20, count: parents.count), count: 2)
    for finger in 0..<5 {
      let (angle, bone) = (4 * finger, 2 + 4 * finger)
      (places[0][bone], places[1][bone]) = (angle, angle + 1)
      (places[0][bone + 1], places[0][bone + 2]) = (angle + 2, angle + 3)
    }
    let (angles, bones) = (fingers.pad(before: [0], after: [1]), Array(levels.joined()))
    let turns = places.map { place in rows(angles, bones.map { place[$0] }) }
    let own = relatives.matmul(rotations(turns[0], turns[1]))
    var (absolutes, first) = ([own.slice(0..<levels[0].count)], levels[0].count)
    for (above, level) in zip(levels, levels.dropFirst()) {
      let parents = rows(absolutes[absolutes.count - 1], level.map { above.firstIndex(of: parents[$0]) ?? 0 })
      absolutes.append(parents.matmul(own.slice(first..<first + level.count)))
      first += level.count
    }
    return concatenate(absolutes).matmul(inverse)
  }

  /// The distances [3, points] of the points to the skin, in a pose of the hand as a whole and of its fingers.
  static func distances(
    _ pose: Variable<Double>, _ fingers: Variable<Double>, _ v: [Variable<Double>], _ model: Input.Model
  ) -> Variable<Double> {
    let (bones, corners) = (model.parents.count, v[3].shape[1])
    // Σ over bones of weight · transform · position, as one product [3, 4 bones] · [4 bones, corners].
    let weighted = (v[4].unsqueeze(axis: 1) * v[3]).reshape(4 * bones, corners)
    let moves = transforms(fingers, v[5], v[6], model.parents).slice(0..<3, axis: 1)
    var skin = moves.permute([1, 0, 2]).reshape(3, 4 * bones).matmul(weighted)
    if model.isMirrored { skin = skin * Tensor([-1, 1, 1]).reshape(3, 1) }
    skin = turn(pose[0..<3]).matmul(skin) + pose[3..<6].reshape(3, 1)
    guard v[1].shape[1] > 0 else { return v[2] - skin }
    let (a, b, triangle) = (v[1][0], v[1][1], skin.reshape(3, 3, -1))
    let corner = (0..<3).map { triangle[$0, axis: 1] }
    return v[2] - (a * corner[0] + b * corner[1] + (1 - a - b) * corner[2])
  }

  static var functions: [Function] {
    [
      Function("objective") { (input: Input, compile) in
        let x = try input.tensors()
        let run = compile(x) { v in [distances(v[0][0..<6], v[0][6..<26], v, input.data.model).transpose()] }
        return { try run(x)[0].elements }
      },
      // The distances are computed once, and all directions of a kind are pushed forward through them at once. A place on a triangle
      // moves its own distance alone, so two directions serve all places; then each angle has one.
      Function("jacobian") { (input: Input, compile) in
        let x = try input.tensors()
        let places = x[1].shape[1]
        let sides = Tensor<Double>.eye(2)[..<(places > 0 ? 2 : 0), ...].unsqueeze(axis: 2)
        let run = compile(x) { v in
          let (pose, fingers) = (v[0][0..<6], v[0][6..<26])
          let y = distances(pose, fingers, v, input.data.model)
          let kinds = [(v[1], sides.broadcast(to: [sides.shape[0], 2, places])), (pose, .eye(6)), (fingers, .eye(20))]
          let columns = kinds.map { x, directions in
            vmap(over: y.tape.constant(directions)) { jvp(of: y, withRespectTo: [x], along: [$0]) }
          }
          return [concatenate(columns).permute([2, 1, 0]).flatten(from: 0, through: 1)]
        }
        return { try run(x)[0].rows }
      },
    ]
  }
}
