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

  /// The largest minor whose numbers are recorded one by one.
  static let largestUnrolled = 5

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

  /// The same recursion on matrices: a loop over the minors, whose body is recorded once for each size.
  static func determinant(_ a: Variable<Double>) -> Variable<Double> {
    let n = a.shape[0]
    guard n > largestUnrolled else { return determinant(a.unstack().map { $0.unstack() }) }
    let minors = (0..<n).map { column in concatenate([a[1..., 0..<column], a[1..., (column + 1)...]], axis: 1) }
    let (_, below) = scan([], over: [stack(minors)]) { _, minor in ([], [determinant(minor[0])]) }
    let signs = Tensor((0..<n).map { $0 % 2 == 0 ? 1.0 : -1 })
    return (signs * a[0] * below[0]).sum()
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
        let (n, a) = (try checked(input), Tensor(input.a))
        let run = compile(a) { determinant($0.reshape(n, n)) }
        return { try run(a).scalar }
      },
      Function("gradient") { (input: Input, compile) in
        let (n, a) = (try checked(input), Tensor(input.a))
        let run = compile(a) { a in gradient(of: determinant(a.reshape(n, n)), withRespectTo: a) }
        return { try run(a).elements }
      },
    ]
  }
}
