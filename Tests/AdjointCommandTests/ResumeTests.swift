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
    let names = try FileManager.default.contentsOfDirectory(atPath: workplace.directory.path)
    #expect(!names.contains { $0.hasPrefix(".adjoint") }, "\(names)")
  }

  @Test("A hang-up that nohup has switched off does not end a training")
  func nohup() throws {
    let workplace = try Workplace()
    let long = tiny.map { $0 == "2" ? "60" : $0 }
    let command = (try [binary().path] + long).map { "'\($0)'" }.joined(separator: " ")
    let running = try workplace.start(["-c", "trap '' HUP; exec \(command)"], program: URL(fileURLWithPath: "/bin/sh"))
    for _ in 0..<1000 {
      if try String(contentsOfFile: running.output, encoding: .utf8).contains("epoch ") { break }
      usleep(10_000)
    }
    kill(running.process.processIdentifier, SIGHUP)
    let outcome = try running.outcome()
    #expect(outcome.code == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
  }

  @Test("More epochs than planned end in the same bits as a training planned so")
  func moreEpochs() throws {
    let workplace = try Workplace()
    let long = tiny.map { $0 == "2" ? "5" : $0 }
    #expect(try workplace.start(long + ["--save", "whole.st"]).outcome().code == 0)
    #expect(try workplace.train("--save", "part.st").code == 0)
    #expect(try workplace.run("train", "--resume", "part.st", "--epochs", "5").code == 0)
    #expect(try workplace.bytes("part.st") == workplace.bytes("whole.st"))
    let fewer = try workplace.run("train", "--resume", "part.st", "--epochs", "3")
    #expect(fewer.code == 2 && fewer.errors.contains("--epochs 3: expected at least 5"), "\(fewer.errors)")
  }

  @Test("What steers an update may be given anew; it acts, and is kept")
  func otherRate() throws {
    let workplace = try Workplace()
    #expect(try workplace.train("--save", "model.st").code == 0)
    let start = try workplace.bytes("model.st")
    for (number, options) in [
      [], ["--learning-rate", "0.05"], ["--schedule", "exponential:0.5"], ["--clip-norm", "0.01"], ["--l2", "0.1"],
      ["--beta1", "0.1"],
    ].enumerated() {
      _ = try workplace.write("\(number).st", start)
      let outcome = try workplace.start(["train", "--resume", "\(number).st", "--epochs", "3"] + options).outcome()
      #expect(outcome.code == 0, "\(outcome.errors)")
      if number > 0 { #expect(try workplace.bytes("\(number).st") != workplace.bytes("0.st"), "\(options)") }
    }
    let again = try workplace.run("train", "--resume", "1.st", "--epochs", "4")
    #expect(again.output.contains("rate 0.05"), "\(again.output)")
    let foreign = try workplace.run("train", "--resume", "1.st", "--momentum", "0.4")
    #expect(foreign.code == 2 && foreign.errors.contains("--momentum has no effect"), "\(foreign.errors)")
  }

  @Test("Data that has moved is known by its content; other data is refused, and missing data is asked for")
  func movedData() throws {
    let workplace = try Workplace()
    func table(_ factor: Int) -> [UInt8] {
      let rows = (0..<24).map { row in
        "\(row % 3)," + (0..<784).map { String($0 * (row % 3 + factor) % 256) }.joined(separator: ",")
      }
      return Array((rows.joined(separator: "\n") + "\n").utf8)
    }
    let old = try workplace.write("old.csv", table(1))
    let options = ["train", "--hidden", "4", "--batch", "8", "--epochs", "1", "--data", old, "--save", "model.st"]
    #expect(try workplace.start(options).outcome().code == 0)
    try FileManager.default.moveItem(atPath: old, toPath: workplace.path("new.csv"))
    let lost = try workplace.run("train", "--resume", "model.st", "--epochs", "2")
    #expect(lost.code == 1, "nobody gave an option")
    #expect(
      lost.errors.contains("model.st was trained on") && lost.errors.contains("say with --data"), "\(lost.errors)")
    let found = try workplace.run("train", "--resume", "model.st", "--epochs", "2", "--data", "new.csv")
    #expect(found.code == 0, "\(found.errors)")
    #expect(try workplace.run("train", "--resume", "model.st", "--epochs", "3").code == 0, "the new place is kept")
    _ = try workplace.write("other.csv", table(2))
    let other = try workplace.run("train", "--resume", "model.st", "--data", "other.csv")
    #expect(other.code == 1 && other.errors.contains("are not those that model.st was trained on"), "\(other.errors)")
  }

  @Test("A number in a checkpoint that cannot be is the file's fault, and never a crash")
  func numbers() throws {
    let workplace = try Workplace()
    #expect(try workplace.train("--save", "sound.st").code == 0)
    let sound = try workplace.bytes("sound.st")
    let faults = [
      (#"\"epoch\":2"#, #"\"epoch\":4611686018427387904"#), (#"\"epoch\":2"#, #"\"epoch\":999"#),
      (#"\"epoch\":2"#, #"\"epoch\":-1"#), (#"\"batch\":0"#, #"\"batch\":7"#),
      (#"\"batch\":0"#, #"\"batch\":9223372036854775807"#), (#"\"count\":0"#, #"\"count\":9223372036854775807"#),
      (#"\"lossSum\":0"#, #"\"lossSum\":1e999"#), (#"\"number\":2"#, #"\"number\":3"#),
      (#"\"isStopped\":false"#, #"\"isStopped\":true"#), (#"\"epochs\":\"2\""#, #"\"epochs\":\"99999999999\""#),
      (#"\"batch\":\"64\""#, #"\"batch\":\"0\""#), (#"\"hidden\":\"16\""#, #"\"hidden\":\"-4\""#),
      (#"\"optimizer\":\"adam\""#, #"\"optimizer\":\"eve\""#),
      (#"\"seed\":\"0\""#, #"\"seed\":\"-1\""#), (#"\"schedule\":\"constant\""#, #"\"schedule\":\"step:nan:1\""#),
    ]
    for (old, new) in faults {
      _ = try workplace.write("model.st", sound)
      try workplace.editHeader("model.st", old, new)
      let before = try workplace.bytes("model.st")
      let outcome = try workplace.run("train", "--resume", "model.st")
      #expect(outcome.code == 1 && outcome.errors.contains("model.st"), "\(new): \(outcome.errors)")
      #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
      #expect(try workplace.bytes("model.st") == before)
    }
    for (old, new) in [(#"\"28x28\""#, #"\"0x28\""#), (#"\"28x28\""#, #"\"9999x9999\""#), (#"0\\n1\\n2"#, #"0\\n1"#)] {
      _ = try workplace.write("model.st", sound)
      try workplace.editHeader("model.st", old, new)
      let outcome = try workplace.run("evaluate", "--load", "model.st")
      #expect(outcome.code == 1 && outcome.errors.contains("model.st"), "\(new): \(outcome.errors)")
    }
  }

  @Test("Ctrl-C finishes the step, saves, says how to resume, and ends with 130", arguments: [SIGINT, SIGTERM, SIGHUP])
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
