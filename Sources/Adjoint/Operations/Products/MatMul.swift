/// The matrix product Y = op(A)·op(B), where op transposes or not.
///
/// Without flags: Ā = G·Bᵀ, B̄ = Aᵀ·G. A flag moves a transposition to the other side, so nothing is ever transposed in
/// memory. Shapes: op(A) is [m, k], op(B) is [k, n], Y is [m, n].
///
/// - Complexity: 2·m·k·n operations, and twice that backward.
package struct MatMul: LibraryOperation {
  package let transposeA: Bool
  package let transposeB: Bool

  package init(transposeA: Bool = false, transposeB: Bool = false) {
    self.transposeA = transposeA
    self.transposeB = transposeB
  }

  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    y.multiply(x[0], x[1], transposeA: transposeA, transposeB: transposeB)
  }

  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    let a = p.x[0]
    let b = p.x[1]
    return [
      p.to(
        0,
        transposeA
          ? b.matmul(g, transposeA: transposeB, transposeB: true) : g.matmul(b, transposeB: !transposeB)),
      p.to(
        1,
        transposeB
          ? g.matmul(a, transposeA: true, transposeB: transposeA) : a.matmul(g, transposeA: !transposeA)),
    ]
  }

  package func shape(of x: [Shape]) throws(ShapeError) -> Shape {
    let x = try x.only(2, for: name)
    guard x[0].rank == 2, x[1].rank == 2 else {
      throw ShapeError(
        "matmul: takes two matrices, was given \(x[0]) and \(x[1]); reshape a vector to [1, n] or [n, 1]"
          + (x[0].rank > 2 ? ", and a batch of matrices to [rows, columns]" : ""))
    }
    let (rows, depthA) = transposeA ? (x[0][1], x[0][0]) : (x[0][0], x[0][1])
    let (depthB, columns) = transposeB ? (x[1][1], x[1][0]) : (x[1][0], x[1][1])
    guard depthA == depthB else {
      let flags = columns == depthA ? "transposeB: \(!transposeB)" : rows == depthB ? "transposeA: \(!transposeA)" : nil
      let both = rows == columns ? "transposeA: \(!transposeA), transposeB: \(!transposeB)" : nil
      let hint = (flags ?? both).map { ". Did you mean \($0)?" } ?? ""
      throw ShapeError("matmul: inner dimensions differ: \(depthA) of \(x[0]) against \(depthB) of \(x[1])\(hint)")
    }
    return try Shape([rows, columns], of: name)
  }

  /// Row-major, vec(A·B) = (I ⊗ Bᵀ)·vec(A) = (A ⊗ I)·vec(B). A transposed operand gives the transposed result instead.
  package func localJacobian<S: Scalar>(at p: Point<S>, withRespectTo i: Int) -> LocalJacobian? {
    i == 0
      ? .kronecker(
        at: p, i, p.x[1], transposingFactor: !transposeB, identity: p.y.shape[0], isLeft: !transposeA,
        rowsOfTranspose: transposeA)
      : .kronecker(
        at: p, i, p.x[0], transposingFactor: transposeA, identity: p.y.shape[1], isLeft: transposeB,
        rowsOfTranspose: transposeB)
  }

  package var name: String { "matmul" }
  package var attributes: [Attribute] {
    [Attribute("transposeA", .flag(transposeA)), Attribute("transposeB", .flag(transposeB))]
  }
  package func notation(_ x: [Notation]) -> Notation {
    .infix(.product, transposeA ? .transposed(x[0]) : x[0], transposeB ? .transposed(x[1]) : x[1])
  }

  package var ownForm: OperationForm { .product(transposeA: transposeA, transposeB: transposeB) }
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String {
    let flags = (transposeA ? ["transposeA: true"] : []) + (transposeB ? ["transposeB: true"] : [])
    return "\(x[0]).matmul(" + ([x[1]] + flags).joined(separator: ", ") + ")"
  }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange {
    ValueRange.corners(x[0], x[1], *).summed(shapes[0].isEmpty ? 0 : shapes[0][transposeA ? 0 : 1])
  }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? {
    let (a, b, depth) = (x[0], x[1], x[0].shape[transposeA ? 0 : 1])
    return (0..<shape.elementCount).map { position in
      let (i, j) = (position / shape[1], position % shape[1])
      return (0..<depth).map { k in
        a.elements[transposeA ? k * shape[0] + i : i * depth + k]
          * b.elements[transposeB ? j * depth + k : k * shape[1] + j]
      }.total(on: tape)
    }
  }

  package static var examples: [Example] {
    [(false, false), (false, true), (true, false), (true, true)].flatMap { a, b in
      [(3, 4, 5), (1, 1, 1), (1, 6, 2), (7, 1, 3), (2, 0, 3), (0, 2, 3)].map { m, k, n in
        Example(MatMul(transposeA: a, transposeB: b), .numbers(a ? [k, m] : [m, k]), .numbers(b ? [n, k] : [k, n]))
      }
    }
  }
}

/// Y = X + b, the vector b added to every row: X̄ = G, b̄ = Σ G over all axes but the last.
package struct AddBias: LibraryOperation {
  package init() {}

  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { y.addRows(x[0], bias: x[1]) }
  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    [p.to(0, g), p.to(1, g.sum(to: p.x[1].shape))]
  }

  package func shape(of x: [Shape]) throws(ShapeError) -> Shape {
    let x = try x.only(2, for: name)
    guard x[0].rank >= 1, x[1].rank == 1, x[0].last == x[1][0] else {
      throw ShapeError(
        "addBias: a bias of shape \(x[1]) does not fit the last axis of \(x[0]); it must be [\(x[0].last ?? 1)]")
    }
    return x[0]
  }

  package func localJacobian<S: Scalar>(at p: Point<S>, withRespectTo i: Int) -> LocalJacobian? {
    .elementwise(at: p, i, isUniform: true)
  }
  package var isElementwise: Bool { true }
  package func entrywiseInputs(_ x: [Shape]) -> [Bool]? { x[0].entrywise(x) }
  package func notation(_ x: [Notation]) -> Notation { .infix(.add, x[0], x[1]) }
  package var ownForm: OperationForm { .addBias }
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String { methodCall(name, x) }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange { .corners(x[0], x[1], +) }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? {
    x[0].elements.enumerated().map { $1 + x[1].elements[$0 % x[1].elements.count] }
  }
  package static var examples: [Example] {
    [[3, 4], [1, 1], [5, 1], [1, 6], [0, 3], [3, 0], [2, 3, 4], [4]].map { (shape: Shape) in
      Example(AddBias(), .numbers(shape), .numbers([shape[shape.rank - 1]]))
    }
  }
}

extension Variable {
  /// The matrix product op(self)·op(other).
  public func matmul(
    _ other: Variable, transposeA: Bool = false, transposeB: Bool = false, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Variable {
    tape.record(MatMul(transposeA: transposeA, transposeB: transposeB), self, other, file: file, line: line)
  }

  /// Adds a vector to every row.
  public func addBias(_ bias: Variable, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.record(AddBias(), self, bias, file: file, line: line)
  }
}
