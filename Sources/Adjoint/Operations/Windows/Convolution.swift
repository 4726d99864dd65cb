// The convolution of images, as plain operations: unfold, matrix product, bias.

extension Variable {
  /// The convolution (cross-correlation, as everywhere in the field) of images with a set of kernels,
  ///   y[n, i, j, o] = b[o] + Σ w[o, c, u, v] · x[n, i·s + u − p, j·t + v − q, c],
  /// recorded as the matrix product of all windows with all kernels:
  ///   Y = unfold(X)·Wᵀ + b, with a row for each window and a column for each kernel.
  ///
  /// Its derivatives are therefore those of `unfold` and of the matrix product: W̄ = Ȳᵀ·unfold(X) and X̄ = fold(Ȳ·W).
  /// It takes the memory of all windows, which is size.height·size.width times that of the images where the stride is
  /// 1.
  ///
  /// - Parameters:
  ///   - weight: [out, in, height, width], as in PyTorch.
  ///   - bias: [out].
  /// - Returns: [batch, rows, columns, out] for images [batch, height, width, in].
  /// - Complexity: 2·batch·rows·columns·out·in·height·width operations, and twice that backward.
  /// - Precondition: the shapes fit; otherwise this traps with a sentence.
  ///
  /// Source: LeCun et al., "Gradient-based learning applied to document recognition", 1998; the product form: Chellapilla,
  /// Puri, Simard, "High performance convolutional neural networks for document processing", 2006.
  public func conv2d(
    _ weight: Variable, bias: Variable? = nil, stride: Extent2D = 1, padding: Extent2D = 0,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    let shape = checkedShape("conv2d", file, line)
    let grid: Extent2D
    let windows: Windows
    do throws(ShapeError) {
      (windows, grid) = try convolution(of: shape, weight.shape, bias?.shape, stride: stride, padding: padding)
    } catch { tape.refuse(error, of: [self, weight] + (bias.map { [$0] } ?? []), file, line) }
    let (out, depth) = (weight.shape[0], windows.count * weight.shape[1])
    let rows = unfold(windows).reshape(to: [shape[0] * grid.height * grid.width, depth])
    // The channels of a window come last, as those of a kernel do where there is one channel or one place.
    let kernels = weight.shape[1] == 1 || windows.count == 1 ? weight : weight.permute([0, 2, 3, 1])
    let product = rows.matmul(kernels.reshape(to: [out, depth]), transposeB: true)
    let z = bias.map { product.addBias($0) } ?? product
    return z.reshape(to: [shape[0], grid.height, grid.width, out])
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

/// The windows of a convolution, and their number in each direction.
/// - Throws: `ShapeError` with a sentence that names what does not fit.
func convolution(
  of images: Shape, _ weight: Shape, _ bias: Shape?, stride: Extent2D, padding: Extent2D
) throws(ShapeError) -> (Windows, grid: Extent2D) {
  guard weight.rank == 4 else {
    throw ShapeError("conv2d: takes a weight [out, in, height, width], was given \(weight)")
  }
  guard images.rank != 4 || weight[1] == images[3] else {
    let hint = weight[1] == images[1] ? ". The channels come last here: permute([0, 2, 3, 1])" : ""
    throw ShapeError(
      "conv2d: the weight \(weight) takes \(weight[1]) channels, the images \(images) have \(images[3])\(hint)")
  }
  if let bias, bias != [weight[0]] {
    throw ShapeError("conv2d: a bias of shape \(bias) does not fit the weight \(weight); it must be [\(weight[0])]")
  }
  let windows = Windows(Extent2D(weight[2], weight[3]), stride: stride, padding: padding)
  return (windows, try windows.grid(in: images, for: "conv2d"))
}
