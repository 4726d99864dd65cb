import Adjoint

/// Loss and gradients for one set of input shapes: recorded once, compiled, and replayed ever after.
final class CompiledLoss<S: Scalar> {
  /// The leaves that a batch is written to.
  let inputs: [Variable<S>]
  /// The loss, then the gradients of the trained parameters.
  let outputs: [Variable<S>]
  /// The sweep that recorded the gradients.
  let backward: Backward<S>
  let program: Program<S>
  /// The trained parameters, in the order of their gradients.
  let trained: [(leaf: Variable<S>, parameter: Parameter<S>)]
  /// The trained parameters with their gradients and what the optimiser keeps for them.
  private(set) var runs: [ParameterRun<S>] = []
  /// True for each run that is a bias, and so for all vectors.
  let isBias: [Bool]
  /// True when there are so many parameters that threads are woken for what follows the program.
  let isWorthSharing: Bool
  /// Every parameter and state that was recorded, and whether it was frozen then: a frozen one has no gradient.
  private let places: [(parameter: Parameter<S>, isFrozen: Bool)]
  private let hasIndexTargets: Bool
  /// The number of the use before which this was used last.
  var lastUse = 0
  /// The number of this recording in the trace that is being written, and the nodes whose values it holds.
  var traced: (recording: Int, nodes: [Int])?

  /// - Parameters:
  ///   - keeping: every value for a step that is traced.
  ///   - states: what the optimiser keeps for a parameter, given with its name.
  init(
    _ loss: Variable<S>, of inputs: [Variable<S>], keeping: Program<S>.Keeping, seed: UInt64, at site: CallSite,
    states: (Parameter<S>, String) -> [Parameter<S>]
  ) {
    guard loss.shape.elementCount == 1 else {
      site.trap("TrainingStep: the loss has shape \(loss.shape); reduce it to one number, for example with mean()")
    }
    let tape = loss.tape
    trained = tape.trainableParameters
    let backward = tape.backward(from: loss, to: trained.map(\.leaf))
    guard trained.contains(where: { backward.adjoint(of: $0.leaf) != nil }) else {
      site.trap("TrainingStep: this step would train nothing: " + tape.reasonForTrainingNothing)
    }
    // A gradient that is another parameter would change while that one is updated.
    let gradients = trained.map { backward.adjoint(of: $0.leaf) ?? tape.constant(.zeros($0.leaf.shape)) }
    let outputs = [loss] + gradients.map(\.standingApart)
    // The inputs too, so that one that the loss ignores can be fed.
    let program = Program<S>(outputs + inputs, keeping: keeping)
    program.seed = seed
    places = tape.namedParameters.map { ($0.parameter, $0.parameter.isFrozen) }
    hasIndexTargets = inputs.count > 1 && inputs[1].holdsIndices
    isBias = trained.map { $0.parameter.shape.rank <= 1 }
    isWorthSharing = trained.reduce(0) { $0 + $1.parameter.count } >= 16_384
    (self.inputs, self.outputs, self.backward, self.program) = (inputs, outputs, backward, program)
    makeRuns(states)
  }

  /// Another plan of the same recording, with the batch that it holds.
  init(_ other: CompiledLoss, keeping: Program<S>.Keeping, states: (Parameter<S>, String) -> [Parameter<S>]) {
    (inputs, outputs, backward, trained) = (other.inputs, other.outputs, other.backward, other.trained)
    (isBias, isWorthSharing, places) = (other.isBias, other.isWorthSharing, other.places)
    (hasIndexTargets, lastUse) = (other.hasIndexTargets, other.lastUse)
    program = Program<S>(outputs + inputs, keeping: keeping)
    program.seed = other.program.seed
    program.takeLeaves(of: other.program)
    makeRuns(states)
  }

  /// Makes the runs, anew for another optimiser.
  func makeRuns(_ states: (Parameter<S>, String) -> [Parameter<S>]) {
    runs = zip(trained, outputs.dropFirst()).map { trained, gradient in
      let states = states(trained.parameter, trained.leaf.path)
      return ParameterRun(parameter: trained.parameter, gradient: gradient, in: program, states: states)
    }
  }

  /// True for a loss of inputs, and of targets if any, of these shapes, whose trained parameters are those of now.
  @specialized(where S == Float)
  @specialized(where S == Double)
  func fits(_ x: Shape, _ targets: Shape?, areIndices: Bool) -> Bool {
    guard inputs[0].shape == x, inputs.count == (targets == nil ? 1 : 2) else { return false }
    guard targets == nil || inputs[1].shape == targets && hasIndexTargets == areIndices else { return false }
    // By position: a loop over an array of a generic type allocates.
    for position in 0..<places.count where places[position].parameter.isFrozen != places[position].isFrozen {
      return false
    }
    return true
  }
}

/// The loss of the latest step recorded anew, at the parameters as they now are and the batch that the step was fed. A check
/// while training compares the replay with it.
package struct FreshRecording<S: Scalar> {
  /// The fresh recording's loss.
  package let loss: Variable<S>
  /// Loss and gradients, as the fresh recording computed them.
  package let values: [(name: String, value: Tensor<S>)]
  /// The same as the step's own program computes them; `nil` when that was recorded from other operations or shapes.
  package let replayed: [Tensor<S>]?
  /// Nodes of the first recording's loss.
  package let recordedCount: Int
}

extension TrainingStep {
  /// Records the loss of the latest step anew, and replays the step's own program at the same point: parameters, batch and
  /// random leaves. Nothing is updated or stored.
  /// - Returns: `nil` before the first step.
  package func recordedAfresh() -> FreshRecording<S>? {
    guard let latest else { return nil }
    let program = latest.program
    let tape = Tape<S>(mode: .training, seed: seed)
    let inputs = latest.inputs.map { $0.copied(to: tape, from: program) }
    let loss = recordLoss(inputs)
    let trained = tape.trainableParameters
    let fresh = [loss] + gradients(of: loss, withRespectTo: trained.map(\.leaf)).map(\.standingApart)
    let names = ["loss"] + trained.map { "gradient of " + tape.path(of: $0.leaf.index) }
    let values = zip(names, fresh).map { (name: $0, value: $1.value) }

    let recorded = latest.outputs[0].tape
    let isSame = recorded.fingerprint == tape.fingerprint && latest.outputs.count == fresh.count
    if isSame {
      for node in 0..<tape.count {
        // The fresh recording has drawn for step 0; the replay takes over what it drew.
        if case .random = tape[node].role, program.holds(node) { program.write(tape[node].value, into: recorded[node]) }
      }
      program.replay()
    }
    return FreshRecording(
      loss: loss, values: values, replayed: isSame ? latest.outputs.map { program.value(of: $0) } : nil,
      recordedCount: latest.outputs[0].index + 1)
  }
}

extension Variable {
  /// This input on another tape, with what a program was fed for it.
  func copied(to tape: Tape<S>, from program: Program<S>) -> Variable {
    role == .index
      ? tape.index(program.indices(at: index), name: path) : tape.input(program.value(of: self), name: path)
  }
}
