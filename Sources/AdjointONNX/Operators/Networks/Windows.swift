import Adjoint

/// The windows of an operator over the spatial axes of [batch, channels, …], as its attributes state them.
struct SpatialWindows {
  var kernel: [Int]
  var strides: [Int]
  var dilations: [Int]
  var before: [Int]
  var after: [Int]
  /// The number of windows along each axis.
  var counts: [Int]
  var spatial: [Int]

  init<S: Scalar>(_ call: Call<S>, _ dims: [Int], kernel given: [Int]? = nil) throws {
    try call.require(dims.count >= 3, "[batch, channels, …]", "\(dims)")
    spatial = Array(dims.dropFirst(2))
    let rank = spatial.count
    let kernel = try call.ints("kernel_shape") ?? given ?? []
    strides = try call.ints("strides") ?? Array(repeating: 1, count: rank)
    dilations = try call.ints("dilations") ?? Array(repeating: 1, count: rank)
    let pads = try call.ints("pads") ?? Array(repeating: 0, count: 2 * rank)
    try call.require(
      kernel.count == rank && strides.count == rank && dilations.count == rank && pads.count == 2 * rank
        && (kernel + strides + dilations).allSatisfy { (1...Int(Int32.max)).contains($0) }
        && pads.allSatisfy { (0...Int(Int32.max)).contains($0) },
      "windows over \(rank) axes", "kernel \(kernel), strides \(strides), dilations \(dilations), pads \(pads)")
    self.kernel = kernel
    (before, after, counts) = (Array(pads[..<rank]), Array(pads[rank...]), [])
    try call.require(
      zip(before, after).enumerated().allSatisfy { axis, pad in
        let reach = (kernel[axis] - 1) * dilations[axis] + 1
        return spatial[axis] > 0 && pad.0 < reach && pad.1 < reach
      }, "images with elements, and less padding than a window has", "\(spatial) and pads \(pads)")
    let automatic = try call.string("auto_pad", "NOTSET")
    let isCeiling = try call.int("ceil_mode", 0) == 1
    for axis in 0..<rank {
      let reach = (kernel[axis] - 1) * dilations[axis] + 1
      let (n, stride) = (spatial[axis], strides[axis])
      switch automatic {
      case "NOTSET": break
      case "VALID": (before[axis], after[axis]) = (0, 0)
      case "SAME_UPPER", "SAME_LOWER":
        let total = Swift.max(((n + stride - 1) / stride - 1) * stride + reach - n, 0)
        let half = total / 2
        (before[axis], after[axis]) = automatic == "SAME_UPPER" ? (half, total - half) : (total - half, half)
      default: throw call.unsupported("auto_pad '\(automatic)'")
      }
      let free = n + before[axis] + after[axis] - reach
      try call.require(free >= 0, "a window that fits into \(spatial)", "one of \(kernel)")
      var count = free / stride + 1
      // A last window that is cut off counts unless it begins in the padding behind.
      if isCeiling, automatic == "NOTSET", free % stride != 0, count * stride < n + before[axis] { count += 1 }
      counts.append(count)
    }
    _ = try call.shape([dims[0], dims[1]] + counts)
    let places = Swift.max(counts.reduce(1, { $0.multipliedReportingOverflow(by: $1).partialValue }), 1)
    let size = kernel.reduce(1.0) { $0 * Double($1) }
    try call.require(Double(places) * size < 0x1p31, "fewer than 2³¹ elements of windows", "\(kernel) on \(spatial)")
  }

  /// The padding behind that lets exactly the counted windows fit.
  var fittingAfter: [Int] {
    spatial.indices.map { axis in
      let reach = (kernel[axis] - 1) * dilations[axis] + 1
      return Swift.max((counts[axis] - 1) * strides[axis] + reach - spatial[axis] - before[axis], 0)
    }
  }

  /// For each window and each place in it, the flat position in an image, or −1 outside.
  var positions: [[Int]] {
    var windows = [[0]]
    for (axis, own) in AdjointONNX.strides(spatial).enumerated() {
      windows = windows.flatMap { outer in
        (0..<counts[axis]).map { i in
          outer.flatMap { place in
            (0..<kernel[axis]).map { u in
              let at = i * strides[axis] + u * dilations[axis] - before[axis]
              return place < 0 || !(0..<spatial[axis]).contains(at) ? -1 : place + at * own
            }
          }
        }
      }
    }
    return windows
  }

  /// For each window, the number of its places that lie on the image or on the stated padding.
  var padded: [Int] {
    var all = [1]
    for axis in spatial.indices {
      let each = (0..<counts[axis]).map { i in
        (0..<kernel[axis]).count {
          let at = i * strides[axis] + $0 * dilations[axis]
          return at < spatial[axis] + before[axis] + after[axis]
        }
      }
      all = all.flatMap { a in each.map { a * $0 } }
    }
    return all
  }

  /// The windows of two axes as those of a tape.
  var planar: Windows? {
    guard spatial.count == 2 else { return nil }
    func pair(_ list: [Int]) -> Extent2D { Extent2D(list[0], list[1]) }
    return Windows(
      pair(kernel), stride: pair(strides), padding: pair(before), paddingAfter: pair(fittingAfter),
      dilation: pair(dilations))
  }
}

extension Call {
  /// Every window of [batch, channels, …] as [batch, channels, windows, places], with a number outside of the image.
  func unfolded(_ x: Variable<S>, _ windows: SpatialWindows, filling: Double) throws -> Variable<S> {
    let (n, c) = (x.shape[0], x.shape[1])
    let image = windows.spatial.product
    let positions = windows.positions
    let (count, size) = (positions.count, windows.kernel.product)
    // Along the flattened image, one gather for all images and channels.
    var rows = x.reshape(to: try shape([n * c, image])).transpose()
    rows = concatenate([rows, tape.constant(Tensor(repeating: S(filling), shape: [1, n * c]))], axis: 0)
    let flat = positions.flatMap { $0 }.map { Int32($0 < 0 ? image : $0) }
    let y = rows.gather(tape.index(Tensor<Int32>(shape: [flat.count], elements: flat)))
    return y.transpose().reshape(to: try shape([n, c, count, size]))
  }
}

extension Variable {
  /// Channels last, as a tape has them.
  var channelsLast: Variable {
    shape.rank == 3 ? permute([0, 2, 1]) : permute([0] + Array(2..<shape.rank) + [1])
  }

  /// Channels behind the batch, as ONNX has them.
  var channelsFirst: Variable { permute([0, shape.rank - 1] + Array(1..<shape.rank - 1)) }
}
