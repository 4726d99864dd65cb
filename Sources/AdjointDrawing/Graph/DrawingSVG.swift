import AdjointCharts

// A layout as SVG.

extension Drawing {
  /// The picture, one self-contained element that follows the reader's light or dark theme.
  public var svg: String { element.rendered() + "\n" }

  /// The picture as markup, to be put into a page.
  public var element: Markup {
    let layout = layout
    let box = "0 0 \(Markup.rounded(layout.width)) \(Markup.rounded(layout.height))"
    var svg = Markup(
      "svg",
      [
        "xmlns": "http://www.w3.org/2000/svg", "viewBox": .init(box), "width": .init(layout.width),
        "height": .init(layout.height), "role": "img", "class": "adj", "aria-label": .init(title),
      ])
    svg.append(Markup("title", text: title))
    svg.append(Markup("desc", text: description))
    svg.append(Markup("style", text: Drawing.style))
    svg.append(Markup("rect", ["class": "adj-page", "width": .init(layout.width), "height": .init(layout.height)]))
    for frame in layout.frames { svg.append(element(of: frame)) }
    for heading in layout.headings {
      svg.append(text(heading.text, heading.rectangle, "adj-heading", baseline: 15))
    }
    for edge in layout.edges { svg.append(element(of: edge, in: layout)) }
    for label in layout.labels { svg.append(text(label.text, label.rectangle, "adj-shape", baseline: 10)) }
    for box in layout.boxes { svg.append(element(of: box)) }
    return svg
  }

  /// The style of all drawings. Every rule concerns a class that begins with `adj`, so that a page may hold several.
  ///
  /// Colours are written out, since converters such as librsvg know classes but not variables.
  package static var style: String {
    let dark = Colors(
      page: "#16181c", ink: "#ececec", box: "#20242a", frame: "#1b1e23", line: "#9a9a9a", forward: "#6db8ea",
      backward: "#ff9248", parameter: "#3fcfa5")
    return """
      .adj{font:\(Int(BoxText.fontSize))px 'DejaVu Sans Mono',ui-monospace,Menlo,Consolas,monospace}
      .adj text{stroke:none}
      .adj-name{font-weight:bold}
      .adj-heading{font-size:14px;font-weight:bold}
      .adj-shape{font-size:11px}
      .adj-frame{stroke-width:1}
      .adj-box{stroke-width:1.5}
      .adj-parameter{stroke-width:3}
      .adj-absent{stroke-dasharray:2 3}
      .adj-edge{fill:none;stroke-width:1.2}
      .adj-back{stroke-dasharray:6 3}
      .adj-head{stroke:none}
      \(Colors().rules)
      @media (prefers-color-scheme:dark){
      \(dark.rules)
      }
      """
  }

  /// The colours of one theme; light unless given.
  private struct Colors {
    var page = "#fff"
    var ink = "#1a1a1a"
    var box = "#fff"
    var frame = "#f4f4f4"
    var line = "#767676"
    var forward = Palette.forward
    var backward = "#b34700"
    var parameter = "#00735a"

    var rules: String {
      """
      .adj-page{fill:\(page)}
      .adj text{fill:\(ink)}
      .adj-frame{fill:\(frame);stroke:\(line)}
      .adj-box{fill:\(box);stroke:\(forward)}
      .adj-parameter{stroke:\(parameter)}
      .adj-backward,.adj-layerAdjoint{stroke:\(backward)}
      .adj-absent{stroke:\(line)}
      .adj-edge{stroke:\(forward)}
      .adj-edge.adj-back{stroke:\(backward)}
      .adj-head{fill:\(forward)}
      .adj-head.adj-back{fill:\(backward)}
      """
    }
  }

  private func text(_ words: String, _ place: Layout.Rectangle, _ style: String, baseline: Double) -> Markup {
    Markup("text", ["class": .init(style), "x": .init(place.x), "y": .init(place.y + baseline)], text: words)
  }

  private func rectangle(_ r: Layout.Rectangle, inset: Double = 0, radius: Double = 3) -> Markup {
    Markup(
      "rect",
      [
        "x": .init(r.x + inset), "y": .init(r.y + inset), "width": .init(r.width - 2 * inset),
        "height": .init(r.height - 2 * inset), "rx": .init(radius),
      ])
  }

  private func element(of frame: Layout.Frame) -> Markup {
    var border = rectangle(frame.rectangle, radius: 8)
    border.attributes.append(("class", "adj-frame"))
    return Markup("g", [:], [border, text(frame.title, frame.titleRectangle, "adj-name", baseline: 12)])
  }

  private func element(of box: Layout.Box) -> Markup {
    let r = box.rectangle
    var shapes: [Markup] = []
    switch box.text.style {
    case .leaf: shapes = [rectangle(r, radius: min(20, min(r.width, r.height) / 2))]
    case .forward, .absent: shapes = [rectangle(r)]
    case .backward: shapes = [rectangle(r), rectangle(r, inset: 3, radius: 1)]
    case .layer, .layerAdjoint:
      var (sheet, front) = (r, r)
      (front.width, front.height) = (r.width - 4, r.height - 4)
      (sheet.x, sheet.y, sheet.width, sheet.height) = (r.x + 4, r.y + 4, front.width, front.height)
      shapes = [rectangle(sheet), rectangle(front)]
      if box.text.style == .layerAdjoint { shapes.append(rectangle(front, inset: 3, radius: 1)) }
    case .parameter:
      let (left, right, top, bottom, cut) = (r.x, r.x + r.width, r.y, r.y + r.height, 7.0)
      let corners = [
        (left + cut, top), (right - cut, top), (right, top + cut), (right, bottom - cut), (right - cut, bottom),
        (left + cut, bottom), (left, bottom - cut), (left, top + cut),
      ]
      let points = corners.map { "\(Markup.rounded($0.0)),\(Markup.rounded($0.1))" }.joined(separator: " ")
      shapes = [Markup("polygon", ["points": .init(points)])]
    }
    let middle = r.x + r.width / 2
    var baseline = r.y + (r.height - Double(box.text.lines.count + 1) * BoxText.lineHeight) / 2 + 12
    for (i, line) in ([box.text.title] + box.text.lines).enumerated() {
      shapes.append(
        Markup(
          "text",
          [
            "x": .init(middle), "y": .init(baseline), "text-anchor": "middle",
            "class": i == 0 ? "adj-name" : "adj-line",
          ], text: line))
      baseline += BoxText.lineHeight
    }
    return Markup(
      "g", ["class": .init("adj-box adj-\(box.text.style.rawValue)"), "data-place": .init(box.place.identifier)], shapes
    ).titled(box.text.full)
  }

  private func element(of edge: Layout.Edge, in layout: Layout) -> Markup {
    let style = edge.to.isBackward ? " adj-back" : ""
    var group = Markup(
      "g", ["data-from": .init(edge.from.identifier), "data-to": .init(edge.to.identifier)],
      [Markup("path", ["class": .init("adj-edge" + style), "d": .init(layout.path(of: edge))])])
    guard let tip = edge.points.last else { return group }
    // Values flow along the direction, contributions against it.
    let back = edge.to.isBackward ? 7.0 : -7.0
    let base =
      layout.direction == .down
      ? [(tip.x - 3.5, tip.y + back), (tip.x + 3.5, tip.y + back)]
      : [(tip.x + back, tip.y - 3.5), (tip.x + back, tip.y + 3.5)]
    let points = ([(tip.x, tip.y)] + base).map { "\(Markup.rounded($0.0)),\(Markup.rounded($0.1))" }
    group.append(
      Markup("polygon", ["class": .init("adj-head" + style), "points": .init(points.joined(separator: " "))]))
    return group
  }
}
