import Adjoint
import AdjointChecking
import AdjointFiles
import AdjointGrading
import AdjointLearning

/// A recording for the checkers of other libraries, with the verdicts of ours.
struct CheckerCase {
  /// Correct models, networks as they begin, and faults.
  enum Group: String { case models, networks, mutants }

  let id: String
  let group: Group
  let order: Int
  /// True where leaves stand on ties or exact zeros.
  var isKink = false
  /// The alteration of one rule, and the node whose rule it is.
  var fault: (node: Int, fault: PeerMutant.Fault)?

  /// Coordinates times nodes, and times elements, beyond which nobody goes coordinate by coordinate, neither we nor they.
  private static var limits: (nodes: Int, elements: Int) { (400_000, 100_000_000) }

  /// One line of JSON: nodes, leaves that move, the fault, and what `GradientCheck` says in each of its modes.
  func text<S: Scalar>(_ output: Variable<S>, moving: [Variable<S>]) -> String {
    let last = moving.map(\.index).reduce(output.index, max)
    let coordinates = moving.reduce(0) { $0 + $1.shape.elementCount }
    let nodes = (0...last).map { output.tape[$0].json }
    let elements = (0...last).reduce(0) { $0 + output.tape[$1].shape.elementCount }
    let isLong = coordinates * nodes.count > Self.limits.nodes || coordinates * elements > Self.limits.elements
    let modes: [(String, GradientCheck<S>.Mode)] =
      [("directional", .directional(3))] + (isLong ? [] : [("full", .full)])
    let verdicts = modes.map { name, mode in
      (name, verdict(of: GradientCheck(of: output, withRespectTo: moving, mode: mode, order: order).run()))
    }
    let gradient = fault == nil ? gradients(of: output, withRespectTo: moving).map(\.value) : []
    return JSON.object(
      [
        ("id", .string(id)), ("group", .string(group.rawValue)),
        ("precision", .string(S.self == Float.self ? "float" : "double")), ("order", .integer(order)),
        ("kink", .bool(isKink)), ("nodes", .array(nodes)), ("output", .integer(output.index)),
        ("moving", .integers(moving.map(\.index))), ("isLong", .bool(isLong)),
        ("fault", fault.map { json($0.fault, at: $0.node) } ?? .null), ("ours", .object(verdicts)),
        ("gradient", .array(gradient.map { .array($0.elements.map { .number($0.primal) }) })),
      ]
    ).text
  }

  private func verdict(of report: GradientReport) -> JSON {
    let first = report.findings.first
    let names = fault.map { first?.mechanism == .rule && first?.node == $0.node } ?? false
    return .object([
      ("verdict", .string(report.verdict.rawValue)), ("names", .bool(names)),
      ("why", .string(first?.text ?? report.judgments.first { $0.verdict == report.verdict }?.remark ?? "")),
    ])
  }

  private func json(_ fault: PeerMutant.Fault, at node: Int) -> JSON {
    .object([
      ("node", .integer(node)), ("kind", .string(fault.kind)), ("input", .integer(fault.input)),
      ("count", .integer(fault.count)), ("kink", fault.kink.map { .number($0) } ?? .null),
    ])
  }
}

/// Prints every mutant and its right twin.
func printMutants(seed: UInt64) {
  let mutants = PeerMutant.all(seed: seed)
  for line in inParallel(mutants.count, { line(mutants[$0]) }) { print(line) }
}

private func line(_ mutant: PeerMutant) -> String {
  func text<S: Scalar>(_: S.Type) -> String {
    let (loss, leaves, node) = mutant.recorded(as: S.self)
    let fault = mutant.fault.map { (node, $0) }
    return CheckerCase(id: mutant.id, group: .mutants, order: mutant.order, fault: fault).text(loss, moving: leaves)
  }
  return mutant.isFloat ? text(Float.self) : text(Double.self)
}

/// Networks as they begin: biases of 0, and among the images one without a drop of ink, where every unit stands at its kink.
func printNetworks(seed: UInt64) {
  let kinds = ["relu", "leakyRelu", "clamp", "maxPool"]
  let cases = kinds.flatMap { kind in (0..<10).map { (kind, seed &+ UInt64($0)) } }
  for line in inParallel(cases.count, { network(cases[$0].0, seed: cases[$0].1) }) { print(line) }
}

private func network(_ kind: String, seed: UInt64) -> String {
  var generator = Generator(seed: seed)
  let width = kind == "maxPool" ? 144 : 8
  let rows = 4
  let pixels = (0..<rows * width).map { position -> Double in
    let x = generator.uniform(0, 1)
    // Blank, full, and two with half of their pixels inked.
    return position < width ? 0 : position < 2 * width ? 1 : x < 0.5 ? 0 : x
  }
  let tape = Tape<Double>()
  let images = tape.constant(Tensor(shape: [rows, width], elements: pixels))
  let labels = tape.index(Tensor(shape: [rows], elements: (0..<Int32(rows)).map { $0 % 3 }))
  let logits: Variable<Double>
  switch kind {
  case "maxPool":
    logits = CNN<Double>(
      height: 12, width: 12, classes: 3, filters: [2], hidden: [6], activation: .relu, using: &generator)(images)
  case "clamp":
    let (first, second) = (Linear<Double>(width, 12, using: &generator), Linear<Double>(12, 3, using: &generator))
    logits = second(first(images).clamp(0, 1))
  default:
    logits = MLP<Double>(
      [width, 10, 6, 3], activation: kind == "relu" ? .relu : .leakyRelu, using: &generator)(images)
  }
  let loss = crossEntropy(logits: logits, labels: labels)
  return CheckerCase(id: "\(kind) \(seed)", group: .networks, order: 1, isKink: true)
    .text(loss, moving: tape.trainableParameters.map(\.leaf))
}

/// Prints every nasty model, in each precision that it has.
func printModels() {
  printModels(of: NastyList<Double>().models)
  printModels(of: NastyList<Float>().models)
}

private func printModels<S: Scalar>(of models: [NastyModel<S>]) {
  // Reductions of 100,000 numbers and more are left out: they would make up most of what is printed.
  for model in models where !model.id.hasPrefix("reduce.") {
    let tape = Tape<S>()
    let loss = model.loss(tape)
    print(
      CheckerCase(id: model.id, group: .models, order: model.order, isKink: model.expectation == .kink)
        .text(loss, moving: tape.differentiableVariables))
  }
}
