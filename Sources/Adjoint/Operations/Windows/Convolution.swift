// The convolution of images and sequences, as plain operations: unfold, matrix product, bias.

extension Variable {
  /// The convolution (cross-correlation, as everywhere in the field) of images with a set of kernels,
  ///   y[n, i, j, o] = b[o] + Σ w[o, c, u, v] · x[n, i·s + u·d − p, j·t + v·e − q, c],
  /// recorded as the matrix product of all windows with all kernels:
  ///   Y = unfold(X)·Wᵀ + b, with a row for each window and a column for each kernel.
  ///
  /// Its derivatives are therefore those of `unfold` and of the matrix product: W̄ = Ȳᵀ·unfold(X) and X̄ = fold(Ȳ·W).
  /// The recording takes the memory of all windows, which is size.height·size.width times that of the images where the
  /// stride is 1; a program of it reads them in the images and stores none.
  ///
  /// In groups, the channels and the kernels are cut into as many equal parts, and each part of the kernels sees its part
  /// of the channels. As many groups as channels are a depthwise convolution.
  ///
  /// - Parameters:
  ///   - weight: [out, in/groups, height, width], as in PyTorch. Images have the channels last: those of PyTorch become
  ///     ours by `permute([0, 2, 3, 1])`, weights stay as they are.
  ///   - bias: [out].
  ///   - padding: zeros on every side.
  ///   - dilation: rows and columns of the image from one element of a kernel to the next.
  /// - Returns: [batch, rows, columns, out] for images [batch, height, width, in].
  /// - Complexity: 2·batch·rows·columns·out·in/groups·height·width operations, and twice that backward.
  /// - Precondition: the shapes fit; otherwise this traps with a sentence.
  ///
  /// Source: LeCun et al., "Gradient-based learning applied to document recognition", 1998; the product form: Chellapilla,
  /// Puri, Simard, "High performance convolutional neural networks for document processing", 2006.
  public func conv2d(
    _ weight: Variable, bias: Variable? = nil, stride: Extent2D = 1, padding: Extent2D = 0, dilation: Extent2D = 1,
    groups: Int = 1, file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    conv2d(
      weight, bias: bias, stride: stride, padding: .around(padding), dilation: dilation, groups: groups, file: file,
      line: line)
  }

  /// The convolution of images with zeros that a rule puts around them, `.same` or `.sides(…)`; otherwise as above.
  public func conv2d(
    _ weight: Variable, bias: Variable? = nil, stride: Extent2D = 1, padding: Padding, dilation: Extent2D = 1,
    groups: Int = 1, file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    let call = Convolution(
      name: "conv2d", stride: stride, padding: padding, dilation: dilation, groups: groups, file: file, line: line)
    return call.record(self, weight, bias)
  }

  /// The convolution of sequences [batch, length, in] with a set of kernels [out, in/groups, width]: that of images of one
  /// row,
  ///   y[n, j, o] = b[o] + Σ w[o, c, v] · x[n, j·t + v·e − q, c].
  /// - Returns: [batch, columns, out].
  public func conv1d(
    _ weight: Variable, bias: Variable? = nil, stride: Int = 1, padding: Int = 0, dilation: Int = 1, groups: Int = 1,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    conv1d(
      weight, bias: bias, stride: stride, padding: .around(Extent2D(0, padding)), dilation: dilation, groups: groups,
      file: file, line: line)
  }

  /// The convolution of sequences with zeros that a rule puts around them: `.same`, or `.sides(left: …)` for a causal one.
  public func conv1d(
    _ weight: Variable, bias: Variable? = nil, stride: Int = 1, padding: Padding, dilation: Int = 1, groups: Int = 1,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    let call = Convolution(
      name: "conv1d", stride: Extent2D(1, stride), padding: padding, dilation: Extent2D(1, dilation), groups: groups,
      file: file, line: line)
    return asImages("conv1d", file, line) { call.record($0, weight.asKernels("conv1d", file, line), bias) }
  }

  /// Kernels [a, b, width] as kernels of one row.
  func asKernels(_ name: String, _ file: StaticString, _ line: UInt) -> Variable {
    let shape = checkedShape(name, file, line)
    guard shape.rank == 3 else {
      let error = ShapeError("\(name): takes a weight of rank 3 with the width last, was given \(shape)")
      tape.refuse(error, of: [self], file, line)
    }
    return reshape(to: [shape[0], shape[1], 1, shape[2]], file: file, line: line)
  }

  /// The rows of a batch: [batch, a, b, …] as [batch, a·b·…].
  /// - Precondition: there is an axis for the batch.
  public func flatten(file: StaticString = #fileID, line: UInt = #line) -> Variable {
    let shape = checkedShape("flatten", file, line)
    guard shape.rank > 0 else {
      fatalError("flatten: a single number has no axis for the batch", file: file, line: line)
    }
    return reshape(to: [shape[0], shape.dropFirst().reduce(1, *)])
  }
}

/// One call of a convolution, without its operands.
private struct Convolution {
  let name: String
  let stride: Extent2D
  let padding: Padding
  let dilation: Extent2D
  let groups: Int
  let file: StaticString
  let line: UInt

  func record<S: Scalar>(_ x: Variable<S>, _ weight: Variable<S>, _ bias: Variable<S>?) -> Variable<S> {
    let shape = x.checkedShape(name, file, line)
    let grid: Extent2D
    let windows: Windows
    do throws(ShapeError) {
      (windows, grid) = try checked(shape, weight.shape, bias?.shape)
    } catch { x.tape.refuse(error, of: [x, weight] + (bias.map { [$0] } ?? []), file, line) }
    for part in [weight] + (bias.map { [$0] } ?? []) {
      _ = x.tape.index(of: part, for: name, beside: [x], file: file, line: line)
    }
    let unfolded = x.unfold(windows, file: file, line: line)
    let positions = shape[0] * grid.height * grid.width
    let product =
      groups == 1
      ? whole(unfolded, weight, positions)
      : weight.shape[1] == 1
        ? depthwise(unfolded, weight, positions, windows.count) : grouped(unfolded, weight, positions, windows.count)
    let z = bias.map { product.addBias($0, file: file, line: line) } ?? product
    return z.reshape(to: [shape[0], grid.height, grid.width, weight.shape[0]])
  }

  private func whole<S: Scalar>(_ unfolded: Variable<S>, _ weight: Variable<S>, _ positions: Int) -> Variable<S> {
    let (out, depth) = (weight.shape[0], unfolded.shape[3])
    let rows = unfolded.reshape(to: [positions, depth])
    // The channels of a window come last, as those of a kernel do where there is one channel or one place.
    let kernels = weight.shape[1] == 1 || depth == weight.shape[1] ? weight : weight.permute([0, 2, 3, 1])
    return rows.matmul(kernels.reshape(to: [out, depth]), transposeB: true, file: file, line: line)
  }

  /// One channel a group: y[r, c, m] = Σ over places k of x[r, k, c, 1] · w[k, c, m].
  private func depthwise<S: Scalar>(
    _ unfolded: Variable<S>, _ weight: Variable<S>, _ positions: Int, _ places: Int
  ) -> Variable<S> {
    let multiplier = weight.shape[0] / groups
    let kernels = weight.reshape(to: [groups, multiplier, places]).permute([2, 0, 1])
    let terms = unfolded.reshape(to: [positions, places, groups, 1]) * kernels
    return terms.sum(axes: [1]).reshape(to: [positions, weight.shape[0]])
  }

  /// Several channels a group: a product for each group, Y[g] = X[g]·W[g]ᵀ.
  private func grouped<S: Scalar>(
    _ unfolded: Variable<S>, _ weight: Variable<S>, _ positions: Int, _ places: Int
  ) -> Variable<S> {
    let (out, channels) = (weight.shape[0], weight.shape[1])
    let rows = unfolded.reshape(to: [positions, places, groups, channels]).permute([2, 0, 1, 3])
    let kernels = weight.permute([0, 2, 3, 1]).reshape(to: [groups, out / groups, places * channels])
    let products = rows.reshape(to: [groups, positions, places * channels])
      .matmul(kernels, transposeB: true, file: file, line: line)
    return products.permute([1, 0, 2]).reshape(to: [positions, out])
  }

  /// The windows of a convolution, and their number in each direction.
  /// - Throws: `ShapeError` with a sentence that names what does not fit.
  private func checked(
    _ images: Shape, _ weight: Shape, _ bias: Shape?
  ) throws(ShapeError) -> (Windows, grid: Extent2D) {
    guard weight.rank == 4 else {
      throw ShapeError("\(name): takes a weight [out, in, height, width], was given \(weight)")
    }
    guard groups > 0, groups <= Int32.max, weight[0] % groups == 0 else {
      throw ShapeError(
        "\(name): \(weight[0]) kernels in \(groups) groups; the number of groups must be positive and divide theirs")
    }
    guard images.rank != 4 || weight[1] * groups == images[3] else {
      let hint = weight[1] * groups == images[1] ? ". The channels come last here: permute([0, 2, 3, 1])" : ""
      throw ShapeError(
        "\(name): the weight \(weight) takes \(weight[1])\(groups == 1 ? "" : " · \(groups)") channels, the images "
          + "\(images) have \(images[3])\(hint)")
    }
    if let bias, bias != [weight[0]] {
      throw ShapeError("\(name): a bias of shape \(bias) does not fit the weight \(weight); it must be [\(weight[0])]")
    }
    let size = Extent2D(weight[2], weight[3])
    let windows = try padding.windows(size, stride: stride, dilation: dilation, on: images, for: name)
    return (windows, try windows.grid(in: images, for: name))
  }
}
