/// A sum over the leading axes, such as a bias's gradient: threads take bands of columns.
struct ColumnSums: FastPath {
  private let x: Int
  private let rows: Int
  private let columns: Int

  var overwriting: Overwriting { .none }

  static func ending(in i: Int, of recording: PlannedRecording) -> Pass? {
    guard case .sum(let axes, _)? = recording.forms[i] else { return nil }
    let x = recording.nodes[i].inputs[0]
    let groups = AxisGroups(shape: recording.nodes[x].shape, reduced: axes)
    guard groups.count == 2, groups.reduced[0], recording.nodes[x].shape.elementCount > 0 else { return nil }
    return Pass(ColumnSums(x: x, rows: groups.extents[0], columns: groups.extents[1]), [i], results: [i])
  }

  func instruction<S: Scalar>(_ pass: Pass, _ number: Int, in builder: inout InstructionBuilder<S>) -> Instruction<S> {
    let (x, y): (View<S>, Output<S>) = (builder.view(self.x), builder.output(pass.results[0]))
    return builder.instruction(running: Columns(x.base, into: y.base, rows: rows, columns: columns))
  }
}

private final class Columns<S: Scalar>: PlacedOperation<S> {
  private let x: UnsafePointer<S>
  private let y: UnsafeMutablePointer<S>
  private let rows: Int
  private let columns: Int

  init(_ x: UnsafePointer<S>, into y: UnsafeMutablePointer<S>, rows: Int, columns: Int) {
    (self.x, self.y, self.rows, self.columns) = (x, y, rows, columns)
  }

  override func execute() { run(0..<columns) }
  override func execute(part: Int, of parts: Int) { run(Range(part: part, of: parts, in: columns)) }

  private func run(_ band: Range<Int>) {
    guard !band.isEmpty else { return }
    S.reduceRows(.sum, x + band.lowerBound, stride: columns, y + band.lowerBound, rows: rows, columns: band.count)
  }

  override func footprint(part: Int, of parts: Int) -> Footprint {
    var footprint = Footprint()
    let band = Range(part: part, of: parts, in: columns)
    guard !band.isEmpty else { return footprint }
    footprint.read(x + band.lowerBound, rows: rows, columns: band.count, stride: columns)
    footprint.write(y + band.lowerBound, count: band.count)
    return footprint
  }

  override var work: Int { (rows + 1) * columns }
}
