import Adjoint
import AdjointLearning
import Testing

/// What a process that ended wrote to standard error.
func text(_ result: ExitTest.Result?) -> String {
  String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
}

/// A tensor of standard normal numbers.
func normal<S: Scalar>(_ shape: Shape, seed: UInt64) -> Tensor<S> {
  var generator = Generator(seed: seed)
  return Tensor(shape: shape, elements: (0..<shape.elementCount).map { _ in S(generator.normal()) })
}

/// max |a − b|
func distance<S: Scalar>(_ a: [S], _ b: [S]) -> Double {
  zip(a, b).map { Swift.abs(($0 - $1).primal) }.max() ?? (a.count == b.count ? 0 : .infinity)
}

/// The losses as a reduction gives them.
func reduced(_ losses: [Double], _ reduction: LossReduction) -> [Double] {
  switch reduction {
  case .mean: [losses.reduce(0, +) / Double(losses.count)]
  case .sum: [losses.reduce(0, +)]
  case .none: losses
  }
}

/// The value of a recording after its input was fed anew.
func replayed<S: Scalar>(_ y: Variable<S>, feeding value: Tensor<S>, to x: Variable<S>) throws -> Tensor<S> {
  let program = Program<S>([y])
  try program.feed(x, value)
  program.run()
  return program.value(of: y)
}
