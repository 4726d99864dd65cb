import Adjoint

extension Call {
  /// The dimensions of an elementwise result.
  func broadcast(_ a: [Int], _ b: [Int]) throws -> [Int] {
    let rank = Swift.max(a.count, b.count)
    return try (0..<rank).map { axis in
      let (i, j) = (axis - rank + a.count, axis - rank + b.count)
      let (m, n) = (i < 0 ? 1 : a[i], j < 0 ? 1 : b[j])
      try require(m == n || m == 1 || n == 1, "shapes that broadcast", "\(a) and \(b)")
      return m == 1 ? n : m
    }
  }

  func requireBroadcast(_ a: [Int], to b: [Int]) throws {
    try require(try broadcast(a, b) == b, "a shape that repeats to \(b)", "\(a)")
  }

  /// Two operands; the older versions align the second one at an axis of the first.
  func pair() throws -> (Variable<S>, Variable<S>) {
    let (a, b) = (try x(0), try legacy(try x(1), beside: try x(0)))
    _ = try broadcast(Array(a.shape), Array(b.shape))
    return (a, b)
  }

  private func legacy(_ b: Variable<S>, beside a: Variable<S>) throws -> Variable<S> {
    guard version < 7, try int("broadcast", 0) == 1, let axis = try int("axis") else { return b }
    let place = try self.axis(axis, rank: Swift.max(a.shape.rank, 1))
    let behind = a.shape.rank - place - b.shape.rank
    try require(behind >= 0, "an operand that fits at axis \(axis)", "\(b.shape)")
    return b.reshape(to: try shape(Array(b.shape) + Array(repeating: 1, count: behind)))
  }

  /// Both operands as whole numbers, where both are known.
  func wholePair() throws -> (WholeNumbers, WholeNumbers)? {
    guard case .whole(let a) = try value(0).content, case .whole(let b) = try value(1).content else { return nil }
    return (a, b)
  }

  /// A function of two whole numbers, element by element.
  func zip(_ a: WholeNumbers, _ b: WholeNumbers, _ f: (Int, Int) throws -> Int) throws -> WholeNumbers {
    let dims = try broadcast(a.dims, b.dims)
    let (x, y) = (try repeated(a, to: dims), try repeated(b, to: dims))
    return WholeNumbers(try Swift.zip(x.values, y.values).map(f), dims: dims)
  }

  /// Whole numbers repeated by the broadcasting rule.
  func repeated(_ x: WholeNumbers, to dims: [Int]) throws -> WholeNumbers {
    if x.dims == dims { return x }
    _ = try shape(dims)
    let lead = dims.count - x.dims.count
    let own = strides(x.dims)
    let steps = dims.indices.map { $0 < lead || x.dims[$0 - lead] == 1 ? 0 : own[$0 - lead] }
    return WholeNumbers(places(dims, steps: steps).map { x.values[$0] }, dims: dims)
  }
}

/// The row-major strides of dimensions.
func strides(_ dims: [Int]) -> [Int] {
  var result = [Int](repeating: 1, count: dims.count)
  for axis in stride(from: dims.count - 2, through: 0, by: -1) { result[axis] = result[axis + 1] * dims[axis + 1] }
  return result
}

/// For each position of these dimensions in order, start + Σ position · step.
func places(_ dims: [Int], steps: [Int], from start: Int = 0) -> [Int] {
  var result = [start]
  for (dim, step) in zip(dims, steps) {
    var next: [Int] = []
    next.reserveCapacity(result.count * dim)
    for place in result { for i in 0..<dim { next.append(place + i * step) } }
    result = next
  }
  return result
}

extension [Int] {
  /// The product of all.
  var product: Int { reduce(1, *) }
}
