import Adjoint

// LSTM, GRU and RNN over a sequence, step by step, in one or both directions.

extension OperatorTable {
  mutating func addRecurrent() {
    self["LSTM"] = { call in try recurrent(call, gates: 4, activations: ["Sigmoid", "Tanh", "Tanh"]) }
    self["GRU"] = { call in try recurrent(call, gates: 3, activations: ["Sigmoid", "Tanh"]) }
    self["RNN"] = { call in try recurrent(call, gates: 1, activations: ["Tanh"]) }
  }
}

private func recurrent<S: Scalar>(
  _ call: Call<S>, gates: Int, activations usual: [String]
) throws -> [GraphValue<S>] {
  let isBatchFirst = try call.int("layout", 0) == 1
  var x = try call.x(0)
  try call.require(x.shape.rank == 3, "sequences [time, batch, features]", "\(x.shape)")
  if isBatchFirst { x = x.transpose(0, 1) }
  let (w, r) = (try call.x(1), try call.x(2))
  let direction = try call.string("direction", "forward")
  let count = direction == "bidirectional" ? 2 : 1
  let hidden = try call.int("hidden_size", r.shape.last ?? 0)
  let (time, batch) = (x.shape[0], x.shape[1])
  try call.require(hidden > 0, "a size of the state above 0", "\(hidden)")
  try call.require(
    Array(w.shape) == [count, gates * hidden, x.shape[2]] && Array(r.shape) == [count, gates * hidden, hidden],
    "weights [\(count), \(gates) · \(hidden), …] that fit \(x.shape)", "\(w.shape) and \(r.shape)")
  let bias = try call.optionalX(3)
  try call.require(
    bias == nil || bias?.shape == [count, 2 * gates * hidden], "a bias [\(count), \(2 * gates * hidden)]", "another")
  let peepholes = gates == 4 ? try call.optionalX(7) : nil
  try call.require(
    peepholes == nil || peepholes?.shape == [count, 3 * hidden], "peepholes [\(count), \(3 * hidden)]", "others")
  let lengths = try call.optionalInts(4)
  try call.require(
    lengths?.count ?? batch == batch && lengths?.allSatisfy { (0...time).contains($0) } ?? true,
    "a length of at most \(time) for each of \(batch) sequences", "\(lengths ?? [])")
  let zeros = call.tape.constant(Tensor(repeating: 0, shape: try call.shape([batch, hidden])))
  func state(_ i: Int, _ d: Int) throws -> Variable<S> {
    guard var all = try call.optionalX(i) else { return zeros }
    try call.require(all.shape.rank == 3, "a state of rank 3", "\(all.shape)")
    if isBatchFirst { all = all.transpose(0, 1) }
    try call.require(all.shape == [count, batch, hidden], "a state [\(count), \(batch), \(hidden)]", "\(all.shape)")
    return all[d, axis: 0]
  }
  let names = try call.strings("activations") ?? Array(repeating: usual, count: count).flatMap { $0 }
  try call.require(names.count == count * usual.count, "\(count * usual.count) activations", "\(names.count)")
  var (all, lastH, lastC): ([Variable<S>], [Variable<S>], [Variable<S>]) = ([], [], [])
  for d in 0..<count {
    let isReversed = direction == "reverse" || d == 1
    let cell = RecurrentCell(
      call: call, hidden: hidden, r: r[d, axis: 0], bias: bias.map { $0[d, axis: 0] },
      peephole: peepholes.map { $0[d, axis: 0] },
      activations: try (0..<usual.count).map {
        try activation(names[d * usual.count + $0], at: d * usual.count + $0, call)
      }, isLinearBeforeReset: try call.int("linear_before_reset", 0) != 0)
    let projected = x.reshape(to: [time * batch, x.shape[2]]).matmul(w[d, axis: 0], transposeB: true)
      .reshape(to: [time, batch, gates * hidden])
    var (h, c) = (try state(5, d), gates == 4 ? try state(6, d) : zeros)
    var outputs = [Variable<S>?](repeating: nil, count: time)
    for step in 0..<time {
      let t = isReversed ? time - 1 - step : step
      var (nextH, nextC) = try cell.step(projected[t, axis: 0], h, c, gates)
      var y = nextH
      if let lengths, lengths.contains(where: { $0 <= t }) {
        let running = call.tape.constant(
          Tensor<S>(shape: [batch, 1], elements: lengths.map { t < $0 ? 1 : 0 })
        ).broadcast(to: zeros.shape)
        nextH = `where`(running, nextH, h)
        nextC = `where`(running, nextC, c)
        y = `where`(running, y, zeros)
      }
      (h, c, outputs[t]) = (nextH, nextC, y)
    }
    all.append(
      outputs.isEmpty
        ? call.tape.constant(Tensor(repeating: 0, shape: [0, batch, hidden]))
        : stack(outputs.compactMap { $0 }, axis: 0))
    lastH.append(h)
    lastC.append(c)
  }
  // [time, directions, batch, hidden]; with the batch first, [batch, time, directions, hidden].
  var y = stack(all, axis: 1)
  var (h, c) = (stack(lastH, axis: 0), stack(lastC, axis: 0))
  if isBatchFirst { (y, h, c) = (y.permute([2, 0, 1, 3]), h.transpose(0, 1), c.transpose(0, 1)) }
  return call.result(y) + call.result(h) + (gates == 4 ? call.result(c) : [])
}

/// One step of a recurrent cell in one direction.
private struct RecurrentCell<S: Scalar> {
  let call: Call<S>
  let hidden: Int
  let r: Variable<S>
  let bias: Variable<S>?
  let peephole: Variable<S>?
  let activations: [(Variable<S>) -> Variable<S>]
  let isLinearBeforeReset: Bool

  private func part(_ x: Variable<S>, _ i: Int) -> Variable<S> {
    x.slice(i * hidden..<(i + 1) * hidden, axis: x.shape.rank - 1)
  }

  private func bounded(_ x: Variable<S>) throws -> Variable<S> {
    guard let bound = try call.float("clip"), bound > 0 else { return x }
    return x.clamp(-bound, bound)
  }

  func step(
    _ z: Variable<S>, _ h: Variable<S>, _ c: Variable<S>, _ gates: Int
  ) throws -> (Variable<S>, Variable<S>) {
    let n = gates * hidden
    let (wb, rb) = (bias?.slice(0..<n), bias?.slice(n..<2 * n))
    let own = wb.map { z + $0 } ?? z
    var recurrent = h.matmul(r, transposeB: true)
    if let rb { recurrent = recurrent + rb }
    switch gates {
    case 1:
      return (activations[0](try bounded(own + recurrent)), c)
    case 3:
      let update = activations[0](try bounded(part(own, 0) + part(recurrent, 0)))
      let reset = activations[0](try bounded(part(own, 1) + part(recurrent, 1)))
      let inner: Variable<S>
      if isLinearBeforeReset {
        inner = part(own, 2) + reset * part(recurrent, 2)
      } else {
        var product = (reset * h).matmul(r.slice(2 * hidden..<n), transposeB: true)
        if let rb { product = product + part(rb, 2) }
        inner = part(own, 2) + product
      }
      let new = activations[1](try bounded(inner))
      return ((1 - update) * new + update * h, c)
    default:
      // Gates stand in the order input, output, forget, cell; peepholes in the order input, output, forget.
      let all = own + recurrent
      var (i, o, f) = (part(all, 0), part(all, 1), part(all, 2))
      if let peephole {
        i = i + part(peephole, 0) * c
        f = f + part(peephole, 2) * c
      }
      let input = activations[0](try bounded(i))
      let isCoupled = try call.int("input_forget", 0) != 0
      let forget = isCoupled ? 1 - input : activations[0](try bounded(f))
      let cell = forget * c + input * activations[1](try bounded(part(all, 3)))
      if let peephole { o = o + part(peephole, 1) * cell }
      return (activations[0](try bounded(o)) * activations[2](cell), cell)
    }
  }
}

private func activation<S: Scalar>(
  _ name: String, at i: Int, _ call: Call<S>
) throws -> (Variable<S>) -> Variable<S> {
  func setting(_ key: String, _ usual: Double) throws -> Double {
    guard let all = try call.floats(key), i < all.count else { return usual }
    return all[i]
  }
  switch name.lowercased() {
  case "sigmoid": return { $0.sigmoid() }
  case "tanh": return { $0.tanh() }
  case "relu": return { $0.relu() }
  case "softsign": return { $0.softsign() }
  case "softplus": return { $0.softplus() }
  case "affine":
    let (a, b) = (try setting("activation_alpha", 1), try setting("activation_beta", 0))
    return { $0 * a + b }
  case "leakyrelu":
    let a = try setting("activation_alpha", 0.01)
    return { $0.leakyRelu(slope: a) }
  case "elu":
    let a = try setting("activation_alpha", 1)
    return { $0.elu(alpha: a) }
  case "hardsigmoid":
    let (a, b) = (try setting("activation_alpha", 0.2), try setting("activation_beta", 0.5))
    return { ($0 * a + b).clamp(0, 1) }
  case "scaledtanh":
    let (a, b) = (try setting("activation_alpha", 1), try setting("activation_beta", 1))
    return { ($0 * b).tanh() * a }
  case "thresholdedrelu":
    let a = try setting("activation_alpha", 1)
    return { $0.masked(by: $0 .>= a) }
  default: throw call.unsupported("the activation '\(name.prefix(40))'")
  }
}
