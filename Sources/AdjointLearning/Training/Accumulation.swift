import Adjoint

// One update from several batches, whose gradients are added: as if they were one.

extension TrainingStep {
  /// One update from micro-batches of one input each: loss and gradients are the means over all examples, as if the batches
  /// were one. Returns the loss before the update.
  ///
  /// Each batch counts by its number of examples, the first axis of its first input, so the loss is to be a mean over
  /// examples. Batches of different sizes are recorded each for itself. What looks at a batch as a whole sees one micro-batch
  /// at a time: batch normalisation normalises each by its own statistics, and moves the running ones once for each. Random
  /// leaves are keyed by the number of the micro-batch too. `auxiliary` is that of the last one.
  /// - Throws: as for one batch. Nothing has been changed then, by no micro-batch.
  /// - Precondition: there is at least one batch, and the step is not being traced.
  @discardableResult
  public func callAsFunction<X: StepTensor>(
    accumulating batches: [X], file: StaticString = #fileID, line: UInt = #line
  ) throws -> S {
    try accumulate(batches.map { microBatch($0.exampleCount, [try $0.fed()]) }, at: CallSite(file, line))
  }

  /// One update from micro-batches of two inputs each.
  @discardableResult
  public func callAsFunction<X: StepTensor, Y: StepTensor>(
    accumulating batches: [(X, Y)], file: StaticString = #fileID, line: UInt = #line
  ) throws -> S {
    try accumulate(
      batches.map { microBatch($0.0.exampleCount, [try $0.0.fed(), try $0.1.fed()]) }, at: CallSite(file, line))
  }

  /// One update from micro-batches of three inputs each.
  @discardableResult
  public func callAsFunction<X: StepTensor, Y: StepTensor, Z: StepTensor>(
    accumulating batches: [(X, Y, Z)], file: StaticString = #fileID, line: UInt = #line
  ) throws -> S {
    try accumulate(
      batches.map { microBatch($0.0.exampleCount, [try $0.0.fed(), try $0.1.fed(), try $0.2.fed()]) },
      at: CallSite(file, line))
  }

  /// One update from micro-batches that are structs of tensors, each of which counts by its `exampleCount`.
  @discardableResult
  public func callAsFunction<Input: StepInput>(
    accumulating batches: [Input], file: StaticString = #fileID, line: UInt = #line
  ) throws -> S {
    let micro = batches.map { input in
      MicroBatch(
        count: input.exampleCount, compile: { self.compileIfNeeded(input, at: $0) },
        feed: { try self.feed(input, to: $0) })
    }
    return try accumulate(micro, at: CallSite(file, line))
  }

  /// A batch that is one of several of an update.
  struct MicroBatch {
    let count: Int
    let compile: (CallSite) -> CompiledLoss<S>
    let feed: (CompiledLoss<S>) throws -> Void

    init(
      count: Int, compile: @escaping (CallSite) -> CompiledLoss<S>, feed: @escaping (CompiledLoss<S>) throws -> Void
    ) { (self.count, self.compile, self.feed) = (count, compile, feed) }
  }

  func microBatch(_ count: Int, _ values: [FedValue<S>]) -> MicroBatch {
    MicroBatch(
      count: count, compile: { self.compileIfNeeded(values, at: $0) },
      feed: { loss in
        for (leaf, value) in zip(loss.inputs.leaves, values) { try value.feed(leaf, of: loss.program) }
      })
  }

  private func accumulate(_ batches: [MicroBatch], at site: CallSite) throws -> S {
    guard shards == nil else {
      site.trap(
        "TrainingStep: a step either cuts its batch into shards or is given micro-batches; leave TrainingStep.shards nil"
      )
    }
    let total = batches.reduce(0) { $0 + $1.count }
    guard total > 0 else { site.trap("TrainingStep: there are no micro-batches with examples; give at least one") }
    guard trace == nil else {
      site.trap("TrainingStep: a trace holds steps of one batch; end it before micro-batches are accumulated")
    }
    let losses = batches.map { $0.compile(site) }
    if isOnlyRecording { return 0 }
    let accumulation = accumulation(of: losses)
    // Stores of one micro-batch are read by the next, so they are made at once, and taken back where the step is refused.
    var programs: [Program<S>] = []
    for loss in losses where !programs.contains(where: { $0 === loss.program }) { programs.append(loss.program) }
    let before = programs.map(\.storedStates)
    let value: S
    do {
      var sum = 0.0
      for (number, (batch, loss)) in zip(batches, losses).enumerated() {
        try batch.feed(loss)
        compute(loss, number)
        sum += try testedLoss(loss) * Double(batch.count)
        accumulation.add(loss.updates, times: Double(batch.count) / Double(total))
        loss.program.commit()
      }
      try update(from: accumulation, losses)
      value = S(sum / Double(total))
    } catch {
      for (program, states) in zip(programs, before).reversed() { program.restore(states: states) }
      throw error
    }
    if let afterStep { try afterStep(self) }
    return value
  }

  /// Computes loss and gradients of a micro-batch.
  /// - Parameters:
  ///   - sets: outputs, by position, of which `reached` is told, set after set, as soon as they are complete.
  func compute(
    _ loss: CompiledLoss<S>, _ number: Int, completing sets: [[Int]] = [], _ reached: (Int) -> Void = { _ in }
  ) {
    loss.program.step = stepCount
    loss.program.seed = number == 0 ? seed : Generator(seed: seed).stream(UInt64(number)).key
    if let group, !sets.isEmpty {
      loss.program.compute(completing: sets, on: group, reached)
    } else {
      loss.program.compute()
    }
  }

  /// The loss that was computed, when it, its gradients and what it stores are finite.
  func testedLoss(_ loss: CompiledLoss<S>) throws -> Double {
    let program = loss.program
    let value = program.withValue(of: loss.outputs[0]) { $0[0].primal }
    let rate = presentRate
    let isFinite = value.isFinite && program.hasFiniteStores && rate.isFinite
    guard isFinite, gradientTest.scale(of: loss.updates, .none, on: nil) != nil else {
      throw failure(of: loss, rate: rate)
    }
    return value
  }

  private var presentRate: Double {
    let rates = [optimizer.learningRate * schedule.factor(at: stepCount)] + groupSettings.map(\.rate)
    return rates.first { !$0.isFinite } ?? rates[0]
  }

  func update(from accumulation: Accumulation<S>, _ losses: [CompiledLoss<S>]) throws {
    let updates = accumulation.updates
    let pool = updates.isWorthSharing ? pool : nil
    // The mean of finite gradients overflows where they are close to the largest number.
    guard let scale = gradientTest.scale(of: updates, clipping, on: pool) else {
      let place = updates.runs.firstIndex { !$0.hasFiniteGradient } ?? 0
      let name = updates.names[place]
      throw TrainingError(
        failure: .gradient(tape?.words(forParameterNamed: name) ?? "'\(name)'"), epoch: epoch, step: stepCount,
        culprit: nil, learningRate: optimizer.learningRate)
    }
    apply(updates, UpdateSetting(optimizer, rate: presentRate), groupSettings, scale, on: pool)
    share(updates)
    latest = losses.last
  }

  /// The place for the sum of the gradients of these losses, which is kept from step to step.
  func accumulation(of losses: [CompiledLoss<S>]) -> Accumulation<S> {
    if let accumulation, accumulation.fits(losses.map(\.updates)) {
      if shards == nil { accumulation.begin() }
      return accumulation
    }
    let fresh = Accumulation(losses.map(\.updates))
    fresh.updates.makeRuns(choice.kept)
    fresh.updates.group(by: groups)
    if let group { fresh.updates.share(among: group, cutting: !optimizer.takesWholeParameters) }
    accumulation = fresh
    return fresh
  }
}

/// The sum of the gradients of micro-batches, for all parameters that any of them trains.
final class Accumulation<S: Scalar> {
  let updates: UpdateSet<S>
  private let sums: [Parameter<S>]
  /// The sums over shards that become these.
  var shardSums: ShardSums<S>?
  private let position: [ObjectIdentifier: Int]

  init(_ parts: [UpdateSet<S>]) {
    var (parameters, names, position): ([Parameter<S>], [String], [ObjectIdentifier: Int]) = ([], [], [:])
    for part in parts {
      for (parameter, name) in zip(part.parameters, part.names) where position[ObjectIdentifier(parameter)] == nil {
        position[ObjectIdentifier(parameter)] = parameters.count
        parameters.append(parameter)
        names.append(name)
      }
    }
    let sums = parameters.map { Parameter<S>(.zeros($0.shape)) }
    (self.sums, self.position) = (sums, position)
    updates = UpdateSet(parameters, names: names) { [parameters] place, kept in
      ParameterRun(parameter: parameters[place], gradient: sums[place], states: kept.states, average: kept.average)
    }
  }

  /// True when these sets train the same parameters, all together.
  func fits(_ parts: [UpdateSet<S>]) -> Bool {
    let present = Set(parts.flatMap { $0.parameters.map(ObjectIdentifier.init) })
    return present == Set(position.keys)
  }

  /// Sets the sums to 0.
  func begin() {
    for sum in sums { sum.withElements { $0.update(repeating: 0) } }
  }

  /// Adds the gradients of a micro-batch, in the order of elements.
  func add(_ part: UpdateSet<S>, times factor: Double) {
    for (place, run) in matching(part) { updates.runs[place].addGradient(of: run, times: factor) }
  }

  /// The runs of a micro-batch, each with the place of its parameter.
  func matching(_ part: UpdateSet<S>) -> [(place: Int, run: ParameterRun<S>)] {
    zip(part.parameters, part.runs).compactMap { parameter, run in
      position[ObjectIdentifier(parameter)].map { ($0, run) }
    }
  }
}
