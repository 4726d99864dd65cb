import Adjoint
import AdjointFiles
import AdjointLearning
import Foundation
import TestFiles

/// NumPy's arrays: the header's dictionary, orders of bytes and of axes.
struct NPYTrial: ReaderTrial {
  let name = "npy"
  let seeds = [
    file("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", 24),
    file("{'descr': '>i2', 'fortran_order': True, 'shape': (2, 2, 3), }", 24),
    file("{\"shape\": (), 'fortran_order': False, 'descr': '|b1'}\n", 1),
    file("{'descr':'>f8','fortran_order':True,'shape':(1L,)}", 8),
    file("{'descr': '<u8', 'fortran_order': True, 'shape': (3, 0), }", 0, version: 2),
    file("{'descr': '|i1', 'fortran_order': True, 'shape': (3, 2), } \n", 6, version: 3),
  ]
  let words = [
    "{", "}", "(", ")", ",", ":", "'", "\"", "'descr': ", "'shape': (2,)", "True", "False", "L", "<f2", "|O",
    "[('a', '<f4')]",
    " ", "\n", "'x': 1,", "\u{93}NUMPY",
  ]

  static func file(_ header: String, _ count: Int, version: UInt8 = 1) -> [UInt8] {
    let length = header.utf8.count
    return [0x93] + Array("NUMPY".utf8) + [version, 0, UInt8(length), 0] + (version > 1 ? [0, 0] : [])
      + Array(header.utf8)
      + (0..<count).map { UInt8($0 * 37 % 251) }
  }

  /// Half of the mutants get the true length of their header again.
  func read(_ file: URL, _ damaged: [UInt8]) throws -> Reading {
    var bytes = damaged
    if StrictNPY(damaged) == nil, damaged.count % 2 == 0, damaged.count > 12,
      let end = damaged.lastIndex(of: UInt8(ascii: "}"))
    {
      let start = damaged[6] == 1 ? 10 : 12
      if (start..<start + 250).contains(end) {
        bytes[8] = UInt8(end + 1 - start)
        bytes[9] = 0
        try Data(bytes).write(to: file)
      }
    }
    let content = Gzip.isCompressed(bytes) ? StrictGzip.content(of: bytes) ?? [] : bytes
    let strict = StrictNPY(content)
    do {
      let array = try NPY(contentsOf: file)
      return reading(
        strict.map { NPYTrial.isEqual(array, $0) } ?? false, "\(array.type) \(array.shape)", stating: content.count)
    } catch {
      if strict != nil { throw WronglyRefused(error: error) }
      throw error
    }
  }

  static func isEqual(_ array: NPY, _ strict: StrictNPY) -> Bool {
    let kinds: [NumberType: String] = [
      .bool: "b1", .int8: "i1", .uint8: "u1", .int16: "i2", .uint16: "u2", .float16: "f2", .int32: "i4", .uint32: "u4",
      .float32: "f4", .int64: "i8", .uint64: "u8", .float64: "f8",
    ]
    return kinds[array.type] == strict.kind && array.shape == strict.shape && array.bytes == strict.data
  }
}

/// Archives of arrays: the list, the members, their data and checksums.
struct NPZTrial: ReaderTrial {
  let name = "npz"
  let seeds: [[UInt8]] = {
    let array = NPYTrial.file("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", 24)
    let flags = NPYTrial.file("{'descr': '|b1', 'fortran_order': False, 'shape': (4,), }", 4)
    let odd = NPYTrial.file("{'descr': '<U1', 'fortran_order': False, 'shape': (1,), }", 4)
    let contents: [[(name: String, content: [UInt8])]] = [
      [("a.npy", array), ("b/é.npy", flags)], [("a.npy", array), ("t.npy", odd)], [("n.txt", [1]), ("a.npy", flags)],
      [],
    ]
    let place = FileManager.default.temporaryDirectory.appendingPathComponent("seed-\(UUID().uuidString).npz")
    defer { unlink(place.path) }
    return contents.flatMap { members in
      [false, true].compactMap { compressing in
        guard (try? ZIP.write(members, compressing: compressing, to: place)) != nil else { return nil }
        return (try? Data(contentsOf: place)).map { [UInt8]($0) }
      }
    }
  }()
  let words = ["PK\u{1}\u{2}", "PK\u{3}\u{4}", "PK\u{5}\u{6}", "a.npy", "\u{8}", "\u{0}\u{0}", "../a.npy"]

  func read(_ file: URL, _ bytes: [UInt8]) throws -> Reading {
    let strict = StrictZIP(bytes)
    let arrays = strict?.members.filter { $0.name.hasSuffix(".npy") }
    do {
      let found = try NPZFile(contentsOf: file)
      let isEqual = arrays.map { arrays in
        arrays.count == found.names.count
          && zip(arrays, found.names).allSatisfy { member, name in
            guard member.name == name + ".npy", let content = member.content else { return false }
            let array = try? found.array(name)
            guard let strict = StrictNPY(content) else { return array == nil }
            return array.map { NPYTrial.isEqual($0, strict) } ?? false
          }
      }
      return reading(
        isEqual ?? false, "\(found.names)", stating: strict?.members.reduce(0) { $0 + ($1.content?.count ?? 0) } ?? 0)
    } catch {
      // Arrays of other things than numbers are told from damaged ones by the reader alone.
      if let strict, let arrays, !arrays.isEmpty || strict.members.isEmpty,
        arrays.allSatisfy({ $0.content.flatMap { StrictNPY($0) } != nil })
      {
        throw WronglyRefused(error: error)
      }
      throw error
    }
  }
}

/// PNG images: chunks, palettes, filters, sections.
struct PNGTrial: ReaderTrial {
  let name = "png"
  let seeds: [[UInt8]] = {
    func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
      let all = Array(name.utf8) + data
      return big(UInt32(data.count)) + all + big(StrictGzip.crc(all))
    }
    func file(_ width: UInt32, _ height: UInt32, _ kind: [UInt8], _ more: [UInt8], _ rows: [UInt8]) -> [UInt8] {
      let packed = Gzip.system.stream(of: rows)
      var file: [UInt8] = [137, 80, 78, 71, 13, 10, 26, 10]
      file += chunk("IHDR", big(width) + big(height) + kind) + more
      file += chunk("IDAT", Array(packed[..<5])) + chunk("IDAT", Array(packed[5...])) + chunk("IEND", [])
      return file
    }
    func rows(_ count: Int, of size: Int) -> [UInt8] {
      var bytes: [UInt8] = []
      for row in 0..<count {
        bytes.append(UInt8(row % 5))
        for place in 0..<size { bytes.append(UInt8(truncatingIfNeeded: row * 89 + place * 37)) }
      }
      return bytes
    }
    let palette = chunk("PLTE", [255, 0, 0, 0, 255, 0, 0, 0, 255])
    var sections: [UInt8] = []
    // Of 3 × 3 pixels the sections 1, 4, 5, 6 and 7 have rows.
    for (count, size) in [(1, 1), (1, 1), (1, 2), (2, 1), (1, 3)] { sections += rows(count, of: size) }
    let text = chunk("tEXt", [65, 0, 66])
    var seeds = [file(5, 6, [8, 0, 0, 0, 0], [], rows(6, of: 5))]
    seeds.append(file(3, 5, [8, 6, 0, 0, 0], text, rows(5, of: 12)))
    seeds.append(file(9, 2, [1, 0, 0, 0, 0], chunk("tRNS", [0, 1]), rows(2, of: 2)))
    seeds.append(file(5, 3, [2, 3, 0, 0, 0], palette, rows(3, of: 2)))
    seeds.append(file(3, 3, [8, 3, 0, 0, 0], palette + chunk("tRNS", [9, 8]), rows(3, of: 3)))
    seeds.append(file(2, 2, [16, 2, 0, 0, 0], chunk("tRNS", [0, 1, 0, 2, 0, 3]), rows(2, of: 12)))
    seeds.append(file(3, 3, [8, 0, 0, 0, 1], [], sections))
    return seeds
  }()
  let words = ["IHDR", "PLTE", "IDAT", "IEND", "tRNS", "tEXt", "\u{0}\u{0}\u{0}\u{0}"]

  private static func big(_ word: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> UInt32($0)) }
  }

  /// Two of three mutants get true checksums again, so that damage reaches what the chunks say.
  func read(_ file: URL, _ damaged: [UInt8]) throws -> Reading {
    var bytes = damaged
    if damaged.count % 3 > 0 {
      var place = 8
      while place + 12 <= bytes.count {
        let length = bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
        guard length <= bytes.count - place - 12 else { break }
        let end = place + 8 + length
        bytes.replaceSubrange(end..<end + 4, with: PNGTrial.big(StrictGzip.crc(bytes[place + 4..<end])))
        place = end + 4
      }
      try Data(bytes).write(to: file)
    }
    let strict = StrictPNG(bytes)
    do {
      let image = try PNG.read(InputFile(file))
      let isEqual =
        image.height == strict?.height && image.width == strict?.width && image.channels == strict?.channels
        && image.samples == strict?.samples
      return reading(isEqual, "\(image.height) × \(image.width) × \(image.channels)", stating: 4 * image.samples.count)
    } catch {
      if strict != nil { throw WronglyRefused(error: error) }
      throw error
    }
  }
}

/// The index of weights in several files, beside a file that is sound.
struct IndexTrial: ReaderTrial {
  let name = "index"
  let seeds = [
    #"{"metadata": {"total_size": 8}, "weight_map": {"a": "shard.safetensors", "b": "shard.safetensors"}}"#,
    #"{"weight_map":{"b":"shard.safetensors","a":"shard.safetensors"},"more":[1,null]}"#,
  ].map { Array($0.utf8) }
  let words = [#""a": "#, #""c": "#, "shard.safetensors", "../", "/", "{", "}", ",", "weight_map", "null", "\u{0}"]

  func read(_ file: URL, _ bytes: [UInt8]) throws -> Reading {
    let header =
      #"{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"b":{"dtype":"F16","shape":[2],"data_offsets":[4,8]}}"#
    let shard = [UInt8(header.utf8.count), 0, 0, 0, 0, 0, 0, 0] + Array(header.utf8) + Array(0..<8)
    let place = file.deletingLastPathComponent().appendingPathComponent("shard.safetensors")
    try Data(shard).write(to: place)
    // Only the object that names both tensors is an index of this file.
    let maps = StrictJSON(bytes)?.members?.filter { $0.0 == "weight_map" }
    let map = maps?.count == 1 ? maps?.first?.1.members?.map { ($0.0, $0.1.text ?? "") } : nil
    let isSound =
      map.map { $0.count == 2 && Set($0.map(\.0)) == ["a", "b"] && $0.allSatisfy { $0.1 == "shard.safetensors" } }
      ?? false
    let found = try Safetensors(contentsOf: file)
    return reading(isSound && Set(found.names) == ["a", "b"], "\(found.names)", stating: bytes.count + shard.count)
  }
}
