/// y[…, i] = Σ x[…, j] over j ≤ i along the last axis, or over j ≥ i when reversed; x̄ = the sum of ȳ in the other direction.
///
/// Sums run in blocks of 32, of 32 blocks, and so on. The error then grows with log n, and sums of positive numbers
/// never fall.
package struct CumulativeSum: LastAxisOperation {
  package let isReversed: Bool
  package init(isReversed: Bool = false) { self.isReversed = isReversed }

  @specialized(where S == Float)
  @specialized(where S == Double)
  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    let width = x[0].shape[x[0].shape.rank - 1]
    let (elements, y) = (x[0].elements, y.elements)
    // sums[k] is the sum of the finished blocks of 32ᵏ elements in the present block of 32ᵏ⁺¹.
    withUnsafeTemporaryAllocation(of: S.self, capacity: 13) { sums in
      for row in stride(from: 0, to: y.count, by: Swift.max(width, 1)) {
        sums.initialize(repeating: 0)
        var levels = 1
        for start in stride(from: 0, to: width, by: 32) {
          var (level, blocks) = (0, start)
          while blocks > 0, blocks % 32 == 0 {
            sums[level + 1] = sums[level + 1] + sums[level]
            sums[level] = 0
            (level, blocks) = (level + 1, blocks / 32)
          }
          levels = max(levels, level + 1)
          var own: S = 0
          for j in start..<min(start + 32, width) {
            let place = row + (isReversed ? width - 1 - j : j)
            own = j == start ? elements[place] : own + elements[place]
            var sum = own
            for level in 1..<levels { sum = sums[level] + sum }
            y[place] = sum
          }
          sums[0] = own
        }
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
  public func cumsum(axis: Int = -1, reversed: Bool = false, file: StaticString = #fileID, line: UInt = #line)
    -> Variable
  {
    alongLastAxis(axis, "cumsum", file, line) {
      tape.record(CumulativeSum(isReversed: reversed), $0, file: file, line: line)
    }
  }
}
