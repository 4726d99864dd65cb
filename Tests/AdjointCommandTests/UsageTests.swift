import Adjoint
import Foundation
import Testing

@Suite struct UsageTests {
  @Test(
    "A misspelt word brings up the word that was meant",
    arguments: [
      (["trian"], "did you mean train?"), (["train", "--hiden", "3"], "did you mean --hidden?"),
      (["train", "--leraning-rate", "1"], "did you mean --learning-rate?"),
      (["train", "--optimizer", "adm"], "did you mean adam?"), (["train", "--loss", "mes"], "did you mean mse?"),
      (["train", "--activation", "rleu"], "did you mean relu?"), (["train", "--data", "drwan"], "did you mean drawn?"),
      (["train", "--schedule", "cosin"], "did you mean cosine?"), (["info", "--jsno"], "did you mean --json?"),
      (["train", "--stop-rule", "since-bets"], "did you mean since-best?"), (["nwe", "A"], "did you mean new?"),
      (["new", "A", "--paht", "."], "did you mean --path?"),
    ])
  func suggestion(words: [String], sentence: String) throws {
    let outcome = try Workplace().start(words).outcome()
    #expect(outcome.errors.contains(sentence), "\(outcome.errors)")
    #expect(outcome.code != 0)
    #expect(outcome.output.isEmpty)
  }

  @Test(
    "A command that makes no sense ends with code 2 and one sentence",
    arguments: [
      ["train", "--epochs"], ["train", "--epochs", "0"], ["train", "--epochs", "two"], ["train", "--epochs=", "2"],
      ["train", "--seed", "1", "--seed", "2"], ["train", "--json=yes"], ["train", "extra"],
      ["train", "--hidden", "12,"],
      ["train", "--hidden", "0"], ["train", "--dropout", "1"], ["train", "--validation", "-0.1"], ["evaluate"],
      ["predict"],
      ["predict", "image.pgm"], ["train", "--optimizer", "sgd", "--beta1", "0.5"], ["train", "--patience", "3"],
      ["train", "--schedule", "step:1"], ["train", "--schedule", "warmup:1+nothing"], ["train", "-x"],
      ["train", "--learning-rate", "nan"], ["train", "--download"],
      ["train", "--hidden", "99999,99999", "--train-limit=9"], ["train", "--model", "cnn", "--hidden", "32"],
      ["train", "--filters", "8,8"], ["train", "--model", "cnn", "--filters", "9999,9999", "--train-limit=9"],
    ])
  func usage(words: [String]) throws {
    let outcome = try Workplace().start(words).outcome()
    #expect(outcome.code == 2, "\(outcome.errors)")
    #expect(outcome.errors.hasPrefix("adjoint: "))
    #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
  }

  @Test(
    "Threads are refused by the command line, not by the pool",
    arguments: ["train", "bench", "experiments"], ["0", "-1", "1025", "9223372036854775807", "99999999999999999999"])
  func threads(command: String, count: String) throws {
    let outcome = try Workplace().run(command, "--threads", count)
    #expect(outcome.code == 2 && outcome.errors.contains("--threads"), "\(outcome.errors)")
    #expect(outcome.errors.split(separator: "\n").count == 1 && outcome.errors.contains("1024"), "\(outcome.errors)")
  }

  @Test("Without a command, the commands are listed and the exit code is 2")
  func nothing() throws {
    let outcome = try Workplace().run()
    #expect(outcome.code == 2)
    for name in ["train", "evaluate", "predict", "bench", "explain", "diff", "info", "new"] {
      #expect(outcome.output.contains(name))
    }
  }

  @Test(
    "Every command has help", arguments: ["train", "evaluate", "predict", "bench", "explain", "diff", "info", "new"])
  func help(command: String) throws {
    let workplace = try Workplace()
    let outcome = try workplace.run(command, "--help")
    #expect(outcome.code == 0)
    #expect(outcome.output.contains("Usage: adjoint \(command)"))
    #expect(outcome.output.split(separator: "\n").allSatisfy { $0.count <= 120 })
    #expect(try workplace.run("help", command).output == outcome.output)
    #expect(try workplace.run(command, "-h").output == outcome.output)
  }

  @Test(
    "The version is the library's, wherever it is asked for",
    arguments: [["--version"], ["-V"], ["version"], ["train", "--version"], ["check", "--version"]])
  func version(words: [String]) throws {
    let outcome = try Workplace().start(words).outcome()
    #expect(outcome.code == 0 && outcome.output == "adjoint \(adjointVersion), \(Kernels.name)\n")
  }

  @Test("The help of train states the defaults")
  func defaults() throws {
    let text = try Workplace().run("train", "--help").output
    let table = try #require(text.components(separatedBy: "Defaults:\n").last)
    let words = table.split(whereSeparator: \.isWhitespace).map(String.init)
    let defaults = [
      ("data", "drawn"), ("hidden", "128"), ("activation", "relu"), ("initializer", "he-normal"), ("optimizer", "adam"),
      ("learning-rate", "0.001"), ("batch", "128"), ("validation", "0"), ("standardize", "none"),
      ("loss", "cross-entropy"), ("schedule", "constant"), ("patience", "none"),
    ]
    for (name, value) in defaults {
      let place = try #require(words.firstIndex(of: name), "\(name)")
      #expect(words[place + 1] == value)
    }
  }

  @Test("An instruction set that this machine does not have is a sentence, not a crash")
  func instructionSet() throws {
    let outcome = try Workplace().run("info", environment: ["ADJOINT_KERNELS": "abacus"])
    #expect(outcome.code == 1)
    #expect(outcome.errors.hasPrefix("adjoint: ADJOINT_KERNELS=abacus: this machine has "), "\(outcome.errors)")
  }
}
