import Adjoint

// Elements by position.

extension OperatorTable {
  mutating func addIndexing() {
    self["Gather"] = { call in try gathered(call) }
    self["GatherElements"] = { call in
      let (dims, index) = (try call.dims(0), try call.whole(1))
      let axis = try call.axis(try call.int("axis", 0), rank: dims.count)
      try call.require(index.dims.count == dims.count, "positions of rank \(dims.count)", "\(index.dims)")
      return try call.taken(0, at: try elementPlaces(index, dims, axis, call), dims: index.dims)
    }
    self["GatherND"] = { call in
      let (dims, index, batch) = (try call.dims(0), try call.whole(1), try call.int("batch_dims", 0))
      let places = try rowPlaces(index, dims, batch, call)
      let depth = (index.dims.last ?? 0) + batch
      let rest = Array(dims[depth...])
      let inner = rest.product
      return try call.taken(
        0, at: places.flatMap { place in (0..<inner).map { place + $0 } }, dims: Array(index.dims.dropLast()) + rest)
    }
    self["Slice"] = { call in try sliced(call) }
    self["Pad"] = { call in try padded(call) }
    self["Trilu"] = { call in
      let (dims, k) = (try call.dims(0), try call.optionalInts(1)?.first ?? 0)
      try call.require(dims.count >= 2, "matrices", "\(dims)")
      let isUpper = try call.int("upper", 1) == 1
      if case .whole(let x) = try call.value(0).content {
        let (rows, columns) = (dims[dims.count - 2], dims[dims.count - 1])
        let values = x.values.enumerated().map { place, value in
          let (i, j) = (place / columns % rows, place % columns)
          return (isUpper ? j - i >= k : j - i <= k) ? value : 0
        }
        return call.result(WholeNumbers(values, dims: dims))
      }
      let x = try call.x(0)
      if dims.product == 0 { return call.result(x) }
      return call.result(isUpper ? x.triu(diagonal: k) : x.tril(diagonal: k))
    }
    self["OneHot"] = { call in try oneHot(call) }
    self["ReverseSequence"] = { call in try reversedSequences(call) }
    self["Compress"] = { call in
      let (dims, flags) = (try call.dims(0), try call.ints(1))
      let kept = flags.indices.filter { flags[$0] != 0 }
      guard let given = try call.int("axis") else {
        return try call.taken(0, at: kept.filter { $0 < dims.product }, dims: [kept.count])
      }
      let axis = try call.axis(given, rank: dims.count)
      var new = dims
      new[axis] = kept.count
      return try call.taken(0, at: try picked(dims, axis, kept, call), dims: new)
    }
    self["CenterCropPad"] = { call in try centered(call) }
    self["ai.onnx.ml/ArrayFeatureExtractor"] = { call in
      let dims = try call.dims(0)
      let kept = try call.ints(1)
      let axis = dims.count - 1
      return try call.taken(
        0, at: try picked(dims, axis, kept, call), dims: (dims.count == 1 ? [1] : Array(dims.dropLast())) + [kept.count]
      )
    }
  }
}

/// Flat positions of an array of which one axis is taken at these positions.
func picked<S: Scalar>(_ dims: [Int], _ axis: Int, _ kept: [Int], _ call: Call<S>) throws -> [Int] {
  try call.require(
    kept.allSatisfy { (0..<dims[axis]).contains($0) }, "positions below \(dims[axis])", "\(kept.prefix(8))")
  let own = strides(dims)
  let outer = places(Array(dims[..<axis]), steps: Array(own[..<axis]))
  let inner = places(Array(dims[(axis + 1)...]), steps: Array(own[(axis + 1)...]))
  return outer.flatMap { a in kept.flatMap { k in inner.map { a + k * own[axis] + $0 } } }
}

private func gathered<S: Scalar>(_ call: Call<S>) throws -> [GraphValue<S>] {
  let (data, positions) = (try call.value(0), try call.value(1))
  let dims = try call.dims(0)
  let axis = try call.axis(try call.int("axis", 0), rank: dims.count)
  let n = dims[axis]
  // Indices that stand on the tape stay there: a program is fed others.
  if case .numbers(let x) = data.content, let index = positions.index, !x.holdsIndices,
    index.indexValue.elements.allSatisfy({ $0 >= 0 && $0 < n })
  {
    let rank = index.shape.rank
    let moved = axis == 0 ? x : x.moveAxis(from: axis, to: 0)
    let y = moved.gather(index)
    // [index…, before…, behind…] to [before…, index…, behind…].
    let order =
      Array(rank..<rank + axis) + Array(0..<rank) + Array(rank + axis..<rank + dims.count - 1)
    return call.result(axis == 0 ? y : y.permute(order), data.type)
  }
  let index = try call.whole(1)
  let normal = try index.values.map { i in
    let place = i < 0 ? i + n : i
    try call.require((0..<n).contains(place), "positions in −\(n) ..< \(n)", "\(i)")
    return place
  }
  let new = Array(dims[..<axis]) + index.dims + Array(dims[(axis + 1)...])
  if case .numbers(let x) = data.content, axis == 0, !x.holdsIndices {
    let leaf = call.tape.index(Tensor<Int32>(shape: try call.shape(index.dims), elements: normal.map { Int32($0) }))
    _ = try call.shape(new)
    return call.result(x.gather(leaf), data.type)
  }
  return try call.taken(0, at: try picked(dims, axis, normal, call), dims: new)
}

/// The flat position in `dims` of each element of `index`, whose axis it replaces.
func elementPlaces<S: Scalar>(_ index: WholeNumbers, _ dims: [Int], _ axis: Int, _ call: Call<S>) throws -> [Int] {
  var steps = strides(dims)
  let own = steps[axis]
  steps[axis] = 0
  for other in dims.indices where other != axis {
    try call.require(index.dims[other] <= dims[other], "positions of at most \(dims)", "\(index.dims)")
  }
  let n = dims[axis]
  return try zip(places(index.dims, steps: steps), index.values).map { start, i in
    let place = i < 0 ? i + n : i
    try call.require((0..<n).contains(place), "positions in −\(n) ..< \(n)", "\(i)")
    return start + place * own
  }
}

/// The flat position at which each row of coordinates begins.
func rowPlaces<S: Scalar>(_ index: WholeNumbers, _ dims: [Int], _ batch: Int, _ call: Call<S>) throws -> [Int] {
  let width = index.dims.last ?? 0
  try call.require(
    !index.dims.isEmpty && batch >= 0 && batch < index.dims.count && width + batch <= dims.count
      && index.dims.prefix(batch).elementsEqual(dims.prefix(batch)),
    "coordinates of \(dims)", "\(index.dims)")
  let own = strides(dims)
  let rows = Array(index.dims.dropLast()).product
  let perBatch = Swift.max(Array(index.dims.dropLast().dropFirst(batch)).product, 1)
  return try (0..<rows).map { row in
    var place = row / perBatch * Array(dims[batch...]).product
    for k in 0..<width {
      let i = index.values[row * width + k]
      let normal = i < 0 ? i + dims[batch + k] : i
      try call.require((0..<dims[batch + k]).contains(normal), "coordinates within \(dims)", "\(i)")
      place += normal * own[batch + k]
    }
    return place
  }
}

private func sliced<S: Scalar>(_ call: Call<S>) throws -> [GraphValue<S>] {
  let dims = try call.dims(0)
  // Ends may be any number: the largest there is stands for the end of the axis.
  func list(_ i: Int, _ name: String) throws -> [Int]? {
    if call.version >= 10 { return try call.optional(i).map { try call.whole($0).values } }
    guard case .ints(let values) = call.attributes[name] else { return nil }
    return values
  }
  guard let starts = try list(1, "starts"), let ends = try list(2, "ends") else {
    throw call.error("starts and ends", "none")
  }
  let axes = try list(3, "axes") ?? Array(starts.indices)
  let steps = try list(4, "steps") ?? starts.map { _ in 1 }
  try call.require(
    starts.count == ends.count && axes.count == starts.count && steps.count == starts.count && !steps.contains(0),
    "a start, an end and a step for each axis", "\(starts), \(ends), \(axes), \(steps)")
  var (first, size, step) = (dims.map { _ in 0 }, dims, dims.map { _ in 1 })
  for k in axes.indices {
    let axis = try call.axis(axes[k], rank: dims.count)
    let n = dims[axis]
    func clamped(_ place: Int, _ low: Int, _ high: Int) -> Int {
      Swift.min(Swift.max(place < 0 ? place &+ n : place, low), high)
    }
    let isForward = steps[k] > 0
    let start = isForward ? clamped(starts[k], 0, n) : clamped(starts[k], 0, Swift.max(n - 1, 0))
    let end = isForward ? clamped(ends[k], 0, n) : ends[k] < -n ? -1 : clamped(ends[k], -1, Swift.max(n - 1, 0))
    let distance = isForward ? end - start : start - end
    let stride = Swift.max(Swift.min(steps[k].magnitude, UInt(Int32.max)), 1)
    first[axis] = start
    size[axis] = distance <= 0 || n == 0 ? 0 : (distance - 1) / Int(stride) + 1
    step[axis] = size[axis] <= 1 ? 1 : isForward ? Int(stride) : -Int(stride)
  }
  if case .numbers(let x) = try call.value(0).content {
    if size == dims, step.allSatisfy({ $0 == 1 }) { return call.result(x) }
    if size.contains(0) { return call.result(call.tape.constant(Tensor(repeating: 0, shape: Shape(size)))) }
    return call.result(x.slice(start: first, size: Shape(size), step: step))
  }
  let own = strides(dims)
  let start = zip(first, own).map { $0 * $1 }.reduce(0, +)
  return try call.taken(0, at: places(size, steps: zip(own, step).map { $0 * $1 }, from: start), dims: size)
}

private func padded<S: Scalar>(_ call: Call<S>) throws -> [GraphValue<S>] {
  let dims = try call.dims(0)
  let isOld = call.version < 11
  let pads = try isOld ? call.ints("pads") ?? call.ints("paddings") ?? [] : call.ints(1)
  let filling = try isOld ? call.float("value", 0) : call.number(2) ?? 0
  let axes = try call.optionalInts(3)?.map { try call.axis($0, rank: dims.count) } ?? Array(dims.indices)
  try call.require(pads.count == 2 * axes.count, "\(2 * axes.count) numbers of elements", "\(pads)")
  var (before, after) = (dims.map { _ in 0 }, dims.map { _ in 0 })
  for (k, axis) in axes.enumerated() { (before[axis], after[axis]) = (pads[k], pads[axes.count + k]) }
  let mode = try call.string("mode", "constant")
  let new = dims.indices.map { dims[$0] + before[$0] + after[$0] }
  _ = try call.shape(new)
  var positions = [0]
  for (axis, own) in strides(dims).enumerated() {
    let n = dims[axis]
    let sources = try (0..<new[axis]).map { try source($0 - before[axis], n, mode, call) }
    positions = positions.flatMap { place in sources.map { place < 0 || $0 < 0 ? -1 : place + $0 * own } }
  }
  if mode == "constant", filling == 0, case .numbers(let x) = try call.value(0).content,
    (before + after).allSatisfy({ $0 >= 0 })
  {
    return call.result(x.pad(before: before, after: after))
  }
  return try call.taken(0, at: positions, dims: new, filling: filling)
}

/// The position from which a padded axis takes an element; −1 for one outside.
private func source<S: Scalar>(_ place: Int, _ n: Int, _ mode: String, _ call: Call<S>) throws -> Int {
  if (0..<n).contains(place) { return place }
  switch mode {
  case "constant": return -1
  case "edge" where n > 0: return Swift.min(Swift.max(place, 0), n - 1)
  case "wrap" where n > 0: return (place % n + n) % n
  case "reflect" where n > 1:
    let period = 2 * (n - 1)
    let rest = (place % period + period) % period
    return rest < n ? rest : period - rest
  case "reflect" where n == 1: return 0
  default: throw call.error("a padding that the axis allows", "mode '\(mode)' of an axis of \(n)")
  }
}

private func oneHot<S: Scalar>(_ call: Call<S>) throws -> [GraphValue<S>] {
  let index = try call.whole(0)
  guard let depth = try call.number(1).map(Int.init(clamping:)), depth > 0 else {
    throw call.error("a number of classes", "none")
  }
  let values = try call.x(2)
  try call.require(values.shape.elementCount == 2, "two values", "\(values.shape)")
  let axis = try call.axis(try call.int("axis", -1), rank: index.dims.count + 1)
  var new = index.dims
  new.insert(depth, at: axis)
  _ = try call.shape(new)
  var flags = [Int](repeating: 0, count: new.product)
  var steps = strides(new)
  let own = steps.remove(at: axis)
  for (start, i) in zip(places(index.dims, steps: steps), index.values) where (-depth..<depth).contains(i) {
    flags[start + (i < 0 ? i + depth : i) * own] = 1
  }
  return try call.taken(try call.value(2), at: flags, dims: new)
}

private func reversedSequences<S: Scalar>(_ call: Call<S>) throws -> [GraphValue<S>] {
  let (dims, lengths) = (try call.dims(0), try call.ints(1))
  let (time, batch) = (try call.int("time_axis", 0), try call.int("batch_axis", 1))
  try call.require(dims.count >= 2 && Set([time, batch]) == [0, 1], "time and batch as the first axes", "\(dims)")
  try call.require(
    lengths.count == dims[batch] && lengths.allSatisfy { (0...dims[time]).contains($0) }, "a length for each sequence",
    "\(lengths)")
  let (own, inner) = (strides(dims), Array(dims[2...]).product)
  var positions: [Int] = []
  for i in 0..<dims[0] {
    for j in 0..<dims[1] {
      let (t, b) = time == 0 ? (i, j) : (j, i)
      let from = t < lengths[b] ? lengths[b] - 1 - t : t
      let start = from * own[time] + b * own[batch]
      for k in 0..<inner { positions.append(start + k) }
    }
  }
  return try call.taken(0, at: positions, dims: dims)
}

private func centered<S: Scalar>(_ call: Call<S>) throws -> [GraphValue<S>] {
  let (dims, target) = (try call.dims(0), try call.ints(1))
  let axes = try call.ints("axes")?.map { try call.axis($0, rank: dims.count) } ?? Array(dims.indices)
  try call.require(axes.count == target.count, "an extent for each axis", "\(target)")
  var new = dims
  for (axis, extent) in zip(axes, target) { new[axis] = extent }
  _ = try call.shape(new)
  var positions = [0]
  for (axis, own) in strides(dims).enumerated() {
    let (n, m) = (dims[axis], new[axis])
    let shift = n >= m ? (n - m) / 2 : -((m - n) / 2)
    positions = positions.flatMap { place in
      (0..<m).map { place < 0 || !(0..<n).contains($0 + shift) ? -1 : place + ($0 + shift) * own }
    }
  }
  return try call.taken(0, at: positions, dims: new, filling: 0)
}
