/// The gradient of log-softmax in one pass: x̄ = ȳ − e^y Σ ȳ along the last axis, which the rule records as four operations.
struct LogSoftmaxGradient: FastPath {
  private let g: Int
  private let y: Int

  var overwriting: Overwriting { .elementwise }

  static func ending(in i: Int, of recording: PlannedRecording) -> Pass? {
    let (nodes, forms) = (recording.nodes, recording.forms)
    guard forms[i] == .binary(.subtract) else { return nil }
    let (g, product) = (nodes[i].inputs[0], nodes[i].inputs[1])
    guard forms[product] == .binary(.multiply), recording.isPrivate(product, to: i) else { return nil }
    let (exponential, sum) = (nodes[product].inputs[0], nodes[product].inputs[1])
    guard forms[exponential] == .unary(.exp), recording.isPrivate(exponential, to: product),
      recording.isPrivate(sum, to: product), isLastAxisSum(sum, of: g, recording)
    else { return nil }
    let y = nodes[exponential].inputs[0]
    guard nodes[y].shape == nodes[i].shape, nodes[g].shape == nodes[i].shape else { return nil }
    return Pass(LogSoftmaxGradient(g: g, y: y), [exponential, sum].sorted() + [product, i], results: [i])
  }

  /// Whether a node is the sum of g along its last axis, of more than one element: a sum of one keeps the sign of a zero.
  private static func isLastAxisSum(_ sum: Int, of g: Int, _ recording: PlannedRecording) -> Bool {
    guard case .sum(let axes, keepsDimensions: true)? = recording.forms[sum], recording.nodes[sum].inputs[0] == g
    else { return false }
    let shape = recording.nodes[g].shape
    return shape.rank > 0 && axes == AxisSet([shape.rank - 1]) && shape[shape.rank - 1] > 1
  }

  func instruction<S: Scalar>(_ pass: Pass, _ number: Int, in builder: inout InstructionBuilder<S>) -> Instruction<S> {
    builder.instruction(running: Rows(g: builder.view(g), y: builder.view(y), into: builder.output(pass.results[0])))
  }
}

private final class Rows<S: Scalar>: RowPass<S> {
  private let g: View<S>
  private let y: View<S>

  init(g: View<S>, y: View<S>, into out: Output<S>) {
    (self.g, self.y) = (g, y)
    super.init(into: out)
  }

  override func run(_ band: Range<Int>) {
    let start = band.lowerBound * columns
    S.logSoftmaxGradient(g.base + start, y.base + start, out.base + start, rows: band.count, columns: columns)
  }

  override func reads(_ band: Range<Int>) -> Footprint {
    var footprint = Footprint()
    for operand in [g, y] { footprint.read(operand.base + band.lowerBound * columns, count: band.count * columns) }
    return footprint
  }

  override var work: Int { 8 * out.count }
}
