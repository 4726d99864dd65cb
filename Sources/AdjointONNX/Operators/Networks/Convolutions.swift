import Adjoint

// Convolutions over any number of axes; images and sequences take the tape's own.

extension OperatorTable {
  mutating func addConvolutions() {
    self["Conv"] = { call in try convolved(call) }
    self["ConvTranspose"] = { call in try spreadOut(call) }
    self["Col2Im"] = { call in try folded(call) }
    self["CausalConvWithState"] = { call in
      // y over [state, x], and the last inputs as the new state.
      let (x, w) = (try call.x(0), try call.x(1))
      try call.require(
        x.shape.rank == 3 && w.shape.rank == 3 && w.shape[0] == x.shape[1] && w.shape[1] == 1 && w.shape[2] > 0
          && x.shape[2] > 0,
        "[batch, channels, length] and [channels, 1, width]", "\(x.shape) and \(w.shape)")
      let (k, n) = (w.shape[2], x.shape[2])
      let state =
        try call.optionalX(3) ?? call.tape.constant(Tensor(repeating: 0, shape: [x.shape[0], x.shape[1], k - 1]))
      let bias = try call.optionalX(2)
      try call.require(
        state.shape == [x.shape[0], x.shape[1], k - 1] && bias?.shape ?? [x.shape[1]] == [x.shape[1]],
        "a state of \(k - 1) and a bias for each channel", "\(state.shape)")
      let all = concatenate([state, x], axis: 2)
      var y = all.channelsLast.conv1d(w, bias: bias, groups: x.shape[1]).channelsFirst
      let activation = try call.string("activation", "none")
      if activation == "silu" || activation == "swish" { y = y.silu() }
      return call.result(y) + call.result(all.slice(n..<n + k - 1, axis: 2))
    }
  }
}

private func convolved<S: Scalar>(_ call: Call<S>) throws -> [GraphValue<S>] {
  let (x, w, bias) = (try call.x(0), try call.x(1), try call.optionalX(2))
  let (dims, kernels) = (Array(x.shape), Array(w.shape))
  let groups = try call.int("group", 1)
  try call.require(
    dims.count >= 3 && kernels.count == dims.count && groups > 0 && kernels[0] % groups == 0
      && kernels[1] * groups == dims[1],
    "kernels [out, in/groups, …] that fit \(dims) in \(groups) groups", "\(kernels)")
  try call.require(bias == nil || bias?.shape == [kernels[0]], "a bias of \(kernels[0])", "another")
  let windows = try SpatialWindows(call, dims, kernel: Array(kernels.dropFirst(2)))
  try call.require(windows.kernel == Array(kernels.dropFirst(2)), "kernels of \(windows.kernel)", "\(kernels)")
  if dims.count == 3 {
    let padding = Padding.sides(left: windows.before[0], right: windows.after[0])
    return call.result(
      x.channelsLast.conv1d(
        w, bias: bias, stride: windows.strides[0], padding: padding, dilation: windows.dilations[0], groups: groups
      ).channelsFirst)
  }
  if dims.count == 4 {
    let padding = Padding.beside(
      before: Extent2D(windows.before[0], windows.before[1]), after: Extent2D(windows.after[0], windows.after[1]))
    return call.result(
      x.channelsLast.conv2d(
        w, bias: bias, stride: Extent2D(windows.strides[0], windows.strides[1]), padding: padding,
        dilation: Extent2D(windows.dilations[0], windows.dilations[1]), groups: groups
      ).channelsFirst)
  }
  let (count, size) = (windows.counts.product, windows.kernel.product)
  let (n, c, out) = (dims[0], kernels[1], kernels[0])
  // [n, groups, c, windows, places] against [groups, out, c·places].
  let columns = try call.unfolded(x, windows, filling: 0)
    .reshape(to: try call.shape([n, groups, c, count, size])).permute([0, 1, 3, 2, 4])
    .reshape(to: try call.shape([n, groups, count, c * size]))
  let rows = w.reshape(to: try call.shape([1, groups, out / groups, c * size]))
    .broadcast(to: try call.shape([n, groups, out / groups, c * size]))
  var y = try product(rows, columns.transpose(2, 3), call).reshape(to: try call.shape([n, out] + windows.counts))
  if let bias { y = y + bias.reshape(to: Shape([out] + windows.counts.map { _ in 1 })) }
  return call.result(y)
}

private func spreadOut<S: Scalar>(_ call: Call<S>) throws -> [GraphValue<S>] {
  let (x, w, bias) = (try call.x(0), try call.x(1), try call.optionalX(2))
  let (dims, kernels, groups) = (Array(x.shape), Array(w.shape), try call.int("group", 1))
  try call.require(
    dims.count >= 3 && kernels.count == dims.count && kernels[0] == dims[1] && groups > 0 && dims[1] % groups == 0,
    "kernels [in, out/groups, …] that fit \(dims) in \(groups) groups", "\(kernels)")
  let rank = dims.count - 2
  let kernel = Array(kernels.dropFirst(2))
  let steps = try call.ints("strides") ?? Array(repeating: 1, count: rank)
  let dilations = try call.ints("dilations") ?? Array(repeating: 1, count: rank)
  let extra = try call.ints("output_padding") ?? Array(repeating: 0, count: rank)
  var pads = try call.ints("pads") ?? Array(repeating: 0, count: 2 * rank)
  try call.require(
    steps.count == rank && dilations.count == rank && extra.count == rank && pads.count == 2 * rank
      && (steps + dilations).allSatisfy { $0 > 0 } && (extra + pads).allSatisfy { $0 >= 0 },
    "settings of \(rank) axes", "others")
  let automatic = try call.string("auto_pad", "NOTSET")
  let target = try call.ints("output_shape").map { Array($0.suffix(rank)) }
  try call.require(target?.count ?? rank == rank, "an output shape of \(rank) axes", "another")
  var size: [Int] = []
  for axis in 0..<rank {
    let reach: Int = (kernel[axis] - 1) * dilations[axis] + 1
    let full: Int = (dims[axis + 2] - 1) * steps[axis] + reach + extra[axis]
    let wanted = target?[axis] ?? (automatic.hasPrefix("SAME") ? dims[axis + 2] * steps[axis] : nil)
    if let wanted {
      let total = Swift.max(full - wanted, 0)
      let half = total / 2
      pads[axis] = automatic == "SAME_UPPER" ? half : total - half
      pads[axis + rank] = total - pads[axis]
      size.append(wanted)
    } else {
      if automatic == "VALID" { (pads[axis], pads[axis + rank]) = (0, 0) }
      size.append(full - pads[axis] - pads[axis + rank])
    }
  }
  try call.require(size.allSatisfy { $0 > 0 }, "results with elements", "\(size)")
  try call.require(bias?.shape ?? [kernels[1] * groups] == [kernels[1] * groups], "a bias for each channel", "another")
  _ = try call.shape([dims[0], kernels[1] * groups] + size)
  let (n, inner, out) = (dims[0], Array(dims.dropFirst(2)).product, kernels[1])
  let (part, places) = (dims[1] / groups, kernel.product)
  // Each element times its kernel, [n, groups, out·places, elements]; then every product goes to its place.
  let columns = x.reshape(to: try call.shape([n, groups, part, inner]))
  let weights = w.reshape(to: try call.shape([1, groups, part, out * places])).transpose(2, 3)
    .broadcast(to: try call.shape([n, groups, out * places, part]))
  let products = try product(weights, columns, call)
  let image = size.product
  var positions = [0]
  for (axis, own) in strides(size).enumerated() {
    // Places of the kernel come first, elements behind: both are spread out below.
    positions = positions.flatMap { place in
      (0..<kernel[axis]).flatMap { u in
        (0..<dims[axis + 2]).map { i in
          let at: Int = i * steps[axis] + u * dilations[axis] - pads[axis]
          return place < 0 || !(0..<size[axis]).contains(at) ? -1 : place + at * own
        }
      }
    }
  }
  // The order above is (u₁, i₁, u₂, i₂, …); that of the products is (u₁, u₂, …, i₁, i₂, …).
  let mixed = (0..<rank).flatMap { [kernel[$0], dims[$0 + 2]] }
  let own = strides(mixed)
  let order = (0..<rank).map { 2 * $0 } + (0..<rank).map { 2 * $0 + 1 }
  let sorted = AdjointONNX.places(order.map { mixed[$0] }, steps: order.map { own[$0] }).map { positions[$0] }
  let rows = products.reshape(to: try call.shape([n * groups * out, places * inner])).transpose()
  let index = Tensor<Int32>(shape: [sorted.count], elements: sorted.map { Int32($0 < 0 ? image : $0) })
  var y = rows.scatterAdd(call.tape.index(index), rows: image + 1).slice(0..<image, axis: 0).transpose()
    .reshape(to: try call.shape([n, groups * out] + size))
  if let bias { y = y + bias.reshape(to: Shape([groups * out] + size.map { _ in 1 })) }
  return call.result(y)
}

private func folded<S: Scalar>(_ call: Call<S>) throws -> [GraphValue<S>] {
  let (x, image, block) = (try call.x(0), try call.ints(1), try call.ints(2))
  let rank = image.count
  let steps = try call.ints("strides") ?? Array(repeating: 1, count: rank)
  let dilations = try call.ints("dilations") ?? Array(repeating: 1, count: rank)
  let pads = try call.ints("pads") ?? Array(repeating: 0, count: 2 * rank)
  try call.require(
    rank > 0 && steps.count == rank && dilations.count == rank && pads.count == 2 * rank
      && (image + block + steps + dilations).allSatisfy { $0 > 0 } && pads.allSatisfy { $0 >= 0 },
    "settings of \(rank) axes", "others")
  _ = try call.shape(image)
  _ = try call.shape(block)
  try call.require(
    x.shape.rank == 3 && block.count == rank && x.shape[1] % Swift.max(block.product, 1) == 0,
    "columns [batch, channels · places, windows]", "\(x.shape)")
  var counts: [Int] = []
  for axis in 0..<rank {
    let padded: Int = image[axis] + pads[axis] + pads[axis + rank]
    let reach: Int = (block[axis] - 1) * dilations[axis] + 1
    counts.append((padded - reach) / steps[axis] + 1)
  }
  try call.require(
    counts.allSatisfy { $0 > 0 } && counts.product == x.shape[2], "\(counts.product) windows", "\(x.shape[2])")
  let (n, c) = (x.shape[0], x.shape[1] / block.product)
  var positions: [Int] = []
  for place in AdjointONNX.coordinates(block) {
    for window in AdjointONNX.coordinates(counts) {
      var flat = 0
      for axis in 0..<rank {
        let at: Int = window[axis] * steps[axis] + place[axis] * dilations[axis] - pads[axis]
        flat = flat < 0 || !(0..<image[axis]).contains(at) ? -1 : flat * image[axis] + at
      }
      positions.append(flat < 0 ? image.product : flat)
    }
  }
  let rows = x.reshape(to: try call.shape([n * c, positions.count])).transpose()
  let index = Tensor<Int32>(shape: [positions.count], elements: positions.map { Int32($0) })
  return call.result(
    rows.scatterAdd(call.tape.index(index), rows: image.product + 1).slice(0..<image.product, axis: 0).transpose()
      .reshape(to: try call.shape([n, c] + image)))
}

/// All coordinates of an array in order.
func coordinates(_ dims: [Int]) -> [[Int]] {
  dims.reduce([[]]) { all, extent in all.flatMap { a in (0..<extent).map { a + [$0] } } }
}
