import Adjoint

/// Records tensors as single numbers, for the scalar X-ray.
struct ScalarBuilder {
  let tape: Tape<Double>
  /// The elements of each node so far.
  var elements: [[Variable<Double>]] = []

  /// The symbol of an element: W⁽¹⁾₀₁ in row 0 and column 1 of W⁽¹⁾.
  static func symbol(_ symbol: String, _ position: Int, in shape: Shape) -> String {
    let strides = shape.strides
    let place = shape.indices.map { Notation.lowered(position / strides[$0] % shape[$0]) }
    return symbol + place.joined(separator: shape.allSatisfy { $0 <= 10 } ? "" : ",")
  }

  /// Records a leaf for each element, of the same role. Random values, states and constants are held as constants.
  func leaf<S: Scalar>(_ x: Variable<S>, _ symbol: String) -> [Variable<Double>] {
    if x.holdsIndices { return [] }
    return x.value.elements.enumerated().map { position, element in
      let isNumber = x.role == .constant && x.shape.elementCount == 1
      let name = isNumber ? nil : ScalarBuilder.symbol(symbol, position, in: x.shape)
      let value = Tensor(scalar: element.primal)
      return switch x.role {
      case .input: tape.input(value, name: name)
      case .parameter: tape.parameter(Parameter(value, name: name))
      case .constant, .index, .state, .random, nil: tape.constant(value, name: name)
      }
    }
  }

  /// Records an operation on single numbers.
  /// - Throws: `ScalarXRayError` where the operation has no such form.
  func expand(_ operation: any Adjoint.Operation, _ x: [ScalarOperand], shape: Shape) throws -> [Variable<Double>] {
    let known = operation as? any LibraryOperation
    let foreign = known == nil && operation.isElementwise ? operation.elementwise(x, shape: shape, on: tape) : nil
    guard let elements = known?.expanded(x, shape: shape, on: tape) ?? foreign else {
      throw ScalarXRayError.noScalarForm(operation: operation.name)
    }
    return elements
  }
}

extension ScalarOperand {
  init<S: Scalar>(elements: [Variable<Double>], of x: Variable<S>) {
    self.init(elements: elements, shape: x.shape, indices: x.holdsIndices ? x.indexValue : nil)
  }
}
