import Adjoint
import AdjointLearning

/// Document 002 §3: (E(w + ε) − E(w − ε)) / 2ε at ε = 10⁻² against backpropagation, for six kinds of weight of 784-128-10 with
/// tanh, on one image.
///
/// The document's sample and weights are unknown, so its numbers cannot come out again. Its claim, that the two columns agree
/// within 10⁻⁴, can be judged: by its own numbers, and here.
package enum GradientTable {
  /// A row of the table.
  package struct Kind: Sendable {
    package let name: String
    package let numerical: Double
    package let backpropagated: Double
    package let difference: Double
    /// The parameter: its layer, and whether it is the bias.
    package let layer: Int
    package let isBias: Bool

    /// The parameter's name in a perceptron of this library.
    package var parameter: String { "fc\(layer + 1)/" + (isBias ? "bias" : "weight") }
  }

  package static let epsilon = 1e-2
  /// "your gradients should agree within 10⁻⁴"
  package static let bound = 1e-4
  /// Table 1, as printed.
  package static let published = [
    Kind(
      name: "output bias", numerical: -0.001305, backpropagated: -0.001309, difference: 4e-6, layer: 1, isBias: true),
    Kind(
      name: "hidden bias", numerical: -9.77e-5, backpropagated: 0.000229, difference: 0.000327, layer: 0, isBias: true),
    Kind(
      name: "input to hidden i", numerical: -6.390e-5, backpropagated: 0.0002208, difference: 0.00028, layer: 0,
      isBias: false),
    Kind(
      name: "input to hidden ii", numerical: -0.000137, backpropagated: 0.000221, difference: 0.0003585, layer: 0,
      isBias: false),
    Kind(
      name: "hidden to output i", numerical: -0.0021, backpropagated: -0.00208, difference: 2.08e-5, layer: 1,
      isBias: false),
    Kind(
      name: "hidden to output ii", numerical: 0.0204, backpropagated: 0.02035, difference: 0.000102, layer: 1,
      isBias: false),
  ]

  static let experiment: Experiment = .init(
    "002-gradients", "002 §3", "Gradient table",
    settings: { _ in
      [
        Setting(
          "tanh", ["sizes": "784-128-10", "epsilon": String(epsilon), "scaling": "perImage", "precision": "Double"],
          seconds: 0.5, run: measure)
      ]
    },
    report: report)

  private static func measure(_ context: RunContext) -> Outcome {
    var generator = context.generator(.weights)
    let model = MLP<Double>([784, 128, 10], activation: .tanh, initializer: .leCunNormal, using: &generator)
    let images = context.digits.training.standardized(.perImage)
    let sample = Int(generator.uniform() * Double(images.count))
    let batch = images.batch([sample])
    let tape = Tape<Double>()
    let loss = crossEntropy(
      logits: model(tape.input(batch.images.converted())), labels: tape.index(batch.labels))
    let program = Program<Double>([loss], parameters: .copied)
    var outcome = Outcome()
    for kind in published {
      let parameter = kind.isBias ? model.linears[kind.layer].bias : model.linears[kind.layer].weight
      guard let parameter else { continue }
      // "The bias weights tested are the last ones in their respective layers."
      let element =
        kind.isBias
        ? parameter.count - 1 : weight(parameter.shape, image: batch.images.elements, kind.layer, &generator)
      let leaf = tape.parameter(parameter)
      outcome.figures[kind.name + ", numerical"] = difference(of: loss, by: program, parameter, leaf, element)
      outcome.figures[kind.name + ", backprop"] = gradient(of: loss, withRespectTo: leaf).value.elements[element]
    }
    return outcome
  }

  /// (E(w + ε) − E(w − ε)) / 2ε for one element of a parameter, by a program with parameters of its own.
  package static func difference(
    of loss: Variable<Double>, by program: Program<Double>, _ parameter: Parameter<Double>, _ leaf: Variable<Double>,
    _ element: Int
  ) -> Double {
    func value(_ step: Double) -> Double {
      var moved = parameter.value
      moved[linear: element] += step
      program.write(moved, into: leaf)
      program.replay()
      return program.value(of: loss).elements[0]
    }
    defer { program.write(parameter.value, into: leaf) }
    return (value(epsilon) - value(-epsilon)) / (2 * epsilon)
  }

  /// A weight at random; into the hidden layer, from a pixel with ink.
  private static func weight(_ shape: Shape, image: [Float], _ layer: Int, _ generator: inout Generator) -> Int {
    let unit = Int(generator.uniform() * Double(shape[0]))
    let inked = image.indices.filter { image[$0] > 0.5 }
    let choice = generator.uniform()
    guard layer == 0, !inked.isEmpty else { return unit * shape[1] + Int(choice * Double(shape[1])) }
    return unit * shape[1] + inked[Int(choice * Double(inked.count))]
  }

  private static func report(_ results: Results) -> Section {
    let runs = results["tanh"]
    func apart(_ kind: Kind) -> [Double] {
      zip(runs.figures(kind.name + ", numerical"), runs.figures(kind.name + ", backprop")).map { abs($0 - $1) }
    }
    let worst = published.flatMap(apart).max() ?? .nan
    let broken = published.filter { $0.difference > bound }
    let first = runs.records.first?.figures ?? [:]
    return Section(
      rows: [
        Row(
          "002 §3", "\"the absolute difference … is within 1e-4\"", theirs: "claimed for 6 of 6",
          ours: "by its own table, \(broken.count) of 6 are not: " + broken.map(\.name).joined(separator: ", "),
          broken.isEmpty ? .confirmed : .refuted
        ).judging("§3, table 1"),
        .figure(
          "002 §3", "numerical against backpropagated gradient, six kinds, ε = 1e-2", theirs: "≤ 1e-4",
          ours: "worst of all seeds \(worst.scientific)", reached: worst <= bound),
      ],
      text: [
        markdownTable(
          [
            "weight", "document: numerical", "backprop", "apart", "verdict", "here, seed 1: numerical", "backprop",
            "apart, worst seed", "verdict",
          ],
          published.map { kind in
            let own = apart(kind).max() ?? .nan
            return [
              kind.name, kind.numerical.short, kind.backpropagated.short, kind.difference.scientific,
              kind.difference <= bound ? "agrees" : "does not", (first[kind.name + ", numerical"] ?? .nan).short,
              (first[kind.name + ", backprop"] ?? .nan).short, own.scientific, own <= bound ? "agrees" : "does not",
            ]
          })
      ])
  }
}
