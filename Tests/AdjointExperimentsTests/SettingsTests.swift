import AdjointExperiments
import Testing

/// The numbers that the documents print, against what runs.
@Suite struct SettingsTests {
  private func values(_ name: String, _ setting: String) throws -> [String: String] {
    try #require(experiment(name).settings(.full).first { $0.name == setting }).values
  }

  @Test(
    "document 002 trains with the rates, activations and penalties that it lists",
    arguments: [
      ("002-momentum", "tanh", "tanh", "0.1", ""), ("002-activations", "sigmoid", "sigmoid", "0.5", ""),
      ("002-activations", "relu", "relu", "0.1", ""), ("002-regularization", "L2 0.01", "tanh", "0.05", "0.01"),
    ])
  func document002(name: String, setting: String, activation: String, rate: String, l2: String) throws {
    let values = try values(name, setting)
    #expect(values["sizes"] == "784-128-10" && values["activation"] == activation)
    #expect(values["optimizer"]?.contains("learningRate: \(rate), momentum: 0.9") == true)
    #expect(values["optimizer"]?.contains("averaged") == true)
    #expect(values["batch"] == "128" && values["epochs"] == "100" && values["validation"] == "0.2")
    #expect(values["stopping"] == "consecutiveIncreases, 3" && values["scaling"] == "perImage")
    #expect(values["l2"] ?? "" == l2)
  }

  @Test func `softmax regression of document 002 begins at zero`() throws {
    let values = try values("002-softmax", "softmax")
    #expect(values["sizes"] == "784-10" && values["initializer"] == "zeros")
    #expect(values["optimizer"] == "SGD(learningRate: 0.05)")
  }

  @Test func `document 004 trains with rate 0.5 on batches of 100 for 15 epochs`() throws {
    for (name, sizes) in [("softmax", "784-10"), ("relu", "784-200-10")] {
      let values = try values("004-digits", name)
      #expect(values["sizes"] == sizes && values["optimizer"] == "SGD(learningRate: 0.5)")
      #expect(values["batch"] == "100" && values["epochs"] == "15" && values["scaling"] == "unit")
    }
  }

  @Test func `document 000 varies width at 100 epochs and depth at 300, without biases and with Adam`() throws {
    for width in [16, 32, 64, 128, 256] {
      let values = try values("000-widths", "sigmoid \(width)")
      #expect(values["sizes"] == "784-\(width)-10" && values["epochs"] == "100" && values["biases"] == "false")
      #expect(values["scaling"] == "perPixel" && values["optimizer"]?.hasPrefix("Adam") == true)
    }
    let deepest = try values("000-depths", "relu 3")
    #expect(deepest["sizes"] == "784-128-128-128-10" && deepest["epochs"] == "300")
  }

  @Test func `a quick sweep shortens document 000 alone`() {
    for experiment in ExperimentCatalog.all {
      let isShorter =
        experiment.settings(.quick).map(\.values) != experiment.settings(.full).map(\.values)
        || experiment.seedCount(.quick) != experiment.seedCount(.full)
      #expect(
        isShorter
          == ["000-widths", "000-widths-leading", "000-rates", "000-depths", "000-depths-leading"].contains(
            experiment.name), "\(experiment.name)")
    }
  }

  @Test func `names of experiments and of their settings are unique`() {
    let names = ExperimentCatalog.all.map(\.name)
    #expect(Set(names).count == names.count)
    for experiment in ExperimentCatalog.all {
      let settings = experiment.settings(.full).map(\.name)
      #expect(Set(settings).count == settings.count && !settings.isEmpty, "\(experiment.name)")
    }
  }

  @Test func `document 000 is given at least ten seeds`() throws {
    #expect(try experiment("000-widths").seedCount(.full) >= 10)
    #expect(try experiment("000-depths").seedCount(.full) >= 10)
  }
}
