/// The distribution from which a random leaf is drawn. Each row of the first axis has a stream of its own, keyed by
/// seed, step, leaf and row.
public enum Distribution: Sendable, Hashable, CustomStringConvertible {
  /// Numbers of equal density in low ..< high.
  case uniform(low: Double, high: Double)
  /// The normal distribution, with this mean and standard deviation.
  case normal(mean: Double, deviation: Double)
  /// `value` with this probability, else 0.
  case bernoulli(probability: Double, value: Double)

  public var description: String {
    switch self {
    case .uniform(let low, let high): "uniform(\(low), \(high))"
    case .normal(let mean, let deviation): "normal(\(mean), \(deviation))"
    case .bernoulli(let probability, let value): "bernoulli(\(probability), value: \(value))"
    }
  }

  /// The parameters in a sentence where there is no such distribution; nil where there is.
  var fault: String? {
    switch self {
    case .uniform(let low, let high):
      low.isFinite && low <= high && (high - low).isFinite
        ? nil : "the bounds must be finite, the lower one not above the upper one"
    case .normal(let mean, let deviation):
      mean.isFinite && deviation.isFinite && deviation >= 0
        ? nil : "mean and deviation must be finite, the deviation not negative"
    case .bernoulli(let probability, let value):
      (0...1).contains(probability) && !value.isNaN
        ? nil : "the probability must be between 0 and 1, and the value a number"
    }
  }

  /// Fills `elements`, which are `rows` rows of one length.
  func fill<S: Scalar>(_ elements: UnsafeMutableBufferPointer<S>, rows: Int, seed: UInt64, step: Int, leaf: Int) {
    guard rows > 0 else { return }
    let width = elements.count / rows
    for row in 0..<rows {
      var generator = Generator(seed: seed).stream(UInt64(step), UInt64(leaf), UInt64(row))
      for i in row * width..<(row + 1) * width {
        elements[i] = draw(&generator)
      }
    }
  }

  /// The next number of a generator.
  @inline(__always)
  func draw<S: Scalar>(_ generator: inout Generator) -> S {
    switch self {
    case .uniform(let low, let high): S(generator.uniform(low, high))
    case .normal(let mean, let deviation): S(mean + deviation * generator.normal())
    case .bernoulli(let probability, let value): generator.uniform() < probability ? S(value) : 0
    }
  }
}
