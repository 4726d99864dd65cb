import Adjoint
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
