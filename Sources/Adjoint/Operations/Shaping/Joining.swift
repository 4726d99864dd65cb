// Arrays side by side.

/// y = the inputs one after the other along an axis; each x̄ is its slice of ȳ.
package struct Concatenate: LibraryOperation {
  package let axis: Int
  package init(axis: Int) { self.axis = axis }

  @specialized(where S == Float)
  @specialized(where S == Double)
  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    if y.placeNarrow(x, axis: axis) { return }
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
  package func batched<S: Scalar>(_ x: BatchedOperands<S>) -> Variable<S>? {
    x.tape.record(Concatenate(axis: axis + 1), inputs: x.shapes.indices.map { x.whole($0) })
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
      Example(Concatenate(axis: 1), [1, 2, 1, 0, 1].map { .numbers([18, $0]) }),
    ]
  }
}

extension Output {
  /// Puts narrow parts side by side, a few rows of the result at a time, which stay in a cache until they are full; `false` where
  /// parts are wide or few.
  fileprivate func placeNarrow(_ x: Operands<S>, axis: Int) -> Bool {
    let outer = shape.leading(axis).elementCount
    let width = count / Swift.max(outer, 1)
    guard x.count > 4, outer > 16, 1...16 * x.count ~= width else { return false }
    let rows = Swift.max(4096 / width, 1)
    for start in stride(from: 0, to: outer, by: rows) {
      let count = Swift.min(rows, outer - start)
      var target = base + start * width
      for i in 0..<x.count {
        let own = x[i].count / outer
        StridedRows(rows: count, of: own, stride: width).place(x[i].base + start * own, target)
        target += own
      }
    }
    return true
  }
}

extension Variable {
  /// Variables one after the other along an axis, as `concatenate(_:axis:)` gives them.
  /// - Precondition: there is at least one, and their shapes differ along that axis alone.
  public static func joining(
    _ parts: [Variable], axis: Int, file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    guard let first = parts.first else { fatalError("concatenate: nothing to concatenate", file: file, line: line) }
    let rank = first.checkedShape("concatenate", file, line).rank
    return first.tape.record(Concatenate(axis: axis < 0 ? axis + rank : axis), inputs: parts, file: file, line: line)
  }
}

/// Arrays one after the other along an axis: `concatenate([a, b], axis: -1)`, of tensors or of variables.
/// - Precondition: there is at least one, and their shapes differ along that axis alone.
public func concatenate<A: DenseArray>(
  _ parts: [A], axis: Int = 0, file: StaticString = #fileID, line: UInt = #line
) -> A {
  A.joining(parts, axis: axis, file: file, line: line)
}

/// Arrays side by side along a new axis, of tensors or of variables: each reshaped, then concatenated.
/// - Precondition: there is at least one, and all have the same shape.
public func stack<A: DenseArray>(
  _ parts: [A], axis: Int = 0, file: StaticString = #fileID, line: UInt = #line
) -> A {
  guard let first = parts.first else { fatalError("stack: nothing to stack", file: file, line: line) }
  let shape = first.shape(for: "stack", file: file, line: line)
  let position = shape.newAxis(axis, of: "stack", file, line)
  for (number, part) in parts.enumerated() where part.shape(for: "stack", file: file, line: line) != shape {
    fatalError(
      "stack: entry 0 has the shape \(shape), entry \(number) has \(part.shape); all must have the same", file: file,
      line: line)
  }
  let slice = shape.inserting(1, at: position)
  return A.joining(
    parts.map { $0.reshape(to: slice, file: file, line: line) }, axis: position, file: file, line: line)
}
