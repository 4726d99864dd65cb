import Adjoint

/// The judgment of values and derivatives at edges: as recorded and compiled, in both precisions, by reverse and forward mode,
/// against what is stated and against closed forms in double-double arithmetic.
package struct EdgeCheck: Sendable {
  package let edge: EdgeCase
  /// What the case gives in `Double`.
  package let answer: EdgeAnswer
  /// The disagreements, as sentences.
  package let complaints: [String]

  /// Every elementwise function, operation, method, loss, layer and pass.
  package static var cases: [EdgeCase] {
    EdgeFunctions.cases + EdgePairs.cases + EdgeSituations.cases + EdgeMethods.cases + EdgeFunctions.switches
      + EdgeLearning.cases
  }

  package init(_ edge: EdgeCase) {
    self.edge = edge
    let answer = edge.answer(.double)
    self.answer = answer
    complaints = EdgePrecision.allCases.flatMap { precision in
      EdgeJudge(edge, precision == .double ? answer : edge.answer(precision), precision).complaints
    }
  }

  /// The complaints about elementwise cases run as one vector, whose kernels must give each element the bits that it has
  /// alone.
  package static func vectorComplaints(_ cases: [EdgeCase]) -> [String] {
    let groups = Dictionary(grouping: cases.filter(\.isElementwise), by: \.name).sorted { $0.key < $1.key }
    return groups.flatMap { name, cases in
      // Four times over, so that every point stands in a full vector.
      let repeated = (0..<4).flatMap { _ in cases }
      var row = EdgeCase(name, cases[0].function, EdgeInput.rows(repeated.map(\.inputs)), value: nil, gradients: nil)
      row.cotangent = repeated.map { _ in 1 }
      return EdgePrecision.allCases.flatMap { precision -> [String] in
        let (whole, alone) = (row.answer(precision), cases.map { $0.answer(precision) })
        let place = "\(name), \(repeated.count) points as one vector in \(precision.rawValue)"
        var complaints = whole.planComplaints.map { "\(place): \($0)" }
        for (i, edge) in repeated.enumerated() {
          let one = alone[i % cases.count]
          let pairs = [(whole.value[i], one.value[0])] + zip(whole.gradients, one.gradients).map { ($0[i], $1[0]) }
          for (together, single) in pairs where !together.hasBits(of: single) {
            complaints.append("\(place): \(list([together])) at \(edge.title), alone \(list([single]))")
          }
        }
        return complaints
      }
    }
  }

  static func list(_ x: [Double]) -> String {
    EdgeInput.bracketed(x.map { EdgeNumber.text($0) }, x.count == 1 ? [] : [x.count])
  }
}

extension EdgeInput {
  /// Inputs of single numbers as one vector for each.
  static func rows(_ inputs: [[EdgeInput]]) -> [EdgeInput] {
    inputs[0].indices.map { position in
      let numbers = inputs.map { $0[position].elements }.flatMap { $0 }
      return if case .constant = inputs[0][position] {
        .constant([numbers.count], numbers)
      } else {
        .numbers([numbers.count], numbers)
      }
    }
  }
}

/// One case in one precision against all that is known about it.
private struct EdgeJudge {
  let edge: EdgeCase
  let answer: EdgeAnswer
  let precision: EdgePrecision
  private(set) var complaints: [String] = []

  init(_ edge: EdgeCase, _ answer: EdgeAnswer, _ precision: EdgePrecision) {
    (self.edge, self.answer, self.precision) = (edge, answer, precision)
    complaints = answer.planComplaints.map { sentence($0) }
    judgeStatement()
    judgeReference()
    judgeModes()
    judgeSwitch()
  }

  private func sentence(_ text: String) -> String { "\(edge.key), in \(precision.rawValue): \(text)" }

  private mutating func complain(_ text: String) { complaints.append(sentence(text)) }

  // MARK: Statements

  private mutating func judgeStatement() {
    if let value = edge.value {
      compare("y", answer.value, value, countsSignOfZero: edge.countsSignOfZero)
      if let definition = answer.definition {
        compare("y by its definition", [definition], value, countsSignOfZero: edge.countsSignOfZero)
      }
    } else if edge.reference == nil || closedForm == nil {
      complain("nothing is stated about y")
    }
    if let gradients = edge.gradients {
      guard gradients.count == answer.gradients.count else {
        return complain("\(answer.gradients.count) inputs move, \(gradients.count) gradients are stated")
      }
      for (position, stated) in gradients.enumerated() {
        compare("the gradient\(ofInput(position))", answer.gradients[position], stated, countsSignOfZero: false)
      }
    }
  }

  private mutating func compare(_ part: String, _ found: [Double], _ stated: [EdgeNumber], countsSignOfZero: Bool) {
    let stated = stated.map { $0[precision] }
    let agree =
      found.count == stated.count
      && (!countsSignOfZero || zip(found, stated).allSatisfy { $1 != 0 || $0.hasBits(of: $1) })
      && areNear(found, stated, roundings: 4)
    if !agree { complain("\(part) is \(EdgeCheck.list(found)), stated is \(EdgeCheck.list(stated))") }
  }

  /// Equal but for some roundings of the largest element, or of the smallest positive number.
  private func areNear(_ x: [Double], _ y: [Double], roundings: Double) -> Bool {
    let scale = (x + y).filter(\.isFinite).reduce(0) { Swift.max($0, abs($1)) }
    let bound = roundings * Swift.max(precision.unit * scale, precision.least)
    return zip(x, y).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) || abs($0 - $1) <= bound }
  }

  private func ofInput(_ position: Int) -> String { answer.gradients.count == 1 ? "" : " of input \(position)" }

  // MARK: Closed forms

  private var closedForm: ClosedForm? {
    guard let reference = edge.reference, case .numbers(_, let x)? = edge.inputs.first, x[0][precision].isFinite else {
      return nil
    }
    return ClosedForm(reference, at: x[0][precision])
  }

  private mutating func judgeReference() {
    guard let closedForm else { return }
    var parts = [("y", answer.value[0], closedForm.value)]
    parts += answer.gradients.map { ("the derivative", $0[0], closedForm.first) }
    if precision == .double {
      parts += answer.tangents.map { ("the derivative in dual numbers", $0[0], closedForm.first) }
    }
    parts += answer.curvatures.map { ($0.way, precision.rounded($0.value), closedForm.second) }
    for (part, found, exact) in parts {
      let (error, bound) =
        precision == .double ? (exact.error(of: found), 4.0) : (exact.error(of: Float(found)), 8.0)
      guard error > bound else { continue }
      complain(
        "\(part) is \(found), \(EdgeNumber.text(error)) ε from \(exact.sum.double), where \(EdgeNumber.text(bound)) are allowed"
      )
    }
  }

  // MARK: Modes

  private mutating func judgeModes() {
    for (position, reverse) in answer.gradients.enumerated() {
      // Dual numbers are `Double`.
      let forward = answer.tangents[position].map { precision.rounded($0) }
      if let stated = edge.forward?[position] {
        compare("forward mode", forward, stated, countsSignOfZero: false)
      } else if !areNear(reverse, forward, roundings: 16) {
        complain(
          "reverse mode gives \(EdgeCheck.list(reverse))\(ofInput(position)), forward mode \(EdgeCheck.list(forward))")
      }
    }
  }

  // MARK: Switches

  private mutating func judgeSwitch() {
    guard edge.isSwitch else { return }
    for (position, stated) in (edge.gradients ?? [[EdgeNumber(closedForm?.first.sum.double ?? 1)]]).enumerated() {
      let leaks = zip(stated, answer.switched[position]).contains { $0[precision] == 0 && $1 != 0 }
      if leaks {
        complain("an infinite cotangent reaches what is switched off: \(EdgeCheck.list(answer.switched[position]))")
      }
    }
  }
}
