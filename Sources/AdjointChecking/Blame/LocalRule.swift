import Adjoint

/// One operation by itself: its contribution to each input, element by element, from dual replays of the operation alone.
///
/// It is compared with what the rule recorded, and the difference with known patterns and known mistakes.
struct LocalRule {
  private let recording: CheckedRecording
  private let node: Int
  let operation: any Operation
  let g: Tensor<Double>
  private let inputs: [Int]

  struct Fault {
    let input: Int
    let element: Int
    let found: Double
    let expected: Double
    let hypothesis: Hypothesis
  }

  init(_ recording: CheckedRecording, _ node: Int, _ operation: any Operation, _ g: Tensor<Double>) {
    (self.recording, self.node, self.operation, self.g) = (recording, node, operation, g)
    inputs = recording.nodes[node].inputs
  }

  /// The first input whose contribution is wrong.
  /// - Parameter seen: the contradiction that was seen, whose element is among those looked at.
  func fault(
    _ edges: [CheckedRecording.Edge], at seen: LocalJudge.Fault?, _ generator: inout Generator
  ) -> Fault? {
    for position in inputs.indices where !isIndex(position) && recording.moving.contains(inputs[position]) {
      let edge = edges.first { $0.position == position }
      let x = value(position)
      let found = edge.map { recording.double.value(at: $0.contribution) } ?? .zeros(x.shape)
      let known = seen.flatMap { $0.input == inputs[position] ? $0.element : nil }
      let sample = self.sample(position, found, known, &generator)
      let columns = JacobianColumns(self, position, sample)
      let wrong = columns.wrong(found)
      func distance(_ place: Int) -> Double {
        let difference = abs(found.elements[sample[place]] - columns.expected[place])
        return difference.isNaN ? .infinity : difference
      }
      guard let worst = wrong.max(by: { distance($0) < distance($1) }) else { continue }
      let pattern = FaultPattern(
        shape: x.shape, outputShape: g.shape, sample: sample, found: found, expected: columns.expected, wrong: wrong,
        isMissing: edge == nil || found.elements.allSatisfy { $0 == 0 })
      return Fault(
        input: position, element: sample[worst], found: found.elements[sample[worst]],
        expected: columns.expected[worst], hypothesis: hypothesis(position, pattern, columns))
    }
    return nil
  }

  /// The most telling explanation: what is missing or a plain multiple, then a mistake that explains every element, then a
  /// part that is wrong alone.
  private func hypothesis(_ position: Int, _ pattern: FaultPattern, _ columns: JacobianColumns) -> Hypothesis {
    if pattern.wrong.contains(where: { !pattern.value($0).isFinite }) { return .notFinite }
    if let named = pattern.hypothesis {
      // What a reduction hands back along another axis looks transposed.
      let isReduction = operandCount == 1 && g.shape.elementCount < pattern.shape.elementCount
      return named == .transposed && isReduction ? .wrongAxis : named
    }
    if let mistake = RuleMistakes(self, position, pattern, columns).hypothesis { return mistake }
    if let partial = wrongBranch(pattern) ?? missingSum(pattern, columns) { return partial }
    let fallback = pattern.fallback
    // A piecewise operation that is wrong everywhere, in no other way, took the wrong piece everywhere.
    return fallback == .unknown && recording.double.branches(of: node) != nil ? .wrongBranch : fallback
  }

  /// Wrong on one side of a kink only.
  private func wrongBranch(_ pattern: FaultPattern) -> Hypothesis? {
    guard let branches = recording.double.branches(of: node), branches.sides.count == pattern.shape.elementCount else {
      return nil
    }
    let wrongSides = Set(pattern.wrong.map { branches.sides[pattern.sample[$0]] })
    let right = Set(pattern.sample.indices).subtracting(pattern.wrong)
    let isClean = right.allSatisfy { !wrongSides.contains(branches.sides[pattern.sample[$0]]) }
    return wrongSides.count == 1 && !right.isEmpty && isClean ? .wrongBranch : nil
  }

  /// Right for one slice of a broadcast axis only.
  private func missingSum(_ pattern: FaultPattern, _ columns: JacobianColumns) -> Hypothesis? {
    columns.slices.contains { pattern.isExplained(by: $0) } ? .missingBroadcastSum : nil
  }

  // MARK: Replays of the operation alone

  var operandCount: Int { inputs.count }
  func isIndex(_ position: Int) -> Bool { recording.tape[inputs[position]].holdsIndices }
  func value(_ position: Int) -> Tensor<Double> { recording.double.value(at: inputs[position]) }
  var output: Tensor<Double> { recording.double.value(at: node) }

  /// ẏ of the operation alone where one input moves along a tangent.
  /// - Parameter order: the operands' positions, where they are to be exchanged.
  func tangent(
    _ position: Int, at x: Tensor<Double>? = nil, order: [Int]? = nil, _ move: (inout Tensor<Dual>) -> Void
  ) -> Tensor<Double> {
    let tape = Tape<Dual>()
    let operands = inputs.indices.map { other -> Variable<Dual> in
      if isIndex(other) { return tape.index(recording.tape[inputs[other]].indexValue) }
      var value: Tensor<Dual> = (other == position ? x ?? self.value(other) : self.value(other)).map { Dual($0) }
      if other == position { move(&value) }
      return tape.constant(value)
    }
    return tape.record(operation, inputs: order?.map { operands[$0] } ?? operands).value.map(\.tangent)
  }

  // MARK: Elements

  /// Elements of one input that are looked at: all of a small one; of a large one a sample, and one that is wrong.
  private func sample(
    _ position: Int, _ found: Tensor<Double>, _ known: Int?, _ generator: inout Generator
  ) -> [Int] {
    let count = found.elements.count
    // A large result costs a replay an element.
    let size = min(400, max(32, 8_000_000 / max(g.elements.count + count, 1)))
    if count <= size { return Array(0..<count) }
    let drawn = Set(generator.permutation(of: count).prefix(size))
    return drawn.union([known ?? wrongElement(position, found, &generator)]).sorted()
  }

  /// An element that is wrong, by halving: the half whose ⟨contribution, ẋ⟩ is farther from ⟨ȳ, ẏ⟩ holds one.
  private func wrongElement(_ position: Int, _ found: Tensor<Double>, _ generator: inout Generator) -> Int {
    let direction = found.map { _ in generator.normal() }
    func difference(_ range: Range<Int>) -> Double {
      let moved = tangent(position) { x in for i in range { x[linear: i].tangent = direction.elements[i] } }
      let own = range.reduce(0.0) { $0 + found.elements[$1] * direction.elements[$1] }
      let difference = abs(own - moved.dot(g))
      return difference.isNaN ? .infinity : difference
    }
    var range = found.elements.indices
    while range.count > 1 {
      let middle = range.lowerBound + range.count / 2
      let (low, high) = (range.lowerBound..<middle, middle..<range.upperBound)
      range = difference(low) >= difference(high) ? low : high
    }
    return range.lowerBound
  }
}

/// The Jacobian of one input, one column an element, in the sums that right and wrong rules make of it.
struct JacobianColumns {
  /// The elements of x, in row-major order.
  let sample: [Int]
  /// Σⱼ ȳⱼ ∂yⱼ/∂xᵢ, the right contribution
  private(set) var expected: [Double] = []
  /// Σⱼ |ȳⱼ ∂yⱼ/∂xᵢ|
  private var magnitudes: [Double] = []
  /// Σⱼ ∂yⱼ/∂xᵢ
  private(set) var sums: [Double] = []
  /// ȳᵢ ∂yᵢ/∂xᵢ; empty where x and y differ in shape.
  private(set) var diagonal: [Double] = []
  /// The cotangent of the only element of y that xᵢ moves; empty where some move several or none.
  private(set) var cotangents: [Double] = []
  /// The right contribution of the first and of the last slice along the axes that x is repeated along; empty without such.
  private(set) var slices: [[Double]] = []

  init(_ rule: LocalRule, _ position: Int, _ sample: [Int]) {
    self.sample = sample
    let (g, shape) = (rule.g, rule.value(position).shape)
    let isBroadcast = shape.elementCount < g.shape.elementCount && shape.broadcasts(to: g.shape)
    let masked = isBroadcast ? [SliceChoice.first, .last].map { g.masked(toSlicesOf: shape, $0) } : []
    slices = masked.map { _ in [] }
    for element in sample {
      let column = rule.tangent(position) { $0[linear: element].tangent = 1 }
      expected.append(column.dot(g))
      magnitudes.append(column.magnitude(g))
      sums.append(column.elements.reduce(0, +))
      if shape == g.shape { diagonal.append(column.elements[element] * g.elements[element]) }
      let moved = column.elements.indices.filter { column.elements[$0] != 0 }
      if moved.count == 1 { cotangents.append(g.elements[moved[0]]) }
      for (number, slice) in masked.enumerated() { slices[number].append(column.dot(slice)) }
    }
    if cotangents.count < sample.count { cotangents = [] }
  }

  /// The places in the sample at which a contribution is wrong: on the scale of all, or of the element's own terms where the
  /// difference is too small for that.
  func wrong(_ found: Tensor<Double>) -> [Int] {
    let size = sample.indices.reduce(0.0) { largest, place in
      let own = max(abs(expected[place]), abs(found.elements[sample[place]]))
      return own.isFinite ? max(largest, own) : largest
    }
    func places(_ bound: (Int) -> Double) -> [Int] {
      sample.indices.filter { place in
        let own = found.elements[sample[place]]
        return expected[place].isFinite && !(abs(own - expected[place]) <= bound(place))
      }
    }
    let coarse = places { _ in 1e-11 * size }
    return coarse.isEmpty ? places { 1e-9 * magnitudes[$0] } : coarse
  }
}

/// A slice along the broadcast axes.
package enum SliceChoice { case first, last }

extension Tensor where Element == Double {
  /// This tensor with zeros everywhere but in one slice along the axes that `shape` broadcasts over.
  package func masked(toSlicesOf shape: Shape, _ choice: SliceChoice) -> Tensor {
    let padded = Shape([Int](repeating: 1, count: self.shape.rank - shape.rank) + shape)
    let strides = self.shape.strides
    var copy = self
    for position in elements.indices {
      let kept = self.shape.indices.allSatisfy { axis in
        let coordinate = position / strides[axis] % self.shape[axis]
        let isBroadcast = padded[axis] == 1 && self.shape[axis] > 1
        return !isBroadcast || coordinate == (choice == .first ? 0 : self.shape[axis] - 1)
      }
      if !kept { copy[linear: position] = 0 }
    }
    return copy
  }
}
