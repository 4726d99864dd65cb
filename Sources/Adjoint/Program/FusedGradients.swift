// Gradients that a rule records as several operations and a program computes in one pass over rows. Every bit is that of the
// operations apart.

/// A pass over rows of which each depends on the same row of its operands alone: threads take bands of rows.
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
  /// What a band of rows reads.
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

/// The gradient of log-softmax: x̄ = ȳ − e^y Σ ȳ along the last axis.
final class LogSoftmaxGradient<S: Scalar>: RowPass<S> {
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

/// The gradient of picking an element of each row: x̄[i, j] = ȳ[i] where j is the index of row i, and 0 elsewhere.
final class PickGradient<S: Scalar>: RowPass<S> {
  private let g: View<S>
  private let index: View<S>

  init(g: View<S>, index: View<S>, into out: Output<S>) {
    (self.g, self.index) = (g, index)
    super.init(into: out)
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  override func run(_ band: Range<Int>) {
    let (g, index, out) = (g.base, index.indices, out.base)
    for row in band {
      // Times 0 and 1, as recorded: an infinite ȳ makes every other element NaN.
      (out + row * columns).update(repeating: g[row] * 0, count: columns)
      out[row * columns + Int(index[row])] = g[row] * 1
    }
  }

  override func reads(_ band: Range<Int>) -> Footprint {
    var footprint = Footprint()
    footprint.read(g.base + band.lowerBound, count: band.count)
    let stride = MemoryLayout<Int32>.stride
    footprint.read(bytes: band.count * stride, at: UnsafeRawPointer(index.address) + band.lowerBound * stride)
    return footprint
  }

  override var work: Int { out.count + 4 * rows }
}
