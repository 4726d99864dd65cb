import Foundation
import Testing

/// `adjoint lesson`.
@Suite struct LessonTests {
  @Test("lesson lists the lessons, writes one, and writes all with a list of them")
  func pages() throws {
    let workplace = try Workplace()
    let list = try workplace.run("lesson")
    #expect(list.code == 0 && list.output.hasPrefix(" 1  A number and its nudge: "), "\(list.output)\(list.errors)")
    let count = list.output.split(separator: "\n").count - 1
    #expect(try workplace.run("lesson", "3").output.hasPrefix("03-the-chain.html: "))
    #expect(try workplace.run("lesson", "--all", "-o", "Lessons").code == 0)
    let files = try FileManager.default.contentsOfDirectory(atPath: workplace.path("Lessons"))
    #expect(files.count == count + 3 && files.contains("index.html") && files.contains("README.md"))
    #expect(files.contains("order-of-things.html"))
    #expect(try workplace.bytes("03-the-chain.html") == workplace.bytes("Lessons/03-the-chain.html"))
  }

  @Test(
    "What no lesson is, and what does not go together, ends with a sentence",
    arguments: [
      (["13x"], "there is no lesson '13x', but 1 to "), (["0"], "there is no lesson '0', but 1 to "),
      (["-o", "a.html"], "--output"), (["--all"], "'lesson --all' needs --output FOLDER"),
      (["1", "--all", "-o", "L"], "--all"),
    ])
  func refused(words: [String], sentence: String) throws {
    let outcome = try Workplace().start(["lesson"] + words).outcome()
    #expect(outcome.code == 2)
    #expect(outcome.errors.contains(sentence), "\(outcome.errors)")
  }
}
