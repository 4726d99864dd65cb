import Adjoint
import AdjointFiles
import Foundation

extension Safetensors {
  /// Reads a file, and finds everything that is wrong with it before any of its data is taken.
  ///
  /// Memory is taken for what the file holds, never for what a header promises. Two names are the same when Swift's
  /// strings are, which makes no difference between é in one character and in two.
  ///
  /// The index of weights that are divided among files (`model.safetensors.index.json`) is read with all of them; of NumPy's
  /// archive `.npz`, its arrays.
  /// - Throws: `FileError`.
  public init(contentsOf url: URL) throws(FileError) {
    let file = try InputFile(url)
    let beginning = try file.prefix(8)
    if beginning.starts(with: [0x50, 0x4B, 3, 4]) {
      self = try Safetensors(arrays: NPZFile(contentsOf: url))
      return
    }
    // No header is as long as these letters say.
    if beginning.count == 8, beginning.first == UInt8(ascii: "{"),
      beginning.contains(where: { $0 >= 0x20 && $0 < 0x7F }),
      (ByteOrder.littleEndian.words(of: beginning) as [UInt64])[0] > UInt64(SafetensorsHeader.maximumLength)
    {
      self = try Safetensors(shards: file, of: url)
      return
    }
    guard file.size >= 8 else {
      throw FileError(
        .truncated, file: file.path, at: .wholeFile, expected: "at least 8 bytes, the length of a header",
        found: "\(file.size) bytes", remedy: "The file is incomplete or no safetensors file; get it again.")
    }
    let length: UInt64 = ByteOrder.littleEndian.words(of: try file.bytes(0..<8))[0]
    guard length <= UInt64(SafetensorsHeader.maximumLength) else {
      throw FileError(
        .oversized, file: file.path, at: .byte(0),
        expected: "a header of at most \(SafetensorsHeader.maximumLength) bytes",
        found: FileKind.name(of: try file.prefix(FileKind.prefixLength)) ?? "the length \(length)",
        remedy: "The file is damaged or no safetensors file; get it again from its source.")
    }
    guard Int(length) <= file.size - 8 else {
      throw FileError(
        .truncated, file: file.path, at: .byte(0), expected: "a header that fits into the file",
        found: "the length \(length), with \(file.size - 8) bytes left",
        remedy: "The file is incomplete or no safetensors file; get it again from its source.")
    }
    let start = 8 + Int(length)
    let header = try SafetensorsHeader(file.bytes(8..<start), dataLength: file.size - start, file: file.path)
    let entries = try header.entries.map { entry throws(FileError) in
      let bytes = try file.bytes(start + entry.begin..<start + entry.end)
      return Entry(name: entry.name, typeName: entry.typeName, shape: entry.shape, bytes: bytes)
    }
    self.init(metadata: header.metadata, entries: entries, source: file.path)
  }

  /// Replaces a file as a whole, or not at all; equal values make equal files.
  ///
  /// So a crash, a full disk or a power cut leaves the old file or the new one, never a part. A link is followed, and the
  /// permissions of an existing file are kept.
  /// - Throws: `FileError`: `.unwritableFile`, or `.oversized` when names and metadata exceed what a header may hold. An
  ///   existing file is then untouched.
  public func write(to url: URL) throws(FileError) {
    // Wide elements come first, so that each tensor's data is aligned to its elements, as the reference does.
    let order = entries.indices.sorted {
      let (a, b) = (entries[$0].type?.byteCount ?? 1, entries[$1].type?.byteCount ?? 1)
      return a == b ? $0 < $1 : a > b
    }
    let header = encodedHeader(order: order)
    guard header.count <= SafetensorsHeader.maximumLength else {
      throw FileError(
        .oversized, file: url.path, at: .wholeFile,
        expected: "names and metadata in at most \(SafetensorsHeader.maximumLength) bytes",
        found: "\(header.count) bytes", remedy: "Store large text in a file of its own.")
    }
    try OutputFile.replace(url) { handle in
      try handle.write(contentsOf: Data(ByteOrder.littleEndian.bytes(of: [UInt64(header.count)])))
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
    var members: [(String, JSON)] = []
    if !metadata.isEmpty {
      let texts = metadata.sorted { $0.key < $1.key }.map { ($0.key, JSON.string($0.value)) }
      members.append((SafetensorsHeader.metadataKey, .object(texts)))
    }
    for (entry, begin) in zip(entries, begins) {
      let fields: [(String, JSON)] = [
        ("dtype", .string(entry.typeName)), ("shape", .integers(entry.shape)),
        ("data_offsets", .integers([begin, begin + entry.bytes.count])),
      ]
      members.append((entry.name, .object(fields)))
    }
    let text = JSON.object(members).text(.compact)
    return (text + String(repeating: " ", count: (8 - text.utf8.count % 8) % 8)).utf8
  }
}
