import Adjoint

/// A choice among the parameters that a loss uses: by their names, as a checkpoint has them, or one by one.
///
/// An array of parameters is such a choice: `updating: generator.parameters`.
public struct ParameterRule<S: Scalar>: ExpressibleByArrayLiteral {
  let words: String
  let matches: (_ name: String, _ parameter: Parameter<S>) -> Bool

  private init(_ words: String, _ matches: @escaping (String, Parameter<S>) -> Bool) {
    (self.words, self.matches) = (words, matches)
  }

  /// Every parameter.
  public static var all: ParameterRule { ParameterRule("all") { _, _ in true } }
  /// Biases, scales and single numbers: what has at most one axis.
  public static var vectors: ParameterRule { ParameterRule("vectors") { $1.shape.rank <= 1 } }

  /// The parameters whose names begin so, such as `"encoder/"`.
  public static func named(_ beginning: String) -> ParameterRule {
    ParameterRule("those named '\(beginning)…'") { name, _ in name.hasPrefix(beginning) }
  }

  /// The parameters for which a rule on name and shape holds.
  public static func matching(_ rule: @escaping (_ name: String, _ shape: Shape) -> Bool) -> ParameterRule {
    ParameterRule("those of a rule") { rule($0, $1.shape) }
  }

  /// These parameters.
  public static func these(_ parameters: [Parameter<S>]) -> ParameterRule {
    let chosen = Set(parameters.map(ObjectIdentifier.init))
    return ParameterRule("\(chosen.count) parameters") { chosen.contains(ObjectIdentifier($1)) }
  }

  /// These parameters.
  public init(arrayLiteral parameters: Parameter<S>...) { self = .these(parameters) }
}

extension ParameterRule: CustomStringConvertible {
  /// The parameters that it chooses, in words.
  public var description: String { words }
}

/// Parameters that a step treats apart from the others. A parameter belongs to the first group whose rule it matches; what a
/// group leaves out is the step's own.
public struct ParameterGroup<S: Scalar> {
  /// The parameters of the group.
  public let rule: ParameterRule<S>
  /// The factor on the optimiser's learning rate.
  public var rate: Double { didSet { check(rate, "ParameterGroup.rate", .notNegative) } }
  /// λ, by which a parameter shrinks by rate·λ·w apart from the gradient: in place of AdamW's and of the regularisation's.
  public var decay: Double? { didSet { decay.map { check($0, "ParameterGroup.decay", .notNegative) } } }
  /// The schedule in place of the step's.
  public var schedule: Schedule? { didSet { schedule?.validate() } }
  /// True for parameters that are not trained.
  public var isFrozen: Bool

  /// A group with settings of its own.
  public init(
    _ rule: ParameterRule<S>, rate: Double = 1, decay: Double? = nil, schedule: Schedule? = nil, isFrozen: Bool = false,
    file: StaticString = #fileID, line: UInt = #line
  ) {
    let site = CallSite(file, line)
    (self.rule, self.schedule, self.isFrozen) = (rule, schedule, isFrozen)
    self.rate = checked(rate, "ParameterGroup.rate", .notNegative, at: site)
    self.decay = decay.map { checked($0, "ParameterGroup.decay", .notNegative, at: site) }
    schedule?.validate(at: site)
  }
}

extension ParameterGroup: CustomStringConvertible {
  /// The rule and what differs from the step's own settings.
  public var description: String {
    var words = [rule.words]
    if isFrozen { words.append("frozen") }
    if rate != 1 { words.append("rate \(rate)") }
    if let decay { words.append("decay \(decay)") }
    if let schedule { words.append("schedule \(schedule)") }
    return words.joined(separator: ", ")
  }
}

/// An optimiser with a weight decay of its own, in place of which a group may have another.
package protocol DecayingOptimizer: Optimizer {
  func replacing(weightDecay: Double) -> Self
}

/// The settings with which a parameter is updated in one step.
struct UpdateSetting {
  let optimizer: any Optimizer
  let rate: Double
  /// λ in place of the regularisation's, for every shape.
  let decay: Double?

  init(_ optimizer: any Optimizer, rate: Double) { (self.optimizer, self.rate, decay) = (optimizer, rate, nil) }

  init<S: Scalar>(of group: ParameterGroup<S>, _ optimizer: any Optimizer, _ schedule: Schedule, step: Int) {
    rate = optimizer.learningRate * (group.schedule ?? schedule).factor(at: step) * group.rate
    if let decay = group.decay, let decaying = optimizer as? any DecayingOptimizer {
      (self.optimizer, self.decay) = (decaying.replacing(weightDecay: decay), nil)
    } else {
      (self.optimizer, decay) = (optimizer, group.decay)
    }
  }
}
