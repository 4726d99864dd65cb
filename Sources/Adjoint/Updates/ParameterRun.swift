/// A parameter as an optimiser sees it: contiguous runs of its value θ, its gradient g, and the arrays of optimiser state,
/// all of one length.
///
/// The order of its elements is the parameter's, row-major. Positions are checked, in release too; a loop over `indices`
/// is checked once.
public struct ParameterRun<S: Scalar> {
  /// The number of elements.
  public let count: Int
  /// The number of arrays of optimiser state.
  public let stateCount: Int
  @usableFromInline let values: UnsafeMutablePointer<S>
  @usableFromInline let gradients: UnsafeMutablePointer<S>
  /// The arrays of state of the whole parameter, in which this run begins at `start`.
  @usableFromInline let states: UnsafeMutablePointer<UnsafeMutablePointer<S>>
  @usableFromInline let start: Int
  /// The owners of this memory, which lives as long as the run.
  private let owner: RunOwner<S>
  private let copies: GradientCopies<S>?

  /// The dimensions of the whole parameter.
  public var shape: Shape { owner.parameter.shape }

  /// The run of a whole parameter, with its gradient in a program and the arrays of optimiser state.
  /// - Precondition: the gradient is an output of the program, and all have the parameter's shape.
  package init(
    parameter: Parameter<S>, gradient: Variable<S>, in program: Program<S>, states: [Parameter<S>],
    average: Parameter<S>? = nil
  ) {
    let name = parameter.name ?? "unnamed"
    guard gradient.shape == parameter.shape else {
      fatalError("ParameterRun: '\(name)' is \(parameter.shape), its gradient \(gradient.shape)")
    }
    let address = program.output(program.readableNode(gradient)).base
    self.init(RunOwner(parameter, gradient: program, states, average), gradients: address)
  }

  /// The run of a whole parameter with a gradient that stands in memory of its own.
  /// - Precondition: all have the parameter's shape.
  package init(
    parameter: Parameter<S>, gradient: Parameter<S>, states: [Parameter<S>], average: Parameter<S>? = nil
  ) {
    guard gradient.shape == parameter.shape else {
      fatalError("ParameterRun: '\(parameter.name ?? "unnamed")' is \(parameter.shape), its gradient \(gradient.shape)")
    }
    self.init(RunOwner(parameter, gradient: gradient, states, average), gradients: gradient.storage.base)
  }

  private init(_ owner: RunOwner<S>, gradients: UnsafeMutablePointer<S>) {
    (count, values, self.gradients) = (owner.parameter.count, owner.parameter.storage.base, gradients)
    (states, stateCount, start) = (owner.bases, owner.states.count, 0)
    (self.owner, copies) = (owner, nil)
  }

  private init(
    _ whole: ParameterRun, _ range: Range<Int>, gradients: UnsafeMutablePointer<S>, copies: GradientCopies<S>?
  ) {
    count = range.count
    values = whole.values + range.lowerBound
    (states, stateCount, start) = (whole.states, whole.stateCount, whole.start + range.lowerBound)
    (self.gradients, self.copies, owner) = (gradients, copies, whole.owner)
  }

  /// One of several contiguous parts that together are this run.
  @specialized(where S == Float)
  @specialized(where S == Double)
  package func part(_ index: Int, of parts: Int) -> ParameterRun {
    let range = count * index / parts..<count * (index + 1) / parts
    return ParameterRun(self, range, gradients: gradients + range.lowerBound, copies: copies)
  }

  /// Some contiguous elements of this run.
  package func elements(_ range: Range<Int>) -> ParameterRun {
    ParameterRun(self, range, gradients: gradients + range.lowerBound, copies: copies)
  }

  /// The places of θ of a whole parameter.
  package var valuePlaces: Output<S> { Output(shape: shape, address: UnsafeMutableRawPointer(values)) }
  /// The places of g of a whole parameter.
  package var gradientPlaces: Output<S> { Output(shape: shape, address: UnsafeMutableRawPointer(gradients)) }

  /// The elements from `start` on, at most a block of them, with a copy of their gradient that may be changed. The run's
  /// own gradient may be another parameter's too, or a constant that no run computes again.
  @specialized(where S == Float)
  @specialized(where S == Double)
  package func block(from start: Int, copyingGradientInto copies: GradientCopies<S>, of part: Int) -> ParameterRun {
    let copy = copies.buffer.base + part * copies.size
    let range = start..<Swift.min(start + copies.size, count)
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
  func place(_ array: Int, _ i: Int) -> UnsafeMutablePointer<S> {
    check(i)
    if UInt(bitPattern: array) >= UInt(bitPattern: stateCount) { trapWithoutState() }
    return states[array] + (start + i)
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
    guard stateCount >= rule.stateCount else { trapWithoutState() }
    S.update(
      ParameterUpdate(
        rule: rule, values: values, gradients: gradients, first: stateCount > 0 ? states[0] + start : values,
        second: stateCount > 1 ? states[1] + start : values, count: count))
  }

  /// Brings the average of the values towards them: a ← a + c(θ − a). Nothing happens where no average is kept.
  @specialized(where S == Float)
  @specialized(where S == Double)
  package func moveAverage(by factor: Double) {
    guard let kept = owner.average else { return }
    let (average, c) = (kept.storage.base + start, S(factor))
    if factor == 1 {
      average.update(from: values, count: count)
    } else {
      for i in 0..<count { average[i] = average[i] + c * (values[i] - average[i]) }
    }
  }

  /// Adds a gradient times a factor to this one, element by element.
  /// - Precondition: this run's gradient stands in memory of its own, and both have one length.
  @specialized(where S == Float)
  @specialized(where S == Double)
  package func addGradient(of other: ParameterRun, times factor: Double) {
    guard other.count == count else { fatalError("ParameterRun: \(other.count) gradients for \(count)") }
    let c = S(factor)
    for i in 0..<count { gradients[i] = gradients[i] + c * other.gradients[i] }
  }

  /// The gradient as a tensor of the parameter's shape.
  package var gradientTensor: Tensor<S> {
    Tensor(shape: shape, elements: Array(UnsafeBufferPointer(start: gradients, count: count)))
  }

  /// True when every gᵢ is neither NaN nor infinite.
  package var hasFiniteGradient: Bool { S.allFinite(gradients, count: count) }

  /// Element i of an array of optimiser state, counted from 0 in the order of `stateNames`.
  @inlinable
  public func state(_ array: Int, _ i: Int) -> S { place(array, i).pointee }
  /// Sets element i of an array of optimiser state.
  @inlinable
  public func setState(_ array: Int, _ i: Int, _ value: S) { place(array, i).pointee = value }

  /// Element i of the first array of optimiser state.
  @inlinable
  public func first(_ i: Int) -> S { place(0, i).pointee }
  /// Sets element i of the first array of optimiser state.
  @inlinable
  public func setFirst(_ i: Int, _ value: S) { place(0, i).pointee = value }

  /// Element i of the second array of optimiser state.
  @inlinable
  public func second(_ i: Int) -> S { place(1, i).pointee }
  /// Sets element i of the second array of optimiser state.
  @inlinable
  public func setSecond(_ i: Int, _ value: S) { place(1, i).pointee = value }

  /// The positions of the elements, 0 ..< count.
  @inlinable
  public var indices: Range<Int> { 0..<count }
}

extension Parameter {
  /// A hash of the elements' bits, the same in every process that has the same ones.
  package var hash: UInt64 { stableHash(UnsafeRawBufferPointer(storage.elements)) }

  /// The places of the elements.
  package var places: Output<S> { Output(shape: shape, address: storage.address) }
}

/// The places that a run points to.
private final class RunOwner<S: Scalar> {
  let parameter: Parameter<S>
  let states: [Parameter<S>]
  let average: Parameter<S>?
  let bases: UnsafeMutablePointer<UnsafeMutablePointer<S>>
  /// Whoever holds the gradient.
  private let gradient: AnyObject

  init(_ parameter: Parameter<S>, gradient: AnyObject, _ states: [Parameter<S>], _ average: Parameter<S>?) {
    for state in states + [average].compactMap({ $0 }) where state.shape != parameter.shape {
      fatalError(
        "ParameterRun: '\(parameter.name ?? "unnamed")' is \(parameter.shape), an optimiser's state for it \(state.shape)"
      )
    }
    (self.parameter, self.gradient, self.states, self.average) = (parameter, gradient, states, average)
    bases = .allocate(capacity: max(states.count, 1))
    for (position, state) in states.enumerated() { (bases + position).initialize(to: state.storage.base) }
  }

  deinit { bases.deallocate() }
}

/// Room for a part of a gradient for each of several threads.
package final class GradientCopies<S: Scalar> {
  /// The elements of a block, few enough to stay in a core's nearest cache.
  package static var blockSize: Int { 4096 }
  package let parts: Int
  /// The most elements of a part.
  package let size: Int
  fileprivate let buffer: Buffer<S>

  package init(parts: Int, of size: Int = GradientCopies.blockSize) {
    (self.parts, self.size) = (parts, size)
    buffer = Buffer(repeating: 0, count: parts * size)
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
    "run of \(count) elements, \(stateCount) states"
  }
}
