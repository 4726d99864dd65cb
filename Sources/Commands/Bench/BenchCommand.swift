import Adjoint
import AdjointCommandLine
import AdjointFiles
import Foundation

/// `adjoint bench`: the speed that this machine allows, that of this library, and that of others.
@main
enum BenchCommand {
  static func main() { CommandLineProgram.main(command) }

  static let command = Command(
    name: "bench",
    summary: Sibling.bench.summary,
    positional: ("ROWS…", 0...1_000),
    options: [
      Option(
        "threads", "N", .integer(1...WorkerPool.maximumThreads),
        "Measure on so many threads alone. Without it, steps are measured on one and on two, and all else on one."),
      Option(
        "peers", "PYTHON", .text,
        "Run the same work in the libraries that this interpreter has (PyTorch, JAX, NumPy, pandas, micrograd), in turn with ours, "
          + "each in several processes."),
      Option(
        "processes", "N", .integer(1...100),
        "So many processes of each, against peers: more where the figures scatter. Default: 7; 2 when quick."),
      Option(
        "samples", "N", .integer(3...1_000),
        "So many samples of each row. Default: 31; 11 in each process against peers; 5 when "
          + "quick."),
      .flag(
        "processor-time",
        "Count processor time and not the clock's, on a machine that is busy with other things; rows of one thread alone."
      ),
      .flag("quick", "Few samples and few images: to see that everything works. No figure to quote."),
      .flag(
        "profile", "After the table, say where the time of every training step among the rows goes, pass by pass."),
      Option(
        "plot", "DIR", .text,
        "Draw how a step grows with batch, width and depth into this directory, one SVG a group of growth rows."),
      .flag(
        "machine",
        "Measure the multiply-add peak of one core and the matrix product against it: 'adjoint info --measure'."),
      .flag("list", "List the rows with their targets, and measure nothing."),
      Option(
        "record", "FILE", .text,
        "Against peers: keep there what each process of the rows with processes of their own said, and go on where a run with the "
          + "same file ended."),
      .flag("markdown", "Print the tables as the page about performance has them."),
      .flag("json", "Print one JSON object as the last line of standard output."),
    ],
    notes: [
      (
        "Rows",
        [
          "A name from --list, or a group: step, product, elementwise, chain, demo, eager, gradient-cost, inference,",
          "step-double, check, process, memory, growth-batch, growth-width, growth-depth, growth-memory; and with processes of",
          "their own network, array, matrix, epoch, gradbench.",
          "Every answer is checked before it is timed. Targets in units are for 2 cores of an AMD EPYC with AVX-512.",
        ]
      )
    ],
    run: run)

  private static func run(_ arguments: Arguments, _ console: Console) throws -> Int32 {
    if arguments.isGiven("machine") {
      try Measurement().show(on: console, asJSON: arguments.isGiven("json"))
      return 0
    }
    let threads = try arguments.givenInteger("threads").map { [$0] } ?? [1, 2]
    // A name that exists on another number of threads is not unknown.
    let isQuick = arguments.isGiven("quick")
    let known = try BenchTable.select(
      arguments.positionals, of: BenchTable.rows(threads: [1] + threads.filter { $0 != 1 }, isQuick: isQuick))
    let countsProcessorTime = arguments.isGiven("processor-time")
    let rows = known.filter { threads.contains($0.threads) && !(countsProcessorTime && $0.threads > 1) }
    guard !rows.isEmpty else { throw CommandError.noRowAtThreads(threads[0]) }
    if arguments.isGiven("list") {
      list(rows, asJSON: arguments.isGiven("json"), console)
      return 0
    }
    let profiled = arguments.isGiven("profile") ? rows.filter(\.isStep) : []
    guard arguments.isGiven("profile") == !profiled.isEmpty else {
      throw CommandError.unusedOption("profile", reason: "without a training step among the rows", usedBy: ["step"])
    }
    let plots = arguments.text("plot").map { FilePlace.url($0, isDirectory: true) }
    // Before anything is measured.
    if rows.contains(where: \.isProcess) { _ = try Sibling.main.executable() }
    for row in rows { try row.lone?.requirePrograms() }
    if let plots { try FileManager.default.createDirectory(at: plots, withIntermediateDirectories: true) }
    let load = Timing.load
    var report: BenchReport
    if let interpreter = arguments.text("peers") {
      let samples = try arguments.givenInteger("samples") ?? (isQuick ? 5 : 11)
      let processes = try arguments.givenInteger("processes") ?? (isQuick ? 2 : 7)
      let (shared, lone) = (rows.filter { $0.lone == nil }, rows.filter { $0.lone != nil })
      var (results, methods): ([BenchResult], [String]) = ([], [])
      if !shared.isEmpty {
        let runs = try PeerRuns(
          rows: shared, interpreter: interpreter, isQuick: isQuick, processes: processes, samples: samples,
          countsProcessorTime: countsProcessorTime, console)
        results += try runs.results()
        methods.append(runs.method)
      }
      if !lone.isEmpty {
        let runs = try LoneRuns(
          rows: lone, interpreter: interpreter, isQuick: isQuick, processes: processes, samples: samples,
          countsProcessorTime: countsProcessorTime, record: arguments.text("record"), console)
        results += try runs.results()
        methods.append(runs.method)
      }
      report = BenchReport(
        results: results, method: methods.joined(separator: "; "), isQuick: isQuick, loadBefore: load)
    } else {
      for option in ["processes", "record"] where arguments.isGiven(option) {
        throw CommandError.unusedOption(option, reason: "without other libraries", usedBy: ["--peers"])
      }
      var timing: Timing = isQuick ? .quick : .full
      timing.countsProcessorTime = countsProcessorTime
      if let samples = try arguments.givenInteger("samples") { timing.samples = samples }
      let results = try measure(rows, timing, BenchData(isQuick: isQuick), console)
      report = BenchReport(
        results: results,
        method: "medians of \(timing.samples.of("sample")) after warm-up; every answer was checked first",
        isQuick: isQuick, loadBefore: load)
    }
    if !profiled.isEmpty {
      let data = BenchData(isQuick: isQuick)
      report.profiles = try profiled.compactMap { row in
        console.live("  \(row.name), \(row.threads.of("thread")), pass by pass …")
        return try BenchProfile(row, isQuick: isQuick, data)
      }
    }
    if arguments.isGiven("markdown") {
      console.line(BenchMarkdown(results: report.results).text)
    } else {
      report.show(on: console)
    }
    // What was measured is not lost where a chart cannot be written.
    defer { if arguments.isGiven("json") { console.line(report.json.text) } }
    if let plots {
      for fit in report.fits {
        let place = plots.appendingPathComponent("\(fit.group.rawValue).svg")
        try OutputFile.replace(place, with: fit.chart.svg().utf8)
      }
    }
    return 0
  }

  private static func measure(
    _ rows: [BenchRow], _ timing: Timing, _ data: BenchData, _ console: Console
  ) throws -> [BenchResult] {
    try rows.map { row in
      console.live("  \(row.name), \(row.threads.of("thread")) …")
      return BenchResult(row, try timing.measure(try row.prepared(data)))
    }
  }

  private static func list(_ rows: [BenchRow], asJSON: Bool, _ console: Console) {
    var table = Table(("row", .left), ("threads", .right), ("unit", .left), ("target", .right))
    for row in rows {
      let target: String =
        switch row.target {
        case .value(let value): value.short
        case .shareOfPeak(let share): "\(share.short) of the peak"
        case nil: row.wanted
        }
      table.add(row.name, "\(row.threads)", row.unit.rawValue, target)
    }
    console.table(table)
    if asJSON { console.line(JSON.object([("rows", .strings(rows.map(\.name)))]).text) }
  }
}
