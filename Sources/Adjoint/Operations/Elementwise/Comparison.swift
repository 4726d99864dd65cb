/// Elementwise comparisons with broadcasting: 1 where true, else 0. Their derivative is 0.
extension Comparison: LibraryOperation {
  /// True when the comparison holds for two numbers.
  @inlinable
  public func callAsFunction<S: Scalar>(_ a: S, _ b: S) -> Bool {
    switch self {
    case .less: a < b
    case .lessOrEqual: a <= b
    case .greater: a > b
    case .greaterOrEqual: a >= b
    case .equal: a == b
    case .notEqual: a != b
    }
  }

  public func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [nil, nil] }

  public func shape(of x: [Shape]) throws(ShapeError) -> Shape {
    let x = try x.only(2, for: name)
    return try .broadcast(x[0], x[1], in: name, hint: false)
  }
  public func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { y.zip(.comparison(self), x[0], x[1]) }
  public var isElementwise: Bool { true }
  public func entrywiseInputs(_ x: [Shape]) -> [Bool]? { (try? shape(of: x))?.entrywise(x) }
  public func branches<S: Scalar>(_ x: Operands<S>) -> Branches<S>? { Branches(between: x[0], x[1]) }
  public func localJacobian<S: Scalar>(at p: Point<S>, withRespectTo i: Int) -> LocalJacobian? { .zero(at: p, i) }
  public var name: String { rawValue }

  public func notation(_ x: [Notation]) -> Notation {
    let infix: Notation.Infix =
      switch self {
      case .less: .less
      case .lessOrEqual: .lessOrEqual
      case .greater: .greater
      case .greaterOrEqual: .greaterOrEqual
      case .equal: .equal
      case .notEqual: .notEqual
      }
    return .infix(infix, x[0], x[1])
  }

  package var ownForm: OperationForm { .zip(.comparison(self)) }
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String { "\(x[0]) .\(operatorText) \(x[1])" }
  /// The operator that branches by this comparison; behind a point, the one that compares element by element.
  var operatorText: String {
    switch self {
    case .less: "<"
    case .lessOrEqual: "<="
    case .greater: ">"
    case .greaterOrEqual: ">="
    case .equal: "=="
    case .notEqual: "!="
    }
  }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange { 0...1 }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? {
    elementwise(x, shape: shape, on: tape)
  }
  public static var examples: [Example] {
    allCases.flatMap { f in BroadcastExamples.shapes.map { Example(f, .numbers($0), .numbers($1)) } }
  }
}

/// y = a where c ≠ 0, else b, with broadcasting; ā = ȳ where c ≠ 0, b̄ = ȳ where c = 0. The condition has derivative 0.
package struct Where: LibraryOperation {
  package init() {}

  package func shape(of x: [Shape]) throws(ShapeError) -> Shape {
    let x = try x.only(3, for: name)
    return try .broadcast(x[0], try .broadcast(x[1], x[2], in: name, hint: false), in: name, hint: false)
  }
  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { y.select(x[0], x[1], x[2]) }
  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    [
      nil, p.to(1, `where`(p.x[0], g, p.tape.constant(0)).sum(to: p.x[1].shape)),
      p.to(2, `where`(p.x[0], p.tape.constant(0), g).sum(to: p.x[2].shape)),
    ]
  }

  package func localJacobian<S: Scalar>(at p: Point<S>, withRespectTo i: Int) -> LocalJacobian? {
    i == 0 ? .zero(at: p, i) : .elementwise(at: p, i)
  }
  package var isElementwise: Bool { true }
  package func entrywiseInputs(_ x: [Shape]) -> [Bool]? { (try? shape(of: x))?.entrywise(x) }
  package var ownForm: OperationForm { .select }
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String { "`where`(\(x.joined(separator: ", ")))" }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange { .hull([x[1], x[2]]) }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? {
    elementwise(x, shape: shape, on: tape)
  }
  package static var examples: [Example] {
    BroadcastExamples.shapes.map { a, b in
      // A condition is 0 only where a comparison made it so; random numbers are not.
      Example(Where(), .numbers(a, in: 1...2), .numbers(a), .numbers(b))
    } + [Example(Where(), .numbers([3, 1], in: 0...0), .numbers([4]), .numbers([3, 4]))]
  }
}

/// The elements of a where the condition is not 0, and of b elsewhere.
public func `where`<S: Scalar>(
  _ condition: Variable<S>, _ a: Variable<S>, _ b: Variable<S>, file: StaticString = #fileID, line: UInt = #line
) -> Variable<S> {
  condition.tape.record(Where(), condition, a, b, file: file, line: line)
}

/// The elements of a where the condition is not 0, and a number elsewhere.
public func `where`<S: Scalar>(
  _ condition: Variable<S>, _ a: Variable<S>, _ b: Double, file: StaticString = #fileID, line: UInt = #line
) -> Variable<S> {
  `where`(condition, a, condition.tape.constant(b), file: file, line: line)
}

/// A number where the condition is not 0, and the elements of b elsewhere.
public func `where`<S: Scalar>(
  _ condition: Variable<S>, _ a: Double, _ b: Variable<S>, file: StaticString = #fileID, line: UInt = #line
) -> Variable<S> {
  `where`(condition, condition.tape.constant(a), b, file: file, line: line)
}

extension Variable {
  /// A comparison; indices are compared as numbers.
  private static func comparing(_ comparison: Comparison, _ a: Variable, _ b: Variable) -> Variable {
    a.tape.record(comparison, a.numbers, b.numbers)
  }

  /// 1 where a is less than b, else 0; shapes broadcast. The derivative is 0.
  public static func .< (a: Variable, b: Variable) -> Variable { .comparing(.less, a, b) }
  /// 1 where a is at most b, else 0; shapes broadcast. The derivative is 0.
  public static func .<= (a: Variable, b: Variable) -> Variable { .comparing(.lessOrEqual, a, b) }
  /// 1 where a is greater than b, else 0; shapes broadcast. The derivative is 0.
  public static func .> (a: Variable, b: Variable) -> Variable { .comparing(.greater, a, b) }
  /// 1 where a is at least b, else 0; shapes broadcast. The derivative is 0.
  public static func .>= (a: Variable, b: Variable) -> Variable { .comparing(.greaterOrEqual, a, b) }
  /// 1 where a is equal to b, else 0; shapes broadcast. The derivative is 0.
  public static func .== (a: Variable, b: Variable) -> Variable { .comparing(.equal, a, b) }
  /// 1 where a is different from b, else 0; shapes broadcast. The derivative is 0.
  public static func .!= (a: Variable, b: Variable) -> Variable { .comparing(.notEqual, a, b) }
}
