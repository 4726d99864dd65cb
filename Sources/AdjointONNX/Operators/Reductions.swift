import Adjoint

// Sums and the like over axes, and what follows an order.

extension OperatorTable {
  /// A reduction, whose axes are an attribute or, later, an operand.
  private mutating func reduction(
    _ name: String, axesAreOperandSince version: Int = 18, needsElements: Bool = false, whole: (([Int]) -> Int)? = nil,
    numbers f: @escaping (Variable<S>, [Int], Bool) -> Variable<S>
  ) {
    self[name] = { call in
      let given = call.version >= version ? try call.optionalInts(1) : try call.ints("axes")
      let (x, keeps) = (try call.value(0), try call.int("keepdims", 1) == 1)
      let dims = x.dims ?? []
      var axes = Array(dims.indices)
      if let given, !given.isEmpty {
        axes = try given.map { try call.axis($0, rank: dims.count) }
        try call.require(Set(axes).count == axes.count, "axes that differ", "\(given)")
      } else if try call.int("noop_with_empty_axes", 0) == 1 {
        axes = []
      }
      if let whole, case .whole(let numbers) = x.content {
        return call.result(numbers.reduced(axes, keeps, whole))
      }
      let y = try call.x(0)
      if needsElements { try call.requireElements(y, axes) }
      return call.result(f(y, axes, keeps), x.type)
    }
  }

  mutating func addReductions() {
    reduction(
      "ReduceSum", axesAreOperandSince: 13, whole: { $0.reduce(0, &+) },
      numbers: { x, axes, keeps in
        axes.isEmpty ? x : x.sum(axes: axes, keepingDimensions: keeps)
      })
    reduction(
      "ReduceMean", needsElements: true,
      numbers: { x, axes, keeps in axes.isEmpty ? x : x.mean(axes: axes, keepingDimensions: keeps) })
    reduction(
      "ReduceProd", whole: { $0.reduce(1, &*) },
      numbers: { x, axes, keeps in
        axes.isEmpty ? x : x.prod(axes: axes, keepingDimensions: keeps)
      })
    reduction(
      "ReduceMax", whole: { $0.max() ?? .min },
      numbers: { x, axes, keeps in
        axes.isEmpty ? x : x.extreme(axes, keeps, -.infinity) { $0.max(axes: $1, keepingDimensions: $2) }
      })
    reduction(
      "ReduceMin", whole: { $0.min() ?? .max },
      numbers: { x, axes, keeps in
        axes.isEmpty ? x : x.extreme(axes, keeps, .infinity) { $0.min(axes: $1, keepingDimensions: $2) }
      })
    reduction(
      "ReduceL1",
      numbers: { x, axes, keeps in
        axes.isEmpty ? x.abs() : x.abs().sum(axes: axes, keepingDimensions: keeps)
      })
    reduction(
      "ReduceL2",
      numbers: { x, axes, keeps in
        axes.isEmpty ? x.abs() : x.square().sum(axes: axes, keepingDimensions: keeps).sqrt()
      })
    reduction(
      "ReduceSumSquare",
      numbers: { x, axes, keeps in
        axes.isEmpty ? x.square() : x.square().sum(axes: axes, keepingDimensions: keeps)
      })
    reduction(
      "ReduceLogSum",
      numbers: { x, axes, keeps in
        axes.isEmpty ? x.log() : x.sum(axes: axes, keepingDimensions: keeps).log()
      })
    reduction(
      "ReduceLogSumExp",
      numbers: { x, axes, keeps in
        axes.isEmpty ? x : x.logSumExp(axes: axes, keepingDimensions: keeps)
      })
    for (name, isLargest) in [("ArgMax", true), ("ArgMin", false)] {
      self[name] = { call in try position(call, isLargest: isLargest) }
    }
    self["CumSum"] = { call in
      let x = try call.x(0)
      let axis = try call.axis(try call.ints(1).first ?? 0, rank: x.shape.rank)
      let y = x.cumsum(axis: axis, reversed: try call.int("reverse", 0) == 1)
      return call.result(try call.int("exclusive", 0) == 1 ? y - x : y)
    }
    self["CumProd"] = { call in
      var x = try call.x(0)
      let axis = try call.axis(try call.ints(1).first ?? 0, rank: x.shape.rank)
      let isReversed = try call.int("reverse", 0) == 1
      if isReversed { x = x.flip(axis: axis) }
      var y = x.cumprod(axis: axis)
      if try call.int("exclusive", 0) == 1, x.shape[axis] > 0 {
        let one = call.tape.constant(Tensor(repeating: 1, shape: x.shape.replacing(axis: axis, with: 1)))
        y = concatenate([one, y.slice(0..<x.shape[axis] - 1, axis: axis)], axis: axis)
      }
      return call.result(isReversed ? y.flip(axis: axis) : y)
    }
    self["TopK"] = { call in try largest(call) }
    self["Hardmax"] = { call in
      let x = try call.x(0)
      let rows = try call.version < 13 ? flattened(x, call) : x
      let axis = call.version < 13 ? 1 : try call.axis(try call.int("axis", -1), rank: x.shape.rank)
      let n = rows.shape[axis]
      try call.require(n > 0, "an axis with elements", "\(x.shape)")
      let y = rows.argMax(axis: axis).oneHot(n).moveAxis(from: -1, to: axis)
      return call.result(y.reshape(to: x.shape))
    }
  }
}

extension Call {
  /// Refuses axes without elements, which have neither a mean nor a largest number.
  func requireElements(_ x: Variable<S>, _ axes: [Int]) throws {
    try require(
      Set(axes).count == axes.count && axes.allSatisfy { x.shape[$0] > 0 }, "elements along different axes",
      "the axes \(axes) of \(x.shape)")
  }

  /// The mean over axes, which have elements.
  func mean(_ x: Variable<S>, _ axes: [Int], keeps: Bool = true) throws -> Variable<S> {
    try requireElements(x, axes)
    return axes.isEmpty ? x : x.mean(axes: axes, keepingDimensions: keeps)
  }
}

/// The rows of older versions: all axes from `axis` on as one.
func flattened<S: Scalar>(_ x: Variable<S>, _ call: Call<S>) throws -> Variable<S> {
  let axis = try call.int("axis", 1)
  let place = axis == x.shape.rank ? axis : try call.axis(axis, rank: x.shape.rank)
  let dims = Array(x.shape)
  return x.reshape(to: try call.shape([dims[..<place].reduce(1, *), dims[place...].reduce(1, *)]))
}

private func position<S: Scalar>(_ call: Call<S>, isLargest: Bool) throws -> [GraphValue<S>] {
  var x = try call.x(0)
  let axis = try call.axis(try call.int("axis", 0), rank: x.shape.rank)
  let isLast = try call.int("select_last_index", 0) == 1
  let n = x.shape[axis]
  try call.require(n > 0, "an axis with elements", "\(x.shape)")
  if isLast { x = x.flip(axis: axis) }
  let found = isLargest ? x.argMax(axis: axis) : x.argMin(axis: axis)
  var numbers = found.asNumbers()
  if isLast { numbers = Double(n - 1) - numbers }
  let keeps = try call.int("keepdims", 1) == 1
  if keeps { numbers = numbers.unsqueeze(axis: axis) }
  var result = GraphValue(numbers, .int64, origins: call.origins)
  if !isLast, !keeps { result.index = found }
  return [result]
}

private func largest<S: Scalar>(_ call: Call<S>) throws -> [GraphValue<S>] {
  let x = try call.x(0)
  let axis = try call.axis(try call.int("axis", -1), rank: x.shape.rank)
  let count = call.version < 10 ? try call.int("k", 1) : try call.ints(1).first ?? 1
  try call.require((0...x.shape[axis]).contains(count), "at most \(x.shape[axis]) elements", "\(count)")
  let order = x.argSort(axis: axis, descending: try call.int("largest", 1) == 1, count: count)
  var positions = GraphValue(order.asNumbers(), .int64, origins: call.origins)
  positions.index = order
  return [GraphValue(x.gather(order, axis: axis), call.type, origins: call.origins), positions]
}

extension Variable {
  /// The extreme number over axes; of none it is `empty`.
  fileprivate func extreme(
    _ axes: [Int], _ keeps: Bool, _ empty: Double, _ f: (Variable, [Int], Bool) -> Variable
  ) -> Variable {
    guard axes.contains(where: { shape[$0] == 0 }) else { return f(self, axes, keeps) }
    let dims = shape.indices.compactMap { axes.contains($0) ? keeps ? 1 : nil : shape[$0] }
    return tape.constant(Tensor(repeating: S(empty), shape: Shape(dims)))
  }
}

extension WholeNumbers {
  /// Each group over axes as one number.
  func reduced(_ axes: [Int], _ keeps: Bool, _ f: ([Int]) -> Int) -> WholeNumbers {
    let own = strides(dims)
    let kept = dims.indices.filter { !axes.contains($0) }
    let inner = places(axes.map { dims[$0] }, steps: axes.map { own[$0] })
    let starts = places(kept.map { dims[$0] }, steps: kept.map { own[$0] })
    let values = starts.map { start in f(inner.map { self.values[start + $0] }) }
    return WholeNumbers(
      values, dims: dims.indices.compactMap { axes.contains($0) ? keeps ? 1 : nil : dims[$0] })
  }
}
