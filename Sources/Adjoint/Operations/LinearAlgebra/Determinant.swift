/// A number, or a matrix of numbers, made of the determinant of each matrix.
///
/// det̄ gives Ā = ȳ·cof A, where cof A holds the signed minors, so it is right for singular matrices too. Of log|det A|
/// it is Ā = ȳ·A⁻ᵀ.
///
/// - Complexity: n³ operations.
package struct Determinant: MatrixOperation {
  /// The results that come of a factorisation.
  package enum Kind: Hashable, Sendable, CaseIterable {
    /// det A
    case value
    /// log|det A|, −∞ where A is singular
    case logMagnitude
    /// cof A = ∂ det A / ∂A: the determinant of A without row i and column j, times (−1)ⁱ⁺ʲ
    case cofactors
  }
  package let kind: Kind
  package init(_ kind: Kind) { self.kind = kind }

  package func shape(of x: [Shape]) throws(ShapeError) -> Shape {
    let a = try x.only(1, for: name)[0].square(for: name)
    return kind == .cofactors ? a : a.leading
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    for number in 0..<x[0].shape.leading.elementCount {
      let a = x[0].matrix(number)
      switch kind {
      case .value: y[number] = a.determinant()
      case .logMagnitude: y[number] = a.logDeterminant()
      case .cofactors: a.cofactors(into: y.matrix(number))
      }
    }
  }

  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    let a = p.x[0]
    func spread() -> Variable<S> { g.reshape(to: g.shape.matrices(1, 1)) }
    switch kind {
    case .value: return [p.to(0, spread() * p.tape.record(Determinant(.cofactors), a))]
    case .logMagnitude:
      return [p.to(0, spread() * p.tape.record(Solve(isTransposed: true), a, p.tape.identity(a.shape)))]
    case .cofactors: return [p.to(0, derivativeOfCofactors(g, a, p.y))]
    }
  }

  /// The gradient of ⟨G, cof A⟩, finite for every A of rank n − 1 or more.
  ///
  /// With M = A + E, where E is constant and has one element, det A = det M·(1 − ⟨E, N⟩) and cof A = det M·K, where N = M⁻ᵀ,
  /// Q = N·Eᵀ·N and K = (1 − ⟨E, N⟩)·N + Q. The gradient is det M·(⟨G, K⟩·N + ⟨G, N⟩·Q − N·Gᵀ·K − Q·Gᵀ·N). E stands at the largest
  /// cofactor, where it makes M as regular as one element can.
  private func derivativeOfCofactors<S: Scalar>(
    _ g: Variable<S>, _ a: Variable<S>, _ cofactors: Variable<S>
  ) -> Variable<S> {
    let (tape, shape) = (a.tape, a.shape)
    let extent = shape[shape.rank - 1]
    // Cofactors of 2 × 2 are elements of A.
    if extent == 2 { return tape.record(Determinant(.cofactors), g) }
    if extent < 2 || shape.elementCount == 0 { return g.masked(by: tape.constant(0)) }
    func total(_ x: Variable<S>) -> Variable<S> { x.sum(axes: [-2, -1], keepingDimensions: true) }
    let e = Determinant.regularizer(a.stopGradient(), cofactors.stopGradient())
    let m = a + e
    let n = tape.record(Solve(isTransposed: true), m, tape.identity(shape))
    let q = n.matmul(e.matmul(n, transposeA: true))
    let k = (1 - total(e * n)) * n + q
    let determinant = m.determinant().reshape(to: shape.leading.matrices(1, 1))
    let sums = total(g * k) * n + total(g * n) * q
    return determinant * (sums - n.matmul(g.matmul(k, transposeA: true)) - q.matmul(g.matmul(n, transposeA: true)))
  }

  /// A matrix with one element, at the first largest cofactor: as large as the largest of A, and of the sign that takes
  /// the determinant away from 0.
  private static func regularizer<S: Scalar>(_ a: Variable<S>, _ cofactors: Variable<S>) -> Variable<S> {
    let shape = a.shape
    let extent = shape[shape.rank - 1]
    let sizes = cofactors.abs().reshape(to: Shape(Array(shape.leading) + [extent * extent]))
    let isLargest = sizes .== sizes.max(axes: [-1], keepingDimensions: true)
    let isFirst = (isLargest * (isLargest.cumsum() .== 1)).reshape(to: shape)
    let determinants = (a * cofactors).sum(axes: [-1], keepingDimensions: true)
    let signs = 2 * (determinants * cofactors.sign() .>= 0) - 1
    return isFirst * signs * a.abs().max(axes: [-2, -1], keepingDimensions: true)
  }

  package var name: String {
    switch kind {
    case .value: "determinant"
    case .logMagnitude: "logDeterminant"
    case .cofactors: "cofactors"
    }
  }
  package func notation(_ x: [Notation]) -> Notation {
    switch kind {
    case .value: .call("det", x)
    case .logMagnitude: .call("log", [.magnitude(.call("det", x))])
    case .cofactors: .call("cof", x)
    }
  }
  package var ownForm: OperationForm { .determinant(kind) }
  // Which element is a pivot depends on the numbers.
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? { nil }
  package static var examples: [Example] { Kind.allCases.flatMap { squareExamples(Determinant($0)) } }
}
