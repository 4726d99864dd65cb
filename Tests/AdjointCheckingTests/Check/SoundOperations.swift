import Adjoint

// Operations of one's own that keep what they declare, some of them in a way that is hard to judge.

struct Doubling: Squaring { var isElementwise: Bool { true } }
/// y = (1 − cos x) / x², which cancels near 0.
struct Cancelling: Squaring {
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { y.map(x[0]) { (1 - S.cosine($0)) / ($0 * $0) } }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    let x = p.x[0]
    return [p.to(0, g * (x.sin() - 2 * p.y * x) / x.square())]
  }
}
/// y = 1/x, with its pole inside of the range.
struct Inverse: Squaring {
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { y.map(x[0]) { 1 / $0 } }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [p.to(0, -g * p.y.square())] }
}
struct Cubing: Squaring {
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { y.map(x[0]) { $0 * $0 * $0 } }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [p.to(0, 3 * g * p.x[0].square())] }
}
struct Total: RunningSum {}
struct RowProduct: RowTimes { func entrywiseInputs(_ x: [Shape]) -> [Bool]? { [true, false] } }
struct Bend: Bending {
  func branches<S: Scalar>(_ x: Operands<S>) -> Branches<S>? {
    Branches(sides: x[0].elements.map { $0 > 0 ? 1 : 0 }, distances: Array(x[0].elements))
  }
}
/// y = x² / 2 within 1, |x| − ½ beyond: its second derivative jumps.
struct Huber: Squaring {
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    y.map(x[0]) { x in x > 1 ? x - 0.5 : x < -1 ? -x - 0.5 : 0.5 * x * x }
  }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    let one = p.tape.constant(1)
    return [p.to(0, g * p.x[0].minimum(one).maximum(-one))]
  }
  func branches<S: Scalar>(_ x: Operands<S>) -> Branches<S>? {
    Branches(
      sides: x[0].elements.map { $0 > 1 ? 2 : $0 > -1 ? 1 : 0 },
      distances: x[0].elements.map { $0 > 0 ? $0 - 1 : $0 + 1 })
  }
  static var examples: [Example] { [Example(Huber(), .numbers([4, 3], avoiding: [-1, 1]))] }
}
/// The rows of a table at some positions.
protocol Lookups: Adjoint.Operation { init() }
extension Lookups {
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { [x[1][0], x[0][1]] }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    let width = y.shape[1]
    for i in y.indices { y[i] = x[0][Int(x[1].indices[i / width]) * width + i % width] }
  }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    [p.to(0, g.scatterAdd(p.x[1], rows: p.x[0].shape[0])), nil]
  }
  static var examples: [Example] { [Example(Self(), .numbers([4, 3]), .indices([6], below: 4))] }
}
struct Lookup: Lookups {
  var indexPosition: Int? { 1 }
  func indexBound(for x: [Shape]) -> Int { x[0][0] }
}
/// y = tanh 10⁴x, a step that is smooth.
struct Steep: Squaring {
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { y.map(x[0]) { S.hyperbolicTangent(S(1e4) * $0) } }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    [p.to(0, 1e4 * g * (1e4 * p.x[0]).sech().square())]
  }
}
/// y = ln x², with a singularity inside of the range.
struct LogSquare: Squaring {
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { y.map(x[0]) { S.logarithm($0 * $0) } }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [p.to(0, 2 * g / p.x[0])] }
}
/// y = ln(1 + eˣ) as it is first written, with a rule that cancels.
struct NaiveSoftplus: Squaring {
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { y.map(x[0]) { S.logarithm(1 + S.exponential($0)) } }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    [p.to(0, g * (1 - 1 / (1 + p.x[0].exp())))]
  }
}
