import Adjoint
import Testing

/// Elementwise operations whose operands repeat in runs of a few elements, and moves of narrow parts: blocks of them are put side by
/// side first.
@Suite struct ShortRunTests {
  private static let pairs: [([Int], [Int])] = [
    ([100, 3], [100, 1]), ([100, 3], [3]), ([100, 1], [1, 3]), ([2, 500, 3], [2, 1, 1]), ([700, 2, 1], [1, 2, 3]),
    ([3, 600, 2], [600, 1]), ([1, 5], [800, 1]), ([341, 1, 3], [341, 3, 1]), ([1025, 1], [1025, 2]), ([0, 3], [0, 1]),
    ([65, 4], [65, 4]), ([40, 7], []), ([4, 3, 2, 5], [4, 1, 2, 1]),
  ]

  private func tensor<S: Scalar>(_ shape: Shape, _ seed: UInt64, _ type: S.Type) -> Tensor<S> {
    var draw = Generator(seed: seed)
    return Tensor(
      shape: shape, elements: (0..<shape.elementCount).map { _ in S(Double.random(in: -2...2, using: &draw)) })
  }

  /// The element that broadcasting puts at each position.
  private func repeated<S: Scalar>(_ x: Tensor<S>, to shape: Shape) -> [S] {
    let (strides, shift) = (x.shape.strides, shape.rank - x.shape.rank)
    return (0..<shape.elementCount).map { position in
      var (rest, place) = (position, 0)
      for axis in shape.indices.reversed() {
        if axis >= shift, x.shape[axis - shift] != 1 { place += rest % shape[axis] * strides[axis - shift] }
        rest /= shape[axis]
      }
      return x.elements[place]
    }
  }

  private func check<S: Scalar>(_ first: [Int], _ second: [Int], _ type: S.Type) throws {
    let tape = Tape<S>()
    let (a, b) = (tensor(Shape(first), 1, S.self), tensor(Shape(second), 2, S.self))
    let (x, y) = (tape.input(a), tape.input(b))
    let product = x * y
    let shape = product.shape
    let (wide, other) = (repeated(a, to: shape), repeated(b, to: shape))
    #expect(product.value.elements == zip(wide, other).map { $0 * $1 })
    #expect((y - x).value.elements == zip(wide, other).map { $1 - $0 })
    #expect(x.maximum(y).value.elements == zip(wide, other).map { .larger($0, $1) })
    #expect(`where`(x .> 0, y, x).value.elements == zip(wide, other).map { $0 > 0 ? $1 : $0 })
    #expect(x.broadcast(to: shape).value.elements == wide)
    let program = Program<S>([product, `where`(x .> 0, y, x)])
    program.pool = WorkerPool(threads: 3)
    program.run()
    #expect(program.value(of: product).elements == product.value.elements)
  }

  @Test func `Every operand is repeated as broadcasting says, in each precision and among threads`() throws {
    for (first, second) in Self.pairs {
      try check(first, second, Double.self)
      try check(first, second, Float.self)
      try check(first, second, Dual.self)
    }
  }

  @Test func `Narrow slices, pads and permutations move each element to its place`() {
    func check<S: Scalar>(_ type: S.Type) {
      let x = tensor([50, 9, 3], 3, S.self)
      let v = Tape<S>().input(x)
      func at(_ i: Int, _ j: Int, _ k: Int) -> S { x.elements[(i * 9 + j) * 3 + k] }
      let slice = v.slice(start: [4, 8, 2], size: [20, 4, 2], step: [2, -2, -1])
      let permuted = v.permute([1, 2, 0])
      for i in 0..<20 {
        for j in 0..<4 {
          for k in 0..<2 {
            #expect(slice.value.elements[(i * 4 + j) * 2 + k] == at(4 + 2 * i, 8 - 2 * j, 2 - k))
            #expect(permuted.value.elements[(j * 3 + k) * 50 + i] == at(i, j, k))
          }
        }
      }
      let padded = slice.pad(before: [1, 0, 2], after: [0, 1, 0]).value
      #expect(padded.shape == [21, 5, 4])
      #expect(padded.elements[(1 * 5 + 0) * 4 + 2] == slice.value.elements[0])
      #expect(padded.elements[..<20].allSatisfy { $0 == 0 })
    }
    check(Double.self)
    check(Float.self)
    check(Dual.self)
  }
}
