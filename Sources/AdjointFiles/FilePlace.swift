import Foundation

/// The place that a path means: the same for everyone who reads it, writes it or compares it.
///
/// Foundation's own ways disagree: a URL made from a path takes a leading `~` for the home folder and `a/..` for nothing,
/// which a path does not; resolving links drops control characters, and leaves a link that leads nowhere as it is.
package enum FilePlace {
  /// The file that a person's path means: a leading `~/`, which shells leave alone behind `=`, is the home folder. All else
  /// means what it means to the system.
  package static func url(_ path: String, isDirectory: Bool = false) -> URL {
    var path = path
    if path == "~" || path.utf8.starts(with: "~/".utf8) {
      path = home + String(decoding: path.utf8.dropFirst(), as: UTF8.self)
    } else if path.utf8.first != slash {
      path = FileManager.default.currentDirectoryPath + "/" + path
    }
    // `a/./b` is `a/b` whatever a is; `a/../b` is not `b` where a is a link.
    let parts = path.utf8.split(separator: slash).map { String(decoding: $0, as: UTF8.self) }.filter { $0 != "." }
    return URL(fileURLWithPath: "/" + parts.joined(separator: "/"), isDirectory: isDirectory)
  }

  /// The path that a file is read from and written to: a link is followed, also one whose file is still to be made.
  ///
  /// So a link stays, and the file behind it is replaced. Nil where links lead in a circle.
  package static func target(of url: URL) -> String? {
    var path = url.path
    // As many as Linux follows.
    for _ in 0...40 {
      guard let link = try? FileManager.default.destinationOfSymbolicLink(atPath: path) else { return path }
      path = link.utf8.first == slash ? link : folder(of: path) + "/" + link
    }
    return nil
  }

  /// The folder in which the file of a path stands.
  static func folder(of path: String) -> String {
    guard let end = path.utf8.lastIndex(of: slash) else { return "." }
    return end == path.utf8.startIndex ? "/" : String(decoding: path.utf8[..<end], as: UTF8.self)
  }

  /// True when both mean one file, whether or not it exists: also by another spelling, and through links.
  package static func isSame(_ a: URL, _ b: URL) -> Bool {
    guard let a = resolved(a), let b = resolved(b) else { return false }
    return a == b
  }

  /// The bytes of the target's path, its folder without links: bytes, since é has two spellings that are two names.
  private static func resolved(_ url: URL) -> [UInt8]? {
    guard let target = target(of: url), let folder = realpath(folder(of: target), nil) else { return nil }
    defer { free(folder) }
    let name = target.utf8.split(separator: slash, omittingEmptySubsequences: false).last ?? ""[...].utf8
    return Array(String(cString: folder).utf8) + [slash] + Array(name)
  }

  /// As shells say it.
  private static var home: String {
    ProcessInfo.processInfo.environment["HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? NSHomeDirectory()
  }

  private static let slash = UInt8(ascii: "/")
}
