/// The matrix product Y = op(A)·op(B), where op transposes the last two axes or not.
///
/// Without flags: Ā = G·Bᵀ, B̄ = Aᵀ·G. A flag moves a transposition to the other side, so nothing is ever transposed in
/// memory. Shapes: op(A) is […, m, k], op(B) is […, k, n], Y is […, m, n], where the leading axes broadcast and Ā and B̄
/// are summed over those that repeat. A vector [k] is a row as A and a column as B, and Y lacks that axis.
///
/// - Complexity: 2·m·k·n operations for each matrix of Y, and twice that backward.
package struct MatMul: LibraryOperation {
  package let transposeA: Bool
  package let transposeB: Bool

  package init(transposeA: Bool = false, transposeB: Bool = false) {
    self.transposeA = transposeA
    self.transposeB = transposeB
  }

  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    y.multiply(x[0], x[1], form(x[0].shape, x[1].shape, into: y.shape))
  }

  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    let (a, b) = (p.x[0], p.x[1])
    if a.shape.rank == 1, b.shape.rank == 1 { return [p.to(0, g * b), p.to(1, g * a)] }
    return [p.to(0, contributionToA(a, b, g)), p.to(1, contributionToB(a, b, g))]
  }

  /// Ā = G·op(B)ᵀ, or its transpose.
  private func contributionToA<S: Scalar>(_ a: Variable<S>, _ b: Variable<S>, _ g: Variable<S>) -> Variable<S> {
    let (shapeA, shapeB, shapeG) = matrices(a.shape, b.shape, g.shape)
    let (b, g) = (b.reshape(to: shapeB), g.reshape(to: shapeG))
    let product =
      transposeA ? b.matmul(g, transposeA: transposeB, transposeB: true) : g.matmul(b, transposeB: !transposeB)
    return product.sum(to: shapeA).reshape(to: a.shape)
  }

  /// B̄ = op(A)ᵀ·G, or its transpose; one product where B is one matrix for all rows of A.
  private func contributionToB<S: Scalar>(_ a: Variable<S>, _ b: Variable<S>, _ g: Variable<S>) -> Variable<S> {
    let form = form(a.shape, b.shape, into: g.shape)
    let shapes =
      form.isOne ? (form.shapeA, form.shapeB, form.shapeY) : matrices(a.shape, b.shape, g.shape)
    let (a, g) = (a.reshape(to: shapes.0), g.reshape(to: shapes.2))
    let product =
      transposeB ? g.matmul(a, transposeA: true, transposeB: transposeA) : a.matmul(g, transposeA: !transposeA)
    return product.sum(to: shapes.1).reshape(to: b.shape)
  }

  /// The shapes of A, B and Y with an axis of 1 where a vector lacks it.
  private func matrices(_ a: Shape, _ b: Shape, _ y: Shape) -> (Shape, Shape, Shape) {
    if a.rank > 1, b.rank > 1 { return (a, b, y) }
    let form = form(a, b, into: y)
    return a.rank == 1
      ? (form.shapeA, b, Shape(y.dropLast() + [1, form.columns])) : (a, form.shapeB, Shape(y + [1]))
  }

  package func shape(of x: [Shape]) throws(ShapeError) -> Shape {
    let x = try x.only(2, for: name)
    let (a, b) = (x[0], x[1])
    guard a.rank > 0, b.rank > 0 else {
      throw ShapeError("matmul: takes vectors and matrices, was given \(a) and \(b); * multiplies by a single number")
    }
    for (x, isTransposed, flag) in [(a, transposeA, "transposeA"), (b, transposeB, "transposeB")]
    where x.rank == 1 && isTransposed {
      throw ShapeError("matmul: \(flag): true exchanges two axes, and the vector \(x) has one; leave the flag out")
    }
    let (rows, depthA) = a.rank == 1 ? (-1, a[0]) : a.lastTwo(transposed: transposeA)
    let (depthB, columns) = b.rank == 1 ? (b[0], -1) : b.lastTwo(transposed: transposeB)
    guard depthA == depthB else {
      let flags = columns == depthA ? "transposeB: \(!transposeB)" : rows == depthB ? "transposeA: \(!transposeA)" : nil
      let both = rows == columns && rows >= 0 ? "transposeA: \(!transposeA), transposeB: \(!transposeB)" : nil
      let hint = (flags ?? both).map { ". Did you mean \($0)?" } ?? ""
      throw ShapeError("matmul: inner dimensions differ: \(depthA) of \(a) against \(depthB) of \(b)\(hint)")
    }
    if a.rank == 2, b.rank == 2 { return try Shape([rows, columns], of: name) }
    let (leadingA, leadingB) = (a.leading(Swift.max(a.rank - 2, 0)), b.leading(Swift.max(b.rank - 2, 0)))
    guard let leading = try? Shape.broadcast(leadingA, leadingB, in: name) else {
      throw ShapeError(
        "matmul: the leading axes \(leadingA) of \(a) and \(leadingB) of \(b) do not broadcast: from the right, each two "
          + "must be equal, or one of them 1 or absent")
    }
    return try Shape(leading + (a.rank == 1 ? [] : [rows]) + (b.rank == 1 ? [] : [columns]), of: name)
  }

  /// Products that share a matrix are one product: their rows one below the other, or their columns side by side, where each has
  /// few or nothing has to be moved for it. An element is the same chain either way.
  package func batched<S: Scalar>(_ x: BatchedOperands<S>) -> Variable<S>? {
    let (a, b, few) = (x.shapes[0], x.shapes[1], 16)
    if !x.isBatched[1], b.rank <= 2, !transposeA { return x.tape.record(self, x[0], x[1]) }
    if !x.isBatched[0], b.rank == 1, a.rank <= 2 {
      return x.tape.record(MatMul(transposeB: a.rank == 2 && !transposeA), x[1], x[0])
    }
    let form = form(a, b, into: x.shape)
    let left = form.isOne || a.rank == 1 ? form.shapeA : a
    let right = form.isOne || b.rank == 1 ? form.shapeB : b
    let rank = Swift.max(left.rank, right.rank)
    let own = [left, right].enumerated().map { position, shape in
      x[position].reshape(to: x.isBatched[position] ? shape.padded(toRank: rank).batched(x.count) : shape)
    }
    let moved = x.isBatched[0] ? 0 : 1
    let isShared = !x.isBatched[1 - moved] && left.leading == right.leading
    guard isShared, (moved == 0 ? form.rows : form.columns) < few else {
      return x.tape.record(self, inputs: own).reshape(to: x.shape.batched(x.count))
    }
    // The batch moves beside the rows or the columns, and back.
    let (leading, isLast) = (rank - 2, moved == 0 ? transposeA : !transposeB)
    let kept = moved == 0 ? left : right
    let joined = isLast ? [kept[leading], x.count * kept[leading + 1]] : [x.count * kept[leading], kept[leading + 1]]
    var operands = own
    operands[moved] = own[moved].moveAxis(from: 0, to: isLast ? leading + 1 : leading)
      .reshape(to: Shape(kept.leading + joined))
    let result = moved == 0 ? [x.count, form.rows, form.columns] : [form.rows, x.count, form.columns]
    return x.tape.record(self, inputs: operands).reshape(to: Shape(left.leading + result))
      .moveAxis(from: leading + moved, to: 0).reshape(to: x.shape.batched(x.count))
  }

  package func entrywiseInputs(_ x: [Shape]) -> [Bool]? {
    let ranks = x.map { Swift.max($0.rank - 2, 0) }
    guard ranks.count == 2, let leading = ranks.max(), leading > 0 else { return nil }
    let extent = x.indices.map { ranks[$0] == leading ? x[$0][0] : 1 }.first { $0 != 1 } ?? 1
    return x.indices.map { ranks[$0] == leading && x[$0][0] == extent }
  }

  /// Row-major, vec(A·B) = (I ⊗ Bᵀ)·vec(A) = (A ⊗ I)·vec(B). A transposed operand gives the transposed result instead.
  package func localJacobian<S: Scalar>(at p: Point<S>, withRespectTo i: Int) -> LocalJacobian? {
    let form = form(p.x[0].shape, p.x[1].shape, into: p.y.shape)
    guard form.isOne else { return form.reads(itsOwnOf: i) ? .blocks(at: p, i, count: form.count) : nil }
    return i == 0
      ? .kronecker(
        at: p, i, p.x[1], form.shapeB, transposingFactor: !transposeB, identity: form.rows, isLeft: !transposeA,
        rowsOfTranspose: transposeA, of: form.shapeY)
      : .kronecker(
        at: p, i, p.x[0], form.shapeA, transposingFactor: transposeA, identity: form.columns, isLeft: transposeB,
        rowsOfTranspose: transposeB, of: form.shapeY)
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
    let a = shapes.first ?? .scalar
    return ValueRange.corners(x[0], x[1], *).summed(a.isEmpty ? 0 : a[transposeA ? a.rank - 2 : a.rank - 1])
  }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? {
    let form = form(x[0].shape, x[1].shape, into: shape)
    var y: [Variable<Double>] = []
    form.forEachProduct { _, a, b in
      let (a, b) = (a * form.rows * form.depth, b * form.depth * form.columns)
      for position in 0..<form.rows * form.columns {
        let (i, j) = (position / form.columns, position % form.columns)
        y.append(
          (0..<form.depth).map { k in
            x[0].elements[a + (transposeA ? k * form.rows + i : i * form.depth + k)]
              * x[1].elements[b + (transposeB ? j * form.depth + k : k * form.columns + j)]
          }.total(on: tape))
      }
    }
    return y
  }

  package static var examples: [Example] {
    let matrices = [(false, false), (false, true), (true, false), (true, true)].flatMap { a, b in
      [(3, 4, 5), (1, 1, 1), (1, 6, 2), (7, 1, 3), (2, 0, 3), (0, 2, 3)].map { m, k, n in
        Example(MatMul(transposeA: a, transposeB: b), .numbers(a ? [k, m] : [m, k]), .numbers(b ? [n, k] : [k, n]))
      }
    }
    let plain: [(Shape, Shape)] = [
      ([2, 3, 4], [4, 5]), ([2, 3, 4], [1, 4, 1]), ([3, 4], [2, 4, 5]), ([2, 1, 3, 2], [3, 2, 1]),
      ([2, 3, 2, 1], [3, 1, 2]), ([0, 3, 2], [2, 4]), ([2, 3, 0], [2, 0, 1]), ([0, 2, 3], [1, 3, 2]),
      ([5], [5]), ([0], [0]), ([3, 4], [4]), ([4], [4, 3]), ([1, 1], [1]), ([2, 3, 4], [4]), ([2, 3, 4], [2, 4, 1]),
      ([3], [2, 3, 2]), ([2, 1, 4, 3], [3]),
    ]
    let transposed: [(Bool, Bool, Shape, Shape)] = [
      (false, true, [2, 3, 4], [5, 4]), (false, true, [2, 2, 3, 1], [2, 2, 2, 1]), (false, true, [3], [2, 4, 3]),
      (true, false, [2, 4, 3], [4, 5]), (true, false, [1, 3, 2], [2, 3, 1]), (true, false, [2, 3, 2], [3]),
      (true, true, [2, 4, 3], [2, 5, 4]), (true, true, [3, 2], [2, 1, 3]),
    ]
    return matrices + plain.map { a, b in Example(MatMul(), .numbers(a), .numbers(b)) }
      + transposed.map { a, b, x, y in
        Example(MatMul(transposeA: a, transposeB: b), .numbers(x), .numbers(y))
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
  package func batched<S: Scalar>(_ x: BatchedOperands<S>) -> Variable<S>? {
    x.isBatched[1] ? x.whole(0) + x.aligned(1, toRank: x.shape.rank) : x[0].addBias(x[1])
  }
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
  /// The matrix product op(self)·op(other), where a flag transposes the last two axes: […, m, k]·[…, k, n] is
  /// […, m, n]. Leading axes broadcast; a vector is a row at the left and a column at the right, and the result lacks
  /// that axis.
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

extension MatMul {
  /// The form of this product on operands that fit.
  @inline(__always)
  func form(_ a: Shape, _ b: Shape, into y: Shape) -> ProductForm {
    ProductForm(a, b, into: y, transposeA: transposeA, transposeB: transposeB)
  }
}

extension OperationForm {
  /// The plain products of which this operation is made, given the shapes of its operands and result; `nil` when it is
  /// no matrix product.
  package func product(_ x: [Shape], into y: Shape) -> ProductForm? {
    guard case .product(let transposeA, let transposeB) = self else { return nil }
    return ProductForm(x[0], x[1], into: y, transposeA: transposeA, transposeB: transposeB)
  }
}
