import AdjointCommandLine
import AdjointLearning

/// The merits of a classifier, as tables: loss and accuracy, each class, the pairs confused most often.
struct MetricsReport {
  let classNames: [String]
  /// The word for an example.
  let noun: String
  /// The most classes whose whole confusion is shown; of more, the pairs confused most often.
  private static let matrixSize = 12

  /// The last of `sets` is the one whose classes are shown.
  func show(_ sets: [(name: String, metrics: ClassificationMetrics)], on console: Console) {
    var table = Table(("", .left), ("accuracy", .right), ("loss", .right))
    for (name, metrics) in sets { table.add(name, metrics.accuracy.percent, metrics.loss.fixed(4)) }
    console.line()
    console.table(table)
    guard let (name, metrics) = sets.last else { return }

    var classes = Table(("class", .left), ("\(name) accuracy", .right), ("\(noun)s", .right), ("", .left))
    for (label, accuracy) in metrics.classAccuracies.enumerated() {
      let count = metrics.confusion[label].reduce(0, +)
      let bar = accuracy?.bar(of: 30) ?? ""
      classes.add(className(label), accuracy?.percent ?? "–", count.grouped, bar)
    }
    console.line()
    console.table(classes)

    if metrics.confusion.count <= MetricsReport.matrixSize {
      let names = metrics.confusion.indices.map(className)
      var matrix = Table(columns: [("class, and taken for", .left)] + names.map { (String($0.prefix(16)), .right) })
      for (label, row) in metrics.confusion.enumerated() { matrix.add([names[label]] + row.map { $0.grouped }) }
      console.line()
      console.table(matrix)
    }
    let pairs = metrics.mostConfused(5)
    guard !pairs.isEmpty else { return }
    var confused = Table(("most confused", .left), ("taken for", .left), ("times", .right))
    for pair in pairs { confused.add(className(pair.label), className(pair.prediction), pair.count.grouped) }
    console.line()
    console.table(confused)
  }

  static func classAccuracies(_ metrics: ClassificationMetrics) -> JSON {
    .array(metrics.classAccuracies.map { $0.map { .number($0) } ?? .null })
  }

  private func className(_ label: Int) -> String { label < classNames.count ? classNames[label] : String(label) }
}
