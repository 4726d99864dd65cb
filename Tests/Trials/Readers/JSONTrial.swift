import AdjointFiles
import Foundation

/// The reader of JSON, which safetensors headers and checkpoints' metadata go through.
struct JSONTrial: ReaderTrial {
  let name = "json"
  let seeds = [
    #"{"a":[1,-2.5e+3,0],"b":{"c":null,"d":true},"é":"\u00e9\n\ud83d\ude00"}"#, #"[[[]],{},"",0,-0,1E9]"#,
    #" {"dtype":"F32","shape":[2,3],"data_offsets":[0,24]} "#, "\"plain\"", "-0.5",
    String(repeating: "[", count: 63) + String(repeating: "]", count: 63),
  ].map { Array($0.utf8) }
  let words = [
    "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\ud83d", "\\udc00", "null", "true", "false", "e", "E+", ".", "-",
    " ",
    "\u{FEFF}", "\u{0}", "é", "\\/", "//", "[[[[[[[[", "\"a\":1,", "\u{7F}", "e\u{301}",
  ]

  func read(_ file: URL, _ bytes: [UInt8]) throws -> Reading {
    let strict = StrictJSON(bytes).flatMap { $0.hasDoubleNames ? nil : $0 }
    do {
      let value = try JSON(bytes, file: file.path)
      return reading(strict == StrictJSON(value), "read as \(value.text.prefix(200))", stating: bytes.count)
    } catch {
      if strict != nil { throw WronglyRefused(error: error) }
      throw error
    }
  }
}

extension StrictJSON {
  /// The same value as the library holds it.
  init(_ value: JSON) {
    switch value {
    case .null: self = .null
    case .bool(let truth): self = .bool(truth)
    case .number(let digits): self = .number(digits)
    case .string(let text): self = .string(text)
    case .array(let elements): self = .array(elements.map { StrictJSON($0) })
    case .object(let members): self = .object(members.map { ($0.0, StrictJSON($0.1)) })
    }
  }
}
