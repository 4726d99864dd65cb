// Tensors of random numbers. Where no context asks for another type of numbers, they are `Double`, as literals are.

extension Tensor where Element: Scalar {
  /// Numbers of the normal distribution, drawn in row-major order.
  /// - Precondition: mean and deviation are finite, the deviation not negative.
  @_disfavoredOverload
  public static func normal(
    _ shape: Shape, mean: Double = 0, deviation: Double = 1, using generator: inout Generator,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor { drawn(.normal(mean: mean, deviation: deviation), shape, &generator, file, line) }

  /// Numbers of equal density in low ..< high, drawn in row-major order.
  /// - Precondition: the bounds are finite, the lower one not above the upper one.
  @_disfavoredOverload
  public static func uniform(
    _ shape: Shape, low: Double = 0, high: Double = 1, using generator: inout Generator,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor { drawn(.uniform(low: low, high: high), shape, &generator, file, line) }

  fileprivate static func drawn(
    _ distribution: Distribution, _ shape: Shape, _ generator: inout Generator, _ file: StaticString, _ line: UInt
  ) -> Tensor {
    if let fault = distribution.fault { fatalError("Tensor: \(distribution): \(fault)", file: file, line: line) }
    return Tensor(of: shape, (0..<shape.elementCount).map { _ in distribution.draw(&generator) })
  }
}

extension Tensor where Element == Double {
  /// Numbers of the normal distribution, drawn in row-major order.
  /// - Precondition: mean and deviation are finite, the deviation not negative.
  public static func normal(
    _ shape: Shape, mean: Double = 0, deviation: Double = 1, using generator: inout Generator,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor { drawn(.normal(mean: mean, deviation: deviation), shape, &generator, file, line) }

  /// Numbers of equal density in low ..< high, drawn in row-major order.
  /// - Precondition: the bounds are finite, the lower one not above the upper one.
  public static func uniform(
    _ shape: Shape, low: Double = 0, high: Double = 1, using generator: inout Generator,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor { drawn(.uniform(low: low, high: high), shape, &generator, file, line) }
}
