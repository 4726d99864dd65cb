import AdjointLessons
import Foundation
import Testing

/// The lessons' pages in headless Chromium. Skipped, and said so, where no Chromium is installed.
@Suite(.enabled(if: Tool.chromium != nil, "Chromium is not installed: lessons are not opened"))
struct LessonBrowserTests {
  typealias Report = ExplanationBrowserTests.Report

  /// All lessons in all widths, opened once in one browser.
  private static let opened = Result { () throws -> (reports: [Report], log: String) in
    let folder = try Folder()
    var places: [(place: String, width: Int)] = []
    for lesson in Course.lessons {
      let page = Course.page(of: lesson)
      let data = try #require(
        page.components(separatedBy: "id=\"recording\">").last?.components(separatedBy: "</script>").first)
      let recording = try #require(JSONSerialization.jsonObject(with: Data(data.utf8)) as? [String: Any])
      let nodes = try #require(recording["nodes"] as? [Any])
      let leaf = try #require(nodes.firstIndex { ($0 as? [String: Any])?["role"] as? String == "parameter" })
      _ = try folder.file(lesson.file, Frame.watched(page))
      places += widths.map { ("\(lesson.file)#selftest=\(leaf),0,0.75", $0) }
    }
    return try Frame.open(places, in: folder)
  }
  private static let widths = [1400, 390, 320]

  @Test func `no lesson says anything on the console`() throws {
    let log = try Self.opened.get().log
    #expect(!log.contains("CONSOLE"), "\(log.split(separator: "\n").filter { $0.contains("CONSOLE") })")
  }

  @Test(
    "A lesson walks by its keys, learns, grades its exercise, asks for nothing and cuts nothing off",
    arguments: Course.lessons.map(\.number))
  func lesson(number: Int) throws {
    let all = try Self.opened.get().reports
    let count = Self.widths.count
    for (report, width) in zip(all[(number - 1) * count..<number * count], Self.widths) {
      try expectSound(report, width: width)
    }
  }

  private func expectSound(_ report: Report, width: Int) throws {
    // A step and the bar above it fit a laptop's screen.
    if width == 1400 { #expect(report.tall == []) }
    #expect(report.failures == [] && report.requests == [] && report.unnamed == [] && report.noReason == [])
    #expect(report.mouseOnly == [] && report.entered)
    #expect(report.atEnd && report.atStart && report.forth == report.steps - 1 && report.back == report.steps - 1)
    #expect(report.end == report.steps - 1 && report.home == 0)
    #expect(report.cut.count == 0, "\(report.cut.prefix(4))")
    #expect(report.pale.isEmpty, "\(report.pale.prefix(4))")
    #expect(report.check.agrees && report.moved.value == 0.75 && report.lossAfterReset == report.loss)
    #expect(report.covered > 1 && report.shown == 0 && report.uncovered == report.covered)
    // Gradient steps make the loss smaller, and the reset forgets them.
    #expect(report.learned.losses.count == 101 && report.learned.losses[100] < report.learned.losses[0])
    #expect(report.learned.ran > 100 && report.lossAfterRestart == report.loss)
    // The key is right throughout, and one answer that is not costs its own mark.
    let score = try #require(report.score).split(separator: " ").compactMap { Int($0) }
    #expect(score.count == 2 && score[0] == score[1])
    #expect(report.scoreOfWrong == "\(score[0] - 1) of \(score[1]) right")
  }

  @Test("The size of a Jacobian by its matrix, typed into lesson 5", arguments: [(10, 64, 640), (64, 784, 50_176)])
  func jacobianSize(rows: Int, columns: Int, wide: Int) throws {
    let lesson = try #require(Course.lessons.first { $0.name == "vectors-and-jacobians" })
    let page = Course.page(of: lesson).replacingOccurrences(
      of: "</body>",
      with: """
        <script>
        for (const [id, value] of [["outputs", \(rows)], ["inputs", \(columns)]]) {
          document.getElementById(id).value = value;
          document.getElementById(id).dispatchEvent(new Event("input"));
        }
        </script></body>
        """)
    let folder = try Folder()
    let file = try folder.file("page.html", page)
    let (document, log) = try #require(Tool.chromium).run(
      [
        "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
        "--user-data-dir=\(folder.url.path)/profile", "--dump-dom", file.absoluteString,
      ], in: folder)
    #expect(!log.contains("CONSOLE"))
    #expect(document.contains("W [\(rows)×\(columns)] has \(wide) numbers. ∂z/∂vec(W) is I ⊗ fᵀ, [\(rows) × \(wide)]"))
  }
}
