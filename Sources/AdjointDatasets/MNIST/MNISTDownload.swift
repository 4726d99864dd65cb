import AdjointFiles
import Foundation

/// Fetching MNIST, for those who ask for it: nothing else in the package uses a network.
extension MNIST {
  /// The addresses at which the four files are published, each under its name with `.gz`, in the order of trying.
  @usableFromInline package static let mirrors = [
    "https://storage.googleapis.com/cvdf-datasets/mnist", "https://ossci-datasets.s3.amazonaws.com/mnist",
  ]

  /// Downloads those of the four files that a directory lacks (11 MB in all), with the system's `curl`.
  ///
  /// A file is written under a temporary name, its content is compared with the published checksum, and only then is it
  /// renamed. A file that is already there is verified and never overwritten.
  /// - Parameters:
  ///   - directory: Is created when it does not exist.
  ///   - mirrors: Addresses of directories (https, or file for a local copy).
  ///   - report: Is called with a sentence for each file.
  /// - Throws: `.download` with curl's own words when no mirror answers (offline, for example), `.checksum`
  ///   for a wrong file, `.missingLibrary` without zlib.
  public static func download(
    to directory: URL, mirrors: [String] = MNIST.mirrors, report: (String) -> Void = { _ in }
  ) throws(FileError) {
    do {
      try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    } catch {
      throw FileError(
        .unwritableFile, file: directory.path, at: .wholeFile, expected: "a directory",
        found: "the error '\(error.localizedDescription)'", remedy: "Choose a directory that you may write to.")
    }
    for file in files {
      if let present = locate(file, in: directory) {
        try verify(present, is: file)
        report("\(file.name): already there, verified")
      } else {
        try fetch(file, into: directory, mirrors: mirrors)
        report("\(file.name): downloaded, verified")
      }
    }
  }

  private static func fetch(_ file: File, into directory: URL, mirrors: [String]) throws(FileError) {
    let name = file.name + ".gz"
    let partial = directory.appendingPathComponent(".\(name).\(ProcessInfo.processInfo.globallyUniqueString)")
    defer { try? FileManager.default.removeItem(at: partial) }  // after the renaming there is nothing to remove
    var complaints: [String] = []
    for mirror in mirrors {
      let address = "\(mirror)/\(name)"
      if let complaint = try curl(address, to: partial) {
        complaints.append("\(address): \(complaint)")
        continue
      }
      try verify(partial, is: file)
      do {
        try FileManager.default.moveItem(at: partial, to: directory.appendingPathComponent(name))
      } catch {
        throw FileError(
          .unwritableFile, file: directory.appendingPathComponent(name).path, at: .wholeFile,
          expected: "to rename the downloaded file", found: "the error '\(error.localizedDescription)'",
          remedy: "Choose a directory that you may write to.")
      }
      return
    }
    throw FileError(
      .download, file: directory.appendingPathComponent(name).path, at: .wholeFile,
      expected: "the file from one of \(mirrors.count) mirrors", found: complaints.joined(separator: "; "),
      remedy: "Check the network, or copy MNIST's four files into \(directory.path) by other means.")
  }

  private static func verify(_ url: URL, is file: File) throws(FileError) {
    let input = try InputFile(url, gzip: .system)
    try check(input.contents(atMost: file.byteCount), is: file, path: input.path)
  }

  /// Runs curl, and returns what it complains about, or nil on success.
  private static func curl(_ address: String, to url: URL) throws(FileError) -> String? {
    #if canImport(Darwin) && !os(macOS)
      throw FileError(
        .download, file: url.path, at: .wholeFile, expected: "a system on which a program may run curl",
        found: "another",
        remedy: "Copy MNIST's four files by other means.")
    #else
      let paths = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
      let candidates = paths.map { "\($0)/curl" }
      guard let path = candidates.first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else {
        throw FileError(
          .download, file: url.path, at: .wholeFile, expected: "the program curl on the PATH", found: "none",
          remedy: "Install curl (Debian and Ubuntu: package curl), or copy MNIST's four files by other means.")
      }
      let process = Process()
      process.executableURL = URL(fileURLWithPath: path)
      process.arguments = [
        // First of all, ignore the user's settings: the same command everywhere.
        "--disable", "--silent", "--show-error", "--fail", "--location", "--proto", "=https,file", "--proto-redir",
        "=https",
        "--connect-timeout", "20", "--max-time", "600", "--max-filesize", "60000000", "--output", url.path, address,
      ]
      let errors = Pipe()
      process.standardInput = FileHandle.nullDevice
      process.standardOutput = FileHandle.nullDevice
      process.standardError = errors
      do {
        try process.run()
      } catch {
        return "curl does not start: \(error.localizedDescription)"
      }
      // Read to the end before waiting: a full pipe would block curl for ever.
      let words = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      if process.terminationStatus == 0 { return nil }
      let complaint = words.trimmingCharacters(in: .whitespacesAndNewlines)
      return complaint.isEmpty ? "curl ended with status \(process.terminationStatus)" : complaint
    #endif
  }
}
