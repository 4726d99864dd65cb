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
    struct Learned: Decodable {
      let losses: [Double]
      let ran: Int
      let gradients: [String: [Double]]
    }
    let steps, forth, back, end, home, covered, shown, uncovered: Int
    let atEnd, atStart: Bool
    let loss, lossAfterReset: Double
    let gradients: [String: [Double]]
    let moved: Moved
    let check: Check
    let read: String
    let learned: Learned
    let lossAfterRestart, lossOfNext: Double?
    let score, scoreOfWrong: String?
    let requests, failures, unnamed, cut, tall, noReason: [String]
  }

  @Test("XOR 2-2-1, at the widths of phones and of a laptop", arguments: [1400, 390, 320])
  func xor(width: Int) throws {
    let report = try expectSound(.init(Pages.xor(seed: 0)), moving: 1, to: 0.75, width: width)
    // A step fits a laptop's screen without scrolling.
    if width == 1400 { #expect(report.tall == []) }
  }

  @Test("784-30-10 on four images, of MNIST where it is present", arguments: [1400, 320])
  func images(width: Int) throws {
    let model = Pages.images(Pages.mnist ?? .drawnDigits)
    try expectSound(Explained(model, imageSize: (28, 28)), moving: 400, to: 1.25, width: width)
  }

  @Test("A gated branch with reuse", arguments: [1400, 390])
  func gated(width: Int) throws { try expectSound(.init(Pages.gated()), moving: 3, to: -0.5, width: width) }

  @Test("A convolutional network", arguments: [1400, 320])
  func convolution(width: Int) throws {
    try expectSound(Explained(Pages.convolution(), imageSize: (16, 16)), moving: 7, to: 0.5, width: width)
  }

  @Test("Attention", arguments: [1400, 320])
  func attention(width: Int) throws { try expectSound(.init(Pages.attention()), moving: 2, to: 0.5, width: width) }

  /// A model with its page.
  struct Explained {
    let model: PageModel
    let page: String
    let loss: Variable<Double>

    init(_ model: PageModel, imageSize: (height: Int, width: Int)? = nil) {
      self.model = model
      loss = model.record().loss
      var explanation = Explanation(of: loss, imageSize: imageSize)
      explanation.predictions = model.predictions?(loss.tape)
      page = explanation.html
    }
  }

  @discardableResult
  private func expectSound(
    _ explained: Explained, moving element: Int, to value: Double, width: Int
  ) throws -> Report {
    let leaf = try #require(explained.loss.tape.trainableParameters.first).leaf.index
    let report = try Self.open(explained.page, "#selftest=\(leaf),\(element),\(value)", width: width)
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
    // Nothing is cut off, in either theme; every adjoint says why.
    #expect(report.cut.isEmpty, "\(report.cut.prefix(4))")
    #expect(report.noReason == [])
    // Where a teacher asks first, nothing is shown that was not asked for.
    #expect(report.covered > 1 && report.shown == 0 && report.uncovered == report.covered)
    // Gradient steps by the button are the library's; running takes more, and the reset forgets them.
    let losses = model.descend(steps: 3, rate: 0.1)
    #expect(losses.distance(to: report.learned.losses) <= 1e-12)
    #expect(report.learned.ran >= 6)
    #expect(report.lossAfterRestart == report.loss)
    if model.predictions != nil { #expect(report.lossOfNext.map { $0.isFinite && $0 != report.loss } == true) }
    return report
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

  /// Opens a page from a file, in a frame of a size, and reads what its test of itself found. A window is never narrower
  /// than 500 pixels; a frame may be.
  static func open(_ page: String, _ hash: String, width: Int) throws -> Report {
    let folder = try Folder()
    _ = try folder.file("page.html", page)
    let frame = try folder.file(
      "frame.html",
      """
      <!DOCTYPE html><script>onmessage = ({ data }) => {
        const report = document.createElement("script");
        Object.assign(report, { type: "application/json", id: "report", textContent: data });
        document.body.append(report);
      }</script><iframe src="page.html\(hash)" width="\(width)" height="900" style="border: 0"></iframe>
      """)
    let (document, log) = try #require(Tool.chromium).run(
      [
        "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--virtual-time-budget=60000",
        "--window-size=1500,1200", "--user-data-dir=\(folder.url.path)/profile", "--dump-dom", frame.absoluteString,
      ], in: folder)
    #expect(!log.contains("CONSOLE"), "\(log.split(separator: "\n").filter { $0.contains("CONSOLE") })")
    let start = try #require(document.range(of: "id=\"report\">"), "no report: \(log.suffix(2000))")
    let end = try #require(document.range(of: "</script>", range: start.upperBound..<document.endIndex))
    return try JSONDecoder().decode(Report.self, from: Data(document[start.upperBound..<end.lowerBound].utf8))
  }
}
