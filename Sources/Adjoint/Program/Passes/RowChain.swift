/// Operations on the rows of one array, run a few rows at a time so that values used by the chain alone stay in cache: elementwise
/// ones whose operands may be repeated along an axis, sums, means and variances of rows, softmax. A normalisation is one pass so,
/// and so is its gradient.
///
/// A row is computed by the loops that compute it in the operations apart, so that no bit depends on the chain.
struct RowChain: PassKind {
  let rows: RowSpace

  var overwriting: Overwriting { .elementwise }

  func instruction<S: Scalar>(_ pass: Pass, _ number: Int, in builder: inout InstructionBuilder<S>) -> Instruction<S> {
    let placed = placed(pass, number, in: &builder)
    return builder.instruction(running: placed)
  }

  /// The chain with every operand resolved to an address.
  @specialized(where S == Float)
  @specialized(where S == Double)
  func placed<S: Scalar>(_ pass: Pass, _ number: Int, in builder: inout InstructionBuilder<S>) -> PlacedRows<S> {
    let (nodes, index) = (builder.nodes, builder.index)
    let blockRows = max(Instruction<S>.blockSize / rows.width, 1)
    var scratch = ScratchBlocks(pass, number, nodes, index)
    var blocks: [UnsafeMutablePointer<S>] = []
    let links = builder.allocate(RowLink<S>.self, count: pass.nodes.count)
    func place(_ x: Int) -> RowLink<S>.Place {
      let kind = rows.operand(nodes[x].shape)
      if index.pass[x] == number, let block = scratch.block(at: index.position[x]) {
        return RowLink.Place(blocks[block], kind, rows, ownStep: blockRows * rows.width)
      }
      if let own = builder.ownEntries[x] {
        return RowLink.Place(
          own.base, kind, rows, ownStep: own.size, ownRows: rows.shape[rows.shape.rank - 2])
      }
      return RowLink.Place(builder.output(x).base, kind, rows, ownStep: 0)
    }
    for (position, node) in pass.nodes.enumerated() {
      let inputs = nodes[node].inputs
      if !builder.hasMemory(node), builder.ownEntries[node] == nil {  // not a result
        scratch.assign(position)
        if scratch.count > blocks.count {
          // One block for each thread that may run a part of the chain.
          blocks.append(
            builder.allocate(S.self, count: blockRows * rows.width * Instruction<S>.maximumParts))
        }
      }
      let operands = (0..<3).map { place(inputs[min($0, inputs.count - 1)]) }
      (links + position).initialize(
        to: RowLink(
          function: RowLink<S>.Function(builder.plan.forms[node], width: rows.width), a: operands[0], b: operands[1],
          c: operands[2], y: place(node)))
      // Not before: a row of the result may not stand where a later row of an operand does.
      for x in inputs where index.pass[x] == number { scratch.release(index.position[x], after: position) }
    }
    return PlacedRows(
      UnsafeBufferPointer(start: links, count: pass.nodes.count), rows, blockRows: blockRows,
      period: rows.period(of: pass, number, nodes, index))
  }
}

/// The rows that a chain computes: those along the last axis of its widest values.
struct RowSpace: Equatable {
  /// The shape of a value that has all elements.
  let shape: Shape
  /// The elements of a row.
  let width: Int
  /// The number of rows.
  let count: Int
  /// The shape of a value with one number for each row.
  private let single: Shape

  /// The longest row that stays in cache with a few others.
  private static let widest = 4096

  /// Rows of this shape, of more than one element: a sum of one keeps the sign of a zero.
  init?(_ shape: Shape) {
    guard let width = shape.last, (2...RowSpace.widest).contains(width), shape.elementCount > 0 else { return nil }
    (self.shape, self.width, count) = (shape, width, shape.elementCount / width)
    single = shape.replacing(axis: shape.rank - 1, with: 1)
  }

  /// The part of an operand that stands for a row.
  enum Operand: Equatable {
    /// A row of its own.
    case row
    /// One number for each row.
    case number
    /// One row for all.
    case sharedRow
    /// Rows that come again after so many.
    case periodic(Int)
    /// One number for all.
    case sharedNumber

    /// The rows after which they come again; `nil` where they do not.
    var period: Int? { if case .periodic(let period) = self { period } else { nil } }
  }

  /// The part of a value of some shape that stands for a row; `nil` for what does not stand beside these rows so.
  func operand(_ x: Shape) -> Operand? {
    if x == shape { return .row }
    if x == single { return .number }
    if x.elementCount == 1 { return .sharedNumber }
    guard x.last == width, x.rank <= shape.rank else { return nil }
    if x.elementCount == width { return .sharedRow }
    let inner = x.drop { $0 == 1 }
    return inner.elementsEqual(shape.suffix(inner.count)) ? .periodic(x.elementCount / width) : nil
  }

  /// True when a chain over these rows can compute a node.
  func holds(_ i: Int, of recording: PlannedRecording) -> Bool {
    guard let form = recording.forms[i] else { return false }
    let node = recording.nodes[i]
    let operands = node.inputs.map { operand(recording.nodes[$0].shape) }
    // Blocks of rows end where rows come again.
    let periods = Set(operands.compactMap { $0?.period })
    guard periods.count < 2 else { return false }
    let last = AxisSet([shape.rank - 1])
    if form.isReduction(of: last) { return node.shape == single && operands == [.row] }
    if form == .softmax(.softmax) || form == .softmax(.logSoftmax) { return operands == [.row] }
    guard form.isLoop || form == .addBias || form == .broadcast else { return false }
    if node.shape == shape { return !operands.contains(nil) }
    return node.shape == single && operands.allSatisfy { $0 == .number || $0 == .sharedNumber }
  }

  /// The rows after which those of an operand of a chain come again; 0 when they do not.
  fileprivate func period(of pass: Pass, _ number: Int, _ nodes: [Node], _ index: PassIndex) -> Int {
    for node in pass.nodes {
      for x in nodes[node].inputs where index.pass[x] != number {
        if let period = operand(nodes[x].shape)?.period { return period }
      }
    }
    return 0
  }

  /// The period of a node's operands; `nil` when they have none.
  func period(of i: Int, _ nodes: [Node]) -> Int? {
    nodes[i].inputs.lazy.compactMap { operand(nodes[$0].shape)?.period }.first
  }
}

extension OperationForm {
  /// True for a sum, mean or variance over these axes that keeps them as dimensions of 1.
  fileprivate func isReduction(of axes: AxisSet) -> Bool {
    self == .sum(axes, keepsDimensions: true) || self == .mean(axes, keepsDimensions: true)
      || self == .variance(axes, keepsDimensions: true, correction: 0)
  }
}

/// One operation inside a chain of rows.
struct RowLink<S: Scalar> {
  enum Function {
    case map(MapFunction)
    case zip(ZipFunction)
    case select
    case repeated
    case sum
    case mean(S)
    case variance(S)
    case softmax(SoftmaxKind)

    init(_ form: OperationForm?, width: Int) {
      if case .map(let f)? = form {
        self = .map(f)
      } else if case .zip(let f)? = form {
        self = .zip(f)
      } else if case .softmax(let kind)? = form {
        self = .softmax(kind)
      } else if form == .addBias {
        self = .zip(.binary(.add))
      } else if form == .select {
        self = .select
      } else if form == .broadcast {
        self = .repeated
      } else if form?.isSum == true {
        self = .sum
      } else if form?.isMean == true {
        self = .mean(S(Double(width)))
      } else {
        self = .variance(S(Double(width)))
      }
    }
  }

  /// The place of an operand or result: a whole array, a part that all rows read, or a scratch block.
  struct Place {
    let base: UnsafeMutablePointer<S>
    /// The distance of two rows, and of two elements of a row.
    let row: Int, column: Int
    /// The size of a scratch block or of one matrix, where each thread has its own; 0 for any other place.
    let ownStep: Int
    /// The rows after which they come again; 0 when they do not.
    let period: Int
    /// The elements that all rows read together; 0 when each has its own.
    let shared: Int

    /// - Parameter ownRows: the rows of a matrix, where each thread has one of its own.
    init(
      _ base: UnsafeMutablePointer<S>, _ kind: RowSpace.Operand?, _ rows: RowSpace, ownStep: Int, ownRows: Int = 0
    ) {
      (self.base, self.ownStep) = (base, ownStep)
      switch kind {
      case .row?: (row, column, period, shared) = (rows.width, 1, ownRows, 0)
      case .number?: (row, column, period, shared) = (1, 0, ownRows, 0)
      case .sharedRow?: (row, column, period, shared) = (0, 1, 0, rows.width)
      case .periodic(let period)?: (row, column, self.period, shared) = (rows.width, 1, period, period * rows.width)
      case .sharedNumber?: (row, column, period, shared) = (0, 0, 0, 1)
      case nil: fatalError("Program: an operand does not stand beside the rows of its chain")
      }
    }

    @inline(__always)
    func address(_ start: Int, _ part: Int) -> UnsafeMutablePointer<S> {
      if ownStep > 0 { return base + (part * ownStep + (period > 0 ? start % period * row : 0)) }
      return base + (period > 0 ? start % period : start) * row
    }

    @inline(__always)
    func operand(_ start: Int, _ part: Int) -> RowOperand<S> {
      RowOperand(UnsafePointer(address(start, part)), row: row, column: column)
    }
  }

  private let function: Function
  let a: Place, b: Place, c: Place, y: Place
  /// The elements of a row of y.
  private let width: Int
  /// True when rows need not be told apart: every operand has the elements of y, or is one number.
  private let isDense: Bool

  init(function: Function, a: Place, b: Place, c: Place, y: Place) {
    (self.function, self.a, self.b, self.c, self.y) = (function, a, b, c, y)
    width = y.column == 1 ? y.row : 1
    isDense = [a, b, c].allSatisfy { $0.row == y.row || $0.row == 0 && $0.column == 0 }
  }

  /// Computes some rows.
  @inline(__always)
  func execute(_ start: Int, _ rows: Int, part: Int, one: UnsafePointer<S>) {
    let (x, out) = (a.address(start, part), y.address(start, part))
    switch function {
    case .map(let f):
      // One number for all, or for each row: the function of it, repeated.
      if a.row == y.row { return S.map(f, x, out, count: rows * width) }
      for row in 0..<rows {
        S.map(f, x + row * a.row, out + row * y.row, count: a.column == 1 ? width : 1)
        if a.column == 0 { (out + row * y.row).update(repeating: out[row * y.row], count: width) }
      }
    case .zip(let f):
      guard isDense else {
        return S.zipRows(
          f, a.operand(start, part), b.operand(start, part), out, strideY: y.row, rows: rows, columns: width)
      }
      S.zip(
        f, x, strideA: a.row > 0 ? 1 : 0, b.address(start, part), strideB: b.row > 0 ? 1 : 0, out, count: rows * width)
    case .select:
      guard isDense else {
        return S.selectRows(
          a.operand(start, part), b.operand(start, part), c.operand(start, part), out, strideY: y.row, rows: rows,
          columns: width)
      }
      S.select(
        x, strideC: a.row > 0 ? 1 : 0, b.address(start, part), strideA: b.row > 0 ? 1 : 0, c.address(start, part),
        strideB: c.row > 0 ? 1 : 0, out, count: rows * width)
    case .repeated:
      // What is masked by 1 stays, to the bit.
      S.zipRows(
        .binary(.masked), a.operand(start, part), RowOperand(one, row: 0, column: 0), out, strideY: y.row, rows: rows,
        columns: width)
    case .sum: S.reduceEach(.sum, x, stride: a.row, out, rows: rows, columns: a.row)
    case .mean(let n):
      S.reduceEach(.sum, x, stride: a.row, out, rows: rows, columns: a.row)
      divide(out, by: n, rows)
    case .variance(let n):
      S.reduceEach(.sum, x, stride: a.row, out, rows: rows, columns: a.row)
      divide(out, by: n, rows)
      S.squaresEach(x, stride: a.row, about: out, out, rows: rows, columns: a.row)
      divide(out, by: n, rows)
    case .softmax(let kind): S.softmax(kind, x, out, rows: rows, columns: width)
    }
  }

  @inline(__always)
  private func divide(_ y: UnsafeMutablePointer<S>, by n: S, _ rows: Int) {
    withUnsafePointer(to: n) { S.zip(.binary(.divide), y, strideA: 1, $0, strideB: 0, y, count: rows) }
  }
}

/// A chain of rows with every operand resolved to an address.
final class PlacedRows<S: Scalar>: PlacedOperation<S> {
  private let links: UnsafeBufferPointer<RowLink<S>>
  private let rows: RowSpace
  private let blockRows: Int
  /// The rows after which those of some operand come again; 0 when they do not.
  private let period: Int

  init(_ links: UnsafeBufferPointer<RowLink<S>>, _ rows: RowSpace, blockRows: Int, period: Int) {
    (self.links, self.rows, self.blockRows, self.period) = (links, rows, blockRows, period)
  }

  override func execute() { run(0..<rows.count, part: 0) }

  override func execute(part: Int, of parts: Int) { run(band(part, of: parts), part: part) }

  private func band(_ part: Int, of parts: Int) -> Range<Int> {
    let parts = min(parts, Instruction<S>.maximumParts)
    return part < parts ? Range(part: part, of: parts, in: rows.count) : 0..<0
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  func run(_ band: Range<Int>, part: Int) {
    withUnsafePointer(to: S(1)) { one in
      var start = band.lowerBound
      while start < band.upperBound {
        var size = min(blockRows, band.upperBound - start)
        if period > 0 { size = min(size, period - start % period) }
        for index in 0..<links.count { links[index].execute(start, size, part: part, one: one) }
        start += size
      }
    }
  }

  override func footprint(part: Int, of parts: Int) -> Footprint { footprint(rows: band(part, of: parts)) }

  /// The memory that some rows read and write.
  func footprint(rows band: Range<Int>) -> Footprint {
    var footprint = Footprint()
    guard !band.isEmpty else { return footprint }
    for link in links {
      for operand in [link.a, link.b, link.c] where operand.ownStep == 0 {
        let own = operand.shared > 0 ? 0 : band.lowerBound * operand.row
        footprint.read(operand.base + own, count: operand.shared > 0 ? operand.shared : band.count * operand.row)
      }
      if link.y.ownStep == 0 {
        footprint.write(link.y.base + band.lowerBound * link.y.row, count: band.count * link.y.row)
      }
    }
    return footprint
  }

  override var work: Int { links.count * rows.count * rows.width }
}
