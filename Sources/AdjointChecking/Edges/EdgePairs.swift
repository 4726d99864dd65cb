import Adjoint

/// The elementwise functions of two and three arguments at the edges, as data.
package enum EdgePairs {
  /// A function, and `a b y ∂y/∂a ∂y/∂b, …`.
  ///
  /// Products and quotients are those of IEEE 754; `maximum` and `minimum` are its functions of that name (clause 9.6) but for
  /// zeros of both signs, of which either may come: NaN wins. Arguments that tie share the derivative.
  private static let statements: [(Binary, String)] = [
    (.add, "∞ -∞ NaN 1 1, ∞ ∞ ∞ 1 1, max max ∞ 1 1, -0 -0 -0 1 1, -0 0 0 1 1, least least 2least 1 1, NaN 1 NaN 1 1"),
    (.subtract, "∞ ∞ NaN 1 -1, -max max -∞ 1 -1, 0 0 0 1 -1, -0 0 -0 1 -1, NaN 1 NaN 1 -1"),
    (
      .multiply,
      "0 ∞ NaN ∞ 0, -∞ 0 NaN 0 -∞, ∞ -∞ -∞ -∞ ∞, max max ∞ max max, least least 0 least least, -0 1 -0 1 0, "
        + "NaN 1 NaN 1 NaN, 1 NaN NaN NaN 1"
    ),
    (
      .divide,
      "1 0 ∞ ∞ -∞, 1 -0 -∞ -∞ -∞, 0 0 NaN ∞ NaN, ∞ ∞ NaN 0 NaN, 1 ∞ 0 0 0, ∞ 1 ∞ 1 -∞, ∞ 0 ∞ ∞ -∞, max least ∞ ∞ -∞, "
        + "-0 1 -0 1 0, NaN 1 NaN 1 NaN, 1 NaN NaN NaN NaN"
    ),
    (
      .maximum,
      "0 0 0 0.5 0.5, -0 0 0 0.5 0.5, 0 -0 0 0.5 0.5, ∞ ∞ ∞ 0.5 0.5, -∞ -∞ -∞ 0.5 0.5, ∞ 1 ∞ 1 0, -∞ 1 1 0 1, "
        + "NaN 1 NaN 1 1, 1 NaN NaN 1 1, ∞ NaN NaN 1 1"
    ),
    (
      .minimum,
      "0 0 0 0.5 0.5, -0 0 -0 0.5 0.5, 0 -0 -0 0.5 0.5, ∞ ∞ ∞ 0.5 0.5, -∞ -∞ -∞ 0.5 0.5, ∞ 1 1 0 1, -∞ 1 -∞ 1 0, "
        + "NaN 1 NaN 1 1, 1 NaN NaN 1 1, -∞ NaN NaN 1 1"
    ),
    (
      .pow,
      "0 2 0 0 0, 0 1 0 1 0, 0 0 1 0 0, 0 -1 ∞ -∞ -∞, -0 -1 -∞ -∞ ∞, 1 ∞ 1 ∞ 0, 1 NaN 1 NaN 0, NaN 0 1 0 NaN, "
        + "-1 2 1 -2 NaN, -1 0.5 NaN NaN NaN, ∞ 0 1 0 ∞, ∞ -1 0 -0 NaN, 2 -∞ 0 NaN 0, 0.5 -∞ ∞ -∞ -∞, -∞ 3 -∞ ∞ NaN"
    ),
    (
      .atan2,
      "0 1 0 1 -0, -0 1 -0 1 0, 0 -1 π -1 -0, -0 -1 -π -1 0, 0 0 0 NaN NaN, 1 0 π/2 0 -1, ∞ 1 π/2 0 -0, 1 ∞ 0 0 -0, "
        + "∞ ∞ π/4 0 -0, 1 -∞ π 0 -0, NaN 1 NaN NaN NaN, 1 NaN NaN NaN NaN"
    ),
    (
      .hypot,
      "0 0 0 0 0, -0 1 1 -0 1, 3 4 5 0.6 0.8, ∞ 1 ∞ NaN 0, 1 -∞ ∞ 0 NaN, ∞ NaN ∞ NaN NaN, NaN 1 NaN NaN NaN, "
        + "least 0 least 1 0"
    ),
    (
      .remainder,
      "7 3 1 1 -2, -7 3 2 1 3, 7 -3 -2 1 3, -0 1 -0 1 0, 0 1 0 1 -0, 1 0 NaN 1 NaN, ∞ 1 NaN 1 NaN, 1 ∞ 1 1 -0, "
        + "NaN 1 NaN 1 NaN, 1 NaN NaN 1 NaN"
    ),
    (
      .logAddExp,
      "0 0 0.6931471805599453 0.5 0.5, -∞ -∞ -∞ 0 0, ∞ ∞ ∞ 0 0, ∞ 1 ∞ 1 0, -∞ 1 1 0 1, ∞ -∞ ∞ 1 0, 1e30 -1e30 1e30 1 0, "
        + "NaN 1 NaN NaN NaN, 1 NaN NaN NaN NaN"
    ),
    (.masked, "∞ 0 0 0 0, NaN 0 0 0 0, 1 -0 0 0 0, ∞ 1 ∞ 1 0, NaN 1 NaN 1 0, 1 NaN 1 1 0, 1 least 1 1 0"),
  ]

  package static var cases: [EdgeCase] {
    statements.flatMap { cases(of: $0, as: $0, $1) } + comparisons + choices
  }

  /// A function's pairs with its statement, computed by `operation`.
  package static func cases(
    of f: Binary, as operation: any Adjoint.Operation, _ statement: String? = nil
  ) -> [EdgeCase] {
    let statement = statement ?? statements.first { $0.0 == f }?.1 ?? ""
    return statement.split(separator: ",").map { line in
      let x = line.split(separator: " ").map { EdgeNumber(word: $0) }
      var edge = EdgeCase(
        f.name, .operation(operation), [.scalar(x[0]), .scalar(x[1])], value: [x[2]], gradients: [[x[3]], [x[4]]])
      edge.countsSignOfZero = f != .maximum && f != .minimum && f != .remainder
      edge.isSwitch = f == .maximum || f == .minimum || f == .masked
      return edge
    }
  }

  /// Comparisons: nothing is less than, equal to or greater than NaN, and −0 equals 0.
  private static var comparisons: [EdgeCase] {
    let orders: [(EdgeNumber, EdgeNumber, order: Int?)] = [
      (.nan, .nan, nil), (.nan, 1, nil), (1, .nan, nil), (-0.0, 0, 0), (.infinity, .infinity, 0), (0, .least, -1),
      (.infinity, .largest, 1),
    ]
    return Comparison.allCases.flatMap { f in
      orders.map { a, b, order in
        let holds =
          switch f {
          case .less: order == -1
          case .lessOrEqual: order == -1 || order == 0
          case .greater: order == 1
          case .greaterOrEqual: order == 1 || order == 0
          case .equal: order == 0
          case .notEqual: order != 0
          }
        return EdgeCase(
          f.name, .operation(f), [.scalar(a), .scalar(b)], value: [holds ? 1 : 0], gradients: [[0], [0]])
      }
    }
  }

  /// `where` takes a where the condition is not 0; NaN is not 0, −0 is.
  private static var choices: [EdgeCase] {
    let chosen: [(c: EdgeNumber, a: EdgeNumber, b: EdgeNumber, isA: Bool)] = [
      (0, .infinity, 1, false), (1, 1, .nan, true), (.nan, 1, 2, true), (-0.0, .nan, 2, false),
      (.least, 1, .infinity, true),
      (1, .nan, 1, true),
    ]
    return chosen.map { c, a, b, isA in
      var edge = EdgeCase(
        "where", .operation(Where()), [.scalar(c), .scalar(a), .scalar(b)], value: [isA ? a : b],
        gradients: [[0], [isA ? 1 : 0], [isA ? 0 : 1]])
      edge.isSwitch = true
      return edge
    }
  }
}
