/// The counts of what a classifier took each class for, shaded by their share of the row, and the recall of every class.
///
/// Recall of class i is Cᵢᵢ / Σⱼ Cᵢⱼ, the share of its examples that were recognised.
public struct ConfusionMatrix: Chart {
  public var title: String
  /// The number of examples by label, then by prediction.
  package var counts: [[Int]]
  package var classNames: [String]

  /// A matrix of counts, one row for each true class.
  /// - Precondition: as many predictions as labels.
  public init(_ title: String, counts: [[Int]], classNames: [String] = []) {
    guard counts.allSatisfy({ $0.count == counts.count }) else {
      fatalError("ConfusionMatrix '\(title)': \(counts.count) labels, rows of \(Set(counts.map(\.count)).sorted())")
    }
    (self.title, self.counts, self.classNames) = (title, counts, classNames)
  }

  /// The recall of every class; `nil` for one without examples.
  package var recalls: [Double?] {
    counts.enumerated().map { label, row in
      let total = row.reduce(0, +)
      return total == 0 ? nil : Double(row[label]) / Double(total)
    }
  }

  public var summary: String {
    let total = counts.joined().reduce(0, +)
    guard total > 0 else { return "No data." }
    let right = counts.indices.reduce(0) { $0 + counts[$1][$1] }
    return "\(right) of \(total) examples in \(counts.count) classes were recognised."
  }

  public func drawn() -> ChartDrawing {
    let count = Double(counts.count)
    let digits = counts.joined().map { ChartText.width("\($0)", size: 11) + 8 }.max() ?? 0
    let cell = counts.count <= 24 ? max(30, digits) : max(6, (600 / count).rounded(.down))
    let names = CellNames(
      rows: classNames, columns: classNames, rowCount: counts.count, columnCount: counts.count, cell: cell)
    let left = 34 + names.width
    let width = max(left + cell * count + 84, 240)
    let heading = ChartText.heading(title, width: width)
    let top = heading.height + 42
    var shapes = heading.shapes
    guard counts.joined().contains(where: { $0 > 0 }) else {
      return ChartDrawing(
        width: width, height: top + 40, shapes: shapes + [ChartText.noData(x: width / 2, y: top + 10)])
    }
    shapes += names.drawn(left: left, top: top, rowCaption: "label", columnCaption: "prediction")
    for label in counts.indices { shapes += row(label, left, top, cell) }
    shapes += recallColumn(left + cell * count + 14, top, cell)
    return ChartDrawing(width: width, height: top + cell * count + 16, shapes: shapes)
  }

  private func row(_ label: Int, _ left: Double, _ top: Double, _ cell: Double) -> [Markup] {
    var shapes: [Markup] = []
    let total = Double(max(counts[label].reduce(0, +), 1))
    for (prediction, count) in counts[label].enumerated() {
      let (x, y) = (left + cell * Double(prediction), top + cell * Double(label))
      // A root, since the errors of a good classifier are few.
      let color = Palette.sequential((Double(count) / total).squareRoot())
      var box = Markup.box("edge", x: x, y: y, width: cell, height: cell)
      box.attributes.append(("fill", color))
      shapes.append(box.titled("\(name(label)) taken for \(name(prediction)): \(count)"))
      guard counts.count <= 24 else { continue }
      let style = "small middle " + ColorScale.textClass(on: color) + (label == prediction ? " bold" : "")
      shapes.append(.words(count == 0 ? "·" : "\(count)", style, x: x + cell / 2, y: y + cell / 2 + 4))
    }
    return shapes
  }

  private func recallColumn(_ x: Double, _ top: Double, _ cell: Double) -> [Markup] {
    var shapes = [Markup.words("recall", "ink", x: x, y: top - 6)]
    guard cell >= 12 else { return shapes }
    for (label, recall) in recalls.enumerated() {
      let text = recall.map { DecimalText.fixed($0 * 100, decimals: 1) + "%" } ?? "–"
      let y = top + cell * (Double(label) + 0.5) + 4
      shapes.append(.words(text, "ink small", x: x, y: y))
    }
    return shapes
  }

  private func name(_ label: Int) -> String { label < classNames.count ? classNames[label] : "\(label)" }
}
