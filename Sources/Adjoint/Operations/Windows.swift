extension Windows {
  /// How many windows fit into images, in each direction.
  /// - Throws: `ShapeError` when these are not images, or no window fits.
  public func grid(in images: Shape, for operation: String) throws(ShapeError) -> Extent2D {
    guard images.rank == 4 else {
      throw ShapeError(
        "\(operation): takes images [batch, height, width, channels], was given \(images)"
          + (images.rank == 3 ? "; reshape a single channel to [batch, height, width, 1]" : ""))
    }
    guard size.height > 0, size.width > 0, stride.height > 0, stride.width > 0 else {
      throw ShapeError("\(operation): windows of \(size), \(stride) apart; both must be positive")
    }
    guard padding.height >= 0, padding.width >= 0 else {
      throw ShapeError("\(operation): a padding of \(padding); it cannot be negative")
    }
    let padded = Extent2D(images[1] + 2 * padding.height, images[2] + 2 * padding.width)
    guard padded.height >= size.height, padded.width >= size.width else {
      throw ShapeError(
        "\(operation): a window of \(size) does not fit into images of \(Extent2D(images[1], images[2]))"
          + (padding == 0 ? "" : " with a padding of \(padding)"))
    }
    return Extent2D(
      (padded.height - size.height) / stride.height + 1, (padded.width - size.width) / stride.width + 1)
  }

  /// The code that makes these windows.
  var swiftCode: String {
    "Windows(\(size.swiftCode), stride: \(stride.swiftCode), padding: \(padding.swiftCode))"
  }

  var attributes: [Attribute] {
    [
      Attribute("size", .list(size.list)), Attribute("stride", .list(stride.list)),
      Attribute("padding", .list(padding.list)),
    ]
  }

  /// What a formula says of them: the size, and what is not usual.
  var text: String {
    "\(size.height),\(size.width)" + (stride == 1 ? "" : "; stride \(stride.height),\(stride.width)")
      + (padding == 0 ? "" : "; padding \(padding.height),\(padding.width)")
  }

  /// Images and windows on which operations are tried: 1 × 1, as large as the image, further apart than wide, overlapping,
  /// not square, padded (wholly outside the image too), one channel and several, and no image at all.
  static let examples: [(Shape, Windows)] = [
    ([2, 4, 3, 2], Windows(Extent2D(3, 2))), ([1, 3, 2, 3], Windows(1)), ([2, 3, 4, 1], Windows(Extent2D(3, 4))),
    ([1, 5, 5, 2], Windows(2, stride: 3)), ([1, 6, 5, 1], Windows(3, stride: 2)),
    ([1, 4, 4, 2], Windows(2, stride: 2)),
    ([1, 1, 1, 1], Windows(1)), ([0, 4, 4, 2], Windows(2)), ([1, 3, 3, 0], Windows(2)),
    ([1, 3, 3, 2], Windows(3, padding: 1)), ([1, 2, 2, 1], Windows(1, padding: 2)),
    ([2, 3, 5, 1], Windows(Extent2D(2, 3), stride: Extent2D(1, 2), padding: Extent2D(1, 0))),
  ]
  /// Those without padding.
  static var unpaddedExamples: [(Shape, Windows)] { examples.filter { $0.1.padding == 0 } }
}

extension Extent2D {
  /// The code that makes this extent.
  var swiftCode: String { "Extent2D(\(height), \(width))" }
}
