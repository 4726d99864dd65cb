// Images as windows and back: two linear maps that only move and add elements, each the transpose of the other.

/// y[n, i, j, (u, v, c)] = x[n, i·s + u − p, j·t + v − q, c], 0 outside the image: every window of [n, height, width, channels]
/// as one row of numbers; x̄ = `Fold` of ȳ. Stride (s, t) and padding (p, q) are those of the windows.
///
/// With it a convolution is a matrix product: see `conv2d`.
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
    return [x[0], grid.height, grid.width, windows.count * x[3]]
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

/// y[n, r, q, c] = Σ x[n, i, j, (u, v, c)] over all windows (i, j) and places (u, v) in them that stand on row r and column q:
/// windows added up to images of `image`; x̄ = `Unfold` of ȳ. What stands in the padding is dropped.
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
    guard x.rank == 4, windows.count > 0, x[3] % windows.count == 0 else {
      throw ShapeError("fold: takes windows [batch, rows, columns, \(windows.size) × channels], was given \(x)")
    }
    let images: Shape = [x[0], image.height, image.width, x[3] / windows.count]
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

extension Variable {
  /// Every window of images [batch, height, width, channels] as a row of numbers:
  /// [batch, rows, columns, window height · window width · channels].
  public func unfold(_ windows: Windows) -> Variable { tape.record(Unfold(windows), self) }

  /// Windows added up to images of a height and a width: the adjoint of `unfold`.
  public func fold(_ windows: Windows, into image: Extent2D) -> Variable {
    tape.record(Fold(windows, into: image), self)
  }
}
