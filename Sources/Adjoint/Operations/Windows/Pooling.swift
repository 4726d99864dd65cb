// Poolings: one number for each window of an image and each channel.

/// y[n, i, j, c] = max over the window (i, j) of x[n, ·, ·, c]; x̄ = ȳ at the largest element of each window, added up
/// over windows that overlap. What lies outside the image is never the largest. Elements that tie in a window share its ȳ
/// equally; beside a NaN none is the largest, and x̄ is NaN.
package struct MaxPool: BatchwiseOperation {
  package let windows: Windows
  package init(_ windows: Windows) { self.windows = windows }

  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { y.pool(.maximum, x[0], windows) }
  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    let x = p.x[0]
    let (one, all) = windows.grouped(p.y.shape)
    func contribution() -> Variable<S> {
      var isLargest = x.unfold(windows).reshape(to: all) .== p.y.reshape(to: one)
      if windows.isPadded {
        // The zeros around the image are no elements of it.
        let inside = x.tape.constant(.ones([1, x.shape[1], x.shape[2], 1])).unfold(windows)
        isLargest = isLargest * inside.reshape(to: [1, all[1], all[2], all[3], 1])
      }
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
      bestOf: (0..<shape.elementCount).map { y in
        var window: [S] = []
        grid.forEachSource(of: y) { window.append(elements[$0]) }
        return window
      },
      largest: true)
  }
  package func shape(of x: [Shape]) throws(ShapeError) -> Shape {
    let x = try x.only(1, for: name)[0]
    let y = try windows.pooled(x, name)
    guard !windows.isPadded || !windows.hasEmptyWindow(on: x, Extent2D(y[1], y[2])) else {
      throw ShapeError(
        "\(name): a window of \(windows.size) lies wholly in the padding around images of \(Extent2D(x[1], x[2])), where "
          + "nothing is the largest; give less padding")
    }
    return y
  }
  package var attributes: [Attribute] { windows.attributes }
  package func notation(_ x: [Notation]) -> Notation { .subscripted("maxPool", windows.text, x) }
  package var ownForm: OperationForm { .maxPool }
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String { methodCall(name, x, windows.poolingCode) }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange { x[0] }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? {
    nil
  }
  package static var examples: [Example] {
    Windows.examples.compactMap { images, windows in
      (try? MaxPool(windows).shape(of: [images])).map { _ in Example(MaxPool(windows), .numbers(images)) }
    }
  }
}

/// y[n, i, j, c] = 1/N Σ over the window (i, j) of x[n, ·, ·, c], with 0 outside the image; N is the number of elements of
/// a window unless a divisor is given. x̄ = ȳ/N at each of them, added up over windows that overlap.
package struct AveragePool: BatchwiseOperation {
  package let windows: Windows
  /// N; the count of elements of a window when `nil`.
  package let divisor: Int?
  package init(_ windows: Windows, divisor: Int? = nil) {
    (self.windows, self.divisor) = (windows, divisor == windows.count ? nil : divisor)
  }

  private var number: Double { Double(divisor ?? windows.count) }
  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    y.pool(.sum, x[0], windows)
    y.divide(by: number)
  }
  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    let (one, all) = windows.grouped(p.y.shape)
    func contribution() -> Variable<S> {
      let each = (g / number).reshape(to: one)
      return windows.fold(each.broadcast(to: all), to: p.x[0].shape)
    }
    return [p.to(0, contribution())]
  }
  package func shape(of x: [Shape]) throws(ShapeError) -> Shape {
    if let divisor, divisor < 1 { throw ShapeError("\(name): a divisor of \(divisor); it must be at least 1") }
    return try windows.pooled(x.only(1, for: name)[0], name)
  }
  package var attributes: [Attribute] {
    windows.attributes + (divisor.map { [Attribute("divisor", .int($0))] } ?? [])
  }
  package func notation(_ x: [Notation]) -> Notation {
    .subscripted("averagePool", windows.text + (divisor.map { "; divisor \($0)" } ?? ""), x)
  }
  package var ownForm: OperationForm { .averagePool }
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String {
    divisor.map { methodCall(name, x, windows.swiftCode, "divisor: \($0)") } ?? methodCall(name, x, windows.poolingCode)
  }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange {
    if divisor != nil { return x[0].summed(windows.count).mapped { $0 / number } }
    return windows.isPadded ? .hull([x[0], 0...0]) : x[0]
  }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? {
    nil
  }
  package static var examples: [Example] {
    Windows.examples.map { Example(AveragePool($1), .numbers($0)) } + [
      Example(AveragePool(Windows(2, stride: 2, padding: 1), divisor: 3), .numbers([1, 3, 4, 2]))
    ]
  }
}

extension Windows {
  /// The shape of images with one element for each window.
  fileprivate func pooled(_ images: Shape, _ name: String) throws(ShapeError) -> Shape {
    let grid = try grid(in: images, for: name)
    return [images[0], grid.height, grid.width, images[3]]
  }

  /// True when a window has no element in the image.
  fileprivate func hasEmptyWindow(on images: Shape, _ grid: Extent2D) -> Bool {
    let all = WindowGrid(self, on: images, grid: grid)
    return (0..<grid.height).contains { all.rows($0).isEmpty } || (0..<grid.width).contains { all.columns($0).isEmpty }
  }

  /// The number of elements of each window, row by row, that lie in the image or at most `margin` beside it.
  func counts(on images: Shape, beside margin: Extent2D, _ grid: Extent2D) -> [Int] {
    let columns = (0..<grid.width).map {
      WindowGrid.inside(
        $0, size: size.width, stride: stride.width, padding: padding.width - margin.width, dilation: dilation.width,
        extent: images[2] + 2 * margin.width
      ).count
    }
    return (0..<grid.height).flatMap { i in
      let rows = WindowGrid.inside(
        i, size: size.height, stride: stride.height, padding: padding.height - margin.height,
        dilation: dilation.height, extent: images[1] + 2 * margin.height
      ).count
      return columns.map { rows * $0 }
    }
  }

  /// These windows with as many zeros below and to the right as the last window needs that begins in the image, or in
  /// the zeros above it or to its left.
  func roundedUp(on images: Shape) -> Windows {
    func after(_ extent: Int, _ reach: Int, _ stride: Int, _ padding: Int) -> Int {
      let free = extent + 2 * padding - reach
      guard free >= 0, stride > 0 else { return padding }
      let last = (free + stride - 1) / stride * stride
      return last < extent + padding
        ? max(padding, last + reach - extent - padding) : max(0, last - stride + reach - extent - padding)
    }
    var windows = self
    windows.paddingAfter = Extent2D(
      after(images[1], reach.height, stride.height, padding.height),
      after(images[2], reach.width, stride.width, padding.width))
    return windows
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

  /// The arguments of a pooling with these windows.
  fileprivate var poolingCode: String {
    isPadded || dilation != 1 ? swiftCode : "\(size.swiftCode), stride: \(stride.swiftCode)"
  }
}

extension Variable {
  /// The largest element of each window of images [batch, height, width, channels], channel by channel:
  ///   y[n, i, j, c] = max over u, v of x[n, i·s + u·d − p, j·t + v·e − q, c].
  /// What lies outside the image is never the largest. Elements that tie share the cotangent equally.
  ///
  /// - Parameters:
  ///   - stride: rows and columns from one window to the next; windows stand side by side when left out.
  ///   - padding: how far windows may begin outside the image, on every side.
  ///   - ceilMode: true when windows that begin inside count although they end outside: ⌈·⌉ of their number, not ⌊·⌋.
  /// - Precondition: no window lies wholly outside the image; otherwise this traps with a sentence.
  public func maxPool(
    _ size: Extent2D, stride: Extent2D? = nil, padding: Extent2D = 0, dilation: Extent2D = 1, ceilMode: Bool = false,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    let windows = Windows(size, stride: stride ?? size, padding: padding, dilation: dilation)
    return maxPool(pooling(windows, ceilMode, "maxPool", file, line), file: file, line: line)
  }

  /// The largest element of each of these windows, whose padding may differ from side to side.
  public func maxPool(_ windows: Windows, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.record(MaxPool(windows), self, file: file, line: line)
  }

  /// The mean of each window of images [batch, height, width, channels], channel by channel:
  ///   y[n, i, j, c] = 1/N Σ x[n, i·s + u − p, j·t + v − q, c], with 0 outside the image.
  ///
  /// - Parameters:
  ///   - stride: rows and columns from one window to the next; windows stand side by side when left out.
  ///   - padding: the zeros around the image, on every side.
  ///   - ceilMode: true when windows that begin inside count although they end outside: ⌈·⌉ of their number, not ⌊·⌋.
  ///   - countIncludePad: true when N counts the zeros of the padding too. What `ceilMode` adds beyond never counts.
  ///   - divisorOverride: N for all windows.
  public func averagePool(
    _ size: Extent2D, stride: Extent2D? = nil, padding: Extent2D = 0, ceilMode: Bool = false,
    countIncludePad: Bool = true, divisorOverride: Int? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    let windows = pooling(
      Windows(size, stride: stride ?? size, padding: padding), ceilMode, "averagePool", file, line)
    guard divisorOverride == nil, windows.isPadded else {
      return averagePool(windows, divisor: divisorOverride, file: file, line: line)
    }
    let images = checkedShape("averagePool", file, line)
    do throws(ShapeError) {
      let grid = try windows.grid(in: images, for: "averagePool")
      try Shape([images[0], grid.height, grid.width, images[3]], of: "averagePool").checkPositions(for: "averagePool")
      let counts = windows.counts(on: images, beside: countIncludePad ? padding : 0, grid)
      guard !counts.contains(0) else {
        throw ShapeError(
          "averagePool: a window of \(size) lies wholly in the padding around images of "
            + "\(Extent2D(images[1], images[2])), where nothing counts; give less padding, or countIncludePad: true")
      }
      if let first = counts.first, counts.allSatisfy({ $0 == first }) {
        return averagePool(windows, divisor: first, file: file, line: line)
      }
      let divisors = Tensor<S>(shape: [1, grid.height, grid.width, 1], elements: counts.map { S(Double($0)) })
      return averagePool(windows, divisor: 1, file: file, line: line).dividing(by: divisors, file, line)
    } catch { tape.refuse(error, of: [self], file, line) }
  }

  /// The sum of each of these windows, whose padding may differ from side to side, over the count of its elements or a
  /// divisor.
  public func averagePool(
    _ windows: Windows, divisor: Int? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    tape.record(AveragePool(windows, divisor: divisor), self, file: file, line: line)
  }

  /// Windows with the padding that `ceilMode` needs.
  private func pooling(
    _ windows: Windows, _ ceilMode: Bool, _ name: String, _ file: StaticString, _ line: UInt
  ) -> Windows {
    let images = checkedShape(name, file, line)
    do throws(ShapeError) {
      try windows.check(for: name)
    } catch { tape.refuse(error, of: [self], file, line) }
    return ceilMode && images.rank == 4 ? windows.roundedUp(on: images) : windows
  }

  private func dividing(by divisors: Tensor<S>, _ file: StaticString, _ line: UInt) -> Variable {
    tape.apply(.divide, self, tape.constant(divisors), file, line)
  }
}
