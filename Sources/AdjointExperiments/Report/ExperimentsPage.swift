import AdjointFiles
import Foundation

/// `Experiments.md` and its charts, written from the records alone: the same records give the same bytes.
package struct ExperimentsPage {
  package let store: RecordStore
  private let experiments: [Experiment]

  package init(store: RecordStore) { self.init(store: store, experiments: ExperimentCatalog.all) }

  package init(store: RecordStore, experiments: [Experiment]) { (self.store, self.experiments) = (store, experiments) }

  /// Writes the page and every chart.
  /// - Throws: `ExperimentError.damagedRecord`, or what writing throws.
  package func write() throws {
    let manager = FileManager.default
    try manager.createDirectory(at: store.folder, withIntermediateDirectories: true)
    let sections = try sections()
    for (experiment, _, section) in sections {
      for picture in section.pictures {
        let file = store.folder.appendingPathComponent(fileName(experiment, picture))
        try OutputFile.replace(file, with: (picture.svg + "\n").utf8)
      }
    }
    try OutputFile.replace(store.directory.appendingPathComponent("Experiments.md"), with: try markdown(sections).utf8)
  }

  /// The rows of the page's table.
  package func rows() throws -> [Row] { try sections().flatMap { $0.2.rows } }

  private func sections() throws -> [(Experiment, Scale, Section)] {
    try experiments.flatMap { experiment in
      let scale = try scale(of: experiment)
      let sweep = Sweep([experiment], scale, store: store, dataName: "MNIST", threads: 1)
      return try sweep.sections().map { (experiment, scale, $0.section) }
    }
  }

  /// The full settings where all of them have two seeds at least, or any run where an unfinished experiment is reported; the
  /// shortened ones otherwise.
  private func scale(of experiment: Experiment) throws -> Scale {
    guard experiment.quickSeeds != nil else { return .full }
    let full = try store.results(of: experiment, .full, data: "MNIST").runs
    let isFull =
      experiment.reportsUnfinished
      ? full.contains { !$0.records.isEmpty } : full.allSatisfy { $0.records.count >= 2 }
    return isFull ? .full : .quick
  }

  private func fileName(_ experiment: Experiment, _ picture: SVGPicture) -> String {
    "\(experiment.name)-\(picture.name).svg".replacingOccurrences(of: " ", with: "-")
  }

  private func markdown(_ sections: [(Experiment, Scale, Section)]) throws -> String {
    var text = [
      "# Experiments",
      """
      Every system and experiment of five documents on backpropagation, run on real MNIST, and NIST's certified regressions. This page and its charts are written \
      from the records in [Experiments/](Experiments) by `adjoint experiments --all --rebuild`; each section names the command \
      that computes its records. Figures compared with a document are means over seeds, with every seed beside them where \
      there are at most five. *holds* and *MISSED* judge a figure to reach; *confirmed* and *refuted* a document's claim. \
      A claim that [Documents.md](Documents.md) judges too has one verdict on both pages: what is refuted here is a misprint or \
      wrong there.
      """,
      table(sections.flatMap { $0.2.rows }),
    ]
    for (experiment, scale, section) in sections {
      text.append("## \(experiment.place): \(experiment.title)")
      let quick = scale.isQuick ? " --quick" : ""
      text.append("`adjoint experiments \(experiment.name)\(quick)`" + (try origin(of: experiment)))
      text.append(table(section.rows))
      text += section.text
      for picture in section.pictures {
        text.append("![\(picture.caption)](Experiments/\(fileName(experiment, picture)))\n\n*\(picture.caption)*")
      }
    }
    return text.joined(separator: "\n\n") + "\n"
  }

  /// The revisions that made an experiment's records: `, recorded by revision 1d59674`.
  private func origin(of experiment: Experiment) throws -> String {
    let revisions = Set(try store.records(of: experiment.name).map(\.revision))
    guard !revisions.isEmpty else { return "" }
    let known = revisions.compactMap { $0 }.sorted().map { "revision `\($0)`" }
    return ", recorded by "
      + (known + (revisions.contains(nil) ? ["earlier revisions"] : [])).joined(separator: " and ")
  }

  private func table(_ rows: [Row]) -> String {
    markdownTable(
      ["document", "what", "theirs", "ours", "holds?"],
      rows.map { [$0.place, $0.subject, $0.theirs, $0.ours, $0.verdict.words] })
  }
}
