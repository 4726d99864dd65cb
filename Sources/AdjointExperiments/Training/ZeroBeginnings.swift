import Adjoint
import AdjointCharts
import AdjointLearning
import Foundation

/// Document 003 §8: a training of 784-30-10 that begins with all parameters at zero, and one with those of the second layer.
enum ZeroBeginnings {
  static let experiment: Experiment = .init(
    "003-zero", "003 §8", "Zero initialisation",
    settings: { scale in
      let recipe = Recipe(
        sizes: JacobianProducts.sizes, activation: .relu, initializer: .heNormal, optimizer: SGD(learningRate: 0.1),
        scaling: .unit,
        batch: 100, epochs: scale.epochs ?? 15)
      return [
        Setting("everything", recipe, images: 60_000) { try train($0, $1, zero: [0, 1]) },
        Setting("second layer", recipe, images: 60_000) { try train($0, $1, zero: [1]) },
      ]
    },
    report: report)

  private static func train(_ recipe: Recipe, _ context: RunContext, zero: [Int]) throws -> Outcome {
    let model = recipe.model(context)
    for layer in zero { model.linears[layer].weight.value = .zeros(model.linears[layer].weight.shape) }
    let training = RecipeTraining(recipe, context, model: model)
    var largest: Float = 0
    var outcome = try training.run(afterEpoch: {
      // Weight gradients on a batch where the parameters now stand.
      let batch = training.digits.training.batch(Array(0..<100)[...])
      let tape = Tape<Float>()
      let loss = crossEntropy(logits: model(tape.input(batch.images)), labels: tape.index(batch.labels))
      let weights = model.linears.map { tape.parameter($0.weight) }
      for gradient in gradients(of: loss, withRespectTo: weights) {
        largest = max(largest, gradient.value.elements.map(\.magnitude).max() ?? 0)
      }
    })
    outcome.figures["largest weight gradient"] = Double(largest)
    outcome.figures["largest weight"] = Double(
      model.linears.flatMap(\.weight.value.elements).map(\.magnitude).max() ?? .nan)
    outcome.figures["output bias"] = Double(
      model.linears[1].bias?.value.elements.map(\.magnitude).max() ?? .nan)
    return outcome
  }

  private static func report(_ results: Results) -> Section {
    let (all, second) = (results["everything"], results["second layer"])
    let losses = all.curves("training loss").map { $0.last ?? .nan }
    let stays = all.figures("test accuracy")
    let gradients = all.figures("largest weight gradient").max() ?? .nan
    let bias = all.figures("output bias")
    let learns = second.figures("test accuracy")
    return Section(
      rows: [
        Row(
          "003 §8.1", "everything zero: the network will never learn", theirs: "claimed",
          ours: "the loss falls from \(log(10.0).fixed(4)), that of ten equal classes, to \(losses.fixed(4)): "
            + "the frequencies of the digits are learnt",
          losses.allSatisfy { $0 < log(10) - 1e-4 } ? .refuted : .confirmed
        ).judging("§8.1, learning"),
        .figure(
          "003 §8.1", "everything zero: of the images nothing is learnt", theirs: "will never learn",
          ours: "\(stays.percents), the share of the most frequent digit", reached: stays.allSatisfy { $0 == 0.1135 }),
        .figure(
          "003 §8.1", "everything zero: all weight gradients are exactly 0", theirs: "0", ours: gradients.short,
          reached: gradients == 0 && all.figures("largest weight").allSatisfy { $0 == 0 }),
        Row(
          "003 §8.1", "everything zero: \"the gradients with respect to all … bias vectors will be 0\"", theirs: "0",
          ours: "the output bias moves, to \(bias.fixed(3))", bias.allSatisfy { $0 > 0 } ? .refuted : .confirmed
        ).judging("§8.1, gradients"),
        .figure(
          "003 §8.2", "second layer zero: trains to good accuracy, ≥ 95%", theirs: "good accuracy",
          ours: learns.percents,
          reached: learns.mean >= 0.95
        ).judging("§8.2"),
      ],
      pictures: [
        Charts.lines(
          name: "accuracy", caption: "Training accuracy from zeros everywhere and in the second layer alone, seed 1",
          x: "epoch", y: "accuracy",
          [("everything zero", all), ("second layer zero", second)].map { name, runs in
            Series(name, y: runs.records.first?.curves["training accuracy"] ?? [])
          })
      ])
  }
}
