// Operations that move elements without computing. The VJP of each is another one of them, or a sum.

/// y = x repeated along new or unit dimensions by the broadcasting rule; x̄ = Σ ȳ over the repeated axes.
package struct Broadcast: LibraryOperation {
  package let target: Shape
  package init(to target: Shape) { self.target = target }

  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { y.broadcast(x[0]) }
  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [p.to(0, g.sum(to: p.x[0].shape))] }
  package func shape(of x: [Shape]) throws(ShapeError) -> Shape {
    let x = try x.only(1, for: name)[0]
    guard x.broadcasts(to: target) else { throw ShapeError("broadcast: \(x) does not broadcast to \(target)") }
    return target
  }
  package func entrywiseInputs(_ x: [Shape]) -> [Bool]? { target.entrywise(x) }
  package func localJacobian<S: Scalar>(at p: Point<S>, withRespectTo i: Int) -> LocalJacobian? { .moves(at: p, i) }
  package var attributes: [Attribute] { [Attribute("to", .list(Array(target)))] }
  package func notation(_ x: [Notation]) -> Notation { .subscripted("repeat", target.listed, x) }
  package var ownForm: OperationForm { .broadcast }
  // Where nothing changes, the method records nothing: one node less, the same values and gradients.
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String { methodCall(name, x, "to: \(target)") }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange { x[0] }
  package func resized(_ change: (Int) -> Int) -> Broadcast { Broadcast(to: Shape(target.map(change))) }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? {
    moved(x, on: tape)
  }
  package static var examples: [Example] {
    [
      ([3, 1], [3, 4]), ([4], [3, 4]), ([], [2, 3]), ([1, 3], [2, 3]), ([2, 1, 3], [4, 2, 5, 3]), ([3], [3]),
      ([1], [0]), ([1, 1], [1, 1, 1]),
    ]
    .map { (from: Shape, to: Shape) in Example(Broadcast(to: to), .numbers(from)) }
  }
}

/// y = x under another shape of the same count, in row-major order; x̄ = ȳ under x's shape.
package struct Reshape: LibraryOperation {
  package let target: Shape
  package init(to target: Shape) { self.target = target }

  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { y.copy(x[0]) }
  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    [p.to(0, g.reshape(to: p.x[0].shape))]
  }
  package func shape(of x: [Shape]) throws(ShapeError) -> Shape {
    let x = try x.only(1, for: name)[0]
    guard x.elementCount == target.elementCount else {
      throw ShapeError("reshape: \(x) has \(x.elementCount) elements, \(target) takes \(target.elementCount)")
    }
    return target
  }
  package func localJacobian<S: Scalar>(at p: Point<S>, withRespectTo i: Int) -> LocalJacobian? { .moves(at: p, i) }
  package var attributes: [Attribute] { [Attribute("to", .list(Array(target)))] }
  package func notation(_ x: [Notation]) -> Notation { .subscripted("reshape", target.listed, x) }
  package var ownForm: OperationForm { .reshape }
  // Where nothing changes, the method records nothing: one node less, the same values and gradients.
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String { methodCall(name, x, "to: \(target)") }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange { x[0] }
  package func resized(_ change: (Int) -> Int) -> Reshape { Reshape(to: Shape(target.map(change))) }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? {
    moved(x, on: tape)
  }
  package static var examples: [Example] {
    [([3, 4], [12]), ([12], [2, 6]), ([1], []), ([2, 3, 4], [4, 6]), ([0, 3], [0])].map { (from: Shape, to: Shape) in
      Example(Reshape(to: to), .numbers(from))
    }
  }
}

/// y[…] = x with its axes in another order, axis i of y being axis `order[i]` of x; x̄ = ȳ permuted back.
package struct Permute: LibraryOperation {
  package let order: [Int]
  package init(_ order: [Int]) { self.order = order }

  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    let strides = x[0].shape.strides
    var permuted = SIMD8<Int>(repeating: 0)
    for (axis, source) in order.enumerated() { permuted[axis] = strides[source] }
    y.copyStrided(x[0], offset: 0, strides: permuted)
  }
  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    [p.to(0, g.permute(order.indices.map { order.firstIndex(of: $0) ?? 0 }))]
  }
  package func shape(of x: [Shape]) throws(ShapeError) -> Shape {
    let x = try x.only(1, for: name)[0]
    guard order.sorted() == Array(0..<x.rank) else {
      throw ShapeError("permute: \(order) does not name each axis of \(x) once")
    }
    return Shape(order.map { x[$0] })
  }
  package func localJacobian<S: Scalar>(at p: Point<S>, withRespectTo i: Int) -> LocalJacobian? { .moves(at: p, i) }
  package var attributes: [Attribute] { [Attribute("order", .list(order))] }
  package func notation(_ x: [Notation]) -> Notation {
    order == [1, 0] ? .transposed(x[0]) : .subscripted("permute", order.map(String.init).joined(separator: ","), x)
  }
  package var ownForm: OperationForm { .permute }
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String { methodCall(name, x, "\(order)") }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange { x[0] }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? {
    moved(x, on: tape)
  }
  package static var examples: [Example] {
    [([3, 4], [1, 0]), ([2, 3, 4], [2, 0, 1]), ([2, 3, 4], [0, 2, 1]), ([5], [0]), ([], []), ([0, 3], [1, 0])]
      .map { (shape: Shape, order: [Int]) in Example(Permute(order), .numbers(shape)) }
  }
}

/// y = the box of x that begins at `start` and has extents `size`; x̄ = ȳ inside the box, 0 outside (`Pad`).
package struct Slice: LibraryOperation {
  package let start: [Int]
  package let size: Shape
  package init(start: [Int], size: Shape) {
    self.start = start
    self.size = size
  }

  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    let strides = x[0].shape.strides
    y.copyStrided(x[0], offset: start.indices.reduce(0) { $0 + start[$1] * strides[$1] }, strides: strides)
  }
  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    let x = p.x[0].shape
    return [p.to(0, g.pad(before: start, after: start.indices.map { x[$0] - start[$0] - size[$0] }))]
  }
  package func shape(of x: [Shape]) throws(ShapeError) -> Shape {
    let x = try x.only(1, for: name)[0]
    guard start.count == x.rank, size.rank == x.rank,
      x.indices.allSatisfy({ start[$0] >= 0 && start[$0] <= x[$0] - size[$0] })
    else { throw ShapeError("slice: the box of \(size) at \(start) does not lie in \(x)") }
    return size
  }
  package func localJacobian<S: Scalar>(at p: Point<S>, withRespectTo i: Int) -> LocalJacobian? { .moves(at: p, i) }
  package var attributes: [Attribute] { [Attribute("start", .list(start)), Attribute("size", .list(Array(size)))] }
  package func notation(_ x: [Notation]) -> Notation {
    .subscripted("slice", start.indices.map { "\(start[$0])..<\(start[$0] + size[$0])" }.joined(separator: ","), x)
  }
  package var ownForm: OperationForm { .slice }
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String {
    methodCall(name, x, "start: \(start)", "size: \(size)")
  }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange { x[0] }
  package func resized(_ change: (Int) -> Int) -> Slice {
    Slice(start: start.map { _ in 0 }, size: Shape(size.map(change)))
  }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? {
    moved(x, on: tape)
  }
  package static var examples: [Example] {
    [([3, 4], [1, 0], [2, 3]), ([5], [2], [0]), ([2, 3, 4], [0, 1, 2], [2, 2, 1]), ([3], [0], [3]), ([], [], [])]
      .map { (shape: Shape, start: [Int], size: Shape) in Example(Slice(start: start, size: size), .numbers(shape)) }
  }
}

/// y = x with zeros around it; x̄ = the box of ȳ where x stands (`Slice`).
package struct Pad: LibraryOperation {
  package let before: [Int]
  package let after: [Int]
  package init(before: [Int], after: [Int]) {
    self.before = before
    self.after = after
  }

  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    let strides = y.shape.strides
    y.clear()
    y.placeStrided(x[0], offset: before.indices.reduce(0) { $0 + before[$1] * strides[$1] }, strides: strides)
  }
  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    [p.to(0, g.slice(start: before, size: p.x[0].shape))]
  }
  package func shape(of x: [Shape]) throws(ShapeError) -> Shape {
    let x = try x.only(1, for: name)[0]
    let fits = (before + after).allSatisfy { (0...Int(Int32.max)).contains($0) }
    guard before.count == x.rank, after.count == x.rank, fits else {
      throw ShapeError("pad: \(before) before and \(after) after do not fit the axes of \(x)")
    }
    return try Shape(x.indices.map { before[$0] + x[$0] + after[$0] }, of: name)
  }
  package func localJacobian<S: Scalar>(at p: Point<S>, withRespectTo i: Int) -> LocalJacobian? { .moves(at: p, i) }
  package var attributes: [Attribute] { [Attribute("before", .list(before)), Attribute("after", .list(after))] }
  package var ownForm: OperationForm { .pad }
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String {
    methodCall(name, x, "before: \(before)", "after: \(after)")
  }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange { .hull([x[0], 0...0]) }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? {
    moved(x, on: tape)
  }
  package static var examples: [Example] {
    [([3, 4], [1, 0], [0, 2]), ([2], [0], [0]), ([2, 1, 2], [0, 1, 1], [1, 0, 0]), ([], [], []), ([0], [2], [1])]
      .map { (shape: Shape, before: [Int], after: [Int]) in Example(Pad(before: before, after: after), .numbers(shape))
      }
  }
}

/// y = the inputs one after the other along an axis; each x̄ is its slice of ȳ.
package struct Concatenate: LibraryOperation {
  package let axis: Int
  package init(axis: Int) { self.axis = axis }

  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    let strides = y.shape.strides
    var position = 0
    for i in 0..<x.count {
      y.placeStrided(x[i], offset: position * strides[axis], strides: strides)
      position += x[i].shape[axis]
    }
  }
  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    var position = 0
    return (0..<p.x.count).map { i in
      let shape = p.x[i].shape
      defer { position += shape[axis] }
      let start = shape.indices.map { $0 == axis ? position : 0 }
      return p.to(i, g.slice(start: start, size: shape))
    }
  }
  package func shape(of x: [Shape]) throws(ShapeError) -> Shape {
    guard let first = x.first else { throw ShapeError("concatenate: nothing to concatenate") }
    guard axis >= 0, axis < first.rank else {
      throw ShapeError("concatenate: axis \(axis) does not exist in \(first), which has rank \(first.rank)")
    }
    for other in x where other.rank != first.rank || other.replacing(axis: axis, with: first[axis]) != first {
      throw ShapeError("concatenate: \(first) and \(other) differ along another axis than \(axis)")
    }
    let extent = x.reduce(0) { $0 + $1[axis] }
    return try Shape(first.indices.map { $0 == axis ? extent : first[$0] }, of: name)
  }
  package func localJacobian<S: Scalar>(at p: Point<S>, withRespectTo i: Int) -> LocalJacobian? { .moves(at: p, i) }
  package var attributes: [Attribute] { [Attribute("axis", .int(axis))] }
  package var ownForm: OperationForm { .concatenate }
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String {
    "concatenate([\(x.joined(separator: ", "))], axis: \(axis))"
  }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange { .hull(x) }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? {
    moved(x, on: tape)
  }
  package static var examples: [Example] {
    [
      Example(Concatenate(axis: 0), .numbers([2, 3]), .numbers([1, 3])),
      Example(Concatenate(axis: 1), .numbers([2, 3]), .numbers([2, 1]), .numbers([2, 0])),
      Example(Concatenate(axis: 0), .numbers([4])),
      Example(Concatenate(axis: 1), (1...6).map { .numbers([2, $0, 2]) }),
    ]
  }
}

/// y = x, and no x̄: everything before y counts as a constant.
package struct StopGradient: LibraryOperation {
  package init() {}
  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    y.map(x[0]) { $0.detached }
  }
  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [nil] }
  package func shape(of x: [Shape]) throws(ShapeError) -> Shape { try x.only(1, for: name)[0] }
  package func localJacobian<S: Scalar>(at p: Point<S>, withRespectTo i: Int) -> LocalJacobian? { .zero(at: p, i) }
  package var isElementwise: Bool { true }
  package var ownForm: OperationForm { .stopGradient }
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String { methodCall(name, x) }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange { x[0] }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? {
    elementwise(x, shape: shape, on: tape)
  }
  package static var examples: [Example] { ElementwiseExamples.shapes.map { Example(StopGradient(), .numbers($0)) } }
}

extension Variable {
  /// Repeats along new or unit dimensions by the broadcasting rule.
  public func broadcast(to shape: Shape, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    checkedShape("broadcast", file, line) == shape
      ? self : tape.record(Broadcast(to: shape), self, file: file, line: line)
  }

  /// The same elements under another shape.
  public func reshape(to shape: Shape, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    checkedShape("reshape", file, line) == shape
      ? self : tape.record(Reshape(to: shape), self, file: file, line: line)
  }

  /// Axis i of the result is axis `order[i]` of this.
  public func permute(_ order: [Int], file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.record(Permute(order), self, file: file, line: line)
  }

  /// A matrix transposed in memory. A product needs the flags of `matmul` instead.
  public func transpose(file: StaticString = #fileID, line: UInt = #line) -> Variable {
    permute([1, 0], file: file, line: line)
  }

  /// The box that begins at `start` and has extents `size`.
  public func slice(start: [Int], size: Shape, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.record(Slice(start: start, size: size), self, file: file, line: line)
  }

  /// The part with the positions `range` along an axis.
  public func slice(_ range: Range<Int>, axis: Int = 0, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    let shape = checkedShape("slice", file, line)
    let axis = self.axis(axis, for: "slice", file, line)
    guard range.lowerBound >= 0 else {
      fatalError("slice: the positions \(range) begin below 0", file: file, line: line)
    }
    guard range.upperBound <= shape[axis] else {
      fatalError(
        "slice: the positions \(range) do not lie in the \(shape[axis]) of axis \(axis) of \(tape.describe(index))",
        file: file, line: line)
    }
    let start = shape.indices.map { $0 == axis ? range.lowerBound : 0 }
    return slice(start: start, size: shape.replacing(axis: axis, with: range.count), file: file, line: line)
  }

  /// This with zeros around it: so many before and after along each axis.
  public func pad(before: [Int], after: [Int], file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.record(Pad(before: before, after: after), self, file: file, line: line)
  }

  /// This value as a constant: nothing is differentiated through it.
  public func stopGradient(file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.record(StopGradient(), self, file: file, line: line)
  }
}

/// The inputs one after the other along an axis.
/// - Precondition: there is at least one.
public func concatenate<S: Scalar>(
  _ parts: [Variable<S>], axis: Int = 0, file: StaticString = #fileID, line: UInt = #line
) -> Variable<S> {
  guard let first = parts.first else { fatalError("concatenate: nothing to concatenate", file: file, line: line) }
  let rank = first.checkedShape("concatenate", file, line).rank
  return first.tape.record(Concatenate(axis: axis < 0 ? axis + rank : axis), inputs: parts, file: file, line: line)
}

/// The inputs side by side along a new axis: each reshaped, then concatenated.
/// - Precondition: there is at least one, and all have the same shape.
public func stack<S: Scalar>(
  _ parts: [Variable<S>], axis: Int = 0, file: StaticString = #fileID, line: UInt = #line
) -> Variable<S> {
  guard let first = parts.first else { fatalError("stack: nothing to stack", file: file, line: line) }
  let shape = first.checkedShape("stack", file, line)
  let position = axis < 0 ? axis + shape.rank + 1 : axis
  guard position >= 0, position <= shape.rank else {
    fatalError("stack: axis \(axis) does not exist in a stack of rank \(shape.rank + 1)", file: file, line: line)
  }
  for part in parts where part.checkedShape("stack", file, line) != shape {
    fatalError(
      "stack: \(first.tape.describe(first)) and \(part.tape.describe(part)) have different shapes", file: file,
      line: line)
  }
  guard shape.rank < Shape.maximumRank else {
    fatalError("stack: no room for another axis beside \(shape)", file: file, line: line)
  }
  var dimensions = Array(shape)
  dimensions.insert(1, at: position)
  let slice = Shape(dimensions)
  return concatenate(parts.map { $0.reshape(to: slice) }, axis: position, file: file, line: line)
}
