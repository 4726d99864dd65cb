// Elements chosen along one axis by indices that may differ from line to line.

/// y[…, i, …] = x[…, index[…, i, …], …] along an axis; x̄ = `ScatterAddAlong` of ȳ.
package struct GatherAlong: LibraryOperation {
  package let axis: Int
  package init(axis: Int) { self.axis = axis }

  @specialized(where S == Float)
  @specialized(where S == Double)
  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    let (source, target) = (AxisLines(x[0].shape, axis), AxisLines(y.shape, axis))
    let (elements, indices, y) = (x[0].elements, x[1].indices, y.elements)
    for line in 0..<target.count {
      let (from, to) = (source.start(line), target.start(line))
      for i in 0..<target.length {
        let place = to + i * target.stride
        y[place] = elements[from + Int(indices[place]) * source.stride]
      }
    }
  }
  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    [p.to(0, g.scatterAdd(p.x[1], axis: axis, extent: p.x[0].shape[axis])), nil]
  }
  package func shape(of x: [Shape]) throws(ShapeError) -> Shape {
    let x = try x.only(2, for: name)
    try x[0].require(axis: axis, of: name)
    guard x[1].rank == x[0].rank, x[1].replacing(axis: axis, with: x[0][axis]) == x[0] else {
      throw ShapeError("\(name): the indices \(x[1]) and \(x[0]) differ along another axis than \(axis)")
    }
    return x[1]
  }
  package func batched<S: Scalar>(_ x: BatchedOperands<S>) -> Variable<S>? {
    x.tape.record(GatherAlong(axis: axis + 1), x.whole(0), x.whole(1))
  }
  package func entrywiseInputs(_ x: [Shape]) -> [Bool]? { axis > 0 ? [true, true] : nil }
  package func localJacobian<S: Scalar>(at p: Point<S>, withRespectTo i: Int) -> LocalJacobian? { .moves(at: p, i) }
  package var indexPosition: Int? { 1 }
  package func indexBound(for inputs: [Shape]) -> Int { inputs[0][axis] }
  package var attributes: [Attribute] { [Attribute("axis", .int(axis))] }
  package var ownForm: OperationForm { .gatherAlong }
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String { methodCall("gather", x, "axis: \(axis)") }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange { x[0] }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? {
    moved(x, on: tape)
  }
  package static var examples: [Example] {
    AlongAxis.cases.map { shape, count, axis in
      Example(
        GatherAlong(axis: axis), .numbers(shape), .indices(shape.replacing(axis: axis, with: count), below: shape[axis])
      )
    }
  }
}

/// y[…, r, …] = Σ x[…, i, …] over all i with index[…, i, …] = r along an axis, which gets an extent of its own; x̄ =
/// `GatherAlong` of ȳ. Indices may repeat; their terms are added pairwise.
package struct ScatterAddAlong: LibraryOperation {
  package let axis: Int
  package let extent: Int
  package init(axis: Int, extent: Int) { (self.axis, self.extent) = (axis, extent) }

  @specialized(where S == Float)
  @specialized(where S == Double)
  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    // As rows of one element, whose places are numbered through.
    let (source, target) = (AxisLines(x[0].shape, axis), AxisLines(y.shape, axis))
    let indices = x[1].indices
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: Swift.max(indices.count, 1)) { places in
      guard let base = places.baseAddress else { return }
      for line in 0..<source.count {
        for i in 0..<source.length {
          let place = source.start(line) + i * source.stride
          base[place] = Int32(truncatingIfNeeded: target.start(line) + Int(indices[place]) * target.stride)
        }
      }
      let flat = Output<S>(shape: Shape.scalar.batched(y.count), address: UnsafeMutableRawPointer(y.base))
      let numbered = View<S>(shape: Shape.scalar.batched(indices.count), address: UnsafeMutableRawPointer(base))
      let rows = View<S>(shape: Shape.scalar.batched(x[0].count), address: x[0].address)
      withUnsafeTemporaryAllocation(of: Int.self, capacity: flat.scatterOrder(of: numbered)) { order in
        flat.scatterAddRows(rows, numbered, order: order)
      }
    }
  }
  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    [p.to(0, g.gather(p.x[1], axis: axis)), nil]
  }
  package func shape(of x: [Shape]) throws(ShapeError) -> Shape {
    let x = try x.only(2, for: name)
    try x[0].require(axis: axis, of: name)
    guard x[1] == x[0] else { throw ShapeError("\(name): the indices \(x[1]) must have the shape of \(x[0])") }
    guard extent >= 0 else { throw ShapeError("\(name): the extent \(extent) of axis \(axis) is below 0") }
    let y = try Shape(x[0].indices.map { $0 == axis ? extent : x[0][$0] }, of: name)
    guard y.elementCount <= Int(Int32.max) else {
      throw ShapeError("\(name): \(y) has more elements than an index of 32 bits can number")
    }
    return y
  }
  package func batched<S: Scalar>(_ x: BatchedOperands<S>) -> Variable<S>? {
    x.tape.record(ScatterAddAlong(axis: axis + 1, extent: extent), x.whole(0), x.whole(1))
  }
  package func entrywiseInputs(_ x: [Shape]) -> [Bool]? { axis > 0 ? [true, true] : nil }
  package func localJacobian<S: Scalar>(at p: Point<S>, withRespectTo i: Int) -> LocalJacobian? { .reduces(at: p, i) }
  package var indexPosition: Int? { 1 }
  package func indexBound(for inputs: [Shape]) -> Int { extent }
  package var attributes: [Attribute] { [Attribute("axis", .int(axis)), Attribute("extent", .int(extent))] }
  package var ownForm: OperationForm { .scatterAddAlong }
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String {
    methodCall("scatterAdd", x, "axis: \(axis)", "extent: \(extent)")
  }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange { x[0].summed(shapes[0][axis]) }
  package func resized(_ change: (Int) -> Int) -> ScatterAddAlong {
    ScatterAddAlong(axis: axis, extent: change(extent))
  }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? { nil }
  package static var examples: [Example] {
    AlongAxis.cases.map { shape, count, axis in
      let source = shape.replacing(axis: axis, with: count)
      return Example(
        ScatterAddAlong(axis: axis, extent: shape[axis]), .numbers(source), .indices(source, below: shape[axis]))
    }
  }
}

private enum AlongAxis {
  /// Shapes of the table, the number of elements taken of each line, and the axis.
  static let cases: [(Shape, Int, Int)] = [
    ([3, 4], 2, 1), ([3, 4], 5, 0), ([5], 3, 0), ([2, 3, 4], 3, 1), ([2, 3, 4], 1, 0), ([1, 1], 1, 1), ([0, 3], 2, 1),
    ([3, 2], 0, 0),
  ]
}

/// y = the indices as numbers. It has no derivative.
package struct AsNumbers: LibraryOperation {
  package init() {}

  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    let (indices, y) = (x[0].indices, y.elements)
    for i in y.indices { y[i] = S(position: Int(indices[i])) }
  }
  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [nil] }
  package func shape(of x: [Shape]) throws(ShapeError) -> Shape { try x.only(1, for: name)[0] }
  package func batched<S: Scalar>(_ x: BatchedOperands<S>) -> Variable<S>? { x.tape.record(self, x[0]) }
  package func entrywiseInputs(_ x: [Shape]) -> [Bool]? { x[0].rank > 0 ? [true] : nil }
  package func localJacobian<S: Scalar>(at p: Point<S>, withRespectTo i: Int) -> LocalJacobian? { .zero(at: p, i) }
  package var indexPosition: Int? { 0 }
  package func indexBound(for inputs: [Shape]) -> Int { Int(Int32.max) }
  package var name: String { "asNumbers" }
  package var ownForm: OperationForm { .asNumbers }
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String { methodCall(name, x) }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange { 0...Double(Int32.max) }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? {
    (x[0].indices?.elements ?? []).map { tape.constant(Double($0)) }
  }
  package static var examples: [Example] {
    [[4], [], [2, 3], [0]].map { (shape: Shape) in Example(AsNumbers(), .indices(shape, below: 3)) }
  }
}

extension Variable {
  /// Elements of this along an axis, by number: y[…, i, …] = x[…, index[…, i, …], …]. Without `axis`, `gather(_:)` takes whole
  /// rows.
  /// - Precondition: `index` holds indices, and its shape is that of this but along the axis.
  public func gather(
    _ index: Variable, axis: Int, file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    tape.record(GatherAlong(axis: self.axis(axis, for: "gather", file, line)), self, index, file: file, line: line)
  }

  /// Adds each element to place `index[…, i, …]` of its line in a tensor of zeros with another extent of the axis: the adjoint
  /// of `gather(_:axis:)`.
  /// - Precondition: `index` holds indices below `extent`, and has the shape of this.
  public func scatterAdd(
    _ index: Variable, axis: Int, extent: Int, file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    let position = self.axis(axis, for: "scatterAdd", file, line)
    return tape.record(ScatterAddAlong(axis: position, extent: extent), self, index, file: file, line: line)
  }

  /// This where it holds numbers, and indices as numbers.
  package var numbers: Variable { holdsIndices ? asNumbers() : self }

  /// These indices as numbers, such as for a comparison: `(logits.argMax() .== labels)` calls it by itself.
  /// - Precondition: this holds indices.
  public func asNumbers(file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.record(AsNumbers(), self, file: file, line: line)
  }
}
