// Parts, turns and repetitions along axes. An axis below 0 counts from the end.

extension DenseArray {
  /// The elements in the opposite order along each of `axes` (all when left out).
  public func flip(axes: [Int]? = nil, file: StaticString = #fileID, line: UInt = #line) -> Self {
    let own = shape(for: "flip", file: file, line: line)
    var (start, step) = (own.map { _ in 0 }, own.map { _ in 1 })
    let places = (axes ?? Array(own.indices)).map { own.checked(axis: $0, of: "flip", file, line) }
    requireDistinct(places, for: "flip", own, file, line)
    for axis in places {
      start[axis] = max(own[axis] - 1, 0)
      step[axis] = -1
    }
    return step.contains(-1) ? slice(start: start, size: own, step: step, file: file, line: line) : self
  }

  /// The elements in the opposite order along an axis.
  public func flip(axis: Int, file: StaticString = #fileID, line: UInt = #line) -> Self {
    flip(axes: [axis], file: file, line: line)
  }

  /// The elements moved by so many positions along an axis, those that leave at its end coming in again at its beginning:
  /// y[(i + count) mod n] = x[i].
  public func roll(by count: Int, axis: Int = -1, file: StaticString = #fileID, line: UInt = #line) -> Self {
    let own = shape(for: "roll", file: file, line: line)
    let axis = own.checked(axis: axis, of: "roll", file, line)
    let extent = own[axis]
    let shift = extent == 0 ? 0 : (count % extent + extent) % extent
    guard shift != 0 else { return self }
    let parts = [extent - shift..<extent, 0..<extent - shift].map { part($0, of: own, axis, file, line) }
    return Self.joining(parts, axis: axis, file: file, line: line)
  }

  /// Parts of these sizes along an axis, one after the other.
  /// - Precondition: the sizes add up to the axis' extent.
  public func split(
    sizes: [Int], axis: Int = 0, file: StaticString = #fileID, line: UInt = #line
  ) -> [Self] {
    let own = shape(for: "split", file: file, line: line)
    let position = own.checked(axis: axis, of: "split", file, line)
    let total = sizes.reduce((0, false)) { sum, size in
      let (next, overflow) = sum.0.addingReportingOverflow(size)
      return (next, sum.1 || overflow || size < 0)
    }
    guard total == (own[position], false) else {
      fatalError(
        "split: the sizes \(sizes) do not add up to the \(own[position]) positions of axis \(axis) of \(own)",
        file: file,
        line: line)
    }
    var end = 0
    return sizes.map { size in
      end += size
      return part(end - size..<end, of: own, position, file, line)
    }
  }

  /// Parts of so many positions along an axis, of which the last may have fewer. An axis without positions is one part.
  /// - Precondition: `count` is at least 1.
  public func split(
    every count: Int, axis: Int = 0, file: StaticString = #fileID, line: UInt = #line
  ) -> [Self] {
    let own = shape(for: "split", file: file, line: line)
    let position = own.checked(axis: axis, of: "split", file, line)
    guard count >= 1 else {
      fatalError("split: parts of \(count) positions never end; a part has at least 1", file: file, line: line)
    }
    guard own[position] > 0 else { return [self] }
    return stride(from: 0, to: own[position], by: count).map {
      part($0..<$0 + min(count, own[position] - $0), of: own, position, file, line)
    }
  }

  /// At most `count` parts of one size along an axis, of which the last may be smaller: parts of ⌈n / count⌉ positions.
  /// - Precondition: `count` is at least 1.
  public func chunk(
    _ count: Int, axis: Int = 0, file: StaticString = #fileID, line: UInt = #line
  ) -> [Self] {
    let own = shape(for: "chunk", file: file, line: line)
    let position = own.checked(axis: axis, of: "chunk", file, line)
    guard count >= 1 else { fatalError("chunk: \(count) parts are none; give at least 1", file: file, line: line) }
    let size = own[position] / count + (own[position] % count == 0 ? 0 : 1)
    return split(every: max(size, 1), axis: position, file: file, line: line)
  }

  /// The parts at each position of an axis, which is removed: the rows of a matrix. `stack` undoes it.
  public func unstack(axis: Int = 0, file: StaticString = #fileID, line: UInt = #line) -> [Self] {
    let own = shape(for: "unstack", file: file, line: line)
    let axis = own.checked(axis: axis, of: "unstack", file, line)
    let kept = Shape(own.indices.filter { $0 != axis }.map { own[$0] })
    return (0..<own[axis]).map {
      part($0..<$0 + 1, of: own, axis, file, line).reshape(to: kept, file: file, line: line)
    }
  }

  /// This as a tile, laid so many times along each axis. Fewer counts than axes belong to the last axes; more counts than axes
  /// make new axes in front.
  /// - Precondition: no count is below 0.
  public func tile(_ counts: [Int], file: StaticString = #fileID, line: UInt = #line) -> Self {
    let own = shape(for: "tile", file: file, line: line)
    guard counts.allSatisfy({ $0 >= 0 }) else {
      fatalError("tile: \(counts) has a count below 0", file: file, line: line)
    }
    let rank = max(own.rank, counts.count)
    var extents = Array(repeating: 1, count: rank - own.rank) + own
    var y = reshape(to: .checked(extents, of: "tile", file, line), file: file, line: line)
    for (axis, count) in zip(rank - counts.count..<rank, counts) where count != 1 {
      let (outer, inner) = (extents[..<axis].reduce(1, *), extents[axis...].reduce(1, *))
      let (extent, overflow) = extents[axis].multipliedReportingOverflow(by: count)
      extents[axis] = overflow ? .max : extent
      let target = Shape.checked(extents, of: "tile", file, line)
      y = y.reshape(to: [outer, 1, inner], file: file, line: line)
        .broadcast(to: .checked([outer, count, inner], of: "tile", file, line), file: file, line: line)
        .reshape(to: target, file: file, line: line)
    }
    return y
  }

  /// Each position of an axis so many times, one beside the other: [a, b] becomes [a, a, b, b].
  /// - Precondition: the count is not below 0.
  public func repeated(_ count: Int, axis: Int, file: StaticString = #fileID, line: UInt = #line) -> Self {
    let own = shape(for: "repeated", file: file, line: line)
    let axis = own.checked(axis: axis, of: "repeated", file, line)
    let (extent, overflow) = own[axis].multipliedReportingOverflow(by: count)
    guard count >= 0, !overflow else {
      fatalError("repeated: the positions of an axis cannot stand there \(count) times", file: file, line: line)
    }
    let (outer, inner) = (own[...axis].reduce(1, *), own[(axis + 1)...].reduce(1, *))
    let target = Shape.checked(
      own.indices.map { $0 == axis ? extent : own[$0] }, of: "repeated", file, line)
    return reshape(to: [outer, 1, inner], file: file, line: line)
      .broadcast(to: .checked([outer, count, inner], of: "repeated", file, line), file: file, line: line)
      .reshape(to: target, file: file, line: line)
  }

  /// The positions of a range along an axis.
  private func part(
    _ range: Range<Int>, of own: Shape, _ axis: Int, _ file: StaticString, _ line: UInt
  ) -> Self {
    range.count == own[axis]
      ? self
      : slice(
        start: own.indices.map { $0 == axis ? range.lowerBound : 0 },
        size: own.replacing(axis: axis, with: range.count),
        step: [], file: file, line: line)
  }
}
