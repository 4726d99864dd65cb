import Adjoint

// From the gradients to the new parameters: the gradients are tested, clipped and regularised, then the optimiser's rule
// is applied.

/// Penalties that are added to the gradients of the weights, and of the biases if asked for.
public struct Regularization: Sendable, Hashable {
  /// λ₁: λ₁·sign(w) is added to the gradient.
  package let l1: Double
  /// λ₂: λ₂·w is added to the gradient.
  package let l2: Double
  /// λ: w shrinks by rate·λ·w apart from the gradient (Loshchilov & Hutter 2019).
  package let decoupled: Double
  /// True when vectors (biases, scales) are penalised like matrices.
  package let includesBiases: Bool

  /// Penalties and decay with these factors.
  /// - Precondition: the factors are finite, and not negative.
  public init(
    l1: Double = 0, l2: Double = 0, decoupled: Double = 0, includesBiases: Bool = false,
    file: StaticString = #fileID, line: UInt = #line
  ) {
    let site = CallSite(file, line)
    self.l1 = checked(l1, "Regularization.l1", .notNegative, at: site)
    self.l2 = checked(l2, "Regularization.l2", .notNegative, at: site)
    self.decoupled = checked(decoupled, "Regularization.decoupled", .notNegative, at: site)
    self.includesBiases = includesBiases
  }

  /// No penalty and no decay.
  public static let none = Regularization()
}

/// A bound on gradients that are too large, above 0.
public enum Clipping: Sendable, Hashable {
  /// No bound.
  case none
  /// Each element is brought into −limit … limit.
  case value(Double)
  /// All gradients are scaled together so that their Euclidean norm is at most this (Pascanu et al. 2013).
  case norm(Double)
}

extension Clipping {
  /// Traps when the limit is not above 0.
  func validate(at site: CallSite = CallSite()) {
    switch self {
    case .none: break
    case .value(let limit): check(limit, "Clipping.value: the limit", .positive, at: site)
    case .norm(let limit): check(limit, "Clipping.norm: the limit", .positive, at: site)
    }
  }
}

/// The factor on all gradients, as two: one alone may be too small for `Float`.
struct GradientScale: Equatable {
  var first = 1.0
  var second = 1.0
}

/// The test of all gradients, before anything is updated.
final class GradientTest<S: Scalar> {
  private let finiteTest = FiniteTest<S>()

  /// The factor that brings the norm of all gradients together down to the limit, 1 without one; `nil` where gradients are
  /// not finite.
  func scale(of updates: UpdateSet<S>, _ clipping: Clipping, on pool: WorkerPool?) -> GradientScale? {
    let isFinite = finiteTest.holds(for: updates.ownRuns, on: pool)
    guard case .norm(let limit) = clipping else { return updates.allAgree(isFinite) ? GradientScale() : nil }
    guard let squares = updates.sumOfSquares(times: 1, where: isFinite) else { return nil }
    guard squares.isFinite, squares > 1e-290, limit / squares.squareRoot() > 1e-37 else {
      return scaleOfExtremes(updates, limit)
    }
    return GradientScale(first: min(limit / squares.squareRoot(), 1))
  }

  /// The same where squares overflow or vanish: the gradients are brought to the size of 1 before they are squared.
  private func scaleOfExtremes(_ updates: UpdateSet<S>, _ limit: Double) -> GradientScale {
    let largest = updates.largestGradient
    guard largest > 0 else { return GradientScale() }
    var power = Double(sign: .plus, exponent: max(min(-Int(largest.exponent), 1000), -1023), significand: 1)
    if !S(power).primal.isFinite { power = 0x1p126 }
    let norm = (updates.sumOfSquares(times: power, where: true) ?? .nan).squareRoot()
    return norm > limit * power ? GradientScale(first: power, second: limit / norm) : GradientScale()
  }
}

/// The parameters that a loss trains, each with its gradient and what is kept for it.
final class UpdateSet<S: Scalar> {
  let parameters: [Parameter<S>]
  /// The names under which a checkpoint stores them.
  let names: [String]
  /// The parameters with their gradients and what the optimiser keeps for them.
  private(set) var runs: [ParameterRun<S>] = [] { didSet { cutRuns() } }
  /// What this process tests and updates: the runs, or its own elements of those that are cut.
  private(set) var ownRuns: [ParameterRun<S>] = []
  /// The processes that share the update, and the cut of each parameter; `nil` of one that all update.
  private(set) var sharing: UpdateSharing<S>?
  /// The group of each parameter; −1 of none.
  fileprivate(set) var groups: [Int] = []
  /// True for each run that is a bias, and so for all vectors.
  let isBias: [Bool]
  /// True when there are so many parameters that threads are woken for what follows the program.
  let isWorthSharing: Bool
  /// The most elements of a parameter.
  let largestCount: Int
  private let makeRun: (_ position: Int, KeptState<S>) -> ParameterRun<S>

  init(
    _ parameters: [Parameter<S>], names: [String], run: @escaping (_ position: Int, KeptState<S>) -> ParameterRun<S>
  ) {
    (self.parameters, self.names, makeRun) = (parameters, names, run)
    isBias = parameters.map { $0.shape.rank <= 1 }
    isWorthSharing = parameters.reduce(0) { $0 + $1.count } >= 16_384
    largestCount = parameters.reduce(0) { max($0, $1.count) }
  }

  /// Makes the runs, anew for another optimiser.
  func makeRuns(_ kept: (Parameter<S>, String) -> KeptState<S>) {
    runs = parameters.indices.map { makeRun($0, kept(parameters[$0], names[$0])) }
  }

  /// Lets processes share the update, or each update all of it.
  func share(among group: ProcessGroup, cutting: Bool) {
    if let sharing, sharing.group === group, sharing.isCutting == cutting { return }
    sharing = UpdateSharing(parameters.map(\.count), among: group, isCutting: cutting)
    cutRuns()
  }

  private func cutRuns() {
    ownRuns = sharing?.ownRuns(of: runs) ?? runs
    sharing?.prepare(runs)
  }

  /// Puts each parameter into the first group whose rule it matches.
  func group(by groups: [ParameterGroup<S>]) {
    self.groups = parameters.indices.map { position in
      groups.firstIndex { $0.rule.matches(names[position], parameters[position]) } ?? -1
    }
  }
}

/// What a step keeps for a parameter: the optimiser's arrays, and the average where there is one.
struct KeptState<S: Scalar> {
  let states: [Parameter<S>]
  let average: Parameter<S>?
}

/// The update of all parameters of a step: gradient prepared, then the optimiser's rule. Threads take a contiguous part of
/// every parameter, the same one each time; where the optimiser sees parameters as a whole, each takes some of them.
final class UpdateTask<S: Scalar>: WorkerPool.Task {
  private var job: Job?
  /// Room for what becomes of gradients, made when something is first asked of them.
  private var copies: GradientCopies<S>?

  struct Job {
    let set: UpdateSet<S>
    let setting: UpdateSetting
    /// The settings of the groups.
    let groups: [UpdateSetting]
    /// The number of the optimiser's step, 1 for the first.
    let step: Int
    let scale: GradientScale
    let clipping: Clipping
    let regularization: Regularization
    /// The factor by which averages move towards the weights; 0 where none are kept.
    let averaging: Double

    /// What is done to the gradient of a parameter before the optimiser sees it; `nil` for nothing.
    func preparation(of position: Int) -> GradientPreparation? {
      let isPenalized = !set.isBias[position] || regularization.includesBiases
      var limit: Double?
      if case .value(let value) = clipping { limit = value }
      let preparation = GradientPreparation(
        scale: scale, limit: limit, l1: isPenalized ? regularization.l1 : 0, l2: isPenalized ? regularization.l2 : 0)
      return preparation == GradientPreparation() ? nil : preparation
    }

    /// The factor on the parameter itself.
    func keep(of position: Int, _ setting: UpdateSetting) -> Double {
      if let decay = setting.decay { return 1 - setting.rate * decay }
      return !set.isBias[position] || regularization.includesBiases
        ? 1 - setting.rate * regularization.decoupled : 1
    }
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  func run(_ job: Job, on pool: WorkerPool?) {
    let parts = pool?.threads ?? 1
    let size = job.setting.optimizer.takesWholeParameters ? job.set.largestCount : GradientCopies<S>.blockSize
    for position in 0..<job.set.runs.count where job.preparation(of: position) != nil {
      if let copies, copies.parts >= parts, copies.size >= size { break }
      copies = GradientCopies(parts: parts, of: size)
    }
    self.job = job
    if let pool { pool.run(self) } else { run(part: 0, of: 1) }
    self.job = nil
    // A recording that read the values from before is refused by its gradient.
    for position in 0..<job.set.parameters.count { job.set.parameters[position].noteChange() }
  }

  override func run(part: Int, of parts: Int) { update(part, parts) }

  // By position, and specialised: a loop over an array of a generic type allocates.
  @specialized(where S == Float)
  @specialized(where S == Double)
  private func update(_ part: Int, _ parts: Int) {
    guard let job else { return }
    let isWhole = job.setting.optimizer.takesWholeParameters
    for position in 0..<job.set.runs.count {
      if isWhole && position % parts != part { continue }
      let run = isWhole ? job.set.runs[position] : job.set.ownRuns[position].part(part, of: parts)
      let group = job.set.groups[position]
      if group < 0 {
        update(run, at: position, job, job.setting, part)
      } else {
        update(run, at: position, job, job.groups[group], part)
      }
      if job.averaging > 0 { run.moveAverage(by: job.averaging) }
    }
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  private func update(
    _ run: ParameterRun<S>, at position: Int, _ job: Job, _ setting: UpdateSetting, _ part: Int
  ) {
    let keep = job.keep(of: position, setting)
    guard let preparation = job.preparation(of: position), let copies else {
      run.decay(keeping: keep)
      setting.optimizer.update(run, rate: setting.rate, step: job.step)
      return
    }
    let size = copies.size
    for start in stride(from: 0, to: run.count, by: size) {
      let block = run.block(from: start, copyingGradientInto: copies, of: part)
      block.prepareGradient(preparation)
      block.decay(keeping: keep)
      setting.optimizer.update(block, rate: setting.rate, step: job.step)
    }
  }
}

/// What is done to a gradient before the optimiser sees it.
struct GradientPreparation: Equatable {
  var scale = GradientScale()
  /// The bound on each element.
  var limit: Double?
  var l1 = 0.0
  var l2 = 0.0
}

extension ParameterRun {
  /// Scales, clips, then adds the penalties' gradients.
  @specialized(where S == Float)
  @specialized(where S == Double)
  fileprivate func prepareGradient(_ preparation: GradientPreparation) {
    if preparation.scale.first != 1 { multiplyGradient(by: S(preparation.scale.first)) }
    if preparation.scale.second != 1 { multiplyGradient(by: S(preparation.scale.second)) }
    if let limit = preparation.limit {
      let (low, high) = (S(-limit), S(limit))
      for i in indices { setGradient(i, S.smaller(S.larger(gradient(i), low), high)) }
    }
    if preparation.l1 != 0 || preparation.l2 != 0 {
      let (l1, l2) = (S(preparation.l1), S(preparation.l2))
      for i in indices {
        let w = self[i]
        let sign: S = w > 0 ? 1 : w < 0 ? -1 : 0
        setGradient(i, gradient(i) + l1 * sign + l2 * w)
      }
    }
  }

  @inline(__always)
  private func multiplyGradient(by factor: S) { for i in indices { setGradient(i, factor * gradient(i)) } }

  /// θ ← keep·θ
  @specialized(where S == Float)
  @specialized(where S == Double)
  fileprivate func decay(keeping keep: Double) {
    guard keep != 1 else { return }
    let keep = S(keep)
    for i in indices { self[i] = keep * self[i] }
  }

  /// Σ (cg)², added in Double.
  @specialized(where S == Float)
  @specialized(where S == Double)
  func squaredGradientNorm(of elements: Range<Int>, times factor: Double) -> Double {
    let gradients = gradientPlaces.elements  // the run would be retained for each element
    return Double.pairwiseSum(elements) {
      let g = factor * gradients[$0].primal
      return g * g
    }
  }

  /// max |g|
  @specialized(where S == Float)
  @specialized(where S == Double)
  func largestGradient() -> Double {
    var largest = 0.0
    for i in indices { largest = max(largest, gradient(i).primal.magnitude) }
    return largest
  }
}
