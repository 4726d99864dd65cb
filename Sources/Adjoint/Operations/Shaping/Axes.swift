// Axes that come, go and change places. The elements stay as they are, or are permuted.

extension DenseArray {
  /// The same elements under these dimensions, of which one may be −1: it is what the others leave. `x.reshape(2, -1)`.
  /// - Precondition: the dimensions have as many elements as this.
  public func reshape(_ dimensions: Int..., file: StaticString = #fileID, line: UInt = #line) -> Self {
    let own = shape(for: "reshape", file: file, line: line)
    var dimensions = dimensions
    if let free = dimensions.firstIndex(of: -1) {
      dimensions[free] = 1
      let rest = dimensions.reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue }
      guard dimensions.allSatisfy({ $0 > 0 }), rest > 0, own.elementCount % rest == 0 else {
        dimensions[free] = -1
        fatalError(
          "reshape: the \(own.elementCount) elements of \(own) leave no dimension for the -1 of \(dimensions)",
          file: file,
          line: line)
      }
      dimensions[free] = own.elementCount / rest
    }
    return reshape(to: .checked(dimensions, of: "reshape", file, line), file: file, line: line)
  }

  /// All axes of one position removed: [2, 1, 3, 1] becomes [2, 3].
  public func squeeze(file: StaticString = #fileID, line: UInt = #line) -> Self {
    let own = shape(for: "squeeze", file: file, line: line)
    return reshape(to: Shape(own.filter { $0 != 1 }), file: file, line: line)
  }

  /// One axis removed, which has one position. An axis below 0 counts from the end.
  /// - Precondition: the axis has one position.
  public func squeeze(axis: Int, file: StaticString = #fileID, line: UInt = #line) -> Self {
    let own = shape(for: "squeeze", file: file, line: line)
    let position = own.checked(axis: axis, of: "squeeze", file, line)
    guard own[position] == 1 else {
      fatalError(
        "squeeze: axis \(axis) of \(own) has \(own[position]) positions, and only an axis of one can go", file: file,
        line: line)
    }
    return reshape(to: Shape(own.indices.filter { $0 != position }.map { own[$0] }), file: file, line: line)
  }

  /// A new axis of one position in front of an axis: [2, 3] becomes [2, 1, 3] with axis 1, and [2, 3, 1] with axis −1.
  public func unsqueeze(axis: Int, file: StaticString = #fileID, line: UInt = #line) -> Self {
    let own = shape(for: "unsqueeze", file: file, line: line)
    return reshape(
      to: own.inserting(1, at: own.newAxis(axis, of: "unsqueeze", file, line)), file: file, line: line)
  }

  /// The axes from one through another as one: [2, 3, 4] becomes [6, 4] from 0 through 1. An axis below 0 counts from the end.
  /// - Precondition: the first axis is not behind the last.
  public func flatten(from first: Int, through last: Int = -1, file: StaticString = #fileID, line: UInt = #line) -> Self
  {
    let own = shape(for: "flatten", file: file, line: line)
    if own.rank == 0, (-1...0).contains(first), (-1...0).contains(last) {
      return reshape(to: [1], file: file, line: line)
    }
    let (lower, upper) = (
      own.checked(axis: first, of: "flatten", file, line), own.checked(axis: last, of: "flatten", file, line)
    )
    guard lower <= upper else {
      fatalError("flatten: axis \(first) of \(own) stands behind axis \(last)", file: file, line: line)
    }
    let merged = own[lower...upper].reduce(1, *)
    return reshape(
      to: .checked(own[..<lower] + [merged] + own[(upper + 1)...], of: "flatten", file, line), file: file, line: line)
  }

  /// Two axes exchanged: of a matrix, its rows and columns. An axis below 0 counts from the end. A product needs the flags of
  /// `matmul` instead.
  public func transpose(
    _ a: Int = -2, _ b: Int = -1, file: StaticString = #fileID, line: UInt = #line
  ) -> Self {
    let own = shape(for: "transpose", file: file, line: line)
    let (a, b) = (own.checked(axis: a, of: "transpose", file, line), own.checked(axis: b, of: "transpose", file, line))
    var order = Array(own.indices)
    order.swapAt(a, b)
    return a == b ? self : permute(order, file: file, line: line)
  }

  /// An axis at another place; the others keep their order. An axis below 0 counts from the end.
  public func moveAxis(from: Int, to: Int, file: StaticString = #fileID, line: UInt = #line) -> Self {
    let own = shape(for: "moveAxis", file: file, line: line)
    let (from, to) = (
      own.checked(axis: from, of: "moveAxis", file, line), own.checked(axis: to, of: "moveAxis", file, line)
    )
    var order = Array(own.indices)
    order.insert(order.remove(at: from), at: to)
    return from == to ? self : permute(order, file: file, line: line)
  }
}

extension Shape {
  /// The shape with these dimensions.
  /// - Precondition: it is one that can be; otherwise this traps at the caller's line.
  static func checked(
    _ dimensions: some Collection<Int>, of operation: String, _ file: StaticString, _ line: UInt
  ) -> Shape {
    do throws(ShapeError) { return try Shape(dimensions, of: operation) } catch {
      fatalError(error.description, file: file, line: line)
    }
  }

  /// The place of a new axis, counted from the end of the result when it is below 0.
  /// - Precondition: there is such a place, and room for another axis; otherwise this traps at the caller's line.
  func newAxis(_ axis: Int, of operation: String, _ file: StaticString, _ line: UInt) -> Int {
    let position = axis < 0 ? axis + rank + 1 : axis
    guard position >= 0, position <= rank else {
      fatalError(
        "\(operation): there is no place for a new axis \(axis) in \(self), which has rank \(rank)", file: file,
        line: line)
    }
    guard rank < Shape.maximumRank else {
      fatalError(
        "\(operation): \(self) has no room for another axis; \(Shape.maximumRank) are the most", file: file, line: line)
    }
    return position
  }

  /// This shape with another axis.
  func inserting(_ extent: Int, at axis: Int) -> Shape {
    var dimensions = Array(self)
    dimensions.insert(extent, at: axis)
    return Shape(dimensions)
  }
}
