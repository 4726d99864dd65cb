import Adjoint

// Functions of two numbers and more.

extension OperatorTable {
  private mutating func binary(
    _ name: String, whole: @escaping (Int, Int) -> Int?,
    numbers f: @escaping (Variable<S>, Variable<S>, Call<S>) throws -> Variable<S>
  ) {
    self[name] = { call in
      if let (a, b) = try call.wholePair() {
        let type = call.type
        return call.result(
          try call.zip(a, b) { x, y in
            guard let value = whole(x, y) else { throw call.error("a divisor other than 0", "0") }
            return type.wrapped(value)
          })
      }
      let (a, b) = try call.pair()
      return call.result(try f(a, b, call))
    }
  }

  private mutating func several(
    _ name: String, whole: ((Int, Int) -> Int)?, numbers f: @escaping ([Variable<S>]) -> Variable<S>
  ) {
    self[name] = { call in
      var known: [WholeNumbers] = []
      for i in call.operands.indices { if case .whole(let x) = try call.value(i).content { known.append(x) } }
      if let whole, let first = known.first, known.count == call.operands.count {
        return call.result(try known.dropFirst().reduce(first) { try call.zip($0, $1, whole) })
      }
      let x = try call.operands.indices.map { try call.x($0) }
      try call.require(!x.isEmpty, "at least one operand", "none")
      _ = try x.reduce([]) { try call.broadcast($0, Array($1.shape)) }
      return call.result(f(x))
    }
  }

  mutating func addArithmetic() {
    binary("Add", whole: { $0 &+ $1 }, numbers: { a, b, _ in a + b })
    binary("Sub", whole: { $0 &- $1 }, numbers: { a, b, _ in a - b })
    binary("Mul", whole: { $0 &* $1 }, numbers: { a, b, _ in a * b })
    binary(
      "Div", whole: { $1 == 0 ? nil : $0.dividedReportingOverflow(by: $1).partialValue },
      numbers: { a, b, call in
        call.type.isWhole ? (a / b).trunc() : a / b
      })
    self["Pow"] = { call in try power(call) }
    self["Mod"] = { call in try remainder(call) }
    several("Sum", whole: { $0 &+ $1 }, numbers: { x in x.dropFirst().reduce(x[0]) { $0 + $1 } })
    several("Max", whole: { Swift.max($0, $1) }, numbers: { x in x.dropFirst().reduce(x[0]) { $0.maximum($1) } })
    several("Min", whole: { Swift.min($0, $1) }, numbers: { x in x.dropFirst().reduce(x[0]) { $0.minimum($1) } })
    several("Mean", whole: nil, numbers: { x in x.dropFirst().reduce(x[0]) { $0 + $1 } / Double(x.count) })
    addBits()
  }

  private mutating func bits(_ name: String, _ f: @escaping (Int, Int) -> Int) {
    self[name] = { call in call.result(try call.zip(try call.whole(0), try call.whole(1), f)) }
  }

  private mutating func addBits() {
    bits("BitwiseAnd") { $0 & $1 }
    bits("BitwiseOr") { $0 | $1 }
    bits("BitwiseXor") { $0 ^ $1 }
    self["BitShift"] = { call in
      let isLeft = try call.string("direction", "") == "LEFT"
      let type = call.type
      return call.result(
        try call.zip(try call.whole(0), try call.whole(1)) { x, y in
          isLeft ? type.wrapped(x << y) : Int(truncatingIfNeeded: UInt(bitPattern: x) >> UInt(bitPattern: y))
        })
    }
  }
}

private func power<S: Scalar>(_ call: Call<S>) throws -> [GraphValue<S>] {
  if let (a, b) = try call.wholePair(), b.values.allSatisfy({ $0 >= 0 }) {
    let type = call.type
    return call.result(
      try call.zip(a, b) { base, exponent in
        var result = 1
        for _ in 0..<Swift.min(exponent, 64) { result = result &* base }
        return type.wrapped(result)
      })
  }
  let (a, b) = try call.pair()
  // A known exponent that is one number has a rule of its own, which takes a base below 0.
  if call.optional(1)?.origins.isEmpty == true, b.shape.elementCount == 1, b.role == .constant,
    b.shape.rank <= a.shape.rank
  {
    return call.result(a.power(b.value.elements[0].primal))
  }
  let y = a.pow(b)
  return call.result(call.type.isWhole ? y.trunc() : y)
}

private func remainder<S: Scalar>(_ call: Call<S>) throws -> [GraphValue<S>] {
  let isTruncated = try call.int("fmod", 0) == 1
  if let (a, b) = try call.wholePair() {
    return call.result(
      try call.zip(a, b) { x, y in
        try call.require(y != 0, "a divisor other than 0", "0")
        let rest = x.remainderReportingOverflow(dividingBy: y).partialValue
        return isTruncated || rest == 0 || (rest < 0) == (y < 0) ? rest : rest + y
      })
  }
  let (a, b) = try call.pair()
  return call.result(isTruncated ? a - b * (a / b).trunc() : a - b * (a / b).floor())
}
