import Adjoint
import AdjointCharts

/// How much of the gradient reaches each layer: bands from the loss back through the sums, with a branch to each weight.
///
/// A band is as thick as its gradient is long, in the root of the mean square over its elements; its number stands beside it.
/// Where gradients vanish, the bands run dry.
///
/// ```swift
/// let chart = try GradientFlow(of: loss)
/// ```
public struct GradientFlow: Chart {
  public var title: String
  /// What a layer gets.
  package struct Part: Sendable {
    package let name: String
    package let weightName: String
    /// The root of the mean square of the adjoint of the weighted sums; `nil` where none was computed.
    package let sum: Double?
    /// The same of the weight.
    package let weight: Double?
  }
  package let parts: [Part]

  /// The layers behind a loss, from the inputs on, with the adjoints of a sweep.
  /// - Parameter backward: the sweep from the loss; recorded anew when left out, and taken off the tape again.
  /// - Throws: `PictureError` where the recording has no layers.
  public init<S: Scalar>(
    of loss: Variable<S>, backward: Backward<S>? = nil, title: String = "Who gets how much of the gradient"
  ) throws {
    let tape = loss.tape
    let layers = LayerReader(tape, loss.dependencies).layers
    guard !layers.isEmpty else {
      throw PictureError(
        "GradientFlow", expected: "layers with weights", found: "no product with a parameter",
        remedy: "give the loss of a network")
    }
    let (symbols, count) = (Symbols(of: loss), tape.count)
    let sweep = backward ?? tape.backward(from: loss)
    func size(_ node: Int) -> Double? {
      guard let adjoint = sweep.adjoint(of: tape[node])?.value.elements, !adjoint.isEmpty else { return nil }
      return (adjoint.reduce(0) { $0 + $1.primal * $1.primal } / Double(adjoint.count)).squareRoot()
    }
    parts = layers.map { layer in
      // A weight that is used several times hands back at each use; the first of them is the furthest from the loss.
      Part(
        name: symbols.adjoint(of: layer.sums[0]), weightName: symbols.adjoint(of: layer.weight),
        sum: size(layer.sums[0]),
        weight: size(layer.weight))
    }
    if backward == nil { tape.truncate(to: count) }
    self.title = title
  }

  public var summary: String {
    parts.map { part in
      "\(part.name) \(part.sum.map { DecimalText.text($0) } ?? "absent"), "
        + "\(part.weightName) \(part.weight.map { DecimalText.text($0) } ?? "absent")"
    }.joined(separator: "; ") + ", in the root of the mean square."
  }

  private static let thickest = 56.0

  /// The thickness of a band, in proportion to its gradient among those of its kind.
  package func thickness(_ size: Double?, of kind: KeyPath<Part, Double?>) -> Double {
    let largest = parts.compactMap { $0[keyPath: kind] }.filter(\.isFinite).max() ?? 0
    guard let size, largest > 0, size.isFinite else { return 0 }
    return max(0.5, GradientFlow.thickest * size / largest)
  }

  public func drawn() -> ChartDrawing {
    let pitch = 118.0
    let (left, count) = (70.0, Double(parts.count))
    let width = max(left + pitch * count + 70, 420)
    let heading = ChartText.heading(title, width: width)
    let river = heading.height + 62
    let mouth = river + 116
    var (bands, shapes) = ([Markup](), heading.shapes)
    func band(_ style: String, _ points: [(x: Double, y: Double)], _ words: String) -> Markup {
      Markup("path", ["class": .init(style), "d": .init(ChartPath.closed(points))]).titled(words)
    }
    for (number, part) in parts.enumerated() {
      let x = left + pitch * (Double(number) + 0.5)
      let (own, next) = (
        thickness(part.sum, of: \.sum),
        number + 1 < parts.count ? thickness(parts[number + 1].sum, of: \.sum) : thickness(part.sum, of: \.sum)
      )
      let from = number + 1 < parts.count ? x + pitch : width - 70
      bands.append(
        band(
          "f1", [(x, river - own / 2), (from, river - next / 2), (from, river + next / 2), (x, river + own / 2)],
          "\(part.name): \(part.sum.map { DecimalText.text($0) } ?? "not computed")"))
      let branch = thickness(part.weight, of: \.weight) / 2
      let bank = river + own / 2
      bands.append(
        band(
          "f2", [(x - branch / 2, bank), (x + branch / 2, bank), (x + branch / 2, mouth), (x - branch / 2, mouth)],
          "\(part.weightName): \(part.weight.map { DecimalText.text($0) } ?? "not computed")"))
      shapes += [
        .words("\(part.name)", "ink bold middle", x: x, y: river - 46),
        .words(
          part.sum.map { DecimalText.text($0, digits: 2) } ?? "absent", "ink small middle halo", x: x, y: river - 32),
        .words(part.weightName, "ink bold middle", x: x, y: mouth + 17),
        .words(
          part.weight.map { DecimalText.text($0, digits: 2) } ?? "absent", "ink small middle", x: x, y: mouth + 32),
      ]
    }
    shapes += [
      .words("loss", "ink bold", x: width - 62, y: river + 4),
      .words("data", "faint end", x: left - 4, y: river + 4),
    ]
    let note = "Thickness: root of the mean square; sums and weights have a scale each."
    let lines = ChartText.wrapped(note, to: width - 24, size: 11)
    for (number, line) in lines.enumerated() {
      shapes.append(.words(line, "faint small", x: 12, y: mouth + 56 + 14 * Double(number)))
    }
    return ChartDrawing(width: width, height: mouth + 56 + 14 * Double(lines.count), shapes: bands + shapes)
  }
}
