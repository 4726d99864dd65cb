import Adjoint

/// The end of a training that cannot go on, since a number is not finite. Its description says where in training, which
/// number, the first value that went wrong, and what to do. A step that throws it has changed nothing.
public struct TrainingError: Error, CustomStringConvertible, Sendable {
  /// The number that is not finite. Parameters and states are given in words: `'fc1/weight'`, or what tells an unnamed one.
  package enum Failure: Sendable, Hashable {
    case loss(Double)
    /// The gradient of this parameter.
    case gradient(String)
    /// The value for this state.
    case store(String)
    /// A parameter or state as the latest update left it: which, the element, the value.
    case parameter(String, element: Int, value: Double)
    /// The learning rate times the schedule's factor.
    case rate(Double)
    case validationLoss(Double)
    /// What another process has said of its part.
    case elsewhere(String)

    fileprivate var sentence: String {
      switch self {
      case .loss: "the loss is not finite"
      case .gradient(let name): "the gradient of \(name) is not finite"
      case .store(let name): "the new value of the state \(name) is not finite"
      case .parameter(let name, let element, let value):
        "\(name) is not finite after the latest update: element \(element) is \(value)"
      case .rate(let rate): "the learning rate times the schedule's factor is \(rate)"
      case .validationLoss(let loss): "the loss on the validation set is \(loss)"
      case .elsewhere(let words): words
      }
    }
  }

  package let failure: Failure
  package let epoch: Int?
  /// The number of updates made before.
  package let step: Int
  /// The first non-finite value from which the failure comes, in forward order, if a replay found one.
  package let culprit: NonFiniteValue?
  package let learningRate: Double

  public var description: String {
    if case .elsewhere(let words) = failure { return words }
    let place = (epoch.map { "epoch \($0), " } ?? "") + "step \(step + 1)"
    guard let culprit else { return "\(place): \(failure.sentence). \(remedy)" }
    let part = culprit.serving.map { ", in the derivative of \($0)" } ?? ""
    return
      "\(place): \(failure.sentence). The first value that is not: element \(culprit.element) of \(culprit.node)\(part), "
      + "is \(culprit.value)\(isNumbered ? " (print the step's `tape` for a list)" : ""). \(remedy)"
  }

  /// True when a node is given by its number, which says nothing without a listing.
  private var isNumbered: Bool { culprit.map { $0.node.hasPrefix("%") || $0.serving?.hasPrefix("%") == true } ?? false }

  private var remedy: String {
    let lower = "ower the learning rate (\(learningRate)), or clip gradients"
    let goBack = "Go back to a checkpoint from before, and l\(lower)."
    switch culprit?.role {
    case .parameter, .state: return "An update before has spoilt it, or it was loaded so. \(goBack)"
    case .input, .index, .constant, .random: return "Check what was fed, and the parameters as loaded."
    case nil: break
    }
    switch failure {
    case .gradient where culprit?.serving != nil:
      return
        "Keep the arguments of that operation where its derivative is finite, or l\(lower); the parameters are as before "
        + "this step."
    case .elsewhere: return ""
    case .loss, .gradient, .store: return "L\(lower); the parameters are as before this step."
    case .parameter, .validationLoss: return goBack
    case .rate: return "Give a finite rate and a schedule that stays finite; the parameters are as before this step."
    }
  }
}

extension TrainingStep {
  /// The reason why the values that a loss now has are refused.
  func failure(of loss: CompiledLoss<S>, rate: Double) -> TrainingError {
    let program = loss.program
    if group != nil { program.replayAlone() }  // each process has its own elements of the gradients
    func error(_ failure: TrainingError.Failure, from failed: Variable<S>? = nil) -> TrainingError {
      TrainingError(
        failure: failure, epoch: epoch, step: stepCount,
        culprit: failed.flatMap { program.origin(of: $0, among: loss.outputs) }, learningRate: optimizer.learningRate)
    }
    let value = program.value(of: loss.outputs[0])[linear: 0].primal
    if !value.isFinite { return error(.loss(value), from: loss.outputs[0]) }
    for (gradient, leaf) in zip(loss.outputs.dropFirst(), loss.trained.map(\.leaf))
    where program.value(of: gradient).elements.contains(where: { !$0.primal.isFinite }) {
      return error(.gradient(leaf.tape.words(forParameterNamed: leaf.path)), from: gradient)
    }
    if let (value, state) = program.nonFiniteStore(on: loss.outputs[0].tape) {
      return error(.store(value.tape.words(forParameterNamed: state)), from: value)
    }
    return error(.rate(rate))
  }

  /// Tests what a checkpoint would keep, so that a training whose last update diverged does not replace a good one: all
  /// numbers are finite, and so are loss and gradients of the latest batch at the parameters as they now are.
  /// - Throws: `TrainingError`.
  package func requireFinite() throws(TrainingError) {
    try requireFiniteParameters()
    guard shards != nil, group != nil else { return try requireFiniteLatest() }
    var failure: TrainingError?
    if isHoldingLastRows {
      do { try requireFiniteLatest() } catch { failure = error }
    }
    if let failure = failureElsewhere(failure) ?? failure { throw failure }
  }

  private func requireFiniteLatest() throws(TrainingError) {
    guard let latest else { return }
    latest.program.step = stepCount
    latest.program.compute()
    let isFinite = latest.program.withValue(of: latest.outputs[0]) { $0[0].primal.isFinite }
    guard isFinite, latest.program.hasFiniteStores, gradientTest.scale(of: latest.updates, .none, on: nil) != nil
    else {
      throw failure(of: latest, rate: 0)
    }
  }

  /// Tests that parameters, states and what the optimiser keeps are finite.
  /// - Throws: `TrainingError`.
  package func requireFiniteParameters() throws(TrainingError) {
    for (name, parameter) in namedParameters + namedOptimizerState {
      guard let (element, value) = parameter.firstNonFinite else { continue }
      let words = tape?.words(forParameterNamed: name) ?? "'\(name)'"
      throw TrainingError(
        failure: .parameter(words, element: element, value: value), epoch: epoch, step: max(stepCount - 1, 0),
        culprit: nil, learningRate: optimizer.learningRate)
    }
  }
}
