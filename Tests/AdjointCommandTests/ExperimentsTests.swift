import Foundation
import Testing

@Suite struct ExperimentsTests {
  @Test func `an experiment is run, recorded, written up, and taken over the next time`() throws {
    let place = try Workplace()
    func run() throws -> Outcome { try place.run("experiments", "004-by-hand", "--runs", "1", "--json") }
    let first = try run()
    #expect(first.code == 0, "\(first.errors)")
    #expect(try first.number("missed") == 0)
    #expect(first.output.contains("3 runs to compute, about "))
    #expect(FileManager.default.fileExists(atPath: place.path("Docs/Experiments/004-by-hand.jsonl")))
    let page = String(decoding: try place.bytes("Docs/Experiments.md"), as: UTF8.self)
    #expect(page.contains("`adjoint experiments 004-by-hand`"))
    let second = try run()
    #expect(second.output.contains("every run is recorded"))
    #expect(first.output.split(separator: "\n").last == second.output.split(separator: "\n").last)
  }

  @Test func `rows that were not run or missed end in exit code 1`() throws {
    let place = try Workplace()
    let outcome = try place.run("experiments", "002-momentum", "--rebuild")
    #expect(outcome.code == 1 && outcome.output.contains("NOT RUN"))
    #expect(outcome.errors.contains("002 §4"))
  }

  @Test func `an unknown experiment is a usage error with a suggestion`() throws {
    let outcome = try Workplace().run("experiments", "002-momentun")
    #expect(outcome.code == 2 && outcome.errors.contains("did you mean 002-momentum?"))
  }

  @Test func `the list names every experiment with its cost`() throws {
    let outcome = try Workplace().run("experiments", "--list")
    #expect(outcome.code == 0 && outcome.output.contains("000-widths") && outcome.output.contains("~ "))
  }
}
