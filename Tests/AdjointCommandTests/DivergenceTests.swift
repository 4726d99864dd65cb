import Foundation
import Testing

@Suite struct DivergenceTests {
  /// One step an epoch, so that the only update is the last.
  private let single = [
    "train", "--train-limit", "64", "--test-limit", "50", "--hidden", "8", "--batch", "64", "--epochs", "1",
    "--optimizer",
    "sgd",
  ]

  @Test(
    "A training whose last update diverges ends with code 1 and advice that works; the checkpoint stays good",
    arguments: [["1e20"], ["1e37"], ["1e39"], ["1e20", "--validation", "0.2"], ["1e39", "--loss", "mse"]])
  func lastUpdate(options: [String]) throws {
    let workplace = try Workplace()
    let words = single + ["--json", "--report", "report", "--save", "model.st", "--learning-rate"] + options
    let outcome = try workplace.start(words).outcome()
    #expect(outcome.code == 1)
    #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
    #expect(outcome.errors.contains("not finite") || outcome.errors.contains("finite numbers"), "\(outcome.errors)")
    #expect(!outcome.output.contains("nan"), "\(outcome.output)")
    let advice = try #require(outcome.errors.components(separatedBy: "adjoint train ").last?.split(separator: " "))
    #expect(advice.prefix(2) == ["--resume", "model.st"] && advice.count == 4, "\(outcome.errors)")
    let resumed = try workplace.run("train", "--resume", "model.st", "--learning-rate", "0.1", "--json")
    #expect(try resumed.number("testLoss").isFinite, "\(resumed.errors)")
    #expect(try workplace.run("evaluate", "--load", "model.st", "--test-limit", "9").code == 0)
  }

  @Test("A checkpoint with a weight that is not finite is refused by name; a network that overflows is a sentence")
  func loading() throws {
    let workplace = try Workplace()
    #expect(try workplace.start(single + ["--save", "model.st"]).outcome().code == 0)
    let pixels = (0..<784).map { UInt8($0 == 406 ? 200 : 0) }
    let image = try workplace.write("image.pgm", Array("P5 28 28 255\n".utf8) + pixels)
    let sound = try workplace.bytes("model.st")
    let start = 8 + Int(sound[0]) + Int(sound[1]) << 8
    for (number, weight) in [Float.nan, .infinity, -.infinity, 3e38].enumerated() {
      var bytes = sound
      // The first layer's weights stand first.
      for place in 0..<8 * 784 {
        withUnsafeBytes(of: weight.bitPattern.littleEndian) { word in
          for (offset, byte) in word.enumerated() { bytes[start + 4 * place + offset] = byte }
        }
      }
      let name = try workplace.write("\(number).st", bytes)
      for words in [
        ["evaluate", "--load", name, "--test-limit=9"], ["predict", "--load", name, image],
        ["train", "--resume", name, "--epochs=2"],
      ] {
        let outcome = try workplace.start(words).outcome()
        #expect(outcome.code == 1, "\(weight) \(words[0]): \(outcome.output)")
        #expect(
          outcome.errors.contains("finite") && outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
        if !weight.isFinite { #expect(outcome.errors.contains("tensor 'fc1/weight'"), "\(outcome.errors)") }
      }
    }
  }

  @Test("What cannot be written at the end takes neither the figures nor the JSON line with it")
  func lostReport() throws {
    let workplace = try Workplace()
    try FileManager.default.createDirectory(
      atPath: workplace.path("report/report.html"), withIntermediateDirectories: true)
    let outcome = try workplace.start(single + ["--json", "--report", "report"]).outcome()
    #expect(outcome.code == 1 && outcome.errors.contains("report/report.html cannot be written"), "\(outcome.errors)")
    #expect(try outcome.number("testLoss").isFinite)
  }

  @Test(
    "On a disk that is full a training fails at its first save, or ends unsaved; the old file stays, and nothing else")
  func fullDisk() throws {
    let workplace = try Workplace()
    #expect(try workplace.start(single + ["--save", "small.st"]).outcome().code == 0)
    let small = try workplace.bytes("small.st")
    // A limit on the size of files stands in for the disk, between that of one network and of a larger one.
    func limited(_ words: [String], blocks: Int) throws -> Outcome {
      let command = (try [binary().path] + words).map { "'\($0)'" }.joined(separator: " ")
      return try workplace.start(
        ["-c", "ulimit -f \(blocks) && exec \(command)"], program: URL(fileURLWithPath: "/bin/bash")
      ).outcome()
    }
    let more = try limited(["train", "--resume", "small.st", "--epochs", "3", "--json"], blocks: 16)
    #expect(more.code == 1 && more.errors.contains("File too large"), "\(more.errors)")
    #expect(try workplace.bytes("small.st") == small)
    let fresh = try limited(single + ["--save", "fresh.st"], blocks: 16)
    #expect(fresh.code == 1 && !fresh.output.contains("epoch 1/"), "\(fresh.errors)")
    let names = try FileManager.default.contentsOfDirectory(atPath: workplace.directory.path)
    #expect(!names.contains("fresh.st") && !names.contains { $0.hasPrefix(".") }, "\(names)")
  }
}
