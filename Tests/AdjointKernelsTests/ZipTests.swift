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

  @Test(arguments: InstructionSet.all)
  func zerosByOneNumberAreDividedAsOthers(set: InstructionSet) {
    for divisor in [3, -3, 0, -0.0, Double.infinity, .nan, 1e-300] {
      for place in [0, 5, 31, 36] {
        for number in [0, -0.0, 7, .nan, -.infinity] {
          var x = [Double](repeating: 0, count: 37)
          x[place] = number
          let y = Double.zip(set.kernels, AK_DIVIDE, x, [divisor], count: 37)
          #expect(
            zip(x, y).allSatisfy { $1.bitPattern == ($0 / divisor).bitPattern || ($1.isNaN && ($0 / divisor).isNaN) })
          let single = Float.zip(set.kernels, AK_DIVIDE, x.map { Float($0) }, [Float(divisor)], count: 37)
          #expect(
            zip(x, single).allSatisfy {
              let right = Float($0) / Float(divisor)
              return $1.bitPattern == right.bitPattern || ($1.isNaN && right.isNaN)
            })
        }
      }
    }
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

  @Test(arguments: InstructionSet.all, ZipCase.all)
  func rowsAreTheRowsApart(set: InstructionSet, function: ZipCase) {
    // Many short rows without a gap, which kernels take together, too.
    for (rows, columns, gap) in [
      (3, 1, 2), (3, 7, 2), (3, 16, 2), (3, 33, 2), (300, 1, 0), (151, 5, 0), (67, 8, 0), (40, 31, 0), (67, 8, 3),
    ] {
      var stream = Stream(UInt64(columns))
      var a: [Float] = stream.values(rows * (columns + gap), scale: 3)
      let b: [Float] = stream.values(rows * (columns + gap), scale: 3)
      (a[0], a[columns - 1]) = (.nan, -0.0)
      for (rowA, columnA) in [(columns + gap, 1), (1, 0), (0, 1), (0, 0)] {
        for (rowB, columnB) in [(columns + gap, 1), (1, 0), (0, 1), (0, 0)] {
          var y = [Float](repeating: -77, count: rows * (columns + gap))
          set.kernels.zip_rows_f32(
            function.f, a, rowA, columnA, b, rowB, columnB, &y, columns + gap, rows, columns)
          var expected = [Float](repeating: -77, count: rows * (columns + gap))
          for i in 0..<rows {
            let one = Float.zip(
              set.kernels, function.f, (0..<columns).map { a[i * rowA + $0 * columnA] },
              (0..<columns).map { b[i * rowB + $0 * columnB] }, count: columns)
            for j in 0..<columns { expected[i * (columns + gap) + j] = one[j] }
          }
          #expect(same(y, expected), "\(rows) rows of \(columns), \((rowA, columnA)) and \((rowB, columnB))")
        }
      }
    }
  }

  @Test(arguments: InstructionSet.all)
  func selectedRowsAreTheRowsApart(set: InstructionSet) {
    let (rows, columns) = (3, 19)
    var stream = Stream(5)
    let a: [Double] = stream.values(rows * columns)
    let c: [Double] = (0..<rows * columns).map { [0, 1, -0.0, .nan][$0 % 4] }
    for (rowC, columnC) in [(columns, 1), (1, 0), (0, 1)] {
      for (rowA, columnA) in [(columns, 1), (1, 0), (0, 0)] {
        var y = [Double](repeating: -77, count: rows * columns)
        set.kernels.select_rows_f64(c, rowC, columnC, a, rowA, columnA, [7], 0, 0, &y, columns, rows, columns)
        let expected = (0..<rows * columns).map { place in
          let (i, j) = (place / columns, place % columns)
          return c[i * rowC + j * columnC] != 0 ? a[i * rowA + j * columnA] : 7
        }
        #expect(same(y, expected))
      }
    }
  }

  @Test(arguments: InstructionSet.all, [1, 7, 64, 9001])
  func eachRowIsReducedAndMappedAsItWouldBeAlone(set: InstructionSet, columns: Int) {
    let (rows, gap) = (3, 5)
    var stream = Stream(UInt64(columns))
    let x: [Float] = stream.values(rows * (columns + gap), scale: 3)
    let row = { (i: Int) in Array(x[i * (columns + gap)..<i * (columns + gap) + columns]) }
    for r in [AK_SUM, AK_MAX, AK_MIN] {
      var y: [Float] = [0, 0, 0]
      set.kernels.reduce_each_f32(r, x, columns + gap, &y, rows, columns)
      #expect(same(y, (0..<rows).map { Float.reduce(set.kernels, r, row($0)) }))
    }
    var y: [Float] = [0, 0, 0]
    set.kernels.squares_each_f32(x, columns + gap, [1, 2, 3], &y, rows, columns)
    #expect(same(y, (0..<rows).map { Float.squares(set.kernels, row($0), Float($0 + 1)) }))
    var mapped = [Float](repeating: 0, count: rows * columns)
    set.kernels.each_row_f32(AK_TANH, 0, 0, x, columns + gap, &mapped, columns, rows, columns)
    #expect(same(mapped, (0..<rows).flatMap { Float.map(set.kernels, AK_TANH, 0, 0, row($0)) }))
  }

  @Test(arguments: InstructionSet.all, [1, 7, 16, 33])
  func zerosOfBothSignsAreSeenWhereTheyStand(set: InstructionSet, columns: Int) {
    let (rows, gap) = (3, 2)
    for place in 0..<rows * columns {
      let stored = place / columns * (columns + gap) + place % columns
      for (value, areZeros, hasMinusZero) in [
        (Float(0), true, false), (-0.0, true, true), (.nan, false, false), (0x1p-149, false, false),
      ] {
        // Behind each row stands what is no zero, and −0.
        var x = [Float](repeating: 0, count: rows * (columns + gap))
        for i in 0..<rows { (x[i * (columns + gap) + columns], x[i * (columns + gap) + columns + 1]) = (1, -0.0) }
        x[stored] = value
        #expect(set.kernels.only_zeros_f32(x, columns + gap, rows, columns) == areZeros)
        #expect(set.kernels.has_minus_zero_f32(x, columns + gap, rows, columns) == hasMinusZero)
        let wide = x.map(Double.init)
        #expect(set.kernels.only_zeros_f64(wide, columns + gap, rows, columns) == areZeros)
        #expect(set.kernels.has_minus_zero_f64(wide, columns + gap, rows, columns) == hasMinusZero)
      }
    }
  }
}
