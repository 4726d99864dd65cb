import AdjointCommandLine
import Foundation

/// The speed of one core, as `adjoint-bench --machine` measures it.
struct MeasuredMachine: Decodable {
  private let peakGFLOPS: Double?
  private let productGFLOPS: Double
  private let productToPeak: Double?
  private let product: String
  private let repeats: Int

  /// Runs `adjoint-bench`.
  /// - Throws: `CommandError` when it has not been built, or fails.
  init() throws {
    let line = try Sibling.bench.lastLine(["--machine", "--json"])
    self = try JSONDecoder().decode(MeasuredMachine.self, from: Data(line.utf8))
  }

  var fields: [(String, JSON)] {
    [
      ("peakGFLOPS", peakGFLOPS.map { .number($0) } ?? .null), ("productGFLOPS", .number(productGFLOPS)),
      ("productToPeak", productToPeak.map { .number($0) } ?? .null), ("product", .string(product)),
    ]
  }

  func show(on console: Console) {
    console.line()
    console.line("one core, float32, medians of \(repeats) repeats; the answer agrees with a plain loop")
    var table = Table(("", .left), ("GFLOP/s", .right), ("of the peak", .right))
    if let peakGFLOPS { table.add("multiply-adds in registers (peak)", peakGFLOPS.fixed(1), "") }
    table.add("x·Wᵀ, \(product)", productGFLOPS.fixed(1), productToPeak?.percent ?? "–")
    for line in table.lines { console.line(line) }
  }
}
