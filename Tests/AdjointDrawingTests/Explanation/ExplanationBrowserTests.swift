import Adjoint
import AdjointDrawing
import Foundation
import Testing

/// Whole pages in headless Chromium, driven by key and input events from the page's own test of itself. Skipped, and said so, where
/// no Chromium is installed.
@Suite(.enabled(if: Tool.chromium != nil, "Chromium is not installed: pages are not opened"))
struct ExplanationBrowserTests {
  /// What a page writes into its document.
  struct Report: Decodable {
    struct Moved: Decodable {
      let value: Double
      let loss: Double
      let gradients: [String: [Double]]
    }
    struct Check: Decodable {
      let estimate: Double
      let adjoint: Double
      let agrees: Bool
    }
    let steps, forth, back, end, home: Int
    let atEnd, atStart: Bool
    let loss, lossAfterReset: Double
    let gradients: [String: [Double]]
    let moved: Moved
    let check: Check
    let read: String
    let requests, failures, unnamed: [String]
  }

  @Test("XOR 2-2-1") func xor() throws { try expectSound(.init(Pages.xor(seed: 0)), moving: 1, to: 0.75) }

  @Test("784-30-10 on four images, of MNIST where it is present")
  func images() throws {
    let model = Pages.images(Pages.mnist ?? .drawnDigits)
    try expectSound(Explained(model, imageSize: (28, 28)), moving: 400, to: 1.25)
  }

  @Test("A gated branch with reuse") func gated() throws { try expectSound(.init(Pages.gated()), moving: 3, to: -0.5) }

  /// A model with its page.
  struct Explained {
    let model: PageModel
    let page: String
    let loss: Variable<Double>

    init(_ model: PageModel, imageSize: (height: Int, width: Int)? = nil) {
      self.model = model
      loss = model.record().loss
      page = Explanation(of: loss, imageSize: imageSize).html
    }
  }

  private func expectSound(_ explained: Explained, moving element: Int, to value: Double) throws {
    let leaf = try #require(explained.loss.tape.trainableParameters.first).leaf.index
    let report = try open(explained.page, "#selftest=\(leaf),\(element),\(value)")
    #expect(report.failures == [])
    #expect(report.requests == [])
    // The keys walk to the end and back.
    #expect(report.atEnd && report.atStart)
    #expect(report.forth == report.steps - 1 && report.back == report.steps - 1)
    #expect(report.end == report.steps - 1 && report.home == 0)
    // In a heat map the arrows read elements; everything that takes the focus has a name.
    #expect(report.read.contains(" = "), "\(report.read)")
    #expect(report.unnamed == [])
    // Numbers: as recorded, after the slider moved, and after the reset.
    let model = explained.model
    try expect(report.loss, report.gradients, equal: model.evaluate())
    #expect(report.moved.value == value)
    let moved = model.evaluate(changing: leaf, element, to: value)
    #expect(moved.loss != report.loss)
    try expect(report.moved.loss, report.moved.gradients, equal: moved)
    #expect(report.lossAfterReset == report.loss)
    // The difference that the page takes, beside the adjoint that it computes.
    #expect(report.check.agrees)
    #expect(report.check.adjoint == report.moved.gradients["\(leaf)"]?[element])
    #expect(abs(report.check.estimate - report.check.adjoint) < 1e-8)
  }

  private func expect(
    _ loss: Double, _ gradients: [String: [Double]], equal library: (loss: Double, gradients: [Int: [Double]])
  ) throws {
    #expect(abs(loss - library.loss) <= 1e-12 * abs(library.loss))
    #expect(Set(gradients.keys) == Set(library.gradients.keys.map(String.init)))
    for (leaf, expected) in library.gradients {
      #expect(expected.distance(to: gradients["\(leaf)"] ?? []) <= 1e-12, "leaf \(leaf)")
    }
  }

  /// Opens a page from a file, and reads what its test of itself wrote.
  private func open(_ page: String, _ hash: String) throws -> Report {
    let folder = try Folder()
    let file = try folder.file("page.html", page)
    let (document, log) = try #require(Tool.chromium).run(
      [
        "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--virtual-time-budget=60000",
        "--user-data-dir=\(folder.url.path)/profile", "--dump-dom", file.absoluteString + hash,
      ], in: folder)
    #expect(!log.contains("CONSOLE"), "\(log.split(separator: "\n").filter { $0.contains("CONSOLE") })")
    let start = try #require(document.range(of: "id=\"selftest\">"), "no report: \(log.suffix(2000))")
    let end = try #require(document.range(of: "</script>", range: start.upperBound..<document.endIndex))
    return try JSONDecoder().decode(Report.self, from: Data(document[start.upperBound..<end.lowerBound].utf8))
  }
}
