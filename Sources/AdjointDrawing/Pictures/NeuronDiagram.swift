import Adjoint
import AdjointCharts
import Foundation

/// A network of dense layers as neurons and edges, read off a recording.
///
/// An edge is as thick as its weight is large; a positive weight is a plain orange line, a negative one blue and dashed. A neuron
/// holds its value for one example, and its bias stands below it. Of wide layers some units are shown.
///
/// ```swift
/// try NeuronDiagram(of: loss).svg().write(to: url, atomically: true, encoding: .utf8)
/// ```
public struct NeuronDiagram: Chart {
  public var title: String
  private let layers: [DenseLayer]
  /// The most units of a layer that are drawn.
  private let most: Int

  /// The dense layers behind a recorded value.
  /// - Parameters:
  ///   - example: the row of the batch whose values stand in the neurons.
  ///   - most: how many units of a layer are drawn, at least 2.
  /// - Throws: `PictureError` where the recording is no chain of dense layers, or has no such example.
  public init<S: Scalar>(
    of output: Variable<S>, example: Int = 0, most: Int = 12, title: String = "Neurons and edges"
  ) throws {
    layers = try DenseLayer.chain(of: output, example: example, for: "NeuronDiagram")
    (self.most, self.title) = (max(most, 2), title)
  }

  public var summary: String {
    let sizes = ([layers[0].inputs.count] + layers.map(\.sums.count)).map(String.init).joined(separator: "-")
    let weights = layers.flatMap { $0.weights.joined() }
    return "A network \(sizes): \(weights.count) weights, \(weights.count { $0 < 0 }) of them negative, the largest "
      + "\(DecimalText.text(largest)) in magnitude."
  }

  private var largest: Double { layers.flatMap { $0.weights.joined() }.map(\.magnitude).max() ?? 0 }

  /// A column of neurons.
  private struct Column {
    let name: String
    let note: String
    let values: [Double]
    let biases: [Double]
    /// The units that are drawn, with `nil` where others are left out.
    let shown: [Int?]

    init(_ name: String, _ note: String, _ values: [Double], _ biases: [Double] = [], most: Int) {
      (self.name, self.note, self.values, self.biases) = (name, note, values, biases)
      let count = values.count
      let (head, tail) = ((most + 1) / 2, most / 2)
      shown = count <= most ? Array(0..<count) : Array(0..<head) + [nil] + Array(count - tail..<count)
    }
  }

  private var columns: [Column] {
    let inputs = Column("x", "\(layers[0].inputs.count) inputs", layers[0].inputs, most: most)
    return [inputs]
      + layers.map { layer in
        let symbol = layer.activation == nil ? "z" : "a"
        let count = layer.sums.count == 1 ? "1 unit" : "\(layer.sums.count) units"
        return Column(
          symbol + layer.index, layer.activation.map { "\(count), \($0)" } ?? count, layer.outputs, layer.biases,
          most: most)
      }
  }

  public func drawn() -> ChartDrawing {
    let columns = columns
    let tallest = columns.map(\.shown.count).max() ?? 1
    let (radius, across) = (20.0, 180.0)
    let pitch = tallest <= 3 ? 88.0 : tallest <= 6 ? 68 : 54
    let width = max(across * Double(columns.count - 1) + 130, 420)
    let heading = ChartText.heading(title, width: width)
    let left = (width - across * Double(columns.count - 1)) / 2
    let middle = heading.height + 58 + pitch * Double(tallest) / 2
    func place(_ column: Int, _ row: Int) -> (x: Double, y: Double) {
      let offset = Double(row) - Double(columns[column].shown.count - 1) / 2
      return (left + across * Double(column), middle + pitch * offset)
    }
    var (edges, labels, shapes) = ([Markup](), [Markup](), heading.shapes)
    for (number, layer) in layers.enumerated() {
      let (sources, targets) = (columns[number].shown, columns[number + 1].shown)
      let isLabelled = max(sources.count, targets.count) <= 3
      for (row, source) in sources.enumerated() {
        for (line, target) in targets.enumerated() {
          guard let source, let target else { continue }
          let (from, to) = (place(number, row), place(number + 1, line))
          let weight = layer.weights[target][source]
          edges.append(edge(weight, from, to, named: "W\(layer.index) from \(source + 1) to \(target + 1)"))
          guard isLabelled else { continue }
          labels.append(
            .words(DecimalText.text(weight, digits: 2), along: from, to, at: 0.22, above: thickness(weight) / 2 + 3))
        }
      }
    }
    shapes += edges + labels
    for (number, column) in columns.enumerated() {
      let x = left + across * Double(number)
      shapes.append(.words(column.name, "ink bold middle", x: x, y: heading.height + 20))
      shapes.append(.words(column.note, "faint small middle", x: x, y: heading.height + 36))
      let range = ColorScale.diverging.range(of: column.values)
      for (row, unit) in column.shown.enumerated() {
        let (x, y) = place(number, row)
        guard let unit else {
          shapes.append(.words("⋮", "ink bold middle", x: x, y: y + 5))
          continue
        }
        shapes.append(
          NeuronDiagram.neuron(
            column.values[unit], in: range, x: x, y: y, radius: radius,
            named: "\(column.name), unit \(unit + 1): \(DecimalText.text(column.values[unit]))"))
        guard unit < column.biases.count, pitch > 60 else { continue }
        shapes.append(
          .words(
            "b \(DecimalText.text(column.biases[unit], digits: 2))", "faint small middle halo", x: x, y: y + radius + 13
          ))
      }
    }
    let bottom = middle + pitch * Double(tallest) / 2 + 14
    shapes += legend(y: bottom + 8, middle: width / 2)
    return ChartDrawing(width: width, height: bottom + 28, shapes: shapes)
  }

  /// The thickness of a line for a weight.
  package func thickness(_ weight: Double) -> Double {
    largest > 0 && weight.isFinite ? 0.4 + 5.6 * weight.magnitude / largest : 0.4
  }

  private func edge(
    _ weight: Double, _ from: (x: Double, y: Double), _ to: (x: Double, y: Double), named name: String
  ) -> Markup {
    Markup.signed(weight, ChartPath.line(from.x, from.y, to.x, to.y), width: thickness(weight))
      .titled("\(name): \(DecimalText.text(weight))")
  }

  /// A circle with its value.
  static func neuron(
    _ value: Double, in range: ClosedRange<Double>, x: Double, y: Double, radius: Double, named name: String
  ) -> Markup {
    let color = ColorScale.diverging.color(value, in: range)
    let circle = Markup(
      "circle",
      [
        "class": "rule", "cx": .init(x), "cy": .init(y), "r": .init(radius), "stroke-width": 1.5,
        "style": .init("fill:\(color)"),
      ])
    let text = Markup.words(
      DecimalText.text(value, digits: 2), "small middle " + ColorScale.textClass(on: color), x: x, y: y + 4)
    return Markup("g", [:], [circle, text]).titled(name)
  }

  private func legend(y: Double, middle: Double) -> [Markup] {
    let positive = Markup.signed(1, "M\(Markup.rounded(middle - 196)) \(Markup.rounded(y))h34", width: 3)
    let negative = Markup.signed(-1, "M\(Markup.rounded(middle - 68)) \(Markup.rounded(y))h34", width: 3)
    let widest = Markup.signed(1, "M\(Markup.rounded(middle + 70)) \(Markup.rounded(y))h34", width: 6)
    return [
      positive, .words("positive", "faint small", x: middle - 156, y: y + 4), negative,
      .words("negative", "faint small", x: middle - 28, y: y + 4), widest,
      .words("|w| = \(DecimalText.text(largest))", "faint small", x: middle + 110, y: y + 4),
    ]
  }
}

extension Markup {
  /// A line whose class and dashes say the sign of a number.
  static func signed(_ number: Double, _ path: String, width: Double) -> Markup {
    var line = Markup(
      "path",
      ["class": .init(number < 0 ? "s0" : "s1"), "fill": "none", "stroke-width": .init(width), "d": .init(path)])
    if number < 0 { line.attributes.append(("stroke-dasharray", "7 3")) }
    return line
  }

  /// Words that stand on a line from left to right, at a share of its way.
  static func words(
    _ text: String, along from: (x: Double, y: Double), _ to: (x: Double, y: Double), at share: Double,
    above room: Double
  ) -> Markup {
    let (dx, dy) = (to.x - from.x, to.y - from.y)
    let angle = atan2(dy, dx)
    let place = (x: from.x + dx * share + room * sin(angle), y: from.y + dy * share - room * cos(angle))
    let transform = "translate(\(rounded(place.x)) \(rounded(place.y))) rotate(\(rounded(angle * 180 / .pi)))"
    return Markup("text", ["class": "ink small middle halo", "transform": .init(transform)], text: text)
  }
}
