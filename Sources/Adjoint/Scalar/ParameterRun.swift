/// What an optimiser sees of one parameter: contiguous runs of its value θ, its gradient g, and what the optimiser keeps for
/// it, all of the same length.
///
/// Valid only while an update runs. The order of elements is the parameter's, row-major.
public struct ParameterRun<S: Scalar> {
  public let count: Int
  @usableFromInline let values: UnsafeMutablePointer<S>
  @usableFromInline let gradients: UnsafeMutablePointer<S>
  @usableFromInline let slots: (UnsafeMutablePointer<S>, UnsafeMutablePointer<S>)

  /// θ, g, and up to two arrays of state.
  /// - Precondition: all have as many elements as the parameter, and there are at most two states.
  public init(parameter: Parameter<S>, gradient: Variable<S>, in program: Program<S>, states: [Parameter<S>]) {
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

  /// gᵢ; writing it changes what a later pass of the same update sees.
  @inlinable
  public func gradient(_ i: Int) -> S { gradients[i] }
  @inlinable
  public func setGradient(_ i: Int, _ value: S) { gradients[i] = value }

  /// gᵢ ← √sᵢ, s the second array that the optimiser keeps, for an update that has no more use for g. A square root inside an
  /// update's own loop is a call that keeps the compiler from vectorising it.
  public func setGradientsToRootsOfSecond() { S.map(.unary(.sqrt), slots.1, gradients, count: count) }

  /// Whether every gᵢ is a number: neither NaN nor infinite.
  public var hasFiniteGradient: Bool {
    count == 0
      || S.reduce(.maximum, gradients, count: count).primal.isFinite
        && S.reduce(.minimum, gradients, count: count).primal.isFinite
  }

  /// Element i of the first array that the optimiser keeps.
  @inlinable
  public func first(_ i: Int) -> S { slots.0[i] }
  @inlinable
  public func setFirst(_ i: Int, _ value: S) { slots.0[i] = value }

  /// Element i of the second array that the optimiser keeps.
  @inlinable
  public func second(_ i: Int) -> S { slots.1[i] }
  @inlinable
  public func setSecond(_ i: Int, _ value: S) { slots.1[i] = value }

  @inlinable
  public var indices: Range<Int> { 0..<count }
}
