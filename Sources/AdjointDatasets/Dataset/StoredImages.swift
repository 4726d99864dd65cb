import Adjoint
import AdjointFiles
import Foundation

/// Grey images of one size with a class each, of which the labels alone are in memory: each batch reads its images from an IDX file.
///
/// The numbers of a batch are those of `LabeledImages`, to the bit, so a training ends in the same weights. Rows are read in the order of
/// the file, adjacent ones at once; while a step computes, `Trainer` lets the system read the rows of the next one. Where a batch is cut
/// into shards, a process reads the rows of its own shards alone.
///
/// ```swift
/// let digits = try StoredImages(images: images, labels: labels, classNames: names)
/// let trainer = Trainer(step: step, predictor: predictor, training: digits, epochs: 10, batchSize: 128, generator: generator)
/// ```
///
/// A file that is cut short or written to while somebody uses it is found out by the next read, which throws. A step that throws has changed
/// nothing. What a step has recorded holds zeros in place of images.
public struct StoredImages: Dataset, Equatable {
  /// Rows of an image.
  public let height: Int
  /// Columns of an image.
  public let width: Int
  /// The class of every image.
  public let labels: [Int32]
  /// The names of the classes; there are as many classes as names.
  public let classNames: [String]
  /// The way from bytes to numbers.
  package let standardization: Standardization
  private let plan: Standardization.Plan
  private let reader: RowReader
  /// The row of the file for each image.
  private let places: [UInt32]

  /// Reads labels [n] and the header of images [n, height, width] from two IDX files of bytes; the images' is a plain one.
  /// - Throws: `FileError` when a file is damaged or of another length than its header says, the images are compressed, the counts
  ///   differ, or a label has no class.
  public init(images imageURL: URL, labels labelURL: URL, classNames: [String]) throws(FileError) {
    let imageFile = try InputFile(imageURL, gzip: .system)
    let labelFile = try InputFile(labelURL, gzip: .system)
    let header = try IDX.header(of: imageFile)
    let labels = try IDX.read(labelFile)
    try LabeledImages.check(header, of: imageFile, labels: labels, of: labelFile, classNames: classNames)
    self.init(
      rows: try IDX.rows(of: imageFile), height: header.dimensions[1], width: header.dimensions[2],
      labels: labels.bytes.map(Int32.init), classNames: classNames)
  }

  /// The first rows of a file, one for each label.
  init(rows: RowFile, height: Int, width: Int, labels: [Int32], classNames: [String]) {
    self.init(
      RowReader(rows), Array(0..<UInt32(labels.count)), height: height, width: width, labels, classNames, .none)
  }

  private init(
    _ reader: RowReader, _ places: [UInt32], height: Int, width: Int, _ labels: [Int32], _ classNames: [String],
    _ standardization: Standardization
  ) {
    if let place = labels.firstIndex(where: { $0 < 0 || $0 >= classNames.count }) {
      fatalError("StoredImages: label \(labels[place]) of image \(place) is not in 0 ..< \(classNames.count)")
    }
    (self.reader, self.places, self.height, self.width) = (reader, places, height, width)
    (self.labels, self.classNames, self.standardization) = (labels, classNames, standardization)
    plan = Standardization.Plan(standardization)
  }

  /// The same images, turned into numbers in another way.
  /// - Precondition: statistics of pixels fit the size.
  public func standardized(
    _ standardization: Standardization, file: StaticString = #fileID, line: UInt = #line
  ) -> StoredImages {
    standardization.check(height: height, width: width, file: file, line: line)
    return StoredImages(reader, places, height: height, width: width, labels, classNames, standardization)
  }

  /// The same images with other labels, or the same classes under other names.
  func labeled(_ labels: [Int32], classNames: [String]) -> StoredImages {
    StoredImages(reader, places, height: height, width: width, labels, classNames, standardization)
  }

  /// The number of examples.
  public var count: Int { labels.count }
  /// `[features]`.
  public var inputShape: Shape { .vector(height * width) }
  /// `[]`: the target is a class number.
  public var targetShape: Shape { .scalar }
  /// The bytes of images that were read from the file so far, by this data set and those that were made of it.
  package var readByteCount: Int { reader.file.readByteCount }

  /// Writes examples into existing memory: see `Dataset`.
  /// - Throws: `FileError` when the file cannot be read, is cut short, or has been written to.
  public func fill(
    inputs: UnsafeMutableBufferPointer<Float>, targets: UnsafeMutableBufferPointer<Int32>, from rows: ArraySlice<Int>
  ) throws(FileError) {
    checkFilling(inputs.count, targets.count, from: rows)
    for (slot, row) in rows.enumerated() { targets[slot] = labels[row] }
    let features = height * width
    try read(rows) { slot, pixels in
      plan.apply(
        pixels, to: UnsafeMutableBufferPointer(rebasing: inputs[slot * features..<(slot + 1) * features]))
    }
  }

  /// Shows the bytes of images, each with its position in the list, in the order of the file.
  package func read(
    _ rows: ArraySlice<Int>, _ body: (_ position: Int, _ pixels: UnsafeBufferPointer<UInt8>) -> Void
  ) throws(FileError) {
    try reader.read(rows, at: places, body)
  }

  /// Lets the system begin to read these images.
  public func announce(_ rows: ArraySlice<Int>) { reader.announce(rows, at: places) }

  /// The examples with these numbers, in this order: see `Dataset`.
  public func selecting(_ rows: ArraySlice<Int>) -> StoredImages {
    StoredImages(
      reader, rows.map { places[$0] }, height: height, width: width, rows.map { labels[$0] }, classNames,
      standardization)
  }

  /// True for the same rows of one opened file, with the same labels and the same way to numbers.
  public static func == (a: StoredImages, b: StoredImages) -> Bool {
    a.reader === b.reader && a.places == b.places && a.labels == b.labels && a.classNames == b.classNames
      && a.standardization == b.standardization
  }
}

/// The reading of rows from a file in any order.
private final class RowReader: Sendable {
  let file: RowFile
  /// The most rows that are read at once.
  private let most: Int
  private let lock = NSLock()
  // Unchecked: read and written under the lock alone.
  private nonisolated(unsafe) var free: [Desk] = []

  /// What one thread reads with, kept for the next.
  private final class Desk {
    /// Row of the file and position in the list, in the order of the file.
    var order: [(row: UInt32, position: Int)] = []
    let bytes: UnsafeMutableRawBufferPointer

    init(byteCount: Int) { bytes = .allocate(byteCount: byteCount, alignment: 64) }
    deinit { bytes.deallocate() }

    /// Calls `body` for every run of adjacent rows, and of rows that are asked for again, of at most so many.
    func runs<Failure>(
      _ most: Int, _ body: (_ rows: Range<Int>, _ positions: Range<Int>) throws(Failure) -> Void
    ) throws(Failure) {
      var next = 0
      while next < order.count {
        let first = order[next].row
        var end = next
        var last = first
        while end < order.count, order[end].row - last <= 1, Int(order[end].row - first) < most {
          last = order[end].row
          end += 1
        }
        try body(Int(first)..<Int(last) + 1, next..<end)
        next = end
      }
    }
  }

  init(_ file: RowFile) {
    let block = 256 << 10
    (self.file, most) = (file, max(block / max(file.rowSize, 1), 1))
  }

  private func sorted(_ rows: ArraySlice<Int>, at places: [UInt32]) -> Desk {
    let desk = lock.withLock { free.popLast() } ?? Desk(byteCount: most * file.rowSize)
    desk.order.removeAll(keepingCapacity: true)
    for (position, row) in rows.enumerated() { desk.order.append((places[row], position)) }
    desk.order.sort { $0.row < $1.row }
    return desk
  }

  private func giveBack(_ desk: Desk) { lock.withLock { free.append(desk) } }

  func read(
    _ rows: ArraySlice<Int>, at places: [UInt32], _ body: (Int, UnsafeBufferPointer<UInt8>) -> Void
  ) throws(FileError) {
    let desk = sorted(rows, at: places)
    defer { giveBack(desk) }
    let size = file.rowSize
    try desk.runs(most) { (run, positions) throws(FileError) in
      try file.read(run, into: desk.bytes)
      let bytes = UnsafeRawBufferPointer(desk.bytes).bindMemory(to: UInt8.self)
      for place in positions {
        let start = (Int(desk.order[place].row) - run.lowerBound) * size
        body(desk.order[place].position, UnsafeBufferPointer(rebasing: bytes[start..<start + size]))
      }
    }
    try file.requireUnchanged()
  }

  func announce(_ rows: ArraySlice<Int>, at places: [UInt32]) {
    let desk = sorted(rows, at: places)
    defer { giveBack(desk) }
    desk.runs(.max) { run, _ in file.announce(run) }
  }
}
