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
    "erfc": { .complementaryErrorFunction(DoubleDouble($0)) }, "power": { .power($0, 2.5) },
  ]

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
      .clamp(low: -1, high: 2),
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
