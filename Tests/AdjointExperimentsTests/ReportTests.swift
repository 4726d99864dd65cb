import Adjoint
import AdjointExperiments
import Testing

@Suite struct ReportTests {
  /// Experiments that train nothing: formulas written out by hand against the tape, and given weights.
  @Test(
    "rows without training hold with one seed",
    arguments: ["000-costates", "003-jacobians", "004-by-hand"])
  func exactRows(name: String) throws {
    let place = try Place()
    let sweep = Sweep([try experiment(name)], Scale(runs: 1), store: place.store, dataName: "drawn", threads: 2)
    try sweep.run(digits: { fewDigits })
    let rows = try sweep.sections()[0].section.rows
    #expect(!rows.isEmpty)
    for row in rows { #expect(!row.verdict.isMiss, "\(row.subject): \(row.ours)") }
  }

  @Test func `a figure that is not reached is a miss, a refuted claim is not`() throws {
    let place = try Place()
    let sweep = Sweep(
      [try experiment("002-momentum")], Scale(runs: 1, epochs: 1), store: place.store, dataName: "drawn", threads: 1)
    try sweep.run(digits: { fewDigits })
    // One epoch on 160 images is far from 97.2%.
    #expect(try sweep.sections()[0].section.rows[0].verdict == .missed)
    #expect(Row.Verdict.missed.isMiss && Row.Verdict.notRun.isMiss)
    #expect(!Row.Verdict.refuted.isMiss && !Row.Verdict.undecided("why").isMiss && !Row.Verdict.holds.isMiss)
  }

  @Test func `a claim is confirmed above zero, refuted below, and else not decided`() {
    func verdict(_ values: [Double]...) -> Row.Verdict {
      PairedClaim(place: "", words: "", differences: values.map { ("", $0) }).row(nil).verdict
    }
    #expect(verdict([1, 1.1, 0.9], [2, 2.2, 2.1]) == .confirmed)
    #expect(verdict([1, 1.1, 0.9], [-2, -2.2, -2.1]) == .refuted)
    #expect(verdict([1, 1.1, 0.9], [1, -1, 0.1]) == .undecided("an interval holds 0"))
    let short = Row.Verdict.undecided("2 seeds, 5 epochs")
    #expect(PairedClaim(place: "", words: "", differences: [("", [1, 1, 1])]).row(short).verdict == short)
  }

  @Test func `the page and its charts are the same bytes whenever they are rebuilt`() throws {
    let (one, other) = (try Place(), try Place())
    let experiments = [try experiment("002-momentum"), try experiment("004-by-hand")]
    let sweep = Sweep(experiments, Scale(runs: 1, epochs: 1), store: one.store, dataName: "MNIST", threads: 2)
    try sweep.run(digits: { fewDigits })
    for name in experiments.map(\.name) { try other.store.add(one.store.records(of: name), to: name) }
    for place in [one, other] { try ExperimentsPage(store: place.store, experiments: experiments).write() }
    let files = try one.files()
    #expect(try files == other.files())
    let page = String(decoding: try #require(files["Experiments.md"]), as: UTF8.self)
    // The momentum run has one epoch, which is not the document's setting.
    #expect(page.contains("NOT RUN") && page.contains("004 alg. 6.1") && page.contains("holds"))
  }

  @Test func `Lanczos finds the ends of a known spectrum`() {
    var generator = Generator(seed: 1)
    let diagonal = (0..<40).map { Double($0) - 7.5 }
    let ends = Lanczos(dimension: 40, steps: 40, using: &generator) { zip(diagonal, $0).map { $0 * $1 } }
    #expect(abs(ends.least + 7.5) < 1e-9 && abs(ends.largest - 31.5) < 1e-9)
  }
}
