import Foundation

/// The most memory that this process has had resident at any time, in MiB; nil where the system does not say.
///
/// Linux is asked for the process's own high-water mark: the count that a parent gets begins with the parent's memory, since
/// a child starts as its copy.
package enum PeakMemory {
  package static var mebibytes: Double? {
    #if canImport(Darwin)
      var usage = rusage()
      return getrusage(RUSAGE_SELF, &usage) == 0 ? Double(usage.ru_maxrss) / 0x1p20 : nil
    #else
      guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
        let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
        let kibibytes = line.split(whereSeparator: { " \t".contains($0) }).dropFirst().first.flatMap({ Double($0) })
      else { return nil }
      return kibibytes / 1024
    #endif
  }
}
