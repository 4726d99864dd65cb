import Adjoint

/// One recorded operation on its own numbers: in its tape's precision, once more in Double, and with a bound on its rounding.
struct OperationAlone<S: Scalar> {
  private let operation: any Adjoint.Operation
  private let y: Variable<S>
  /// The operation and its place, for people.
  private let name: String
  private let double: LocalTape<Double>
  private let reference: LocalTape<ReferenceDouble>
  /// The distance from 1 to the next number of S.
  private let unit = S.unitRoundOff
  /// The factor by which a plain error bound may be exceeded: loops may sum in another order, and function kernels err by a few
  /// ulps.
  private static var safety: Double { 4 }

  /// `nil` for a leaf, and where an operand is not finite: what is made of that is no fault of the operation.
  init?(_ y: Variable<S>, named name: String) {
    guard let operation = y.operation else { return nil }
    let inputs = y.inputs
    guard inputs.allSatisfy({ $0.holdsIndices || $0.value.elements.allSatisfy { $0.primal.isFinite } }) else {
      return nil
    }
    (self.operation, self.y, self.name) = (operation, y, name)
    double = LocalTape(operation, inputs) { $0 }
    // An operand's last digit is open: what is right for a neighbour of it is right.
    reference = LocalTape(operation, inputs) { ReferenceDouble($0) }
  }

  /// y against Double.
  func value() -> PrecisionOutcome? {
    compare(y.value, double.y.value, reference.y.value, name, doubt: { undecidedBranch(nil) })
  }

  /// A contribution of the sweep against the rule in Double. A contribution that is missing counts as 0.
  func rule(_ position: Int, _ own: Tensor<S>?, cotangent g: Tensor<S>) -> PrecisionOutcome? {
    guard g.elements.allSatisfy({ $0.primal.isFinite }) else { return nil }
    let exact = double.contribution(to: position, operation, g.map(\.primal))
    let bound = reference.contribution(to: position, operation, g.map { ReferenceDouble($0.primal, error: 0) })
    guard let exact, let bound, own != nil || exact.elements.contains(where: { $0 != 0 }) else { return nil }
    return compare(own ?? .zeros(exact.shape), exact, bound, "the rule of \(name), input \(position)") {
      firstOverflow(position, g)
    } doubt: {
      undecidedBranch((position, g))
    }
  }

  /// An adjoint against the sum of its contributions.
  func sum(_ adjoint: Tensor<S>, of parts: [Tensor<S>]) -> PrecisionOutcome? {
    guard parts.count > 1, parts.allSatisfy({ $0.elements.allSatisfy { $0.primal.isFinite } }) else { return nil }
    let terms = parts.map { part in part.elements.map { ReferenceDouble($0.primal, error: 0) } }
    let sums = adjoint.elements.indices.map { i in terms.dropFirst().reduce(terms[0][i]) { $0 + $1[i] } }
    let reference = Tensor(shape: adjoint.shape, elements: sums)
    return compare(adjoint, reference.map(\.value), reference, "the adjoint of \(name)")
  }

  /// Tells whether an operation within the rule, recorded anew in S, computes a wrong value.
  func hasFaultyKernel(in position: Int, cotangent g: Tensor<S>) -> Bool {
    nodes(of: position, g).contains { node in
      if case .faulty? = OperationAlone(node, named: "")?.value() { true } else { false }
    }
  }

  /// The first result within the rule that is beyond the range of S.
  private func firstOverflow(_ position: Int, _ g: Tensor<S>) -> Judgment? {
    for node in nodes(of: position, g) {
      let own = OperationAlone(node, named: "\(node.operation?.name ?? "") in the rule of \(name)")
      if case .cannotTell(let judgment)? = own?.value() { return judgment }
    }
    return nil
  }

  private func nodes(of position: Int, _ g: Tensor<S>) -> [Variable<S>] {
    let own = LocalTape<S>(operation, y.inputs, S.init)
    let mark = own.tape.count
    _ = own.contribution(to: position, operation, g)
    return (mark..<own.tape.count).map { own.tape[$0] }
  }

  // MARK: Comparison

  private func compare(
    _ own: Tensor<S>, _ exact: Tensor<Double>, _ bound: Tensor<ReferenceDouble>, _ what: String,
    overflow: () -> Judgment? = { nil }, doubt: () -> String? = { nil }
  ) -> PrecisionOutcome? {
    var (worst, share) = (0, -1.0)
    var vanished: Int?
    func judgment(_ element: Int, _ verdict: Verdict?, _ remark: String) -> Judgment {
      Judgment(
        .precision, order: 1, found: own.elements[element].primal, expected: exact.elements[element],
        bound: tolerance(bound.elements[element]), verdict: verdict, remark: "\(what), element \(element)" + remark)
    }
    for element in own.elements.indices {
      let (found, expected) = (own.elements[element].primal, exact.elements[element])
      // Not finite in Double either: a singularity.
      guard expected.isFinite, found != expected else { continue }
      if !found.isFinite, !S(expected).primal.isFinite {
        return .cannotTell(
          judgment(
            element, .cannotTell,
            ": overflow, \(short(expected)) in Double is beyond the range of \(S.self); scale its operands down, use a form "
              + "that stays in range, or train in Double"))
      }
      let (apart, allowed) = (abs(found - expected), tolerance(bound.elements[element]))
      if allowed.isNaN { return .cannotTell(judgment(element, .cannotTell, ": an intermediate result is not finite")) }
      if apart > 0x1p24 * Double(Float.leastNormalMagnitude), apart <= allowed,
        apart > rounding(bound.elements[element])
      {
        vanished = vanished ?? element
      } else if !(apart / allowed <= share) {
        (worst, share) = (element, apart / allowed)
      }
      if share.isNaN { break }
    }
    guard !(share <= 1) else {
      let doubt = vanished.map {
        judgment(
          $0, .cannotTell,
          ": underflow, a result on the way is below the range of \(S.self); scale its operands up, or train in Double")
      }
      return doubt.map { .cannotTell($0) } ?? (share < 0 ? nil : .within(judgment(worst, nil, "")))
    }
    if let overflow = overflow() { return .cannotTell(overflow) }
    if let place = doubt() {
      return .cannotTell(
        judgment(
          worst, .cannotTell,
          ": rounding in \(S.self) decides the branch of \(place); move the point, or train in Double"))
    }
    return .faulty(judgment(worst, .disagree, ""), element: worst)
  }

  /// What rounding explains: a few units of the error that ran along, and what vanished below the smallest normal number.
  private func tolerance(_ number: ReferenceDouble) -> Double {
    rounding(number) + (unit > .ulpOfOne ? number.underflow * Double(Float.leastNormalMagnitude) : 0)
  }

  /// The first comparison or piecewise operation, in the operation or in its rule, that rounding may decide either way.
  private func undecidedBranch(_ rule: (position: Int, g: Tensor<S>)?) -> String? {
    // What is exact is decided: a tie of the operands themselves is one in every precision.
    let local = LocalTape<ReferenceDouble>(operation, y.inputs) { ReferenceDouble($0, error: 0) }
    if let rule {
      _ = local.contribution(to: rule.position, operation, rule.g.map { ReferenceDouble($0.primal, error: 0) })
    }
    let results = (0..<local.tape.count).map { local.tape[$0] }.filter { $0.operation != nil }
    let program = Program<ReferenceDouble>(results, keeping: .all)
    program.replay()
    for result in results {
      guard let branches = program.branches(of: result.index),
        let element = branches.distances.firstIndex(where: { $0.error > 0 && abs($0.value) <= tolerance($0) })
      else { continue }
      return "\(result.operation?.name ?? ""), element \(element)"
    }
    return nil
  }

  private func rounding(_ number: ReferenceDouble) -> Double {
    OperationAlone.safety * unit * number.error
  }
}

/// One operation and its rule on a tape of their own.
private struct LocalTape<T: Scalar> {
  let tape = Tape<T>()
  let y: Variable<T>

  init<S: Scalar>(_ operation: any Adjoint.Operation, _ inputs: [Variable<S>], _ number: (Double) -> T) {
    let tape = tape
    let operands = inputs.map { input -> Variable<T> in
      input.holdsIndices ? tape.index(input.indexValue) : tape.constant(input.value.map { number($0.primal) })
    }
    y = tape.record(operation, inputs: operands)
  }

  /// The contribution of the rule to one input.
  func contribution(to position: Int, _ operation: any Adjoint.Operation, _ g: Tensor<T>) -> Tensor<T>? {
    operation.vjp(tape.constant(g), at: Point(of: y) { $0 == position })[position]?.value
  }
}

extension Scalar {
  /// The distance from 1 to the next number.
  fileprivate static var unitRoundOff: Double {
    var unit = 1.0
    while (Self(1) + Self(unit / 2)).primal > 1 { unit /= 2 }
    return unit
  }
}
