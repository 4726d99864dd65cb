import Adjoint
import AdjointDatasets
import AdjointFiles
import Foundation
import TestFiles
import Testing

@Suite("Data sets in IDX files")
struct ExamplesTests {
  let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private static let names = [
    "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte",
  ]

  /// Writes two images of 1 × 2 and their labels for both parts, under these paths.
  private func write(_ paths: [String], labels: [UInt8] = [9, 3], compressed: Bool = false) throws {
    for (number, path) in paths.enumerated() {
      let array =
        number % 2 == 0 ? IDX(dimensions: [2, 1, 2], bytes: [1, 2, 3, 4]) : IDX(dimensions: [2], bytes: labels)
      let url = scratch.url.appendingPathComponent(path)
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      _ = try scratch.file(path, compressed ? gzipped(array.encoded()) : array.encoded())
    }
  }

  private func load(_ path: String = "") throws -> (training: Examples, test: Examples) {
    try Examples.load(
      IDXFolder(path.isEmpty ? scratch.url : scratch.url.appendingPathComponent(path)), limits: (nil, nil))
  }

  @Test(
    "the files are found where archives and programs put them",
    arguments: [
      names, names.map { $0.replacing("-idx", with: ".idx") }, names.map { "MNIST/raw/" + $0 },
      names.map { "\($0)/\($0)" }, names.map { $0.replacing("-idx", with: ".idx") + "/" + $0 },
      names.map { "emnist-letters-" + $0.replacing("t10k", with: "test") },
      names.map { "gzip/emnist-letters-" + $0.replacing("t10k", with: "test") },
    ])
  func places(paths: [String]) throws {
    for compressed in [false, true] {
      try write(compressed ? paths.map { $0 + ".gz" } : paths, compressed: compressed)
      let (training, test) = try load()
      #expect(training.count == 2 && test.images?.pixels == [1, 2, 3, 4])
      #expect(training.classNames == ["3", "9"] && training.labels == [1, 0])
      if let plain = paths.first, !plain.hasPrefix("emnist"), !plain.hasPrefix("gzip") {
        #expect(MNIST.isPresent(in: scratch.url))
      }
      for path in paths where !compressed {
        try FileManager.default.removeItem(at: scratch.url.appendingPathComponent(path))
      }
    }
  }

  @Test("several data sets in a folder are refused by name, and each is had by the beginning of its files' names")
  func several() throws {
    for name in ["emnist-letters", "emnist-digits"] {
      try write(ExamplesTests.names.map { "\(name)-" + $0.replacing("t10k", with: "test") })
    }
    let error = try fileError { try load() }
    #expect(error.remedy.contains("emnist-digits") && error.remedy.contains("emnist-letters"))
    #expect(IDXFolder.isPrefix(scratch.url.appendingPathComponent("emnist-letters")))
    #expect(!IDXFolder.isPrefix(scratch.url.appendingPathComponent("emnist")))
    #expect(try load("emnist-letters").training.count == 2)
  }

  @Test("a folder without a whole data set says what it holds")
  func incomplete() throws {
    try write(Array(ExamplesTests.names.prefix(3)))
    let error = try fileError { try load() }
    #expect(error.reason == .missingFile)
    #expect(error.found.contains("t10k-images-idx3-ubyte") && error.expected.contains("t10k-labels-idx1-ubyte"))
  }

  @Test("EMNIST's mapping names the classes by their characters")
  func mapping() throws {
    try write(ExamplesTests.names.map { "emnist-letters-" + $0 }, labels: [2, 1])
    _ = try scratch.file("emnist-letters-mapping.txt", "1 65 97\n2 66 98\n")
    #expect(try IDXFolder(scratch.url).classNames() == [1: "A", 2: "B"])
    _ = try scratch.file("emnist-letters-mapping.txt", "1 65 97\nB\n")
    #expect(try fileError { try IDXFolder(scratch.url).classNames() }.place == .line(2, column: 1))
  }

  @Test("elements of every type and inputs of any size are read", arguments: IDX.ElementType.allCases)
  func types(type: IDX.ElementType) throws {
    func bytes(_ values: [Double]) -> [UInt8] {
      values.flatMap { value -> [UInt8] in
        switch type {
        case .uint8: [UInt8(value)]
        case .int8: [UInt8(bitPattern: Int8(value))]
        case .int16: ByteOrder.bigEndian.bytes(of: [Int16(value)])
        case .int32: ByteOrder.bigEndian.bytes(of: [Int32(value)])
        case .float32: ByteOrder.bigEndian.bytes(of: [Float(value).bitPattern])
        case .float64: ByteOrder.bigEndian.bytes(of: [value.bitPattern])
        }
      }
    }
    let values = [5.0, 0, 100, 7, 8, 9]
    for dimensions in [[2, 3], [2, 1, 3], [2, 3, 1, 1]] {
      for part in ["train", "t10k"] {
        let inputs = IDX(elementType: type, dimensions: dimensions, bytes: bytes(values))
        let labels = IDX(elementType: type, dimensions: [2], bytes: bytes([4, 2]))
        _ = try scratch.file("\(part)-images-idx3-ubyte", inputs.encoded())
        _ = try scratch.file("\(part)-labels-idx1-ubyte", labels.encoded())
      }
      let training = try load().training
      #expect(training.labels == [1, 0] && training.classNames == ["2", "4"])
      let isImage = dimensions.count == 3 && type != .float32 && type != .float64
      #expect((training.images != nil) == isImage, "\(type) \(dimensions)")
      let scale: Float = isImage ? 1 / 255 : 1
      let expected = values.map { Float($0) * scale }
      #expect(zip(try training.batch([0, 1]).inputs.elements, expected).allSatisfy { abs($0 - $1) < 1e-6 })
    }
  }

  @Test("labels that are no classes, and numbers that are not finite, are refused at their byte")
  func badNumbers() throws {
    try write(ExamplesTests.names)
    let half = IDX(
      elementType: .float32, dimensions: [2],
      bytes: ByteOrder.bigEndian.bytes(of: [Float(1).bitPattern, Float(0.5).bitPattern]))
    _ = try scratch.file(ExamplesTests.names[1], half.encoded())
    #expect(try fileError { try load() }.place == .byte(12))
    try write(ExamplesTests.names)
    let infinite = IDX(
      elementType: .float32, dimensions: [2, 1, 1],
      bytes: ByteOrder.bigEndian.bytes(of: [Float(1).bitPattern, Float.infinity.bitPattern]))
    _ = try scratch.file(ExamplesTests.names[0], infinite.encoded())
    #expect(try fileError { try load() }.place == .byte(20))
  }

  @Test("the first rows are read without those behind them, and a limit of memory counts what is read")
  func limits() throws {
    // A header of a million images, and the bytes of three.
    let bytes = [0, 0, 8, 3, 0, 0x0F, 0x42, 0x40, 0, 0, 0, 1, 0, 0, 0, 2] + [UInt8](1...6)
    for compressed in [false, true] {
      let file = try InputFile(scratch.file("i", compressed ? gzipped(bytes) : bytes), gzip: .system)
      #expect(try IDX.read(file, rows: 0..<2).bytes == [1, 2, 3, 4])
      #expect(try IDX.read(file, rows: 2..<3).bytes == [5, 6])
      #expect(try IDX.read(file, rows: 1..<2).dimensions == [1, 1, 2])
      #expect(try fileError { try IDX.read(file, rows: 2..<4) }.reason == .truncated)
      #expect(try fileError { try IDX.read(file) }.reason == .truncated)
      let honest = IDX(dimensions: [300, 1, 2], bytes: [UInt8](repeating: 1, count: 600)).encoded()
      let whole = try InputFile(scratch.file("h", compressed ? gzipped(honest) : honest), gzip: .system)
      #expect(try IDX.read(whole, memoryLimit: 600).dimensions == [300, 1, 2])
      #expect(try IDX.read(whole, rows: 0..<4, memoryLimit: 8).bytes.count == 8)
      let error = try fileError { try IDX.read(whole, memoryLimit: 599) }
      #expect(error.reason == .oversized && error.expected.contains("599 bytes"))
    }
  }

  @Test("an empty array whose images cannot exist is refused")
  func emptyGiant() throws {
    let url = try scratch.file("i", [0, 0, 8, 3, 0, 0, 0, 0] + [UInt8](repeating: 0xFF, count: 8))
    #expect(try fileError { try IDX(contentsOf: url) }.reason == .oversized)
    let possible = try scratch.file("j", IDX(dimensions: [0, 28, 28], bytes: []).encoded())
    let labels = try scratch.file("l", IDX(dimensions: [0], bytes: []).encoded())
    #expect(try LabeledImages(images: possible, labels: labels, classNames: ["a", "b"]).count == 0)
  }

  @Test("no examples of more features than a shape holds are refused", arguments: [3, 4] as [UInt8])
  func emptyGiantRows(rank: UInt8) throws {
    try write(Self.names)
    let side: [UInt8] = [0, 1, 0, 0]
    let sides = [UInt8](Array(repeating: side, count: Int(rank) - 1).joined())
    _ = try scratch.file(Self.names[0], [0, 0, 8, rank, 0, 0, 0, 0] + sides)
    _ = try scratch.file(Self.names[1], IDX(dimensions: [0], bytes: []).encoded())
    let error = try fileError { try load() }
    #expect(error.reason == .oversized && error.expected.contains("2147483647 numbers for each"), "\(error)")
  }

  @Test("a row that does not exist traps in every data set, in release too")
  func rows() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let images = LabeledImages(pixels: [1, 2], height: 1, width: 1, labels: [0, 1], classNames: ["a", "b"])
      var (inputs, targets) = ([Float](repeating: 0, count: 1), [Int32](repeating: 0, count: 1))
      inputs.withUnsafeMutableBufferPointer { inputs in
        targets.withUnsafeMutableBufferPointer { images.fill(inputs: inputs, targets: $0, from: [2]) }
      }
    }
    let said = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(said.contains("no example 2 among 2"))
    await #expect(processExitsWith: .failure) {
      var (inputs, targets) = ([Float](repeating: 0, count: 2), [Float](repeating: 0, count: 1))
      let points = RegressionPoints(inputs: Tensor([[1, 2]]), targets: Tensor([[1]]))
      inputs.withUnsafeMutableBufferPointer { inputs in
        targets.withUnsafeMutableBufferPointer { points.fill(inputs: inputs, targets: $0, from: [-1]) }
      }
    }
    await #expect(processExitsWith: .failure) {
      var (inputs, targets) = ([Float](repeating: 0, count: 1), [Int32](repeating: 0, count: 2))
      inputs.withUnsafeMutableBufferPointer { inputs in
        targets.withUnsafeMutableBufferPointer { LabeledPoints.xor.fill(inputs: inputs, targets: $0, from: [0]) }
      }
    }
  }
}

@Suite("PGM images")
struct PGMTests {
  let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private func read(_ bytes: [UInt8]) throws -> PGM { try PGM(InputFile(scratch.file("i.pgm", bytes), gzip: .system)) }
  private func read(_ text: String) throws -> PGM { try read(Array(text.utf8)) }

  @Test("plain and binary images are read, with comments in the header and any white space of the format")
  func forms() throws {
    let expected = try read("P2\n2 1\n255\n0 255\n")
    #expect(expected.pixels == [0, 255] && expected.width == 2 && expected.height == 1)
    #expect(try read("P2 # a comment\n2\t1\u{B}\u{C}\r255 0 255") == expected)
    #expect(try read(Array("P5\n# 7 7\n2 1\n# x\n255\n".utf8) + [0, 255]) == expected)
    #expect(try read(gzipped(Array("P5 2 1 255 ".utf8) + [0, 255])) == expected)
    #expect(try read("P2 2 1 15 0 15") == expected)
    #expect(try read(Array("P5 2 1 65535 ".utf8) + [0, 0, 255, 255]) == expected)
    #expect(try read(Array("P5 2 1 255 ".utf8) + [10, 32]).pixels == [10, 32])
  }

  @Test(
    "what the format does not say is refused at its byte",
    arguments: [
      ("P2 2 1 255 0 255 7", 17), ("P2 2 1 255 0255", 15), ("P2 2 1 255 123456789 0", 11), ("P2 2 1 255 0 256", 13),
      ("P2 2 1 255 0 12a", 13), ("P2 2 1 255 0 # c\n1", 13), ("P2\u{0}2 1 255 0 1", 2), ("P22 1 255 0 1", 2),
      ("P5 1 1 255", 10), ("P5 1 1 255 ab", 12), ("P5 1 1 15 z", 10), ("P5 2 1 255 a", 12), ("P2 0 1 255", 3),
      ("P2 2 1 65536 0 0", 7), ("P3 1 1 255 0 0 0", 0), ("P2 2 -1 255", 5), ("P5 2 1 65535 abc", 16),
      ("P5 2 1 256 abcd", 11),
    ])
  func refused(text: String, byte: Int) throws {
    let error = try fileError { try read(text) }
    #expect(error.place == .byte(byte), "\(error)")
  }
}
