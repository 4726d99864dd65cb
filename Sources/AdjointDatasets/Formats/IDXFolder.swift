import AdjointFiles
import Foundation

/// The four files of a data set in IDX format, found by their names wherever archives and programs put them.
///
/// `train-images-idx3-ubyte`, `train-images.idx3-ubyte`, `emnist-letters-train-images-idx3-ubyte`, each plain or `.gz`; in
/// the folder itself, in `MNIST/raw` as torchvision has them, or each in a folder of its own name.
package struct IDXFolder {
  package let trainingImages: URL
  package let trainingLabels: URL
  package let testImages: URL
  package let testLabels: URL
  /// The file with the characters of the classes, as EMNIST has it; nil without one.
  package let mapping: URL?

  private static let roles = ["train-images", "train-labels", "test-images", "test-labels"]

  /// The data set in a folder; a last component that is no folder is the beginning of its names, such as
  /// `emnist/emnist-letters`.
  /// - Throws: `FileError` when a file is missing, or when the folder holds several data sets.
  package init(_ url: URL) throws(FileError) {
    let isFolder = IDXFolder.isFolder(url)
    let folder = isFolder ? url : url.deletingLastPathComponent()
    var sets: [String: [String: URL]] = [:]
    IDXFolder.visit(folder, depth: 3) { file in
      guard let (prefix, role) = IDXFolder.parse(file.lastPathComponent) else { return }
      if !isFolder, prefix != url.lastPathComponent + "-" { return }
      // A folder that is named like a file holds that file alone.
      var home = file.deletingLastPathComponent()
      if IDXFolder.parse(home.lastPathComponent) != nil { home.deleteLastPathComponent() }
      let key = home.path + "/" + prefix
      if sets[key]?[role] == nil { sets[key, default: [:]][role] = file }
    }
    let whole = sets.filter { set in IDXFolder.roles.allSatisfy { set.value[$0] != nil } }
    guard whole.count < 2 else {
      let names = whole.keys.sorted().map { $0.hasSuffix("-") ? String($0.dropLast()) : $0 }
      throw FileError(
        .mismatch, file: url.path, at: .wholeFile, expected: "one data set", found: "\(names.count)",
        remedy: "Name one of them: \(names.prefix(8).joined(separator: ", ")).")
    }
    guard let files = whole.first?.value, let a = files["train-images"], let b = files["train-labels"],
      let c = files["test-images"], let d = files["test-labels"]
    else {
      let found = sets.values.flatMap(\.values).map(\.lastPathComponent).sorted()
      throw FileError(
        .missingFile, file: url.path, at: .wholeFile,
        expected: "the files train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and "
          + "t10k-labels-idx1-ubyte of one data set, plain or .gz",
        found: found.isEmpty ? "none of them" : found.prefix(8).joined(separator: ", "),
        remedy: "Put them into this folder, into MNIST/raw below it, or each into a folder of its own name.")
    }
    (trainingImages, trainingLabels, testImages, testLabels) = (a, b, c, d)
    mapping = files["mapping"]
  }

  /// True when files in the parent folder begin with this name: a data set among several.
  package static func isPrefix(_ url: URL) -> Bool {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: url.deletingLastPathComponent().path)) ?? []
    return names.contains { parse($0)?.prefix == url.lastPathComponent + "-" }
  }

  /// The names of the classes by their labels, from lines `1 65 97`: a label and the codes of its characters.
  /// - Throws: `FileError` for a line of another form.
  package func classNames() throws(FileError) -> [Int: String] {
    guard let mapping else { return [:] }
    let text = String(decoding: try InputFile(mapping).contents(atMost: 1 << 20), as: UTF8.self)
    var names: [Int: String] = [:]
    for (number, line) in text.split(whereSeparator: \.isNewline).enumerated() {
      let fields = line.split(whereSeparator: \.isWhitespace).map { Int($0) }
      guard fields.count > 1, let label = fields[0], let code = fields[1],
        let scalar = UnicodeScalar(UInt32(clamping: code))
      else {
        throw FileError(
          .badValue, file: mapping.path, at: .line(number + 1, column: 1), expected: "a label and codes of characters",
          found: quoted(String(line)), remedy: "Correct the line, or remove the file; then labels are named by numbers."
        )
      }
      names[label] = String(scalar)
    }
    return names
  }

  /// `emnist-letters-` and `train-images` of `emnist-letters-train-images-idx3-ubyte.gz`; nil for other names.
  private static func parse(_ name: String) -> (prefix: String, role: String)? {
    let plain = name.hasSuffix(".gz") ? String(name.dropLast(3)) : name
    if plain.hasSuffix("mapping.txt") { return (String(plain.dropLast("mapping.txt".count)), "mapping") }
    for (word, role) in zip(roles + ["t10k-images", "t10k-labels"], roles + roles.suffix(2)) {
      guard let range = plain.range(of: word) else { continue }
      let rest = plain[range.upperBound...]
      guard rest.isEmpty || rest.hasPrefix("-idx") || rest.hasPrefix(".idx") else { continue }
      return (String(plain[..<range.lowerBound]), role)
    }
    return nil
  }

  private static func isFolder(_ url: URL) -> Bool {
    var isDirectory: ObjCBool = false
    return FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory) && isDirectory.boolValue
  }

  /// Shows every file, those of a folder before those of folders below it, plain ones before compressed ones.
  private static func visit(_ folder: URL, depth: Int, _ body: (URL) -> Void) {
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
    // A folder of pictures is no place to search in.
    guard names.count <= 2000 else { return }
    let entries = names.map { folder.appendingPathComponent($0) }
    for file in entries where !isFolder(file) { body(file) }
    guard depth > 0 else { return }
    for below in entries where isFolder(below) { visit(below, depth: depth - 1, body) }
  }
}
