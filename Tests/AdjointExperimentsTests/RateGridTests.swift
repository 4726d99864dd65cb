import AdjointExperiments
import Testing

/// The map of `000-rates` from made records: what it says of a grid that is whole, partial or empty.
@Suite struct RateGridTests {
  /// Records of these seeds at the settings that `accuracy` gives one; `nil` leaves a run out.
  private func page(
    seeds: ClosedRange<Int>, _ accuracy: (_ setting: String, _ rate: Double) -> Double?
  ) throws -> (section: Section, page: String) {
    let place = try Place()
    let grid = try experiment("000-rates")
    let records = try grid.settings(.full).flatMap { setting -> [RunRecord] in
      let rate = try #require(setting.name.split(separator: " ").last.flatMap { Double($0) })
      guard let mean = accuracy(setting.name, rate) else { return [] }
      return seeds.map { seed in
        // Seeds differ, and both activations alike, as paired runs do.
        let own = mean + 0.001 * Double(seed)
        return RunRecord(
          experiment: grid.name, setting: setting.name, values: setting.values.merging(["data": "MNIST"]) { $1 },
          seed: seed, instructionSet: "reference", figures: ["test": own + 1e-5 * Double(seed), "train": own],
          curves: ["test": [own - 0.01, own], "train": [own, own]], pictures: [:])
      }
    }
    try place.store.add(records, to: grid.name)
    try ExperimentsPage(store: place.store, experiments: [grid]).write()
    let sweep = Sweep([grid], .full, store: place.store, dataName: "MNIST", threads: 1)
    let text = String(decoding: try #require(try place.files()["Experiments.md"]), as: UTF8.self)
    return (try sweep.sections()[0].section, text)
  }

  private func isSigmoid(_ setting: String) -> Bool { setting.hasPrefix("sigmoid") }

  @Test func `a whole grid says where the claim holds and where not`() throws {
    let (section, page) = try page(seeds: 1...3) { setting, rate in
      isSigmoid(setting) && rate >= 0.01 ? 0.96 : isSigmoid(setting) ? 0.94 : 0.95
    }
    #expect(section.rows[0].verdict == .mapped(holds: 30, fails: 40, open: 0, missing: 0))
    #expect(section.rows[0].verdict.words == "holds at 30 of 70 points, not at 40")
    #expect(section.rows[0].ours.contains("holds at 0.01, 0.03, 0.1 (per pixel, batch 32)"))
    #expect(section.rows[0].ours.hasSuffix("; not at the other 40 points"), "the usual answer needs no list")
    #expect(section.rows[1].verdict == .confirmed, "train and test are as good as equal")
    #expect(section.rows[3].verdict == .confirmed, "0.96 against 0.95, each at its best")
    #expect(!page.contains("unfinished") && page.contains("420 of 420 runs are recorded"))
  }

  @Test func `a claim that holds at no point is refuted, at every point confirmed`() throws {
    #expect(
      try page(seeds: 1...3) { setting, _ in isSigmoid(setting) ? 0.9 : 0.95 }.section.rows[0].verdict == .refuted)
    #expect(
      try page(seeds: 1...3) { setting, _ in isSigmoid(setting) ? 0.95 : 0.9 }.section.rows[0].verdict == .confirmed)
  }

  @Test func `an unfinished grid says so, and one seed decides nothing`() throws {
    let (section, page) = try page(seeds: 1...1) { setting, rate in
      rate < 0.001 ? (isSigmoid(setting) ? 0.96 : 0.95) : nil
    }
    #expect(section.rows[0].verdict == .mapped(holds: 0, fails: 0, open: 20, missing: 50))
    #expect(section.rows[3].verdict == .undecided("40 of 420 runs"))
    #expect(page.contains("40 of 420 runs are recorded: the grid is unfinished") && page.contains("50 not run"))
    #expect(page.contains("`adjoint experiments 000-rates`") && !page.contains("--quick"))
  }

  @Test func `tables and charts have the batches at which there are runs`() throws {
    let (section, page) = try page(seeds: 1...1) { setting, _ in setting.contains("unit, batch 64,") ? 0.9 : nil }
    #expect(section.pictures.map(\.name) == ["lead", "unit"])
    #expect(page.contains("| unit: batch |") && page.contains("| 64 | relu |"))
    #expect(!page.contains("per pixel: batch") && !page.contains("| 32 | relu |"))
  }

  @Test func `runs of one activation alone are no comparison`() throws {
    let (section, _) = try page(seeds: 1...3) { setting, _ in isSigmoid(setting) ? 0.96 : nil }
    #expect(section.rows.map(\.verdict).allSatisfy { $0 == .notRun })
  }

  @Test func `an interrupted grid has every setting before a second seed of any`() throws {
    let place = try Place()
    let sweep = Sweep([try experiment("000-rates")], .full, store: place.store, dataName: "MNIST", threads: 1)
    #expect(try sweep.missing().jobs.count == 420)
    let quick = Sweep(
      [try experiment("000-rates")], .quick, store: place.store, dataName: "drawn", threads: 1)
    var begun = 0
    #expect(throws: ExperimentError.self) {
      try quick.run(
        digits: { fewDigits },
        goesOn: {
          begun += 1
          return begun <= 8
        })
    }
    let records = try place.store.records(of: "000-rates")
    #expect(records.allSatisfy { $0.seed == 1 } && Set(records.map(\.setting)).count == 8)
  }
}
