import Adjoint

extension Formula {
  /// This tree with its numbers multiplied out, and without the repetitions that broadcasting makes unnecessary. A gradient of
  /// a mean is 0.25·x instead of repeat(reshape(1·0.25)) ⊙ x.
  var tidied: Formula { rewritten { $0.tidiedAtRoot } }

  private var tidiedAtRoot: Formula? {
    guard case .apply(let operation, let inputs, let shape) = self else { return nil }
    if let uniform = foldedNumber { return uniform }
    if let (f, x) = single {
      if let inner = x.argument(of: .negate), f.form == .unary(.negate) { return inner }
      if f.form == .unary(.negate), let (c, rest) = x.operands(of: .multiply), let number = c.number {
        return .applying(Binary.multiply, .number(-number, c.shape), rest)
      }
      if f.form == .reshape, let (g, y) = x.single, g.form == .reshape { return .applying(f, y) }
      if f.form == .reshape, x.shape == shape { return x }
      return nil
    }
    guard let binary = operation.form.binary, inputs.count == 2 else { return nil }
    for side in 0...1 {
      if let shorter = inputs[side].withoutRepetition(beside: inputs[1 - side], in: binary, giving: shape) {
        return .apply(binary, side == 0 ? [shorter, inputs[1]] : [inputs[0], shorter], shape)
      }
    }
    return binary.tidied(inputs[0], inputs[1], shape)
  }

  /// A tree over equal numbers that gives equal numbers, as one number.
  private var foldedNumber: Formula? {
    guard case .apply(let operation, let inputs, let shape) = self, shape.elementCount > 0,
      inputs.allSatisfy({ $0.number != nil && $0.shape.elementCount > 0 }), operation.indexPosition == nil
    else { return nil }
    if let value = inputs.first?.number, [.reshape, .broadcast].contains(operation.form) {
      return .number(value, shape)
    }
    let tape = Tape<Double>()
    let value = tape.record(
      operation, inputs: inputs.map { tape.constant(Tensor(repeating: $0.number ?? 0, shape: $0.shape)) }
    ).value.elements
    guard let first = value.first, first.isFinite, value.allSatisfy({ $0 == first }) else { return nil }
    return .number(first, shape)
  }

  /// The shorter tree that broadcasting repeats to this one, in an elementwise operation; `nil` where there is none.
  private func withoutRepetition(beside other: Formula, in binary: Binary, giving shape: Shape) -> Formula? {
    let shorter: Formula
    switch self {
    case .number(let value, let own) where own.rank > 0: shorter = .number(value, [])
    case .apply(let operation, let inputs, _) where operation.form == .broadcast: shorter = inputs[0]
    case .apply(let operation, let inputs, let own) where operation.form == .reshape:
      let inner = inputs[0].shape
      guard own.rank > inner.rank, Array(own) == Array(repeating: 1, count: own.rank - inner.rank) + Array(inner) else {
        return nil
      }
      shorter = inputs[0]
    case .number, .symbol, .apply, .slope, .abbreviated: return nil
    }
    return (try? binary.shape(of: [shorter.shape, other.shape])) == shape ? shorter : nil
  }
}

extension Binary {
  /// a f b with numbers in front, and without 1·x, x + 0 and the like; `nil` when it stays as it is.
  fileprivate func tidied(_ a: Formula, _ b: Formula, _ shape: Shape) -> Formula? {
    switch self {
    case .multiply:
      if a.number == nil, b.number != nil { return .applying(Binary.multiply, b, a) }
      guard let c = a.number else { return nil }
      if c == 1 { return b }
      if c == -1 { return .applying(Unary.negate, b) }
      if let inner = b.argument(of: .negate) { return .applying(Binary.multiply, .number(-c, a.shape), inner) }
      if let (d, x) = b.operands(of: .multiply), let number = d.number {
        return .applying(Binary.multiply, .number(c * number, a.shape), x)
      }
      if let (x, d) = b.operands(of: .divide), let number = d.number, number != 0 {
        return .applying(Binary.multiply, .number(c / number, a.shape), x)
      }
      // A multiple by 1/N is a quotient by N.
      let inverse = 1 / c
      if c.magnitude < 1, inverse.magnitude < 1e6, (inverse - inverse.rounded()).magnitude < 1e-9 * inverse.magnitude {
        let quotient = Formula.applying(Binary.divide, b, .number(inverse.rounded().magnitude, a.shape))
        return c > 0 ? quotient : quotient.flatMap { .applying(Unary.negate, $0) }
      }
      return nil
    case .add: return a.number == 0 ? b : b.number == 0 ? a : nil
    case .subtract:
      if let inner = b.argument(of: .negate) { return .applying(Binary.add, a, inner) }
      return b.number == 0 ? a : nil
    case .divide: return b.number == 1 ? a : nil
    case .masked: return a.number != nil && b.holdsTruth ? .applying(Binary.multiply, a, b) : nil
    case .maximum, .minimum, .pow, .atan2, .hypot, .remainder, .logAddExp: return nil
    }
  }
}

extension Formula {
  /// True when every element is 0 or 1 by its nature.
  fileprivate var holdsTruth: Bool {
    guard case .apply(let operation, _, _) = self else { return false }
    return operation.form == .oneHot || operation.form == .unary(.step) || operation.form.isComparison
  }
}
