import Adjoint

/// Tests the structure that an operation declares for its local Jacobians: J·ẋ must be the tangent of y.
struct JacobianCheck {
  private let draw: ExampleDraw
  private let seed: UInt64

  init(_ draw: ExampleDraw, seed: UInt64) { (self.draw, self.seed) = (draw, seed) }

  /// A sentence for each input whose Jacobian is another.
  func faults() -> [String] {
    let y = draw.record(on: Tape<Double>()).output
    var generator = Generator(seed: seed).stream(8)
    return draw.movable.compactMap { position in
      guard let claim = draw.operation.localJacobian(at: Point(of: y), withRespectTo: position),
        case .numbers(let x) = draw.values[position]
      else { return nil }
      return fault(claim, position, motion: x.map { _ in generator.normal() }, y.shape)
    }
  }

  private func fault(_ claim: LocalJacobian, _ position: Int, motion: Tensor<Double>, _ shape: Shape) -> String? {
    let name = "localJacobian(at:withRespectTo: \(position))"
    guard claim.rows == shape.elementCount, claim.columns == motion.elements.count else {
      return "\(name) is \(claim.rows)×\(claim.columns); with y of \(shape) and the input of \(motion.shape) it is "
        + "\(shape.elementCount)×\(motion.elements.count)"
    }
    var found = [(sum: Double, magnitude: Double)](repeating: (0, 0), count: claim.rows)
    var isInside = true
    claim.forEachEntry { row, column, entry in
      guard row >= 0, row < claim.rows, column >= 0, column < claim.columns else {
        isInside = false
        return
      }
      found[row].sum += entry * motion.elements[column]
      found[row].magnitude += abs(entry * motion.elements[column])
    }
    let expected = draw.tangent(along: draw.values.indices.map { $0 == position ? motion : nil })
    let wrong = found.indices.first { row in
      let size = found[row].magnitude + abs(expected.elements[row])
      return abs(found[row].sum - expected.elements[row]) > 1e-9 * size
    }
    guard wrong != nil || !isInside else { return nil }
    let place = wrong.map {
      ": J·ẋ is \(found[$0].sum) at element \($0) of y, whose tangent is \(expected.elements[$0])"
    }
    return "\(name) declares a Jacobian that is \(claim.structureText), and it is another\(place ?? ""). Declare one "
      + "that holds every entry that can differ from 0, or leave localJacobian out"
  }
}
