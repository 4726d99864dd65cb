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

  @Test("info --measure gives the peak, the product and their ratio")
  func measure() throws {
    let outcome = try Workplace().run("info", "--measure", "--json")
    let (peak, product) = try (outcome.number("peakGFLOPS"), outcome.number("productGFLOPS"))
    #expect(peak > 0 && product > 0)
    #expect(abs(try outcome.number("productToPeak") - product / peak) < 1e-9)
  }
}
