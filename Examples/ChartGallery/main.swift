import AdjointCharts
import Foundation

// Every kind of chart, from data computed on the spot: `ChartGallery DIRECTORY` writes an SVG file for each; without a directory
// it only says what they show.

let directory = Asked("Every kind of chart.", directory: "Where an SVG file of each is written.").directory
if let directory { try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true) }
for (name, chart) in try curveCharts() + matrixCharts() + functionCharts() {
  let text = chart.svg()
  if let directory {
    try text.write(to: directory.appendingPathComponent("\(name).svg"), atomically: true, encoding: .utf8)
  }
  print("\(name).svg, \(text.utf8.count) bytes: \(chart.summary)")
}
