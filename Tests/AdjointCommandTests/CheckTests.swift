import Foundation
import Testing

@Suite struct CheckTests {
  @Test("An operation by name: a row of a table, and JSON on the last line")
  func operation() throws {
    let outcome = try Workplace().run("check", "tanh", "--json")
    #expect(outcome.code == 0, "\(outcome.errors)")
    let operations = try #require(try outcome.json()["operations"] as? [[String: Any]])
    #expect(operations.map { $0["name"] as? String } == ["tanh"])
    #expect(operations[0]["verdict"] as? String == "agree")
    let worst = try #require(operations[0]["worstError"] as? [String: Double])
    #expect(try #require(worst["dual"]) <= 1)
    #expect(try outcome.number("agree") > 0)
    for key in ["disagree", "cannotTell"] { #expect(try outcome.number(key) == 0) }
    #expect(try outcome.number("seconds") > 0)
    #expect(!outcome.output.contains("\u{1B}"), "no colours where nobody looks")
  }

  @Test("Kinks are probed on purpose, and counted apart")
  func kinks() throws {
    let outcome = try Workplace().run("check", "relu", "--json")
    #expect(outcome.code == 0, "\(outcome.output)")
    #expect(try outcome.number("kinkProbes") > 0)
  }

  @Test("A model in both modes and at both orders")
  func model() throws {
    for (words, coordinates) in [([], 0), (["--mode", "full"], 784 * 3 + 3 + 3 * 10 + 10), (["--order", "2"], 0)] {
      let outcome = try Workplace().start(
        ["check", "--model", "784,3,10", "--activation", "tanh", "--batch", "2", "--json"] + words
      ).outcome()
      #expect(outcome.code == 0, "\(outcome.output) \(outcome.errors)")
      #expect(try outcome.json()["verdict"] as? String == "agree")
      #expect(try outcome.number("coordinates") == Double(coordinates))
    }
  }

  @Test("Models that are hard to judge by name, random programs at other scales")
  func trials() throws {
    let nasty = try Workplace().start(["check", "--trials", "nasty", "kink.abs", "scale.loss-1e30", "--json"]).outcome()
    #expect(nasty.code == 0, "\(nasty.output) \(nasty.errors)")
    #expect(try nasty.number("disagree") == 0)
    #expect((try nasty.json()["models"] as? [[String: Any]])?.count == 4)
    let scales = try Workplace().start(["check", "--trials", "scales", "--count", "2", "--json"]).outcome()
    #expect(scales.code == 0, "\(scales.output) \(scales.errors)")
    #expect(try scales.number("changed") == 0)
  }

  @Test("A misspelt operation brings up the one that was meant")
  func suggestion() throws {
    let outcome = try Workplace().run("check", "matmull")
    #expect(outcome.code == 2)
    #expect(outcome.errors.contains("did you mean matmul?"), "\(outcome.errors)")
  }

  @Test(
    "What makes no sense ends with code 2 and one sentence",
    arguments: [
      ["--model", "784"], ["--model", "784,0,10"], ["--model", "5,10"], ["--model", "784,10", "matmul"],
      ["--batch", "2"],
      ["--mode", "full"], ["--order", "3"], ["--order", "1"], ["--model", "784,10", "--sabotage"],
      ["--table", "--order", "2"], ["--count", "3"], ["--trials", "nastier"], ["--trials", "nasty", "tanh"],
      ["--trials", "nasty", "--count", "3"], ["--trials", "scales", "kink"], ["--trials", "fresh", "--batch", "2"],
    ])
  func usage(words: [String]) throws {
    let outcome = try Workplace().start(["check"] + words).outcome()
    #expect(outcome.code == 2, "\(outcome.errors)")
    #expect(outcome.errors.hasPrefix("adjoint: "))
    #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
  }

  @Test("The help states verdicts and exit codes")
  func help() throws {
    let outcome = try Workplace().run("check", "--help")
    for part in ["cannot tell", "Exit code", "--sabotage", "--model SIZES"] { #expect(outcome.output.contains(part)) }
  }
}
