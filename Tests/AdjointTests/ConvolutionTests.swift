import Adjoint
import Testing

/// Convolution against plain loops by coordinates: values, gradients and second derivatives.
@Suite struct ConvolutionTests {
  struct Geometry: Sendable, CustomTestStringConvertible {
    let images: Shape
    let weight: Shape
    var stride: Extent2D = 1
    var padding: Extent2D = 0
    var hasBias = true
    var testDescription: String { "\(images) by \(weight), stride \(stride), padding \(padding)" }
  }

  static let geometries = [
    Geometry(images: [2, 5, 4, 3], weight: [4, 3, 3, 2]), Geometry(images: [2, 3, 2, 3], weight: [2, 3, 1, 1]),
    Geometry(images: [3, 4, 3, 2], weight: [2, 2, 4, 3]),
    Geometry(images: [1, 7, 7, 1], weight: [3, 1, 2, 2], stride: 3),
    Geometry(images: [1, 4, 5, 2], weight: [1, 2, 3, 3], padding: 1, hasBias: false),
    Geometry(
      images: [2, 5, 6, 2], weight: [3, 2, 2, 3], stride: Extent2D(2, 1), padding: Extent2D(0, 2)),
    Geometry(images: [0, 4, 4, 1], weight: [2, 1, 3, 3]),
    Geometry(images: [1, 2, 2, 1], weight: [1, 1, 5, 5], padding: 3),
  ]

  /// The convolution written out, and by the product rule what Σ g ⊙ y gives each factor: a loop over everything that
  /// meets, and nothing of the library.
  struct Loops {
    var y: [Double]
    var images: [Double]
    var weight: [Double]
    var bias: [Double]

    init(_ c: Geometry, _ x: Tensor<Double>, _ w: Tensor<Double>, _ b: Tensor<Double>?, g: (Int) -> Double) {
      let (h, width) = (c.images[1], c.images[2])
      let rows = (h + 2 * c.padding.height - c.weight[2]) / c.stride.height + 1
      let columns = (width + 2 * c.padding.width - c.weight[3]) / c.stride.width + 1
      y = []
      images = Array(repeating: 0, count: x.elements.count)
      weight = Array(repeating: 0, count: w.elements.count)
      bias = Array(repeating: 0, count: c.weight[0])
      for n in 0..<c.images[0] {
        for i in 0..<rows {
          for j in 0..<columns {
            for o in 0..<c.weight[0] {
              let g = g(y.count)
              var sum = b?[o] ?? 0
              bias[o] += g
              for channel in 0..<c.weight[1] {
                for u in 0..<c.weight[2] {
                  for v in 0..<c.weight[3] {
                    let row = i * c.stride.height + u - c.padding.height
                    let column = j * c.stride.width + v - c.padding.width
                    guard row >= 0, row < h, column >= 0, column < width else { continue }
                    sum += w[o, channel, u, v] * x[n, row, column, channel]
                    let place = ((n * h + row) * width + column) * c.images[3] + channel
                    images[place] += g * w[o, channel, u, v]
                    let kernel = ((o * c.weight[1] + channel) * c.weight[2] + u) * c.weight[3] + v
                    weight[kernel] += g * x[n, row, column, channel]
                  }
                }
              }
              y.append(sum)
            }
          }
        }
      }
    }
  }

  private func normal(_ shape: Shape, _ generator: inout Generator) -> Tensor<Double> {
    Tensor(shape: shape, elements: (0..<shape.elementCount).map { _ in generator.normal() })
  }

  private func isClose(_ a: Tensor<Double>, _ b: [Double]) -> Bool {
    a.elements.count == b.count && zip(a.elements, b).allSatisfy { abs($0 - $1) <= 1e-13 * max(10, abs($1)) }
  }

  @Test("Values and gradients are those of the loops written out", arguments: geometries)
  func loops(c: Geometry) {
    var generator = Generator(seed: 4)
    let (images, weights) = (normal(c.images, &generator), normal(c.weight, &generator))
    let biases = c.hasBias ? normal([c.weight[0]], &generator) : nil
    let tape = Tape<Double>()
    let (x, w, b) = (tape.input(images), tape.input(weights), biases.map { tape.input($0) })
    let y = x.conv2d(w, bias: b, stride: c.stride, padding: c.padding)
    let cotangent = normal(y.shape, &generator)
    let loops = Loops(c, images, weights, biases) { cotangent.elements[$0] }
    #expect(isClose(y.value, loops.y))
    let g = gradients(of: (y * tape.constant(cotangent)).sum(), withRespectTo: [x, w] + (b.map { [$0] } ?? []))
    #expect(isClose(g[0].value, loops.images))
    #expect(isClose(g[1].value, loops.weight))
    if b != nil { #expect(isClose(g[2].value, loops.bias)) }
  }

  @Test("A Hessian-vector product is the derivative of the loops' gradient", arguments: geometries)
  func curvature(c: Geometry) {
    // L = ½ Σ y²: its gradient is the loops' with g = y, and the derivative of that along (ẋ, ẇ) has g = ẏ and g = y apart.
    var generator = Generator(seed: 5)
    let (images, weights) = (normal(c.images, &generator), normal(c.weight, &generator))
    let (dx, dw) = (normal(c.images, &generator), normal(c.weight, &generator))
    let tape = Tape<Double>()
    let (x, w) = (tape.input(images), tape.input(weights))
    let y = x.conv2d(w, stride: c.stride, padding: c.padding)
    let g = gradients(of: 0.5 * y.square().sum(), withRespectTo: [x, w])
    let along = (g[0] * tape.constant(dx)).sum() + (g[1] * tape.constant(dw)).sum()
    let h = gradients(of: along, withRespectTo: [x, w])

    let here = Loops(c, images, weights, nil) { _ in 0 }.y
    let moved = zip(Loops(c, dx, weights, nil) { _ in 0 }.y, Loops(c, images, dw, nil) { _ in 0 }.y).map { $0 + $1 }
    let (first, second) = (Loops(c, images, weights, nil) { moved[$0] }, Loops(c, dx, dw, nil) { here[$0] })
    #expect(isClose(h[0].value, zip(first.images, second.images).map { $0 + $1 }))
    #expect(isClose(h[1].value, zip(first.weight, second.weight).map { $0 + $1 }))
  }

  @Test func `Elements that tie in a window share its cotangent, and windows that overlap add theirs up`() {
    let tape = Tape<Double>()
    let x = tape.input(Tensor(shape: [1, 1, 4, 1], elements: [3, 3, 1, 3]))
    let y = x.maxPool(Extent2D(1, 2), stride: 1)
    #expect(y.value.elements == [3, 3, 3])
    let cotangent = tape.constant(Tensor(shape: [1, 1, 3, 1], elements: [8, 4, -2]))
    #expect(gradient(of: (y * cotangent).sum(), withRespectTo: x).value.elements == [4, 8, 0, -2])
  }

  @Test func `A pooled NaN is a NaN, and stays in its window and channel`() {
    let x = Tape<Float>().input(Tensor(shape: [1, 2, 4, 2], elements: [.nan] + (1..<16).map(Float.init)))
    let y = x.maxPool(2).value.elements
    #expect(y[0].isNaN && Array(y.dropFirst()) == [11, 14, 15])
  }

  @Test func `A network of convolutions gives the same bits on any number of threads, fused or not`() throws {
    var generator = Generator(seed: 9)
    func random(_ shape: Shape) -> Tensor<Float> { normal(shape, &generator).converted() }
    let tape = Tape<Float>()
    let x = tape.input(random([13, 20, 19, 4]))
    let (w, b) = (tape.input(random([8, 4, 3, 3])), tape.input(random([8])))
    let y = x.conv2d(w, bias: b, padding: 1).relu()
    let z = y.maxPool(2) + y.slice(start: [0, 0, 0, 0], size: [13, 20, 18, 8]).averagePool(2)
    let loss = (z * tape.constant(random(z.shape))).sum()
    let outputs = [loss] + gradients(of: loss, withRespectTo: [x, w, b])
    for threads in [1, 2, 3, 9] {
      for keeping in [Program<Float>.Keeping.outputs, .all] {
        let program = Program<Float>(outputs, keeping: keeping)
        program.pool = WorkerPool(threads: threads)
        program.run()
        for output in outputs {
          let bits = program.value(of: output).elements.map(\.bitPattern)
          #expect(bits == output.value.elements.map(\.bitPattern), "\(threads) threads, \(keeping)")
        }
      }
    }
  }

  @Test func `Flattening keeps the batch, of any size`() {
    let tape = Tape<Float>()
    #expect(tape.input(.ones([2, 3, 4, 5])).flatten().shape == [2, 60])
    #expect(tape.input(.ones([0, 3, 4])).flatten().shape == [0, 12])
    #expect(tape.input(.ones([7])).flatten().shape == [7, 1])
  }

  private func said(_ result: ExitTest.Result?) -> String {
    String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  }

  @Test func `A weight for another number of channels traps, and asks whether they come first`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let tape = Tape<Float>()
      _ = tape.input(.ones([2, 3, 8, 8])).conv2d(tape.input(.ones([4, 3, 5, 5])))
    }
    #expect(
      said(result).contains(
        "conv2d: the weight [4, 3, 5, 5] takes 3 channels, the images [2, 3, 8, 8] have 8. The channels come last here")
    )
  }

  @Test func `A kernel larger than the image traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let tape = Tape<Float>()
      _ = tape.input(.ones([2, 4, 8, 1])).conv2d(tape.input(.ones([4, 1, 5, 5])))
    }
    #expect(said(result).contains("conv2d: a window of 5 × 5 does not fit into images of 4 × 8"))
  }

  @Test func `A bias of another size traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let tape = Tape<Float>()
      let x = tape.input(.ones([2, 8, 8, 1]))
      _ = x.conv2d(tape.input(.ones([4, 1, 5, 5])), bias: tape.input(.ones([5])))
    }
    #expect(said(result).contains("conv2d: a bias of shape [5] does not fit the weight [4, 1, 5, 5]; it must be [4]"))
  }
}
