import Foundation
import Testing

/// `adjoint export` on checkpoints.
@Suite struct ExportTests {
  private let workplace: Workplace
  init() throws { workplace = try Workplace() }

  /// A training on a small table.
  private func train(_ options: String...) throws {
    let rows = (0..<40).map { "\($0 % 7),\($0 * 3 % 11),\($0 % 7 > 3 ? "high" : "low")" }
    _ = try workplace.write("points.csv", Array(("a,b,class\n" + rows.joined(separator: "\n") + "\n").utf8))
    let words = ["train", "--data", "points.csv", "--label", "class", "--epochs", "1", "--save", "points.safetensors"]
    let outcome = try workplace.start(words + options).outcome()
    #expect(outcome.code == 0, "\(outcome.errors)")
  }

  @Test(arguments: ["cross-entropy", "bce", "mse"]) func `A saved network leaves with the meaning of its answers`(
    _ loss: String
  ) throws {
    try train("--loss", loss)
    let outcome = try workplace.run("export", "--load", "points.safetensors", "-o", "points.onnx")
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("rows [batch, 2]"))
    #expect(outcome.output.contains("logits [batch, 2], probabilities [batch, 2]"))
    let text = String(decoding: try workplace.bytes("points.onnx"), as: UTF8.self)
    for part in ["Adjoint", "fc1/weight", "standardize/Div", "probabilities", "classes"] {
      #expect(text.contains(part), "\(part)")
    }
  }

  @Test func `A refusal says what to give, and writes nothing`() throws {
    try train()
    func errors(_ words: String...) throws -> String {
      let outcome = try workplace.start(["export"] + words).outcome()
      #expect(outcome.code != 0)
      return outcome.errors
    }
    #expect(try errors().contains("'export' needs --load FILE"))
    #expect(try errors("--load", "points.safetensors").contains("'export' needs --output FILE"))
    let text = try errors("--load", "points.safetensors", "-o", "points.txt")
    #expect(text.contains("expected a name that ends in .onnx"))
    #expect(
      try errors("--load", "none.safetensors", "-o", "m.onnx").contains("there is no checkpoint none.safetensors"))
    #expect(!FileManager.default.fileExists(atPath: workplace.path("m.onnx")))
    try workplace.editHeader("points.safetensors", #"activation\":\"relu"#, #"activation\":\"bulb"#)
    #expect(
      try errors("--load", "points.safetensors", "-o", "m.onnx").contains("--activation bulb: expected identity, relu"))
    #expect(!FileManager.default.fileExists(atPath: workplace.path("m.onnx")))
  }

  @Test func `A model is listed, and its gradient checked`() throws {
    try train()
    _ = try workplace.run("export", "--load", "points.safetensors", "-o", "points.onnx")
    let shown = try workplace.start(["export", "points.onnx"]).outcome()
    #expect(shown.code == 0, "\(shown.errors)")
    for part in ["rows [_, 2]", "probabilities [_, 2]", "fc1/weight [", "Gemm", "yes: "] {
      #expect(shown.output.contains(part), "\(part)")
    }
    let checked = try workplace.start(["export", "points.onnx", "--check"]).outcome()
    #expect(checked.code == 0 && checked.output.contains("agree"), "\(checked.output)\(checked.errors)")
    _ = try workplace.write("bad.onnx", [0x3A, 0xFF])
    let bad = try workplace.start(["export", "bad.onnx"]).outcome()
    #expect(bad.code == 1 && bad.errors.contains("byte 1"), "\(bad.errors)")
  }
}
