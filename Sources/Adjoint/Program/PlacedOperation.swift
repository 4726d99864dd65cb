/// An operation of any type with its operands and its output resolved to addresses.
class PlacedOperation<S: Scalar> {
  /// Binds an operation to its places. Threads may share it when the operation allows it.
  static func place(_ operation: some Operation, _ x: Operands<S>, into y: Output<S>) -> PlacedOperation {
    let shapes = (0..<x.count).map { x[$0].shape }
    if let loop = operation.loop { return PlacedScan(loop, x, into: y) }
    if y.shape.rank > 0, let entrywise = operation.entrywiseInputs(shapes) {
      let fits = shapes.indices.allSatisfy {
        $0 < entrywise.count && (!entrywise[$0] || shapes[$0].first == y.shape[0])
      }
      guard fits, entrywise.count == shapes.count else {
        fatalError(
          "\(operation.name): entrywiseInputs says \(entrywise) for \(shapes); it needs a flag for each input, and true only "
            + "where the first axis is that of y \(y.shape)")
      }
      return Entrywise(operation, x, into: y, entrywise)
    }
    return Placed(operation, x, into: y)
  }

  /// Binds an operation that has a formula.
  /// - Parameter room: the memory of `formula.room(for:)` numbers for each part.
  static func place(
    _ operation: some Operation, by formula: LoopFormula, _ x: Operands<S>, into y: Output<S>,
    room: UnsafeMutablePointer<S>
  ) -> PlacedOperation { PlacedFormula(operation, formula, x, into: y, room: room) }

  func execute() { fatalError("PlacedOperation: an abstract class") }
  /// Runs one of several parts that together are this operation.
  func execute(part: Int, of parts: Int) { if part == 0 { execute() } }
  /// The memory that a part reads and writes.
  func footprint(part: Int, of parts: Int) -> Footprint { fatalError("PlacedOperation: an abstract class") }
  /// The approximate duration, in elementwise operations.
  var work: Int { fatalError("PlacedOperation: an abstract class") }
  /// The operations of matrix products.
  var productOperations: Int { 0 }
  /// True for what shares its own work among the threads of the pool that it is lent, and so stands in a phase by itself.
  var sharesItself: Bool { false }
  /// Takes the threads of the program that runs it.
  func lend(_ pool: WorkerPool?) {}
}

/// An operation that one thread computes.
class Placed<O: Operation, S: Scalar>: PlacedOperation<S> {
  final let operation: O
  final let x: Operands<S>
  final let y: Output<S>

  /// The bound of the indices that y holds; `nil` for numbers.
  private final let resultBound: Int?

  init(_ operation: O, _ x: Operands<S>, into y: Output<S>) {
    (self.operation, self.x, self.y) = (operation, x, y)
    resultBound = operation.resultIndexBound(for: (0..<x.count).map { x[$0].shape })
  }

  override func execute() { run(x, into: y) }

  /// Computes y, or a part of it, and traps at an index that is out of the range that the operation states.
  final func run(_ x: Operands<S>, into y: Output<S>) {
    operation.forward(x, into: y)
    guard let resultBound else { return }
    guard let place = UnsafeBufferPointer(y.indexElements).firstPlace(outside: resultBound) else { return }
    fatalError(
      "\(operation.name): gave index \(y.indexElements[place]), not in 0 ..< \(resultBound), the range that "
        + "resultIndexBound(for:) states")
  }

  override func footprint(part: Int, of parts: Int) -> Footprint {
    var footprint = Footprint()
    guard part == 0 else { return footprint }
    for position in 0..<x.count { footprint.read(bytes: x[position].count * stride(position), at: x[position].address) }
    footprint.write(bytes: y.count * resultStride, at: y.address)
    return footprint
  }

  /// The bytes of an element of the result.
  final var resultStride: Int { resultBound == nil ? MemoryLayout<S>.stride : MemoryLayout<Int32>.stride }

  final override var work: Int { (0..<x.count).reduce(y.count) { $0 + x[$1].count } }

  /// The bytes of an element of an operand.
  final func stride(_ position: Int) -> Int {
    position == operation.indexPosition ? MemoryLayout<Int32>.stride : MemoryLayout<S>.stride
  }
}

/// An operation whose entry i along the first axis depends on entry i of some operands: threads take bands of the axis.
private final class Entrywise<O: Operation, S: Scalar>: Placed<O, S> {
  private let entrywise: [Bool]

  init(_ operation: O, _ x: Operands<S>, into y: Output<S>, _ entrywise: [Bool]) {
    self.entrywise = entrywise
    super.init(operation, x, into: y)
  }

  override func execute(part: Int, of parts: Int) {
    let band = Range(part: part, of: parts, in: y.shape[0])
    guard !band.isEmpty else { return }
    withUnsafeTemporaryAllocation(of: View<S>.self, capacity: x.count) { views in
      guard let own = views.baseAddress else { return }
      for position in 0..<x.count { (own + position).initialize(to: operand(position, band)) }
      run(Operands(views: own, count: x.count), into: output(band))
    }
  }

  override func footprint(part: Int, of parts: Int) -> Footprint {
    var footprint = Footprint()
    let band = Range(part: part, of: parts, in: y.shape[0])
    guard !band.isEmpty else { return footprint }
    for position in 0..<x.count {
      let own = operand(position, band)
      footprint.read(bytes: own.count * stride(position), at: own.address)
    }
    footprint.write(bytes: output(band).count * resultStride, at: output(band).address)
    return footprint
  }

  private func operand(_ position: Int, _ band: Range<Int>) -> View<S> {
    entrywise[position] ? x[position].entries(band, stride: stride(position)) : x[position]
  }

  private func output(_ band: Range<Int>) -> Output<S> {
    let own = View<S>(shape: y.shape, address: y.address).entries(band, stride: resultStride)
    return Output(shape: own.shape, address: own.address)
  }
}

/// The formula of an operation with its operands and its output resolved to addresses. Where `forward` has come to give anything
/// else, as after a change of a global variable that it reads, it computes y itself.
/// - Precondition: y is in memory of its own, as samples are written before operands have been read.
private final class PlacedFormula<O: Operation, S: Scalar>: PlacedOperation<S> {
  private let operation: O
  private let formula: LoopFormula
  private let x: Operands<S>
  private let y: Output<S>
  /// Each part's room for numbers, one after the other.
  private let room: UnsafeMutablePointer<S>

  init(
    _ operation: O, _ formula: LoopFormula, _ x: Operands<S>, into y: Output<S>, room: UnsafeMutablePointer<S>
  ) {
    self.operation = operation
    (self.formula, self.x, self.y, self.room) = (formula, x, y, room)
  }

  override func execute() { compute(y.indices, room: room) }

  private func compute(_ elements: Range<Int>, room: UnsafeMutablePointer<S>) {
    let isStill =
      formula.isRead(from: x, y, elements) { operation.forward($0, into: $1) }
      && formula.hasBits(x, y, elements, room: room) { operation.forward($0, into: $1) }
    guard isStill else { return operation.forward(x, into: y.part(elements)) }
    formula.compute(x, into: y, elements, room: room)
  }

  override func execute(part: Int, of parts: Int) {
    let elements = elements(part, of: parts)
    guard !elements.isEmpty else { return }
    compute(elements, room: room + part * formula.room(for: y.count))
  }

  override func footprint(part: Int, of parts: Int) -> Footprint {
    var footprint = Footprint()
    let elements = elements(part, of: parts)
    guard !elements.isEmpty else { return footprint }
    for position in 0..<x.count {
      let isSingle = x[position].count != y.count
      let (start, count) = isSingle ? (0, 1) : (elements.lowerBound, elements.count)
      footprint.read(
        bytes: count * MemoryLayout<S>.stride, at: x[position].address + start * MemoryLayout<S>.stride)
    }
    footprint.write(y.base + elements.lowerBound, count: elements.count)
    return footprint
  }

  override var work: Int { formula.loopCount * y.count }

  private func elements(_ part: Int, of parts: Int) -> Range<Int> {
    let rows = max(y.shape.first ?? 1, 1)
    return Instruction<S>.elements(rows, y.count / rows, part, of: parts)
  }
}

/// An operation on rows, each of which depends on the same row of its operands alone: threads take bands of rows.
class RowPass<S: Scalar>: PlacedOperation<S> {
  final let out: Output<S>
  final let rows: Int
  final let columns: Int

  init(into out: Output<S>) {
    self.out = out
    columns = out.shape[out.shape.rank - 1]
    rows = out.count / max(columns, 1)
  }

  /// Computes a band of rows.
  func run(_ band: Range<Int>) { fatalError("RowPass: an abstract class") }
  /// The memory that a band of rows reads.
  func reads(_ band: Range<Int>) -> Footprint { fatalError("RowPass: an abstract class") }

  final override func execute() { run(0..<rows) }
  final override func execute(part: Int, of parts: Int) { run(Range(part: part, of: parts, in: rows)) }

  final override func footprint(part: Int, of parts: Int) -> Footprint {
    let band = Range(part: part, of: parts, in: rows)
    guard !band.isEmpty else { return Footprint() }
    var footprint = reads(band)
    footprint.write(out.base + band.lowerBound * columns, count: band.count * columns)
    return footprint
  }
}
