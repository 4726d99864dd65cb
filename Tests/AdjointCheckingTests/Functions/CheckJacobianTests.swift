import Adjoint
import AdjointChecking
import Foundation
import Testing

/// Jacobians, Hessians and products of plain functions; functions that misbehave; many coordinates.
@Suite struct CheckJacobianTests {
  static let x = [0.7, -1.3, 2.1]

  /// f(x) = (x₀x₁, sin x₁ + x₂², x₀ exp(−x₂))
  static func f(_ x: [Double]) -> [Double] { [x[0] * x[1], sin(x[1]) + x[2] * x[2], x[0] * exp(-x[2])] }
  static func jacobian(_ x: [Double]) -> [[Double]] {
    [[x[1], x[0], 0], [0, cos(x[1]), 2 * x[2]], [exp(-x[2]), 0, -x[0] * exp(-x[2])]]
  }

  private func report(_ change: @escaping ([[Double]]) -> [[Double]]) -> FunctionReport {
    checkGradient(
      of: CheckJacobianTests.f, jacobian: { change(CheckJacobianTests.jacobian($0)) }, at: CheckJacobianTests.x)
  }

  @Test("A right Jacobian agrees; a wrong one is told what it looks like")
  func hypotheses() {
    let right = report { $0 }
    #expect(right.agrees && right.entries.count == 9, "\(right)")
    func transposed(_ a: [[Double]]) -> [[Double]] { (0..<3).map { i in (0..<3).map { a[$0][i] } } }
    func scaled(_ a: [[Double]], by factor: Double) -> [[Double]] { a.map { $0.map { factor * $0 } } }
    func changed(_ a: [[Double]], _ i: Int, _ j: Int, _ change: (Double) -> Double) -> [[Double]] {
      var a = a
      a[i][j] = change(a[i][j])
      return a
    }
    let cases: [(String, ([[Double]]) -> [[Double]])] = [
      ("it is transposed", transposed),
      ("the sign is wrong", { scaled($0, by: -1) }),
      ("the sign is wrong there", { changed($0, 1, 1, -) }),
      ("the factor 2", { scaled($0, by: 2) }),
      ("the factor ½", { scaled($0, by: 0.5) }),
      ("1/N is missing everywhere (N = 3)", { scaled($0, by: 3) }),
      ("1/N is doubled", { scaled($0, by: 1.0 / 9) }),
      ("all are 50 times too large, as without 1/N", { scaled($0, by: 50) }),
      ("all are 50 times too small, as with 1/N twice", { scaled($0, by: 1.0 / 50) }),
      ("scaled by the factor 1.1", { scaled($0, by: 1.1) }),
      ("an entry was dropped", { changed($0, 0, 1) { _ in 0 } }),
      ("row 0 holds row 2", { [$0[2], $0[1], $0[2]] }),
      ("row 0 holds row 1, row 1 holds row 0", { [$0[1], $0[0], $0[2]] }),
      ("column 0 holds column 2", { $0.map { [$0[2], $0[1], $0[2]] } }),
    ]
    for (words, change) in cases {
      let wrong = report(change)
      #expect(wrong.verdict == .disagree && wrong.hypothesis?.contains(words) == true, "\(words): \(wrong)")
      #expect(wrong.description.contains(words) && wrong.description.utf8.count < 2048)
    }
    let exchanged = checkGradient(
      of: { $0[0] * $0[1] + $0[2] }, gradient: { [$0[0], $0[1], 1] }, at: CheckJacobianTests.x)
    #expect(exchanged.hypothesis == "entries 0 and 1 are exchanged", "\(exchanged)")
    let shifted = checkGradient(
      of: { $0[0] * $0[1] * $0[2] }, gradient: { [$0[0] * $0[2], $0[0] * $0[1], $0[1] * $0[2]] },
      at: CheckJacobianTests.x)
    #expect(shifted.hypothesis == "the 3 wrong entries are permuted", "\(shifted)")
  }

  @Test("Vector-Jacobian and Jacobian-vector products are judged as the matrices they stand for")
  func products() {
    typealias T = CheckJacobianTests
    func vjp(_ x: [Double], _ v: [Double]) -> [Double] {
      let a = T.jacobian(x)
      return (0..<3).map { j in (0..<3).reduce(0) { $0 + v[$1] * a[$1][j] } }
    }
    func jvp(_ x: [Double], _ u: [Double]) -> [Double] {
      T.jacobian(x).map { zip($0, u).reduce(0) { $0 + $1.0 * $1.1 } }
    }
    #expect(checkGradient(of: T.f, vjp: vjp, at: T.x).agrees)
    #expect(checkGradient(of: T.f, jvp: jvp, at: T.x).agrees)
    for wrong in [checkGradient(of: T.f, vjp: jvp, at: T.x), checkGradient(of: T.f, jvp: vjp, at: T.x)] {
      #expect(wrong.hypothesis == "it is transposed", "\(wrong)")
    }
    let curved = checkGradient(of: T.f, vjp: { x, v in vjp(x, v.map { $0 * abs($0) }) }, at: T.x)
    #expect(curved.verdict == .disagree && curved.hypothesis?.contains("not linear") == true, "\(curved)")
    let short = checkGradient(of: T.f, vjp: { x, v in Array(vjp(x, v).dropLast()) }, at: T.x)
    #expect(short.verdict == .disagree && short.description.contains("has 2 entries"), "\(short)")
  }

  @Test("A Hessian is compared with its gradient: factor, asymmetry, and a gradient that is wrong itself")
  func hessians() {
    func f(_ x: [Double]) -> Double { x[0] * x[0] * x[1] + exp(x[1]) }
    func gradient(_ x: [Double]) -> [Double] { [2 * x[0] * x[1], x[0] * x[0] + exp(x[1])] }
    func hessian(_ x: [Double]) -> [[Double]] { [[2 * x[1], 2 * x[0]], [2 * x[0], exp(x[1])]] }
    let x = [1.5, -0.4]
    #expect(checkGradient(of: f, gradient: gradient, hessian: hessian, at: x).agrees)
    let half = checkGradient(of: f, gradient: gradient, hessian: { hessian($0).map { $0.map { $0 / 2 } } }, at: x)
    #expect(half.hypothesis?.contains("½") == true, "\(half)")
    let skew = checkGradient(
      of: f, gradient: gradient, hessian: { [[2 * $0[1], 2 * $0[0]], [0, exp($0[1])]] }, at: x)
    #expect(skew.entries.filter { $0.verdict == .disagree }.map { [$0.row, $0.column] } == [[1, 0]], "\(skew)")
    #expect(skew.description.contains("not symmetric: [0, 1] holds 3.0 and [1, 0] holds 0.0"), "\(skew)")
    let wrong = checkGradient(of: f, gradient: { gradient($0).map { -$0 } }, hessian: hessian, at: x)
    #expect(wrong.subject == "gradient" && wrong.verdict == .disagree, "\(wrong)")
  }

  @Test("A function that throws, is not finite or changes its length gets a sentence")
  func misbehaviour() {
    struct Refused: Error {}
    func report(_ f: ([Double]) throws -> [Double], _ claim: ([Double]) throws -> [[Double]]) -> FunctionReport {
      checkGradient(of: f, jacobian: claim, at: [1, 2])
    }
    let right: ([Double]) -> [[Double]] = { _ in [[1, 1]] }
    let cases: [(FunctionReport, Verdict, String)] = [
      (report({ _ in throw Refused() }, right), .cannotTell, "throws at x: Refused()"),
      (
        report(
          {
            if $0 != [1, 2] { throw Refused() }
            return [3]
          }, right), .cannotTell, "throws near x"
      ),
      (report({ _ in [.nan] }, right), .cannotTell, "the function is nan here"),
      (report({ _ in [.infinity] }, right), .cannotTell, "the function is inf here"),
      (report({ $0 == [1, 2] ? [3] : [3, 4] }, right), .cannotTell, "gives 1 numbers at x and 2 near it"),
      (report({ _ in [] }, right), .cannotTell, "no outputs"),
      (report({ [$0[0] + $0[1]] }, { _ in throw Refused() }), .cannotTell, "The Jacobian throws at x"),
      (report({ [$0[0] + $0[1]] }, { _ in [[1], [1]] }), .disagree, "shape of its transpose"),
      (report({ [$0[0] + $0[1]] }, { _ in [[1, 1, 1]] }), .disagree, "is 1 × 3; 1 outputs of 2 coordinates"),
      (report({ [$0[0] + $0[1]] }, { _ in [[1, 2], [1]] }), .disagree, "rows of lengths [1, 2]"),
      (report({ [$0[0] + $0[1]] }, { _ in [[.nan, 1]] }), .disagree, "found nan, expected 1.0"),
      (checkGradient(of: { $0[0] }, gradient: { _ in [1, 0, 0] }, at: [1, 2]), .disagree, "has 3 entries; x has 2"),
      (checkGradient(of: { $0[0] }, gradient: { _ in [1] }, at: [.nan]), .cannotTell, "x[0] is nan"),
      (checkGradient(of: { $0[0].squareRoot() }, gradient: { _ in [1] }, at: [0]), .cannotTell, "on either side"),
    ]
    for (report, verdict, words) in cases {
      #expect(report.verdict == verdict && report.description.contains(words), "\(words): \(report)")
      #expect(report.json.contains("\"verdict\""))
    }
    var calls = 0.0
    let restless = checkGradient(
      of: {
        calls += 1
        return $0[0] + calls
      }, gradient: { _ in [1] }, at: [1])
    #expect(restless.verdict != .disagree && restless.description.contains("is it random"), "\(restless)")
  }

  @Test("A programming error says so")
  func traps() async {
    await #expect(processExitsWith: .failure) { _ = checkGradient(of: { _ in 0 }, gradient: { $0 }, at: []) }
    await #expect(processExitsWith: .failure) { _ = checkGradient(of: { $0[0] }, gradient: [1, 2], at: [1]) }
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = checkGradient(of: { $0[0] }, gradient: { _ in [1] }, at: [1], oneByOne: 0)
    }
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(text.contains("CheckJacobianTests.swift") && text.contains("oneByOne is 0"), "\(text)")
  }

  /// Σ aᵢ sin(xᵢ) with its gradient, for n coordinates.
  private func large(_ n: Int) -> (f: ([Double]) -> Double, gradient: ([Double]) -> [Double], x: [Double]) {
    var generator = Generator(seed: 1)
    let (a, x) = ((0..<n).map { _ in generator.normal() }, (0..<n).map { _ in generator.uniform(0.1, 1.4) })
    func sum(_ x: [Double]) -> Double {
      var sum = 0.0
      for i in 0..<n { sum += a[i] * sin(x[i]) }
      return sum
    }
    return (sum, { x in (0..<n).map { a[$0] * cos(x[$0]) } }, x)
  }

  @Test("1,000 entries are compared one by one, at the stated cost")
  func thousand() {
    let (f, gradient, x) = large(1000)
    let report = checkGradient(of: f, gradient: gradient, at: x)
    #expect(report.agrees && report.entries.count == 1000, "\(report)")
    #expect(report.evaluations < 80_000, "\(report)")
  }

  @Test("Of 10,000 entries the one with a wrong sign is found, at the cost of 100")
  func tenThousand() {
    let (f, gradient, x) = large(10_000)
    let right = checkGradient(of: f, gradient: gradient, at: x)
    #expect(right.agrees && right.combinations == 64, "\(right)")
    let wrong = checkGradient(
      of: f,
      gradient: {
        var gradient = gradient($0)
        gradient[7777] = -gradient[7777]
        return gradient
      }, at: x)
    #expect(wrong.entries.filter { $0.verdict == .disagree }.map(\.column) == [7777], "\(wrong)")
    #expect(wrong.evaluations < 10_000 && wrong.hypothesis?.contains("the sign is wrong") == true, "\(wrong)")
  }

  @Test("Where every entry of many is wrong, 64 of them are looked for")
  func allWrong() {
    let (f, gradient, x) = large(300)
    let report = checkGradient(of: f, gradient: { gradient($0).map { -$0 } }, at: x, oneByOne: 100)
    #expect(report.verdict == .disagree && report.hypothesis?.contains("the sign is wrong") == true, "\(report)")
    #expect(report.description.contains("At least 64 of 300 entries are wrong"), "\(report)")
  }
}
