import Adjoint
import AdjointLearning

/// Functions of images and sequences. Those of PyTorch have the channels behind the batch, or in front without one.
extension OpInfoTable {
  /// A function of images, or of sequences, with the channels last.
  private static func channelsLast(_ x: Value, places: Int, _ f: (Value) -> Value) throws -> Value {
    let isOne = x.shape.rank == places + 1
    guard isOne || x.shape.rank == places + 2 else { throw OpInfoCall.LeftOut("volumes") }
    let y = f((isOne ? x.unsqueeze(axis: 0) : x).moveAxis(from: 1, to: -1)).moveAxis(from: -1, to: 1)
    return isOne ? y.squeeze(axis: 0) : y
  }

  /// The largest elements of windows, and the places in the image from which they come where these are asked for.
  ///
  /// A window's place is the tangent of its largest element when each element's tangent is its own place.
  private static func largest(
    _ call: OpInfoCall, places: Int, givesPlaces: Bool, _ f: (Value) -> Value
  ) throws -> [Value] {
    let x = try call.x
    let y = try channelsLast(x, places: places, f)
    guard givesPlaces else { return [y] }
    let image = Shape(x.shape.suffix(places))
    let numbers = Tensor(shape: image, elements: (0..<image.elementCount).map { Double($0) })
    let weights = call.composed().tape.input(Tensor<Double>.zeros(y.shape))
    let slope = gradients(of: (y * weights).sum(), withRespectTo: [x])[0]
    return [y, gradients(of: (slope * call.tape.constant(numbers)).sum(), withRespectTo: [weights])[0]]
  }

  static var windows: [OpInfoEntry] { convolutions + pools + resizings }

  private static var convolutions: [OpInfoEntry] {
    func padding(_ call: OpInfoCall, places: Int) throws -> Padding {
      switch call.word(4, "padding", "") {
      case "same": return .same
      case "valid": return .valid
      case _:
        let extent = try call.extent(4, "padding", 0)
        return .around(places == 1 ? Extent2D(0, extent.width) : extent)
      }
    }
    return [
      own("nn.functional.conv1d") { call in
        let (weight, bias) = (try call.tensor(1, "weight"), try call.optionalTensor(2, "bias"))
        let (stride, dilation) = (try call.extent(3, "stride", 1).width, try call.extent(5, "dilation", 1).width)
        let (padding, groups) = (try padding(call, places: 1), try call.int(6, "groups", 1))
        return try channelsLast(call.x, places: 1) {
          $0.conv1d(weight, bias: bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
        }
      },
      own("nn.functional.conv2d") { call in
        let (weight, bias) = (try call.tensor(1, "weight"), try call.optionalTensor(2, "bias"))
        let (stride, dilation) = (try call.extent(3, "stride", 1), try call.extent(5, "dilation", 1))
        let (padding, groups) = (try padding(call, places: 2), try call.int(6, "groups", 1))
        return try channelsLast(call.x, places: 2) {
          $0.conv2d(weight, bias: bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
        }
      },
      own("nn.functional.conv_transpose1d") { call in
        let (weight, bias) = (try call.tensor(1, "weight"), try call.optionalTensor(2, "bias"))
        let (stride, padding) = (try call.extent(3, "stride", 1).width, try call.extent(4, "padding", 0).width)
        let (more, groups) = (try call.extent(5, "output_padding", 0).width, try call.int(6, "groups", 1))
        let dilation = try call.extent(7, "dilation", 1).width
        return try channelsLast(call.x, places: 1) {
          $0.convTranspose1d(
            weight, bias: bias, stride: stride, padding: padding, outputPadding: more, dilation: dilation,
            groups: groups)
        }
      },
      own("nn.functional.conv_transpose2d") { call in
        let (weight, bias) = (try call.tensor(1, "weight"), try call.optionalTensor(2, "bias"))
        let (stride, padding) = (try call.extent(3, "stride", 1), try call.extent(4, "padding", 0))
        let (more, groups) = (try call.extent(5, "output_padding", 0), try call.int(6, "groups", 1))
        let dilation = try call.extent(7, "dilation", 1)
        return try channelsLast(call.x, places: 2) {
          $0.convTranspose2d(
            weight, bias: bias, stride: stride, padding: padding, outputPadding: more, dilation: dilation,
            groups: groups)
        }
      },
    ]
  }

  private static var pools: [OpInfoEntry] {
    func most(_ name: String, _ call: @escaping (OpInfoCall) throws -> [Value]) -> OpInfoEntry {
      OpInfoEntry(name: "nn.functional." + name, isOwn: true, call: call)
    }
    func maxPool(_ name: String, places: Int) -> OpInfoEntry {
      most(name) { call in
        let (size, stride) = (try call.extent(1, "kernel_size"), call.optionalExtent(2, "stride"))
        let (padding, dilation) = (try call.extent(3, "padding", 0), try call.extent(4, "dilation", 1))
        let (rounds, gives) = (call.flag(5, "ceil_mode"), call.flag(6, "return_indices"))
        return try largest(call, places: places, givesPlaces: gives) {
          places == 1
            ? $0.maxPool1d(
              size.width, stride: stride?.width, padding: padding.width, dilation: dilation.width, ceilMode: rounds)
            : $0.maxPool(size, stride: stride, padding: padding, dilation: dilation, ceilMode: rounds)
        }
      }
    }
    func averagePool(_ name: String, places: Int) -> OpInfoEntry {
      own("nn.functional." + name) { call in
        let (size, stride) = (try call.extent(1, "kernel_size"), call.optionalExtent(2, "stride"))
        let (padding, rounds) = (try call.extent(3, "padding", 0), call.flag(4, "ceil_mode"))
        let (counts, divisor) = (call.flag(5, "count_include_pad", true), try call.optionalInt(6, "divisor_override"))
        if let divisor, divisor < 1 { throw OpInfoCall.LeftOut("a divisor below 1") }
        return try channelsLast(call.x, places: places) {
          places == 1
            ? $0.averagePool1d(
              size.width, stride: stride?.width, padding: padding.width, ceilMode: rounds, countIncludePad: counts,
              divisorOverride: divisor)
            : $0.averagePool(
              size, stride: stride, padding: padding, ceilMode: rounds, countIncludePad: counts,
              divisorOverride: divisor)
        }
      }
    }
    /// The size asked for, where None keeps an extent.
    func size(_ call: OpInfoCall, places: Int) throws -> Extent2D {
      let (image, asked) = (Array(try call.x.shape.suffix(places)), call.raw(1, "output_size") ?? [])
      let extents = image.indices.map { (asked.count == 1 ? asked[0] : asked[$0]).integer ?? image[$0] }
      return Extent2D(extents[0], extents[places - 1])
    }
    func adaptiveMaxPool(_ name: String, places: Int) -> OpInfoEntry {
      most(name) { call in
        let (size, gives) = (try size(call, places: places), call.flag(2, "return_indices"))
        return try largest(call, places: places, givesPlaces: gives) {
          places == 1 ? $0.adaptiveMaxPool1d(to: size.width) : $0.adaptiveMaxPool(to: size)
        }
      }
    }
    func adaptiveAveragePool(_ name: String, places: Int) -> OpInfoEntry {
      own("nn.functional." + name) { call in
        let size = try size(call, places: places)
        return try channelsLast(call.x, places: places) {
          places == 1 ? $0.adaptiveAveragePool1d(to: size.width) : $0.adaptiveAveragePool(to: size)
        }
      }
    }
    return [
      maxPool("max_pool1d", places: 1), maxPool("max_pool2d", places: 2), averagePool("avg_pool1d", places: 1),
      averagePool("avg_pool2d", places: 2), adaptiveMaxPool("adaptive_max_pool1d", places: 1),
      adaptiveMaxPool("adaptive_max_pool2d", places: 2), adaptiveAveragePool("adaptive_avg_pool1d", places: 1),
      adaptiveAveragePool("adaptive_avg_pool2d", places: 2),
    ]
  }

  private static var resizings: [OpInfoEntry] {
    func resizing(_ name: String, _ mode: Interpolation, alignCorners usual: Bool = false) -> OpInfoEntry {
      own("nn.functional." + name) { call in
        let x = try call.x
        _ = call.word(3, "mode", "")
        let (aligns, recomputes) = (call.flag(4, "align_corners", usual), call.flag(5, "recompute_scale_factor"))
        let size = call.optionalExtent(1, "size")
        let scale = size == nil ? try call.number(2, "scale_factor", 1) : 1
        func scaled(_ axis: Int) -> Int { Int(Double(x.shape[axis]) * scale) }
        let places = x.shape.rank - 2
        return try channelsLast(x, places: min(places, 2)) { x in
          switch (places, size ?? (recomputes ? Extent2D(scaled(2), scaled(places + 1)) : nil)) {
          case (1, let size?): x.resize1d(to: size.width, mode: mode, alignCorners: aligns)
          case (1, nil): x.resize1d(scale: scale, mode: mode, alignCorners: aligns)
          case (_, let size?): x.resize(to: size, mode: mode, alignCorners: aligns)
          case (_, nil): x.resize(scale: scale, mode: mode, alignCorners: aligns)
          }
        }
      }
    }
    return [
      resizing("interpolate nearest", .nearest), resizing("interpolate linear", .bilinear),
      resizing("interpolate bilinear", .bilinear), resizing("upsample_nearest", .nearest),
      resizing("upsample_bilinear", .bilinear, alignCorners: true),
    ]
  }
}
