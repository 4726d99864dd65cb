import Adjoint
import Testing

@Suite struct InfoTests {
  @Test("info --json lists every operation and every optimiser")
  func lists() throws {
    let json = try Workplace().run("info", "--json").json()
    #expect(json["operations"] as? [String] == OperationCatalog.names)
    let optimizers = ["sgd", "momentum", "averaged-momentum", "nesterov", "rmsprop", "adagrad", "adam", "adamw"]
    #expect(json["optimizers"] as? [String] == optimizers)
    #expect(json["instructionSet"] as? String == Kernels.name)
  }

  @Test("info FILE tells who wrote a checkpoint, how far it has come, and what it holds")
  func checkpoint() throws {
    let workplace = try Workplace()
    #expect(try workplace.train("--save", "model.st").code == 0)
    let outcome = try workplace.run("info", "model.st", "--json")
    for words in ["adjoint \(adjointVersion)\n", "2 epochs finished", "hidden", "fc1/weight", "F32"] {
      #expect(outcome.output.contains(words), "\(words): \(outcome.output)")
    }
    #expect(try outcome.json()["version"] as? String == adjointVersion)
    #expect(try outcome.number("epochs") == 2)
    #expect(try (outcome.json()["settings"] as? [String: String])?["hidden"] == "16")
  }

  @Test("A version from outside is shown escaped; none and a newer one are told")
  func versions() throws {
    let workplace = try Workplace()
    #expect(try workplace.train("--save", "model.st").code == 0)
    let version = "\"adjoint.version\":\"\(adjointVersion)\""
    try workplace.editHeader("model.st", version, #""adjoint.version":"\u001b[2J\n9""#)
    let strange = try workplace.run("info", "model.st")
    #expect(strange.code == 0 && !strange.output.contains("\u{1B}"), "\(strange.output)")
    #expect(strange.output.contains(#"adjoint \u{1B}[2J\n9"#), "\(strange.output)")
    try workplace.editHeader("model.st", #""adjoint.version":"\u001b[2J\n9""#, #""other":"""#)
    let old = try workplace.run("info", "model.st", "--json")
    for words in ["does not say its version", "\"version\": null"] {
      #expect(old.output.contains(words), "\(old.output)")
    }
    try workplace.editHeader("model.st", #""adjoint.format":"1""#, #""adjoint.format":"2""#)
    for words in [["info", "model.st"], ["evaluate", "--load=model.st"], ["train", "--resume=model.st"]] {
      let newer = try workplace.start(words).outcome()
      #expect(newer.code == 1 && newer.errors.contains("This is version \(adjointVersion)"), "\(newer.errors)")
    }
  }

  @Test("info FILE takes no option of the machine, and no file that is no checkpoint")
  func noCheckpoint() throws {
    let workplace = try Workplace()
    _ = try workplace.write("image.png", [0x89] + Array("PNG....".utf8))
    for (words, code) in [(["--markdown"], 2), (["--measure"], 2), ([], 1)] as [([String], Int32)] {
      let outcome = try workplace.start(["info", "image.png"] + words).outcome()
      #expect(outcome.code == code && outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
    }
    #expect(try workplace.run("info", "nowhere").errors.contains("there is no checkpoint nowhere"))
  }

  @Test("info --measure gives the peak, the product and their ratio")
  func measure() throws {
    let outcome = try Workplace().run("info", "--measure", "--json")
    let (peak, product) = try (outcome.number("peakGFLOPS"), outcome.number("productGFLOPS"))
    #expect(peak > 0 && product > 0)
    #expect(abs(try outcome.number("productToPeak") - product / peak) < 1e-9)
  }
}
