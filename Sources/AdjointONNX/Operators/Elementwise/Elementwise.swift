import Adjoint

// Functions of one number.

extension OperatorTable {
  private mutating func unary(_ name: String, _ f: @escaping (Variable<S>) -> Variable<S>) {
    self[name] = { call in call.result(f(try call.x(0))) }
  }

  private mutating func parametric(_ name: String, _ f: @escaping (Variable<S>, Call<S>) throws -> Variable<S>) {
    self[name] = { call in call.result(try f(try call.x(0), call)) }
  }

  /// A function that whole numbers have as well.
  private mutating func unary(
    _ name: String, whole: @escaping (Int) -> Int, numbers f: @escaping (Variable<S>) -> Variable<S>
  ) {
    self[name] = { call in
      guard case .whole(let x) = try call.value(0).content else { return call.result(f(try call.x(0))) }
      let type = call.type
      return call.result(WholeNumbers(x.values.map { type.wrapped(whole($0)) }, dims: x.dims))
    }
  }

  mutating func addElementwise() {
    unary("Acos") { $0.acos() }
    unary("Acosh") { $0.acosh() }
    unary("Asin") { $0.asin() }
    unary("Asinh") { $0.asinh() }
    unary("Atan") { $0.atan() }
    unary("Atanh") { $0.atanh() }
    unary("Ceil") { $0.ceil() }
    unary("Cos") { $0.cos() }
    unary("Cosh") { $0.cosh() }
    unary("Erf") { $0.erf() }
    unary("Exp") { $0.exp() }
    unary("Floor") { $0.floor() }
    unary("Log") { $0.log() }
    unary("Reciprocal") { $0.reciprocal() }
    unary("Round") { $0.round() }
    unary("Sin") { $0.sin() }
    unary("Sinh") { $0.sinh() }
    unary("Sqrt") { $0.sqrt() }
    unary("Tan") { $0.tan() }
    unary("Tanh") { $0.tanh() }
    unary("Abs", whole: { Swift.abs($0) }, numbers: { $0.abs() })
    unary("Neg", whole: { 0 &- $0 }, numbers: { -$0 })
    unary("Sign", whole: { $0.signum() }, numbers: { $0.sign() })
    unary("BitwiseNot", whole: { ~$0 }, numbers: { $0 })
    self["Identity"] = { call in [try call.value(0)] }
    self["Clip"] = { call in try clipped(call) }
    self["IsNaN"] = { call in
      let x = try call.x(0)
      return call.result(x .!= x, .bool)
    }
    self["IsInf"] = { call in
      let x = try call.x(0)
      let (low, high) = (try call.int("detect_negative", 1), try call.int("detect_positive", 1))
      if low != 0, high != 0 { return call.result(x.abs() .== Double.infinity, .bool) }
      if low == 0, high == 0 { return call.result(x .!= x.stopGradient() * 0 + .infinity - .infinity, .bool) }
      return call.result(x .== (high != 0 ? Double.infinity : -Double.infinity), .bool)
    }
    addActivations()
  }

  private mutating func addActivations() {
    unary("Relu", whole: { Swift.max($0, 0) }, numbers: { $0.relu() })
    unary("Sigmoid") { $0.sigmoid() }
    unary("Softplus") { $0.softplus() }
    unary("Softsign") { $0.softsign() }
    unary("Mish") { $0.mish() }
    unary("HardSwish") { $0.hardSwish() }
    parametric("Gelu") { x, call in try call.string("approximate", "none") == "tanh" ? x.geluTanh() : x.gelu() }
    parametric("Elu") { x, call in x.elu(alpha: try call.float("alpha", 1)) }
    parametric("Celu") { x, call in
      let alpha = try call.float("alpha", 1)
      try call.require(alpha != 0, "an alpha other than 0", "0")
      return x.celu(alpha: alpha)
    }
    parametric("LeakyRelu") { x, call in x.leakyRelu(slope: try call.float("alpha", 0.01)) }
    parametric("Selu") { x, call in
      let (alpha, gamma) = (try call.float("alpha", 1.67326319), try call.float("gamma", 1.05070102))
      return x.elu(alpha: alpha) * gamma
    }
    parametric("HardSigmoid") { x, call in
      (x * (try call.float("alpha", 0.2)) + (try call.float("beta", 0.5))).clamp(0, 1)
    }
    parametric("ThresholdedRelu") { x, call in
      x.masked(by: x .> (try call.float("alpha", 1)))
    }
    parametric("Shrink") { x, call in
      let (lambda, bias) = (try call.float("lambd", 0.5), try call.float("bias", 0))
      return (x + bias).masked(by: x .< -lambda) + (x - bias).masked(by: x .> lambda)
    }
    parametric("Swish") { x, call in x * (x * (try call.float("alpha", 1))).sigmoid() }
    self["PRelu"] = { call in
      let x = try call.x(0)
      var slope = try call.x(1)
      if call.version < 7, slope.shape.rank == 1, x.shape.rank > 2 {
        // A slope for each channel.
        slope = slope.reshape(to: Shape([slope.shape[0]] + Array(repeating: 1, count: x.shape.rank - 2)))
      }
      try call.requireBroadcast(Array(slope.shape), to: Array(x.shape))
      return call.result(`where`(x .> 0, x, x * slope))
    }
  }
}

private func clipped<S: Scalar>(_ call: Call<S>) throws -> [GraphValue<S>] {
  let (low, high): (Double?, Double?)
  if call.version < 11 {
    (low, high) = (try call.float("min"), try call.float("max"))
  } else {
    (low, high) = (try call.number(1), try call.number(2))
  }
  if case .whole(let x) = try call.value(0).content {
    let values = x.values.map { value in
      let raised = low.map { Swift.max(value, Int(clamping: $0)) } ?? value
      return high.map { Swift.min(raised, Int(clamping: $0)) } ?? raised
    }
    return call.result(WholeNumbers(values, dims: x.dims))
  }
  var y = try call.x(0)
  if let low { y = y.maximum(low) }
  if let high { y = y.minimum(high) }
  return call.result(y)
}

extension Int {
  /// The whole number nearest to zero from a number, or the last that there is.
  init(clamping number: Double) {
    self = number >= 0x1p62 ? .max : number <= -0x1p62 ? .min : number.isNaN ? 0 : Int(number)
  }
}
