import Adjoint

// One number for each window.

extension OperatorTable {
  mutating func addPooling() {
    self["MaxPool"] = { call in
      let x = try call.x(0)
      let windows = try SpatialWindows(call, Array(x.shape))
      let dims = try call.shape([x.shape[0], x.shape[1]] + windows.counts)
      if call.node.outputs.count < 2 || call.node.outputs[1].isEmpty, let planar = windows.planar {
        return call.result(x.channelsLast.maxPool(planar).channelsFirst)
      }
      try call.require(windows.positions.allSatisfy { $0.contains { $0 >= 0 } }, "windows on the image", "others")
      let columns = try call.unfolded(x, windows, filling: -.infinity)
      let y = columns.max(axis: 3).reshape(to: dims)
      let (positions, image) = (windows.positions, windows.spatial.product)
      let isColumnMajor = try call.int("storage_order", 0) == 1
      let chosen = columns.argMax(axis: 3).indexValue.elements
      let values = chosen.enumerated().map { k, place in
        let (plane, window) = (k / positions.count, k % positions.count)
        var at = positions[window][Int(place)]
        if isColumnMajor {
          var (rest, moved, step) = (at, 0, windows.spatial.product)
          for (extent, own) in zip(windows.spatial, strides(windows.spatial)).reversed() {
            step /= extent
            moved += rest / own % extent * step
          }
          rest = moved
          at = rest
        }
        return plane * image + at
      }
      return call.result(y) + [GraphValue(WholeNumbers(values, dims: Array(dims)), origins: call.origins)]
    }
    self["AveragePool"] = { call in
      let x = try call.x(0)
      let windows = try SpatialWindows(call, Array(x.shape))
      let counts =
        try call.int("count_include_pad", 0) == 1
        ? windows.padded : windows.positions.map { $0.count { $0 >= 0 } }
      let dims = try call.shape([x.shape[0], x.shape[1]] + windows.counts)
      if let planar = windows.planar, let first = counts.first, counts.allSatisfy({ $0 == first }), first > 0 {
        return call.result(x.channelsLast.averagePool(planar, divisor: first).channelsFirst)
      }
      let sums = try call.unfolded(x, windows, filling: 0).sum(axis: 3)
      let divisors = Tensor<S>(shape: [counts.count], elements: counts.map { S(Double($0)) })
      return call.result((sums / divisors).reshape(to: dims))
    }
    self["LpPool"] = { call in
      let (x, p) = (try call.x(0), try call.float("p", 2))
      try call.require(p > 0, "an order above 0", "\(p)")
      let windows = try SpatialWindows(call, Array(x.shape))
      let columns = try call.unfolded(x, windows, filling: 0).abs().power(p)
      return call.result(
        columns.sum(axis: 3).power(1 / p).reshape(to: try call.shape([x.shape[0], x.shape[1]] + windows.counts)))
    }
    for (name, f) in [
      ("GlobalAveragePool", { $0.mean(axes: $1, keepingDimensions: true) }),
      ("GlobalMaxPool", { $0.max(axes: $1, keepingDimensions: true) }),
    ] as [(String, (Variable<S>, [Int]) -> Variable<S>)] {
      self[name] = { call in
        let x = try call.x(0)
        try call.require(x.shape.rank >= 3, "[batch, channels, …]", "\(x.shape)")
        let axes = Array(2..<x.shape.rank)
        try call.requireElements(x, axes)
        return call.result(f(x, axes))
      }
    }
    self["GlobalLpPool"] = { call in
      let (x, p) = (try call.x(0), Double(try call.int("p", 2)))
      try call.require(x.shape.rank >= 3 && p > 0, "[batch, channels, …] and an order above 0", "\(x.shape), \(p)")
      return call.result(
        x.abs().power(p).sum(axes: Array(2..<x.shape.rank), keepingDimensions: true).power(1 / p))
    }
  }
}
