extension Tensor where Element: Scalar {
  /// True when both have one shape, and elements in one place are equal or close:
  /// |a − b| ≤ max(absolute, relative · max(|a|, |b|)).
  ///
  /// Nothing is broadcast. An infinity is close to itself alone, and NaN to nothing, not even to itself. Dual numbers are
  /// compared by their values. `==` asks for equality of every element instead.
  ///
  /// - Parameters:
  ///   - relative: the tolerance as a fraction of the larger of two elements.
  ///   - absolute: the tolerance that decides beside 0, where no fraction reaches.
  /// - Precondition: the tolerances are not negative, and not NaN.
  public func isClose(
    to other: Tensor, relative: Double = 1e-5, absolute: Double = 1e-8, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Bool {
    guard relative >= 0, absolute >= 0 else {
      fatalError(
        "isClose: the tolerances are \(relative) relative and \(absolute) absolute; neither may be negative or NaN",
        file: file, line: line)
    }
    guard shape == other.shape else { return false }
    return zip(elements, other.elements).allSatisfy { a, b in
      let (a, b) = (a.primal, b.primal)
      if a == b { return true }
      // The bound of an infinity is infinite, and would let everything pass.
      guard a.isFinite, b.isFinite else { return false }
      return (a - b).magnitude <= Swift.max(absolute, relative * Swift.max(a.magnitude, b.magnitude))
    }
  }
}
