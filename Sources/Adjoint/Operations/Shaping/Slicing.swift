// Parts of an array, and what puts them back.

/// y = x at the positions start + i · step along each axis, for i below `size`: a box, every second row, or an axis backwards
/// where its step is below 0; x̄ = ȳ at these positions, 0 elsewhere (`Pad`).
package struct Slice: MovingOperation {
  package let start: [Int]
  package let size: Shape
  /// The steps, none of them 0; empty for a step of 1 along each axis.
  package let step: [Int]
  let indicesBelow: Int?
  package init(start: [Int], size: Shape, step: [Int] = []) {
    self.init(start: start, size: size, step: step, indicesBelow: nil)
  }
  init(start: [Int], size: Shape, step: [Int], indicesBelow: Int?) {
    (self.start, self.size, self.indicesBelow) = (start, size, indicesBelow)
    self.step = step.isEmpty || step.allSatisfy { $0 == 1 } ? [] : step
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    let strides = x[0].shape.strides
    let (offset, steps) = (start.indices.reduce(0) { $0 + start[$1] * strides[$1] }, strides.scaled(by: step))
    if indicesBelow != nil { return y.asIndices.copyStrided(x[0].asIndices, offset: offset, strides: steps) }
    y.copyStrided(x[0], offset: offset, strides: steps)
  }
  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    let x = p.x[0].shape
    // Every position is taken: axes that were turned round are turned back.
    if !step.isEmpty, size == x { return [p.to(0, g.slice(start: start, size: size, step: step))] }
    let first = start.indices.map { step.isEmpty || step[$0] > 0 ? start[$0] : start[$0] - size.reach($0, step) }
    let after = start.indices.map { x[$0] - first[$0] - (size[$0] == 0 ? 0 : size.reach($0, step) + 1) }
    return [p.to(0, g.pad(before: first, after: after, step: step))]
  }
  package func shape(of x: [Shape]) throws(ShapeError) -> Shape {
    let x = try x.only(1, for: name)[0]
    guard start.count == x.rank, size.rank == x.rank, step.isEmpty || step.count == x.rank else {
      throw ShapeError("slice: the box of \(size) at \(start) does not lie in \(x)")
    }
    if step.isEmpty {
      guard x.indices.allSatisfy({ start[$0] >= 0 && start[$0] <= x[$0] - size[$0] }) else {
        throw ShapeError("slice: the box of \(size) at \(start) does not lie in \(x)")
      }
      return size
    }
    guard step.isStep else {
      throw ShapeError("slice: the steps \(step) are not all between 1 and \(Int32.max), or below 0")
    }
    guard x.indices.allSatisfy({ has($0, of: x) }) else {
      throw ShapeError("slice: \(size) positions from \(start) in steps of \(step) do not lie in \(x)")
    }
    return size
  }
  package func batched<S: Scalar>(_ x: BatchedOperands<S>) -> Variable<S>? {
    x.tape.record(
      Slice(
        start: [0] + start, size: size.batched(x.count), step: step.isEmpty ? [] : [1] + step,
        indicesBelow: indicesBelow), x[0])
  }
  /// Tells whether all positions along an axis lie within its extent.
  private func has(_ axis: Int, of x: Shape) -> Bool {
    guard size[axis] > 0 else { return (0...x[axis]).contains(start[axis]) }
    let positions = 0..<x[axis]
    guard positions.contains(start[axis]) else { return false }
    let reach = size.reach(axis, step)
    return positions.contains(start[axis] + (step[axis] > 0 ? reach : -reach))
  }
  package func localJacobian<S: Scalar>(at p: Point<S>, withRespectTo i: Int) -> LocalJacobian? { .moves(at: p, i) }
  package var attributes: [Attribute] {
    [Attribute("start", .list(start)), Attribute("size", .list(Array(size)))] + step.attribute
  }
  package func notation(_ x: [Notation]) -> Notation {
    let spans = start.indices.map { axis in
      let step = step.isEmpty ? 1 : step[axis]
      let end = start[axis] + size[axis] * step
      return step == 1 ? "\(start[axis])..<\(end)" : "\(start[axis]):\(end):\(step)"
    }
    return .subscripted("slice", spans.joined(separator: ","), x)
  }
  package var ownForm: OperationForm { .slice }
  package func ownRun(of x: Shape) -> Int? {
    guard step.isEmpty, size.elementCount > 0 else { return nil }
    // The axes behind the last one that is cut are whole; those before it have one position.
    let cut = size.indices.last { size[$0] != x[$0] } ?? 0
    guard size.indices.prefix(cut).allSatisfy({ size[$0] == 1 }) else { return nil }
    return start.indices.reduce(0) { $0 + start[$1] * x.strides[$1] }
  }
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String {
    methodCall(name, x, "start: \(start)", "size: \(size)" + (step.isEmpty ? "" : ", step: \(step)"))
  }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange { x[0] }
  package func resized(_ change: (Int) -> Int) -> Slice {
    Slice(start: start.map { _ in 0 }, size: Shape(size.map(change)), step: [], indicesBelow: indicesBelow)
  }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? {
    moved(x, on: tape)
  }
  package static var examples: [Example] {
    [
      ([3, 4], [1, 0], [2, 3], []), ([5], [2], [0], []), ([2, 3, 4], [0, 1, 2], [2, 2, 1], []), ([3], [0], [3], []),
      ([], [], [], []), ([7], [1], [3], [2]), ([5, 3], [4, 0], [5, 3], [-1, 1]), ([2, 7], [1, 6], [1, 3], [3, -3]),
      ([3], [3], [0], [-2]),
    ]
    .map { (shape: Shape, start: [Int], size: Shape, step: [Int]) in
      Example(Slice(start: start, size: size, step: step), .numbers(shape))
    }
  }
}

/// y = x with zeros around it, and between its elements where a step is not 1, backwards where it is below 0; x̄ = ȳ where x
/// stands (`Slice`).
package struct Pad: LibraryOperation {
  package let before: [Int]
  package let after: [Int]
  /// The steps from each element of x to the next one in y, none of them 0; empty for 1 along each axis.
  package let step: [Int]
  package init(before: [Int], after: [Int], step: [Int] = []) {
    self.before = before
    self.after = after
    self.step = step.isEmpty || step.allSatisfy { $0 == 1 } ? [] : step
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    let strides = y.shape.strides
    y.clear()
    var offset = 0
    for axis in before.indices { offset += first(along: axis, of: x[0].shape) * strides[axis] }
    y.placeStrided(x[0], offset: offset, strides: strides.scaled(by: step))
  }
  package func batched<S: Scalar>(_ x: BatchedOperands<S>) -> Variable<S>? {
    x[0].pad(before: [0] + before, after: [0] + after, step: step.isEmpty ? [] : [1] + step)
  }
  /// The place in y of the first element of x along an axis.
  private func first(along axis: Int, of x: Shape) -> Int {
    step.isEmpty || step[axis] > 0 ? before[axis] : before[axis] + x.reach(axis, step)
  }
  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    let x = p.x[0].shape
    return [p.to(0, g.slice(start: before.indices.map { first(along: $0, of: x) }, size: x, step: step))]
  }
  package func shape(of x: [Shape]) throws(ShapeError) -> Shape {
    let x = try x.only(1, for: name)[0]
    let fits = (before + after).allSatisfy { (0...Int(Int32.max)).contains($0) }
    guard before.count == x.rank, after.count == x.rank, fits else {
      throw ShapeError("pad: \(before) before and \(after) after do not fit the axes of \(x)")
    }
    guard step.isEmpty || step.count == x.rank, step.isStep else {
      throw ShapeError(
        "pad: the steps \(step) do not fit the axes of \(x); each is between 1 and \(Int32.max), or below 0")
    }
    return try Shape(
      x.indices.map { before[$0] + (x[$0] == 0 ? 0 : x.reach($0, step) + 1) + after[$0] }, of: name)
  }
  package func localJacobian<S: Scalar>(at p: Point<S>, withRespectTo i: Int) -> LocalJacobian? { .moves(at: p, i) }
  package var attributes: [Attribute] {
    [Attribute("before", .list(before)), Attribute("after", .list(after))] + step.attribute
  }
  package var ownForm: OperationForm { .pad }
  package var ownMargin: [Int]? { step.isEmpty ? before : nil }
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String {
    methodCall(name, x, "before: \(before)", "after: \(after)" + (step.isEmpty ? "" : ", step: \(step)"))
  }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange { .hull([x[0], 0...0]) }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? {
    moved(x, on: tape)
  }
  package static var examples: [Example] {
    [
      ([3, 4], [1, 0], [0, 2], []), ([2], [0], [0], []), ([2, 1, 2], [0, 1, 1], [1, 0, 0], []), ([], [], [], []),
      ([0], [2], [1], []), ([3], [1], [1], [2]), ([2, 3], [0, 1], [1, 0], [3, -2]),
      ([0, 1], [1, 0], [0, 0], [2, -1]),
    ]
    .map { (shape: Shape, before: [Int], after: [Int], step: [Int]) in
      Example(Pad(before: before, after: after, step: step), .numbers(shape))
    }
  }
}

extension Variable {
  /// The box that begins at `start` and has extents `size`; with steps, the elements start + i · step of each axis, backwards
  /// where a step is below 0.
  /// - Precondition: `step` is empty or has an entry for each axis, none of them 0.
  public func slice(
    start: [Int], size: Shape, step: [Int] = [], file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    let bound = tape.isLive(self) ? computedIndexBound : nil
    return tape.record(
      Slice(start: start, size: size, step: step, indicesBelow: bound), self, file: file, line: line)
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

  /// This with zeros around it: so many before and after along each axis; with steps, also so many less one between its
  /// elements, backwards where a step is below 0.
  /// - Precondition: `step` is empty or has an entry for each axis, none of them 0.
  public func pad(
    before: [Int], after: [Int], step: [Int] = [], file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    tape.record(Pad(before: before, after: after, step: step), self, file: file, line: line)
  }
}

extension Shape {
  /// The distance from the first to the last of so many elements along an axis, with these steps.
  fileprivate func reach(_ axis: Int, _ step: [Int]) -> Int {
    Swift.max(self[axis] - 1, 0) * (step.isEmpty ? 1 : abs(step[axis]))
  }
}

extension [Int] {
  /// True when these are steps: no 0, and no more than an axis can have.
  fileprivate var isStep: Bool { allSatisfy { $0 != 0 && (-Int(Int32.max)...Int(Int32.max)).contains($0) } }
  /// The attribute of steps, for those that are not all 1.
  fileprivate var attribute: [Attribute] { isEmpty ? [] : [Attribute("step", .list(self))] }
}

extension SIMD8<Int> {
  /// These strides times the steps along each axis, if there are any.
  fileprivate func scaled(by steps: [Int]) -> Self {
    if steps.isEmpty { return self }
    var scaled = self
    for (axis, step) in steps.enumerated() { scaled[axis] *= step }
    return scaled
  }
}
