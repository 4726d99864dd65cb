import Adjoint
import AdjointDatasets
import AdjointFiles
import Foundation
import TestFiles
import Testing

/// The bytes of a file in base 64.
private func bytes(_ text: String) throws -> [UInt8] { [UInt8](try #require(Data(base64Encoded: text))) }

@Suite("NumPy's arrays")
struct NumPyTests {
  let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  /// `savez_compressed(a=arange(3) / 2, b=…, c=…, t=…)` of NumPy 2: b big-endian in Fortran order, t of texts.
  private static let archive =
    "UEsDBC0AAAAIAAAAIQDcLUnY//////////8FABQAYS5ucHkBABAAmAAAAAAAAABNAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6l"
    + "oG6TZqGuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GsY6mjoKtQoUAC4GFPDAHkJ/sAcAUEsDBC0AAAAIAAAAIQCteLfu"
    + "//////////8FABQAYi5ucHkBABAAjAAAAAAAAABSAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TaaSuo6Cell9UUpSYF59f"
    + "lJIKEg8pKk0FChdnJBakArkaRjoKxpo6CrUK5AOuf/8ZGf7/Z2JgYGBmAABQSwMELQAAAAgAAAAhAOPN8g3//////////wUAFABj"
    + "Lm5weQEAEACDAAAAAAAAAEcAAAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWgXlNqqK6joJ6WX1RSlJgXn1+UkgoSd0vMKU4Fihdn"
    + "JBakAvkaxjqaOgq1ChQALoaG/wBQSwMELQAAAAgAAAAhAD+8ORv//////////wUAFAB0Lm5weQEAEACEAAAAAAAAAEgAAAAAAAAA"
    + "m+wX6hsQychQxlCtnpJanFykbqWgbhNqqK6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkahjqaOgq1ChQArgoGBgYAUEsB"
    + "Ai0DLQAAAAgAAAAhANwtSdhNAAAAmAAAAAUAAAAAAAAAAAAAAIABAAAAAGEubnB5UEsBAi0DLQAAAAgAAAAhAK14t+5SAAAAjAAA"
    + "AAUAAAAAAAAAAAAAAIABhAAAAGIubnB5UEsBAi0DLQAAAAgAAAAhAOPN8g1HAAAAgwAAAAUAAAAAAAAAAAAAAIABDQEAAGMubnB5"
    + "UEsBAi0DLQAAAAgAAAAhAD+8ORtIAAAAhAAAAAUAAAAAAAAAAAAAAIABiwEAAHQubnB5UEsFBgAAAAAEAAQAzAAAAAoCAAAAAA=="
  /// `save` of the half precision numbers [[1.5, -0], [∞, 0.1]].
  private static let half =
    "k05VTVBZAQB2AHsnZGVzY3InOiAnPGYyJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDIpLCB9ICAgICAg"
    + "ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAPgCAAHxmLg=="

  @Test("an archive that NumPy compressed is read, array by array, and what is none of numbers alone is refused")
  func archive() throws {
    let file = try NPZ(contentsOf: scratch.file("a.npz", bytes(NumPyTests.archive)))
    #expect(file.names == ["a", "b", "c", "t"])
    #expect(try file.tensor("a", as: Float.self) == Tensor([0, 0.5, 1]))
    #expect(try file.tensor("b", as: Int32.self) == Tensor([[-2, -1, 0], [1, 2, 3]]))
    #expect(try file.tensor("b", as: Double.self) == Tensor([[-2, -1, 0], [1, 2, 3]]))
    #expect(try file.tensor("c", as: UInt8.self).elements == [0, 128, 255])
    #expect(try fileError { try file.tensor("t", as: Double.self) }.found == "texts")
    #expect(try fileError { try file.tensor("c", as: Int8.self) }.found == "128 at position 1")
    #expect(try fileError { try file.tensor("a", as: Int.self) }.reason == .mismatch)
    #expect(try fileError { try file.tensor("z", as: Int.self) }.found == "'a', 'b', 'c', 't'")
  }

  @Test("an archive is refused when any of its bytes is cut off, and never read otherwise when one is changed")
  func damagedArchive() throws {
    let whole = try bytes(NumPyTests.archive)
    let sound = try NPZ(contentsOf: scratch.file("a.npz", whole))
    for count in 0..<whole.count {
      #expect(throws: FileError.self, "\(count)") {
        try NPZ(contentsOf: scratch.file("c.npz", Array(whole.prefix(count))))
      }
    }
    var refused = 0
    for place in whole.indices {
      var damaged = whole
      damaged[place] ^= 0x10
      do {
        let file = try NPZ(contentsOf: scratch.file("d.npz", damaged))
        // Dates, versions and names are all that may differ.
        if file.names == sound.names {
          #expect(try file.tensor("a", as: Double.self) == sound.tensor("a"), "byte \(place)")
          #expect(try file.tensor("b", as: Double.self) == sound.tensor("b"), "byte \(place)")
        }
      } catch is FileError {
        refused += 1
      }
    }
    #expect(refused > whole.count / 2)
  }

  @Test("numbers of half precision are widened exactly")
  func half() throws {
    let url = try scratch.file("h.npy", bytes(NumPyTests.half))
    let tensor = try Tensor<Double>(npy: url)
    #expect(tensor.elements == [1.5, 0, .infinity, 0.0999755859375] && tensor.elements[1].sign == .minus)
    #expect(tensor.shape == [2, 2])
  }

  @Test("what is written is read back bit for bit, stored and compressed, alone and in an archive")
  func roundTrip() throws {
    let floats = Tensor<Float>(
      shape: [2, 2], elements: [-0.0, .infinity, Float(bitPattern: 0x7FC0_1234), Float(bitPattern: 0x7F80_0001)])
    let place = scratch.url.appendingPathComponent("f.npy")
    try floats.save(npy: place)
    #expect(try Tensor<Float>(npy: place).elements.map(\.bitPattern) == floats.elements.map(\.bitPattern))
    for compressing in [false, true] {
      var file = NPZ()
      file.add("größe/x", floats)
      file.add("zeros", Tensor<Double>.zeros([100, 100]))
      file.add("n", Tensor<Int64>([.min, .max]))
      file.add("u", Tensor<UInt16>([0, .max]))
      file.add("empty", Tensor<Double>(shape: [3, 0], elements: []))
      let url = scratch.url.appendingPathComponent("\(compressing).npz")
      try file.write(to: url, compressing: compressing)
      let back = try NPZ(contentsOf: url)
      #expect(back.names == ["größe/x", "zeros", "n", "u", "empty"])
      #expect(
        try back.tensor("größe/x", as: Float.self).elements.map(\.bitPattern) == floats.elements.map(\.bitPattern))
      #expect(try back.tensor("zeros", as: Double.self) == .zeros([100, 100]))
      #expect(try back.tensor("n", as: Int64.self).elements == [.min, .max])
      #expect(try back.tensor("u", as: Int.self).elements == [0, 65_535])
      #expect(try back.tensor("empty", as: Float.self).shape == [3, 0])
      let size = try #require(try FileManager.default.attributesOfItem(atPath: url.path)[.size] as? Int)
      #expect((size < 80_000) == compressing)
    }
  }

  @Test(
    "a header of another kind is refused with what it holds",
    arguments: [
      ("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "pickle"),
      ("{'descr': '<c16', 'fortran_order': False, 'shape': (1,), }", "complex numbers"),
      ("{'descr': '<U3', 'fortran_order': False, 'shape': (1,), }", "texts"),
      ("{'descr': '<f16', 'fortran_order': False, 'shape': (1,), }", "extended precision"),
      ("{'descr': '<M8[s]', 'fortran_order': False, 'shape': (1,), }", "dates"),
      ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "several fields"),
      ("{'descr': '<f3', 'fortran_order': False, 'shape': (1,), }", "unknown type '<f3'"),
      ("{'descr': '|f8', 'fortran_order': False, 'shape': (1,), }", "unknown type '|f8'"),
      ("{'descr': '<f8', 'fortran_order': 0, 'shape': (1,), }", "True or False"),
      ("{'descr': '<f8', 'fortran_order': False, 'shape': (1), }", "',' or ')'"),
      ("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }", "a whole number"),
      ("{'descr': '<f8', 'fortran_order': False, 'shape': (01,), }", "a dimension from 0"),
      ("{'descr': '<f8', 'fortran_order': False, 'shape': (3000000000,), }", "a dimension from 0"),
      ("{'descr': '<f8', 'fortran_order': False, 'shape': (2147483647, 2147483647, 8, 0), }", "63 bits"),
      ("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1, 1, 1, 1, 1, 1, 1, 1), }", "at most 8 dimensions"),
      ("{'descr': '<f8', 'fortran_order': False, 'shape': (2000000000,), }", "16000000000 bytes"),
      ("{'descr': '<f8', 'fortran_order': False, }", "expected 'shape', found none"),
      ("{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (1,), }", "'descr' twice"),
      ("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), 'x': 1}", "found 'x'"),
      ("{'descr': '<f8', 'fortran_order': False, 'shape': (1,)} x", "the end of the header"),
    ])
  func headers(_ header: String, _ words: String) throws {
    let content = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8)
    let url = try scratch.file("h.npy", content + [UInt8](repeating: 0, count: 8))
    let error = try fileError { try Tensor<Double>(npy: url) }
    #expect(error.description.contains(words), "\(error)")
    #expect(error.description.hasPrefix(url.path))
  }

  @Test("a big array in Fortran order is read as by coordinates")
  func fortran() throws {
    let header = "{'fortran_order': True, 'descr': '>u2', 'shape': (2L, 3, 4)}\n"
    let content = [0x93] + Array("NUMPY".utf8) + [2, 0, UInt8(header.utf8.count), 0, 0, 0] + Array(header.utf8)
    let data = (0..<24).flatMap { [UInt8($0), UInt8(2 * $0)] }
    let tensor = try Tensor<Int>(npy: scratch.file("f.npy", content + data))
    for i in 0..<2 {
      for j in 0..<3 {
        for k in 0..<4 {
          let place = i + 2 * j + 6 * k
          #expect(tensor[i, j, k] == place << 8 + 2 * place)
        }
      }
    }
  }

  // MARK: - As data

  private func examples(_ arrays: [(String, Tensor<Int32>)]) throws -> ArrayExamples {
    var file = NPZ()
    for (name, array) in arrays { file.add(name, array) }
    let url = scratch.url.appendingPathComponent("e.npz")
    try file.write(to: url)
    return try ArrayExamples(url)
  }

  private let images = Tensor<Int32>(shape: [3, 2, 2, 1], elements: Array(0..<12))
  private let classes = Tensor<Int32>(shape: [3, 1], elements: [7, 5, 7])

  @Test(
    "inputs and classes are found by the names that people give them",
    arguments: [
      ["x_train", "y_train", "x_test", "y_test"], ["X_train", "y_train", "X_test", "y_test"],
      ["train_images", "train_labels", "test_images", "test_labels"], ["x", "y"], ["X", "y"], ["data", "target"],
      ["images", "labels"],
    ])
  func names(_ names: [String]) throws {
    let read = try examples(names.enumerated().map { ($1, $0 % 2 == 0 ? images : classes) })
    #expect((read.test != nil) == (names.count == 4))
    for examples in [read.training, read.test].compactMap({ $0 }) {
      #expect(examples.images?.pixels == Array(0..<12) && examples.images?.height == 2)
      #expect(examples.classNames == ["5", "7"] && examples.labels == [1, 0, 1])
    }
  }

  @Test("arrays that do not belong together are refused with their name")
  func refusedData() throws {
    let one = Tensor<Int32>([1, 2, 3, 4])
    for (arrays, words) in [
      ([("x", images), ("y", one)], "3 classes, one for each row of 'x'"), ([("x", images)], "arrays x and y"),
      ([("x", one), ("y", one)], "inputs [n, …]"),
      ([("x", images), ("y", Tensor([[0, 1], [1, 0], [0, 1]]))], "argmax"),
      (
        [("x_train", images), ("y_train", classes), ("x_test", Tensor([[1], [2], [3]])), ("y_test", classes)],
        "examples of shape [2, 2]"
      ),
    ] as [([(String, Tensor<Int32>)], String)] {
      let error = try fileError { try examples(arrays) }
      #expect(error.description.contains(words), "\(error)")
    }
    let alone = scratch.url.appendingPathComponent("x.npy")
    try images.save(npy: alone)
    #expect(try fileError { try ArrayExamples(alone) }.remedy.contains("numpy.savez"))
    var broken = NPZ()
    broken.add("x", Tensor<Float>([[1, .nan], [2, 3]]))
    broken.add("y", Tensor<Float>([0, 0.5]))
    let url = scratch.url.appendingPathComponent("n.npz")
    try broken.write(to: url)
    #expect(try fileError { try ArrayExamples(url) }.description.contains("0.5 at position 1"))
    broken.add("y", Tensor<Float>([0, 1]))
    try broken.write(to: url)
    #expect(try fileError { try ArrayExamples(url) }.description.contains("finite numbers"))
  }
}
