import AdjointCommandLine
import AdjointLearning
import Foundation

/// A schedule as it is written on the command line, in epochs.
///
///     constant             step:5:0.5           every 5 epochs, half
///     exponential:0.95     0.95 an epoch        cosine or cosine:0.01    down to 0, or to 0.01, at the end
///     warmup:1+cosine      rises over the first epoch, then as said
package enum ScheduleNotation: Equatable {
  case constant
  case step(epochs: Double, factor: Double)
  case exponential(rate: Double)
  case cosine(floor: Double)
  indirect case warmUp(epochs: Double, then: ScheduleNotation)

  package static let forms = ["constant", "step", "exponential", "cosine", "warmup"]
  package static let expected =
    "constant, step:EPOCHS:FACTOR, exponential:RATE, cosine, cosine:FLOOR or warmup:EPOCHS+ANY-OF-THESE"

  package init(_ text: String, of option: Option) throws(CommandError) {
    let stages = text.split(separator: "+", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let words = stages[0].split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    let numbers = words.dropFirst().compactMap(Double.init).filter { (0...1_000_000).contains($0) }
    let isComplete = numbers.count == words.count - 1
    switch (words[0], numbers.count) {
    case ("constant", 0) where isComplete && stages.count == 1: self = .constant
    case ("step", 2) where isComplete && stages.count == 1 && numbers[0] > 0:
      self = .step(epochs: numbers[0], factor: numbers[1])
    case ("exponential", 1) where isComplete && stages.count == 1: self = .exponential(rate: numbers[0])
    case ("cosine", 0...1) where isComplete && stages.count == 1: self = .cosine(floor: numbers.first ?? 0)
    case ("warmup", 1) where isComplete && numbers[0] > 0:
      self = .warmUp(
        epochs: numbers[0], then: stages.count > 1 ? try ScheduleNotation(stages[1], of: option) : .constant)
    default:
      let unknown = ScheduleNotation.forms.contains(words[0]) ? [] : ScheduleNotation.forms
      throw option.bad(text, expected: ScheduleNotation.expected, among: unknown)
    }
  }

  /// The schedule in steps, for a training of this many epochs.
  package func schedule(stepsPerEpoch: Int, epochs: Double) -> Schedule {
    let steps = Double(stepsPerEpoch)
    switch self {
    case .constant: return .constant
    case .step(let every, let factor): return .staircase(every: max(1, (every * steps).nearest), factor: factor)
    case .exponential(let rate): return .exponential(rate: pow(rate, 1 / steps))
    case .cosine(let floor): return .cosine(steps: max(1, (epochs * steps).nearest), floor: floor)
    case .warmUp(let rise, let then):
      return .warmUp(
        steps: max(1, (rise * steps).nearest),
        then: then.schedule(stepsPerEpoch: stepsPerEpoch, epochs: max(epochs - rise, 0)))
    }
  }
}
