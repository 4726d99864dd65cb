/// Sums over the leading axes, such as a bias's gradient, a mean of a batch, or its variance.
///
/// Of few rows threads take bands of columns. Kernels add many rows in blocks of 1,024, and these pairwise (`reduce_rows`); so the plan
/// has a node more for the sums of the blocks, of which threads and processes take bands. What all need of each other then are these few
/// numbers.
struct ColumnSums: FastPath {
  private let step: Step
  private let rows: Int
  private let columns: Int

  private enum Step {
    /// y = Σ x over all rows.
    case rows(Int)
    /// y[k, :] = Σ x, or Σ (x − c)², over the rows of block k.
    case blocks(Int, about: Int?)
    /// y = 1/d Σ over the blocks.
    case total(Int, divisor: Double?)
  }

  var overwriting: Overwriting { .none }

  static func ending(in i: Int, of recording: PlannedRecording) -> Pass? {
    if let step = recording.columnSums[i] { return Pass(step, [i], results: [i]) }
    guard case .sum(let axes, _)? = recording.forms[i] else { return nil }
    let x = recording.nodes[i].inputs[0]
    let groups = AxisGroups(shape: recording.nodes[x].shape, reduced: axes)
    guard groups.count == 2, groups.reduced[0], recording.nodes[x].shape.elementCount > 0 else { return nil }
    let sums = ColumnSums(step: .rows(x), rows: groups.extents[0], columns: groups.extents[1])
    return Pass(sums, [i], results: [i])
  }

  func instruction<S: Scalar>(_ pass: Pass, _ number: Int, in builder: inout InstructionBuilder<S>) -> Instruction<S> {
    let y: Output<S> = builder.output(pass.results[0])
    switch step {
    case .rows(let x):
      let x: View<S> = builder.view(x)
      return builder.instruction(running: Columns(x.base, into: y.base, rows: rows, columns: columns))
    case .blocks(let x, let centre):
      let (x, centre): (View<S>, View<S>?) = (builder.view(x), centre.map { builder.view($0) })
      return builder.instruction(
        running: Blocks(x.base, about: centre?.base, into: y.base, rows: rows, columns: columns))
    case .total(let blocks, let divisor):
      return builder.instruction(running: BlockTotal(builder.view(blocks), into: y, divisor: divisor))
    }
  }

  // MARK: Blocks

  /// The rows of a block, which kernels add before they add blocks.
  fileprivate static let blockRows = 1024

  /// Gives each sum over many rows a node for the sums of its blocks; several on one operand share it. A variance has a second one, of
  /// squares about the mean. Returns the passes by node.
  static func cutIntoBlocks(_ plan: inout Rematerialization) -> [Int: ColumnSums] {
    /// Some rows of an operand.
    struct Rows: Hashable { let x, columns: Int }
    var (passes, sums, means, order): ([Int: ColumnSums], [Rows: Int], [Rows: Int], [Int]) = ([:], [:], [:], [])
    for i in plan.order {
      defer { order.append(i) }
      guard let (axes, correction) = plan.forms[i]?.sumOfRows, let x = plan.nodes[i].inputs.first else { continue }
      let (shape, groups) = (plan.nodes[x].shape, AxisGroups(shape: plan.nodes[x].shape, reduced: axes))
      let (rows, columns) = (groups.extents[0], groups.extents[1])
      // Windows of depthwise convolutions [windows, places, channels, 1] are never in memory.
      guard groups.count == 2, groups.reduced[0], rows > blockRows, columns <= rows / 32, shape.last != 1 else {
        continue
      }
      let key = Rows(x: x, columns: columns)
      let blocks: Shape = [(rows + blockRows - 1) / blockRows, columns]
      func add(_ inputs: NodeList, _ shape: Shape, _ step: Step) -> Int {
        let node = plan.append(partOf: i, reading: inputs, shape: shape)
        passes[node] = ColumnSums(step: step, rows: rows, columns: columns)
        order.append(node)
        return node
      }
      let sum = sums[key] ?? add(NodeList(x), blocks, .blocks(x, about: nil))
      sums[key] = sum
      var (last, divisor): (Int, Double?) = (sum, plan.forms[i]?.isSum == true ? nil : Double(rows))
      if let correction {
        let mean = means[key] ?? add(NodeList(sum), [columns], .total(sum, divisor: Double(rows)))
        means[key] = mean
        last = add(NodeList(x, mean), blocks, .blocks(x, about: mean))
        divisor = Double(rows) - Double(correction)
      } else if divisor != nil, means[key] == nil {
        means[key] = i
      }
      plan.nodes[i] = plan.nodes[i].reading(NodeList(last))
      passes[i] = ColumnSums(step: .total(last, divisor: divisor), rows: rows, columns: columns)
    }
    plan.order = order
    return passes
  }
}

extension OperationForm {
  /// The axes of a sum, a mean or a variance, and what is taken off the count of a variance.
  fileprivate var sumOfRows: (axes: AxisSet, correction: Int?)? {
    if case .variance(let axes, _, let correction) = self { return (axes, correction) }
    if case .sum(let axes, _) = self { return (axes, nil) }
    if case .mean(let axes, _) = self { return (axes, nil) }
    return nil
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

private final class Blocks<S: Scalar>: PlacedOperation<S> {
  private let x: UnsafePointer<S>
  private let centre: UnsafePointer<S>?
  private let y: UnsafeMutablePointer<S>
  private let rows: Int
  private let columns: Int

  init(
    _ x: UnsafePointer<S>, about centre: UnsafePointer<S>?, into y: UnsafeMutablePointer<S>, rows: Int, columns: Int
  ) {
    (self.x, self.centre, self.y, self.rows, self.columns) = (x, centre, y, rows, columns)
  }

  override func execute() { execute(part: 0, of: 1) }
  override func execute(part: Int, of parts: Int) {
    for block in band(part, of: parts) {
      let (x, y) = (x + block * ColumnSums.blockRows * columns, y + block * columns)
      let rows = min(ColumnSums.blockRows, rows - block * ColumnSums.blockRows)
      if let centre {
        S.squareRows(x, stride: columns, about: centre, y, rows: rows, columns: columns)
      } else {
        S.reduceRows(.sum, x, stride: columns, y, rows: rows, columns: columns)
      }
    }
  }

  /// The blocks that begin closest to the rows of a part.
  private func band(_ part: Int, of parts: Int) -> Range<Int> {
    let (size, count) = (ColumnSums.blockRows, (rows + ColumnSums.blockRows - 1) / ColumnSums.blockRows)
    func first(_ part: Int) -> Int {
      part == parts ? count : (Range(part: part, of: parts, in: rows).lowerBound + size / 2) / size
    }
    return first(part)..<first(part + 1)
  }

  override func footprint(part: Int, of parts: Int) -> Footprint {
    var footprint = Footprint()
    let band = band(part, of: parts)
    guard !band.isEmpty else { return footprint }
    let first = band.lowerBound * ColumnSums.blockRows
    footprint.read(
      x + first * columns, count: (min(band.upperBound * ColumnSums.blockRows, rows) - first) * columns)
    if let centre { footprint.read(centre, count: columns) }
    footprint.write(y + band.lowerBound * columns, count: band.count * columns)
    return footprint
  }

  override var work: Int { (rows + 1) * columns }
}

/// The sum of blocks as kernels add them: of n, the first 2ᵏ < n, and the rest.
private final class BlockTotal<S: Scalar>: PlacedOperation<S> {
  private let blocks: View<S>
  private let y: Output<S>
  private let divisor: Double?

  init(_ blocks: View<S>, into y: Output<S>, divisor: Double?) {
    (self.blocks, self.y, self.divisor) = (blocks, y, divisor)
  }

  override func execute() {
    // A few columns at a time, whose sums stay on the stack.
    let strip = 64
    for column in stride(from: 0, to: y.count, by: strip) {
      add(0..<blocks.shape[0], column, min(strip, y.count - column), into: y.base + column)
    }
    if let divisor { y.divide(by: divisor) }
  }

  private func add(_ range: Range<Int>, _ column: Int, _ width: Int, into sum: UnsafeMutablePointer<S>) {
    let first = blocks.base + range.lowerBound * y.count + column
    guard range.count > 2 else {
      if range.count == 1 { return sum.update(from: first, count: width) }
      return S.zip(.binary(.add), first, strideA: 1, first + y.count, strideB: 1, sum, count: width)
    }
    let middle = range.lowerBound + 1 << (Int.bitWidth - 1 - (range.count - 1).leadingZeroBitCount)
    add(range.lowerBound..<middle, column, width, into: sum)
    withUnsafeTemporaryAllocation(of: S.self, capacity: width) { rest in
      guard let rest = rest.baseAddress else { return }
      add(middle..<range.upperBound, column, width, into: rest)
      S.zip(.binary(.add), sum, strideA: 1, rest, strideB: 1, sum, count: width)
    }
  }

  override func footprint(part: Int, of parts: Int) -> Footprint {
    var footprint = Footprint()
    guard part == 0 else { return footprint }
    footprint.read(blocks.base, count: blocks.count)
    footprint.write(y.base, count: y.count)
    return footprint
  }

  override var work: Int { blocks.count + y.count }
}
