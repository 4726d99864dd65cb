import Adjoint

// Gradients within a graph, and the updates of optimisers.

extension OperatorTable {
  mutating func addTraining() {
    self["ai.onnx.preview.training/Gradient"] = { call in
      let (xs, name) = (try call.strings("xs") ?? [], try call.string("y", ""))
      guard let y = call.scope[name] else { throw call.error("the value '\(name.prefix(40))'", "none") }
      let inputs = try xs.indices.map { try call.x($0) }
      let output = try call.numbers(y)
      try call.require(
        (inputs + [output]).allSatisfy { !$0.holdsIndices } && output.shape.elementCount == 1,
        "numbers, and a single one to differentiate", "\(output.shape)\(output.holdsIndices ? ", positions" : "")")
      return gradients(of: output, withRespectTo: inputs).map {
        GraphValue($0, call.type, origins: call.origins)
      }
    }
    self["ai.onnx.preview.training/Momentum"] = { call in
      let (rate, count) = (try call.x(0), try call.number(1) ?? 0)
      let (alpha, norm) = (try call.float("alpha", 0), try call.float("norm_coefficient", 0))
      let beta = count > 0 ? try call.float("beta", 1) : 1
      let isNesterov = try call.string("mode", "standard") == "nesterov"
      return try updates(call, states: 1) { x, g, states in
        let gradient = x * norm + g
        let v = states[0] * alpha + gradient * beta
        return [x - rate * (isNesterov ? gradient + v * alpha : v), v]
      }
    }
    self["ai.onnx.preview.training/Adagrad"] = { call in
      let (rate, count) = (try call.x(0), try call.number(1) ?? 0)
      let norm = try call.float("norm_coefficient", 0)
      let (decay, epsilon) = (try call.float("decay_factor", 0), try call.float("epsilon", 1e-6))
      return try updates(call, states: 1) { x, g, states in
        let gradient = x * norm + g
        let h = states[0] + gradient.square()
        return [x - rate / (1 + count * decay) * gradient / (h.sqrt() + epsilon), h]
      }
    }
    self["ai.onnx.preview.training/Adam"] = { call in
      let (rate, count) = (try call.x(0), try call.number(1) ?? 0)
      let (alpha, beta) = (try call.float("alpha", 0.9), try call.float("beta", 0.999))
      let (norm, post) = (try call.float("norm_coefficient", 0), try call.float("norm_coefficient_post", 0))
      let epsilon = try call.float("epsilon", 1e-6)
      var (first, second) = (1.0, 1.0)
      for _ in 0..<Int(clamping: Swift.min(count, 1e6)) { (first, second) = (first * alpha, second * beta) }
      let factor = count > 0 ? (1 - second).squareRoot() / (1 - first) : 1
      return try updates(call, states: 2) { x, g, states in
        let gradient = x * norm + g
        let v = states[0] * alpha + gradient * (1 - alpha)
        let h = states[1] * beta + gradient.square() * (1 - beta)
        return [(x - rate * factor * v / (h.sqrt() + epsilon)) * (1 - post), v, h]
      }
    }
  }
}

/// The update of each optimised tensor; operands and results stand in groups: tensors, gradients, states.
private func updates<S: Scalar>(
  _ call: Call<S>, states: Int,
  _ rule: (Variable<S>, Variable<S>, [Variable<S>]) -> [Variable<S>]
) throws -> [GraphValue<S>] {
  let groups = 2 + states
  let count = (call.operands.count - 2) / groups
  try call.require(count > 0 && call.operands.count == 2 + count * groups, "\(groups) groups of tensors", "others")
  let rate = try call.x(0)
  try call.require(rate.shape.elementCount == 1, "one rate", "several")
  let type = try call.value(2).type
  var results = [[GraphValue<S>]](repeating: [], count: 1 + states)
  for k in 0..<count {
    let x = try (0..<groups).map { try call.x(2 + $0 * count + k) }
    try call.require(x.allSatisfy { $0.shape == x[0].shape }, "tensors of one shape", "others")
    for (place, y) in rule(x[0], x[1], Array(x[2...])).enumerated() {
      results[place].append(GraphValue(y, type, origins: call.origins))
    }
  }
  return results.flatMap { $0 }
}
