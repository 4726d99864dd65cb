import Adjoint

// Values that nodes state or count.

extension OperatorTable {
  mutating func addConstants() {
    self["Constant"] = { call in
      guard let (name, value) = call.attributes.first(where: { $0.key.hasPrefix("value") || $0.key == "sparse_value" })
      else { throw call.error("a value", "none") }
      switch value {
      case .tensor(let tensor): return [try call.recorder.value(of: tensor)]
      case .int(let value): return [GraphValue(WholeNumbers([value], dims: []))]
      case .ints(let values): return [GraphValue(WholeNumbers(values))]
      case .float(let value): return [GraphValue(call.tape.constant(Tensor(repeating: S(Double(value)), shape: [])))]
      case .floats(let values):
        return [
          GraphValue(call.tape.constant(Tensor(shape: [values.count], elements: values.map { S(Double($0)) })))
        ]
      case .string(let text): return [GraphValue(texts: [text], dims: [])]
      case .strings(let texts): return [GraphValue(texts: texts, dims: [texts.count])]
      case .graph, .sparse, .type, .tensors, .graphs, .reference, .missing:
        throw call.unsupported("a constant by the attribute '\(name.prefix(40))'")
      }
    }
    self["ConstantOfShape"] = { call in
      let dims = try call.ints(0)
      let shape = try call.shape(dims)
      guard case .tensor(let tensor) = call.attributes["value"] else {
        return [GraphValue(call.tape.constant(Tensor(repeating: 0, shape: shape)))]
      }
      let value = try call.recorder.value(of: tensor)
      try call.require((value.dims ?? []).product == 1, "one number", "\(value.dims ?? [])")
      switch value.content {
      case .whole(let x):
        try call.require(shape.elementCount <= 1 << 28, "at most \(1 << 28) whole numbers", "\(dims)")
        return [GraphValue(WholeNumbers(Array(repeating: x.values[0], count: dims.product), dims: dims), value.type)]
      case .numbers(let x):
        return [GraphValue(call.tape.constant(Tensor(repeating: x.value.elements[0], shape: shape)), value.type)]
      case .texts, .sequence, .absent: throw call.error("a number", "a value of another kind")
      }
    }
    self["Range"] = { call in
      if case .whole(let a) = try call.value(0).content, case .whole(let b) = try call.value(1).content,
        case .whole(let c) = try call.value(2).content, let start = a.values.first, let end = b.values.first,
        let step = c.values.first
      {
        try call.require(
          step != 0 && (Double(end) - Double(start)) / Double(step) < 0x1p28, "a step that ends", "\(step)")
        call.recorder.note(call.origins)
        return call.result(WholeNumbers(Array(stride(from: start, to: end, by: step))))
      }
      guard let start = try call.number(0), let end = try call.number(1), let step = try call.number(2), step != 0
      else { throw call.error("a start, an end and a step other than 0", "others") }
      let count = ((end - start) / step).rounded(.up)
      try call.require(count < 0x1p28, "at most \(1 << 28) numbers", "\(count)")
      let numbers = (0..<Swift.max(Int(clamping: count), 0)).map { S(start + Double($0) * step) }
      return call.result(call.tape.constant(Tensor(shape: [numbers.count], elements: numbers)))
    }
    self["EyeLike"] = { call in
      let dims = try call.dims(0)
      try call.require(dims.count == 2, "a matrix", "\(dims)")
      let k = try call.int("k", 0)
      let type = try call.int("dtype").flatMap { ONNXElement(rawValue: $0) } ?? call.type
      let values = coordinates(dims).map { $0[1] - $0[0] == k ? 1 : 0 }
      return [try cast(GraphValue(WholeNumbers(values, dims: dims)), to: type, call)]
    }
    self["NonZero"] = { call in
      let dims = try call.dims(0)
      let flags: [Bool]
      switch try call.value(0).content {
      case .whole(let x): flags = x.values.map { $0 != 0 }
      case .numbers(let x): flags = x.value.elements.map { $0 != 0 }
      case .texts, .sequence, .absent: throw call.error("numbers", "a value of another kind")
      }
      call.recorder.note(call.origins)
      let found = coordinates(dims).enumerated().filter { flags[$0.offset] }.map(\.element)
      return call.result(
        WholeNumbers(dims.indices.flatMap { axis in found.map { $0[axis] } }, dims: [dims.count, found.count]), .int64)
    }
    self["Bernoulli"] = { call in
      let x = try call.x(0)
      let type = try call.int("dtype").flatMap { ONNXElement(rawValue: $0) } ?? call.type
      let draw = call.tape.random(.uniform(low: 0, high: 1), shape: x.shape)
      return [GraphValue(draw .< x, type, origins: call.origins.union([GraphValue<S>.chance]))]
    }
    for (name, isNormal) in [("RandomUniform", false), ("RandomNormal", true)] {
      self[name] = { call in [try random(call, try call.ints("shape") ?? [], isNormal)] }
      self[name + "Like"] = { call in [try random(call, try call.dims(0), isNormal)] }
    }
  }
}

private func random<S: Scalar>(_ call: Call<S>, _ dims: [Int], _ isNormal: Bool) throws -> GraphValue<S> {
  let distribution: Distribution =
    isNormal
    ? .normal(mean: try call.float("mean", 0), deviation: try call.float("scale", 1))
    : .uniform(low: try call.float("low", 0), high: try call.float("high", 1))
  return GraphValue(call.tape.random(distribution, shape: try call.shape(dims)), origins: [GraphValue<S>.chance])
}
