import AdjointKernels
import Foundation
import Testing

@Suite struct ReduceTests {
  static let counts = [0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 127, 129, 1000, 9001, 70_000]

  /// The most that a sum of n numbers of this total size may be off.
  static func slack<T: Real>(_ n: Int, _ size: Double, _: T.Type) -> Double {
    let logarithm = Int.bitWidth - max(n - 1, 0).leadingZeroBitCount
    return 4 * Double(T.ulpOfOne) * Double(max(1, logarithm)) * size
  }

  @Test(arguments: InstructionSet.all, counts)
  func aReductionIsItsDefinition(set: InstructionSet, n: Int) {
    check(set, n, as: Float.self)
    check(set, n, as: Double.self)
  }

  func check<T: Real>(_ set: InstructionSet, _ n: Int, as type: T.Type) {
    var stream = Stream(UInt64(n) + 1)
    var x: [T] = stream.values(n)
    let sum = x.reduce(0) { $0 + Double($1) }
    let size = x.reduce(0) { $0 + abs(Double($1)) }
    let found = Double(T.reduce(set.kernels, AK_SUM, x))
    #expect(abs(found - sum) <= Self.slack(n, size, T.self))
    let centre = T(0.3)
    let squares = x.reduce(0) { $0 + (Double($1) - Double(centre)) * (Double($1) - Double(centre)) }
    #expect(abs(Double(T.squares(set.kernels, x, centre)) - squares) <= Self.slack(n + 1, squares, T.self))
    #expect(n == 0 || T.squares(set.kernels, x, .infinity) == .infinity)
    #expect(T.reduce(set.kernels, AK_MAX, x) == x.max() ?? -.infinity)
    #expect(T.reduce(set.kernels, AK_MIN, x) == x.min() ?? .infinity)
    for place in [0, n / 2, n - 1] where n > 0 {
      let before = x[place]
      x[place] = .nan
      for r in [AK_SUM, AK_MAX, AK_MIN] { #expect(T.reduce(set.kernels, r, x).isNaN) }
      x[place] = before
    }
  }

  @Test(arguments: InstructionSet.all)
  func blocksGiveTogetherWhatTheWholeGives(set: InstructionSet) {
    let k = set.kernels
    for n in [1, 31, 255, 511, 512, 513, 1024, 2048, 2049, 4096, 4097, 5000, 12_289, 70_000] {
      var stream = Stream(UInt64(n))
      var (x, y): ([Float], [Double]) = (stream.values(n), stream.values(n))
      for round in 0..<3 {
        // Then zeros of both signs, of which the result has one; then NaN too.
        if round == 1 { for i in 0..<n { (x[i], y[i]) = i % 3 == 0 ? (0, 0) : (-0.0, -0.0) } }
        if round == 2 { (x[n / 2], y[n / 3]) = (.nan, .nan) }
        for r in [AK_SUM, AK_MAX, AK_MIN] {
          let (lanesOfX, lanesOfY) = (Int(k.vector_bytes) / 4, Int(k.vector_bytes) / 8)
          let (blockX, blockY) = (lanesOfX * Int(AK_BLOCK_DEPTH), lanesOfY * Int(AK_BLOCK_DEPTH))
          let (countX, countY) = ((n + blockX - 1) / blockX, (n + blockY - 1) / blockY)
          var lanesX = [Float](repeating: -77, count: countX * lanesOfX)
          var lanesY = [Double](repeating: -77, count: countY * lanesOfY)
          k.reduce_blocks_f32(r, x, &lanesX, n)
          k.reduce_blocks_f64(r, y, &lanesY, n)
          var (foundX, foundY): (Float, Double) = (0, 0)
          k.combine_blocks_f32(r, lanesX, &foundX, countX)
          k.combine_blocks_f64(r, lanesY, &foundY, countY)
          #expect(foundX.bitPattern == k.reduce_f32(r, x, n).bitPattern)
          #expect(foundY.bitPattern == k.reduce_f64(r, y, n).bitPattern)
        }
      }
    }
  }

  @Test(arguments: InstructionSet.all)
  func aSumOfTenMillionIsWithinItsBound(set: InstructionSet) {
    let n = 10_000_000
    let equal = [Float](repeating: 0.1, count: n)
    let exact = Double(Float(0.1)) * Double(n)
    #expect(abs(Double(Float.reduce(set.kernels, AK_SUM, equal)) - exact) <= Self.slack(n, exact, Float.self))
    let column = Float.reduceRows(set.kernels, AK_SUM, equal, stride: 1, rows: n, columns: 1)
    #expect(abs(Double(column[0]) - exact) <= Self.slack(n, exact, Float.self))
    let five = Float.reduceRows(set.kernels, AK_SUM, equal, stride: 5, rows: n / 5, columns: 5)
    #expect(five.allSatisfy { abs(Double($0) - exact / 5) <= Self.slack(n / 5, exact / 5, Float.self) })
    let row = Float.softmax(set.kernels, .logSumExp, equal, rows: 1)
    #expect(abs(Double(row[0]) - (Double(Float(0.1)) + Foundation.log(Double(n)))) <= 1.1e-6)
  }

  @Test(arguments: InstructionSet.all, [0, 1, 5, 32, 33, 65, 100, 2100, 20_000])
  func aReductionOverRowsIsItsDefinition(set: InstructionSet, rows: Int) {
    checkRows(set, rows, as: Float.self)
    checkRows(set, rows, as: Double.self)
  }

  func checkRows<T: Real>(_ set: InstructionSet, _ rows: Int, as type: T.Type) {
    for columns in [0, 1, 3, 8, 10, 17, 33, 67] where rows * columns < 70_000 {
      var stream = Stream(UInt64(rows) + 3)
      var x: [T] = stream.values(rows * columns)
      for r in [AK_SUM, AK_MAX, AK_MIN] {
        let y = T.reduceRows(set.kernels, r, x, stride: columns, rows: rows, columns: columns)
        for j in 0..<columns {
          let column = (0..<rows).map { Double(x[$0 * columns + j]) }
          switch r {
          case AK_SUM:
            let slack = Self.slack(rows, column.reduce(0) { $0 + abs($1) }, T.self)
            #expect(abs(Double(y[j]) - column.reduce(0, +)) <= slack)
          case AK_MAX: #expect(Double(y[j]) == column.max() ?? -.infinity)
          default: #expect(Double(y[j]) == column.min() ?? .infinity)
          }
        }
        // A column's bits do not depend on its neighbours, nor on where it stands.
        if columns == 67 {
          let part = (0..<rows).flatMap { x[$0 * 67 + 5..<$0 * 67 + 25] }
          let (own, whole) = (Array(y[5..<25]), Array(x.dropFirst(5)))
          #expect(same(T.reduceRows(set.kernels, r, part, stride: 20, rows: rows, columns: 20), own))
          #expect(same(T.reduceRows(set.kernels, r, whole, stride: 67, rows: rows, columns: 20), own))
        }
      }
      let centres: [T] = stream.values(columns)
      let squares = T.squareRows(set.kernels, x, stride: columns, about: centres, rows: rows)
      for j in 0..<columns {
        let column = (0..<rows).map { Double(x[$0 * columns + j]) - Double(centres[j]) }
        let sum = column.reduce(0) { $0 + $1 * $1 }
        #expect(abs(Double(squares[j]) - sum) <= Self.slack(rows + 1, sum, T.self))
      }
      guard rows > 0 && columns > 0 else { continue }
      x[(rows - 1) * columns] = .nan
      for r in [AK_SUM, AK_MAX, AK_MIN] {
        let y = T.reduceRows(set.kernels, r, x, stride: columns, rows: rows, columns: columns)
        #expect(y[0].isNaN && y.dropFirst().allSatisfy { !$0.isNaN })
      }
    }
  }
}
