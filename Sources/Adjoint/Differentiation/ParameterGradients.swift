// Derivatives with respect to parameters. A parameter that is used on a tape has one leaf there, of which these are taken.

/// The gradients of a single number with respect to parameters, recorded: those of their leaves on the tape of y.
/// - Precondition: each parameter is used on the tape of y.
@_disfavoredOverload
public func gradients<S: Scalar>(
  of y: Variable<S>, withRespectTo parameters: [Parameter<S>], cotangent: Variable<S>? = nil,
  file: StaticString = #fileID, line: UInt = #line
) -> [Variable<S>] {
  let leaves = parameters.map { y.tape.leaf(of: $0, for: "gradients", file, line) }
  return gradients(of: y, withRespectTo: leaves, cotangent: cotangent, file: file, line: line)
}

/// The gradient of a single number with respect to a parameter, recorded.
/// - Precondition: the parameter is used on the tape of y.
public func gradient<S: Scalar>(
  of y: Variable<S>, withRespectTo parameter: Parameter<S>, file: StaticString = #fileID, line: UInt = #line
) -> Variable<S> {
  gradients(of: y, withRespectTo: [parameter], file: file, line: line)[0]
}

/// The Jacobian ∂y/∂w for a parameter w, of shape y.shape + w.shape.
/// - Precondition: the parameter is used on the tape of y.
public func jacobian<S: Scalar>(
  of y: Variable<S>, withRespectTo parameter: Parameter<S>, mode: JacobianMode = .automatic,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor<S> {
  let leaf = y.tape.leaf(of: parameter, for: "jacobian", file, line)
  return jacobian(of: y, withRespectTo: leaf, mode: mode, file: file, line: line)
}

/// The Hessian ∂²y/∂w² of a single number for a parameter w, of shape w.shape + w.shape.
/// - Precondition: the parameter is used on the tape of y.
public func hessian<S: Scalar>(
  of y: Variable<S>, withRespectTo parameter: Parameter<S>, file: StaticString = #fileID, line: UInt = #line
) -> Tensor<S> {
  let leaf = y.tape.leaf(of: parameter, for: "hessian", file, line)
  return hessian(of: y, withRespectTo: leaf, file: file, line: line)
}

extension Tape {
  /// The leaf of a parameter that was used before; traps where it was not.
  fileprivate func leaf(
    of parameter: Parameter<S>, for purpose: String, _ file: StaticString, _ line: UInt
  ) -> Variable<S> {
    guard let leaf = leafOfParameter[ObjectIdentifier(parameter)] else {
      let used = parameters.map { describe($0.leaf) }.joined(separator: ", ")
      fatalError(
        "\(purpose): the parameter '\(parameter.name ?? "unnamed")' \(parameter.shape) is not used on the tape of "
          + "\(used.isEmpty ? "y, which uses none" : "y, which uses \(used)")",
        file: file, line: line)
    }
    return self[leaf]
  }
}
