import Adjoint

/// The found and the expected contributions of one input, and the pattern of their difference.
package struct FaultPattern {
  package let shape: Shape
  package let outputShape: Shape
  /// The elements looked at, in row-major order.
  package let sample: [Int]
  package let found: Tensor<Double>
  /// The right contribution, for each element of the sample.
  package let expected: [Double]
  /// Positions in the sample that are wrong.
  package let wrong: [Int]
  package let isMissing: Bool
  /// Other numbers of elements that a mean may have been taken over.
  package let counts: Set<Int>

  package init(
    shape: Shape, outputShape: Shape, sample: [Int], found: Tensor<Double>, expected: [Double], wrong: [Int],
    isMissing: Bool, counts: Set<Int> = []
  ) {
    (self.shape, self.outputShape, self.sample, self.found) = (shape, outputShape, sample, found)
    (self.expected, self.wrong, self.isMissing, self.counts) = (expected, wrong, isMissing, counts)
  }

  /// The pattern with a name that explains every element, if one does.
  package var hypothesis: Hypothesis? {
    if isMissing { return .droppedEdge }
    if let ratio = commonRatio, let name = named(ratio) { return name }
    return isTransposed ? .transposed : nil
  }

  /// The hypothesis that remains when nothing more telling explains the difference.
  package var fallback: Hypothesis {
    if wrong.count == 1, shape.elementCount > (shape.first ?? 1) { return .wrongElement(sample[wrong[0]]) }
    if let row = onlyRow { return .wrongRow(row) }
    return commonRatio.map { .factor($0) } ?? .unknown
  }

  /// The contribution found at a place of the sample.
  func value(_ place: Int) -> Double { found.elements[sample[place]] }

  /// Tells whether another contribution, at the places of the sample, is the one that was found.
  func isExplained(by candidate: [Double]) -> Bool {
    guard candidate.count == sample.count, !candidate.isEmpty else { return false }
    // Nearer to what was found than what was found is to the truth, however small the fault.
    let tolerance = min(1e-9 * (sample.indices.map { abs(value($0)) }.max() ?? 0), 0.1 * worst)
    return sample.indices.allSatisfy { abs(value($0) - candidate[$0]) <= tolerance }
  }

  /// Tells whether another contribution is the right one.
  func isRight(_ candidate: [Double]) -> Bool {
    let tolerance = min(1e-9 * (expected.map(abs).max() ?? 0), 0.1 * worst)
    return candidate.count == sample.count
      && sample.indices.allSatisfy { abs(expected[$0] - candidate[$0]) <= tolerance }
  }

  /// The largest difference from the right contribution.
  private var worst: Double { wrong.map { abs(value($0) - expected[$0]) }.max() ?? 0 }

  /// found / expected, where it is the same for every element that is not nearly zero.
  private var commonRatio: Double? {
    let size = expected.map(abs).max() ?? 0
    let telling = sample.indices.filter { abs(expected[$0]) > 1e-6 * size }
    guard let first = telling.first, wrong.count >= max(1, telling.count / 2) else { return nil }
    let ratio = value(first) / expected[first]
    let same = telling.allSatisfy { abs(value($0) / expected[$0] - ratio) <= 1e-6 * abs(ratio) }
    return same && abs(ratio - 1) > 1e-10 ? ratio : nil
  }

  private func named(_ ratio: Double) -> Hypothesis? {
    if abs(ratio + 1) < 1e-6 { return .sign }
    if abs(ratio - 1) < 5e-3 { return .relativeError(ratio - 1) }
    if abs(ratio - 2) < 1e-6 || abs(ratio - 0.5) < 1e-6 { return .factor(ratio) }
    let sizes = Set(Array(shape) + Array(outputShape) + [shape.elementCount, outputShape.elementCount]).filter {
      $0 > 1
    }
    let quotient = outputShape.elementCount > 0 ? shape.elementCount / max(outputShape.elementCount, 1) : 0
    for n in sizes.union(quotient > 1 ? [quotient] : []).union(counts).sorted() {
      if abs(ratio - Double(n)) < 1e-6 * Double(n) { return .missingMean(n) }
      if abs(ratio * Double(n) - 1) < 1e-6 { return .doubledMean(n) }
    }
    guard shape.elementCount > outputShape.elementCount else { return nil }
    for expected in sizes {
      for found in sizes where abs(ratio * Double(found) - Double(expected)) < 1e-6 * Double(expected) {
        return .otherMean(found: found, expected: expected)
      }
    }
    return nil
  }

  /// Tells whether the contribution is right when read with its axes in reverse order.
  private var isTransposed: Bool {
    guard shape.count(where: { $0 > 1 }) > 1, sample.count == shape.elementCount else { return false }
    let size = expected.map(abs).max() ?? 0
    let strides = shape.strides
    return sample.allSatisfy { element in
      var (place, stride) = (0, 1)
      for axis in shape.indices {
        place += element / strides[axis] % shape[axis] * stride
        stride *= shape[axis]
      }
      return abs(found.elements[place] - expected[element]) <= 1e-9 * size
    }
  }

  /// The only row of the first axis that is wrong.
  private var onlyRow: Int? {
    guard shape.rank >= 1, shape[0] > 1, shape.elementCount > 0 else { return nil }
    let width = shape.elementCount / shape[0]
    let rows = Set(wrong.map { sample[$0] / width })
    return rows.count == 1 ? rows.first : nil
  }
}
