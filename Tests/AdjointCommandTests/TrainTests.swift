import Foundation
import Testing

@Suite struct TrainTests {
  @Test("The last line of standard output is one JSON object with the promised fields")
  func json() throws {
    let outcome = try Workplace().train("--json", "--seed", "3")
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(outcome.errors.isEmpty)
    #expect(outcome.output.hasSuffix("}\n"))
    #expect(outcome.output.split(separator: "\n").filter { $0.hasPrefix("{") }.count == 1)
    for key in ["testAccuracy", "trainAccuracy"] { #expect((0...1).contains(try outcome.number(key))) }
    for key in ["testLoss", "seconds", "imagesPerSecond", "peakMemory"] { #expect(try outcome.number(key) > 0) }
    #expect(try outcome.number("epochs") == 2)
    #expect(try outcome.number("seed") == 3)
    #expect(try outcome.number("parameters") == 12_730)  // (784 + 1) · 16 + (16 + 1) · 10
    #expect(try outcome.json()["instructionSet"] is String)
  }

  @Test("The same command twice gives the same digits, and another seed gives others")
  func repeatable() throws {
    let workplace = try Workplace()
    let options = ["--json", "--dropout", "0.2", "--validation", "0.2", "--standardize", "pixel", "--clip-norm", "1"]
    let runs = try [options, options, options + ["--seed", "1"]].map { try workplace.start(tiny + $0).outcome() }
    for key in ["testLoss", "testAccuracy", "trainLoss", "validationLoss"] {
      #expect(try runs[0].number(key) == runs[1].number(key))
    }
    #expect(try runs[0].number("testLoss") != runs[2].number("testLoss"))
  }

  @Test("In a pipe there is one plain line for every epoch, and no control character")
  func plain() throws {
    let output = try Workplace().train().output
    #expect(output.split(separator: "\n").filter { $0.hasPrefix("epoch ") }.count == 2)
    #expect(!output.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
    for word in ["784 → 16 relu → 10", "12,730", "most confused", "test accuracy"] { #expect(output.contains(word)) }
  }

  @Test(
    "Every optimiser trains",
    arguments: ["sgd", "momentum", "averaged-momentum", "nesterov", "rmsprop", "adagrad", "adam", "adamw"])
  func optimizers(name: String) throws {
    let outcome = try Workplace().train("--optimizer", name, "--json")
    #expect(try outcome.number("trainLoss") < 2.6, "\(outcome.errors)")
    #expect(try outcome.json()["optimizer"] as? String == name)
  }

  @Test(
    "Every loss and schedule trains",
    arguments: [
      ["--loss", "mse"], ["--loss", "bce", "--schedule", "cosine:0.1"], ["--schedule", "warmup:1+step:1:0.5"],
      ["--schedule", "exponential:0.9", "--l1", "1e-5", "--l2", "1e-4"], ["--standardize", "image"],
      ["--initializer", "glorot-uniform"],
    ])
  func variants(options: [String]) throws {
    let outcome = try Workplace().start(tiny + ["--json"] + options).outcome()
    #expect(try outcome.number("testLoss").isFinite, "\(outcome.errors)")
  }

  @Test("Early stopping says at which epoch the best weights were found")
  func stopping() throws {
    let long = tiny.map { $0 == "2" ? "40" : $0 }
    let outcome = try Workplace().start(
      long + ["--validation", "0.3", "--patience", "1", "--learning-rate", "0.1", "--json"]
    ).outcome()
    #expect(try outcome.number("epochs") < 40)
    #expect(try outcome.number("bestEpoch") < outcome.number("epochs"))
    #expect(outcome.output.contains("stopped early"))
  }

  @Test("A loss that is not finite ends the training with code 1, naming epoch and step")
  func divergence() throws {
    let outcome = try Workplace().train("--optimizer", "sgd", "--learning-rate", "1e30")
    #expect(outcome.code == 1)
    #expect(outcome.errors.hasPrefix("adjoint: epoch 1, step 2: the loss is not finite"))
  }

  @Test("What the linter finds is told once, as a note and in the JSON; the defaults give it nothing to say")
  func findings() throws {
    let sound = try Workplace().train("--json")
    #expect(try (sound.json()["findings"] as? [Any])?.isEmpty == true)
    let images = ["train", "--train-limit", "1000", "--test-limit", "100", "--epochs", "2", "--hidden", "64", "--json"]
    let outcome = try Workplace().start(images + ["--optimizer", "sgd", "--learning-rate", "5"]).outcome()
    let findings = try #require(try outcome.json()["findings"] as? [[String: String]])
    #expect(findings.map { $0["rule"] } == ["deadUnits"], "\(outcome.errors)")
    #expect(findings.first?["place"]?.hasPrefix("relu after fc1") == true)
    #expect(outcome.errors.components(separatedBy: "adjoint: check: relu after fc1").count == 2)
  }

  @Test("Output that cannot be written is a failure", .enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
  func full() throws {
    let workplace = try Workplace()
    let errors = workplace.path("errors")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    let running = try workplace.start(["info"])
    _ = try running.outcome()
    let binary = try #require(running.process.executableURL).path
    process.arguments = ["-c", "'\(binary)' info >/dev/full 2>'\(errors)'"]
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 1)
    #expect(try String(contentsOfFile: errors, encoding: .utf8).contains("standard output cannot be written"))
  }
}
