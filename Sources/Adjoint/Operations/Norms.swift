// Products, norms and deviations, made of recorded operations, so that derivatives of every order are right where an
// element, a norm or a deviation is 0.

extension Variable {
  /// Π x over `axes` (all when left out), by halves. The derivatives are products of the other elements, zeros included.
  public func prod(
    axes: [Int]? = nil, keepingDimensions: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    let set = axisSet(axes, for: "prod", file, line)
    let others = shape.indices.filter { !set.contains(axis: $0) }
    let kept = keepingDimensions ? set.kept(of: shape) : Shape(others.map { shape[$0] })
    var count = set.elementCount(of: shape)
    guard count > 0 else { return tape.constant(1).broadcast(to: kept) }
    var y = permute(set.axes + others, file: file, line: line).reshape(to: Shape([count] + others.map { shape[$0] }))
    while count > 1 {
      let half = count / 2
      let product = y[0..<half] * y[half..<2 * half]
      y = count % 2 == 0 ? product : concatenate([product, y[2 * half..<count]])
      count -= half
    }
    return y.reshape(to: kept)
  }

  /// The products of all elements up to each along an axis. The derivatives are products of the other elements, zeros
  /// included.
  ///
  /// - Complexity: O(n log n) along an axis of n elements.
  ///
  /// Source: Hillis and Steele, "Data parallel algorithms", Communications of the ACM 29 (1986) 1170.
  public func cumprod(axis: Int = -1, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    let position = self.axis(axis, for: "cumprod", file, line)
    let count = shape[position]
    guard count > 1 else { return self }
    var (y, reach) = (self, 1)
    while reach < count {
      let longer = y[reach..<count, axis: position] * y[0..<count - reach, axis: position]
      y = concatenate([y[0..<reach, axis: position], longer], axis: position)
      reach *= 2
    }
    return y
  }

  /// The norm (Σ|x|ᵖ)^(1/p) over `axes` (all when left out), for order p = 2 unless given: 1 sums sizes, ∞ takes the
  /// largest, −∞ the smallest, 0 counts what is not 0. Derivatives of every order are 0 where the norm is 0.
  ///
  /// That of order 2 neither overflows nor vanishes on the way.
  /// - Precondition: the order is not NaN.
  public func norm(
    order: Double = 2, axes: [Int]? = nil, keepingDimensions: Bool = false, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Variable {
    checkOption(order, "norm: the order", !order.isNaN, "a number", file, line)
    let set = axisSet(axes, for: "norm", file, line)
    let size = abs(file: file, line: line)
    func sum(_ x: Variable) -> Variable { x.sum(axes: set.axes, keepingDimensions: keepingDimensions) }
    switch order {
    case 0: return sum(size .!= 0)
    case 1: return sum(size)
    case _ where set.elementCount(of: shape) == 0 && order > 0: return sum(size)
    case .infinity: return size.max(axes: set.axes, keepingDimensions: keepingDimensions, file: file, line: line)
    case -.infinity: return size.min(axes: set.axes, keepingDimensions: keepingDimensions, file: file, line: line)
    case 2:
      // Any constant scale gives the same norm and derivatives; this one keeps the squares near 1.
      let largest = size.max(axes: set.axes, keepingDimensions: true).stopGradient()
      let scale = `where`((largest .> 0) * (largest.reciprocal() .> 0), largest, 1)
      let root = sum((self / scale).square()).rootOrZero()
      return root * (keepingDimensions ? scale : scale.reshape(to: root.shape))
    case _:
      let isZero = size .== 0
      let total = sum(`where`(isZero, 0, `where`(isZero, 1, size).power(order)))
      let isNone = total .== 0
      return `where`(isNone, 0, `where`(isNone, 1, total).power(1 / order))
    }
  }

  /// √ of the variance over `axes` (all when left out), which is divided by N − correction. Its derivatives are 0 where
  /// all elements are equal.
  /// - Precondition: N > correction.
  public func standardDeviation(
    axes: [Int]? = nil, keepingDimensions: Bool = false, correction: Int = 0, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Variable {
    variance(axes: axes, keepingDimensions: keepingDimensions, correction: correction, file: file, line: line)
      .rootOrZero()
  }

  /// x / max(‖x‖, ε) along an axis, with the norm of an order.
  /// - Precondition: ε is finite, and not below 0; the order is not NaN.
  public func normalize(
    axis: Int = -1, order: Double = 2, epsilon: Double = 1e-12, file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    checkOption(
      epsilon, "normalize: epsilon", epsilon >= 0 && epsilon.isFinite, "a finite number, 0 or above", file, line)
    let size = norm(order: order, axes: [axis], keepingDimensions: true, file: file, line: line)
    return self / size.maximum(tape.constant(epsilon))
  }

  /// e⁻ˣ / Σ e⁻ˣ along an axis.
  public func softmin(axis: Int = -1, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.apply(.negate, self, file, line).softmax(axis: axis, file: file, line: line)
  }
}
