import Adjoint
import AdjointFiles
import AdjointLearning
import Foundation

/// A safetensors file by its description: an oracle, for the element types that the library reads.
struct StrictSafetensors {
  struct Entry {
    let name: String
    let type: String
    let shape: [Int]
    let data: [UInt8]
  }

  private(set) var entries: [Entry] = []
  private(set) var metadata: [(String, String)] = []

  init?(_ file: [UInt8]) {
    guard file.count >= 8 else { return nil }
    let length = file[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= 100_000_000, length <= UInt64(file.count - 8) else { return nil }
    let header = Array(file[8..<8 + Int(length)])
    let data = file[(8 + Int(length))...]
    guard header.first == UInt8(ascii: "{"), let members = StrictJSON(header)?.members,
      Set(members.map(\.0)).count == members.count
    else { return nil }
    var places: [Range<Int>] = []
    for (name, value) in members {
      guard name != "__metadata__" else {
        guard let texts = value.members, Set(texts.map(\.0)).count == texts.count else { return nil }
        for (key, text) in texts {
          guard let text = text.text else { return nil }
          metadata.append((key, text))
        }
        continue
      }
      func only(_ key: String) -> StrictJSON? {
        let found = value.members?.filter { $0.0 == key } ?? []
        return found.count == 1 ? found[0].1 : nil
      }
      guard let type = only("dtype")?.text, let size = ["F32": 4, "F64": 8, "I32": 4, "I64": 8, "U8": 1][type],
        let shape = only("shape")?.elements?.map(\.count), let offsets = only("data_offsets")?.elements?.map(\.count),
        shape.count <= 8, offsets.count == 2, let begin = offsets[0], let end = offsets[1], begin <= end,
        end <= data.count
      else { return nil }
      let known = shape.compactMap { $0 }
      guard known.count == shape.count, known.allSatisfy({ $0 < 1 << 31 }),
        known.reduce(Double(size), { $0 * Double(max($1, 1)) }) < 0x1p63,
        known.reduce(Double(size), { $0 * Double($1) }) == Double(end - begin)
      else { return nil }
      places.append(begin..<end)
      entries.append(
        Entry(
          name: name, type: type, shape: known, data: Array(data[data.startIndex + begin..<data.startIndex + end])))
    }
    // Without a gap and without an overlap.
    var position = 0
    for place in places.sorted(by: { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }) {
      guard place.lowerBound == position else { return nil }
      position = place.upperBound
    }
    guard position == data.count else { return nil }
  }
}

/// Safetensors files: the length, the header's JSON, places and data.
struct SafetensorsTrial: ReaderTrial {
  let name = "safetensors"
  let seeds = [
    file("{}"), file(#"{"__metadata__":{"k":"v","é":""}}  "#),
    file(#"{"w":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}"#, 16),
    file(
      #"{"a":{"dtype":"F64","shape":[1],"data_offsets":[4,12]},"b":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"#
        + #""c":{"dtype":"I64","shape":[0,3],"data_offsets":[12,12]}}"#, 12),
    file(
      #"{"__metadata__":{"adjoint.progress":"{}"},"s":{"data_offsets":[0,4],"shape":[],"dtype":"I32","more":[{}]}}"#, 4),
  ]
  let words = [
    "{", "}", "[", "]", ",", ":", "\"", "\"w\":", "\"dtype\":\"F32\",", "\"shape\":[1],", "\"data_offsets\":[0,4],",
    "__metadata__", "BF16", "\\u0077", "e\u{301}", "\u{0}", " ",
  ]

  private static func file(_ header: String, _ count: Int = 0) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) } + Array(header.utf8)
      + (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37) }
  }

  /// Half of the mutants get the true length of their header again, so that damage reaches the JSON.
  func read(_ file: URL, _ damaged: [UInt8]) throws -> Reading {
    var bytes = damaged
    if StrictSafetensors(damaged) == nil, damaged.count % 2 == 0, let end = damaged.lastIndex(of: UInt8(ascii: "}")),
      end >= 8
    {
      bytes.replaceSubrange(0..<8, with: (0..<8).map { UInt8(truncatingIfNeeded: (end - 7) >> (8 * $0)) })
      try Data(bytes).write(to: file)
    }
    let strict = StrictSafetensors(bytes)
    do {
      let found = try Safetensors(contentsOf: file)
      let isEqual = try strict.map { try equal(found, $0) } ?? false
      return reading(isEqual, "tensors \(found.names), metadata \(found.metadata)", stating: bytes.count)
    } catch {
      if strict != nil { throw WronglyRefused(error: error) }
      throw error
    }
  }

  private func equal(_ found: Safetensors, _ strict: StrictSafetensors) throws -> Bool {
    guard found.names == strict.entries.map(\.name), found.metadata.count == strict.metadata.count,
      strict.metadata.allSatisfy({ found.metadata[$0.0] == $0.1 })
    else { return false }
    for entry in strict.entries {
      guard found.shape(of: entry.name).map(Array.init) == entry.shape else { return false }
      let bytes: [UInt8]
      switch entry.type {
      case "F32":
        bytes = try (found.tensor(entry.name) as Tensor<Float>).elements.flatMap { little($0.bitPattern) }
      case "F64": bytes = try (found.tensor(entry.name) as Tensor<Double>).elements.flatMap { little($0.bitPattern) }
      case "I32": bytes = try found.tensor(entry.name, as: Int32.self).elements.flatMap { little($0) }
      case "I64": bytes = try found.tensor(entry.name, as: Int64.self).elements.flatMap { little($0) }
      default: bytes = try found.tensor(entry.name, as: UInt8.self).elements
      }
      guard bytes == entry.data else { return false }
    }
    return true
  }

  private func little(_ word: some FixedWidthInteger) -> [UInt8] {
    (0..<word.bitWidth / 8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) }
  }
}
