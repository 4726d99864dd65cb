// A variable and a number: y = a ∘ c, where c is recorded as a constant.
//
// A literal is a `Double`, on a tape of any scalar. A number of the tape's own type is taken as it is; those overloads are
// disfavored, so that a literal has one meaning.

extension Variable {
  /// The sum a + b, element by element; a number is recorded as a constant.
  public static func + (a: Variable, b: Double) -> Variable { a + a.tape.constant(b) }
  /// The sum a + b, element by element; a number is recorded as a constant.
  public static func + (a: Double, b: Variable) -> Variable { b.tape.constant(a) + b }
  /// The sum a + b, element by element; a number is recorded as a constant.
  @_disfavoredOverload public static func + (a: Variable, b: S) -> Variable { a + a.tape.constant(b) }
  /// The sum a + b, element by element; a number is recorded as a constant.
  @_disfavoredOverload public static func + (a: S, b: Variable) -> Variable { b.tape.constant(a) + b }

  /// The difference a − b, element by element; a number is recorded as a constant.
  public static func - (a: Variable, b: Double) -> Variable { a - a.tape.constant(b) }
  /// The difference a − b, element by element; a number is recorded as a constant.
  public static func - (a: Double, b: Variable) -> Variable { b.tape.constant(a) - b }
  /// The difference a − b, element by element; a number is recorded as a constant.
  @_disfavoredOverload public static func - (a: Variable, b: S) -> Variable { a - a.tape.constant(b) }
  /// The difference a − b, element by element; a number is recorded as a constant.
  @_disfavoredOverload public static func - (a: S, b: Variable) -> Variable { b.tape.constant(a) - b }

  /// The product a · b, element by element; a number is recorded as a constant.
  public static func * (a: Variable, b: Double) -> Variable { a * a.tape.constant(b) }
  /// The product a · b, element by element; a number is recorded as a constant.
  public static func * (a: Double, b: Variable) -> Variable { b.tape.constant(a) * b }
  /// The product a · b, element by element; a number is recorded as a constant.
  @_disfavoredOverload public static func * (a: Variable, b: S) -> Variable { a * a.tape.constant(b) }
  /// The product a · b, element by element; a number is recorded as a constant.
  @_disfavoredOverload public static func * (a: S, b: Variable) -> Variable { b.tape.constant(a) * b }

  /// The quotient a / b, element by element; a number is recorded as a constant.
  public static func / (a: Variable, b: Double) -> Variable { a / a.tape.constant(b) }
  /// The quotient a / b, element by element; a number is recorded as a constant.
  public static func / (a: Double, b: Variable) -> Variable { b.tape.constant(a) / b }
  /// The quotient a / b, element by element; a number is recorded as a constant.
  @_disfavoredOverload public static func / (a: Variable, b: S) -> Variable { a / a.tape.constant(b) }
  /// The quotient a / b, element by element; a number is recorded as a constant.
  @_disfavoredOverload public static func / (a: S, b: Variable) -> Variable { b.tape.constant(a) / b }

  // Each gives the variable another node; the tape keeps the old one.

  /// Adds b to a: a becomes another node, and the tape keeps the old one.
  public static func += (a: inout Variable, b: Variable) { a = a + b }
  /// Adds b to a: a becomes another node, and the tape keeps the old one.
  public static func += (a: inout Variable, b: Double) { a = a + b }
  /// Adds b to a: a becomes another node, and the tape keeps the old one.
  @_disfavoredOverload public static func += (a: inout Variable, b: S) { a = a + b }

  /// Subtracts b from a: a becomes another node, and the tape keeps the old one.
  public static func -= (a: inout Variable, b: Variable) { a = a - b }
  /// Subtracts b from a: a becomes another node, and the tape keeps the old one.
  public static func -= (a: inout Variable, b: Double) { a = a - b }
  /// Subtracts b from a: a becomes another node, and the tape keeps the old one.
  @_disfavoredOverload public static func -= (a: inout Variable, b: S) { a = a - b }

  /// Multiplies a by b: a becomes another node, and the tape keeps the old one.
  public static func *= (a: inout Variable, b: Variable) { a = a * b }
  /// Multiplies a by b: a becomes another node, and the tape keeps the old one.
  public static func *= (a: inout Variable, b: Double) { a = a * b }
  /// Multiplies a by b: a becomes another node, and the tape keeps the old one.
  @_disfavoredOverload public static func *= (a: inout Variable, b: S) { a = a * b }

  /// Divides a by b: a becomes another node, and the tape keeps the old one.
  public static func /= (a: inout Variable, b: Variable) { a = a / b }
  /// Divides a by b: a becomes another node, and the tape keeps the old one.
  public static func /= (a: inout Variable, b: Double) { a = a / b }
  /// Divides a by b: a becomes another node, and the tape keeps the old one.
  @_disfavoredOverload public static func /= (a: inout Variable, b: S) { a = a / b }
}

extension Variable {
  /// 1 where a is less than b, else 0; a number is recorded as a constant. The derivative is 0.
  public static func .< (a: Variable, b: Double) -> Variable { a .< a.tape.constant(b) }
  /// 1 where a is less than b, else 0; a number is recorded as a constant. The derivative is 0.
  public static func .< (a: Double, b: Variable) -> Variable { b.tape.constant(a) .< b }
  /// 1 where a is less than b, else 0; a number is recorded as a constant. The derivative is 0.
  @_disfavoredOverload public static func .< (a: Variable, b: S) -> Variable { a .< a.tape.constant(b) }
  /// 1 where a is less than b, else 0; a number is recorded as a constant. The derivative is 0.
  @_disfavoredOverload public static func .< (a: S, b: Variable) -> Variable { b.tape.constant(a) .< b }

  /// 1 where a is at most b, else 0; a number is recorded as a constant. The derivative is 0.
  public static func .<= (a: Variable, b: Double) -> Variable { a .<= a.tape.constant(b) }
  /// 1 where a is at most b, else 0; a number is recorded as a constant. The derivative is 0.
  public static func .<= (a: Double, b: Variable) -> Variable { b.tape.constant(a) .<= b }
  /// 1 where a is at most b, else 0; a number is recorded as a constant. The derivative is 0.
  @_disfavoredOverload public static func .<= (a: Variable, b: S) -> Variable { a .<= a.tape.constant(b) }
  /// 1 where a is at most b, else 0; a number is recorded as a constant. The derivative is 0.
  @_disfavoredOverload public static func .<= (a: S, b: Variable) -> Variable { b.tape.constant(a) .<= b }

  /// 1 where a is greater than b, else 0; a number is recorded as a constant. The derivative is 0.
  public static func .> (a: Variable, b: Double) -> Variable { a .> a.tape.constant(b) }
  /// 1 where a is greater than b, else 0; a number is recorded as a constant. The derivative is 0.
  public static func .> (a: Double, b: Variable) -> Variable { b.tape.constant(a) .> b }
  /// 1 where a is greater than b, else 0; a number is recorded as a constant. The derivative is 0.
  @_disfavoredOverload public static func .> (a: Variable, b: S) -> Variable { a .> a.tape.constant(b) }
  /// 1 where a is greater than b, else 0; a number is recorded as a constant. The derivative is 0.
  @_disfavoredOverload public static func .> (a: S, b: Variable) -> Variable { b.tape.constant(a) .> b }

  /// 1 where a is at least b, else 0; a number is recorded as a constant. The derivative is 0.
  public static func .>= (a: Variable, b: Double) -> Variable { a .>= a.tape.constant(b) }
  /// 1 where a is at least b, else 0; a number is recorded as a constant. The derivative is 0.
  public static func .>= (a: Double, b: Variable) -> Variable { b.tape.constant(a) .>= b }
  /// 1 where a is at least b, else 0; a number is recorded as a constant. The derivative is 0.
  @_disfavoredOverload public static func .>= (a: Variable, b: S) -> Variable { a .>= a.tape.constant(b) }
  /// 1 where a is at least b, else 0; a number is recorded as a constant. The derivative is 0.
  @_disfavoredOverload public static func .>= (a: S, b: Variable) -> Variable { b.tape.constant(a) .>= b }

  /// 1 where a is equal to b, else 0; a number is recorded as a constant. The derivative is 0.
  public static func .== (a: Variable, b: Double) -> Variable { a .== a.tape.constant(b) }
  /// 1 where a is equal to b, else 0; a number is recorded as a constant. The derivative is 0.
  public static func .== (a: Double, b: Variable) -> Variable { b.tape.constant(a) .== b }
  /// 1 where a is equal to b, else 0; a number is recorded as a constant. The derivative is 0.
  @_disfavoredOverload public static func .== (a: Variable, b: S) -> Variable { a .== a.tape.constant(b) }
  /// 1 where a is equal to b, else 0; a number is recorded as a constant. The derivative is 0.
  @_disfavoredOverload public static func .== (a: S, b: Variable) -> Variable { b.tape.constant(a) .== b }

  /// 1 where a is different from b, else 0; a number is recorded as a constant. The derivative is 0.
  public static func .!= (a: Variable, b: Double) -> Variable { a .!= a.tape.constant(b) }
  /// 1 where a is different from b, else 0; a number is recorded as a constant. The derivative is 0.
  public static func .!= (a: Double, b: Variable) -> Variable { b.tape.constant(a) .!= b }
  /// 1 where a is different from b, else 0; a number is recorded as a constant. The derivative is 0.
  @_disfavoredOverload public static func .!= (a: Variable, b: S) -> Variable { a .!= a.tape.constant(b) }
  /// 1 where a is different from b, else 0; a number is recorded as a constant. The derivative is 0.
  @_disfavoredOverload public static func .!= (a: S, b: Variable) -> Variable { b.tape.constant(a) .!= b }

  /// The larger of each element and a number.
  public func maximum(_ other: Double, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    maximum(tape.constant(other), file: file, line: line)
  }
  /// The larger of each element and a number.
  @_disfavoredOverload
  public func maximum(_ other: S, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    maximum(tape.constant(other), file: file, line: line)
  }

  /// The smaller of each element and a number.
  public func minimum(_ other: Double, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    minimum(tape.constant(other), file: file, line: line)
  }
  /// The smaller of each element and a number.
  @_disfavoredOverload
  public func minimum(_ other: S, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    minimum(tape.constant(other), file: file, line: line)
  }
}
