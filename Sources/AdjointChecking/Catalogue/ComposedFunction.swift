import Adjoint

/// A function composed of operations, under a name that people type, with all that it takes to try it.
///
/// `all` is the one list of them, for any scalar; each is tried in both precisions. Its values are compared with a naive formula,
/// those of tensors with the tape's bits, its first and second derivatives by `GradientCheck`, and a program that replays it
/// at other inputs with a new recording there.
package struct ComposedFunction<S: Scalar>: CustomStringConvertible {
  /// The call as one writes it, which is unique in the list.
  package let name: String
  /// The shapes of its inputs.
  package let inputs: [Shape]
  /// The numbers that inputs are drawn from, where the function is smooth.
  package let range: ClosedRange<Double>
  /// The function of variables.
  package let onVariables: ([Variable<S>]) -> Variable<S>
  /// The function of tensors under the same name; `nil` when there is none.
  package let onTensors: (([Tensor<S>]) -> Tensor<S>)?
  /// The values by a naive formula in Double; `nil` when a test of its own holds them.
  package let expected: (([Tensor<Double>]) -> Tensor<Double>)?

  package var description: String { name }
}

/// A list of composed functions, a statement for each: an array literal of closures takes long to type-check.
package struct ComposedFunctions<S: Scalar>: CustomStringConvertible {
  package private(set) var functions: [ComposedFunction<S>] = []

  package var description: String { functions.map(\.name).joined(separator: "\n") }

  /// Appends a function of inputs of these shapes.
  ///
  ///     list.add("a.flip(axis: 1)", [[2, 3]], { $0[0].flip(axis: 1) }, tensor: { $0[0].flip(axis: 1) },
  ///       expected: table([2, 3]) { x, i in x[0][i[0], 2 - i[1]] })
  package mutating func add(
    _ name: String, _ inputs: [Shape], in range: ClosedRange<Double> = -2...2,
    _ onVariables: @escaping ([Variable<S>]) -> Variable<S>, tensor onTensors: (([Tensor<S>]) -> Tensor<S>)? = nil,
    expected: (([Tensor<Double>]) -> Tensor<Double>)? = nil
  ) {
    functions.append(
      ComposedFunction(
        name: name, inputs: inputs, range: range, onVariables: onVariables, onTensors: onTensors, expected: expected))
  }
}

extension ComposedFunction {
  /// Every composed function of the library. An area has a list of its own, a file for each.
  package static var all: [ComposedFunction] {
    var list = ComposedFunctions<S>()
    list.addAxes()
    list.addParts()
    list.addMatrices()
    list.addSubscripts()
    list.addMixedArithmetic()
    return list.functions
  }
}

/// The tensor of this shape whose element at the positions i is f(x, i): the naive formula of a function.
package func table(
  _ shape: Shape, _ f: @escaping ([Tensor<Double>], [Int]) -> Double
) -> ([Tensor<Double>]) -> Tensor<Double> {
  { x in
    let strides = shape.strides
    return Tensor(
      shape: shape,
      elements: (0..<shape.elementCount).map { place in f(x, shape.indices.map { place / strides[$0] % shape[$0] }) })
  }
}
