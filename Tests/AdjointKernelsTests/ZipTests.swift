import AdjointKernels
import Testing

/// A function of two arguments with its definition.
struct ZipCase: CustomTestStringConvertible, Sendable {
  let name: String
  let f: ak_zip
  let reference: @Sendable (Double, Double) -> Double
  var testDescription: String { name }

  static let all: [ZipCase] = [
    ZipCase(name: "add", f: AK_ADD, reference: { $0 + $1 }),
    ZipCase(name: "subtract", f: AK_SUBTRACT, reference: { $0 - $1 }),
    ZipCase(name: "multiply", f: AK_MULTIPLY, reference: { $0 * $1 }),
    ZipCase(name: "divide", f: AK_DIVIDE, reference: { $0 / $1 }),
    ZipCase(name: "maximum", f: AK_MAXIMUM, reference: { $0.isNaN || $1.isNaN ? .nan : max($0, $1) }),
    ZipCase(name: "minimum", f: AK_MINIMUM, reference: { $0.isNaN || $1.isNaN ? .nan : min($0, $1) }),
    ZipCase(name: "less", f: AK_LESS, reference: { $0 < $1 ? 1 : 0 }),
    ZipCase(name: "less or equal", f: AK_LESS_OR_EQUAL, reference: { $0 <= $1 ? 1 : 0 }),
    ZipCase(name: "greater", f: AK_GREATER, reference: { $0 > $1 ? 1 : 0 }),
    ZipCase(name: "greater or equal", f: AK_GREATER_OR_EQUAL, reference: { $0 >= $1 ? 1 : 0 }),
    ZipCase(name: "equal", f: AK_EQUAL, reference: { $0 == $1 ? 1 : 0 }),
    ZipCase(name: "masked", f: AK_MASKED, reference: { $1 != 0 ? $0 : 0 }),
    ZipCase(name: "not equal", f: AK_NOT_EQUAL, reference: { $0 != $1 ? 1 : 0 }),
  ]
}

@Suite struct ZipTests {
  @Test func everyLineOfTheListHasACase() {
    let tested = Set(ZipCase.all.map(\.f.rawValue))
    for line in 0..<AK_ZIP_COUNT.rawValue { #expect(tested.contains(line), "AK_ZIPS, line \(line + 1)") }
  }

  @Test(arguments: InstructionSet.all, ZipCase.all)
  func everyZipIsItsDefinitionWithStridesOneAndZero(set: InstructionSet, function: ZipCase) {
    check(set, function, as: Float.self)
    check(set, function, as: Double.self)
  }

  func check<T: Real>(_ set: InstructionSet, _ function: ZipCase, as type: T.Type) {
    for n in [0, 1, 2, 7, 8, 9, 15, 16, 17, 33, 100] {
      var stream = Stream(UInt64(n) + 1)
      var a: [T] = stream.values(n, scale: 3)
      var b: [T] = stream.values(n, scale: 3)
      if n > 8 {
        (a[1], b[1]) = (.nan, 1)
        (a[2], b[2]) = (1, .nan)
        (a[3], b[3]) = (.infinity, -.infinity)
        (a[4], b[4]) = (2, 2)
        (a[n - 1], b[n - 1]) = (.nan, .nan)
      }
      for (left, right) in [(a, b), ([T(0.5)], b), (a, [T(0.5)]), ([T(2)], [T(3)])] {
        let y = T.zip(set.kernels, function.f, left, right, count: n)
        let expected = (0..<n).map { i in
          let u = left.count == 1 ? left[0] : left[i]
          let v = right.count == 1 ? right[0] : right[i]
          return T(function.reference(Double(u), Double(v)))
        }
        #expect(same(y, expected))
      }
    }
  }

  @Test(arguments: InstructionSet.all)
  func selectTakesTheFirstWhereTheConditionIsNotZero(set: InstructionSet) {
    checkSelect(set, as: Float.self)
    checkSelect(set, as: Double.self)
  }

  func checkSelect<T: Real>(_ set: InstructionSet, as type: T.Type) {
    for n in [0, 1, 2, 7, 16, 17, 40] {
      var stream = Stream(9)
      let a: [T] = stream.values(n)
      let b: [T] = stream.values(n)
      let c: [T] = (0..<n).map { [0, 1, -0.0, .nan, -2][$0 % 5] }
      for (condition, left, right) in [(c, a, b), ([1], a, b), ([0], a, b), (c, [7], b), (c, a, [7]), (c, [7], [8])] {
        let expected = (0..<n).map { i in
          let chosen = condition.count == 1 ? condition[0] : condition[i]
          return chosen != 0 ? (left.count == 1 ? left[0] : left[i]) : (right.count == 1 ? right[0] : right[i])
        }
        #expect(same(T.select(set.kernels, condition, left, right, count: n), expected))
      }
    }
  }
}
