import Adjoint

// Elements written at positions.

extension OperatorTable {
  mutating func addScattering() {
    for name in ["ScatterElements", "Scatter"] {
      self[name] = { call in
        let (dims, index) = (try call.dims(0), try call.whole(1))
        let axis = try call.axis(try call.int("axis", 0), rank: dims.count)
        let updates = try call.dims(2)
        try call.require(
          index.dims == updates && updates.count == dims.count, "a position for each update",
          "\(index.dims) for \(updates)")
        return try scattered(call, try elementPlaces(index, dims, axis, call))
      }
    }
    self["ScatterND"] = { call in
      let (dims, index) = (try call.dims(0), try call.whole(1))
      let inner = Array(dims[Swift.min(index.dims.last ?? 0, dims.count)...]).product
      let starts = try rowPlaces(index, dims, 0, call)
      let updates = try call.dims(2)
      try call.require(
        updates.product == starts.count * inner, "\(starts.count * inner) updates", "\(updates)")
      return try scattered(call, starts.flatMap { place in (0..<inner).map { place + $0 } })
    }
    self["TensorScatter"] = { call in
      let (dims, new) = (try call.dims(0), try call.dims(1))
      let axis = try call.axis(try call.int("axis", -2), rank: dims.count)
      try call.require(
        !dims.isEmpty && axis > 0 && dims.count == new.count
          && dims.indices.allSatisfy { $0 == axis || dims[$0] == new[$0] } && dims[axis] > 0,
        "an update that fits \(dims)", "\(new)")
      let starts = try call.optionalInts(2) ?? Array(repeating: 0, count: dims[0])
      try call.require(
        starts.count == dims[0] && starts.allSatisfy { $0 >= 0 }, "a start for each sequence", "\(starts)")
      let isCircular = try call.string("mode", "linear") == "circular"
      let own = strides(dims)
      var positions = [(place: 0, batch: 0)]
      for (i, extent) in new.enumerated() {
        positions = try positions.flatMap { at in
          try (0..<extent).map { k in
            let batch = i == 0 ? k : at.batch
            guard i == axis else { return (at.place + k * own[i], batch) }
            let place = starts[batch] + k
            try call.require(isCircular || place < dims[i], "positions below \(dims[i])", "\(place)")
            return (at.place + place % dims[i] * own[i], batch)
          }
        }
      }
      return try scattered(call, positions.map(\.place), updates: 1)
    }
    self["MaxUnpool"] = { call in
      let (d, index) = (try call.dims(0), try call.whole(1))
      let kernel = try call.ints("kernel_shape") ?? []
      let steps = try call.ints("strides") ?? kernel.map { _ in 1 }
      let pads = try call.ints("pads") ?? [Int](repeating: 0, count: 2 * kernel.count)
      try call.require(
        d.count == kernel.count + 2 && steps.count == kernel.count && pads.count == 2 * kernel.count
          && index.dims == d && index.values.allSatisfy { $0 >= 0 },
        "settings of \(d.count - 2) axes and a position for each element", "others")
      let spatial = kernel.indices.map { axis -> Int in
        let padded: Int = pads[axis] + pads[axis + kernel.count]
        return (d[axis + 2] - 1) * steps[axis] - padded + kernel[axis]
      }
      let own = Array(d.prefix(2)) + spatial
      let target = try call.optionalInts(2) ?? own
      let y = call.tape.constant(Tensor(repeating: 0, shape: try call.shape(target)))
      // Positions are those of the smaller result where both are given.
      try call.require(
        target.count == own.count && own.allSatisfy { $0 > 0 } && (try? call.shape(own)) != nil,
        "a result of rank \(own.count)", "\(target)")
      let positions = index.values.map { place in
        var (rest, moved) = (place, 0)
        for (step, other) in zip(strides(own), strides(target)) {
          moved += rest / step * other
          rest %= step
        }
        return moved
      }
      try call.require(positions.allSatisfy { (0..<target.product).contains($0) }, "positions in \(target)", "others")
      return call.result(try write(call, y, try call.x(0), positions, "none"))
    }
  }
}

private func scattered<S: Scalar>(_ call: Call<S>, _ positions: [Int], updates: Int = 2) throws -> [GraphValue<S>] {
  let reduction = try call.string("reduction", "none")
  if case .whole(var data) = try call.value(0).content, case .whole(let new) = try call.value(updates).content {
    for (place, value) in zip(positions, new.values) {
      switch reduction {
      case "add": data.values[place] &+= value
      case "mul": data.values[place] &*= value
      case "max": data.values[place] = Swift.max(data.values[place], value)
      case "min": data.values[place] = Swift.min(data.values[place], value)
      default: data.values[place] = value
      }
    }
    return call.result(data)
  }
  return call.result(try write(call, try call.x(0), try call.x(updates), positions, reduction))
}

/// Data with updates at flat positions. Where several fall on one, they are taken in turns.
private func write<S: Scalar>(
  _ call: Call<S>, _ data: Variable<S>, _ updates: Variable<S>, _ positions: [Int], _ reduction: String
) throws -> Variable<S> {
  let count = data.shape.elementCount
  guard !positions.isEmpty else { return data }
  try call.require(count <= Int32.max, "at most \(Int32.max) elements", "\(count)")
  func spread(_ x: Variable<S>, _ places: [Int]) -> Variable<S> {
    let index = call.tape.index(Tensor<Int32>(shape: [places.count], elements: places.map { Int32($0) }))
    return x.reshape(to: [places.count, 1]).scatterAdd(index, rows: count).reshape(to: data.shape)
  }
  if reduction == "add" { return data + spread(updates, positions) }
  // The turn of each update: how many came before it at its place.
  var seen: [Int: Int] = [:]
  var turns: [[Int]] = []
  for (k, place) in positions.enumerated() {
    let turn = reduction == "none" ? 0 : seen[place, default: 0]
    seen[place, default: 0] += 1
    if turn == turns.count { turns.append([]) }
    turns[turn].append(k)
  }
  if reduction == "none" {
    var last: [Int: Int] = [:]
    for k in turns[0] { last[positions[k]] = k }
    turns[0] = turns[0].filter { last[positions[$0]] == $0 }
  }
  var y = data
  for turn in turns {
    let places = turn.map { positions[$0] }
    let new = spread(
      turn.count == positions.count ? updates : try call.taken(updates, at: turn, dims: [turn.count]), places)
    var flags = [S](repeating: 0, count: count)
    for place in places { flags[place] = 1 }
    let isHit = call.tape.constant(Tensor(shape: data.shape, elements: flags))
    let value: Variable<S>
    switch reduction {
    case "mul": value = y * new
    case "max": value = y.maximum(new)
    case "min": value = y.minimum(new)
    case "none": value = new
    default: throw call.unsupported("reduction '\(reduction)'")
    }
    y = `where`(isHit, value, y)
  }
  return y
}
