// Images as windows and back: two linear maps that only move and add elements, each the transpose of the other.

/// y[n, i, j, (u, v, c)] = x[n, i·s + u·d − p, j·t + v·e − q, c], 0 outside the image: every window of [n, height, width,
/// channels] as one row of numbers. x̄ = `Fold` of ȳ. Stride (s, t), dilation (d, e) and padding (p, q) are those of the
/// windows.
///
/// It makes a convolution a matrix product: see `conv2d`.
package struct Unfold: BatchwiseOperation {
  package let windows: Windows
  package init(_ windows: Windows) { self.windows = windows }

  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    let grid = WindowGrid(windows, on: x[0].shape, grid: Extent2D(y.shape[1], y.shape[2]))
    S.unfold(grid, x[0].base, y.base)
  }
  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    let x = p.x[0].shape
    return [p.to(0, g.fold(windows, into: Extent2D(x[1], x[2])))]
  }
  package func localJacobian<S: Scalar>(at p: Point<S>, withRespectTo i: Int) -> LocalJacobian? { .moves(at: p, i) }
  package func shape(of x: [Shape]) throws(ShapeError) -> Shape {
    let x = try x.only(1, for: name)[0]
    let grid = try windows.grid(in: x, for: name)
    let (depth, overflow) = windows.count.multipliedReportingOverflow(by: x[3])
    return try Shape([x[0], grid.height, grid.width, overflow ? -1 : depth], of: name)
  }
  package var attributes: [Attribute] { windows.attributes }
  package func notation(_ x: [Notation]) -> Notation { .subscripted("unfold", windows.text, x) }
  package var ownForm: OperationForm { .unfold }
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String { methodCall(name, x, windows.swiftCode) }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange { .hull([x[0], 0...0]) }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? {
    nil
  }
  package static var examples: [Example] { Windows.examples.map { Example(Unfold($1), .numbers($0)) } }
}

/// y[n, r, q, c] = Σ x[n, i, j, (u, v, c)] over all windows (i, j) and places (u, v) in them that stand on row r and
/// column q: windows added up to images of `image`. x̄ = `Unfold` of ȳ. Elements in the padding are dropped.
package struct Fold: BatchwiseOperation {
  package let windows: Windows
  /// Height and width of the images.
  package let image: Extent2D
  package init(_ windows: Windows, into image: Extent2D) { (self.windows, self.image) = (windows, image) }

  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    let grid = WindowGrid(windows, on: y.shape, grid: Extent2D(x[0].shape[1], x[0].shape[2]))
    S.fold(grid, x[0].base, y.base)
  }
  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [p.to(0, g.unfold(windows))] }
  package func shape(of x: [Shape]) throws(ShapeError) -> Shape {
    let x = try x.only(1, for: name)[0]
    try windows.check(for: name)
    guard x.rank == 4, x[3] % windows.count == 0 else {
      throw ShapeError("fold: takes windows [batch, rows, columns, \(windows.size) × channels], was given \(x)")
    }
    let images = try Shape([x[0], image.height, image.width, x[3] / windows.count], of: name)
    let grid = try windows.grid(in: images, for: name)
    guard (x[1], x[2]) == (grid.height, grid.width) else {
      throw ShapeError("fold: images of \(image) have \(grid) windows, these are \(x[1]) × \(x[2])")
    }
    return images
  }
  package var attributes: [Attribute] { windows.attributes + [Attribute("image", .list(image.list))] }
  package func notation(_ x: [Notation]) -> Notation { .subscripted("fold", windows.text, x) }
  package var ownForm: OperationForm { .fold }
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String {
    methodCall(name, x, windows.swiftCode, "into: \(image.swiftCode)")
  }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange { x[0].summed(windows.count) }
  package func resized(_ change: (Int) -> Int) -> Fold {
    Fold(windows, into: Extent2D(change(image.height), change(image.width)))
  }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? {
    nil
  }
  package static var examples: [Example] {
    Windows.examples.compactMap { images, windows in
      guard let shape = try? Unfold(windows).shape(of: [images]) else { return nil }
      return Example(Fold(windows, into: Extent2D(images[1], images[2])), .numbers(shape))
    }
  }
}

extension Operation {
  /// The windows into which `unfold` takes images apart, or that `fold` puts together.
  var windowsOfImages: Windows? { (self as? Unfold)?.windows ?? (self as? Fold)?.windows }
}

extension Variable {
  /// Every window of images [batch, height, width, channels] as a row of numbers:
  /// [batch, rows, columns, window height · window width · channels].
  public func unfold(_ windows: Windows, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.record(Unfold(windows), self, file: file, line: line)
  }

  /// Windows added up to images of a height and a width: the adjoint of `unfold`.
  public func fold(_ windows: Windows, into image: Extent2D, file: StaticString = #fileID, line: UInt = #line)
    -> Variable
  {
    tape.record(Fold(windows, into: image), self, file: file, line: line)
  }
}

extension Windows {
  /// The number of windows that fit into images, in each direction.
  /// - Throws: `ShapeError` when these are not images, or no window fits.
  package func grid(in images: Shape, for operation: String) throws(ShapeError) -> Extent2D {
    guard images.rank == 4 else {
      throw ShapeError(
        "\(operation): takes images [batch, height, width, channels], was given \(images)"
          + (images.rank == 3 ? "; reshape a single channel to [batch, height, width, 1]" : ""))
    }
    try check(for: operation)
    let padded = Extent2D(
      images[1] + padding.height + paddingAfter.height, images[2] + padding.width + paddingAfter.width)
    let reach = reach
    guard padded.height >= reach.height, padded.width >= reach.width else {
      throw ShapeError(
        "\(operation): a window of \(size)\(dilation == 1 ? "" : " with a dilation of \(dilation)") does not fit into "
          + "images of \(Extent2D(images[1], images[2]))"
          + (padding == paddingAfter
            ? padding == 0 ? "" : " with a padding of \(padding)"
            : " with a padding of \(padding) before and \(paddingAfter) after"))
    }
    return Extent2D(
      (padded.height - reach.height) / stride.height + 1, (padded.width - reach.width) / stride.width + 1)
  }

  /// - Throws: `ShapeError` unless size, stride, padding and dilation are those of windows.
  func check(for operation: String) throws(ShapeError) {
    guard size.height > 0, size.width > 0, stride.height > 0, stride.width > 0 else {
      throw ShapeError("\(operation): windows of \(size), \(stride) apart; both must be positive")
    }
    for padding in [padding, paddingAfter] where padding.height < 0 || padding.width < 0 {
      throw ShapeError("\(operation): a padding of \(padding); it cannot be negative")
    }
    guard dilation.height > 0, dilation.width > 0 else {
      throw ShapeError("\(operation): a dilation of \(dilation); it must be positive")
    }
    let extents = [size, stride, padding, paddingAfter, dilation].flatMap(\.list)
    for extent in extents where extent > Int32.max {
      throw ShapeError("\(operation): an extent of \(extent); windows have at most \(Int32.max) rows or columns")
    }
  }

  /// The code that makes these windows.
  var swiftCode: String {
    "Windows(\(size.swiftCode), stride: \(stride.swiftCode), padding: \(padding.swiftCode)"
      + (paddingAfter == padding ? "" : ", paddingAfter: \(paddingAfter.swiftCode)")
      + (dilation == 1 ? ")" : ", dilation: \(dilation.swiftCode))")
  }

  /// The attributes; those that are as usual are left out, since recordings of old had no such.
  var attributes: [Attribute] {
    [
      Attribute("size", .list(size.list)), Attribute("stride", .list(stride.list)),
      Attribute("padding", .list(padding.list)),
    ] + (paddingAfter == padding ? [] : [Attribute("paddingAfter", .list(paddingAfter.list))])
      + (dilation == 1 ? [] : [Attribute("dilation", .list(dilation.list))])
  }

  /// The windows in a formula: the size, and all else that is unusual.
  var text: String {
    func part(_ name: String, _ extents: Extent2D...) -> String {
      "; \(name) " + extents.map { "\($0.height),\($0.width)" }.joined(separator: "…")
    }
    return "\(size.height),\(size.width)" + (stride == 1 ? "" : part("stride", stride))
      + (padding != paddingAfter
        ? part("padding", padding, paddingAfter) : padding == 0 ? "" : part("padding", padding))
      + (dilation == 1 ? "" : part("dilation", dilation))
  }

  /// Images and windows on which operations are tried: 1 × 1, as large as the image, further apart than wide,
  /// overlapping, not square, padded (wholly outside the image too), dilated, one channel and several, and no image at all.
  static let examples: [(Shape, Windows)] = [
    ([2, 4, 3, 2], Windows(Extent2D(3, 2))), ([1, 3, 2, 3], Windows(1)), ([2, 3, 4, 1], Windows(Extent2D(3, 4))),
    ([1, 5, 5, 2], Windows(2, stride: 3)), ([1, 6, 5, 1], Windows(3, stride: 2)),
    ([1, 4, 4, 2], Windows(2, stride: 2)),
    ([1, 1, 1, 1], Windows(1)), ([0, 4, 4, 2], Windows(2)), ([1, 3, 3, 0], Windows(2)),
    ([1, 3, 3, 2], Windows(3, padding: 1)), ([1, 2, 2, 1], Windows(1, padding: 2)),
    ([2, 3, 5, 1], Windows(Extent2D(2, 3), stride: Extent2D(1, 2), padding: Extent2D(1, 0))),
    ([1, 3, 3, 2], Windows(2, paddingAfter: 1)), ([1, 5, 4, 2], Windows(2, dilation: Extent2D(3, 2))),
    (
      [1, 4, 5, 2],
      Windows(
        Extent2D(2, 3), stride: 2, padding: Extent2D(2, 1), paddingAfter: Extent2D(0, 3), dilation: Extent2D(1, 2))
    ),
  ]
}

extension Extent2D {
  /// The code that makes this extent.
  var swiftCode: String { "Extent2D(\(height), \(width))" }
}
