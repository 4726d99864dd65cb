import Adjoint
import AdjointDatasets
import AdjointFiles
import Foundation
import TestFiles
import Testing

/// The tables in `Tests/Cases`, as people have them.
@Suite("Tables as people have them")
struct CaseTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Cases")

  static let dialects = [
    "iris_str.csv", "iris_first.csv", "iris_semi.csv", "iris_tab.tsv", "iris_bom_crlf.csv", "iris_quoted.csv",
    "iris_uci.csv",
  ]

  @Test("iris is the same 150 points in every dialect, with and without a header", arguments: dialects)
  func iris(name: String) throws {
    let table = try LabeledTable(CaseTests.folder.appendingPathComponent(name))
    let points = table.points
    let hasHeader = name != "iris_uci.csv"
    #expect(points.inputs.shape == [150, 4])
    #expect(Array(points.inputs.elements.prefix(4)) == [5.1, 3.5, 1.4, 0.2])
    #expect(Array(points.inputs.elements.suffix(4)) == [5.9, 3.0, 5.1, 1.8])
    #expect(points.classNames == ["setosa", "versicolor", "virginica"].map { hasHeader ? $0 : "Iris-" + $0 })
    #expect(points.labels == (0..<150).map { Int32($0 / 50) })
    let measures = ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"]
    #expect(points.featureNames == (hasHeader ? measures : []))
    #expect(table.label == (hasHeader ? "'species'" : "column 5"))
    #expect(table.isLabelFirst == (name == "iris_first.csv"))
    let scratch = try ScratchFolder()
    let bytes = [UInt8](try Data(contentsOf: CaseTests.folder.appendingPathComponent(name)))
    #expect(try LabeledTable(scratch.file("iris.csv.gz", gzipped(bytes))).points == points)
  }

  @Test("scikit-learn's first line is a count and the names of the classes, and no row")
  func announced() throws {
    let table = try LabeledTable(CaseTests.folder.appendingPathComponent("breast_cancer.csv"))
    #expect(table.points.inputs.shape == [569, 30])
    #expect(table.points.inputs[0, 0] == 17.99)
    #expect(table.announcedNames == ["malignant", "benign"])
    #expect(table.points.labels.filter { $0 == 0 }.count == 212)
  }

  @Test("of numbers alone, the label is the end of the row whose classes share the rows evenly")
  func digits() throws {
    let table = try LabeledTable(CaseTests.folder.appendingPathComponent("digits8x8.csv"))
    #expect(table.points.inputs.shape == [1797, 64])
    #expect(table.points.classNames == (0...9).map(String.init))
    #expect(table.points.labels.prefix(12) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1])
    #expect(table.isLabelFirst)
  }

  @Test("text that is not UTF-8 is refused at its byte and line")
  func latin1() throws {
    let error = try fileError { try LabeledTable(CaseTests.folder.appendingPathComponent("iris_latin1.csv")) }
    #expect(error.reason == .wrongFormat)
    #expect(error.place == .byte(94))
    #expect(error.found == "the byte c4 in line 2")
    #expect(error.remedy.contains("iconv"))
  }
}

/// How a table says what its columns are, or is refused.
@Suite("The columns of a table")
struct CSVTableTests {
  let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private func table(_ text: String, label: CSVColumn? = nil) throws -> LabeledTable {
    try LabeledTable(scratch.file("t.csv", text), label: label)
  }

  /// Rows of three features and a label at both ends.
  private static let twoLabels = (0..<12).map { "\($0 % 3),0.5,1.5,\($0 % 2)\n" }.joined()

  @Test(
    "a name in the header is the label, wherever it stands and whatever its letters",
    arguments: ["label", "class", "target", "species", "digit", "y", "Class", "LABEL"])
  func names(name: String) throws {
    for (header, row) in [("\(name),a,b", "%d,1,2"), ("a,\(name),b", "1,%d,2"), ("a,b,\(name)", "1,2,%d")] {
      let rows = [7, 9, 7].map { row.replacing("%d", with: String($0)) }
      let points = try table(([header] + rows).joined(separator: "\n")).points
      #expect(points.classNames == ["7", "9"] && points.labels == [0, 1, 0])
      #expect(points.inputs.elements == [1, 2, 1, 2, 1, 2])
      #expect(points.featureNames == ["a", "b"])
    }
  }

  @Test("y is a feature beside another label's name")
  func yIsFeature() throws {
    let points = try table("x,y,label\n1,2,a\n3,4,b\n").points
    #expect(points.featureNames == ["x", "y"])
  }

  @Test(
    "a table whose label is unclear is refused, and --label is named",
    arguments: [
      "a,b,c\n1,2,0\n3,4,1\n", "class,target,x\n1,0,2\n0,1,2\n", "1,2,3\n4,5,6\n", "cat,1,2,red\ndog,3,4,blue\n",
      "a,kind,b,color\n1,cat,2,red\n3,dog,4,blue\n", twoLabels, "0,1,2,3\n0,1.5,2,0\n1,1.5,2,1\n0,1.5,2,1\n1,1.5,2,0\n",
    ])
  func unclear(text: String) throws {
    let error = try fileError { try table(text) }
    #expect(error.reason == .mismatch)
    #expect(error.remedy.contains("--label"), "\(error)")
  }

  @Test("an option decides what is unclear: by name, or by the end of the row")
  func chosen() throws {
    #expect(try table("a,b,c\n1,2,0\n3,4,1\n", label: CSVColumn("c")).points.labels == [0, 1])
    #expect(try table(CSVTableTests.twoLabels, label: CSVColumn("first")).points.classCount == 3)
    #expect(try table(CSVTableTests.twoLabels, label: CSVColumn("last")).points.classCount == 2)
    let error = try fileError { try table("a,b\n1,2\n", label: CSVColumn("c")) }
    #expect(error.found == "'a', 'b'")
  }

  @Test("a header that counts the columns is no row of numbers")
  func countingHeader() throws {
    let rows = (0..<8).map { "\($0 % 4 / 2),0.5,\($0).5\n" }.joined()
    for header in ["0,1,2\n", "1,2,3\n"] {
      let points = try table(header + rows).points
      #expect(points.count == 8 && points.classNames == ["0", "1"])
    }
  }

  @Test("the first row is kept where it is no header, though numbers are missing below words")
  func noHeader() throws {
    #expect(try table("1,2,cat\n3,4,dog\n").points.count == 2)
    let error = try fileError { try table("1,,cat\n3,4,dog\n") }
    #expect(error.place == .line(1, column: 2) && error.remedy.contains("missing"), "\(error)")
  }

  @Test(
    "a data set of one class is refused", arguments: ["x,label\n1,7\n2,7\n", "1,cat\n2,cat\n", "x,label\n1,1\n2,1.0\n"])
  func oneClass(text: String) throws {
    let error = try fileError { try table(text) }
    #expect(error.expected.contains("two classes"), "\(error)")
  }

  @Test("a quantity is no class, though its column bears a label's name")
  func quantity() throws {
    let fractions = "x,target\n" + (0..<100).map { "\($0),\($0 % 30).5\n" }.joined()
    let counts = "x,target\n" + (0..<100).map { "\($0),\($0 / 2 * 3 + $0 % 3)\n" }.joined()
    for text in [fractions, counts] {
      #expect(try fileError { try table(text) }.remedy.contains("A quantity is no class"))
    }
  }

  @Test("a class is one class however its number is written")
  func numberedClasses() throws {
    let points = try table("x,label\n1,1\n2,1.0\n3,01\n4,10\n5, 9\n").points
    #expect(points.classNames == ["1", "9", "10"] && points.labels == [0, 0, 0, 2, 1])
  }

  @Test("an index that was saved with the table is no feature", arguments: ["", "Unnamed: 0", "id", "Index"])
  func rowNumbers(name: String) throws {
    for first in 0...1 {
      let table = try table("\(name),x,label\n\(first),5,a\n\(first + 1),6,b\n\(first + 2),7,a\n")
      #expect(table.points.featureNames == ["x"] && table.points.inputs.elements == [5, 6, 7])
      #expect(table.leftOut != nil)
    }
    let kept = try table("\(name),x,label\n5,5,a\n3,6,b\n")
    #expect(kept.leftOut == nil && kept.points.inputs.shape == [2, 2])
  }

  @Test("a first line that announces other rows than there are is refused")
  func wrongCount() throws {
    #expect(try table("2,1,no,yes\n0.5,0\n1.5,1\n").announcedNames == ["no", "yes"])
    #expect(try fileError { try table("3,1,no,yes\n0.5,0\n1.5,1\n") }.expected.contains("3 rows"))
  }

  @Test(
    "separators are told from each other, also where another one stands in fields",
    arguments: ["a;b;label\n1;2;x,y\n3;4;z\n", "a\tb\tlabel\n1\t2\tx;y\n3\t4\tz\n", "a,b,label\n1,2,\"x;y\"\n3,4,z\n"])
  func separators(text: String) throws {
    #expect(try table(text).points.inputs.elements == [1, 2, 3, 4])
  }

  @Test("another separator and decimal commas are named")
  func namedSeparators() throws {
    #expect(try fileError { try table("a|b|label\n1|2|x\n") }.found.contains("'|'"))
    #expect(try fileError { try table("a b label\n1 2 x\n") }.found.contains("' '"))
    let error = try fileError { try table("a;b;label\n1,5;2,5;x\n3,5;4,5;y\n") }
    #expect(error.remedy.contains("decimal comma") || error.remedy.contains("decimal point"), "\(error)")
  }

  @Test("space around fields is no part of them, quoted or not")
  func spaces() throws {
    let points = try table(" x , label \n 1 , \"a b\" \n2,c\n").points
    #expect(points.classNames == ["a b", "c"] && points.featureNames == ["x"])
  }

  @Test("a header that has the features' names decides their order, and other columns are passed over")
  func featureOrder() throws {
    let url = try scratch.file("t.csv", "note,b,label,a\nhello,2,x,1\nworld,4,y,3\n")
    let points = try LabeledTable(url, features: ["a", "b"]).points
    #expect(points.inputs.elements == [1, 2, 3, 4] && points.featureNames == ["a", "b"])
    #expect(
      try fileError { try LabeledTable(url, label: .named("label"), features: ["a", "c"]) }.expected.contains("'c'"))
  }

  @Test("a row to predict for is found by names, or by the place of the label in training")
  func featureRows() throws {
    func row(_ text: String, _ index: Int = 0, names: [String] = [], first: Bool = false) throws -> [Float] {
      let input = try InputFile(scratch.file("r.csv", text))
      return try FeatureRow(
        input, index: index, count: 2, features: names, isLabelFirst: first, memoryLimit: 1 << 20
      ).numbers
    }
    #expect(try row("1,2\n3,4\n", 1) == [3, 4])
    #expect(try row("b,kind,a\n2,x,1\n", names: ["a", "b"]) == [1, 2])
    #expect(try row("a,b\n1,2\n") == [1, 2])
    #expect(try row("1,2,cat\n") == [1, 2])
    #expect(try row("cat,1,2\n", first: true) == [1, 2])
    #expect(try row("label,a,b\ncat,1,2\n") == [1, 2])
    #expect(try fileError { try row("1,2,3,4\n") }.expected.contains("2 numbers"))
    #expect(try fileError { try row("1,2\n", 1) }.found == "1 rows")
    #expect(try fileError { try row("1,x\n") }.place == .line(1, column: 2))
  }

  @Test("other formats are named before anything is looked for in them")
  func kinds() throws {
    for (bytes, name) in [
      ([0xFF, 0xD8, 0xFF, 0xE0], "JPEG"), ([0x89] + Array("PNG\r\n".utf8), "PNG"), (Array("BM6".utf8), "BMP"),
      ([0x93] + Array("NUMPY".utf8), "NumPy"), ([0x50, 0x4B, 3, 4], "ZIP"), ([0xFF, 0xFE, 0x31, 0], "UTF-16"),
    ] as [([UInt8], String)] {
      let error = try fileError { try LabeledTable(scratch.file("t.csv", bytes + [1, 2, 3])) }
      #expect(error.reason == .wrongFormat && error.found.contains(name), "\(error)")
    }
  }

  @Test("more than the limit of memory is refused before it is read, and the limit is named", arguments: [false, true])
  func memoryLimit(compressed: Bool) throws {
    let text = Array(("x,label\n" + String(repeating: "1,a\n2,b\n", count: 500)).utf8)
    let url = try scratch.file("t.csv", compressed ? gzipped(text) : text)
    #expect(try LabeledPoints(csv: url, memoryLimit: text.count).count == 1000)
    let error = try fileError { try LabeledPoints(csv: url, memoryLimit: text.count - 1) }
    #expect(error.reason == .oversized && error.expected.contains("\(text.count - 1) bytes"))
  }

  @Test("a header of many columns before many empty lines costs no memory")
  func manyLines() throws {
    let text = (0..<20_000).map { "c\($0)" }.joined(separator: ",") + ",label" + String(repeating: "\n", count: 100_000)
    #expect(try fileError { try table(text) }.reason == .truncated)
  }

  @Test("a table of images takes its label from the header, and a single class for no label")
  func imageLabel() throws {
    let url = try scratch.file("t.csv", "p1,p2,p3,p4,class\n0,1,2,3,7\n4,5,6,7,9\n")
    let images = try LabeledImages(csv: url, height: 2, width: 2)
    #expect(images.labels == [7, 9] && images.pixels == [0, 1, 2, 3, 4, 5, 6, 7])
    let last = try scratch.file("u.csv", "0,1,2,3,7\n0,5,6,7,9\n")
    #expect(try fileError { try LabeledImages(csv: last, height: 2, width: 2) }.remedy.contains("label"))
  }
}
