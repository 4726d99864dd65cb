import Adjoint
import AdjointDatasets
import AdjointFiles
import Foundation
import TestFiles
import Testing

@Suite("Images that stay in their file")
struct StoredImagesTests {
  let scratch: ScratchFolder
  private let names = ["a", "b", "c"]
  private let height = 5
  private let width = 7
  private let count = 41

  init() throws { scratch = try ScratchFolder() }

  private func pixels() -> [UInt8] { (0..<count * height * width).map { UInt8(truncatingIfNeeded: $0 &* 37 >> 3) } }

  /// Both files, and the images of them in memory and stored.
  private func load() throws -> (images: URL, inMemory: LabeledImages, stored: StoredImages) {
    let (images, labels) = (scratch.url.appendingPathComponent("images"), scratch.url.appendingPathComponent("labels"))
    try IDX(dimensions: [count, height, width], bytes: pixels()).write(to: images)
    try IDX(dimensions: [count], bytes: (0..<count).map { UInt8($0 % 3) }).write(to: labels)
    return (
      images, try LabeledImages(images: images, labels: labels, classNames: names),
      try StoredImages(images: images, labels: labels, classNames: names)
    )
  }

  private func whole(_ images: StoredImages) throws(FileError) -> Batch<Int32> {
    try images.batch(Array(0..<images.count)[...])
  }

  @Test("Batches have the bits of images in memory, whatever rows they ask for and in each way to numbers")
  func sameBits() throws {
    let (_, inMemory, stored) = try load()
    #expect((stored.count, stored.height, stored.width, stored.labels) == (count, height, width, inMemory.labels))
    let statistics = try FeatureStatistics(of: stored)
    #expect(statistics == FeatureStatistics(of: inMemory))
    let lists: [[Int]] = [
      [], [0], [count - 1], [3, 4, 5, 6], [6, 5, 4, 3], [7, 7, 7], [40, 0, 20, 21, 19, 0, 40], Array(0..<count),
    ]
    for way in [Standardization.none, .perImage, .perPixel(statistics)] {
      let (a, b) = (inMemory.standardized(way), stored.standardized(way))
      for rows in lists { #expect(try b.batch(rows[...]) == a.batch(rows[...]), "\(way), \(rows)") }
      let order = Array((0..<count).reversed())
      #expect(try whole(b.selecting(order[...])) == a.selecting(order[...]).all)
      #expect(try b.prefix(9).batch([8, 0]) == a.prefix(9).batch([8, 0]))
      var (one, two) = (Generator(seed: 3), Generator(seed: 3))
      let (c, d) = (a.split(validation: 0.3, using: &one), b.split(validation: 0.3, using: &two))
      #expect(try whole(d.training) == c.training.all && whole(d.validation) == c.validation.all)
    }
  }

  @Test("Nothing is read but what is asked for")
  func bytes() throws {
    let (_, _, stored) = try load()
    #expect(stored.readByteCount == 0)
    stored.announce([1, 2, 9])
    _ = try stored.batch([9, 1, 2, 2])
    #expect(stored.readByteCount == 3 * height * width)
    _ = try stored.selecting([4, 9]).batch([1])
    #expect(stored.readByteCount == 4 * height * width)
  }

  @Test("Images larger than a block, and more of them than it holds, are read whole")
  func blocks() throws {
    for (side, count) in [(600, 3), (100, 60)] {
      let pixels = (0..<side * side * count).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 9) }
      let (images, labels) = (scratch.url.appendingPathComponent("large"), try scratch.file("few", []))
      try IDX(dimensions: [count, side, side], bytes: pixels).write(to: images)
      try IDX(dimensions: [count], bytes: (0..<count).map { UInt8($0 % 3) }).write(to: labels)
      let stored = try StoredImages(images: images, labels: labels, classNames: names)
      #expect(try whole(stored) == LabeledImages(images: images, labels: labels, classNames: names).all)
    }
  }

  @Test("Threads read at the same time")
  func threads() async throws {
    let (_, inMemory, stored) = try load()
    let expected = inMemory.all
    let results = await withTaskGroup(of: Bool.self, returning: [Bool].self) { group in
      for _ in 0..<8 {
        group.addTask { (0..<50).allSatisfy { _ in (try? whole(stored)) == expected } }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(results == Array(repeating: true, count: 8))
  }

  @Test("A file that is cut short later is refused at the byte where it ends")
  func cut() throws {
    let (images, _, stored) = try load()
    let size = 16 + 20 * height * width + 5
    try FileHandle(forWritingTo: images).truncate(atOffset: UInt64(size))
    let error = try fileError { try stored.batch([18, 19, 20, 21]) }
    #expect(error.reason == .truncated && error.place == .byte(size), "\(error)")
    #expect(error.file == images.path && error.found == "the end of the file" && error.expected.contains("18 to 21"))
    // What is still there is not believed either.
    #expect(try fileError { try stored.batch([0]) }.reason == .unreadableFile)
  }

  @Test("A file that is written to later is refused, and one that another replaces is read as it was")
  func changed() throws {
    let (images, inMemory, stored) = try load()
    let other = scratch.url.appendingPathComponent("other")
    try IDX(dimensions: [count, height, width], bytes: pixels().reversed()).write(to: other)
    #expect(rename(other.path, images.path) == 0)
    #expect(try whole(stored) == inMemory.all)
    let again = try StoredImages(
      images: images, labels: scratch.url.appendingPathComponent("labels"), classNames: names)
    let handle = try FileHandle(forUpdating: images)
    try handle.seek(toOffset: 100)
    try handle.write(contentsOf: Data([1, 2, 3]))
    let error = try fileError { try again.batch([0]) }
    #expect(error.reason == .unreadableFile && error.found.contains("written to since"), "\(error)")
  }

  @Test("Files that cannot be read row by row are refused", arguments: ["gzip", "short", "long", "numbers", "labels"])
  func refused(fault: String) throws {
    _ = try load()
    let (images, labels) = (scratch.url.appendingPathComponent("images"), scratch.url.appendingPathComponent("labels"))
    let bytes = [UInt8](try Data(contentsOf: images))
    let (reason, word): (FileError.Reason, String)
    switch fault {
    case "gzip":
      try Data(gzipped(bytes)).write(to: images)
      (reason, word) = (.wrongFormat, "gunzip")
    case "short":
      try Data(bytes.dropLast()).write(to: images)
      (reason, word) = (.truncated, "byte \(bytes.count - 1)")
    case "long":
      try Data(bytes + [0]).write(to: images)
      (reason, word) = (.oversized, "1 more byte")
    case "numbers":
      try IDX(elementType: .int8, dimensions: [count, height, width], bytes: pixels()).write(to: images)
      (reason, word) = (.wrongFormat, "images: bytes")
    default:
      try IDX(dimensions: [count - 1], bytes: Array(repeating: 0, count: count - 1)).write(to: labels)
      (reason, word) = (.mismatch, "\(count) labels")
    }
    let error = try fileError { try StoredImages(images: images, labels: labels, classNames: names) }
    #expect(error.reason == reason && "\(error)".contains(word), "\(error)")
  }
}
