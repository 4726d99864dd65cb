// Poolings: one number for each window of an image and each channel. Windows lie inside the image. A padding would have
// to be a number, and no number suits both poolings; `pad` states one.

/// y[n, i, j, c] = max over the window (i, j) of x[n, ·, ·, c]; x̄ = ȳ at the largest element of each window, added up
/// over windows that overlap. Elements that tie in a window share its ȳ equally; beside a NaN none is the largest, and x̄ is NaN.
package struct MaxPool: BatchwiseOperation {
  package let windows: Windows
  package init(_ windows: Windows) { self.windows = windows }

  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { y.pool(.maximum, x[0], windows) }
  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    let x = p.x[0]
    let (one, all) = windows.grouped(p.y.shape)
    func contribution() -> Variable<S> {
      let isLargest = x.unfold(windows).reshape(to: all) .== p.y.reshape(to: one)
      let count = isLargest.sum(axes: [3], keepingDimensions: true)
      return windows.fold(g.reshape(to: one).masked(by: isLargest) / count, to: x.shape)
    }
    return [p.to(0, contribution())]
  }

  package func branches<S: Scalar>(_ x: Operands<S>) -> Branches<S>? {
    guard let shape = try? shape(of: [x[0].shape]) else { return nil }
    let grid = WindowGrid(windows, on: x[0].shape, grid: Extent2D(shape[1], shape[2]))
    let elements = x[0].elements
    return Branches(
      bestOf: (0..<shape.elementCount).map { y in (0..<windows.count).map { elements[grid.source(of: y, $0)] } },
      largest: true)
  }
  package func shape(of x: [Shape]) throws(ShapeError) -> Shape { try windows.pooled(x.only(1, for: name)[0], name) }
  package var attributes: [Attribute] { windows.attributes }
  package func notation(_ x: [Notation]) -> Notation { .subscripted("maxPool", windows.text, x) }
  package var ownForm: OperationForm { .maxPool }
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String {
    methodCall(name, x, windows.size.swiftCode, "stride: \(windows.stride.swiftCode)")
  }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange { x[0] }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? {
    nil
  }
  package static var examples: [Example] { Windows.unpaddedExamples.map { Example(MaxPool($1), .numbers($0)) } }
}

/// y[n, i, j, c] = 1/N Σ over the window (i, j) of x[n, ·, ·, c], N elements; x̄ = ȳ/N at each of them, added up over windows
/// that overlap.
package struct AveragePool: BatchwiseOperation {
  package let windows: Windows
  package init(_ windows: Windows) { self.windows = windows }

  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    y.pool(.sum, x[0], windows)
    y.divide(by: Double(windows.count))
  }
  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    let (one, all) = windows.grouped(p.y.shape)
    func contribution() -> Variable<S> {
      let each = (g / Double(windows.count)).reshape(to: one)
      return windows.fold(each.broadcast(to: all), to: p.x[0].shape)
    }
    return [p.to(0, contribution())]
  }
  package func shape(of x: [Shape]) throws(ShapeError) -> Shape { try windows.pooled(x.only(1, for: name)[0], name) }
  package var attributes: [Attribute] { windows.attributes }
  package func notation(_ x: [Notation]) -> Notation { .subscripted("averagePool", windows.text, x) }
  package var ownForm: OperationForm { .averagePool }
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String {
    methodCall(name, x, windows.size.swiftCode, "stride: \(windows.stride.swiftCode)")
  }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange { x[0] }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? {
    nil
  }
  package static var examples: [Example] { Windows.unpaddedExamples.map { Example(AveragePool($1), .numbers($0)) } }
}

extension Windows {
  /// The shape of images with one element for each window.
  fileprivate func pooled(_ images: Shape, _ name: String) throws(ShapeError) -> Shape {
    let grid = try grid(in: images, for: name)
    guard padding == 0 else {
      throw ShapeError("\(name): windows have no padding here; pad the images first, with the number that suits")
    }
    return [images[0], grid.height, grid.width, images[3]]
  }

  /// The shapes of one element for each window and channel, and of all its elements: [n, i, j, 1, c] and [n, i, j, N,
  /// c].
  fileprivate func grouped(_ y: Shape) -> (one: Shape, all: Shape) {
    ([y[0], y[1], y[2], 1, y[3]], [y[0], y[1], y[2], count, y[3]])
  }

  /// Windows [n, i, j, N, c] added up to images.
  fileprivate func fold<S: Scalar>(_ x: Variable<S>, to images: Shape) -> Variable<S> {
    let shape = x.shape
    return x.reshape(to: [shape[0], shape[1], shape[2], shape[3] * shape[4]])
      .fold(self, into: Extent2D(images[1], images[2]))
  }
}

extension Variable {
  /// The largest element of each window. The windows stand side by side unless a stride says otherwise.
  public func maxPool(_ size: Extent2D, stride: Extent2D? = nil, file: StaticString = #fileID, line: UInt = #line)
    -> Variable
  {
    tape.record(MaxPool(Windows(size, stride: stride ?? size)), self, file: file, line: line)
  }

  /// The mean of each window. The windows stand side by side unless a stride says otherwise.
  public func averagePool(_ size: Extent2D, stride: Extent2D? = nil, file: StaticString = #fileID, line: UInt = #line)
    -> Variable
  {
    tape.record(AveragePool(Windows(size, stride: stride ?? size)), self, file: file, line: line)
  }
}
