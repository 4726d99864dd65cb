/// A matrix as colours, with its numbers where the cells have room.
public struct HeatMap: Chart {
  public var title: String
  /// The numbers, row by row; those that are not finite are grey. NaN stands for a number that is not there: its cell is blank.
  package var values: [[Double]]
  package var scale: ColorScale
  /// The name of the quantity at the colour bar, such as `weight`.
  package var quantity: String
  /// The names of the rows, which are numbered from 0 when this is empty.
  package var rowNames: [String]
  /// The names of the columns, which are numbered from 0 when this is empty.
  package var columnNames: [String]
  /// The caption at the side of the rows.
  package var rows: String
  /// The caption at the side of the columns.
  package var columns: String
  /// The interval of the colours; that of the values when left out.
  package var range: ClosedRange<Double>?

  /// A matrix of numbers as coloured cells.
  /// - Precondition: all rows have the same length.
  public init(
    _ title: String, values: [[Double]], quantity: String = "", scale: ColorScale = .diverging,
    range: ClosedRange<Double>? = nil, rows: String = "row", columns: String = "column", rowNames: [String] = [],
    columnNames: [String] = []
  ) {
    guard values.allSatisfy({ $0.count == values[0].count }) else {
      fatalError("HeatMap '\(title)': rows of \(Set(values.map(\.count)).sorted()) columns; all need the same length")
    }
    (self.title, self.values, self.quantity, self.scale, self.range) = (title, values, quantity, scale, range)
    (self.rows, self.columns, self.rowNames, self.columnNames) = (rows, columns, rowNames, columnNames)
  }

  private var columnCount: Int { values.first?.count ?? 0 }

  public var summary: String {
    guard columnCount > 0 else { return "No data." }
    let range = scale.range(of: values.joined())
    return "\(values.count) × \(columnCount) values\(quantity.isEmpty ? "" : " of \(quantity)"), "
      + "\(DecimalText.text(range.lowerBound)) to \(DecimalText.text(range.upperBound))."
  }

  public func drawn() -> ChartDrawing {
    let cell = max(4, min(44, (480 / Double(max(values.count, columnCount, 1))).rounded(.down)))
    let (height, width) = (cell * Double(values.count), cell * Double(columnCount))
    let names = CellNames(
      rows: rowNames, columns: columnNames, rowCount: values.count, columnCount: columnCount, cell: cell)
    let left = 34 + names.width
    let paper = max(left + width + 100, 220)
    let heading = ChartText.heading(title, width: paper)
    let top = heading.height + 42
    guard columnCount > 0 else {
      return ChartDrawing(
        width: paper, height: top + 60, shapes: heading.shapes + [ChartText.noData(x: paper / 2, y: top + 20)])
    }
    let range = range.map { Extent(.linear, of: $0).interval } ?? scale.range(of: values.joined())
    var shapes = heading.shapes + names.drawn(left: left, top: top, rowCaption: rows, columnCaption: columns)
    shapes += cells(range, left, top, cell)
    let barHeight = min(max(height, 80), 240)
    shapes += scale.bar(range: range, x: left + width + 16, top: top, height: barHeight, caption: quantity)
    return ChartDrawing(width: paper, height: top + max(height, barHeight) + 16, shapes: shapes)
  }

  private func cells(_ range: ClosedRange<Double>, _ left: Double, _ top: Double, _ cell: Double) -> [Markup] {
    guard values.count * columnCount <= 1024 else {
      let pixels = values.joined().map { scale.place($0, in: range) }
      let image = RasterImage(width: columnCount, height: values.count, pixels: pixels, palette: scale.palette)
      return [
        image.element(x: left, y: top, width: cell * Double(columnCount), height: cell * Double(values.count))
      ]
    }
    var shapes: [Markup] = []
    for (row, line) in values.enumerated() {
      for (column, value) in line.enumerated() {
        let (x, y) = (left + cell * Double(column), top + cell * Double(row))
        let (color, text) = (scale.color(value, in: range), value.isNaN ? "" : DecimalText.text(value, digits: 2))
        let number = value.isNaN ? "no value" : DecimalText.text(value)
        let name = "\(names(row, rowNames)), \(names(column, columnNames)): \(number)"
        shapes.append(
          Markup(
            "rect",
            ["x": .init(x), "y": .init(y), "width": .init(cell), "height": .init(cell), "fill": .init(color)]
          ).titled(name))
        guard !text.isEmpty, ChartText.width(text, size: 11) <= cell - 2 else { continue }
        shapes.append(
          .words(text, "small middle " + ColorScale.textClass(on: color), x: x + cell / 2, y: y + cell / 2 + 4))
      }
    }
    return shapes
  }

  private func names(_ number: Int, _ names: [String]) -> String { number < names.count ? names[number] : "\(number)" }
}

/// The names of rows and columns of cells beside them, and their captions.
struct CellNames {
  let rows: [String]
  let columns: [String]
  let cell: Double
  /// Only every so many are written where cells are small.
  private let skip: (rows: Int, columns: Int)

  init(rows: [String], columns: [String], rowCount: Int, columnCount: Int, cell: Double) {
    func complete(_ names: [String], _ count: Int) -> [String] {
      (0..<count).map { $0 < names.count ? ChartText.shortened(names[$0], to: 110, size: 11) : "\($0)" }
    }
    (self.rows, self.columns, self.cell) = (complete(rows, rowCount), complete(columns, columnCount), cell)
    let widest = self.columns.map { ChartText.width($0, size: 11) + 6 }.max() ?? 0
    skip = (max(1, Int((14 / cell).rounded(.up))), max(1, Int((widest / cell).rounded(.up))))
  }

  /// The room that the rows' names take.
  var width: Double { rows.map { ChartText.width($0, size: 11) }.max() ?? 0 }

  /// Rows' names end left of `left`, columns' names stand above `top`; the captions outside of both.
  func drawn(left: Double, top: Double, rowCaption: String, columnCaption: String) -> [Markup] {
    var shapes: [Markup] = []
    for (row, name) in rows.enumerated() where row % skip.rows == 0 {
      let y = top + cell * (Double(row) + 0.5) + 4
      shapes.append(.words(name, "faint small end", x: left - 6, y: y))
    }
    for (column, name) in columns.enumerated() where column % skip.columns == 0 {
      let x = left + cell * (Double(column) + 0.5)
      shapes.append(.words(name, "faint small middle", x: x, y: top - 6))
    }
    let middle = top + cell * Double(rows.count) / 2
    shapes.append(.words(columnCaption, "ink", x: left, y: top - 24))
    shapes.append(.upwardWords(rowCaption, "ink middle", x: 20, y: middle))
    return shapes
  }
}
