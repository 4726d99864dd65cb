// Reductions whose terms no single kernel reaches, since they do not stand a fixed distance apart: over axes apart from
// each other, over rows with one index, over windows that overlap. They are combined pairwise, in an order that their
// number alone decides.

extension ArrayLoops where Self: Scalar {
  /// The most rows that are added up in order; more are cut in two halves.
  @inlinable package static var rowBlock: Int { 32 }

  /// y = Σ, max or min of some rows of `width` elements. `row` gives the address of a row by its number; it may have
  /// put the row into the scratch that it is given.
  @usableFromInline
  static func combine(
    _ r: Reduction, rows: Range<Int>, width: Int, into y: UnsafeMutablePointer<Self>,
    _ row: (Int, UnsafeMutablePointer<Self>) -> UnsafePointer<Self>
  ) {
    withUnsafeTemporaryAllocation(of: Self.self, capacity: width) { buffer in
      guard let scratch = buffer.baseAddress else { return }
      func onto(_ other: UnsafePointer<Self>) {
        if width == 1 {
          y.pointee = r.combining(y.pointee, other.pointee)
        } else {
          zip(.binary(r.combining), y, strideA: 1, other, strideB: 1, y, count: width)
        }
      }
      guard rows.count > rowBlock else {
        y.update(from: row(rows.lowerBound, y), count: width)
        for i in rows.dropFirst() { onto(row(i, scratch)) }
        return
      }
      let middle = rows.lowerBound + rows.count / 2
      combine(r, rows: rows.lowerBound..<middle, width: width, into: y, row)
      combine(r, rows: middle..<rows.upperBound, width: width, into: scratch, row)
      onto(scratch)
    }
  }

  /// Cuts a width into strips so narrow that one stays within what the standard library takes from the stack. `body` is
  /// given such a strip.
  @usableFromInline
  static func forEachStrip(of width: Int, _ body: (_ start: Int, _ width: Int, UnsafeMutablePointer<Self>) -> Void) {
    let capacity = max(512 / MemoryLayout<Self>.stride, 1)
    withUnsafeTemporaryAllocation(of: Self.self, capacity: capacity) { strip in
      guard let address = strip.baseAddress else { return }
      for start in stride(from: 0, to: width, by: capacity) { body(start, min(capacity, width - start), address) }
    }
  }
}

extension Reduction {
  /// The function of two arguments that this reduction repeats.
  fileprivate var combining: Binary {
    switch self {
    case .sum: .add
    case .maximum: .maximum
    case .minimum: .minimum
    }
  }
}

/// Rows of x that a kernel reduces at once.
struct RowRun<S: Scalar> {
  let x: UnsafePointer<S>
  let rows: Int
  let columns: Int
  /// The distance of two rows.
  let stride: Int
  /// The position in y of the first column.
  let position: Int
}

extension Output {
  /// Reduces x over the groups that are reduced: `kernel` reduces runs of the innermost ones, and what it gives is
  /// combined over those outside them.
  func forEachRun(
    of x: View<S>, _ groups: AxisGroups, combining r: Reduction,
    _ kernel: (RowRun<S>, UnsafeMutablePointer<S>) -> Void
  ) {
    let columns = groups.keptRun
    var outside = groups.count
    if outside > 0, !groups.reduced[outside - 1] { outside -= 1 }
    var rows = 1
    if outside > 0 {
      rows = groups.extents[outside - 1]
      outside -= 1
    }
    let terms = groups.reducedSize(before: outside)
    if terms == 1 {
      for i in 0..<count / columns {
        kernel(
          RowRun(x: x.base + i * rows * columns, rows: rows, columns: columns, stride: columns, position: i * columns),
          base + i * columns)
      }
      return
    }
    // One reduced group outside has a step; several have an odometer.
    let step = groups.reducedCount == 2 ? groups.source(ofTerm: 1, before: outside) : nil
    for start in stride(from: 0, to: count, by: columns) {
      let source = x.base + groups.source(of: start)
      S.forEachStrip(of: columns) { offset, width, strip in
        let position = start + offset
        S.combine(r, rows: 0..<terms, width: width, into: strip) { term, scratch in
          let place = source + (offset + (step.map { term * $0 } ?? groups.source(ofTerm: term, before: outside)))
          kernel(RowRun(x: place, rows: rows, columns: width, stride: columns, position: position), scratch)
          return UnsafePointer(scratch)
        }
        (base + position).update(from: strip, count: width)
      }
    }
  }

  /// y = Σ (x − mean)² / divisor over `axes`, in two passes, so that no digits cancel.
  func variance(_ x: View<S>, over axes: AxisSet, meanDivisor: Double, divisor: Double) {
    guard count > 0 else { return }
    reduce(.sum, x, over: axes)
    divide(by: meanDivisor)
    // A run's means stand in y until its sums replace them.
    forEachRun(of: x, AxisGroups(shape: x.shape, reduced: axes), combining: .sum) { run, y in
      let means = base + run.position
      if run.columns == 1, run.stride == 1 {
        y.pointee = S.squares(run.x, about: means.pointee, count: run.rows)
      } else {
        S.squareRows(run.x, stride: run.stride, about: means, y, rows: run.rows, columns: run.columns)
      }
    }
    divide(by: divisor)
  }

  /// The size of the order that `scatterAddRows` needs.
  func scatterOrder(of index: View<S>) -> Int { shape[0] + index.count }

  /// y[r, :] = Σ x[i, :] over i with index[i] = r. Where more than a block of rows has one index, the rows of x are
  /// ordered by their index first.
  func scatterAddRows(_ x: View<S>, _ index: View<S>, order: UnsafeMutableBufferPointer<Int>) {
    let (rows, width) = (shape[0], shape.dropFirst().reduce(1, *))
    // order[r] is the end of the rows with index r, which stand behind all ends; while they are filled in, the next place.
    order[..<rows].update(repeating: 0)
    var most = 0
    for target in index.indices {
      order[Int(target)] += 1
      most = max(most, order[Int(target)])
    }
    if most <= S.rowBlock {
      clear()
      for (row, target) in index.indices.enumerated() {
        let place = base + Int(target) * width
        S.zip(.binary(.add), place, strideA: 1, x.base + row * width, strideB: 1, place, count: width)
      }
      return
    }
    var end = rows
    for r in 0..<rows {
      end += order[r]
      order[r] = end - order[r]
    }
    for (source, target) in index.indices.enumerated() {
      order[order[Int(target)]] = source
      order[Int(target)] += 1
    }
    for r in 0..<rows {
      let (own, place) = ((r == 0 ? rows : order[r - 1])..<order[r], base + r * width)
      if own.count < 2 {
        if own.isEmpty { place.update(repeating: 0, count: width) }
        for i in own { place.update(from: x.base + order[i] * width, count: width) }
        continue
      }
      S.forEachStrip(of: width) { offset, size, _ in
        S.combine(.sum, rows: own, width: size, into: place + offset) { i, _ in x.base + (order[i] * width + offset) }
      }
    }
  }
}
