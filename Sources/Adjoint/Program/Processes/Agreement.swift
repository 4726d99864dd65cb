// What processes find out together.

extension ProcessGroup {
  /// The error of a process where another one could not do what it does for all.
  package struct FirstFailed: Error, CustomStringConvertible {
    package let description = "process 0 could not do what it does for all; its own sentence says why"
  }

  /// Lets the first process do something, for which all others wait: such as to write a file.
  /// - Parameter patience: the seconds for which they wait for it. It waits for them no longer than in any exchange.
  /// - Throws: what `body` throws on the first process, and `FirstFailed` on all others.
  package func onFirst(patience: Double = 60, _ body: () throws -> Void) throws {
    var failure: (any Error)?
    if isFirst {
      do { try body() } catch { failure = error }
    }
    // A slow disk is no reason to give up; but the first process need not wait for others, who have done nothing meanwhile.
    let failures = largest(failure == nil ? 0 : 1, patience: isFirst ? nil : patience)
    if let failure { throw failure }
    if failures > 0 { throw FirstFailed() }
  }

  /// The first of several facts that the processes do not agree about, with what it is here and elsewhere.
  package func differing(_ facts: [(name: String, value: String)]) -> (name: String, own: String, other: String)? {
    guard count > 1 else { return nil }
    // Whoever starts late has loaded its data meanwhile.
    let hashes = gather(facts.flatMap { fact in withUnsafeBytes(of: hash(fact.value)) { Array($0) } }, patience: 120)
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

  /// FNV-1a, which is the same in every process, unlike Swift's hashes.
  private func hash(_ text: String) -> UInt64 {
    text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }
}
