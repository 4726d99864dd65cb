// Images and sequences of another size: gathers of rows and columns, and means of two of them.

/// The way in which an image of another size gets its elements.
public enum Interpolation: Hashable, Sendable {
  /// The element into which the new one falls.
  case nearest
  /// The mean of the nearest two along each axis, weighted by how near they are.
  case bilinear
}

extension Variable {
  /// Images [batch, height, width, channels] in another size.
  ///
  /// New row i stands at i·h/h′ (nearest, rounded down), at (i + ½)·h/h′ − ½ (bilinear), or, where the outermost rows stay
  /// outermost, at i·(h − 1)/(h′ − 1); columns alike.
  ///
  /// - Parameter alignCorners: true when the outermost elements stay where they are; for `.bilinear`.
  public func resize(
    to size: Extent2D, mode: Interpolation = .nearest, alignCorners: Bool = false, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Variable {
    resizing(size, nil, mode, alignCorners, "resize", file, line)
  }

  /// Images [batch, height, width, channels] scaled to ⌊scale·height⌋ × ⌊scale·width⌋; see `resize(to:)`, with 1/scale for
  /// h/h′.
  public func resize(
    scale: Double, mode: Interpolation = .nearest, alignCorners: Bool = false, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Variable {
    let images = checkedImages("resize", file, line)
    let size = Extent2D(
      images[1].scaled(by: scale, "resize", file, line), images[2].scaled(by: scale, "resize", file, line))
    return resizing(size, scale, mode, alignCorners, "resize", file, line)
  }

  /// Sequences [batch, length, channels] in another length, as `resize` does it with images.
  public func resize1d(
    to length: Int, mode: Interpolation = .nearest, alignCorners: Bool = false, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Variable {
    asImages("resize1d", file, line) {
      $0.resizing(Extent2D(1, length), nil, mode, alignCorners, "resize1d", file, line)
    }
  }

  /// Sequences [batch, length, channels] scaled to ⌊scale·length⌋, as `resize(scale:)` does it with images.
  public func resize1d(
    scale: Double, mode: Interpolation = .nearest, alignCorners: Bool = false, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Variable {
    asImages("resize1d", file, line) {
      let length = $0.shape[2].scaled(by: scale, "resize1d", file, line)
      return $0.resizing(Extent2D(1, length), scale, mode, alignCorners, "resize1d", file, line)
    }
  }

  private func resizing(
    _ size: Extent2D, _ scale: Double?, _ mode: Interpolation, _ alignCorners: Bool, _ name: String,
    _ file: StaticString, _ line: UInt
  ) -> Variable {
    let images = checkedImages(name, to: size, file, line)
    // One row stays one, whatever the scale of a sequence.
    let rows = Resizing(images[1], size.height, images[1] == 1 ? nil : scale, mode, alignCorners)
    let columns = Resizing(images[2], size.width, images[2] == 1 ? nil : scale, mode, alignCorners)
    if mode == .nearest {
      return picking([nil, rows.low, columns.low, nil], file, line)
    }
    return mixing(1, rows, file, line).mixing(2, columns, file, line)
  }

  /// The weighted means of two neighbours along an axis.
  private func mixing(_ axis: Int, _ resizing: Resizing, _ file: StaticString, _ line: UInt) -> Variable {
    func picked(_ source: [Int]) -> Variable {
      picking(shape.indices.map { $0 == axis ? source : nil }, file, line)
    }
    let low = picked(resizing.low)
    guard resizing.shares.contains(where: { $0 != 0 }) else { return low }
    let weights = Shape(shape.indices.map { $0 == axis ? resizing.new : 1 })
    func constant(_ share: (Double) -> Double) -> Variable {
      tape.constant(Tensor(shape: weights, elements: resizing.shares.map { S(share($0)) }))
    }
    return low * constant { 1 - $0 } + picked(resizing.high) * constant { $0 }
  }

  /// The shape; traps with a sentence unless these are images.
  func checkedImages(_ name: String, _ file: StaticString, _ line: UInt) -> Shape {
    let shape = checkedShape(name, file, line)
    guard shape.rank == 4 else {
      tape.refuse(
        ShapeError("\(name): takes images [batch, height, width, channels], was given \(shape)"), of: [self], file, line
      )
    }
    return shape
  }

  /// The shape; traps with a sentence unless these are images that can have another size.
  func checkedImages(_ name: String, to size: Extent2D, _ file: StaticString, _ line: UInt) -> Shape {
    let images = checkedImages(name, file, line)
    do throws(ShapeError) {
      guard size.height > 0, size.width > 0, images[1] > 0, images[2] > 0 else {
        throw ShapeError("\(name): \(images) to \(size); there must be at least one row and column in each")
      }
      try Shape([images[0], size.height, size.width, images[3]], of: name).checkPositions(for: name)
    } catch { tape.refuse(error, of: [self], file, line) }
    return images
  }

  /// A function of sequences [batch, length, channels] by the same function of images of one row.
  func asImages(
    _ name: String, _ file: StaticString, _ line: UInt, _ body: (Variable) -> Variable
  ) -> Variable {
    let shape = checkedShape(name, file, line)
    guard shape.rank == 3 else {
      let error = ShapeError("\(name): takes sequences [batch, length, channels], was given \(shape)")
      tape.refuse(error, of: [self], file, line)
    }
    let y = body(reshape(to: [shape[0], 1, shape[1], shape[2]], file: file, line: line))
    return y.reshape(to: [y.shape[0], y.shape[2], y.shape[3]], file: file, line: line)
  }
}

extension Int {
  /// This extent times a scale, rounded down; traps where that is no extent.
  fileprivate func scaled(by scale: Double, _ name: String, _ file: StaticString, _ line: UInt) -> Int {
    guard scale > 0, scale.isFinite, Double(self) * scale < Double(Int32.max) else {
      fatalError(
        "\(name): a scale of \(scale); it must be above 0, and give extents that exist", file: file, line: line)
    }
    return Int(Double(self) * scale)
  }
}

/// The elements of an axis from which those of an axis of another extent are made.
private struct Resizing {
  let new: Int
  /// The element before each new one, or the one that it is.
  var low: [Int] = []
  /// The element after it.
  var high: [Int] = []
  /// The share of the element after it.
  var shares: [Double] = []

  init(_ old: Int, _ new: Int, _ scale: Double?, _ mode: Interpolation, _ alignCorners: Bool) {
    self.new = new
    for i in 0..<new {
      switch mode {
      case .nearest:
        low.append(min(scale.map { Int(Double(i) / $0) } ?? i * old / new, old - 1))
      case .bilinear:
        let ratio = scale.map { 1 / $0 } ?? Double(old) / Double(new)
        let place =
          alignCorners
          ? new == 1 ? 0 : Double(i) * (Double(old - 1) / Double(new - 1)) : max((Double(i) + 0.5) * ratio - 0.5, 0)
        low.append(min(Int(place), old - 1))
        high.append(min(low[i] + 1, old - 1))
        shares.append(min(place - Double(low[i]), 1))
      }
    }
  }
}
