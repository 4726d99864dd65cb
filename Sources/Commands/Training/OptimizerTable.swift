import AdjointCommandLine
import AdjointLearning

/// An optimiser as the command line knows it: its name, its hyperparameters with their defaults, how to make it.
package struct OptimizerEntry: Sendable {
  package let name: String
  /// The update, in a line.
  package let rule: String
  /// Option name and default, the learning rate first.
  package let hyperparameters: [(option: String, value: Double)]
  private let make: @Sendable (_ value: (String) -> Double) -> any Optimizer

  /// The optimiser with these hyperparameters; those not given have their defaults.
  package func optimizer(_ values: [String: Double] = [:]) -> any Optimizer {
    let defaults = Dictionary(uniqueKeysWithValues: hyperparameters.map { ($0.option, $0.value) })
    return make { values[$0] ?? defaults[$0] ?? 0 }
  }

  package static func named(_ name: String) -> OptimizerEntry? { all.first { $0.name == name } }

  package static let all: [OptimizerEntry] = [
    OptimizerEntry(name: "sgd", rule: "θ ← θ − αg", hyperparameters: [("learning-rate", 0.1)]) {
      SGD(learningRate: $0("learning-rate"))
    },
    OptimizerEntry(
      name: "momentum", rule: "v ← γv + g, θ ← θ − αv", hyperparameters: [("learning-rate", 0.02), ("momentum", 0.9)]
    ) { Momentum(learningRate: $0("learning-rate"), momentum: $0("momentum")) },
    OptimizerEntry(
      name: "averaged-momentum", rule: "v ← γv + (1 − γ)αg, θ ← θ − v",
      hyperparameters: [("learning-rate", 0.1), ("momentum", 0.9)]
    ) { Momentum(learningRate: $0("learning-rate"), momentum: $0("momentum"), convention: .averaged) },
    OptimizerEntry(
      name: "nesterov", rule: "v ← γv + g, θ ← θ − α(g + γv)",
      hyperparameters: [("learning-rate", 0.02), ("momentum", 0.9)]
    ) { Nesterov(learningRate: $0("learning-rate"), momentum: $0("momentum")) },
    OptimizerEntry(
      name: "rmsprop", rule: "s ← ρs + (1 − ρ)g², θ ← θ − αg/(√s + ε)",
      hyperparameters: [("learning-rate", 0.001), ("decay", 0.99), ("epsilon", 1e-8)]
    ) { RMSProp(learningRate: $0("learning-rate"), decay: $0("decay"), epsilon: $0("epsilon")) },
    OptimizerEntry(
      name: "adagrad", rule: "s ← s + g², θ ← θ − αg/(√s + ε)",
      hyperparameters: [("learning-rate", 0.01), ("epsilon", 1e-10)]
    ) { Adagrad(learningRate: $0("learning-rate"), epsilon: $0("epsilon")) },
    OptimizerEntry(
      name: "adam", rule: "m ← β₁m + (1 − β₁)g, s ← β₂s + (1 − β₂)g², θ ← θ − αm̂/(√ŝ + ε)",
      hyperparameters: [("learning-rate", 0.001), ("beta1", 0.9), ("beta2", 0.999), ("epsilon", 1e-8)]
    ) {
      Adam(learningRate: $0("learning-rate"), beta1: $0("beta1"), beta2: $0("beta2"), epsilon: $0("epsilon"))
    },
    OptimizerEntry(
      name: "adamw", rule: "as adam, and θ ← θ − αλθ",
      hyperparameters: [
        ("learning-rate", 0.001), ("beta1", 0.9), ("beta2", 0.999), ("epsilon", 1e-8), ("weight-decay", 0.01),
      ]
    ) {
      AdamW(
        learningRate: $0("learning-rate"), beta1: $0("beta1"), beta2: $0("beta2"), epsilon: $0("epsilon"),
        weightDecay: $0("weight-decay"))
    },
  ]

  /// Every hyperparameter's option, once.
  package static let hyperparameterOptions: [String] = all.flatMap { $0.hyperparameters.map(\.option) }.uniqued()

  /// The optimisers that have this hyperparameter.
  package static func users(of option: String) -> [String] {
    all.filter { $0.hyperparameters.contains { $0.option == option } }.map(\.name)
  }

  /// The defaults of a hyperparameter: `0.001 (rmsprop, adam, adamw), 0.1 (sgd)`.
  package static func defaults(of option: String) -> String {
    let values = all.flatMap { $0.hyperparameters.filter { $0.option == option }.map(\.value) }.uniqued()
    if values.count == 1 { return values[0].short }
    return values.map { value in
      let names = all.filter { $0.hyperparameters.contains { $0.option == option && $0.value == value } }.map(\.name)
      return "\(value.short) (\(names.joined(separator: ", ")))"
    }.joined(separator: ", ")
  }
}

extension Sequence where Element: Hashable {
  /// Each element once, in order of first appearance.
  package func uniqued() -> [Element] {
    var seen: Set<Element> = []
    return filter { seen.insert($0).inserted }
  }
}
