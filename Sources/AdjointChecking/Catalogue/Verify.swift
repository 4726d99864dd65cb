import Adjoint
import Dispatch
import Foundation

// One call verifies everything about an operation: `GradientCheck.verify(Softplus.self)`.

extension GradientCheck where S == Double {
  /// Verifies an operation on its examples: orders 1 and 2, replay at a second point, `Float` against `Double`, fast bodies
  /// against plain loops, awkward shapes, the same variable for every operand, and kinks.
  ///
  /// ```swift
  /// #expect(GradientCheck.verify(Softplus.self).agrees)
  /// ```
  /// - Precondition: the type has `examples`; without them the verdict is *cannot tell*.
  public static func verify(_ operation: any Adjoint.Operation.Type, seed: UInt64 = 0) -> VerificationReport {
    verify(operation.examples, name: "\(operation)", seed: seed)
  }

  /// Verifies every operation of the catalogue, or some, on all cores.
  package static func verifyCatalogue(
    _ operations: [any Adjoint.Operation.Type] = OperationCatalog.all, seed: UInt64 = 0
  ) -> VerificationReport {
    verify(operations.flatMap { $0.examples }, name: "", seed: seed)
  }

  private static func verify(_ examples: [Example], name: String, seed: UInt64) -> VerificationReport {
    let started = Date()
    // Before there are threads, which a copy of the process would lack.
    let traps = examples.enumerated().map { Traps(of: $1, seed: seed &+ UInt64($0) &* 7919) }
    let parts = inParallel(examples.count) { number in
      var verifier = ExampleVerifier(examples[number], seed: seed &+ UInt64(number) &* 7919, traps: traps[number])
      return verifier.run()
    }
    var reports: [OperationReport] = []
    for part in parts {
      if let known = reports.firstIndex(where: { $0.name == part.name }) {
        reports[known].merge(part)
      } else {
        reports.append(part)
      }
    }
    if reports.isEmpty, !name.isEmpty { reports = [OperationReport(name: name)] }
    return VerificationReport(operations: reports, seconds: Date().timeIntervalSince(started))
  }
}

/// Everything that is checked about one example.
struct ExampleVerifier: Sendable {
  private let example: Example
  private let seed: UInt64
  private let traps: Traps
  private var report: OperationReport

  init(_ example: Example, seed: UInt64, traps: Traps = Traps()) {
    (self.example, self.seed, self.traps) = (example, seed, traps)
    report = OperationReport(name: example.operation.name)
  }

  mutating func run() -> OperationReport {
    report.examples = 1
    guard rehearse(example) else { return report }
    let draw = ExampleDraw(example, seed: seed)
    // One that has no number to move has no derivative; what it declares is checked all the same.
    if draw.coordinateCount > 0 || draw.givesIndices || draw.values.allSatisfy(\.isIndices) { report.moving = 1 }
    guard checkDeclarations(draw) else { return report }
    for position in draw.movable { check(draw, [position], "input \(position)") }
    if draw.movable.count > 1 { check(draw, draw.movable, "all inputs") }
    checkCotangent(draw)
    checkFloat(draw)
    checkReference(draw)
    checkWideDomain()
    for awkward in awkward where rehearse(awkward, "awkward shape \(awkward.title)") {
      let draw = ExampleDraw(awkward, seed: seed)
      // Where the operation itself has no finite value, such as a sample variance of one number, it has no derivative.
      let isInDomain = draw.record(on: Tape<Double>()).output.value.elements.allSatisfy(\.isFinite)
      if !draw.movable.isEmpty, isInDomain { check(draw, draw.movable, "awkward shape \(awkward.title)") }
    }
    if let interleaved = example.interleaved {
      let draw = ExampleDraw(interleaved, seed: seed)
      check(draw, draw.movable, "either argument wins")
    }
    checkShared()
    probeKinks(draw)
    return report
  }

  // MARK: Declarations

  /// Does in short whatever could trap.
  mutating func tryOut() {
    let draw = ExampleDraw(example, seed: seed)
    guard rehearse(example), checkDeclarations(draw) else { return }
    _ = draw.record(on: Tape<Float>())
    checkReference(draw)
    checkWideDomain()
  }

  /// The example on awkward shapes; none where to ask for them traps.
  private var awkward: [Example] {
    mutating get {
      guard let trap = traps.onAskingForShapes else { return example.awkward }
      report.count(
        .disagree, "\(example.title), awkward shapes", "shape(of:) ends the process: \(trap). " + Traps.remedy)
      return []
    }
  }

  /// Tells whether an example can be recorded and swept; what would trap is a complaint.
  private mutating func rehearse(_ example: Example, _ title: String? = nil) -> Bool {
    if let trap = traps.byTitle[example.title] {
      report.count(.disagree, title ?? example.title, "this ends the process: \(trap). " + Traps.remedy)
      return false
    }
    if traps.endless.contains(example.title) {
      report.count(
        .cannotTell, title ?? example.title,
        "it did not come to its end within 10 s when it was tried: nothing more was checked")
      return false
    }
    guard let fault = Rehearsal(example, ExampleDraw(example, seed: seed)).fault() else { return true }
    report.count(.disagree, title ?? example.title, fault)
    return false
  }

  /// Tests what the operation declares. False when its values are not those of its operands, so that no more can be said.
  private mutating func checkDeclarations(_ draw: ExampleDraw) -> Bool {
    let other = ExampleDraw(example, seed: ~seed)
    let forward = LoneForward(draw)
    let unwritten = forward.unwritten(at: draw)
    guard unwritten.isEmpty else {
      report.count(
        .disagree, example.title,
        "forward leaves elements of y as they were, at \(String(first: unwritten, of: unwritten.count)): shape(of:) says "
          + "\(forward.output.shape), so it must write \(forward.output.shape.elementCount), whatever stood there")
      return false
    }
    if let fault = PurityCheck(draw, other).fault() {
      report.count(.disagree, example.title, fault)
      return false
    }
    var found = DependenceCheck(draw, other, forward).faults() + JacobianCheck(draw, seed: seed).faults()
    // Near 0 first, and then farther, where an example takes any number.
    for stretch in example.takesAnyNumber ? [1.0, 6] : [1] {
      guard let kink = BranchCheck(example, draw, seed: seed, stretch: stretch).fault() else { continue }
      found.append(kink)
      break
    }
    report.note("isElementwise", of: draw.operation.isElementwise, isTested: forward.output.shape.elementCount > 1)
    let isEntrywise = draw.operation.entrywiseInputs(example.inputs.map(\.shape)) != nil
    report.note("entrywiseInputs", of: isEntrywise, isTested: forward.output.shape.first ?? 0 > 1)
    if found.isEmpty, let fault = staleness(draw, other) {
      report.count(.disagree, example.title, fault)
      return false
    }
    for fault in found { report.count(.disagree, example.title, fault) }
    if found.isEmpty { report.count(.agree, example.title, "") }
    return true
  }

  /// The rule as one draw recorded it, replayed at another one: a number, a sign or a place that it baked in shows.
  private func staleness(_ draw: ExampleDraw, _ other: ExampleDraw) -> String? {
    let (inputs, output) = draw.record(on: Tape<Double>())
    let leaves = draw.movable.map { inputs[$0] }
    guard !leaves.isEmpty, output.value.elements.allSatisfy(\.isFinite) else { return nil }
    var generator = Generator(seed: seed)
    let recording = CheckedRecording(DoubleRecording(output, leaves), generator: &generator)
    recording.move(
      to: draw.movable.compactMap { if case .numbers(let value) = other.values[$0] { value } else { nil } })
    guard recording.firstNonFinite() == nil,
      let fault = LocalJudge(recording).outcome(&generator).faults.first(where: { $0.node == output.index })
    else { return nil }
    return "a stale value: recorded at one draw and replayed at another, the rule gives \(fault.found) where "
      + "\(fault.expected) is right. A rule is recorded once and replayed at other values: choose with `where`, masks and "
      + "comparisons of variables, not with `if` on their values or constants made of them"
  }

  /// The rule far from 0 and close to it, where the example takes any number.
  private mutating func checkWideDomain() {
    guard example.takesAnyNumber else { return }
    for magnitudes in WideDomainCheck.magnitudes {
      let draw = ExampleDraw(example, seed: seed, magnitudes: magnitudes)
      switch WideDomainCheck(draw).outcome(seed: seed) {
      case .agrees:
        report.count(.agree, example.title, "")
        let reference = draw.record(on: Tape<ReferenceDouble>()).output.value
        compare(draw.record(on: Tape<Double>()).output.value, reference, unit: .ulpOfOne, "Double")
      case .isNotFinite: report.skipped += 1
      case .disagrees(let sentence):
        let (low, high) = (short(magnitudes.lowerBound), short(magnitudes.upperBound))
        report.count(.disagree, "\(example.title), numbers of \(low) to \(high)", sentence)
      }
    }
  }

  // MARK: Derivatives

  /// Orders 1 and 2 with respect to some inputs.
  private mutating func check(_ draw: ExampleDraw, _ positions: [Int], _ title: String) {
    let (inputs, output) = draw.record(on: Tape<Double>())
    check(output, positions.map { inputs[$0] }, title)
  }

  /// Order 2 with a cotangent that moves.
  private mutating func checkCotangent(_ draw: ExampleDraw) {
    guard draw.coordinateCount > 0 else { return }
    let check = CotangentCheck(draw, seed: seed)
    guard check.isSuspect(seed: seed) else { return report.count(.agree, example.title, "") }
    self.check(check.output, check.leaves, "with a cotangent that moves")
  }

  private mutating func check(_ output: Variable<Double>, _ leaves: [Variable<Double>], _ title: String) {
    guard leaves.contains(where: { $0.shape.elementCount > 0 }) else {
      // Nothing to differentiate: that the rule records at all on empty shapes is the check.
      _ = gradients(of: output.sum(), withRespectTo: leaves)
      return report.count(.agree, title, "")
    }
    let check = GradientCheck(of: output, withRespectTo: leaves, mode: .directional(2), order: 2, seed: seed)
    report.count(check.run(), "\(example.title), \(title)")
  }

  /// The gradient in `Float` against `Double` at the same inputs.
  private mutating func checkFloat(_ draw: ExampleDraw) {
    guard draw.coordinateCount > 0 else { return }
    let (inputs, output) = draw.record(on: Tape<Float>())
    let leaves = draw.movable.map { inputs[$0] }
    report.count(
      GradientCheck<Float>(of: output, withRespectTo: leaves, mode: .directional(1), seed: seed).run(),
      "\(example.title), in Float")
  }

  /// One variable for all operands.
  private mutating func checkShared() {
    guard traps.onAskingForShapes == nil, let (shared, positions) = example.shared else { return }
    guard shared.title == example.title || rehearse(shared, "one variable for every operand, \(shared.title)") else {
      return
    }
    let draw = ExampleDraw(shared, seed: seed)
    let tape = Tape<Double>()
    let inputs = draw.record(on: tape).inputs
    let operands = inputs.indices.map { positions.contains($0) ? inputs[positions[0]] : inputs[$0] }
    check(tape.record(shared.operation, inputs: operands), [inputs[positions[0]]], "one variable for every operand")
  }

  // MARK: Fast bodies

  /// Forward values of the fast loops against the plain ones.
  private mutating func checkReference(_ draw: ExampleDraw) {
    let reference = draw.record(on: Tape<ReferenceDouble>()).output.value
    let double = draw.record(on: Tape<Double>()).output.value
    let float = draw.record(on: Tape<Float>()).output.value
    compare(double, reference, unit: .ulpOfOne, "Double")
    compare(draw.record(on: Tape<Dual>()).output.value.map(\.value), reference, unit: .ulpOfOne, "dual numbers")
    compare(float.converted(), reference, unit: Double(Float.ulpOfOne), "Float")
  }

  private mutating func compare(
    _ fast: Tensor<Double>, _ reference: Tensor<ReferenceDouble>, unit: Double, _ type: String
  ) {
    var worst = Judgment(.reference, order: 1, found: 0, expected: 0, bound: 1)
    for (own, plain) in zip(fast.elements, reference.elements)
    where own != plain.value && !(own.isNaN && plain.value.isNaN) {
      let judgment = Judgment(
        .reference, order: 1, found: own, expected: plain.value,
        bound: plain.error * unit + Double(Float.leastNonzeroMagnitude))
      if !(judgment.severity <= worst.severity) { worst = judgment }
    }
    report.include([worst])
    report.count(
      worst.verdict, "\(example.title), fast loops in \(type)",
      "found \(worst.found), the plain loops give \(worst.expected) ± \(worst.bound)")
  }

  // MARK: Kinks

  /// Puts one element exactly at a kink; the verdict must then be *cannot tell*, or *agree* where it is none.
  private mutating func probeKinks(_ draw: ExampleDraw) {
    for probe in KinkProbes(example, draw).draws {
      let (inputs, output) = probe.record(on: Tape<Double>())
      let leaves = probe.movable.map { inputs[$0] }
      let found = GradientCheck(of: output, withRespectTo: leaves, mode: .directional(1), seed: seed).run()
      switch found.verdict {
      case .cannotTell: report.kinkProbes += 1
      case .disagree: report.count(found, "\(example.title), at a kink")
      case .agree: continue
      }
    }
  }
}

/// Inputs of an example with one element at a kink: at a point that the example avoids, or tied with another.
struct KinkProbes {
  private let example: Example
  private let draw: ExampleDraw
  /// The number of partners of a tie that are tried within one input.
  private static let partners = 12

  init(_ example: Example, _ draw: ExampleDraw) { (self.example, self.draw) = (example, draw) }

  var draws: [ExampleDraw] {
    guard isPiecewise else { return [] }
    var draws: [ExampleDraw] = []
    for (position, input) in example.inputs.enumerated() {
      guard case .numbers(let shape, _, let kinks) = input, shape.elementCount > 0 else { continue }
      draws += kinks.map { with($0, at: [(position, 0)]) }
    }
    if !draws.isEmpty { return draws }
    if draw.movable.count > 1 { return [with(0.95, at: draw.movable.map { ($0, 0) })] }
    guard let only = draw.movable.first else { return [] }
    // Extrema over groups: the tie must be between the best of a group.
    let partners = 1..<max(1, min(example.inputs[only].shape.elementCount, KinkProbes.partners))
    return [3.0, -3.0].flatMap { value in partners.map { with(value, at: [(only, 0), (only, $0)]) } }
  }

  private var isPiecewise: Bool {
    let (_, output) = draw.record(on: Tape<Double>())
    let program = Program<Double>([output], keeping: .all)
    program.replay()
    return output.shape.elementCount > 0 && program.branches(of: output.index) != nil
  }

  private func with(_ value: Double, at places: [(position: Int, element: Int)]) -> ExampleDraw {
    var copy = draw
    for (position, element) in places {
      guard case .numbers(var tensor) = copy.values[position], element < tensor.elements.count else { continue }
      tensor[linear: element] = value
      copy.values[position] = .numbers(tensor)
    }
    return copy
  }
}

/// body(0), body(1), …, computed on all cores, in order.
///
/// Each piece makes its own tapes, which are not `Sendable`; a result depends on its number alone.
package func inParallel<T: Sendable>(_ count: Int, _ body: @Sendable (Int) -> T) -> [T] {
  let queue = DispatchQueue(label: "adjoint.parallel")
  // A mutex of the standard library would ask for macOS 15. Every access stands inside of queue.sync, or behind the last.
  nonisolated(unsafe) var results = [Int: T]()
  DispatchQueue.concurrentPerform(iterations: count) { number in
    let result = body(number)
    queue.sync { results[number] = result }
  }
  return (0..<count).compactMap { results[$0] }
}
