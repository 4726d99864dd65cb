import Adjoint
import Testing

/// Matrices up to 16 × 16 are worked on in the lanes of a vector: a batch of any size has the bits of its matrices alone.
@Suite struct SmallMatrixTests {
  /// Matrices [count, n, n], of which every other needs its pivots from the first row on.
  private func matrices(_ count: Int, _ n: Int, _ generator: inout Generator) -> Tensor<Double> {
    var entries = generator.tensor([count, n, n])
    if n > 1 { for number in stride(from: 0, to: count, by: 2) { entries[linear: number * n * n] = 1e-30 } }
    return entries
  }

  private func part<S: Scalar>(_ x: Tensor<S>, _ number: Int) -> Tensor<S> {
    let shape = Shape(x.shape.dropFirst())
    let size = shape.elementCount
    return Tensor(shape: shape, elements: Array(x.elements[number * size..<(number + 1) * size]))
  }

  /// The largest residual of A·X = B, in units of n·ε·|X|.
  private func residual<S: BitComparable & BinaryFloatingPoint>(
    _ a: Tensor<S>, _ x: Tensor<S>, _ b: Tensor<S>, transposed: Bool
  ) -> Double {
    let (a, x, b): (Tensor<Double>, Tensor<Double>, Tensor<Double>) = (a.converted(), x.converted(), b.converted())
    func largest(_ x: Tensor<Double>) -> Double { x.elements.reduce(0) { Swift.max($0, $1.magnitude) } }
    let unit = Double(Swift.max(a.shape[1], 1)) * Double(S.ulpOfOne) * Swift.max(largest(x), 1e-300)
    return largest(a.matmul(x, transposeA: transposed) - b) / unit
  }

  @Test("Systems are solved, and a batch has the bits of its parts", arguments: [0, 1, 2, 3, 7, 8, 10, 15, 16, 17, 20])
  func systems(n: Int) {
    func check<S: BitComparable & BinaryFloatingPoint>(_: S.Type) {
      var generator = Generator(seed: UInt64(n + 1))
      let count = 19
      for columns in [0, 1, 3, 7, 8, 16, 17, 40] {
        let a: Tensor<S> = matrices(count, n, &generator).converted()
        let b: Tensor<S> = generator.tensor([count, n, columns]).converted()
        for transposed in [false, true] {
          let x = a.solve(b, transposed: transposed)
          #expect(residual(a, x, b, transposed: transposed) < 4)
          for number in [0, 7, 8, 18] {
            #expect(part(a, number).solve(part(b, number), transposed: transposed).isIdentical(to: part(x, number)))
          }
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test(
    "Factors and triangular systems of a batch have the bits of its parts", arguments: [0, 1, 2, 7, 10, 16, 17, 33])
  func triangles(n: Int) {
    func check<S: BitComparable & BinaryFloatingPoint>(_: S.Type) {
      var generator = Generator(seed: UInt64(n + 2))
      let count = 19
      let half = generator.tensor([count, n, n + 2])
      let a: Tensor<S> = half.matmul(half, transposeB: true).converted()
      let l = a.cholesky()
      for number in 0..<count { #expect(part(a, number).cholesky().isIdentical(to: part(l, number))) }
      for columns in [0, 1, 3, 7, 8, 13, 16, 20] {
        let b: Tensor<S> = generator.tensor([count, n, columns]).converted()
        for (upper, transposed, unit) in [(false, false, false), (false, true, true), (true, false, false)] {
          let x = l.solveTriangular(b, upper: upper, transposed: transposed, unitDiagonal: unit)
          for number in [0, 8, 18] {
            let alone = part(l, number).solveTriangular(
              part(b, number), upper: upper, transposed: transposed, unitDiagonal: unit)
            #expect(alone.isIdentical(to: part(x, number)))
          }
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test func `A matrix without an answer in one lane leaves the others alone`() {
    var generator = Generator(seed: 5)
    let good = matrices(12, 5, &generator)
    for fault in [0, .nan, -1, .infinity] {
      var bad = good
      for place in 75..<100 { bad[linear: place] = fault }
      let right = generator.tensor([12, 5, 2])
      let (x, y) = (good.solve(right), bad.solve(right))
      for number in 0..<12 where number != 3 { #expect(part(x, number).isIdentical(to: part(y, number))) }
      #expect(!part(y, 3).elements.allSatisfy { $0.isFinite })
      #expect(part(bad.cholesky(), 3).elements[0].isNaN)
    }
  }

  @Test func `A symmetric part that is zero off the diagonal gives zeros without a sign`() {
    for n in [3, 40, 100] {
      let factor = (4 * Tensor<Double>.eye(n)).cholesky()
      #expect(factor == 2 * Tensor.eye(n) && factor.elements.allSatisfy { $0.sign == .plus })
      let inverse = factor.solveTriangular(.eye(n))
      #expect(inverse == 0.5 * Tensor.eye(n) && inverse.elements.allSatisfy { $0.sign == .plus })
    }
  }
}
