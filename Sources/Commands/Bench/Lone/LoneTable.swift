/// The rows that have processes of their own: networks that are no perceptrons, functions of arrays, matrices, a process that
/// trains, and the problems of GradBench.
///
/// What a row must reach is a ratio to the faster of the others in one run; microseconds belong to a machine.
enum LoneTable {
  /// - Parameter isQuick: true for small sizes, at which answers are compared and no time says anything.
  static func rows(threads: Int, isQuick: Bool) -> [BenchRow] {
    func row(
      _ name: String, _ problem: any LoneProblem, _ unit: BenchRow.Unit = .milliseconds, than ratios: [String: Double]
    ) -> BenchRow {
      BenchRow(name: name, threads: threads, unit: unit, work: .lone(problem), peerRatios: threads == 1 ? ratios : [:])
    }
    var rows = networks(isQuick).map { row("network/\($0.0)", $0.1, than: ["any": $0.2]) }
    rows += arrays(isQuick).map { row("array/\($0.0)", $0.1, than: ["any": $0.2]) }
    rows += matrices(isQuick).map { row("matrix/\($0.0)", $0.1, than: ["any": $0.2]) }
    rows.append(row("epoch/cnn", EpochProblem(isQuick: isQuick), .seconds, than: ["any": 1.5]))
    return rows + gradBench(isQuick).map { row("gradbench/\($0.0)", $0.1, than: $0.2) }
  }

  private static func networks(_ isQuick: Bool) -> [(String, NetworkProblem, Double)] {
    [
      ("gpt-64", .gpt(width: isQuick ? 16 : 64, blocks: 2, context: isQuick ? 8 : 64, batch: isQuick ? 2 : 16), 1.6),
      ("gpt-128", .gpt(width: isQuick ? 32 : 128, blocks: 4, context: isQuick ? 9 : 128, batch: isQuick ? 2 : 8), 1.3),
      ("lstm", .lstm(steps: isQuick ? 5 : 32, batch: isQuick ? 3 : 32, width: isQuick ? 9 : 128), 1.2),
      ("lstm-characters", .lstm(steps: isQuick ? 7 : 64, batch: 1, width: isQuick ? 12 : 256), 1.2),
      ("lenet", .lenet(batch: isQuick ? 3 : 64), 1.7),
      (
        "residual",
        .residual(channels: isQuick ? 5 : 16, blocks: isQuick ? 1 : 3, size: isQuick ? 7 : 28, batch: isQuick ? 3 : 32),
        1.15
      ),
    ]
  }

  private static func arrays(_ isQuick: Bool) -> [(String, ArrayProblem, Double)] {
    let (size, batch) = (isQuick ? 6 : 28, isQuick ? 2 : 32)
    func convolution(_ isGradient: Bool) -> ArrayProblem {
      .convolution(
        inputs: isQuick ? 3 : 32, outputs: isQuick ? 5 : 64, size: size, batch: batch, isGradient: isGradient)
    }
    func depthwise(_ isGradient: Bool) -> ArrayProblem {
      .depthwise(channels: isQuick ? 5 : 64, size: size, batch: batch, isGradient: isGradient)
    }
    let count = isQuick ? 3 : 64
    return [
      ("convolution", convolution(false), 1), ("convolution-gradients", convolution(true), 1.05),
      ("depthwise", depthwise(false), 1.2), ("depthwise-gradients", depthwise(true), 1.2),
      (
        "products-64x16x64", .products(count: count, m: isQuick ? 5 : 64, k: isQuick ? 3 : 16, n: isQuick ? 7 : 64), 1.3
      ),
      (
        "products-128x32x128",
        .products(count: count, m: isQuick ? 9 : 128, k: isQuick ? 5 : 32, n: isQuick ? 11 : 128), 1.3
      ),
      (
        "attention-causal",
        .attention(batch: isQuick ? 2 : 8, heads: isQuick ? 2 : 4, length: isQuick ? 9 : 256, width: isQuick ? 4 : 32),
        2
      ),
    ]
  }

  private static func matrices(_ isQuick: Bool) -> [(String, ArrayProblem, Double)] {
    let (large, count) = (isQuick ? 17 : 500, isQuick ? 3 : 1_000)
    return [
      ("cholesky-500", .cholesky(count: 1, size: large), 1.5),
      ("triangular-500", .triangular(count: 1, size: large), 1.2),
      ("cholesky-1000-of-10", .cholesky(count: count, size: 10), 4),
      ("triangular-1000-of-10", .triangular(count: count, size: 10), 4),
    ]
  }

  /// What the field's own tools leave to reach: over the loop in C, of the same run, and over JAX where that is asked.
  private static func gradBench(_ isQuick: Bool) -> [(String, GradBenchProblem, [String: Double])] {
    typealias Sized = (full: [Int], quick: [Int])
    func row(
      _ module: GradBenchProblem.Module, _ sizes: Sized, than ratios: [String: Double] = [:], named name: String? = nil
    ) -> (String, GradBenchProblem, [String: Double]) {
      let label = name ?? "\(module)-" + sizes.full.map(String.init).joined(separator: "-")
      return (label, GradBenchProblem(module: module, sizes: isQuick ? sizes.quick : sizes.full), ratios)
    }
    let nested = [GradBenchProblem.Module.particle, .saddle].flatMap { module in
      ["ff", "fr", "rf", "rr"].map { modes in
        ("\(module)-\(modes)", GradBenchProblem(module: module, sizes: [], modes: modes), [String: Double]())
      }
    }
    return [
      row(.gmm, ([20, 25, 1_000], [3, 2, 5]), than: ["c": 2.98]),
      row(.gmm, ([64, 25, 1_000], [4, 3, 6]), than: ["c": 3.62, "jax": 1]),
      row(.lstm, ([2, 1_024], [2, 9]), than: ["c": 1.67]), row(.lstm, ([4, 4_096], [3, 7]), than: ["c": 2.95]),
      row(.kmeans, ([100, 10_000, 16], [3, 20, 2]), than: ["c": 1.6]),
      row(.kmeans, ([1_000, 10_000, 16], [5, 30, 3]), than: ["c": 2.4]),
      row(.lse, ([1_000_000], [17]), than: ["c": 2.07]), row(.llsq, ([16_392, 128], [16, 5])),
      row(.ode, ([1_000, 100], [9, 3])), row(.ode, ([100_000, 10], [11, 2])), row(.det, ([9], [4]), than: ["c": 0.72]),
      row(.det, ([10], [5]), than: ["c": 0.8]), row(.ba, ([21, 11_315, 36_455], [2, 3, 40]), than: ["c": 0.58]),
      row(.ht, ([192], [5])),
    ] + nested
  }
}
