/// A parameter as an optimiser sees it: contiguous runs of its value θ, its gradient g, and up to two arrays of
/// optimiser state, all of one length.
///
/// The order of its elements is the parameter's, row-major. Positions are checked, in release too; a loop over `indices`
/// is checked once.
public struct ParameterRun<S: Scalar> {
  /// The number of elements.
  public let count: Int
  @usableFromInline let values: UnsafeMutablePointer<S>
  @usableFromInline let gradients: UnsafeMutablePointer<S>
  @usableFromInline let slots: (UnsafeMutablePointer<S>?, UnsafeMutablePointer<S>?)
  /// The owners of this memory, which lives as long as the run.
  private let owner: RunOwner<S>
  private let copies: GradientCopies<S>?

  /// The run of a whole parameter, with its gradient in a program and up to two arrays of optimiser state.
  /// - Precondition: the gradient is an output of the program, all have the parameter's shape, and there are at most two
  ///   states.
  package init(parameter: Parameter<S>, gradient: Variable<S>, in program: Program<S>, states: [Parameter<S>]) {
    let name = parameter.name ?? "unnamed"
    guard gradient.shape == parameter.shape else {
      fatalError("ParameterRun: '\(name)' is \(parameter.shape), its gradient \(gradient.shape)")
    }
    guard states.count <= 2 else { fatalError("ParameterRun: \(states.count) states for '\(name)'; at most two fit") }
    if let state = states.first(where: { $0.shape != parameter.shape }) {
      fatalError("ParameterRun: '\(name)' is \(parameter.shape), an optimiser's state for it \(state.shape)")
    }
    count = parameter.count
    values = parameter.storage.base
    gradients = program.output(program.readableNode(gradient)).base
    slots = (states.first?.storage.base, states.dropFirst().first?.storage.base)
    (owner, copies) = (RunOwner(parameter: parameter, program: program, states: states), nil)
  }

  private init(
    _ whole: ParameterRun, _ range: Range<Int>, gradients: UnsafeMutablePointer<S>, copies: GradientCopies<S>?
  ) {
    count = range.count
    values = whole.values + range.lowerBound
    slots = (whole.slots.0.map { $0 + range.lowerBound }, whole.slots.1.map { $0 + range.lowerBound })
    (self.gradients, self.copies, owner) = (gradients, copies, whole.owner)
  }

  /// One of several contiguous parts that together are this run.
  @specialized(where S == Float)
  @specialized(where S == Double)
  package func part(_ index: Int, of parts: Int) -> ParameterRun {
    let range = count * index / parts..<count * (index + 1) / parts
    return ParameterRun(self, range, gradients: gradients + range.lowerBound, copies: copies)
  }

  /// The elements from `start` on, at most a block of them, with a copy of their gradient that may be changed. The run's
  /// own gradient may be another parameter's too, or a constant that no run computes again.
  @specialized(where S == Float)
  @specialized(where S == Double)
  package func block(from start: Int, copyingGradientInto copies: GradientCopies<S>, of part: Int) -> ParameterRun {
    let size = GradientCopies<S>.blockSize
    let copy = copies.buffer.base + part * size
    let range = start..<Swift.min(start + size, count)
    copy.update(from: gradients + start, count: range.count)
    return ParameterRun(self, range, gradients: copy, copies: copies)
  }

  @inlinable @inline(__always)
  func check(_ i: Int) {
    if UInt(bitPattern: i) >= UInt(bitPattern: count) { trap(i) }
  }

  @usableFromInline @inline(never)
  func trap(_ i: Int) -> Never { fatalError("ParameterRun: there is no element \(i) among \(count)") }

  @inlinable @inline(__always)
  func slot(_ place: UnsafeMutablePointer<S>?, _ i: Int) -> UnsafeMutablePointer<S> {
    check(i)
    guard let place else { trapWithoutState() }
    return place + i
  }

  @usableFromInline @inline(never)
  func trapWithoutState() -> Never {
    fatalError("ParameterRun: an array of state that the optimiser does not keep; name it in its `stateNames`")
  }

  /// θᵢ
  @inlinable
  public subscript(i: Int) -> S {
    get {
      check(i)
      return values[i]
    }
    nonmutating set {
      check(i)
      values[i] = newValue
    }
  }

  /// gᵢ
  @inlinable
  public func gradient(_ i: Int) -> S {
    check(i)
    return gradients[i]
  }

  /// Sets gᵢ of a block, whose gradient is a copy.
  @inlinable
  package func setGradient(_ i: Int, _ value: S) {
    check(i)
    gradients[i] = value
  }

  /// Changes θ and the optimiser state by a rule that the library has loops for, in one pass.
  @specialized(where S == Float)
  @specialized(where S == Double)
  package func update(by rule: UpdateRule) {
    let states = (slots.0 == nil ? 0 : 1) + (slots.1 == nil ? 0 : 1)
    guard states >= rule.stateCount else { trapWithoutState() }
    S.update(
      ParameterUpdate(
        rule: rule, values: values, gradients: gradients, first: slots.0 ?? values, second: slots.1 ?? values,
        count: count))
  }

  /// True when every gᵢ is neither NaN nor infinite.
  package var hasFiniteGradient: Bool { S.allFinite(gradients, count: count) }

  /// Element i of the first array of optimiser state.
  @inlinable
  public func first(_ i: Int) -> S { slot(slots.0, i).pointee }
  /// Sets element i of the first array of optimiser state.
  @inlinable
  public func setFirst(_ i: Int, _ value: S) { slot(slots.0, i).pointee = value }

  /// Element i of the second array of optimiser state.
  @inlinable
  public func second(_ i: Int) -> S { slot(slots.1, i).pointee }
  /// Sets element i of the second array of optimiser state.
  @inlinable
  public func setSecond(_ i: Int, _ value: S) { slot(slots.1, i).pointee = value }

  /// The positions of the elements, 0 ..< count.
  @inlinable
  public var indices: Range<Int> { 0..<count }
}

/// The places that a run points to.
private final class RunOwner<S: Scalar> {
  private let parameter: Parameter<S>
  private let program: Program<S>
  private let states: [Parameter<S>]

  init(parameter: Parameter<S>, program: Program<S>, states: [Parameter<S>]) {
    (self.parameter, self.program, self.states) = (parameter, program, states)
  }
}

/// Room for a block of a gradient for each of several threads.
package final class GradientCopies<S: Scalar> {
  /// The elements of a block, few enough to stay in a core's nearest cache.
  package static var blockSize: Int { 4096 }
  package let parts: Int
  fileprivate let buffer: Buffer<S>

  package init(parts: Int) {
    self.parts = parts
    buffer = Buffer(repeating: 0, count: parts * GradientCopies.blockSize)
  }
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
    defer { self.runs = [] }
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

extension ParameterRun: CustomStringConvertible {
  /// The number of elements, and the arrays that the optimiser keeps for them: `run of 784 elements, 2 states`.
  public var description: String {
    "run of \(count) elements, \((slots.0 == nil ? 0 : 1) + (slots.1 == nil ? 0 : 1)) states"
  }
}
