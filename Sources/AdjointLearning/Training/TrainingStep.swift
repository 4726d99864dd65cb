import Adjoint

/// One step of training: recorded once per input shape, compiled, and replayed ever after.
///
/// A step writes the batch into the program, computes loss and gradients, and lets the optimiser change the parameters where
/// they stand. It finds the parameters by recording the loss: nothing is registered. A short last batch is a second shape
/// and a second program on the same parameters and optimiser state.
///
/// ```swift
/// let step = TrainingStep<Float>(optimizer: Adam()) { images, labels in
///   crossEntropy(logits: model(images), labels: labels)
/// }
/// for batch in digits.batches(of: 128, shuffledBy: &generator) { let loss = try step(batch.images, batch.labels) }
/// ```
///
/// Control flow inside the closure is frozen by the recording; reading a variable's `.value` there traps.
public final class TrainingStep<S: Scalar> {
  public var optimizer: any Optimizer
  public var schedule: Schedule
  public var regularization: Regularization
  public var clipping: Clipping
  /// What keys the random leaves, with the number of the step.
  public let seed: UInt64
  /// How many updates have been made.
  public internal(set) var stepCount = 0
  /// The threads among which products, chains and updates are split; `nil` runs everything on the caller's. No bit depends
  /// on it.
  public var pool: WorkerPool?
  /// Named in errors, when a training loop sets it.
  public var epoch: Int?
  /// Called after each update: for a look at the parameters, the batch and the recording. What it throws, the step throws.
  public var afterStep: ((TrainingStep) throws -> Void)?

  private let record: ([Variable<S>]) -> Variable<S>
  /// Measures every step, while somebody wants to know.
  var clock: StepClock<S>?
  private let finiteTest = FiniteTest<S>()
  private let updateTask = UpdateTask<S>()
  /// Kept from step to step, so that gathering a batch allocates nothing.
  var gatherTask: WorkerPool.Task?
  private var recordings: [Recording] = []
  /// What the step that called `afterStep` replayed.
  var latest: Recording?
  /// What the optimiser keeps for each parameter, in order of first use.
  var optimizerState: [ObjectIdentifier: [Parameter<S>]] = [:]

  /// A recorded and compiled loss for one set of input shapes.
  struct Recording {
    let inputs: [Variable<S>]
    let outputs: [Variable<S>]
    let program: Program<S>
    /// The trained parameters with their gradients, and which of them are biases.
    let runs: [ParameterRun<S>]
    let isBias: [Bool]
    /// Threads are woken for what follows the program where there are this many parameters.
    let isWorthSharing: Bool
  }

  /// A step for a loss of one input.
  public convenience init(
    optimizer: some Optimizer, schedule: Schedule = .constant, regularization: Regularization = .none,
    clipping: Clipping = .none, seed: UInt64 = 0, loss: @escaping (Variable<S>) -> Variable<S>
  ) {
    self.init(optimizer, schedule, regularization, clipping, seed) { loss($0[0]) }
  }

  /// A step for a loss of inputs and targets.
  public convenience init(
    optimizer: some Optimizer, schedule: Schedule = .constant, regularization: Regularization = .none,
    clipping: Clipping = .none, seed: UInt64 = 0, loss: @escaping (Variable<S>, Variable<S>) -> Variable<S>
  ) {
    self.init(optimizer, schedule, regularization, clipping, seed) { loss($0[0], $0[1]) }
  }

  private init(
    _ optimizer: some Optimizer, _ schedule: Schedule, _ regularization: Regularization, _ clipping: Clipping,
    _ seed: UInt64, _ record: @escaping ([Variable<S>]) -> Variable<S>
  ) {
    (self.optimizer, self.schedule, self.regularization) = (optimizer, schedule, regularization)
    (self.clipping, self.seed, self.record) = (clipping, seed, record)
  }

  // MARK: Stepping

  /// One update from inputs and class indices. Returns the loss before the update.
  /// - Throws: `FeedError` when an index is out of range, `TrainingError` when loss or gradient is not finite; the
  ///   parameters are then as they were.
  @discardableResult
  public func callAsFunction(_ x: Tensor<S>, _ labels: Tensor<Int32>) throws -> S {
    let recording = recording(x.shape, labels.shape) { tape in
      [tape.input(x, name: "inputs"), tape.index(labels, name: "labels")]
    }
    try recording.program.feed(recording.inputs[0], x)
    try recording.program.feed(recording.inputs[1], labels)
    return try update(recording)
  }

  /// One update from inputs and numeric targets. Returns the loss before the update.
  @discardableResult
  public func callAsFunction(_ x: Tensor<S>, _ targets: Tensor<S>) throws -> S {
    let recording = recording(x.shape, targets.shape) { tape in
      [tape.input(x, name: "inputs"), tape.input(targets, name: "targets")]
    }
    try recording.program.feed(recording.inputs[0], x)
    try recording.program.feed(recording.inputs[1], targets)
    return try update(recording)
  }

  /// One update of a loss with one input. Returns the loss before the update.
  @discardableResult
  public func callAsFunction(_ x: Tensor<S>) throws -> S {
    let recording = recording(x.shape, nil) { [$0.input(x, name: "inputs")] }
    try recording.program.feed(recording.inputs[0], x)
    return try update(recording)
  }

  /// Computes loss and gradients of what the recording's inputs hold, and updates the parameters.
  func update(_ recording: Recording) throws -> S {
    let program = recording.program
    clock?.end(.batch, before: program)
    program.step = stepCount
    program.run()
    clock?.end(.program)
    let loss = program.withValue(of: recording.outputs[0]) { $0[0] }
    guard loss.primal.isFinite else { throw nonFinite(recording) }
    let pool = recording.isWorthSharing ? pool : nil
    guard finiteTest.holds(for: recording.runs, on: pool) else { throw nonFinite(recording) }
    let scale = clippingScale(recording.runs)
    guard scale.isFinite else { throw nonFinite(recording) }
    clock?.end(.gradientTest)

    let rate = optimizer.learningRate * schedule.factor(at: stepCount)
    stepCount += 1
    let job = UpdateTask<S>.Job(
      runs: recording.runs, isBias: recording.isBias, optimizer: optimizer, rate: rate, step: stepCount, scale: scale,
      clipping: clipping, regularization: regularization)
    updateTask.run(job, on: pool)
    clock?.end(.update)
    if let afterStep {
      latest = recording
      try afterStep(self)
    }
    return loss
  }

  /// The factor that brings the norm of all gradients together down to the limit; 1 without clipping by norm.
  private func clippingScale(_ runs: [ParameterRun<S>]) -> Double {
    guard case .norm(let limit) = clipping else { return 1 }
    var squares = 0.0
    for run in runs { squares += run.squaredGradientNorm() }
    let norm = squares.squareRoot()
    return norm > limit ? limit / norm : norm.isFinite ? 1 : .nan
  }

  private func nonFinite(_ recording: Recording) -> TrainingError {
    let culprit = recording.program.firstNonFinite(of: recording.outputs)
    return TrainingError(epoch: epoch, step: stepCount, culprit: culprit, learningRate: optimizer.learningRate)
  }

  // MARK: Recording

  /// The most recent recording's tape, for printing and explaining.
  public var tape: Tape<S>? { recordings.last?.inputs.first?.tape }
  /// The most recent recording's loss.
  public var loss: Variable<S>? { recordings.last?.outputs.first }

  /// The recording for these input shapes, made on first use; its program runs on the pool.
  func recording(_ x: Shape, _ targets: Shape?, _ leaves: (Tape<S>) -> [Variable<S>]) -> Recording {
    clock?.begin()
    let recording = known(x, targets) ?? made(from: leaves)
    if recording.program.pool !== pool { recording.program.pool = pool }
    return recording
  }

  private func known(_ x: Shape, _ targets: Shape?) -> Recording? {
    for recording in recordings where recording.inputs[0].shape == x {
      if targets == nil || recording.inputs[1].shape == targets { return recording }
    }
    return nil
  }

  private func made(from leaves: (Tape<S>) -> [Variable<S>]) -> Recording {
    let tape = Tape<S>(mode: .training, seed: seed)
    let inputs = leaves(tape)
    let loss = recordLoss(inputs)
    guard loss.shape.elementCount == 1 else {
      fatalError("TrainingStep: the loss has shape \(loss.shape); reduce it to one number, for example with mean()")
    }
    let trained = tape.trainableParameters
    let outputs = [loss] + gradients(of: loss, withRespectTo: trained.map(\.leaf))
    let program = Program<S>(outputs + inputs)  // the inputs too, so that one that the loss ignores can be fed
    program.seed = seed
    let runs = zip(trained, outputs.dropFirst()).map { trained, gradient in
      let states = states(of: trained.parameter, named: tape.path(of: trained.leaf.index))
      return ParameterRun(parameter: trained.parameter, gradient: gradient, in: program, states: states)
    }
    recordings.append(
      Recording(
        inputs: inputs, outputs: outputs, program: program, runs: runs,
        isBias: trained.map { $0.parameter.shape.rank <= 1 },
        isWorthSharing: trained.reduce(0) { $0 + $1.parameter.count } >= 16_384))
    return recordings[recordings.count - 1]
  }

  /// Records the loss of these inputs on their tape.
  func recordLoss(_ inputs: [Variable<S>]) -> Variable<S> {
    let tape = inputs[0].tape
    tape.isRecordingForReplay = true
    defer { tape.isRecordingForReplay = false }
    return record(inputs)
  }

  private func states(of parameter: Parameter<S>, named name: String) -> [Parameter<S>] {
    if let known = optimizerState[ObjectIdentifier(parameter)] { return known }
    let states = type(of: optimizer).stateNames.map { Parameter<S>(.zeros(parameter.shape), name: "\(name)/\($0)") }
    optimizerState[ObjectIdentifier(parameter)] = states
    return states
  }
}

extension ParameterRun {
  /// Clips, then adds the penalties' gradients, in one pass; nothing at all when nothing is asked for.
  @specialized(where S == Float)
  @specialized(where S == Double)
  func prepareGradient(scale: Double, clipping: Clipping, regularization: Regularization, rate: Double) {
    if scale != 1 {
      let factor = S(scale)
      for i in indices { setGradient(i, factor * gradient(i)) }
    }
    if case .value(let limit) = clipping {
      let (low, high) = (S(-limit), S(limit))
      for i in indices { setGradient(i, S.smaller(S.larger(gradient(i), low), high)) }
    }
    if regularization.l1 != 0 || regularization.l2 != 0 {
      let (l1, l2) = (S(regularization.l1), S(regularization.l2))
      for i in indices {
        let w = self[i]
        let sign: S = w > 0 ? 1 : w < 0 ? -1 : 0
        setGradient(i, gradient(i) + l1 * sign + l2 * w)
      }
    }
    if regularization.decoupled != 0 {
      let keep = S(1 - rate * regularization.decoupled)
      for i in indices { self[i] = keep * self[i] }
    }
  }

  /// Σ g², added in Double.
  @specialized(where S == Float)
  @specialized(where S == Double)
  func squaredGradientNorm() -> Double {
    var sum = 0.0
    for i in indices { sum += gradient(i).primal * gradient(i).primal }
    return sum
  }
}

/// A loss or gradient that is not finite: where in training, the first value that went wrong, and what to do.
public struct TrainingError: Error, CustomStringConvertible, Sendable {
  public let epoch: Int?
  /// The number of updates made before.
  public let step: Int
  /// The first non-finite value in forward order, if a replay found one.
  public let culprit: NonFiniteValue?
  public let learningRate: Double

  public var description: String {
    let place = (epoch.map { "epoch \($0), " } ?? "") + "step \(step + 1)"
    guard let culprit else { return "\(place): the loss or a gradient is not finite. Lower the learning rate." }
    let remedy =
      culprit.isLeaf
      ? "Check what was fed, and the parameters as loaded."
      : "Lower the learning rate (\(learningRate)), or clip gradients; the parameters are as before this step."
    return
      "\(place): the loss is not finite. The first value that is not: element \(culprit.element) of \(culprit.node), "
      + "\(culprit.formula), is \(culprit.value). \(remedy)"
  }
}
