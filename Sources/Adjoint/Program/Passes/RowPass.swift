/// An operation on rows of which each depends on the same row of its operands alone: threads take bands of rows.
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
