/// y[…, i] = Σ x[…, j] over j ≤ i along the last axis, or over j ≥ i when reversed; x̄ = the sum of ȳ in the other direction.
package struct CumulativeSum: LastAxisOperation {
  package let isReversed: Bool
  package init(isReversed: Bool = false) { self.isReversed = isReversed }

  @specialized(where S == Float)
  @specialized(where S == Double)
  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    let width = x[0].shape[x[0].shape.rank - 1]
    let (elements, y) = (x[0].elements, y.elements)
    for row in stride(from: 0, to: y.count, by: Swift.max(width, 1)) {
      var sum: S = 0
      for j in 0..<width {
        let place = row + (isReversed ? width - 1 - j : j)
        sum = j == 0 ? elements[place] : sum + elements[place]
        y[place] = sum
      }
    }
  }
  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    [p.to(0, p.tape.record(CumulativeSum(isReversed: !isReversed), g))]
  }

  package var name: String { "cumsum" }
  package var attributes: [Attribute] { [Attribute("reversed", .flag(isReversed))] }
  package func notation(_ x: [Notation]) -> Notation { .call(isReversed ? "cumsum from the end" : "cumsum", x) }
  package var ownForm: OperationForm { .cumulativeSum(isReversed: isReversed) }
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String {
    isReversed ? methodCall(name, x, "reversed: true") : methodCall(name, x)
  }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange { x[0].summed(shapes[0].last ?? 1) }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? {
    x[0].rows.flatMap { row in
      let ordered = isReversed ? row.reversed() : row
      let sums = ordered.indices.map { Array(ordered[...$0]).total(on: tape) }
      return isReversed ? sums.reversed() : sums
    }
  }
  package static var examples: [Example] {
    lastAxisExamples(CumulativeSum()) + lastAxisExamples(CumulativeSum(isReversed: true))
  }
}

extension Variable {
  /// The sums of all elements up to each along an axis, or from each on when reversed.
  public func cumsum(axis: Int = -1, reversed: Bool = false) -> Variable {
    alongLastAxis(axis, "cumsum") { tape.record(CumulativeSum(isReversed: reversed), $0) }
  }
}
