import Adjoint
import AdjointLearning
import Testing

/// Layers of windows, and normalisations of groups: what they record, their parameters, copies and descriptions.
struct WindowLayersTests {
  private let images: Tensor<Double> = normal([2, 6, 5, 4], seed: 1)
  private let sequences: Tensor<Double> = normal([2, 7, 4], seed: 2)

  /// Each layer's value, its function's value on the same parameters, and the names of its parameters.
  private func compare<L: LibraryLayer>(
    _ layer: L, _ x: Tensor<Double>, _ names: [String] = [],
    _ function: (Variable<Double>, [Variable<Double>]) -> Variable<Double>
  ) where L.S == Double {
    let parameters = layer.parameters(forInput: x.shape)
    #expect(parameters.map(\.name) == names, "\(layer)")
    for (i, place) in parameters.enumerated() {
      place.parameter.value = normal(place.parameter.value.shape, seed: UInt64(9 + i))
    }
    let tape = Tape<Double>()
    let leaf = tape.input(x)
    let expected = function(leaf, parameters.map { tape.parameter($0.parameter) }).value
    #expect(layer(leaf).value == expected, "\(layer)")

    let copy = layer.copy()
    for place in parameters { place.parameter.value = .zeros(place.parameter.value.shape) }
    #expect(copy(Tape<Double>().input(x)).value == expected, "the copy of \(layer)")
    #expect(copy.description == layer.description)
  }

  @Test func `layers record their functions, name their parameters, and are copied`() {
    var g = Generator(seed: 3)
    let both = ["a/weight", "a/bias"]
    compare(
      Conv2D<Double>(4, 6, size: Extent2D(3, 2), padding: .same, dilation: 2, groups: 2, name: "a", using: &g), images,
      both
    ) { $0.conv2d($1[0], bias: $1[1], padding: .same, dilation: 2, groups: 2) }
    compare(
      Conv2D<Double>.depthwise(4, multiplier: 2, size: 3, bias: false, name: "a", using: &g), images, ["a/weight"]
    ) {
      $0.conv2d($1[0], groups: 4)
    }
    compare(Conv1D<Double>(4, 2, size: 3, stride: 2, padding: 1, dilation: 2, name: "a", using: &g), sequences, both) {
      $0.conv1d($1[0], bias: $1[1], stride: 2, padding: 1, dilation: 2)
    }
    compare(Conv1D<Double>(4, 4, size: 2, padding: .sides(left: 1), groups: 4, name: "a", using: &g), sequences, both) {
      $0.conv1d($1[0], bias: $1[1], padding: .sides(left: 1), groups: 4)
    }
    compare(
      ConvTranspose2D<Double>(4, 2, size: 3, stride: 2, padding: 1, outputPadding: 1, groups: 2, name: "a", using: &g),
      images,
      both
    ) { $0.convTranspose2d($1[0], bias: $1[1], stride: 2, padding: 1, outputPadding: 1, groups: 2) }
    compare(ConvTranspose1D<Double>(4, 3, size: 3, stride: 2, name: "a", using: &g), sequences, both) {
      $0.convTranspose1d($1[0], bias: $1[1], stride: 2)
    }
    compare(MaxPool2D<Double>(3, stride: 2, padding: 1, dilation: 2, ceilMode: true), images) { x, _ in
      x.maxPool(3, stride: 2, padding: 1, dilation: 2, ceilMode: true)
    }
    compare(AveragePool2D<Double>(3, padding: 1, ceilMode: true, countIncludePad: false), images) { x, _ in
      x.averagePool(3, padding: 1, ceilMode: true, countIncludePad: false)
    }
    compare(MaxPool1D<Double>(3, stride: 2, padding: 1), sequences) { x, _ in x.maxPool1d(3, stride: 2, padding: 1) }
    compare(AveragePool1D<Double>(3, padding: 1), sequences) { x, _ in x.averagePool1d(3, padding: 1) }
    compare(AdaptiveAveragePool2D<Double>(Extent2D(4, 3)), images) { x, _ in x.adaptiveAveragePool(to: Extent2D(4, 3)) }
    compare(AdaptiveMaxPool2D<Double>(2), images) { x, _ in x.adaptiveMaxPool(to: 2) }
    compare(Upsample<Double>(scale: 1.5, mode: .bilinear), images) { x, _ in x.resize(scale: 1.5, mode: .bilinear) }
    compare(Upsample<Double>(to: 7, mode: .bilinear, alignCorners: true), images) { x, _ in
      x.resize(to: 7, mode: .bilinear, alignCorners: true)
    }
    let affine = ["a/scale", "a/shift"]
    compare(GroupNorm<Double>(2, 4, name: "a"), images, affine) { x, p in
      groupNorm(x, groups: 2, epsilon: 1e-5) * p[0] + p[1]
    }
    compare(InstanceNorm<Double>(4, affine: true, name: "a"), sequences, affine) { x, p in
      groupNorm(x, groups: 4, epsilon: 1e-5) * p[0] + p[1]
    }
    compare(InstanceNorm<Double>(4), images) { x, _ in groupNorm(x, groups: 4, epsilon: 1e-5) }
  }

  @Test func `a transposed convolution is the adjoint of the convolution with its weight`() {
    var g = Generator(seed: 5)
    let transposed = ConvTranspose2D<Double>(
      4, 6, size: Extent2D(3, 2), stride: Extent2D(2, 1), padding: 1, outputPadding: Extent2D(1, 0), groups: 2,
      bias: false, using: &g)
    let tape = Tape<Double>()
    let y = transposed(tape.input(images))
    let other = tape.input(normal(y.shape, seed: 6) as Tensor<Double>)
    let x = other.conv2d(tape.parameter(transposed.weight), stride: Extent2D(2, 1), padding: 1, groups: 2)
    #expect(x.shape == images.shape)
    let (a, b) = ((y * other).sum().scalar, (x * tape.constant(images)).sum().scalar)
    #expect(abs(a - b) < 1e-12 * max(1, abs(a)))
  }

  @Test func `group norm has mean 0 and variance 1 over each group of each example`() {
    let x = Tape<Double>().input(images.map { 3 * $0 + 7 })
    let y = GroupNorm<Double>(2, 4, epsilon: 0)(x).value
    for n in 0..<2 {
      for group in 0..<2 {
        let all = (0..<6).flatMap { i in
          (0..<5).flatMap { j in (0..<2).map { y[n, i, j, 2 * group + $0] } }
        }
        let mean = all.reduce(0, +) / 60
        let variance = all.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 60
        #expect(abs(mean) < 1e-13 && abs(variance - 1) < 1e-12)
      }
    }
    // One channel a group is instance normalisation; all of them are layer normalisation of the whole example.
    let instance = InstanceNorm<Double>(4)(x).value
    #expect(GroupNorm<Double>(4, 4)(x).value == instance && GroupNorm<Double>(1, 4)(x).value != instance)
  }

  @Test func `descriptions say what is unusual`() {
    var g = Generator(seed: 1)
    #expect(
      "\(Conv2D<Float>(4, 8, size: 3, padding: .same, groups: 2, name: "a", using: &g))"
        == "Conv2D a: 4 → 8 channels, 8 kernels 3 × 3, stride 1 × 1, padding same, 2 groups, 152 parameters")
    #expect(
      "\(Conv1D<Float>(4, 8, size: 3, padding: .sides(left: 2), using: &g))"
        == "Conv1D: 4 → 8 channels, 8 kernels of 3, stride 1, padding 2 before and 0 after, 104 parameters")
    let frozen = Conv2D<Float>(1, 1, size: 1, using: &g)
    frozen.weight.isFrozen = true
    #expect(frozen.copy().weight.isFrozen && "\(frozen)".hasSuffix("2 parameters, 1 of them frozen"))
  }
}
