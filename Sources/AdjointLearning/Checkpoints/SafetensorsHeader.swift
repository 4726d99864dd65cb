import Adjoint
import AdjointFiles

/// The header of a safetensors file: the tensors and their places. Reading it finds every lie before data is read.
///
/// The data of all tensors together fills the file behind the header: sorted by place, each begins where the one before
/// ends. Members of an entry other than `dtype`, `shape` and `data_offsets` are ignored, as the reference does.
struct SafetensorsHeader {
  static let metadataKey = "__metadata__"
  /// The longest header that the format allows, in bytes.
  static let maximumLength = 100_000_000
  /// The element types of the format that are not read, with the bits of each: their tensors can be listed, and have a place.
  static let foreignTypes: [String: Int] = [
    "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8,
    "C64": 64,
  ]

  /// One tensor: its bytes are `begin..<end`, counted from the end of the header.
  struct Entry {
    let name: String
    let typeName: String
    let shape: Shape
    let begin: Int
    let end: Int
  }

  /// The advice for a file that is not what it should be.
  static let damaged = "The file is damaged or no safetensors file; get it again from its source."

  private(set) var metadata: [String: String] = [:]
  /// In the order of the header.
  private(set) var entries: [Entry] = []
  private let file: String

  /// Reads the JSON of a header that is followed by `dataLength` bytes and stands at byte 8 of `file`.
  init(_ json: [UInt8], dataLength: Int, file: String) throws(FileError) {
    self.file = file
    var reader = try JSONReader(json, file: file, base: 8, kind: "header", remedy: SafetensorsHeader.damaged)
    guard json.first == UInt8(ascii: "{") else { throw notAnObject(json.first) }
    var names: Set<String> = []
    var metadata: [String: String]?
    var entries: [Entry] = []
    try reader.object { (reader, name) throws(FileError) in
      guard name == SafetensorsHeader.metadataKey else {
        guard names.insert(name).inserted else { throw twice(.tensor(name), "this name") }
        entries.append(try entry(name, &reader, dataLength: dataLength))
        return
      }
      guard metadata == nil else { throw twice(reader.place(), "the metadata") }
      metadata = try text(&reader)
    }
    try reader.end()
    self.metadata = metadata ?? [:]
    self.entries = entries
    try checkPlaces(dataLength: dataLength)
  }

  private func text(_ reader: inout JSONReader) throws(FileError) -> [String: String] {
    var text: [String: String] = [:]
    try reader.object { (reader, key) throws(FileError) in
      guard text[key] == nil else { throw twice(.metadata(key), "this key") }
      text[key] = try reader.string()
    }
    return text
  }

  private func entry(
    _ name: String, _ reader: inout JSONReader, dataLength: Int
  ) throws(FileError) -> Entry {
    var type: (name: String, bits: Int)?
    var dimensions: [Int]?
    var offsets: [Int]?
    try reader.object { (reader, key) throws(FileError) in
      switch key {
      case "dtype":
        guard type == nil else { throw twice(.tensor(name), "'dtype'") }
        let text = try reader.string()
        type = (text, try bits(ofType: text, name))
      case "shape":
        guard dimensions == nil else { throw twice(.tensor(name), "'shape'") }
        dimensions = try counts(&reader, atMost: Shape.maximumRank, "dimensions", of: name)
      case "data_offsets":
        guard offsets == nil else { throw twice(.tensor(name), "'data_offsets'") }
        offsets = try counts(&reader, atMost: 2, "offsets", of: name)
      default: try reader.skip()
      }
    }
    guard let type else { throw lacking("'dtype'", name) }
    guard let dimensions else { throw lacking("'shape'", name) }
    guard let offsets else { throw lacking("'data_offsets'", name) }
    let byteCount = try byteCount(dimensions, bits: type.bits, of: name)
    guard offsets.count == 2, offsets[0] <= offsets[1] else {
      throw misplaced(name, expected: "two offsets, begin and end, in this order", found: "\(offsets)")
    }
    guard offsets[1] <= dataLength else {
      throw FileError(
        .truncated, file: file, at: .tensor(name), expected: "data up to byte \(offsets[1]) behind the header",
        found: "\(dataLength) bytes behind the header", remedy: "The file is incomplete; get it again from its source.")
    }
    guard offsets[1] - offsets[0] == byteCount else {
      throw misplaced(
        name, expected: "\(byteCount) bytes for \(type.name) of shape \(dimensions)",
        found: "the offsets \(offsets), which are \(offsets[1] - offsets[0]) bytes")
    }
    return Entry(name: name, typeName: type.name, shape: Shape(dimensions), begin: offsets[0], end: offsets[1])
  }

  /// The bits of an element of this type.
  private func bits(ofType text: String, _ name: String) throws(FileError) -> Int {
    if let type = Safetensors.ElementType(rawValue: text) { return 8 * type.byteCount }
    if let bits = SafetensorsHeader.foreignTypes[text] { return bits }
    throw FileError(
      .unsupportedType, file: file, at: .tensor(name),
      expected: "one of the types \(Safetensors.ElementType.allCases.map(\.rawValue).joined(separator: ", "))",
      found: "the unknown type \(quoted(text))", remedy: SafetensorsHeader.damaged)
  }

  private func counts(
    _ reader: inout JSONReader, atMost maximum: Int, _ kind: String, of name: String
  ) throws(FileError) -> [Int] {
    var counts: [Int] = []
    try reader.array { (reader) throws(FileError) in
      guard counts.count < maximum else {
        let isShape = kind == "dimensions"
        throw FileError(
          isShape ? .badShape : .badOffsets, file: file, at: .tensor(name), expected: "at most \(maximum) \(kind)",
          found: "more",
          remedy: isShape
            ? "Save the tensor in another shape." : "The file is damaged; get it again from its source.")
      }
      counts.append(try reader.count())
    }
    return counts
  }

  /// The product of the dimensions and the element size.
  ///
  /// No product of some of the dimensions may overflow either, not even next to a 0: strides are such products.
  private func byteCount(_ dimensions: [Int], bits: Int, of name: String) throws(FileError) -> Int {
    var product = bits
    for dimension in dimensions {
      let (next, overflow) = product.multipliedReportingOverflow(by: max(dimension, 1))
      guard !overflow, dimension <= Int(Int32.max) else {
        throw FileError(
          .badShape, file: file, at: .tensor(name),
          expected: "dimensions up to \(Int32.max) with a product that fits 63 bits", found: "the shape \(dimensions)",
          remedy: "The file is damaged, or the tensor must be saved in parts.")
      }
      product = next
    }
    return dimensions.contains(0) ? 0 : (product + 7) / 8
  }

  private func checkPlaces(dataLength: Int) throws(FileError) {
    var position = 0
    for entry in entries.sorted(by: { ($0.begin, $0.end) < ($1.begin, $1.end) }) {
      guard entry.begin == position else {
        throw misplaced(
          entry.name, expected: "data from byte \(position) behind the header, where the tensor before it ends",
          found: "data from byte \(entry.begin): \(entry.begin < position ? "an overlap" : "a hole")")
      }
      position = entry.end
    }
    guard position == dataLength else {
      throw FileError(
        .oversized, file: file, at: .wholeFile, expected: "\(position) bytes of data behind the header",
        found: "\(dataLength)", remedy: "The file is not what it claims to be; get it again from its source.")
    }
  }

  private func notAnObject(_ first: UInt8?) -> FileError {
    FileError(
      .wrongFormat, file: file, at: .byte(8), expected: "'{', with which a header begins",
      found: first.map { "the byte 0x" + String($0, radix: 16, uppercase: true) } ?? "an empty header",
      remedy: SafetensorsHeader.damaged)
  }

  private func twice(_ place: FileError.Place, _ what: String) -> FileError {
    FileError(
      .duplicateName, file: file, at: place, expected: "\(what) once", found: "it twice",
      remedy: "Rename one of them where the file was made.")
  }

  private func lacking(_ key: String, _ name: String) -> FileError {
    FileError(
      .wrongFormat, file: file, at: .tensor(name), expected: "\(key)", found: "none",
      remedy: SafetensorsHeader.damaged)
  }

  private func misplaced(_ name: String, expected: String, found: String) -> FileError {
    FileError(
      .badOffsets, file: file, at: .tensor(name), expected: expected, found: found,
      remedy: "The file is damaged; get it again from its source.")
  }
}
