import Foundation
import Testing

#if DEBUG
  private let isOptimized = false
#else
  private let isOptimized = true
#endif

/// What a training step asks of the heap and of the reference counts, as the executable `AllocationProbe` counts it. Only an
/// optimised build is judged: the compiler's own temporaries are gone there.
@Suite(.enabled(if: isOptimized, "counted in release builds only: swift test -c release"))
struct AllocationTests {
  private struct Counts: Decodable, Equatable {
    var allocations, retains, releases: Int
  }

  private struct Report: Decodable {
    var isSupported: Bool
    var controls, steps, runs: [String: Counts]
    var examples: Int
    var offenders: [String: Counts]
  }

  /// Runs the probe, which is built beside this test. `nil` where the system does not let it count.
  private static let report = Result { try run() }

  private static func run() throws -> Report? {
    #if canImport(Glibc)
      let this = URL(fileURLWithPath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
      let process = Process()
      process.executableURL = this.deletingLastPathComponent().appendingPathComponent("AllocationProbe")
      let output = Pipe()
      process.standardOutput = output
      try process.run()
      let data = output.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      try #require(process.terminationStatus == 0)
      let report = try JSONDecoder().decode(Report.self, from: data)
      try #require(report.isSupported)
      return report
    #else
      return nil
    #endif
  }

  @Test func `the counters count: one allocation, one retain, one release`() throws {
    guard let report = try Self.report.get() else { return }
    #expect(
      report.controls == [
        "allocate": Counts(allocations: 1, retains: 0, releases: 0),
        "retain": Counts(allocations: 0, retains: 1, releases: 0),
        "release": Counts(allocations: 0, retains: 0, releases: 1),
      ])
  }

  @Test func `a whole training step allocates nothing`() throws {
    guard let report = try Self.report.get() else { return }
    #expect(report.steps.count == 30)
    for (name, counts) in report.steps.sorted(by: { $0.key < $1.key }) {
      print("\(name): \(counts.allocations) allocations, \(counts.retains) retains, \(counts.releases) releases")
      #expect(counts.allocations == 0, "\(name)")
    }
  }

  @Test func `a run allocates nothing and touches no reference count, on large tensors too`() throws {
    guard let report = try Self.report.get() else { return }
    #expect(report.runs.count == 57)
    for (name, counts) in report.runs {
      #expect(counts == Counts(allocations: 0, retains: 0, releases: 0), "\(name)")
    }
  }

  @Test func `neither does any operation of the library, on any of its examples, fused or not`() throws {
    guard let report = try Self.report.get() else { return }
    print("\(report.examples) examples in Float and Double, fused and not: \(report.offenders.count) count anything")
    #expect(report.examples > 500)
    #expect(report.offenders.isEmpty, "\(report.offenders)")
  }
}
