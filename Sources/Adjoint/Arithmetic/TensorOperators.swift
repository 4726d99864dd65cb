// Arithmetic of tensors without a tape. Each function runs the `forward` of the operation that a tape records under the
// same name. So the bits are the tape's, and so are the sentences about shapes that do not fit.

extension Tensor where Element: Scalar {
  /// y = f(x₀, x₁, …), as a tape computes it.
  package static func evaluating(
    _ f: some Operation, _ x: Tensor..., file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    evaluating(f, x, file: file, line: line)
  }

  /// Of any operation, so that the numbers alone are generic: small tensors would spend most of their time on types that are
  /// looked up as the program runs.
  @specialized(where Element == Float)
  @specialized(where Element == Double)
  package static func evaluating(_ f: any Operation, _ x: [Tensor], file: StaticString, line: UInt) -> Tensor {
    do throws(ShapeError) {
      let shapes = x.map { $0.shape }
      let y = Tensor(shape: try f.shape(of: shapes), from: x) { f.forward($0, into: $1) }
      guard f.resultIndexBound(for: shapes) != nil else { return y }
      // Indices become numbers, as when a variable's value is read.
      return y.elements.withUnsafeBufferPointer { elements in
        guard let base = elements.baseAddress else { return y }
        return View<Element>(shape: y.shape, address: UnsafeMutableRawPointer(mutating: base)).tensor(isIndex: true)
      }
    } catch { fatalError(error.description, file: file, line: line) }
  }
}

// An operator of a tensor and a number takes the number as a tensor of shape [], which repeats.
extension Tensor where Element: Scalar {
  /// a + b, element by element. Shapes broadcast from the right, here and below, as a tape's do.
  public static func + (a: Tensor, b: Tensor) -> Tensor { evaluating(Binary.add, a, b) }
  /// a − b, element by element.
  public static func - (a: Tensor, b: Tensor) -> Tensor { evaluating(Binary.subtract, a, b) }
  /// The elementwise product a ⊙ b; the matrix product is `matmul`.
  public static func * (a: Tensor, b: Tensor) -> Tensor { evaluating(Binary.multiply, a, b) }
  /// a / b, element by element.
  public static func / (a: Tensor, b: Tensor) -> Tensor { evaluating(Binary.divide, a, b) }
  /// −a.
  public static prefix func - (a: Tensor) -> Tensor { evaluating(Unary.negate, a) }

  /// Each element of a, plus b.
  public static func + (a: Tensor, b: Element) -> Tensor { a + Tensor(scalar: b) }
  /// a, plus each element of b.
  public static func + (a: Element, b: Tensor) -> Tensor { Tensor(scalar: a) + b }
  /// Each element of a, minus b.
  public static func - (a: Tensor, b: Element) -> Tensor { a - Tensor(scalar: b) }
  /// a, minus each element of b.
  public static func - (a: Element, b: Tensor) -> Tensor { Tensor(scalar: a) - b }
  /// Each element of a, times b.
  public static func * (a: Tensor, b: Element) -> Tensor { a * Tensor(scalar: b) }
  /// a, times each element of b.
  public static func * (a: Element, b: Tensor) -> Tensor { Tensor(scalar: a) * b }
  /// Each element of a, divided by b.
  public static func / (a: Tensor, b: Element) -> Tensor { a / Tensor(scalar: b) }
  /// a, divided by each element of b.
  public static func / (a: Element, b: Tensor) -> Tensor { Tensor(scalar: a) / b }

  /// Adds b to a, which takes the shape of a + b.
  public static func += (a: inout Tensor, b: Tensor) { a = a + b }
  /// Subtracts b from a, which takes the shape of a − b.
  public static func -= (a: inout Tensor, b: Tensor) { a = a - b }
  /// Multiplies a by b, which takes the shape of a ⊙ b.
  public static func *= (a: inout Tensor, b: Tensor) { a = a * b }
  /// Divides a by b, which takes the shape of a / b.
  public static func /= (a: inout Tensor, b: Tensor) { a = a / b }
  /// Adds b to each element.
  public static func += (a: inout Tensor, b: Element) { a = a + b }
  /// Subtracts b from each element.
  public static func -= (a: inout Tensor, b: Element) { a = a - b }
  /// Multiplies each element by b.
  public static func *= (a: inout Tensor, b: Element) { a = a * b }
  /// Divides each element by b.
  public static func /= (a: inout Tensor, b: Element) { a = a / b }
}

// Comparisons: 1 where true, else 0, as on a tape.
extension Tensor where Element: Scalar {
  /// 1 where a < b, else 0.
  public static func .< (a: Tensor, b: Tensor) -> Tensor { evaluating(Comparison.less, a, b) }
  /// 1 where a ≤ b, else 0.
  public static func .<= (a: Tensor, b: Tensor) -> Tensor { evaluating(Comparison.lessOrEqual, a, b) }
  /// 1 where a > b, else 0.
  public static func .> (a: Tensor, b: Tensor) -> Tensor { evaluating(Comparison.greater, a, b) }
  /// 1 where a ≥ b, else 0.
  public static func .>= (a: Tensor, b: Tensor) -> Tensor { evaluating(Comparison.greaterOrEqual, a, b) }
  /// 1 where a = b, else 0.
  public static func .== (a: Tensor, b: Tensor) -> Tensor { evaluating(Comparison.equal, a, b) }
  /// 1 where a ≠ b, else 0.
  public static func .!= (a: Tensor, b: Tensor) -> Tensor { evaluating(Comparison.notEqual, a, b) }

  /// 1 where an element is below b, else 0.
  public static func .< (a: Tensor, b: Element) -> Tensor { a .< Tensor(scalar: b) }
  /// 1 where an element is at most b, else 0.
  public static func .<= (a: Tensor, b: Element) -> Tensor { a .<= Tensor(scalar: b) }
  /// 1 where an element is above b, else 0.
  public static func .> (a: Tensor, b: Element) -> Tensor { a .> Tensor(scalar: b) }
  /// 1 where an element is at least b, else 0.
  public static func .>= (a: Tensor, b: Element) -> Tensor { a .>= Tensor(scalar: b) }
  /// 1 where an element equals b, else 0.
  public static func .== (a: Tensor, b: Element) -> Tensor { a .== Tensor(scalar: b) }
  /// 1 where an element differs from b, else 0.
  public static func .!= (a: Tensor, b: Element) -> Tensor { a .!= Tensor(scalar: b) }
}

/// The elements of a where the condition is not 0, and of b elsewhere; the shapes broadcast.
public func `where`<S: Scalar>(
  _ condition: Tensor<S>, _ a: Tensor<S>, _ b: Tensor<S>, file: StaticString = #fileID, line: UInt = #line
) -> Tensor<S> {
  .evaluating(Where(), condition, a, b, file: file, line: line)
}
