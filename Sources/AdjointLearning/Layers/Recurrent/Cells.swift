import Adjoint

/// One step of a simple recurrent network: h′ = tanh(x·Wᵢₕᵀ + bᵢₕ + h·Wₕₕᵀ + bₕₕ), or relu in place of tanh.
///
/// Source: Elman, "Finding structure in time", 1990.
public struct RNNCell<S: Scalar>: RecurrentCell {
  var parameters: CellParameters<S>
  package let activation: Activation

  /// A cell with new parameters `name/weight_ih` [units, inputs], `name/weight_hh` [units, units], `name/bias_ih` and
  /// `name/bias_hh` [units].
  /// - Parameter initializer: for the weights, biases being 0. When left out, all are U(−a, a) with a = 1/√units.
  public init(
    _ inputs: Int, _ units: Int, activation: Activation = .tanh, bias: Bool = true, name: String? = nil,
    initializer: Initializer? = nil, using generator: inout Generator, file: StaticString = #fileID, line: UInt = #line
  ) {
    self.init(
      inputs, units, activation, bias, name, "", initializer, using: &generator, at: CallSite(file, line))
  }

  init(
    _ inputs: Int, _ units: Int, _ activation: Activation, _ bias: Bool, _ name: String?, _ suffix: String,
    _ initializer: Initializer?, using generator: inout Generator, at site: CallSite
  ) {
    parameters = CellParameters(
      "RNN", gates: 1, inputs, units, bias: bias, name: name, suffix: suffix, initializer: initializer,
      using: &generator, at: site)
    self.activation = activation
  }

  public var hasCell: Bool { false }
  public func projected(_ x: Variable<S>) -> Variable<S> {
    parameters.input(x, plus: [parameters.inputBias, parameters.hiddenBias])
  }
  public func step(_ z: Variable<S>, from state: RecurrentState<S>) -> RecurrentState<S> {
    RecurrentState(hidden: activation(z + parameters.hidden(state.hidden)))
  }
}

/// One step of a long short-term memory. The gates are parts of z = x·Wᵢₕᵀ + bᵢₕ + h·Wₕₕᵀ + bₕₕ, in this order:
///   i = σ(z₁), f = σ(z₂), g = tanh(z₃), o = σ(z₄),
///   c′ = f ⊙ c + i ⊙ g, h′ = o ⊙ tanh(c′).
///
/// Source: Hochreiter & Schmidhuber, "Long short-term memory", 1997; Gers et al., "Learning to forget", 2000.
public struct LSTMCell<S: Scalar>: RecurrentCell {
  var parameters: CellParameters<S>

  /// A cell with new parameters `name/weight_ih` [4·units, inputs], `name/weight_hh` [4·units, units], `name/bias_ih` and
  /// `name/bias_hh` [4·units].
  /// - Parameter initializer: for the weights, biases being 0. When left out, all are U(−a, a) with a = 1/√units.
  public init(
    _ inputs: Int, _ units: Int, bias: Bool = true, name: String? = nil, initializer: Initializer? = nil,
    using generator: inout Generator, file: StaticString = #fileID, line: UInt = #line
  ) {
    self.init(inputs, units, bias, name, "", initializer, using: &generator, at: CallSite(file, line))
  }

  init(
    _ inputs: Int, _ units: Int, _ bias: Bool, _ name: String?, _ suffix: String, _ initializer: Initializer?,
    using generator: inout Generator, at site: CallSite
  ) {
    parameters = CellParameters(
      "LSTM", gates: 4, inputs, units, bias: bias, name: name, suffix: suffix, initializer: initializer,
      using: &generator, at: site)
  }

  public var hasCell: Bool { true }
  public func projected(_ x: Variable<S>) -> Variable<S> {
    parameters.input(x, plus: [parameters.inputBias, parameters.hiddenBias])
  }
  public func step(_ z: Variable<S>, from state: RecurrentState<S>) -> RecurrentState<S> {
    guard let c = state.cell else {
      fatalError("\(self): the state has no cell; give RecurrentState(hidden:cell:), or zeroState(_:on:)")
    }
    let gates = (z + parameters.hidden(state.hidden)).gates(4)
    let (i, f, g, o) = (gates[0].sigmoid(), gates[1].sigmoid(), gates[2].tanh(), gates[3].sigmoid())
    let cell = f * c + i * g
    return RecurrentState(hidden: o * cell.tanh(), cell: cell)
  }
}

/// One step of a gated recurrent unit. With the three parts of u = x·Wᵢₕᵀ + bᵢₕ and v = h·Wₕₕᵀ + bₕₕ,
///   r = σ(u₁ + v₁), z = σ(u₂ + v₂), n = tanh(u₃ + r ⊙ v₃), h′ = (1 − z) ⊙ n + z ⊙ h:
/// the reset r is applied after the product, as in cuDNN and PyTorch.
///
/// Source: Cho et al., "Learning phrase representations", 2014.
public struct GRUCell<S: Scalar>: RecurrentCell {
  var parameters: CellParameters<S>

  /// A cell with new parameters `name/weight_ih` [3·units, inputs], `name/weight_hh` [3·units, units], `name/bias_ih` and
  /// `name/bias_hh` [3·units].
  /// - Parameter initializer: for the weights, biases being 0. When left out, all are U(−a, a) with a = 1/√units.
  public init(
    _ inputs: Int, _ units: Int, bias: Bool = true, name: String? = nil, initializer: Initializer? = nil,
    using generator: inout Generator, file: StaticString = #fileID, line: UInt = #line
  ) {
    self.init(inputs, units, bias, name, "", initializer, using: &generator, at: CallSite(file, line))
  }

  init(
    _ inputs: Int, _ units: Int, _ bias: Bool, _ name: String?, _ suffix: String, _ initializer: Initializer?,
    using generator: inout Generator, at site: CallSite
  ) {
    parameters = CellParameters(
      "GRU", gates: 3, inputs, units, bias: bias, name: name, suffix: suffix, initializer: initializer,
      using: &generator, at: site)
  }

  public var hasCell: Bool { false }
  public func projected(_ x: Variable<S>) -> Variable<S> {
    parameters.input(x, plus: [parameters.inputBias])
  }
  public func step(_ z: Variable<S>, from state: RecurrentState<S>) -> RecurrentState<S> {
    let h = state.hidden
    let (u, v) = (z.gates(3), parameters.hidden(h, plus: [parameters.hiddenBias]).gates(3))
    let (reset, update) = ((u[0] + v[0]).sigmoid(), (u[1] + v[1]).sigmoid())
    let new = (u[2] + reset * v[2]).tanh()
    return RecurrentState(hidden: (1 - update) * new + update * h)
  }
}

/// The cells of the library, which keep their parameters alike.
protocol ParametricCell<S>: RecurrentCell {
  var parameters: CellParameters<S> { get set }
}

extension RNNCell: ParametricCell {}
extension LSTMCell: ParametricCell {}
extension GRUCell: ParametricCell {}

extension ParametricCell {
  public var inputs: Int { parameters.inputWeight.shape[1] }
  public var units: Int { parameters.hiddenWeight.shape[1] }

  public func copy() -> Self {
    var copy = self
    copy.parameters.detach()
    return copy
  }

  public var description: String {
    let kind = "\(type(of: self))".prefix { $0 != "<" }
    return "\(kind): \(inputs) → \(units), \(parameters.all.reduce(0) { $0 + $1.count }) parameters"
  }
}
