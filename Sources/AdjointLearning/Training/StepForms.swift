import Adjoint

// The forms of a step: one to four inputs by position, or a struct of any number; with values beside the loss, or without.

/// A step's closure, and what it takes.
struct LossClosure<S: Scalar> {
  /// The number of inputs by position; `nil` for a struct.
  let count: Int?
  /// The struct, or nothing.
  let type: Any.Type
  let record: (RecordedInputs<S>) -> RecordedLoss<S>

  init(taking count: Int, _ record: @escaping ([Variable<S>]) -> RecordedLoss<S>) {
    (self.count, type, self.record) = (count, Never.self, { record($0.leaves) })
  }

  init<Input: StepInput>(
    taking type: Input.Type, _ record: @escaping (StepVariables<Input, S>) -> RecordedLoss<S>
  ) {
    (count, self.type) = (nil, type)
    self.record = { record(StepVariables(inputs: $0, path: \Input.self)) }
  }

  private var words: String { count.map { "\($0) input\($0 == 1 ? "" : "s")" } ?? "a \(type)" }

  /// Traps when the closure takes another number of inputs.
  func require(_ given: Int, at site: CallSite) {
    if count != given { site.trap("TrainingStep: its closure takes \(words); it was given \(given) by position") }
  }

  /// Traps when the closure takes another struct.
  func require<Input>(_ given: Input.Type, at site: CallSite) {
    if type != given { site.trap("TrainingStep: its closure takes \(words); it was given a \(given)") }
  }
}

extension TrainingStep {
  /// A step for a loss of one input.
  public convenience init(
    optimizer: some Optimizer, schedule: Schedule = .constant, regularization: Regularization = .none,
    clipping: Clipping = .none, updating: ParameterRule<S> = .all, groups: [ParameterGroup<S>] = [],
    averaging: Averaging = .none, seed: UInt64 = 0, on group: ProcessGroup? = nil,
    loss: @escaping (Variable<S>) -> Variable<S>,
    file: StaticString = #fileID, line: UInt = #line
  ) {
    self.init(
      LossClosure(taking: 1) { RecordedLoss(loss($0[0])) }, optimizer, schedule, regularization, clipping, updating,
      groups,
      averaging, seed, group, CallSite(file, line))
  }

  /// A step for a loss of one input, which returns values beside it.
  public convenience init(
    optimizer: some Optimizer, schedule: Schedule = .constant, regularization: Regularization = .none,
    clipping: Clipping = .none, updating: ParameterRule<S> = .all, groups: [ParameterGroup<S>] = [],
    averaging: Averaging = .none, seed: UInt64 = 0, on group: ProcessGroup? = nil,
    loss: @escaping (Variable<S>) -> (Variable<S>, [String: Variable<S>]),
    file: StaticString = #fileID, line: UInt = #line
  ) {
    self.init(
      LossClosure(taking: 1) { x in
        let (y, values) = loss(x[0])
        return RecordedLoss(y, values)
      }, optimizer, schedule, regularization, clipping, updating, groups,
      averaging, seed, group, CallSite(file, line))
  }

  /// A step for a loss of inputs and targets.
  public convenience init(
    optimizer: some Optimizer, schedule: Schedule = .constant, regularization: Regularization = .none,
    clipping: Clipping = .none, updating: ParameterRule<S> = .all, groups: [ParameterGroup<S>] = [],
    averaging: Averaging = .none, seed: UInt64 = 0, on group: ProcessGroup? = nil,
    loss: @escaping (Variable<S>, Variable<S>) -> Variable<S>,
    file: StaticString = #fileID, line: UInt = #line
  ) {
    self.init(
      LossClosure(taking: 2) { RecordedLoss(loss($0[0], $0[1])) }, optimizer, schedule, regularization, clipping,
      updating, groups,
      averaging, seed, group, CallSite(file, line))
  }

  /// A step for a loss of inputs and targets, which returns values beside it.
  public convenience init(
    optimizer: some Optimizer, schedule: Schedule = .constant, regularization: Regularization = .none,
    clipping: Clipping = .none, updating: ParameterRule<S> = .all, groups: [ParameterGroup<S>] = [],
    averaging: Averaging = .none, seed: UInt64 = 0, on group: ProcessGroup? = nil,
    loss: @escaping (Variable<S>, Variable<S>) -> (Variable<S>, [String: Variable<S>]),
    file: StaticString = #fileID, line: UInt = #line
  ) {
    self.init(
      LossClosure(taking: 2) { x in
        let (y, values) = loss(x[0], x[1])
        return RecordedLoss(y, values)
      }, optimizer, schedule, regularization, clipping, updating, groups,
      averaging, seed, group, CallSite(file, line))
  }

  /// A step for a loss of three inputs.
  public convenience init(
    optimizer: some Optimizer, schedule: Schedule = .constant, regularization: Regularization = .none,
    clipping: Clipping = .none, updating: ParameterRule<S> = .all, groups: [ParameterGroup<S>] = [],
    averaging: Averaging = .none, seed: UInt64 = 0, on group: ProcessGroup? = nil,
    loss: @escaping (Variable<S>, Variable<S>, Variable<S>) -> Variable<S>,
    file: StaticString = #fileID, line: UInt = #line
  ) {
    self.init(
      LossClosure(taking: 3) { RecordedLoss(loss($0[0], $0[1], $0[2])) }, optimizer, schedule, regularization, clipping,
      updating, groups,
      averaging, seed, group, CallSite(file, line))
  }

  /// A step for a loss of three inputs, which returns values beside it.
  public convenience init(
    optimizer: some Optimizer, schedule: Schedule = .constant, regularization: Regularization = .none,
    clipping: Clipping = .none, updating: ParameterRule<S> = .all, groups: [ParameterGroup<S>] = [],
    averaging: Averaging = .none, seed: UInt64 = 0, on group: ProcessGroup? = nil,
    loss: @escaping (Variable<S>, Variable<S>, Variable<S>) -> (Variable<S>, [String: Variable<S>]),
    file: StaticString = #fileID, line: UInt = #line
  ) {
    self.init(
      LossClosure(taking: 3) { x in
        let (y, values) = loss(x[0], x[1], x[2])
        return RecordedLoss(y, values)
      }, optimizer, schedule, regularization, clipping, updating, groups,
      averaging, seed, group, CallSite(file, line))
  }

  /// A step for a loss of four inputs.
  public convenience init(
    optimizer: some Optimizer, schedule: Schedule = .constant, regularization: Regularization = .none,
    clipping: Clipping = .none, updating: ParameterRule<S> = .all, groups: [ParameterGroup<S>] = [],
    averaging: Averaging = .none, seed: UInt64 = 0, on group: ProcessGroup? = nil,
    loss: @escaping (Variable<S>, Variable<S>, Variable<S>, Variable<S>) -> Variable<S>,
    file: StaticString = #fileID, line: UInt = #line
  ) {
    self.init(
      LossClosure(taking: 4) { RecordedLoss(loss($0[0], $0[1], $0[2], $0[3])) }, optimizer, schedule, regularization,
      clipping, updating, groups,
      averaging, seed, group, CallSite(file, line))
  }

  /// A step for a loss of four inputs, which returns values beside it.
  public convenience init(
    optimizer: some Optimizer, schedule: Schedule = .constant, regularization: Regularization = .none,
    clipping: Clipping = .none, updating: ParameterRule<S> = .all, groups: [ParameterGroup<S>] = [],
    averaging: Averaging = .none, seed: UInt64 = 0, on group: ProcessGroup? = nil,
    loss: @escaping (Variable<S>, Variable<S>, Variable<S>, Variable<S>) -> (Variable<S>, [String: Variable<S>]),
    file: StaticString = #fileID, line: UInt = #line
  ) {
    self.init(
      LossClosure(taking: 4) { x in
        let (y, values) = loss(x[0], x[1], x[2], x[3])
        return RecordedLoss(y, values)
      }, optimizer, schedule, regularization, clipping, updating, groups,
      averaging, seed, group, CallSite(file, line))
  }

  /// A step for a loss of a struct of tensors.
  public convenience init<Input: StepInput>(
    of input: Input.Type, optimizer: some Optimizer, schedule: Schedule = .constant,
    regularization: Regularization = .none,
    clipping: Clipping = .none, updating: ParameterRule<S> = .all, groups: [ParameterGroup<S>] = [],
    averaging: Averaging = .none, seed: UInt64 = 0, on group: ProcessGroup? = nil,
    loss: @escaping (StepVariables<Input, S>) -> Variable<S>,
    file: StaticString = #fileID, line: UInt = #line
  ) {
    self.init(
      LossClosure(taking: input) { RecordedLoss(loss($0)) }, optimizer, schedule, regularization, clipping, updating,
      groups,
      averaging, seed, group, CallSite(file, line))
  }

  /// A step for a loss of a struct of tensors, which returns values beside it.
  public convenience init<Input: StepInput>(
    of input: Input.Type, optimizer: some Optimizer, schedule: Schedule = .constant,
    regularization: Regularization = .none,
    clipping: Clipping = .none, updating: ParameterRule<S> = .all, groups: [ParameterGroup<S>] = [],
    averaging: Averaging = .none, seed: UInt64 = 0, on group: ProcessGroup? = nil,
    loss: @escaping (StepVariables<Input, S>) -> (Variable<S>, [String: Variable<S>]),
    file: StaticString = #fileID, line: UInt = #line
  ) {
    self.init(
      LossClosure(taking: input) { x in
        let (y, values) = loss(x)
        return RecordedLoss(y, values)
      }, optimizer, schedule, regularization, clipping, updating, groups,
      averaging, seed, group, CallSite(file, line))
  }
}
