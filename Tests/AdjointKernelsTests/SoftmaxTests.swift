import AdjointKernels
import Foundation
import Testing

@Suite struct SoftmaxTests {
  static let widths = [1, 2, 3, 7, 8, 10, 16, 17, 31, 33, 64, 256, 1000]

  @Test(arguments: InstructionSet.all, widths)
  func theFamilyIsItsDefinition(set: InstructionSet, columns: Int) {
    for scale in [1.0, 30, 1e4] {
      check(set, columns, scale, as: Float.self)
      check(set, columns, scale, as: Double.self)
    }
  }

  func check<T: Real>(_ set: InstructionSet, _ columns: Int, _ scale: Double, as type: T.Type) {
    let rows = 3
    var stream = Stream(UInt64(columns))
    let x: [T] = stream.values(rows * columns, scale: scale)
    let soft = T.softmax(set.kernels, .softmax, x, rows: rows)
    let logSoft = T.softmax(set.kernels, .logSoftmax, x, rows: rows)
    let logSum = T.softmax(set.kernels, .logSumExp, x, rows: rows)
    let eps = Double(T.ulpOfOne)
    for i in 0..<rows {
      let row = x[i * columns..<(i + 1) * columns].map(Double.init)
      let shift = row.max() ?? 0
      let sum = row.reduce(0) { $0 + Foundation.exp($1 - shift) }
      #expect(abs(Double(logSum[i]) - (shift + Foundation.log(sum))) <= 4 * eps * max(1, abs(shift)))
      for j in 0..<columns {
        let at = i * columns + j
        // The shifted logit is rounded before exp, which magnifies the rounding by the logit's size.
        let reach = 1 + abs(row[j] - shift)
        let expected = Foundation.exp(row[j] - shift) / sum
        #expect(abs(Double(soft[at]) - expected) <= 8 * eps * reach * expected + Double(T.leastNormalMagnitude))
        let logarithm = row[j] - shift - Foundation.log(sum)
        #expect(abs(Double(logSoft[at]) - logarithm) <= 4 * eps * max(1, abs(logarithm)))
        #expect(logSoft[at].isFinite)
      }
    }
  }

  @Test(arguments: InstructionSet.all)
  func aRowsBitsDoNotDependOnItsPlace(set: InstructionSet) {
    checkRows(set, as: Float.self)
    checkRows(set, as: Double.self)
  }

  func checkRows<T: Real>(_ set: InstructionSet, as type: T.Type) {
    for columns in [1, 10, 17, 64, 100] {
      var stream = Stream(4)
      let rows = 37
      let x: [T] = stream.values(rows * columns, scale: 5)
      let g: [T] = stream.values(rows * columns)
      let logSoft = T.softmax(set.kernels, .logSoftmax, x, rows: rows)
      let pull = T.logSoftmaxVJP(set.kernels, g, logSoft, rows: rows)
      for kind in SoftmaxKind.allCases {
        let whole = T.softmax(set.kernels, kind, x, rows: rows)
        let width = whole.count / rows
        for i in 0..<rows {
          let alone = T.softmax(set.kernels, kind, Array(x[i * columns..<(i + 1) * columns]), rows: 1)
          #expect(same(alone, Array(whole[i * width..<(i + 1) * width])))
        }
      }
      for i in 0..<rows {
        let place = i * columns..<(i + 1) * columns
        let alone = T.logSoftmaxVJP(set.kernels, Array(g[place]), Array(logSoft[place]), rows: 1)
        #expect(same(alone, Array(pull[place])))
        let total = g[place].reduce(0) { $0 + Double($1) }
        for at in place {
          let expected = Double(g[at]) - Foundation.exp(Double(logSoft[at])) * total
          #expect(abs(Double(pull[at]) - expected) <= 8 * Double(T.ulpOfOne) * Double(columns))
        }
      }
    }
  }

  @Test(arguments: InstructionSet.all)
  func infinitiesAndNaNsGoThrough(set: InstructionSet) {
    let x: [Float] = [0, -.infinity, 1, -.infinity, -.infinity, -.infinity, 1, .infinity, 2, 0, .nan, 1]
    let sums = Float.softmax(set.kernels, .logSumExp, x, rows: 4)
    #expect(abs(sums[0] - 1.3132617) < 1e-6 && sums[1] == -.infinity && sums[2] == .infinity && sums[3].isNaN)
    let soft = Float.softmax(set.kernels, .softmax, x, rows: 4)
    #expect(soft[1] == 0 && soft[9...].allSatisfy { $0.isNaN })
    #expect(Float.softmax(set.kernels, .logSoftmax, x, rows: 4)[1] == -.infinity)
    #expect(Float.softmax(set.kernels, .logSumExp, [], rows: 2) == [-.infinity, -.infinity])
  }
}
