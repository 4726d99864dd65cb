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

  /// One layer: its weights and biases, each for four gates.
  struct Layer {
    let weights, biases: [Variable<Double>]

    /// The next state, of which `hidden` is the layer's output.
    func step(
      _ x: Variable<Double>, _ hidden: Variable<Double>, _ cell: Variable<Double>
    ) -> (hidden: Variable<Double>, cell: Variable<Double>) {
      let forget = (x * weights[0] + biases[0]).sigmoid()
      let enter = (hidden * weights[1] + biases[1]).sigmoid()
      let leave = (x * weights[2] + biases[2]).sigmoid()
      let change = (hidden * weights[3] + biases[3]).tanh()
      let next = cell * forget + enter * change
      return (leave * next.tanh(), next)
    }
  }

  /// The loss: a loop over the characters, each with the one that follows, which hands on the states of all layers.
  static func loss(_ v: [Variable<Double>]) -> Variable<Double> {
    let (main, extra, sequence) = (v[0].unstack(), v[1].unstack(), v[3])
    let layers = stride(from: 0, to: main.count, by: 2).map {
      Layer(weights: main[$0].chunk(4), biases: main[$0 + 1].chunk(4))
    }
    let (_, losses) = scan(v[2].unstack(), over: [sequence[..<(sequence.shape[0] - 1)], sequence[1...]]) {
      state, entries in
      var (state, x) = (state, entries[0] * extra[0])
      for (number, layer) in layers.enumerated() {
        let (hidden, cell) = layer.step(x, state[2 * number], state[2 * number + 1])
        (state[2 * number], state[2 * number + 1], x) = (hidden, cell, hidden)
      }
      let guess = x * extra[1] + extra[2]
      return (state, [(entries[1] * (guess - (guess.exp().sum() + 2).log())).sum()])
    }
    return -losses[0].sum() / Double((sequence.shape[0] - 1) * sequence.shape[1])
  }

  static var functions: [Function] {
    [
      Function("objective") { (input: Input, compile) in
        let x = try input.tensors()
        let run = compile(x) { [loss($0)] }
        return { try run(x)[0].scalar }
      },
      Function("jacobian") { (input: Input, compile) in
        let x = try input.tensors()
        let run = compile(x) { v in gradients(of: loss(v), withRespectTo: [v[0], v[1]]) }
        return { try run(x).flatMap(\.elements) }
      },
    ]
  }
}
