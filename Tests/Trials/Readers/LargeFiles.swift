import AdjointDatasets
import AdjointFiles
import AdjointLearning
import Foundation
import TestFiles

/// Sound files of several megabytes, in which a reader's demand for memory shows: at most four times what they state.
enum LargeFiles {
  private static let count = 8 << 20
  private static let readers: [String: @Sendable (URL) throws -> Void] = [
    "idx": { _ = try IDX(contentsOf: $0) },
    "idx in gzip": { _ = try IDX(contentsOf: $0) },
    "safetensors": { _ = try Safetensors(contentsOf: $0) },
    "points": { _ = try LabeledPoints(csv: $0, label: .last, format: CSVFormat()) },
    "image-table": { _ = try LabeledImages(csv: $0) },
  ]

  private static func files() -> [(name: String, stated: Int, bytes: [UInt8])] {
    let pixels = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let idx = StrictIDX.file(8, [count / 64, 8, 8], pixels)
    let header = #"{"w":{"dtype":"F32","shape":[\#(count / 4)],"data_offsets":[0,\#(count)]}}"#
    let length = (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) }
    func table(_ header: String, _ rows: [String]) -> [UInt8] {
      let body = Array(rows.joined().utf8)
      return Array(header.utf8) + (0..<count / body.count).flatMap { _ in body }
    }
    let points = table("a,b,c,class\n", ["0.125,-1.5,3.25,yes\n", "1.75,2.5,0.0625,no\n"])
    let row = Array(repeating: "128", count: 784).joined(separator: ",")
    let images = table("", ["7,\(row)\n", "3,\(row)\n"])
    return [
      ("idx", count, idx),
      ("idx in gzip", count, gzipped(idx)),
      ("safetensors", count, length + Array(header.utf8) + pixels),
      ("points", points.count, points),
      ("image-table", images.count, images),
    ]
  }

  /// Writes each file and has it read by a process of its own, which has given nothing back that would hide its demand.
  static func run() throws -> Int32 {
    let place = Children.place.appendingPathComponent("large-\(UUID().uuidString)")
    defer { unlink(place.path) }
    var failures = 0
    for file in files() {
      try Data(file.bytes).write(to: place)
      let child = try Children.process([
        "memory", "--only", file.name, "--file", place.path, "--stated", "\(file.stated)",
      ])
      if child.terminationStatus != 0 { failures += 1 }
    }
    return failures == 0 ? 0 : 1
  }

  /// The child's part.
  static func read(_ name: String, _ place: URL, stated: Int) throws -> Int32 {
    guard let read = readers[name] else { return 2 }
    PeakMemory.reset()
    let before = PeakMemory.residentBytes
    try read(place)
    let times = Double(PeakMemory.bytes - before) / Double(stated)
    say("\(name): \(String(format: "%.1f", times)) times its size in memory\(times > 4 ? ": too much" : "")")
    return times > 4 ? 1 : 0
  }
}
