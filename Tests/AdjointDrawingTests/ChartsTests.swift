import Adjoint
import AdjointCharts
import AdjointChecking
import AdjointLearning
import Foundation
import Testing

@Suite struct ChartsTests {
  private static let nothing: [any Chart] = [
    HeatMap("t", values: []), HeatMap("t", values: [[]]), ConfusionMatrix("t", counts: []),
    ConfusionMatrix("t", counts: [[0, 0], [0, 0]]), ImageGrid("t", imageHeight: 2, imageWidth: 2, []),
    WeightImages("t", imageHeight: 2, imageWidth: 2, weights: []), BarChart("t", axis: Axis("a"), []),
    ChartGrid("t", []),
    BarChart("t", axis: Axis("a"), [("a", .nan)]), LineChart.fit("t", points: ([], []), x: [], fit: []),
    LineChart.growth("t", x: Axis("x"), y: Axis("y"), measured: ([], []), law: "n") { $0 },
    LineChart("t", x: Axis("x"), y: Axis("y"), [Histogram([.nan]).series("a")]),
  ]

  @Test(arguments: nothing.indices)
  func emptyDataAreCalledSo(number: Int) throws {
    let parsed = try ParsedChart(AnyChart(Self.nothing[number]))
    #expect(parsed.texts.contains("no data"))
  }

  private static let awkward: [any Chart] = [
    HeatMap("<&>", values: [[.nan, 1e300], [-1e300, .infinity]], rowNames: ["<a>", "&"], columnNames: ["\"", "'"]),
    HeatMap("zeros", values: [[0, 0]], scale: .sequential), HeatMap("one", values: [[3]]),
    HeatMap("large", values: Array(repeating: Array(repeating: 0.5, count: 60), count: 60)),
    ConfusionMatrix("one", counts: [[3]], classNames: ["<&>"]),
    ConfusionMatrix("many", counts: (0..<60).map { i in (0..<60).map { $0 == i ? 9 : 0 } }),
    ImageGrid("one", imageHeight: 1, imageWidth: 1, [.init(pixels: [7], caption: "<&\"", isWrong: true)]),
    WeightImages("odd", imageHeight: 1, imageWidth: 2, weights: [[.nan, 0], [0, 0]]),
    BarChart("t", axis: Axis("a", scale: .logarithmic), [("<", 1e-8), ("zero", 0), ("&", 1e8)]),
    BarChart("t", axis: Axis("a"), [("below", -4), ("above", 3), ("nothing", .nan)]),
    HeatMap("no width", values: Array(repeating: Array(repeating: 5, count: 40), count: 40), range: 5...5),
    LineChart(
      "no width", x: Axis("x", range: 1...1), y: Axis("y", scale: .logarithmic, range: -1...0),
      [Series("a", y: [1, 2])]),
    LineChart("no width", x: Axis("x"), y: Axis("n"), [Histogram([1, 1, 2], range: 1...1).series("a")]),
    ChartGrid.histograms("t", of: "g", [("a<", [1, 1, .nan]), ("b", [])]),
    LineChart.growth("t", x: Axis("x"), y: Axis("y"), measured: ([1], [0]), law: "n") { $0 },
    DecisionBoundary(
      "t", grid: PlaneGrid(x: 0...1, y: 0...1, columns: 2, rows: 2), classes: [], classNames: [],
      contours: [.init("c", values: [.nan, 0, 1, 2])], points: [(.nan, 0, 0), (9, 9, 3)]),
  ]

  @Test(arguments: awkward.indices)
  func awkwardDataGiveWellFormedText(number: Int) throws {
    let chart = AnyChart(Self.awkward[number])
    let parsed = try ParsedChart(chart)
    #expect(parsed.elements.first?.name == "svg")
    for element in parsed.elements {
      for name in ["x", "y", "width", "height", "d"] {
        guard let value = element.attributes[name] else { continue }
        #expect(!value.contains("nan") && !value.contains("inf"), "\(element)")
      }
    }
    #expect(!parsed.elements.contains { $0.attributes["id"] != nil }, "several charts stand in one page")
    #expect(chart.svg() == chart.svg())
  }

  @Test func theCountsOfAHistogramAndTheExcludedAreAllValues() {
    var generator = Generator(seed: 5)
    let values = (0..<999).map { $0 % 100 == 7 ? Double.nan : generator.normal() }
    for range in [nil, -1...1] as [ClosedRange<Double>?] {
      let histogram = Histogram(values, bins: 13, range: range)
      #expect(histogram.counts.reduce(0, +) + histogram.excluded == values.count)
      #expect(histogram.excluded >= 10)
    }
    #expect(Histogram([0, 0.5, 1, 1], bins: 2).counts == [1, 3])
  }

  @Test func aConfusionMatrixShowsCountsAndRecall() throws {
    let matrix = ConfusionMatrix("t", counts: [[9, 1, 0], [2, 6, 0], [0, 0, 0]], classNames: ["cat", "dog", "cow"])
    #expect(matrix.recalls == [0.9, 0.75, nil])
    let texts = try ParsedChart(matrix).texts
    for text in ["9", "1", "2", "6", "90.0%", "75.0%", "–", "cat", "label", "prediction"] {
      #expect(texts.contains(text))
    }
    #expect(matrix.summary == "15 of 18 examples in 3 classes were recognised.")
  }

  @Test func imagesAreFilesThatDecodersRead() throws {
    let parsed = try ParsedChart(
      ImageGrid("t", imageHeight: 2, imageWidth: 3, [.init(pixels: [0, 1, 2, 3, 4, 255], caption: "a")]))
    let image = try #require(parsed.elements.first { $0.name == "image" }?.attributes["href"])
    let prefix = "data:image/png;base64,"
    #expect(image.hasPrefix(prefix))
    let file = [UInt8](try #require(Data(base64Encoded: String(image.dropFirst(prefix.count)))))
    #expect(Array(file.prefix(8)) == [0x89, 0x50, 0x4E, 0x47, 13, 10, 26, 10])
    // The last chunk is the same in every file: its checksum is known.
    #expect(Array(file.suffix(12)) == [0, 0, 0, 0, 0x49, 0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82])
    // Signature, header, length and name, header of zlib and of its block: then the rows, ink dark.
    #expect(Array(file[8 + 25 + 8 + 7..<8 + 25 + 8 + 15]) == [0, 255, 254, 253, 0, 252, 251, 0])
  }

  @Test func theCheckersCurveIsDrawnWithItsBestStep() throws {
    let curve = AdaptiveDifference().derivative(of: { Double.exponential(1 + $0) }).curve
    let texts = try ParsedChart(
      LineChart.uCurve(
        steps: curve.points.map(\.step), errors: curve.points.map(\.error),
        truncation: curve.points.map(\.truncation), roundOff: curve.points.map(\.roundOff),
        bestStep: curve.bottom?.step)
    ).texts
    #expect(texts.contains("best step") && texts.contains("step h"))
  }

  @Test func activationFunctionsAreThoseOfTheTape() {
    let chart = LineChart.activations(
      [("relu", { $0.relu() }), ("tanh", { $0.tanh() })], derivatives: true, on: -1...1)
    #expect(chart.series[0].y.first == 0 && chart.series[0].y.last == 1)
    #expect(abs(chart.series[1].y[120] - 1) < 1e-12, "tanh′(0) = 1")
  }

  @Test("Every chart of the guides stands in a section that names the command which computes it")
  func charts() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let docs = root.appendingPathComponent("Docs")
    let guides = try FileManager.default.contentsOfDirectory(at: docs, includingPropertiesForKeys: nil)
      .filter { $0.pathExtension == "md" }
    var charts = 0
    for guide in guides + [root.appendingPathComponent("README.md")] {
      for section in try String(contentsOf: guide, encoding: .utf8).components(separatedBy: "\n## ") {
        let drawn = section.matches(of: #/!\[[^\]]*\]\(([^)]*\.svg)\)/#)
        charts += drawn.count
        let isNamed = section.contains(#/`(adjoint |swift run )[^`]+`/#)
        #expect(drawn.isEmpty || isNamed, "\(guide.lastPathComponent): \(drawn.map(\.1))")
      }
    }
    #expect(charts > 50)
  }
}

/// A chart of any kind, for functions that want one kind.
private struct AnyChart: Chart {
  let chart: any Chart
  init(_ chart: any Chart) { self.chart = chart }
  var title: String { chart.title }
  var summary: String { chart.summary }
  func drawn() -> ChartDrawing { chart.drawn() }
}
