import AdjointKernels
import Foundation
import Testing

@Suite struct ReduceTests {
  static let counts = [0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 127, 129, 1000, 9001]

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
    #expect(abs(found - sum) <= (4 + Double(n) / 64) * Double(T.ulpOfOne) * size)
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
  func aLongSumLosesLittle(set: InstructionSet) {
    let ones = [Float](repeating: 0.1, count: 1 << 20)
    let exact = Double(Float(0.1)) * Double(ones.count)
    #expect(abs(Double(Float.reduce(set.kernels, AK_SUM, ones)) / exact - 1) < 2e-6)
  }

  @Test(arguments: InstructionSet.all, [0, 1, 5, 32, 33, 100, 2100])
  func aReductionOverRowsIsItsDefinition(set: InstructionSet, rows: Int) {
    checkRows(set, rows, as: Float.self)
    checkRows(set, rows, as: Double.self)
  }

  func checkRows<T: Real>(_ set: InstructionSet, _ rows: Int, as type: T.Type) {
    for columns in [0, 1, 3, 8, 10, 17, 33, 67] where rows * columns < 30_000 {
      var stream = Stream(UInt64(rows) + 3)
      var x: [T] = stream.values(rows * columns)
      for r in [AK_SUM, AK_MAX, AK_MIN] {
        let y = T.reduceRows(set.kernels, r, x, stride: columns, rows: rows, columns: columns)
        for j in 0..<columns {
          let column = (0..<rows).map { Double(x[$0 * columns + j]) }
          switch r {
          case AK_SUM:
            let slack = (4 + Double(rows) / 16) * Double(T.ulpOfOne) * column.reduce(0) { $0 + abs($1) }
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
      guard rows > 0 && columns > 0 else { continue }
      x[(rows - 1) * columns] = .nan
      for r in [AK_SUM, AK_MAX, AK_MIN] {
        let y = T.reduceRows(set.kernels, r, x, stride: columns, rows: rows, columns: columns)
        #expect(y[0].isNaN && y.dropFirst().allSatisfy { !$0.isNaN })
      }
    }
  }
}
