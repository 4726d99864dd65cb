/// The way in which a full Jacobian is computed.
public enum JacobianMode: Sendable {
  /// One backward pass for each element of y.
  case reverse
  /// One replay in dual numbers for each element of x.
  case forward
  /// The one of the two that takes fewer passes.
  case automatic
}

/// The Jacobian ∂y/∂x, of shape y.shape + x.shape: entry [i…, j…] is ∂y[i…]/∂x[j…].
///
/// The pass is recorded and compiled once, then run for each row (reverse) or column (forward). The tape is left as it
/// was.
///
/// - Complexity: min(y.count, x.count) times a small multiple of the cost of computing y, when automatic.
public func jacobian<S: Scalar>(
  of y: Variable<S>, withRespectTo x: Variable<S>, mode: JacobianMode = .automatic,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor<S> {
  let own = [y, x].map { y.tape.index(of: $0, for: "jacobian", beside: [y], file: file, line: line) }
  let (rows, columns) = (y.tape[own[0]].shape.elementCount, y.tape[own[1]].shape.elementCount)
  let shape = Shape(Array(y.shape) + x.shape)
  switch mode {
  case .automatic: return jacobian(of: y, withRespectTo: x, mode: rows <= columns ? .reverse : .forward)
  case .reverse:
    let tape = y.tape
    let mark = tape.count
    defer { tape.truncate(to: mark) }
    let cotangent = tape.input(.zeros(y.shape))
    let program = Program<S>(gradients(of: y, withRespectTo: [x], cotangent: cotangent) + [cotangent])
    let row = tape[program.outputNodes[0]]
    var elements: [S] = []
    elements.reserveCapacity(rows * columns)
    for i in 0..<rows {
      program.fill(cotangent) { unit in
        if i > 0 { unit[i - 1] = 0 }
        unit[i] = 1
      }
      program.replay()
      elements += program.value(of: row).elements
    }
    return Tensor(shape: shape, elements: elements)
  case .forward:
    let replay = DualReplay(of: y, withRespectTo: [x])
    var elements = [S](repeating: 0, count: rows * columns)
    for j in 0..<columns {
      let column = replay.column(j)
      for i in 0..<rows { elements[i * columns + j] = S(column.elements[i]) }
    }
    return Tensor(shape: shape, elements: elements)
  }
}

/// The Hessian-vector product H·v, H = ∂²y/∂x², recorded: ∇y is differentiated once more, with the cotangent v.
///
/// The vector may depend on x, as ∇y itself does: it is not differentiated.
/// - Precondition: y is a single number, and `vector` has a tensor of each variable's shape.
/// - Complexity: a small constant times the cost of computing y; H itself is never formed.
///
/// Source: Pearlmutter, "Fast exact multiplication by the Hessian", Neural Computation 1994 (here reverse over reverse).
public func hessianVectorProduct<S: Scalar>(
  of y: Variable<S>, withRespectTo x: [Variable<S>], vector: [Variable<S>],
  file: StaticString = #fileID, line: UInt = #line
) -> [Variable<S>] {
  guard vector.count == x.count else {
    fatalError("hessianVectorProduct: \(vector.count) vectors for \(x.count) variables", file: file, line: line)
  }
  for (v, x) in zip(vector, x) {
    let shape = v.checkedShape("hessianVectorProduct", file, line)
    guard shape != x.checkedShape("hessianVectorProduct", file, line) else { continue }
    fatalError("hessianVectorProduct: a vector of shape \(shape) for \(x.tape.describe(x))", file: file, line: line)
  }
  guard !x.isEmpty else { return [] }
  let slopes = gradients(of: y, withRespectTo: x, file: file, line: line)
  if x.count == 1 { return gradients(of: slopes[0], withRespectTo: x, cotangent: vector[0]) }
  let flat = { (parts: [Variable<S>]) in concatenate(parts.map { $0.reshape(to: [$0.shape.elementCount]) }) }
  return gradients(of: flat(slopes), withRespectTo: x, cotangent: flat(vector))
}

/// The Hessian ∂²y/∂x² of a single number, of shape x.shape + x.shape.
///
/// - Complexity: x.count times a small multiple of the cost of computing y. The tape is left as it was.
public func hessian<S: Scalar>(
  of y: Variable<S>, withRespectTo x: Variable<S>, file: StaticString = #fileID, line: UInt = #line
) -> Tensor<S> {
  let mark = y.tape.count
  defer { y.tape.truncate(to: mark) }
  return jacobian(of: gradient(of: y, withRespectTo: x, file: file, line: line), withRespectTo: x, mode: .reverse)
}

/// The Jacobian ∂f/∂x of a function written as a closure of variables, of shape f(x).shape + x.shape.
/// - Complexity: min(f(x).count, x.count) times a small multiple of the cost of f.
public func jacobian<S: Scalar>(
  at x: Tensor<S>, mode: JacobianMode = .automatic, of f: (Variable<S>) throws -> Variable<S>
) rethrows -> Tensor<S> {
  let input = Tape<S>().input(x)
  return jacobian(of: try f(input), withRespectTo: input, mode: mode)
}

/// The Hessian ∂²f/∂x² of a function written as a closure of variables, of shape x.shape + x.shape.
/// - Precondition: f returns a single number.
/// - Complexity: x.count times a small multiple of the cost of f.
public func hessian<S: Scalar>(
  at x: Tensor<S>, of f: (Variable<S>) throws -> Variable<S>
) rethrows -> Tensor<S> {
  let input = Tape<S>().input(x)
  return hessian(of: try f(input), withRespectTo: input)
}
