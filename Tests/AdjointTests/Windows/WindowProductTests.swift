import Adjoint
import Testing

/// A program multiplies the windows of a convolution where they stand in the images: to the bits of the recording, and
/// without the windows in memory.
@Suite struct WindowProductTests {
  /// Numbers of any size, among which a share of zeros of both signs, infinities and NaN.
  private func numbers<S: BitComparable>(
    _ shape: Shape, _ generator: inout Generator, odd share: Double, scale: Double = 1
  ) -> Tensor<S> {
    let odd = [0, -0.0, Double.infinity, -.infinity, .nan, -0.0]
    return Tensor(
      shape: shape,
      elements: (0..<shape.elementCount).map { _ in
        generator.uniform() < share ? S(odd[Int(generator.uniform() * 6)]) : S(scale * generator.normal())
      })
  }

  /// Compares values and gradients of a program with the recorded ones, on one thread and in parts of several.
  private func check<S: BitComparable>(
    _ images: Shape, _ weight: Shape, _: S.Type, odd share: Double = 0, scale: Double = 1,
    _ record: (Variable<S>, Variable<S>, Variable<S>) -> Variable<S>
  ) -> Program<S> {
    var generator = Generator(seed: 11)
    let tape = Tape<S>()
    let x: Variable<S> = tape.input(numbers(images, &generator, odd: share, scale: scale))
    let w: Variable<S> = tape.input(numbers(weight, &generator, odd: share / 8, scale: scale))
    let b: Variable<S> = tape.input(numbers([weight[0]], &generator, odd: 0))
    let y = record(x, w, b)
    let loss = (y * tape.input(numbers(y.shape, &generator, odd: share, scale: scale))).sum()
    let outputs = [y] + gradients(of: loss, withRespectTo: [x, w, b])
    let program = Program<S>(outputs)
    let ofChains = Program<S>(outputs, altering: nil, isForProcesses: true)
    for program in [program, ofChains] {
      for parts in [1, 2, 3] {
        program.pool = parts == 1 ? nil : WorkerPool(partsInTurn: parts, lastFirst: true)
        for _ in 0..<2 {
          program.run()
          for output in outputs {
            #expect(program.value(of: output).isIdentical(to: output.value), "\(images) by \(weight) in \(parts) parts")
          }
        }
      }
    }
    return program
  }

  /// The same in both precisions, of plain numbers, of odd ones, and of some whose products vanish.
  private func check(
    _ images: [Int], _ weight: [Int], stride: Extent2D = 1, padding: Padding = .around(0), dilation: Extent2D = 1
  ) {
    for (share, scale) in [(0, 1), (0.03, 1), (0, 1e-22)] {
      _ = check(Shape(images), Shape(weight), Float.self, odd: share, scale: scale) { x, w, b in
        x.conv2d(w, bias: b, stride: stride, padding: padding, dilation: dilation).relu()
      }
      _ = check(Shape(images), Shape(weight), Double.self, odd: share, scale: scale * scale) { x, w, b in
        x.conv2d(w, stride: stride, padding: padding, dilation: dilation).addBias(b)
      }
    }
  }

  @Test("Strides that leave a rest, and that jump over places")
  func strides() {
    check([2, 11, 12, 3], [5, 3, 3, 3], stride: 2)
    check([1, 9, 14, 2], [4, 2, 2, 2], stride: Extent2D(4, 3))
    check([2, 10, 17, 20], [3, 20, 3, 4], stride: Extent2D(3, 2), padding: .around(Extent2D(1, 2)))
  }

  @Test("Channels, height and width of one extent; rows and columns of windows that differ")
  func equalExtents() {
    check([6, 6, 6, 6], [6, 6, 3, 3], padding: .around(1))
    check([2, 5, 9, 17], [19, 17, 2, 4], padding: .sides(top: 2, bottom: 0, left: 1, right: 4))
  }

  @Test("Padding that is wider than the windows")
  func widePadding() {
    check([2, 3, 5, 2], [3, 2, 2, 2], padding: .around(4))
    check([1, 4, 4, 18], [2, 18, 1, 1], padding: .around(Extent2D(2, 3)))
  }

  @Test("Dilated windows") func dilation() {
    check([2, 9, 11, 3], [4, 3, 3, 3], padding: .around(2), dilation: 2)
    check([1, 9, 13, 17], [18, 17, 3, 2], stride: 2, padding: .around(Extent2D(3, 1)), dilation: Extent2D(2, 3))
  }

  @Test("One channel, one image, and more elements and kernels than a block of a sum has")
  func sizes() {
    check([1, 8, 30, 1], [16, 1, 3, 3], padding: .around(1))
    check([1, 5, 6, 70], [230, 70, 3, 3], padding: .around(1))
    check([5, 7, 7, 24], [33, 24, 3, 3], padding: .around(1))
  }

  @Test("Sequences, and images that are put together from windows")
  func otherCallers() {
    _ = check([2, 40, 5], [7, 5, 4], Float.self) { x, w, b in x.conv1d(w, bias: b, stride: 2, padding: 3).tanh() }
    _ = check([2, 5, 6, 4], [4, 3, 3, 3], Float.self, odd: 0.02) { x, w, _ in
      x.convTranspose2d(w, stride: 2, padding: 1)
    }
  }

  @Test("No windows in memory: those of a 3 × 3 convolution are nine times the images")
  func memory() {
    let (images, weight): (Shape, Shape) = ([4, 16, 16, 16], [16, 16, 3, 3])
    let program = check(images, weight, Float.self) { x, w, b in
      x.conv2d(w, bias: b, padding: 1).relu().conv2d(w, padding: 1)
    }
    #expect(program.byteCount < 9 * images.elementCount * MemoryLayout<Float>.stride)
  }

  @Test("Windows that somebody else wants are computed, and their products read them")
  func wantedElsewhere() {
    let windows = Windows(3, padding: 1)
    _ = check([2, 6, 8, 3], [4, 3, 3, 3], Float.self, odd: 0.02) { x, w, b in
      let unfolded = x.unfold(windows)
      let rows = unfolded.reshape(to: [96, 27])
      let kernels = w.permute([0, 2, 3, 1]).reshape(to: [4, 27])
      let y = rows.matmul(kernels, transposeB: true).addBias(b)
      return y * rows.sum(axes: [1]).reshape(to: [96, 1])
        + rows.matmul(rows, transposeB: true).sum(axes: [1]).reshape(to: [96, 1])
    }
    var generator = Generator(seed: 3)
    let tape = Tape<Float>()
    let x: Variable<Float> = tape.input(numbers([2, 6, 8, 3], &generator, odd: 0))
    let kept = x.unfold(windows)
    let product = kept.reshape(to: [96, 27]).matmul(tape.input(numbers([4, 27], &generator, odd: 0)), transposeB: true)
    let program = Program<Float>([kept, product])
    program.run()
    #expect(program.value(of: kept).isIdentical(to: kept.value))
    #expect(program.value(of: product).isIdentical(to: product.value))
  }

  @Test("One kernel a channel: products element by element, and their sums in order", arguments: [1, 2])
  func depthwise(step: Int) {
    for (images, size) in [([2, 9, 12, 16], 3), ([1, 7, 30, 35], 5), ([3, 5, 5, 2], 2), ([5, 16, 17, 32], 3)] {
      for (share, scale) in [(0, 1), (0.02, 1), (0, 1e-22)] {
        for (stride, padding, dilation) in [(step, 1, 1), (1, 2, step), (step, 0, 1), (3, 4, 1)] {
          _ = check(Shape(images), [images[3], 1, size, size], Float.self, odd: share, scale: scale) { x, w, b in
            x.conv2d(
              w, bias: b, stride: Extent2D(stride, stride), padding: Extent2D(padding, padding),
              dilation: Extent2D(dilation, dilation), groups: images[3])
          }
        }
      }
    }
    _ = check([2, 6, 7, 5], [5, 1, 3, 3], Double.self, odd: 0.02) { x, w, b in
      x.conv2d(w, bias: b, padding: 1, groups: 5)
    }
    // Windows of 3 × 3 that move on by one column, on channels that do not fill vectors.
    for (channels, rows, padding) in [(20, 2, 1), (41, 1, 2), (16, 3, 0)] {
      for (share, dilation) in [(0, 2), (0.01, 1)] {
        _ = check([3, 8, 10, channels], [channels, 1, 3, 3], Float.self, odd: share) { x, w, b in
          x.conv2d(
            w, bias: b, stride: Extent2D(rows, 1), padding: Extent2D(padding, padding), dilation: Extent2D(dilation, 1),
            groups: channels)
        }
      }
    }
    // Rows with room for some of the channels at once, and with room for none.
    _ = check([1, 3, 61, 70], [70, 1, 3, 3], Float.self) { x, w, b in x.conv2d(w, bias: b, padding: 1, groups: 70) }
    _ = check([1, 5, 6, 3], [3, 1, 3, 3], Float.self) { x, w, b in
      x.conv2d(w, bias: b, padding: Extent2D(60, 60), dilation: Extent2D(60, 60), groups: 3)
    }
    // Two kernels a channel, and several channels a group.
    _ = check([2, 6, 7, 4], [8, 1, 3, 3], Float.self) { x, w, b in x.conv2d(w, bias: b, padding: 1, groups: 4) }
    _ = check([2, 6, 7, 4], [6, 2, 3, 3], Float.self) { x, w, b in x.conv2d(w, bias: b, padding: 1, groups: 2) }
  }

  @Test("Depthwise windows are not in memory") func depthwiseMemory() {
    let (images, weight): (Shape, Shape) = ([4, 16, 16, 16], [16, 1, 3, 3])
    let program = check(images, weight, Float.self) { x, w, b in x.conv2d(w, bias: b, padding: 1, groups: 16) }
    #expect(program.byteCount < 9 * images.elementCount * MemoryLayout<Float>.stride)
  }

  @Test("Gradients of gradients") func secondOrder() {
    var generator = Generator(seed: 5)
    let tape = Tape<Double>()
    let x: Variable<Double> = tape.input(numbers([2, 6, 7, 3], &generator, odd: 0))
    let w: Variable<Double> = tape.input(numbers([4, 3, 3, 3], &generator, odd: 0))
    let y = x.conv2d(w, padding: 1).tanh().conv2d(tape.input(numbers([2, 4, 2, 2], &generator, odd: 0)))
    let first = gradients(of: (y * y).sum(), withRespectTo: [x, w])
    let second = gradients(of: (first[0] * first[0]).sum() + (first[1] * first[1]).sum(), withRespectTo: [x, w])
    let program = Program<Double>(first + second)
    for parts in [1, 3] {
      program.pool = parts == 1 ? nil : WorkerPool(partsInTurn: parts, lastFirst: true)
      program.run()
      for g in first + second { #expect(program.value(of: g).isIdentical(to: g.value)) }
    }
  }
}

/// Poolings and their gradients take their windows from the images, and rows that repeat stand in a chain: to the bits of
/// the recording.
@Suite struct PoolProgramTests {
  private func check<S: BitComparable>(
    _ images: [Int], _: S.Type, odd: Bool = true, _ record: (Variable<S>) -> Variable<S>
  ) -> Program<S> {
    var generator = Generator(seed: 17)
    let tape = Tape<S>()
    func numbers(_ shape: Shape) -> Tensor<S> {
      // Few values, so that many tie: zeros of both signs among them.
      let some: [S] = [0, -0.0, 1, -1, 0.5, odd ? .init(Double.nan) : 2, odd ? .init(Double.infinity) : 3]
      return Tensor(
        shape: shape,
        elements: (0..<shape.elementCount).map { _ in some[Int(generator.uniform() * generator.uniform() * 7)] })
    }
    let x = tape.input(numbers(Shape(images)))
    let y = record(x)
    let outputs = [y] + gradients(of: (y * tape.input(numbers(y.shape))).sum(), withRespectTo: [x])
    let program = Program<S>(outputs)
    for parts in [1, 2, 3] {
      program.pool = parts == 1 ? nil : WorkerPool(partsInTurn: parts, lastFirst: true)
      for _ in 0..<2 {
        program.run()
        for output in outputs { #expect(program.value(of: output).isIdentical(to: output.value), "\(images)") }
      }
    }
    return program
  }

  private func check(_ images: [Int], _ record: (Variable<Float>) -> Variable<Float>) {
    _ = check(images, Float.self, odd: true, record)
    _ = check(images, Float.self, odd: false, record)
  }

  @Test("The largest elements share, also where windows overlap, leave a rest or reach outside")
  func largest() {
    for images in [[2, 6, 8, 16], [1, 7, 9, 3], [3, 5, 5, 21]] {
      check(images) { $0.maxPool(2) }
      check(images) { $0.maxPool(3, stride: 2) }
      check(images) { $0.maxPool(2, stride: 3) }
      check(images) { $0.maxPool(2, stride: 1, dilation: 2) }
      check(images) { $0.maxPool(3, stride: 2, padding: 1) }
      check(images) { $0.maxPool(Extent2D(2, 3), stride: 2, padding: Extent2D(1, 0), dilation: 2) }
      check(images) { $0.maxPool(4, stride: 3, padding: 2, ceilMode: true) }
      check(images) { $0.maxPool(Windows(2, stride: 2, padding: 0, paddingAfter: 1)) }
    }
    _ = check([2, 6, 6, 5], Double.self) { $0.maxPool(2) }
  }

  @Test("Means of windows spread their cotangents")
  func means() {
    for images in [[2, 6, 8, 16], [1, 7, 9, 3]] {
      check(images) { $0.averagePool(2) }
      check(images) { $0.averagePool(3, stride: 2, padding: 1) }
      check(images) { $0.averagePool(6) }
    }
    _ = check([2, 6, 6, 5], Double.self) { $0.averagePool(3, stride: 1) }
  }

  @Test("A pooling's gradient has no windows in memory")
  func memory() {
    let images = 4 * 16 * 16 * 16 * MemoryLayout<Float>.stride
    let poolings: [(Variable<Float>) -> Variable<Float>] = [
      { $0.maxPool(3, stride: 1) }, { $0.maxPool(3, stride: 1, padding: 1) },
      { $0.maxPool(3, stride: 2, padding: 1, ceilMode: true) }, { $0.maxPool(2, stride: 1, padding: 1, dilation: 2) },
      { $0.averagePool(3, stride: 1, padding: 1) },
      { $0.averagePool(3, stride: 1, padding: 1, countIncludePad: false) },
    ]
    for (number, pooling) in poolings.enumerated() {
      let program = check([4, 16, 16, 16], Float.self, odd: false, pooling)
      #expect(program.byteCount < 8 * images, "pooling \(number)")
    }
  }

  /// The gradient of a padded pooling as its rule records it, with a mask in place of ones.
  private func masked(_ mask: Tensor<Float>) -> Program<Float> {
    let (windows, tape) = (Windows(3, stride: 2, padding: 1), Tape<Float>())
    // Zeros are the largest, and stand outside too.
    let x = tape.input(Tensor(shape: [2, 6, 8, 5], elements: (0..<480).map { Float(-($0 * $0 % 3)) }))
    let g = tape.input(Tensor(shape: [2, 3, 4, 1, 5], elements: (0..<120).map { Float($0) + 1 }))
    let inside = tape.constant(mask).unfold(windows).reshape(to: [1, 3, 4, 9, 1])
    let y = x.maxPool(windows).reshape(to: g.shape)
    let largest = (x.unfold(windows).reshape(to: [2, 3, 4, 9, 5]) .== y) * inside
    let share = g.masked(by: largest) / largest.sum(axes: [3], keepingDimensions: true)
    let sum = share.reshape(to: [2, 3, 4, 45]).fold(windows, into: Extent2D(6, 8))
    let program = Program<Float>([sum])
    program.run()
    #expect(program.value(of: sum).isIdentical(to: sum.value))
    return program
  }

  @Test("What only looks like the inside of images is no mask of a pooling")
  func lookalikes() {
    var hole = Tensor<Float>.ones([1, 6, 8, 1])
    hole[0, 2, 3, 0] = 0
    let few = masked(.ones([1, 6, 8, 1])).instructionCount
    #expect(masked(hole).instructionCount > few)
    #expect(masked(Tensor(repeating: 2, shape: [1, 6, 8, 1])).instructionCount > few)
  }

  @Test("Rows that repeat, of widths that no block divides, are read in a chain")
  func rows() {
    for images in [[3, 4, 5, 16], [8, 3, 7, 6], [2, 31, 3, 50], [9, 1, 1, 1000], [2, 2, 2, 2]] {
      let program = check(images, Float.self) { x in
        let (mean, variance) = (x.mean(axes: [0, 1, 2]), x.variance(axes: [0, 1, 2]))
        let factor = 1 / (variance + 1e-5).sqrt()
        return ((x - mean) * factor + mean).relu()
      }
      #expect(program.instructionCount < 20)
    }
  }
}
