import Adjoint

// Matrix products and linear algebra.

extension OperatorTable {
  mutating func addProducts() {
    self["MatMul"] = { call in
      if let (a, b) = try call.wholePair(), a.dims.count <= 2, b.dims.count <= 2 {
        let y = try product(
          call.tape.constant(Tensor(shape: Shape(a.dims), elements: a.values.map { S(Double($0)) })),
          call.tape.constant(Tensor(shape: Shape(b.dims), elements: b.values.map { S(Double($0)) })), call)
        return [try cast(GraphValue(y, .double, origins: call.origins), to: call.type, call)]
      }
      return call.result(try product(try call.x(0), try call.x(1), call))
    }
    self["Gemm"] = { call in
      let (a, b) = (try call.x(0), try call.x(1))
      let (flipA, flipB) = (try call.int("transA", 0) != 0, try call.int("transB", 0) != 0)
      try call.require(
        a.shape.rank == 2 && b.shape.rank == 2 && a.shape[flipA ? 0 : 1] == b.shape[flipB ? 1 : 0],
        "matrices that fit", "\(a.shape) and \(b.shape)")
      let (alpha, beta) = (try call.float("alpha", 1), try call.float("beta", 1))
      var y = a.matmul(b, transposeA: flipA, transposeB: flipB)
      if alpha != 1 { y = y * alpha }
      if let c = try call.optionalX(2) {
        try call.requireBroadcast(Array(c.shape), to: Array(y.shape))
        y = y + (beta == 1 ? c : c * beta)
      }
      return call.result(y)
    }
    self["Einsum"] = { call in
      let equation = try call.string("equation", "").filter { $0 != " " }
      let x = try call.operands.indices.map { try call.x($0) }
      try checkEinsum(equation, x.map { Array($0.shape) }, call)
      return call.result(einsum(equation, x))
    }
    self["Det"] = { call in
      let x = try call.x(0)
      try call.require(
        x.shape.rank >= 2 && x.shape[x.shape.rank - 1] == x.shape[x.shape.rank - 2], "square matrices", "\(x.shape)")
      return call.result(x.determinant())
    }
  }
}

/// The matrix product by NumPy's rule: vectors are a row before, a column behind, and stacks of matrices broadcast.
func product<S: Scalar>(_ a: Variable<S>, _ b: Variable<S>, _ call: Call<S>) throws -> Variable<S> {
  try call.require(a.shape.rank > 0 && b.shape.rank > 0, "vectors or matrices", "\(a.shape) and \(b.shape)")
  var (left, right) = (Array(a.shape), Array(b.shape))
  if left.count == 1 { left = [1, left[0]] }
  if right.count == 1 { right = [right[0], 1] }
  try call.require(
    left[left.count - 1] == right[right.count - 2], "matrices that fit", "\(a.shape) and \(b.shape)")
  let stack = try call.broadcast(Array(left.dropLast(2)), Array(right.dropLast(2)))
  let (m, n, k) = (left[left.count - 2], right[right.count - 1], left[left.count - 1])
  let x = a.reshape(to: Shape(left))
  let y = b.reshape(to: Shape(right))
  let result: Variable<S>
  if right.count == 2 {
    result = x.reshape(to: try call.shape([Array(left.dropLast()).product, k])).matmul(y)
  } else {
    let count = stack.product
    result = x.broadcast(to: try call.shape(stack + [m, k])).reshape(to: [count, m, k])
      .matmul(y.broadcast(to: try call.shape(stack + [k, n])).reshape(to: [count, k, n]))
  }
  let rows = a.shape.rank == 1 ? [] : [m]
  let columns = b.shape.rank == 1 ? [] : [n]
  return result.reshape(to: try call.shape(stack + rows + columns))
}

private func checkEinsum<S: Scalar>(_ equation: String, _ dims: [[Int]], _ call: Call<S>) throws {
  let sides = equation.components(separatedBy: "->")
  let terms = sides[0].split(separator: ",", omittingEmptySubsequences: false)
  try call.require(
    terms.count == dims.count && sides.count <= 2, "a term for each of \(dims.count) operands", "'\(equation)'")
  var extents: [Character: Int] = [:]
  for (term, shape) in zip(terms, dims) {
    let letters = term.filter { $0 != "." }
    let isOpen = letters.count != term.count
    try call.require(
      letters.allSatisfy { $0.isLetter } && (isOpen ? letters.count <= shape.count : letters.count == shape.count),
      "a letter for each axis of \(shape)", "'\(term)'")
    let before = term.prefix { $0 != "." }
    for (k, letter) in letters.enumerated() {
      let axis = k < before.count ? k : shape.count - letters.count + k
      let extent = shape[axis]
      try call.require(
        extents[letter] ?? extent == extent, "one extent of '\(letter)'", "\(extents[letter] ?? 0) and \(extent)")
      extents[letter] = extent
    }
  }
}
