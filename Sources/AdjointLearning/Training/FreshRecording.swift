import Adjoint

/// The loss of the latest step recorded anew, at the parameters as they now are and the batch that the step was fed: what a
/// check while training compares the replay with.
package struct FreshRecording<S: Scalar> {
  /// The fresh recording's loss.
  package let loss: Variable<S>
  /// Loss and gradients, as the fresh recording computed them.
  package let values: [(name: String, value: Tensor<S>)]
  /// The same as the step's own program computes them; empty when that was recorded from other operations.
  package let replayed: [Tensor<S>]
  /// Whether both recorded the same operations on the same shapes in the same order.
  package let hasSameOperations: Bool
  /// Nodes of the first recording's loss.
  package let recordedCount: Int
}

extension TrainingStep {
  /// Records the loss of the latest step anew, and replays the step's own program at the same point: parameters, batch and
  /// random leaves. Nothing is updated or stored.
  /// - Returns: `nil` outside of `afterStep`.
  package func recordedAfresh() -> FreshRecording<S>? {
    guard let latest else { return nil }
    let program = latest.program
    let tape = Tape<S>(mode: .training, seed: seed)
    let inputs = latest.inputs.map { input -> Variable<S> in
      if input.role == .index {
        return tape.index(program.indices(at: input.index), name: input.path)
      }
      return tape.input(program.value(of: input), name: input.path)
    }
    let loss = recordLoss(inputs)
    let trained = tape.trainableParameters
    let fresh = [loss] + gradients(of: loss, withRespectTo: trained.map(\.leaf))
    let names = ["loss"] + trained.map { "gradient of " + tape.path(of: $0.leaf.index) }
    let values = zip(names, fresh).map { (name: $0, value: $1.value) }

    let recorded = latest.outputs[0].tape
    let isSame = recorded.fingerprint == tape.fingerprint && latest.outputs.count == fresh.count
    let count = latest.outputs[0].index + 1
    guard isSame else {
      return FreshRecording(loss: loss, values: values, replayed: [], hasSameOperations: false, recordedCount: count)
    }
    for node in 0..<tape.count {
      // The fresh recording has drawn for step 0; the replay takes over what it drew.
      if case .random = tape[node].role, program.holds(node) { program.write(tape[node].value, into: recorded[node]) }
    }
    program.replay()
    let replayed = latest.outputs.map { program.value(of: $0) }
    return FreshRecording(loss: loss, values: values, replayed: replayed, hasSameOperations: true, recordedCount: count)
  }
}
