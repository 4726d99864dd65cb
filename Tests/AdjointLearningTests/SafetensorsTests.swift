import Adjoint
import AdjointFiles
import AdjointLearning
import Foundation
import TestFiles
import Testing

@Suite("Safetensors")
struct SafetensorsTests {
  let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  /// Something of every type, with every value that a careless copy would change.
  private static func sample() throws -> Safetensors {
    var file = Safetensors()
    file.metadata = ["step": "9007199254740993", "quote \" \\": "line\n\u{1}\u{7F}\u{2028}é🙂"]
    try file.add("z/first", Tensor<UInt8>(shape: [3], elements: [0, 128, 255]))
    try file.add("floats", Tensor<Float>(shape: [2, 4], elements: floats))
    try file.add("doubles", Tensor<Double>(shape: [7], elements: doubles))
    try file.add("scalar", Tensor<Double>(scalar: 0.1))
    try file.add("empty", Tensor<Float>(shape: [3, 0, 2], elements: []))
    try file.add("narrow", Tensor<Int32>(shape: [1, 2], elements: [.min, .max]))
    try file.add("wide", Tensor<Int64>([.min, -1, 9_007_199_254_740_993, .max]))
    return file
  }

  private static let floats: [Float] = [
    -0.0, .infinity, -.infinity, .leastNonzeroMagnitude, Float(bitPattern: 0x7FC0_1234), Float(bitPattern: 0x7F80_0001),
    Float(bitPattern: 0xFFFF_FFFF), 0.1,
  ]
  private static let doubles: [Double] = [
    -0.0, -.infinity, .leastNonzeroMagnitude, .greatestFiniteMagnitude, Double(bitPattern: 0x7FF8_0000_DEAD_BEEF),
    Double(bitPattern: 0x7FF0_0000_0000_0001), Double(bitPattern: 0xFFFF_FFFF_FFFF_FFFF),
  ]

  // MARK: - Round trip

  @Test("what is written is read back bit for bit, in the same order")
  func roundTrip() throws {
    let url = folder.url.appendingPathComponent("a.safetensors")
    let written = try SafetensorsTests.sample()
    try written.write(to: url)
    let read = try Safetensors(contentsOf: url)
    #expect(read == written)
    #expect(read.names == ["z/first", "floats", "doubles", "scalar", "empty", "narrow", "wide"])
    #expect(read.metadata == written.metadata)
    #expect(
      try read.tensor("floats", as: Float.self).elements.map(\.bitPattern)
        == SafetensorsTests.floats.map(\.bitPattern))
    #expect(
      try read.tensor("doubles", as: Double.self).elements.map(\.bitPattern)
        == SafetensorsTests.doubles.map(\.bitPattern))
    #expect(try read.tensor("scalar", as: Double.self) == Tensor(scalar: 0.1))
    #expect(try read.tensor("empty", as: Float.self).shape == [3, 0, 2])
    #expect(try read.tensor("narrow", as: Int32.self) == Tensor(shape: [1, 2], elements: [.min, .max]))
    #expect(try read.tensor("wide", as: Int64.self).elements == [.min, -1, 9_007_199_254_740_993, .max])
    #expect(try read.tensor("z/first", as: UInt8.self).elements == [0, 128, 255])
    #expect(read.shape(of: "floats") == [2, 4])
    #expect(read.elementType(of: "scalar") == .float64)
    #expect(read.shape(of: "other") == nil)
    #expect(try folder.contents() == ["a.safetensors"])
  }

  @Test("nothing at all is read back")
  func nothing() throws {
    let url = folder.url.appendingPathComponent("nothing")
    try Safetensors().write(to: url)
    #expect(try [UInt8](Data(contentsOf: url)) == [8, 0, 0, 0, 0, 0, 0, 0] + Array("{}      ".utf8))
    #expect(try Safetensors(contentsOf: url) == Safetensors())
  }

  @Test("the bytes are those that the format describes: header padded to 8, wide elements first, little-endian")
  func bytes() throws {
    var file = Safetensors()
    file.metadata = ["b": "2", "a": "1"]
    try file.add("i", Tensor<Int32>([1]))
    try file.add("d", Tensor<Double>([1]))
    let url = folder.url.appendingPathComponent("bytes")
    try file.write(to: url)
    let header =
      "{\"__metadata__\":{\"a\":\"1\",\"b\":\"2\"},\"i\":{\"dtype\":\"I32\",\"shape\":[1],\"data_offsets\":[8,12]},"
      + "\"d\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]}}"
    let padded = Array(header.utf8) + [UInt8](repeating: 0x20, count: (8 - header.utf8.count % 8) % 8)
    let expected = safetensorsBytes(header: padded) + [0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 1, 0, 0, 0]
    #expect(try [UInt8](Data(contentsOf: url)) == expected)
  }

  @Test("members of an entry that the format does not know are ignored, and any space between tokens is")
  func leniency() throws {
    let header = """
      {"a" : { "dtype":"U8", "note": [1, -0.5e+3, {"b": null}, "x", true, false], "shape": [ 1 ],
        "data_offsets": [0, 1] } }  \n
      """
    let url = try folder.file("lenient", safetensorsBytes(header: Array(header.utf8), dataCount: 1))
    #expect(try Safetensors(contentsOf: url).tensor("a", as: UInt8.self) == Tensor([0]))
  }

  @Test("escapes in names are resolved")
  func escapes() throws {
    let header = #"{"\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE42\u0000":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#
    let url = try folder.file("escapes", safetensorsBytes(header: Array(header.utf8)))
    #expect(try Safetensors(contentsOf: url).names == ["\"\\/\u{8}\u{C}\n\r\té🙂\0"])
  }

  // MARK: - Conversions

  @Test("F32 widens to Double exactly, F64 rounds to Float once, and other scalars are made from the Double")
  func conversions() throws {
    var file = Safetensors()
    try file.add("f", Tensor<Float>([0.1, -0.0]))
    try file.add("d", Tensor<Double>([0.1, 1e300]))
    #expect(try file.tensor("f", as: Double.self).elements == [Double(Float(0.1)), 0])
    #expect(try file.tensor("f", as: Double.self).elements[1].sign == .minus)
    #expect(try file.tensor("d", as: Float.self).elements == [Float(0.1), .infinity])
    #expect(try file.tensor("d", as: Dual.self).elements.map(\.primal) == [0.1, 1e300])
  }

  @Test("integers widen, become real numbers on request, and are refused where they do not fit")
  func integers() throws {
    let file = try SafetensorsTests.sample()
    #expect(try file.tensor("narrow", as: Int.self).elements == [Int(Int32.min), Int(Int32.max)])
    let unfit = try fileError { try file.tensor("wide", as: Int32.self) }
    #expect(unfit.reason == .mismatch)
    #expect(unfit.description.contains("-9223372036854775808 at position 0"))
    #expect(try file.tensor("wide", as: Double.self).elements == [-0x1p63, -1, 0x1p53, 0x1p63])
    #expect(try fileError { try file.tensor("floats", as: Int.self) }.reason == .mismatch)
  }

  @Test("a name that is missing, taken or reserved is an error, and adds nothing")
  func names() throws {
    var file = try SafetensorsTests.sample()
    let before = file
    let missing = try fileError { try file.tensor("float", as: Float.self) }
    #expect(missing.reason == .missingTensor)
    #expect(missing.description.contains("expected a tensor 'float', found 'z/first', 'floats'"))
    #expect(missing.description.contains("and 1 more"))
    for name in ["floats", "__metadata__"] {
      #expect(try fileError { try file.add(name, Tensor<Float>([1])) }.reason == .duplicateName)
    }
    #expect(try fileError { try file.add("new", Tensor<Dual>([1])) }.reason == .unsupportedType)
    #expect(file == before)
  }

  // MARK: - Damage

  @Test("a damaged file is refused with its reason and place", arguments: DamagedFile.all)
  func damaged(_ damage: DamagedFile) throws {
    let url = try folder.file("damaged", damage.bytes)
    let error = try fileError { try Safetensors(contentsOf: url) }
    #expect(error.reason == damage.reason, "\(error)")
    #expect(error.place == damage.place, "\(error)")
    #expect(error.description.contains(damage.words), "\(error)")
    #expect(error.description.hasPrefix(url.path))
  }

  @Test("a file cut short at any byte, or longer by one, is refused")
  func truncation() throws {
    let url = folder.url.appendingPathComponent("whole")
    try SafetensorsTests.sample().write(to: url)
    let bytes = try [UInt8](Data(contentsOf: url))
    for length in 0..<bytes.count {
      let cut = try folder.file("cut", Array(bytes.prefix(length)))
      #expect(throws: FileError.self, "\(length) bytes") { try Safetensors(contentsOf: cut) }
    }
    let long = try folder.file("long", bytes + [0])
    #expect(try fileError { try Safetensors(contentsOf: long) }.reason == .oversized)
  }

  @Test("a file with one wrong byte is refused or is a whole file of its own, 2,000 times")
  func corruption() throws {
    let url = folder.url.appendingPathComponent("whole")
    try SafetensorsTests.sample().write(to: url)
    let bytes = try [UInt8](Data(contentsOf: url))
    var state: UInt64 = 20
    var (refused, accepted) = (0, 0)
    for _ in 0..<2000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      var corrupt = bytes
      corrupt[Int(state >> 33) % bytes.count] ^= UInt8(truncatingIfNeeded: state >> 20) | 1
      let corrupted = try folder.file("corrupt", corrupt)
      do {
        let file = try Safetensors(contentsOf: corrupted)
        for name in file.names {
          let shape = try #require(file.shape(of: name))
          // A type that is not read can come of the damage.
          guard let type = file.elementType(of: name) else { continue }
          switch type {
          case .float32: #expect(try file.tensor(name, as: Float.self).shape == shape)
          case .float64: #expect(try file.tensor(name, as: Double.self).shape == shape)
          default: #expect(try file.tensor(name, as: Double.self).shape == shape)
          }
        }
        accepted += 1
        // Writing waits for the disk, so a sample of the files must do.
        guard accepted % 16 == 0 else { continue }
        try file.write(to: corrupted)
        #expect(try Safetensors(contentsOf: corrupted) == file)
      } catch is FileError {
        refused += 1
      }
    }
    #expect(refused > 500)
    #expect(accepted > 100)
  }

  @Test("a header that lies about a huge file takes no memory for it")
  func sparse() throws {
    let header = "{\"w\":{\"dtype\":\"U8\",\"shape\":[2000000000,500],\"data_offsets\":[0,1000000000000]}}"
    let url = try folder.file("sparse", safetensorsBytes(header: Array(header.utf8)))
    let handle = try FileHandle(forWritingTo: url)
    // A terabyte that is nearly all hole, one byte short of what the header says.
    try handle.truncate(atOffset: UInt64(8 + header.utf8.count) + 999_999_999_999)
    try handle.close()
    let error = try fileError { try Safetensors(contentsOf: url) }
    #expect(error.reason == .truncated)
    #expect(error.place == .tensor("w"))
  }

  @Test("what is no ordinary file is refused")
  func noFile() throws {
    let none = folder.url.appendingPathComponent("none")
    #expect(try fileError { try Safetensors(contentsOf: none) }.reason == .missingFile)
    #expect(try fileError { try Safetensors(contentsOf: folder.url) }.reason == .unreadableFile)
    let zero = URL(fileURLWithPath: "/dev/zero")
    #expect(try fileError { try Safetensors(contentsOf: zero) }.reason == .unreadableFile)
    #expect(try fileError { try Safetensors().write(to: folder.url) }.reason == .unwritableFile)
    #expect(try fileError { try Safetensors().write(to: zero) }.reason == .unwritableFile)
  }

  @Test("a very long or unprintable name is shortened and escaped in the sentence")
  func longName() {
    let error = FileError(
      .badShape, file: "f", at: .tensor("a\n" + String(repeating: "b", count: 1000)), expected: "x", found: "y",
      remedy: "Z.")
    #expect(error.description == "f, tensor 'a\\n\(String(repeating: "b", count: 78))…': expected x, found y. Z.")
  }
}
