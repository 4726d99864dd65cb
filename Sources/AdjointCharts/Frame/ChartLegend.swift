/// The names of the series with samples of their looks, in rows between title and plot, where no data can be.
struct ChartLegend {
  struct Entry {
    let name: String
    /// Shapes for a sample around (0, 0), 14 to the left and right.
    let sample: [Markup]
  }

  private let placed: [(entry: Entry, x: Double, row: Int)]
  private let names: [String]

  init(_ entries: [Entry], width: Double) {
    var placed: [(Entry, Double, Int)] = []
    var names: [String] = []
    var (x, row) = (12.0, 0)
    for entry in entries {
      let name = ChartText.shortened(entry.name, to: width - 60)
      let needed = 36 + ChartText.width(name) + 14
      if x > 12, x + needed > width { (x, row) = (12, row + 1) }
      placed.append((entry, x, row))
      names.append(name)
      x += needed
    }
    (self.placed, self.names) = (placed, names)
  }

  var height: Double { placed.last.map { 12 + 19 * Double($0.row + 1) } ?? 4 }

  func drawn(top: Double) -> [Markup] {
    zip(placed, names).map { place, name in
      let y = top + 15 + 19 * Double(place.row)
      var group = Markup(
        "g", ["transform": .init("translate(\(Markup.rounded(place.x + 14)) \(Markup.rounded(y - 4)))")])
      for shape in place.entry.sample { group.append(shape) }
      group.append(.words(name, "ink", x: 21, y: 4))
      return group
    }
  }
}

/// The look of a series by its number: colour, dash and marker together, so that colour is never needed to tell two apart.
struct SeriesLook {
  let number: Int

  private var color: Int { (number % 8 + 8) % 8 }
  /// The number of the dash and the marker, which move on by one after each eight, so that the first 64 looks differ.
  private var form: Int { ((number + number / 8) % 8 + 8) % 8 }
  var strokeClass: String { "s\(color)" }
  var fillClass: String { "f\(color)" }

  /// A line along a path.
  func line(_ path: String, class name: String = "line") -> Markup {
    var line = Markup("path", ["class": "\(name) \(strokeClass)", "d": .init(path)])
    if !Palette.dashes[form].isEmpty { line.attributes.append(("stroke-dasharray", Palette.dashes[form])) }
    return line
  }

  /// A marker at a point; its form depends on the number.
  func marker(_ x: Double, _ y: Double, size r: Double = 3.5) -> Markup {
    let outline: [(Double, Double)]? =
      switch form {
      case 0: nil
      case 1: [(-1, -1), (1, -1), (1, 1), (-1, 1)]
      case 2: [(0, -1.3), (1.2, 0.9), (-1.2, 0.9)]
      case 3: [(0, -1.4), (1.4, 0), (0, 1.4), (-1.4, 0)]
      case 4: [(0, 1.3), (1.2, -0.9), (-1.2, -0.9)]
      case 5: [(-1.4, -0.5), (1.4, -0.5), (1.4, 0.5), (-1.4, 0.5)]
      case 6: nil
      default: [(0, -1.4), (0.5, -0.4), (1.4, 0), (0.5, 0.4), (0, 1.4), (-0.5, 0.4), (-1.4, 0), (-0.5, -0.4)]
      }
    guard let outline else {
      let r = form == 6 ? 0.65 * r : r
      return Markup("circle", ["class": .init(fillClass), "cx": .init(x), "cy": .init(y), "r": .init(r)])
    }
    let corners = outline.map { (x: x + $0.0 * r, y: y + $0.1 * r) }
    return Markup("path", ["class": .init(fillClass), "d": .init(ChartPath.closed(corners))])
  }
}
