import Adjoint
import Testing

/// The gradients of slices of one array are added where the slices stood, in one pass and to the bits of the recording.
@Suite struct SliceGradientTests {
  /// The elements of a slice: where it begins, and its extents.
  private typealias Box = (start: [Int], size: [Int])

  /// Numbers among which zeros of both signs, infinities and NaN stand often enough to meet.
  private func awkward<S: BitComparable>(_ shape: Shape, _ generator: inout Generator) -> Tensor<S> {
    let some = [0, -0.0, Double.infinity, -.infinity, .nan, -0.0, .leastNonzeroMagnitude, 0]
    return Tensor(
      shape: shape,
      elements: (0..<shape.elementCount).map { _ in
        generator.uniform() < 0.5 ? S(some[Int(generator.uniform() * 8)]) : S(generator.normal())
      })
  }

  /// Compares x̄ of a program with the recorded one, on one thread and in parts of several. Returns the number of instructions.
  private func instructions<S: BitComparable>(
    _ shape: [Int], _ boxes: [Box], _: S.Type, whole: Int? = nil, hasNumbers: Bool = false
  ) -> Int {
    var generator = Generator(seed: 7)
    let tape = Tape<S>()
    let x = tape.input(Tensor(repeating: 1, shape: Shape(shape)))
    func weighted(_ y: Variable<S>) -> Variable<S> {
      y * tape.input(hasNumbers ? Tensor(repeating: -0.0, shape: y.shape) : awkward(y.shape, &generator))
    }
    var parts = boxes.map { weighted(x.slice(start: $0.start, size: Shape($0.size))).sum() }
    if let whole { parts.insert(weighted(x).sum(), at: whole) }
    let loss = parts.dropFirst().reduce(parts[0]) { $0 + $1 }
    let g = gradients(of: loss, withRespectTo: [x])[0]
    return instructionsOfSameBits([g])
  }

  private func check(_ shape: [Int], _ boxes: [Box], whole: Int? = nil) -> Int {
    for numbers in [false, true] {
      _ = instructions(shape, boxes, Double.self, whole: whole, hasNumbers: numbers)
      _ = instructions(shape, boxes, Float.self, whole: whole, hasNumbers: numbers)
    }
    return instructions(shape, boxes, Float.self, whole: whole)
  }

  @Test("Parts that fill an array are one pass beside their own", arguments: [0, 1, 2])
  func partition(axis: Int) {
    let shape = [6, 9, 12]
    for count in [2, 3] {
      let boxes = (0..<count).map { k -> Box in
        var (start, size) = ([0, 0, 0], shape)
        size[axis] /= count
        start[axis] = k * size[axis]
        return (start, size)
      }
      // A product of ȳ for each part, and the pass.
      #expect(check(shape, boxes) <= count + 1)
      #expect(check(shape, boxes.reversed()) <= count + 1)
    }
  }

  @Test("A loop over time takes one instruction more for each step", arguments: [4, 40])
  func time(steps: Int) {
    let boxes = (0..<steps).map { t -> Box in ([t, 0, 0], [1, 3, 5]) }
    #expect(check([steps, 3, 5], boxes) <= steps + 1)
  }

  @Test("Parts may leave gaps, overlap, be empty, and lie anywhere")
  func places() {
    #expect(check([7, 8], [([0, 1], [3, 4]), ([4, 2], [2, 6])]) <= 3)
    #expect(check([5], [([0], [3]), ([1], [3]), ([2], [3]), ([4], [1])]) <= 5)
    #expect(check([4, 5], [([0, 0], [4, 5]), ([1, 1], [2, 2]), ([2, 3], [2, 1])]) <= 5)
    #expect(check([3, 4], [([0, 0], [0, 4]), ([1, 1], [2, 2])]) <= 3)
    #expect(check([2, 3, 4, 5], [([0, 1, 0, 1], [2, 1, 3, 2]), ([1, 0, 1, 3], [1, 3, 3, 2])]) <= 3)
    _ = check([0, 3], [([0, 0], [0, 2]), ([0, 2], [0, 1])])
    _ = check([], [([], []), ([], [])])
  }

  @Test("The sign of a zero stays where an element stands in every part")
  func common() {
    _ = check([5], [([0], [4]), ([1], [4])])
    _ = check([3, 3], [([0, 0], [3, 3]), ([0, 0], [3, 3])])
  }

  @Test("Gradients of the whole array come first, between or last", arguments: [0, 1, 2, 3])
  func whole(position: Int) {
    _ = check([6, 4], [([0, 0], [2, 4]), ([2, 0], [2, 4]), ([4, 0], [2, 4])], whole: position)
    _ = check([6, 4], [([0, 0], [2, 4]), ([1, 0], [2, 4]), ([4, 1], [2, 2])], whole: position)
  }

  @Test("A gradient that is used elsewhere, or asked for, is there")
  func parts() {
    let tape = Tape<Float>()
    let x = tape.input(Tensor(shape: [4], elements: [1, 2, 3, 4]))
    let (a, b) = (x.pad(before: [0], after: [4]), x.pad(before: [4], after: [0]))
    let (c, d) = (x.pad(before: [2], after: [2]), x.square().pad(before: [1], after: [3]))
    let number = tape.input(Tensor(scalar: 5))
    let sums = [a + b, c + d, (a + c) + d, (x.pad(before: [0], after: [4]) + b) + b, ((number + a) + b) + number]
    for outputs in [sums, sums + [a], [sums[2].exp(), sums[0] * sums[0]], [a + c, (a + c) + d], [sums[4]]] {
      let program = Program<Float>(outputs)
      program.run()
      for y in outputs { #expect(program.value(of: y).isIdentical(to: y.value)) }
    }
  }
}
