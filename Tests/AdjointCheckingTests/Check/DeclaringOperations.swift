import Adjoint

// Operations of one's own that break one thing each.

/// An operation y = f(x) whose members are those of y = x², so that each below changes one.
protocol Squaring: Adjoint.Operation { init() }

extension Squaring {
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { y.map(x[0]) { $0 * $0 } }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [p.to(0, 2 * g * p.x[0])] }
  static var examples: [Example] { [Example(Self(), .numbers([4, 3]))] }
}

/// The running sum over everything, from the first element to the last.
protocol RunningSum: Squaring {}

extension RunningSum {
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    var sum: S = 0
    for i in y.indices {
      sum = sum + x[0][i]
      y[i] = sum
    }
  }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    let flat = g.reshape(to: [g.shape.elementCount])
    return [p.to(0, (flat.sum() - flat.cumsum() + flat).reshape(to: p.x[0].shape))]
  }
}

/// y = a b, where b is one row that every row of a meets.
protocol RowTimes: Adjoint.Operation { init() }

extension RowTimes {
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    for i in y.indices { y[i] = x[0][i] * x[1][i % x[1].count] }
  }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    [p.to(0, g * p.x[1]), p.to(1, (g * p.x[0]).sum(to: p.x[1].shape))]
  }
  static var examples: [Example] { [Example(Self(), .numbers([4, 3]), .numbers([3]))] }
}

/// y = max(x, 0).
protocol Bending: Adjoint.Operation { init() }

extension Bending {
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { y.map(x[0]) { $0 > 0 ? $0 : 0 } }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [p.to(0, g.masked(by: p.x[0] .> 0))] }
  static var examples: [Example] { [Example(Self(), .numbers([4, 3], avoiding: [0]))] }
}

// MARK: Elements

struct ElementwiseRunningSum: RunningSum { var isElementwise: Bool { true } }
struct EntrywiseRunningSum: RunningSum { func entrywiseInputs(_ x: [Shape]) -> [Bool]? { [true] } }
/// y = x² in two passes over y, of which the second reads x again.
struct TwoPasses: Squaring {
  var isElementwise: Bool { true }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    for i in y.indices { y[i] = 0 }
    for i in y.indices { y[i] = y[i] + x[0][i] * x[0][i] }
  }
}
/// Row i of y is row i of a times the i-th of the shares 1/4, 2/4, …, counted from the top of what it is given.
struct ExtentOfItsOwn: RowTimes {
  func entrywiseInputs(_ x: [Shape]) -> [Bool]? { [true, false] }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    let width = x[1].count
    for i in y.indices { y[i] = x[0][i] * x[1][i % width] * S(Double(i / width + 1) / 4) }
  }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    let rows = p.x[0].shape[0]
    let shares = Tensor<S>(shape: [rows, 1], elements: (0..<rows).map { S(Double($0 + 1) / 4) })
    let h = g * p.tape.constant(shares)
    return [p.to(0, h * p.x[1]), p.to(1, (h * p.x[0]).sum(to: p.x[1].shape))]
  }
}
struct OneFlagShort: RowTimes { func entrywiseInputs(_ x: [Shape]) -> [Bool]? { [true] } }
struct FlagOnAnotherAxis: RowTimes { func entrywiseInputs(_ x: [Shape]) -> [Bool]? { [true, true] } }

/// A running sum over everything, declared to mix nothing between rows.
struct RowsThatMix: RunningSum {
  func localJacobian<S: Scalar>(at p: Point<S>, withRespectTo i: Int) -> LocalJacobian? {
    .blocks(at: p, i, count: p.x[i].shape[0])
  }
}

// MARK: Kinks

struct SilentBend: Bending { static var examples: [Example] { [Example(SilentBend(), .numbers([4, 3]))] } }
/// y = min(x, 5).
struct SilentLimit: Bending {
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { y.map(x[0]) { $0 > 5 ? 5 : $0 } }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    [p.to(0, g.masked(by: p.x[0] .<= p.tape.constant(5)))]
  }
}
struct SilentStep: Bending {
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { y.map(x[0]) { $0 > 0 ? $0 + 1 : $0 } }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [p.to(0, g)] }
}
struct BendElsewhere: Bending {
  func branches<S: Scalar>(_ x: Operands<S>) -> Branches<S>? {
    Branches(sides: x[0].elements.map { $0 > 1 ? 1 : 0 }, distances: x[0].elements.map { $0 - 1 })
  }
}
struct ImaginedBend: Squaring {
  func branches<S: Scalar>(_ x: Operands<S>) -> Branches<S>? { Bend().branches(x) }
}
struct WrongDistance: Bending {
  func branches<S: Scalar>(_ x: Operands<S>) -> Branches<S>? {
    Branches(sides: x[0].elements.map { $0 > 0 ? 1 : 0 }, distances: x[0].elements.map { $0 + 1 })
  }
}
struct TooFewSides: Bending {
  func branches<S: Scalar>(_ x: Operands<S>) -> Branches<S>? { Branches(sides: [1], distances: Array(x[0].elements)) }
}

// MARK: Shapes

struct HalfWritten: Squaring {
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    for i in 0..<y.count / 2 { y[i] = x[0][i] * x[0][i] }
  }
}
struct Refusing: Squaring {
  func shape(of x: [Shape]) throws(ShapeError) -> Shape {
    guard x[0].rank == 2 else { throw ShapeError("refusing: takes matrices") }
    return x[0]
  }
  static var examples: [Example] { [Example(Refusing(), .numbers([4]))] }
}
struct NarrowLookup: Lookups {
  var indexPosition: Int? { 1 }
  func indexBound(for x: [Shape]) -> Int { x[0][0] - 1 }
}
struct UnannouncedIndices: Lookups {}

// MARK: Contributions

struct ForgottenSum: RowTimes {
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    [p.to(0, g * p.x[1]), p.to(1, g * p.x[0])]
  }
}
struct ShortRule: RowTimes {
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [p.to(0, g * p.x[1])] }
}
/// y = x², whose rule takes a short way on empty shapes.
struct WrongWhenEmpty: Squaring {
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    [p.to(0, g.shape.elementCount == 0 ? p.tape.constant(0) : 2 * g * p.x[0])]
  }
}
/// y = a b, whose rule records an operation of its own that has a short rule.
struct RuleWithinRule: RowTimes {
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    [p.to(0, p.tape.record(ShortRule(), g, p.x[1])), p.to(1, (g * p.x[0]).sum(to: p.x[1].shape))]
  }
}
/// y = x², which hands out what it made at its first call.
struct KeepsItsContribution: Squaring {
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    let other = Tape<S>()
    return [other.constant((2 * g * p.x[0]).value)]
  }
}

/// y = x minus the largest element of x, which an empty x lacks.
struct Largest: Adjoint.Operation {
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    var largest = x[0][0]
    for i in y.indices where x[0][i] > largest { largest = x[0][i] }
    y.map(x[0]) { $0 - largest }
  }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    let isLargest = p.y .== p.tape.constant(0)
    return [p.to(0, g - isLargest * g.sum() / isLargest.sum())]
  }
  func branches<S: Scalar>(_ x: Operands<S>) -> Branches<S>? {
    let order = x[0].elements.indices.sorted { x[0][$0] > x[0][$1] }
    return Branches(
      sides: x[0].elements.map { _ in Int32(order[0]) },
      distances: x[0].elements.map { _ in order.count > 1 ? x[0][order[0]] - x[0][order[1]] : 1 })
  }
  static var examples: [Example] { [Example(Largest(), .numbers([4, 3]))] }
}
struct OutOfBounds: Squaring {
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    for i in 0...y.count { y[i] = x[0][i] * x[0][i] }
  }
}
struct DividingShape: Squaring {
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { [x[0][0], x[0].elementCount / x[0][0]] }
}
struct WrongWithinItsRule: Squaring {
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    [p.to(0, 2 * g * p.x[0].sum(axes: [0]).broadcast(to: [5]))]
  }
}

// MARK: Purity

struct RamblingRule: Squaring {
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    [p.to(0, (0..<Int.random(in: 0..<1000)).reduce(2 * g * p.x[0]) { x, _ in -(-x) })]
  }
}
struct DriftingRule: Squaring {
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    [p.to(0, g * p.x[0] * Double.random(in: 2..<2.000_000_001))]
  }
}
struct DriftingForward: Squaring {
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    let drift = S(Double.random(in: 1..<1.000_000_001))
    y.map(x[0]) { $0 * $0 * drift }
  }
}

// MARK: Domains

struct WrongBeyondTwo: Squaring {
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    let two = p.tape.constant(2)
    return [p.to(0, 2 * g * p.x[0].minimum(two).maximum(-two))]
  }
}
/// y = x², whose value in Double alone is another beyond 2.
struct WrongValueBeyondTwo: Squaring {
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    y.map(x[0]) { S.self == Double.self && ($0 > 2 || $0 < -2) ? $0 * $0 * S(1.001) : $0 * $0 }
  }
}
/// y = x², whose rule adds a thousandth to tiny numbers.
struct WrongNearZero: Squaring {
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    [p.to(0, 2 * g * p.x[0] * (1 + (p.x[0].abs() .< p.tape.constant(0.01)) * 0.001))]
  }
  static var examples: [Example] { [Example(WrongNearZero(), .numbers([]))] }
}
/// y = x² in −1 … 1, where it is meant.
struct RightWithinOne: Squaring {
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    let one = p.tape.constant(1)
    return [p.to(0, 2 * g * p.x[0].minimum(one).maximum(-one))]
  }
  static var examples: [Example] { [Example(RightWithinOne(), .numbers([4, 3], in: -0.9...0.9))] }
}
struct Exponential: Squaring {
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { y.map(x[0]) { S.exponential($0) } }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [p.to(0, g * p.y)] }
}

// MARK: Second order and silence

struct LoneNumber: Squaring {
  var isElementwise: Bool { true }
  static var examples: [Example] { [Example(LoneNumber(), .numbers([]))] }
}

struct StoppedCotangent: Squaring {
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    [p.to(0, 2 * g.stopGradient() * p.x[0])]
  }
}
struct OnlyPoints: Squaring {
  static var examples: [Example] {
    [Example(OnlyPoints(), .numbers([0])), Example(OnlyPoints(), .numbers([3], in: 1...1))]
  }
}
