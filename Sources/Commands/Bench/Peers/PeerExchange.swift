import Adjoint
import AdjointCommandLine
import AdjointLearning
import Foundation

/// A folder with the problem, its data and our answers, from which other libraries do the same work.
///
/// Arrays are little-endian binary files, weights one after the other as the network has them; `problem.json` lists the rows.
struct PeerExchange {
  /// The number of losses of a step that must agree.
  static let losses = 5
  let folder: URL
  private let data: BenchData

  init(folder: URL, isQuick: Bool) {
    self.folder = folder
    data = BenchData(isQuick: isQuick)
  }

  /// Writes the images, their labels and the order of the epoch.
  func writeImages() throws {
    try Data(data.images.pixels).write(to: folder.appendingPathComponent("images.u8"))
    try write(data.images.labels, "labels.i32")
    try write(data.order.map(Int32.init), "order.i32")
  }

  /// Writes the rows that a peer can do, and everything that they need.
  func write(_ rows: [BenchRow], threads: Int, samples: Int, countsProcessorTime: Bool) throws {
    var lines: [JSON] = []
    for row in rows {
      if let fields = try fields(of: row) { lines.append(.object([("name", .string(row.name))] + fields)) }
    }
    let problem = JSON.object([
      ("threads", .integer(threads)), ("samples", .integer(samples)), ("quick", .bool(data.count < 60_000)),
      ("processorTime", .bool(countsProcessorTime)), ("rows", .array(lines)),
    ])
    try Data(problem.text.utf8).write(to: folder.appendingPathComponent("problem.json"))
  }

  /// The fields of a row that `peers.py` reads; nil for a row that is ours alone.
  private func fields(of row: BenchRow) throws -> [(String, JSON)]? {
    // How others grow is not asked.
    if row.name.hasPrefix("growth") { return nil }
    let file = row.name.split(separator: "/").joined(separator: "-")
    switch row.work {
    case .step(let problem):
      try write(problem.model().parameters, file)
      let rate = problem.rule == .sgd ? StepProblem.learningRate : StepProblem.adamLearningRate
      return [
        ("kind", .string("step")), ("file", .string(file)), ("sizes", .array(problem.sizes.map { .integer($0) })),
        ("activation", .string("\(problem.activation)")), ("rule", .string(problem.rule.rawValue)),
        ("batch", .integer(problem.batch)), ("rate", .number(rate)),
        ("losses", numbers(try problem.losses(PeerExchange.losses, data))),
      ]
    case .doubleStep(let problem):
      try write(problem.model().parameters, file)
      return [
        ("kind", .string("step")), ("file", .string(file)), ("sizes", .array(problem.sizes.map { .integer($0) })),
        ("activation", .string("\(problem.activation)")), ("rule", .string(problem.rule.rawValue)),
        ("batch", .integer(problem.batch)), ("rate", .number(StepProblem.learningRate)),
        ("precision", .string("float64")),
        ("losses", numbers(try problem.losses(PeerExchange.losses, data))),
      ]
    case .inference(let problem):
      try write(problem.model().parameters, file)
      let (inputs, logits) = problem.logits(data)
      try write(inputs.value.elements, "\(file).x.f32")
      try write(logits.value.elements, "\(file).y.f32")
      return [
        ("kind", .string("inference")), ("file", .string(file)),
        ("sizes", .array(problem.sizes.map { .integer($0) })), ("activation", .string("\(problem.activation)")),
      ]
    case .process(let problem):
      return [
        ("kind", .string("process")), ("sizes", .array([784, problem.hidden, 10].map { .integer($0) })),
        ("epochs", .integer(problem.epochs)), ("rate", .number(StepProblem.learningRate)),
        ("figure", .string(problem.figure.rawValue)),
      ]
    case .check(let problem):
      return [
        ("kind", .string("check")), ("sizes", .array(CheckProblem.sizes.map { .integer($0) })),
        ("check", .string(problem.kind.rawValue)), ("batch", .integer(CheckProblem.batch)),
      ]
    case .product(let problem):
      let (a, b) = problem.operands
      try write(a.elements, "\(file).a.f32")
      try write(b.elements, "\(file).b.f32")
      try write(problem.recorded().elements, "\(file).c.f32")
      return [
        ("kind", .string("product")), ("file", .string(file)), ("form", .string(problem.form.rawValue)),
        ("rows", .integer(problem.rows)), ("depth", .integer(problem.depth)), ("columns", .integer(problem.columns)),
      ]
    case .elementwise(let problem):
      try write(ElementwiseProblem.input.elements, "\(file).x.f32")
      try write(problem.recorded().elements, "\(file).y.f32")
      return [
        ("kind", .string("elementwise")), ("file", .string(file)), ("function", .string(problem.function.rawValue)),
      ]
    case .chain(let phase):
      return [
        ("kind", .string("chain")), ("phase", .string(phase.rawValue)), ("length", .integer(ChainProblem.length)),
        ("start", numbers([ChainProblem.start.h, ChainProblem.start.x])),
        ("expected", .array(ChainProblem.expected().map { .number($0) })),
      ]
    case .demo:
      let demo = DemoProblem()
      try write(demo.model().parameters, file)
      try write(DemoProblem.data.points.elements, "demo.points.f32")
      try write(DemoProblem.data.sides.elements, "demo.sides.f32")
      return [
        ("kind", .string("demo")), ("file", .string(file)),
        ("sizes", .array(DemoProblem.sizes.map { .integer($0) })), ("activation", .string("relu")),
        ("rate", .number(DemoProblem.learningRate)), ("lambda", .number(DemoProblem.lambda)),
        ("losses", numbers(try demo.losses(PeerExchange.losses))),
      ]
    case .table(let problem):
      let (numbers, text) = problem.content(isQuick: data.count < 60_000)
      try Data(text).write(to: folder.appendingPathComponent("\(file).csv"))
      try write(numbers, "\(file).f32")
      return [("kind", .string("table")), ("file", .string(file))]
    case .eagerStep, .gradientRatio, .memoryPlan, .lone: return nil
    }
  }

  private func numbers(_ values: [Float]) -> JSON { .array(values.map { .number(Double($0)) }) }

  private func write(_ parameters: [Parameter<Float>], _ file: String) throws {
    try write(parameters.flatMap { $0.value.elements }, "\(file).f32")
  }

  private func write<Element: BitwiseCopyable>(_ elements: [Element], _ name: String) throws {
    let bytes = elements.withUnsafeBytes { Data($0) }
    try bytes.write(to: folder.appendingPathComponent(name))
  }
}
