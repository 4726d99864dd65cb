import Adjoint

/// Certifies each operation of a sweep by itself.
///
/// At a node y = f(x₁, x₂, …) the inputs get random tangents, one input at a time, and f alone runs in dual numbers. Its contributions are
/// right when Σ⟨contribution, ẋ⟩ = ⟨ȳ, ẏ⟩, element by element where f is elementwise. Both sides take the very numbers of the sweep, so
/// that only the rounding of one operation lies between them: nothing accumulates, and no scale of loss or leaf matters. With every
/// adjoint the sum of its contributions, the chain rule then makes the whole gradient right.
///
/// A kinked element may give any number between its own one-sided slopes. A contradiction is put before the `Arbiter`.
///
/// - Complexity: a replay in dual numbers for each input of each operation.
struct LocalJudge {
  /// A rule that contradicts its operation.
  struct Fault {
    let node: Int
    /// The place of the fault: the rule, or the tangents that judge it.
    let mechanism: Mechanism
    /// The node of the input whose contribution is wrong, and an element of it that is, where they were looked for.
    let input: Int?
    let element: Int?
    let found: Double
    let expected: Double
    let bound: Double
  }

  /// Everything that was seen at one point.
  struct Outcome {
    /// The operations looked at.
    var count = 0
    var faults: [Fault] = []
    /// One kinked element of each node that has one which takes part in the gradient.
    var kinks: [Singularity] = []
    /// The comparison that came closest to its bound.
    var closest: (node: Int, comparison: LocalComparison)?
  }

  let recording: CheckedRecording

  init(_ recording: CheckedRecording) { self.recording = recording }

  /// Judges every operation, nearest to the output first, at the values of the last replay of the rules.
  func outcome(_ generator: inout Generator) -> Outcome {
    var outcome = Outcome()
    var numbers = TangentNumbers(seed: generator.next())
    for node in recording.judged { judge(node, &numbers, &outcome) }
    return outcome
  }

  private func judge(_ node: Int, _ numbers: inout TangentNumbers, _ outcome: inout Outcome) {
    outcome.count += 1
    let inputs = recording.nodes[node].inputs
    var seen: [UnsafeMutablePointer<Dual>?] = []
    for input in inputs where recording.moving.contains(input) {
      // One variable, or two views of one, may stand at several positions: they move together.
      let place = recording.dual.withElements(at: input) { $0.baseAddress }
      if seen.contains(place) { continue }
      seen.append(place)
      let edges = (recording.edgesOfConsumer[node] ?? []).filter { edge in
        recording.dual.withElements(at: edge.producer) { $0.baseAddress } == place
      }
      let move = LocalMove(recording, node: node, input: input, edges: edges)
      move.start(&numbers)
      let comparison = move.compare()
      if !(comparison.share <= outcome.closest?.comparison.share ?? -1) { outcome.closest = (node, comparison) }
      var kinked: Int?
      let fault = contradiction(move, comparison, &numbers, &kinked)
      if let kinked, !outcome.kinks.contains(where: { $0.node == node }) {
        outcome.kinks.append(recording.singularity(at: node, element: kinked, distance: 0))
      }
      if let fault {
        outcome.faults.append(fault)
        return
      }
    }
  }

  /// The fault that a move shows; `kinked` becomes an element at a kink that takes part in the gradient.
  private func contradiction(
    _ move: LocalMove, _ comparison: LocalComparison, _ numbers: inout TangentNumbers, _ kinked: inout Int?
  ) -> Fault? {
    let isAtKink = move.isAtKink
    if !isAtKink {
      guard !(comparison.share <= 1) else { return nil }
      let arbiter = Arbiter(recording, move.node)
      guard let mechanism = arbiter.mechanism(of: comparison, moved: move.tangents(at: comparison.element)) else {
        return nil
      }
      // A contradiction may also be a kink that the operation does not declare.
      guard let element = OneSidedSlopes(move).kinkedElement else {
        return Fault(
          node: move.node, mechanism: mechanism, input: move.input, element: comparison.element ?? move.worstElement(),
          found: comparison.found, expected: comparison.expected, bound: comparison.bound)
      }
      kinked = element
    }
    let sides = OneSidedSlopes(move)
    kinked = sides.kinkedElement
    if let fault = sides.fault() { return fault }
    if kinked == nil || recording.isElementwise(move.node) { return nil }
    return beside(move, &numbers)
  }

  /// Looks between the kinks of an operation that is not elementwise: a few elements move at a time, fewer and fewer until none of
  /// them is at a kink. Where all move at once, each kink adds to what is allowed, and hides what is wrong elsewhere.
  private func beside(_ move: LocalMove, _ numbers: inout TangentNumbers) -> Fault? {
    let tangents = move.tangents(at: nil).compactMap { $0 }.first ?? []
    for _ in 0..<LocalJudge.probes {
      let place = Int(abs(numbers.next() - 0.5) * 0x1p40) % max(tangents.count, 1)
      for width in [64, 16, 4, 1] {
        let start = place / width * width
        move.restrict(to: start..<min(start + width, tangents.count), of: tangents)
        let sides = OneSidedSlopes(move)
        if let fault = sides.fault() { return fault }
        if sides.kinkedElement == nil { break }
      }
    }
    return nil
  }

  /// The places at which an operation with kinks is looked at by itself.
  private static let probes = 12

  /// The residuals Σ⟨contribution, ẋ⟩ − ⟨ȳ, ẏ⟩ along the direction of the last dual replay: their sum is the difference of the two
  /// products end to end. Returns the faults, and the node of the largest residual.
  func residuals() -> (faults: [Fault], largest: Int?) {
    var faults: [Fault] = []
    var largest: (node: Int, size: Double)?
    // The tangents are read before an arbiter may look at anything.
    for node in recording.judged {
      let (dual, double) = (recording.dual, recording.double)
      guard let adjoint = recording.adjoints[node] else { continue }
      var comparison = LocalComparison(unit: recording.unit(of: node))
      double.withElements(at: adjoint) { g in
        dual.withElements(at: node) { y in for i in y.indices { comparison.expect(g[i], y[i].tangent) } }
      }
      for edge in recording.edgesOfConsumer[node] ?? [] {
        double.withElements(at: edge.contribution) { c in
          dual.withElements(at: edge.producer) { x in for i in x.indices { comparison.find(c[i], x[i].tangent) } }
        }
      }
      let size = abs(comparison.found - comparison.expected)
      if !(size <= largest?.size ?? -1) { largest = (node, size) }
      guard !(comparison.share <= 1) else { continue }
      let tangents = recording.nodes[node].inputs.map { input -> [Double]? in
        guard recording.moving.contains(input) else { return nil }
        return dual.withElements(at: input) { $0.map(\.tangent) }
      }
      // The tangents were taken at the dual program's own values, which rounding may have moved: they are not on trial here.
      if Arbiter(recording, node).mechanism(of: comparison, moved: tangents) == .rule {
        faults.append(
          Fault(
            node: node, mechanism: .rule, input: nil, element: nil, found: comparison.found,
            expected: comparison.expected, bound: comparison.bound))
      }
    }
    return (faults, largest?.node)
  }
}

/// Σ⟨contribution, ẋ⟩ beside ⟨ȳ, ẏ⟩ for one operation, with the rounding that it explains.
struct LocalComparison {
  var found = 0.0
  var expected = 0.0
  /// The element that is compared alone; `nil` for a sum over all of them.
  var element: Int?
  private(set) var magnitude = 0.0
  /// The share of the magnitude that rounding explains.
  private let unit: Double
  /// The sizes that multiply what underflow takes away.
  private var factors = 0.0

  init(unit: Double) { self.unit = unit }

  /// Adds contribution · ẋ to what was found.
  mutating func find(_ contribution: Double, _ tangent: Double) {
    let term = contribution * tangent
    found += term
    magnitude += abs(term)
    factors += abs(tangent)
  }

  /// Adds ȳ · ẏ to what is expected.
  mutating func expect(_ g: Double, _ tangent: Double) {
    // Nothing arrives where no cotangent does, however fast the element moves.
    let term = g == 0 ? 0 : g * tangent
    expected += term
    magnitude += abs(term)
    factors += abs(g)
  }

  /// The largest difference that rounding explains. The second term is underflow: a result below the normal numbers errs by their
  /// spacing.
  var bound: Double { unit * magnitude + 4 * .leastNonzeroMagnitude * factors }

  /// The difference as a share of the bound; NaN when one side alone is not finite.
  var share: Double {
    if !found.isFinite, !expected.isFinite { return 0 }
    let difference = abs(found - expected)
    return difference == 0 ? 0 : difference / bound
  }
}

/// Tangents of ±½ … ±3⁄2, of which one check takes as many as an operation has inputs: none is so small that its element hides.
///
/// Source: the Weyl sequence of Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
struct TangentNumbers {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  private mutating func word() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  mutating func next() -> Double {
    let bits = word()
    let size = 0.5 + Double(bits >> 11) * 0x1p-53
    return bits & 1 == 0 ? size : -size
  }
}
