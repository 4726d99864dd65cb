/// The Hessian-vector product H·v, H = ∂²y/∂x², recorded: the gradient of ⟨∇y, v⟩.
///
/// - Precondition: y is a single number, and `vector` has a tensor of each variable's shape.
/// - Complexity: a small constant times the cost of computing y; H itself is never formed.
///
/// Source: Pearlmutter, "Fast exact multiplication by the Hessian", Neural Computation 1994 (here reverse over reverse).
public func hessianVectorProduct<S: Scalar>(
  of y: Variable<S>, withRespectTo x: [Variable<S>], vector: [Variable<S>]
) -> [Variable<S>] {
  guard vector.count == x.count else {
    fatalError("hessianVectorProduct: \(vector.count) vectors for \(x.count) variables")
  }
  let products = zip(gradients(of: y, withRespectTo: x), vector).map { g, v in (g * v).sum() }
  guard let first = products.first else { return [] }
  return gradients(of: products.dropFirst().reduce(first) { $0 + $1 }, withRespectTo: x)
}

/// The Hessian ∂²y/∂x² of a single number, of shape x.shape + x.shape.
///
/// - Complexity: x.count times a small multiple of the cost of computing y. The tape is left as it was.
public func hessian<S: Scalar>(of y: Variable<S>, withRespectTo x: Variable<S>) -> Tensor<S> {
  let mark = y.tape.count
  defer { y.tape.truncate(to: mark) }
  return jacobian(of: gradient(of: y, withRespectTo: x), withRespectTo: x, mode: .reverse)
}
