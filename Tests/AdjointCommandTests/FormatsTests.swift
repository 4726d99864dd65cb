import Adjoint
import AdjointDatasets
import AdjointLearning
import Foundation
import Testing

@Suite("Files of other programs on the command line")
struct FormatsTests {
  let workplace: Workplace

  init() throws { workplace = try Workplace() }

  private func url(_ name: String) -> URL { URL(fileURLWithPath: workplace.path(name)) }

  /// Rows in two classes: the sign of the first number.
  private func writeRows(_ name: String) throws {
    var generator = Generator(seed: 1)
    let rows = (0..<400).map { _ in (0..<3).map { _ in generator.normal() } }
    var file = NPZ()
    file.add("X", Tensor<Double>(shape: [400, 3], elements: rows.flatMap { $0 }))
    file.add("y", Tensor<Int64>(rows.map { $0[0] > 0 ? 1 : 0 }))
    try file.write(to: url(name), compressing: true)
  }

  @Test("A training on arrays writes its metrics; interrupted and resumed it has each epoch once")
  func logs() throws {
    try writeRows("d.npz")
    let options = ["train", "--data", "d.npz", "--batch", "16", "--epochs"]
    func run(_ words: [String]) throws {
      let outcome = try workplace.start(words).outcome()
      #expect(outcome.code == 0, "\(outcome.errors)")
    }
    for (form, beginning) in [("csv", "epoch,step,loss,set,setLoss"), ("jsonl", #"{"epoch": 1, "step": 20, "loss": "#)]
    {
      try run(options + ["4", "--log", "whole.\(form)"])
      try run(options + ["3", "--save", "m.st", "--log", "parts.\(form)"])
      // What a process that was killed leaves: lines after its checkpoint, and half a line.
      let half = form == "csv" ? "4,80,0.5,test,1,1,,,1,1,1\n5,1" : #"{"epoch": 4, "step": 80}"# + "\n" + #"{"epoch"#
      let file = try FileHandle(forWritingTo: url("parts.\(form)"))
      try file.seekToEnd()
      try file.write(contentsOf: Data(half.utf8))
      try file.close()
      try run(["train", "--resume", "m.st", "--epochs", "4", "--log", "parts.\(form)"])
      func lines(_ name: String) throws -> [String] {
        // The last two fields are times.
        try String(decoding: workplace.bytes(name), as: UTF8.self).split(separator: "\n")
          .map { $0.split(separator: ",", omittingEmptySubsequences: false).dropLast(2).joined(separator: ",") }
      }
      let (whole, parts) = (try lines("whole.\(form)"), try lines("parts.\(form)"))
      #expect(whole == parts)
      #expect(whole.count == (form == "csv" ? 5 : 4) && whole[0].hasPrefix(beginning), "\(whole)")
    }
    _ = try workplace.write("notes.csv", Array("dear diary\n".utf8))
    let foreign = try workplace.start(options + ["1", "--log", "notes.csv"]).outcome()
    #expect(foreign.code == 1 && foreign.errors.contains("a log of a training"), "\(foreign.errors)")
    #expect(try workplace.bytes("notes.csv") == Array("dear diary\n".utf8))
    let unnamed = try workplace.start(options + ["1", "--log", "notes.txt"]).outcome()
    #expect(unnamed.code == 2 && unnamed.errors.contains(".jsonl or .csv"), "\(unnamed.errors)")
  }

  @Test("Weights under PyTorch's names are evaluated and predict, with the sizes that the error suggests")
  func foreignWeights() throws {
    try writeRows("d.npz")
    var generator = Generator(seed: 3)
    let model = MLP<Float>([3, 5, 2], using: &generator)
    var file = Safetensors()
    for (layer, parameters) in zip(["0", "2"], [model.parameters[..<2], model.parameters[2...]]) {
      for (name, parameter) in zip(["weight", "bias"], parameters) { try file.add("\(layer).\(name)", parameter.value) }
    }
    try file.write(to: url("torch.st"))
    let refused = try workplace.run("evaluate", "--load", "torch.st", "--data", "d.npz")
    #expect(refused.code == 1 && refused.errors.contains("--model 3,5,2 --rename '0=fc1,2=fc2'"), "\(refused.errors)")
    let words = ["--load", "torch.st", "--model", "3,5,2", "--rename", "0=fc1,2=fc2"]
    let found = try workplace.start(["evaluate", "--data", "d.npz", "--json"] + words).outcome()
    #expect(found.code == 0, "\(found.errors)")
    let (x, y) = (
      try NPZ(contentsOf: url("d.npz")).tensor("X", as: Float.self),
      try NPZ(contentsOf: url("d.npz")).tensor("y", as: Int32.self)
    )
    let logits = model(Tape<Float>(mode: .inference).input(x)).value
    let right = (0..<400).filter { (logits[$0, 1] > logits[$0, 0] ? 1 : 0) == y[$0] }.count
    #expect(found.output.contains("\"testAccuracy\": \(Double(right) / 400)"), "\(found.output)")
    let row = try workplace.start(["predict", "d.npz", "--index", "2", "--json"] + words).outcome()
    #expect(row.output.contains("\"prediction\": \"\(logits[2, 1] > logits[2, 0] ? 1 : 0)\""), "\(row.output)")
    let exported = try workplace.start(["export", "-o", "torch.onnx"] + words).outcome()
    #expect(exported.code == 0 && exported.output.contains("logits [batch, 2]"), "\(exported.output)\(exported.errors)")
    let explained = try workplace.run("explain", "--load", "torch.st", "-o", "torch.html")
    #expect(explained.errors.contains("not saved by") && !explained.errors.contains("--model"), "\(explained.errors)")
    let normalized = try workplace.start(["predict", "d.npz", "--index", "2", "--normalize", "0,2"] + words).outcome()
    #expect(normalized.code == 0 && normalized.output != row.output)
    let without = try workplace.run("predict", "d.npz", "--load", "torch.st", "--rename", "0=fc1")
    #expect(without.code == 2 && without.errors.contains("without --model"), "\(without.errors)")
    let cnn = try workplace.run("predict", "d.npz", "--load", "torch.st", "--model", "cnn")
    #expect(cnn.code == 2 && cnn.errors.contains("the sizes of a perceptron"), "\(cnn.errors)")
  }

  @Test("A digit in a PNG image is predicted as it is from an array, and another size is refused")
  func png() throws {
    #expect(try workplace.train("--save", "m.st").code == 0)
    let digits = DrawnDigits(seed: 0).test(3)
    try digits.save(image: 1, png: url("digit.png"))
    let pixels = digits.image(1).map { Int32($0) }
    try Tensor<Int32>(shape: [1, 28, 28], elements: pixels).save(npy: url("digit.npy"))
    let image = try workplace.run("predict", "digit.png", "--load", "m.st", "--json")
    let array = try workplace.run("predict", "digit.npy", "--load", "m.st", "--json")
    #expect(image.code == 0 && image.output == array.output, "\(image.errors)\(array.errors)")
    try Tensor<Float>.zeros([20, 28]).save(png: url("small.png"))
    let small = try workplace.run("predict", "small.png", "--load", "m.st")
    #expect(small.code == 1 && small.errors.contains("expected images of 28 × 28 pixels"), "\(small.errors)")
    let check = try workplace.run("predict", "digit.npy", "--load", "m.st", "--index", "1")
    #expect(check.code == 1 && check.errors.contains("1 rows"), "\(check.errors)")
  }

  @Test("An error about a file names it and says what can be done there")
  func remedies() throws {
    try save(rows: 0, "none.npz")
    let none = try workplace.run("train", "--data", "none.npz")
    #expect(none.code == 1 && none.errors.contains("none.npz: expected 2 rows or more"), "\(none.errors)")
    try save(rows: 40, "rows.npz")
    #expect(try workplace.run("train", "--data", "rows.npz", "--epochs", "1", "--save", "rows.st").code == 0)
    try DrawnDigits(seed: 0).test(1).save(image: 0, png: url("digit.png"))
    let image = try workplace.run("predict", "digit.png", "--load", "rows.st")
    #expect(
      image.code == 1 && image.errors.contains("a PNG image. The model was trained on rows"), "\(image.errors)")
    let foreign = try workplace.run("train", "--resume", "rows.npz")
    #expect(
      foreign.code == 1 && foreign.errors.contains("give a file of 'adjoint train --save FILE'"), "\(foreign.errors)")
    let twice = try workplace.run("evaluate", "--load", "rows.npz", "--model", "2,2", "--rename", "0=a,0=b")
    #expect(twice.code == 2 && twice.errors.contains("each once"), "\(twice.errors)")
  }

  private func save(rows: Int, _ name: String) throws {
    var file = NPZ()
    let x = (0..<2 * rows).map { Float($0 % 7) - 3 }
    file.add("x", Tensor(shape: [rows, 2], elements: x))
    file.add("y", Tensor<Int32>(shape: [rows], elements: (0..<rows).map { Int32($0 % 2) }))
    try file.write(to: url(name))
  }
}
