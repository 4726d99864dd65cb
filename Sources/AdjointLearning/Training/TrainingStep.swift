import Adjoint

/// One step of training: recorded once per input shape, compiled, and replayed ever after.
///
/// A step writes the batch into the program, computes loss and gradients, and lets the optimiser change the parameters where
/// they stand. It finds the parameters by recording the loss: nothing is registered. A short last batch is a second shape
/// and a second program on the same parameters and optimiser state.
///
/// A step that is refused has changed nothing: parameters, states, what the optimiser keeps and counters are as before.
/// Whatever can be set acts at the next step: rates, values of parameters, `isFrozen`, the optimiser.
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
  /// The update rule. Another one begins with fresh state, and counts its steps from there; changing a property of this one,
  /// such as `optimizer.learningRate`, keeps what it has gathered.
  public var optimizer: any Optimizer {
    get { presentOptimizer }
    set {
      presentOptimizer = newValue
      forgetOptimizerState()
    }
    _modify {
      let type = type(of: presentOptimizer)
      yield &presentOptimizer
      if Swift.type(of: presentOptimizer) != type { forgetOptimizerState() }
    }
  }
  package var schedule: Schedule { didSet { schedule.validate() } }
  package var regularization: Regularization
  package var clipping: Clipping { didSet { clipping.validate() } }
  /// The key of the random leaves, together with the number of the step.
  package let seed: UInt64
  /// The number of updates made.
  public internal(set) var stepCount = 0
  /// The number of updates made before the optimiser's first.
  var optimizerStart = 0
  /// The most recordings that are kept: one for each set of input shapes and of frozen parameters. The one that was used
  /// longest ago makes room, and is recorded anew when it is needed again.
  public var recordingLimit = 8 {
    didSet {
      check(recordingLimit, "TrainingStep.recordingLimit", atLeast: 1)
      dropRecordings()
    }
  }
  /// The threads among which products, chains and updates are split; `nil` runs everything on the caller's. No bit depends
  /// on it.
  public var pool: WorkerPool?
  /// Named in errors, when a training loop sets it.
  package var epoch: Int?
  /// Called after each update: for a look at the parameters, the batch and the recording. What it throws, the step throws.
  package var afterStep: ((TrainingStep) throws -> Void)?

  private var presentOptimizer: any Optimizer
  private let record: ([Variable<S>]) -> Variable<S>
  /// A loss for each set of input shapes and of frozen parameters.
  private var losses: [CompiledLoss<S>] = []
  private var useCount = 0
  /// The loss that the latest step replayed.
  var latest: CompiledLoss<S>?
  /// The arrays that the optimiser keeps for each parameter.
  var optimizerState: [ObjectIdentifier: [Parameter<S>]] = [:]
  let gatherer = BatchGatherer()
  let gradientTest = GradientTest<S>()
  private let updateTask = UpdateTask<S>()
  /// Measures every step, while somebody wants to know.
  var clock: StepClock<S>?
  /// Writes down every step, while somebody wants to know.
  var trace: StepTrace<S>?

  /// A step for a loss of one input.
  public convenience init(
    optimizer: some Optimizer, schedule: Schedule = .constant, regularization: Regularization = .none,
    clipping: Clipping = .none, seed: UInt64 = 0, loss: @escaping (Variable<S>) -> Variable<S>,
    file: StaticString = #fileID, line: UInt = #line
  ) {
    self.init(optimizer, schedule, regularization, clipping, seed, CallSite(file, line)) { loss($0[0]) }
  }

  /// A step for a loss of inputs and targets.
  public convenience init(
    optimizer: some Optimizer, schedule: Schedule = .constant, regularization: Regularization = .none,
    clipping: Clipping = .none, seed: UInt64 = 0, loss: @escaping (Variable<S>, Variable<S>) -> Variable<S>,
    file: StaticString = #fileID, line: UInt = #line
  ) {
    self.init(optimizer, schedule, regularization, clipping, seed, CallSite(file, line)) { loss($0[0], $0[1]) }
  }

  private init(
    _ optimizer: some Optimizer, _ schedule: Schedule, _ regularization: Regularization, _ clipping: Clipping,
    _ seed: UInt64, _ site: CallSite, _ record: @escaping ([Variable<S>]) -> Variable<S>
  ) {
    (presentOptimizer, self.schedule, self.regularization) = (optimizer, schedule, regularization)
    (self.clipping, self.seed, self.record) = (clipping, seed, record)
    schedule.validate(at: site)
    clipping.validate(at: site)
  }

  // MARK: Stepping

  /// One update from inputs and class indices. Returns the loss before the update.
  /// - Throws: `FeedError` when an index is out of range, `TrainingError` when the loss, a gradient, a value to be stored or
  ///   the rate is not finite. Nothing has been changed then.
  @discardableResult
  public func callAsFunction(
    _ x: Tensor<S>, _ labels: Tensor<Int32>, file: StaticString = #fileID, line: UInt = #line
  ) throws -> S {
    let loss = compileIfNeeded(x.shape, labels.shape, areIndices: true, at: CallSite(file, line)) { tape in
      [tape.input(x, name: "inputs"), tape.index(labels, name: "labels")]
    }
    try loss.program.feed(loss.inputs[0], x)
    try loss.program.feed(loss.inputs[1], labels)
    return try update(from: loss)
  }

  /// One update from inputs and numeric targets. Returns the loss before the update.
  @discardableResult
  public func callAsFunction(
    _ x: Tensor<S>, _ targets: Tensor<S>, file: StaticString = #fileID, line: UInt = #line
  ) throws -> S {
    let loss = compileIfNeeded(x.shape, targets.shape, at: CallSite(file, line)) { tape in
      [tape.input(x, name: "inputs"), tape.input(targets, name: "targets")]
    }
    try loss.program.feed(loss.inputs[0], x)
    try loss.program.feed(loss.inputs[1], targets)
    return try update(from: loss)
  }

  /// One update of a loss with one input. Returns the loss before the update.
  @discardableResult
  public func callAsFunction(_ x: Tensor<S>, file: StaticString = #fileID, line: UInt = #line) throws -> S {
    let loss = compileIfNeeded(x.shape, nil, at: CallSite(file, line)) { [$0.input(x, name: "inputs")] }
    try loss.program.feed(loss.inputs[0], x)
    return try update(from: loss)
  }

  /// Replays loss and gradients of the batch that the inputs hold, and updates the parameters. Returns the loss before.
  @specialized(where S == Float)
  @specialized(where S == Double)
  func update(from loss: CompiledLoss<S>) throws -> S {
    let program = loss.program
    clock?.end(.batch, before: program)
    program.step = stepCount
    program.compute()
    clock?.end(.program)
    let value = program.withValue(of: loss.outputs[0]) { $0[0] }
    let pool = loss.isWorthSharing ? pool : nil
    let rate = presentOptimizer.learningRate * schedule.factor(at: stepCount)
    guard value.primal.isFinite, program.hasFiniteStores, rate.isFinite,
      let scale = gradientTest.scale(of: loss.runs, clipping, on: pool)
    else {
      try trace?.write(loss, of: self, rate: rate, isRefused: true)
      throw failure(of: loss, rate: rate)
    }
    try trace?.write(loss, of: self, rate: rate, isRefused: false)
    clock?.end(.gradientTest)
    program.commit()
    stepCount += 1
    updateTask.run(
      UpdateTask.Job(
        loss: loss, optimizer: presentOptimizer, rate: rate, step: stepCount - optimizerStart, scale: scale,
        clipping: clipping, regularization: regularization),
      on: pool)
    clock?.end(.update)
    latest = loss
    if let afterStep { try afterStep(self) }
    return value
  }

  // MARK: Recording

  /// The number of recordings that are kept.
  var recordingCount: Int { losses.count }
  /// The most recent recording.
  var lastRecording: CompiledLoss<S>? { losses.last }
  /// The most recent recording's tape, for printing and explaining.
  public var tape: Tape<S>? { losses.last?.inputs.first?.tape }
  /// The most recent recording's loss.
  package var loss: Variable<S>? { losses.last?.outputs.first }

  /// The parameters and states that the recorded loss uses, by the names under which a checkpoint stores them.
  package var namedParameters: [(name: String, parameter: Parameter<S>)] { tape?.namedParameters ?? [] }

  /// The loss for these input shapes, recorded and compiled on first use; its program runs on the pool.
  func compileIfNeeded(
    _ x: Shape, _ targets: Shape?, areIndices: Bool = false, at site: CallSite, _ leaves: (Tape<S>) -> [Variable<S>]
  ) -> CompiledLoss<S> {
    clock?.begin()
    let loss = compiled(x, targets, areIndices) ?? compile(leaves, at: site)
    useCount += 1
    loss.lastUse = useCount
    if loss.program.pool !== pool { loss.program.pool = pool }
    return loss
  }

  private func compiled(_ x: Shape, _ targets: Shape?, _ areIndices: Bool) -> CompiledLoss<S>? {
    for loss in losses where loss.fits(x, targets, areIndices: areIndices) { return loss }  // `first(where:)` allocates
    return nil
  }

  private func compile(_ leaves: (Tape<S>) -> [Variable<S>], at site: CallSite) -> CompiledLoss<S> {
    let inputs = leaves(Tape<S>(mode: .training, seed: seed))
    let loss = CompiledLoss(
      recordLoss(inputs, at: site), of: inputs, keeping: keeping, seed: seed, at: site, states: makeStatesIfNeeded)
    loss.lastUse = .max
    losses.append(loss)
    dropRecordings()
    return loss
  }

  /// Steps that are traced run a plan that keeps every value.
  private var keeping: Program<S>.Keeping { trace == nil ? .outputs : .all }

  /// Compiles every recording anew, for a trace that begins or ends.
  func planAnew() {
    losses = losses.map { loss in
      let planned = CompiledLoss(loss, keeping: keeping, states: makeStatesIfNeeded)
      if latest === loss { latest = planned }
      return planned
    }
  }

  private func dropRecordings() {
    while losses.count > recordingLimit,
      let oldest = losses.indices.min(by: { losses[$0].lastUse < losses[$1].lastUse })
    {
      losses.remove(at: oldest)
    }
  }

  private func forgetOptimizerState() {
    (optimizerState, optimizerStart) = ([:], stepCount)
    for loss in losses { loss.makeRuns(makeStatesIfNeeded) }
  }

  /// Records the loss of these inputs on their tape.
  func recordLoss(_ inputs: [Variable<S>], at site: CallSite = CallSite()) -> Variable<S> {
    let tape = inputs[0].tape
    tape.isRecordingForReplay = true
    defer { tape.isRecordingForReplay = false }
    return tape.recordModel("TrainingStep: its closure", at: site) { record(inputs) }
  }

  /// The fingerprint of the recording of a compiled loss as revision 1d59674 would have made it.
  func formerFingerprint(of loss: CompiledLoss<S>) -> UInt64 {
    let tape = Tape<S>(mode: .training, seed: seed)
    let recorded = LossForm.$isFormer.withValue(true) {
      recordLoss(loss.inputs.map { $0.copied(to: tape, from: loss.program) })
    }
    _ = gradients(of: recorded, withRespectTo: tape.trainableParameters.map(\.leaf))
    return tape.fingerprint
  }

  private func makeStatesIfNeeded(of parameter: Parameter<S>, named name: String) -> [Parameter<S>] {
    if let states = optimizerState[ObjectIdentifier(parameter)] { return states }
    let states = optimizer.stateNames.map { Parameter<S>(.zeros(parameter.shape), name: "\(name)/\($0)") }
    optimizerState[ObjectIdentifier(parameter)] = states
    return states
  }
}
