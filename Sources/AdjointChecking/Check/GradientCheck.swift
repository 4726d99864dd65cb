import Adjoint
import Foundation

/// Checks the derivatives of a recorded output: are they right, and if not, which operation is wrong?
///
/// Three oracles judge, none of which uses a rule under test: dual numbers under a derived bound, extrapolated differences in
/// Double with an error bar, and the slope of the Taylor remainder. All replay the very recording that trains; a `Float` tape
/// is judged in `Float` as well. Parameters, generators and tape are left bit for bit as they were. Random and index leaves
/// are held, and so is what stands before `stopGradient`.
///
/// ```swift
/// let report = GradientCheck(of: loss).run()
/// #expect(report.agrees, "\(report)")
/// ```
public struct GradientCheck<S: Scalar> {
  /// The part of the gradient that is looked at.
  public enum Mode: Sendable, Hashable {
    /// The derivative along k random directions: k replays, whatever the number of parameters.
    case directional(Int)
    /// Every coordinate by itself.
    case full
  }

  package let output: Variable<S>
  package let leaves: [Variable<S>]
  package let mode: Mode
  package let order: Int
  package let seed: UInt64
  /// A name for what is checked, as the report's first line gives it.
  public var subject: String
  /// The sweep that a faulty one would have recorded; for measuring the checker itself.
  package var alter: (Backward<Double>) -> Backward<Double> = { $0 }
  /// The plan that a faulty compiler would have made; for measuring the checker itself.
  package var alteration: PlanAlteration?

  /// A check of the derivative of a recorded value.
  /// - Parameters:
  ///   - output: a number or a tensor, which is then multiplied with a random cotangent.
  ///   - leaves: the variables whose derivatives are checked; every input and every parameter that is not frozen when left out.
  ///   - order: 1 checks the gradient; 2 also checks the gradient of the gradient.
  public init(
    of output: Variable<S>, withRespectTo leaves: [Variable<S>]? = nil, mode: Mode = .directional(3), order: Int = 1,
    seed: UInt64 = 0, file: StaticString = #fileID, line: UInt = #line
  ) {
    if case .directional(let directions) = mode, directions < 1 {
      fatalError(
        "GradientCheck: \(directions) random directions check nothing; give at least 1", file: file, line: line)
    }
    self.output = output
    self.leaves = output.checkedLeaves(among: leaves)
    (self.mode, self.order, self.seed) = (mode, order, seed)
    subject =
      output.path.isEmpty ? Symbols(of: output.tape).place(of: output.index, labeled: nil) : output.path
  }

  /// Runs every oracle and, where one contradicts, finds the operation to blame.
  public func run() -> GradientReport {
    timed { run in
      guard !leaves.isEmpty else {
        run.report.judgments.append(.silent(order: 1, at: 0, "no parameter or input that may move reaches the output"))
        return
      }
      guard leaves.contains(where: { $0.shape.elementCount > 0 }) else {
        run.report.judgments.append(.silent(order: 1, at: 0, "what may move has no elements"))
        return
      }
      if let (leaf, other) = output.dependentLeaf(among: leaves) {
        run.report.judgments.append(
          .silent(order: 1, at: 0, "\(leaf) depends on \(other), and both are to move: check one of them"))
        return
      }
      let needsOwnPrecision = S.self != Double.self
      let recording = recording(boundsErrors: mode == .full, &run)
      guard !recording.judged.isEmpty || leaves.contains(where: { $0.index == output.index }) else {
        run.report.judgments.append(.silent(order: 1, at: 0, "no parameter or input that may move reaches the output"))
        return
      }
      run.check(
        recording, order: 1,
        ownPrecision: needsOwnPrecision ? PrecisionCheck(recording, output: output, leaves: leaves) : nil)
      if run.report.verdict == .agree {
        let program = ProgramCheck(
          output: output, leaves: leaves, cotangent: recording.cotangent, alteration: alteration)
        run.report.judgments.append(program.judgment(&run.report, recording))
      }
      if order >= 2, run.report.verdict != .disagree { run.checkSecondOrder(recording) }
    }
  }

  /// Looks along one random direction with dual numbers alone: what a check while training can afford.
  func glance() -> GradientReport {
    timed { run in run.glance(recording(boundsErrors: false, &run)) }
  }

  private func recording(boundsErrors: Bool, _ run: inout CheckRun) -> CheckedRecording {
    CheckedRecording(
      DoubleRecording(output, leaves), generator: &run.generator, boundsErrors: boundsErrors, alter: alter)
  }

  private func timed(_ work: (inout CheckRun) -> Void) -> GradientReport {
    let started = Date()
    var run = CheckRun(self)
    work(&run)
    run.report.seconds = Date().timeIntervalSince(started)
    return run.report
  }
}

extension Variable {
  /// The leaves with respect to which this output is checked: those given, or all that may move.
  ///
  /// A leaf recorded after the output cannot reach it.
  func checkedLeaves(among given: [Variable]?) -> [Variable] {
    var seen: Set<Int> = []
    return (given ?? tape.differentiableVariables).filter { $0.live.index <= index && seen.insert($0.index).inserted }
  }

  /// A leaf that is computed from another one: they cannot move independently.
  func dependentLeaf(among leaves: [Variable]) -> (leaf: String, other: String)? {
    guard leaves.contains(where: { tape.operation(at: $0.index) != nil }) else { return nil }
    var origin: [Int: Int] = [:]
    for leaf in leaves { origin[leaf.index] = leaf.index }
    for node in 0...index {
      let source = tape[node].inputs.lazy.compactMap { origin[$0.index] }.first
      guard let source else { continue }
      if let leaf = origin[node], leaf == node { return (tape.describe(node), tape.describe(source)) }
      origin[node] = source
    }
    return nil
  }
}

extension GradientCheck: CustomStringConvertible {
  /// The output, the leaves and their numbers, the mode and the order.
  public var description: String {
    let count = leaves.reduce(0) { $0 + $1.shape.elementCount }
    let names = leaves.prefix(4).map { $0.tape.describe($0.index) }.joined(separator: ", ")
    let way =
      switch mode {
      case .directional(let directions): "along \(directions) random directions"
      case .full: "in every coordinate"
      }
    return
      "GradientCheck of \(subject)\(output.shape == .scalar ? "" : " \(output.shape)") by \(leaves.count) variables of \(count) numbers"
      + (leaves.isEmpty ? "" : " (\(names)\(leaves.count > 4 ? ", …" : ""))") + ", \(way), order \(order)"
  }
}
