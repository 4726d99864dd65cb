import Adjoint
import AdjointCharts

/// One unit as textbooks draw it: inputs, weights, their sum with the bias, and the activation, with the recorded numbers.
///
/// A line is as thick as what its input adds to the sum is large. Of many inputs those that add most are drawn, and the rest in
/// one line.
///
/// ```swift
/// let chart = try UnitDiagram(of: loss, layer: 0, unit: 3)
/// ```
public struct UnitDiagram: Chart {
  public var title: String
  private let layer: DenseLayer
  private let unit: Int
  private let isFirst: Bool
  private let terms: [Term]

  /// A line to the sum.
  private struct Term {
    let name: String
    /// The number in the circle; `nil` for the rest.
    let value: Double?
    let label: String
    let adds: Double
  }

  /// A unit of a dense layer behind a recorded value.
  /// - Parameters:
  ///   - layer: its layer, from 0.
  ///   - unit: its place in the layer, from 0.
  ///   - example: the row of the batch whose numbers are drawn.
  ///   - most: how many inputs are drawn by themselves.
  /// - Throws: `PictureError` where the recording has no such layer, unit or example.
  public init<S: Scalar>(
    of output: Variable<S>, layer: Int = 0, unit: Int = 0, example: Int = 0, most: Int = 6, title: String? = nil
  ) throws {
    let layers = try DenseLayer.chain(of: output, example: example, for: "UnitDiagram")
    guard layers.indices.contains(layer), layers[layer].sums.indices.contains(unit) else {
      let sizes = layers.map { String($0.sums.count) }.joined(separator: ", ")
      throw PictureError(
        "UnitDiagram", expected: "a unit of layers with \(sizes) units", found: "layer \(layer), unit \(unit), from 0",
        remedy: "choose one of these")
    }
    (self.layer, self.unit, isFirst) = (layers[layer], unit, layer == 0)
    let symbol = layer == 0 ? "x" : (layers[layer - 1].activation == nil ? "z" : "a") + layers[layer - 1].index
    terms = UnitDiagram.terms(of: layers[layer], unit, symbol, most: max(most, 1))
    self.title = title ?? "Unit \(unit + 1) of layer \(layer + 1)"
  }

  private static func terms(of layer: DenseLayer, _ unit: Int, _ symbol: String, most: Int) -> [Term] {
    let weights = layer.weights[unit]
    let products = zip(weights, layer.inputs).map { $0 * $1 }
    let strongest = products.indices.sorted { (-products[$0].magnitude, $0) < (-products[$1].magnitude, $1) }
    let kept = products.count <= most + 1 ? Array(products.indices) : strongest.prefix(most).sorted()
    var terms = kept.map { place in
      Term(
        name: symbol + Notation.lowered(place + 1), value: layer.inputs[place],
        label: "× \(DecimalText.text(weights[place]))", adds: products[place])
    }
    if kept.count < products.count {
      let rest = products.indices.filter { !kept.contains($0) }.reduce(0) { $0 + products[$1] }
      terms.append(
        Term(
          name: "\(products.count - kept.count) more", value: nil, label: "together \(DecimalText.text(rest))",
          adds: rest))
    }
    if unit < layer.biases.count {
      let bias = layer.biases[unit]
      terms.append(Term(name: "b", value: 1, label: "× \(DecimalText.text(bias))", adds: bias))
    }
    return terms
  }

  public var summary: String {
    let parts = terms.map { "\($0.name) adds \(DecimalText.text($0.adds))" }.joined(separator: ", ")
    return "\(parts); the sum is \(DecimalText.text(layer.sums[unit]))"
      + (layer.activation.map { ", \($0) of it \(DecimalText.text(layer.outputs[unit]))." } ?? ".")
  }

  /// The thickness of the line of a term.
  package func thickness(_ adds: Double) -> Double {
    let largest = terms.map(\.adds.magnitude).max() ?? 0
    return largest > 0 && adds.isFinite ? 0.6 + 6 * adds.magnitude / largest : 0.6
  }

  public func drawn() -> ChartDrawing {
    let (pitch, radius) = (56.0, 20.0)
    let names = terms.map { ChartText.width($0.name) }.max() ?? 0
    let x = (input: 34 + names, sum: names + 300, box: names + 424, end: names + 548)
    let width = x.end + (layer.activation == nil ? -60 : 60)
    let heading = ChartText.heading(title, width: width)
    let top = heading.height + 34
    let middle = top + pitch * Double(terms.count - 1) / 2
    var (lines, shapes) = ([Markup](), [Markup]())
    for (row, term) in terms.enumerated() {
      let y = top + pitch * Double(row)
      let start = x.input + (term.value == nil ? 12 : 0)
      lines.append(
        Markup.signed(term.adds, ChartPath.line(start, y, x.sum, middle), width: thickness(term.adds))
          .titled("\(term.name) adds \(DecimalText.text(term.adds))"))
      shapes.append(.words(term.name, "ink end", x: x.input - radius - 8, y: y + 4))
      // Labels stand near the inputs, where the lines are still apart.
      shapes.append(
        .words(term.label, along: (start, y), (x.sum, middle), at: 0.28, above: thickness(term.adds) / 2 + 3))
      if let value = term.value {
        let range = ColorScale.diverging.range(of: layer.inputs + [1])
        shapes.append(
          NeuronDiagram.neuron(
            value, in: range, x: x.input, y: y, radius: radius, named: "\(term.name) = \(DecimalText.text(value))"))
      } else {
        shapes.append(.words("⋮", "ink bold middle", x: x.input, y: y + 5))
      }
    }
    shapes += rest(x.sum, x.box, x.end, middle)
    return ChartDrawing(
      width: width, height: top + pitch * Double(terms.count - 1) + 40, shapes: heading.shapes + lines + shapes)
  }

  /// The sum, the activation, and their numbers.
  private func rest(_ sum: Double, _ box: Double, _ end: Double, _ middle: Double) -> [Markup] {
    let (z, a) = (DecimalText.text(layer.sums[unit]), DecimalText.text(layer.outputs[unit]))
    let mark = layer.index + Notation.lowered(unit + 1)
    var shapes = [
      Markup("circle", ["class": "paper", "cx": .init(sum), "cy": .init(middle), "r": 24]),
      Markup("circle", ["class": "rule", "cx": .init(sum), "cy": .init(middle), "r": 24, "stroke-width": 2]),
      .words("Σ", "ink title middle", x: sum, y: middle + 5),
      .words("z\(mark) = \(z)", "ink middle halo", x: sum + 8, y: middle - 34),
    ]
    guard let activation = layer.activation else { return shapes }
    let arrow = ChartPath.line(sum + 24, middle, box - 36, middle) + ChartPath.line(box + 36, middle, end - 24, middle)
    shapes.insert(Markup("path", ["class": "rule", "stroke-width": 2, "d": .init(arrow)]), at: 0)
    var frame = Markup.box("rule", x: box - 36, y: middle - 20, width: 72, height: 40)
    frame.attributes += [("rx", "8"), ("stroke-width", "2")]
    shapes += [frame, .words(ChartText.shortened(activation, to: 66), "ink middle", x: box, y: middle + 4)]
    shapes.append(
      NeuronDiagram.neuron(
        layer.outputs[unit], in: ColorScale.diverging.range(of: layer.outputs), x: end, y: middle, radius: 24,
        named: "a\(mark) = \(a)"))
    shapes.append(.words("a\(mark) = \(a)", "ink middle halo", x: end - 8, y: middle - 34))
    return shapes
  }
}
