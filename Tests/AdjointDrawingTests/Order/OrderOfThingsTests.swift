import Adjoint
import AdjointDrawing
import Foundation
import Testing

@Suite struct OrderOfThingsTests {
  @Test
  func `the right side is the library's sweep, and the wrong side differs from it but for the recursion that adds`() {
    let comparisons = OrderComparison.all
    #expect(comparisons.count == 7)
    for comparison in comparisons {
      let truth = comparison.wrong.sweep.recording.adjoints
      #expect(comparison.right.sweep.adjoints == truth, "\(comparison.name)")
      #expect(
        (comparison.wrong.sweep.adjoints == truth) == (comparison.name == "Recursion, adding"), "\(comparison.name)")
    }
  }

  /// The numbers by hand: y = x² + 3x at 1 has slope 5; twice in a row, (2·4 + 3)·5.
  @Test func `the adjoints are those that one finds by hand`() {
    let one = OrderedRecording.diamonds(1)
    #expect(one.adjoints[0]?.elements == [5])
    #expect(OrderedRecording.diamonds(2).adjoints[0]?.elements == [55])
    let assigned = OrderedSweep(recursionOn: one, .assigns, handing: .contribution)
    #expect(assigned.adjoints[0]?.elements == [3])
    let forward = OrderedSweep(one, inOrder: one.nodes)
    #expect(forward.adjoints[0] == nil)
    let bias = OrderedRecording.bias
    let copied = OrderedSweep(bias, inOrder: bias.reverse, sums: false)
    #expect(bias.adjoints[bias.nodes[1]]?.shape == [2] && copied.adjoints[bias.nodes[1]]?.shape == [2, 2])
  }

  /// A recursion visits the output once, and each of two inputs for every visit of a sum: 1, 1 + 2 + 2, … = 2ⁿ⁺² − 3.
  @Test(arguments: [1, 2, 5, 9])
  func `recursion visits exponentially many values, the sweep each operation once`(diamonds: Int) {
    let count = VisitCount(diamonds: diamonds)
    #expect(count.values == 3 * diamonds + 1)
    #expect(count.recursion == 1 << (diamonds + 2) - 3)
    #expect(count.sweep == 3 * diamonds)
  }

  @Test func `a recursion that adds finds the right adjoint, however long it takes`() {
    let recording = OrderedRecording.flatDiamonds(8)
    let sweep = OrderedSweep(recursionOn: recording, .adds, handing: .contribution, keepsSteps: false)
    let (found, right) = (sweep.adjoints[0]?.elements[0] ?? .nan, recording.adjoints[0]?.elements[0] ?? 0)
    #expect(abs(found - right) <= 1e-13 * abs(right))
  }

  @Test func `a wrong adjoint is marked where it is handed on, and at the end`() throws {
    let text = OrderOfThings().data.text
    let comparisons = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]])
    for comparison in comparisons {
      let sides = try #require(comparison["sides"] as? [[String: Any]])
      for side in sides {
        let steps = try #require(side["steps"] as? [[String: Any]])
        let last = try #require(steps.last?["boxes"] as? [[Any]])
        let boxes = try #require(side["boxes"] as? [[String: Any]])
        for (state, box) in zip(last, boxes) {
          #expect((state[0] as? String == box["truth"] as? String) == (state[1] as? Bool == false))
        }
        #expect((side["isRight"] as? Bool == true) == last.allSatisfy { $0[1] as? Bool == false })
      }
    }
  }

  /// What the page posts of itself.
  struct Report: Decodable {
    struct Walk: Decodable {
      let steps, forth, back, end, home: Int
      let words: [String]
      let wrong: [Int]
    }
    let walks: [Walk]
    let cut, unnamed, failures, requests: [String]
  }

  @Test(
    .enabled(if: Tool.chromium != nil, "Chromium is not installed: pages are not opened"),
    arguments: [[1400, 390, 320]])
  func `the page walks by keys, cuts nothing off, and asks for nothing`(widths: [Int]) throws {
    let folder = try Folder()
    _ = try folder.file("page.html", OrderOfThings().html)
    let (reports, log): ([Report], String) = try Frame.open(widths.map { ("page.html#selftest", $0) }, in: folder)
    #expect(!log.contains("CONSOLE") && reports.count == widths.count)
    for report in reports { expectSound(report) }
  }

  private func expectSound(_ report: Report) {
    #expect(report.walks.count == 7)
    for walk in report.walks {
      #expect(
        walk.forth == walk.steps - 1 && walk.back == walk.steps - 1 && walk.end == walk.steps - 1 && walk.home == 0)
      #expect(walk.wrong[1] == 0 && walk.words[1].contains("every adjoint is right"))
    }
    #expect(report.walks.map { $0.wrong[0] > 0 } == [true, true, true, true, false, true, true])
    #expect(report.cut.isEmpty, "\(report.cut.prefix(4))")
    #expect(report.unnamed == [] && report.failures == [] && report.requests == [])
  }
}
