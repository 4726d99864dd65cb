import AdjointDrawing
import Foundation

// Every kind of chart, from data made on the spot: `ChartGallery DIRECTORY` writes an SVG file for each.

let directory = URL(fileURLWithPath: CommandLine.arguments.dropFirst().first ?? "charts", isDirectory: true)
try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
for (name, chart) in curveCharts + matrixCharts + functionCharts {
  try chart.svg().write(
    to: directory.appendingPathComponent("\(name).svg"), atomically: true, encoding: .utf8)
  print("\(name).svg: \(chart.summary)")
}
