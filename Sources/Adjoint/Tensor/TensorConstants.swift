// Tensors that a rule fills. Where no context asks for another type of numbers, they are `Double`, as literals are.

extension Tensor where Element: Scalar {
  /// A tensor of zeros.
  @_disfavoredOverload
  public static func zeros(_ shape: Shape) -> Tensor { Tensor(repeating: 0, shape: shape) }
  /// A tensor of ones.
  @_disfavoredOverload
  public static func ones(_ shape: Shape) -> Tensor { Tensor(repeating: 1, shape: shape) }
  /// The matrix with 1 on its diagonal and 0 elsewhere: [rows, columns], square when `columns` is left out.
  @_disfavoredOverload
  public static func eye(_ rows: Int, columns: Int? = nil) -> Tensor { identities([rows, columns ?? rows]) }
  /// The whole numbers 0, 1, …, count − 1.
  @_disfavoredOverload
  public static func arange(_ count: Int) -> Tensor { steps(from: 0, by: 1, count) }
  /// The numbers start + i · step that lie before `end`: each is computed by itself, so errors do not add up.
  /// - Precondition: the step leads from `start` to `end`.
  @_disfavoredOverload
  public static func arange(
    from start: Double, to end: Double, by step: Double = 1, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    steps(from: start, by: step, stepCount(from: start, to: end, by: step, file, line))
  }
  /// So many numbers at equal distances, from `start` through `end`.
  /// - Precondition: the count is not below 0.
  @_disfavoredOverload
  public static func linspace(
    from start: Double, through end: Double, count: Int, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    guard count >= 0 else { fatalError("linspace: \(count) numbers cannot be; give 0 or more", file: file, line: line) }
    var numbers = steps(from: start, by: count > 1 ? (end - start) / Double(count - 1) : 0, count)
    if count > 1 { numbers[linear: count - 1] = Element(end) }
    return numbers
  }

  /// Zeros in the shape of another tensor.
  public static func zeros(like other: Tensor) -> Tensor { zeros(other.shape) }
  /// Ones in the shape of another tensor.
  public static func ones(like other: Tensor) -> Tensor { ones(other.shape) }

  /// The identity in each matrix of a shape.
  package static func identities(_ shape: Shape) -> Tensor {
    let (rows, columns) = (shape[shape.rank - 2], shape[shape.rank - 1])
    return Tensor(of: shape, (0..<shape.elementCount).map { $0 / columns % rows == $0 % columns ? 1 : 0 })
  }

  private static func steps(from start: Double, by step: Double, _ count: Int) -> Tensor {
    let shape = Shape([count])
    return Tensor(of: shape, (0..<count).map { Element(start + Double($0) * step) })
  }

  private static func stepCount(
    from start: Double, to end: Double, by step: Double, _ file: StaticString, _ line: UInt
  ) -> Int {
    let count = ((end - start) / step).rounded(.up)
    guard count.isFinite, count < Double(Int32.max) else {
      fatalError("arange: steps of \(step) do not lead from \(start) to \(end)", file: file, line: line)
    }
    return count > 0 ? Int(count) : 0
  }
}

extension Tensor where Element == Double {
  /// A tensor of zeros.
  public static func zeros(_ shape: Shape) -> Tensor { Tensor(repeating: 0, shape: shape) }
  /// A tensor of ones.
  public static func ones(_ shape: Shape) -> Tensor { Tensor(repeating: 1, shape: shape) }
  /// The matrix with 1 on its diagonal and 0 elsewhere: [rows, columns], square when `columns` is left out.
  public static func eye(_ rows: Int, columns: Int? = nil) -> Tensor { identities([rows, columns ?? rows]) }
  /// The whole numbers 0, 1, …, count − 1.
  public static func arange(_ count: Int) -> Tensor { steps(from: 0, by: 1, count) }
  /// The numbers start + i · step that lie before `end`: each is computed by itself, so errors do not add up.
  /// - Precondition: the step leads from `start` to `end`.
  public static func arange(
    from start: Double, to end: Double, by step: Double = 1, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    steps(from: start, by: step, stepCount(from: start, to: end, by: step, file, line))
  }
  /// So many numbers at equal distances, from `start` through `end`.
  /// - Precondition: the count is not below 0.
  public static func linspace(
    from start: Double, through end: Double, count: Int, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    guard count >= 0 else { fatalError("linspace: \(count) numbers cannot be; give 0 or more", file: file, line: line) }
    var numbers = steps(from: start, by: count > 1 ? (end - start) / Double(count - 1) : 0, count)
    if count > 1 { numbers[linear: count - 1] = Element(end) }
    return numbers
  }
}

extension Tensor where Element: BinaryInteger {
  /// The same numbers as another type: labels as what a loss compares with, `labels.converted(to: Float.self)`.
  public func converted<T: Scalar>(to type: T.Type = T.self) -> Tensor<T> { map { T(Double($0)) } }
}
