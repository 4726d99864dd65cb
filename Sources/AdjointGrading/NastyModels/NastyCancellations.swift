import Adjoint

// Differences of numbers that are nearly the same. Where no digit is left that the derivative needs, that is said beforehand.

extension NastyList {
  mutating func addCancellations() {
    func addCosine(
      _ name: String, _ x: Double, in precision: NastyPrecision, expecting expectation: NastyExpectation = .agree
    ) {
      add("cancel.cosine-\(name)", "(1 − cos x)/x², x = \(x)", in: precision, expecting: expectation) { t in
        let x = t.number(x)
        return (1 - x.cos()) / x.square()
      }
    }
    let lost = NastyExpectation.cannotTell("1 − cos x keeps no digit that the derivative needs")
    addCosine("0.5", 0.5, in: .both)
    addCosine("1e-1", 1e-1, in: .double)
    addCosine("1e-2", 1e-2, in: .double)
    addCosine("1e-4", 1e-4, in: .double, expecting: lost)
    addCosine("1e-8", 1e-8, in: .double, expecting: .cannotTell("1 − cos x is rounding alone"))
    addCosine("1e-2-float", 1e-2, in: .float, expecting: lost)

    func addVariance(_ name: String, from offset: Double, times scale: Double = 1, in precision: NastyPrecision) {
      let features = "features \(offset) + \(scale)·w"
      add("cancel.log-variance-\(name)", "mean of log variance of rows, \(features)", in: precision) { t in
        t.wave([4, 8], from: offset, times: scale).variance(axes: [1]).log().mean()
      }
    }
    addVariance("1e4", from: 1e4, in: .both)
    addVariance("1e8", from: 1e8, in: .double)
    addVariance("narrow", from: 1e4, times: 1e-6, in: .double)

    for (name, offset) in [("1e4", 1e4), ("1e5", 1e5)] {
      add("cancel.layer-norm-\(name)", "layer norm with γ and β, features around \(name)") { t in
        let x = t.wave([4, 8], from: offset)
        let (scale, shift) = (t.wave([8], from: 1, times: 0.1), t.wave([8], times: 0.1))
        return (scale * x.normalized(over: [-1]) + shift).weighed()
      }
    }
    add("cancel.layer-norm-sum", "Σ (x − mean)/√(variance + 10⁻⁵), whose derivative is 0") { t in
      t.wave([4, 8]).normalized(over: [-1]).sum()
    }
    add("cancel.equal-rows", "batch norm by hand of four equal rows") { t in
      t.equalRows(4, 3).normalized(over: [0]).weighed()
    }
    add("cancel.softmax-sum", "Σ softmax(x), whose derivative is 0") { t in t.wave([6]).softmax().sum() }
    add("cancel.softmax-1000", "Σ softmax(x)·[1, 2, 3], x = [1000, 0, −1000]") { t in
      (t.leaf([1000, 0, -1000]).softmax() * t.fixed([1, 2, 3])).sum()
    }
    add("cancel.softmax-1000-close", "Σ softmax(x)·[1, 2, 3], x = [1000, 1000.5, −1000]") { t in
      (t.leaf([1000, 1000.5, -1000]).softmax() * t.fixed([1, 2, 3])).sum()
    }
    add("cancel.log-sum-exp-naive", "log Σ exp x, x around 10") { t in t.wave([8], times: 10).exp().sum().log() }
    add("cancel.log-sum-exp-shifted", "m + log Σ exp(x − m), m = max x, x around 1000") { t in
      let x = t.wave([8], from: 1000)
      let largest = x.max()
      return largest + (x - largest).exp().sum().log()
    }
    add("cancel.log-sum-exp-1000", "logSumExp x, x around ±1000") { t in t.wave([8], times: 1000).logSumExp() }
  }

  mutating func addCancellingFormulas() {
    add("cancel.x-minus-x", "Σ (tanh x − tanh x)") { t in
      let x = t.wave([4])
      return (x.tanh() - x.tanh()).sum()
    }
    add("cancel.x-over-x", "Σ x/x") { t in
      let x = t.count(4)
      return (x / x).sum()
    }
    add("cancel.alternating-squares", "Σ ±x², 1000 numbers around 1e4") { t in
      let signs = t.fixed((0..<1000).map { $0 % 2 == 0 ? 1 : -1 })
      return (t.wave([1000], from: 1e4).square() * signs).sum()
    }
    add("cancel.near-sums", "Σ a² − Σ b², around 1e6") { t in
      let a = t.wave([20], from: 1e6)
      let b = t.leaf((0..<20).map { 1e6 + cosine($0 + 1) })
      return a.square().sum() - b.square().sum()
    }
    add("cancel.big-between", "Σ x·[1e8, 1, −1e8, …], 300 numbers") { t in
      let factors = t.fixed((0..<300).map { [1e8, 1, -1e8][$0 % 3] })
      return (t.wave([300], from: 1, times: 0.1) * factors).sum()
    }
    add("cancel.mean-removed", "Σ (y − mean y)·c, y = x − mean x, x around 1e6") { t in
      let x = t.wave([16], from: 1e6)
      let y = x - x.mean()
      return (y - y.mean()).weighed()
    }
    add("cancel.log1p-by-hand", "Σ log(1 + x), x around 1e-10, in Float 1e-4") { t in
      (1 + t.wave([4], times: t.choice(1e-10, float: 1e-4))).log().sum()
    }
    add("cancel.expm1-by-hand", "(exp x − 1)/x, x = 1e-5, in Float 1e-2") { t in
      let x = t.number(1e-5, float: 1e-2)
      return (x.exp() - 1) / x
    }
    add(
      "cancel.expm1-by-hand-1e-8", "(exp x − 1)/x, x = 1e-8", in: .double,
      expecting: .cannotTell("exp x − 1 keeps half its digits, and is divided by x²")
    ) { t in
      let x = t.number(1e-8)
      return (x.exp() - 1) / x
    }
    add("cancel.root-difference", "√(x + 1) − √x, x = 1e8, in Float 1e4") { t in
      let x = t.number(1e8, float: 1e4)
      return (x + 1).sqrt() - x.sqrt()
    }
    add("cancel.quadratic-root", "−b + √(b² − 4ad), b = 1e6, in Float 100, a = d = 1") { t in
      let (a, b, d) = (t.number(1), t.number(1e6, float: 100), t.number(1))
      let root = (b.square() - 4 * (a * d)).sqrt()
      return root - b
    }
    add("cancel.determinant", "1/(ad − be), nearly singular", in: .double) { t in
      let (a, d, b, e) = (t.number(1 + 1e-8), t.number(1), t.number(1), t.number(1))
      return (a * d - b * e).reciprocal()
    }
    add("cancel.needle-triangle", "Heron's area of the sides 2 − 1e-9, 1, 1", in: .double) { t in
      let (a, b, e) = (t.number(2 - 1e-9), t.number(1), t.number(1))
      let s = (a + b + e) * 0.5
      return (s * (s - a) * (s - b) * (s - e)).sqrt()
    }
    func addPolynomial(_ x: Double, expecting expectation: NastyExpectation = .agree) {
      add("cancel.polynomial-\(x)", "(x − 1)⁷ expanded, x = \(x)", in: .double, expecting: expectation) { t in
        let x = t.number(x)
        var y = x - 7
        for coefficient in [21.0, -35, 35, -21, 7, -1] { y = y * x + coefficient }
        return y
      }
    }
    addPolynomial(1.1)
    addPolynomial(1.001, expecting: .cannotTell("terms of 35 cancel to 1e-18"))
    add(
      "cancel.binomial-zero", "(a + b)² − a² − 2ab − b²", in: .double,
      expecting: .cannotTell("value and derivative are rounding alone")
    ) { t in
      let (a, b) = (t.number(1.0 / 3), t.number(1.0 / 7))
      let expanded = a.square() + 2 * (a * b) + b.square()
      return (a + b).square() - expanded
    }
    add("cancel.nearly-parallel", "1 − cosine of the angle between a and a + 1e-6·c, in Float 1e-2") { t in
      let scale = t.choice(1e-6, float: 1e-2)
      let a = t.wave([5])
      let b = t.leaf((0..<5).map { sine($0 + 1) + scale * cosine($0 + 1) })
      let lengths = a.square().sum().sqrt() * b.square().sum().sqrt()
      return 1 - (a * b).sum() / lengths
    }
    add("cancel.logit", "log(p/(1 − p)), p = 1 − 1e-12, in Float 1 − 1e-5") { t in
      let p = t.number(1 - 1e-12, float: 1 - 1e-5)
      return (p / (1 - p)).log()
    }
  }
}

extension Tape {
  /// An input of equal rows.
  func equalRows(_ rows: Int, _ columns: Int) -> Variable<S> {
    leaf((0..<rows * columns).map { sine($0 % columns + 1) }, [rows, columns])
  }
}
