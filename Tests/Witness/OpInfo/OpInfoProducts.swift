import Adjoint
import AdjointLearning

/// Products of vectors and matrices, and linear algebra.
extension OpInfoTable {
  static var products: [OpInfoEntry] {
    /// β x + α product
    func added(_ call: OpInfoCall, _ product: Value) throws -> Value {
      try call.number(nil, "beta", 1) * call.x + call.number(nil, "alpha", 1) * product
    }
    return [
      own("mm") { try $0.x.matmul($0.tensor(1, "mat2")) }, own("bmm") { try $0.x.matmul($0.tensor(1, "mat2")) },
      own("mv") { try $0.x.matmul($0.tensor(1, "vec")) }, own("matmul") { try $0.x.matmul($0.other) },
      own("__rmatmul__") { try $0.other.matmul($0.x) },
      own("dot") { try $0.x.dot($0.tensor(1, "tensor")) }, own("vdot") { try $0.x.dot($0.other) },
      own("outer") { try $0.x.outer($0.tensor(1, "vec2")) },
      made("inner") { call in
        let (a, b) = (try call.x, try call.other)
        return a.shape.rank == 0 || b.shape.rank == 0 ? a * b : a.tensordot(b, axes: [-1], [-1])
      },
      own("linalg.vecdot") {
        let (axis, x) = (try $0.int(nil, "dim", -1), try $0.x)
        let y = try $0.tensor(1, "other")
        if x.shape.rank == 1, x.shape == y.shape { return x.dot(y) }
        return $0.composed { (x * y).sum(axis: axis) }
      },
      own("einsum") { call in
        let equation = call.word(1, "equation", "")
        return einsum(equation, try call.tensors(0, "operands"))
      },
      own("tensordot") { call in
        let (x, y) = (try call.x, try call.other)
        if let count = call.plainInt(nil, "dims") { return x.tensordot(y, axes: count) }
        let axes = (call.raw(nil, "dims") ?? []).map { $0.elements?.compactMap(\.integer) ?? [] }
        guard axes.count == 2 else { throw OpInfoCall.LeftOut("axes of another form") }
        guard zip(axes[0], axes[1]).allSatisfy({ x.shape[$0] == y.shape[$1] }) else {
          throw OpInfoCall.LeftOut("axes of one position beside longer ones")
        }
        return x.tensordot(y, axes: axes[0], axes[1])
      },
      made("addmm") { try added($0, $0.tensor(1, "mat1").matmul($0.tensor(2, "mat2"))) },
      made("addmm decomposed") { try added($0, $0.tensor(1, "mat1").matmul($0.tensor(2, "mat2"))) },
      made("addmv") { try added($0, $0.tensor(1, "mat").matmul($0.tensor(2, "vec"))) },
      made("addr") { try added($0, $0.tensor(1, "vec1").outer($0.tensor(2, "vec2"))) },
      made("baddbmm") { try added($0, $0.tensor(1, "batch1").matmul($0.tensor(2, "batch2"))) },
      made("addbmm") { try added($0, $0.tensor(1, "batch1").matmul($0.tensor(2, "batch2")).sum(axis: 0)) },
      made("linalg.multi_dot") { call in
        let factors = try call.tensors(0, "tensors")
        return factors.dropFirst().reduce(factors[0]) { $0.matmul($1) }
      },
    ]
  }

  // MARK: Matrices

  static var matrices: [OpInfoEntry] {
    func diagonal(_ name: String, _ first: Int, _ second: Int) -> OpInfoEntry {
      own(name) { call in
        let x = try call.x
        let (rank, offset) = (x.shape.rank, try call.int(1, "offset", 0))
        let axes = [try call.int(2, "dim1", first), try call.int(3, "dim2", second)].map { $0 < 0 ? $0 + rank : $0 }
        if axes == [rank - 2, rank - 1] { return x.diagonal(offset: offset) }
        let others = x.shape.indices.filter { !axes.contains($0) }
        return call.composed { x.permute(others + axes).diagonal(offset: offset) }
      }
    }
    func solved(_ name: String) -> OpInfoEntry {
      own(name) { call in
        let (a, b) = (try call.x, try call.tensor(1, "B"))
        guard call.flag(nil, "left", true) else {
          return call.composed { a.solve(b.transpose(), transposed: true).transpose() }
        }
        // Vectors beside leading axes are columns of one.
        guard b.shape.rank > 1, b.shape == Shape(a.shape.dropLast()) else { return a.solve(b) }
        return a.solve(b.unsqueeze(axis: -1)).squeeze(axis: -1)
      }
    }
    func inverse(_ name: String) -> OpInfoEntry { own(name) { try $0.x.inverse() } }
    return [
      own("tril") { try $0.x.tril(diagonal: $0.int(1, "diagonal", 0)) },
      own("triu") { try $0.x.triu(diagonal: $0.int(1, "diagonal", 0)) },
      own("trace") {
        let x = try $0.x
        return x.shape[0] == x.shape[1] ? x.trace() : $0.composed { x.diagonal().sum() }
      },
      diagonal("diagonal", 0, 1), diagonal("diagonal_copy", 0, 1), diagonal("linalg.diagonal", -2, -1),
      own("diag") { call in
        let (x, offset) = (try call.x, try call.int(1, "diagonal", 0))
        return x.shape.rank == 1 ? x.diagonalMatrix(offset: offset) : x.diagonal(offset: offset)
      },
      own("diag_embed") { call in
        let (x, offset) = (try call.x, try call.int(nil, "offset", 0))
        let rank = x.shape.rank + 1
        let axes = [try call.int(nil, "dim1", -2), try call.int(nil, "dim2", -1)].map { $0 < 0 ? $0 + rank : $0 }
        let y = x.diagonalMatrix(offset: offset)
        if axes == [rank - 2, rank - 1] { return y }
        return call.composed { y.moveAxis(from: -2, to: axes[0]).moveAxis(from: -1, to: axes[1]) }
      },
      made("diagflat") { try $0.x.flatten(from: 0).diagonalMatrix(offset: $0.int(nil, "offset", 0)) },
      own("linalg.cholesky") {
        let x = try $0.x
        return $0.flag(nil, "upper") ? $0.composed { x.cholesky().transpose() } : x.cholesky()
      },
      own("cholesky") {
        let x = try $0.x
        return $0.flag(1, "upper") ? $0.composed { x.cholesky().transpose() } : x.cholesky()
      },
      own("cholesky_solve") {
        let (b, l) = (try $0.x, try $0.tensor(1, "input2"))
        return $0.flag(nil, "upper") ? $0.composed { l.transpose().choleskySolve(b) } : l.choleskySolve(b)
      },
      made("cholesky_inverse") {
        let x = try $0.x
        let l = $0.flag(nil, "upper") ? x.transpose() : x
        return l.choleskySolve($0.tape.constant(Tensor.eye(x.shape[x.shape.rank - 1])).broadcast(to: x.shape))
      },
      solved("linalg.solve"), inverse("linalg.inv"), inverse("inverse"),
      own("linalg.solve_triangular") { call in
        let (a, b, upper) = (try call.x, try call.tensor(1, "B"), call.flag(nil, "upper"))
        let (left, units) = (call.flag(nil, "left", true), call.flag(nil, "unitriangular"))
        if left { return a.solveTriangular(b, upper: upper, unitDiagonal: units) }
        return call.composed {
          a.solveTriangular(b.transpose(), upper: upper, transposed: true, unitDiagonal: units).transpose()
        }
      },
      OpInfoEntry(name: "triangular_solve", isOwn: false) { call in
        let (b, a, upper) = (try call.x, try call.tensor(1, "A"), call.flag(2, "upper", true))
        let (transposed, units) = (call.flag(3, "transpose"), call.flag(4, "unitriangular"))
        return [a.solveTriangular(b, upper: upper, transposed: transposed, unitDiagonal: units), a]
      },
      own("linalg.det") { try $0.x.determinant() },
      own("logdet") {
        let x = try $0.x
        guard x.determinant().value.elements.allSatisfy({ $0 > 0 }) else {
          // The logarithm of a number below 0 is none there; here it is that of the magnitude.
          return $0.composed { x.determinant().log() }
        }
        return x.logDeterminant()
      },
      OpInfoEntry(name: "linalg.slogdet", isOwn: false) { [try $0.x.determinant().sign(), try $0.x.logDeterminant()] },
      own("linalg.matrix_power") { try $0.x.matrixPower($0.int(1, "n")) },
    ]
  }
}
