import Adjoint
import AdjointChecking
import AdjointCommandData
import AdjointCommandLine
import AdjointDatasets
import AdjointExperiments
import AdjointLearning
import Foundation

/// `adjoint check --table`: the gradient table of a student's report on MNIST, recomputed beside its numbers.
///
/// The report (D. Shi, "Implementing a Multi-Layer Neural Network for MNIST Classification", section 3) compares
/// backpropagation with (E(w + ε) − E(w − ε)) / 2ε at ε = 10⁻² for six weights of a network 784-128-10 with tanh, on one
/// sample. Its sample and weights are unknown, so the numbers cannot agree with ours; what can be compared is how far the
/// two columns stand apart, and what that means.
struct RecomputedTable {
  private let seed: UInt64
  private let source: DataSource
  private let printsJSON: Bool

  init(_ arguments: Arguments, _ console: Console) throws {
    seed = UInt64(try arguments.integer("seed"))
    printsJSON = arguments.isGiven("json")
    if arguments.isGiven("data") {
      source = try DataSource(arguments.required("data"))
    } else {
      source = (try? MNISTPlaces().find()) == nil ? .drawn : .mnist
    }
    try source.download(arguments, console)
  }

  /// A row of the table, recomputed.
  struct Measured {
    let place: String
    let numerical: Double
    let backpropagated: Double
    let exact: Double
  }

  func run(_ console: Console) throws -> Int32 {
    let images = try source.loadImages(limits: (1, 1)).training
    guard images.features == 784 else {
      throw CommandError.disagreement("--table needs images of 28 × 28 pixels; \(source.title) has \(images.features)")
    }
    var generator = Generator(seed: seed)
    let model = MLP<Double>([784, 128, 10], activation: .tanh, initializer: .leCunNormal, using: &generator)
    let rows = images.batch([0])
    let tape = Tape<Double>()
    let x = tape.input(rows.images.converted(), name: "image")
    let loss = crossEntropy(logits: model(x), labels: tape.index(rows.labels, name: "label"))
    let measured = GradientTable.published.map { measure($0, loss, image: rows.images.elements, &generator) }

    console.line(
      "784-128-10, tanh, cross-entropy, one sample of \(source.title), ε = 1e-2, in Double, seed \(seed)")
    console.line()
    var table = Table(
      ("weight", .left), ("the report: numerical", .right), ("backprop", .right), ("apart", .right),
      ("here: numerical", .right), ("backprop", .right), ("apart", .right), ("exact (dual)", .right),
      ("element", .left))
    for (row, own) in zip(GradientTable.published, measured) {
      table.add(
        row.name, row.numerical.scientific(4), row.backpropagated.scientific(4), row.difference.scientific(2),
        own.numerical.scientific(4), own.backpropagated.scientific(4),
        abs(own.numerical - own.backpropagated).scientific(2), own.exact.scientific(4), own.place)
    }
    console.table(table)
    console.line()
    for line in judge(measured) { console.line(line) }

    var check = GradientCheck(
      of: loss, withRespectTo: tape.trainableParameters.map(\.leaf), mode: .full, order: 1, seed: seed)
    check.subject = "the loss by all weights"
    let report = check.run()
    console.line()
    console.line(report.text(colored: console.hasColor))
    if printsJSON { console.line(json(measured, report).text) }
    return report.exitCode
  }

  /// One weight: the report's formula, the rules, and a dual replay along that coordinate alone.
  private func measure(
    _ row: GradientTable.Kind, _ loss: Variable<Double>, image: [Float], _ generator: inout Generator
  ) -> Measured {
    let tape = loss.tape
    guard
      let (leaf, parameter) = tape.trainableParameters.first(where: {
        tape.path(of: $0.leaf.index).hasSuffix(row.parameter)
      })
    else { fatalError("adjoint check --table: the model has no \(row.parameter)") }
    // An input weight of a pixel that is 0 has the gradient 0, which would compare nothing.
    let inked = image.indices.filter { image[$0] > 0.5 }
    let unit = Int(generator.uniform() * Double(parameter.shape[0]))
    let element =
      row.parameter == "fc1/weight"
      ? unit * 784 + inked[inked.count * (row.name.hasSuffix("ii") ? 2 : 1) / 3]
      : row.parameter == "fc2/weight"
        ? unit * 128 + Int(generator.uniform() * 128) : unit
    let gradient = gradients(of: loss, withRespectTo: [leaf])[0].value.elements[element]
    let program = Program<Double>([loss], parameters: .copied)
    var direction = Tensor<Double>.zeros(parameter.shape)
    direction[linear: element] = 1
    return Measured(
      place: "\(row.parameter)[\(element)]",
      numerical: GradientTable.difference(of: loss, by: program, parameter, leaf, element), backpropagated: gradient,
      exact: jvp(of: loss, withRespectTo: [leaf], along: [direction]).elements[0])
  }

  /// The verdict on the report's table, from its own numbers.
  private func judge(_ measured: [Measured]) -> [String] {
    let rows = GradientTable.published
    let broken = rows.filter { $0.difference > GradientTable.bound }
    let beyond = rows.filter { $0.difference > max(abs($0.numerical), abs($0.backpropagated)) }
    let opposite = rows.filter { $0.numerical * $0.backpropagated < 0 }
    let worst = measured.map { abs($0.numerical - $0.backpropagated) }.max() ?? 0
    return [
      "The report says that its columns agree within 1e-4. By its own numbers, \(broken.count) of \(rows.count) rows do not: "
        + broken.map(\.name).listed("and") + ".",
      "In \(beyond.count) rows the columns are further apart than either number is large: "
        + beyond.map(\.name).listed("and") + "; in \(opposite.count) they differ in sign.",
      "Here the same formula at the same ε stays within \(worst.scientific(2)) of backpropagation: truncation, ε²·E‴/6, is all there is.",
    ]
  }

  private func json(_ measured: [Measured], _ report: GradientReport) -> JSON {
    let rows = zip(GradientTable.published, measured).map { row, own in
      JSON.object([
        ("weight", .string(row.name)), ("element", .string(own.place)), ("publishedNumerical", .number(row.numerical)),
        ("publishedBackprop", .number(row.backpropagated)), ("publishedDifference", .number(row.difference)),
        ("numerical", .number(own.numerical)), ("backprop", .number(own.backpropagated)), ("exact", .number(own.exact)),
      ])
    }
    return .object([
      ("rows", .array(rows)), ("verdict", .string(report.verdict.rawValue)),
      ("coordinates", .integer(report.coordinates)), ("data", .string(source.setting)), ("seed", .integer(Int(seed))),
    ])
  }
}

extension Double {
  /// Such as `-1.305e-03`.
  func scientific(_ digits: Int) -> String { String(format: "%.\(digits - 1)e", self) }
}
