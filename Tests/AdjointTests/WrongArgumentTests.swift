import Adjoint
import Testing

/// What a call cannot mean ends in a sentence with the option, its value and what is expected, at the caller's line: never
/// in a NaN, an endless loop or an overflow.
@Suite struct WrongArgumentTests {
  static let calls: [(sentence: String, body: @Sendable () -> Void)] = [
    ("celu: alpha is 0.0; it must be a finite number other than 0", { _ = x().celu(alpha: 0) }),
    ("celu: alpha is nan", { _ = t.celu(alpha: .nan) }),
    ("softShrink: lambda is -1.0; it must be 0 or above", { _ = x().softShrink(-1) }),
    ("softShrink: lambda is nan", { _ = t.softShrink(.nan) }),
    ("hardShrink: lambda is nan; it must be a number", { _ = t.hardShrink(.nan) }),
    ("threshold: the threshold is nan; it must be a number", { _ = t.threshold(.nan, 0) }),
    ("clamp: the lower bound 2.0 is above the upper bound 1.0", { _ = t.clamp(2, 1) }),
    ("norm: the order is nan; it must be a number", { _ = x().norm(order: .nan) }),
    ("norm: the order is nan", { _ = t.norm(order: .nan) }),
    ("normalize: epsilon is -1.0; it must be a finite number, 0 or above", { _ = x().normalize(epsilon: -1) }),
    ("normalize: epsilon is nan", { _ = t.normalize(epsilon: .nan) }),
    ("sum: axis 0 of [3] is named twice; name each axis once", { _ = x().sum(axes: [0, -1]) }),
    ("mean: axis 0 of [3] is named twice", { _ = t.mean(axes: [0, 0]) }),
    ("max: axis 1 of [2, 3] is named twice", { _ = x([2, 3]).max(axes: [1, 0, 1]) }),
    ("norm: axis 0 of [3] is named twice", { _ = x().norm(axes: [0, 0]) }),
    ("flip: axis 0 of [3] is named twice", { _ = t.flip(axes: [0, -1]) }),
    (
      "normal(0.0, -1.0): mean and deviation must be finite",
      {
        var generator = Generator(seed: 1)
        _ = Tensor.normal([2], deviation: -1, using: &generator)
      }
    ),
    ("polygamma: the order is 101, and must be at least 0 and at most 100", { _ = x().polygamma(order: 101) }),
    ("polygamma: the order is 9223372036854775807", { _ = t.polygamma(order: .max) }),
    ("tile: dimension 0 of [9223372036854775807]", { _ = t.tile([.max]) }),
    ("multiply: [3] and [2] do not broadcast", { _ = t.prelu(slope: Tensor([1, 2])) }),
    ("multiply: [3] and [2] do not broadcast", { _ = t.xlogy(Tensor([1, 2])) }),
    ("less: [3] and [2] do not broadcast", { _ = t.clamp(min: Tensor([1, 2]), max: Tensor([3])) }),
    ("matmul: inner dimensions differ", { _ = x([2, 3]).matmul(Tensor([[1]])) }),
    ("conv2d: a variable of another tape", { _ = x([1, 3, 3, 1]).conv2d(x([1, 1, 2, 2])) }),
    ("conv1d: a variable of another tape", { _ = x([1, 3, 2]).conv1d(x([2, 1, 2]), groups: 2) }),
    (
      "conv2d: a variable of another tape",
      {
        let images = x([1, 3, 3, 1])
        _ = images.conv2d(images.tape.input(.ones([1, 1, 2, 2])), bias: x([1]))
      }
    ),
  ]

  private static var t: Tensor<Double> { Tensor([1, 2, 3]) }
  private static func x(_ shape: Shape = [3]) -> Variable<Double> { Tape<Double>().input(.ones(shape)) }

  @Test(arguments: calls.indices)
  func `a wrong argument traps with its name at the caller's line`(number: Int) async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      [number = number as Int] in
      WrongArgumentTests.calls[number].body()
    }
    let said = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(said.hasPrefix("AdjointTests/WrongArgumentTests.swift:"), "\(said)")
    #expect(said.contains(WrongArgumentTests.calls[number].sentence), "\(said)")
  }

  @Test func `the limits themselves are allowed`() {
    #expect(Self.t.softShrink(0) == Self.t && Self.t.hardShrink(0) == Self.t)
    #expect(Self.t.hardShrink(-0.5) == Self.t)
    #expect(Self.t.threshold(.infinity, 7) == Tensor([7, 7, 7]))
    #expect(Self.t.normalize(epsilon: 0).norm().scalar.isApproximatelyOne)
    #expect(Self.t.polygamma(order: 100).elements.allSatisfy { $0.isFinite })
  }
}

extension Double {
  fileprivate var isApproximatelyOne: Bool { abs(self - 1) < 1e-14 }
}
