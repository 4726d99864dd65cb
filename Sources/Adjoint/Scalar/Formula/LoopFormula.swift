/// A formula that gives each element of y from the elements of the operands beside it, as array loops run it.
///
/// It is read off `forward` of an operation of another module, whose loop would take a call through a table for each number. The
/// loops take their steps a block at a time, in the order of `forward`, so y has the bits of the same formula in recorded
/// operations, on any number of threads. Whenever it is to be used, samples of the elements are read again (`isRead`, `hasBits`):
/// a `forward` that has come to give anything else there computes y itself.
package final class LoopFormula: Sendable {
  /// The functions of which formulas are made.
  enum Function: Equatable, Sendable {
    /// An element of the operand numbered `a`.
    case input
    /// The number whose bits the step holds.
    case constant
    case add, subtract, multiply, divide, negate
    /// xᵖ with the exponent whose bits the step holds.
    case power
    case elementary(ElementaryFunction)
  }

  /// A function of earlier steps.
  struct Step: Equatable, Sendable {
    let function: Function
    let a: Int32
    let b: Int32
    let number: UInt64

    init(_ function: Function, _ a: Int32 = 0, _ b: Int32 = 0, number: UInt64 = 0) {
      (self.function, self.a, self.b, self.number) = (function, a, b, number)
    }

    /// The steps that this one reads.
    var operands: [Int] {
      switch function {
      case .input, .constant: []
      case .negate, .power, .elementary: [Int(a)]
      case .add, .subtract, .multiply, .divide: [Int(a), Int(b)]
      }
    }
  }

  /// A place of numbers: an operand, a number for all elements, a block of numbers, or y.
  private enum Place {
    case operand(Int)
    case single(Int)
    case block(Int)
    case result
  }

  private enum Loop {
    case map(MapFunction)
    case zip(ZipFunction)
    case copy
  }

  private struct Link {
    let loop: Loop
    let a: Place
    let b: Place
    let y: Place
  }

  private static let blockSize = 1024

  let steps: [Step]
  let result: Int
  private let constants: [Double]
  /// The loops over numbers that are the same for all elements, and those over blocks.
  private let (uniform, varying): ([Link], [Link])
  /// The room for single numbers, and the number of blocks.
  private let (singles, blocks): (Int, Int)

  /// The number of loops.
  var loopCount: Int { uniform.count + varying.count }
  /// The numbers for which one thread needs room.
  func room(for count: Int) -> Int { singles + blocks * Swift.min(count, LoopFormula.blockSize) }

  /// The formula whose value the step `result` is.
  /// - Parameter isSingle: true for each operand that is one number for all elements.
  init(_ steps: [Step], result: Int, isSingle: [Bool]) {
    var lastReader = [Int](repeating: -1, count: steps.count)
    var isNeeded = lastReader.map { _ in false }
    isNeeded[result] = true
    for i in steps.indices.reversed() where isNeeded[i] {
      for x in steps[i].operands {
        isNeeded[x] = true
        lastReader[x] = Swift.max(lastReader[x], i)
      }
    }
    var constants: [Double] = []
    for step in steps where step.function == .constant { constants.append(Double(bitPattern: step.number)) }
    var (uniform, varying): ([Link], [Link]) = ([], [])
    var (singles, blocks, free) = (0, 0, [Int]())
    var places: [Place] = []
    var isUniform: [Bool] = []
    var computed = constants.count
    for (i, step) in steps.enumerated() {
      let operands = step.operands
      switch step.function {
      case .input: isUniform.append(isSingle[Int(step.a)])
      case .constant: isUniform.append(true)
      case .add, .subtract, .multiply, .divide, .negate, .power, .elementary:
        isUniform.append(operands.allSatisfy { isUniform[$0] })
      }
      guard let loop = LoopFormula.loop(step) else {
        if step.function == .input {
          places.append(.operand(Int(step.a)))
        } else {
          places.append(.single(singles))
          singles += 1
        }
        continue
      }
      guard isNeeded[i], let first = operands.first, let last = operands.last else {
        places.append(.result)  // read by nobody
        continue
      }
      if isUniform[i] {
        places.append(.single(computed))
        computed += 1
        uniform.append(Link(loop: loop, a: places[first], b: places[last], y: places[i]))
        continue
      }
      let (a, b) = (places[first], places[last])
      for x in Set(operands) where lastReader[x] == i { if case .block(let block) = places[x] { free.append(block) } }
      if i == result {
        places.append(.result)
      } else if let block = free.popLast() {
        places.append(.block(block))
      } else {
        places.append(.block(blocks))
        blocks += 1
      }
      varying.append(Link(loop: loop, a: a, b: b, y: places[i]))
    }
    if isUniform[result] || steps[result].function == .input {
      varying = [Link(loop: .copy, a: places[result], b: places[result], y: .result)]
    }
    (self.steps, self.result) = (steps, result)
    (self.constants, self.uniform, self.varying) = (constants, uniform, varying)
    (self.singles, self.blocks) = ((computed + 15) / 16 * 16, blocks)
  }

  /// The loop of a step; `nil` for a leaf.
  private static func loop(_ step: Step) -> Loop? {
    switch step.function {
    case .input, .constant: nil
    case .add: .zip(.binary(.add))
    case .subtract: .zip(.binary(.subtract))
    case .multiply: .zip(.binary(.multiply))
    case .divide: .zip(.binary(.divide))
    case .negate: .map(.unary(.negate))
    case .power: .map(.power(exponent: Double(bitPattern: step.number)))
    case .elementary(let f): .map(f.loop)
    }
  }

  // MARK: Running

  /// Computes every element of y.
  @specialized(where S == Float)
  @specialized(where S == Double)
  func compute<S: Scalar>(_ x: Operands<S>, into y: Output<S>, inPlainLoops: Bool = false) {
    withUnsafeTemporaryAllocation(of: S.self, capacity: Swift.max(room(for: y.count), 1)) { room in
      guard let base = room.baseAddress else { return }
      compute(x, into: y, y.indices, room: base, inPlainLoops: inPlainLoops)
    }
  }

  /// Computes some elements of y. `room` is this thread's alone.
  @inline(never)
  @specialized(where S == Float)
  @specialized(where S == Double)
  func compute<S: Scalar>(
    _ x: Operands<S>, into y: Output<S>, _ elements: Range<Int>, room: UnsafeMutablePointer<S>,
    inPlainLoops: Bool = false
  ) {
    let size = Swift.min(LoopFormula.blockSize, y.count)
    func address(_ place: Place, _ start: Int) -> (base: UnsafeMutablePointer<S>, stride: Int) {
      switch place {
      case .operand(let k):
        let isSingle = x[k].count != y.count
        return (UnsafeMutablePointer(mutating: x[k].base) + (isSingle ? 0 : start), isSingle ? 0 : 1)
      case .single(let i): return (room + i, 0)
      case .block(let i): return (room + (singles + i * size), 1)
      case .result: return (y.base + start, 1)
      }
    }
    func run(_ link: Link, _ start: Int, _ count: Int) {
      let (a, b, out) = (address(link.a, start), address(link.b, start), address(link.y, start).base)
      switch link.loop {
      case .map(let f) where inPlainLoops: S.referenceMap(f, a.base, out, count: count)
      case .zip(let f) where inPlainLoops:
        S.referenceZip(f, a.base, strideA: a.stride, b.base, strideB: b.stride, out, count: count)
      case .map(let f): S.map(f, a.base, out, count: count)
      case .zip(let f): S.zip(f, a.base, strideA: a.stride, b.base, strideB: b.stride, out, count: count)
      case .copy where a.stride == 0: out.update(repeating: a.base.pointee, count: count)
      case .copy: if a.base != out { out.update(from: a.base, count: count) }
      }
    }
    for i in 0..<constants.count { room[i] = S(constants[i]) }
    for i in 0..<uniform.count { run(uniform[i], 0, 1) }
    for start in stride(from: elements.lowerBound, to: elements.upperBound, by: LoopFormula.blockSize) {
      let count = Swift.min(LoopFormula.blockSize, elements.upperBound - start)
      for i in 0..<varying.count { run(varying[i], start, count) }
    }
  }
}

extension ElementaryFunction {
  /// The function as array loops name it.
  var loop: MapFunction {
    switch self {
    case .polygamma(let order): .polygamma(order: order)
    case .tangent: .unary(.tan)
    case .arcSine: .unary(.asin)
    case .arcCosine: .unary(.acos)
    case .hyperbolicSine: .unary(.sinh)
    case .hyperbolicCosine: .unary(.cosh)
    case .areaSine: .unary(.asinh)
    case .areaCosine: .unary(.acosh)
    case .areaTangent: .unary(.atanh)
    case .binaryExponential: .unary(.exp2)
    case .binaryLogarithm: .unary(.log2)
    case .decimalLogarithm: .unary(.log10)
    case .complementaryErrorFunction: .unary(.erfc)
    case .logGamma: .unary(.lgamma)
    case .exponential: .unary(.exp)
    case .exponentialMinusOne: .unary(.expm1)
    case .logarithm: .unary(.log)
    case .logarithmOnePlus: .unary(.log1p)
    case .squareRoot: .unary(.sqrt)
    case .sine: .unary(.sin)
    case .cosine: .unary(.cos)
    case .arcTangent: .unary(.atan)
    case .hyperbolicTangent: .unary(.tanh)
    case .hyperbolicSecant: .unary(.sech)
    case .errorFunction: .unary(.erf)
    case .normalDensity: .unary(.normalDensity)
    case .normalDistribution: .unary(.normalDistribution)
    }
  }
}
