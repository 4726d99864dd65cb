import Adjoint
import AdjointLearning

/// The functions of PyTorch that exist here: a line each, by the name that `OpInfo` has for it, or the name and the variant.
///
/// `own` calls one function of ours, with its options. That images have their channels last here, that a scalar is a vector of
/// one, and that a number stands for a tensor of one element, is a matter of layout. `made` is a composition of several
/// functions; so is a call of an `own` line that says `composed()` on its way. An argument that a line does not ask for leaves a
/// sample out.
enum OpInfoTable {
  static var all: [OpInfoEntry] {
    elementary + activations + arithmetic + reductions + ordered + shaping + parts + joined + products + matrices
      + windows + layers + losses + several
  }

  typealias Value = Variable<Double>

  static func own(_ name: String, _ call: @escaping (OpInfoCall) throws -> Value) -> OpInfoEntry {
    OpInfoEntry(name: name, isOwn: true) { [try call($0)] }
  }
  static func made(_ name: String, _ call: @escaping (OpInfoCall) throws -> Value) -> OpInfoEntry {
    OpInfoEntry(name: name, isOwn: false) { [try call($0)] }
  }

  // MARK: One argument

  private static var elementary: [OpInfoEntry] {
    let plain: [(String, (Value) -> Value)] = [
      ("abs", { $0.abs() }), ("exp", { $0.exp() }), ("expm1", { $0.expm1() }), ("log", { $0.log() }),
      ("log1p", { $0.log1p() }), ("log2", { $0.log2() }), ("log10", { $0.log10() }), ("exp2", { $0.exp2() }),
      ("sqrt", { $0.sqrt() }), ("square", { $0.square() }), ("neg", { -$0 }), ("reciprocal", { $0.reciprocal() }),
      ("sign", { $0.sign() }), ("sin", { $0.sin() }), ("cos", { $0.cos() }), ("tan", { $0.tan() }),
      ("asin", { $0.asin() }), ("acos", { $0.acos() }), ("atan", { $0.atan() }), ("sinh", { $0.sinh() }),
      ("cosh", { $0.cosh() }), ("tanh", { $0.tanh() }), ("asinh", { $0.asinh() }), ("acosh", { $0.acosh() }),
      ("atanh", { $0.atanh() }), ("sigmoid", { $0.sigmoid() }), ("erf", { $0.erf() }), ("erfc", { $0.erfc() }),
      ("lgamma", { $0.lgamma() }), ("digamma", { $0.digamma() }), ("floor", { $0.floor() }), ("ceil", { $0.ceil() }),
      ("trunc", { $0.trunc() }), ("special.ndtr", { $0.normalDistribution() }),
    ]
    let composed: [(String, (Value) -> Value)] = [
      ("rsqrt", { $0.sqrt().reciprocal() }), ("positive", { $0 }), ("clone", { $0.reshape(to: $0.shape) }),
      ("deg2rad", { $0 * (Double.pi / 180) }), ("rad2deg", { $0 * (180 / Double.pi) }), ("sgn", { $0.sign() }),
      ("frac", { $0 - $0.trunc() }), ("special.entr", { -$0.xlogy($0) }),
    ]
    return plain.map { name, f in own(name) { f(try $0.x) } } + composed.map { name, f in made(name) { f(try $0.x) } }
      + [
        own("round") {
          let decimals = try $0.int(nil, "decimals", 0)
          guard decimals != 0 else { return try $0.x.round() }
          let scale = (0..<abs(decimals)).reduce(1.0) { power, _ in power * 10 }
          let x = try $0.composed().x
          return decimals > 0 ? (x * scale).round() / scale : (x / scale).round() * scale
        },
        made("logit") {
          let (x, epsilon) = (try $0.x, try $0.optionalNumber(1, "eps"))
          let p = epsilon.map { x.clamp($0, 1 - $0) } ?? x
          return (p / (1 - p)).log()
        },
        made("sinc") {
          let z = try $0.x * Double.pi
          let isZero = z .== 0
          let safe = `where`(isZero, 1, z)
          return `where`(isZero, 1, safe.sin() / safe)
        },
      ]
      + (0..<5).map { order in
        own("polygamma polygamma_n_\(order)") { try $0.x.polygamma(order: $0.int(1, "n")) }
      } + [own("special.polygamma special_polygamma_n_0") { try $0.x.polygamma(order: $0.int(1, "n")) }]
  }

  private static var activations: [OpInfoEntry] {
    let plain: [(String, (Value) -> Value)] = [
      ("relu", { $0.relu() }), ("silu", { $0.silu() }), ("mish", { $0.mish() }), ("relu6", { $0.relu6() }),
      ("selu", { $0.selu() }), ("hardsigmoid", { $0.hardSigmoid() }), ("hardswish", { $0.hardSwish() }),
      ("logsigmoid", { $0.logSigmoid() }), ("softsign", { $0.softsign() }), ("tanhshrink", { $0.tanhShrink() }),
    ]
    return plain.map { name, f in own("nn.functional." + name) { f(try $0.x) } } + [
      own("nn.functional.gelu") {
        $0.word(1, "approximate", "none") == "tanh" ? try $0.x.geluTanh() : try $0.x.gelu()
      },
      own("nn.functional.elu") { try $0.x.elu(alpha: $0.number(1, "alpha", 1)) },
      own("nn.functional.celu") { try $0.x.celu(alpha: $0.number(1, "alpha", 1)) },
      own("nn.functional.leaky_relu") { try $0.x.leakyRelu(slope: $0.number(1, "negative_slope", 0.01)) },
      own("nn.functional.hardtanh") { try $0.x.clamp($0.number(1, "min_val", -1), $0.number(2, "max_val", 1)) },
      own("nn.functional.softshrink") { try $0.x.softShrink($0.number(1, "lambd", 0.5)) },
      own("nn.functional.hardshrink") { try $0.x.hardShrink($0.number(1, "lambd", 0.5)) },
      own("nn.functional.threshold") {
        try $0.x.threshold($0.number(1, "threshold", 0), $0.number(2, "value", 0))
      },
      own("nn.functional.prelu") { call in
        let (x, slope) = (try call.x, try call.tensor(1, "weight"))
        // A slope for each channel, the second axis.
        guard slope.shape.elementCount > 1 else { return x.prelu(slope: slope.reshape(to: [])) }
        guard x.shape.rank > 2 else { return x.prelu(slope: slope) }
        return x.prelu(slope: slope.reshape(to: Shape([slope.shape[0]] + x.shape.dropFirst(2).map { _ in 1 })))
      },
      made("nn.functional.softplus") {
        let (x, beta) = (try $0.x, try $0.number(1, "beta", 1))
        let threshold = try $0.number(2, "threshold", 20)
        return `where`(x * beta .> $0.tape.constant(threshold), x, (x * beta).softplus() / beta)
      },
      made("nn.functional.glu") { call in
        let x = try call.x
        guard let axis = try call.axis(1, "dim", usual: -1) else { throw OpInfoCall.LeftOut("a single number") }
        let halves = x.chunk(2, axis: axis)
        return halves[0] * halves[1].sigmoid()
      },
    ]
  }

  // MARK: Two arguments and more

  private static var arithmetic: [OpInfoEntry] {
    func power(_ name: String) -> OpInfoEntry {
      own(name) {
        if let p = try? $0.optionalNumber(1, "exponent") { return try $0.x.power(p) }
        return try $0.x.pow($0.operand(1, "exponent"))
      }
    }
    func quotient(_ name: String, _ round: @escaping (Value) -> Value) -> OpInfoEntry {
      made(name) {
        _ = $0.word(nil, "rounding_mode", "")
        return round(try $0.x / $0.other)
      }
    }
    func scaled(_ call: OpInfoCall) throws -> Value {
      let alpha = try call.number(nil, "alpha", 1)
      return try alpha == 1 ? call.other : call.composed().other * alpha
    }
    let comparisons: [(String, (Value, Value) -> Value)] = [
      ("lt", { $0 .< $1 }), ("le", { $0 .<= $1 }), ("gt", { $0 .> $1 }), ("ge", { $0 .>= $1 }), ("eq", { $0 .== $1 }),
      ("ne", { $0 .!= $1 }), ("maximum", { $0.maximum($1) }), ("minimum", { $0.minimum($1) }),
      ("max binary", { $0.maximum($1) }), ("min binary", { $0.minimum($1) }), ("atan2", { $0.atan2($1) }),
      ("hypot", { $0.hypot($1) }), ("remainder", { $0.remainder($1) }), ("__rmod__", { $1.remainder($0) }),
      ("xlogy", { $0.xlogy($1) }), ("logaddexp", { $0.logAddExp($1) }), ("true_divide", { $0 / $1 }),
      ("mul", { $0 * $1 }), ("__radd__", { $1 + $0 }), ("__rmul__", { $1 * $0 }), ("__rsub__", { $1 - $0 }),
      ("__rdiv__", { $1 / $0 }), ("__rpow__", { $1.pow($0) }),
    ]
    return comparisons.map { name, f in own(name) { f(try $0.x, try $0.other) } } + [
      own("add") { try $0.x + scaled($0) },
      own("sub") { try $0.x - scaled($0) },
      own("rsub") { call in
        let alpha = try call.number(nil, "alpha", 1)
        return try alpha == 1 ? call.other - call.x : call.other - call.composed().x * alpha
      },
      own("div no_rounding_mode") { try $0.x / $0.other },
      quotient("div floor_rounding") { $0.floor() }, quotient("div trunc_rounding") { $0.trunc() },
      quotient("floor_divide") { $0.floor() },
      power("pow"), power("float_power"),
      made("fmax") { try $0.x.maximum($0.other) },
      made("fmin") { try $0.x.minimum($0.other) },
      made("special.xlog1py") { try $0.x.xlogy(1 + $0.other) },
      own("where") { try `where`($0.tensor(1, "condition"), $0.x, $0.operand(2, "other")) },
      own("masked_fill") { try `where`($0.tensor(1, "mask"), $0.operand(2, "value"), $0.x) },
      own("clamp") {
        try $0.x.clamp(min: $0.optionalOperand(1, "min"), max: $0.optionalOperand(2, "max"))
      },
      own("clamp_min") { try $0.x.clamp(min: $0.operand(1, "min")) },
      own("clamp_max") { try $0.x.clamp(max: $0.operand(1, "max")) },
      made("addcmul") {
        try $0.x + $0.number(nil, "value", 1) * ($0.operand(1, "tensor1") * $0.operand(2, "tensor2"))
      },
      made("addcdiv") {
        try $0.x + $0.number(nil, "value", 1) * ($0.operand(1, "tensor1") / $0.operand(2, "tensor2"))
      },
      made("lerp") {
        let x = try $0.x
        return try x + $0.operand(2, "weight") * ($0.operand(1, "end") - x)
      },
    ]
  }
}
