// A variable and a number: y = a ∘ c, where c is recorded as a constant.
//
// A literal is a `Double`, on a tape of any scalar. A number of the tape's own type is taken as it is; those overloads are
// disfavored, so that a literal has one meaning.

extension Variable {
  public static func + (a: Variable, b: Double) -> Variable { a + a.tape.constant(b) }
  public static func + (a: Double, b: Variable) -> Variable { b.tape.constant(a) + b }
  @_disfavoredOverload public static func + (a: Variable, b: S) -> Variable { a + a.tape.constant(b) }
  @_disfavoredOverload public static func + (a: S, b: Variable) -> Variable { b.tape.constant(a) + b }

  public static func - (a: Variable, b: Double) -> Variable { a - a.tape.constant(b) }
  public static func - (a: Double, b: Variable) -> Variable { b.tape.constant(a) - b }
  @_disfavoredOverload public static func - (a: Variable, b: S) -> Variable { a - a.tape.constant(b) }
  @_disfavoredOverload public static func - (a: S, b: Variable) -> Variable { b.tape.constant(a) - b }

  public static func * (a: Variable, b: Double) -> Variable { a * a.tape.constant(b) }
  public static func * (a: Double, b: Variable) -> Variable { b.tape.constant(a) * b }
  @_disfavoredOverload public static func * (a: Variable, b: S) -> Variable { a * a.tape.constant(b) }
  @_disfavoredOverload public static func * (a: S, b: Variable) -> Variable { b.tape.constant(a) * b }

  public static func / (a: Variable, b: Double) -> Variable { a / a.tape.constant(b) }
  public static func / (a: Double, b: Variable) -> Variable { b.tape.constant(a) / b }
  @_disfavoredOverload public static func / (a: Variable, b: S) -> Variable { a / a.tape.constant(b) }
  @_disfavoredOverload public static func / (a: S, b: Variable) -> Variable { b.tape.constant(a) / b }

  // Each gives the variable another node; the tape keeps the old one.

  public static func += (a: inout Variable, b: Variable) { a = a + b }
  public static func += (a: inout Variable, b: Double) { a = a + b }
  @_disfavoredOverload public static func += (a: inout Variable, b: S) { a = a + b }

  public static func -= (a: inout Variable, b: Variable) { a = a - b }
  public static func -= (a: inout Variable, b: Double) { a = a - b }
  @_disfavoredOverload public static func -= (a: inout Variable, b: S) { a = a - b }

  public static func *= (a: inout Variable, b: Variable) { a = a * b }
  public static func *= (a: inout Variable, b: Double) { a = a * b }
  @_disfavoredOverload public static func *= (a: inout Variable, b: S) { a = a * b }

  public static func /= (a: inout Variable, b: Variable) { a = a / b }
  public static func /= (a: inout Variable, b: Double) { a = a / b }
  @_disfavoredOverload public static func /= (a: inout Variable, b: S) { a = a / b }
}

extension Variable {
  public static func .< (a: Variable, b: Double) -> Variable { a .< a.tape.constant(b) }
  public static func .< (a: Double, b: Variable) -> Variable { b.tape.constant(a) .< b }
  @_disfavoredOverload public static func .< (a: Variable, b: S) -> Variable { a .< a.tape.constant(b) }
  @_disfavoredOverload public static func .< (a: S, b: Variable) -> Variable { b.tape.constant(a) .< b }

  public static func .<= (a: Variable, b: Double) -> Variable { a .<= a.tape.constant(b) }
  public static func .<= (a: Double, b: Variable) -> Variable { b.tape.constant(a) .<= b }
  @_disfavoredOverload public static func .<= (a: Variable, b: S) -> Variable { a .<= a.tape.constant(b) }
  @_disfavoredOverload public static func .<= (a: S, b: Variable) -> Variable { b.tape.constant(a) .<= b }

  public static func .> (a: Variable, b: Double) -> Variable { a .> a.tape.constant(b) }
  public static func .> (a: Double, b: Variable) -> Variable { b.tape.constant(a) .> b }
  @_disfavoredOverload public static func .> (a: Variable, b: S) -> Variable { a .> a.tape.constant(b) }
  @_disfavoredOverload public static func .> (a: S, b: Variable) -> Variable { b.tape.constant(a) .> b }

  public static func .>= (a: Variable, b: Double) -> Variable { a .>= a.tape.constant(b) }
  public static func .>= (a: Double, b: Variable) -> Variable { b.tape.constant(a) .>= b }
  @_disfavoredOverload public static func .>= (a: Variable, b: S) -> Variable { a .>= a.tape.constant(b) }
  @_disfavoredOverload public static func .>= (a: S, b: Variable) -> Variable { b.tape.constant(a) .>= b }

  public static func .== (a: Variable, b: Double) -> Variable { a .== a.tape.constant(b) }
  public static func .== (a: Double, b: Variable) -> Variable { b.tape.constant(a) .== b }
  @_disfavoredOverload public static func .== (a: Variable, b: S) -> Variable { a .== a.tape.constant(b) }
  @_disfavoredOverload public static func .== (a: S, b: Variable) -> Variable { b.tape.constant(a) .== b }

  public static func .!= (a: Variable, b: Double) -> Variable { a .!= a.tape.constant(b) }
  public static func .!= (a: Double, b: Variable) -> Variable { b.tape.constant(a) .!= b }
  @_disfavoredOverload public static func .!= (a: Variable, b: S) -> Variable { a .!= a.tape.constant(b) }
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
