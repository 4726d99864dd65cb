import Adjoint

/// A place that a descent moves: plain numbers, or a variable, through which the descent itself is differentiated.
protocol Place: GradientArgument where S == Double, Recorded == Variable<Double> {
  var numbers: [Double] { get }
  func moved(by distance: Double, along direction: Self) -> Self
  static func number(_ value: Value) -> Double
}

extension Tensor<Double>: Place {
  var numbers: [Double] { elements }
  func moved(by distance: Double, along direction: Tensor) -> Tensor { self + distance * direction }
  static func number(_ value: Double) -> Double { value }
}

extension Variable<Double>: Place {
  var numbers: [Double] { value.elements }
  func moved(by distance: Double, along direction: Variable) -> Variable { self + distance * direction }
  static func number(_ value: Variable) -> Double { value.scalar }
}

/// The place where f is least, by gradient descent from x in this mode: the step grows after ten that lead down, and halves after
/// one that does not.
///
/// Source: Siskind & Pearlmutter, "Using programming language theory to make automatic differentiation sound and efficient", 2008.
func argMin<P: Place>(_ mode: JacobianMode, from start: P, of f: (Variable<Double>) -> Variable<Double>) -> P {
  func length(_ x: P) -> Double { x.numbers.reduce(0) { $0 + $1 * $1 }.squareRoot() }
  var (x, rate, count) = (start, 1e-5, 0)
  var (value, slope) = valueAndGradient(at: x, mode: mode, of: f)
  while length(slope) > 1e-5 {
    if count == 10 { (rate, count) = (2 * rate, 0) }
    if rate * length(slope) <= 1e-5 { return x }
    let next = x.moved(by: -rate, along: slope)
    let (nextValue, nextSlope) = valueAndGradient(at: next, mode: mode, of: f)
    if P.number(nextValue) < P.number(value) {
      (x, value, slope, count) = (next, nextValue, nextSlope, count + 1)
    } else {
      (rate, count) = (rate / 2, 0)
    }
  }
  return x
}

/// The four pairs of modes by name: that of the outer derivative, and that of the inner one.
let pairsOfModes: [(name: String, outer: JacobianMode, inner: JacobianMode)] = [
  ("ff", .forward, .forward), ("fr", .forward, .reverse), ("rf", .reverse, .forward), ("rr", .reverse, .reverse),
]
