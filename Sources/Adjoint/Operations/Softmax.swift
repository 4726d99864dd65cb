// The softmax family along the last axis; another axis goes through a permutation. Every row is shifted by its maximum,
// so that logits of ±10⁴ neither overflow nor lose the answer.

/// y = eˣ / Σ eˣ along the last axis; x̄ = y ⊙ (ȳ − Σ ȳ ⊙ y).
package struct Softmax: LastAxisOperation {
  package init() {}
  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { y.softmax(.softmax, x[0]) }
  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    [p.to(0, p.y * (g - (g * p.y).sum(axes: [-1], keepingDimensions: true)))]
  }
  package var ownForm: OperationForm { .softmax(.softmax) }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange { 0...1 }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? {
    x[0].rows.flatMap { row in
      let powers = row.map { $0.exp() }
      let sum = powers.total(on: tape)
      return powers.map { $0 / sum }
    }
  }
  package static var examples: [Example] { lastAxisExamples(Softmax()) }
}

/// y = x − ln Σ eˣ along the last axis; x̄ = ȳ − e^y ⊙ Σ ȳ.
package struct LogSoftmax: LastAxisOperation {
  package init() {}
  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { y.softmax(.logSoftmax, x[0]) }
  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    [p.to(0, g - p.y.exp() * g.sum(axes: [-1], keepingDimensions: true))]
  }
  package var ownForm: OperationForm { .softmax(.logSoftmax) }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange {
    x[0].lowerBound - x[0].upperBound - Double.logarithm(Double(max(shapes[0].last ?? 1, 1)))...0
  }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? {
    x[0].rows.flatMap { row in
      let log = row.map { $0.exp() }.total(on: tape).log()
      return row.map { $0 - log }
    }
  }
  package static var examples: [Example] { lastAxisExamples(LogSoftmax()) }
}

/// y = ln Σ eˣ along the last axis, which is removed; x̄ = ȳ softmax(x), where e^(x − y) would lose the digits of large x.
package struct LogSumExp: LastAxisOperation {
  package init() {}
  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { y.softmax(.logSumExp, x[0]) }
  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    let kept = p.x[0].shape.replacing(axis: p.x[0].shape.rank - 1, with: 1)
    return [p.to(0, g.reshape(to: kept) * p.tape.record(Softmax(), p.x[0]))]
  }
  package func shape(of x: [Shape]) throws(ShapeError) -> Shape { Shape(try rowShape(x).dropLast()) }
  package var ownForm: OperationForm { .softmax(.logSumExp) }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange {
    x[0].lowerBound...x[0].upperBound + Double.logarithm(Double(max(shapes[0].last ?? 1, 1)))
  }
  package func isFinite(on shapes: [Shape]) -> Bool { shapes[0].last != 0 }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? {
    x[0].rows.map { $0.map { $0.exp() }.total(on: tape).log() }
  }
  package static var examples: [Example] { lastAxisExamples(LogSumExp()) }
}

/// An operation along the last axis.
package protocol LastAxisOperation: LibraryOperation {}

extension LastAxisOperation {
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String { methodCall(name, x) }
  package func entrywiseInputs(_ x: [Shape]) -> [Bool]? { x[0].rank > 1 ? [true] : nil }

  package func batched<S: Scalar>(_ x: BatchedOperands<S>) -> Variable<S>? { x.tape.record(self, x[0]) }

  package func shape(of x: [Shape]) throws(ShapeError) -> Shape { try rowShape(x) }

  package func localJacobian<S: Scalar>(at p: Point<S>, withRespectTo i: Int) -> LocalJacobian? {
    .blocks(at: p, i, count: p.x[i].shape.dropLast().reduce(1, *))
  }

  func rowShape(_ x: [Shape]) throws(ShapeError) -> Shape {
    let x = try x.only(1, for: name)[0]
    guard x.rank >= 1 else { throw ShapeError("\(name): a single number has no axis to run along") }
    return x
  }

  static func lastAxisExamples(_ operation: Self) -> [Example] {
    [[3, 4], [5], [1, 1], [2, 3, 4], [4, 1], [0, 3]].map { Example(operation, .numbers($0)) }
  }
}

extension Variable {
  /// eˣ / Σ eˣ along an axis.
  public func softmax(axis: Int = -1, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    alongLastAxis(axis, "softmax", file, line) { tape.record(Softmax(), $0, file: file, line: line) }
  }

  /// x − ln Σ eˣ along an axis.
  public func logSoftmax(axis: Int = -1, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    alongLastAxis(axis, "logSoftmax", file, line) { tape.record(LogSoftmax(), $0, file: file, line: line) }
  }

  /// ln Σ eˣ along an axis, which is removed or kept as a dimension of 1.
  public func logSumExp(
    axis: Int = -1, keepingDimensions: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    let y = alongLastAxis(axis, "logSumExp", file, line, removesAxis: true) {
      tape.record(LogSumExp(), $0, file: file, line: line)
    }
    let position = axis < 0 ? axis + shape.rank : axis
    return keepingDimensions ? y.reshape(to: shape.replacing(axis: position, with: 1)) : y
  }

  /// ln Σ eˣ over several axes, which are removed or kept as dimensions of 1.
  public func logSumExp(
    axes: [Int], keepingDimensions: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    let set = axisSet(axes, for: "logSumExp", file, line)
    let others = shape.indices.filter { !set.contains(axis: $0) }
    let rows = permute(others + set.axes, file: file, line: line)
      .reshape(to: Shape(others.map { shape[$0] } + [set.elementCount(of: shape)]))
    let kept = keepingDimensions ? set.kept(of: shape) : Shape(others.map { shape[$0] })
    return tape.record(LogSumExp(), rows, file: file, line: line).reshape(to: kept)
  }

  /// Runs `body` with the axis moved to the end, and moves it back unless `body` removes it.
  func alongLastAxis(
    _ axis: Int, _ name: String, _ file: StaticString, _ line: UInt, removesAxis: Bool = false,
    _ body: (Variable) -> Variable
  ) -> Variable {
    let position = self.axis(axis, for: name, file, line)
    if position == shape.rank - 1 { return body(self) }
    let others = (0..<shape.rank).filter { $0 != position }
    let y = body(permute(others + [position]))
    return removesAxis ? y : y.permute((0..<shape.rank).map { (others + [position]).firstIndex(of: $0) ?? 0 })
  }
}
