import Adjoint

/// The determinant by expansion along the first row, in which no minor is shared: n! products.
enum Determinants {
  struct Input: Decodable {
    /// The matrix, row by row, and its size.
    let a: [Double], ell: Int

    enum CodingKeys: String, CodingKey {
      case a = "A"
      case ell
    }
  }

  /// The largest matrix whose numbers are recorded one by one.
  static let largestUnrolled = 8

  /// The recursion as it is defined, on single numbers.
  static func determinant(_ a: [[Variable<Double>]]) -> Variable<Double> {
    guard a.count > 1 else { return a[0][0] }
    var sum: Variable<Double>?
    for column in a.indices {
      let minor = a.dropFirst().map { row in row.indices.filter { $0 != column }.map { row[$0] } }
      let term = a[0][column] * determinant(minor)
      sum = sum.map { column % 2 == 0 ? $0 + term : $0 - term } ?? term
    }
    return sum ?? a[0][0]
  }

  /// The same expansion, a level at a time: the minors of all matrices of a level beside one another along the first axis. Its
  /// memory is that of the numbers, not of a node for each of them.
  static func determinants(_ a: Variable<Double>) -> Variable<Double> {
    let (count, n) = (a.shape[0], a.shape[1])
    guard n > 1 else { return a.reshape(count) }
    let minors = (0..<n).map { column in
      concatenate([a[0..., 1..., 0..<column], a[0..., 1..., (column + 1)...]], axis: 2)
    }
    let signs = Tensor((0..<n).map { $0 % 2 == 0 ? 1.0 : -1 })
    let below = determinants(stack(minors, axis: 1).reshape(count * n, n - 1, n - 1)).reshape(count, n)
    return (signs * a[0..., 0] * below).sum(axis: 1)
  }

  static func determinant(of a: Variable<Double>, _ n: Int) -> Variable<Double> {
    guard n <= largestUnrolled else { return determinants(a.reshape(1, n, n)).reshape(to: []) }
    return determinant(a.reshape(n, n).unstack().map { $0.unstack() })
  }

  static func checked(_ input: Input) throws -> Int {
    guard input.ell > 0, input.a.count == input.ell * input.ell else {
      throw Failure("det: A has \(input.a.count) numbers, which are no square of ell = \(input.ell) rows")
    }
    return input.ell
  }

  static var functions: [Function] {
    [
      Function("primal") { (input: Input, compile) in
        let n = try checked(input)
        let run = compile(Tensor(input.a)) { determinant(of: $0, n) }
        return { try run(Tensor(input.a)).scalar }
      },
      Function("gradient") { (input: Input, compile) in
        let n = try checked(input)
        let run = compile(Tensor(input.a)) { a in gradient(of: determinant(of: a, n), withRespectTo: a) }
        return { try run(Tensor(input.a)).elements }
      },
    ]
  }
}
