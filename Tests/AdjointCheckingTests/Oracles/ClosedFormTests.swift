import Adjoint
import AdjointChecking
import Foundation
import Testing

/// The reference over the whole range, against values of mpmath and against differences of itself.
@Suite struct ClosedFormTests {
  typealias Function = @Sendable (Double) -> WideNumber

  static let functions: [String: Function] = [
    "exp": { .exponential(DoubleDouble($0)) }, "expm1": { .exponentialMinusOne($0) }, "log": { .logarithm($0) },
    "log1p": { .logarithmOnePlus($0) }, "softplus": { .softplus($0) }, "sigmoid": { .sigmoid($0) },
    "sqrt": { WideNumber($0).squareRoot }, "tanh": { WideNumber.hyperbolicTangent($0).value },
    "sech2": { WideNumber.hyperbolicTangent($0).slope }, "sin": { WideNumber.sineAndCosine($0).sine },
    "cos": { WideNumber.sineAndCosine($0).cosine }, "atan": { .arcTangent($0) }, "erf": { .errorFunction($0) },
    "tan": { ClosedForm(.tan, at: $0)?.value.sum ?? WideNumber(0.0) }, "asin": further(.arcSine),
    "acos": further(.arcCosine), "sinh": further(.hyperbolicSine), "cosh": further(.hyperbolicCosine),
    "asinh": further(.areaSine), "acosh": further(.areaCosine), "atanh": further(.areaTangent),
    "exp2": further(.binaryExponential), "log2": further(.binaryLogarithm), "log10": further(.decimalLogarithm),
    "lgamma": further(.logGamma), "psi0": further(.polygamma(order: 0)), "psi1": further(.polygamma(order: 1)),
    "psi3": further(.polygamma(order: 3)),
    "erfc": { .complementaryErrorFunction(DoubleDouble($0)) }, "power": { .power($0, 2.5) },
  ]

  private static func further(_ f: ElementaryFunction) -> Function {
    { DoubleDouble.wide(f, DoubleDouble($0)) ?? WideNumber(0.0) }
  }

  private func relativeError(_ a: WideNumber, _ b: WideNumber) -> Double { ((a - b) / b).magnitude.double }

  @Test("Every function of the reference has 28 digits from the smallest to the largest number")
  func references() throws {
    for line in Self.table.split(separator: "\n") {
      let words = line.split(separator: " ")
      let numbers = try words[1...].map { try #require(Double($0)) }
      let exact = WideNumber(DoubleDouble(numbers[1], numbers[2]), exponent: Int(numbers[3]))
      let f = try #require(Self.functions[String(words[0])])
      #expect(relativeError(f(numbers[0]), exact) <= 1e-28, "\(words[0])(\(numbers[0]))")
    }
  }

  static let maps: [MapFunction] =
    Unary.allCases.map { .unary($0) } + [
      .leakyReLU(slope: 0.125), .elu(alpha: 0.75), .power(exponent: 2.5), .power(exponent: -3), .power(exponent: 1),
      .clamp(low: -1, high: 2), .polygamma(order: 0), .polygamma(order: 2),
    ]

  @Test("Derivatives of a closed form are differences of its value and of its first derivative", arguments: maps)
  func differences(f: MapFunction) throws {
    for x in [-37.3, -6.2, -2.6, -0.9, -0.3, 0.2, 0.4, 1.7, 3.1, 8.9, 25.6] {
      let h = scalbn(1, -26)
      guard let center = ClosedForm(f, at: x) else { continue }
      let (left, right) = (try #require(ClosedForm(f, at: x - h)), try #require(ClosedForm(f, at: x + h)))
      for order in [\ClosedForm.value, \.first] {
        let derivative = order == \.value ? center.first : center.second
        let difference = (right[keyPath: order].sum - left[keyPath: order].sum) / WideNumber(2 * h)
        // The rest of the series is h²/6 of the third derivative, which no function here has above 10⁵ of these.
        let scale = derivative.magnitude.double + center.first.magnitude.double + 1e-9 * center.value.magnitude.double
        #expect((difference - derivative.sum).magnitude.double <= 1e-10 * scale, "\(f) at \(x)")
      }
    }
  }

  @Test("The losses' closed forms are differences too")
  func losses() {
    for (z, t) in [(14.0, 1.0), (-3, 0.25), (0.4, 0), (-20, 1), (2, 0.75)] {
      let h = scalbn(1, -26)
      for form in [ClosedForm.binaryCrossEntropy, ClosedForm.squaredError] {
        let (left, center, right) = (form(z - h, t), form(z, t), form(z + h, t))
        let first = (right.value.sum - left.value.sum) / WideNumber(2 * h)
        let second = (right.first.sum - left.first.sum) / WideNumber(2 * h)
        #expect((first - center.first.sum).magnitude.double <= 1e-10 * center.first.magnitude.double)
        #expect((second - center.second.sum).magnitude.double <= 1e-10 * center.second.magnitude.double)
      }
    }
  }

  @Test("An error counts in units of the terms, of the smallest number below, and of the last number before ∞")
  func units() {
    #expect(ExactSum(3).error(of: 3.0 + 6 * Double.ulpOfOne) == 2)
    #expect(ExactSum(WideNumber(3.0), WideNumber(-2.0)).error(of: 1 + 10 * Float.ulpOfOne) == 2)
    #expect(ExactSum(0).error(of: 2 * Float.leastNonzeroMagnitude) == 2)
    #expect(ExactSum(WideNumber(1.0, exponent: 5000)).error(of: Double.infinity) == 0)
    #expect(ExactSum(WideNumber(1.0, exponent: 5000)).error(of: -Double.infinity) == .infinity)
    #expect(ExactSum(1).error(of: Double.nan) == .infinity && ExactSum(1).error(of: Double.infinity) > 1e300)
  }

  /// A function, an argument, and the value as two doubles and a power of two.
  ///
  /// Made with mpmath 1.3 at 4000 bits:
  /// ```python
  /// m, e = frexp(f(mpf(x))); h = float(2 * m); print(name, x.hex(), h.hex(), float(2 * m - h).hex(), e - 1)
  /// ```
  private static let table = """
    tan 0x0.012688b70e62bp-1022 0x1.2688b70e62b00p+0 0x0.0p+0 -1030
    tan -0x1.3333333333333p-2 -0x1.3cc2a44e29998p+0 0x1.fad794f03f7b9p-54 -2
    tan 0x1.3333333333333p+0 0x1.493c43acb164dp+0 -0x1.767ad8ada14a2p-54 1
    tan 0x1.d000000000000p+3 -0x1.51292d65c0e72p+0 0x1.989ca190ba3a6p-54 1
    tan 0x1.2a05f20000000p+33 -0x1.1de000f443f50p+0 -0x1.78d18e96fadecp-54 -1
    tan -0x1.f5aa543c31387p+665 -0x1.b6b3fe763106cp+0 0x1.3048db69549a2p-54 0
    asin 0x0.012688b70e62bp-1022 0x1.2688b70e62b00p+0 0x0.0p+0 -1030
    asin -0x1.3333333333333p-2 -0x1.380159e14f6ffp+0 0x1.faba2e0185aa0p-54 -2
    asin 0x1.8000000000000p-1 0x1.b235315c680dcp+0 0x1.02b07b66c1abcp-57 -1
    asin 0x1.ffffde7210be9p-1 0x1.91c306b2c13adp+0 -0x1.fb5513da6b051p-54 0
    asin -0x1.fffffffffe000p-1 -0x1.921f9ea3a46b0p+0 -0x1.4af6911701d82p-54 0
    acos 0x0.012688b70e62bp-1022 0x1.921fb54442d18p+0 0x1.1a62633145c07p-54 0
    acos -0x1.3333333333333p-2 0x1.e0200bbc96ad8p+0 -0x1.9130a13c6ea84p-56 0
    acos 0x1.8000000000000p-1 0x1.720a392c1d955p+0 -0x1.eb91490a4cb4ap-54 -1
    acos 0x1.ffffde7210be9p-1 0x1.72ba46065af16p+0 -0x1.2223d13cea1f2p-54 -10
    acos -0x1.fffffffffe000p-1 0x1.921fa9f3f39e4p+0 0x1.32ac7a2423cc4p-54 1
    sinh 0x0.012688b70e62bp-1022 0x1.2688b70e62b00p+0 0x0.0p+0 -1030
    sinh -0x1.3333333333333p-2 -0x1.37d42af54b926p+0 -0x1.52958e1971272p-55 -2
    sinh 0x1.8000000000000p-1 0x1.a506b2dd3c690p+0 -0x1.a238617081f6ap-56 -1
    sinh 0x1.e800000000000p+4 0x1.0063f4e687ba2p+0 -0x1.6f17291895a94p-54 43
    sinh -0x1.5e20000000000p+9 -0x1.2fd8e4cbfa413p+0 -0x1.2cb7d9b882d75p-54 1009
    sinh 0x1.f400000000000p+11 0x1.b7a2a5bac7125p+0 -0x1.7e87889fff1bep-55 5769
    cosh 0x0.012688b70e62bp-1022 0x1.0000000000000p+0 0x0.0p+0 0
    cosh -0x1.3333333333333p-2 0x1.0b9b4e0b6ec4cp+0 0x1.0ff8cd34b4f0cp-57 0
    cosh 0x1.8000000000000p-1 0x1.4b705d1e5d6a8p+0 -0x1.e157485ad04d7p-54 0
    cosh 0x1.e800000000000p+4 0x1.0063f4e687ba2p+0 -0x1.6f17291815db2p-54 43
    cosh -0x1.5e20000000000p+9 0x1.2fd8e4cbfa413p+0 0x1.2cb7d9b882d75p-54 1009
    cosh 0x1.f400000000000p+11 0x1.b7a2a5bac7125p+0 -0x1.7e87889fff1bep-55 5769
    asinh 0x0.012688b70e62bp-1022 0x1.2688b70e62b00p+0 0x0.0p+0 -1030
    asinh -0x1.3333333333333p-2 -0x1.2ec4ea565fcc1p+0 0x1.f2afd525990edp-55 -2
    asinh 0x1.8000000000000p-1 0x1.62e42fefa39efp+0 0x1.abc9e3b39803fp-55 -1
    asinh 0x1.e800000000000p+4 0x1.071cf56f99cd7p+0 -0x1.72709e42d5f51p-57 2
    asinh -0x1.249ad2594c37dp+332 -0x1.cde73f84a4f2cp+0 0x1.d0b05992fe907p-54 7
    asinh 0x1.7e43c8800759cp+996 0x1.59bbfd8b83e44p+0 -0x1.3ae4268b01a66p-54 9
    acosh 0x1.0000000001000p+0 0x1.6a09e667f39eap+0 -0x1.3a9581f01ab13p-55 -20
    acosh 0x1.8000000000000p+0 0x1.ecc2caec5160ap+0 -0x1.ad07ef7ed5a5dp-54 -1
    acosh 0x1.e800000000000p+4 0x1.0714270a0d740p+0 0x1.27cc3ba0b987ep-54 2
    acosh 0x1.249ad2594c37dp+332 0x1.cde73f84a4f2cp+0 -0x1.d0b05992fe907p-54 7
    acosh 0x1.7e43c8800759cp+996 0x1.59bbfd8b83e44p+0 -0x1.3ae4268b01a66p-54 9
    atanh 0x0.012688b70e62bp-1022 0x1.2688b70e62b00p+0 0x0.0p+0 -1030
    atanh -0x1.3333333333333p-2 -0x1.3cf2b50617c95p+0 -0x1.8f7a070c526fap-56 -2
    atanh 0x1.8000000000000p-1 0x1.f2272ae325a57p+0 0x1.51bda525b3c98p-54 -1
    atanh 0x1.ffffde7210be9p-1 0x1.d046eb8b86c1cp+0 0x1.09dfcd327db25p-55 2
    atanh -0x1.fffffffffe000p-1 -0x1.c6b45d6b099bap+0 -0x1.f20d55de8d628p-54 3
    exp2 0x0.012688b70e62bp-1022 0x1.0000000000000p+0 0x0.0p+0 0
    exp2 -0x1.3333333333333p-2 0x1.9fdf8bcce533ep+0 -0x1.fe7bf16804c60p-54 -1
    exp2 0x1.8000000000000p-1 0x1.ae89f995ad3adp+0 0x1.7a1cd345dcc81p-54 0
    exp2 0x1.e666666666666p+4 0x1.51cb453b95366p+0 0x1.aba29cf0ddf9cp-54 30
    exp2 -0x1.0920000000000p+10 0x1.6a09e667f3bcdp+0 -0x1.bdd3413b26456p-54 -1061
    exp2 0x1.3884000000000p+12 0x1.306fe0a31b715p+0 0x1.6f46ad23182e4p-55 5000
    log2 0x0.012688b70e62bp-1022 -0x1.01730dabca5f6p+0 0x1.582b4fd59af43p-54 10
    log2 0x1.3333333333333p-2 -0x1.bca9c6f53897bp+0 0x1.f36687ebb3140p-54 0
    log2 0x1.0000000400000p+0 0x1.7154764fd586fp+0 0x1.366f9cac6a50fp-54 -30
    log2 0x1.e666666666666p+4 0x1.3b439310b4188p+0 -0x1.c8de2047df22dp-54 2
    log2 0x1.7e43c8800759cp+996 0x1.f24a09f1a8b89p+0 -0x1.1ca4ec9a5578dp-55 9
    log10 0x0.012688b70e62bp-1022 -0x1.3600000000000p+0 -0x1.7e6c79a506cedp-58 8
    log10 0x1.3333333333333p-2 -0x1.0bb6c34d81502p+0 0x1.7d48cb6bd6285p-54 -1
    log10 0x1.0000000400000p+0 0x1.bcb7b14ef4e18p+0 0x1.1da3d2814cb66p-57 -32
    log10 0x1.e666666666666p+4 0x1.7b9d9a69b3b0fp+0 0x1.3b5ca2186d1cep-54 0
    log10 0x1.7e43c8800759cp+996 0x1.2c00000000000p+0 0x1.a4a1e46e7b5c9p-64 8
    lgamma 0x0.012688b70e62bp-1022 0x1.64e69394d9508p+0 0x1.35918fe61c196p-56 9
    lgamma 0x1.3333333333333p-2 0x1.188637a6c4196p+0 -0x1.96f15c50a629dp-55 0
    lgamma 0x1.c000000000000p+0 -0x1.59b4fd6875a6ep+0 -0x1.8611cf72ebf19p-55 -4
    lgamma 0x1.4000000000000p+1 0x1.2383e809a67e8p+0 -0x1.823fe323a5c09p-54 -2
    lgamma 0x1.e666666666666p+4 0x1.22743cec5d92dp+0 -0x1.52a73d2a96212p-54 6
    lgamma 0x1.2a05f20000000p+33 0x1.9a43710f467c1p+0 0x1.11a24b6e761cbp-55 37
    lgamma 0x1.7e43c8800759cp+996 0x1.017f38e7a1ab5p+0 -0x1.3d874269f16b8p-59 1006
    lgamma -0x1.0000000000000p-1 0x1.43f89a3f0edd6p+0 0x1.053cd734e6a31p-55 0
    lgamma -0x1.d333333333333p+2 -0x1.f1dccd151776dp+0 0x1.66e6d3325f4f9p-55 2
    lgamma -0x1.1a66666666666p+6 -0x1.cf99a03780ee6p+0 0x1.1914ad8af7577p-54 7
    psi0 0x0.012688b70e62bp-1022 -0x1.bd03c81406992p+0 0x1.5914038a9b9cep-55 1029
    psi0 0x1.3333333333333p-2 -0x1.c052b6b5e6118p+0 0x1.001b967d2b6a6p-56 1
    psi0 0x1.c000000000000p+0 0x1.fad2d675283d3p+0 -0x1.d2a10e7fb96c4p-54 -3
    psi0 0x1.4000000000000p+1 0x1.680425af12b5ep+0 -0x1.46eb6bf0197a4p-57 -1
    psi0 0x1.e666666666666p+4 0x1.b2ee8db7f6200p+0 0x1.65ebb7770dc6dp-54 1
    psi0 0x1.2a05f20000000p+33 0x1.7069e2aa27361p+0 0x1.1f07513489800p-55 4
    psi0 0x1.7e43c8800759cp+996 0x1.5963447f87fb5p+0 0x1.abccc0710fcd4p-55 9
    psi0 -0x1.0000000000000p-1 0x1.2aed059bd608ap+0 0x1.cd3d2ca77b63ap-58 -5
    psi0 -0x1.d333333333333p+2 0x1.159671617785ep+0 -0x1.0509061a5d7b6p-57 2
    psi0 -0x1.1a66666666666p+6 0x1.9f257210f9473p+0 -0x1.2128e9cea0c93p-57 1
    psi1 0x0.012688b70e62bp-1022 0x1.82cb12d1f5e3ep+0 0x1.abcb461752f02p-56 2059
    psi1 0x1.3333333333333p-2 0x1.87da06bfa42ddp+0 -0x1.36b43934dc588p-54 3
    psi1 0x1.c000000000000p+0 0x1.87385c3c034c4p+0 0x1.eff8cf4d052c0p-54 -1
    psi1 0x1.4000000000000p+1 0x1.f62057f7296c9p+0 0x1.9735433f5f253p-55 -2
    psi1 0x1.e666666666666p+4 0x1.11f453dc5ec8ep+0 0x1.e0fb4034cfcf5p-54 -5
    psi1 0x1.2a05f20000000p+33 0x1.b7cdfd9dda4e3p+0 -0x1.40fa2d89bafa7p-58 -34
    psi1 0x1.7e43c8800759cp+996 0x1.56e1fc2f8f359p+0 -0x1.df1934e06825cp-54 -997
    psi1 -0x1.0000000000000p-1 0x1.1de9e64df22efp+0 0x1.692b71366cc04p-55 3
    psi1 -0x1.d333333333333p+2 0x1.de71bb244723ep+0 -0x1.dab5566d9ab51p-54 3
    psi1 -0x1.1a66666666666p+6 0x1.5cb855af8e848p+0 -0x1.9218624bf0dbcp-54 3
    psi3 0x1.9b604aaaca626p-200 0x1.ccb4f4db843d5p+0 0x1.61ca0761950e5p-54 799
    psi3 0x1.3333333333333p-2 0x1.739225581e957p+0 0x1.17f9a8523ff4fp-56 9
    psi3 0x1.c000000000000p+0 0x1.99c76b4940002p+0 0x1.4c811f26bbb34p-55 -1
    psi3 0x1.4000000000000p+1 0x1.ca8f26506cfd8p+0 -0x1.9500f6c4d4909p-54 -3
    psi3 0x1.e666666666666p+4 0x1.39a43daa74884p+0 0x1.37deebad8aba8p-54 -14
    psi3 0x1.2a05f20000000p+33 0x1.4484bfef8d3bcp+0 0x1.1e8b21a7d9186p-55 -99
    psi3 -0x1.0000000000000p-1 0x1.82d1746148413p+0 -0x1.cc0cdf4bfa1e7p-55 7
    psi3 -0x1.d333333333333p+2 0x1.80822456d0076p+0 0x1.9a15ad53017ccp-55 9
    psi3 -0x1.1a66666666666p+6 0x1.1b9a2ff92e2e9p+0 -0x1.68af1c9f5f7b9p-54 8
    exp 0x0.0000000000001p-1022 0x1.0000000000000p+0 0x0.0000000000001p-1022 0
    exp -0x0.03739a252b281p-1022 0x1.0000000000000p+1 -0x0.06e7344a56502p-1022 -1
    exp 0x1.87e92154ef7acp-665 0x1.0000000000000p+0 0x1.87e92154ef7acp-665 0
    exp -0x1.3333333333333p-2 0x1.7b4c869c37c05p+0 -0x1.0a730392f0d98p-58 -1
    exp 0x1.6666666666666p-1 0x1.01c2a61268987p+0 -0x1.ce82f8a77f530p-54 1
    exp 0x1.c800000000000p+3 0x1.78fee7792e44bp+0 0x1.8e8af8d1bfd3ap-55 20
    exp -0x1.a000000000000p+4 0x1.67852a7007e42p+0 -0x1.e1c9c22a66d9fp-54 -38
    exp -0x1.2c80000000000p+8 0x1.629f5b5352a54p+0 0x1.e67737d3b2fd8p-54 -434
    exp 0x1.5e00000000000p+9 0x1.d945df4f8ec8ep+0 0x1.183392684a46ep-55 1009
    exp -0x1.7480000000000p+9 0x1.247ae63a725b9p+0 -0x1.2437acffaa17fp-55 -1075
    exp -0x1.86a0000000000p+16 0x1.6903979c5a4a4p+0 -0x1.f12c73cd6ad54p-54 -144270
    exp 0x1.70ef54646d497p-57 0x1.0000000000000p+0 0x1.70ef54646d497p-57 0
    expm1 0x0.0000000000001p-1022 0x1.0000000000000p+0 0x0.0p+0 -1074
    expm1 -0x0.03739a252b281p-1022 -0x1.b9cd129594080p+0 0x0.02fa742e4e1cfp-1022 -1029
    expm1 0x1.87e92154ef7acp-665 0x1.87e92154ef7acp+0 0x1.2bfcfc0f923dfp-665 -665
    expm1 -0x1.3333333333333p-2 -0x1.0966f2c7907f6p+0 -0x1.0a730392f0d98p-57 -2
    expm1 0x1.70a3d70a3d70ap-2 0x1.bbbab4bfb9d7ep+0 -0x1.1ba027c5f9cd3p-56 -2
    expm1 0x1.6666666666666p-1 0x1.03854c24d130dp+0 0x1.8be83ac405682p-56 0
    expm1 0x1.c800000000000p+3 0x1.78fed7792e44bp+0 0x1.8e8af8d1bfd3ap-55 20
    expm1 -0x1.a000000000000p+4 -0x1.fffffffff4c3dp+0 -0x1.ab1ff037cf0e5p-54 -1
    expm1 -0x1.4000000000000p+5 -0x1.0000000000000p+1 0x1.39792499b1a24p-57 -1
    expm1 0x1.5e00000000000p+9 0x1.d945df4f8ec8ep+0 0x1.183392684a46ep-55 1009
    expm1 0x1.70ef54646d497p-57 0x1.70ef54646d497p+0 0x1.09d8792fb4c4ap-57 -57
    expm1 -0x1.cd2b297d889bcp-54 -0x1.cd2b297d889bcp+0 0x1.9f623d5a8a732p-54 -54
    log 0x0.0000000000001p-1022 -0x1.74385446d71c3p+0 -0x1.8e569fa8ee781p-54 9
    log 0x0.03739a252b281p-1022 -0x1.6459f44103e87p+0 0x1.c7ca7089aaa44p-54 9
    log 0x1.87e92154ef7acp-665 -0x1.cc845b54b54f2p+0 0x1.8dc65fe0f133cp-54 8
    log 0x1.3333333333333p-2 -0x1.34378fcbda721p+0 0x1.9c1404e27f13dp-54 0
    log 0x1.ffffffaa19c47p-1 -0x1.5798ee5cd2b2ap+0 0x1.219342b5741ffp-60 -27
    log 0x1.000001ad7f29bp+0 0x1.ad7f2847b6492p+0 0x1.d7f4a57fcf3ddp-56 -24
    log 0x1.2666666666666p+1 0x1.aa73108717b69p+0 0x1.9b2aa7416a7d9p-54 -1
    log 0x1.0f0cf064dd592p+73 0x1.95414621954fep+0 -0x1.b03ee44cc2161p-54 5
    log 0x1.e42d130773b76p+1023 0x1.62dd08fdc6f88p+0 0x1.16a687db2877dp-54 9
    log 0x1.6b851eb851eb8p-1 -0x1.5eb5c7907e4cap+0 0x1.1969a08e5cda6p-54 -2
    log 0x1.6b851eb851eb8p+0 0x1.6712984ec8f15p+0 -0x1.3acc7bbe0b21bp-54 -2
    log1p 0x0.0000000000001p-1022 0x1.0000000000000p+1 -0x0.0000000000001p-1022 -1075
    log1p -0x0.03739a252b281p-1022 -0x1.b9cd129594080p+0 -0x0.02fa742e4e1cfp-1022 -1029
    log1p 0x1.87e92154ef7acp-665 0x1.87e92154ef7acp+0 -0x1.2bfcfc0f923dfp-665 -665
    log1p -0x1.3333333333333p-2 -0x1.6d3c324e13f4ep+0 -0x1.f0207d9d4c9c1p-54 -2
    log1p -0x1.ffffffff24190p-1 -0x1.7069e293f4c5cp+0 0x1.2e23c0865f1d3p-55 4
    log1p 0x1.12e0be826d695p-30 0x1.12e0be801f1d9p+0 0x1.73146f77b063ap-54 -30
    log1p 0x1.2666666666666p+1 0x1.31a4e7240c777p+0 -0x1.e738f3f0a3f4bp-55 0
    log1p 0x1.0f0cf064dd592p+73 0x1.95414621954fep+0 -0x1.b03ee35af9159p-54 5
    log1p 0x1.e42d130773b76p+1023 0x1.62dd08fdc6f88p+0 0x1.16a687db2877dp-54 9
    log1p -0x1.70ef54646d497p-57 -0x1.70ef54646d497p+0 -0x1.09d8792fb4c4ap-57 -57
    log1p 0x1.8f5c28f5c28f6p-2 0x1.51350061b5fcdp+0 -0x1.d5af50c6f1846p-55 -2
    log1p 0x1.a3d70a3d70a3dp-2 0x1.5fd5fabe64085p+0 -0x1.4eac95c790524p-54 -2
    softplus 0x0.0000000000001p-1022 0x1.62e42fefa39efp+0 0x1.abc9e3b39803fp-55 -1
    softplus -0x1.3333333333333p-2 0x1.1bd4735ab7816p+0 -0x1.0a8650814b6dap-56 -1
    softplus 0x1.6666666666666p-1 0x1.1a6a66a15dd2ep+0 -0x1.74444f657e9b4p-55 0
    softplus 0x1.c000000000000p+3 0x1.c00001be6c63bp+0 0x1.09c38bd04a41bp-56 3
    softplus -0x1.c000000000000p+3 0x1.be6c63b109c39p+0 -0x1.0bed6f930ec9fp-54 -21
    softplus -0x1.a000000000000p+4 0x1.67852a7003f25p+0 -0x1.42ef69426ad2ep-54 -38
    softplus 0x1.4000000000000p+5 0x1.4000000000000p+0 0x1.39792499b1a24p-63 5
    softplus -0x1.4800000000000p+5 0x1.cd480a1b74820p+0 -0x1.216e0d66254d1p-55 -60
    softplus -0x1.7480000000000p+9 0x1.247ae63a725b9p+0 -0x1.2437acffaa17fp-55 -1075
    softplus -0x1.3880000000000p+13 0x1.08f3e53f28a86p+0 -0x1.8e092a70b9c4cp-54 -14427
    softplus 0x1.0f0cf064dd592p+73 0x1.0f0cf064dd592p+0 0x0.0p+0 73
    sigmoid 0x0.0000000000001p-1022 0x1.0000000000000p+0 0x0.0p+0 -1
    sigmoid -0x1.3333333333333p-2 0x1.b3c5574372aebp+0 -0x1.292a31d158c37p-55 -2
    sigmoid 0x1.6666666666666p-1 0x1.561cb52a19475p+0 0x1.b06a8ec95049ap-54 -1
    sigmoid 0x1.c000000000000p+3 0x1.ffffe4193a879p+0 -0x1.29717fa82502dp-56 -1
    sigmoid -0x1.a000000000000p+4 0x1.67852a7000008p+0 -0x1.482a19520247ap-55 -38
    sigmoid 0x1.4000000000000p+5 0x1.0000000000000p+1 -0x1.39792499b1a24p-57 -1
    sigmoid -0x1.7480000000000p+9 0x1.247ae63a725b9p+0 -0x1.2437acffaa17fp-55 -1075
    sigmoid -0x1.3880000000000p+13 0x1.08f3e53f28a86p+0 -0x1.8e092a70b9c4cp-54 -14427
    sigmoid 0x1.0f0cf064dd592p+73 0x1.0000000000000p+0 0x0.0p+0 0
    sqrt 0x0.0000000000001p-1022 0x1.0000000000000p+0 0x0.0p+0 -537
    sqrt 0x0.03739a252b281p-1022 0x1.db9b6d15869b2p+0 0x1.0ac0744b9198fp-58 -515
    sqrt 0x1.87e92154ef7acp-665 0x1.bff2ee48e0530p+0 -0x1.d317ce363b261p-55 -333
    sqrt 0x1.3333333333333p-2 0x1.186f174f88472p+0 0x1.0a9130176072cp-54 -1
    sqrt 0x1.2666666666666p+1 0x1.843e43d85e5b1p+0 0x1.d5ae394a3de64p-55 0
    sqrt 0x1.0f0cf064dd592p+73 0x1.74876e8000000p+0 0x0.0p+0 36
    sqrt 0x1.e42d130773b76p+1023 0x1.f1e4ca52e6b9ap+0 0x1.7cd51b1e71ca5p-54 511
    tanh 0x0.0000000000001p-1022 0x1.0000000000000p+1 -0x0.0p+0 -1075
    tanh -0x0.03739a252b281p-1022 -0x1.b9cd129594080p+0 0x0.0p+0 -1029
    tanh 0x1.87e92154ef7acp-665 0x1.87e92154ef7acp+0 -0x0.0p+0 -665
    tanh -0x1.3333333333333p-2 -0x1.2a4dda7d914fap+0 0x1.dcaef7d34268ap-56 -2
    tanh 0x1.6666666666666p-1 0x1.356fb17af2e91p+0 -0x1.017b37671fc9fp-54 -1
    tanh 0x1.2666666666666p+1 0x1.f5cf31e1c8103p+0 -0x1.32807145da269p-54 -1
    tanh -0x1.4000000000000p+4 -0x1.0000000000000p+1 0x1.39792499b1a24p-56 -1
    tanh 0x1.4000000000000p+5 0x1.0000000000000p+1 -0x1.7fd974d372e45p-114 -1
    tanh 0x1.70ef54646d497p-57 0x1.70ef54646d497p+0 -0x1.fed4f3ec0c467p-115 -57
    tanh 0x1.86a0000000000p+16 0x1.0000000000000p+0 0x0.0p+0 0
    sech2 0x0.0000000000001p-1022 0x1.0000000000000p+1 -0x0.0p+0 -1
    sech2 -0x1.3333333333333p-2 0x1.d48cd4f4cff5ep+0 0x1.06ee9452d42d3p-54 -1
    sech2 0x1.6666666666666p-1 0x1.44fc9668e6f7cp+0 0x1.02cef16f1751fp-55 -1
    sech2 0x1.2666666666666p+1 0x1.42daf88490b7cp+0 -0x1.fd5f6734d3e93p-54 -5
    sech2 -0x1.4000000000000p+4 0x1.39792499b1a24p+0 0x1.d55d5a19a261cp-56 -56
    sech2 0x1.4000000000000p+5 0x1.7fd974d372e45p+0 -0x1.e423729d4c8bbp-54 -114
    sech2 0x1.5e00000000000p+8 0x1.14f2b0fb9307fp+0 0x1.57961a567de7ap-57 -1008
    sin 0x0.0000000000001p-1022 0x1.0000000000000p+1 -0x0.0p+0 -1075
    sin 0x1.87e92154ef7acp-665 0x1.87e92154ef7acp+0 -0x0.0p+0 -665
    sin -0x1.3333333333333p-2 -0x1.2e9cd95baba33p+0 -0x1.51dbd44eb0887p-54 -2
    sin 0x1.6666666666666p-1 0x1.49d6e694619b8p+0 0x1.a822cbb5cf8f0p-58 -1
    sin 0x1.2666666666666p+1 0x1.7dcd12d582f24p+0 0x1.7130357934b25p-54 -1
    sin -0x1.6000000000000p+2 0x1.693c94e0ab057p+0 -0x1.49447d34a5e8bp-55 -1
    sin 0x1.921fb54442d18p+1 0x1.1a62633145c07p+0 -0x1.f1976b7ed8fbdp-56 -53
    sin 0x1.869f800000000p+16 0x1.055f282f41bdap+0 0x1.831c41416d80cp-56 -1
    sin -0x1.86a0800000000p+16 0x1.ca7e13c8a7c7fp+0 -0x1.25eaaaa215f50p-56 -2
    sin 0x1.2a05f20000000p+33 -0x1.f334c7896a4e3p+0 -0x1.332cd01b7d484p-54 -2
    sin 0x1.0f0cf064dd592p+73 -0x1.b453ab76bf397p+0 -0x1.f453790772648p-57 -1
    sin -0x1.4e718d7d7625ap+664 0x1.49b644938c64cp+0 -0x1.326ddaeed4b69p-57 -1
    sin 0x1.e42d130773b76p+1023 -0x1.30c567d277075p+0 0x1.d02010ce3f790p-55 -1
    sin 0x1.6ac5b262ca1ffp+849 0x1.0000000000000p+1 -0x1.2b089ea1e692bp-122 -1
    cos 0x0.0000000000001p-1022 0x1.0000000000000p+1 -0x0.0p+0 -1
    cos -0x1.3333333333333p-2 0x1.e921dd42f09bap+0 0x1.82c9a2fb07ec2p-54 -1
    cos 0x1.6666666666666p-1 0x1.87996529f9d93p+0 -0x1.7234b60138711p-54 -1
    cos 0x1.2666666666666p+1 -0x1.5522217302fe1p+0 0x1.91adb478220d3p-54 -1
    cos 0x1.921fb54442d18p+0 0x1.1a62633145c07p+0 -0x1.f1976b7ed8fbcp-56 -54
    cos 0x1.869f800000000p+16 -0x1.b8428c9f69a31p+0 0x1.6df205399a1aep-58 -1
    cos 0x1.2a05f20000000p+33 0x1.bf098901c931ap+0 -0x1.f366020f3b0f5p-54 -1
    cos 0x1.0f0cf064dd592p+73 0x1.0be2cef01c8f4p+0 -0x1.b2d1bc8018c4fp-54 -1
    cos -0x1.4e718d7d7625ap+664 0x1.87b4df51f679ep+0 -0x1.ceaee16115a58p-54 -1
    cos 0x1.e42d130773b76p+1023 0x1.9b6913f41bde3p+0 0x1.95f13f8137977p-58 -1
    cos 0x1.6ac5b262ca1ffp+849 -0x1.14ae72e6ba22fp+0 0x1.73eef1477d90ep-57 -61
    atan 0x0.0000000000001p-1022 0x1.0000000000000p+1 -0x0.0p+0 -1075
    atan -0x0.03739a252b281p-1022 -0x1.b9cd129594080p+0 0x0.0p+0 -1029
    atan 0x1.87e92154ef7acp-665 0x1.87e92154ef7acp+0 -0x0.0p+0 -665
    atan -0x1.3333333333333p-2 -0x1.2a73a661eaf06p+0 0x1.2f6c1b5c5f02cp-54 -2
    atan 0x1.6666666666666p-1 0x1.38b112d7bd4adp+0 0x1.9d8e548ac1608p-55 -1
    atan 0x1.4000000000000p+0 0x1.cac7c57846f9ep+0 0x1.0dae13ad18a6bp-54 -1
    atan -0x1.6000000000000p+2 -0x1.6414d44094c7cp+0 0x1.c5f60a65c7397p-54 0
    atan 0x1.0f0cf064dd592p+73 0x1.921fb54442d18p+0 0x1.1a6244f825b05p-54 0
    atan 0x1.e42d130773b76p+1023 0x1.921fb54442d18p+0 0x1.1a62633145c07p-54 0
    atan 0x1.70ef54646d497p-57 0x1.70ef54646d497p+0 -0x1.fed4f3ec0c467p-115 -57
    erf 0x0.0000000000001p-1022 0x1.20dd750429b6dp+0 0x1.1ae3a914fed80p-56 -1074
    erf -0x0.03739a252b281p-1022 -0x1.f284e4e33a59dp+0 0x1.5d823bb54b2d2p-54 -1029
    erf 0x1.87e92154ef7acp-665 0x1.ba394ce53f796p+0 0x1.f162d235c1b53p-56 -665
    erf -0x1.3333333333333p-2 -0x1.50838881dea0fp+0 -0x1.a6952c4883ab9p-54 -2
    erf 0x1.6666666666666p-1 0x1.5b08c21171646p+0 0x1.b06c212b57106p-57 -1
    erf 0x1.2666666666666p+1 0x1.ff6a295bcd35cp+0 -0x1.77544e9c5a51bp-55 -1
    erf -0x1.6000000000000p+2 -0x1.fffffffffffbep+0 0x1.182b326b228dcp-54 -1
    erf 0x1.a000000000000p+2 0x1.0000000000000p+1 -0x1.6ae172414cebap-64 -1
    erf -0x1.4e718d7d7625ap+664 -0x1.0000000000000p+0 0x0.0p+0 0
    erfc 0x0.0000000000001p-1022 0x1.0000000000000p+1 -0x0.0000000000002p-1022 -1
    erfc -0x1.87e92154ef7acp-665 0x1.0000000000000p+0 0x1.ba394ce53f796p-665 0
    erfc -0x1.3333333333333p-2 0x1.5420e22077a84p+0 -0x1.2cb569dbbe2a4p-55 0
    erfc 0x1.6666666666666p-1 0x1.49ee7bdd1d374p+0 -0x1.b06c212b57106p-56 -2
    erfc 0x1.fd70a3d70a3d7p+0 0x1.4060e06e69d38p+0 -0x1.5f42de51fdf05p-54 -8
    erfc 0x1.0147ae147ae14p+1 0x1.254891a9f42e0p+0 -0x1.3636a21775a10p-55 -8
    erfc 0x1.f333333333333p+1 0x1.2adcf6ba2c077p+0 0x1.2012cfcbdfba8p-54 -25
    erfc 0x1.0666666666666p+2 0x1.cc6c220bdae5bp+0 0x1.858ddf757edaap-55 -28
    erfc -0x1.6000000000000p+2 0x1.fffffffffffdfp+0 -0x1.182b326b228dcp-55 0
    erfc -0x1.3000000000000p+3 0x1.0000000000000p+1 -0x1.a4480db60fe17p-135 0
    erfc 0x1.c000000000000p+3 0x1.82af24bbe81ddp+0 0x1.583b4d39d4716p-54 -288
    erfc 0x1.a800000000000p+4 0x1.3df6725a60cf5p+0 0x1.03686daca21b8p-56 -1019
    erfc 0x1.4000000000000p+5 0x1.742adb90e94cep+0 0x1.fb41b8ad5be9ep-55 -2315
    erfc 0x1.f400000000000p+9 0x1.1f88275d865fbp+0 0x1.fd3f576b932c5p-55 -1442706
    power 0x0.0000000000001p-1022 0x1.0000000000000p+0 0x0.0p+0 -2685
    power 0x1.87e92154ef7acp-665 0x1.0675b44007b73p+0 0x1.b0ce61ff7a222p-56 -1661
    power 0x1.3333333333333p-2 0x1.93d32bceafc29p+0 0x1.084978ab85582p-55 -5
    power 0x1.2666666666666p+1 0x1.00b9d01008a1fp+0 0x1.c4ce0a736c915p-57 3
    power 0x1.0f0cf064dd592p+73 0x1.a19e96a19fc41p+0 -0x1.3400169638118p-56 182
    power 0x1.e42d130773b76p+1023 0x1.bd3fda23766aep+0 -0x1.51c554f0cce27p-59 2559
    """
}
