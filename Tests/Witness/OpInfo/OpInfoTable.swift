import Adjoint
import AdjointLearning

/// The functions of PyTorch that exist here: a line each, by the name that `OpInfo` has for it.
///
/// `own` calls one function of ours; `made` is a composition. An argument that a line does not ask for leaves a sample out.
enum OpInfoTable {
  static var all: [OpInfoEntry] { elementary + arithmetic + reductions + shaping + products + layers + compositions }

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
      ("log1p", { $0.log1p() }), ("sqrt", { $0.sqrt() }), ("square", { $0.square() }), ("neg", { -$0 }),
      ("reciprocal", { $0.reciprocal() }), ("sign", { $0.sign() }), ("sin", { $0.sin() }), ("cos", { $0.cos() }),
      ("atan", { $0.atan() }), ("tanh", { $0.tanh() }), ("sigmoid", { $0.sigmoid() }), ("erf", { $0.erf() }),
      ("nn.functional.relu", { $0.relu() }), ("nn.functional.silu", { $0.silu() }),
      ("special.ndtr", { $0.normalDistribution() }),
    ]
    let composed: [(String, (Value) -> Value)] = [
      ("rsqrt", { $0.sqrt().reciprocal() }), ("positive", { $0 }), ("clone", { $0.reshape(to: $0.shape) }),
      ("exp2", { ($0 * 2.0.logarithm).exp() }), ("deg2rad", { $0 * (Double.pi / 180) }),
      ("rad2deg", { $0 * (180 / Double.pi) }), ("nn.functional.relu6", { $0.clamp(0, 6) }),
      ("nn.functional.logsigmoid", { -(-$0).softplus() }), ("nn.functional.softsign", { $0 / (1 + $0.abs()) }),
      ("nn.functional.tanhshrink", { $0 - $0.tanh() }), ("sgn", { $0.sign() }), ("erfc", { 1 - $0.erf() }),
      ("nn.functional.hardsigmoid", { ($0 / 6 + 0.5).clamp(0, 1) }),
    ]
    return plain.map { name, f in own(name) { f(try $0.x) } } + composed.map { name, f in made(name) { f(try $0.x) } }
      + [
        own("nn.functional.gelu") {
          guard $0.word(1, "approximate", "none") == "none" else { throw OpInfoCall.LeftOut("gelu by tanh") }
          return try $0.x.gelu()
        },
        own("nn.functional.elu") { try $0.x.elu(alpha: $0.number(1, "alpha", 1)) },
        own("nn.functional.leaky_relu") { try $0.x.leakyRelu(slope: $0.number(1, "negative_slope", 0.01)) },
        made("nn.functional.celu") {
          let (x, alpha) = (try $0.x, try $0.number(1, "alpha", 1))
          return (x / alpha).elu() * alpha
        },
        made("nn.functional.selu") {
          let (alpha, scale) = (1.6732632423543772848170429916717, 1.0507009873554804934193349852946)
          return try $0.x.elu(alpha: alpha) * scale
        },
        made("nn.functional.softplus") {
          let (x, beta) = (try $0.x, try $0.number(1, "beta", 1))
          let threshold = try $0.number(2, "threshold", 20)
          return `where`(x * beta .> $0.tape.constant(threshold), x, (x * beta).softplus() / beta)
        },
        own("nn.functional.hardtanh") { try $0.x.clamp($0.number(1, "min_val", -1), $0.number(2, "max_val", 1)) },
        made("nn.functional.threshold") {
          let x = try $0.x
          return try `where`(x .> $0.tape.constant($0.number(1, "threshold", 0)), x, $0.number(2, "value", 0))
        },
      ]
  }

  // MARK: Two arguments and more

  private static var arithmetic: [OpInfoEntry] {
    [
      own("add") { try $0.x + $0.other * $0.number(nil, "alpha", 1) },
      own("sub") { try $0.x - $0.other * $0.number(nil, "alpha", 1) },
      own("mul") { try $0.x * $0.other },
      own("div") {
        guard $0.word(nil, "rounding_mode", "") == "" else { throw OpInfoCall.LeftOut("division with rounding") }
        return try $0.x / $0.other
      },
      own("true_divide") { try $0.x / $0.other },
      own("__radd__") { try $0.other + $0.x },
      own("__rmul__") { try $0.other * $0.x },
      own("__rsub__") { try $0.other - $0.x },
      own("__rdiv__") { try $0.other / $0.x },
      made("rsub") { try $0.other - $0.x * $0.number(nil, "alpha", 1) },
      own("pow") {
        guard let p = try $0.optionalNumber(1, "exponent") else { throw OpInfoCall.LeftOut("exponent is missing") }
        return try $0.x.power(p)
      },
      own("maximum") { try $0.x.maximum($0.other) },
      own("minimum") { try $0.x.minimum($0.other) },
      made("fmax") { try $0.x.maximum($0.other) },
      made("fmin") { try $0.x.minimum($0.other) },
      own("lt") { try $0.x .< $0.other },
      own("le") { try $0.x .<= $0.other },
      own("gt") { try $0.x .> $0.other },
      own("ge") { try $0.x .>= $0.other },
      own("eq") { try $0.x .== $0.other },
      own("ne") { try $0.x .!= $0.other },
      own("where") { try `where`($0.tensor(1, "condition"), $0.x, $0.operand(2, "other")) },
      made("masked_fill") { try `where`($0.tensor(1, "mask"), $0.operand(2, "value"), $0.x) },
      own("clamp") {
        let (low, high) = (try $0.optionalNumber(1, "min"), try $0.optionalNumber(2, "max"))
        return try $0.x.clamp(low ?? -.infinity, high ?? .infinity)
      },
      made("clamp_min") { try $0.x.maximum($0.operand(1, "min")) },
      made("clamp_max") { try $0.x.minimum($0.operand(1, "max")) },
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

  // MARK: Reductions, and along an axis

  private static var reductions: [OpInfoEntry] {
    [
      own("sum") { try $0.x.sum(axes: $0.axes(), keepingDimensions: $0.flag(2, "keepdim")) },
      own("mean") { try $0.x.mean(axes: $0.axes(), keepingDimensions: $0.flag(2, "keepdim")) },
      own("amax") { try $0.x.max(axes: $0.axes(), keepingDimensions: $0.flag(2, "keepdim")) },
      own("amin") { try $0.x.min(axes: $0.axes(), keepingDimensions: $0.flag(2, "keepdim")) },
      own("var") {
        let correction = $0.flag(nil, "unbiased", true) ? 1 : 0
        return try $0.x.variance(
          axes: $0.axes(), keepingDimensions: $0.flag(nil, "keepdim"),
          correction: $0.int(nil, "correction", correction))
      },
      made("std") {
        let correction = $0.flag(nil, "unbiased", true) ? 1 : 0
        return try $0.x.variance(
          axes: $0.axes(), keepingDimensions: $0.flag(nil, "keepdim"),
          correction: $0.int(nil, "correction", correction)
        ).sqrt()
      },
      own("softmax") { call in try along(call) { $0.softmax() } },
      own("log_softmax") { call in try along(call) { $0.logSoftmax() } },
      made("nn.functional.softmin") { call in try along(call) { (-$0).softmax() } },
      own("logsumexp") { call in
        let (x, keeps) = (try call.x, call.flag(2, "keepdim"))
        guard let axes = try call.axes() else { return x }
        guard axes.count == 1 else { throw OpInfoCall.LeftOut("log-sum-exp over several axes") }
        let order = x.shape.indices.filter { $0 != axes[0] } + axes
        let y = x.permute(order).logSumExp()
        return keeps ? y.reshape(to: x.shape.replacingExtent(axes[0], by: 1)) : y
      },
      own("cumsum") {
        guard let axis = try $0.axis() else { return try $0.x }
        return try $0.x.cumsum(axis: axis)
      },
    ]
  }

  /// A function of the last axis, along any other.
  private static func along(_ call: OpInfoCall, _ f: (Value) -> Value) throws -> Value {
    let x = try call.x
    guard let axis = try call.axis() else { return f(x.reshape(to: [1])).reshape(to: []) }
    let order = x.shape.indices.filter { $0 != axis } + [axis]
    var back = order
    for (place, axis) in order.enumerated() { back[axis] = place }
    return f(x.permute(order)).permute(back)
  }

  // MARK: Other shapes and places

  private static var shaping: [OpInfoEntry] {
    func reshaped(_ name: String) -> OpInfoEntry {
      own(name) { try $0.x.reshape(to: $0.x.shape.filled($0.ints(1, "shape"))) }
    }
    return [
      reshaped("reshape"), reshaped("view"), reshaped("view_copy"),
      own("reshape_as") { try $0.x.reshape(to: $0.tensor(1, "other").shape) },
      own("view_as") { try $0.x.reshape(to: $0.tensor(1, "other").shape) },
      own("ravel") { try $0.x.reshape(to: [$0.x.shape.elementCount]) },
      own("permute") { try $0.x.permute($0.ints(1, "dims").map { [r = try $0.x.shape.rank] in $0 < 0 ? $0 + r : $0 }) },
      own("transpose") { call in
        let x = try call.x
        guard x.shape.rank > 0 else {
          _ = (try call.int(1, "dim0"), try call.int(2, "dim1"))
          return x
        }
        guard let a = try call.axis(1, "dim0"), let b = try call.axis(2, "dim1") else { return x }
        var order = Array(x.shape.indices)
        order.swapAt(a, b)
        return x.permute(order)
      },
      own("t") { try $0.x.shape.rank < 2 ? $0.x : $0.x.transpose() },
      own("mT") { call in
        let x = try call.x
        var order = Array(x.shape.indices)
        order.swapAt(order.count - 1, order.count - 2)
        return x.permute(order)
      },
      own("unsqueeze") {
        let (x, axis) = (try $0.x, try $0.int(1, "dim"))
        var extents = Array(x.shape)
        extents.insert(1, at: axis < 0 ? axis + extents.count + 1 : axis)
        return x.reshape(to: Shape(extents))
      },
      own("expand") { call in
        let x = try call.x
        let sizes = try call.ints(1, "sizes")
        let missing = sizes.count - x.shape.rank
        return x.broadcast(to: Shape(sizes.enumerated().map { $1 < 0 ? x.shape[$0 - missing] : $1 }))
      },
      own("broadcast_to") { try $0.x.broadcast(to: Shape($0.ints(1, "size"))) },
      own("expand_as") { try $0.x.broadcast(to: $0.tensor(1, "other").shape) },
      own("narrow") {
        let (x, length) = (try $0.x, try $0.int(3, "length"))
        guard let axis = try $0.axis() else { throw OpInfoCall.LeftOut("a single number has no part") }
        let start = try $0.int(2, "start")
        let first = start < 0 ? start + x.shape[axis] : start
        return x.slice(first..<first + length, axis: axis)
      },
      own("cat") { call in
        let parts = try call.tensors(0, "tensors")
        guard Set(parts.map(\.shape.rank)).count == 1 else { throw OpInfoCall.LeftOut("parts of several ranks") }
        return concatenate(parts, axis: try call.int(1, "dim", 0))
      },
      own("stack") { call in
        let parts = try call.tensors(0, "tensors")
        return stack(parts, axis: try call.int(1, "dim", 0))
      },
    ]
  }

  // MARK: Products

  private static var products: [OpInfoEntry] {
    [
      own("mm") { try $0.x.matmul($0.tensor(1, "mat2")) },
      own("matmul") {
        let (a, b) = (try $0.x, try $0.other)
        guard a.shape.rank == 2, b.shape.rank == 2 else { throw OpInfoCall.LeftOut("a product of other ranks") }
        return a.matmul(b)
      },
      made("addmm") {
        let product = try $0.tensor(1, "mat1").matmul($0.tensor(2, "mat2"))
        return try $0.number(nil, "beta", 1) * $0.x + $0.number(nil, "alpha", 1) * product
      },
      made("mv") { call in
        let (a, v) = (try call.x, try call.tensor(1, "vec"))
        return a.matmul(v.reshape(to: [v.shape[0], 1])).reshape(to: [a.shape[0]])
      },
      made("outer") { call in
        let (a, b) = (try call.x, try call.tensor(1, "vec2"))
        return a.reshape(to: [a.shape[0], 1]) * b
      },
      made("dot") { try ($0.x * $0.tensor(1, "tensor")).sum() },
    ]
  }

  // MARK: Layers and losses

  private static var layers: [OpInfoEntry] {
    [
      made("nn.functional.linear") { call in
        let (x, weight) = (try call.x, try call.tensor(1, "weight"))
        guard x.shape.rank == 2, weight.shape.rank == 2 else { throw OpInfoCall.LeftOut("a layer on another rank") }
        let product = x.matmul(weight, transposeB: true)
        return try call.optionalTensor(2, "bias").map { product + $0 } ?? product
      },
      made("nn.functional.mse_loss") { call in try reduced(call, (call.x - call.tensor(1, "target")).square()) },
      made("nn.functional.l1_loss") { call in try reduced(call, (call.x - call.tensor(1, "target")).abs()) },
    ]
  }

  static func reduced(_ call: OpInfoCall, _ losses: Value) throws -> Value {
    switch call.word(nil, "reduction", "mean") {
    case "mean": losses.mean()
    case "sum": losses.sum()
    case "none": losses
    case let other: throw OpInfoCall.LeftOut("reduction \(other)")
    }
  }
}

extension Shape {
  fileprivate func replacingExtent(_ axis: Int, by extent: Int) -> Shape {
    Shape(indices.map { $0 == axis ? extent : self[$0] })
  }

  /// These extents, with what is left in place of −1.
  fileprivate func filled(_ extents: [Int]) -> Shape {
    let known = extents.filter { $0 >= 0 }.reduce(1, *)
    return Shape(extents.map { $0 >= 0 ? $0 : known == 0 ? 0 : elementCount / known })
  }
}

extension Double {
  fileprivate var logarithm: Double { Double.logarithm(self) }
}
