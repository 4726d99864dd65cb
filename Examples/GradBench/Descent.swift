import Adjoint

/// A place that a descent moves: plain numbers, or a variable, through which the descent itself is differentiated.
protocol Place {
  associatedtype Value
  static func isLess(_ a: Value, _ b: Value) -> Bool
  /// True when the place, taken as a direction, is longer than this.
  func isLonger(than length: Double) -> Bool
  func moved(by distance: Double, along direction: Self) -> Self
}

extension Tensor<Double>: Place {
  static func isLess(_ a: Double, _ b: Double) -> Bool { a < b }
  func isLonger(than length: Double) -> Bool { square().sum().scalar.squareRoot() > length }
  func moved(by distance: Double, along direction: Tensor) -> Tensor { self + distance * direction }
}

extension Variable<Double>: Place {
  static func isLess(_ a: Variable, _ b: Variable) -> Bool { a < b }
  func isLonger(than length: Double) -> Bool { square().sum().sqrt() > length }
  func moved(by distance: Double, along direction: Variable) -> Variable { self + distance * direction }
}

/// The place where f is least, by gradient descent from x: the step grows after ten that lead down, and halves after one that does
/// not. Where the place is a variable, its comparisons are branches of the recording.
///
/// Source: Siskind & Pearlmutter, "Using programming language theory to make automatic differentiation sound and efficient", 2008.
func argMin<P: Place>(from start: P, of f: (P) -> (value: P.Value, gradient: P)) -> P {
  var (x, rate, count) = (start, 1e-5, 0)
  var (value, slope) = f(x)
  while slope.isLonger(than: 1e-5) {
    if count == 10 { (rate, count) = (2 * rate, 0) }
    guard slope.isLonger(than: 1e-5 / rate) else { return x }
    let next = x.moved(by: -rate, along: slope)
    let (nextValue, nextSlope) = f(next)
    if P.isLess(nextValue, value) {
      (x, value, slope, count) = (next, nextValue, nextSlope, count + 1)
    } else {
      (rate, count) = (rate / 2, 0)
    }
  }
  return x
}

/// The value and gradient by its first argument of a function, recorded for each way that it takes and replayed.
func compiledGradient(
  _ mode: JacobianMode, of f: @escaping (_ x: Variable<Double>, _ others: [Variable<Double>]) -> Variable<Double>
) -> (_ x: Tensor<Double>, _ others: Tensor<Double>...) -> (value: Double, gradient: Tensor<Double>) {
  let compiled = CompiledFunction<Double> { (v: [Variable<Double>]) in
    let (value, gradient) = valueAndGradient(at: v[0], mode: mode) { x in f(x, Array(v[1...])) }
    return [value, gradient]
  }
  return { x, others in
    let y = compiled([x] + others)
    return (y[0].scalar, y[1])
  }
}

/// The four pairs of modes by name: that of the outer derivative, and that of the inner one.
let pairsOfModes: [(name: String, outer: JacobianMode, inner: JacobianMode)] = [
  ("ff", .forward, .forward), ("fr", .forward, .reverse), ("rf", .reverse, .forward), ("rr", .reverse, .reverse),
]
