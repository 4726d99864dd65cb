// Operations that give elements another shape or order. The VJP of each is another one of them, or a sum.

/// y = x repeated along new or unit dimensions by the broadcasting rule; x̄ = Σ ȳ over the repeated axes.
package struct Broadcast: MovingOperation {
  package let target: Shape
  let indicesBelow: Int?
  package init(to target: Shape) { self.init(to: target, indicesBelow: nil) }
  init(to target: Shape, indicesBelow: Int?) { (self.target, self.indicesBelow) = (target, indicesBelow) }

  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    indicesBelow == nil ? y.broadcast(x[0]) : y.asIndices.broadcast(x[0].asIndices)
  }
  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [p.to(0, g.sum(to: p.x[0].shape))] }
  package func shape(of x: [Shape]) throws(ShapeError) -> Shape {
    let x = try x.only(1, for: name)[0]
    guard x.broadcasts(to: target) else { throw ShapeError("broadcast: \(x) does not broadcast to \(target)") }
    return target
  }
  package func entrywiseInputs(_ x: [Shape]) -> [Bool]? { target.entrywise(x) }
  package func batched<S: Scalar>(_ x: BatchedOperands<S>) -> Variable<S>? {
    x.repeated(x.aligned(0, toRank: target.rank), to: target.batched(x.count))
  }
  package func localJacobian<S: Scalar>(at p: Point<S>, withRespectTo i: Int) -> LocalJacobian? { .moves(at: p, i) }
  package var attributes: [Attribute] { [Attribute("to", .list(Array(target)))] }
  package func notation(_ x: [Notation]) -> Notation { .subscripted("repeat", target.listed, x) }
  package var ownForm: OperationForm { .broadcast }
  // Where nothing changes, the method records nothing: one node less, the same values and gradients.
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String { methodCall(name, x, "to: \(target)") }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange { x[0] }
  package func resized(_ change: (Int) -> Int) -> Broadcast {
    Broadcast(to: Shape(target.map(change)), indicesBelow: indicesBelow)
  }
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

/// An operation that moves numbers or, as they stand, indices that an operation computed.
protocol MovingOperation: LibraryOperation {
  /// The bound of the indices that it moves; `nil` where it moves numbers.
  var indicesBelow: Int? { get }
}

extension MovingOperation {
  package var indexPosition: Int? { indicesBelow == nil ? nil : 0 }
  package func indexBound(for inputs: [Shape]) -> Int { indicesBelow ?? 0 }
  package func resultIndexBound(for inputs: [Shape]) -> Int? { indicesBelow }
}

/// y = x under another shape of the same count, in row-major order; x̄ = ȳ under x's shape.
package struct Reshape: MovingOperation {
  package let target: Shape
  let indicesBelow: Int?
  package init(to target: Shape) { self.init(to: target, indicesBelow: nil) }
  init(to target: Shape, indicesBelow: Int?) { (self.target, self.indicesBelow) = (target, indicesBelow) }

  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    indicesBelow == nil ? y.copy(x[0]) : y.asIndices.copy(x[0].asIndices)
  }
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
  package func batched<S: Scalar>(_ x: BatchedOperands<S>) -> Variable<S>? {
    x.reshaped(x[0], to: target.batched(x.count))
  }
  package func localJacobian<S: Scalar>(at p: Point<S>, withRespectTo i: Int) -> LocalJacobian? { .moves(at: p, i) }
  package var attributes: [Attribute] { [Attribute("to", .list(Array(target)))] }
  package func notation(_ x: [Notation]) -> Notation { .subscripted("reshape", target.listed, x) }
  package var ownForm: OperationForm { .reshape }
  // Where nothing changes, the method records nothing: one node less, the same values and gradients.
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String { methodCall(name, x, "to: \(target)") }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange { x[0] }
  package func resized(_ change: (Int) -> Int) -> Reshape {
    Reshape(to: Shape(target.map(change)), indicesBelow: indicesBelow)
  }
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
  package func batched<S: Scalar>(_ x: BatchedOperands<S>) -> Variable<S>? { x[0].permute([0] + order.map { $0 + 1 }) }
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

extension View {
  /// Indices as numbers of their size, to be moved.
  var asIndices: View<Float> { View<Float>(shape: shape, address: address) }
}

extension Output {
  /// The place of indices as one of numbers of their size.
  var asIndices: Output<Float> { Output<Float>(shape: shape, address: address) }
}

extension Variable {
  /// The bound of indices that an operation computes; `nil` for numbers and for indices that are fed.
  var computedIndexBound: Int? {
    guard tape.holdsIndices(index), let operation else { return nil }
    return operation.resultIndexBound(for: inputs.map(\.shape))
  }

  /// Repeats along new or unit dimensions by the broadcasting rule.
  public func broadcast(to shape: Shape, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    checkedShape("broadcast", file, line) == shape
      ? self : tape.record(Broadcast(to: shape, indicesBelow: computedIndexBound), self, file: file, line: line)
  }

  /// The same elements under another shape.
  public func reshape(to shape: Shape, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    checkedShape("reshape", file, line) == shape
      ? self : tape.record(Reshape(to: shape, indicesBelow: computedIndexBound), self, file: file, line: line)
  }

  /// Axis i of the result is axis `order[i]` of this. An axis below 0 counts from the end.
  public func permute(_ order: [Int], file: StaticString = #fileID, line: UInt = #line) -> Variable {
    let rank = order.contains { $0 < 0 } ? order.count : 0
    return tape.record(Permute(rank == 0 ? order : order.map { $0 < 0 ? $0 + rank : $0 }), self, file: file, line: line)
  }
}
