import Adjoint

/// The sharing of an update among processes: each updates its own elements of large parameters, and gives them to all.
///
/// Small parameters are updated by all; so is every parameter of an optimiser that looks at a parameter as a whole.
final class UpdateSharing<S: Scalar> {
  let group: ProcessGroup
  let isCutting: Bool
  let cuts: [ElementCut?]
  private var parameters: ArrayExchange<S>?
  private var gradients: ArrayExchange<S>?

  init(_ counts: [Int], among group: ProcessGroup, isCutting: Bool) {
    (self.group, self.isCutting) = (group, isCutting)
    cuts = counts.map { isCutting ? ElementCut(of: $0, among: group) : nil }
  }

  func ownRuns(of runs: [ParameterRun<S>]) -> [ParameterRun<S>] {
    zip(runs, cuts).map { run, cut in cut.map { run.elements($0[group.rank]) } ?? run }
  }

  /// Plans the exchanges of these runs.
  func prepare(_ runs: [ParameterRun<S>]) {
    let cut = zip(runs, cuts).compactMap { run, cut in cut.map { (run: run, cut: $0) } }
    guard !cut.isEmpty else {
      (parameters, gradients) = (nil, nil)
      return
    }
    parameters = ArrayExchange(cut.map { ($0.run.valuePlaces, $0.cut) }, on: group)
    gradients = ArrayExchange(cut.map { ($0.run.gradientPlaces, $0.cut) }, on: group)
  }

  /// Gives all the elements that this process has updated.
  /// - Returns: true when anything is cut.
  func exchangeParameters() -> Bool {
    parameters?.run()
    return parameters != nil
  }

  func exchangeGradients() { gradients?.run() }
  /// The bytes that this process sends for the test of gradients, their norm where it is clipped, and the parameters.
  func sentByteCount(_ clipping: Clipping) -> Int {
    var numbers = 1
    if case .norm = clipping { numbers += cuts.reduce(0) { $0 + ($1?.mostBranches ?? 0) } }
    return 8 * numbers * (group.count - 1) + (parameters?.sentByteCount ?? 0)
  }

  /// Σ (cg)² of each parameter, added in the order in which one process adds; `nil` where a process is not fine. Both in one exchange.
  func squares(of runs: [ParameterRun<S>], times factor: Double, where isFine: Bool) -> [Double]? {
    var own = zip(runs, cuts).flatMap { run, cut -> [Double] in
      guard let cut else { return [] }
      let sums = cut.branches(of: group.rank).map { run.squaredGradientNorm(of: $0, times: factor) }
      return sums + Array(repeating: 0, count: cut.mostBranches - sums.count)
    }
    own.append(isFine ? 1 : 0)
    let all = group.gather(own)
    guard all.allSatisfy({ $0[own.count - 1] == 1 }) else { return nil }
    var place = 0
    return zip(runs, cuts).map { run, cut in
      guard let cut else { return run.squaredGradientNorm(of: run.indices, times: factor) }
      defer { place += cut.mostBranches }
      return cut.sum(of: all.map { Array($0[place..<place + cut.mostBranches]) })
    }
  }
}

extension UpdateSet {
  /// True when every process has found the same: that its own elements are finite.
  func allAgree(_ isFine: Bool) -> Bool { (sharing?.group.largest(isFine ? 0 : 1) ?? (isFine ? 0 : 1)) == 0 }

  /// Σ (cg)² over all parameters; `nil` where a process is not fine.
  func sumOfSquares(times factor: Double, where isFine: Bool) -> Double? {
    guard let sharing else {
      return !isFine
        ? nil : Double.pairwiseSum(0..<runs.count) { runs[$0].squaredGradientNorm(of: runs[$0].indices, times: factor) }
    }
    guard let squares = sharing.squares(of: runs, times: factor, where: isFine) else { return nil }
    return Double.pairwiseSum(0..<runs.count) { squares[$0] }
  }

  /// max |g| over all parameters.
  var largestGradient: Double {
    let own = ownRuns.reduce(0) { max($0, $1.largestGradient()) }
    return sharing?.group.gather([own]).reduce(0) { max($0, $1[0]) } ?? own
  }

  /// Gives all processes the parameters that were updated; true when each has only a part of what is kept beside them.
  func shareParameters() -> Bool { sharing?.exchangeParameters() ?? false }

  /// Gives all processes the whole gradients.
  func gatherGradients() { sharing?.exchangeGradients() }
}

extension TrainingStep {
  /// Gives all processes what the optimiser keeps, and the averages. All ask for it at the same step.
  func gatherKept() {
    guard isKeptScattered else { return }
    isKeptScattered = false
    keptExchange?.run()
  }

  /// The exchange of all arrays that are kept for parameters that are cut.
  private var keptExchange: ArrayExchange<S>? {
    guard let group else { return nil }
    let cut = keptArrays.compactMap { array in ElementCut(of: array.count, among: group).map { (array.places, $0) } }
    return cut.isEmpty ? nil : ArrayExchange(cut, on: group)
  }

  /// Notes that each process has its own elements of what is kept.
  func noteScatteredState() {
    isKeptScattered = true
    if group?.isMarkingMissing == true { keptExchange?.markMissing() }
  }

  /// Does something of any length by itself, while no other process gives this one up.
  /// - Throws: what `body` throws; `ProcessGroup.OtherFailed` where another process has thrown.
  package func patiently<Result>(_ body: () throws -> Result) throws -> Result {
    guard let group else { return try body() }
    return try group.patiently(body)
  }
}
