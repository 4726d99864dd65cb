import Adjoint

// Graphs within graphs: branches and loops, unrolled as they are recorded.

extension OperatorTable {
  mutating func addControl() {
    self["If"] = { call in
      let isTrue = try call.ints(0).first ?? 0 != 0
      return try call.recorder.record(try call.graph(isTrue ? "then_branch" : "else_branch"), with: [], call)
    }
    self["Loop"] = { call in try looped(call) }
    self["Scan"] = { call in try scanned(call) }
  }
}

/// The most rounds that a loop is unrolled to.
private let mostRounds = 10_000

private func looped<S: Scalar>(_ call: Call<S>) throws -> [GraphValue<S>] {
  let body = try call.graph("body")
  let most = try call.optional(0).flatMap { try call.whole($0).values.first }
  var isRunning = try call.optionalInts(1)?.first ?? 1 != 0
  var carried = try (2..<Swift.max(call.operands.count, 2)).map { try call.value($0) }
  let count = body.outputs.count - 1 - carried.count
  try call.require(count >= 0, "a body with an output for each carried value", "\(body.outputs.count) outputs")
  var scans = [[GraphValue<S>]](repeating: [], count: count)
  var round = 0
  while isRunning, most.map({ round < $0 }) ?? true {
    try call.require(round < mostRounds, "at most \(mostRounds) rounds", "more")
    let inputs = [GraphValue<S>(WholeNumbers([round], dims: [])), GraphValue<S>(WholeNumbers([1], dims: []), .bool)]
    let outputs = try call.recorder.record(body, with: inputs + carried, call)
    isRunning = try call.whole(outputs[0]).values.first ?? 0 != 0
    carried = Array(outputs[1..<1 + carried.count])
    for k in scans.indices { scans[k].append(outputs[1 + carried.count + k]) }
    round += 1
  }
  return carried + (try scans.map { try stacked($0, axis: 0, call) })
}

private func scanned<S: Scalar>(_ call: Call<S>) throws -> [GraphValue<S>] {
  guard call.version >= 9 else { throw call.unsupported("Scan of version 8") }
  let body = try call.graph("body")
  let inputs = try call.int("num_scan_inputs", 0)
  let states = call.operands.count - inputs
  try call.require(
    inputs > 0 && states >= 0 && body.outputs.count >= states, "a body that fits its operands", "another")
  let outputs = body.outputs.count - states
  func settings(_ name: String, _ count: Int) throws -> [Int] {
    let all = try call.ints(name) ?? Array(repeating: 0, count: count)
    try call.require(all.count == count, "\(count) numbers as \(name)", "\(all.count)")
    return all
  }
  let (axes, directions) = (try settings("scan_input_axes", inputs), try settings("scan_input_directions", inputs))
  let (outAxes, outDirections) = (
    try settings("scan_output_axes", outputs), try settings("scan_output_directions", outputs)
  )
  var carried = try (0..<states).map { try call.value($0) }
  let scanned = try (0..<inputs).map { try call.value(states + $0) }
  let places = try (0..<inputs).map { try call.axis(axes[$0], rank: (scanned[$0].dims ?? []).count) }
  let length = (scanned[0].dims ?? [])[places[0]]
  for (value, place) in zip(scanned, places) {
    try call.require((value.dims ?? [])[place] == length, "inputs of \(length) elements", "\(value.dims ?? [])")
  }
  var results = [[GraphValue<S>]](repeating: [], count: outputs)
  for round in 0..<length {
    let elements = try (0..<inputs).map { k in
      let at = directions[k] == 0 ? round : length - 1 - round
      let part = try sliced(call, scanned[k], places[k], from: at, count: 1)
      var dims = part.dims ?? []
      dims.remove(at: places[k])
      return try call.reshaped(part, dims)
    }
    let all = try call.recorder.record(body, with: carried + elements, call)
    carried = Array(all[..<states])
    for k in results.indices { results[k].append(all[states + k]) }
  }
  return carried
    + (try results.indices.map { k in
      try stacked(outDirections[k] == 0 ? results[k] : results[k].reversed(), axis: outAxes[k], call)
    })
}

/// Values of one shape along a new axis.
func stacked<S: Scalar>(_ parts: [GraphValue<S>], axis: Int, _ call: Call<S>) throws -> GraphValue<S> {
  guard let first = parts.first else { return GraphValue(WholeNumbers([], dims: [0])) }
  let rank = (first.dims ?? []).count + 1
  let place = try call.axis(axis, rank: rank)
  let wide = try parts.map { part in
    var dims = part.dims ?? []
    dims.insert(1, at: Swift.min(place, dims.count))
    return try call.reshaped(part, dims)
  }
  return try joined(wide, axis: place, call)[0]
}
