import Foundation

/// A ZIP archive as NumPy and others write it: members that are stored or deflated, listed at the end of the file.
///
/// The list is believed only as far as the file bears it out: members must not overlap, and what one decompresses to must have
/// the length and the checksum that the list states. Encrypted archives and ZIP64, which is for more than 4 GB, are refused.
///
/// Source: PKWARE, "APPNOTE.TXT – .ZIP File Format Specification", sections 4.3 and 4.4.
package struct ZIP {
  /// One file in the archive.
  package struct Member: Sendable {
    package let name: String
    /// The bytes that it decompresses to.
    package let size: Int
    fileprivate let isCompressed: Bool
    fileprivate let crc: UInt32
    fileprivate let packed: Int
    fileprivate let offset: Int
    fileprivate let nameLength: Int
    /// The first byte that belongs to something else.
    fileprivate var end = 0
  }

  package let path: String
  /// In the order of the list.
  package private(set) var members: [Member] = []
  private let file: InputFile

  private static let localSignature: [UInt8] = [0x50, 0x4B, 3, 4]
  private static let listSignature: [UInt8] = [0x50, 0x4B, 1, 2]
  private static let endSignature: [UInt8] = [0x50, 0x4B, 5, 6]
  private static let endLength = 22

  /// Reads the list of an archive, and no data.
  /// - Throws: `FileError`.
  package init(contentsOf url: URL, memoryLimit: Int = InputFile.memoryLimit) throws(FileError) {
    file = try InputFile(url)
    path = file.path
    let tail = try file.bytes(max(0, file.size - 65_535 - ZIP.endLength)..<file.size)
    // The end is followed by a comment of the length that it states.
    let place = stride(from: tail.count - ZIP.endLength, through: 0, by: -1).first { start in
      tail[start...].starts(with: ZIP.endSignature)
        && start + ZIP.endLength + Int(tail[start + 20]) + Int(tail[start + 21]) << 8 == tail.count
    }
    guard let place else {
      throw FileError(
        .truncated, file: path, at: .byte(file.size), expected: "the list with which a ZIP archive ends",
        found: FileKind.name(of: try file.prefix(FileKind.prefixLength)).map { "none; it begins like \($0)" } ?? "none",
        remedy: "The file is incomplete or no ZIP archive; get it again from its source.")
    }
    var end = file.size - tail.count + place
    let fields = Fields(tail, at: place)
    let (count, size, start) = (fields.short(10), fields.long(12), fields.long(16))
    guard count != 0xFFFF, size != 0xFFFF_FFFF, start != 0xFFFF_FFFF else { throw large(.byte(end)) }
    guard fields.short(4) == 0, fields.short(6) == 0, fields.short(8) == count else {
      throw wrong(.byte(end + 4), "one archive", "a part of an archive in several files")
    }
    // Some writers, such as PyTorch, state the same once more in 64 bits.
    if place >= 76, tail[(place - 20)...].starts(with: [0x50, 0x4B, 6, 7]),
      tail[(place - 76)...].starts(with: [0x50, 0x4B, 6, 6])
    {
      end -= 76
    }
    guard start + size == end else {
      throw wrong(.byte(end + 12), "the list of the members up to byte \(end)", "bytes \(start) to \(start + size)")
    }
    try readList(Fields(try file.bytes(start..<end), at: 0), count: count, start: start)
    let total = members.reduce(0.0) { $0 + Double($1.size) }
    guard total <= Double(memoryLimit) else {
      throw InputFile.tooLarge(path, limit: memoryLimit, found: "\(total.nearest)")
    }
  }

  private mutating func readList(_ list: Fields, count: Int, start: Int) throws(FileError) {
    var position = 0
    var names: Set<String> = []
    for _ in 0..<count {
      let entry = Fields(list.bytes, at: position)
      let place = FileError.Place.byte(start + position)
      guard list.bytes.count - position >= 46, list.bytes[position...].starts(with: ZIP.listSignature) else {
        throw wrong(place, "\(count) members in the list", "\(members.count)")
      }
      let length = 46 + entry.short(28) + entry.short(30) + entry.short(32)
      guard list.bytes.count - position >= length else { throw wrong(place, "a member's name", "the end of the list") }
      let nameBytes = list.bytes[position + 46..<position + 46 + entry.short(28)]
      let name = String(decoding: nameBytes, as: UTF8.self)
      guard names.insert(name).inserted else {
        throw FileError(
          .duplicateName, file: path, at: .tensor(name), expected: "a member of this name once", found: "it twice",
          remedy: "Rename one of them where the archive was made.")
      }
      let (flags, method) = (entry.short(8), entry.short(10))
      guard flags & 0x2041 == 0 else {
        throw FileError(
          .unsupportedType, file: path, at: .tensor(name), expected: "data that are not encrypted",
          found: "encrypted ones", remedy: "Extract the archive with its password, and pack it without one.")
      }
      guard method == 0 || method == 8 else {
        let known =
          switch method {
          case 9: " (Deflate64)"
          case 12: " (bzip2)"
          case 14: " (LZMA)"
          case 93: " (zstd)"
          case 95: " (xz)"
          default: ""
          }
        throw FileError(
          .unsupportedType, file: path, at: .tensor(name), expected: "stored data, or deflated ones",
          found: "method \(method)\(known)", remedy: "Save it with numpy.savez or numpy.savez_compressed.")
      }
      let (packed, size, offset) = (entry.long(20), entry.long(24), entry.long(42))
      guard packed != 0xFFFF_FFFF, size != 0xFFFF_FFFF, offset != 0xFFFF_FFFF else { throw large(place) }
      guard method == 8 ? size <= packed * 1032 + 1032 : size == packed else {
        throw wrong(
          .tensor(name), "a size that \(packed) bytes of \(method == 8 ? "compressed" : "stored") data can have",
          "\(size)")
      }
      members.append(
        Member(
          name: name, size: size, isCompressed: method == 8, crc: UInt32(entry.long(16)), packed: packed,
          offset: offset,
          nameLength: entry.short(28)))
      position += length
    }
    guard position == list.bytes.count else { throw wrong(.byte(start + position), "the end of the list", "more") }
    var end = start
    for number in members.indices.sorted(by: { members[$0].offset > members[$1].offset }) {
      let member = members[number]
      guard member.offset + 30 + member.nameLength + member.packed <= end else {
        throw FileError(
          .badOffsets, file: path, at: .tensor(member.name),
          expected: "\(member.packed) bytes of its own before byte \(end)", found: "a place from byte \(member.offset)",
          remedy: "The archive is damaged or a bomb; get it again from its source.")
      }
      members[number].end = end
      end = member.offset
    }
  }

  /// The content of a member.
  /// - Throws: `FileError`, also where length or checksum are not those of the list.
  package func content(of member: Member) throws(FileError) -> [UInt8] {
    let place = FileError.Place.tensor(member.name)
    let header = Fields(try file.bytes(member.offset..<member.offset + 30), at: 0)
    let start = member.offset + 30 + header.short(26) + header.short(28)
    guard header.bytes.starts(with: ZIP.localSignature), header.short(26) == member.nameLength,
      header.short(8) == (member.isCompressed ? 8 : 0), start + member.packed <= member.end
    else { throw wrong(place, "what the list says, at byte \(member.offset)", "another member") }
    let packed = try file.bytes(start..<start + member.packed)
    let content: [UInt8]
    if member.isCompressed {
      content = try CompressedPart(
        bytes: packed[...], format: .raw, count: member.size, file: path, place: place,
        remedy: "save it with numpy.savez, which does not compress"
      ).decompressed()
    } else {
      content = packed
    }
    guard CRC32.value(of: content) == member.crc else {
      throw FileError(
        .corrupt, file: path, at: place, expected: "data with the checksum \(String(member.crc, radix: 16))",
        found: String(CRC32.value(of: content), radix: 16),
        remedy: "The file is damaged; get it again from its source.")
    }
    return content
  }

  private func large(_ place: FileError.Place) -> FileError {
    FileError(
      .unsupportedType, file: path, at: place, expected: "an archive of less than 4 GB", found: "a ZIP64 archive",
      remedy: "Save each array as a file of its own, with numpy.save.")
  }

  private func wrong(_ place: FileError.Place, _ expected: String, _ found: String) -> FileError {
    FileError(
      .wrongFormat, file: path, at: place, expected: expected, found: found,
      remedy: "The archive is damaged; get it again from its source.")
  }

  /// Little-endian numbers at offsets from a place.
  private struct Fields {
    let bytes: [UInt8]
    let start: Int

    init(_ bytes: [UInt8], at start: Int) { (self.bytes, self.start) = (bytes, start) }

    func short(_ offset: Int) -> Int { Int(bytes[start + offset]) | Int(bytes[start + offset + 1]) << 8 }
    func long(_ offset: Int) -> Int { short(offset) | short(offset + 2) << 16 }
  }
}

extension ZIP {
  /// Replaces a file, as a whole or not at all, by an archive of these members, deflated where that is asked for.
  ///
  /// All bear the first date that the format knows, so that equal members make equal files.
  /// - Throws: `FileError`: `.duplicateName`, `.oversized` beyond 4 GB, `.unwritableFile`.
  package static func write(
    _ members: [(name: String, content: [UInt8])], compressing: Bool, to url: URL
  ) throws(FileError) {
    var (names, list): (Set<String>, [UInt8]) = ([], [])
    var pieces: [[UInt8]] = []
    var position = 0
    let order = ByteOrder.littleEndian
    for (name, content) in members {
      guard names.insert(name).inserted else {
        throw FileError(
          .duplicateName, file: url.path, at: .tensor(name), expected: "a member of this name once", found: "it twice",
          remedy: "Give one of the two another name.")
      }
      // Within its two bytes in front and four behind, a zlib stream is deflated data.
      let packed = compressing ? Array(Gzip.system.stream(of: content).dropFirst(2).dropLast(4)) : content
      guard max(content.count, position + packed.count) < 0xFFFF_FFFF, name.utf8.count < 0xFFFF, members.count < 0xFFFF
      else {
        throw FileError(
          .oversized, file: url.path, at: .tensor(name), expected: "an archive of less than 4 GB", found: "more",
          remedy: "Save each array as a file of its own.")
      }
      let isPlain = name.utf8.allSatisfy { $0 < 0x80 }
      let shared =
        order.bytes(of: [UInt16(20), isPlain ? 0 : 0x800, compressing ? 8 : 0, 0, 0x21])
        + order.bytes(of: [CRC32.value(of: content), UInt32(packed.count), UInt32(content.count)])
        + order.bytes(of: [UInt16(name.utf8.count), 0])
      list += listSignature + order.bytes(of: [UInt16(20)]) + shared
      list += order.bytes(of: [UInt16(0), 0, 0, 0, 0]) + order.bytes(of: [UInt32(position)]) + Array(name.utf8)
      pieces.append(localSignature + shared + Array(name.utf8))
      pieces.append(packed)
      position += 30 + name.utf8.count + packed.count
    }
    let end =
      endSignature + order.bytes(of: [UInt16(0), 0, UInt16(members.count), UInt16(members.count)])
      + order.bytes(of: [UInt32(list.count), UInt32(position)]) + [0, 0]
    pieces += [list, end]
    try OutputFile.replace(url) { handle in for piece in pieces { try handle.write(contentsOf: Data(piece)) } }
  }
}
