import Adjoint

/// The loss of a small recurrent network over a sequence of characters. Its matrices are diagonal, so a layer's weights are four
/// vectors.
enum LSTM {
  struct Input: Decodable {
    let mainParams, extraParams, state, sequence: [[Double]]

    func tensors() throws -> [Tensor<Double>] {
      let width = sequence.first?.count ?? 0
      return [
        try Tensor(rows: mainParams, columns: 4 * width), try Tensor(rows: extraParams, columns: width),
        try Tensor(rows: state, columns: width), try Tensor(rows: sequence, columns: width),
      ]
    }
  }

  /// One layer: its weights and biases, each for four gates, and its state.
  struct Layer {
    let weights, biases: [Variable<Double>]
    var hidden, cell: Variable<Double>

    /// The next state, which is the layer's output.
    mutating func step(_ x: Variable<Double>) -> Variable<Double> {
      let forget = (x * weights[0] + biases[0]).sigmoid()
      let enter = (hidden * weights[1] + biases[1]).sigmoid()
      let leave = (x * weights[2] + biases[2]).sigmoid()
      let change = (hidden * weights[3] + biases[3]).tanh()
      cell = cell * forget + enter * change
      hidden = leave * cell.tanh()
      return hidden
    }
  }

  static func loss(_ v: [Variable<Double>]) -> Variable<Double> {
    let (main, extra, state, sequence) = (v[0].unstack(), v[1].unstack(), v[2].unstack(), v[3].unstack())
    var layers = stride(from: 0, to: main.count, by: 2).map {
      Layer(weights: main[$0].chunk(4), biases: main[$0 + 1].chunk(4), hidden: state[$0], cell: state[$0 + 1])
    }
    var total = v[0].tape.constant(0)
    for (character, next) in zip(sequence, sequence.dropFirst()) {
      var x = character * extra[0]
      for layer in layers.indices { x = layers[layer].step(x) }
      let guess = x * extra[1] + extra[2]
      total = total + (next * (guess - (guess.exp().sum() + 2).log())).sum()
    }
    return -total / Double((sequence.count - 1) * sequence[0].shape[0])
  }

  static var functions: [Function] {
    [
      Function("objective") { (input: Input, compile) in
        let run = compile(try input.tensors()) { [loss($0)] }
        return { try run(input.tensors())[0].scalar }
      },
      Function("jacobian") { (input: Input, compile) in
        let run = compile(try input.tensors()) { v in gradients(of: loss(v), withRespectTo: [v[0], v[1]]) }
        return { try run(input.tensors()).flatMap(\.elements) }
      },
    ]
  }
}
