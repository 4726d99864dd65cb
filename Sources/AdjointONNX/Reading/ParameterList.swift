import Adjoint
import AdjointLearning

/// The parameters of a model by name, which every recording of it shares.
final class ParameterList<S: Scalar> {
  private(set) var all: [Parameter<S>] = []
  private var places: [String: Int] = [:]
  private let states: Set<String>

  /// Those that are trained.
  var trainable: [Parameter<S>] { all.filter { !isState($0.name) } }

  /// True for a name whose numbers are running statistics.
  func isState(_ name: String?) -> Bool { name.map(states.contains) ?? false }

  init(states: Set<String> = []) { self.states = states }

  /// The same names and values in new places.
  init(copying other: ParameterList) {
    states = other.states
    for parameter in other.all {
      add(parameter.copy(), as: parameter.name ?? "")
    }
  }

  subscript(name: String) -> Parameter<S>? { places[name].map { all[$0] } }

  private func add(_ parameter: Parameter<S>, as name: String) {
    places[name] = all.count
    all.append(parameter)
  }

  /// The parameter of a name, made where there is none.
  func parameter(_ name: String, _ numbers: [Double], _ dims: [Int]) -> Parameter<S> {
    if let known = self[name] { return known }
    let parameter = Parameter(Tensor(shape: Shape(dims), elements: numbers.map { S($0) }), name: name)
    add(parameter, as: name)
    return parameter
  }
}
