// Parts of a tensor. One position for each axis names an element, whose type is that of the elements.

extension Tensor {
  /// The part that a position or more of each axis name, when one is not a number: `t[1..<3]` are two rows of a matrix, `t[.newAxis]`
  /// one with a new axis in front. Axes that are not named stay whole. Numbers alone name an element, unless a tensor is asked for.
  /// - Precondition: there are such positions. A part that is set has the shape of what it replaces.
  @_disfavoredOverload
  public subscript(
    _ positions: any AxisPosition..., file file: StaticString = #fileID, line line: UInt = #line
  ) -> Tensor {
    get { copy(of: NamedPart(of: shape, positions, rest: nil, file, line)) }
    set { replace(NamedPart(of: shape, positions, rest: nil, file, line), with: newValue, file, line) }
  }

  /// The part that positions of the last axes name: `t[..., 0]` is the first column of a matrix.
  public subscript(
    _ rest: UnboundedRange, _ last: any AxisPosition..., file file: StaticString = #fileID, line line: UInt = #line
  ) -> Tensor {
    get { copy(of: NamedPart(of: shape, last, rest: 0, file, line)) }
    set { replace(NamedPart(of: shape, last, rest: 0, file, line), with: newValue, file, line) }
  }

  /// The part that positions of the first axis and of the last axes name: `t[0, ...]` is the first row of a matrix.
  public subscript(
    _ first: any AxisPosition, _ rest: UnboundedRange, _ last: any AxisPosition...,
    file file: StaticString = #fileID, line line: UInt = #line
  ) -> Tensor {
    get { copy(of: NamedPart(of: shape, [first] + last, rest: 1, file, line)) }
    set { replace(NamedPart(of: shape, [first] + last, rest: 1, file, line), with: newValue, file, line) }
  }

  /// The part that positions of the first two axes and of the last axes name: `t[0, 1..<3, ...]`.
  public subscript(
    _ first: any AxisPosition, _ second: any AxisPosition, _ rest: UnboundedRange, _ last: any AxisPosition...,
    file file: StaticString = #fileID, line line: UInt = #line
  ) -> Tensor {
    get { copy(of: NamedPart(of: shape, [first, second] + last, rest: 2, file, line)) }
    set { replace(NamedPart(of: shape, [first, second] + last, rest: 2, file, line), with: newValue, file, line) }
  }

  /// The part at one or more positions of an axis: `t[0, axis: 1]` is the first column of a matrix, `t[..<2, axis: 1]` are its
  /// first two. An axis below 0 counts from the end.
  /// - Precondition: the axis has these positions. A part that is set has the shape of what it replaces.
  public subscript(
    _ position: any AxisPosition, axis axis: Int, file file: StaticString = #fileID, line line: UInt = #line
  ) -> Tensor {
    get { copy(of: NamedPart(of: shape, position, axis: axis, file, line)) }
    set { replace(NamedPart(of: shape, position, axis: axis, file, line), with: newValue, file, line) }
  }

  private func copy(of part: NamedPart) -> Tensor {
    var copy: [Element] = []
    copy.reserveCapacity(part.shape.elementCount)
    part.forEachRun(in: shape) { copy += elements[$0] }
    return Tensor(of: part.shape, copy)
  }

  private mutating func replace(_ part: NamedPart, with new: Tensor, _ file: StaticString, _ line: UInt) {
    guard new.shape == part.shape else {
      fatalError(
        "Tensor: a part of shape \(part.shape) cannot be set to a tensor of shape \(new.shape)", file: file, line: line)
    }
    var position = 0
    part.forEachRun(in: shape) { run in
      replaceElements(in: run, with: new.elements[position..<position + run.count])
      position += run.count
    }
  }
}

/// The part of a shape that positions name: a box of it with steps, under a shape of its own.
struct NamedPart {
  /// The first position along each axis of the whole.
  private(set) var start: [Int] = []
  /// The extents of the box.
  private(set) var size: Shape
  /// The step along each axis; empty when all are 1.
  private(set) var step: [Int] = []
  /// The box without the axes of single positions, and with new axes.
  private(set) var shape: Shape

  /// The part at positions of one axis.
  init(of whole: Shape, _ position: any AxisPosition, axis: Int, _ file: StaticString, _ line: UInt) {
    let axis = whole.checked(axis: axis, file, line)
    (start, size, shape) = (Array(repeating: 0, count: whole.rank), whole, whole)
    let span = position.span(along: whole[axis])
    if case .newAxis = span.kind {
      shape = .checked(whole[..<axis] + [1] + whole[axis...], of: "Tensor", file, line)
      return
    }
    start[axis] = take(span, along: axis, of: whole, file, line)
    shape = size
    if case .position = span.kind { shape = Shape(whole.indices.filter { $0 != axis }.map { whole[$0] }) }
  }

  /// The part at positions of the first axes; those from number `rest` on belong to the last axes.
  init(of whole: Shape, _ positions: [any AxisPosition], rest: Int?, _ file: StaticString, _ line: UInt) {
    (size, shape) = (whole, whole)
    start.reserveCapacity(whole.rank)
    var kept: [Int] = []
    func takeWhole(_ count: Int) {
      for _ in 0..<count {
        kept.append(whole[start.count])
        start.append(0)
      }
    }
    for (number, position) in positions.enumerated() {
      if number == rest { takeWhole(max(whole.rank - start.count - named(positions[number...]), 0)) }
      let axis = start.count
      let extent = axis < whole.rank ? whole[axis] : 0
      let span = position.span(along: extent)
      if case .newAxis = span.kind {
        kept.append(1)
        continue
      }
      guard axis < whole.rank else { tooMany(positions, of: whole, file, line) }
      let first = take(span, along: axis, of: whole, file, line)
      start.append(first)
      if case .position = span.kind {} else { kept.append(size[axis]) }
    }
    takeWhole(whole.rank - start.count)
    shape = .checked(kept, of: "Tensor", file, line)
  }

  /// The first position along an axis; extent and step become those of the part.
  private mutating func take(
    _ span: AxisSpan, along axis: Int, of whole: Shape, _ file: StaticString, _ line: UInt
  ) -> Int {
    guard let (first, count, stride) = span.resolved(along: whole[axis]) else {
      fatalError(
        "Tensor: no \(span.text(along: whole[axis])) along axis \(axis) of \(whole), which has 0 ..< \(whole[axis])",
        file: file, line: line)
    }
    size = size.replacing(axis: axis, with: count)
    if stride != 1 {
      if step.isEmpty { step = Array(repeating: 1, count: whole.rank) }
      step[axis] = stride
    }
    return first
  }

  /// The number of axes that positions name: each but a new one.
  private func named(_ positions: ArraySlice<any AxisPosition>) -> Int {
    positions.count { if case .newAxis? = ($0 as? AxisSpan)?.kind { false } else { true } }
  }

  /// Traps with the number of positions, which is more than there are axes.
  private func tooMany(
    _ positions: [any AxisPosition], of whole: Shape, _ file: StaticString, _ line: UInt
  ) -> Never {
    let count = named(positions[...])
    fatalError(
      "Tensor: \(count == 1 ? "1 position" : "\(count) positions") for \(whole), which has rank \(whole.rank)",
      file: file,
      line: line)
  }

  /// The row-major positions of the part in the whole, as contiguous runs in order.
  func forEachRun(in whole: Shape, _ body: (Range<Int>) -> Void) {
    guard size.elementCount > 0 else { return }
    // The last axes that are whole, and a box of the axis before them, are one run.
    var (outer, length) = (size.rank, 1)
    while outer > 0, step.isEmpty || step[outer - 1] == 1 {
      outer -= 1
      length *= size[outer]
      if size[outer] != whole[outer] { break }
    }
    let strides = whole.strides
    var first = 0
    for axis in start.indices { first += start[axis] * strides[axis] }
    if outer == 0 { return body(first..<first + length) }
    var position = [Int](repeating: 0, count: outer)
    while true {
      let offset = position.indices.reduce(first) {
        $0 + position[$1] * (step.isEmpty ? 1 : step[$1]) * strides[$1]
      }
      body(offset..<offset + length)
      guard let axis = position.indices.last(where: { position[$0] + 1 < size[$0] }) else { return }
      position[axis] += 1
      for later in position.indices where later > axis { position[later] = 0 }
    }
  }
}

extension Shape {
  /// The row-major offset of the element at these positions, one for each axis.
  /// - Precondition: there is such an element; otherwise this traps at the caller's line.
  func offset(of positions: [Int], _ file: StaticString, _ line: UInt) -> Int {
    guard positions.count == rank else {
      let remedy = positions.count == 1 && rank > 1 ? "; a row is [\(positions[0]), ...]" : ""
      let count = positions.count == 1 ? "1 position" : "\(positions.count) positions"
      fatalError(
        "Tensor: \(count), \(positions), for an element of \(self), which takes \(rank)\(remedy)", file: file,
        line: line)
    }
    var offset = 0
    for axis in indices {
      let position = positions[axis]
      let counted = position < 0 && position >= -self[axis] ? position + self[axis] : position
      offset = offset * self[axis] + checked(counted, axis: axis, file, line)
    }
    return offset
  }

  /// A position along an axis.
  /// - Precondition: the axis has it; otherwise this traps at the caller's line with shape, position and axis.
  func checked(_ position: Int, axis: Int, _ file: StaticString, _ line: UInt) -> Int {
    guard position >= 0, position < self[axis] else {
      fatalError(
        "Tensor: no position \(position) along axis \(axis) of \(self), which has 0 ..< \(self[axis])", file: file,
        line: line)
    }
    return position
  }

  /// The axis that a number names, which counts from the end when it is below 0.
  func checked(axis: Int, of operation: String = "Tensor", _ file: StaticString, _ line: UInt) -> Int {
    do throws(ShapeError) { return try normalized(axis: axis, of: operation) } catch {
      fatalError(error.description, file: file, line: line)
    }
  }
}
