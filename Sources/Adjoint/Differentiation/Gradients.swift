/// The gradients ∂y/∂xᵢ, recorded on the tape of y, so that they can be printed, compiled and differentiated again.
///
/// They are total derivatives: every path from each xᵢ to y counts. Where y does not depend on an xᵢ the gradient is a
/// constant zero, which `Tape.backward` leaves out instead.
///
/// - Parameters:
///   - cotangent: ȳ of y's shape, which makes the result ȳᵀ·∂y/∂xᵢ. It may be left out when y is a single number.
/// - Complexity: a small constant times the cost of computing y, whatever the number of inputs.
public func gradients<S: Scalar>(
  of y: Variable<S>, withRespectTo x: [Variable<S>], cotangent: Variable<S>? = nil,
  file: StaticString = #fileID, line: UInt = #line
) -> [Variable<S>] {
  let backward = y.tape.backward(from: y, cotangent: cotangent, to: x, file: file, line: line)
  return x.map { backward.adjoint(of: $0) ?? y.tape.constant(.zeros($0.shape)) }
}

/// The gradient ∂y/∂x of a single number with respect to one variable, recorded.
public func gradient<S: Scalar>(
  of y: Variable<S>, withRespectTo x: Variable<S>, file: StaticString = #fileID, line: UInt = #line
) -> Variable<S> {
  gradients(of: y, withRespectTo: [x], file: file, line: line)[0]
}

/// The vector-Jacobian product ȳᵀ·J, J = ∂f/∂x at x, with f(x) beside it.
public func vjp<S: Scalar>(
  at x: Tensor<S>, cotangent: Tensor<S>, of f: (Variable<S>) -> Variable<S>
) -> (value: Tensor<S>, cotangent: Tensor<S>) {
  let tape = Tape<S>()
  let input = tape.input(x)
  let y = f(input)
  let g = gradients(of: y, withRespectTo: [input], cotangent: tape.constant(cotangent))
  return (y.value, g[0].value)
}
