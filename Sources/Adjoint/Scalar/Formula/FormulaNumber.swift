import AdjointKernels

/// A number that knows how it was computed: a value, a step of the formula being read, and the element that it belongs to.
///
/// `forward` of an operation runs once in these numbers (`LoopFormula.read`). Arithmetic and elementary functions become steps. What a
/// formula cannot hold breaks the reading: a comparison, a number that leaves for `Double`, two elements in one step. The value is
/// that of `Double`, so the code under reading takes the path that it would take there, and ends.
struct FormulaNumber: Scalar {
  /// The step of a number that no formula knows.
  static let unknown: Int32 = -1
  /// The element of a number that is the same for all.
  static let everywhere: Int32 = -1

  /// The number of an element that nobody has written.
  static var nothing: FormulaNumber { FormulaNumber(0, step: unknown, element: everywhere) }

  let value: Double
  let step: Int32
  let element: Int32

  init(_ value: Double, step: Int32, element: Int32) { (self.value, self.step, self.element) = (value, step, element) }

  init(_ value: Double) {
    let step = FormulaRecorder.with { $0.number(of: LoopFormula.Step(.constant, number: value.bitPattern)) }
    self.init(value, step: step ?? FormulaNumber.unknown, element: FormulaNumber.everywhere)
  }
  init(integerLiteral value: Int) { self.init(Double(value)) }
  init(floatLiteral value: Double) { self.init(value) }

  var primal: Double {
    FormulaRecorder.end()
    return value
  }
  // Scalars with derivative parts lose them here, for which a formula has no step.
  var detached: FormulaNumber {
    FormulaRecorder.end()
    return self
  }
  static var sharesTies: Bool { false }

  static func == (a: FormulaNumber, b: FormulaNumber) -> Bool { compared(a.value == b.value) }
  static func < (a: FormulaNumber, b: FormulaNumber) -> Bool { compared(a.value < b.value) }
  static func <= (a: FormulaNumber, b: FormulaNumber) -> Bool { compared(a.value <= b.value) }
  static func > (a: FormulaNumber, b: FormulaNumber) -> Bool { compared(a.value > b.value) }
  static func >= (a: FormulaNumber, b: FormulaNumber) -> Bool { compared(a.value >= b.value) }

  private static func compared(_ result: Bool) -> Bool {
    FormulaRecorder.end()
    return result
  }

  static func + (a: FormulaNumber, b: FormulaNumber) -> FormulaNumber { step(.add, a, b, a.value + b.value) }
  static func - (a: FormulaNumber, b: FormulaNumber) -> FormulaNumber { step(.subtract, a, b, a.value - b.value) }
  static func * (a: FormulaNumber, b: FormulaNumber) -> FormulaNumber { step(.multiply, a, b, a.value * b.value) }
  static func / (a: FormulaNumber, b: FormulaNumber) -> FormulaNumber { step(.divide, a, b, a.value / b.value) }
  static prefix func - (a: FormulaNumber) -> FormulaNumber { step(.negate, a, a, -a.value) }

  static func elementary(_ f: ElementaryFunction, _ x: FormulaNumber) -> FormulaNumber {
    step(.elementary(f), x, x, f(x.value))
  }
  static func power(_ x: FormulaNumber, _ p: Double) -> FormulaNumber {
    step(.power, x, x, Double.power(x.value, p), number: p.bitPattern)
  }

  private static func step(
    _ function: LoopFormula.Function, _ a: FormulaNumber, _ b: FormulaNumber, _ value: Double, number: UInt64 = 0
  ) -> FormulaNumber {
    let element = a.element == everywhere ? b.element : a.element
    guard a.step != unknown, b.step != unknown, b.element == everywhere || b.element == element else {
      FormulaRecorder.end()
      return FormulaNumber(value, step: unknown, element: everywhere)
    }
    let step = FormulaRecorder.with { $0.number(of: LoopFormula.Step(function, a.step, b.step, number: number)) }
    return FormulaNumber(value, step: step ?? unknown, element: element)
  }
}

// What mixes elements by itself is in no formula. The reading ends, and nothing is computed: the compiler need not write these loops
// out for numbers that never take them.
extension FormulaNumber {
  typealias Elements = UnsafePointer<FormulaNumber>
  typealias Results = UnsafeMutablePointer<FormulaNumber>

  static func softmax(_ kind: SoftmaxKind, _ x: Elements, _ y: Results, rows: Int, columns: Int) {
    FormulaRecorder.end()
  }
  static func logSoftmaxGradient(_ g: Elements, _ y: Elements, _ out: Results, rows: Int, columns: Int) {
    FormulaRecorder.end()
  }
  static func multiply(_ product: MatrixProduct<FormulaNumber>) { FormulaRecorder.end() }
  static func cholesky(_ a: Elements, _ l: Results, extent: Int, count: Int) { FormulaRecorder.end() }
  static func solveTriangular(
    _ t: Elements, strideT: Int, upper: Bool, transposed: Bool, unitDiagonal: Bool, _ x: Results, strideX: Int,
    rows: Int, columns: Int, count: Int
  ) { FormulaRecorder.end() }
  static func solve(
    _ a: Elements, transposed: Bool, _ b: Elements, _ x: Results, extent: Int, columns: Int, count: Int
  ) { FormulaRecorder.end() }
  static func unfold(_ grid: WindowGrid, _ x: Elements, _ y: Results) { FormulaRecorder.end() }
  static func fold(_ grid: WindowGrid, _ x: Elements, _ y: Results) { FormulaRecorder.end() }
  static func pool(_ r: Reduction, _ grid: WindowGrid, _ x: Elements, _ y: Results) { FormulaRecorder.end() }
}

/// The steps that numbers have taken so far, of one reading on one thread.
struct FormulaRecorder {
  /// The most steps of a formula. One that has a step of its own for each element ends here.
  static let limit = 256

  private(set) var steps: [LoopFormula.Step]
  /// The most steps that there may be.
  private let limit: Int
  /// The step that is expected next: each element takes the steps of the one before it, mostly in the same order.
  private var next = 0
  /// True when what was read is no formula.
  private(set) var isBroken = false
  private var spare: UnsafeMutableBufferPointer<FormulaNumber>?

  init(inputs: Int) {
    steps = (0..<inputs).map { LoopFormula.Step(.input, Int32($0), Int32($0)) }
    limit = FormulaRecorder.limit
    steps.reserveCapacity(limit)
  }

  /// A recorder that takes known steps and no other.
  init(known steps: [LoopFormula.Step]) { (self.steps, limit) = (steps, steps.count) }

  /// The number of a step, which is appended when it is new.
  mutating func number(of step: LoopFormula.Step) -> Int32 {
    guard !isBroken else { return FormulaNumber.unknown }
    for distance in 0..<steps.count {
      let place = next + distance < steps.count ? next + distance : next + distance - steps.count
      if steps[place] == step { return taken(place) }
    }
    guard steps.count < limit else {
      isBroken = true
      return FormulaNumber.unknown
    }
    steps.append(step)
    return taken(steps.count - 1)
  }

  private mutating func taken(_ place: Int) -> Int32 {
    next = place + 1 < steps.count ? place + 1 : 0
    return Int32(place)
  }

  /// Calls `body` with the recorder of this thread; `nil` where there is none, as on a thread that `forward` began.
  @inline(__always)
  static func with<R>(_ body: (inout FormulaRecorder) -> R) -> R? {
    ak_context().map { body(&$0.assumingMemoryBound(to: FormulaRecorder.self).pointee) }
  }

  /// Says that what is being read is no formula.
  static func end() { with { $0.isBroken = true } }

  /// Unknown numbers for code that asks for a buffer of all, which last as long as the reading that they end.
  static func spareElements(_ count: Int) -> UnsafeMutableBufferPointer<FormulaNumber> {
    end()
    if let spare = with({ $0.spare }) ?? nil, spare.count >= count { return .init(rebasing: spare[..<count]) }
    let fresh = UnsafeMutableBufferPointer<FormulaNumber>.allocate(capacity: count)
    fresh.initialize(repeating: .nothing)
    with {
      $0.spare?.deallocate()
      $0.spare = fresh
    }
    return fresh
  }

  /// Runs `body` with this recorder as that of the thread.
  mutating func record(_ body: () -> Void) {
    defer { spare?.deallocate() }
    withUnsafeMutablePointer(to: &self) { own in
      let former = ak_exchange_context(own)
      body()
      _ = ak_exchange_context(former)
    }
  }
}
