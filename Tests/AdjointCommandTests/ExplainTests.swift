import Adjoint
import AdjointDatasets
import AdjointFiles
import Foundation
import Testing

@Suite struct ExplainTests {
  @Test(
    "A page is written, whole, for every kind of data that needs no file",
    arguments: [
      [], ["--scalar", "--batch", "1"],
      ["--model", "2,3,2", "--data", "spirals", "--activation", "relu", "--batch", "8"],
      ["--data", "moons"], ["--model", "784,4,10", "--data", "digits", "--batch", "2"],
    ])
  func page(words: [String]) throws {
    let workplace = try Workplace()
    let outcome = try workplace.start(["explain", "-o", "step.html"] + words).outcome()
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(outcome.output.hasPrefix("step.html: "))
    let page = try String(contentsOfFile: workplace.path("step.html"), encoding: .utf8)
    #expect(page.hasPrefix("<!DOCTYPE html>") && page.hasSuffix("</html>\n"))
  }

  @Test(
    "The ending of the file's name chooses the form",
    arguments: [
      ("a.svg", "<svg"), ("a.DOT", "digraph"), ("a.tex", "\\documentclass"), ("a.txt", "Given"),
      ("a.math.html", "<!DOCTYPE html>"), ("a.neurons.svg", "<svg"), ("a.unit.svg", "<svg"), ("a.surface.svg", "<svg"),
      ("a.flow.svg", "<svg"),
    ])
  func form(name: String, start: String) throws {
    let workplace = try Workplace()
    let outcome = try workplace.run("explain", "-o", name)
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(try String(contentsOfFile: workplace.path(name), encoding: .utf8).hasPrefix(start))
  }

  @Test("A picture that a model does not have is refused, with what it needs, and nothing is written")
  func unfit() throws {
    let workplace = try Workplace()
    let outcome = try workplace.run("explain", "-o", "a.maps.svg")
    #expect(outcome.code == 2 && outcome.errors.contains("expected a convolution"), "\(outcome.errors)")
    #expect(!FileManager.default.fileExists(atPath: workplace.path("a.maps.svg")))
  }

  @Test("The page of orders needs no model, and takes none")
  func order() throws {
    let workplace = try Workplace()
    let outcome = try workplace.run("explain", "--order", "-o", "order.html")
    #expect(outcome.code == 0 && outcome.output.hasPrefix("order.html: "), "\(outcome.errors)")
    let page = try String(contentsOfFile: workplace.path("order.html"), encoding: .utf8)
    #expect(page.hasPrefix("<!DOCTYPE html>") && page.hasSuffix("</html>\n") && page.contains("Nearest first"))
    let other = try workplace.run("explain", "--order", "--seed", "3", "-o", "order.html")
    #expect(other.code == 2 && other.errors.contains("--seed"), "\(other.errors)")
    let ending = try workplace.run("explain", "--order", "-o", "order.svg")
    #expect(ending.code == 2 && ending.errors.contains("ends in .html"), "\(ending.errors)")
  }

  @Test(
    "A worksheet has a key apart, which scores everything; the empty sheet scores nothing", arguments: ["md", "json"])
  func exercise(ending: String) throws {
    let workplace = try Workplace()
    #expect(try workplace.run("explain", "--exercise", "-o", "sheet.\(ending)").code == 0)
    #expect(try workplace.run("explain", "--grade", "sheet.key.\(ending)").code == 0)
    #expect(try workplace.run("explain", "--grade", "sheet.\(ending)").code == 1)
    let missing = try workplace.run("explain", "--grade", "none.md")
    #expect(missing.code == 2 && missing.errors.contains("expected a worksheet"), "\(missing.errors)")
    let remedy = "there is no file \(workplace.path("none.md")); 'adjoint explain --exercise -o SHEET.md' writes one"
    #expect(missing.errors.contains(remedy), "\(missing.errors)")
  }

  @Test("A sheet is graded from itself: model, data, seed and digits stand in it, and contradictions are noticed")
  func selfContained() throws {
    let workplace = try Workplace()
    let words = [
      "--model", "2,3,2", "--data", "moons", "--seed", "5", "--activation", "relu", "--batch", "2", "--digits", "4",
      "--parameters",
    ]
    #expect(try workplace.start(["explain", "--exercise", "-o", "sheet.md"] + words).outcome().code == 0)
    let graded = try workplace.run("explain", "--grade", "sheet.key.md")
    #expect(graded.code == 0 && graded.output.contains("4 of 4 right"), "\(graded.output)\(graded.errors)")
    #expect(try workplace.run("explain", "--grade", "sheet.key.md", "--seed", "5").code == 0)
    let other = try workplace.run("explain", "--grade", "sheet.key.md", "--seed", "6")
    #expect(other.code == 2 && other.errors.contains("expected 5, from which sheet.key.md was made"), "\(other.errors)")
    // Weights are small decimals.
    let sheet = try String(contentsOfFile: workplace.path("sheet.md"), encoding: .utf8)
    let weight = try #require(sheet.split(separator: "\n").first { $0.hasPrefix("    W⁽¹⁾ = [[") })
    #expect(weight.wholeMatch(of: #/ *W⁽¹⁾ = \[\[-?\d\.\d(?:[\[\], ]+-?\d(?:\.\d)?)*\]\]/#) != nil, "\(weight)")
    // By hand, the seed is changed: the numbers are not those of the sheet.
    let key = try String(contentsOfFile: workplace.path("sheet.key.md"), encoding: .utf8)
    try key.replacing("seed = 5", with: "seed = 6").write(
      toFile: workplace.path("changed.md"), atomically: true, encoding: .utf8)
    let changed = try workplace.run("explain", "--grade", "changed.md")
    #expect(changed.code != 0 && changed.errors.contains("made from another model, seed or batch"), "\(changed.errors)")
    try key.replacing("seed = 5", with: "seed = five").write(
      toFile: workplace.path("damaged.md"), atomically: true, encoding: .utf8)
    let damaged = try workplace.run("explain", "--grade", "damaged.md")
    #expect(damaged.code != 0 && damaged.errors.contains("says what cannot be"), "\(damaged.errors)")
    try "just a text".write(toFile: workplace.path("note.md"), atomically: true, encoding: .utf8)
    #expect(try workplace.run("explain", "--grade", "note.md").errors.contains("answers behind (1) ="))
  }

  @Test("Arrays as NumPy saves them are graded by name, with the options of their sheet")
  func arrays() throws {
    let workplace = try Workplace()
    #expect(try workplace.run("explain", "--exercise", "--parameters", "-o", "sheet.json").code == 0)
    let key = try JSON(workplace.bytes("sheet.key.json"), file: "sheet.key.json")
    func numbers(_ value: JSON) -> [Double] { value.elements?.flatMap(numbers) ?? [value.double ?? .nan] }
    var (right, wrong) = (NPZ(), NPZ())
    for question in try #require(key["questions"]?.elements) {
      let shape = Shape(numbers(try #require(question["shape"])).map { Int($0) })
      let answer = numbers(try #require(key["answers"]?[question["number"]?.text ?? ""]))
      right.add(try #require(question["of"]?.string), Tensor<Double>(shape: shape, elements: answer))
      wrong.add(try #require(question["of"]?.string), Tensor<Double>.zeros(shape))
    }
    try right.write(to: workplace.directory.appendingPathComponent("right.npz"))
    try wrong.write(to: workplace.directory.appendingPathComponent("wrong.npz"), compressing: true)
    let graded = try workplace.run("explain", "--grade", "right.npz", "--parameters")
    #expect(graded.code == 0 && graded.output.contains("4 of 4 right"), "\(graded.output)\(graded.errors)")
    #expect(try workplace.run("explain", "--grade", "wrong.npz", "--parameters").code == 1)
    _ = try workplace.write("text.npz", Array("no archive".utf8))
    let damaged = try workplace.run("explain", "--grade", "text.npz", "--parameters")
    #expect(damaged.code != 0 && damaged.errors.contains("text.npz"), "\(damaged.errors)")
  }

  @Test("Worked by hand, no unit stands at a kink", arguments: 0..<6)
  func kinks(seed: Int) throws {
    let workplace = try Workplace()
    let words = ["explain", "--exercise", "--activation", "relu", "--seed", "\(seed)", "-o", "sheet.md"]
    #expect(try workplace.start(words).outcome().code == 0)
    let sheet = try String(contentsOfFile: workplace.path("sheet.md"), encoding: .utf8)
    let z = try #require(sheet.split(separator: "\n").first { $0.hasPrefix("    z⁽¹⁾ = ") })
    #expect(!z.split(separator: "=")[1].split { "[], ".contains($0) }.contains("0"), "\(z)")
  }

  @Test("A page to fill in holds its exercise, and is refused where it would ask for too many numbers")
  func exercisePage() throws {
    let workplace = try Workplace()
    #expect(try workplace.run("explain", "--exercise", "-o", "sheet.html").code == 0)
    let page = try String(contentsOfFile: workplace.path("sheet.html"), encoding: .utf8)
    #expect(page.contains("id=\"homework\"") && page.contains("class=\"asking\""))
    let large = try workplace.run("explain", "--exercise", "--data", "digits", "-o", "large.html")
    #expect(large.code == 2 && large.errors.contains("a page for at most 2,000"), "\(large.errors)")
  }

  @Test("A trained network is explained, at the example of its test set that is asked for")
  func loaded() throws {
    let workplace = try Workplace()
    let words = [
      "--train-limit", "100", "--test-limit", "20", "--epochs", "1", "--hidden", "4", "--save", "d.safetensors",
    ]
    #expect(try workplace.start(["train"] + words).outcome().code == 0)
    let outcome = try workplace.run("explain", "--load", "d.safetensors", "--example", "7", "-o", "seven.html")
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("784 → 4 relu → 10, cross-entropy, on image 7 of drawn digits, from d.safetensors"))
    let refused = try workplace.run("explain", "--load", "d.safetensors", "--model", "784,4,10", "-o", "a.html")
    #expect(refused.errors.contains("--model has no effect with --load"), "\(refused.errors)")
  }

  @Test("In single numbers the page starts at the point whose gradients all differ from 0")
  func scalar() throws {
    let outcome = try Workplace().run("explain", "--scalar", "-o", "s.html")
    #expect(outcome.output.contains("2-2-1, tanh, squared error, on point 3 of xor"), "\(outcome.output)")
  }

  @Test("The same words write the same bytes")
  func reproducible() throws {
    let workplace = try Workplace()
    for name in ["a.html", "b.html"] { #expect(try workplace.run("explain", "--output", name).code == 0) }
    #expect(try workplace.bytes("a.html") == workplace.bytes("b.html"))
  }

  @Test(
    "What makes no sense ends with one sentence",
    arguments: [
      ([], "'explain' needs --output FILE"), (["-o", "step.pdf"], "expected a name that ends in"),
      (["-o", "a.html", "--model", "3,1"], "expected 2 inputs"),
      (["-o", "a.html", "--model", "2"], "two or more sizes"),
      (["-o", "a.html", "--data", "xro"], "did you mean xor?"), (["-o", "no/such/a.html"], "cannot be written"),
      (["-o", "a.html", "--scalar", "--model", "784,4,10", "--data", "digits"], "take a smaller model"),
      (["-o", "a.html", "--model", "cnn"], "the cnn takes images"),
      (["-o", "a.svg", "--exercise"], "expected a name that ends in .md, .json or .html"),
      (["-o", "a.html", "--digits", "2"], "--digits has no effect without --exercise"),
      (["-o", "a.md", "--exercise", "--activaton", "relu"], "did you mean --activation?"),
      (["-o", "a.html", "--example", "4"], "expected one of the 4 examples of xor, 0 to 3"),
      (["-o", "a.html", "--load", "none.safetensors"], "there is no checkpoint none.safetensors"),
      (["-o", "a.html", "--grade", "a.md"], "--output has no effect with --grade"),
      (["-o", "a.html", "--activation", "tahn"], "did you mean tanh?"),
    ])
  func usage(words: [String], sentence: String) throws {
    let outcome = try Workplace().start(["explain"] + words).outcome()
    #expect(outcome.code != 0)
    #expect(outcome.errors.contains(sentence), "\(outcome.errors)")
    #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
  }
}
