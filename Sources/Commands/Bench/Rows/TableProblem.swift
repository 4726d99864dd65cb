import Adjoint
import AdjointCommandLine
import AdjointDatasets
import Foundation

/// The reading of a table of 785 columns from a file: a label and 784 pixels, or as many decimals as a program prints.
struct TableProblem: Sendable {
  enum Kind: String, Sendable { case pixels, decimals }

  let kind: Kind

  static let columns = 784
  /// The rows; few make a quick run.
  private static func rows(isQuick: Bool) -> Int { isQuick ? 200 : 20_000 }

  /// The numbers of the table, a label first in each row, and its text.
  func content(isQuick: Bool) -> (numbers: [Float], text: [UInt8]) {
    var generator = Generator(seed: 4)
    var numbers: [Float] = []
    var text: [UInt8] = []
    for row in 0..<TableProblem.rows(isQuick: isQuick) {
      numbers.append(Float(row % 10))
      text += String(row % 10).utf8
      for _ in 0..<TableProblem.columns {
        switch kind {
        case .pixels:
          // Four of five pixels of a digit are background.
          let word = generator.next()
          let pixel = word % 5 == 0 ? (word >> 8) % 256 : 0
          numbers.append(Float(pixel))
          text += ",\(pixel)".utf8
        case .decimals:
          let number = Float(generator.uniform(-1, 1))
          numbers.append(number)
          text += ",\(number)".utf8
        }
      }
      text.append(0x0A)
    }
    return (numbers, text)
  }

  func prepared(_ data: BenchData) throws -> PreparedRow {
    let (numbers, text) = content(isQuick: data.count < 60_000)
    let file = TemporaryFile()
    try Data(text).write(to: file.url)
    func read() throws -> LabeledPoints {
      try withExtendedLifetime(file) { try LabeledPoints(csv: file.url, label: .first) }
    }
    let points = try read()
    let width = 1 + TableProblem.columns
    let expected = numbers.enumerated().filter { $0.offset % width > 0 }.map(\.element)
    guard points.inputs.elements == expected, zip(points.labels.indices, points.labels).allSatisfy({ $0 % 10 == $1 })
    else { throw CommandError.disagreement("a table of \(kind.rawValue) is not read as it was written") }
    var row = PreparedRow({ _ = try read() }, figure: { $0 })
    row.mostSamples = 5
    return row
  }
}

/// A file for as long as this lives.
private final class TemporaryFile {
  let url = FileManager.default.temporaryDirectory.appendingPathComponent("adjoint-bench-\(UUID().uuidString).csv")

  deinit { try? FileManager.default.removeItem(at: url) }
}
