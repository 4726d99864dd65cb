import AdjointFiles

/// The facts about the format of a trace that its writer and its readers share. Docs/Traces.md states the whole.
package enum TraceFormat {
  /// The number of the rules by which a trace is written.
  package static let version = 1
  /// The first characters of every trace of any version.
  package static let beginning = #"{"format":"adjoint trace","#
  /// The elements that a step holds of a node that it does not hold whole; each step holds a smaller node whole.
  package static let sampleCount = 32
  /// The most elements of a node that the first step holds whole, where nobody asks for more: half a megabyte of `Float`.
  package static let firstLimit = 131_072

  /// The number of elements that a step holds of a node of `count` elements, which holds nodes of at most `limit` whole.
  package static func heldCount(of count: Int, limit: Int) -> Int { count <= limit ? count : min(count, sampleCount) }

  /// The row-major positions of those elements: all of them, or one from each of 32 equal stretches, so that they do not
  /// fall into one column.
  package static func heldPositions(of count: Int, limit: Int) -> [Int] {
    guard count > limit, count > sampleCount else { return Array(0..<count) }
    return (0..<sampleCount).map { k in
      let (start, end) = (k * count / sampleCount, (k + 1) * count / sampleCount)
      return start + k * 40_503 % (end - start)
    }
  }
}
