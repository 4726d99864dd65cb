import Adjoint
import Foundation

/// What every operation means, written once more by coordinates alone: no strides, no walks, no merged axes.
struct Definition {
  var x: [Tensor<Double>] = []
  var indices: [Int] = []
  let shape: Shape

  init(shape: Shape) { self.shape = shape }

  /// The coordinates of every element of a shape, in row-major order.
  static func positions(_ shape: Shape) -> [[Int]] {
    shape.reduce([[]]) { partial, extent in partial.flatMap { head in (0..<extent).map { head + [$0] } } }
  }

  /// The element of x at coordinates of a larger shape, by the broadcasting rule.
  private func repeated(_ x: Tensor<Double>, _ at: [Int]) -> Double {
    element(x, zip(x.shape, at.suffix(x.shape.rank)).map { $0 == 1 ? 0 : $1 })
  }

  private func element(_ x: Tensor<Double>, _ at: [Int]) -> Double {
    x.elements[zip(at, x.shape).reduce(0) { $0 * $1.1 + $1.0 }]
  }

  private func each(_ body: ([Int]) -> Double) -> [Double] { Definition.positions(shape).map(body) }

  /// The elements of x behind each of y, when axes are reduced.
  private func reduced(_ axes: AxisSet, _ body: ([Double]) -> Double) -> [Double] {
    var behind: [[Int]: [Double]] = [:]
    for at in Definition.positions(x[0].shape) {
      behind[at.indices.filter { !axes.contains(axis: $0) }.map { at[$0] }, default: []].append(element(x[0], at))
    }
    let kept = Shape(x[0].shape.indices.filter { !axes.contains(axis: $0) }.map { x[0].shape[$0] })
    return Definition.positions(kept).map { body(behind[$0] ?? []) }
  }

  /// Each row of the last axis through a function of the row.
  private func rows(_ body: ([Double]) -> [Double]) -> [Double] {
    let width = x[0].shape.last ?? 1
    return stride(from: 0, to: x[0].elements.count, by: max(width, 1)).flatMap {
      body(Array(x[0].elements[$0..<$0 + width]))
    }
  }

  /// y, or `nil` for the elementwise functions of one argument, whose formulas `ForwardTests` holds already.
  func value(of operation: any Adjoint.Operation) -> [Double]? {
    switch operation {
    case let f as Binary: return each { f(repeated(x[0], $0), repeated(x[1], $0)) }
    case let f as Comparison: return each { f(repeated(x[0], $0), repeated(x[1], $0)) ? 1 : 0 }
    case is Where: return each { repeated(x[0], $0) != 0 ? repeated(x[1], $0) : repeated(x[2], $0) }
    case let product as MatMul:
      let (a, b) = (x[0].shape, x[1].shape)
      let depth = a[a.rank - (product.transposeA ? 2 : 1)]
      return each { at in
        let row = a.rank > 1 ? [at[at.count - (b.rank > 1 ? 2 : 1)]] : []
        let column = b.rank > 1 ? [at[at.count - 1]] : []
        let leading = at.dropLast(row.count + column.count)
        return (0..<depth).reduce(0) { sum, k in
          // `repeated` drops the leading positions that an operand lacks.
          let left = repeated(x[0], leading + (product.transposeA ? [k] + row : row + [k]))
          return sum + left * repeated(x[1], leading + (product.transposeB ? column + [k] : [k] + column))
        }
      }
    case is AddBias, is Broadcast: return each { at in x.reduce(0) { $0 + repeated($1, at) } }
    case let sum as Sum: return reduced(sum.axes) { $0.reduce(0, +) }
    case let mean as Mean: return reduced(mean.axes) { $0.reduce(0, +) / Double($0.count) }
    case let variance as Variance:
      return reduced(variance.axes) { values in
        let mean = values.reduce(0, +) / Double(values.count)
        return values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - variance.correction)
      }
    case let extremum as Extremum:
      return reduced(extremum.axes) { (extremum.kind == .max ? $0.max() : $0.min()) ?? .nan }
    default: return rowsOrMoves(operation)
    }
  }

  private func rowsOrMoves(_ operation: any Adjoint.Operation) -> [Double]? {
    switch operation {
    case is ArgMax: return rows { row in [Double(row.firstIndex(of: row.max() ?? 0) ?? 0)] }
    case let sums as CumulativeSum:
      return rows { row in
        row.indices.map { j in (sums.isReversed ? row[j...] : row[...j]).reduce(0, +) }
      }
    case is LogSumExp: return rows { row in [log(row.reduce(0) { $0 + exp($1) })] }
    case is Softmax: return rows { row in row.map { exp($0) / row.reduce(0) { $0 + exp($1) } } }
    case is LogSoftmax: return rows { row in row.map { $0 - log(row.reduce(0) { $0 + exp($1) }) } }
    case is Reshape, is StopGradient: return x[0].elements
    case let permute as Permute:
      return each { at in
        element(x[0], permute.order.indices.map { axis in at[permute.order.firstIndex(of: axis) ?? 0] })
      }
    case let slice as Slice:
      let step = slice.step.isEmpty ? slice.start.map { _ in 1 } : slice.step
      return each { at in element(x[0], at.indices.map { slice.start[$0] + at[$0] * step[$0] }) }
    case let pad as Pad:
      let step = pad.step.isEmpty ? pad.before.map { _ in 1 } : pad.step
      return each { at in
        let far = zip(at, pad.before).map { $0 - $1 }
        guard zip(far, step).allSatisfy({ $0 >= 0 && $0 % $1 == 0 }) else { return 0 }
        let source = far.indices.map { axis in
          let place = far[axis] / abs(step[axis])
          return step[axis] > 0 ? place : x[0].shape[axis] - 1 - place
        }
        return zip(source, x[0].shape).allSatisfy { $0 >= 0 && $0 < $1 } ? element(x[0], source) : 0
      }
    case let joined as Concatenate:
      return each { at in
        var (part, at) = (0, at)
        while at[joined.axis] >= x[part].shape[joined.axis] {
          at[joined.axis] -= x[part].shape[joined.axis]
          part += 1
        }
        return element(x[part], at)
      }
    case is Gather, is ScatterAdd, is Pick, is OneHot, is AsNumbers: return indexed(operation)
    case is ArgSort, is GatherAlong, is ScatterAddAlong: return alongAxis(operation)
    default: return Leibniz.value(of: operation, x) ?? windowed(operation)
    }
  }

  /// Windows of images, by the coordinates of each of their elements.
  private func windowed(_ operation: any Adjoint.Operation) -> [Double]? {
    /// Row and column of the image on which place (u, v) of window (i, j) stands.
    func place(_ w: Windows, _ i: Int, _ j: Int, _ u: Int, _ v: Int) -> (Int, Int) {
      (
        i * w.stride.height + u * w.dilation.height - w.padding.height,
        j * w.stride.width + v * w.dilation.width - w.padding.width
      )
    }
    /// Row, column and channel of an element of a window.
    func parts(_ element: Int, _ w: Windows, _ channels: Int) -> (Int, Int, Int) {
      (element / channels / w.size.width, element / channels % w.size.width, element % channels)
    }
    func pooled(_ w: Windows, _ body: ([Double]) -> Double) -> [Double] {
      each { at in
        body(
          Definition.positions([w.size.height, w.size.width]).compactMap {
            let (row, column) = place(w, at[1], at[2], $0[0], $0[1])
            let isInside = 0..<x[0].shape[1] ~= row && 0..<x[0].shape[2] ~= column
            return isInside ? element(x[0], [at[0], row, column, at[3]]) : nil
          })
      }
    }
    switch operation {
    case let unfold as Unfold:
      return each { at in
        let (u, v, channel) = parts(at[3], unfold.windows, x[0].shape[3])
        let (row, column) = place(unfold.windows, at[1], at[2], u, v)
        let isInside = 0..<x[0].shape[1] ~= row && 0..<x[0].shape[2] ~= column
        return isInside ? element(x[0], [at[0], row, column, channel]) : 0
      }
    case let fold as Fold:
      let windows = Definition.positions(x[0].shape)
      return each { at in
        windows.reduce(0) { sum, w in
          let (u, v, channel) = parts(w[3], fold.windows, shape[3])
          let (row, column) = place(fold.windows, w[1], w[2], u, v)
          return [w[0], row, column, channel] == at ? sum + element(x[0], w) : sum
        }
      }
    case let pool as MaxPool: return pooled(pool.windows) { $0.max() ?? .nan }
    case let pool as AveragePool:
      return pooled(pool.windows) {
        $0.reduce(0, +) / Double(pool.divisor ?? pool.windows.size.height * pool.windows.size.width)
      }
    default: return nil
    }
  }

  /// Operations on the lines of one axis, by coordinates.
  private func alongAxis(_ operation: any Adjoint.Operation) -> [Double] {
    func moved(_ at: [Int], _ axis: Int, to position: Int) -> [Int] {
      at.enumerated().map { $0.offset == axis ? position : $0.element }
    }
    let numbered = zip(Definition.positions(x[0].shape), indices)
    switch operation {
    case let sort as ArgSort:
      return each { at in
        let line = (0..<x[0].shape[sort.axis]).map { element(x[0], moved(at, sort.axis, to: $0)) }
        let order = line.indices.sorted { sort.isDescending ? line[$0] > line[$1] : line[$0] < line[$1] }
        return Double(order[at[sort.axis]])
      }
    case let gather as GatherAlong:
      return zip(Definition.positions(shape), indices).map { element(x[0], moved($0, gather.axis, to: $1)) }
    case let scatter as ScatterAddAlong:
      return each { at in
        numbered.filter { moved($0, scatter.axis, to: $1) == at }.reduce(0) { $0 + element(x[0], $1.0) }
      }
    default: return []
    }
  }

  private func indexed(_ operation: any Adjoint.Operation) -> [Double] {
    let width = max(1, x.isEmpty ? shape.last ?? 1 : shape.dropFirst().reduce(1, *))
    switch operation {
    case is AsNumbers: return indices.map(Double.init)
    case is Gather:
      let width = x[0].shape.dropFirst().reduce(1, *)
      return indices.flatMap { x[0].elements[$0 * width..<($0 + 1) * width] }
    case is ScatterAdd:
      var y = [Double](repeating: 0, count: shape.elementCount)
      for (i, value) in x[0].elements.enumerated() { y[indices[i / width] * width + i % width] += value }
      return y
    case is Pick:
      let classes = x[0].shape.last ?? 1
      return indices.enumerated().map { x[0].elements[$0 * classes + $1] }
    default: return indices.flatMap { index in (0..<width).map { $0 == index ? 1 : 0 } }
    }
  }
}
