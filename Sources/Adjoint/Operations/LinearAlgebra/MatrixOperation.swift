/// An operation on the square matrices in the last two axes of its first operand, one for each position of the leading
/// axes. Other operands have the same leading axes.
package protocol MatrixOperation: LibraryOperation {}

extension MatrixOperation {
  package func entrywiseInputs(_ x: [Shape]) -> [Bool]? { x[0].rank > 2 ? x.map { _ in true } : nil }
  package func batched<S: Scalar>(_ x: BatchedOperands<S>) -> Variable<S>? {
    x.tape.record(self, inputs: x.shapes.indices.map { x.whole($0) })
  }
  package func localJacobian<S: Scalar>(at p: Point<S>, withRespectTo i: Int) -> LocalJacobian? {
    .blocks(at: p, i, count: p.x[0].shape.leading.elementCount)
  }
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String { methodCall(name, x) }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange { .everything }

  /// The shape of X in A·X = B.
  func right(_ x: [Shape]) throws(ShapeError) -> Shape {
    let x = try x.only(2, for: name)
    let (a, b) = (try x[0].square(for: name), x[1])
    guard b.rank >= 2 else {
      throw ShapeError("\(name): the right side is a matrix, or several along leading axes, was given \(b)")
    }
    guard b[b.rank - 2] == a[a.rank - 1] else {
      throw ShapeError(
        "\(name): the right side \(b) has \(b[b.rank - 2]) rows, a matrix of \(a) takes \(a[a.rank - 1])")
    }
    guard a.leading == b.leading else {
      throw ShapeError("\(name): leading axes differ: \(a.leading) of \(a) against \(b.leading) of \(b)")
    }
    return b
  }

  static func squareExamples(_ operation: Self) -> [Example] {
    [[3, 3], [1, 1], [2, 2], [2, 4, 4], [0, 0], [0, 2, 2], [2, 1, 3, 3]].map {
      Example(operation, .wellConditioned($0))
    }
  }

  static func rightExamples(_ operation: Self) -> [Example] {
    [
      ([3, 3], [3, 2]), ([1, 1], [1, 1]), ([2, 2], [2, 5]), ([4, 4], [4, 1]), ([2, 3, 3], [2, 3, 4]),
      ([0, 0], [0, 2]),
      ([2, 2], [2, 0]), ([0, 2, 2], [0, 2, 1]),
    ]
    .map { (a: Shape, b: Shape) in Example(operation, .wellConditioned(a), .numbers(b)) }
  }
}

extension Shape {
  /// The axes before the last two.
  var leading: Shape { Shape(dropLast(2)) }

  /// This shape, of which the last two extents are equal.
  func square(for name: String) throws(ShapeError) -> Shape {
    guard rank >= 2 else {
      throw ShapeError("\(name): takes a matrix, or several along leading axes, was given \(self)")
    }
    guard self[rank - 2] == self[rank - 1] else {
      throw ShapeError("\(name): a matrix of \(self[rank - 2]) × \(self[rank - 1]) is not square, in \(self)")
    }
    return self
  }

  /// These leading axes with one matrix at each position.
  func matrices(_ rows: Int, _ columns: Int) -> Shape { Shape(Array(self) + [rows, columns]) }
}

extension Variable {
  /// The same with the last two axes exchanged.
  func transposingMatrices() -> Variable {
    let rank = shape.rank
    return permute(Array(0..<rank - 2) + [rank - 1, rank - 2])
  }
}

extension Tensor where Element == Double {
  /// Values for `Example.Input.wellConditioned`, representable in `Float`, from numbers uniform in 0 … 1.
  package static func wellConditioned(_ shape: Shape, _ uniform: () -> Double) -> Tensor {
    let extent = Swift.max(shape.last ?? 1, 1)
    return Tensor(
      shape: shape,
      elements: (0..<shape.elementCount).map { position in
        let (place, isOnDiagonal) = (uniform(), position / extent % extent == position % extent)
        return Double(Float(isOnDiagonal ? 1 + place : (2 * place - 1) / Double(extent)))
      })
  }
}

extension Tape {
  /// The constant identity in each matrix of a shape.
  func identity(_ shape: Shape) -> Variable<S> {
    let identity = constant(.eye(shape[shape.rank - 1]))
    return shape.rank == 2 ? identity : identity.broadcast(to: shape)
  }
}
