/// The zeros around the images, or around the sequences, of a convolution.
///
/// ```swift
/// x.conv2d(w, padding: .same)
/// x.conv1d(w, padding: .sides(left: 4))  // a causal convolution with a kernel of 5
/// ```
public enum Padding: Hashable, Sendable, CustomStringConvertible {
  /// As many as give a result of ⌈extent/stride⌉ rows and columns: the extent itself where the stride is 1. Where their
  /// number is odd, one more stands below, or to the right.
  case same
  /// So many rows of zeros above and below, and columns to the left and right.
  case around(Extent2D)
  /// Rows above and columns to the left in `before`, rows below and columns to the right in `after`.
  case beside(before: Extent2D, after: Extent2D)

  /// None.
  public static let valid = Padding.around(0)

  /// Zeros on each side by itself. A sequence has a left and a right one.
  public static func sides(top: Int = 0, bottom: Int = 0, left: Int = 0, right: Int = 0) -> Padding {
    .beside(before: Extent2D(top, left), after: Extent2D(bottom, right))
  }

  public var description: String {
    switch self {
    case .same: "same"
    case .around(let padding): "\(padding)"
    case .beside(let before, let after): "\(before) before and \(after) after"
    }
  }

  /// The zeros before and after; `nil` where the images decide.
  package var margins: (before: Extent2D, after: Extent2D)? {
    switch self {
    case .same: nil
    case .around(let padding): (padding, padding)
    case .beside(let before, let after): (before, after)
    }
  }

  /// Windows of a size with this padding on images.
  /// - Throws: `ShapeError` when size, stride or dilation are no such.
  func windows(
    _ size: Extent2D, stride: Extent2D, dilation: Extent2D, on images: Shape, for operation: String
  ) throws(ShapeError) -> Windows {
    var windows = Windows(size, stride: stride, dilation: dilation)
    switch self {
    case .around(let padding): (windows.padding, windows.paddingAfter) = (padding, padding)
    case .beside(let before, let after): (windows.padding, windows.paddingAfter) = (before, after)
    case .same:
      try windows.check(for: operation)
      guard images.rank == 4 else { break }
      func zeros(_ extent: Int, _ stride: Int, _ reach: Int) -> (before: Int, after: Int) {
        let all = max(((extent + stride - 1) / stride - 1) * stride + reach - extent, 0)
        return (all / 2, all - all / 2)
      }
      let rows = zeros(images[1], stride.height, windows.reach.height)
      let columns = zeros(images[2], stride.width, windows.reach.width)
      windows.padding = Extent2D(rows.before, columns.before)
      windows.paddingAfter = Extent2D(rows.after, columns.after)
    }
    return windows
  }
}

/// The numbers that `pad` puts around a tensor.
public enum PaddingMode: Hashable, Sendable {
  /// One number everywhere.
  case constant(Double)
  /// The elements mirrored at the outermost one, which is not repeated: 3 2 | 1 2 3 | 2 1.
  case reflect
  /// The outermost element repeated: 1 1 | 1 2 3 | 3 3.
  case replicate
  /// The elements from the other end, as on a ring: 2 3 | 1 2 3 | 1 2.
  case circular
}

extension Variable {
  /// This with numbers around it, so many before and after along each axis; `mode` says which. It is one gather, or for
  /// a constant a concatenation along each axis.
  /// - Precondition: a reflection is narrower than its axis, and a ring's part is not wider; otherwise this traps.
  public func pad(
    before: [Int], after: [Int], mode: PaddingMode, file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    let shape = checkedShape("pad", file, line)
    do throws(ShapeError) {
      try Pad(before: before, after: after).shape(of: [shape]).checkPositions(for: "pad")
      if case .constant(let number) = mode { return surrounded(by: number, before, after, file, line) }
      var sources: [[Int]?] = []
      for axis in shape.indices {
        sources.append(try mode.sources(before[axis], after[axis], axis, of: shape))
      }
      return picking(sources, file, line)
    } catch { tape.refuse(error, of: [self], file, line) }
  }

  private func surrounded(
    by number: Double, _ before: [Int], _ after: [Int], _ file: StaticString, _ line: UInt
  ) -> Variable {
    if number == 0, number.sign == .plus { return pad(before: before, after: after, file: file, line: line) }
    let constant = tape.constant(number)
    return shape.indices.reduce(self) { x, axis in
      func block(_ extent: Int) -> [Variable] {
        extent == 0 ? [] : [constant.broadcast(to: x.shape.replacing(axis: axis, with: extent))]
      }
      let parts = block(before[axis]) + [x] + block(after[axis])
      return parts.count == 1 ? x : concatenate(parts, axis: axis, file: file, line: line)
    }
  }

  /// y[i, j, …] = x[sources[0][i], sources[1][j], …], with an axis as it is for `nil`: one gather from the axes up to the
  /// last that changes.
  func picking(_ sources: [[Int]?], _ file: StaticString, _ line: UInt) -> Variable {
    let shape = self.shape
    guard let last = shape.indices.last(where: { axis in sources[axis].map { $0 != Array(0..<shape[axis]) } ?? false })
    else { return self }
    var rows = [0]
    for axis in 0...last {
      let source = sources[axis] ?? Array(0..<shape[axis])
      rows = rows.flatMap { row in source.map { row * shape[axis] + $0 } }
    }
    let (picked, kept) = (shape.prefix(last + 1), Array(shape.dropFirst(last + 1)))
    let table = reshape(to: Shape([picked.reduce(1, *)] + kept), file: file, line: line)
    let index = tape.index(Tensor(shape: [rows.count], elements: rows.map(Int32.init)))
    let extents = (0...last).map { sources[$0]?.count ?? shape[$0] }
    return table.gather(index, file: file, line: line).reshape(to: Shape(extents + kept), file: file, line: line)
  }
}

extension Shape {
  /// - Throws: `ShapeError` when there are more positions than indices.
  func checkPositions(for operation: String) throws(ShapeError) {
    var count = 1
    for extent in self {
      let (product, overflow) = count.multipliedReportingOverflow(by: Swift.max(extent, 1))
      guard !overflow, product <= Int32.max, extent >= 0 else {
        throw ShapeError("\(operation): a result of shape \(self); it may have at most \(Int32.max) elements")
      }
      count = product
    }
  }
}

extension PaddingMode {
  /// The position along an axis from which each element of the padded one comes; `nil` where nothing is padded.
  fileprivate func sources(_ before: Int, _ after: Int, _ axis: Int, of shape: Shape) throws(ShapeError) -> [Int]? {
    let (extent, wider) = (shape[axis], max(before, after))
    if wider == 0 { return nil }
    func check(_ most: Int, _ kind: String) throws(ShapeError) {
      guard wider <= most else {
        throw ShapeError(
          "pad: a \(kind) of \(wider) along axis \(axis) of \(shape); there are \(extent) elements, so it is at most \(max(most, 0))"
        )
      }
    }
    let positions = -before..<extent + after
    switch self {
    case .constant: return nil
    case .reflect:
      try check(extent - 1, "reflection")
      return positions.map { $0 < 0 ? -$0 : $0 < extent ? $0 : 2 * (extent - 1) - $0 }
    case .replicate:
      try check(extent == 0 ? 0 : .max, "repetition")
      return positions.map { min(max($0, 0), extent - 1) }
    case .circular:
      try check(extent, "ring")
      return positions.map { ($0 + extent) % extent }
    }
  }
}
