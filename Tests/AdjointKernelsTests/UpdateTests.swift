import AdjointKernels
import Testing

/// An update rule with its definition: element by element, each operation rounded by itself.
struct UpdateCase: CustomTestStringConvertible, Sendable {
  let name: String
  let rule: ak_update_rule
  var testDescription: String { name }

  static let all: [UpdateCase] = [
    UpdateCase(name: "descent", rule: AK_DESCENT), UpdateCase(name: "momentum", rule: AK_MOMENTUM),
    UpdateCase(name: "nesterov", rule: AK_NESTEROV), UpdateCase(name: "scaled", rule: AK_SCALED),
    UpdateCase(name: "adam", rule: AK_ADAM),
  ]

  /// θ and the two arrays after an update with the coefficients of `Updated.coefficients`.
  func expected<T: Real>(_ before: Updated<T>) -> Updated<T> {
    var after = before
    let c = Updated<T>.coefficients
    for i in before.x.indices {
      let g = before.g[i]
      switch rule {
      case AK_DESCENT: after.x[i] = before.x[i] - c.rate * g
      case AK_MOMENTUM:
        after.s[i] = c.decay * before.s[i] + c.weight * g
        after.x[i] = before.x[i] - c.rate * after.s[i]
      case AK_NESTEROV:
        after.s[i] = c.decay * before.s[i] + g
        after.x[i] = before.x[i] - c.rate * (g + c.decay * after.s[i])
      case AK_SCALED:
        after.s[i] = c.decay * before.s[i] + c.weight * (g * g)
        after.x[i] = before.x[i] - c.rate * g / (after.s[i].squareRoot() + c.epsilon)
      default:
        after.s[i] = c.decay * before.s[i] + c.weight * g
        after.t[i] = c.decay2 * before.t[i] + c.weight2 * (g * g)
        after.x[i] = c.keep * before.x[i] - c.rate * after.s[i] / (after.t[i].squareRoot() + c.epsilon)
      }
    }
    return after
  }
}

/// What an update reads and writes.
struct Updated<T: Real> {
  var x: [T], g: [T], s: [T], t: [T]

  init(count: Int, seed: UInt64) {
    var stream = Stream(seed)
    (x, g) = (stream.values(count, scale: 3), stream.values(count, scale: 0.3))
    // Sums of squares are never negative.
    s = (0..<count).map { _ in T(stream.next().magnitude) }
    t = (0..<count).map { _ in T(stream.next().magnitude) }
  }

  static var coefficients: (rate: T, decay: T, weight: T, decay2: T, weight2: T, epsilon: T, keep: T) {
    (0.013, 0.9, 0.1, 0.999, 0.001, 1e-6, 0.97)
  }

  func hasSameBits(as other: Updated) -> Bool { same(x, other.x) && same(s, other.s) && same(t, other.t) }
}

protocol Updating: Real {
  static func update(_ k: ak_kernels, _ rule: ak_update_rule, _ arrays: inout Updated<Self>, _ range: Range<Int>)
  static func allFinite(_ k: ak_kernels, _ x: [Self]) -> Bool
}

extension Float: Updating {
  static func update(_ k: ak_kernels, _ rule: ak_update_rule, _ arrays: inout Updated<Float>, _ range: Range<Int>) {
    let c = Updated<Float>.coefficients
    arrays.x.withUnsafeMutableBufferPointer { x in
      arrays.g.withUnsafeBufferPointer { g in
        arrays.s.withUnsafeMutableBufferPointer { s in
          arrays.t.withUnsafeMutableBufferPointer { t in
            var job = ak_update_f32(
              rule: rule, rate: c.rate, decay: c.decay, weight: c.weight, decay2: c.decay2, weight2: c.weight2,
              epsilon: c.epsilon, keep: c.keep, x: x.baseAddress.map { $0 + range.lowerBound },
              g: g.baseAddress.map { $0 + range.lowerBound }, s: s.baseAddress.map { $0 + range.lowerBound },
              t: t.baseAddress.map { $0 + range.lowerBound }, n: range.count)
            k.update_f32(&job)
          }
        }
      }
    }
  }
  static func allFinite(_ k: ak_kernels, _ x: [Float]) -> Bool { k.all_finite_f32(x, x.count) }
}

extension Double: Updating {
  static func update(_ k: ak_kernels, _ rule: ak_update_rule, _ arrays: inout Updated<Double>, _ range: Range<Int>) {
    let c = Updated<Double>.coefficients
    arrays.x.withUnsafeMutableBufferPointer { x in
      arrays.g.withUnsafeBufferPointer { g in
        arrays.s.withUnsafeMutableBufferPointer { s in
          arrays.t.withUnsafeMutableBufferPointer { t in
            var job = ak_update_f64(
              rule: rule, rate: c.rate, decay: c.decay, weight: c.weight, decay2: c.decay2, weight2: c.weight2,
              epsilon: c.epsilon, keep: c.keep, x: x.baseAddress.map { $0 + range.lowerBound },
              g: g.baseAddress.map { $0 + range.lowerBound }, s: s.baseAddress.map { $0 + range.lowerBound },
              t: t.baseAddress.map { $0 + range.lowerBound }, n: range.count)
            k.update_f64(&job)
          }
        }
      }
    }
  }
  static func allFinite(_ k: ak_kernels, _ x: [Double]) -> Bool { k.all_finite_f64(x, x.count) }
}

@Suite struct UpdateTests {
  @Test(arguments: InstructionSet.all, UpdateCase.all)
  func everyUpdateHasTheBitsOfItsFormulaAlsoInTwoPieces(set: InstructionSet, update: UpdateCase) {
    check(set, update, as: Float.self)
    check(set, update, as: Double.self)
  }

  func check<T: Updating>(_ set: InstructionSet, _ update: UpdateCase, as type: T.Type) {
    for n in [0, 1, 3, 7, 8, 15, 16, 17, 33, 100] {
      let before = Updated<T>(count: n, seed: UInt64(n) + 5)
      let expected = update.expected(before)
      var whole = before
      T.update(set.kernels, update.rule, &whole, 0..<n)
      #expect(whole.hasSameBits(as: expected), "\(n) elements")
      var cut = before
      T.update(set.kernels, update.rule, &cut, 0..<n / 3)
      T.update(set.kernels, update.rule, &cut, n / 3..<n)
      #expect(cut.hasSameBits(as: expected), "\(n) elements in two pieces")
    }
  }

  @Test(arguments: InstructionSet.all)
  func oneNaNOrInfinityAnywhereIsNoticed(set: InstructionSet) {
    checkFinite(set, as: Float.self)
    checkFinite(set, as: Double.self)
  }

  func checkFinite<T: Updating>(_ set: InstructionSet, as type: T.Type) {
    for n in [0, 1, 5, 16, 17, 64, 130] {
      var stream = Stream(UInt64(n) + 1)
      var x: [T] = stream.values(n, scale: 5)
      if n > 0 { x[n / 2] = T.greatestFiniteMagnitude }
      #expect(T.allFinite(set.kernels, x))
      for place in 0..<n {
        for value in [T.nan, .infinity, -.infinity] {
          var spoilt = x
          spoilt[place] = value
          #expect(!T.allFinite(set.kernels, spoilt), "\(value) at \(place) of \(n)")
        }
      }
    }
  }
}
