import Adjoint
import AdjointLearning

extension Tape<Double> {
  /// A parameter that is a single number.
  func parameter(_ value: Double, _ name: String) -> Variable<Double> {
    parameter(Parameter(Tensor(scalar: value), name: name))
  }

  /// A parameter that is a matrix.
  func parameter(_ rows: [[Double]], _ name: String) -> Variable<Double> {
    parameter(
      Parameter(Tensor(shape: [rows.count, rows[0].count], elements: rows.flatMap(\.self)), name: name))
  }

  /// An input that is a single number.
  func input(_ value: Double, _ name: String) -> Variable<Double> { input(Tensor(scalar: value), name: name) }

  /// An input that is a matrix.
  func input(_ rows: [[Double]], _ name: String) -> Variable<Double> {
    input(Tensor(shape: [rows.count, rows[0].count], elements: rows.flatMap(\.self)), name: name)
  }
}

extension MLP<Double> {
  /// A perceptron with these numbers in its parameters, in their order: weight and bias of each layer, row by row.
  init(_ sizes: [Int], activation: Activation, numbers: [[Double]]) {
    var generator = Generator(seed: 0)
    self.init(sizes, activation: activation, using: &generator)
    for (parameter, elements) in zip(parameters, numbers) {
      parameter.value = Tensor(shape: parameter.value.shape, elements: elements)
    }
  }
}
