import Adjoint
import AdjointLearning
import Foundation
import Testing

/// Layers for images: against an independent implementation, and what copying, names and modes mean.
struct ImageLayersTests {
  /// sin(a·i + b) for i = 0, 1, …: numbers that two languages agree on.
  private func wave(_ shape: Shape, _ a: Double, _ b: Double) -> Tensor<Double> {
    Tensor(shape: shape, elements: (0..<shape.elementCount).map { sin(a * Double($0) + b) })
  }

  /// Convolution, batch normalisation, tanh, max pooling, convolution with stride and padding, tanh, average pooling with
  /// windows that overlap, linear layer.
  private struct Network {
    let first, second: Conv2D<Double>
    let norm: BatchNorm<Double>
    let head: Linear<Double>

    func logits(_ x: Variable<Double>) -> Variable<Double> {
      let y = second(MaxPool2D(2)(norm(first(x)).tanh())).tanh()
      return head(Flatten()(AveragePool2D(Extent2D(1, 2), stride: 1)(y)))
    }

    var places: [Parameter<Double>] {
      [first.weight, first.bias, norm.scale, norm.shift, second.weight, second.bias, head.weight, head.bias].compactMap
      {
        $0
      }
    }
  }

  private func network() -> Network {
    func scaled(_ wave: Tensor<Double>, _ factor: Double, plus shift: Double = 0) -> Tensor<Double> {
      wave.map { factor * $0 + shift }
    }
    let network = Network(
      first: Conv2D(
        weight: Parameter(scaled(wave([4, 2, 3, 3], 1.3, 0.2), 0.5)), bias: Parameter(scaled(wave([4], 0.9, 0.3), 0.1)),
        padding: Extent2D(1, 0)),
      second: Conv2D(
        weight: Parameter(scaled(wave([3, 4, 2, 3], 0.6, 0.6), 0.4)), bias: Parameter(scaled(wave([3], 1.1, 0.7), 0.1)),
        stride: Extent2D(2, 1), padding: Extent2D(0, 1)),
      norm: BatchNorm(4),
      head: Linear(
        weight: Parameter(scaled(wave([3, 12], 1.9, 0.8), 0.5)), bias: Parameter(scaled(wave([3], 0.8, 0.9), 0.1))))
    network.norm.scale.value = scaled(wave([4], 1.7, 0.4), 0.2, plus: 1)
    network.norm.shift.value = scaled(wave([4], 2.1, 0.5), 0.3)
    return network
  }

  // Computed by JAX 0.10.2 in float64 (jax_enable_x64) on the same network: jax.lax.conv_general_dilated with
  // ("NHWC", "OIHW", "NHWC"), (y − y.mean((0, 1, 2)))/√(y.var((0, 1, 2)) + 1e-5), jax.lax.reduce_window,
  // −mean(log_softmax(z)[arange(3), [2, 0, 1]]) for images sin(0.7i + 0.1) of shape (3, 10, 9, 2). For each parameter:
  // the gradient's Σ gᵢ and Σ gᵢ cos i, and Σ hᵢ cos i of the Hessian-vector product h = jax.jvp(jax.grad(f), (p,), (d,))
  // along dᵢ = 0.3 cos(0.5i + 0.2).
  private static let loss = 1.1160082125060797
  private static let mean = [0.041297256108259434, -0.0011710052516266361, 0.10500933920711904, 0.10246035468957516]
  private static let variance = [0.15642030819612218, 0.20504801340670098, 0.15142830333550408, 0.20446406576644582]
  private static let sums: [(gradient: Double, weighted: Double, curvature: Double)] = [
    (13.988104868067936, -0.3710912748534527, 0.1652339109837615),
    (0, 0, 0),  // the bias in front of a batch normalisation has no effect
    (-0.3914164768998599, 0.22363275393815157, -0.23407931105110466),
    (0.21498024553175996, 0.4012682168245173, 0.0667421745977757),
    (-0.04521935693000034, 0.8500441559685014, -0.08430027554926624),
    (-5.181860006125971e-05, 0.6003953715885106, 0.24528610916540985),
    (0, 0.013617588187881093, 0.015571080924050379), (0, -0.04495329763362117, -0.12275215226522078),
  ]

  @Test func `a small network has the values, gradients and curvature that another implementation computed`() {
    let network = network()
    let tape = Tape<Double>()
    let loss = crossEntropy(
      logits: network.logits(tape.input(wave([3, 10, 9, 2], 0.7, 0.1))), labels: tape.index(Tensor([2, 0, 1])))
    #expect(abs(loss.scalar - Self.loss) < 1e-14)
    tape.commitStores()
    let momentum = network.norm.momentum
    #expect(distance(network.norm.runningMean.value.elements, Self.mean.map { momentum * $0 }) < 1e-15)
    #expect(
      distance(network.norm.runningVariance.value.elements, Self.variance.map { 1 - momentum + momentum * $0 }) < 1e-15)

    let places = network.places.map { tape.parameter($0) }
    let g = gradients(of: loss, withRespectTo: places)
    let directions = places.map { place in
      Tensor(shape: place.shape, elements: place.shape.positions.map { 0.3 * cos(0.5 * Double($0) + 0.2) })
    }
    let along = zip(g, directions).map { ($0 * tape.constant($1)).sum() }.reduce(tape.constant(0)) { $0 + $1 }
    let h = gradients(of: along, withRespectTo: places)
    for (i, sums) in Self.sums.enumerated() {
      let waves = places[i].shape.positions.map { cos(Double($0)) }
      func weighted(_ x: Variable<Double>) -> Double { zip(x.value.elements, waves).reduce(0) { $0 + $1.0 * $1.1 } }
      #expect(abs(g[i].value.elements.reduce(0, +) - sums.gradient) < 2e-14 * max(10, abs(sums.gradient)), "\(i)")
      #expect(abs(weighted(g[i]) - sums.weighted) < 1e-13, "\(i)")
      #expect(abs(weighted(h[i]) - sums.curvature) < 1e-13, "\(i)")
    }
  }

  @Test func `a convolution begins with the variance that its fan-in asks for, and biases at 0`() {
    var generator = Generator(seed: 3)
    let layer = Conv2D<Double>(8, 40, size: Extent2D(5, 3), name: "conv", using: &generator)
    #expect(layer.weight.shape == [40, 8, 5, 3] && layer.weight.name == "conv/weight")
    let variance = layer.weight.value.elements.reduce(0) { $0 + $1 * $1 } / Double(layer.weight.count)
    #expect(abs(variance * 8 * 15 / 2 - 1) < 4 * (2 / Double(layer.weight.count)).squareRoot())
    #expect(layer.bias?.value.elements == Array(repeating: 0, count: 40))
    #expect(Conv2D<Double>(1, 1, size: 1, bias: false, using: &generator).bias == nil)
  }

  @Test func `a convolutional network takes rows of pixels and gives logits, and its copy is on its own`() {
    var generator = Generator(seed: 4)
    let model = CNN<Float>(height: 28, width: 28, classes: 10, using: &generator)
    let parameters = model.parameters(forInput: [1, 784])
    #expect(
      parameters.map(\.name) == [
        "conv1/weight", "conv1/bias", "conv2/weight", "conv2/bias", "fc1/weight", "fc1/bias", "fc2/weight", "fc2/bias",
      ])
    // 16·25 + 16, 32·16·25 + 32, 128·(512 + 1), 10·(128 + 1)
    #expect(parameters.reduce(0) { $0 + $1.parameter.count } == 80_202)
    let x: Tensor<Float> = normal([3, 784], seed: 1)
    func logits(_ model: CNN<Float>) -> Tensor<Float> { model(Tape<Float>(mode: .inference).input(x)).value }
    let (before, copy) = (logits(model), model.copy())
    #expect(before.shape == [3, 10] && logits(copy) == before)
    copy.convolutions[0].weight.value = .zeros([16, 1, 5, 5])
    #expect(logits(model) == before && logits(copy) != before)
    #expect(CNN<Float>.features(height: 28, width: 28) == 512)
    #expect(CNN<Float>.features(height: 16, width: 20) == 64 && CNN<Float>.features(height: 15, width: 28) == nil)
  }

  @Test func `images too small for the network trap with its sentence`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var generator = Generator(seed: 1)
      _ = CNN<Float>(height: 12, width: 28, classes: 10, using: &generator)
    }
    #expect(text(result).contains("CNN: images of 12 × 28 are too small for 2 convolutions and poolings"))
  }

  @Test(arguments: [false, true])
  func `a convolutional network learns, in the same bits on any number of threads`(batchNorm: Bool) throws {
    // Two classes: a bright upper half, or a bright lower half.
    let labels = Tensor<Int32>((0..<12).map { $0 % 2 })
    var pixels: Tensor<Float> = normal([12, 320], seed: 6)
    for row in 0..<12 { for i in 0..<160 { pixels[linear: row * 320 + (row % 2) * 160 + i] += 1 } }
    func losses(threads: Int) throws -> [Float] {
      var generator = Generator(seed: 5)
      let model = CNN<Float>(
        height: 16, width: 20, classes: 2, filters: [4, 6], hidden: [8], dropout: 0.1, batchNorm: batchNorm,
        using: &generator)
      let step = TrainingStep<Float>(optimizer: Adam(learningRate: 0.01)) {
        crossEntropy(logits: model($0), labels: $1)
      }
      step.pool = WorkerPool(threads: threads)
      return try (0..<12).map { _ in try step(pixels, labels) }
    }
    func waiting(_ pool: WorkerPool?) throws -> Double {
      var generator = Generator(seed: 5)
      let model = CNN<Float>(height: 16, width: 20, classes: 2, batchNorm: batchNorm, using: &generator)
      let step = TrainingStep<Float>(optimizer: Adam()) { crossEntropy(logits: model($0), labels: $1) }
      step.pool = pool
      return try step.profile { for _ in 0..<3 { try step(pixels, labels) } }.program.waiting
    }
    #expect(try waiting(nil) == 0)
    #expect(try waiting(WorkerPool(partsInTurn: 2, lastFirst: false)) > 0, "the pool computes nothing")
    let one = try losses(threads: 1)
    #expect(one[11] < 0.5 * one[0], "\(one)")
    #expect(try losses(threads: 3) == one)
  }
}

extension Shape {
  /// The row-major positions of all elements.
  fileprivate var positions: Range<Int> { 0..<elementCount }
}
