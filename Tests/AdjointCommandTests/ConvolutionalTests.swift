import Foundation
import Testing

@Suite struct ConvolutionalTests {
  /// A training of a small convolutional network that takes a moment, in a debug build too.
  private let small = [
    "train", "--model", "cnn", "--filters", "2,3", "--train-limit", "64", "--test-limit", "20", "--epochs", "2",
    "--batch",
    "32", "--dropout", "0.1",
  ]

  @Test("A convolutional network is trained, saved, resumed to the same bits, evaluated, and predicts")
  func life() throws {
    let workplace = try Workplace()
    let whole = try workplace.start(small + ["--save", "whole.st", "--json", "--threads", "2"]).outcome()
    #expect(whole.code == 0, "\(whole.errors)")
    #expect(whole.output.contains("28×28 → conv 5×5 2 relu → pool 2×2 → conv 5×5 3 relu → pool 2×2 → 128 relu"))
    // 2·25 + 2, 3·2·25 + 3, 128·(48 + 1), 10·(128 + 1)
    #expect(try whole.number("parameters") == 7_767)

    let again = try workplace.start(small + ["--save", "again.st", "--json", "--threads", "1"]).outcome()
    #expect(again.code == 0, "\(again.errors)")
    #expect(try workplace.bytes("again.st") == workplace.bytes("whole.st"), "no digit depends on the threads")
    let resumed = try workplace.run("train", "--resume", "again.st", "--json")
    #expect(resumed.code == 0, "\(resumed.errors)")
    #expect(try resumed.number("testLoss") == whole.number("testLoss"))
    let otherwise = try workplace.run("train", "--resume", "again.st", "--model", "mlp")
    #expect(otherwise.code == 2 && otherwise.errors.contains("--model mlp contradicts the checkpoint"))

    let evaluated = try workplace.run("evaluate", "--load", "whole.st", "--test-limit", "20", "--json")
    #expect(evaluated.code == 0, "\(evaluated.errors)")
    #expect(try evaluated.number("testLoss") == whole.number("testLoss"))

    let image = try workplace.write("digit.pgm", Array("P5 28 28 255\n".utf8) + Array(repeating: 9, count: 784))
    let predicted = try workplace.run("predict", image, "--load", "whole.st", "--json")
    #expect(predicted.code == 0, "\(predicted.errors)")
    #expect(try predicted.json()["prediction"] is String)
  }

  @Test("Softmax regression is saved and evaluated: its checkpoint stores an activation that it does not use")
  func regression() throws {
    let workplace = try Workplace()
    let words = ["train", "--train-limit", "64", "--test-limit", "20", "--epochs", "1", "--hidden", "none"]
    #expect(try workplace.start(words + ["--save", "model.st"]).outcome().code == 0)
    let evaluated = try workplace.run("evaluate", "--load", "model.st", "--test-limit", "20")
    #expect(evaluated.code == 0, "\(evaluated.errors)")
  }

  @Test("Options that do not fit the network say so")
  func unused() throws {
    let workplace = try Workplace()
    let hidden = try workplace.run("train", "--model", "cnn", "--hidden", "32")
    #expect(hidden.errors.contains("--hidden has no effect with --model cnn; it belongs to --model mlp"))
    let filters = try workplace.run("train", "--filters", "8,8")
    #expect(filters.errors.contains("--filters has no effect with --model mlp; it belongs to --model cnn"))
    let deep = try workplace.run("train", "--model", "cnn", "--filters", "4,4,4", "--train-limit", "8")
    #expect(deep.code == 1)
    #expect(deep.errors.contains("expected images large enough for 3 convolutions and poolings, found 28 × 28"))
  }
}
