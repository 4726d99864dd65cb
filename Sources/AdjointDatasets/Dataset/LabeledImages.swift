import Adjoint
import AdjointFiles
import Foundation

/// Grey images of one size with a class each, kept as bytes.
///
/// 60,000 images of 28 × 28 take 47 MB; they become floating-point numbers batch by batch, as `standardization` says. The
/// inputs of a batch are [b, height · width], row by row.
public struct LabeledImages: Dataset, Hashable {
  /// Rows of an image.
  public let height: Int
  /// Columns of an image.
  public let width: Int
  /// The brightness of every pixel, 0 background to 255 ink: [count, height, width].
  public let pixels: [UInt8]
  /// The class of every image.
  public let labels: [Int32]
  /// The names of the classes; there are as many classes as names.
  public let classNames: [String]
  /// The way from bytes to numbers.
  package let standardization: Standardization
  private let plan: Standardization.Plan

  /// Images with their labels.
  /// - Precondition: `pixels` holds `labels.count` images, every label has a name, and per-pixel statistics fit the size.
  public init(
    pixels: [UInt8], height: Int, width: Int, labels: [Int32], classNames: [String],
    standardization: Standardization = .none, file: StaticString = #fileID, line: UInt = #line
  ) {
    guard height > 0, width > 0, pixels.count == labels.count * height * width else {
      fatalError(
        "LabeledImages: \(pixels.count) pixels are not \(labels.count) images of \(height) × \(width); give labels.count · height · "
          + "width of them", file: file, line: line)
    }
    if let place = labels.firstIndex(where: { $0 < 0 || $0 >= classNames.count }) {
      fatalError(
        "LabeledImages: label \(labels[place]) of image \(place) is not in 0 ..< \(classNames.count); give every class a name",
        file: file, line: line)
    }
    self.height = height
    self.width = width
    self.pixels = pixels
    self.labels = labels
    self.classNames = classNames
    self.standardization = standardization
    plan = Standardization.Plan(standardization)
    standardization.check(height: height, width: width, file: file, line: line)
  }

  /// The number of examples.
  public var count: Int { labels.count }
  /// Pixels of an image.
  package var features: Int { height * width }
  /// The number of classes.
  package var classCount: Int { classNames.count }
  /// `[features]`.
  public var inputShape: Shape { .vector(features) }
  /// `[]`: the target is a class number.
  public var targetShape: Shape { .scalar }

  /// The bytes of one image, row by row; a slice keeps the indices of `pixels`.
  /// - Precondition: the image exists.
  public func image(_ number: Int, file: StaticString = #fileID, line: UInt = #line) -> ArraySlice<UInt8> {
    guard number >= 0, number < count else {
      fatalError("LabeledImages: there is no image \(number) among \(count)", file: file, line: line)
    }
    return pixels[number * features..<(number + 1) * features]
  }

  /// The same images, turned into numbers in another way.
  ///
  ///     let scaling = Standardization.perPixel(FeatureStatistics(of: training))
  ///     let (train, test) = (training.standardized(scaling), test.standardized(scaling))
  public func standardized(
    _ standardization: Standardization, file: StaticString = #fileID, line: UInt = #line
  ) -> LabeledImages {
    LabeledImages(
      pixels: pixels, height: height, width: width, labels: labels, classNames: classNames,
      standardization: standardization, file: file, line: line)
  }

  /// Writes examples into existing memory: see `Dataset`.
  public func fill(
    inputs: UnsafeMutableBufferPointer<Float>, targets: UnsafeMutableBufferPointer<Int32>, from rows: ArraySlice<Int>
  ) {
    checkFilling(inputs.count, targets.count, from: rows)
    guard !rows.isEmpty else { return }
    // Labels in a loop of their own, so that the waits for them overlap.
    labels.withUnsafeBufferPointer { labels in
      for (slot, row) in rows.enumerated() { targets[slot] = labels[row] }
    }
    pixels.withUnsafeBufferPointer { pixels in
      // Rows in random order come from far away. Asking for many at once has the memory send them side by side, not one
      // after the other; no more than the cache has room for.
      func bytes(_ row: Int) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(rebasing: pixels[row * features..<(row + 1) * features])
      }
      let most = max(1, (128 << 10) / max(features, 1))
      for first in stride(from: rows.startIndex, to: rows.endIndex, by: most) {
        let group = rows[first..<min(first + most, rows.endIndex)]
        for row in group { Float.prefetch(bytes(row)) }
        for (position, row) in zip(group.indices, group) {
          let slot = position - rows.startIndex
          plan.apply(
            bytes(row), to: UnsafeMutableBufferPointer(rebasing: inputs[slot * features..<(slot + 1) * features]))
        }
      }
    }
  }

  /// The examples with these numbers, in this order: see `Dataset`.
  public func selecting(_ rows: ArraySlice<Int>) -> LabeledImages {
    var selected: [UInt8] = []
    selected.reserveCapacity(rows.count * features)
    for row in rows { selected += image(row) }
    return LabeledImages(
      pixels: selected, height: height, width: width, labels: rows.map { labels[$0] }, classNames: classNames,
      standardization: standardization)
  }
}

/// IDX files, as MNIST and its descendants publish them.
extension LabeledImages {
  /// Reads images [n, height, width] and labels [n] from two IDX files of bytes, plain or gzip. `StoredImages` leaves the images of a plain
  /// one in their file.
  /// - Throws: `FileError` when a file is damaged, the counts differ, or a label has no class.
  public init(images imageURL: URL, labels labelURL: URL, classNames: [String]) throws(FileError) {
    let imageFile = try InputFile(imageURL, gzip: .system)
    let labelFile = try InputFile(labelURL, gzip: .system)
    try self.init(
      images: IDX.read(imageFile), of: imageFile, labels: IDX.read(labelFile), of: labelFile,
      classNames: classNames)
  }

  init(
    images: IDX, of imageFile: InputFile, labels: IDX, of labelFile: InputFile, classNames: [String]
  ) throws(FileError) {
    try LabeledImages.check(
      (images.elementType, images.dimensions), of: imageFile, labels: labels, of: labelFile, classNames: classNames)
    self.init(
      pixels: images.bytes, height: images.dimensions[1], width: images.dimensions[2],
      labels: labels.bytes.map(Int32.init), classNames: classNames)
  }

  /// Refuses files that do not hold images, and a label for each.
  static func check(
    _ images: (type: IDX.ElementType, dimensions: [Int]), of imageFile: InputFile, labels: IDX,
    of labelFile: InputFile, classNames: [String]
  ) throws(FileError) {
    guard images.type == .uint8, images.dimensions.count == 3, images.dimensions[1...].allSatisfy({ $0 > 0 }) else {
      throw FileError(
        .wrongFormat, file: imageFile.path, at: imageFile.place(2), expected: "images: bytes [n, height, width]",
        found: "\(images.type) \(images.dimensions)",
        remedy: "Give the file of the images (for MNIST its name contains idx3-ubyte).")
    }
    guard labels.elementType == .uint8, labels.dimensions.count == 1 else {
      throw FileError(
        .wrongFormat, file: labelFile.path, at: labelFile.place(2), expected: "labels: bytes [n]",
        found: "\(labels.elementType) \(labels.dimensions)",
        remedy: "Give the file of the labels (for MNIST its name contains idx1-ubyte).")
    }
    guard images.dimensions[0] == labels.dimensions[0] else {
      throw FileError(
        .mismatch, file: labelFile.path, at: labelFile.place(4),
        expected: "\(images.dimensions[0]) labels, one for each image in \(imageFile.path)",
        found: "\(labels.dimensions[0])", remedy: "The two files do not belong together; use a pair of one data set.")
    }
    if let wrong = labels.bytes.firstIndex(where: { Int($0) >= classNames.count }) {
      throw FileError(
        .badValue, file: labelFile.path, at: labelFile.place(8 + wrong),
        expected: "a label in 0 ..< \(classNames.count)", found: "\(labels.bytes[wrong])",
        remedy: "The file is damaged, or the data set has more classes: give all their names.")
    }
  }

  /// Writes the images and the labels as two plain IDX files.
  /// - Precondition: there are at most 256 classes.
  /// - Throws: `FileError` when a file cannot be written.
  package func write(images imageURL: URL, labels labelURL: URL) throws(FileError) {
    guard classCount <= 256 else { fatalError("LabeledImages: IDX labels are bytes; \(classCount) classes do not fit") }
    try IDX(dimensions: [count, height, width], bytes: pixels).write(to: imageURL)
    try IDX(dimensions: [count], bytes: labels.map { UInt8($0) }).write(to: labelURL)
  }
}
