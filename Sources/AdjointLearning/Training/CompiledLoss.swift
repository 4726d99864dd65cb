import Adjoint

/// A recorded loss, and what a step's closure returned beside it.
struct RecordedLoss<S: Scalar> {
  let loss: Variable<S>
  let auxiliary: [(name: String, variable: Variable<S>)]

  init(_ loss: Variable<S>, _ auxiliary: [String: Variable<S>] = [:]) {
    self.loss = loss
    self.auxiliary = auxiliary.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }
}

/// Loss and gradients for one set of input shapes: recorded once, compiled, and replayed ever after.
final class CompiledLoss<S: Scalar> {
  /// The leaves that a batch is written to.
  let inputs: RecordedInputs<S>
  /// The loss, then the gradients of the trained parameters.
  let outputs: [Variable<S>]
  /// What stands beside the loss.
  let auxiliary: [(name: String, variable: Variable<S>)]
  /// The sweep that recorded the gradients.
  let backward: Backward<S>
  let program: Program<S>
  /// True when processes have found that they compute one loss.
  private var isAgreed = false
  /// The trained parameters, in the order of their gradients.
  let trained: [(leaf: Variable<S>, parameter: Parameter<S>)]
  /// The trained parameters with their gradients and what is kept for them.
  let updates: UpdateSet<S>
  /// Every parameter and state that was recorded, and whether it was frozen, or left out by a rule, then: such a one has no
  /// gradient.
  private let places: [(name: String, parameter: Parameter<S>, isFrozen: Bool, isLeftOut: Bool)]
  /// True when the rules have changed so that other parameters are to be trained.
  private var isOutdated = false
  /// The number of the use before which this was used last.
  var lastUse = 0
  /// True when its program meets those of other shards for means over all of them.
  private(set) lazy var takesMeans = inputs.tape.takesMeansOverShards
  /// True when it stores states, which are then the same on all processes.
  var storesStates: Bool { !inputs.tape.storedValues.isEmpty }
  /// More plans of this recording, for other shards that are computed at the same time.
  private var twins: [CompiledLoss] = []
  /// The number of this recording in the trace that is being written, and the nodes whose values it holds.
  var traced: (recording: Int, nodes: [Int])?

  /// - Parameters:
  ///   - keeping: every value for a step that is traced.
  ///   - choice: the parameters that the step trains, and what it keeps for them.
  init(
    _ recorded: RecordedLoss<S>, of inputs: RecordedInputs<S>, keeping: Program<S>.Keeping, seed: UInt64,
    at site: CallSite, _ choice: TrainedChoice<S>
  ) {
    let loss = recorded.loss
    guard loss.shape.elementCount == 1 else {
      site.trap("TrainingStep: the loss has shape \(loss.shape); reduce it to one number, for example with mean()")
    }
    guard !loss.holdsIndices else {
      site.trap("TrainingStep: the loss, \(loss.tape.describe(loss.index)), is an index; only numbers have a gradient")
    }
    let tape = loss.tape
    for (name, variable) in recorded.auxiliary where variable.tape !== tape {
      site.trap("TrainingStep: the value '\(name)' beside the loss belongs to another tape; compute it from the inputs")
    }
    trained = tape.trainableParameters.filter { choice.trains($0.leaf.path, $0.parameter) }
    let backward = tape.backward(from: loss, to: trained.map(\.leaf))
    guard trained.contains(where: { backward.adjoint(of: $0.leaf) != nil }) else {
      site.trap("TrainingStep: this step would train nothing: " + tape.reasonForTrainingNothing(choice))
    }
    // A gradient that is another parameter would change while that one is updated.
    let gradients = trained.map { backward.adjoint(of: $0.leaf) ?? tape.constant(.zeros($0.leaf.shape)) }
    (outputs, auxiliary) = (
      [loss] + gradients.map(\.standingApart), recorded.auxiliary.map { ($0.name, $0.variable.standingApart) }
    )
    places = tape.namedParameters.map { name, parameter in
      (name, parameter, parameter.isFrozen, !choice.trains(name, parameter))
    }
    (self.inputs, self.backward) = (inputs, backward)
    (program, updates) = CompiledLoss.plan(outputs, auxiliary, inputs, trained, keeping, seed, choice)
    updates.makeRuns(choice.kept)
    updates.group(by: choice.groups)
  }

  /// Another plan of the same recording, with the batch that it holds.
  init(_ other: CompiledLoss, keeping: Program<S>.Keeping, _ choice: TrainedChoice<S>) {
    (inputs, outputs, backward, trained) = (other.inputs, other.outputs, other.backward, other.trained)
    (auxiliary, places, isOutdated, lastUse) = (other.auxiliary, other.places, other.isOutdated, other.lastUse)
    (program, updates) = CompiledLoss.plan(outputs, auxiliary, inputs, trained, keeping, other.program.seed, choice)
    program.takeLeaves(of: other.program)
    updates.makeRuns(choice.kept)
    updates.group(by: choice.groups)
  }

  private static func plan(
    _ outputs: [Variable<S>], _ auxiliary: [(name: String, variable: Variable<S>)], _ inputs: RecordedInputs<S>,
    _ trained: [(leaf: Variable<S>, parameter: Parameter<S>)], _ keeping: Program<S>.Keeping, _ seed: UInt64,
    _ choice: TrainedChoice<S>
  ) -> (Program<S>, UpdateSet<S>) {
    // The inputs too, so that one that the loss ignores can be fed.
    let program = Program<S>(
      outputs + auxiliary.map(\.variable) + inputs.leaves, keeping: keeping, altering: nil,
      isForProcesses: choice.isForProcesses)
    program.seed = seed
    let updates = UpdateSet(trained.map(\.parameter), names: trained.map(\.leaf.path)) { position, kept in
      ParameterRun(
        parameter: trained[position].parameter, gradient: outputs[position + 1], in: program, states: kept.states,
        average: kept.average)
    }
    return (program, updates)
  }

  /// This loss for number 0, and from there another plan of it for each number.
  func twin(_ number: Int, _ choice: TrainedChoice<S>) -> CompiledLoss {
    while twins.count < number { twins.append(CompiledLoss(self, keeping: .outputs, choice)) }
    return number == 0 ? self : twins[number - 1]
  }

  /// The bytes that a process sends to each other one when its shards meet.
  var metByteCount: Int {
    let tape = inputs.tape
    return (0..<tape.count).filter { program.holds($0) && tape[$0].operation is MeanOverShards }
      .reduce(0) { $0 + tape[$1].shape.elementCount * MemoryLayout<S>.stride }
  }

  /// Lets processes share the program and the update, each with its own elements of the gradients; or each has all of them.
  func share(among group: ProcessGroup?, cutting: Bool) {
    guard let group else { return }
    requireAgreement(of: group)
    program.share(among: group, cutting: cutting ? 1..<outputs.count : 0..<0)
    updates.share(among: group, cutting: cutting)
  }

  /// Traps on every process when they have not recorded one loss of one point.
  func requireAgreement(of group: ProcessGroup?) {
    guard let group, !isAgreed else { return }
    isAgreed = true
    let weights = inputs.tape.namedParameters.map { "\($0.name) \($0.parameter.shape) \($0.parameter.hash)" }
    let differing = group.differing([
      ("the recording", String(inputs.tape.fingerprint, radix: 16)), ("the instruction set", Kernels.name),
      ("the number of threads", "\(program.pool?.threads ?? 1)"), ("the seed", "\(program.seed)"),
      ("a parameter", weights.joined(separator: ", ")),
    ])
    guard let (name, own, other) = differing else { return }
    fatalError(
      "TrainingStep: the processes that share it do not compute one step: \(name) is \(own) here and \(other) on another one. "
        + "Each must run the same code, with the same seed, on the same data.")
  }

  /// Takes over groups that were set anew.
  func regroup(_ choice: TrainedChoice<S>) {
    updates.group(by: choice.groups)
    isOutdated = places.contains { choice.trains($0.name, $0.parameter) == $0.isLeftOut }
  }

  /// True for as many inputs of these forms, where the trained parameters are those of now.
  @specialized(where S == Float)
  @specialized(where S == Double)
  func fits(_ count: Int, _ form: (Int) -> InputForm) -> Bool {
    guard inputs.leaves.count == count, isUpToDate else { return false }
    for position in 0..<count where inputs.form(of: position) != form(position) { return false }
    return true
  }

  /// True for a struct whose tensors have the forms of those that the closure reads.
  func fits(_ read: (AnyKeyPath) -> [FedValue<S>]?) -> Bool {
    isUpToDate
      && inputs.fields.allSatisfy { field in
        let forms = read(field.path)?.map(\.form)
        return forms == (field.isMissing ? nil : field.range.map { inputs.form(of: $0) })
      }
  }

  @inline(__always)
  private var isUpToDate: Bool {
    // By position: a loop over an array of a generic type allocates.
    for position in 0..<places.count where places[position].parameter.isFrozen != places[position].isFrozen {
      return false
    }
    return !isOutdated
  }
}

/// The parameters that a step trains, and what it keeps for them.
struct TrainedChoice<S: Scalar> {
  let updating: ParameterRule<S>
  let groups: [ParameterGroup<S>]
  /// True where processes share a program.
  var isForProcesses: Bool
  let kept: (Parameter<S>, String) -> KeptState<S>

  /// True for a parameter that neither `updating` nor a frozen group leaves out.
  func trains(_ name: String, _ parameter: Parameter<S>) -> Bool {
    updating.matches(name, parameter) && groups.first { $0.rule.matches(name, parameter) }?.isFrozen != true
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
    let loss = recordLoss(latest.inputs.copied(to: tape, from: program)).loss
    let trained = tape.trainableParameters.filter { choice.trains($0.leaf.path, $0.parameter) }
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
      if group == nil { program.replay() } else { program.replayAlone() }
    }
    return FreshRecording(
      loss: loss, values: values, replayed: isSame ? latest.outputs.map { program.value(of: $0) } : nil,
      recordedCount: latest.outputs[0].index + 1)
  }
}
