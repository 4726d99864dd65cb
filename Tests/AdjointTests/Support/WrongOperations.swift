import Adjoint

// Operations whose rules are wrong in the ways that people get rules wrong, and one that is right. All are written as a user
// writes them, in a module of their own.

/// y = x³, and how its rule goes wrong.
struct Cube: Operation {
  enum Fault: CaseIterable, Sendable { case none, sign, factorTwo, forgottenPower, detachedPoint, oneElement }
  let fault: Fault

  func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    for i in y.indices { y[i] = x[0][i] * x[0][i] * x[0][i] }
  }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    let x = p.x[0]
    return switch fault {
    case .none: [p.to(0, 3 * g * x * x)]
    case .sign: [p.to(0, -3 * g * x * x)]
    case .factorTwo: [p.to(0, 6 * g * x * x)]
    case .forgottenPower: [p.to(0, 3 * g * x)]
    // Right to first order: only the second derivative tells.
    case .detachedPoint: [p.to(0, 3 * g * (x * x).stopGradient())]
    // Right but for its last element: a check of one element, or of the sum under ones, may miss it.
    case .oneElement: [p.to(0, 3 * g * x * x * lastHalved(x))]
    }
  }

  private func lastHalved<S: Scalar>(_ x: Variable<S>) -> Variable<S> {
    var factors = Tensor<S>.ones(x.shape)
    if let last = factors.elements.indices.last { factors[linear: last] = 0.5 }
    return x.tape.constant(factors)
  }
}

/// y = a + b for a scalar b, whose contribution was not summed back to b's shape.
struct MissingSum: Operation {
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { for i in y.indices { y[i] = x[0][i] + x[1][0] } }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [p.to(0, g), p.to(1, g)] }
}

/// y = a + b for a row b, whose contribution takes the first row instead of the sum of the rows.
struct FirstRowOnly: Operation {
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    for i in y.indices { y[i] = x[0][i] + x[1][i % x[1].count] }
  }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    [p.to(0, g), p.to(1, g.slice(0..<1).reshape(to: p.x[1].shape))]
  }
}

/// Y = A·B for square matrices, with a transposition forgotten.
struct ForgottenTranspose: Operation {
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    MatMul().forward(x, into: y)
  }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    [p.to(0, g.matmul(p.x[1])), p.to(1, p.x[0].matmul(g, transposeA: true))]
  }
}

/// Softmax with the rule of a sigmoid: ȳ ⊙ y(1 − y), which forgets that the elements of a row share a sum.
struct DiagonalSoftmax: Operation {
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { Softmax().forward(x, into: y) }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [p.to(0, g * p.y * (1 - p.y))] }
}

/// Softmax without a rule: under a cotangent of ones its derivative is indeed 0.
struct ForgottenSoftmax: Operation {
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { Softmax().forward(x, into: y) }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [nil] }
}

/// y = a ⊙ b, whose rule returns one contribution.
struct Forgetful: Operation {
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { Binary.multiply.forward(x, into: y) }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [p.to(0, g * p.x[1])] }
}
