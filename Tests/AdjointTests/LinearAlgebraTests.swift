import Adjoint
import Foundation
import Testing

/// Factorisations by the identities that define them, and by the sums of Leibniz where matrices are small or singular.
@Suite struct LinearAlgebraTests {
  /// Below, at and beyond the extent of a block, and of two.
  static let extents = [1, 2, 5, 63, 64, 65, 130, 200]

  private func identity<S: Scalar>(_ n: Int) -> Tensor<S> {
    Tensor(shape: [n, n], elements: (0..<n * n).map { $0 / n == $0 % n ? 1 : 0 })
  }

  private func magnitude<S: Scalar>(_ x: Tensor<S>) -> Double {
    x.elements.reduce(0) { Swift.max($0, $1.primal.magnitude) }
  }

  /// The largest element of A·X − B in units of n·ε·|A|·|X|.
  private func residual<S: BitComparable & BinaryFloatingPoint>(
    _ a: Tensor<S>, _ x: Tensor<S>, _ b: Tensor<S>, transposed: Bool = false
  ) -> Double {
    let (a, x, b): (Tensor<Double>, Tensor<Double>, Tensor<Double>) = (a.converted(), x.converted(), b.converted())
    let n = Double(Swift.max(a.shape[0], 1))
    let scale = n * Double(S.ulpOfOne) * magnitude(a) * Swift.max(magnitude(x), 1e-300)
    return magnitude(a.matmul(x, transposeA: transposed) - b) / scale
  }

  @Test("A Cholesky factor times its transpose is the matrix", arguments: extents)
  func cholesky(n: Int) {
    func check<S: BitComparable & BinaryFloatingPoint>(_ type: S.Type) {
      var generator = Generator(seed: UInt64(n))
      let half = generator.tensor([n, n + 3])
      let a: Tensor<S> = half.matmul(half, transposeB: true).converted()
      let l = a.cholesky()
      #expect(residual(l, Tensor(shape: [n, n], elements: l.permute([1, 0]).elements), a) < 1)
      for i in 0..<n {
        for j in i + 1..<Swift.max(n, i + 1) { #expect(l[i, j] == 0) }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test("What is solved solves the equation, transposed or not, of a matrix that needs its pivots", arguments: extents)
  func solve(n: Int) {
    func check<S: BitComparable & BinaryFloatingPoint>(_ type: S.Type) {
      var generator = Generator(seed: UInt64(n))
      var entries: Tensor<Double> = generator.tensor([n, n])
      entries[linear: 0] = n > 1 ? 1e-30 : 1
      let (a, b): (Tensor<S>, Tensor<S>) = (entries.converted(), generator.tensor([n, 3]).converted())
      for transposed in [false, true] {
        #expect(residual(a, a.solve(b, transposed: transposed), b, transposed: transposed) < 1)
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test("A triangular solve reads its triangle alone, with or without the diagonal", arguments: extents)
  func triangular(n: Int) {
    func check<S: BitComparable & BinaryFloatingPoint>(_ type: S.Type) {
      var generator = Generator(seed: UInt64(n))
      let b: Tensor<S> = generator.tensor([n, 3]).converted()
      for (upper, transposed, unit) in [
        (false, false, false), (false, true, false), (true, false, true), (true, true, false), (false, false, true),
      ] {
        let scale = 1 / Double(n)
        let entries = (0..<n * n).map { place -> (read: S, kept: S) in
          let (i, j) = (place / n, place % n)
          if i == j { return unit ? (.nan, 1) : (S(2 + scale * Double(i)), S(2 + scale * Double(i))) }
          let x = S(generator.uniform(-scale, scale))
          return upper == (j > i) ? (x, x) : (.nan, 0)
        }
        let given = Tensor<S>(shape: [n, n], elements: entries.map(\.read))
        let meant = Tensor<S>(shape: [n, n], elements: entries.map(\.kept))
        let x = given.solveTriangular(b, upper: upper, transposed: transposed, unitDiagonal: unit)
        #expect(residual(meant, x, b, transposed: transposed) < 1, "\(upper) \(transposed) \(unit)")
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test func `Batches and bands of a batch have the bits of single matrices, eager and compiled`() {
    func check<S: BitComparable>(_ type: S.Type) {
      var generator = Generator(seed: 8)
      let n = 70
      let matrices = (0..<5).map { _ -> Tensor<Double> in
        let half = generator.tensor([n, n + 2])
        return half.matmul(half, transposeB: true) * 0.1
      }
      let stacked = Tensor(shape: [5, n, n], elements: matrices.flatMap(\.elements))
      let right = generator.tensor([5, n, 2])
      let tape = Tape<S>()
      let (a, b) = (tape.input(stacked.converted()), tape.input(right.converted()))
      let l = a.cholesky()
      let outputs = [l, l.solveTriangular(b), a.solve(b), a.determinant(), a.logDeterminant(), a.cofactors()]
      for (number, matrix) in matrices.enumerated() {
        let single: Tensor<S> = matrix.converted()
        let column = Tensor<S>(
          shape: [n, 2], elements: right.elements[number * 2 * n..<(number + 1) * 2 * n].map { S($0) })
        let alone = [
          single.cholesky(), single.cholesky().solveTriangular(column), single.solve(column), single.determinant(),
          single.logDeterminant(), single.cofactors(),
        ]
        for (whole, one) in zip(outputs, alone) {
          let size = one.elements.count
          let part = Tensor(
            shape: one.shape, elements: Array(whole.value.elements[number * size..<(number + 1) * size]))
          #expect(part.isIdentical(to: one))
        }
      }
      let program = Program<S>(outputs)
      for threads in [1, 2, 3, 5] {
        program.pool = WorkerPool(partsInTurn: threads, lastFirst: threads == 3)
        program.run()
        for output in outputs { #expect(program.value(of: output).isIdentical(to: output.value)) }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test func `One matrix that is not positive definite is NaN, and the others of its batch are not`() {
    for n in [2, 70] {
      let good: Tensor<Double> = identity(n)
      var bad = good
      bad[linear: n * n - 1] = -1
      let l = Tensor(shape: [3, n, n], elements: good.elements + bad.elements + good.elements).cholesky()
      let count = n * n
      #expect(Array(l.elements[..<count]) == good.elements && Array(l.elements[(2 * count)...]) == good.elements)
      for place in 0..<count {
        #expect(place % n > place / n ? l.elements[count + place] == 0 : l.elements[count + place].isNaN)
      }
    }
  }

  @Test func `A vector is a right side of rank 1, and leading axes broadcast both ways`() {
    var generator = Generator(seed: 4)
    let tape = Tape<Double>()
    let a = tape.input(generator.tensor([2, 1, 3, 3]) + 3 * identity(3))
    let (v, b) = (tape.input(generator.tensor([3])), tape.input(generator.tensor([4, 3, 2])))
    #expect(a.solve(v).shape == [2, 1, 3] && a.solve(b).shape == [2, 4, 3, 2])
    #expect(a.solveTriangular(b, upper: true).shape == [2, 4, 3, 2])
    let repeated = (a.broadcast(to: [2, 4, 3, 3]), b.broadcast(to: [2, 4, 3, 2]))
    #expect(a.solve(b).value.isIdentical(to: repeated.0.solve(repeated.1).value))
    // Aᵀ·v̄ is what v is multiplied by: x̄ = 1 gives b̄ = Σ A⁻ᵀ·1.
    let adjoint = gradients(of: a.solve(v).sum(), withRespectTo: [v])[0].value
    let expected = a.value.solve(.ones([3]), transposed: true).sum(axes: [0, 1])
    #expect(magnitude(adjoint - expected) < 1e-13)
  }

  // MARK: Determinants

  @Test func `Determinants of integer matrices are those of Leibniz`() {
    var generator = Generator(seed: 5)
    for n in 0...6 {
      let a = Tensor<Double>(shape: [n, n], elements: (0..<n * n).map { _ in Double(generator.next() % 9) - 4 })
      let leibniz = Leibniz(Leibniz.matrices(a)[0])
      #expect(abs(a.determinant().scalar - leibniz.determinant) <= 1e-13 * pow(8, Double(n)))
      let (found, exact) = (a.logDeterminant().scalar, log(abs(leibniz.determinant)))
      #expect(found == exact || abs(found - exact) < 1e-12)
      let difference = zip(a.cofactors().elements, leibniz.cofactors.flatMap { $0 }).map { abs($0 - $1) }
      #expect((difference.max() ?? 0) <= 1e-13 * pow(8, Double(n)))
    }
  }

  @Test func `Hilbert's determinants are as exact as their matrices`() {
    // 1/det Hₙ is an integer.
    let inverses = [1.0, 12, 2160, 6_048_000, 266_716_800_000, 186_313_420_339_200_000]
    for (n, inverse) in zip(1..., inverses) {
      let h = Tensor<Double>(shape: [n, n], elements: (0..<n * n).map { 1 / Double($0 / n + $0 % n + 1) })
      let condition = pow(33, Double(n - 1))
      #expect(abs(h.determinant().scalar * inverse - 1) < condition * .ulpOfOne * Double(n))
      #expect(abs(h.logDeterminant().scalar + log(inverse)) < condition * .ulpOfOne * Double(n))
      #expect(abs(h.logDeterminant(positiveDefinite: true).scalar + log(inverse)) < condition * .ulpOfOne * Double(n))
    }
  }

  @Test func `A determinant over- and underflows only as a whole`() {
    func diagonal<S: Scalar>(_ x: [S]) -> Tensor<S> {
      Tensor(
        shape: [x.count, x.count],
        elements: (0..<x.count * x.count).map { $0 / x.count == $0 % x.count ? x[$0 % x.count] : 0 })
    }
    #expect(abs(diagonal([1e200, 1e200, 1e-200, 1e-200]).determinant().scalar - 1) < 1e-14)
    #expect(abs(diagonal([1e200, 1e-200, 1e200, 1e-200]).cofactors()[0, 0] * 1e200 - 1) < 1e-14)
    #expect(abs(diagonal([Float(1e-30), 1e-30, 1e30, 1e30]).determinant().scalar - 1) < 1e-5)
    #expect(diagonal([1e200, 1e200]).determinant().scalar == .infinity)
    #expect(diagonal([Double.leastNonzeroMagnitude]).determinant().scalar == .leastNonzeroMagnitude)
    #expect(diagonal([Float.greatestFiniteMagnitude]).determinant().scalar == .greatestFiniteMagnitude)
    let tiny: Tensor<Double> = 1e-200 * identity(40)
    #expect(abs(tiny.logDeterminant().scalar + 40 * 200 * log(10)) < 1e-10)
    #expect(tiny.determinant().scalar == 0)
  }

  /// A matrix of some rank as an integer product, so that its values are exact.
  private func singular(_ n: Int, rank: Int, _ generator: inout Generator) -> Tensor<Double> {
    func integers(_ shape: Shape) -> Tensor<Double> {
      Tensor(shape: shape, elements: (0..<shape.elementCount).map { _ in Double(generator.next() % 7) - 3 })
    }
    return rank == 0 ? .zeros([n, n]) : integers([n, rank]).matmul(integers([rank, n]))
  }

  @Test("The gradient of a determinant is right at every rank", arguments: [1, 2, 3, 4, 5])
  func singularGradient(n: Int) {
    var generator = Generator(seed: 6)
    for rank in 0...n {
      let a = singular(n, rank: rank, &generator)
      let tape = Tape<Double>()
      let x = tape.input(a)
      let y = x.determinant()
      let gradient = gradients(of: y, withRespectTo: [x])[0]
      let expected = Leibniz(Leibniz.matrices(a)[0]).cofactors.flatMap { $0 }
      let scale = Swift.max(1, pow(magnitude(a), Double(n - 1)))
      for (found, known) in zip(gradient.value.elements, expected) { #expect(abs(found - known) < 1e-13 * scale) }
      let direction = generator.tensor([n, n])
      let slope = zip(expected, direction.elements).reduce(0) { $0 + $1.0 * $1.1 }
      #expect(abs(jvp(of: y, withRespectTo: [x], along: [direction]).scalar - slope) < 1e-12 * scale)
    }
  }

  @Test("The second derivative of a determinant is right where the rank is n − 1", arguments: [2, 3, 4, 5])
  func singularCurvature(n: Int) {
    var generator = Generator(seed: 7)
    for rank in n == 2 ? 0...2 : n - 1...n {
      let a = singular(n, rank: rank, &generator)
      let g = generator.tensor([n, n])
      let tape = Tape<Double>()
      let x = tape.input(a)
      let slope = (gradients(of: x.determinant(), withRespectTo: [x])[0] * tape.constant(g)).sum()
      let found = gradients(of: slope, withRespectTo: [x])[0]
      // Cofactors are polynomials of a degree below 5, for which this quotient of differences is exact.
      func cofactors(_ step: Double) -> Tensor<Double> {
        Tensor(shape: [n, n], elements: Leibniz(Leibniz.matrices(a + step * g)[0]).cofactors.flatMap { $0 })
      }
      func quotient(_ step: Double) -> Tensor<Double> { (cofactors(step) - cofactors(-step)) * (0.5 / step) }
      let expected = (4 * quotient(0.5) - quotient(1)) * (1.0 / 3)
      let scale = Swift.max(1, pow(magnitude(a) + 2, Double(n - 1)))
      #expect(magnitude(found.value - expected) < 1e-12 * scale, "rank \(rank)")
      // Forward over reverse, in dual numbers.
      let tangent = jvp(of: gradients(of: x.determinant(), withRespectTo: [x])[0], withRespectTo: [x], along: [g])
      #expect(magnitude(tangent - expected) < 1e-12 * scale, "rank \(rank)")
      // A third derivative exists.
      #expect(gradients(of: found.square().sum(), withRespectTo: [x])[0].value.elements.allSatisfy { $0.isFinite })
    }
    if n > 2 {
      let tape = Tape<Double>()
      let x = tape.input(singular(n, rank: n - 2, &generator) * 0 + Tensor.zeros([n, n]))
      let second = gradients(of: gradients(of: x.determinant(), withRespectTo: [x])[0].sum(), withRespectTo: [x])[0]
      #expect(second.value.elements.allSatisfy { $0.isNaN }, "below, it is not a number rather than a wrong one")
    }
  }

  // MARK: Compositions

  @Test func `Compositions are what their names say`() {
    var generator = Generator(seed: 9)
    let a = generator.tensor([2, 4, 4]) + 4 * identity(4)
    let tape = Tape<Double>()
    let x = tape.input(a)
    let unit: Tensor<Double> = identity(4).broadcast(to: [2, 4, 4])
    #expect(magnitude(a.matmul(a.inverse()) - unit) < 1e-14)
    let traces: [Double] = (0..<2).map { b in
      let diagonal: [Double] = (0..<4).map { a.elements[b * 16 + $0 * 5] }
      return diagonal.reduce(0, +)
    }
    #expect(a.trace().elements == traces)
    #expect(a.matrixPower(0).isIdentical(to: unit) && a.matrixPower(1).isIdentical(to: a))
    #expect(magnitude(a.matrixPower(5) - a.matmul(a).matmul(a).matmul(a).matmul(a)) < 1e-10)
    #expect(magnitude(a.matrixPower(-2).matmul(a).matmul(a) - unit) < 1e-13)
    let s = a.matmul(a, transposeB: true)
    let b = generator.tensor([2, 4, 3])
    #expect(magnitude(s.matmul(s.cholesky().choleskySolve(b)) - b) < 1e-12)
    #expect(magnitude(s.logDeterminant(positiveDefinite: true) - s.logDeterminant()) < 1e-13)
    let power = gradients(of: x.matrixPower(-1).sum(), withRespectTo: [x])[0].value
    let inverse = gradients(of: x.inverse().sum(), withRespectTo: [x])[0].value
    #expect(power.isIdentical(to: inverse))
    let empty = Tensor<Double>.zeros([2, 0, 0])
    #expect(empty.determinant() == .ones([2]) && empty.logDeterminant() == .zeros([2]) && empty.trace() == .zeros([2]))
    #expect(empty.inverse() == empty && empty.matrixPower(-3) == empty && empty.cholesky() == empty)
  }

  @Test func `What does not fit is said in a sentence`() {
    let cases: [(any Adjoint.Operation, [Shape], String)] = [
      (Cholesky(), [[3]], "cholesky: takes a matrix, or several along leading axes, was given [3]"),
      (Determinant(.value), [[2, 3]], "determinant: a matrix of 2 × 3 is not square, in [2, 3]"),
      (Solve(), [[3, 3], [2, 1]], "solve: the right side [2, 1] has 2 rows, a matrix of [3, 3] takes 3"),
      (Solve(), [[3, 3], [3]], "solve: the right side is a matrix, or several along leading axes, was given [3]"),
      (
        SolveTriangular(), [[2, 3, 3], [3, 1]],
        "solveTriangular: leading axes differ: [2] of [2, 3, 3] against [] of [3, 1]"
      ),
    ]
    for (operation, shapes, sentence) in cases {
      #expect(throws: ShapeError(sentence)) { try operation.shape(of: shapes) }
    }
  }
}
