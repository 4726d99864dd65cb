import Adjoint
import AdjointLearning
import Foundation

/// Document 004, figure 5.4: two classes in the plane, two tanh units, a logistic output. Contours: y = 0.5 of the network,
/// z = 0.5 of each hidden unit, and the optimal boundary from the distributions that the points were drawn from.
///
/// The document does not give its distributions. Here class 0 is N((0, 0), 0.35² I), and class 1 an even mixture of
/// N((1, 0.4), 0.35² I) and N((−0.3, 1.1), 0.35² I): the optimal boundary bends around class 0.
enum TwoClasses {
  static let deviation = 0.35
  static let centres: [[(x: Double, y: Double)]] = [[(0, 0)], [(1, 0.4), (-0.3, 1.1)]]
  static let count = 200
  static let steps = 4_000
  /// The square that is drawn: `side` points along each axis.
  static let side = 61
  static let low = (x: -1.5, y: -1.25)
  static let width = 3.5

  static let experiment: Experiment = .init(
    "004-two-classes", "004 fig. 5.4", "Two classes, two tanh units", needsDigits: false,
    settings: { _ in
      [
        Setting(
          "tanh",
          [
            "sizes": "2-2-1", "points": "\(count)", "optimizer": "Adam 0.02, full batch", "steps": "\(steps)",
            "deviation": "\(deviation)",
          ], seconds: 3, run: run)
      ]
    },
    report: report)

  /// p(class 1 | point), from the densities.
  static func optimal(_ x: Double, _ y: Double) -> Double {
    let densities = centres.map { centres in
      centres.map { exp(-(pow(x - $0.x, 2) + pow(y - $0.y, 2)) / (2 * deviation * deviation)) }.mean
    }
    return densities[1] / (densities[0] + densities[1])
  }

  private static func draw(_ count: Int, _ generator: inout Generator) -> (points: [[Double]], labels: [Double]) {
    var (points, labels): ([[Double]], [Double]) = ([], [])
    for number in 0..<count {
      let label = number % 2
      let choices = centres[label]
      let centre = choices[number / 2 % choices.count]
      points.append([centre.x + deviation * generator.normal(), centre.y + deviation * generator.normal()])
      labels.append(Double(label))
    }
    return (points, labels)
  }

  private static func run(_ context: RunContext) throws -> Outcome {
    var data = context.generator(.data)
    let (points, labels) = draw(count, &data)
    let (fresh, freshLabels) = draw(20_000, &data)
    var generator = context.generator(.weights)
    let model = MLP<Double>(
      [2, 2, 1], activation: .tanh, initializer: .normal(mean: 0, deviation: 1), using: &generator)
    let step = TrainingStep<Double>(optimizer: Adam(learningRate: 0.02)) { x, y in
      binaryCrossEntropy(logits: model(x), targets: y)
    }
    let (x, y) = (Tensor(points), Tensor(shape: [count, 1], elements: labels))
    for _ in 0..<steps { try step(x, y) }

    func outputs(_ points: [[Double]]) -> (y: [Double], hidden: [Double]) {
      let tape = Tape<Double>(mode: .inference)
      let hidden = model.linears[0](tape.input(Tensor(points))).tanh()
      return (model.linears[1](hidden).sigmoid().value.elements, hidden.value.elements)
    }
    func errorRate(_ predictions: [Double]) -> Double {
      Double(zip(predictions, freshLabels).filter { ($0 > 0.5) != ($1 > 0.5) }.count) / Double(freshLabels.count)
    }
    var outcome = Outcome()
    outcome.figures["error"] = errorRate(outputs(fresh).y)
    outcome.figures["optimal error"] = errorRate(fresh.map { optimal($0[0], $0[1]) })
    // A picture needs the first seed alone.
    if context.seed == 1 {
      let grid = (0..<side * side).map { i in place(i % side, i / side) }
      let values = outputs(grid.map { [$0.x, $0.y] })
      outcome.curves = [
        "network": values.y, "unit 1": values.hidden.enumerated().filter { $0.offset % 2 == 0 }.map(\.element),
        "unit 2": values.hidden.enumerated().filter { $0.offset % 2 == 1 }.map(\.element),
        "points": points.flatMap { $0 }, "labels": labels,
      ]
    }
    return outcome
  }

  static func place(_ column: Int, _ row: Int) -> (x: Double, y: Double) {
    (low.x + width * Double(column) / Double(side - 1), low.y + width * Double(row) / Double(side - 1))
  }

  private static func report(_ results: Results) -> Section {
    let runs = results["tanh"]
    let excess = zip(runs.figures("error"), runs.figures("optimal error")).map { $0 - $1 }
    var section = Section(rows: [
      Row(
        "004 fig. 5.4", "two tanh units against the optimal boundary: error on 20,000 fresh points",
        theirs: "a picture",
        ours: "\(runs.figures("error").percents), optimal \(runs.mean("optimal error").percent); "
          + "excess \(Interval(ofMean: excess).points)", .reported)
    ])
    if let record = runs.records.first(where: { $0.curves["network"] != nil }) {
      let flat = record.curves["points"] ?? []
      let labels = record.curves["labels"] ?? []
      section.pictures.append(
        Charts.contours(
          name: "boundary",
          caption:
            "Figure 5.4: the network's boundary y = 0.5, contours z = 0.5 of the hidden units, the optimal boundary",
          points: labels.indices.map { (flat[2 * $0], flat[2 * $0 + 1], Int(labels[$0])) }, side: side, low: low,
          width: width,
          [
            ("network, y = 0.5", record.curves["network"] ?? []), ("unit 1, z = 0.5", record.curves["unit 1"] ?? []),
            ("unit 2, z = 0.5", record.curves["unit 2"] ?? []),
            (
              "optimal",
              (0..<side * side).map {
                let p = place($0 % side, $0 / side)
                return optimal(p.x, p.y)
              }
            ),
          ]))
    }
    return section
  }
}
