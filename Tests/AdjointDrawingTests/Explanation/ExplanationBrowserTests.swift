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
    let entered: Bool
    let requests, failures, unnamed, mouseOnly, cut, pale, tall, noReason: [String]
  }

  @Test(
    "784-30-10 trained on MNIST, as the command explains image 7 of its test set",
    .enabled(if: Pages.mnistFolder != nil, "MNIST is not beside this clone: its page is not opened"))
  func trained() throws {
    try expectSound(Explained(Pages.trained(in: Folder())), moving: 400, to: 1.25, [1400, 390, 320])
  }

  @Test("XOR 2-2-1")
  func xor() throws { try expectSound(.init(Pages.xor(seed: 0)), moving: 1, to: 0.75, [1400, 390, 320]) }

  @Test("784-30-10 on four images, of MNIST where it is present")
  func images() throws {
    let model = Pages.images(Pages.mnist ?? .drawnDigits)
    try expectSound(Explained(model, imageSize: (28, 28)), moving: 400, to: 1.25, [1400, 320])
  }

  @Test("A gated branch with reuse")
  func gated() throws { try expectSound(.init(Pages.gated()), moving: 3, to: -0.5, [1400, 390]) }

  @Test("A convolutional network")
  func convolution() throws {
    try expectSound(Explained(Pages.convolution(), imageSize: (16, 16)), moving: 7, to: 0.5, [1400, 320])
  }

  @Test("Attention")
  func attention() throws { try expectSound(.init(Pages.attention()), moving: 2, to: 0.5, [1400, 320]) }

  @Test("Batch norm")
  func batchNorm() throws { try expectSound(.init(Pages.batchNorm()), moving: 2, to: 0.5, [1400, 320]) }

  /// A model with its page.
  struct Explained {
    let model: PageModel
    let page: String
    let loss: Variable<Double>

    /// A page that was made before, whose nodes are those of the model.
    init(_ pair: (model: PageModel, page: String)) {
      (model, page) = pair
      loss = model.record().loss
    }

    init(_ model: PageModel, imageSize: (height: Int, width: Int)? = nil) {
      self.model = model
      loss = model.record().loss
      var explanation = Explanation(of: loss, imageSize: imageSize)
      explanation.predictions = model.predictions?(loss.tape)
      page = explanation.html
    }
  }

  /// Opens the page in frames of these widths, one after the other.
  private func expectSound(
    _ explained: Explained, moving element: Int, to value: Double, _ widths: [Int]
  ) throws {
    let leaf = try #require(explained.loss.tape.trainableParameters.first).leaf.index
    let folder = try Folder()
    _ = try folder.file("page.html", Frame.watched(explained.page))
    let (reports, log): ([Report], String) = try Frame.open(
      widths.map { ("page.html#selftest=\(leaf),\(element),\(value)", $0) }, in: folder)
    #expect(!log.contains("CONSOLE"), "\(log.split(separator: "\n").filter { $0.contains("CONSOLE") })")
    // A hundred gradient steps of the library.
    var gradients: [Int: [Double]] = [:]
    let losses = explained.model.descend(steps: 100, rate: 0.1) { gradients = PageModel.gradients(of: $0) }
    for (report, width) in zip(reports, widths) {
      try expectSound(report, explained.model, leaf, element, value, width: width)
      #expect(report.learned.losses.count == 101)
      #expect(losses.distance(to: report.learned.losses) <= 1e-9, "\(explained.model.name)")
      for (leaf, expected) in gradients {
        let found = report.learned.gradients["\(leaf)"] ?? []
        #expect(expected.distance(to: found, summands: 1e-3) <= 1e-9, "\(explained.model.name), leaf \(leaf)")
      }
    }
  }

  private func expectSound(
    _ report: Report, _ model: PageModel, _ leaf: Int, _ element: Int, _ value: Double, width: Int
  ) throws {
    // A step fits a laptop's screen without scrolling.
    if width == 1400 { #expect(report.tall == [], "\(model.name)") }
    #expect(report.failures == [])
    #expect(report.requests == [])
    // The keys walk to the end and back.
    #expect(report.atEnd && report.atStart)
    #expect(report.forth == report.steps - 1 && report.back == report.steps - 1)
    #expect(report.end == report.steps - 1 && report.home == 0)
    // In a heat map the arrows read elements; everything that takes the focus has a name.
    #expect(report.read.contains(" = "), "\(report.read)")
    #expect(report.unnamed == [])
    // What a pointer can press, keys reach; Enter on a box of the graph goes there.
    #expect(report.mouseOnly == [] && report.entered)
    // Numbers: as recorded, after the slider moved, and after the reset.
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
    #expect(report.pale.isEmpty, "\(report.pale.prefix(4))")
    #expect(report.noReason == [])
    // Where a teacher asks first, nothing is shown that was not asked for.
    #expect(report.covered > 1 && report.shown == 0 && report.uncovered == report.covered)
    // Running takes more steps, and the reset forgets them.
    #expect(report.learned.ran > 100)
    #expect(report.lossAfterRestart == report.loss)
    if model.predictions != nil { #expect(report.lossOfNext.map { $0.isFinite && $0 != report.loss } == true) }
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
}

/// Pages in frames of headless Chromium.
enum Frame {
  /// A page with a further look at each step, which its test of itself calls.
  static func watched(_ page: String) -> String {
    page.replacing(
      "</main>",
      with: #"""
        </main><script>
        // Text that does not stand out from what is behind it: less than 4.5 to 1 (WCAG 2.2).
        function pale() {
          const numbers = colour => colour.match(/[\d.]+/g).map(Number), behind = new Map(), found = [];
          const light = ([r, g, b]) => [r, g, b].map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
            .reduce((sum, c, k) => sum + c * [0.2126, 0.7152, 0.0722][k], 0);
          const ground = e => {
            if (!behind.has(e)) {
              const own = e && numbers(getComputedStyle(e).backgroundColor);
              behind.set(e, own && own[3] === undefined ? light(own) : e ? ground(e.parentElement) : 1);
            }
            return behind.get(e);
          };
          for (const e of document.querySelectorAll("body *")) {
            if (e.closest(".unseen, :disabled, script, title") || ![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) || !e.getClientRects().length) continue;
            const style = getComputedStyle(e), own = light(numbers(e.closest("svg") ? style.fill : style.color)), other = ground(e);
            const contrast = (Math.max(own, other) + 0.05) / (Math.min(own, other) + 0.05);
            if (contrast < 4.5) found.push(`${e.tagName} ${e.textContent.slice(0, 40)} at ${contrast.toFixed(2)} to 1`);
          }
          return found;
        }
        </script>
        """#)
  }

  /// Opens pages from files, each in a frame of a width, one after the other in one browser, and reads what their tests of
  /// themselves found. A window is never narrower than 500 pixels; a frame may be.
  static func open<Report: Decodable>(
    _ pages: [(place: String, width: Int)], in folder: Folder
  ) throws -> (reports: [Report], log: String) {
    let list = pages.map { "[\"\($0.place)\", \($0.width)]" }.joined(separator: ", ")
    let frame = try folder.file(
      "frame.html",
      """
      <!DOCTYPE html><body><script>
      const pages = [\(list)], reports = [];
      let frame;
      function next() {
        if (frame) frame.remove();
        if (reports.length === pages.length) {
          const report = document.createElement("script");
          Object.assign(report, { type: "application/json", id: "report", textContent: `[${reports.join()}]` });
          return document.body.append(report);
        }
        const [src, width] = pages[reports.length];
        frame = Object.assign(document.createElement("iframe"), { src, width, height: 900, style: "border: 0" });
        document.body.append(frame);
      }
      onmessage = ({ data }) => { reports.push(data); next(); };
      next();
      </script></body>
      """)
    let (document, log) = try #require(Tool.chromium).run(
      [
        "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
        "--virtual-time-budget=\(60_000 * pages.count)", "--window-size=1500,1200",
        "--user-data-dir=\(folder.url.path)/profile", "--dump-dom", frame.absoluteString,
      ], in: folder)
    let start = try #require(document.range(of: "id=\"report\">"), "no report: \(log.suffix(2000))")
    let end = try #require(document.range(of: "</script>", range: start.upperBound..<document.endIndex))
    let text = Data(document[start.upperBound..<end.lowerBound].utf8)
    return (try JSONDecoder().decode([Report].self, from: text), log)
  }
}
