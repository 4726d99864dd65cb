import Adjoint
import AdjointLearning

/// y = x sin x with a rule that is wrong in a chosen way: a user's operation.
struct Ripple: Operation {
  enum Fault: String, Sendable, CaseIterable {
    case none, sign, factorTwo, slightly, stale, oneRow, nothing
  }
  var fault = Fault.none

  func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    for i in y.indices { y[i] = x[0][i] * S.sine(x[0][i]) }
  }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    let x = p.x[0]
    switch fault {
    case .none: return [p.to(0, g * (x.sin() + x * x.cos()))]
    case .sign: return [p.to(0, -g * (x.sin() + x * x.cos()))]
    case .factorTwo: return [p.to(0, 2 * g * (x.sin() + x * x.cos()))]
    case .slightly: return [p.to(0, 1.0001 * g * (x.sin() + x * x.cos()))]
    case .stale: return [p.to(0, g * x.tape.constant((x.sin() + x * x.cos()).value))]
    case .oneRow:
      var mask = Tensor<S>.ones(x.shape)
      for i in 0..<x.shape.elementCount / x.shape[0] { mask[linear: x.shape.elementCount / x.shape[0] + i] = 3 }
      return [p.to(0, g * (x.sin() + x * x.cos()) * x.tape.constant(mask))]
    case .nothing: return [nil]
    }
  }
}

/// y = mean over the last axis, and a rule that forgets 1/N.
struct ForgetfulMean: Operation {
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { [x[0][0], 1] }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    let width = x[0].shape[1]
    for row in y.indices {
      var sum: S = 0
      for i in 0..<width { sum = sum + x[0][row * width + i] }
      y[row] = sum / S(Double(width))
    }
  }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    [p.to(0, g.broadcast(to: p.x[0].shape))]
  }
}

/// y = max(x, 0) with kinks that can be watched, and a rule that may be wrong.
struct Rectify: Operation {
  enum Fault: String, Sendable, CaseIterable {
    case none, sign, factorTwo, slightly, wrongBranch, oneElement, nothing, steepAtZero
  }
  var fault = Fault.none

  func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    for i in y.indices { y[i] = x[0][i] > 0 ? x[0][i] : 0 }
  }
  func branches<S: Scalar>(_ x: Operands<S>) -> Branches<S>? {
    let elements = Array(x[0].elements)
    return Branches(sides: elements.map { $0 > 0 ? 1 : 0 }, distances: elements)
  }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    let right = g * (p.x[0] .> 0)
    switch fault {
    case .none: return [p.to(0, right)]
    case .sign: return [p.to(0, -right)]
    case .factorTwo: return [p.to(0, 2 * right)]
    case .slightly: return [p.to(0, 1.0001 * right)]
    case .wrongBranch: return [p.to(0, g * (p.x[0] .<= 0))]
    case .oneElement:
      var mask = Tensor<S>.ones(p.x[0].shape)
      mask[linear: 0] = 0
      return [p.to(0, right * g.tape.constant(mask))]
    case .nothing: return [nil]
    case .steepAtZero: return [p.to(0, right + 3 * g * (p.x[0] .== 0))]
    }
  }
}

/// A four-layer classifier whose second activation is `middle`.
func fourLayers<S: Scalar>(
  _ type: S.Type = S.self, seed: UInt64 = 7, dropout rate: Double = 0,
  _ middle: (Variable<S>) -> Variable<S> = { $0.sigmoid() }
) -> Variable<S> {
  var generator = Generator(seed: seed)
  let sizes = [6, 9, 8, 7, 3]
  let layers = (0..<4).map { Linear<S>(sizes[$0], sizes[$0 + 1], name: "layer\($0 + 1)", using: &generator) }
  let tape = Tape<S>(seed: seed)
  let x = tape.input(Tensor(shape: [5, 6], elements: (0..<30).map { _ in S(generator.normal()) }), name: "x")
  let hidden = dropout(middle(layers[1](layers[0](x).tanh())), rate: rate)
  let logits = layers[3](layers[2](hidden).tanh())
  return crossEntropy(logits: logits, labels: tape.index(Tensor([0, 2, 1, 1, 0]), name: "labels"))
}
