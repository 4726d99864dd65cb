import Adjoint
import AdjointLearning

/// Document 004: exclusive or by a 2-2-1 network with ReLU. The weights given there, and 100 networks trained from random ones.
enum ExclusiveOr {
  static let corners: [[Double]] = [[0, 0], [0, 1], [1, 0], [1, 1]]
  static let targets: [Double] = [0, 1, 1, 0]
  static let trials = 100
  static let steps = 5_000

  static let experiment: Experiment = .init(
    "004-xor", "004 XOR", "Exclusive or with 2-2-1", seeds: 1, needsDigits: false,
    settings: { _ in
      [
        Setting("given weights", ["W1": "1 1 1 1", "b1": "0 -1", "W2": "1 -2", "b2": "0"], seconds: 0.1) { _ in given()
        },
        Setting(
          "trained",
          [
            "sizes": "2-2-1", "activation": "relu", "loss": "mean squared error", "optimizer": "SGD 0.1, full batch",
            "initializer": "heNormal", "steps": "\(steps)", "networks": "\(trials)",
          ], seconds: 30, run: train),
      ]
    },
    report: report)

  private static func given() -> Outcome {
    let hidden = Linear<Double>(
      weight: Parameter(Tensor([[1, 1], [1, 1]])), bias: Parameter(Tensor([0, -1])), name: "hidden")
    let output = Linear<Double>(
      weight: Parameter(Tensor([[1, -2]])), bias: Parameter(Tensor([0])), name: "output")
    let tape = Tape<Double>(mode: .inference)
    let features = hidden(tape.input(Tensor(corners))).relu()
    let outputs = output(features).value.elements
    var outcome = Outcome()
    outcome.curves = ["outputs": outputs, "features": features.value.elements]
    outcome.figures["exact"] = outputs == targets ? 1 : 0
    let f = features.value.elements
    // (0,1) and (1,0), rows 1 and 2, meet.
    outcome.figures["meet"] = f[2] == f[4] && f[3] == f[5] ? 1 : 0
    return outcome
  }

  /// Why a network does not solve it.
  private enum Failure: String, CaseIterable {
    case deadUnits = "a hidden unit is 0 at all four corners, so its weights have no gradient"
    case stationary = "both units live, yet the gradient is zero: a local minimum or saddle"
    case slow = "still moving at the end"
  }

  private static func train(_ context: RunContext) throws -> Outcome {
    var outcome = Outcome()
    var counts: [Failure: Int] = [:]
    var solved = 0
    for trial in 1...trials {
      var generator = context.generator(.weights).stream(UInt64(trial))
      let model = MLP<Double>([2, 2, 1], activation: .relu, using: &generator)
      let step = TrainingStep<Double>(optimizer: SGD(learningRate: 0.1)) { x, y in meanSquaredError(model(x), y) }
      let (x, y) = (Tensor(corners), Tensor(shape: [4, 1], elements: targets))
      for _ in 0..<steps { try step(x, y) }
      let tape = Tape<Double>()
      let input = tape.input(x)
      let features = model.linears[0](input).relu()
      let outputs = model.linears[1](features)
      let loss = meanSquaredError(outputs, tape.constant(y))
      if zip(outputs.value.elements, targets).allSatisfy({ abs($0 - $1) < 0.5 }) {
        solved += 1
        continue
      }
      let gradient = gradients(of: loss, withRespectTo: tape.trainableParameters.map(\.leaf))
      let norm = gradient.flatMap(\.value.elements).reduce(0) { $0 + $1 * $1 }.squareRoot()
      let isDead = (0..<2).contains { unit in (0..<4).allSatisfy { features.value[$0, unit] == 0 } }
      counts[isDead ? .deadUnits : norm < 1e-4 ? .stationary : .slow, default: 0] += 1
    }
    outcome.figures["solved"] = Double(solved) / Double(trials)
    for failure in Failure.allCases { outcome.figures[failure.rawValue] = Double(counts[failure] ?? 0) }
    return outcome
  }

  private static func report(_ results: Results) -> Section {
    let (given, trained) = (results["given weights"], results["trained"])
    let outputs = given.records.first?.curves["outputs"] ?? []
    let features = given.records.first?.curves["features"] ?? []
    let why = Failure.allCases.compactMap { failure -> String? in
      let count = trained.mean(failure.rawValue)
      return count > 0 ? "\(count.nearest): \(failure.rawValue)" : nil
    }
    return Section(
      rows: [
        .figure(
          "004 XOR", "the given weights give exactly 0, 1, 1, 0", theirs: "0, 1, 1, 0",
          ours: outputs.map(\.short).joined(separator: ", "), reached: given.mean("exact") == 1
        ).judging("XOR"),
        .figure(
          "004 XOR", "(0,1) and (1,0) meet in feature space", theirs: "both at (1, 0)",
          ours: "(0,1) at (\(features.count == 8 ? "\(features[2].short), \(features[3].short)" : "–")), "
            + "(1,0) at (\(features.count == 8 ? "\(features[4].short), \(features[5].short)" : "–"))",
          reached: given.mean("meet") == 1
        ).judging("XOR"),
        Row(
          "004 challenges",
          "training is sensitive to the initial values: 2-2-1 on XOR from \(trials) random beginnings",
          theirs: "claimed", ours: "\(trained.mean("solved").percent) of them learn it",
          (0.01...0.99).contains(trained.mean("solved")) ? .confirmed : .refuted
        ).judging("Several minima"),
      ],
      text: [
        "The others, \(trials - (trained.mean("solved") * Double(trials)).nearest) of \(trials), do not: "
          + (why.isEmpty ? "none." : why.joined(separator: "; ") + ".")
      ],
      pictures: [
        Charts.points(
          name: "input", caption: "The four corners: no line separates the classes", axes: ("x₁", "x₂"),
          corners.enumerated().map { ($1[0], $1[1], targets[$0].nearest) }),
        Charts.points(
          name: "features",
          caption: "The same corners in the hidden layer's space: (0,1) and (1,0) meet, and a line separates",
          axes: ("q₁", "q₂"),
          features.count == 8 ? (0..<4).map { (features[2 * $0], features[2 * $0 + 1], targets[$0].nearest) } : [],
          border: [(0.5, 0), (2, 0.75)]),
      ])
  }
}
