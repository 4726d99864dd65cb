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

  /// The bits of each element type of the format.
  private static let bits = [
    "BOOL": 8, "I8": 8, "U8": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32,
    "I64": 64,
    "U64": 64, "F64": 64, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8, "C64": 64,
  ]

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
      guard let type = only("dtype")?.text, let size = StrictSafetensors.bits[type],
        let shape = only("shape")?.elements?.map(\.count), let offsets = only("data_offsets")?.elements?.map(\.count),
        shape.count <= 8, offsets.count == 2, let begin = offsets[0], let end = offsets[1], begin <= end,
        end <= data.count
      else { return nil }
      let known = shape.compactMap { $0 }
      guard known.count == shape.count, known.allSatisfy({ $0 < 1 << 31 }),
        known.reduce(Double(size), { $0 * Double(max($1, 1)) }) < 0x1p63,
        (known.reduce(Double(size), { $0 * Double($1) }) / 8).rounded(.up) == Double(end - begin)
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

extension StrictSafetensors {
  /// The half precision number that a number is, one of 65,536: found by trying the exponents.
  static func half(_ value: Float) -> UInt16 {
    let (sign, size): (UInt16, Double) = (value.sign == .minus ? 0x8000 : 0, Double(abs(value)))
    if size == .infinity { return sign | 0x7C00 }
    for exponent in 0..<31 {
      let step = Double(sign: .plus, exponent: max(exponent, 1) - 25, significand: 1)
      let fraction = size / step - (exponent > 0 ? 1024 : 0)
      if (0..<1024).contains(fraction) { return sign | UInt16(exponent) << 10 | UInt16(fraction) }
    }
    return 0x7E00
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
    file(
      #"{"h":{"dtype":"F16","shape":[3],"data_offsets":[0,6]},"b":{"dtype":"BF16","shape":[2],"data_offsets":[6,10]},"#
        + #""q":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[10,12]},"f":{"dtype":"F4","shape":[3],"data_offsets":[12,14]}}"#,
      14),
  ]
  let words = [
    "{", "}", "[", "]", ",", ":", "\"", "\"w\":", "\"dtype\":\"F32\",", "\"shape\":[1],", "\"data_offsets\":[0,4],",
    "__metadata__", "BF16", "F16", "F8_E4M3", "I16", "\\u0077", "e\u{301}", "\u{0}", " ",
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
      case "U8": bytes = try found.tensor(entry.name, as: UInt8.self).elements
      case "F16", "BF16":
        // Widened, the bits of the fraction that are new are 0, and the rest says which number it is.
        let floats: Tensor<Float> = try found.tensor(entry.name)
        bytes = zip(floats.elements, 0...).flatMap { float, place -> [UInt8] in
          let bits = UInt16(entry.data[2 * place]) | UInt16(entry.data[2 * place + 1]) << 8
          let own = entry.type == "BF16" ? UInt16(float.bitPattern >> 16) : StrictSafetensors.half(float)
          return float.isNaN ? little(bits) : little(own)
        }
      default: bytes = entry.data
      }
      guard bytes == entry.data else { return false }
    }
    return true
  }

  private func little(_ word: some FixedWidthInteger) -> [UInt8] {
    (0..<word.bitWidth / 8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) }
  }
}
