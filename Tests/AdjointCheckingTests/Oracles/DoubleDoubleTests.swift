import Adjoint
import AdjointChecking
import Foundation
import Testing

@Suite struct DoubleDoubleTests {
  static let functions: [String: @Sendable (DoubleDouble) -> DoubleDouble] = [
    "exponential": { .exponential($0) }, "exponentialMinusOne": { .exponentialMinusOne($0) },
    "logarithm": { .logarithm($0) }, "logarithmOnePlus": { .logarithmOnePlus($0) },
    "squareRoot": { .squareRoot($0) }, "sine": { .sine($0) }, "cosine": { .cosine($0) },
    "hyperbolicTangent": { .hyperbolicTangent($0) }, "errorFunction": { .errorFunction($0) },
    "power": { .power($0, 2.5) },
  ]

  private func error(_ a: DoubleDouble, _ b: DoubleDouble) -> Double { abs(((a - b) / b).primal) }

  @Test("An elementary function has 29 digits", arguments: functions.keys.sorted())
  func references(name: String) throws {
    let f = try #require(DoubleDoubleTests.functions[name])
    let rows = DoubleDoubleReferences.rows.filter { $0.function == name }
    #expect(rows.count >= 10)
    var worst = 0.0
    for row in rows {
      worst = max(worst, error(f(row.x), row.y))
      #expect(error(f(row.x), row.y) <= 1e-29, "\(name)(\(row.x)) is \(f(row.x)), should be \(row.y)")
    }
  }

  @Test("Constants come out to the last bit")
  func constants() {
    #expect(error(.exponential(1), DoubleDouble(0x1.5bf0a8b145769p+1, 0x1.4d57ee2b1013ap-53)) <= 1e-31)
    let quarter = DoubleDouble(0x1.921fb54442d18p-1, 0x1.1a62633145c07p-55)
    #expect(error(.sine(quarter), .cosine(quarter)) <= 1e-30)
    #expect(error(.squareRoot(2) * .squareRoot(2), 2) <= 1e-31)
    #expect(error(DoubleDouble(1) / 3 * 3, 1) <= 1e-31)
    #expect((DoubleDouble(1) + DoubleDouble(1e-20) - 1).primal == 1e-20)
  }

  @Test("Identities hold over seeded sweeps")
  func identities() {
    var generator = Generator(seed: 31)
    var worst = [Double](repeating: 0, count: 5)
    for _ in 0..<200 {
      let x = DoubleDouble(generator.uniform(-8, 8), generator.uniform(-1, 1) * 1e-17)
      let positive = x * x + DoubleDouble(1e-6)
      let (sine, cosine) = (DoubleDouble.sine(x), DoubleDouble.cosine(x))
      worst[0] = max(worst[0], error(sine * sine + cosine * cosine, 1))
      worst[1] = max(worst[1], error(.exponential(.logarithm(positive)), positive))
      let (up, down) = (DoubleDouble.exponential(x), DoubleDouble.exponential(-x))
      worst[2] = max(worst[2], error(.hyperbolicTangent(x) * (up + down), up - down))
      worst[3] = max(worst[3], error(.squareRoot(positive) * .squareRoot(positive), positive))
      worst[4] = max(worst[4], error(.power(positive, 3) * .power(positive, -3), 1))
    }
    #expect(worst.allSatisfy { $0 <= 1e-29 }, "\(worst)")
  }

  @Test("Comparison sees the low part, and NaN compares with nothing")
  func comparison() {
    let (one, more) = (DoubleDouble(1), DoubleDouble(1, 1e-20))
    #expect(one < more && more > one && one <= more && one != more && more >= more)
    let nan = DoubleDouble(.nan)
    #expect(!(nan < one) && !(nan <= one) && !(nan > one) && !(nan >= one) && nan != nan)
    #expect(DoubleDouble(integerLiteral: (1 << 60) + 1) - DoubleDouble(0x1p60) == 1)
  }

  @Test("Infinities, NaN and zeros are those of Double")
  func special() {
    for x in [Double.infinity, -.infinity, .nan, 0, 1000, -1000, -0.5] {
      let wide = DoubleDouble(x)
      let pairs: [(DoubleDouble, Double)] = [
        (.exponential(wide), exp(x)), (.exponentialMinusOne(wide), expm1(x)), (.logarithm(wide), log(x)),
        (.squareRoot(wide), x.squareRoot()), (.hyperbolicTangent(wide), tanh(x)), (.errorFunction(wide), erf(x)),
        (.power(wide, 2.5), pow(x, 2.5)), (.power(wide, -1), pow(x, -1)), (wide * wide, x * x), (wide + wide, x + x),
        (1 / wide, 1 / x), (.sine(wide), sin(x)),
      ]
      for (position, (wide, plain)) in pairs.enumerated() {
        #expect(
          wide.primal == plain || (wide.primal.isNaN && plain.isNaN) || abs(wide.primal - plain) <= plain.ulp,
          "function \(position) at \(x): \(wide.primal), \(plain)")
      }
    }
  }
}
