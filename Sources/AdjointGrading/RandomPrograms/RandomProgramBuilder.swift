import Adjoint
import AdjointChecking

extension RandomProgram {
  /// The ingredients of random programs.
  public struct Options: Sendable {
    /// The number of operations that are asked for, between these bounds; guards of domains and the joining of results add some.
    public var size = 4...20
    package var largestExtent = 5
    package var largestCount = 96
    package var largestRank = 4
    /// The share of dimensions that are 0.
    package var emptyShare = 0.02
    /// The distance from every kink that a piecewise operation's arguments keep at point 0, unless they sit on it and do not move.
    package var kinkMargin = 1e-3
    /// Operations drawn as they stand in their examples: how those that the generator does not know take part. Add the
    /// examples of your own operations.
    public var examples = OperationCatalog.examples

    /// The usual ingredients.
    public init() {}
  }

  /// The program of a seed: fan-out, one variable used twice, diamonds, dead branches, broadcasts both ways, reductions
  /// over any axes, and every operation of the catalogue in its domain.
  public init(seed: UInt64, options: Options = Options()) {
    var builder = RandomProgramBuilder(seed: seed, options: options)
    self = builder.build()
  }
}

/// Builds a program step by step.
///
/// It records at point 0 as it goes, and so knows shapes and values, the ranges in which values can lie, and how far they stand
/// from kinks.
struct RandomProgramBuilder {
  let options: RandomProgram.Options
  var random: Generator
  private(set) var program: RandomProgram
  /// The range of each step's values at every point; `nil` for indices.
  private(set) var ranges: [ClosedRange<Double>?] = []
  private(set) var isUsed: [Bool] = []
  private let tape = Tape<Double>()
  private var values: [Variable<Double>] = []

  init(seed: UInt64, options: RandomProgram.Options) {
    self.options = options
    random = Generator(seed: seed).stream(0)
    program = RandomProgram(seed: seed, steps: [], output: 0)
  }

  mutating func build() -> RandomProgram {
    let size = options.size.lowerBound + pick(options.size.count)
    for _ in 0..<(1 + pick(3)) { _ = leaf(randomShape()) }
    var tries = 0
    while program.operationCount < size, tries < 20 * size {
      tries += 1
      _ = move()
    }
    chooseOutput()
    return program
  }

  /// Either several loose ends reduced and added up to a number, or one of them as it stands. The others stay dead.
  private mutating func chooseOutput() {
    let loose = numbers.filter { program.steps[$0].operation != nil && !isUsed[$0] }
    // The end of the longest branch last, empty ones first.
    let ends = loose.map { (step: $0, size: shape($0).elementCount == 0 ? 0 : ancestorCount($0)) }
      .sorted { ($0.size, $0.step) < ($1.size, $1.step) }.map(\.step)
    guard let last = ends.last else {
      program.output = apply(Unary.tanh, [operand()]) ?? program.steps.count - 1
      return
    }
    program.output = last
    guard chance(0.6) else { return }
    var total: Int?
    for end in ends.suffix(1 + pick(5)) {
      let axes = AxisSet(0..<shape(end).rank)
      guard let number = (chance(0.3) ? apply(Mean(axes: axes), [end]) : nil) ?? apply(Sum(axes: axes), [end]) else {
        continue
      }
      total = total.flatMap { apply(Binary.add, [$0, number]) } ?? number
    }
    program.output = total ?? last
  }

  /// The number of steps that a step depends on.
  private func ancestorCount(_ step: Int) -> Int {
    var isNeeded = Set([step])
    for i in (0...step).reversed() where isNeeded.contains(i) { isNeeded.formUnion(program.steps[i].inputs) }
    return isNeeded.count
  }

  // MARK: Chance

  mutating func pick(_ count: Int) -> Int { Int(random.next() % UInt64(max(count, 1))) }
  mutating func chance(_ probability: Double) -> Bool { random.uniform() < probability }
  mutating func one<T>(of choices: [T]) -> T { choices[pick(choices.count)] }

  mutating func extent() -> Int { chance(options.emptyShare) ? 0 : 1 + pick(options.largestExtent) }

  mutating func randomShape() -> Shape {
    let dimensions = (0..<one(of: [0, 1, 1, 2, 2, 2, 2, 3, 3])).map { _ in extent() }
    return fits(Shape(dimensions)) ? Shape(dimensions) : Shape(dimensions.dropLast())
  }

  func fits(_ shape: Shape) -> Bool {
    shape.rank <= options.largestRank && shape.elementCount <= options.largestCount
  }

  // MARK: Steps

  func shape(_ step: Int) -> Shape { program.steps[step].shape }

  /// The steps that hold numbers.
  var numbers: [Int] { program.steps.indices.filter { !program.steps[$0].holdsIndices } }

  /// A step to go on from: mostly one that nothing uses yet, so that chains grow and few branches stay dead; others too, so
  /// that they fan out.
  mutating func operand(where condition: (Shape) -> Bool = { _ in true }) -> Int {
    let candidates = numbers.filter { condition(shape($0)) }
    guard !candidates.isEmpty else {
      let side = 1 + pick(options.largestExtent)
      return leaf([side, side])
    }
    let loose = candidates.filter { !isUsed[$0] && program.steps[$0].operation != nil }
    if !loose.isEmpty, chance(0.6) { return one(of: loose) }
    return chance(0.5) ? one(of: candidates) : one(of: candidates.suffix(4))
  }

  /// A new leaf of numbers: most are inputs, some parameters, few constants.
  mutating func leaf(_ shape: Shape, in range: ClosedRange<Double>? = nil, role: Role? = nil) -> Int {
    let usual: [ClosedRange<Double>] = [-2...2, -2...2, 0.5...2, -1...1]
    let range = range ?? one(of: usual)
    return append(
      role ?? one(of: [.input, .input, .input, .parameter, .parameter, .constant]), .numbers(in: range), shape)
  }

  /// Indices: some that are there, of this shape and not above the bound, or a new one.
  mutating func indices(_ shape: Shape, below bound: Int) -> Int {
    let known = program.steps.indices.filter { step in
      self.shape(step) == shape && program.indexBound(of: step).map { $0 <= bound } ?? false
    }
    return !known.isEmpty && chance(0.7) ? one(of: known) : append(.index, .indices(below: bound), shape)
  }

  /// A shape of indices: often that of some that are there.
  mutating func indexShape() -> Shape {
    let known = program.steps.indices.filter { program.steps[$0].holdsIndices }
    return !known.isEmpty && chance(0.6)
      ? shape(one(of: known)) : one(of: [[], [extent()], [extent()], [extent(), 1 + pick(3)]])
  }

  /// A constant leaf with these numbers at every point.
  mutating func constant(_ value: Tensor<Double>) -> Int {
    append(.constant, .numbers(in: 0...1), value.shape, pinned: .numbers(value))
  }

  private mutating func append(
    _ role: Role, _ content: RandomProgram.Leaf.Content, _ shape: Shape, pinned: RandomProgram.LeafValue? = nil
  ) -> Int {
    var leaf = RandomProgram.Leaf(role: role, content: content, stream: UInt64(program.steps.count))
    leaf.pinned = pinned
    program.steps.append(RandomProgram.Step(kind: .leaf(leaf), shape: shape))
    let position = program.steps.count - 1
    switch program.value(ofLeaf: position) {
    case .numbers(let value): values.append(tape.input(value))
    case .indices(let value): values.append(tape.index(value))
    }
    isUsed.append(false)
    if case .numbers(let range) = content { ranges.append(range) } else { ranges.append(nil) }
    return position
  }

  /// Appends an operation with its inputs led into its domain; `nil` when it does not fit or would meet a kink.
  mutating func apply(_ operation: any Operation, _ inputs: [Int], domains: [ClosedRange<Double>]? = nil) -> Int? {
    append(.operation(operation, inputs: inputs), domains: domains)
  }

  // Takes the operation inside of a step: as an argument, the compiler would write this function out once for every type of
  // operation, a seventh of the module's code.
  private mutating func append(_ proposal: RandomProgram.Step.Kind, domains: [ClosedRange<Double>]?) -> Int? {
    guard case .operation(let operation, let inputs) = proposal else { return nil }
    let guarded = inputs.enumerated().map { position, input in
      guard operation.indexPosition != position else { return input }
      return led(input, into: domains?[position] ?? domain(of: operation, position, ranges[input]))
    }
    let shapes = guarded.map { shape($0) }
    guard let result = try? operation.shape(of: shapes), fits(result), isDefined(operation, shapes),
      isGeneric(operation, guarded)
    else { return nil }
    program.steps.append(RandomProgram.Step(kind: .operation(operation, inputs: guarded), shape: result))
    for input in guarded { isUsed[input] = true }
    isUsed.append(false)
    values.append(tape.record(operation, inputs: guarded.map { values[$0] }))
    let known = operation as? any LibraryOperation
    // The result of an operation of another module may lie anywhere; whatever takes it squashes it first.
    ranges.append(known?.range(guarded.compactMap { ranges[$0] }, shapes) ?? .everything)
    return program.steps.count - 1
  }

  /// The numbers between which an input must lie.
  private func domain(of operation: any Operation, _ position: Int, _ present: ValueRange?) -> ValueRange {
    (operation as? any LibraryOperation)?.domain(ofInput: position, present) ?? .limit
  }

  /// Tells whether the result is finite: some operations take an empty axis, whose logarithm of a sum is −∞.
  private func isDefined(_ operation: any Operation, _ shapes: [Shape]) -> Bool {
    guard (operation as? any LibraryOperation)?.isFinite(on: shapes) ?? true else { return false }
    return operation.indexPosition.map { shapes[$0].elementCount == 0 || operation.indexBound(for: shapes) > 0 } ?? true
  }

  /// Tells whether every element stands away from the kinks.
  ///
  /// On a kink itself only what does not move may stand, such as padding; where a step down a unit could change a comparison,
  /// nothing.
  private func isGeneric(_ operation: any Operation, _ inputs: [Int]) -> Bool {
    let scratch = Tape<Double>()
    let x = inputs.map { input in
      program.steps[input].holdsIndices
        ? scratch.constant(.zeros(shape(input))) : scratch.input(values[input].value)
    }
    guard operation.indexPosition == nil else { return true }
    let y = scratch.record(operation, inputs: x)
    guard let branches = Program<Double>([y], keeping: .all).branches(of: y.index) else { return true }
    let form = operation.form
    let jumps =
      form.isComparison || [.argMax, .argSort, .select, .unary(.sign), .unary(.step), .binary(.masked)].contains(form)
    return branches.distances.allSatisfy { abs($0) >= options.kinkMargin || ($0 == 0 && !jumps) }
  }

  // MARK: Guards

  /// A step with the values of `x` where they lie in a domain already, else an image of it that does.
  mutating func led(_ x: Int, into domain: ClosedRange<Double>) -> Int {
    if let range = ranges[x], domain.holds(range) { return x }
    let guarded = domain.lowerBound > 0 ? positive(x, domain) : bounded(x, domain)
    return guarded ?? squeezed(x, into: domain)
  }

  /// An image of x in a domain around 0: some keep the sign and some wrap around, none saturates what is already small.
  private mutating func bounded(_ x: Int, _ domain: ClosedRange<Double>) -> Int? {
    guard domain.holds(-1...1) else { return nil }
    let size = ranges[x].map { max(abs($0.lowerBound), abs($0.upperBound)) } ?? .infinity
    let scale = Double(Float(2 / size))
    let ways = size <= 12 ? 4 : size <= 400 ? 2 : 1
    switch pick(ways) {
    case 0: return unguarded(Unary.tanh, [x])
    case 1 where domain.holds(-2.01...2.01): return unguarded(Binary.multiply, [x, constant(scale)])
    case 2: return unguarded(Unary.sin, [x])
    default: return unguarded(Unary.cos, [x])
    }
  }

  /// A positive image of x.
  private mutating func positive(_ x: Int, _ domain: ClosedRange<Double>) -> Int? {
    guard domain.holds(0.25...2.8) else { return nil }
    let x = led(x, into: -2...2)
    switch pick(5) {
    case 0: return unguarded(Unary.sigmoid, [x]).flatMap { unguarded(Binary.add, [$0, constant(0.25)]) }
    case 1: return unguarded(Unary.tanh, [x]).flatMap { unguarded(Unary.exp, [$0]) }
    case 2: return unguarded(Unary.softplus, [x]).flatMap { unguarded(Binary.add, [constant(0.25), $0]) }
    case 3 where domain.holds(0.25...4.5):
      return unguarded(Unary.square, [x]).flatMap { unguarded(Binary.add, [$0, constant(0.5)]) }
    default: return apply(Unary.abs, [x]).flatMap { unguarded(Binary.add, [$0, constant(0.5)]) }
    }
  }

  /// low + (high − low)·σ(x), with a little room for rounding.
  private mutating func squeezed(_ x: Int, into domain: ClosedRange<Double>) -> Int {
    let width = domain.upperBound - domain.lowerBound
    guard width > 0, let unit = unguarded(Unary.sigmoid, [x]),
      let wide = unguarded(Binary.multiply, [unit, constant(0.98 * width)]),
      let moved = unguarded(Binary.add, [wide, constant(domain.lowerBound + 0.01 * width)])
    else { return leaf(shape(x), in: domain, role: .constant) }
    return moved
  }

  /// An operation that is defined everywhere, as it stands.
  private mutating func unguarded(_ operation: any Operation, _ inputs: [Int]) -> Int? {
    apply(operation, inputs, domains: inputs.map { _ in ValueRange.everything })
  }

  private mutating func constant(_ value: Double) -> Int {
    let value = Double(Float(value))
    return leaf([], in: value...value, role: .constant)
  }
}
