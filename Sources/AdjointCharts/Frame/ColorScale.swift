/// The way from a number to a colour, and the bar that shows it.
public enum ColorScale: Sendable, Hashable {
  /// White to dark blue, least to greatest.
  case sequential
  /// Blue, white, orange: 0 is white, and the same distance to both sides has the same strength.
  case diverging

  /// The interval whose ends have the strongest colours.
  package func range(of values: some Sequence<Double>) -> ClosedRange<Double> {
    var extent = Extent(.linear)
    for value in values { extent.add(value) }
    if self == .sequential { return extent.interval }
    let size = extent.isEmpty ? 1 : max(extent.low.magnitude, extent.high.magnitude)
    return size < 1e-300 ? -1...1 : -size...size
  }

  package func color(_ value: Double, in range: ClosedRange<Double>) -> String {
    guard value.isFinite else { return Palette.sequential(.nan) }
    let share = (value / 2 - range.lowerBound / 2) / (range.upperBound / 2 - range.lowerBound / 2)
    return self == .sequential ? Palette.sequential(share) : Palette.diverging(2 * share - 1)
  }

  /// The class of text that can be read on a colour.
  package static func textClass(on color: String) -> String {
    let channels = RasterImage.channels(color).map(Double.init)
    let brightness = 0.299 * channels[0] + 0.587 * channels[1] + 0.114 * channels[2]
    return brightness > 140 ? "onlight" : "ondark"
  }

  /// 255 colours from the least to the greatest, and the place of a value among them.
  package var palette: [String] { (0..<255).map { color(Double($0) / 254, in: 0...1) } }

  package func place(_ value: Double, in range: ClosedRange<Double>) -> UInt8 {
    guard value.isFinite else { return 255 }
    let share = (value / 2 - range.lowerBound / 2) / (range.upperBound / 2 - range.lowerBound / 2)
    return UInt8((min(max(share, 0), 1) * 254).rounded())
  }

  /// A bar of the colours with marks, from `top` downward; its labels end within 80 pixels.
  package func bar(range: ClosedRange<Double>, x: Double, top: Double, height: Double, caption: String) -> [Markup] {
    let steps = 48
    var shapes = [
      RasterImage(
        width: 1, height: steps, pixels: (0..<steps).map { UInt8((steps - 1 - $0) * 254 / (steps - 1)) },
        palette: palette
      ).element(x: x, y: top, width: 14, height: height, class: "plain")
    ]
    let fewest = max(2, Int(height / 40))
    // A bar with a single mark says nothing about the size of the others.
    let attempts = (fewest...fewest + 4).map { Ticks.linear(range, count: $0, widening: false) }
    let ticks = attempts.first { $0.values.count >= 3 } ?? attempts[attempts.count - 1]
    let axis = PlacedAxis(axis: Axis(""), ticks: ticks, start: top + height, length: -height)
    shapes.append(.box("axis", x: x, y: top, width: 14, height: height))
    for (value, label) in zip(ticks.values, ticks.labels) {
      guard let y = axis.place(value) else { continue }
      shapes.append(.words(label, "faint small", x: x + 19, y: y + 4))
    }
    if let factor = ticks.factor {
      shapes.append(.words(factor, "faint small", x: x, y: top - 5))
    }
    if !caption.isEmpty {
      let text = ChartText.shortened(caption, to: height + 40, size: 11)
      shapes.append(.upwardWords(text, "ink small middle", x: x + 72, y: top + height / 2))
    }
    return shapes
  }
}
