import AdjointFiles
import Foundation

/// The MNIST database of handwritten digits: 60,000 training and 10,000 test images of 28 × 28 bytes.
///
/// A directory holds its four files, plain or gzip. Their content is compared with the published checksums, which takes a
/// fraction of a second in a release build; `verify: false` also reads other data in the same format, such as
/// Fashion-MNIST.
///
/// Source: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document recognition",
/// Proceedings of the IEEE 86 (1998).
public enum MNIST {
  /// One of the two sets.
  package enum Part: String, Sendable, CaseIterable {
    case training
    case test
  }

  /// One of the four files, as published.
  package struct File: Sendable, Hashable {
    /// The name without `.gz`.
    package let name: String
    /// The length of the decompressed content.
    package let byteCount: Int
    /// The SHA-256 of the decompressed content, in hexadecimal.
    package let sha256: String
  }

  /// The images of a part.
  package static func images(_ part: Part) -> File {
    switch part {
    case .training:
      File(
        name: "train-images-idx3-ubyte", byteCount: 47_040_016,
        sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db")
    case .test:
      File(
        name: "t10k-images-idx3-ubyte", byteCount: 7_840_016,
        sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7")
    }
  }

  /// The labels of a part.
  package static func labels(_ part: Part) -> File {
    switch part {
    case .training:
      File(
        name: "train-labels-idx1-ubyte", byteCount: 60_008,
        sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5")
    case .test:
      File(
        name: "t10k-labels-idx1-ubyte", byteCount: 10_008,
        sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2")
    }
  }

  /// All four files.
  package static let files: [File] = Part.allCases.flatMap { [images($0), labels($0)] }

  /// The names of the digits.
  @usableFromInline package static let classNames = (0...9).map(String.init)

  /// True when a directory holds all four files, whatever is in them.
  package static func isPresent(in directory: URL) -> Bool { files.allSatisfy { locate($0, in: directory) != nil } }

  /// Reads one part from a directory.
  /// - Throws: `FileError` when a file is missing or damaged, or (with `verify`) is not the published one.
  package static func load(
    _ part: Part, from directory: URL, verify: Bool = true, classNames: [String] = MNIST.classNames
  ) throws(FileError) -> LabeledImages {
    let (imageFile, images) = try read(images(part), from: directory, verify: verify)
    let (labelFile, labels) = try read(labels(part), from: directory, verify: verify)
    return try LabeledImages(images: images, of: imageFile, labels: labels, of: labelFile, classNames: classNames)
  }

  /// Reads both parts from a directory.
  /// - Throws: `FileError` when a file is missing or damaged, or (with `verify`) is not the published one.
  public static func load(
    from directory: URL, verify: Bool = true, classNames: [String] = MNIST.classNames
  ) throws(FileError) -> (training: LabeledImages, test: LabeledImages) {
    (
      try load(.training, from: directory, verify: verify, classNames: classNames),
      try load(.test, from: directory, verify: verify, classNames: classNames)
    )
  }

  private static func read(
    _ file: File, from directory: URL, verify: Bool
  ) throws(FileError) -> (InputFile, IDX) {
    guard let url = locate(file, in: directory) else {
      throw FileError(
        .missingFile, file: directory.appendingPathComponent(file.name).path, at: .wholeFile,
        expected: "the MNIST file \(file.name) or \(file.name).gz", found: "neither",
        remedy: "Get it from \(mirrors[0])/\(file.name).gz; in code MNIST.download(to:) fetches all four files.")
    }
    let input = try InputFile(url, gzip: .system)
    let array = try IDX.read(input) { content throws(FileError) in
      if verify { try check(content, is: file, path: input.path) }
    }
    return (input, array)
  }

  /// The first that exists of the places at which a file is known: archives write a dot for the second hyphen or make a
  /// folder of its name, and torchvision keeps the files in `MNIST/raw`.
  static func locate(_ file: File, in directory: URL) -> URL? {
    let names = [file.name, file.name.replacingOccurrences(of: "-idx", with: ".idx")]
    let folders = ["", "MNIST/raw/", "raw/"] + names.map { $0 + "/" }
    let paths = folders.flatMap { folder in names.flatMap { [folder + $0, folder + $0 + ".gz"] } }
    return paths.map { directory.appendingPathComponent($0) }.first { url in
      var isDirectory: ObjCBool = false
      return FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory) && !isDirectory.boolValue
    }
  }

  /// Compares content with the published checksum.
  static func check(_ content: [UInt8], is file: File, path: String) throws(FileError) {
    let digest = SHA256.hexadecimal(of: content)
    guard digest == file.sha256 else {
      throw FileError(
        .checksum, file: path, at: .wholeFile,
        expected: "MNIST's \(file.name): \(file.byteCount) bytes with SHA-256 \(file.sha256)",
        found: "\(content.count) bytes with SHA-256 \(digest)",
        remedy: "Get the file again, or switch verification off to read other data in this format.")
    }
  }
}
