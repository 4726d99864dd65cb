import AdjointExperiments
import Testing

@Suite struct SweepTests {
  /// A training, and a comparison without images.
  private func sweep(_ store: RecordStore, threads: Int = 2) throws -> Sweep {
    Sweep(
      [try experiment("002-momentum"), try experiment("000-costates")], Scale(runs: 2, epochs: 1), store: store,
      dataName: "drawn", threads: threads)
  }

  private func table(_ sweep: Sweep) throws -> [String] {
    try sweep.sections().flatMap(\.section.rows).map { "\($0.place) \($0.subject) \($0.ours) \($0.verdict.words)" }
  }

  @Test func `a sweep interrupted twice ends in the records and the table of an uninterrupted one`() throws {
    let (whole, pieces) = (try Place(), try Place())
    let uninterrupted = try sweep(whole.store)
    try uninterrupted.run(digits: { fewDigits })

    let interrupted = try sweep(pieces.store, threads: 1)
    #expect(try interrupted.missing().jobs.count == 6)
    for (allowed, left) in [(1, 5), (3, 2)] {
      var begun = 0
      #expect(throws: ExperimentError.self) {
        try interrupted.run(
          digits: { fewDigits },
          goesOn: {
            begun += 1
            return begun <= allowed
          })
      }
      #expect(try interrupted.missing().jobs.count == left)
    }
    try interrupted.run(digits: { fewDigits })
    #expect(try table(interrupted) == table(uninterrupted))
    #expect(try pieces.files() == whole.files())
  }

  @Test func `a finished sweep computes nothing, and more runs add seeds`() throws {
    let place = try Place()
    let experiments = [try experiment("000-costates")]
    func sweep(_ runs: Int) -> Sweep {
      Sweep(experiments, Scale(runs: runs), store: place.store, dataName: "drawn", threads: 1)
    }
    try sweep(1).run(digits: { fewDigits })
    #expect(try sweep(1).missing().jobs.isEmpty)
    #expect(try sweep(3).missing().jobs.count == 4)
  }

  @Test func `records of other settings or data are left aside and counted`() throws {
    let place = try Place()
    let experiments = [try experiment("000-costates")]
    try Sweep(experiments, Scale(runs: 1), store: place.store, dataName: "drawn", threads: 1).run(digits: { fewDigits })
    let other = Sweep(experiments, Scale(runs: 1), store: place.store, dataName: "MNIST", threads: 1)
    let (jobs, others) = try other.missing()
    #expect(jobs.count == 2 && others == 2)
    #expect(try other.sections()[0].section.rows.map(\.verdict) == [.notRun])
  }

  @Test func `a run that fails ends the sweep with its error and keeps what was recorded`() throws {
    struct Failure: Error {}
    let place = try Place()
    let experiment = Experiment(
      "failing", "nowhere", "One run that fails", needsDigits: false,
      settings: { _ in
        [
          Setting("fine", [:], seconds: 2) { _ in Outcome() },
          Setting("wrong", [:], seconds: 1) { _ in throw Failure() },
        ]
      }, report: { _ in Section() })
    let sweep = Sweep([experiment], Scale(runs: 1), store: place.store, dataName: "none", threads: 1)
    #expect(throws: Failure.self) { try sweep.run(digits: { .none }) }
    #expect(try place.store.records(of: "failing").map(\.setting) == ["fine"])
  }

  @Test func `what another process records meanwhile is not computed again`() throws {
    // One thread computes.
    nonisolated(unsafe) var computed: [String] = []
    nonisolated(unsafe) var meanwhile: (String) throws -> Void = { _ in }
    let names = ["first", "second", "third", "fourth"]
    let experiment = Experiment(
      "shared", "nowhere", "Runs of two processes", needsDigits: false,
      settings: { _ in
        names.enumerated().map { number, name in
          Setting(name, [:], seconds: Double(4 - number)) { _ in
            computed.append(name)
            try meanwhile(name)
            return Outcome()
          }
        }
      }, report: { _ in Section() })
    func run(in place: Place) throws {
      computed = []
      try Sweep([experiment], Scale(runs: 1), store: place.store, dataName: "none", threads: 1).run(digits: { .none })
    }
    let alone = try Place()
    try run(in: alone)
    #expect(computed == names)
    let third = try #require(try alone.store.records(of: "shared").first { $0.setting == "third" })

    let together = try Place()
    meanwhile = { if $0 == "second" { try together.store.add([third], to: "shared") } }
    try run(in: together)
    #expect(computed == ["first", "second", "fourth"])
    #expect(try Set(together.store.records(of: "shared").map(\.setting)) == Set(names))
  }
}
