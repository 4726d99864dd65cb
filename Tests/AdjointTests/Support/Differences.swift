import Adjoint

/// Compares recorded gradients with central differences of fourth order,
///   ∂y/∂xⱼ ≈ (8(y(xⱼ+h) − y(xⱼ−h)) − (y(xⱼ+2h) − y(xⱼ−2h))) / 12h,
/// in `Double`, by replaying the recording. Returns a sentence for each entry that disagrees: none means agreement.
///
/// With h = 2·10⁻⁴ truncation (h⁴y⁽⁵⁾/30) and round-off (10⁻¹⁶|y|/h) both stay below 10⁻⁸ of the sizes summed.
struct DifferenceCheck {
  var step = 2e-4
  var tolerance = 1e-8
  /// The largest Jacobian that is compared entry by entry.
  var fullJacobianLimit = 400
  var seed: UInt64 = 7

  /// Checks the derivative of y with respect to each x, under a random cotangent, and as a full Jacobian when small.
  func complaints(of y: Variable<Double>, withRespectTo x: [Variable<Double>]) throws -> [String] {
    var generator = Generator(seed: seed)
    let v = generator.tensor(y.shape)
    let program = Program<Double>([y] + x)
    let gradients = gradients(of: y, withRespectTo: x, cotangent: y.tape.constant(v)).map(\.value)
    var complaints: [String] = []
    for (position, variable) in x.enumerated() {
      let columns = try columns(of: y, variable, program)
      for (j, column) in columns.enumerated() {
        let terms = zip(v.elements, column).map { $0 * $1 }
        let size = terms.reduce(1) { $0 + abs($1) }
        complain(&complaints, "x̄\(position)[\(j)]", gradients[position].elements[j], terms.reduce(0, +), size)
      }
      guard y.shape.elementCount * variable.shape.elementCount <= fullJacobianLimit else { continue }
      let matrix = jacobian(of: y, withRespectTo: variable, mode: .reverse)
      for (j, column) in columns.enumerated() {
        for (i, entry) in column.enumerated() {
          let recorded = matrix.elements[i * columns.count + j]
          complain(&complaints, "∂y[\(i)]/∂x\(position)[\(j)]", recorded, entry, max(1, abs(entry)))
        }
      }
    }
    return complaints
  }

  /// Checks second derivatives: the random projection Σⱼ⟨uⱼ, x̄ⱼ⟩ of the recorded gradient, as a function of x.
  func secondOrderComplaints(of y: Variable<Double>, withRespectTo x: [Variable<Double>]) throws -> [String] {
    var generator = Generator(seed: seed + 1)
    let tape = y.tape
    let v = tape.constant(generator.tensor(y.shape))
    let projections = gradients(of: y, withRespectTo: x, cotangent: v).map { g in
      (g * tape.constant(generator.tensor(g.shape))).sum()
    }
    guard let first = projections.first else { return [] }
    return try complaints(of: projections.dropFirst().reduce(first) { $0 + $1 }, withRespectTo: x)
  }

  /// ∂y/∂xⱼ for each j, by differences.
  private func columns(
    of y: Variable<Double>, _ x: Variable<Double>, _ program: Program<Double>
  ) throws -> [[Double]] {
    let point = x.value
    func value(_ j: Int, _ offset: Double) throws -> [Double] {
      var moved = point
      moved[linear: j] += offset
      try program.feed(x, moved)
      program.replay()
      return program.value(of: y).elements
    }
    defer { try? program.feed(x, point) }
    return try point.elements.indices.map { j in
      let near = zip(try value(j, step), try value(j, -step)).map { $0 - $1 }
      let far = zip(try value(j, 2 * step), try value(j, -2 * step)).map { $0 - $1 }
      return zip(near, far).map { (8 * $0 - $1) / (12 * step) }
    }
  }

  private func complain(
    _ complaints: inout [String], _ what: String, _ recorded: Double, _ difference: Double, _ size: Double
  ) {
    guard !(abs(recorded - difference) <= tolerance * size) else { return }
    complaints.append("\(what): recorded \(recorded), by differences \(difference)")
  }
}
