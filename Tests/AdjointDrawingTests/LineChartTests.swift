import AdjointCharts
import Testing

@Suite struct LineChartTests {
  static let awkward: [(String, [Series])] = [
    ("no series", []),
    ("an empty series", [Series("a", y: [])]),
    ("one point", [Series("a", y: [3])]),
    ("nothing finite", [Series("a", y: [.nan, .infinity, -.infinity])]),
    ("gaps", [Series("a", y: [1, .nan, 2, 3, .infinity, 4], deviation: [1, 1, .nan, .infinity, 0, 1])]),
    ("all equal", [Series("a", y: [5, 5, 5])]),
    ("all zero", [Series("a", y: [0, 0])]),
    ("huge", [Series("a", y: [-1.7e308, 1.7e308])]),
    ("tiny", [Series("a", y: [.leastNonzeroMagnitude, .leastNormalMagnitude])]),
    ("negative", [Series("a", y: [-3, -1, -2])]),
    ("huge and tiny", [Series("a", x: [1e-300, 1e300], y: [1e300, 1e-300])]),
    ("labels to escape", [Series("<&\">'", y: [1, 2]), Series("\u{0}", y: [2, 1])]),
    ("steps", [Series("a", x: [0, 1, 2], y: [3, .nan, 0], style: .steps)]),
  ]

  @Test(arguments: awkward, [Axis.Scale.linear, .logarithmic])
  func awkwardDataGiveWellFormedText(data: (name: String, series: [Series]), scale: Axis.Scale) throws {
    let chart = LineChart(
      data.name, x: Axis("x <&>", scale: scale), y: Axis("y", unit: "\"m\"", scale: scale), data.series,
      references: [.horizontal(0.5, "<half>"), .vertical(.nan)], annotations: [Annotation(x: 1, y: .nan, "&")])
    let parsed = try ParsedChart(chart)
    #expect(parsed.elements.first?.attributes["role"] == "img")
    #expect(!parsed.paths("s0").contains { $0.contains("n") || $0.contains("i") }, "no nan or inf in a path")
    #expect(chart.svg() == chart.svg())
  }

  @Test(arguments: awkward.prefix(2).map(\.1) + [awkward[3].1])
  func emptyDataAreCalledSo(series: [Series]) throws {
    let chart = LineChart("t", x: Axis("x"), y: Axis("y"), series, references: [.horizontal(1)])
    #expect(try ParsedChart(chart).texts.contains("no data"))
    #expect(chart.summary.hasSuffix("no data."))
  }

  @Test(arguments: [Series.Style.line, .markers])
  func noSeriesLooksLikeAnotherOne(style: Series.Style) {
    let looks = (0..<64).map { number in
      LineChart("t", x: Axis("x"), y: Axis("y"), [Series("", y: [1, 2], style: style, look: number)]).svg()
    }
    #expect(Set(looks).count == 64)
  }

  @Test func aValueThatIsNotANumberLeavesAGap() throws {
    let chart = LineChart("t", x: Axis("x"), y: Axis("y"), [Series("a", y: [1, 2, .nan, 2, 1, .infinity, 3])])
    let parsed = try ParsedChart(chart)
    #expect(parsed.paths("s0")[0].filter { $0 == "M" }.count == 2)
    #expect(parsed.elements.count { $0.attributes["class"] == "f0" } == 1, "the lone last point has a marker")
  }

  @Test func valuesThatAreNotPositiveHaveNoPlaceOnALogarithmicAxis() throws {
    let chart = LineChart(
      "t", x: Axis("x"), y: Axis("y", scale: .logarithmic), [Series("a", y: [1, 10, 0, -5, 100, 1000])])
    #expect(try ParsedChart(chart).paths("s0")[0].filter { $0 == "M" }.count == 2)
  }

  @Test func theBandIsMeanPlusAndMinusTheDeviationOverRuns() {
    let series = Series("a", runs: [[1, 2, 3], [3, 2], [5, 2]])
    #expect(series.y == [3, 2, 3])
    #expect(series.deviation == [2, 0, 0])
    #expect(Series("a", runs: [[1, 2]]).deviation.isEmpty)
  }

  @Test func theLegendSaysHowWideTheBandIs() throws {
    let series = [
      Series("a", x: [1, 2], y: [1, 2], deviation: [1, 1], band: "± 2σ"), Series("b", runs: [[1, 2], [2, 3]]),
    ]
    let texts = try ParsedChart(LineChart("t", x: Axis("x"), y: Axis("y"), series)).texts
    #expect(texts.contains("a (± 2σ)") && texts.contains("b (± sd)"))
  }

  @Test func seriesDifferInColourAndInDashOrMarker() throws {
    for style in [Series.Style.line, .markers] {
      let series = (0..<8).map { Series("\($0)", y: [Double($0), 1], style: style) }
      let parsed = try ParsedChart(LineChart("t", x: Axis("x"), y: Axis("y"), series))
      let looks = (0..<8).map { number in
        parsed.elements.filter { element in
          let names = (element.attributes["class"] ?? "").split(separator: " ")
          return names.contains("s\(number)") || names.contains("f\(number)")
        }.last.map { "\($0.name) \($0.attributes["stroke-dasharray"] ?? "")" + shape($0.attributes["d"]) } ?? ""
      }
      #expect(Set(looks).count == 8 || style == .markers && Set(looks).count >= 6, "\(looks)")
    }
  }

  /// The number of corners of a filled marker.
  private func shape(_ path: String?) -> String {
    guard let path, path.hasSuffix("Z") else { return "" }
    let numbers = path.split { !"0123456789.-".contains($0) }.compactMap { Double($0) }
    let x = stride(from: 0, to: numbers.count, by: 2).map { Int((numbers[$0] - numbers[0]) * 10) }
    return "\(x)"
  }

  @Test func linesStayInsideTheFrame() throws {
    let chart = LineChart("t", x: Axis("x", range: 1...2), y: Axis("y", range: 0...1), [Series("a", y: [0.5, 9, 0.5])])
    let clips = try ParsedChart(chart).elements.filter { $0.name == "svg" }
    #expect(clips.count == 2, "a window inside the drawing cuts off what is outside the frame")
  }
}
