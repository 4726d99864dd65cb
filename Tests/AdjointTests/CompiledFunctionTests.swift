import Adjoint
import Foundation
import Testing

/// Functions that are recorded once for each branch that their values take, and replayed ever after.
@Suite struct CompiledFunctionTests {
  typealias Number = Variable<Double>

  // MARK: Random programs with branches

  /// A number in which a random program can be run.
  protocol Branching {
    static func + (a: Self, b: Self) -> Self
    static func - (a: Self, b: Self) -> Self
    static func * (a: Self, b: Self) -> Self
    func scaled(by factor: Double) -> Self
    func isBelow(_ limit: Double) -> Bool
    func isAtLeast(_ other: Self) -> Bool
  }

  /// Statements on registers: arithmetic, a choice between two blocks, and a loop that repeats while a number is small.
  indirect enum Statement: Sendable {
    case arithmetic(Int, Int, to: Int, kind: Int)
    case choice(Int, Int, [Statement], [Statement])
    case threshold(Int, Double, [Statement], [Statement])
    case loop(Int, below: Double, [Statement])

    static func block(_ depth: Int, _ draw: inout Generator) -> [Statement] {
      (0..<Int.random(in: 1...3, using: &draw)).map { _ in
        let (a, b, c) = (
          Int.random(in: 0..<4, using: &draw), Int.random(in: 0..<4, using: &draw), Int.random(in: 0..<4, using: &draw)
        )
        let at = Double.random(in: -1...1, using: &draw)
        return switch depth > 0 ? Int.random(in: 0..<5, using: &draw) : 0 {
        case 0, 1: .arithmetic(a, b, to: c, kind: Int.random(in: 0..<3, using: &draw))
        case 2: .choice(a, b, block(depth - 1, &draw), block(depth - 1, &draw))
        case 3: .threshold(a, at, block(depth - 1, &draw), block(depth - 1, &draw))
        default: .loop(a, below: at, block(0, &draw))
        }
      }
    }

    static func run<T: Branching>(_ block: [Statement], on r: inout [T]) {
      for statement in block {
        switch statement {
        case .arithmetic(let a, let b, let c, let kind):
          r[c] = (kind == 0 ? r[a] + r[b] : kind == 1 ? r[a] - r[b] : r[a] * r[b]).scaled(by: 0.5)
        case .choice(let a, let b, let yes, let no): run(r[a].isAtLeast(r[b]) ? yes : no, on: &r)
        case .threshold(let a, let at, let yes, let no): run(r[a].isBelow(at) ? yes : no, on: &r)
        case .loop(let a, let limit, let body):
          var turns = 0
          while turns < 5, r[a].isBelow(limit) {
            run(body, on: &r)
            r[a] = r[a] + (r[a] * r[a]).scaled(by: 0.5) + r[(a + 1) % 4].scaled(by: 0.25)
            turns += 1
          }
        }
      }
    }
  }

  @Test func `A thousand random piecewise programs replay the values of plain numbers on every branch`() {
    var draw = Generator(seed: 20)
    var (silent, late, branched) = (0, 0, 0)
    for _ in 0..<1000 {
      let program = Statement.block(3, &draw)
      func value<T: Branching>(_ x: [T]) -> T {
        var r = x + [x[0].scaled(by: 0.5), x[1] * x[1]]
        Statement.run(program, on: &r)
        return r[0] + r[1] + r[2] + r[3]
      }
      let f = CompiledFunction<Double> { (x: [Number]) -> [Number] in
        let y = value(x)
        return [y] + gradients(of: y, withRespectTo: x)
      }
      let points = (0..<4).map { _ in (0..<2).map { _ in Double.random(in: -2...2, using: &draw) } }
      let slopes = points.map { point in
        valueAndGradient(at: point.map { Tensor(scalar: $0) }) { value($0) }.gradient.map(\.scalar)
      }
      for call in 0..<40 {
        let (point, slope) = (points[call % 4], slopes[call % 4])
        let (recordings, y) = (f.recordingCount, f(point.map { Tensor(scalar: $0) }))
        if call >= 4, f.recordingCount > recordings { late += 1 }
        if y.map(\.scalar) != [value(point)] + slope { silent += 1 }
      }
      if f.recordingCount > 1 { branched += 1 }
    }
    #expect(silent == 0)
    #expect(late == 0)
    #expect(branched > 500)
  }

  // MARK: Branches

  @Test func `A loop that ends by its values is recorded once for each number of turns`() {
    var told: [String] = []
    let root = CompiledFunction<Double> { a in
      var x = a
      while (x * x - a).abs() > 1e-12 * a { x = (x + a / x) / 2 }
      return gradient(of: x, withRespectTo: a)
    }
    root.report = { told.append($0) }
    for a in [2.0, 2.1, 900, 2.05, 901, 2, 1e-8] {
      let slope = root(Tensor(scalar: a)).scalar
      #expect(abs(slope - 0.5 / a.squareRoot()) <= 1e-6 * slope)
    }
    #expect(root.recordingCount == 3)
    #expect(root.callCount == 7)
    #expect(told.first == "recording 1 of at most 32: the first call with Double of []")
    #expect(
      told.dropFirst().allSatisfy { $0.contains("is true, and was false") || $0.contains("is false, and was true") })
    #expect("\(root)".hasPrefix("CompiledFunction<Double>: 7 calls, 3 recordings\n  of []: "))
  }

  @Test func `Past the limit every call is recorded, and right`() {
    var told: [String] = []
    let f = CompiledFunction<Double>(limit: 2) { x in
      var (y, turns) = (x, 0.0)
      while y < 100 { (y, turns) = (2 * y, turns + 1) }
      return y + turns
    }
    f.report = { told.append($0) }
    for _ in 0..<3 {
      for x in [1.0, 3, 9, 27] {
        var (y, turns) = (x, 0.0)
        while y < 100 { (y, turns) = (2 * y, turns + 1) }
        #expect(f(Tensor(scalar: x)).scalar == y + turns)
      }
    }
    #expect(f.recordingCount == 2 + 3 * 2)
    #expect(told.last?.contains("recorded at every call, since") == true)
  }

  @Test func `Other shapes are other recordings`() {
    let f = CompiledFunction<Double> { x in x.square().sum() }
    for count in [1, 3, 0, 3, 1] { #expect(f(.ones([count])).scalar == Double(count)) }
    #expect(f.recordingCount == 3)
  }

  @Test func `NaN is on the side on which no comparison holds`() {
    let f = CompiledFunction<Double> { x in x > 0 ? 2 * x : x < 0 ? -x : x.tape.constant(7) }
    for (x, y) in [(1.0, 2.0), (-1, 1), (0, 7), (.nan, 7), (1, 2)] { #expect(f(Tensor(scalar: x)).scalar == y) }
    #expect(f.recordingCount == 3)
  }

  @Test func `A parameter is read where it stands, and its branch is guarded`() {
    let slope = Parameter<Double>(Tensor(scalar: 2), name: "slope")
    let f = CompiledFunction<Double> { x in
      let k = x.tape.parameter(slope)
      return k > 0 ? k * x : x
    }
    #expect(f(Tensor(scalar: 3)).scalar == 6)
    slope.value = Tensor(scalar: -1)
    #expect(f(Tensor(scalar: 3)).scalar == 3)
    slope.value = Tensor(scalar: 5)
    #expect(f(Tensor(scalar: 3)).scalar == 15)
    #expect(f.recordingCount == 2)
  }

  @Test func `Every comparison branches as numbers do, in both precisions and beside plain numbers`() {
    let tape = Tape<Float>()
    for (a, b) in [(1, 2), (2, 1), (1, 1), (.nan, 1)] as [(Float, Float)] {
      let (x, y) = (tape.constant(a), tape.constant(b))
      #expect([x < y, x <= y, x > y, x >= y, x == y, x != y] == [a < b, a <= b, a > b, a >= b, a == b, a != b])
      #expect([x < b, x <= b, x > b, x >= b, x == b, x != b] == [a < b, a <= b, a > b, a >= b, a == b, a != b])
      #expect([a < y, a <= y, a > y, a >= y, a == y, a != y] == [a < b, a <= b, a > b, a >= b, a == b, a != b])
    }
    let z = Tape<Double>().constant(1)
    #expect([z < 2, z <= 2, z > 2, z >= 2, z == 2, z != 2] == [true, true, false, false, false, true])
    #expect([2 < z, 2 <= z, 2 > z, 2 >= z, 2 == z, 2 != z] == [false, false, true, true, false, true])
  }

  // MARK: What cannot be guarded

  private func said(_ result: ExitTest.Result?) -> String {
    String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  }

  @Test func `Reading a plain number in a compiled function traps, however it is read`() async {
    let results = [
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = CompiledFunction<Double> { x in x.scalar > 0 ? x : -x }(Tensor(scalar: 1))
      },
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = CompiledFunction<Double> { x in x.value.elements[0] > 0 ? x : -x }(Tensor(scalar: 1))
      },
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = CompiledFunction<Double> { x in
          jacobian(of: x.square(), withRespectTo: x).elements[0] > 0 ? x : -x
        }(Tensor(scalar: 1))
      },
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = CompiledFunction<Double> { x in
          jvp(of: x.square(), withRespectTo: [x], along: [Tensor(scalar: 1)]).elements[0] > 0 ? x : -x
        }(Tensor(scalar: 1))
      },
    ]
    for result in results { #expect(said(result).contains("its value was read while a compiled function is recorded")) }
  }

  @Test func `A program on the other side of a branch traps, whether it is run or replayed`() async {
    let results = [
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { otherSide(isRun: true) },
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { otherSide(isRun: false) },
    ]
    for result in results {
      #expect(said(result).contains("was true when it was recorded, and the code branched on it"))
    }
  }

  @Test func `A training step takes no branch on a comparison, and several numbers decide none`() async {
    let step = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let tape = Tape<Float>()
      let x = tape.input(.ones([]), name: "loss")
      tape.isRecordingForReplay = true
      if x > 0 { _ = x * 2 }
    }
    #expect(said(step).contains("its value was read while a training step is recorded"))
    let several = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      if Tape<Float>().input(.ones([2]), name: "x") > 0 { print("never") }
    }
    #expect(said(several).contains(">: 'x' [2] and %1 [] = 0 are no single numbers"))
  }

  @Test func `Random numbers and states are no part of a compiled function`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = CompiledFunction<Double> { x in x + x.tape.random(.uniform(low: 0, high: 1), shape: []) }(Tensor(scalar: 1))
    }
    #expect(said(result).contains("is drawn at random, and a compiled function gives the same for the same arguments"))
  }

  @Test func `Truncation forgets the branches behind it`() throws {
    let tape = Tape<Double>()
    let x = tape.input(Tensor(scalar: 1))
    let mark = tape.count
    if x > 0 { _ = x * 2 }
    tape.truncate(to: mark)
    let program = Program<Double>([x.square()])
    try program.feed(x, Tensor(scalar: -3))
    program.run()
    #expect(tape.count == mark + 1)
  }
}

/// Runs a program that was recorded at 1 > 0, at −3.
private func otherSide(isRun: Bool) {
  let tape = Tape<Double>()
  let x = tape.input(Tensor(scalar: 1), name: "x")
  let program = Program<Double>([x > 0 ? 2 * x : -x])
  try? program.feed(x, Tensor(scalar: 3))
  program.run()
  try? program.feed(x, Tensor(scalar: -3))
  if isRun { program.run() } else { program.replay() }
}

extension Double: CompiledFunctionTests.Branching {
  func scaled(by factor: Double) -> Double { factor * self }
  func isBelow(_ limit: Double) -> Bool { self < limit }
  func isAtLeast(_ other: Double) -> Bool { self >= other }
}

extension Variable<Double>: CompiledFunctionTests.Branching {
  func scaled(by factor: Double) -> Variable { factor * self }
  func isBelow(_ limit: Double) -> Bool { self < limit }
  func isAtLeast(_ other: Variable) -> Bool { self >= other }
}
