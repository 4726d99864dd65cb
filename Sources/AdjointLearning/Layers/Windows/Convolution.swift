import Adjoint

/// A convolution of images [batch, height, width, channels], z[n, i, j, o] = b[o] + Σ w[o, c, u, v] · x[n, i·s + u·d − p,
/// j·t + v·e − q, c]: the weight is [out, in/groups, height, width], the bias [out]; see `Variable.conv2d`.
public struct Conv2D<S: Scalar>: LibraryLayer {
  /// The weight, [out, in/groups, height, width].
  public private(set) var weight: Parameter<S>
  /// The bias, [out]; `nil` in a layer without one.
  public private(set) var bias: Parameter<S>?
  package let stride: Extent2D
  package let padding: Padding
  package let dilation: Extent2D
  package let groups: Int
  package let name: String?

  /// A convolution with new parameters.
  /// - Parameters:
  ///   - inputs: channels of the images.
  ///   - outputs: how many kernels: channels of the result.
  ///   - size: height and width of a kernel.
  ///   - groups: parts into which channels and kernels are cut; as many as channels make it depthwise.
  ///   - hasBias: true when there is a bias; it begins at 0.
  ///   - name: the prefix of the parameters' names, `name/weight` and `name/bias`; numbered by first use when left out.
  public init(
    _ inputs: Int, _ outputs: Int, size: Extent2D, stride: Extent2D = 1, padding: Extent2D = 0,
    dilation: Extent2D = 1, groups: Int = 1, bias hasBias: Bool = true, name: String? = nil,
    initializer: Initializer = .heNormal, using generator: inout Generator, file: StaticString = #fileID,
    line: UInt = #line
  ) {
    self.init(
      inputs, outputs, size: size, stride: stride, padding: .around(padding), dilation: dilation, groups: groups,
      bias: hasBias, name: name, initializer: initializer, using: &generator, file: file, line: line)
  }

  /// A convolution whose zeros a rule puts around the images, such as `.same`; otherwise as above.
  public init(
    _ inputs: Int, _ outputs: Int, size: Extent2D, stride: Extent2D = 1, padding: Padding, dilation: Extent2D = 1,
    groups: Int = 1, bias hasBias: Bool = true, name: String? = nil, initializer: Initializer = .heNormal,
    using generator: inout Generator, file: StaticString = #fileID, line: UInt = #line
  ) {
    let site = CallSite(file, line)
    checkGroups("Conv2D", inputs, outputs, groups, at: site)
    checkWindow("Conv2D", size, stride, padding, dilation, at: site)
    let places = size.height * size.width
    let values: Tensor<S> = initializer.tensor(
      [outputs, inputs / groups, size.height, size.width], fanIn: inputs / groups * places,
      fanOut: outputs / groups * places, using: &generator, file: file, line: line)
    weight = Parameter(values, name: name.map { $0 + "/weight" })
    bias = hasBias ? Parameter(.zeros([outputs]), name: name.map { $0 + "/bias" }) : nil
    (self.stride, self.padding, self.dilation) = (stride, padding, dilation)
    (self.groups, self.name) = (groups, name)
  }

  /// A depthwise convolution: `multiplier` kernels for each channel, which see that channel alone.
  public static func depthwise(
    _ channels: Int, multiplier: Int = 1, size: Extent2D, stride: Extent2D = 1, padding: Padding = .valid,
    dilation: Extent2D = 1, bias hasBias: Bool = true, name: String? = nil, initializer: Initializer = .heNormal,
    using generator: inout Generator, file: StaticString = #fileID, line: UInt = #line
  ) -> Conv2D {
    Conv2D(
      channels, channels * multiplier, size: size, stride: stride, padding: padding, dilation: dilation,
      groups: channels, bias: hasBias, name: name, initializer: initializer, using: &generator, file: file, line: line)
  }

  /// A layer around parameters that exist, so that two layers may share them.
  package init(weight: Parameter<S>, bias: Parameter<S>?, stride: Extent2D = 1, padding: Extent2D = 0) {
    checkWindow("Conv2D", 1, stride, .around(padding), at: CallSite())
    (self.weight, self.bias, self.stride, self.padding) = (weight, bias, stride, .around(padding))
    (dilation, groups, name) = (1, 1, nil)
  }

  public func callAsFunction(_ x: Variable<S>) -> Variable<S> {
    let kernels = weight.shape
    let fits = x.shape.rank == 4 && x.shape[3] == kernels[1] * groups
    require(fits, x, takes: "images [batch, height, width, \(kernels[1] * groups)]")
    let size = Extent2D(kernels[2], kernels[3])
    let reach = Extent2D((size.height - 1) * dilation.height + 1, (size.width - 1) * dilation.width + 1)
    if let (before, after) = padding.margins {
      let room = (x.shape[1] + before.height + after.height, x.shape[2] + before.width + after.width)
      require(
        room.0 >= reach.height && room.1 >= reach.width, x, takes: "images of at least \(reach), padding included")
    }
    return x.tape.scoped(name ?? "conv2d") {
      x.conv2d(
        x.tape.parameter(weight), bias: bias.map { x.tape.parameter($0) }, stride: stride, padding: padding,
        dilation: dilation, groups: groups)
    }
  }

  package mutating func detach() { (weight, bias) = (weight.copy(), bias?.copy()) }

  public var description: String {
    let kernels = "\(weight.shape[0]) kernels \(weight.shape[2]) × \(weight.shape[3])"
    return title("Conv2D", name) + "\(weight.shape[1] * groups) → \(weight.shape[0]) channels, \(kernels), "
      + "stride \(stride), padding \(padding), " + (dilation == 1 ? "" : "dilation \(dilation), ")
      + (groups == 1 ? "" : "\(groups) groups, ") + words(of: [weight, bias])
  }
}

/// A convolution of sequences [batch, length, channels], z[n, j, o] = b[o] + Σ w[o, c, v] · x[n, j·t + v·e − q, c]: the
/// weight is [out, in/groups, width], the bias [out]; see `Variable.conv1d`.
public struct Conv1D<S: Scalar>: LibraryLayer {
  /// The weight, [out, in/groups, width].
  public private(set) var weight: Parameter<S>
  /// The bias, [out]; `nil` in a layer without one.
  public private(set) var bias: Parameter<S>?
  package let stride: Int
  package let padding: Padding
  package let dilation: Int
  package let groups: Int
  package let name: String?

  /// A convolution with new parameters and so many zeros before and after; see `Conv2D`.
  public init(
    _ inputs: Int, _ outputs: Int, size: Int, stride: Int = 1, padding: Int = 0, dilation: Int = 1, groups: Int = 1,
    bias hasBias: Bool = true, name: String? = nil, initializer: Initializer = .heNormal,
    using generator: inout Generator, file: StaticString = #fileID, line: UInt = #line
  ) {
    self.init(
      inputs, outputs, size: size, stride: stride, padding: .around(Extent2D(0, padding)), dilation: dilation,
      groups: groups, bias: hasBias, name: name, initializer: initializer, using: &generator, file: file, line: line)
  }

  /// A convolution whose zeros a rule puts around the sequences: `.same`, or `.sides(left: …)` for a causal one.
  public init(
    _ inputs: Int, _ outputs: Int, size: Int, stride: Int = 1, padding: Padding, dilation: Int = 1, groups: Int = 1,
    bias hasBias: Bool = true, name: String? = nil, initializer: Initializer = .heNormal,
    using generator: inout Generator, file: StaticString = #fileID, line: UInt = #line
  ) {
    let site = CallSite(file, line)
    checkGroups("Conv1D", inputs, outputs, groups, at: site)
    checkWindow(
      "Conv1D", Extent2D(1, size), Extent2D(1, stride), padding, Extent2D(1, dilation), at: site)
    let values: Tensor<S> = initializer.tensor(
      [outputs, inputs / groups, size], fanIn: inputs / groups * size, fanOut: outputs / groups * size,
      using: &generator, file: file, line: line)
    weight = Parameter(values, name: name.map { $0 + "/weight" })
    bias = hasBias ? Parameter(.zeros([outputs]), name: name.map { $0 + "/bias" }) : nil
    (self.stride, self.padding, self.dilation) = (stride, padding, dilation)
    (self.groups, self.name) = (groups, name)
  }

  public func callAsFunction(_ x: Variable<S>) -> Variable<S> {
    let fits = x.shape.rank == 3 && x.shape[2] == weight.shape[1] * groups
    require(fits, x, takes: "sequences [batch, length, \(weight.shape[1] * groups)]")
    let reach = (weight.shape[2] - 1) * dilation + 1
    if let (before, after) = padding.margins {
      let fits = x.shape[1] + before.width + after.width >= reach
      require(fits, x, takes: "sequences of at least \(reach), padding included")
    }
    return x.tape.scoped(name ?? "conv1d") {
      x.conv1d(
        x.tape.parameter(weight), bias: bias.map { x.tape.parameter($0) }, stride: stride, padding: padding,
        dilation: dilation, groups: groups)
    }
  }

  package mutating func detach() { (weight, bias) = (weight.copy(), bias?.copy()) }

  public var description: String {
    let zeros = padding.margins.map { $0 == $1 ? "\($0.width)" : "\($0.width) before and \($1.width) after" } ?? "same"
    return title("Conv1D", name) + "\(weight.shape[1] * groups) → \(weight.shape[0]) channels, "
      + "\(weight.shape[0]) kernels of \(weight.shape[2]), stride \(stride), padding \(zeros), "
      + (dilation == 1 ? "" : "dilation \(dilation), ") + (groups == 1 ? "" : "\(groups) groups, ")
      + words(of: [weight, bias])
  }
}

/// Traps when a count is not positive, or the groups do not divide the channels.
func checkGroups(_ layer: String, _ inputs: Int, _ outputs: Int, _ groups: Int, at site: CallSite) {
  check(inputs, "\(layer): inputs", atLeast: 1, at: site)
  check(outputs, "\(layer): outputs", atLeast: 1, at: site)
  check(groups, "\(layer): groups", atLeast: 1, at: site)
  guard inputs % groups == 0, outputs % groups == 0 else {
    site.trap(
      "\(layer): \(groups) groups do not divide \(inputs) inputs and \(outputs) outputs; give a divisor of both")
  }
}

/// Traps when a window is empty or does not move, or its padding is negative.
func checkWindow(
  _ layer: String, _ size: Extent2D, _ stride: Extent2D, _ padding: Padding = .valid, _ dilation: Extent2D = 1,
  at site: CallSite
) {
  let margins = padding.margins.map { $0 == $1 ? [$0] : [$0, $1] } ?? []
  let all =
    [("size", size, 1), ("stride", stride, 1)] + margins.map { ("padding", $0, 0) } + [("dilation", dilation, 1)]
  for (name, extent, least) in all {
    check(extent.height, "\(layer): the \(name)'s height", atLeast: least, at: site)
    check(extent.width, "\(layer): the \(name)'s width", atLeast: least, at: site)
  }
}
