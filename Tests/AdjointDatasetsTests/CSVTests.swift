import Adjoint
import AdjointDatasets
import AdjointFiles
import Foundation
import TestFiles
import Testing

@Suite("CSV tables")
struct CSVTests {
  let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  @Test("a table with a header becomes labelled points")
  func labelled() throws {
    let url = try scratch.file(
      "iris.csv", "length,width,species\n5.1,3.5,setosa\r\n6.2, 2.9 ,\"virginica\"\n4.9,3,setosa")
    let points = try LabeledPoints(csv: url)
    #expect(points.classNames == ["setosa", "virginica"])
    #expect(points.labels == [0, 1, 0])
    #expect(points.inputs == Tensor([[5.1, 3.5], [6.2, 2.9], [4.9, 3]]))
  }

  @Test(
    "the label column may be first, last, numbered or named",
    arguments: [CSVColumn.first, .number(1), .named("class")])
  func labelColumn(column: CSVColumn) throws {
    let url = try scratch.file("t.csv", "class,x\n10,0.5\n9,1.5\n")
    let points = try LabeledPoints(csv: url, label: column)
    #expect(points.classNames == ["9", "10"])
    #expect(points.labels == [1, 0])
    #expect(points.inputs.elements == [0.5, 1.5])
  }

  @Test("numbered labels are sorted by value, and given class names fix their meaning")
  func classNames() throws {
    let url = try scratch.file("t.csv", "1,b\n2,c\n")
    let points = try LabeledPoints(csv: url, format: CSVFormat(hasHeader: false), classNames: ["a", "b", "c"])
    #expect(points.labels == [1, 2])
    let error = try fileError {
      try LabeledPoints(csv: url, format: CSVFormat(hasHeader: false), classNames: ["a", "b"])
    }
    #expect(error.reason == .badValue)
    #expect(error.place == .line(2, column: 2))
    #expect(error.found == "'c'")
  }

  @Test("quoted fields may hold delimiters, line ends and doubled quotation marks")
  func quoting() throws {
    let url = try scratch.file("t.csv", "\"x\",name\n1,\"a,b\"\n2,\"say \"\"hi\"\"\"\n3,\"two\nlines\"\n4,\"a,b\"\n")
    let points = try LabeledPoints(csv: url)
    #expect(points.classNames == ["a,b", "say \"hi\"", "two\nlines"])
    #expect(points.labels == [0, 1, 2, 0])
  }

  @Test("a byte-order mark, other delimiters, old line ends and blank lines at the end do no harm")
  func dialects() throws {
    let url = try scratch.file("t.csv", [0xEF, 0xBB, 0xBF] + Array("x;y\r1;2\r3;4\r\r\n\n".utf8))
    let points = try RegressionPoints(csv: url, targets: [.named("x")], format: CSVFormat(delimiter: ";"))
    #expect(points.inputs == Tensor([[2], [4]]))
    #expect(points.targets == Tensor([[1], [3]]))
  }

  @Test("a compressed table is read")
  func compressed() throws {
    let url = try scratch.file("t.csv.gz", gzipped(Array("a,b\n1,2\n".utf8)))
    #expect(try RegressionPoints(csv: url).targets.elements == [2])
  }

  @Test("line numbers count the lines inside quoted fields")
  func lineNumbers() throws {
    let url = try scratch.file("t.csv", "x,name\n1,\"two\nlines\"\nabc,b\n")
    #expect(try fileError { try LabeledPoints(csv: url) }.place == .line(4, column: 1))
  }

  @Test(
    "a damaged table is refused at the field where it stops making sense",
    arguments: [
      ("x,y\n1,2\n3\n", FileError.Reason.mismatch, 3, 1),
      ("x,y\n1,2\n3,4,5\n", .mismatch, 3, 2),
      ("x,y\n1,2\n\n3,4\n", .mismatch, 3, 1),
      ("x,y\n1,abc\n", .badValue, 2, 2),
      ("x,y\n,2\n", .badValue, 2, 1),
      ("x,y\n1,nan\n", .badValue, 2, 2),
      ("x,y\n1,1e999\n", .badValue, 2, 2),
      ("x,y\n1,\"2\n3,4\n", .truncated, 2, 2),
      ("x,y\n1,\"2\"3\n", .wrongFormat, 2, 2),
      ("x,y\n1,2\"3\n", .wrongFormat, 2, 2),
      ("", .truncated, 1, 1),
      ("\n\n", .truncated, 1, 1),
    ])
  func damaged(text: String, reason: FileError.Reason, line: Int, column: Int) throws {
    let url = try scratch.file("t.csv", text)
    let error = try fileError { try RegressionPoints(csv: url) }
    #expect(error.reason == reason)
    #expect(error.place == .line(line, column: column))
    #expect(error.description.contains("t.csv"))
  }

  @Test("a column that does not exist is refused, and the header is shown")
  func unknownColumn() throws {
    let url = try scratch.file("t.csv", "x,y\n1,2\n")
    #expect(try fileError { try RegressionPoints(csv: url, targets: [.named("z")]) }.found == "'x', 'y'")
    #expect(try fileError { try RegressionPoints(csv: url, targets: [.number(3)]) }.reason == .mismatch)
    #expect(try fileError { try LabeledPoints(csv: url, label: .number(0)) }.reason == .mismatch)
  }

  @Test("a table of images is read with and without a header", arguments: ["label,a,b,c,d\n", ""])
  func images(header: String) throws {
    let url = try scratch.file("t.csv", header + "7,0,255,3,4\n0,1,2,3,4\n")
    let images = try LabeledImages(csv: url, height: 2, width: 2)
    #expect(images.labels == [7, 0])
    #expect(images.pixels == [0, 255, 3, 4, 1, 2, 3, 4])
  }

  @Test(
    "a table of images with a wrong field is refused",
    arguments: [
      ("7,0,256,3,4\n", FileError.Reason.badValue, 3), ("7,0,-1,3,4\n", .badValue, 3),
      ("7,0,99999999999999999999,3,4\n", .badValue, 3), ("7,0,,3,4\n", .badValue, 3), ("10,0,1,3,4\n", .badValue, 1),
      ("7,0,1,3\n", .mismatch, 4), ("7,0,1.5,3,4\n", .badValue, 3),
    ])
  func wrongImages(text: String, reason: FileError.Reason, column: Int) throws {
    let url = try scratch.file("t.csv", text)
    let error = try fileError { try LabeledImages(csv: url, height: 2, width: 2) }
    #expect(error.reason == reason)
    #expect(error.place == .line(1, column: column))
  }

  private func classes(_ labels: [String]) throws -> LabeledPoints {
    let url = try scratch.file("t.csv", "x,class\n" + labels.map { "1,\($0)\n" }.joined())
    return try LabeledPoints(csv: url)
  }

  @Test("equal decimal numbers are one class however they are written, and no other two texts are")
  func classTexts() throws {
    let same = try classes(["1", "1.0", "01", "+1e0", "0.10E1", "100e-2", "-0", "0", "0.0", ".5", "0.50", "5e-1"])
    #expect(same.classNames == ["0", "0.5", "1"])
    #expect(same.labels == [2, 2, 2, 2, 2, 2, 0, 0, 0, 1, 1, 1])
    let large = ["9007199254740992", "9007199254740993", "18446744073709551616", "-9223372036854775808"]
    let ids = try classes(large)
    #expect(ids.classNames == [large[3], large[0], large[1], large[2]])
    #expect(ids.labels == [1, 2, 3, 0])
    let small = try classes(["-1e-400", "0", "1e-400", "1e400", "10e399", "2e400"])
    #expect(small.classNames == ["-1e-400", "0", "1e-400", "1e400", "2e400"])
    for odd in ["0x10", "1\u{0}\u{0}", "inf", "nan", "1e", ".", "1.0.0", "１", "1e9999999", "x"] {
      let texts = try classes([odd, "1", "1.0", "16"])
      #expect(texts.classNames == [odd, "1", "1.0", "16"].sorted(), "texts stay as they are beside \(odd)")
    }
  }

  @Test("a label of images is a decimal number or the name of a class")
  func imageLabels() throws {
    let images = try LabeledImages(csv: try scratch.file("i.csv", "3.0,1\n02,1\n"), height: 1, width: 1)
    #expect(images.labels == [3, 2])
    for label in ["0x3", "3\u{0}", "3.5"] {
      let url = try scratch.file("i.csv", "class,p\n1,1\n\(label),1\n")
      let error = try fileError { try LabeledImages(csv: url, height: 1, width: 1) }
      #expect(error.reason == .badValue && error.place == .line(3, column: 1), "\(error)")
    }
  }

  @Test("a table of classes and row numbers has no features and is refused", arguments: ["", "id", "index"])
  func featureless(name: String) throws {
    let url = try scratch.file("t.csv", "\(name),class\n1,0\n2,1\n3,1\n")
    let error = try fileError { try LabeledPoints(csv: url) }
    #expect(error.reason == .mismatch && error.found == "classes and the numbers of the rows", "\(error)")
    let pair = try scratch.file("p.csv", "\(name),x,class\n1,5,0\n2,6,1\n3,6,1\n")
    #expect(try LabeledPoints(csv: pair).inputs == Tensor([[5], [6], [6]]))
  }

  @Test(
    "a first row of data that is longer or shorter than the header is refused",
    arguments: ["|abel,p0,p1,p2,p3\n7,0,84,bel,bel,bel,185,255\n0,1,2,3,4\n", "a,b,class\nx,y\n1,2,3\n"])
  func raggedBeginning(text: String) throws {
    let url = try scratch.file("t.csv", text)
    for label in [nil, CSVColumn.last] {
      let error = try fileError { try LabeledPoints(csv: url, label: label) }
      #expect(error.reason == .mismatch && error.expected.contains("fields, as in the first row"), "\(error)")
    }
    let images = try fileError { try LabeledImages(csv: url, height: 2, width: 2) }
    #expect(images.reason == .mismatch)
  }
}
