import Adjoint
import AdjointChecking
import Foundation
import Testing

/// Claimed slopes beside values of a function at points that were given.
@Suite struct TabulatedLineTests {
  /// Values of f at these places, and one claim at the first of them.
  private func line(
    _ f: (Double) -> Double, claim: Double, at t: [Double], rounding: Double = 0, name: String = "line"
  ) -> TabulatedLine {
    TabulatedLine(
      name: name,
      points: t.enumerated().map { i, t in
        TabulatedLine.Point(t: t, value: f(t), slope: i == 0 ? claim : nil, rounding: (rounding, 0))
      })
  }

  private func verdict(_ line: TabulatedLine) -> Verdict { checkSlopes(of: [line]).verdict }

  /// 0, and these distances on both sides.
  private static func around(_ distances: [Double]) -> [Double] { [0] + distances.flatMap { [$0, -$0] } }

  static let spacings: [(String, [Double])] = [
    ("five even points", around((1...2).map { 0.1 * Double($0) })),
    ("41 even points", around((1...20).map { 0.02 * Double($0) })),
    ("halved steps", around((0..<9).map { scalbn(0.5, -$0) })),
    ("uneven points", [0, 0.07, -0.11, 0.19, -0.16, 0.26, -0.3, 0.41]),
    ("one side alone", (0..<9).map { 0.05 * Double($0) }),
  ]

  @Test("A right slope agrees, and one with a wrong sign does not, for any spacing of the points")
  func spacings() {
    for (name, t) in TabulatedLineTests.spacings {
      func f(_ t: Double) -> Double { sin(0.4 + t) + exp(0.5 * t) }
      let slope = cos(0.4) + 0.5
      #expect(
        verdict(line(f, claim: slope, at: t)) == .agree, "\(name): \(checkSlopes(of: [line(f, claim: slope, at: t)]))")
      let wrong = checkSlopes(of: [line(f, claim: -slope, at: t)])
      #expect(wrong.verdict == .disagree && wrong.hypothesis?.contains("sign") == true, "\(name): \(wrong)")
    }
  }

  @Test(
    "Of 1,000 random right slopes none is convicted; of wrong ones nearly all are", arguments: [0, 1e-9, 1e-6, 1e-4])
  func random(noise: Double) {
    var (agreed, convicted) = (0, 0)
    for seed in 0..<UInt64(1000) {
      var generator = Generator(seed: seed)
      let plain = RandomPlainFunction(seed: seed, count: 1)
      let (x, claim) = (plain.x[0], plain.gradient(plain.x)[0])
      let step = abs(x) * generator.uniform(0.005, 0.05)
      var t = [0.0]
      for i in 1...(3 + Int(seed % 5)) {
        let far: Double = Double(i) * step
        t += [far, -far * generator.uniform(0.8, 1.2)]
      }
      let unit = abs(plain.value([x])) * noise
      var values: [Double: Double] = [:]
      for t in t { values[t] = plain.value([x + t]) + unit * generator.normal() }
      func f(_ t: Double) -> Double { values[t] ?? .nan }
      let right = checkSlopes(of: [line(f, claim: claim, at: t)])
      #expect(right.verdict != .disagree, "seed \(seed): \(right)")
      agreed += right.agrees ? 1 : 0
      convicted += verdict(line(f, claim: -claim, at: t)) == .disagree ? 1 : 0
    }
    if noise == 0 { #expect(agreed > 850 && convicted > 850, "\(agreed) \(convicted)") }
  }

  @Test("Too few points, points too far apart, noise and a kink are told from each other, and convict nobody")
  func doubts() {
    let even = TabulatedLineTests.spacings[1].1
    let cases: [(TabulatedLine, String)] = [
      (line(sin, claim: -1, at: [0, 0.1, -0.1]), "has 3 points; give at least 5"),
      (line({ sin(9 * $0) }, claim: -9, at: [0, 0.3, -0.3, 0.55, -0.61]), "too far apart; add some nearer than 0.3"),
      (
        line({ 1 + 1e-4 * ($0 * 40).rounded() / 40 }, claim: -1e-4, at: even, rounding: 1e-5),
        "write f with all its digits"
      ),
      (line(abs, claim: 0.5, at: even), "a kink, or noise: the slope is -1.0 on the left and 1.0 on the right"),
      (line(abs, claim: 1, at: TabulatedLineTests.spacings[0].1), "a kink, or noise"),
      (line({ $0 == 0 ? .nan : $0 }, claim: 1, at: even), "f is nan here"),
    ]
    for (line, words) in cases {
      let report = checkSlopes(of: [line])
      #expect(report.verdict == .cannotTell && report.description.contains(words), "\(words): \(report)")
    }
    let silent = TabulatedLine(name: "line", points: [TabulatedLine.Point(t: 0, value: 1, slope: nil)])
    #expect(checkSlopes(of: [silent]).description.contains("claims no slope"))
  }

  @Test("Scaling f and t by powers of two changes no verdict", arguments: [-300, -60, 60, 300])
  func scaled(power: Int) {
    let (a, b) = (scalbn(1.0, power), scalbn(1.0, power / 2))
    for (name, t) in TabulatedLineTests.spacings {
      for claim in [cos(0.4), cos(0.4) * 1.3, -cos(0.4)] {
        let plain = verdict(line({ sin(0.4 + $0) }, claim: claim, at: t))
        let other = verdict(line({ a * sin(0.4 + $0 / b) }, claim: claim * a / b, at: t.map { $0 * b }))
        #expect(plain == other, "\(name), \(claim)")
      }
    }
  }

  @Test("The weights of any stencil give the slope of a polynomial exactly")
  func weights() {
    let report = checkSlopes(
      of: [line({ 2 - 3 * $0 + $0 * $0 * $0 }, claim: -3, at: [0, 1, -2, 2.5, -4, 5, 6.5])])
    #expect(report.agrees && report.entries[0].error < 1e-11, "\(report)")
  }
}
