import Foundation

/// The revision of the checkout in the current directory, as git knows it.
enum Revision {
  /// The first digits of the revision, with a + behind them where files differ from it; `nil` outside of a checkout.
  static var current: String? {
    guard let revision = git("rev-parse", "--short=7", "HEAD"), let changes = git("status", "--porcelain", "Sources")
    else { return nil }
    return changes.isEmpty ? revision : revision + "+"
  }

  /// What git prints; `nil` when it fails, or is not installed.
  private static func git(_ arguments: String...) -> String? {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["git"] + arguments
    (process.standardOutput, process.standardError) = (output, FileHandle.nullDevice)
    guard (try? process.run()) != nil else { return nil }
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return process.terminationStatus == 0 ? text.trimmingCharacters(in: .whitespacesAndNewlines) : nil
  }
}
