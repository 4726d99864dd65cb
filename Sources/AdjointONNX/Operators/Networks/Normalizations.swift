import Adjoint

// Normalisations and the family of softmax.

extension OperatorTable {
  mutating func addNormalizations() {
    for (name, isLog) in [("Softmax", false), ("LogSoftmax", true)] {
      self[name] = { call in
        let x = try call.x(0)
        if x.shape.elementCount == 0 { return call.result(x) }
        if call.version < 13 {
          let rows = try flattened(x, call)
          return call.result((isLog ? rows.logSoftmax(axis: 1) : rows.softmax(axis: 1)).reshape(to: x.shape))
        }
        let axis = try call.axis(try call.int("axis", -1), rank: x.shape.rank)
        return call.result(isLog ? x.logSoftmax(axis: axis) : x.softmax(axis: axis))
      }
    }
    self["BatchNormalization"] = { call in try batchNormalized(call) }
    self["LayerNormalization"] = { call in
      let x = try call.x(0)
      let first = try call.axis(try call.int("axis", -1), rank: x.shape.rank)
      let axes = Array(first..<x.shape.rank)
      let mean = try call.mean(x, axes)
      let centered = x - mean
      let variance = try call.mean(centered.square(), axes)
      let inverse = (variance + (try call.float("epsilon", 1e-5))).sqrt().reciprocal()
      var y = centered * inverse
      if let scale = try call.optionalX(1) { y = y * (try call.fitting(scale, to: x)) }
      if let bias = try call.optionalX(2) { y = y + (try call.fitting(bias, to: x)) }
      return call.result(y) + call.result(mean) + call.result(inverse)
    }
    self["RMSNormalization"] = { call in
      let x = try call.x(0)
      let first = try call.axis(try call.int("axis", -1), rank: x.shape.rank)
      let square = try call.mean(x.square(), Array(first..<x.shape.rank))
      let y = x / (square + (try call.float("epsilon", 1e-5))).sqrt()
      guard let scale = try call.optionalX(1) else { return call.result(y) }
      return call.result(y * (try call.fitting(scale, to: x)))
    }
    self["InstanceNormalization"] = { call in
      let x = try call.x(0)
      try call.require(x.shape.rank >= 3, "[batch, channels, …]", "\(x.shape)")
      let y = try call.standardized(x, Array(2..<x.shape.rank))
      return call.result(y * (try call.perChannel(1, x)) + (try call.perChannel(2, x)))
    }
    self["GroupNormalization"] = { call in
      let (x, groups) = (try call.x(0), try call.int("num_groups", 1))
      let dims = Array(x.shape)
      try call.require(
        dims.count >= 2 && groups > 0 && dims[1] % groups == 0, "channels in \(groups) groups", "\(dims)")
      let parts = x.reshape(to: try call.shape([dims[0], groups, dims.dropFirst().reduce(1, *) / groups]))
      let y = try call.standardized(parts, [2])
      // The older version has a scale and a bias for each group.
      if call.version < 21 {
        let given = (try call.dims(1), try call.dims(2))
        try call.require(given == ([groups], [groups]), "a scale and a bias for each group", "\(given)")
        let (scale, bias) = (try call.x(1).reshape(to: [groups, 1]), try call.x(2).reshape(to: [groups, 1]))
        return call.result((y * scale + bias).reshape(to: x.shape))
      }
      return call.result(y.reshape(to: x.shape) * (try call.perChannel(1, x)) + (try call.perChannel(2, x)))
    }
    self["MeanVarianceNormalization"] = { call in
      let x = try call.x(0)
      let axes = try call.ints("axes") ?? [0, 2, 3]
      let normal = try axes.map { try call.axis($0, rank: x.shape.rank) }
      let mean = try call.mean(x, normal)
      let deviation = (try call.mean(x.square(), normal) - mean.square()).sqrt()
      return call.result((x - mean) / (deviation + 1e-9))
    }
    self["LpNormalization"] = { call in
      let (x, p) = (try call.x(0), try call.int("p", 2))
      let axis = try call.axis(try call.int("axis", -1), rank: x.shape.rank)
      let norm =
        p == 1
        ? x.abs().sum(axis: axis, keepingDimensions: true)
        : x.square().sum(axis: axis, keepingDimensions: true).sqrt()
      // A line of zeros stays one.
      let isZero = norm .== 0
      return call.result(x / (norm + isZero))
    }
    self["LRN"] = { call in
      let x = try call.x(0)
      let size = try call.int("size", 1)
      try call.require(x.shape.rank >= 2 && size > 0, "[batch, channels, …] and a size above 0", "\(x.shape), \(size)")
      let (alpha, beta) = (try call.float("alpha", 0.0001), try call.float("beta", 0.75))
      let bias = try call.float("bias", 1)
      let channels = x.shape[1]
      let (before, after) = ((size - 1) / 2, size - 1 - (size - 1) / 2)
      // A band matrix adds up the squares of neighbouring channels.
      let band = (0..<channels).flatMap { i in (0..<channels).map { S($0 >= i - before && $0 <= i + after ? 1 : 0) } }
      let inner = x.shape.dropFirst(2).reduce(1, *)
      let squares = x.square().reshape(to: try call.shape([x.shape[0], channels, inner]))
      let matrix = call.tape.constant(Tensor(shape: [channels, channels], elements: band))
      let sums = try product(matrix.broadcast(to: [x.shape[0], channels, channels]), squares, call)
      return call.result(x / (sums.reshape(to: x.shape) * (alpha / Double(size)) + bias).power(beta))
    }
    self["Dropout"] = { call in try dropped(call) }
  }
}

extension Call {
  fileprivate func standardized(_ x: Variable<S>, _ axes: [Int]) throws -> Variable<S> {
    let centered = x - (try mean(x, axes))
    return centered / (try mean(centered.square(), axes) + (try float("epsilon", 1e-5))).sqrt()
  }

  /// An operand with a number for each channel, as it repeats over [batch, channels, …].
  fileprivate func perChannel(_ i: Int, _ x: Variable<S>) throws -> Variable<S> {
    let numbers = try self.x(i)
    try require(numbers.shape == [x.shape[1]], "a number for each of \(x.shape[1]) channels", "\(numbers.shape)")
    return numbers.reshape(to: Shape([x.shape[1]] + Array(repeating: 1, count: x.shape.rank - 2)))
  }

  fileprivate func fitting(_ scale: Variable<S>, to x: Variable<S>) throws -> Variable<S> {
    try requireBroadcast(Array(scale.shape), to: Array(x.shape))
    return scale
  }
}

private func batchNormalized<S: Scalar>(_ call: Call<S>) throws -> [GraphValue<S>] {
  let x = try call.x(0)
  try call.require(x.shape.rank >= 2, "[batch, channels, …]", "\(x.shape)")
  let (scale, bias) = (try call.perChannel(1, x), try call.perChannel(2, x))
  let epsilon = try call.float("epsilon", 1e-5)
  let isTraining =
    try call.version >= 14 ? call.int("training_mode", 0) == 1 : call.version < 7 && call.int("is_test", 0) == 0
  guard isTraining else {
    let (mean, variance) = (try call.perChannel(3, x), try call.perChannel(4, x))
    return call.result((x - mean) / (variance + epsilon).sqrt() * scale + bias)
  }
  let axes = x.shape.indices.filter { $0 != 1 }
  let mean = try call.mean(x, axes)
  let variance = try call.mean((x - mean).square(), axes)
  let momentum = try call.float("momentum", 0.9)
  let channels = Shape([x.shape[1]])
  _ = (try call.perChannel(3, x), try call.perChannel(4, x))
  let y = (x - mean) / (variance + epsilon).sqrt() * scale + bias
  return call.result(y)
    + call.result(try call.x(3) * momentum + mean.reshape(to: channels) * (1 - momentum))
    + call.result(try call.x(4) * momentum + variance.reshape(to: channels) * (1 - momentum))
}

private func dropped<S: Scalar>(_ call: Call<S>) throws -> [GraphValue<S>] {
  let x = try call.x(0)
  let ratio = call.version < 12 ? try call.float("ratio", 0.5) : try call.number(1) ?? 0.5
  let isTraining = call.version < 12 ? call.tape.mode == .training : try call.number(2) ?? 0 != 0
  guard isTraining, ratio != 0 else {
    return call.result(x)
      + [GraphValue(WholeNumbers(Array(repeating: 1, count: x.shape.elementCount), dims: Array(x.shape)), .bool)]
  }
  try call.require((0..<1).contains(ratio), "a ratio in 0 ..< 1", "\(ratio)")
  let mask = call.tape.random(.bernoulli(probability: 1 - ratio, value: 1 / (1 - ratio)), shape: x.shape)
  let origins = call.origins.union([GraphValue<S>.chance])
  return [GraphValue(x * mask, call.type, origins: origins), GraphValue(mask .!= 0, .bool, origins: origins)]
}
