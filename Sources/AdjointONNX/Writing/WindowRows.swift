import Adjoint

/// The windows of an operation on images, as its attributes state them.
struct WindowList {
  let size: [Int]
  let stride: [Int]
  let before: [Int]
  let after: [Int]
  let dilation: [Int]

  init(_ attributes: AttributeList) {
    size = attributes.list("size")
    stride = attributes.list("stride")
    before = attributes.list("padding")
    after = attributes.optionalList("paddingAfter") ?? before
    dilation = attributes.optionalList("dilation") ?? [1, 1]
  }

  var count: Int { size[0] * size[1] }
  var isPadded: Bool { (before + after).contains { $0 > 0 } }
  /// The height and width with the padding.
  func padded(_ height: Int, _ width: Int) -> [Int] { [height + before[0] + after[0], width + before[1] + after[1]] }

  /// For each element of each window, its place among the pixels of a padded image, row by row.
  func places(grid: [Int], width: Int) -> [Int] {
    var places: [Int] = []
    for i in 0..<grid[0] {
      for j in 0..<grid[1] {
        for u in 0..<size[0] {
          for v in 0..<size[1] {
            places.append((i * stride[0] + u * dilation[0]) * width + j * stride[1] + v * dilation[1])
          }
        }
      }
    }
    return places
  }

  /// The attributes of a pooling or a convolution.
  func attributes(isPadded: Bool = true) -> [ONNXAttribute] {
    [ONNXAttribute("kernel_shape", .ints(size)), ONNXAttribute("strides", .ints(stride))]
      + (isPadded && self.isPadded ? [ONNXAttribute("pads", .ints(before + after))] : [])
      + (dilation == [1, 1] ? [] : [ONNXAttribute("dilations", .ints(dilation))])
  }
}

extension WrittenOperators {
  /// Images have the channels last here and first in ONNX. Windows themselves are gathered, which moves bits alone.
  static let windows: [String: OperatorRow] = [
    "unfold": { call in
      plain(call.reshape(windows(of: call), to: Array(call.shape), factors: call.factors))
    },
    "fold": { call in
      let windows = WindowList(call.attributes)
      let (x, y) = (call.shapes[0], call.shape)
      let extents = windows.padded(y[1], y[2])
      let places = windows.places(grid: [x[1], x[2]], width: extents[1])
      let rows = call.reshape(
        call[0], to: [x[0], places.count, y[3]], factors: [call.factors[0], 0, 0])
      let zeros = call.zeros([extents[0] * extents[1], y[0], y[3]], factors: [0, call.factors[0], 0])
      let targets = call.emit("Unsqueeze", [call.integers(places), call.integers([-1])])
      let sums = call.emit(
        "ScatterND", [zeros, targets, call.transpose(rows, [1, 0, 2])], [ONNXAttribute("reduction", .string("add"))])
      let images = call.reshape(
        call.transpose(sums, [1, 0, 2]), to: [y[0]] + extents + [y[3]], factors: [call.factors[0], 0, 0, 0])
      guard windows.isPadded else { return plain(images) }
      let ends = [windows.before[0] + y[1], windows.before[1] + y[2]]
      return plain(call.emit("Slice", [images] + [windows.before, ends, [1, 2]].map { call.integers($0) }))
    },
    "maxPool": { call in
      let windows = WindowList(call.attributes)
      var images = call.channelsFirst(0)
      // Runtimes take no padding as wide as the window.
      let isWide = zip(windows.before + windows.after, windows.size + windows.size).contains { $0 >= $1 }
      if isWide {
        let counts = [0, 0] + windows.before + [0, 0] + windows.after
        images = call.emit("Pad", [images, call.integers(counts), call.number(-.infinity)])
      }
      return WrittenValue(channelsFirst: call.emit("MaxPool", [images], windows.attributes(isPadded: !isWide)))
    },
    "averagePool": { call in
      let windows = WindowList(call.attributes)
      let divisor = call.attributes.optionalInt("divisor")
      let isWide = zip(windows.before + windows.after, windows.size + windows.size).contains { $0 >= $1 }
      if divisor == nil, windows.dilation == [1, 1], !isWide, call.element == .float {
        let attributes = windows.attributes() + [ONNXAttribute("count_include_pad", .int(1))]
        return WrittenValue(channelsFirst: call.emit("AveragePool", [call.channelsFirst(0)], attributes))
      }
      let y = call.shape
      let groups = call.reshape(
        WrittenOperators.windows(of: call), to: [y[0], y[1] * y[2], windows.count, y[3]],
        factors: [call.factors[0], 0, 0, 0])
      let sums = call.emit(
        "ReduceSum", [groups, call.integers([2])], [ONNXAttribute("keepdims", .int(0))])
      let means = call.emit("Div", [sums, call.number(Double(divisor ?? windows.count))])
      return plain(call.reshape(means, to: Array(y), factors: call.factors))
    },
  ]

  /// The pixels of all windows, one after the other: [batch, windows · places, channels].
  private static func windows(of call: OperatorCall) -> String {
    let windows = WindowList(call.attributes)
    let (x, y) = (call.shapes[0], call.shape)
    let extents = windows.padded(x[1], x[2])
    var images = call[0]
    if windows.isPadded {
      let counts = [0] + windows.before + [0, 0] + windows.after + [0]
      images = call.emit("Pad", [images, call.integers(counts), call.number(0)])
    }
    let pixels = call.reshape(
      images, to: [x[0], extents[0] * extents[1], x[3]], factors: [call.factors[0], 0, 0])
    let places = call.integers(windows.places(grid: [y[1], y[2]], width: extents[1]))
    return call.emit("Gather", [pixels, places], [ONNXAttribute("axis", .int(1))])
  }
}
