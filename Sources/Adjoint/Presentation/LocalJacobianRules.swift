// The sentences of which `localJacobian` of the library's operations is made. Each reads the entries off the operation
// itself, by a replay of its one node on a tape of its own; none is derived by hand.

extension Variable {
  /// ∂vec(y)/∂vec(xᵢ) for y this recorded result and xᵢ its i-th input. It is structured where the operation states its
  /// structure, and dense otherwise, by a replay of the node in dual numbers for each column.
  ///
  /// - Parameter denseLimit: the most entries that a dense Jacobian may have. Beyond it the result is `nil`.
  /// - Complexity: structured, a few evaluations of the node; dense, one for each element of xᵢ.
  public func localJacobian(
    withRespectTo i: Int, denseLimit: Int = .max, file: StaticString = #fileID, line: UInt = #line
  ) -> LocalJacobian? {
    _ = tape.index(of: self, for: "localJacobian", file: file, line: line)
    guard let operation, i >= 0, i < inputs.count else {
      fatalError(
        "localJacobian: \(tape.describe(index)) is not the result of an operation with an input \(i)", file: file,
        line: line)
    }
    let point = Point(of: self)
    if operation.indexPosition == i { return .zero(at: point, i) }
    if let structured = operation.localJacobian(at: point, withRespectTo: i) { return structured }
    guard shape.elementCount.multipliedReportingOverflow(by: inputs[i].shape.elementCount).partialValue <= denseLimit
    else { return nil }
    return .dense(at: point, i)
  }
}

extension LocalJacobian {
  private init<S: Scalar>(at p: Point<S>, _ i: Int, _ structure: Structure) {
    self.init(rows: p.y.shape.elementCount, columns: p.x[i].shape.elementCount, structure: structure)
  }

  /// The Jacobian where y does not depend on xᵢ differentiably.
  package static func zero<S: Scalar>(at p: Point<S>, _ i: Int) -> LocalJacobian { LocalJacobian(at: p, i, .zero) }

  /// The Jacobian where each element of y depends on the one element of xᵢ that broadcasting puts beside it. The
  /// entries are the tangent of y when every element of xᵢ moves by 1. `isUniform` says that all are equal by their
  /// nature, not by chance.
  public static func elementwise<S: Scalar>(at p: Point<S>, _ i: Int, isUniform: Bool = false) -> LocalJacobian {
    let entries = p.tangents(i) { _ in true }
    if p.x[i].shape.elementCount == p.y.shape.elementCount {
      return LocalJacobian(at: p, i, isUniform ? .scaledIdentity(entries.first ?? 1) : .diagonal(entries))
    }
    let places = Tape<Double>().constant(.positions(p.x[i].shape)).broadcast(to: p.y.shape).value
    return LocalJacobian(
      at: p, i, .oneEntryInEachRow(columns: places.elements.map { Int($0) - 1 }, entries: entries))
  }

  /// The Jacobian where y holds elements of xᵢ, moved, and elements that do not come from it. The places are read off y
  /// when xᵢ holds its own positions and the other inputs hold 0.
  public static func moves<S: Scalar>(at p: Point<S>, _ i: Int) -> LocalJacobian {
    let y = p.replayed { j, value in j == i ? Tensor<Double>.positions(value.shape) : .zeros(value.shape) }
    let places = y.value.elements.map { Int($0) - 1 }
    if places == Array(0..<p.x[i].shape.elementCount) { return LocalJacobian(at: p, i, .scaledIdentity(1)) }
    return LocalJacobian(
      at: p, i, .oneEntryInEachRow(columns: places, entries: places.map { $0 < 0 ? 0 : 1 }))
  }

  /// The Jacobian where each element of xᵢ reaches one element of y. The entries are x̄ᵢ under a cotangent of ones. The
  /// places follow from the larger x̄ᵢ under a cotangent of positions.
  public static func reduces<S: Scalar>(at p: Point<S>, _ i: Int) -> LocalJacobian {
    let y = p.replayed { _, value in value.converted(to: Double.self) }
    func contribution(_ cotangent: Tensor<Double>) -> [Double] {
      let x = y.inputs[i]
      let adjoint = y.tape.backward(from: y, cotangent: y.tape.constant(cotangent), to: [x]).adjoint(of: x)
      return adjoint?.value.elements ?? [Double](repeating: 0, count: x.shape.elementCount)
    }
    let entries = contribution(.ones(y.shape))
    let rows = zip(contribution(.positions(y.shape)), entries).map {
      // A place that is not finite is none.
      $1 == 0 ? -1 : (Int(exactly: ($0 / $1).rounded()) ?? 0) - 1
    }
    return LocalJacobian(at: p, i, .oneEntryInEachColumn(rows: rows, entries: entries))
  }

  /// The Jacobian where y is made of `count` equal parts, each a function of the same part of xᵢ. The entries are the
  /// tangents of y when the k-th element of every part moves by 1, for each k.
  public static func blocks<S: Scalar>(at p: Point<S>, _ i: Int, count: Int) -> LocalJacobian {
    let (rows, columns) = (p.y.shape.elementCount, p.x[i].shape.elementCount)
    guard rows > 0, columns > 0 else { return .zero(at: p, i) }
    let width = columns / count
    var entries = [Double](repeating: 0, count: rows * width)
    for k in 0..<width {
      for (row, value) in p.tangents(i, moving: { $0 % width == k }).enumerated() { entries[row * width + k] = value }
    }
    return LocalJacobian(at: p, i, count == 1 ? .dense(entries) : .blocks(count: count, entries: entries))
  }

  /// The Jacobian where any element of y may depend on any of xᵢ: a replay in dual numbers for each column.
  package static func dense<S: Scalar>(at p: Point<S>, _ i: Int) -> LocalJacobian {
    let columns = p.x[i].shape.elementCount
    return p.y.shape.elementCount == 0 || columns == 0 ? .zero(at: p, i) : .blocks(at: p, i, count: 1)
  }

  /// The Jacobian `factor` ⊗ I or I ⊗ `factor`, with its rows in the order of the transposed result if asked for. The
  /// factor and the result y are read as matrices of these shapes.
  package static func kronecker<S: Scalar>(
    at p: Point<S>, _ i: Int, _ factor: Variable<S>, _ shape: Shape, transposingFactor: Bool, identity: Int,
    isLeft: Bool, rowsOfTranspose: Bool, of y: Shape
  ) -> LocalJacobian {
    let matrix = Tensor(shape: shape, elements: factor.recordedValue.converted(to: Double.self).elements)
    let factor = transposingFactor ? matrix.transpose() : matrix
    // A single row or column reads the same transposed; and I₁ ⊗ A is A.
    let transposed = rowsOfTranspose && y[0] != 1 && y[1] != 1 ? y : nil
    if identity == 1, transposed == nil { return LocalJacobian(at: p, i, .dense(factor.elements)) }
    return LocalJacobian(
      at: p, i,
      .kronecker(Kronecker(factor: factor, identity: identity, identityIsLeft: isLeft, transposed: transposed)))
  }
}

extension Point {
  /// This node again at other inputs, in other numbers, on a tape of its own. Indices stay as they are.
  func replayed<T: Scalar>(_ value: (Int, Tensor<S>) -> Tensor<T>) -> Variable<T> {
    guard let operation = y.operation else { fatalError("localJacobian: \(tape.describe(node)) is a leaf") }
    let scratch = Tape<T>(mode: tape.mode)
    let inputs = (0..<x.count).map { i in
      x[i].role == .index ? scratch.index(x[i].indexValue) : scratch.input(value(i, x[i].recordedValue))
    }
    return scratch.record(operation, inputs: inputs)
  }

  /// The motion of the elements of y when the elements of xᵢ for which `moving` holds move by 1: a replay in dual
  /// numbers.
  func tangents(_ i: Int, moving: (Int) -> Bool) -> [Double] {
    replayed { j, value in
      let elements = value.elements.enumerated().map { position, element in
        Dual(element.primal, tangent: j == i && moving(position) ? 1 : 0)
      }
      return Tensor(shape: value.shape, elements: elements)
    }.value.elements.map(\.tangent)
  }
}

extension Tensor<Double> {
  /// 1, 2, 3, … in row-major order: each element is its own position counted from 1, and 0 stands for nowhere.
  fileprivate static func positions(_ shape: Shape) -> Tensor {
    Tensor(shape: shape, elements: (0..<shape.elementCount).map { Double($0 + 1) })
  }
}
