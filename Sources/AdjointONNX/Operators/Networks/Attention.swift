import Adjoint

// Attention of heads, turned positions, and attention as a recurrence.

extension OperatorTable {
  mutating func addAttention() {
    self["Attention"] = { call in try attended(call) }
    self["RotaryEmbedding"] = { call in try turned(call) }
    self["LinearAttention"] = { call in try linearAttention(call) }
    self["ai.onnx.preview/FlexAttention"] = { call in
      let (q, k, v) = (try call.x(0), try call.x(1), try call.x(2))
      try call.require(
        q.shape.rank == 4 && k.shape.rank == 4 && v.shape.rank == 4, "[batch, heads, length, size]", "\(q.shape)")
      try call.require(k.shape[3] == q.shape[3] && q.shape[3] > 0 && k.shape[2] > 0, "keys that fit", "\(k.shape)")
      let scale = try call.float("scale") ?? 1 / Double(q.shape[3]).squareRoot()
      let (keys, values) = (try grouped(k, q.shape[1], call), try grouped(v, q.shape[1], call))
      var scores = try product(q, keys.transpose(2, 3), call) * scale
      if call.attributes["score_mod"] != nil {
        let values = [GraphValue(scores, call.type, origins: call.origins)]
        scores = try call.numbers(try call.recorder.record(try call.graph("score_mod"), with: values, call)[0])
      }
      var shares = scores.softmax(axis: 3)
      if call.attributes["prob_mod"] != nil {
        let values = [GraphValue(shares, call.type, origins: call.origins)]
        shares = try call.numbers(try call.recorder.record(try call.graph("prob_mod"), with: values, call)[0])
      }
      return call.result(try product(shares, values, call))
    }
  }
}

/// [batch, length, heads · size] as [batch, heads, length, size].
private func heads<S: Scalar>(_ x: Variable<S>, _ count: Int?, _ call: Call<S>) throws -> Variable<S> {
  if x.shape.rank == 4 { return x }
  guard x.shape.rank == 3, let count, count > 0, x.shape[2] % count == 0 else {
    throw call.error("[batch, heads, length, size], or a number of heads that divides the size", "\(x.shape)")
  }
  return x.reshape(to: try call.shape([x.shape[0], x.shape[1], count, x.shape[2] / count])).permute([0, 2, 1, 3])
}

/// Each head of keys or values repeated for the heads of queries that share it.
private func grouped<S: Scalar>(_ x: Variable<S>, _ count: Int, _ call: Call<S>) throws -> Variable<S> {
  if x.shape[1] == count { return x }
  try call.require(x.shape[1] > 0 && count % x.shape[1] == 0, "a multiple of \(x.shape[1]) heads", "\(count)")
  return x.repeated(count / x.shape[1], axis: 1)
}

private func attended<S: Scalar>(_ call: Call<S>) throws -> [GraphValue<S>] {
  let isFlat = try call.x(0).shape.rank == 3
  let (queryHeads, keyHeads) = (try call.int("q_num_heads"), try call.int("kv_num_heads"))
  let q = try heads(try call.x(0), queryHeads, call)
  var (k, v) = (try heads(try call.x(1), keyHeads, call), try heads(try call.x(2), keyHeads, call))
  var past = 0
  if let pastKey = try call.optionalX(4), let pastValue = try call.optionalX(5) {
    try call.require(
      pastKey.shape.rank == 4 && pastKey.shape.replacing(axis: 2, with: 0) == k.shape.replacing(axis: 2, with: 0)
        && pastValue.shape.rank == 4
        && pastValue.shape.replacing(axis: 2, with: 0) == v.shape.replacing(axis: 2, with: 0),
      "past keys and values that fit", "\(pastKey.shape) and \(pastValue.shape)")
    past = pastKey.shape[2]
    (k, v) = (concatenate([pastKey, k], axis: 2), concatenate([pastValue, v], axis: 2))
  }
  let (length, total) = (q.shape[2], k.shape[2])
  try call.require(
    q.shape[3] == k.shape[3] && v.shape[2] == total && total > 0, "keys and values that fit", "\(k.shape)")
  // The root of the scale on both sides, as the standard has it.
  let scale = (try call.float("scale") ?? 1 / Double(q.shape[3]).squareRoot()).squareRoot()
  let raw = try product(q * scale, (try grouped(k, q.shape[1], call) * scale).transpose(2, 3), call)
  var scores = raw
  let cap = try call.float("softcap", 0)
  if cap > 0 { scores = (scores / cap).tanh() * cap }
  let capped = scores
  let all = try call.shape([q.shape[0], q.shape[1], length, total])
  let nothing = call.tape.constant(-Double.infinity).broadcast(to: all)
  if let mask = call.optional(3) {
    var x = try call.numbers(mask)
    try call.require(x.shape.rank > 0, "a mask of rank 1 at least", "a number")
    let width = x.shape[x.shape.rank - 1]
    if width < total {
      let zeros = x.shape.indices.map { _ in 0 }
      var after = zeros
      after[after.count - 1] = total - width
      x =
        mask.type == .bool
        ? x.pad(before: zeros, after: after) : x.pad(before: zeros, after: after, mode: .constant(-.infinity))
    }
    try call.requireBroadcast(Array(x.shape), to: Array(all))
    scores = mask.type == .bool ? `where`(x.broadcast(to: all), scores, nothing) : scores + x
  }
  let lengths = try call.optionalInts(6)
  if let lengths {
    try call.require(
      lengths.count == q.shape[0] && lengths.allSatisfy { (0...total).contains($0) }, "a length for each sequence",
      "\(lengths)")
  }
  let isCausal = try call.int("is_causal", 0) == 1
  if isCausal || lengths != nil {
    var flags: [S] = []
    let rows = lengths ?? [total]
    for n in rows {
      // Where keys are padded, the queries are the last of those that count.
      let offset = lengths == nil ? past : n - length
      for i in 0..<length {
        for j in 0..<total { flags.append(j < n && (!isCausal || j <= i + offset) ? 1 : 0) }
      }
    }
    let seen = call.tape.constant(Tensor(shape: [rows.count, 1, length, total], elements: flags))
    scores = `where`(seen.broadcast(to: all), scores, nothing)
  }
  let shares = scores.softmax(axis: 3)
  var y = try product(shares, try grouped(v, q.shape[1], call), call)
  if isFlat { y = y.permute([0, 2, 1, 3]).reshape(to: try call.shape([y.shape[0], length, y.shape[1] * y.shape[3]])) }
  let shown = [raw, capped, scores, shares]
  let mode = try call.int("qk_matmul_output_mode", 0)
  try call.require(shown.indices.contains(mode), "a mode of 0 to 3", "\(mode)")
  return call.result(y) + call.result(k) + call.result(v) + call.result(shown[mode])
}

private func turned<S: Scalar>(_ call: Call<S>) throws -> [GraphValue<S>] {
  let isFlat = try call.x(0).shape.rank == 3
  let x = try heads(try call.x(0), try call.int("num_heads"), call)
  let (n, length, size) = (x.shape[0], x.shape[2], x.shape[3])
  let given = try call.int("rotary_embedding_dim", 0)
  let turning = given == 0 ? size : given
  try call.require(turning % 2 == 0 && turning <= size, "an even part of \(size)", "\(turning)")
  let half = turning / 2
  func angles(_ i: Int) throws -> Variable<S> {
    let cache = try call.x(i)
    try call.require(cache.shape.last == half, "angles for \(half) pairs", "\(cache.shape)")
    guard call.optional(3) != nil else {
      try call.require(cache.shape == [n, length, half], "angles [\(n), \(length), \(half)]", "\(cache.shape)")
      return cache.reshape(to: [n, 1, length, half])
    }
    let positions = try call.whole(3)
    try call.require(
      cache.shape.rank == 2 && positions.dims == [n, length]
        && positions.values.allSatisfy { (0..<cache.shape[0]).contains($0) },
      "positions [\(n), \(length)] below \(cache.shape[0]), rows of \(half)", "\(positions.dims) of \(cache.shape)")
    let index = call.tape.index(Tensor<Int32>(shape: [n, length], elements: positions.values.map { Int32($0) }))
    return cache.gather(index).reshape(to: [n, 1, length, half])
  }
  let (cos, sin) = (try angles(1), try angles(2))
  let moving = turning == size ? x : x.slice(0..<turning, axis: 3)
  var y: Variable<S>
  if try call.int("interleaved", 0) == 1 {
    let pairs = moving.reshape(to: try call.shape([n, x.shape[1], length, half, 2]))
    let (a, b) = (pairs[0, axis: 4], pairs[1, axis: 4])
    y = stack([cos * a - sin * b, sin * a + cos * b], axis: 4).reshape(to: moving.shape)
  } else {
    let (a, b) = (moving.slice(0..<half, axis: 3), moving.slice(half..<turning, axis: 3))
    y = concatenate([cos * a - sin * b, sin * a + cos * b], axis: 3)
  }
  if turning < size { y = concatenate([y, x.slice(turning..<size, axis: 3)], axis: 3) }
  if isFlat { y = y.permute([0, 2, 1, 3]).reshape(to: try call.shape([n, length, x.shape[1] * size])) }
  return call.result(y)
}

private func linearAttention<S: Scalar>(_ call: Call<S>) throws -> [GraphValue<S>] {
  let (queryHeads, keyHeads) = (try call.int("q_num_heads", 1), try call.int("kv_num_heads", 1))
  let q = try heads(try call.x(0), queryHeads, call)
  let (k, v) = (try heads(try call.x(1), keyHeads, call), try heads(try call.x(2), keyHeads, call))
  let (n, length, width, depth) = (q.shape[0], q.shape[2], k.shape[3], v.shape[3])
  try call.require(
    k.shape == [n, keyHeads, length, width] && v.shape == [n, keyHeads, length, depth] && q.shape[3] == width,
    "queries, keys and values that fit", "\(q.shape), \(k.shape), \(v.shape)")
  let given = try call.float("scale", 0)
  let scale = given == 0 ? 1 / Double(q.shape[3]).squareRoot() : given
  let rule = try call.string("update_rule", "gated_delta")
  try call.require(
    ["linear", "gated", "delta", "gated_delta"].contains(rule), "a rule of linear attention", "'\(rule.prefix(40))'")
  func perHead(_ i: Int) throws -> Variable<S>? {
    guard let x = try call.optionalX(i) else { return nil }
    try call.require(x.shape.rank == 3, "[batch, length, heads · size]", "\(x.shape)")
    let y = try heads(x, x.shape[2] == 1 ? 1 : keyHeads, call)
    let size = i == 4 ? [1, width] : [1]
    try call.require(
      y.shape[0] == n && y.shape[2] == length && size.contains(y.shape[3]), "factors that fit \(k.shape)", "\(y.shape)")
    return y
  }
  let decay = rule.hasPrefix("gated") ? try perHead(4)?.exp() : nil
  let rate = rule.hasSuffix("delta") ? try perHead(5) : nil
  var state =
    try call.optionalX(3)
    ?? call.tape.constant(Tensor(repeating: 0, shape: try call.shape([n, keyHeads, width, depth])))
  try call.require(
    state.shape == [n, keyHeads, width, depth] && length > 0, "a state [\(n), \(keyHeads), \(width), \(depth)]",
    "\(state.shape)")
  var outputs: [Variable<S>] = []
  for t in 0..<length {
    let (key, value) = (k.slice(t..<t + 1, axis: 2), v.slice(t..<t + 1, axis: 2))
    if let decay { state = state * decay.slice(t..<t + 1, axis: 2).transpose(2, 3) }
    var update = value
    if rule.hasSuffix("delta") {
      update = value - (try product(key, state, call))
      if let rate { update = update * rate.slice(t..<t + 1, axis: 2) }
    }
    state = state + (try product(key.transpose(2, 3), update, call))
    outputs.append(try product(q.slice(t..<t + 1, axis: 2), try grouped(state, queryHeads, call), call) * scale)
  }
  let y = concatenate(outputs, axis: 2).permute([0, 2, 1, 3])
  return call.result(y.reshape(to: try call.shape([n, length, queryHeads * depth]))) + call.result(state)
}
