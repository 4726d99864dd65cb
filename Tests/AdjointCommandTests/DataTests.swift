import AdjointDatasets
import Foundation
import TestFiles
import Testing

/// Data from outside, evaluating and predicting.
@Suite struct DataTests {
  /// The four files of a tiny data set under MNIST's names.
  private func writeDirectory(_ workplace: Workplace) throws {
    let digits = DrawnDigits(seed: 5)
    for (part, images) in [(MNIST.Part.training, digits.training(120)), (.test, digits.test(40))] {
      try images.write(
        images: workplace.directory.appendingPathComponent(MNIST.images(part).name),
        labels: workplace.directory.appendingPathComponent(MNIST.labels(part).name))
    }
  }

  @Test("A saved network evaluates to the digits that its training printed", arguments: ["none", "pixel", "image"])
  func evaluate(standardization: String) throws {
    let workplace = try Workplace()
    let trained = try workplace.train("--save", "model.st", "--json", "--standardize", standardization)
    let evaluated = try workplace.run("evaluate", "--load", "model.st", "--test-limit", "100", "--json")
    #expect(evaluated.code == 0, "\(evaluated.errors)")
    for key in ["testAccuracy", "testLoss"] { #expect(try evaluated.number(key) == trained.number(key)) }
  }

  @Test("A directory of IDX files trains, also after it was named relatively and resumed from elsewhere")
  func directory() throws {
    let workplace = try Workplace()
    try writeDirectory(workplace)
    let trained = try workplace.start(tiny + ["--data", ".", "--save", "model.st", "--json"]).outcome()
    #expect(trained.code == 0, "\(trained.errors)")
    let elsewhere = try Workplace()
    let resumed = try elsewhere.run("train", "--resume", workplace.path("model.st"), "--json")
    #expect(try resumed.number("testLoss") == trained.number("testLoss"))
  }

  @Test(
    "In shards, images of a plain file stay there, those of a compressed one are in memory, and the checkpoint is the same to the last byte",
    arguments: ["none", "pixel", "image"])
  func shards(standardization: String) throws {
    let workplace = try Workplace()
    try writeDirectory(workplace)
    let settings = ["--data", ".", "--shards", "4", "--validation", "0.2", "--standardize", standardization]
    let plain = try workplace.start(tiny + settings + ["--save", "plain.st", "--report", "report"]).outcome()
    #expect(plain.code == 0 && plain.output.contains("read from their file"), "\(plain.output) \(plain.errors)")
    for part in [MNIST.Part.training, .test] {
      let name = MNIST.images(part).name
      _ = try workplace.write(name + ".gz", gzipped(workplace.bytes(name)))
      try FileManager.default.removeItem(atPath: workplace.path(name))
    }
    let compressed = try workplace.start(tiny + settings + ["--save", "compressed.st"]).outcome()
    #expect(compressed.code == 0 && compressed.output.contains("in the memory of each process"), "\(compressed.output)")
    #expect(try workplace.bytes("plain.st") == workplace.bytes("compressed.st"))
    #expect(FileManager.default.fileExists(atPath: workplace.path("report/misclassified.svg")))
  }

  @Test("A wrong directory and a truncated IDX file are one sentence each")
  func wrongFiles() throws {
    let workplace = try Workplace()
    let empty = try workplace.run("train", "--data", ".")
    #expect(empty.code == 1 && empty.errors.contains("train-images-idx3-ubyte"))
    let nowhere = try workplace.run("train", "--data", "nowhere/at/all")
    #expect(nowhere.code == 1 && nowhere.errors.contains("there is no such file or directory"))

    try writeDirectory(workplace)
    let name = MNIST.images(.training).name
    _ = try workplace.write(name, Array(workplace.bytes(name).dropLast(100)))
    let truncated = try workplace.run("train", "--data", ".")
    #expect(truncated.code == 1)
    #expect(truncated.errors.contains(name) && truncated.errors.contains("cut short"), "\(truncated.errors)")
  }

  @Test(
    "MNIST that is nowhere is one sentence: where it was looked for, its files, their address, and options that the command has",
    arguments: [
      ["train"], ["evaluate", "--load", "model.st"], ["explain", "-o", "a.txt", "--model", "784,10"],
      ["check", "--model", "784,10"], ["check", "--table"], ["experiments", "002-momentum"],
    ])
  func noMNIST(words: [String]) throws {
    let workplace = try Workplace()
    if words[0] == "evaluate" { #expect(try workplace.train("--save", "model.st").code == 0) }
    let home = ["HOME": workplace.directory.path, "ADJOINT_MNIST": ""]
    let command = words + ["--data", "mnist"]
    let searched = try workplace.start(command, environment: home).outcome()
    #expect(searched.code == 1)
    let names = MNIST.files.map(\.name)
    for word in ["../shared/data/mnist", "data/mnist", ".cache/adjoint/mnist", "--download", "https://"] + names {
      #expect(searched.errors.contains(word), "\(searched.errors)")
    }
    #expect(searched.errors.split(separator: "\n").count == 1)
    let help = try workplace.run(words[0], "--help").output
    for part in searched.errors.split(separator: " ") where part.hasPrefix("--") {
      #expect(help.contains(part), "\(part)")
    }
    // The download is tried: without curl nothing can be fetched.
    let fetched = try workplace.start(
      command + ["--download"], environment: home.merging(["PATH": "/nowhere"]) { $1 }
    ).outcome()
    #expect(fetched.code == 1 && fetched.errors.contains("expected the program curl"), "\(fetched.errors)")
  }

  @Test("ADJOINT_MNIST alone says where MNIST is")
  func namedMNIST() throws {
    let workplace = try Workplace()
    let named = try workplace.run("train", "--data", "mnist", environment: ["ADJOINT_MNIST": "/nowhere"])
    #expect(named.errors.contains("/nowhere (from ADJOINT_MNIST)"))
  }

  @Test("A table trains, with a fifth set aside, and evaluates as a whole")
  func table() throws {
    let workplace = try Workplace()
    let digits = DrawnDigits(seed: 5).training(60)
    let rows = (0..<60).map { row in
      ([String(digits.labels[row])] + digits.image(row).map { String($0) }).joined(separator: ",")
    }
    _ = try workplace.write("digits.csv", Array((rows.joined(separator: "\n") + "\n").utf8))
    let trained = try workplace.start(tiny + ["--data", "digits.csv", "--save", "model.st"]).outcome()
    #expect(trained.output.contains("48 images to train, 12 to test"), "\(trained.output) \(trained.errors)")
    let evaluated = try workplace.run("evaluate", "--load", "model.st", "--data", "digits.csv", "--json")
    #expect(try evaluated.number("images") == 60)
    #expect(try workplace.run("evaluate", "--load", "model.st", "--json").number("images") == 12)
  }

  @Test("The same image as PGM, IDX and CSV gets the same probabilities")
  func predict() throws {
    let workplace = try Workplace()
    #expect(try workplace.train("--save", "model.st").code == 0)
    let digits = DrawnDigits(seed: 0).test(3)
    let pixels = Array(digits.image(2))
    try digits.write(
      images: workplace.directory.appendingPathComponent("images"),
      labels: workplace.directory.appendingPathComponent("labels"))
    _ = try workplace.write("binary.pgm", Array("P5 # a comment\n28 28\n255\n".utf8) + pixels)
    let words = pixels.map { String($0) }
    _ = try workplace.write("plain.pgm", Array("P2\n28 28 255\n\(words.joined(separator: " "))\n".utf8))
    _ = try workplace.write("row.csv", Array((words.joined(separator: ",") + "\n").utf8))
    _ = try workplace.write("labelled.csv", Array(("7," + words.joined(separator: ",") + "\n").utf8))
    let inputs = [
      ["images", "--index", "2"], ["binary.pgm"], ["plain.pgm"], ["row.csv"], ["labelled.csv"],
    ]
    let outcomes = try inputs.map { try workplace.start(["predict", "--load", "model.st", "--json"] + $0).outcome() }
    let last = outcomes.map { $0.output.split(separator: "\n").last }
    #expect(Set(last).count == 1, "\(outcomes.map(\.errors))")
    let probabilities = try #require(outcomes[0].json()["probabilities"] as? [String: Double])
    #expect(probabilities.count == 10)
    let sum = probabilities.values.reduce(0, +)
    #expect(abs(sum - 1) < 1e-9)
    #expect(outcomes[0].output.contains("█"))
  }

  @Test(
    "An image that cannot be used is one sentence",
    arguments: [
      ("P5\n28 28\n255\nshort", "bytes of pixels"), ("P5\n20 20\n255\n", "28 × 28"),
      ("P2\n1 1 255 9\n", "28 × 28"), ("P2\n28 nothing", "the height"), ("1,2,3\n", "784 numbers"),
      ("1,two\n", "784 numbers"), ("", "an empty file"), ("1\n", "784 numbers"), ("\u{0}\u{0}\u{8}\u{3}", "cut short"),
    ])
  func badImages(content: String, word: String) throws {
    let workplace = try Workplace()
    let once = tiny.map { $0 == "2" ? "1" : $0 }
    #expect(try workplace.start(once + ["--save", "model.st"]).outcome().code == 0)
    let file = try workplace.write("image", Array(content.utf8))
    let outcome = try workplace.run("predict", "--load", "model.st", file)
    #expect(outcome.code == 1)
    #expect(outcome.errors.contains(word), "\(outcome.errors)")
    #expect(outcome.errors.split(separator: "\n").count == 1)
  }

  @Test("Weights that another program saved are refused with a sentence")
  func foreign() throws {
    let workplace = try Workplace()
    let header = Array("{}      ".utf8)
    let name = try workplace.write("foreign.st", [UInt8(header.count), 0, 0, 0, 0, 0, 0, 0] + header)
    let outcome = try workplace.run("evaluate", "--load", name)
    #expect(outcome.code == 1)
    #expect(outcome.errors.contains("was not saved by 'adjoint train'"), "\(outcome.errors)")
    let torch = Array(#"{"0.weight":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#.utf8) + Array("  ".utf8)
    let padded = torch + [UInt8](repeating: 0x20, count: (8 - torch.count % 8) % 8)
    let other = try workplace.write(
      "torch.st", [UInt8(padded.count), 0, 0, 0, 0, 0, 0, 0] + padded + [0, 0, 0x80, 0x3F])
    let names = try workplace.run("evaluate", "--load", other)
    #expect(names.errors.contains("such as 'fc1/weight', found '0.weight'"), "\(names.errors)")
  }
}
