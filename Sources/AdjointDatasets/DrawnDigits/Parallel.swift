import Dispatch

/// Fills rows of bytes on all cores: row i by `body(i, row, &scratch)`.
///
/// Rows are disjoint and a row depends on its number alone, so the result is the same on any number of threads. `scratch`
/// makes what a thread reuses from row to row.
func bytesInParallel<Scratch>(
  count: Int, width: Int, scratch: @autoclosure @Sendable () -> Scratch,
  body: @Sendable (Int, UnsafeMutableBufferPointer<UInt8>, inout Scratch) -> Void
) -> [UInt8] {
  [UInt8](unsafeUninitializedCapacity: count * width) { bytes, initialized in
    // Pieces are small enough for the cores to finish together, and large enough to pay for their scratch memory.
    let piece = 128
    // Every iteration writes to rows of its own.
    nonisolated(unsafe) let rows = bytes
    rows.initialize(repeating: 0)
    DispatchQueue.concurrentPerform(iterations: (count + piece - 1) / piece) { number in
      var memory = scratch()
      for row in number * piece..<min((number + 1) * piece, count) {
        body(row, UnsafeMutableBufferPointer(rebasing: rows[row * width..<(row + 1) * width]), &memory)
      }
    }
    initialized = count * width
  }
}
