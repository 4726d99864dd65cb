import Adjoint

/// One input of one operation that moves while the others stand, in the dual program.
struct LocalMove {
  let recording: CheckedRecording
  let node: Int
  /// The input that moves; whatever shares its memory moves with it.
  let input: Int
  /// The contributions to it.
  let edges: [CheckedRecording.Edge]
  /// The node of ȳ.
  let adjoint: Int
  /// True where element i of y depends on element i of each input alone.
  private let isElementwise: Bool

  /// - Precondition: the node has an adjoint.
  init(_ recording: CheckedRecording, node: Int, input: Int, edges: [CheckedRecording.Edge]) {
    (self.recording, self.node, self.input, self.edges) = (recording, node, input, edges)
    adjoint = recording.adjoints[node] ?? node
    isElementwise = recording.isElementwise(node)
  }

  /// Gives every input its value of the sweep and this one random tangents, and runs the operation.
  func start(_ numbers: inout TangentNumbers) {
    for other in recording.nodes[node].inputs { copyValues(of: other) }
    // Tangents of the size that makes the products about 1, where that can be told.
    let scale = tangentScale
    recording.dual.withElements(at: input) { x in
      for i in x.indices { x[i].tangent = scale * numbers.next() }
    }
    recording.dual.replay(only: node)
  }

  private func copyValues(of other: Int) {
    guard !recording.tape[other].holdsIndices else { return }
    recording.double.withElements(at: other) { values in
      recording.dual.withElements(at: other) { x in
        for i in x.indices { x[i] = Dual(values[i]) }
      }
    }
  }

  /// A power of 2: that of the inverse of the largest contribution, or of the input where nothing arrives.
  private var tangentScale: Double {
    var largest = 0.0
    for edge in edges {
      recording.double.withElements(at: edge.contribution) {
        for c in $0 where abs(c) < .infinity { largest = max(largest, abs(c)) }
      }
    }
    if largest >= .leastNormalMagnitude, largest < 0x1p1000 {
      return Double(sign: .plus, exponent: -Int(largest.exponent), significand: 1)
    }
    return recording.powerOfTwo(of: input)
  }

  /// Compares the two sides: element by element where that can be done, the worst of them; otherwise their sums.
  func compare() -> LocalComparison {
    let unit = recording.unit(of: node)
    return recording.double.withElements(at: adjoint) { g in
      recording.dual.withElements(at: node) { y in
        recording.dual.withElements(at: input) { x in
          guard isElementwise else {
            var sums = LocalComparison(unit: unit)
            for i in y.indices { sums.expect(g[i], y[i].tangent) }
            for edge in edges {
              recording.double.withElements(at: edge.contribution) { c in
                for i in x.indices { sums.find(c[i], x[i].tangent) }
              }
            }
            return sums
          }
          var worst = LocalComparison(unit: unit)
          func include(_ i: Int, _ contribution: Double) {
            var one = LocalComparison(unit: unit)
            one.element = i
            one.expect(g[i], y[i].tangent)
            one.find(contribution, x[i].tangent)
            for edge in edges.dropFirst() {
              one.find(recording.double.withElements(at: edge.contribution) { $0[i] }, x[i].tangent)
            }
            if !(one.share <= worst.share), !worst.share.isNaN { worst = one }
          }
          guard let edge = edges.first else {
            for i in y.indices { include(i, 0) }
            return worst
          }
          recording.double.withElements(at: edge.contribution) { c in
            for i in y.indices { include(i, c[i]) }
          }
          return worst
        }
      }
    }
  }

  /// An element of the input whose contribution is wrong, by halving what moves.
  ///
  /// - Complexity: log₂(elements) runs of the operation.
  func worstElement() -> Int? {
    let tangents = recording.dual.withElements(at: input) { $0.map(\.tangent) }
    func comparison(moving range: Range<Int>) -> LocalComparison {
      restrict(to: range, of: tangents)
      return compare()
    }
    var range = tangents.indices
    while range.count > 1 {
      let middle = (range.lowerBound + range.upperBound) / 2
      let halves = [range.lowerBound..<middle, middle..<range.upperBound].map { ($0, comparison(moving: $0)) }
      func excess(_ one: LocalComparison) -> Double {
        let difference = abs(one.found - one.expected)
        return one.share <= 1 ? 0 : difference.isNaN ? .infinity : difference
      }
      guard let worst = halves.max(by: { excess($0.1) < excess($1.1) }), excess(worst.1) > 0 else { return nil }
      range = worst.0
    }
    return range.first
  }

  /// Lets a range of the input's elements move alone, and runs the operation.
  func restrict(to range: Range<Int>, of tangents: [Double]) {
    recording.dual.withElements(at: input) { x in
      for i in x.indices { x[i].tangent = range.contains(i) ? tangents[i] : 0 }
    }
    recording.dual.replay(only: node)
  }

  /// Tells whether an element that moves stands exactly at a kink.
  var isAtKink: Bool {
    recording.dual.branches(of: node)?.distances.contains { $0.value == 0 && $0.tangent != 0 } ?? false
  }

  /// The tangents of each input, all of them or one element alone; `nil` for an input that stands.
  func tangents(at element: Int?) -> [[Double]?] {
    let place = recording.dual.withElements(at: input) { $0.baseAddress }
    return recording.nodes[node].inputs.map { other in
      guard recording.moving.contains(other) else { return nil }
      return recording.dual.withElements(at: other) { x in
        guard x.baseAddress == place else { return nil }
        return x.indices.map { element == nil || element == $0 ? x[$0].tangent : 0 }
      }
    }
  }
}

/// The slopes of one operation on the two sides of the point, along the tangents of a move: the intervals in which kinked elements may
/// choose.
///
/// Each kinked element of y chooses by itself, so their sum lies between the sum of the low ends and that of the high ends.
struct OneSidedSlopes {
  private let move: LocalMove
  /// ȳ ẏ a little forward and a little backward, for each element.
  private var sides: [(low: Double, high: Double)] = []
  /// An element of y whose slopes differ and whose cotangent is not 0.
  private(set) var kinkedElement: Int?

  /// A step, as a share of each element: far above rounding, and far below what a curve does.
  private static let step = 0x1p-40

  init(_ move: LocalMove) {
    self.move = move
    let (recording, node) = (move.recording, move.node)
    let y = recording.dual.withElements(at: node) { Array($0) }
    let (forward, backward) = (evaluate(OneSidedSlopes.step), evaluate(-OneSidedSlopes.step))
    _ = evaluate(0)
    recording.double.withElements(at: move.adjoint) { g in
      for i in y.indices {
        let (a, b) = (forward[i].tangent, backward[i].tangent)
        let isKinked =
          abs(a - b) > 1e-3 * (abs(a) + abs(b)) || (a == 0 && b == 0 && forward[i].value != backward[i].value)
        guard isKinked, g[i] != 0 else {
          let product = g[i] == 0 ? 0 : g[i] * y[i].tangent
          sides.append((product, product))
          continue
        }
        if kinkedElement == nil { kinkedElement = i }
        let slack = 1e-6 * abs(g[i]) * (abs(a) + abs(b))
        sides.append((min(g[i] * a, g[i] * b) - slack, max(g[i] * a, g[i] * b) + slack))
      }
    }
  }

  /// y with the input moved by a share of each element.
  private func evaluate(_ share: Double) -> [Dual] {
    let (recording, input) = (move.recording, move.input)
    let tiny = recording.leastMagnitude(of: input)
    recording.double.withElements(at: input) { values in
      recording.dual.withElements(at: input) { x in
        let largest = x.lazy.map { abs($0.tangent) }.max() ?? 1
        for i in x.indices {
          let size = values[i] == 0 ? tiny : abs(values[i])
          x[i].value = values[i] + share * size * (x[i].tangent / largest)
        }
      }
    }
    recording.dual.replay(only: move.node)
    return recording.dual.withElements(at: move.node) { Array($0) }
  }

  /// The contradiction: contributions outside of what the elements may choose.
  func fault() -> LocalJudge.Fault? {
    let (recording, node) = (move.recording, move.node)
    guard recording.isElementwise(node) else {
      let low = sides.reduce(0) { $0 + $1.low }
      let high = sides.reduce(0) { $0 + $1.high }
      return fault(nil, low, high, isKinked: kinkedElement != nil)
    }
    for i in sides.indices {
      if let fault = fault(i, sides[i].low, sides[i].high, isKinked: sides[i].low < sides[i].high) { return fault }
    }
    return nil
  }

  private func fault(_ element: Int?, _ low: Double, _ high: Double, isKinked: Bool) -> LocalJudge.Fault? {
    let (recording, node) = (move.recording, move.node)
    var comparison = LocalComparison(unit: recording.unit(of: node))
    comparison.element = element
    for edge in move.edges {
      recording.double.withElements(at: edge.contribution) { c in
        recording.dual.withElements(at: edge.producer) { x in
          if let element {
            comparison.find(c[element], x[element].tangent)
          } else {
            for i in x.indices { comparison.find(c[i], x[i].tangent) }
          }
        }
      }
    }
    let own = element.map { [sides[$0]] } ?? sides
    let found = comparison.found
    for side in own { comparison.expect(1, max(abs(side.low), abs(side.high))) }
    comparison.expected = min(max(found, low), high)
    guard !(comparison.share <= 1) else { return nil }
    var mechanism = Mechanism.rule
    if !isKinked {
      let arbiter = Arbiter(recording, node)
      guard let decided = arbiter.mechanism(of: comparison, moved: move.tangents(at: element)) else { return nil }
      mechanism = decided
    }
    return LocalJudge.Fault(
      node: node, mechanism: mechanism, input: move.input, element: element, found: found,
      expected: comparison.expected,
      bound: comparison.bound)
  }
}
