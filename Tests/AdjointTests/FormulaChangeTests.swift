import Adjoint
import Testing

/// Operations whose `forward` reads what may change beside operands, shapes and properties: a value must be that of `forward` as it
/// is now, whatever was read of it before.
@Suite(.serialized) struct FormulaChangeTests {
  private static let counts = [1, 2, 7, 1000, 40_000]

  /// Zeros at both ends, as at the border of an image: what multiplies them cannot be told from their values.
  private func numbers<S: Scalar>(_ count: Int) -> Tensor<S> {
    let inside = count / 4..<count - count / 4
    let elements = (0..<count).map { (i: Int) -> S in
      guard inside.contains(i) else { return 0 }
      return S(Double(i % 97) / 32 - 1)
    }
    return Tensor(elements)
  }

  private func check<S: Scalar>(
    _ operation: some Operation, isFormula: Bool, of: S.Type,
    on pools: [WorkerPool?] = [nil, WorkerPool(threads: 2), WorkerPool(partsInTurn: 3, lastFirst: true)],
    change: (Double) -> Void, expected: (S, S) -> S
  ) {
    for count in FormulaChangeTests.counts {
      let x: Tensor<S> = numbers(count)
      func value(_ rate: Double) -> [S] { x.elements.map { expected($0, S(rate)) } }
      change(2)
      let tape = Tape<S>()
      let input = tape.input(x)
      let y = tape.record(operation, input)
      #expect(y.isFormula == isFormula, "\(operation.name)")
      #expect(y.value.elements == value(2))
      let programs = pools.map { pool in
        let program = Program<S>([y])
        program.pool = pool
        return program
      }
      for rate in [3, -1, 2, 0.5] {
        change(rate)
        #expect(tape.record(operation, input).value.elements == value(rate), "recorded, \(operation.name), \(count)")
        for program in programs {
          program.write(x, into: input)
          program.run()
          #expect(program.value(of: y).elements == value(rate), "run, \(operation.name), \(count), rate \(rate)")
        }
      }
    }
  }

  @Test("A global that changes between records and between runs is read as it is")
  func globals() {
    check(ByGlobal(), isFormula: true, of: Float.self, change: { globalRate = $0 }, expected: { $0 * $1 })
    check(ByGlobal(), isFormula: true, of: Double.self, change: { globalRate = $0 }, expected: { $0 * $1 })
    check(ByStatic(), isFormula: true, of: Float.self, change: { ByStatic.rate = $0 }, expected: { $1 / (1 + $0 * $0) })
    check(
      BySwitch(), isFormula: true, of: Double.self, change: { BySwitch.isBent = $0 < 1 },
      expected: { $1 < 1 ? ($0 > 0 ? $0 * $0 : 1) : $0 * $0 })
    // Numbers that note steps are told nothing here: only the scalar's own values tell.
    check(OwnGlobal(), isFormula: true, of: Float.self, change: { globalRate = $0 }, expected: { $0 + $1 })
  }

  @Test("A loop that comes to take buffers, or all positions, is run as it is")
  func loops() {
    for way in [1, 2] {
      check(
        ByWay(way: way), isFormula: true, of: Double.self, on: [nil, WorkerPool(partsInTurn: 3, lastFirst: true)],
        change: { ByWay.isUsual = $0 == 2 }, expected: { x, _ in x + x })
    }
  }

  @Test("A property that leads to what may change has no formula")
  func references() {
    final class Box { var rate = 0.0 }
    struct ByClass: SameShape {
      nonisolated(unsafe) let box: Box  // one test reads it
      func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { y.map(x[0]) { S(box.rate) * $0 } }
    }
    struct ByUnowned: SameShape {
      nonisolated(unsafe) unowned(unsafe) let box: Box  // one test reads it
      func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { y.map(x[0]) { S(box.rate) * $0 } }
    }
    struct ByPointer: SameShape {
      nonisolated(unsafe) let rate: UnsafePointer<Double>  // one test reads it
      func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { y.map(x[0]) { S(rate.pointee) * $0 } }
    }
    struct ByBuffer: SameShape {
      // One test reads it.
      nonisolated(unsafe) let rates: (flag: Bool, UnsafeMutableBufferPointer<Double>?)
      func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { y.map(x[0]) { S(rates.1?[0] ?? 1) * $0 } }
    }
    struct ByFunction: SameShape {
      let rate: @convention(c) () -> Double
      func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { y.map(x[0]) { S(rate()) * $0 } }
    }
    let box = Box()
    let rates = UnsafeMutableBufferPointer<Double>.allocate(capacity: 1)
    defer { rates.deallocate() }
    rates.initialize(repeating: 0)
    guard let address = rates.baseAddress else { return }
    let change = { (rate: Double) in
      (box.rate, rates[0], globalRate) = (rate, rate, rate)
    }
    check(ByClass(box: box), isFormula: false, of: Float.self, change: change, expected: { $0 * $1 })
    check(ByUnowned(box: box), isFormula: false, of: Float.self, change: change, expected: { $0 * $1 })
    check(ByPointer(rate: address), isFormula: false, of: Float.self, change: change, expected: { $0 * $1 })
    check(ByBuffer(rates: (true, rates)), isFormula: false, of: Float.self, change: change, expected: { $0 * $1 })
    check(ByFunction(rate: { globalRate }), isFormula: false, of: Float.self, change: change, expected: { $0 * $1 })
  }

  @Test("Properties that are data through and through keep their formula")
  func data() {
    enum Form {
      case plain
      case doubled(by: Double)
    }
    struct ByData: SameShape {
      let form: Form
      let range: ClosedRange<Double>
      let shape: Shape
      let offset: Double?
      func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
        var factor = range.upperBound * Double(shape[0])
        if case .doubled(let more) = form { factor *= more }
        y.map(x[0]) { S(factor) * $0 + S(offset ?? 0) }
      }
    }
    let tape = Tape<Double>()
    let x = tape.input(numbers(20) as Tensor<Double>)
    let plain = tape.record(ByData(form: .plain, range: 1...3, shape: [2], offset: nil), x)
    let doubled = tape.record(ByData(form: .doubled(by: 2), range: 1...3, shape: [2], offset: 1), x)
    #expect(plain.isFormula && doubled.isFormula)
    #expect(plain.value == (6 * x).value)
    #expect(doubled.value == (12 * x + 1).value)
  }

  @Test("A loop over buffers or over all positions has no formula")
  func unreadable() {
    for way in [1, 2] {
      ByWay.isUsual = false
      let tape = Tape<Float>()
      // A count of its own, of which nothing is known.
      let x = tape.input(numbers(50 + way) as Tensor<Float>)
      let y = tape.record(ByWay(way: way), x)
      #expect(!y.isFormula)
      #expect(y.value == (x + x).value)
    }
  }
}

// The tests of the suite run in turn, and write it between runs.
nonisolated(unsafe) private var globalRate = 0.0

private protocol SameShape: Operation {}
extension SameShape {
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [nil] }
}

/// x times a global variable
private struct ByGlobal: SameShape {
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    for i in y.indices { y[i] = x[0][i] * S(globalRate) }
  }
}

/// A static variable over 1 + x²
private struct ByStatic: SameShape {
  // As the global variable.
  nonisolated(unsafe) static var rate = 0.0
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { y.map(x[0]) { S(ByStatic.rate) / (1 + $0 * $0) } }
}

/// x², or, while a switch is set, 1 where x is not positive
private struct BySwitch: SameShape {
  // As the global variable.
  nonisolated(unsafe) static var isBent = false
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    for i in y.indices { y[i] = BySwitch.isBent && !(x[0][i] > 0) ? 1 : x[0][i] * x[0][i] }
  }
}

/// x plus a global variable, which stands as 2 in every scalar but `Float`
private struct OwnGlobal: SameShape {
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    let rate = S.self == Float.self ? globalRate : 2
    for i in y.indices { y[i] = x[0][i] + S(rate) }
  }
}

/// 2 x by the usual loop or one of two others
private struct ByWay: SameShape {
  let way: Int
  // As the global variable.
  nonisolated(unsafe) static var isUsual = true
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    switch ByWay.isUsual ? 0 : way {
    case 0: for i in y.indices { y[i] = x[0][i] + x[0][i] }
    case 1: for i in 0..<y.count { y[i] = x[0][i] + x[0][i] }
    default:
      let (x, y) = (x[0].elements, y.elements)
      for i in x.indices { y[i] = x[i] + x[i] }
    }
  }
}
