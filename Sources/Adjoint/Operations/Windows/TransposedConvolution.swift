// The transposed convolution, as plain operations: matrix product, fold, bias.

extension Variable {
  /// The transposed convolution of images with a set of kernels: every element spreads over a window of the result,
  ///   y[n, i·s + u·d − p, j·t + v·e − q, o] += w[c, o, u, v] · x[n, i, j, c], beginning with b[o].
  /// It is the adjoint of `conv2d` with the same weight, stride, padding and dilation, recorded as Y = fold(X·W) + b.
  ///
  /// - Parameters:
  ///   - weight: [in, out/groups, height, width], as in PyTorch.
  ///   - bias: [out].
  ///   - padding: rows and columns of the result that are cut off, on every side.
  ///   - outputPadding: further rows below and columns to the right. A stride s > 1 maps several extents to one; this
  ///     says which of them comes back.
  /// - Returns: [batch, rows, columns, out] with rows = (height − 1)·s − 2p + d·(h − 1) + 1 + outputPadding for images
  ///   [batch, height, width, in] and kernels of height h; columns alike.
  /// - Precondition: the shapes fit; otherwise this traps with a sentence.
  ///
  /// Source: Zeiler, Krishnan, Taylor, Fergus, "Deconvolutional networks", 2010.
  public func convTranspose2d(
    _ weight: Variable, bias: Variable? = nil, stride: Extent2D = 1, padding: Extent2D = 0,
    outputPadding: Extent2D = 0, dilation: Extent2D = 1, groups: Int = 1, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Variable {
    transposedConvolution(
      "convTranspose2d", weight, bias, stride, padding, outputPadding, dilation, groups, file, line)
  }

  /// The transposed convolution of sequences [batch, length, in] with kernels [in, out/groups, width]: that of images of
  /// one row.
  public func convTranspose1d(
    _ weight: Variable, bias: Variable? = nil, stride: Int = 1, padding: Int = 0, outputPadding: Int = 0,
    dilation: Int = 1, groups: Int = 1, file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    asImages("convTranspose1d", file, line) {
      $0.transposedConvolution(
        "convTranspose1d", weight.asKernels("convTranspose1d", file, line), bias, Extent2D(1, stride),
        Extent2D(0, padding), Extent2D(0, outputPadding), Extent2D(1, dilation), groups, file, line)
    }
  }

  private func transposedConvolution(
    _ name: String, _ weight: Variable, _ bias: Variable?, _ stride: Extent2D, _ padding: Extent2D,
    _ outputPadding: Extent2D, _ dilation: Extent2D, _ groups: Int, _ file: StaticString, _ line: UInt
  ) -> Variable {
    let shape = checkedShape(name, file, line)
    let spread: Spread
    do throws(ShapeError) {
      try checkTransposed(name, shape, weight.shape, bias?.shape, groups)
      spread = try Spread(
        name, shape,
        Windows(Extent2D(weight.shape[2], weight.shape[3]), stride: stride, padding: padding, dilation: dilation),
        outputPadding)
    } catch { tape.refuse(error, of: [self, weight] + (bias.map { [$0] } ?? []), file, line) }
    let (positions, places, part) = (shape[0] * shape[1] * shape[2], spread.windows.count, weight.shape[1])
    let product: Variable
    if groups == 1 {
      let kernels = weight.permute([0, 2, 3, 1]).reshape(to: [shape[3], places * part])
      product = reshape(to: [positions, shape[3]]).matmul(kernels)
    } else {
      let parts = shape[3] / groups
      let rows = reshape(to: [positions, groups, parts]).permute([1, 0, 2])
      let kernels = weight.reshape(to: [groups, parts, part, places]).permute([0, 1, 3, 2])
      product = rows.matmul(kernels.reshape(to: [groups, parts, places * part]))
        .reshape(to: [groups, positions, places, part]).permute([1, 2, 0, 3])
    }
    let windows = product.reshape(to: [shape[0], shape[1], shape[2], places * groups * part])
    var y = windows.fold(spread.windows, into: spread.image, file: file, line: line)
    if spread.beyond != 0 {
      y = y.pad(
        before: [0, 0, 0, 0], after: [0, spread.beyond.height, spread.beyond.width, 0], file: file, line: line)
    }
    return bias.map { y.addBias($0) } ?? y
  }

  private func checkTransposed(
    _ name: String, _ images: Shape, _ weight: Shape, _ bias: Shape?, _ groups: Int
  ) throws(ShapeError) {
    guard images.rank == 4 else {
      throw ShapeError("\(name): takes images [batch, height, width, channels], was given \(images)")
    }
    guard weight.rank == 4 else {
      throw ShapeError("\(name): takes a weight [in, out, height, width], was given \(weight)")
    }
    guard weight[0] == images[3] else {
      let hint = weight[0] == images[1] ? ". The channels come last here: permute([0, 2, 3, 1])" : ""
      throw ShapeError(
        "\(name): the weight \(weight) takes \(weight[0]) channels, the images \(images) have \(images[3])\(hint)")
    }
    guard groups > 0, groups <= Int32.max, weight[0] % groups == 0 else {
      throw ShapeError(
        "\(name): \(weight[0]) channels in \(groups) groups; the number of groups must be positive and divide theirs")
    }
    if let bias, bias != [weight[1] * groups] {
      throw ShapeError(
        "\(name): a bias of shape \(bias) does not fit the weight \(weight); it must be [\(weight[1] * groups)]")
    }
  }
}

/// The windows over which the elements of images spread.
private struct Spread {
  var windows: Windows
  /// Height and width on which the windows stand.
  var image: Extent2D
  /// Rows and columns of zeros beyond, which no window reaches.
  var beyond: Extent2D

  init(_ name: String, _ x: Shape, _ windows: Windows, _ outputPadding: Extent2D) throws(ShapeError) {
    try windows.check(for: name)
    let (stride, dilation, padding, reach) = (windows.stride, windows.dilation, windows.padding, windows.reach)
    guard 0..<max(stride.height, dilation.height) ~= outputPadding.height,
      0..<max(stride.width, dilation.width) ~= outputPadding.width
    else {
      throw ShapeError(
        "\(name): an output padding of \(outputPadding); it must be at least 0, and less than the stride \(stride) or the "
          + "dilation \(dilation)")
    }
    // As many zeros follow as let exactly the windows of x fit: none where the output padding brings rows back.
    func along(_ count: Int, _ stride: Int, _ reach: Int, _ padding: Int, _ more: Int) -> (Int, Int, Int) {
      let beyond = max(more - padding - (stride - 1), 0)
      return ((count - 1) * stride + reach - 2 * padding + more - beyond, max(padding - more, 0), beyond)
    }
    let rows = along(x[1], stride.height, reach.height, padding.height, outputPadding.height)
    let columns = along(x[2], stride.width, reach.width, padding.width, outputPadding.width)
    guard x[1] > 0, x[2] > 0, rows.0 > 0, columns.0 > 0 else {
      throw ShapeError(
        "\(name): images of \(Extent2D(x[1], x[2])) become \(rows.0 + rows.2) × \(columns.0 + columns.2); both must be at "
          + "least 1")
    }
    self.windows = windows
    self.windows.paddingAfter = Extent2D(rows.1, columns.1)
    (image, beyond) = (Extent2D(rows.0, columns.0), Extent2D(rows.2, columns.2))
  }
}
