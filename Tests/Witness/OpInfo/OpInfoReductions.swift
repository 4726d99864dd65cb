import Adjoint
import AdjointLearning

/// Functions that take numbers together, or put them in order.
extension OpInfoTable {
  private typealias Spread = (axes: [Int]?, keeps: Bool, correction: Double)

  /// The arguments of a variance, of which `True` in place of the axes says that it is unbiased.
  private static func spread(_ call: OpInfoCall) throws -> Spread {
    let unbiased = call.isFlag(1) ? call.flag(1, "unbiased") : call.flag(nil, "unbiased", true)
    return (
      call.isFlag(1) ? nil : try call.axes(), call.flag(nil, "keepdim"),
      try call.number(nil, "correction", unbiased ? 1 : 0)
    )
  }

  private static func variance(_ call: OpInfoCall) throws -> Value {
    let (x, spread) = (try call.x, try spread(call))
    if let correction = Int(exactly: spread.correction) {
      return x.variance(axes: spread.axes, keepingDimensions: spread.keeps, correction: correction)
    }
    // A correction that is no whole number.
    let count = Double((spread.axes ?? Array(x.shape.indices)).map { x.shape[$0] }.reduce(1, *))
    return call.composed { x.variance(axes: spread.axes, keepingDimensions: spread.keeps) }
      * (count / (count - spread.correction))
  }

  private static func deviation(_ call: OpInfoCall) throws -> Value {
    let (x, spread) = (try call.x, try spread(call))
    guard let correction = Int(exactly: spread.correction) else { return try variance(call).sqrt() }
    return x.standardDeviation(axes: spread.axes, keepingDimensions: spread.keeps, correction: correction)
  }

  private static func mean(_ call: OpInfoCall) throws -> Value {
    let spread = try spread(call)
    return try call.x.mean(axes: spread.axes, keepingDimensions: spread.keeps)
  }

  static var reductions: [OpInfoEntry] {
    func reduction(_ name: String, _ f: @escaping (Value, [Int]?, Bool) -> Value) -> OpInfoEntry {
      own(name) { f(try $0.x, try $0.axes(), $0.flag(2, "keepdim")) }
    }
    func along(_ name: String, _ f: @escaping (Value, Int) -> Value) -> OpInfoEntry {
      own(name) { call in
        let (x, axis) = (try call.x, try call.axis(1, "dim"))
        // A single number is a vector of one.
        return axis.map { f(x, $0) } ?? f(x.reshape(to: [1]), 0).reshape(to: [])
      }
    }
    func norm(_ name: String, _ order: String) -> OpInfoEntry {
      own(name) {
        let (x, axes, power) = (try $0.x, try $0.axes(2, "dim"), try $0.normOrder(1, order))
        // PyTorch's order of a matrix is one of singular values, or of rows and columns.
        guard name != "linalg.norm" || power == nil || (axes?.count ?? x.shape.rank) != 2 else {
          throw OpInfoCall.LeftOut("a norm of matrices")
        }
        return x.norm(order: power ?? 2, axes: axes, keepingDimensions: $0.flag(3, "keepdim"))
      }
    }
    return [
      reduction("sum") { $0.sum(axes: $1, keepingDimensions: $2) },
      reduction("mean") { $0.mean(axes: $1, keepingDimensions: $2) },
      reduction("amax") { $0.max(axes: $1, keepingDimensions: $2) },
      reduction("amin") { $0.min(axes: $1, keepingDimensions: $2) },
      reduction("prod") { $0.prod(axes: $1, keepingDimensions: $2) },
      reduction("logsumexp") { $0.logSumExp(axes: $1 ?? Array($0.shape.indices), keepingDimensions: $2) },
      own("max reduction_no_dim") { try $0.x.max() }, own("min reduction_no_dim") { try $0.x.min() },
      own("var", variance), own("var unbiased", variance), own("std", deviation), own("std unbiased", deviation),
      norm("norm", "p"), norm("norm fro", "p"), norm("norm inf", "p"), norm("linalg.norm", "ord"),
      norm("linalg.vector_norm", "ord"),
      made("dist") { try ($0.x - $0.other).norm(order: $0.normOrder(2, "p") ?? 2) },
      own("nn.functional.normalize") { call in
        let x = try call.x
        let (order, epsilon) = (try call.normOrder(1, "p") ?? 2, try call.number(3, "eps", 1e-12))
        guard let axis = try call.axis(2, "dim", usual: 1) else {
          return x.reshape(to: [1]).normalize(axis: 0, order: order, epsilon: epsilon).reshape(to: [])
        }
        return x.normalize(axis: axis, order: order, epsilon: epsilon)
      },
      along("softmax") { $0.softmax(axis: $1) }, along("log_softmax") { $0.logSoftmax(axis: $1) },
      along("softmax with_dtype") { $0.softmax(axis: $1) },
      along("log_softmax with_dtype") { $0.logSoftmax(axis: $1) },
      along("nn.functional.softmin") { $0.softmin(axis: $1) },
      along("cumsum") { $0.cumsum(axis: $1) }, along("cumprod") { $0.cumprod(axis: $1) },
      own("sum_to_size") { try $0.x.sum(to: Shape($0.ints(1, "size"))) },
    ]
  }

  // MARK: Order

  static var ordered: [OpInfoEntry] {
    func place(_ name: String, _ f: @escaping (Value, Int) -> Value) -> OpInfoEntry {
      own(name) { call in
        let (x, keeps) = (try call.x, call.flag(2, "keepdim"))
        guard let axis = try call.optionalInt(1, "dim") else { return f(call.composed { x.flatten(from: 0) }, 0) }
        guard x.shape.rank > 0 else { return f(x.reshape(to: [1]), 0) }
        let y = f(x, axis)
        return keeps ? call.composed { y.asNumbers().unsqueeze(axis: axis < 0 ? axis + x.shape.rank : axis) } : y
      }
    }
    func sorting(_ call: OpInfoCall) throws -> (x: Value, axis: Int, isDescending: Bool) {
      let x = try call.x
      _ = call.flag(nil, "stable")
      let (axis, isDescending) = (try call.int(1, "dim", -1), call.flag(2, "descending"))
      return (x.shape.rank == 0 ? x.reshape(to: [1]) : x, axis, isDescending)
    }
    func extremum(_ name: String, _ f: @escaping (Value, Int) -> [Value]) -> OpInfoEntry {
      OpInfoEntry(name: name, isOwn: false) { call in
        let (x, axis, keeps) = (try call.x, try call.int(1, "dim"), call.flag(2, "keepdim"))
        guard x.shape.rank > 0 else { return f(x.reshape(to: [1]), 0).map { $0.numbers.reshape(to: []) } }
        return f(x, axis).map(\.numbers).map { keeps ? $0.unsqueeze(axis: axis < 0 ? axis + x.shape.rank : axis) : $0 }
      }
    }
    return [
      place("argmax") { $0.argMax(axis: $1) }, place("argmin") { $0.argMin(axis: $1) },
      own("argsort") {
        let (x, axis, isDescending) = try sorting($0)
        let order = x.argSort(axis: axis, descending: isDescending)
        return try $0.x.shape.rank == 0 ? order.asNumbers().reshape(to: []) : order
      },
      own("msort") { try $0.x.shape.rank == 0 ? $0.x : $0.x.sort(axis: 0) },
      OpInfoEntry(name: "sort", isOwn: false) {
        let (x, axis, isDescending) = try sorting($0)
        let order = x.argSort(axis: axis, descending: isDescending)
        let shape = try $0.x.shape
        return [x.sort(axis: axis, descending: isDescending).reshape(to: shape), order.asNumbers().reshape(to: shape)]
      },
      OpInfoEntry(name: "topk", isOwn: true) { call in
        let (x, count, axis) = (try call.x, try call.int(1, "k"), try call.int(2, "dim", -1))
        let isLargest = call.flag(3, "largest", true)
        _ = call.flag(4, "sorted", true)
        if !isLargest { _ = call.composed() }
        guard x.shape.rank > 0 else {
          let (y, indices) = x.reshape(to: [1]).topK(count)
          return [y.reshape(to: []), indices.asNumbers().reshape(to: [])]
        }
        let (y, indices) = (isLargest ? x : -x).topK(count, axis: axis)
        return [isLargest ? y : -y, indices]
      },
      extremum("max reduction_with_dim") { [$0.max(axis: $1), $0.argMax(axis: $1)] },
      extremum("min reduction_with_dim") { [$0.min(axis: $1), $0.argMin(axis: $1)] },
    ]
  }

  // MARK: Several results

  static var several: [OpInfoEntry] {
    func both(_ name: String, _ f: @escaping (OpInfoCall) throws -> Value) -> OpInfoEntry {
      OpInfoEntry(name: name, isOwn: false) { [try f($0), try mean($0)] }
    }
    return [
      both("var_mean", variance), both("var_mean unbiased", variance), both("std_mean", deviation),
      both("std_mean unbiased", deviation),
      OpInfoEntry(name: "aminmax", isOwn: false) {
        let (x, axes, keeps) = (try $0.x, try $0.axes(nil, "dim"), $0.flag(nil, "keepdim"))
        return [x.min(axes: axes, keepingDimensions: keeps), x.max(axes: axes, keepingDimensions: keeps)]
      },
    ]
  }
}
