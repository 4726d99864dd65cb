import AllocationHooks

/// What one call asked of the heap and of the reference counts.
struct Counts: Codable, Equatable {
  var allocations: Int
  var retains: Int
  var releases: Int

  /// Runs `body` and counts, on this thread.
  static func during(_ body: () throws -> Void) rethrows -> Counts {
    allocation_hooks_begin()
    defer { _ = allocation_hooks_end() }
    try body()
    let counts = allocation_hooks_end()
    return Counts(allocations: counts.allocations, retains: counts.retains, releases: counts.releases)
  }

  static func + (a: Counts, b: Counts) -> Counts {
    Counts(
      allocations: a.allocations + b.allocations, retains: a.retains + b.retains, releases: a.releases + b.releases)
  }
}

/// What the probe prints, as one line of JSON.
struct Report: Codable {
  /// Whether this system lets the probe count.
  var isSupported: Bool
  /// Known counts: that the counters count.
  var controls: [String: Counts] = [:]
  /// Calls of a training step, by name.
  var steps: [String: Counts] = [:]
  /// `Program.run()`, by name.
  var runs: [String: Counts] = [:]
  /// How many examples of the catalogue were run.
  var examples = 0
  /// Those whose run counted anything.
  var offenders: [String: Counts] = [:]
}

/// An object to allocate and to retain, kept where the optimiser does not see it.
final class Witness {
  // The probe has one thread.
  nonisolated(unsafe) static var kept: Witness?

  @inline(never)
  static func allocate() { kept = Witness() }

  /// One call that must allocate once, one that must retain once, and one that must release once.
  static func controls() -> [String: Counts] {
    allocate()
    guard let object = kept else { return [:] }
    let reference = Unmanaged.passUnretained(object)
    kept = nil
    var counts = ["retain": Counts.during { _ = reference.retain() }]
    counts["release"] = Counts.during { reference.release() }
    counts["allocate"] = Counts.during { allocate() }
    return withExtendedLifetime(object) { counts }
  }
}
