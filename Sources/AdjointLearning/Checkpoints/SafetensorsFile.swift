import Adjoint
import Foundation

extension Safetensors {
  /// Reads a file, and finds everything that is wrong with it before any of its data is taken.
  ///
  /// Memory is taken for what the file holds, never for what a header promises. Two names are the same when Swift's
  /// strings are, which makes no difference between é in one character and in two.
  /// - Throws: `CheckpointError`.
  public init(contentsOf url: URL) throws(CheckpointError) {
    let file = try CheckpointFile(url)
    guard file.size >= 8 else {
      throw CheckpointError(
        .truncated, file: file.path, at: .wholeFile, expected: "at least 8 bytes, the length of a header",
        found: "\(file.size) bytes", remedy: "The file is incomplete or no safetensors file; get it again.")
    }
    let length = try file.read(8).reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    guard length <= UInt64(SafetensorsHeader.maximumLength) else {
      throw CheckpointError(
        .oversized, file: file.path, at: .byte(0),
        expected: "a header of at most \(SafetensorsHeader.maximumLength) bytes", found: "the length \(length)",
        remedy: "The file is damaged or no safetensors file; get it again from its source.")
    }
    guard Int(length) <= file.size - 8 else {
      throw CheckpointError(
        .truncated, file: file.path, at: .byte(0), expected: "a header that fits into the file",
        found: "the length \(length), with \(file.size - 8) bytes left",
        remedy: "The file is incomplete or no safetensors file; get it again from its source.")
    }
    let dataLength = file.size - 8 - Int(length)
    let header = try SafetensorsHeader(file.read(Int(length)), dataLength: dataLength, file: file.path)
    var data: [String: [UInt8]] = [:]
    for entry in header.entriesByPlace { data[entry.name] = try file.read(entry.end - entry.begin) }
    let entries = header.entries.map {
      Entry(name: $0.name, type: $0.type, shape: $0.shape, bytes: data[$0.name] ?? [])
    }
    self.init(metadata: header.metadata, entries: entries, source: file.path)
  }

  /// Writes a file: to a temporary one in the same folder, which is then flushed to the disk and renamed.
  ///
  /// So a crash, a full disk or a power cut leaves the old file or the new one, never a part. A link is followed, and the
  /// permissions of an existing file are kept. Equal values make equal files.
  /// - Throws: `CheckpointError`: `.unwritableFile`, or `.oversized` when names and metadata exceed what a header may hold.
  ///   An existing file is then untouched, and the temporary one is gone.
  public func write(to url: URL) throws(CheckpointError) {
    // Wide elements come first, so that each tensor's data is aligned to its elements, as the reference does.
    let order = entries.indices.sorted {
      let (a, b) = (entries[$0].type.byteCount, entries[$1].type.byteCount)
      return a == b ? $0 < $1 : a > b
    }
    let header = encodedHeader(order: order)
    guard header.count <= SafetensorsHeader.maximumLength else {
      throw CheckpointError(
        .oversized, file: url.path, at: .wholeFile,
        expected: "names and metadata in at most \(SafetensorsHeader.maximumLength) bytes",
        found: "\(header.count) bytes", remedy: "Store large text in a file of its own.")
    }
    let length = UInt64(header.count)
    try CheckpointFile.replace(url) { handle in
      try handle.write(contentsOf: Data((0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }))
      try handle.write(contentsOf: Data(header))
      for position in order { try handle.write(contentsOf: Data(entries[position].bytes)) }
    }
  }

  /// The JSON of the header, padded with spaces to a multiple of 8 bytes: names in their own order, their data in `order`.
  private func encodedHeader(order: [Int]) -> String.UTF8View {
    var begins = [Int](repeating: 0, count: entries.count)
    var end = 0
    for position in order {
      begins[position] = end
      end += entries[position].bytes.count
    }
    var members: [String] = []
    if !metadata.isEmpty {
      let text = metadata.sorted { $0.key < $1.key }.map { "\(json($0.key)):\(json($0.value))" }
      members.append("\(json(SafetensorsHeader.metadataKey)):{\(text.joined(separator: ","))}")
    }
    for (entry, begin) in zip(entries, begins) {
      let shape = entry.shape.map(String.init).joined(separator: ",")
      let offsets = "\(begin),\(begin + entry.bytes.count)"
      members.append(
        "\(json(entry.name)):{\"dtype\":\"\(entry.type.rawValue)\",\"shape\":[\(shape)],\"data_offsets\":[\(offsets)]}")
    }
    let text = "{\(members.joined(separator: ","))}"
    return (text + String(repeating: " ", count: (8 - text.utf8.count % 8) % 8)).utf8
  }

  /// A string of JSON.
  private func json(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case "\u{0}"..<" ":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
