// Operations with an index operand: Int32 positions, range-checked, never differentiated.

/// y[i…, :] = x[index[i…], :], rows of x by number; x̄ = `ScatterAdd` of ȳ.
package struct Gather: LibraryOperation {
  package init() {}

  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { y.gatherRows(x[0], x[1]) }
  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    [p.to(0, g.scatterAdd(p.x[1], rows: p.x[0].shape[0]).reshape(to: p.x[0].shape)), nil]
  }
  package func shape(of x: [Shape]) throws(ShapeError) -> Shape {
    let x = try x.only(2, for: name)
    guard x[0].rank >= 1 else { throw ShapeError("gather: a single number has no rows") }
    return try Shape(Array(x[1]) + x[0].dropFirst(), of: name)
  }
  package func batched<S: Scalar>(_ x: BatchedOperands<S>) -> Variable<S>? {
    if !x.isBatched[0] { return x[0].gather(x[1]) }
    if !x.isBatched[1] { return x[0].moveAxis(from: 0, to: 1).gather(x[1]).moveAxis(from: x.shapes[1].rank, to: 0) }
    // Rows of its own for each entry are chosen element by element.
    let row = Shape(x.shapes[0].dropFirst())
    return x.tape.record(GatherAlong(axis: 1), x[0], x.places(1, besideRows: row)).reshape(to: x.shape.batched(x.count))
  }
  package func entrywiseInputs(_ x: [Shape]) -> [Bool]? { x[1].rank > 0 ? [false, true] : nil }
  package func localJacobian<S: Scalar>(at p: Point<S>, withRespectTo i: Int) -> LocalJacobian? { .moves(at: p, i) }
  package var indexPosition: Int? { 1 }
  package func indexBound(for inputs: [Shape]) -> Int { inputs[0][0] }
  package var ownForm: OperationForm { .gather }
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String { methodCall(name, x) }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange { x[0] }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? {
    moved(x, on: tape)
  }
  package static var examples: [Example] {
    [
      Example(Gather(), .numbers([4, 3]), .indices([6], below: 4)),
      Example(Gather(), .numbers([5]), .indices([2, 3], below: 5)),
      Example(Gather(), .numbers([1, 2]), .indices([1], below: 1)),
      Example(Gather(), .numbers([3, 2]), .indices([0], below: 3)),
    ]
  }
}

/// y[r, :] = Σ x[i…, :] over all i with index[i…] = r, for r in 0 ..< rows; x̄ = `Gather` of ȳ. Indices may repeat. A
/// program runs it as `RowScatter`.
package struct ScatterAdd: LibraryOperation {
  package let rows: Int
  package init(rows: Int) { self.rows = rows }

  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    withUnsafeTemporaryAllocation(of: Int.self, capacity: y.scatterOrder(of: x[1])) { order in
      y.scatterAddRows(x[0], x[1], order: order)
    }
  }
  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    [p.to(0, g.gather(p.x[1]).reshape(to: p.x[0].shape)), nil]
  }
  package func shape(of x: [Shape]) throws(ShapeError) -> Shape {
    let x = try x.only(2, for: name)
    guard x[0].rank >= x[1].rank, Array(x[0].prefix(x[1].rank)) == Array(x[1]) else {
      throw ShapeError("scatterAdd: \(x[0]) does not begin with the shape of the indices \(x[1])")
    }
    return try Shape([rows] + x[0].dropFirst(x[1].rank), of: name)
  }
  package func batched<S: Scalar>(_ x: BatchedOperands<S>) -> Variable<S>? {
    let rank = x.shapes[1].rank
    if !x.isBatched[1] { return x[0].moveAxis(from: 0, to: rank).scatterAdd(x[1], rows: rows).moveAxis(from: 1, to: 0) }
    let places = x.places(1, besideRows: Shape(x.shapes[0].dropFirst(rank)))
    return x.tape.record(ScatterAddAlong(axis: 1, extent: rows), x.whole(0).reshape(to: places.shape), places)
  }
  package func localJacobian<S: Scalar>(at p: Point<S>, withRespectTo i: Int) -> LocalJacobian? { .reduces(at: p, i) }
  package var indexPosition: Int? { 1 }
  package func indexBound(for inputs: [Shape]) -> Int { rows }
  package var attributes: [Attribute] { [Attribute("rows", .int(rows))] }
  package var ownForm: OperationForm { .scatterAdd }
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String { methodCall(name, x, "rows: \(rows)") }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange { x[0].summed(shapes[1].elementCount) }
  package func resized(_ change: (Int) -> Int) -> ScatterAdd { ScatterAdd(rows: change(rows)) }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? {
    nil
  }
  package static var examples: [Example] {
    [
      Example(ScatterAdd(rows: 4), .numbers([6, 3]), .indices([6], below: 4)),
      Example(ScatterAdd(rows: 3), .numbers([2, 3]), .indices([2, 3], below: 3)),
      Example(ScatterAdd(rows: 2), .numbers([0, 2]), .indices([0], below: 2)),
    ]
  }
}

/// y[i…] = x[i…, index[i…]], one element of each row; x̄ = ȳ at that element, 0 elsewhere: ȳ masked by `OneHot`.
package struct Pick: LibraryOperation {
  package init() {}

  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    let width = x[0].shape[x[0].shape.rank - 1]
    let (elements, indices, y) = (x[0].elements, x[1].indices, y.elements)
    for row in y.indices { y[row] = elements[row * width + Int(indices[row])] }
  }
  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    let classes = p.x[0].shape[p.x[0].shape.rank - 1]
    return [p.to(0, g.reshape(to: Shape(Array(g.shape) + [1])).masked(by: p.x[1].oneHot(classes))), nil]
  }
  package func shape(of x: [Shape]) throws(ShapeError) -> Shape {
    let x = try x.only(2, for: name)
    guard x[0].rank >= 1, Array(x[0].dropLast()) == Array(x[1]) else {
      throw ShapeError("pick: \(x[0]) takes indices of shape \(Shape(x[0].dropLast())), one a row; these are \(x[1])")
    }
    return x[1]
  }
  package func batched<S: Scalar>(_ x: BatchedOperands<S>) -> Variable<S>? {
    x.tape.record(self, x.whole(0), x.whole(1))
  }
  package func entrywiseInputs(_ x: [Shape]) -> [Bool]? { x[1].rank > 0 ? [true, true] : nil }
  package func localJacobian<S: Scalar>(at p: Point<S>, withRespectTo i: Int) -> LocalJacobian? { .moves(at: p, i) }
  package var indexPosition: Int? { 1 }
  package func indexBound(for inputs: [Shape]) -> Int { inputs[0][inputs[0].rank - 1] }
  package var ownForm: OperationForm { .pick }
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String { methodCall(name, x) }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange { x[0] }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? {
    moved(x, on: tape)
  }
  package static var examples: [Example] {
    [
      Example(Pick(), .numbers([4, 3]), .indices([4], below: 3)),
      Example(Pick(), .numbers([5]), .indices([], below: 5)),
      Example(Pick(), .numbers([2, 3, 4]), .indices([2, 3], below: 4)),
      Example(Pick(), .numbers([1, 1]), .indices([1], below: 1)),
      Example(Pick(), .numbers([0, 3]), .indices([0], below: 3)),
    ]
  }
}

/// y[i…, j] = 1 where j = index[i…], else 0, for j in 0 ..< classes.
package struct OneHot: LibraryOperation {
  package let classes: Int
  package init(classes: Int) { self.classes = classes }

  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    y.clear()
    let (indices, y) = (x[0].indices, y.elements)
    for row in 0..<indices.count { y[row * classes + Int(indices[row])] = 1 }
  }
  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [nil] }
  package func shape(of x: [Shape]) throws(ShapeError) -> Shape {
    try Shape(Array(try x.only(1, for: name)[0]) + [classes], of: name)
  }
  package func batched<S: Scalar>(_ x: BatchedOperands<S>) -> Variable<S>? { x.tape.record(self, x[0]) }
  package func entrywiseInputs(_ x: [Shape]) -> [Bool]? { x[0].rank > 0 ? [true] : nil }
  package func localJacobian<S: Scalar>(at p: Point<S>, withRespectTo i: Int) -> LocalJacobian? { .zero(at: p, i) }
  package var indexPosition: Int? { 0 }
  package func indexBound(for inputs: [Shape]) -> Int { classes }
  package var attributes: [Attribute] { [Attribute("classes", .int(classes))] }
  package var ownForm: OperationForm { .oneHot }
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String { methodCall(name, x, "\(classes)") }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange { 0...1 }
  package func resized(_ change: (Int) -> Int) -> OneHot { OneHot(classes: change(classes)) }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? {
    (x[0].indices?.elements ?? []).flatMap { index in (0..<classes).map { tape.constant($0 == Int(index) ? 1 : 0) } }
  }
  package static var examples: [Example] {
    [[4], [], [2, 3], [0]].map { (shape: Shape) in Example(OneHot(classes: 3), .indices(shape, below: 3)) }
  }
}

extension Variable {
  /// Rows of this by number: y[i…, :] = x[index[i…], :].
  /// - Precondition: `index` holds indices: a leaf, `tape.index(…)`, or the result of an operation such as `argMax`.
  public func gather(_ index: Variable, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.record(Gather(), self, index, file: file, line: line)
  }

  /// Adds each row to row `index` of a tensor of zeros with `rows` rows.
  /// - Precondition: `index` holds indices: a leaf, `tape.index(…)`, or the result of an operation such as `argMax`.
  public func scatterAdd(_ index: Variable, rows: Int, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.record(ScatterAdd(rows: rows), self, index, file: file, line: line)
  }

  /// One element of each row, by number: y[i…] = x[i…, index[i…]].
  /// - Precondition: `index` holds indices: a leaf, `tape.index(…)`, or the result of an operation such as `argMax`.
  public func pick(_ index: Variable, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.record(Pick(), self, index, file: file, line: line)
  }

  /// These indices as rows of zeros with a single 1.
  /// - Precondition: this holds indices: a leaf, `tape.index(…)`, or the result of an operation such as `argMax`.
  public func oneHot(_ classes: Int, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.record(OneHot(classes: classes), self, file: file, line: line)
  }
}
