import Adjoint

/// The speed of this machine and of the matrix product on one core, in GFLOP/s.
struct Measurement {
  /// Fused multiply-adds in registers: what the core can do at best; nil on the reference loops.
  let peak: Double?
  /// x·Wᵀ.
  let product: Double
  static let shape = (rows: 128, depth: 784, columns: 256)
  static let repeats = 51

  var ratio: Double? { peak.map { product / $0 } }

  /// Measures both: medians over repeats, after checking the answer against a plain loop.
  /// - Throws: `CommandError.disagreement` when the product is wrong.
  init() throws(CommandError) {
    let (m, k, n) = (Measurement.shape.rows, Measurement.shape.depth, Measurement.shape.columns)
    var generator = Generator(seed: 0)
    func random(_ rows: Int) -> Tensor<Float> {
      Tensor(shape: [rows, k], elements: (0..<rows * k).map { _ in Float(generator.uniform(-1, 1)) })
    }
    let (x, w) = (random(m), random(n))
    let linear = LinearProduct(x, transposed: w)
    linear.run()
    try Measurement.check(linear.value, x, w)

    // As many runs in a sample as take about a millisecond, so that the clock's resolution does not matter.
    let once = Measurement.seconds { linear.run() }
    let runs = max(1, Int(0.002 / max(once, 1e-9)))
    let operations = Double(linear.operationCount * runs)
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

  /// Compares z = x·Wᵀ with a plain loop in Double: |error| ≤ 2·k·ε·Σ|x||w|.
  private static func check(_ z: Tensor<Float>, _ x: Tensor<Float>, _ w: Tensor<Float>) throws(CommandError) {
    let (k, n) = (x.shape[1], w.shape[0])
    let (a, b) = (x.elements, w.elements)
    for i in 0..<x.shape[0] {
      for j in 0..<n {
        var (sum, magnitude) = (0.0, 0.0)
        for p in 0..<k {
          let term = Double(a[i * k + p]) * Double(b[j * k + p])
          sum += term
          magnitude += term.magnitude
        }
        let found = Double(z.elements[i * n + j])
        guard (found - sum).magnitude <= 2 * Double(k) * 0x1p-24 * magnitude else {
          throw .disagreement(
            "the kernels (\(Kernels.name)) compute x·Wᵀ[\(i), \(j)] as \(found); a plain loop says \(sum)")
        }
      }
    }
  }

  private static func seconds(_ body: () -> Void) -> Double { ContinuousClock().measure(body).seconds }
}
