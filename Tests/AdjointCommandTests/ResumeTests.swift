import Foundation
import Testing

@Suite struct ResumeTests {
  /// Short batches at the end of an epoch, dropout and early stopping: all the state there is.
  private let command =
    tiny.map { $0 == "2" ? "12" : $0 } + [
      "--dropout", "0.2", "--validation", "0.2", "--patience", "9", "--save-every", "0.001", "--json",
    ]

  @Test("Killed again and again and resumed, a training ends in the same bits")
  func killed() throws {
    let workplace = try Workplace()
    let whole = try workplace.start(command + ["--save", "whole.st"]).outcome()
    #expect(whole.code == 0, "\(whole.errors)")

    var kills = 0
    for attempt in 0..<6 {
      let before = workplace.identity(of: "killed.st")
      let words = ["train", "--resume", "killed.st", "--save-every", "0.001", "--json"]
      let running = try workplace.start(before == nil ? command + ["--save", "killed.st"] : words)
      // A file of another number means that the training is under way and has saved.
      while running.process.isRunning, workplace.identity(of: "killed.st") == before { usleep(1000) }
      usleep(useconds_t(attempt * 1500))
      if running.process.isRunning {
        kill(running.process.processIdentifier, SIGKILL)
        kills += 1
      }
      _ = try running.outcome()
    }
    #expect(kills > 0)
    // With --save of the same name, resuming works whether or not the first save was reached.
    let restart = command.dropFirst()
    let resumed = try workplace.start(["train", "--resume", "killed.st", "--save", "killed.st"] + restart).outcome()
    #expect(resumed.code == 0, "\(resumed.errors)")
    for key in ["testAccuracy", "testLoss", "trainAccuracy", "trainLoss", "validationLoss", "epochs"] {
      #expect(try resumed.number(key) == whole.number(key))
    }
    #expect(try workplace.bytes("killed.st") == workplace.bytes("whole.st"))
  }

  @Test("Ctrl-C finishes the step, saves, says how to resume, and ends with 130", arguments: [SIGINT, SIGTERM])
  func interrupt(signal: Int32) throws {
    let workplace = try Workplace()
    let long = tiny.map { $0 == "2" ? "100000" : $0 }
    let running = try workplace.start(long + ["--save", "model.st", "--save-every", "1000"])
    // Once the first epoch is reported, the training is under way.
    for _ in 0..<1000 {
      if try String(contentsOfFile: running.output, encoding: .utf8).contains("epoch ") { break }
      usleep(10_000)
    }
    kill(running.process.processIdentifier, signal)
    let outcome = try running.outcome()
    #expect(outcome.code == 128 + signal)
    #expect(outcome.errors.contains("resume with: adjoint train --resume model.st"), "\(outcome.errors)")
    #expect(FileManager.default.fileExists(atPath: workplace.path("model.st")))
  }

  @Test("An option that contradicts the checkpoint is an error; one that agrees is not")
  func contradiction() throws {
    let workplace = try Workplace()
    #expect(try workplace.train("--save", "model.st").code == 0)
    let wrong = try workplace.run("train", "--resume", "model.st", "--hidden", "32")
    #expect(wrong.code == 2)
    #expect(wrong.errors.contains("--hidden 32 contradicts the checkpoint model.st, which was made with 16"))
    let right = try workplace.run(
      "train", "--resume", "model.st", "--hidden", "16", "--learning-rate", "1e-3", "--data", "drawn", "--json")
    #expect(right.code == 0, "\(right.errors)")
  }

  @Test("A missing checkpoint is an error, and a training with --save of the same name begins")
  func missing() throws {
    let workplace = try Workplace()
    let missing = try workplace.run("train", "--resume", "model.st")
    #expect(missing.code == 1)
    #expect(missing.errors.contains("there is no checkpoint model.st"))
    #expect(try workplace.train("--resume", "model.st", "--save", "model.st").code == 0)
  }

  @Test("A damaged checkpoint is an error and stays as it is")
  func damaged() throws {
    let workplace = try Workplace()
    #expect(try workplace.train("--save", "model.st").code == 0)
    let whole = try workplace.bytes("model.st")
    for (number, bytes) in [Array(whole.dropLast(7)), Array(whole.prefix(20)), [], whole + [0]].enumerated() {
      let name = try workplace.write("damaged\(number).st", bytes)
      for words in [["train", "--resume", name], ["evaluate", "--load", name]] {
        let outcome = try workplace.start(words).outcome()
        #expect(outcome.code == 1)
        #expect(outcome.errors.hasPrefix("adjoint: ") && outcome.errors.contains(name), "\(outcome.errors)")
      }
      #expect(try workplace.bytes("damaged\(number).st") == bytes)
    }
  }
}
