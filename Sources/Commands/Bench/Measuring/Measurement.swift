import Adjoint
import AdjointCommandLine
import AdjointKernels

extension Kernels {
  /// Runs about this many fused multiply-adds in registers, on one core.
  /// - Returns: the number of floating-point operations (two for each); `nil` on the reference loops, which have no peak.
  static func spin(multiplyAdds: Int) -> Double? {
    ak_kernels_named(name).map { $0.pointee.fma_peak_f32(multiplyAdds) }
  }
}

/// The speed of this machine and of the matrix product on one core, in GFLOP/s.
struct Measurement {
  /// Fused multiply-adds in registers: the most that the core can do; `nil` on the reference loops.
  private let peak: Double?
  /// x·Wᵀ.
  private let product: Double

  private static let problem = ProductProblem(form: .transposedB, rows: 128, depth: 784, columns: 256)
  private static let repeats = 51

  private var ratio: Double? { peak.map { product / $0 } }

  /// Measures both: medians over repeats, after checking the answer against a plain loop.
  /// - Throws: `CommandError.disagreement` when the product is wrong.
  init() throws {
    let linear = try Measurement.problem.program()
    // As many runs in a sample as take about a millisecond, so that the clock's resolution does not matter.
    let once = Measurement.seconds { linear.run() }
    let runs = max(1, Int(0.002 / max(once, 1e-9)))
    let operations = Measurement.problem.operations * Double(runs)
    var (products, peaks): ([Double], [Double]) = ([], [])
    for _ in 0..<Measurement.repeats {
      // Taken in turn, both see the same changes of the clock frequency.
      products.append(operations / Measurement.seconds { for _ in 0..<runs { linear.run() } })
      var done: Double?
      let seconds = Measurement.seconds { done = Kernels.spin(multiplyAdds: 4_000_000) }
      if let done { peaks.append(done / seconds) }
    }
    product = products.median / 1e9
    peak = peaks.isEmpty ? nil : peaks.median / 1e9
  }

  private static func seconds(_ body: () -> Void) -> Double { ContinuousClock().measure(body).seconds }

  /// Prints both as a table, and as one JSON object below it.
  func show(on console: Console, asJSON: Bool) {
    let (m, k, n) = (Measurement.problem.rows, Measurement.problem.depth, Measurement.problem.columns)
    console.line("one core, float32, medians of \(Measurement.repeats) repeats; the answer agrees with a plain loop")
    var table = Table(("", .left), ("GFLOP/s", .right), ("of the peak", .right))
    if let peak { table.add("multiply-adds in registers (peak)", peak.fixed(1), "") }
    table.add("x·Wᵀ, \(m) × \(k) × \(n)", product.fixed(1), ratio?.percent ?? "–")
    console.table(table)
    guard asJSON else { return }
    let fields: [(String, JSON)] = [
      ("peakGFLOPS", peak.map { .number($0) } ?? .null), ("productGFLOPS", .number(product)),
      ("productToPeak", ratio.map { .number($0) } ?? .null), ("product", .string("\(m)x\(k)x\(n)")),
      ("repeats", .integer(Measurement.repeats)),
    ]
    console.line(JSON.object(fields).text)
  }
}
