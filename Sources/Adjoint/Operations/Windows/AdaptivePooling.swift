// Poolings to a given size, and over a whole image.

extension Variable {
  /// The mean over each of size.height × size.width sections of images [batch, height, width, channels]. Section i of n
  /// along an axis of extent h is that from ⌊i·h/n⌋ to ⌈(i + 1)·h/n⌉; where n does not divide h, sections overlap.
  public func adaptiveAveragePool(to size: Extent2D, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    adaptively(to: size, "adaptiveAveragePool", file, line) { $0.averagePool($1, file: file, line: line) }
  }

  /// The largest element of each of size.height × size.width sections of images; see `adaptiveAveragePool`.
  public func adaptiveMaxPool(to size: Extent2D, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    adaptively(to: size, "adaptiveMaxPool", file, line) { $0.maxPool($1, file: file, line: line) }
  }

  /// The mean over each of `length` sections of sequences [batch, length, channels]; see `adaptiveAveragePool`.
  public func adaptiveAveragePool1d(to length: Int, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    asImages("adaptiveAveragePool1d", file, line) {
      $0.adaptively(to: Extent2D(1, length), "adaptiveAveragePool1d", file, line) {
        $0.averagePool($1, file: file, line: line)
      }
    }
  }

  /// The largest element of each of `length` sections of sequences [batch, length, channels]; see `adaptiveAveragePool`.
  public func adaptiveMaxPool1d(to length: Int, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    asImages("adaptiveMaxPool1d", file, line) {
      $0.adaptively(to: Extent2D(1, length), "adaptiveMaxPool1d", file, line) { $0.maxPool($1, file: file, line: line) }
    }
  }

  /// The mean of each channel: [batch, channels] for images or sequences [batch, …, channels].
  public func globalAveragePool(file: StaticString = #fileID, line: UInt = #line) -> Variable {
    mean(axes: places("globalAveragePool", file, line), file: file, line: line)
  }

  /// The largest element of each channel: [batch, channels] for images or sequences [batch, …, channels].
  public func globalMaxPool(file: StaticString = #fileID, line: UInt = #line) -> Variable {
    max(axes: places("globalMaxPool", file, line), file: file, line: line)
  }

  /// The axes between the batch and the channels.
  private func places(_ name: String, _ file: StaticString, _ line: UInt) -> [Int] {
    let shape = checkedShape(name, file, line)
    guard shape.rank >= 3, !shape.dropFirst().dropLast().contains(0) else {
      let error = ShapeError("\(name): takes [batch, …, channels] with at least one place, was given \(shape)")
      tape.refuse(error, of: [self], file, line)
    }
    return Array(1..<shape.rank - 1)
  }

  /// A pooling of sections. Those of one size stand side by side after a gather, so that an ordinary pooling reduces
  /// them; a last gather puts the results in order.
  private func adaptively(
    to size: Extent2D, _ name: String, _ file: StaticString, _ line: UInt, _ pool: (Variable, Extent2D) -> Variable
  ) -> Variable {
    let images = checkedImages(name, to: size, file, line)
    let (rows, columns) = (Sections.bySize(images[1], size.height), Sections.bySize(images[2], size.width))
    let parts = rows.map { row in
      columns.map { column in
        pool(picking([nil, row.sources, column.sources, nil], file, line), Extent2D(row.extent, column.extent))
      }
    }
    func joined(_ parts: [Variable], _ axis: Int) -> Variable {
      parts.count == 1 ? parts[0] : concatenate(parts, axis: axis, file: file, line: line)
    }
    return joined(parts.map { joined($0, 2) }, 1)
      .picking([nil, Sections.order(rows), Sections.order(columns), nil], file, line)
  }
}

/// Sections of an axis that have one size.
private struct Sections {
  let extent: Int
  /// Their numbers among all sections.
  var numbers: [Int] = []
  /// Their positions on the axis, one section after the other.
  var sources: [Int] = []

  /// The `count` sections of an axis, by size.
  static func bySize(_ extent: Int, _ count: Int) -> [Sections] {
    var all: [Sections] = []
    for i in 0..<count {
      let section = i * extent / count..<((i + 1) * extent + count - 1) / count
      var place = all.firstIndex { $0.extent == section.count }
      if place == nil {
        all.append(Sections(extent: section.count))
        place = all.count - 1
      }
      guard let place else { continue }
      all[place].numbers.append(i)
      all[place].sources += section
    }
    return all
  }

  /// The position of each section among those ordered by size.
  static func order(_ all: [Sections]) -> [Int] {
    let numbers = all.flatMap(\.numbers)
    var order = numbers
    for (position, number) in numbers.enumerated() { order[number] = position }
    return order
  }
}
