import Adjoint

/// A transposed convolution of images: every element spreads over a window of the result. The weight is
/// [in, out/groups, height, width], the bias [out]; see `Variable.convTranspose2d`.
public struct ConvTranspose2D<S: Scalar>: LibraryLayer {
  /// The weight, [in, out/groups, height, width].
  public private(set) var weight: Parameter<S>
  /// The bias, [out]; `nil` in a layer without one.
  public private(set) var bias: Parameter<S>?
  package let stride: Extent2D
  package let padding: Extent2D
  package let outputPadding: Extent2D
  package let dilation: Extent2D
  package let groups: Int
  package let name: String?

  /// A transposed convolution with new parameters.
  /// - Parameters:
  ///   - inputs: channels of the images.
  ///   - outputs: channels of the result.
  ///   - padding: rows and columns of the result that are cut off, on every side.
  ///   - outputPadding: further rows below and columns to the right.
  ///   - name: the prefix of the parameters' names, `name/weight` and `name/bias`; numbered by first use when left out.
  public init(
    _ inputs: Int, _ outputs: Int, size: Extent2D, stride: Extent2D = 1, padding: Extent2D = 0,
    outputPadding: Extent2D = 0, dilation: Extent2D = 1, groups: Int = 1, bias hasBias: Bool = true,
    name: String? = nil, initializer: Initializer = .heNormal, using generator: inout Generator,
    file: StaticString = #fileID, line: UInt = #line
  ) {
    let site = CallSite(file, line)
    checkGroups("ConvTranspose2D", inputs, outputs, groups, at: site)
    checkWindow("ConvTranspose2D", size, stride, .around(padding), dilation, at: site)
    for (more, step, spread, axis) in [
      (outputPadding.height, stride.height, dilation.height, "height"),
      (outputPadding.width, stride.width, dilation.width, "width"),
    ] where more < 0 || more >= max(step, spread) {
      site.trap(
        "ConvTranspose2D: the output padding's \(axis) is \(more); it must be at least 0, and less than the stride or the "
          + "dilation")
    }
    let places = size.height * size.width
    // Each element of the result has inputs/groups · places/stride² terms.
    let values: Tensor<S> = initializer.tensor(
      [inputs, outputs / groups, size.height, size.width],
      fanIn: max(inputs / groups * places / (stride.height * stride.width), 1), fanOut: outputs / groups * places,
      using: &generator, file: file, line: line)
    weight = Parameter(values, name: name.map { $0 + "/weight" })
    bias = hasBias ? Parameter(.zeros([outputs]), name: name.map { $0 + "/bias" }) : nil
    (self.stride, self.padding, self.outputPadding) = (stride, padding, outputPadding)
    (self.dilation, self.groups, self.name) = (dilation, groups, name)
  }

  public func callAsFunction(_ x: Variable<S>) -> Variable<S> {
    require(
      x.shape.rank == 4 && x.shape[3] == weight.shape[0], x, takes: "images [batch, height, width, \(weight.shape[0])]")
    return x.tape.scoped(name ?? "convTranspose2d") {
      x.convTranspose2d(
        x.tape.parameter(weight), bias: bias.map { x.tape.parameter($0) }, stride: stride, padding: padding,
        outputPadding: outputPadding, dilation: dilation, groups: groups)
    }
  }

  package mutating func detach() { (weight, bias) = (weight.copy(), bias?.copy()) }

  public var description: String {
    title("ConvTranspose2D", name) + "\(weight.shape[0]) → \(weight.shape[1] * groups) channels, kernels "
      + "\(weight.shape[2]) × \(weight.shape[3]), stride \(stride), padding \(padding), "
      + (outputPadding == 0 ? "" : "output padding \(outputPadding), ")
      + (dilation == 1 ? "" : "dilation \(dilation), ") + (groups == 1 ? "" : "\(groups) groups, ")
      + words(of: [weight, bias])
  }
}

/// A transposed convolution of sequences [batch, length, channels]: the weight is [in, out/groups, width], the bias [out];
/// see `Variable.convTranspose1d`.
public struct ConvTranspose1D<S: Scalar>: LibraryLayer {
  /// The weight, [in, out/groups, width].
  public private(set) var weight: Parameter<S>
  /// The bias, [out]; `nil` in a layer without one.
  public private(set) var bias: Parameter<S>?
  package let stride: Int
  package let padding: Int
  package let outputPadding: Int
  package let dilation: Int
  package let groups: Int
  package let name: String?

  /// A transposed convolution with new parameters; see `ConvTranspose2D`.
  public init(
    _ inputs: Int, _ outputs: Int, size: Int, stride: Int = 1, padding: Int = 0, outputPadding: Int = 0,
    dilation: Int = 1, groups: Int = 1, bias hasBias: Bool = true, name: String? = nil,
    initializer: Initializer = .heNormal, using generator: inout Generator, file: StaticString = #fileID,
    line: UInt = #line
  ) {
    let site = CallSite(file, line)
    checkGroups("ConvTranspose1D", inputs, outputs, groups, at: site)
    checkWindow(
      "ConvTranspose1D", Extent2D(1, size), Extent2D(1, stride), .around(Extent2D(0, padding)),
      Extent2D(1, dilation), at: site)
    guard outputPadding >= 0, outputPadding < max(stride, dilation) else {
      site.trap(
        "ConvTranspose1D: the output padding is \(outputPadding); it must be at least 0, and less than the stride or the "
          + "dilation")
    }
    let values: Tensor<S> = initializer.tensor(
      [inputs, outputs / groups, size], fanIn: max(inputs / groups * size / stride, 1), fanOut: outputs / groups * size,
      using: &generator, file: file, line: line)
    weight = Parameter(values, name: name.map { $0 + "/weight" })
    bias = hasBias ? Parameter(.zeros([outputs]), name: name.map { $0 + "/bias" }) : nil
    (self.stride, self.padding, self.outputPadding) = (stride, padding, outputPadding)
    (self.dilation, self.groups, self.name) = (dilation, groups, name)
  }

  public func callAsFunction(_ x: Variable<S>) -> Variable<S> {
    require(
      x.shape.rank == 3 && x.shape[2] == weight.shape[0], x, takes: "sequences [batch, length, \(weight.shape[0])]")
    return x.tape.scoped(name ?? "convTranspose1d") {
      x.convTranspose1d(
        x.tape.parameter(weight), bias: bias.map { x.tape.parameter($0) }, stride: stride, padding: padding,
        outputPadding: outputPadding, dilation: dilation, groups: groups)
    }
  }

  package mutating func detach() { (weight, bias) = (weight.copy(), bias?.copy()) }

  public var description: String {
    title("ConvTranspose1D", name) + "\(weight.shape[0]) → \(weight.shape[1] * groups) channels, kernels of "
      + "\(weight.shape[2]), stride \(stride), padding \(padding), "
      + (outputPadding == 0 ? "" : "output padding \(outputPadding), ")
      + (dilation == 1 ? "" : "dilation \(dilation), ") + (groups == 1 ? "" : "\(groups) groups, ")
      + words(of: [weight, bias])
  }
}
