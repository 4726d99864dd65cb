import Adjoint
import AdjointLearning

/// Functions of PyTorch that are a few of ours, and those that give several results.
extension OpInfoTable {
  private static func several(_ name: String, _ call: @escaping (OpInfoCall) throws -> [Value]) -> OpInfoEntry {
    OpInfoEntry(name: name, isOwn: false, call: call)
  }

  static var compositions: [OpInfoEntry] { parts + joined + matrices + losses + numbers }

  // MARK: Parts

  private static var parts: [OpInfoEntry] {
    [
      made("flatten") {
        let (x, rank) = (try $0.x, try $0.x.shape.rank)
        guard rank > 0 else { return x.reshape(to: [1]) }
        let (from, to) = (try $0.int(1, "start_dim", 0), try $0.int(2, "end_dim", -1))
        let (first, last) = (from < 0 ? from + rank : from, to < 0 ? to + rank : to)
        let extents = Array(x.shape)
        return x.reshape(
          to: Shape(extents[..<first] + [extents[first...last].reduce(1, *)] + extents[(last + 1)...]))
      },
      made("squeeze") {
        let (x, rank) = (try $0.x, try $0.x.shape.rank)
        let axes = try $0.optionalInts(1, "dim")?.map { rank == 0 ? 0 : ($0 + rank) % rank }
        let kept = x.shape.indices.filter { x.shape[$0] != 1 || !(axes?.contains($0) ?? true) }
        return x.reshape(to: Shape(kept.map { x.shape[$0] }))
      },
      made("select") { call in
        guard let axis = try call.axis() else { throw OpInfoCall.LeftOut("a single number has no part") }
        let index = try call.int(2, "index")
        return part(try call.x, index < 0 ? index + (try call.x.shape[axis]) : index, axis)
      },
      several("unbind") { call in
        let x = try call.x
        guard let axis = try call.axis(1, "dim", usual: 0) else { throw OpInfoCall.LeftOut("a single number") }
        return (0..<x.shape[axis]).map { part(x, $0, axis) }
      },
      several("split") { call in
        let x = try call.x
        guard let axis = try call.axis(2, "dim", usual: 0) else { throw OpInfoCall.LeftOut("a single number") }
        let size = try call.int(1, "split_size")
        return stride(from: 0, to: x.shape[axis], by: size).map {
          x.slice($0..<min($0 + size, x.shape[axis]), axis: axis)
        }
      },
      several("chunk") { call in
        let x = try call.x
        guard let axis = try call.axis(2, "dim", usual: 0) else { throw OpInfoCall.LeftOut("a single number") }
        let chunks = try call.int(1, "chunks")
        let size = max((x.shape[axis] + chunks - 1) / chunks, 1)
        return stride(from: 0, to: x.shape[axis], by: size).map {
          x.slice($0..<min($0 + size, x.shape[axis]), axis: axis)
        }
      },
      made("movedim") { call in
        let rank = try call.x.shape.rank
        let places = { (list: [Int]) in list.map { $0 < 0 ? $0 + rank : $0 } }
        let (from, to) = (places(try call.list(1, "source")), places(try call.list(2, "destination")))
        var order = try call.x.shape.indices.filter { !from.contains($0) }
        for (axis, place) in zip(from, to).sorted(by: { $0.1 < $1.1 }) { order.insert(axis, at: place) }
        return try call.x.permute(order)
      },
      made("index_select") { call in
        let (x, index) = (try call.x, try call.tensor(2, "index"))
        guard let axis = try call.axis(1, "dim"), index.shape.rank == 1 else {
          throw OpInfoCall.LeftOut("an index without an axis")
        }
        let order = [axis] + x.shape.indices.filter { $0 != axis }
        var back = order
        for (place, axis) in order.enumerated() { back[axis] = place }
        return x.permute(order).gather(index).permute(back)
      },
    ]
  }

  private static func part(_ x: Value, _ index: Int, _ axis: Int) -> Value {
    x.slice(index..<index + 1, axis: axis).reshape(
      to: Shape(x.shape.indices.filter { $0 != axis }.map { x.shape[$0] }))
  }

  // MARK: Joined

  private static var joined: [OpInfoEntry] {
    [
      made("hstack") {
        let parts = try $0.tensors(0, "tensors").map { $0.shape.rank == 0 ? $0.reshape(to: [1]) : $0 }
        return concatenate(parts, axis: parts[0].shape.rank == 1 ? 0 : 1)
      },
      made("vstack") {
        concatenate(
          try $0.tensors(0, "tensors").map { $0.shape.rank < 2 ? $0.reshape(to: [1, $0.shape.elementCount]) : $0 })
      },
      made("tile") { try repeated($0.x, $0.ints(1, "dims")) },
      made("repeat") { try repeated($0.x, $0.ints(1, "repeats")) },
    ]
  }

  /// x as often as `counts` says along each axis; missing counts and axes stand in front.
  private static func repeated(_ x: Value, _ counts: [Int]) -> Value {
    let rank = max(counts.count, x.shape.rank)
    let counts = [Int](repeating: 1, count: rank - counts.count) + counts
    let own = [Int](repeating: 1, count: rank - x.shape.rank) + Array(x.shape)
    var y = x.reshape(to: Shape(own))
    for axis in 0..<rank where counts[axis] != 1 {
      y =
        counts[axis] == 0
        ? y.slice(0..<0, axis: axis) : concatenate(Array(repeating: y, count: counts[axis]), axis: axis)
    }
    return y
  }

  // MARK: Matrices

  private static var matrices: [OpInfoEntry] {
    [
      made("tril") { try triangle($0) { row, column, k in column - row <= k } },
      made("triu") { try triangle($0) { row, column, k in column - row >= k } },
      made("trace") { call in
        let x = try call.x
        return (x * mask(x, { $0 == $1 })).sum()
      },
      made("addr") { call in
        let (a, b) = (try call.tensor(1, "vec1"), try call.tensor(2, "vec2"))
        let outer = a.reshape(to: [a.shape[0], 1]) * b
        return try call.number(nil, "beta", 1) * call.x + call.number(nil, "alpha", 1) * outer
      },
      made("addmv") { call in
        let (a, v) = (try call.tensor(1, "mat"), try call.tensor(2, "vec"))
        let product = a.matmul(v.reshape(to: [v.shape[0], 1])).reshape(to: [a.shape[0]])
        return try call.number(nil, "beta", 1) * call.x + call.number(nil, "alpha", 1) * product
      },
      made("linalg.vecdot") {
        let (axis, product) = (try $0.int(nil, "dim", -1), try $0.x * $0.tensor(1, "other"))
        return product.sum(axes: [axis < 0 ? axis + product.shape.rank : axis])
      },
    ]
  }

  private static func mask(_ x: Value, _ isKept: (Int, Int) -> Bool) -> Value {
    let (rows, columns) = (x.shape[x.shape.rank - 2], x.shape[x.shape.rank - 1])
    return x.tape.constant(
      Tensor(
        shape: [rows, columns],
        elements: (0..<rows).flatMap { i in (0..<columns).map { isKept(i, $0) ? 1.0 : 0 } }))
  }

  private static func triangle(_ call: OpInfoCall, _ isKept: (Int, Int, Int) -> Bool) throws -> Value {
    let (x, k) = (try call.x, try call.int(1, "diagonal", 0))
    return `where`(mask(x) { isKept($0, $1, k) }, x, 0)
  }

  // MARK: Losses

  private static var losses: [OpInfoEntry] {
    [
      made("nn.functional.huber_loss") {
        let (d, delta) = (try $0.x - $0.tensor(1, "target"), try $0.number(nil, "delta", 1))
        return try reduced($0, `where`(d.abs() .<= delta, 0.5 * d.square(), delta * (d.abs() - 0.5 * delta)))
      },
      made("nn.functional.smooth_l1_loss") {
        let (d, beta) = (try $0.x - $0.tensor(1, "target"), try $0.number(nil, "beta", 1))
        guard beta > 0 else { return try reduced($0, d.abs()) }
        return try reduced($0, `where`(d.abs() .< beta, d.square() / (2 * beta), d.abs() - 0.5 * beta))
      },
      made("nn.functional.soft_margin_loss") { try reduced($0, (-($0.x * $0.tensor(1, "target"))).softplus()) },
      made("nn.functional.margin_ranking_loss") {
        let (a, b, target) = (try $0.x, try $0.tensor(1, "input2"), try $0.tensor(2, "target"))
        return try reduced($0, ($0.number(nil, "margin", 0) - target * (a - b)).relu())
      },
      made("nn.functional.hinge_embedding_loss") {
        let (x, target) = (try $0.x, try $0.tensor(1, "target"))
        let margin = try $0.number(nil, "margin", 1)
        return try reduced($0, `where`(target .!= 1, (margin - x).relu(), 0) + `where`(target .!= -1, x, 0))
      },
      made("nn.functional.poisson_nll_loss") {
        let (x, target, epsilon) = (try $0.x, try $0.tensor(1, "target"), try $0.number(nil, "eps", 1e-8))
        let isLog = $0.flag(nil, "log_input", true)
        let loss = isLog ? x.exp() - target * x : x - target * (x + epsilon).log()
        guard $0.flag(nil, "full") else { return try reduced($0, loss) }
        let rest = target * target.log() - target + 0.5 * (2 * Double.pi * target).log()
        return try reduced($0, loss + `where`(target .> 1, rest, 0))
      },
      made("nn.functional.binary_cross_entropy_with_logits") {
        let (x, target) = (try $0.x, try $0.tensor(1, "target"))
        let positive = try $0.optionalTensor(nil, "pos_weight")
        let loss =
          positive.map { (1 - target) * x + (1 + ($0 - 1) * target) * (-x).softplus() }
          ?? (x.softplus() - target * x)
        return try reduced($0, $0.optionalTensor(2, "weight").map { $0 * loss } ?? loss)
      },
      made("nn.functional.kl_div") {
        let (x, target) = (try $0.x, try $0.tensor(1, "target"))
        let loss =
          $0.flag(nil, "log_target")
          ? target.exp() * (target - x) : `where`(target .> 0, target * target.log(), 0) - target * x
        guard $0.word(nil, "reduction", "mean") == "batchmean" else { return try reduced($0, loss) }
        return loss.sum() / Double(x.shape.first ?? 1)
      },
      made("nn.functional.layer_norm") { call in
        let (x, count) = (try call.x, try call.ints(1, "normalized_shape").count)
        let axes = Array(x.shape.indices.suffix(count))
        let d = x - x.mean(axes: axes, keepingDimensions: true)
        let spread = x.variance(axes: axes, keepingDimensions: true) + (try call.number(4, "eps", 1e-5))
        let (weight, bias) = (try call.optionalTensor(2, "weight"), try call.optionalTensor(3, "bias"))
        let y = weight.map { d / spread.sqrt() * $0 } ?? (d / spread.sqrt())
        return bias.map { y + $0 } ?? y
      },
    ]
  }

  // MARK: Numbers

  private static var numbers: [OpInfoEntry] {
    [
      made("hypot") { try ($0.x.square() + $0.other.square()).sqrt() },
      made("logaddexp") {
        let (a, b) = (try $0.x, try $0.other)
        return a.maximum(b) + (-(a - b).abs()).exp().log1p()
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
      made("nn.functional.hardshrink") {
        let (x, limit) = (try $0.x, try $0.number(1, "lambd", 0.5))
        return `where`(x.abs() .<= limit, 0, x)
      },
      made("nn.functional.softshrink") {
        let (x, limit) = (try $0.x, try $0.number(1, "lambd", 0.5))
        return `where`(x .> limit, x - limit, `where`(x .< -limit, x + limit, 0))
      },
      made("nn.functional.hardswish") {
        let x = try $0.x
        return x * (x + 3).clamp(0, 6) / 6
      },
      made("nn.functional.glu") { call in
        let x = try call.x
        guard let axis = try call.axis(1, "dim", usual: -1) else { throw OpInfoCall.LeftOut("a single number") }
        let half = x.shape[axis] / 2
        return x.slice(0..<half, axis: axis) * x.slice(half..<2 * half, axis: axis).sigmoid()
      },
      several("var_mean") {
        let correction = try $0.int(nil, "correction", $0.flag(nil, "unbiased", true) ? 1 : 0)
        let (axes, keeps) = (try $0.axes(), $0.flag(nil, "keepdim"))
        return [
          try $0.x.variance(axes: axes, keepingDimensions: keeps, correction: correction),
          try $0.x.mean(axes: axes, keepingDimensions: keeps),
        ]
      },
      several("std_mean") {
        let correction = try $0.int(nil, "correction", $0.flag(nil, "unbiased", true) ? 1 : 0)
        let (axes, keeps) = (try $0.axes(), $0.flag(nil, "keepdim"))
        return [
          try $0.x.variance(axes: axes, keepingDimensions: keeps, correction: correction).sqrt(),
          try $0.x.mean(axes: axes, keepingDimensions: keeps),
        ]
      },
    ]
  }
}
