import AdjointFiles
import Testing

/// The bytes of a file: a header, which need not be true, and zeros as data.
func safetensorsBytes(header: [UInt8], dataCount: Int = 0) -> [UInt8] {
  (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) } + header + [UInt8](repeating: 0, count: dataCount)
}

/// The error that `body` throws; the test fails when it throws none, or another one.
func fileError(
  from body: () throws -> some Any, sourceLocation: SourceLocation = #_sourceLocation
) throws -> FileError {
  let error = #expect(throws: FileError.self, sourceLocation: sourceLocation) { _ = try body() }
  return try #require(error, sourceLocation: sourceLocation)
}

/// A file that is wrong in one way, and what must be said about it.
struct DamagedFile: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let bytes: [UInt8]
  let reason: FileError.Reason
  let place: FileError.Place
  /// What the sentence must contain.
  let words: String

  init(
    _ fault: String, _ bytes: [UInt8], _ reason: FileError.Reason, _ place: FileError.Place, _ words: String
  ) {
    testDescription = fault
    self.bytes = bytes
    self.reason = reason
    self.place = place
    self.words = words
  }

  init(
    _ fault: String, header: String, data: Int = 0, _ reason: FileError.Reason, _ place: FileError.Place,
    _ words: String
  ) {
    self.init(fault, safetensorsBytes(header: Array(header.utf8), dataCount: data), reason, place, words)
  }

  /// A file with one tensor w whose entry has these members.
  init(
    _ fault: String, w members: String, data: Int, _ reason: FileError.Reason, _ words: String,
    place: FileError.Place = .tensor("w")
  ) {
    self.init(fault, header: #"{"w":{\#(members)}}"#, data: data, reason, place, words)
  }
}

extension DamagedFile {
  static let all = lengths + texts + entries + places

  static let lengths: [DamagedFile] = [
    DamagedFile("an empty file", [], .truncated, .wholeFile, "0 bytes"),
    DamagedFile("7 bytes", [UInt8](repeating: 0, count: 7), .truncated, .wholeFile, "7 bytes"),
    DamagedFile("a header of 0 bytes", safetensorsBytes(header: []), .wrongFormat, .byte(8), "an empty header"),
    DamagedFile(
      "a header longer than the file", [100, 0, 0, 0, 0, 0, 0, 0, 0x7B], .truncated, .byte(0), "1 bytes left"),
    DamagedFile(
      "a header of 2⁶⁴ − 1 bytes", [UInt8](repeating: 255, count: 9), .oversized, .byte(0), "1844674407370955"),
    DamagedFile("an image", [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0], .oversized, .byte(0), "a PNG image"),
    DamagedFile("a header of 100 000 001 bytes", [1, 0xE1, 0xF5, 5, 0, 0, 0, 0], .oversized, .byte(0), "100000001"),
    DamagedFile("a header of 100 000 000 bytes", [0, 0xE1, 0xF5, 5, 0, 0, 0, 0], .truncated, .byte(0), "0 bytes left"),
  ]

  static let texts: [DamagedFile] = [
    DamagedFile(
      "invalid UTF-8 in a name", safetensorsBytes(header: [0x7B, 0x22, 0xC3, 0x22, 0x7D]), .wrongFormat, .byte(10),
      "0xC3"),
    DamagedFile(
      "a cut UTF-8 character at the end", safetensorsBytes(header: [0x7B, 0x7D, 0xEF]), .wrongFormat, .byte(10), "0xEF"),
    DamagedFile("an array", header: "[]", .wrongFormat, .byte(8), "'{'"),
    DamagedFile("space before the object", header: " {}", .wrongFormat, .byte(8), "0x20"),
    DamagedFile("an object without end", header: "{", .wrongFormat, .byte(9), "the end of the header"),
    DamagedFile("two objects", header: "{} {}", .wrongFormat, .byte(11), "an object"),
    DamagedFile("a trailing comma", header: #"{"__metadata__":{},}"#, .wrongFormat, .byte(27), "a string"),
    DamagedFile("a missing colon", header: #"{"a" {}}"#, .wrongFormat, .byte(13), "':'"),
    DamagedFile("a control character in a string", header: "{\"\n\":{}}", .wrongFormat, .byte(10), "0xA"),
    DamagedFile("an unknown escape", header: #"{"\x":{}}"#, .wrongFormat, .byte(10), "escape"),
    DamagedFile("half a surrogate pair", header: #"{"\ud83d\u0041":{}}"#, .wrongFormat, .byte(10), "surrogate"),
    DamagedFile("three hexadecimal digits", header: #"{"\u12"}"#, .wrongFormat, .byte(14), "hexadecimal"),
    DamagedFile("a string without end", header: #"{"abc"#, .wrongFormat, .byte(13), "the end of the string"),
    DamagedFile(
      "brackets nested without end", header: #"{"w":{"x":"# + String(repeating: "[", count: 100_000), .wrongFormat,
      .byte(82), "64 levels"),
    DamagedFile("metadata that are no object", header: #"{"__metadata__":[]}"#, .wrongFormat, .byte(24), "an object"),
    DamagedFile("metadata that are null", header: #"{"__metadata__":null}"#, .wrongFormat, .byte(24), "an object"),
    DamagedFile(
      "a number as metadata", header: #"{"__metadata__":{"step":7}}"#, .wrongFormat, .byte(32),
      "a string, found a number"),
    DamagedFile(
      "a key of the metadata twice", header: #"{"__metadata__":{"a":"1","a":"2"}}"#, .duplicateName,
      .metadata("a"), "twice"),
    DamagedFile(
      "two metadata", header: #"{"__metadata__":{},"__metadata__":{}}"#, .duplicateName, .byte(42), "metadata"),
  ]

  static let entries: [DamagedFile] = [
    DamagedFile("a tensor that is no object", header: #"{"w":3}"#, .wrongFormat, .byte(13), "a number"),
    DamagedFile(
      "no dtype", w: #""shape":[1],"data_offsets":[0,4]"#, data: 4, .wrongFormat, "expected 'dtype', found none"),
    DamagedFile("no shape", w: #""dtype":"F32","data_offsets":[0,4]"#, data: 4, .wrongFormat, "'shape'"),
    DamagedFile("no offsets", w: #""dtype":"F32","shape":[1]"#, data: 4, .wrongFormat, "'data_offsets'"),
    DamagedFile(
      "a dtype that does not exist", w: #""dtype":"F33","shape":[1],"data_offsets":[0,4]"#, data: 4,
      .unsupportedType, "the unknown type 'F33'"),
    DamagedFile(
      "a dtype that is a number", w: #""dtype":32,"shape":[1],"data_offsets":[0,4]"#, data: 4, .wrongFormat,
      "a string", place: .byte(22)),
    DamagedFile(
      "dtype twice", w: #""dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]"#, data: 4,
      .duplicateName, "'dtype'"),
    DamagedFile(
      "a negative dimension", w: #""dtype":"F32","shape":[-1],"data_offsets":[0,4]"#, data: 4, .wrongFormat, "'-1'",
      place: .byte(37)),
    DamagedFile(
      "a dimension with a fraction", w: #""dtype":"F32","shape":[1.0],"data_offsets":[0,4]"#, data: 4, .wrongFormat,
      "'1.0'", place: .byte(37)),
    DamagedFile(
      "a dimension that is a truth value", w: #""dtype":"F32","shape":[true],"data_offsets":[0,4]"#, data: 4,
      .wrongFormat, "'t'", place: .byte(37)),
    DamagedFile(
      "a dimension with a leading zero", w: #""dtype":"F32","shape":[01],"data_offsets":[0,4]"#, data: 4,
      .wrongFormat, "a number", place: .byte(38)),
    DamagedFile(
      "a dimension of 2⁶⁴ + 1", w: #""dtype":"F32","shape":[18446744073709551617],"data_offsets":[0,4]"#, data: 4,
      .wrongFormat, "18446744073709551617", place: .byte(37)),
    DamagedFile(
      "a dimension of 2³¹", w: #""dtype":"F32","shape":[2147483648],"data_offsets":[0,4]"#, data: 4, .badShape,
      "2147483648"),
    DamagedFile(
      "a product that overflows", w: #""dtype":"F32","shape":[2147483647,2147483647,2147483647],"data_offsets":[0,4]"#,
      data: 4, .badShape, "63 bits"),
    DamagedFile(
      "a size in bytes that overflows", w: #""dtype":"F64","shape":[2147483647,2147483647],"data_offsets":[0,4]"#,
      data: 4, .badShape, "63 bits"),
    DamagedFile(
      "an empty tensor with strides that overflow",
      w: #""dtype":"F32","shape":[0,2147483647,2147483647,2147483647],"data_offsets":[0,0]"#, data: 0, .badShape,
      "63 bits"),
    DamagedFile(
      "nine dimensions", w: #""dtype":"F32","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]"#, data: 4, .badShape,
      "at most 8"),
    DamagedFile(
      "a name twice, once escaped",
      header: #"{"é":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"#
        + #""\u00e9":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#,
      .duplicateName, .tensor("é"), "twice"),
  ]

  static let places: [DamagedFile] = [
    DamagedFile(
      "data cut short", w: #""dtype":"F32","shape":[1],"data_offsets":[0,4]"#, data: 3, .truncated, "byte 4"),
    DamagedFile(
      "a byte too many", w: #""dtype":"F32","shape":[1],"data_offsets":[0,4]"#, data: 5, .oversized,
      "expected 4 bytes of data behind the header, found 5", place: .wholeFile),
    DamagedFile("data of no tensor", header: "{}", data: 1, .oversized, .wholeFile, "found 1"),
    DamagedFile(
      "offsets far out of range",
      w: #""dtype":"F32","shape":[1],"data_offsets":[9223372036854775804,9223372036854775807]"#, data: 4, .truncated,
      "9223372036854775807"),
    DamagedFile(
      "offsets in the wrong order", w: #""dtype":"F32","shape":[1],"data_offsets":[4,0]"#, data: 4, .badOffsets,
      "[4, 0]"),
    DamagedFile(
      "one offset", w: #""dtype":"F32","shape":[1],"data_offsets":[4]"#, data: 4, .badOffsets, "two offsets"),
    DamagedFile(
      "three offsets", w: #""dtype":"F32","shape":[1],"data_offsets":[0,4,8]"#, data: 8, .badOffsets, "at most 2"),
    DamagedFile(
      "a shape larger than its data", w: #""dtype":"F32","shape":[2],"data_offsets":[0,4]"#, data: 4, .badOffsets,
      "8 bytes for F32 of shape [2]"),
    DamagedFile(
      "a hole before the first tensor", w: #""dtype":"F32","shape":[1],"data_offsets":[4,8]"#, data: 8,
      .badOffsets, "a hole"),
    DamagedFile(
      "an overlap",
      header: #"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"#
        + #""b":{"dtype":"U8","shape":[4],"data_offsets":[3,7]}}"#, data: 7, .badOffsets,
      .tensor("b"), "an overlap"),
    DamagedFile(
      "a hole between tensors",
      header: #"{"a":{"dtype":"U8","shape":[4],"data_offsets":[5,9]},"#
        + #""b":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}"#, data: 9,
      .badOffsets, .tensor("a"), "a hole"),
  ]
}
