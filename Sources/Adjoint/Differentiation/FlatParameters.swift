// θ and ∇θ as one vector, the form in which textbooks and line searches treat a model.

extension Array {
  /// θ: all parameters one after the other, each row-major.
  public func flattened<S: Scalar>() -> Tensor<S> where Element == Parameter<S> { Tensor(flatMap(\.value.elements)) }

  /// Sets all parameters from one vector θ.
  /// - Precondition: θ has as many elements as the parameters together.
  public func assign<S: Scalar>(flat theta: Tensor<S>) where Element == Parameter<S> {
    let total = reduce(0) { $0 + $1.count }
    guard theta.elements.count == total else {
      fatalError("assign(flat:): the parameters have \(total) elements together, the vector \(theta.elements.count)")
    }
    var position = 0
    for parameter in self {
      let part = [S](theta.elements[position..<position + parameter.count])
      parameter.value = Tensor(shape: parameter.shape, elements: part)
      position += parameter.count
    }
  }

  /// Recorded values one after the other as one vector: ∇θ, for a list of gradients.
  public func flattened<S: Scalar>() -> Variable<S> where Element == Variable<S> {
    concatenate(map { $0.reshape(to: [$0.shape.elementCount]) })
  }
}
