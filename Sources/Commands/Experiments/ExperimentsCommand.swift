import Adjoint
import AdjointCommandData
import AdjointCommandLine
import AdjointDatasets
import AdjointExperiments
import AdjointFiles
import Foundation

/// `adjoint experiments`: the experiments of the source documents, run, recorded, judged and written up.
@main
enum ExperimentsCommand {
  static func main() { CommandLineProgram.main(command) }

  static let command = Command(
    name: "experiments", summary: Sibling.experiments.summary,
    positional: ("NAME ...", 0...Int.max),
    options: [
      .flag("all", "Every experiment."),
      .flag("list", "List the experiments with what they cost, and run nothing."),
      .flag("quick", "Shorten document 000 alone, to a few minutes: nothing is decided about it then."),
      Option("runs", "N", .integer(1...10_000), "Seeds of each setting. Default: the experiment's own number."),
      Option("epochs", "N", .integer(1...100_000), "Epochs, in place of the documents' own: for a trial."),
      Option(
        "threads", "N", .integer(1...WorkerPool.maximumThreads),
        "Runs computed at the same time. Default: the machine's cores."),
      Option(
        "data", "WHAT", .text, default: "mnist", "mnist, a directory with MNIST's four files, or drawn for a trial."),
      DataOptions.downloadFlag(),
      Option(
        "nist", "DIR", .text, default: "Tests/Cases/nist",
        "The folder of NIST's 27 files of nonlinear regression, for nist."),
      Option(
        "out", "DIR", .text, default: "Docs",
        "Where Experiments.md stands, with the records and charts in Experiments/. Finished runs found there are taken over."
      ),
      .flag("rebuild", "Run nothing: judge the records and write the page and charts again."),
      .flag(
        "table",
        "Recompute the gradient table of a student report, 784-128-10, beside its own numbers: 'adjoint check --table'."
      ),
      Option("seed", "N", .integer(0...Int.max), default: "0", "With --table: what weights are drawn from."),
      .flag("markdown", "With 'documents': print Docs/Documents.md, every numbered equation executed and judged."),
      .flag("json", "Print one JSON object as the last line of standard output."),
    ],
    notes: [
      (
        "Resuming",
        [
          "A run is recorded when it ends. The same command after an interruption computes what is missing, and ends in the",
          "same table, bit for bit. More --runs later add seeds to those recorded. Under mpirun -n 4, or started several times on one",
          "folder, processes share the runs.",
        ]
      ),
      (
        "Examples",
        [
          "adjoint experiments --list", "adjoint experiments 002-momentum", "adjoint experiments --all --quick",
          "adjoint experiments --all --rebuild",
          "adjoint experiments documents --markdown",
        ]
      ),
      (
        "Exit code",
        [
          "0 when every figure is reached, 1 when one is missed or was not run, 2 for a command that cannot be read;",
          "a claim of a document may be refuted",
        ]
      ),
    ],
    run: run)

  private static func run(_ arguments: Arguments, _ console: Console) throws -> Int32 {
    if arguments.isGiven("table") { return try RecomputedTable(arguments, console).run(console) }
    if arguments.isGiven("seed") {
      throw CommandError.unusedOption("seed", reason: "without --table", usedBy: ["--table"])
    }
    if arguments.isGiven("list") {
      list(console)
      return 0
    }
    if arguments.positionals == ["documents"] {
      guard arguments.isGiven("markdown") else {
        throw CommandError.missingOption("markdown", placeholder: "", command: "experiments documents")
      }
      console.line(try DocumentClaims.markdown().trimmingCharacters(in: .newlines))
      return 0
    }
    if arguments.isGiven("markdown") {
      throw CommandError.unusedOption("markdown", reason: "without documents", usedBy: [])
    }
    let experiments = try experiments(arguments)
    let scale = Scale(
      isQuick: arguments.isGiven("quick"), runs: try arguments.givenInteger("runs"),
      epochs: try arguments.givenInteger("epochs"))
    let source = try DataSource(arguments.required("data"))
    try source.download(arguments, console)
    let (processes, isFirst) = (ProcessGroup.launchedCount, ProcessGroup.launchedRank == 0)
    console.isQuiet = !isFirst
    console.hasLauncher = processes > 1
    let cores = min(max(ProcessInfo.processInfo.activeProcessorCount / processes, 1), WorkerPool.maximumThreads)
    let threads = try arguments.givenInteger("threads") ?? cores
    let store = RecordStore(FilePlace.url(try arguments.required("out"), isDirectory: true))
    // A directory is verified to be MNIST when it is read.
    let dataName = source == .drawn ? "drawn" : "MNIST"
    let sweep = Sweep(
      experiments, scale, store: store, dataName: dataName, threads: threads, revision: Revision.current,
      tables: try tables(arguments, experiments, console), isFirst: isFirst)
    if !arguments.isGiven("rebuild") { try compute(sweep, source, processes, console) }
    // The first of several processes judges what all have recorded.
    guard isFirst else { return 0 }

    let rows = try sweep.sections().flatMap { $0.section.rows }
    show(rows, console)
    let misses = rows.filter(\.verdict.isMiss)
    // What was found is not lost where the page cannot be written.
    defer { if arguments.isGiven("json") { console.line(json(rows, scale).text) } }
    try ExperimentsPage(store: store).write()
    if !misses.isEmpty {
      console.note("\(misses.count.of("row")) did not reach the figure: " + misses.map(\.place).listed("and"))
    }
    return misses.isEmpty ? 0 : 1
  }

  private static func experiments(_ arguments: Arguments) throws(CommandError) -> [Experiment] {
    let known = ExperimentCatalog.all
    if arguments.isGiven("all") {
      if let name = arguments.positionals.first { throw .unexpectedArgument(name, command: "experiments --all") }
      return known
    }
    guard !arguments.positionals.isEmpty else { throw .missingArgument("NAME or --all", command: "experiments") }
    return try arguments.positionals.map { name throws(CommandError) in
      guard let found = known.first(where: { $0.name == name }) else {
        throw .unknownExperiment(name, suggestion: Suggestion.nearest(to: name, among: known.map(\.name)))
      }
      return found
    }
  }

  /// The folder of NIST's files. Where it is absent, a note says so; an error where it, or what needs it, was asked for.
  private static func tables(_ arguments: Arguments, _ experiments: [Experiment], _ console: Console) throws -> URL? {
    let place = try arguments.required("nist")
    let folder = FilePlace.url(place, isDirectory: true)
    let needed = experiments.filter(\.needsTables)
    if needed.isEmpty, arguments.isGiven("nist") {
      throw CommandError.unusedOption("nist", reason: "without the experiment nist", usedBy: ["nist"])
    }
    guard !arguments.isGiven("rebuild"), !needed.isEmpty else { return nil }
    if FileManager.default.fileExists(atPath: folder.appendingPathComponent("Misra1a.dat").path) { return folder }
    guard arguments.isGiven("all"), !arguments.isGiven("nist") else {
      throw CommandError.wrongSize(
        file: place, expected: "a folder with NIST's files, such as Misra1a.dat", found: "none; give it with --nist DIR"
      )
    }
    console.note("no runs of nist: its files are not in \(place); give their folder with --nist DIR")
    return nil
  }

  private static func compute(_ sweep: Sweep, _ source: DataSource, _ processes: Int, _ console: Console) throws {
    let (jobs, others) = try sweep.missing()
    if others > 0 {
      console.line("\(others.of("record")) of other settings or data in \(sweep.store.folder.path) left aside")
    }
    guard !jobs.isEmpty else {
      let all =
        sweep.tables == nil && sweep.experiments.contains(where: \.needsTables) ? "every other run" : "every run"
      console.line("\(all) is recorded in \(sweep.store.folder.path)")
      return
    }
    let cores = sweep.threads * processes
    let estimate = Sweep.seconds(jobs) / Double(cores)
    console.line(
      "\(jobs.count.of("run")) to compute, about \(estimate.duration) on \(cores.of("core")) (\(Kernels.name))")
    let start = ContinuousClock.now
    let report = { (progress: Sweep.Progress) in
      let elapsed = start.duration(to: .now).seconds
      let left = progress.share > 0 ? elapsed / progress.share - elapsed : .infinity
      let rate = Double(progress.finished) / max(elapsed / 60, 1e-9)
      console.live(
        "\(progress.finished)/\(progress.total) runs  \(rate.fixed(1)) runs/min  \(left.duration) left  \(progress.latest)"
      )
    }
    try sweep.run(digits: { try load(source) }, progress: report)
    console.line("\(jobs.count.of("run")) in \(start.duration(to: .now).seconds.duration)")
  }

  private static func load(_ source: DataSource) throws -> Digits {
    switch source {
    case .drawn:
      let (training, test) = try source.loadImages(limits: (nil, nil))
      return Digits(name: "drawn", training: training, test: test)
    case .mnist, .directory:
      let directory: URL
      if case .directory(let url) = source { directory = url } else { directory = try MNISTPlaces().find() }
      let (training, test) = try MNIST.load(from: directory)
      return Digits(name: "MNIST", training: training, test: test)
    case .table(let url), .arrays(let url):
      throw CommandError.wrongSize(
        file: url.path, expected: "a directory with MNIST's four files", found: "a table of pixels")
    }
  }

  // MARK: Output

  private static func list(_ console: Console) {
    var table = Table(("name", .left), ("document", .left), ("what", .left), ("runs", .right), ("one core", .right))
    for experiment in ExperimentCatalog.all {
      let settings = experiment.settings(.full)
      let seeds = experiment.seedCount(.full)
      let seconds = settings.reduce(0) { $0 + $1.seconds } * Double(seeds)
      table.add(
        experiment.name, experiment.place, experiment.title, "\(settings.count) × \(seeds)", "~ \(seconds.duration)")
    }
    console.table(table)
  }

  private static func show(_ rows: [Row], _ console: Console) {
    console.line()
    var table = Table(("document", .left), ("what", .left), ("theirs", .left), ("ours", .left), ("holds?", .left))
    for row in rows { table.add(row.place, row.subject, row.theirs, row.ours, row.verdict.words) }
    console.table(table)
  }

  private static func json(_ rows: [Row], _ scale: Scale) -> JSON {
    .object([
      (
        "rows",
        .array(
          rows.map { row in
            .object([
              ("document", .string(row.place)), ("what", .string(row.subject)), ("theirs", .string(row.theirs)),
              ("ours", .string(row.ours)), ("holds", .string(row.verdict.words)),
            ])
          })
      ),
      ("missed", .integer(rows.filter(\.verdict.isMiss).count)), ("quick", .bool(scale.isQuick)),
      ("instructionSet", .string(Kernels.name)),
    ])
  }
}
