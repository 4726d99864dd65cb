import Adjoint

/// An average of the weights over the steps, kept beside them. `TrainingStep.withAveragedWeights(_:)` shows it to a model.
public enum Averaging: Sendable, Hashable {
  /// No average.
  case none
  /// a ← δa + (1 − δ)w after each step; the first step begins it with w. (Polyak & Juditsky 1992, in exponential form.)
  case exponential(decay: Double)
  /// The mean of the weights after every step behind the first `after` (Izmailov et al., "Averaging weights", UAI 2018).
  case uniform(after: Int)

  func validate(at site: CallSite = CallSite()) {
    switch self {
    case .none: break
    case .exponential(let decay): check(decay, "Averaging.exponential: decay", .share, at: site)
    case .uniform(let after): check(after, "Averaging.uniform: after", atLeast: 0, at: site)
    }
  }

  /// The factor c of a ← a + c(w − a) after this step, 1 for the first.
  func factor(at step: Int) -> Double {
    switch self {
    case .none: 0
    case .exponential(let decay): step == 1 ? 1 : 1 - decay
    case .uniform(let after): step <= after ? 1 : 1 / Double(step - after)
    }
  }
}
