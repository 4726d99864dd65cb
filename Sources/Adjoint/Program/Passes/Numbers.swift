/// Operations on a few numbers each, one after the other: arithmetic of single numbers and of very short vectors, as scalar code
/// records it. A step takes what the arithmetic takes, where a loop of its own would take ten times as long to begin.
///
/// Steps have the bits of the loops: sums, differences, products and quotients are rounded once either way, and everything else
/// calls the loops.
struct Numbers: PassKind {
  /// The most elements of a value.
  private static let largest = 4
  /// The most elements of what is moved from, or summed.
  private static let largestSource = 64
  /// The most operations of a pass: values live until it ends, and shall stay in the nearest cache.
  private static let limit = 256

  var overwriting: Overwriting { .none }

  private init() {}

  /// The pass that begins with a node; `nil` where none can compute it.
  init?(beginningWith i: Int, of recording: PlannedRecording) {
    if !Self.canHold(i, of: recording) { return nil }
  }

  func taking(_ i: Int, besideOthers count: Int, of recording: PlannedRecording) -> (any PassKind)? {
    count < Self.limit && Self.canHold(i, of: recording) ? self : nil
  }

  private static func canHold(_ i: Int, of recording: PlannedRecording) -> Bool {
    let (node, form) = (recording.nodes[i], recording.forms[i])
    let count = node.shape.elementCount
    guard count > 0, count <= largest, !node.isIndex, let form, recording.formulas[i] == nil else { return false }
    func inputs(_ fits: (Int) -> Bool) -> Bool {
      node.inputs.allSatisfy { !recording.nodes[$0].isIndex && fits(recording.nodes[$0].shape.elementCount) }
    }
    // An operand that repeats otherwise is a row of a larger value.
    if form.isLoop {
      return node.inputs.allSatisfy {
        let x = recording.nodes[$0]
        return !x.isIndex && (x.shape == node.shape || x.shape.elementCount == 1)
      }
    }
    if form.isSum { return count == 1 && inputs { 1...largestSource ~= $0 } }
    return form.isMoving && inputs { $0 <= largestSource }
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  func instruction<S: Scalar>(_ pass: Pass, _ number: Int, in builder: inout InstructionBuilder<S>) -> Instruction<S> {
    // Not the builder is read in closures, which would copy it at each call.
    let (nodes, index, addresses) = (builder.nodes, builder.index, builder.addresses)
    var scratch = ScratchBlocks<S>(pass, number, nodes, index, root: builder.plan.root)
    var steps: [NumberStep<S>] = []
    var functions: [ElementFunction] = []
    var footprint = Footprint()
    func place(_ x: Int) -> UnsafeMutablePointer<S> {
      guard let place = scratch[x] ?? addresses[x]?.assumingMemoryBound(to: S.self) else {
        fatalError("Program: %\(x) has no memory in this program")
      }
      return place
    }
    for (position, node) in pass.nodes.enumerated() {
      let inputs = nodes[node].inputs
      let count = nodes[node].shape.elementCount
      if builder.hasMemory(node) {
        footprint.write(UnsafePointer(builder.output(node).base), count: count)
      } else {
        if !scratch.reuse(at: position) { scratch.put(builder.allocate(S.self, count: Self.largest), at: position) }
      }
      for x in inputs where index.pass[x] != number {
        footprint.read(UnsafePointer(builder.output(x).base), count: nodes[x].shape.elementCount)
      }
      let y = place(node)
      let x = inputs.map { (place($0), count: nodes[$0].shape.elementCount) }
      if builder.plan.forms[node]?.isMoving == true, case .operation(let operation) = nodes[node].kind {
        let sources = operation.sources(inputs.map { nodes[$0].shape }, nodes[node].shape)
        for (element, source) in sources.enumerated() {
          steps.append(NumberStep(moving: source.map { x[$0.input].0 + $0.element }, to: y + element))
        }
      } else {
        steps.append(NumberStep(builder.plan.forms[node], x, y, count: count, &functions))
      }
      // After the result has its place: a number may be read again for each of its elements.
      scratch.release(inputs, after: position)
    }
    let list = builder.allocate(NumberStep<S>.self, count: steps.count)
    list.initialize(from: steps, count: steps.count)
    let table = builder.allocate(ElementFunction.self, count: functions.count)
    table.initialize(from: functions, count: functions.count)
    let run = NumberSteps(steps: UnsafeBufferPointer(start: list, count: steps.count), functions: table)
    let placed = NumberRun(run, footprint)
    _ = builder.instruction(running: placed)
    return .numbers(run, .passUnretained(placed))
  }
}

extension OperationForm {
  /// True for what moves elements, among zeros or not, and says itself where they come from.
  var isMoving: Bool { [.broadcast, .reshape, .slice, .pad, .concatenate, .permute].contains(self) }
}

extension Operation {
  /// The input and element from which each element of a moving operation comes; `nil` for padding. The operation moves the
  /// numbers of the elements, counted from 1, and so says it itself.
  func sources(_ shapes: [Shape], _ shape: Shape) -> [(input: Int, element: Int)?] {
    var origins: [(input: Int, element: Int)] = []
    for (input, shape) in shapes.enumerated() { origins += (0..<shape.elementCount).map { (input, $0) } }
    var numbers = origins.indices.map { Double($0 + 1) }
    var result = [Double](repeating: 0, count: shape.elementCount)
    numbers.withUnsafeMutableBufferPointer { numbers in
      result.withUnsafeMutableBufferPointer { result in
        guard let base = result.baseAddress else { return }
        var start = 0
        let views = shapes.map { shape in
          defer { start += shape.elementCount }
          let own = UnsafeMutableBufferPointer(rebasing: numbers[start..<start + shape.elementCount])
          return shape.elementCount > 0 ? View<Double>(shape: shape, elements: own) : View(shape: shape, address: base)
        }
        let y = Output<Double>(shape: shape, address: UnsafeMutableRawPointer(base))
        views.withUnsafeBufferPointer { views in
          views.baseAddress.map { forward(Operands(views: $0, count: views.count), into: y) }
        }
      }
    }
    return result.map { $0 == 0 ? nil : origins[Int($0) - 1] }
  }
}

/// One operation on a few numbers, with every operand resolved to an address.
struct NumberStep<S: Scalar> {
  private enum Code: UInt8 {
    case add, subtract, multiply, divide, negate, square, sqrt, reciprocal, copy, clear
    case less, lessOrEqual, greater, greaterOrEqual, equal, notEqual
    case sumOfTwo, sum, call

    /// The code of a function whose result is rounded once, or decided by a comparison.
    init(_ form: OperationForm?) {
      self = .call
      if case .map(.unary(let f))? = form {
        self =
          f == .negate ? .negate : f == .square ? .square : f == .sqrt ? .sqrt : f == .reciprocal ? .reciprocal : .call
      }
      if case .zip(.binary(let f))? = form {
        switch f {
        case .add: self = .add
        case .subtract: self = .subtract
        case .multiply: self = .multiply
        case .divide: self = .divide
        case .maximum, .minimum, .masked, .pow, .atan2, .hypot, .remainder, .logAddExp: break
        }
      }
      if case .zip(.comparison(let comparison))? = form {
        switch comparison {
        case .less: self = .less
        case .lessOrEqual: self = .lessOrEqual
        case .greater: self = .greater
        case .greaterOrEqual: self = .greaterOrEqual
        case .equal: self = .equal
        case .notEqual: self = .notEqual
        }
      }
    }
  }

  // Small, since a pass of hundreds of steps shall stay in the nearest cache together with its numbers.
  private let code: Code
  private let count: Int8
  /// 1 where the elements of an operand advance, 0 for a single number.
  private let strides: (a: Int8, b: Int8, c: Int8)
  /// The place of the function that the loops are asked for, among those of the pass.
  private let function: Int16
  private let a, b, c: UnsafePointer<S>
  private let y: UnsafeMutablePointer<S>

  init(
    _ form: OperationForm?, _ x: [(UnsafeMutablePointer<S>, count: Int)], _ y: UnsafeMutablePointer<S>, count: Int,
    _ functions: inout [ElementFunction]
  ) {
    func operand(_ position: Int) -> (place: UnsafePointer<S>, stride: Int8) {
      let own = x[min(position, x.count - 1)]
      return (UnsafePointer(own.0), own.count == count ? 1 : 0)
    }
    let (a, b, c) = (operand(0), operand(1), operand(2))
    (self.a, self.b, self.c, self.y) = (a.place, b.place, c.place, y)
    strides = (a.stride, b.stride, c.stride)
    if form?.isSum == true {
      let code = x[0].count == 1 ? Code.copy : x[0].count == 2 ? .sumOfTwo : .sum
      (self.code, self.count, function) = (code, Int8(x[0].count), 0)
      return
    }
    // The standard numbers alone are known to round as their loops do.
    let rounds = S.self == Double.self || S.self == Float.self
    (code, self.count) = (rounds ? Code(form) : .call, Int8(count))
    function = Int16(functions.count)
    guard code == .call else { return }
    guard let f = ElementFunction(form) else {
      fatalError("Program: a pass over numbers has no step for this operation")
    }
    functions.append(f)
  }

  /// A copy of one element; of none, 0.
  init(moving source: UnsafeMutablePointer<S>?, to y: UnsafeMutablePointer<S>) {
    let place = UnsafePointer(source ?? y)
    (a, b, c, self.y, strides) = (place, place, place, y, (0, 0, 0))
    (code, count, function) = (source == nil ? .clear : .copy, 1, 0)
  }

  /// Runs a step where it stands: a copy of all that it holds would take longer than most steps.
  @inline(__always)
  static func execute(_ step: UnsafePointer<NumberStep>, _ functions: UnsafePointer<ElementFunction>) {
    switch step.pointee.code {
    case .add: each(step) { $0 + $1 }
    case .subtract: each(step) { $0 - $1 }
    case .multiply: each(step) { $0 * $1 }
    case .divide: each(step) { $0 / $1 }
    case .negate: each(step) { x, _ in -x }
    case .square: each(step) { x, _ in x * x }
    case .sqrt: each(step) { x, _ in S.squareRoot(x) }
    case .reciprocal: each(step) { x, _ in 1 / x }
    case .copy: step.pointee.y.pointee = step.pointee.a.pointee
    case .clear: step.pointee.y.pointee = 0
    case .less: each(step) { $0 < $1 ? 1 : 0 }
    case .lessOrEqual: each(step) { $0 <= $1 ? 1 : 0 }
    case .greater: each(step) { $0 > $1 ? 1 : 0 }
    case .greaterOrEqual: each(step) { $0 >= $1 ? 1 : 0 }
    case .equal: each(step) { $0 == $1 ? 1 : 0 }
    case .notEqual: each(step) { $0 != $1 ? 1 : 0 }
    // Every order of a sum begins with +0, and there is one order for two.
    case .sumOfTwo: step.pointee.y.pointee = 0 + step.pointee.a[0] + step.pointee.a[1]
    case .sum: step.pointee.y.pointee = S.reduce(.sum, step.pointee.a, count: Int(step.pointee.count))
    case .call: step.pointee.call(functions[Int(step.pointee.function)])
    }
  }

  @inline(__always)
  private static func each(_ step: UnsafePointer<NumberStep>, _ f: (S, S) -> S) {
    step.pointee.y[0] = f(step.pointee.a[0], step.pointee.b[0])
    guard step.pointee.count > 1 else { return }
    let (a, b, y) = (step.pointee.a, step.pointee.b, step.pointee.y)
    let (strideA, strideB) = (Int(step.pointee.strides.a), Int(step.pointee.strides.b))
    for i in 1..<Int(step.pointee.count) { y[i] = f(a[i * strideA], b[i * strideB]) }
  }

  @inline(never)
  private func call(_ function: ElementFunction) {
    let count = Int(count)
    switch function {
    case .map(let f):
      S.map(f, a, y, count: strides.a == 1 ? count : 1)
      if strides.a == 0, count > 1 { (y + 1).update(repeating: y[0], count: count - 1) }
    case .zip(let f): S.zip(f, a, strideA: Int(strides.a), b, strideB: Int(strides.b), y, count: count)
    case .select:
      S.select(a, strideC: Int(strides.a), b, strideA: Int(strides.b), c, strideB: Int(strides.c), y, count: count)
    }
  }
}

/// The steps of a pass over a few numbers. They are plain bits: running them touches no reference count.
struct NumberSteps<S: Scalar> {
  let steps: UnsafeBufferPointer<NumberStep<S>>
  let functions: UnsafePointer<ElementFunction>

  @inline(never)
  @specialized(where S == Float)
  @specialized(where S == Double)
  func run() {
    guard let first = steps.baseAddress else { return }
    let functions = functions
    for i in 0..<steps.count { NumberStep.execute(first + i, functions) }
  }
}

/// The same with what they read and write.
private final class NumberRun<S: Scalar>: PlacedOperation<S> {
  private let run: NumberSteps<S>
  private let own: Footprint

  init(_ run: NumberSteps<S>, _ footprint: Footprint) { (self.run, own) = (run, footprint) }

  override func execute() { run.run() }
  override func footprint(part: Int, of parts: Int) -> Footprint { part == 0 ? own : Footprint() }
  override var work: Int { 20 * run.steps.count }
}
