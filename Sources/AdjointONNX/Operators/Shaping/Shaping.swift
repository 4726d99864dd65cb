import Adjoint

// Shapes: reshaping, joining, splitting, permuting. Whole numbers that are known take the same ways as numbers on the tape.

extension Call {
  /// The elements of an operand at flat positions, under other dimensions. A position of −1 gives `filling`.
  func taken(_ i: Int, at positions: [Int], dims: [Int], filling: Double? = nil) throws -> [GraphValue<S>] {
    try taken(value(i), at: positions, dims: dims, filling: filling)
  }

  func taken(
    _ value: GraphValue<S>, at positions: [Int], dims: [Int], filling: Double? = nil
  ) throws -> [GraphValue<S>] {
    switch value.content {
    case .whole(let x):
      let filler = Int(clamping: filling ?? 0)
      return [
        GraphValue(
          WholeNumbers(positions.map { $0 < 0 ? filler : x.values[$0] }, dims: dims), value.type, origins: value.origins
        )
      ]
    case .texts(let texts, _):
      return [GraphValue(texts: positions.map { $0 < 0 ? "" : texts[$0] }, dims: dims)]
    case .numbers(let x):
      return [GraphValue(try taken(x, at: positions, dims: dims, filling: filling), value.type, origins: value.origins)]
    case .sequence, .absent: throw error("a tensor", "a value of another kind")
    }
  }

  func taken(_ x: Variable<S>, at positions: [Int], dims: [Int], filling: Double? = nil) throws -> Variable<S> {
    let (count, target) = (x.shape.elementCount, try shape(dims))
    guard !positions.isEmpty else { return tape.constant(Tensor(repeating: 0, shape: target)) }
    var flat = x.reshape(to: [count, 1])
    if let filling {
      flat = concatenate([flat, tape.constant(Tensor(repeating: S(filling), shape: [1, 1]))], axis: 0)
    }
    try require(flat.shape.elementCount <= Int32.max, "at most \(Int32.max) elements", "\(count)")
    let index = Tensor<Int32>(shape: [positions.count], elements: positions.map { Int32($0 < 0 ? count : $0) })
    return flat.gather(tape.index(index)).reshape(to: target)
  }

  /// An operand under other dimensions.
  func reshaped(_ value: GraphValue<S>, _ dims: [Int]) throws -> GraphValue<S> {
    let old = value.dims ?? []
    try require(
      dims.allSatisfy { $0 >= 0 } && (try shape(dims)).elementCount == old.product,
      "a shape of \(old.product) elements, as \(old) has", "\(dims)")
    var result = value
    result.index = nil
    switch value.content {
    case .whole(let x): result.content = .whole(WholeNumbers(x.values, dims: dims))
    case .texts(let texts, _): result.content = .texts(texts, dims: dims)
    case .numbers(let x): result.content = .numbers(old == dims ? x : x.reshape(to: Shape(dims)))
    case .sequence, .absent: throw error("a tensor", "a value of another kind")
    }
    return result
  }

  /// The dimensions of an operand.
  func dims(_ i: Int) throws -> [Int] {
    guard let dims = try value(i).dims else { throw error("a tensor as operand \(i + 1)", "a value of another kind") }
    return dims
  }
}

extension OperatorTable {
  mutating func addShaping() {
    self["Shape"] = { call in
      let dims = try call.dims(0)
      func place(_ name: String, _ usual: Int) throws -> Int {
        let place = try call.int(name, usual)
        return Swift.min(Swift.max(place < 0 ? place + dims.count : place, 0), dims.count)
      }
      let (start, end) = (try place("start", 0), try place("end", dims.count))
      return [GraphValue(WholeNumbers(start < end ? Array(dims[start..<end]) : []))]
    }
    self["Size"] = { call in [GraphValue(WholeNumbers([try call.dims(0).product], dims: []))] }
    self["Reshape"] = { call in try reshaped(call) }
    self["Flatten"] = { call in
      let (dims, axis) = (try call.dims(0), try call.int("axis", 1))
      let place = axis == dims.count ? axis : try call.axis(axis, rank: Swift.max(dims.count, 1))
      return [try call.reshaped(try call.value(0), [Array(dims[..<place]).product, Array(dims[place...]).product])]
    }
    self["Squeeze"] = { call in
      let dims = try call.dims(0)
      let given = call.version < 13 ? try call.ints("axes") : try call.optionalInts(1)
      let axes = try given?.map { try call.axis($0, rank: dims.count) } ?? dims.indices.filter { dims[$0] == 1 }
      try call.require(axes.allSatisfy { dims[$0] == 1 }, "axes of one position", "\(axes) of \(dims)")
      return [try call.reshaped(try call.value(0), dims.indices.filter { !axes.contains($0) }.map { dims[$0] })]
    }
    self["Unsqueeze"] = { call in
      var dims = try call.dims(0)
      let given = (call.version < 13 ? try call.ints("axes") : try call.ints(1)) ?? []
      let rank = dims.count + given.count
      let axes = try given.map { try call.axis($0, rank: rank) }.sorted()
      try call.require(Set(axes).count == axes.count, "axes that differ", "\(given)")
      for axis in axes { dims.insert(1, at: axis) }
      return [try call.reshaped(try call.value(0), dims)]
    }
    self["Transpose"] = { call in
      let dims = try call.dims(0)
      let order = try call.ints("perm") ?? dims.indices.reversed()
      try call.require(order.sorted() == Array(dims.indices), "an order of \(dims.count) axes", "\(order)")
      if case .numbers(let x) = try call.value(0).content {
        return call.result(order == Array(dims.indices) ? x : x.permute(order))
      }
      let (new, own) = (order.map { dims[$0] }, strides(dims))
      return try call.taken(0, at: places(new, steps: order.map { own[$0] }), dims: new)
    }
    self["Concat"] = { call in
      try joined(call.operands.indices.map { try call.value($0) }, axis: try call.int("axis", 1), call)
    }
    self["Split"] = { call in try split(call) }
    self["Expand"] = { call in
      let (dims, target) = (try call.dims(0), try call.ints(1))
      return try expanded(call, dims, try call.broadcast(dims, target))
    }
    self["Tile"] = { call in
      let dims = try call.dims(0)
      var counts = try call.ints(1)
      if call.version < 6 { counts = dims.indices.map { $0 == (try? call.ints(2).first) ?? 0 ? counts[0] : 1 } }
      try call.require(
        counts.count == dims.count && counts.allSatisfy { $0 >= 0 }, "\(dims.count) counts", "\(counts)")
      if case .numbers(let x) = try call.value(0).content {
        _ = try call.shape(zip(dims, counts).map { $0 * $1 })
        return call.result(x.tile(counts))
      }
      let new = zip(dims, counts).map { $0 * $1 }
      _ = try call.shape(new)
      var positions = [0]
      for (axis, own) in strides(dims).enumerated() {
        positions = positions.flatMap { place in (0..<new[axis]).map { place + $0 % dims[axis] * own } }
      }
      return try call.taken(0, at: positions, dims: new)
    }
    addImageShapes()
  }

  private mutating func addImageShapes() {
    self["DepthToSpace"] = { call in
      let (d, b) = (try call.dims(0), try call.int("blocksize", 1))
      try call.require(
        d.count == 4 && (1...4096).contains(b) && d[1] % (b * b) == 0, "channels in blocks of \(b * b)", "\(d)")
      let channels = d[1] / (b * b)
      let isDepthFirst = try call.string("mode", "DCR") == "DCR"
      let parts = isDepthFirst ? [d[0], b, b, channels, d[2], d[3]] : [d[0], channels, b, b, d[2], d[3]]
      let x = try call.x(0).reshape(to: try call.shape(parts))
      return call.result(
        x.permute(isDepthFirst ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3])
          .reshape(to: try call.shape([d[0], channels, d[2] * b, d[3] * b])))
    }
    self["SpaceToDepth"] = { call in
      let (d, b) = (try call.dims(0), try call.int("blocksize", 1))
      try call.require(
        d.count == 4 && (1...4096).contains(b) && d[2] % b == 0 && d[3] % b == 0, "images of a multiple of \(b)", "\(d)"
      )
      let x = try call.x(0).reshape(to: try call.shape([d[0], d[1], d[2] / b, b, d[3] / b, b]))
      return call.result(
        x.permute([0, 3, 5, 1, 2, 4]).reshape(to: try call.shape([d[0], d[1] * b * b, d[2] / b, d[3] / b])))
    }
  }
}

private func reshaped<S: Scalar>(_ call: Call<S>) throws -> [GraphValue<S>] {
  let dims = try call.dims(0)
  var target = try call.version < 5 ? call.ints("shape") ?? [] : call.ints(1)
  if try call.int("allowzero", 0) == 0 {
    for axis in target.indices where target[axis] == 0 && axis < dims.count { target[axis] = dims[axis] }
  }
  if let free = target.firstIndex(of: -1) {
    let others = target.enumerated().filter { $0.offset != free }.map(\.element)
    _ = try call.shape(others)
    let count = others.product
    try call.require(count > 0 && dims.product % count == 0, "a shape of \(dims.product) elements", "\(target)")
    target[free] = dims.product / count
  }
  return [try call.reshaped(try call.value(0), target)]
}

func joined<S: Scalar>(_ parts: [GraphValue<S>], axis: Int, _ call: Call<S>) throws -> [GraphValue<S>] {
  guard let first = parts.first, let dims = first.dims else { throw call.error("tensors to join", "none") }
  let axis = try call.axis(axis, rank: dims.count)
  for part in parts {
    let other = part.dims ?? []
    try call.require(
      other.count == dims.count && dims.indices.allSatisfy { $0 == axis || other[$0] == dims[$0] },
      "tensors that differ along axis \(axis) alone", "\(dims) and \(other)")
  }
  let origins = parts.reduce(into: Set<String>()) { $0.formUnion($1.origins) }
  let extents = parts.map { ($0.dims ?? [])[axis] }
  var new = dims
  new[axis] = extents.reduce(0, +)
  let wholes = parts.compactMap { part in if case .whole(let x) = part.content { x } else { nil } }
  if wholes.count == parts.count {
    let (outer, inner) = (Array(dims[..<axis]).product, Array(dims[(axis + 1)...]).product)
    var values: [Int] = []
    for i in 0..<outer {
      for (part, extent) in zip(wholes, extents) {
        values += part.values[i * extent * inner..<(i + 1) * extent * inner]
      }
    }
    return [GraphValue(WholeNumbers(values, dims: new), first.type, origins: origins)]
  }
  let variables = try parts.map { try call.numbers($0) }
  return [
    GraphValue(variables.count == 1 ? variables[0] : concatenate(variables, axis: axis), first.type, origins: origins)
  ]
}

private func split<S: Scalar>(_ call: Call<S>) throws -> [GraphValue<S>] {
  let dims = try call.dims(0)
  let axis = try call.axis(try call.int("axis", 0), rank: dims.count)
  let n = dims[axis]
  let given = try call.version < 13 ? call.ints("split") : call.optionalInts(1)
  let count = try call.int("num_outputs", call.node.outputs.count)
  try call.require(
    (1...Swift.max(n, call.node.outputs.count)).contains(count), "1 to \(n) parts", "\(count)")
  let part = (n + count - 1) / count
  let sizes = given ?? (0..<count).map { Swift.max(Swift.min(part, n - $0 * part), 0) }
  try call.require(sizes.allSatisfy { $0 >= 0 } && sizes.reduce(0, +) == n, "parts of \(n) positions", "\(sizes)")
  var start = 0
  return try sizes.map { size in
    defer { start += size }
    return try sliced(call, try call.value(0), axis, from: start, count: size)
  }
}

/// So many positions of an axis.
func sliced<S: Scalar>(
  _ call: Call<S>, _ value: GraphValue<S>, _ axis: Int, from start: Int, count: Int
) throws -> GraphValue<S> {
  var dims = value.dims ?? []
  if case .numbers(let x) = value.content {
    return GraphValue(x.slice(start..<start + count, axis: axis), value.type, origins: value.origins)
  }
  let own = strides(dims)
  dims[axis] = count
  return try call.taken(value, at: places(dims, steps: own, from: start * own[axis]), dims: dims)[0]
}

private func expanded<S: Scalar>(_ call: Call<S>, _ dims: [Int], _ target: [Int]) throws -> [GraphValue<S>] {
  let shape = try call.shape(target)
  switch try call.value(0).content {
  case .numbers(let x): return call.result(dims == target ? x : x.broadcast(to: shape))
  case .whole(let x): return call.result(try call.repeated(x, to: target))
  case .texts, .sequence, .absent: throw call.error("numbers", "a value of another kind")
  }
}
