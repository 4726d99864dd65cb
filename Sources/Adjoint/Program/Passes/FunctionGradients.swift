import AdjointKernels

/// The gradient of log-softmax in one pass: x̄ = ȳ − e^y Σ ȳ along the last axis. The rule records it as four
/// operations.
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

  /// True when a node is the sum of g along its last axis, of more than one element: a sum of one keeps the sign of a
  /// zero.
  private static func isLastAxisSum(_ sum: Int, of g: Int, _ recording: PlannedRecording) -> Bool {
    guard case .sum(let axes, keepsDimensions: true)? = recording.forms[sum], recording.nodes[sum].inputs[0] == g
    else { return false }
    let shape = recording.nodes[g].shape
    return shape.rank > 0 && axes == AxisSet([shape.rank - 1]) && shape[shape.rank - 1] > 1
  }

  func instruction<S: Scalar>(_ pass: Pass, _ number: Int, in builder: inout InstructionBuilder<S>) -> Instruction<S> {
    builder.instruction(
      running: GradientRows(
        g: builder.view(g), builder.view(y), into: builder.output(pass.results[0]), weight: 8
      ) {
        S.logSoftmaxGradient($0, $1, $2, rows: $3, columns: $4)
      })
  }
}

/// The gradient of gelu in one pass: x̄ = ȳ ⊙ (Φ(x) + x φ(x)), without x φ(x) where φ has vanished. The rule records it as six
/// operations, of which Φ and φ have most in common.
struct GELUGradient: FastPath {
  private let g: Int
  private let x: Int

  var overwriting: Overwriting { .elementwise }

  /// What has no more elements is part of passes over a few numbers.
  private static let few = 64

  static func ending(in i: Int, of recording: PlannedRecording) -> Pass? {
    let (nodes, forms) = (recording.nodes, recording.forms)
    guard forms[i] == .binary(.multiply), recording.windows.elementSize != nil, nodes[i].shape.rank > 0,
      nodes[i].shape.elementCount > few
    else { return nil }
    let (g, slope) = (nodes[i].inputs[0], nodes[i].inputs[1])
    guard forms[slope] == .binary(.add), recording.isPrivate(slope, to: i) else { return nil }
    let (distribution, selected) = (nodes[slope].inputs[0], nodes[slope].inputs[1])
    guard forms[distribution] == .unary(.normalDistribution), recording.isPrivate(distribution, to: slope),
      forms[selected] == .binary(.masked), recording.isPrivate(selected, to: slope)
    else { return nil }
    let (product, density) = (nodes[selected].inputs[0], nodes[selected].inputs[1])
    let x = nodes[distribution].inputs[0]
    guard forms[product] == .binary(.multiply), recording.isPrivate(product, to: selected),
      forms[density] == .unary(.normalDensity), recording.isReadTwice(density), nodes[density].inputs[0] == x,
      nodes[product].inputs[0] == x, nodes[product].inputs[1] == density, nodes[g].shape == nodes[i].shape,
      nodes[x].shape == nodes[i].shape
    else { return nil }
    return Pass(GELUGradient(g: g, x: x), [distribution, density, product, selected, slope, i].sorted(), results: [i])
  }

  func instruction<S: Scalar>(_ pass: Pass, _ number: Int, in builder: inout InstructionBuilder<S>) -> Instruction<S> {
    guard let kernels = Kernels.active else { fatalError("Program: the reference loops keep the operations apart") }
    return builder.instruction(
      running: GradientRows(
        g: builder.view(g), builder.view(x), into: builder.output(pass.results[0]), weight: 24
      ) { g, x, out, rows, columns in
        func run<T>(_ kernel: (UnsafePointer<T>?, UnsafePointer<T>?, UnsafeMutablePointer<T>?, Int) -> Void) {
          let (g, x, out) = (UnsafeRawPointer(g), UnsafeRawPointer(x), UnsafeMutableRawPointer(out))
          kernel(
            g.assumingMemoryBound(to: T.self), x.assumingMemoryBound(to: T.self), out.assumingMemoryBound(to: T.self),
            rows * columns)
        }
        S.self == Float.self ? run(kernels.pointee.gelu_vjp_f32) : run(kernels.pointee.gelu_vjp_f64)
      })
  }
}

/// A gradient that is computed row by row of the cotangents and one other array.
private final class GradientRows<S: Scalar>: RowPass<S> {
  typealias Body = (UnsafePointer<S>, UnsafePointer<S>, UnsafeMutablePointer<S>, _ rows: Int, _ columns: Int) -> Void
  private let g: View<S>
  private let x: View<S>
  private let weight: Int
  private let body: Body

  /// - Parameter weight: the work on an element.
  init(g: View<S>, _ x: View<S>, into out: Output<S>, weight: Int, _ body: @escaping Body) {
    (self.g, self.x, self.weight, self.body) = (g, x, weight, body)
    super.init(into: out)
  }

  override func run(_ band: Range<Int>) {
    let start = band.lowerBound * columns
    body(g.base + start, x.base + start, out.base + start, band.count, columns)
  }

  override func reads(_ band: Range<Int>) -> Footprint {
    var footprint = Footprint()
    for operand in [g, x] { footprint.read(operand.base + band.lowerBound * columns, count: band.count * columns) }
    return footprint
  }

  override var work: Int { weight * out.count }
}
