import Foundation

// What processes find out together.

extension ProcessGroup {
  /// The error of a process where another one could not do its part.
  package struct OtherFailed: Error, CustomStringConvertible {
    package let description: String

    fileprivate init(_ rank: Int) { description = "process \(rank) could not do its part; its own sentence says why" }
  }

  /// Lets each process do something of any length by itself, such as to read a file. Returns when all have done it.
  ///
  /// Meanwhile a thread of each shows the others that it lives: they give up one that is stopped, and wait for one that is slow.
  /// - Throws: what `body` throws; `OtherFailed` where another process has thrown.
  package func patiently<Result>(_ body: () throws -> Result) throws -> Result {
    guard count > 1 else { return try body() }
    let pulse = Pulse(of: self)
    let result = Swift.Result { try body() }
    var state = Pulse.State.done
    if case .failure = result { state = .failed }
    let failed = pulse.end(state)
    let value = try result.get()
    if let failed { throw OtherFailed(failed) }
    return value
  }

  /// Lets the first process do something for all, such as to write a file, when all have come so far; the others wait for it.
  /// - Throws: what `body` throws on the first process, and `OtherFailed` on all others.
  package func onFirst(_ body: () throws -> Void) throws {
    _ = largest(0)
    try patiently { if isFirst { try body() } }
  }

  /// The first of several facts that the processes do not agree about, with what it is here and elsewhere.
  package func differing(_ facts: [(name: String, value: String)]) -> (name: String, own: String, other: String)? {
    guard count > 1 else { return nil }
    let hashes = gather(facts.flatMap { fact in withUnsafeBytes(of: stableHash(fact.value.utf8)) { Array($0) } })
    for (number, fact) in facts.enumerated() {
      let place = 8 * number..<8 * (number + 1)
      guard let unlike = hashes.firstIndex(where: { $0[place] != hashes[0][place] }) else { continue }
      let size = 160
      let texts = gather(Array((Array(fact.value.utf8) + Array(repeating: 0, count: size)).prefix(size)))
      let shown = texts.map { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      return (fact.name, shown[rank], shown[hashes[rank][place] == hashes[0][place] ? unlike : 0])
    }
    return nil
  }
}

/// The signs of life that a process gives while it does something by itself. A lock guards what its two threads share.
private final class Pulse: Sendable {
  enum State: UInt8 { case works, done, failed }

  private let condition = NSCondition()
  // Unchecked: read and written under the condition's lock alone.
  private nonisolated(unsafe) var own = State.works
  /// The last state of every process, once none works.
  // Unchecked: read and written under the condition's lock alone.
  private nonisolated(unsafe) var states: [UInt8]?

  init(of group: ProcessGroup) {
    Thread.detachNewThread { [self] in
      var all: [UInt8]
      repeat { all = group.gather([nextState()]).map { $0[0] } } while all.contains(State.works.rawValue)
      condition.lock()
      states = all
      condition.broadcast()
      condition.unlock()
    }
  }

  /// The state in half a second, or as soon as it changes.
  private func nextState() -> UInt8 {
    condition.lock()
    defer { condition.unlock() }
    let limit = Date(timeIntervalSinceNow: 0.5)
    while own == .works, condition.wait(until: limit) {}
    return own.rawValue
  }

  /// Says how this process has ended, and waits for all. Returns one that has failed.
  func end(_ state: State) -> Int? {
    condition.lock()
    defer { condition.unlock() }
    own = state
    condition.broadcast()
    while true {
      if let states { return states.firstIndex(of: State.failed.rawValue) }
      condition.wait()
    }
  }
}
