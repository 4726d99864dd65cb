import Adjoint

/// Decides between a rule and the dual numbers that contradict it, for one operation at one point, in numbers of 32 digits.
///
/// The derivative of ⟨ȳ, f(x + tẋ)⟩ is taken by differences of f in `DoubleDouble`, which know it to about 18 digits and use no
/// derivative at all. The rule is recorded once more in that precision. Rounding explains a difference when the rule in 32 digits meets
/// the derivative, and its running error bound in Double covers the rest.
struct Arbiter {
  private let recording: CheckedRecording
  private let node: Int

  init(_ recording: CheckedRecording, _ node: Int) { (self.recording, self.node) = (recording, node) }

  /// The party that is wrong: `.rule`, or `.elementary` when it is the dual numbers; `nil` when rounding explains the difference.
  /// - Parameter moved: the tangents of each input; `nil` for one that stands.
  func mechanism(of comparison: LocalComparison, moved: [[Double]?]) -> Mechanism? {
    guard let operation = recording.tape.operation(at: node), let adjoint = recording.adjoints[node] else {
      return .rule
    }
    guard comparison.found.isFinite else { return .rule }
    let g = recording.double.value(at: adjoint)
    let (found, expected) = (comparison.found, comparison.expected)
    let apart = abs(found - expected)
    // Where the derivative cannot be known, rounding explains what its bound covers, and no more.
    let truth = derivative(of: operation, g, moved)
    guard let truth, truth.error <= 0.05 * apart else {
      return apart <= rounding(of: operation, g, moved) || apart <= 1e-6 * comparison.magnitude ? nil : .rule
    }
    let off = abs(found - truth.value)
    let isRight = off <= max(comparison.bound, 20 * truth.error)
    if isRight, abs(expected - truth.value) <= 1e-6 * comparison.magnitude { return nil }
    let rounding = rounding(of: operation, g, moved)
    if isRight { return abs(expected - truth.value) <= rounding ? nil : .elementary }
    let exact = product(sweep(operation, g, moved) { DoubleDouble($0) }, moved)
    return abs(exact.high - truth.value) <= 1e-3 * off + truth.error && off <= rounding ? nil : .rule
  }

  /// The running error bound of the rule's Σ⟨contribution, ẋ⟩ in Double, at exact operands: what rounding may do to it.
  func rounding(of operation: any Adjoint.Operation, _ g: Tensor<Double>, _ moved: [[Double]?]) -> Double {
    let contributions = sweep(operation, g, moved) { ReferenceDouble($0, error: 0) }
    var error = 0.0
    for (tangents, contribution) in zip(moved, contributions) {
      guard let tangents, let contribution else { continue }
      for (t, c) in zip(tangents, contribution.elements) { error += abs(t) * c.error }
    }
    return 32 * 0x1p-53 * error
  }

  /// d/dt ⟨ȳ, f(x + tẋ)⟩ with its error, by central differences in 32 digits; `nil` when they do not settle.
  func derivative(
    of operation: any Adjoint.Operation, _ g: Tensor<Double>, _ moved: [[Double]?]
  ) -> (value: Double, error: Double)? {
    let inputs = recording.nodes[node].inputs
    // A step moves no element by more than a small share of itself: beyond, it may meet a kink or a pole.
    var (scale, fastest) = (Double.infinity, 0.0)
    for (input, tangents) in zip(inputs, moved) {
      guard let tangents else { continue }
      let x = recording.double.value(at: input)
      for (value, tangent) in zip(x.elements, tangents) where tangent != 0 {
        fastest = max(fastest, abs(tangent))
        if value != 0 { scale = min(scale, abs(value / tangent)) }
      }
    }
    if scale == .infinity { scale = 1 / fastest }
    guard scale.isFinite, scale > 0 else { return nil }
    var best: (value: Double, error: Double)?
    var previous: Double?
    for exponent in stride(from: -30, through: -62, by: -8) {
      let h = scale * Double(sign: .plus, exponent: exponent, significand: 1)
      let (forward, backward) = (value(operation, g, moved, h), value(operation, g, moved, -h))
      let difference = forward.sum - backward.sum
      let rounding = 0x1p-98 * max(forward.magnitude, backward.magnitude) / h
      let slope = (difference / DoubleDouble(2 * h)).high
      guard slope.isFinite else {
        previous = nil
        continue
      }
      if let previous {
        let error = abs(slope - previous) + rounding
        if error < best?.error ?? .infinity { best = (slope, error) }
      }
      previous = slope
    }
    return best
  }

  /// ⟨ȳ, f(x + tẋ)⟩, and the sum of the magnitudes.
  private func value(
    _ operation: any Adjoint.Operation, _ g: Tensor<Double>, _ moved: [[Double]?], _ t: Double
  ) -> (sum: DoubleDouble, magnitude: Double) {
    let tape = Tape<DoubleDouble>()
    let operands = recording.nodes[node].inputs.indices.map { position in
      operand(position, on: tape) { value, element in
        guard let tangent = moved[position]?[element], tangent != 0 else { return DoubleDouble(value) }
        return DoubleDouble(value) + DoubleDouble.twoProduct(t, tangent)
      }
    }
    let y = tape.record(operation, inputs: operands).value
    var (sum, magnitude) = (DoubleDouble(0), 0.0)
    for (factor, element) in zip(g.elements, y.elements) where factor != 0 {
      sum = sum + element.times(factor)
      magnitude += abs(element.high * factor)
    }
    return (sum, magnitude)
  }

  private func operand<S: Scalar>(
    _ position: Int, on tape: Tape<S>, _ convert: (Double, Int) -> S
  ) -> Variable<S> {
    let input = recording.nodes[node].inputs[position]
    if recording.tape[input].holdsIndices { return tape.index(recording.double.indices(at: input)) }
    let value = recording.double.value(at: input)
    return tape.input(
      Tensor(shape: value.shape, elements: value.elements.enumerated().map { convert($0.element, $0.offset) }))
  }

  /// The rule's contributions to the inputs that move, in another precision.
  private func sweep<S: Scalar>(
    _ operation: any Adjoint.Operation, _ g: Tensor<Double>, _ moved: [[Double]?], _ convert: (Double) -> S
  ) -> [Tensor<S>?] {
    let tape = Tape<S>()
    let operands = moved.indices.map { operand($0, on: tape) { value, _ in convert(value) } }
    let y = tape.record(operation, inputs: operands)
    let contributions = tape.contributions(of: y.index, adjoint: tape.input(g.map(convert))) { moved[$0] != nil }
    return contributions.indices.map { moved[$0] == nil ? nil : contributions[$0]?.value }
  }

  /// Σ⟨contribution, ẋ⟩
  private func product(_ contributions: [Tensor<DoubleDouble>?], _ moved: [[Double]?]) -> DoubleDouble {
    var sum = DoubleDouble(0)
    for (tangents, contribution) in zip(moved, contributions) {
      guard let tangents, let contribution else { continue }
      for (t, c) in zip(tangents, contribution.elements) where t != 0 { sum = sum + c.times(t) }
    }
    return sum
  }
}
