/// The plain matrix products of which one over leading axes is made: `count` products [rows, depth]·[depth, columns].
///
/// Where the right operand is one matrix for all of the left, the rows of all leading axes stand below each other in
/// memory, and the whole is one product.
package struct ProductForm {
  /// The shape of op(A)·op(B) in one plain product, and the terms of each of its sums.
  package private(set) var rows: Int, columns: Int, depth: Int
  /// The number of plain products.
  package private(set) var count: Int
  let transposeA: Bool, transposeB: Bool
  /// The leading axes of the operands and of the result.
  private let leadingA: Shape, leadingB: Shape, leading: Shape

  /// The form of a product of operands that fit each other, with the shape of its result.
  @inline(__always)
  package init(_ a: Shape, _ b: Shape, into y: Shape, transposeA: Bool, transposeB: Bool) {
    (self.transposeA, self.transposeB) = (transposeA, transposeB)
    (rows, depth) = a.rank == 1 ? (1, a[0]) : a.lastTwo(transposed: transposeA)
    columns = b.rank == 1 ? 1 : b.lastTwo(transposed: transposeB).1
    if a.rank <= 2, b.rank <= 2 {
      (leadingA, leadingB, leading, count) = (.scalar, .scalar, .scalar, 1)
      return
    }
    (leadingA, leadingB) = (a.leading(max(a.rank - 2, 0)), b.leading(max(b.rank - 2, 0)))
    leading = y.leading(max(leadingA.rank, leadingB.rank))
    count = leading.elementCount
    if !transposeA, leadingB.elementCount == 1 { (rows, count) = (count * rows, 1) }
  }

  /// True when the whole is one plain product in memory.
  package var isOne: Bool { count == 1 }
  /// The first operand of a plain product, as it is stored.
  var shapeA: Shape { transposeA ? [depth, rows] : [rows, depth] }
  /// The second operand of a plain product, as it is stored.
  var shapeB: Shape { transposeB ? [columns, depth] : [depth, columns] }
  /// The result of a plain product.
  var shapeY: Shape { [rows, columns] }

  /// True when each plain product reads a matrix of its own of this operand.
  func reads(itsOwnOf operand: Int) -> Bool { (operand == 0 ? leadingA : leadingB).elementCount == count }

  /// Calls `body` for each plain product with the number of the product and of the matrices that it reads.
  @inline(__always)
  func forEachProduct(_ body: (_ y: Int, _ a: Int, _ b: Int) -> Void) {
    if isOne { return body(0, 0, 0) }
    let walk = BroadcastWalk(output: leading, leadingA, leadingB)
    walk.forEachRun { number, operand in
      for i in 0..<walk.run {
        body(number + i, operand[0] + i * walk.innerStride[0], operand[1] + i * walk.innerStride[1])
      }
    }
  }
}

extension Shape {
  /// The first axes alone.
  func leading(_ count: Int) -> Shape { Shape(self.prefix(count)) }

  /// The extents of the last two axes, exchanged or not.
  @inline(__always)
  func lastTwo(transposed: Bool) -> (Int, Int) {
    let (rows, columns) = (self[rank - 2], self[rank - 1])
    return transposed ? (columns, rows) : (rows, columns)
  }
}
