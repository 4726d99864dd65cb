/// A parameter as an optimiser sees it: contiguous runs of its value θ, its gradient g, and up to two arrays of
/// optimiser state, all of one length.
///
/// A run is valid only while an update runs. The order of its elements is the parameter's, row-major.
public struct ParameterRun<S: Scalar> {
  public let count: Int
  @usableFromInline let values: UnsafeMutablePointer<S>
  @usableFromInline let gradients: UnsafeMutablePointer<S>
  @usableFromInline let slots: (UnsafeMutablePointer<S>, UnsafeMutablePointer<S>)

  /// The run of a whole parameter, with its gradient in a program and up to two arrays of optimiser state.
  /// - Precondition: all have as many elements as the parameter, and there are at most two states.
  package init(parameter: Parameter<S>, gradient: Variable<S>, in program: Program<S>, states: [Parameter<S>]) {
    count = parameter.count
    values = parameter.storage.base
    gradients = program.output(gradient.index).base
    let first = states.isEmpty ? parameter.storage.base : states[0].storage.base
    slots = (first, states.count > 1 ? states[1].storage.base : first)
  }

  private init(_ whole: ParameterRun, _ range: Range<Int>) {
    count = range.count
    values = whole.values + range.lowerBound
    gradients = whole.gradients + range.lowerBound
    slots = (whole.slots.0 + range.lowerBound, whole.slots.1 + range.lowerBound)
  }

  /// One of several contiguous parts that together are this run.
  package func part(_ index: Int, of parts: Int) -> ParameterRun {
    ParameterRun(self, count * index / parts..<count * (index + 1) / parts)
  }

  /// θᵢ
  @inlinable
  public subscript(i: Int) -> S {
    get { values[i] }
    nonmutating set { values[i] = newValue }
  }

  /// gᵢ
  @inlinable
  public func gradient(_ i: Int) -> S { gradients[i] }
  /// Sets gᵢ, as a later pass of the same update reads it.
  @inlinable
  package func setGradient(_ i: Int, _ value: S) { gradients[i] = value }

  /// Changes θ and the optimiser state by a rule that the library has loops for, in one pass.
  package func update(by rule: UpdateRule) {
    S.update(
      ParameterUpdate(
        rule: rule, values: values, gradients: gradients, first: slots.0, second: slots.1, count: count))
  }

  /// True when every gᵢ is neither NaN nor infinite.
  package var hasFiniteGradient: Bool { S.allFinite(gradients, count: count) }

  /// Element i of the first array of optimiser state.
  @inlinable
  public func first(_ i: Int) -> S { slots.0[i] }
  @inlinable
  public func setFirst(_ i: Int, _ value: S) { slots.0[i] = value }

  /// Element i of the second array of optimiser state.
  @inlinable
  public func second(_ i: Int) -> S { slots.1[i] }
  @inlinable
  public func setSecond(_ i: Int, _ value: S) { slots.1[i] = value }

  @inlinable
  public var indices: Range<Int> { 0..<count }
}

/// The test for finite gradients, before anything is updated. Threads take a contiguous part of each gradient.
package final class FiniteTest<S: Scalar>: WorkerPool.Task {
  private var runs: [ParameterRun<S>] = []
  /// The findings of the parts, each at a place of its own.
  private var findings = UnsafeMutableBufferPointer<Bool>.allocate(capacity: 1)

  deinit { findings.deallocate() }

  /// True when every element of every gradient is neither NaN nor infinite.
  package func holds(for runs: [ParameterRun<S>], on pool: WorkerPool?) -> Bool {
    self.runs = runs
    let parts = pool?.threads ?? 1
    if findings.count < parts {
      findings.deallocate()
      findings = .allocate(capacity: parts)
    }
    if let pool { pool.run(self) } else { run(part: 0, of: 1) }
    return (0..<parts).allSatisfy { findings[$0] }
  }

  package override func run(part: Int, of parts: Int) { findings[part] = isFinite(part, parts) }

  // By position, and specialised: a loop over an array of a generic type allocates.
  @specialized(where S == Float)
  @specialized(where S == Double)
  private func isFinite(_ part: Int, _ parts: Int) -> Bool {
    for position in 0..<runs.count where !runs[position].part(part, of: parts).hasFiniteGradient { return false }
    return true
  }
}
