import AdjointFiles

/// The facts about the format of a trace that its writer and its readers share. Docs/Traces.md states the whole.
package enum TraceFormat {
  /// The number of the rules by which a trace is written.
  package static let version = 1
  /// The first characters of every trace of any version.
  package static let beginning = #"{"format":"adjoint trace","#
  /// The most elements of a node that a step holds, unless it holds all.
  package static let heldCount = 32

  /// The row-major positions of the elements that a step holds of a node of `count` elements: all of them, or one from each
  /// of 32 equal stretches, at a place that is no multiple of a row.
  package static func heldPositions(of count: Int) -> [Int] {
    guard count > heldCount else { return Array(0..<count) }
    return (0..<heldCount).map { k in
      let (start, end) = (k * count / heldCount, (k + 1) * count / heldCount)
      return start + k * 40_503 % (end - start)
    }
  }
}
