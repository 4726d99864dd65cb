import AdjointDatasets
import Foundation
import Testing

/// Tables on the command line: training, evaluation and prediction, from people's own files.
@Suite struct TableTests {
  private static let cases = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Cases")

  private func path(_ name: String) -> String { TableTests.cases.appendingPathComponent(name).path }

  /// Rows of numbers from drawn digits, with the label where `row` puts it.
  private func drawn(_ count: Int, header: String = "", row: (Int32, [UInt8]) -> [String]) -> String {
    let digits = DrawnDigits(seed: 5).training(count)
    let rows = (0..<count).map { row(digits.labels[$0], Array(digits.image($0))).joined(separator: ",") }
    return header + rows.joined(separator: "\n") + "\n"
  }

  @Test("A table of numbers and words trains to 90%, and says label, split, confusion and speed in its own words")
  func iris() throws {
    let workplace = try Workplace()
    let trained = try workplace.run("train", "--data", path("iris_str.csv"), "--save", "m.st", "--json")
    #expect(trained.code == 0, "\(trained.errors)")
    #expect(try trained.number("testAccuracy") >= 0.9)
    for words in [
      "120 rows to train, 30 to test, 4 features, 3 classes", "'species', 3 classes",
      "a fifth of the rows of each class",
      "4 → 32 relu → 3", "rows/s", "class, and taken for", "setosa", "versicolor", "virginica",
    ] { #expect(trained.output.contains(words), "\(words)") }
    #expect(!trained.output.split(separator: "\n").dropLast().contains { $0.contains("image") })

    // The same words in another order, and without a header, are the same examples.
    let evaluated = try workplace.run("evaluate", "--load", "m.st", "--json")
    for key in ["testAccuracy", "testLoss"] { #expect(try evaluated.number(key) == trained.number(key)) }
    let first = try workplace.run("evaluate", "--load", "m.st", "--data", path("iris_first.csv"), "--json")
    let quoted = try workplace.run("evaluate", "--load", "m.st", "--data", path("iris_quoted.csv"), "--json")
    #expect(try first.number("images") == 150 && first.number("testLoss") == quoted.number("testLoss"))
    let foreign = try workplace.run("evaluate", "--load", "m.st", "--data", path("iris_uci.csv"))
    #expect(foreign.code == 1 && foreign.errors.contains("'Iris-setosa'"), "\(foreign.errors)")

    let header = "sepal length (cm),sepal width (cm),petal length (cm),petal width (cm)\n"
    let inputs = [
      "5.9,3.0,5.1,1.8\n", "5.9,3.0,5.1,1.8,virginica\n", header + "5.9,3.0,5.1,1.8\n", "\u{FEFF}5.9;3;5.1;1.8\r\n",
      "\"5.9\", 3.0 ,5.1,18e-1\n",
      "species,petal width (cm),petal length (cm),sepal width (cm),sepal length (cm)\n?,1.8,5.1,3.0,5.9\n",
    ]
    var answers: Set<String> = []
    for (number, text) in inputs.enumerated() {
      let file = try workplace.write("row\(number).csv", Array(text.utf8))
      let outcome = try workplace.run("predict", "--load", "m.st", file, "--json")
      answers.insert(String(outcome.output.split(separator: "\n").last ?? "\(outcome.errors)"))
    }
    let last = try workplace.run("predict", "--load", "m.st", path("iris_tab.tsv"), "--index", "149", "--json")
    answers.insert(String(last.output.split(separator: "\n").last ?? ""))
    #expect(answers.count == 1, "\(answers)")
    #expect(answers.first?.contains("\"prediction\": \"virginica\"") == true, "\(answers)")
  }

  @Test("A training on a table resumes to the same bits, and its label and classes stay those of the checkpoint")
  func resumed() throws {
    let workplace = try Workplace()
    let words = [
      "train", "--data", path("iris_uci.csv"), "--label", "last", "--classes", "a, b,c", "--epochs", "3", "--save",
      "m.st",
    ]
    #expect(try workplace.start(words).outcome().code == 0)
    let whole = try workplace.bytes("m.st")
    let resumed = try workplace.run("train", "--resume", "m.st", "--classes", "a, b,c")
    #expect(resumed.code == 0, "\(resumed.errors)")
    #expect(try workplace.bytes("m.st") == whole)
    #expect(try workplace.run("train", "--resume", "m.st", "--label", "first").code == 2)
    let evaluated = try workplace.run("evaluate", "--load", "m.st", "--data", path("iris_uci.csv"))
    #expect(evaluated.code == 0 && evaluated.output.contains("\n  b "), "\(evaluated.output) \(evaluated.errors)")
  }

  @Test("Names that do not fit the classes are refused")
  func classNames() throws {
    let workplace = try Workplace()
    for names in ["a,b", "a,b,b", "a,,c"] {
      let outcome = try workplace.run("train", "--data", path("iris_uci.csv"), "--classes", names)
      #expect(outcome.code == 2 && outcome.errors.contains("--classes"), "\(outcome.errors)")
    }
    let unused = try workplace.run("train", "--label", "digit")
    #expect(unused.code == 2 && unused.errors.contains("--label has no effect"), "\(unused.errors)")
  }

  @Test("The first line's names are the classes', and what rows of numbers cannot be is refused")
  func announced() throws {
    let workplace = try Workplace()
    let data = path("breast_cancer.csv")
    let trained = try workplace.run("train", "--data", data, "--epochs", "5", "--json")
    #expect(try trained.number("testAccuracy") > 0.9, "\(trained.errors)")
    #expect(trained.output.contains("malignant") && trained.output.contains("30 features"))
    for (options, word) in [
      (["--model", "cnn"], "images, which --model cnn takes"), (["--standardize", "image"], "rows of numbers"),
    ] {
      let outcome = try workplace.start(["train", "--data", data] + options).outcome()
      #expect(outcome.code != 0 && outcome.errors.contains(word), "\(outcome.errors)")
    }
  }

  @Test("Digits of 8 × 8 train on their label, the first column")
  func digits() throws {
    let outcome = try Workplace().run("train", "--data", path("digits8x8.csv"), "--epochs", "4", "--json")
    #expect(try outcome.number("testAccuracy") > 0.8, "\(outcome.errors)")
    #expect(outcome.output.contains("column 1, 10 classes"))
  }

  @Test("A file that cannot be read rightly is refused in one sentence that says what to do")
  func refused() throws {
    let workplace = try Workplace()
    let numbered = drawn(40, header: (0...784).map(String.init).joined(separator: ",") + "\n") { label, pixels in
      [String(label == 4 ? 5 : label)] + pixels.map { String($0) }
    }
    for (bytes, words) in [
      (Array(numbered.utf8), "--label"), (Array("x,label\n1,7\n2,7\n".utf8), "two classes"),
      ([0xFF, 0xD8, 0xFF, 0xE0, 0], "a JPEG image"), (Array("a|b|label\n1|2|x\n".utf8), "'|'"),
      (Array("x,label\n1,\u{1B}[31m\n2,b\n,c\n".utf8), "an empty field"),
    ] {
      let outcome = try workplace.run("train", "--data", workplace.write("t.csv", bytes))
      #expect(outcome.code == 1 && outcome.errors.contains(words), "\(outcome.errors)")
      #expect(outcome.errors.split(separator: "\n").count == 1)
    }
    let latin = try workplace.run("train", "--data", path("iris_latin1.csv"))
    #expect(latin.code == 1 && latin.errors.contains("byte 94"), "\(latin.errors)")
  }

  @Test("Pixels train on the column that the header names, wherever it stands")
  func pixels() throws {
    let workplace = try Workplace()
    let names = (1...784).map { "pixel\($0)" }.joined(separator: ",")
    let last = drawn(60, header: names + ",class\n") { label, pixels in pixels.map { String($0) } + ["\(label)"] }
    let first = drawn(60, header: "label," + names + "\n") { label, pixels in ["\(label)"] + pixels.map { "\($0).0" } }
    var losses: Set<Double> = []
    for text in [last, first] {
      let file = try workplace.write("t.csv", Array(text.utf8))
      let outcome = try workplace.start(
        ["train", "--data", file, "--hidden", "16", "--epochs", "2", "--batch", "16", "--save", "m.st", "--json"]
      ).outcome()
      #expect(outcome.output.contains("48 images to train, 12 to test, 28 × 28, 10 classes"), "\(outcome.errors)")
      losses.insert(try outcome.number("testLoss"))
    }
    #expect(losses.count == 1)
  }

  @Test(
    "A data set in torchvision's folder trains with names for its classes, and no more of it is read than is asked for")
  func folders() throws {
    let workplace = try Workplace()
    let raw = workplace.directory.appendingPathComponent("MNIST/raw")
    try FileManager.default.createDirectory(at: raw, withIntermediateDirectories: true)
    let digits = DrawnDigits(seed: 5)
    for (part, images) in [(MNIST.Part.training, digits.training(120)), (.test, digits.test(40))] {
      try images.write(
        images: raw.appendingPathComponent(MNIST.images(part).name),
        labels: raw.appendingPathComponent(MNIST.labels(part).name))
    }
    let names = (0...9).map { "digit\($0)" }.joined(separator: ",")
    let words = tiny + ["--data", ".", "--classes", names, "--save", "m.st"]
    let trained = try workplace.start(words).outcome()
    #expect(trained.code == 0 && trained.output.contains("digit7"), "\(trained.errors)")
    let evaluated = try workplace.run("evaluate", "--load", "m.st", "--data", ".", "--test-limit", "7", "--json")
    #expect(try evaluated.number("images") == 7, "\(evaluated.errors)")
    let limited = try workplace.start(["train", "--data", ".", "--memory-limit", "1"]).outcome()
    #expect(limited.code == 0, "120 images are less than a MiB: \(limited.errors)")
    // A header that promises a million images, of which 120 are there.
    var bytes = try workplace.bytes("MNIST/raw/train-images-idx3-ubyte")
    bytes.replaceSubrange(4..<8, with: [0, 0x0F, 0x42, 0x40])
    _ = try workplace.write("MNIST/raw/train-images-idx3-ubyte", bytes)
    let labels = [UInt8](repeating: 7, count: 1_000_000)
    _ = try workplace.write("MNIST/raw/train-labels-idx1-ubyte", [0, 0, 8, 1, 0, 0x0F, 0x42, 0x40] + labels)
    let some = try workplace.start(tiny.map { $0 == "300" ? "100" : $0 } + ["--data", "."]).outcome()
    #expect(some.code == 0 && some.output.contains("100 images to train"), "\(some.errors)")
    let all = try workplace.run("train", "--data", ".")
    #expect(all.code == 1 && all.errors.contains("cut short"), "\(all.errors)")
    let large = try workplace.write("large.csv", Array(String(repeating: "1,2,3\n", count: 400_000).utf8))
    let load = ["--load", "m.st"]
    for words in [["train", "--data", large], ["evaluate", "--data", large] + load, ["predict", large] + load] {
      let outcome = try workplace.start(words + ["--memory-limit", "2"]).outcome()
      #expect(outcome.code == 1 && outcome.errors.contains("limit of memory"), "\(outcome.errors)")
    }
  }

  @Test("An image of another format, or the wrong way round, is recognised and said")
  func predictions() throws {
    let workplace = try Workplace()
    let once = tiny.map { $0 == "2" ? "1" : $0 }
    #expect(try workplace.start(once + ["--save", "model.st"]).outcome().code == 0)
    for (bytes, name) in [
      ([0xFF, 0xD8, 0xFF, 0xE0, 0], "libturbojpeg"), ([0x89] + Array("PNG\r\n".utf8), "with which a PNG"),
      (Array("BM6".utf8), "found a BMP image"), ([0x93] + Array("NUMPY".utf8), "the length of a header"),
    ] as [([UInt8], String)] {
      let outcome = try workplace.run("predict", "--load", "model.st", workplace.write("image", bytes))
      #expect(outcome.code == 1 && outcome.errors.contains(name), "\(outcome.errors)")
    }
    let pixels = Array(DrawnDigits(seed: 0).test(3).image(2))
    let dark = try workplace.write("dark.pgm", Array("P5 28 28 255 ".utf8) + pixels.map { 255 - $0 })
    let light = try workplace.write("light.pgm", Array("P5 28 28 255 ".utf8) + pixels)
    let warned = try workplace.run("predict", "--load", "model.st", dark)
    #expect(warned.code == 0 && warned.errors.contains("dark ink on light paper; give --invert"), "\(warned.errors)")
    let inverted = try workplace.run("predict", "--load", "model.st", dark, "--invert")
    let plain = try workplace.run("predict", "--load", "model.st", light)
    #expect(inverted.output == plain.output && inverted.errors.isEmpty && plain.errors.isEmpty)
    let again = try workplace.run("predict", "--load", "model.st", light, "--invert")
    #expect(again.errors.contains("leave out --invert"), "\(again.errors)")
  }

  /// The cases that are made from MNIST, which are no part of the package.
  private static let shared: URL? = {
    let package = cases.deletingLastPathComponent().deletingLastPathComponent()
    let folder = package.deletingLastPathComponent().appendingPathComponent("shared/cases")
    return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
  }()

  @Test(
    "Files made from MNIST and by PyTorch give what their table says",
    .enabled(if: shared != nil, "needs the folder ../shared/cases"))
  func sharedCases() throws {
    let workplace = try Workplace()
    func path(_ name: String) throws -> String { try #require(TableTests.shared).appendingPathComponent(name).path }
    let named = try workplace.run("train", "--data", path("openml.csv"), "--epochs", "3", "--save", "m.st")
    #expect(named.code == 0 && named.output.contains("'class', 9 classes"), "\(named.errors)")
    let numbered = try workplace.run("train", "--data", path("label-by-name.csv"))
    #expect(numbered.code == 1 && numbered.errors.contains("--label"), "\(numbered.errors)")
    for name in ["d.png", "d.npy"] {
      let outcome = try workplace.run("predict", "--load", "m.st", path(name))
      #expect(outcome.code == 0, "\(outcome.errors)")
    }
    let bitmap = try workplace.run("predict", "--load", "m.st", path("d.bmp"))
    #expect(bitmap.code == 1 && bitmap.errors.contains("BMP"), "\(bitmap.errors)")
    let photograph = try workplace.run("predict", "--load", "m.st", path("d.jpg"))
    #expect(photograph.code == 0 || photograph.errors.contains("libturbojpeg"), "\(photograph.errors)")
    let torch = try workplace.run("evaluate", "--load", path("torch_names.safetensors"))
    #expect(torch.code == 1 && torch.errors.contains("'0.weight'") && torch.errors.contains("'fc1/weight'"))
  }

  @Test("Predicting from a file of many gigabytes costs what one image costs")
  func sparse() throws {
    let workplace = try Workplace()
    let once = tiny.map { $0 == "2" ? "1" : $0 }
    #expect(try workplace.start(once + ["--save", "model.st"]).outcome().code == 0)
    // A header of 3,000,000 images of 28 × 28, 2.35 GB of holes.
    let images = try workplace.write(
      "images", [0, 0, 8, 3, 0, 0x2D, 0xC6, 0xC0, 0, 0, 0, 28, 0, 0, 0, 28])
    for name in ["images", "zeros"] {
      if name == "zeros" { _ = try workplace.write(name, []) }
      try FileHandle(forWritingTo: URL(fileURLWithPath: workplace.path(name))).truncate(atOffset: 16 + 784 * 3_000_000)
    }
    // In less memory than the file is long.
    let program = try binary().path
    func predict(_ words: [String]) throws -> Outcome {
      let limited = ["-c", "ulimit -v 1500000; exec \"$0\" \"$@\"", program, "predict", "--load", "model.st"] + words
      return try workplace.start(limited, program: URL(fileURLWithPath: "/bin/sh")).outcome()
    }
    let outcome = try predict([images, "--index", "2999999", "--json"])
    #expect(outcome.code == 0, "\(outcome.errors)")
    let zeros = try predict(["zeros"])
    #expect(zeros.code == 1 && zeros.errors.contains("type code"), "\(zeros.errors)")
  }
}
