import Adjoint
import AdjointLearning
import Foundation

/// Recurrent networks as plain loops, written from the equations, row by row.
struct RecurrentDefinition {
  enum Kind: CaseIterable { case tanh, relu, lstm, gru }

  let kind: Kind
  let units: Int
  let directions: Int
  /// By name, as a checkpoint has them: `weight_ih_l0`, …
  let parameters: [String: Tensor<Double>]

  /// W·x + b for the rows of W.
  private func affine(_ part: String, _ suffix: String, _ x: [Double]) -> [Double] {
    guard let weight = parameters["weight_\(part)\(suffix)"] else { return [] }
    let bias = parameters["bias_\(part)\(suffix)"]?.elements
    return (0..<weight.shape[0]).map { (row: Int) -> Double in
      var sum = bias?[row] ?? 0
      for column in x.indices { sum += weight.elements[row * x.count + column] * x[column] }
      return sum
    }
  }

  private func sigmoid(_ x: Double) -> Double { 1 / (1 + Foundation.exp(-x)) }

  private func step(_ x: [Double], _ h: [Double], _ c: [Double], _ suffix: String) -> (h: [Double], c: [Double]) {
    let (u, v) = (affine("ih", suffix, x), affine("hh", suffix, h))
    func sum(_ gate: Int, _ j: Int) -> Double { u[gate * units + j] + v[gate * units + j] }
    switch kind {
    case .tanh: return ((0..<units).map { Foundation.tanh(sum(0, $0)) }, c)
    case .relu: return ((0..<units).map { max(0, sum(0, $0)) }, c)
    case .lstm:
      let new: [Double] = (0..<units).map { j in
        let (kept, added) = (sigmoid(sum(1, j)) * c[j], sigmoid(sum(0, j)) * Foundation.tanh(sum(2, j)))
        return kept + added
      }
      return ((0..<units).map { sigmoid(sum(3, $0)) * Foundation.tanh(new[$0]) }, new)
    case .gru:
      let new: [Double] = (0..<units).map { j in
        let (r, z) = (sigmoid(sum(0, j)), sigmoid(sum(1, j)))
        let n = Foundation.tanh(u[2 * units + j] + r * v[2 * units + j])
        return (1 - z) * n + z * h[j]
      }
      return (new, c)
    }
  }

  /// One row of a batch: its valid steps, and the first h and c of each layer and direction.
  func run(_ steps: [[Double]], layers: Int, first: [(h: [Double], c: [Double])]) -> (
    outputs: [[Double]], last: [(h: [Double], c: [Double])]
  ) {
    var (x, last) = (steps, [(h: [Double], c: [Double])]())
    for layer in 0..<layers {
      var ways: [[[Double]]] = []
      for direction in 0..<directions {
        var state = first[layer * directions + direction]
        var outputs: [[Double]] = []
        for input in direction == 0 ? x : x.reversed() {
          state = step(input, state.h, state.c, "_l\(layer)" + (direction == 0 ? "" : "_reverse"))
          outputs.append(state.h)
        }
        ways.append(direction == 0 ? outputs : outputs.reversed())
        last.append(state)
      }
      x = x.indices.map { t in ways.flatMap { $0[t] } }
    }
    return (x, last)
  }
}

/// A network of any kind behind one interface.
struct AnyRecurrent<S: Scalar> {
  let parameters: [String: Parameter<S>]
  let run: (Variable<S>, [RecurrentState<S>]?, Variable<S>?) -> (outputs: Variable<S>, last: [RecurrentState<S>])

  init(
    _ kind: RecurrentDefinition.Kind, _ inputs: Int, _ units: Int, layers: Int = 1, isBidirectional: Bool = false,
    isTimeFirst: Bool = false, bias: Bool = true, steps: RecurrentSteps = .unrolled, seed: UInt64 = 3
  ) {
    var generator = Generator(seed: seed)
    func erased(_ plain: Recurrent<some RecurrentCell<S>>) -> AnyRecurrent {
      var network = plain
      network.steps = steps
      let tape = Tape<S>()
      _ = network(tape.input(.zeros([1, 1, inputs])))
      let named = tape.trainableParameters.map { (String($0.parameter.name?.dropFirst(4) ?? ""), $0.parameter) }
      return AnyRecurrent(parameters: Dictionary(uniqueKeysWithValues: named)) { [network] in
        network.run($0, from: $1, lengths: $2)
      }
    }
    switch kind {
    case .tanh, .relu:
      self = erased(
        RNN<S>(
          inputs, units, layers: layers, activation: kind == .tanh ? .tanh : .relu, isBidirectional: isBidirectional,
          isTimeFirst: isTimeFirst, bias: bias, name: "net", using: &generator))
    case .lstm:
      self = erased(
        LSTM<S>(
          inputs, units, layers: layers, isBidirectional: isBidirectional, isTimeFirst: isTimeFirst, bias: bias,
          name: "net", using: &generator))
    case .gru:
      self = erased(
        GRU<S>(
          inputs, units, layers: layers, isBidirectional: isBidirectional, isTimeFirst: isTimeFirst, bias: bias,
          name: "net", using: &generator))
    }
  }

  private init(
    parameters: [String: Parameter<S>],
    run:
      @escaping (Variable<S>, [RecurrentState<S>]?, Variable<S>?) -> (
        outputs: Variable<S>, last: [RecurrentState<S>]
      )
  ) {
    (self.parameters, self.run) = (parameters, run)
  }
}
