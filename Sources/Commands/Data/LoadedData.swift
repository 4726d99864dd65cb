import Adjoint
import AdjointCommandLine
import AdjointDatasets
import AdjointFiles
import Foundation

/// The choices of a person about the reading of data.
package struct DataOptions {
  /// The label's column of a table; nil where it is found out.
  package var label: String?
  /// The names of the classes, in the order of their labels; nil for the labels themselves.
  package var classNames: [String]?
  /// The most bytes that a data file may hold, decompressed.
  package var memoryLimit = InputFile.memoryLimit
  /// True to leave images in their file where that can be: each process in shards needs a part of them alone.
  package var leavesImages = false

  package init() {}

  package init(_ arguments: Arguments) throws(CommandError) {
    label = arguments.text("label")
    memoryLimit = try arguments.integer("memory-limit") << 20
    guard arguments.command.options.contains(where: { $0.name == "classes" }), let text = arguments.text("classes")
    else {
      return
    }
    let names = text.split(separator: ",", omittingEmptySubsequences: false)
      .map { $0.trimmingCharacters(in: .whitespaces) }
    guard Set(names).count == names.count, !names.contains(""), !names.contains(where: { $0.contains("\n") }) else {
      throw arguments.option("classes").bad(text, expected: "different names between commas, such as cat,dog")
    }
    classNames = names
  }

  /// The flag that every command with data has.
  package static func downloadFlag(in group: String = "Options") -> Option {
    .flag("download", in: group, "Fetch MNIST for --data mnist if it is not there.")
  }

  /// The option that commands have whose data may be large.
  package static func memoryOption(in group: String = "Options") -> Option {
    Option(
      "memory-limit", "MIB", .integer(1...1_000_000), default: String(InputFile.memoryLimit >> 20), in: group,
      "Refuse data of more than so many MiB in a file, decompressed.")
  }

  fileprivate var column: CSVColumn? { label.map { CSVColumn($0) } }

  /// Refuses a label for data that have no columns.
  func refuseUnused(for source: DataSource) throws(CommandError) {
    if case .table = source { return }
    guard label == nil else {
      throw .unusedOption("label", reason: "with data that are not a table", usedBy: ["CSV files"])
    }
  }

  func table(_ url: URL, classNames: [String]? = nil, features: [String] = []) throws(FileError) -> LabeledTable {
    try LabeledTable(
      url, label: column, classNames: classNames, features: features, memoryLimit: memoryLimit)
  }
}

/// The examples of a source, and what a network must remember of them.
package struct LoadedData {
  package var training: Examples
  package var test: Examples
  /// The classes as the data spell them, in the order of the class names.
  package let classLabels: [String]
  /// Names that the data give the classes; empty where they give none.
  var announcedNames: [String] = []
  /// True where a table has its label in front.
  package private(set) var isLabelFirst = true
  /// What was found out about a table, each with a heading.
  package internal(set) var notes: [(name: String, text: String)] = []

  init(training: Examples, test: Examples) {
    (self.training, self.test) = (training, test)
    classLabels = training.classNames
  }

  /// The rows of a table, divided.
  init(splitting table: LabeledTable, of source: String) throws(CommandError) {
    try self.init(splitting: Examples(table.points), of: source)
    announcedNames = table.announcedNames
    isLabelFirst = table.isLabelFirst
    notes.insert(("label", "\(table.label), \(classLabels.count) classes"), at: 0)
    if let column = table.leftOut { notes.append(("left out", "\(column), which counts the rows")) }
  }

  /// Rows or images that nobody has divided.
  init(splitting rows: Examples, of source: String) throws(CommandError) {
    guard rows.count >= 2 else {
      throw .tooFewExamples(
        "\(source): expected 2 rows or more, for training and test, found \(rows.count); give more examples")
    }
    // Row after row of each class in random order, of which every fifth is for the test.
    var generator = Generator(seed: 0)
    let order = generator.permutation(of: rows.count)
    let sorted = order.indices.sorted { (rows.labels[order[$0]], $0) < (rows.labels[order[$1]], $1) }
    let tests = Set(sorted.indices.filter { $0 % 5 == min(2, rows.count - 1) }.map { order[sorted[$0]] })
    let all = Array(0..<rows.count)
    self.init(
      training: rows.selecting(all.filter { !tests.contains($0) }[...]),
      test: rows.selecting(all.filter { tests.contains($0) }[...]))
    notes = [("test set", "a fifth of the rows of each class, drawn at random, the same ones every time")]
  }

  /// The same examples with classes under these names, or those that the data give.
  func renamed(_ given: [String]?) throws(CommandError) -> LoadedData {
    guard let names = given ?? (announcedNames.isEmpty ? nil : announcedNames) else { return self }
    guard names.count == classLabels.count else {
      let labels = classLabels.prefix(12).map { quoted($0) }.joined(separator: ", ")
      throw .badValue(
        option: "classes", value: names.joined(separator: ","),
        expected: "\(classLabels.count) names, one for each of the labels \(labels)"
          + (classLabels.count > 12 ? ", …" : ""), suggestion: nil)
    }
    var data = self
    data.training = training.labeled(training.labels, classNames: names)
    data.test = test.labeled(test.labels, classNames: names)
    return data
  }
}
