import AdjointFiles
import Foundation

/// What other libraries do at the edges: answers that `Docs/Edges/peers.py` stored, with versions.
package struct EdgePeers: Sendable {
  /// What one library gives for one case.
  package struct Answer: Sendable {
    package let value: [Double]
    package let gradients: [[Double]]
  }

  package let date: String
  /// The version that gave most answers, and any that gave others.
  package let versions: [(library: String, version: String)]
  private let answers: [String: [String: Answer]]

  package static let libraries = ["PyTorch", "JAX"]

  /// Reads the file.
  /// - Throws: `FileError` where it is no such file.
  package init(contentsOf url: URL) throws {
    let json = try JSON(InputFile(url).contents(atMost: 1 << 24), file: url.path)
    func refuse(_ expected: String, _ found: String) -> FileError {
      FileError(
        .wrongFormat, file: url.path, at: .wholeFile, expected: expected, found: found,
        remedy: "Make the file anew with Docs/Edges/peers.py, which says how in its first lines.")
    }
    guard let date = json["date"]?.string, let versions = json["versions"]?.members,
      let lines = json["answers"]?.elements
    else { throw refuse("a date, versions and answers", "an object without them") }
    self.date = date
    func numbers(_ json: JSON?) throws -> [Double] {
      guard let words = json?.elements else { throw refuse("a list of numbers", "none") }
      return try words.map { word in
        guard let number = word.string.flatMap({ Double($0) }) else { throw refuse("a number in quotes", word.text) }
        return number
      }
    }
    var answers: [String: [String: Answer]] = [:]
    for line in lines {
      guard let name = line["case"]?.string else { throw refuse("the name of a case", line.text) }
      for library in EdgePeers.libraries {
        guard let found = line[library] else { continue }
        guard let gradients = found["gradients"]?.elements else { throw refuse("gradients of '\(name)'", "none") }
        answers[name, default: [:]][library] = Answer(
          value: try numbers(found["value"]), gradients: try gradients.map { try numbers($0) })
      }
      answers[name] = answers[name] ?? [:]
    }
    self.answers = answers
    self.versions = versions.map { library, version in
      let others = Set(lines.compactMap { $0[library]?["version"]?.string }).sorted()
      return (library, ([version.string ?? "?"] + others).joined(separator: " and "))
    }
  }

  /// The cases without an answer, nor the statement that there is none.
  package func missing(_ cases: [EdgeCase]) -> [String] { cases.map(\.key).filter { answers[$0] == nil } }

  package func answer(of library: String, for edge: EdgeCase) -> Answer? { answers[edge.key]?[library] }

  /// The libraries whose answer is not ours.
  package func differing(from check: EdgeCheck) -> [String] {
    EdgePeers.libraries.filter { library in
      guard let answer = answer(of: library, for: check.edge) else { return false }
      return
        !(EdgePeers.agree(check.answer.value, answer.value, countsSignOfZero: check.edge.countsSignOfZero)
        && zip(check.answer.gradients, answer.gradients).allSatisfy { EdgePeers.agree($0, $1, countsSignOfZero: false) })
    }
  }

  /// Equal but for rounding.
  private static func agree(_ a: [Double], _ b: [Double], countsSignOfZero: Bool) -> Bool {
    a.count == b.count
      && zip(a, b).allSatisfy { x, y in
        if x == 0 || y == 0 { return countsSignOfZero ? x.hasBits(of: y) : x == y }
        return x.hasBits(of: y) || abs(x - y) <= 1e-9 * max(abs(x), abs(y)) && x.isFinite && y.isFinite
      }
  }
}
