import Dispatch

/// body(0), body(1), …, computed on all cores, in order.
///
/// Each piece makes its own tapes, which are not `Sendable`; a result depends on its number alone.
package func inParallel<T: Sendable>(_ count: Int, _ body: @Sendable (Int) -> T) -> [T] {
  [T](unsafeUninitializedCapacity: count) { buffer, initialized in
    // Every iteration writes to a place of its own.
    nonisolated(unsafe) let places = buffer
    DispatchQueue.concurrentPerform(iterations: count) { number in
      (places.baseAddress.map { $0 + number })?.initialize(to: body(number))
    }
    initialized = count
  }
}
