import Adjoint

/// One step of training: recorded once per input shape, compiled, and replayed ever after.
///
/// A step writes the batch into the program, computes loss and gradients, and lets the optimiser change the parameters where
/// they stand. It finds the parameters by recording the loss: nothing is registered. A short last batch is a second shape
/// and a second program on the same parameters and optimiser state.
///
/// Its closure takes as many variables as the step is given tensors, or a struct of them (`StepInput`), and returns the loss,
/// or the loss and values beside it by name, which `auxiliary` shows.
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
  /// The parameters that this step updates; the others that its loss uses are constants to it.
  public var updating: ParameterRule<S> { didSet { regroup() } }
  /// The parameters with settings of their own.
  public var groups: [ParameterGroup<S>] { didSet { regroup() } }
  /// The average of the weights that is kept.
  public let averaging: Averaging
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
  /// The processes that share each step; `nil` for this one alone. No bit depends on it. All of them take the same steps on the same
  /// batches, and read gradients, averages and what the optimiser keeps together.
  public let group: ProcessGroup?
  /// The shards into which each batch is cut, 2ⁿ of them; `nil` where it is one.
  ///
  /// Each process computes some of them and sees their rows alone. Gradients are added by a tree over the shards, so all bits
  /// depend on their number, and on that of processes or threads they do not. The loss is to be a mean over examples, which the first
  /// axis of every input counts; each shard has weight by its rows. `BatchNorm` takes the statistics of the whole batch: where there is
  /// one, a process computes all of its shards at once, in memory for each. Any other state that follows from a shard's rows is refused.
  /// - Precondition: a multiple of the number of processes.
  public var shards: Int? {
    didSet {
      validateShards()
      if shards != oldValue { (losses, accumulation) = ([], nil) }
    }
  }
  let meeting = ShardMeeting()
  /// False where another process computes the last rows of a batch.
  var isHoldingLastRows = true
  /// True when each process has only its own elements of what the optimiser keeps and of averages.
  var isKeptScattered = false
  /// True while a trainer finds out what the steps of a batch are: losses are recorded, and nothing is updated.
  var isOnlyRecording = false
  /// Named in errors, when a training loop sets it.
  package var epoch: Int?
  /// Called after each update: for a look at the parameters, the batch and the recording. What it throws, the step throws.
  package var afterStep: ((TrainingStep) throws -> Void)?

  private(set) var presentOptimizer: any Optimizer
  let closure: LossClosure<S>
  /// A loss for each set of input shapes and of frozen parameters.
  private(set) var losses: [CompiledLoss<S>] = []
  private var useCount = 0
  /// The loss that the latest step replayed, the last one of micro-batches.
  var latest: CompiledLoss<S>?
  /// The parameters that the latest step updated, with their gradients.
  var latestUpdates: UpdateSet<S>?
  /// The sum of the gradients of micro-batches, kept for the next ones.
  var accumulation: Accumulation<S>?
  /// The arrays that the optimiser keeps for each parameter.
  var optimizerState: [ObjectIdentifier: [Parameter<S>]] = [:]
  /// All of these arrays and averages, in the order in which they were made, which is the same on all processes.
  private(set) var keptArrays: [Parameter<S>] = []
  /// The average of each parameter.
  var averages: [ObjectIdentifier: Parameter<S>] = [:]
  let gatherer = BatchGatherer()
  let gradientTest = GradientTest<S>()
  let updateTask = UpdateTask<S>()
  /// Measures every step, while somebody wants to know.
  var clock: StepClock<S>?
  /// Writes down every step, while somebody wants to know.
  var trace: StepTrace<S>?

  init(
    _ closure: LossClosure<S>, _ optimizer: some Optimizer, _ schedule: Schedule, _ regularization: Regularization,
    _ clipping: Clipping, _ updating: ParameterRule<S>, _ groups: [ParameterGroup<S>], _ averaging: Averaging,
    _ seed: UInt64, _ group: ProcessGroup?, _ site: CallSite
  ) {
    self.group = group.flatMap { $0.count > 1 ? $0 : nil }
    (presentOptimizer, self.schedule, self.regularization) = (optimizer, schedule, regularization)
    (self.clipping, self.seed, self.closure) = (clipping, seed, closure)
    (self.updating, self.groups, self.averaging) = (updating, groups, averaging)
    schedule.validate(at: site)
    clipping.validate(at: site)
    averaging.validate(at: site)
  }

  // MARK: Stepping

  /// One update from inputs by position.
  @specialized(where S == Float)
  @specialized(where S == Double)
  func step(_ count: Int, at site: CallSite, _ value: (Int) -> FedValue<S>) throws -> S {
    if shards != nil { return try stepInShards((0..<count).map(value), at: site) }
    let loss = compileIfNeeded(count, at: site, form: { value($0).form }, values: { (0..<count).map(value) })
    for position in 0..<count { try value(position).feed(loss.inputs.leaves[position], of: loss.program) }
    return try update(from: loss)
  }

  /// Replays loss and gradients of the batch that the inputs hold, and updates the parameters. Returns the loss before.
  @specialized(where S == Float)
  @specialized(where S == Double)
  func update(from loss: CompiledLoss<S>) throws -> S {
    if isOnlyRecording { return 0 }
    let program = loss.program
    clock?.end(.batch, before: program)
    (program.step, program.seed) = (stepCount, seed)
    program.compute()
    clock?.end(.program)
    let value = program.withValue(of: loss.outputs[0]) { $0[0] }
    let pool = loss.updates.isWorthSharing ? pool : nil
    let rate = presentOptimizer.learningRate * schedule.factor(at: stepCount)
    let settings = groups.isEmpty ? [] : groupSettings
    guard value.primal.isFinite, program.hasFiniteStores, rate.isFinite, settings.isEmpty || settings.areFinite,
      let scale = gradientTest.scale(of: loss.updates, clipping, on: pool)
    else {
      try trace?.write(loss, of: self, rate: rate, isRefused: true)
      throw failure(of: loss, rate: settings.first { !$0.rate.isFinite }?.rate ?? rate)
    }
    try trace?.write(loss, of: self, rate: rate, isRefused: false)
    clock?.end(.gradientTest)
    program.commit()
    apply(loss.updates, UpdateSetting(presentOptimizer, rate: rate), settings, scale, on: pool)
    clock?.end(.update)
    share(loss.updates)
    clock?.end(.exchange)
    latest = loss
    if let afterStep { try afterStep(self) }
    return value
  }

  /// Updates the parameters of a set by their gradients, which have been tested.
  func apply(
    _ updates: UpdateSet<S>, _ setting: UpdateSetting, _ groups: [UpdateSetting], _ scale: GradientScale,
    on pool: WorkerPool?
  ) {
    stepCount += 1
    updateTask.run(
      UpdateTask.Job(
        set: updates, setting: setting, groups: groups, step: stepCount - optimizerStart, scale: scale,
        clipping: clipping, regularization: regularization, averaging: averaging.factor(at: stepCount)),
      on: pool)
    latestUpdates = updates
  }

  /// Gives all processes the parameters that were updated.
  func share(_ updates: UpdateSet<S>) {
    if updates.shareParameters() { noteScatteredState() }
  }

  /// The settings of the groups in the next step.
  var groupSettings: [UpdateSetting] {
    groups.map { UpdateSetting(of: $0, presentOptimizer, schedule, step: stepCount) }
  }

  // MARK: Recording

  /// The number of recordings that are kept.
  package var recordingCount: Int { losses.count }
  /// The most recent recording.
  var lastRecording: CompiledLoss<S>? { losses.last }
  /// The most recent recording's tape, for printing and explaining. A value is computed when it is first looked at, from the
  /// parameters as they are then.
  public var tape: Tape<S>? { losses.last?.inputs.tape }
  /// The most recent recording's loss.
  package var loss: Variable<S>? { losses.last?.outputs.first }

  /// The parameters and states that the recorded loss uses, by the names under which a checkpoint stores them.
  package var namedParameters: [(name: String, parameter: Parameter<S>)] { tape?.namedParameters ?? [] }

  /// The loss for inputs of these forms, recorded and compiled on first use; its program runs on the pool.
  func compileIfNeeded(
    _ count: Int, at site: CallSite, form: (Int) -> InputForm, values: () -> [FedValue<S>]
  ) -> CompiledLoss<S> {
    clock?.begin()
    closure.require(count, at: site)
    return use(
      compiled(count, form) ?? compile(RecordedInputs(values(), on: recordingTape), at: site))
  }

  /// The loss for a struct whose tensors have these forms.
  func compileIfNeeded(
    reading read: @escaping (AnyKeyPath) -> [FedValue<S>]?, at site: CallSite
  ) -> CompiledLoss<S> {
    clock?.begin()
    return use(
      losses.first { $0.fits(read) }
        ?? compile(RecordedInputs(on: recordingTape, reading: read), at: site))
  }

  private func use(_ loss: CompiledLoss<S>) -> CompiledLoss<S> {
    useCount += 1
    loss.lastUse = useCount
    // Shards that meet are computed at once, each by one thread.
    let pool = shards != nil && loss.takesMeans ? nil : pool
    if loss.program.pool !== pool { loss.program.pool = pool }
    if shards == nil {
      loss.share(among: group, cutting: !presentOptimizer.takesWholeParameters)
    } else {
      loss.requireAgreement(of: group)
    }
    return loss
  }

  private func compiled(_ count: Int, _ form: (Int) -> InputForm) -> CompiledLoss<S>? {
    for loss in losses where loss.fits(count, form) { return loss }  // `first(where:)` allocates
    return nil
  }

  private func compile(_ inputs: RecordedInputs<S>, at site: CallSite) -> CompiledLoss<S> {
    let loss = CompiledLoss(
      recordLoss(inputs, at: site), of: inputs, keeping: keeping, seed: seed, at: site, choice)
    loss.lastUse = .max
    losses.append(loss)
    dropRecordings()
    return loss
  }

  /// The parameters that are trained, and what is kept for them.
  var choice: TrainedChoice<S> {
    TrainedChoice(updating: updating, groups: groups, isForProcesses: group != nil && shards == nil) { [unowned self] in
      kept(for: $0, named: $1)
    }
  }

  /// A tape that is recorded once and replayed ever after: its own values are computed if somebody looks at them.
  private var recordingTape: Tape<S> { Tape(mode: .training, seed: seed, computesLater: true) }

  private func regroup() {
    for loss in losses { loss.regroup(choice) }
    accumulation = nil
  }

  /// Steps that are traced run a plan that keeps every value.
  private var keeping: Program<S>.Keeping { trace == nil ? .outputs : .all }

  /// Compiles every recording anew, for a trace that begins or ends.
  func planAnew() {
    losses = losses.map { loss in
      let planned = CompiledLoss(loss, keeping: keeping, choice)
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
    gatherKept()
    (optimizerState, optimizerStart) = ([:], stepCount)
    keptArrays.removeAll { array in !averages.values.contains { $0 === array } }
    for loss in losses { loss.updates.makeRuns(choice.kept) }
    accumulation = nil
  }

  /// Records the loss of these inputs on their tape.
  func recordLoss(_ inputs: RecordedInputs<S>, at site: CallSite = CallSite()) -> RecordedLoss<S> {
    let tape = inputs.tape
    tape.isRecordingForReplay = true
    defer { tape.isRecordingForReplay = false }
    return ShardMeeting.$ofRecording.withValue(shards == nil ? nil : meeting) {
      tape.recordModel("TrainingStep: its closure", at: site, result: \.loss) { closure.record(inputs) }
    }
  }

  /// The fingerprint of the recording of a compiled loss as revision 1d59674 would have made it.
  func formerFingerprint(of loss: CompiledLoss<S>) -> UInt64 {
    let tape = Tape<S>(mode: .training, seed: seed)
    let recorded = LossForm.$isFormer.withValue(true) {
      recordLoss(loss.inputs.copied(to: tape, from: loss.program)).loss
    }
    _ = gradients(of: recorded, withRespectTo: tape.trainableParameters.map(\.leaf))
    return tape.fingerprint
  }

  /// What is kept for a parameter, made where there is nothing yet: arrays of zeros, and an average that begins with it.
  private func kept(for parameter: Parameter<S>, named name: String) -> KeptState<S> {
    let key = ObjectIdentifier(parameter)
    let states =
      optimizerState[key]
      ?? optimizer.stateNames.map { Parameter<S>(.zeros(parameter.shape), name: "\(name)/\($0)") }
    if optimizerState[key] == nil { keptArrays += states }
    optimizerState[key] = states
    guard averaging != .none else { return KeptState(states: states, average: nil) }
    let average = averages[key] ?? Parameter<S>(parameter.value, name: name)
    if averages[key] == nil { keptArrays.append(average) }
    averages[key] = average
    return KeptState(states: states, average: average)
  }
}

extension [UpdateSetting] {
  /// True when every rate is a number.
  var areFinite: Bool { allSatisfy(\.rate.isFinite) }
}
