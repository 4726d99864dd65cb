import Adjoint

// Comparisons, truth values, types.

extension OperatorTable {
  private mutating func comparison(
    _ name: String, _ whole: @escaping (Int, Int) -> Bool,
    numbers f: @escaping (Variable<S>, Variable<S>) -> Variable<S>
  ) {
    self[name] = { call in
      if let (a, b) = try call.wholePair() {
        return call.result(try call.zip(a, b) { whole($0, $1) ? 1 : 0 }, .bool)
      }
      if case .texts(let a, let dims) = try call.value(0).content, case .texts(let b, _) = try call.value(1).content,
        name == "Equal", a.count == b.count
      {
        return call.result(WholeNumbers(zip(a, b).map { $0 == $1 ? 1 : 0 }, dims: dims), .bool)
      }
      let (a, b) = try call.pair()
      return call.result(f(a, b), .bool)
    }
  }

  mutating func addLogic() {
    comparison("Equal", { $0 == $1 }, numbers: { $0 .== $1 })
    comparison("Less", { $0 < $1 }, numbers: { $0 .< $1 })
    comparison("LessOrEqual", { $0 <= $1 }, numbers: { $0 .<= $1 })
    comparison("Greater", { $0 > $1 }, numbers: { $0 .> $1 })
    comparison("GreaterOrEqual", { $0 >= $1 }, numbers: { $0 .>= $1 })
    comparison("And", { $0 != 0 && $1 != 0 }, numbers: { $0 * $1 })
    comparison("Or", { $0 != 0 || $1 != 0 }, numbers: { $0.maximum($1) })
    comparison("Xor", { ($0 != 0) != ($1 != 0) }, numbers: { $0 .!= $1 })
    self["Not"] = { call in
      if case .whole(let x) = try call.value(0).content {
        return call.result(WholeNumbers(x.values.map { $0 == 0 ? 1 : 0 }, dims: x.dims), .bool)
      }
      return call.result(1 - (try call.x(0)), .bool)
    }
    self["Where"] = { call in try selected(call) }
    self["Cast"] = { call in
      guard let type = ONNXElement(rawValue: try call.int("to", 0)) else {
        throw call.unsupported("a cast to \(ONNXElement.name(of: try call.int("to", 0)))")
      }
      return [try cast(try call.value(0), to: type, call)]
    }
    self["CastLike"] = { call in [try cast(try call.value(0), to: try call.value(1).type, call)] }
  }
}

private func selected<S: Scalar>(_ call: Call<S>) throws -> [GraphValue<S>] {
  let (condition, a, b) = (try call.value(0), try call.value(1), try call.value(2))
  if case .whole(let c) = condition.content, case .whole(let x) = a.content, case .whole(let y) = b.content {
    let dims = try call.broadcast(try call.broadcast(c.dims, x.dims), y.dims)
    let (m, p, q) = (
      try call.repeated(c, to: dims), try call.repeated(x, to: dims), try call.repeated(y, to: dims)
    )
    return call.result(
      WholeNumbers(
        dims.product == 0 ? [] : m.values.indices.map { m.values[$0] != 0 ? p.values[$0] : q.values[$0] }, dims: dims),
      a.type)
  }
  let (c, x, y) = (try call.x(0), try call.x(1), try call.x(2))
  let dims = try call.broadcast(try call.broadcast(Array(c.shape), Array(x.shape)), Array(y.shape))
  let shape = try call.shape(dims)
  return call.result(
    `where`(c.broadcast(to: shape), x.broadcast(to: shape), y.broadcast(to: shape)), a.type)
}

/// A value as another type. Numbers on the tape are computed in its precision, whatever type of fractions the graph asks for.
func cast<S: Scalar>(_ value: GraphValue<S>, to type: ONNXElement, _ call: Call<S>) throws -> GraphValue<S> {
  var result = value
  result.type = type
  switch value.content {
  case .whole(let x):
    if type.isWhole {
      result.content = .whole(WholeNumbers(x.values.map(type.wrapped), dims: x.dims))
    } else if type.isFractional {
      let origins = value.origins
      result = GraphValue(
        call.tape.constant(
          Tensor(shape: try call.shape(x.dims), elements: x.values.map { S(Double($0)) })), type, origins: origins)
    } else if type == .string {
      result = GraphValue(texts: x.values.map { "\($0)" }, dims: x.dims)
    } else {
      throw call.unsupported("a cast from \(value.type.name) to \(type.name)")
    }
  case .numbers(let x):
    if type.isFractional {
      guard type != .float16 && type != .bfloat16 || value.type == type else {
        throw call.unsupported("rounding to \(type.name)")
      }
    } else if type == .bool {
      result = GraphValue(x .!= 0, .bool, origins: value.origins)
    } else if type.isWhole {
      // Of what every run has in common the numbers are known now.
      if value.origins.isEmpty {
        result = GraphValue(try call.whole(value), type, origins: value.origins)
      } else if !value.type.isWhole {
        result = GraphValue(x.trunc(), type, origins: value.origins)
      }
    } else {
      throw call.unsupported("a cast from \(value.type.name) to \(type.name)")
    }
  case .texts(let texts, let dims):
    guard type.isFractional || type.isWhole else { return value }
    let numbers = try texts.map { text in
      guard let number = Double(text) else { throw call.error("a number", quotedText(text)) }
      return number
    }
    result =
      type.isWhole
      ? GraphValue(WholeNumbers(numbers.map(Int.init(clamping:)), dims: dims), type)
      : GraphValue(
        call.tape.constant(Tensor(shape: try call.shape(dims), elements: numbers.map { S($0) })), type)
  case .sequence, .absent: throw call.error("a tensor", "a value of another kind")
  }
  return result
}

private func quotedText(_ text: String) -> String { "'\(text.prefix(40))'" }
