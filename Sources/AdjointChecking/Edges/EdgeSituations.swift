import Adjoint

/// The other operations in stated situations: what overflows, what ties, what is not a number, what is empty.
///
/// The cotangent of a result of several elements is 1, 2, 3, …, so that a gradient tells the elements apart.
package enum EdgeSituations {
  package static var cases: [EdgeCase] { reductions + softmaxFamily + moves + indexed + windows + products + matrices }

  private static func edge(
    _ operation: any Adjoint.Operation, _ inputs: [EdgeInput], _ value: [EdgeNumber], _ gradients: [EdgeNumber]...,
    named name: String? = nil
  ) -> EdgeCase {
    EdgeCase(name ?? operation.name, .operation(operation), inputs, value: value, gradients: gradients)
  }

  /// A case in which forward mode gives something else.
  private static func edge(
    _ operation: any Adjoint.Operation, _ input: EdgeInput, _ value: [EdgeNumber], _ gradient: [EdgeNumber],
    forward: [EdgeNumber]
  ) -> EdgeCase {
    var edge = EdgeCase(operation.name, .operation(operation), [input], value: value, gradients: [gradient])
    edge.forward = [forward]
    return edge
  }

  private static func switching(
    _ operation: any Adjoint.Operation, _ inputs: [EdgeInput], _ value: [EdgeNumber], _ gradients: [EdgeNumber]...,
    named name: String? = nil
  ) -> EdgeCase {
    var edge = EdgeCase(name ?? operation.name, .operation(operation), inputs, value: value, gradients: gradients)
    edge.isSwitch = true
    edge.countsSignOfZero = operation.name != "max" && operation.name != "min"
    return edge
  }

  // MARK: Reductions

  private static let all = AxisSet([0])
  private static let sum = Sum(axes: all)
  private static let mean = Mean(axes: all)
  private static let variance = Variance(axes: all)
  private static let max = Extremum(kind: .max, axes: all)
  private static let min = Extremum(kind: .min, axes: all)
  private static let sevens = [EdgeNumber](repeating: 7, count: 49)
  private static let millions = [EdgeNumber](repeating: 1_000_001, count: 7)

  private static var reductions: [EdgeCase] {
    [
      edge(sum, [.numbers([0], [])], [0], []),
      edge(sum, [.row(.infinity, 1)], [.infinity], [1, 1]),
      edge(sum, [.row(.infinity, -.infinity)], [.nan], [1, 1]),
      edge(sum, [.row(.largest, .largest)], [.infinity], [1, 1]),
      edge(sum, [.row(.nan, 1)], [.nan], [1, 1]),
      edge(mean, [.numbers([49], sevens)], [7], [EdgeNumber](repeating: EdgeNumber(1.0 / 49), count: 49)),
      edge(mean, [.row(.infinity, 1)], [.infinity], [0.5, 0.5]),
      edge(mean, [.row(.largest, .largest)], [.infinity], [0.5, 0.5]),
      edge(mean, [.row(.nan, 1)], [.nan], [0.5, 0.5]),
      edge(variance, [.row(1, 1)], [0], [0, 0]),
      edge(variance, [.row(5)], [0], [0]),
      edge(variance, [.numbers([7], millions)], [0], [EdgeNumber](repeating: 0, count: 7)),
      edge(variance, .row(.infinity, 1), [.nan], [.nan, -.infinity], forward: [.nan, .nan]),
      edge(variance, [.row(.nan, 1)], [.nan], [.nan, .nan]),
      switching(max, [.row(2, 2, 1)], [2], [0.5, 0.5, 0]),
      switching(max, [.row(-0.0, 0)], [0], [0.5, 0.5]),
      switching(max, [.row(.infinity, .infinity, 1)], [.infinity], [0.5, 0.5, 0]),
      switching(max, [.row(-.infinity, -.infinity)], [-.infinity], [0.5, 0.5]),
      switching(max, [.row(.nan, 1)], [.nan], [.nan, .nan]),
      switching(min, [.row(2, 1, 1)], [1], [0, 0.5, 0.5]),
      switching(min, [.row(0, -0.0)], [-0.0], [0.5, 0.5]),
      switching(min, [.row(-.infinity, 1)], [-.infinity], [1, 0]),
      switching(min, [.row(1, .nan)], [.nan], [.nan, .nan]),
      edge(ArgMax(), [.row(1, 2, 2)], [1], [0, 0, 0]),
      edge(ArgMax(), [.row(1, .nan, 3)], [1], [0, 0, 0]),
      edge(ArgMax(), [.row(-.infinity, -.infinity)], [0], [0, 0]),
      edge(ArgMax(), [.row(-0.0, 0)], [0], [0, 0]),
      edge(CumulativeSum(), [.row(1, .infinity, -.infinity)], [1, .infinity, .nan], [6, 5, 3]),
      edge(CumulativeSum(), [.row(.nan, 1)], [.nan, .nan], [3, 2]),
    ]
  }

  // MARK: The softmax family

  private static var softmaxFamily: [EdgeCase] {
    let ln2 = EdgeNumber(0.693_147_180_559_945_3)
    return [
      edge(Softmax(), [.row(-.infinity, 0, 0)], [0, 0.5, 0.5], [0, -0.25, 0.25]),
      edge(Softmax(), [.row(10_000, 0)], [1, 0], [0, 0]),
      edge(Softmax(), [.row(.largest, -.largest)], [1, 0], [0, 0]),
      edge(Softmax(), [.row(-.infinity, -.infinity)], [.nan, .nan], [.nan, .nan]),
      edge(Softmax(), .row(.infinity, 0), [.nan, .nan], [.nan, .nan], forward: [.nan, 0]),
      edge(Softmax(), [.row(.nan, 0)], [.nan, .nan], [.nan, .nan]),
      edge(LogSoftmax(), [.row(-.infinity, 0, 0)], [-.infinity, -ln2, -ln2], [1, -1, 0]),
      edge(LogSoftmax(), [.row(10_000, 0)], [0, -10_000], [-2, 2]),
      edge(LogSoftmax(), [.row(-.infinity, -.infinity)], [.nan, .nan], [.nan, .nan]),
      edge(LogSoftmax(), .row(.infinity, 0), [.nan, .nan], [.nan, .nan], forward: [.nan, 2]),
      edge(LogSoftmax(), [.row(.nan, 0)], [.nan, .nan], [.nan, .nan]),
      edge(LogSumExp(), [.row(10_000, 10_000)], [ln2.map { 10_000 + $0 }], [0.5, 0.5]),
      edge(LogSumExp(), [.row(-.infinity, 0)], [0], [0, 1]),
      edge(LogSumExp(), .row(-.infinity, -.infinity), [-.infinity], [.nan, .nan], forward: [0, 0]),
      edge(LogSumExp(), .row(.infinity, 0), [.infinity], [.nan, .nan], forward: [.nan, 0]),
      edge(LogSumExp(), [.row(.nan, 0)], [.nan], [.nan, .nan]),
    ]
  }

  // MARK: Moves and indices

  private static var moves: [EdgeCase] {
    let x = EdgeInput.row(.nan, -0.0, .infinity)
    let square = EdgeInput.numbers([2, 2], [.nan, -0.0, .infinity, 1])
    return [
      edge(Broadcast(to: [2, 3]), [x], [.nan, -0.0, .infinity, .nan, -0.0, .infinity], [5, 7, 9]),
      edge(Reshape(to: [3, 1]), [x], [.nan, -0.0, .infinity], [1, 2, 3]),
      edge(Permute([1, 0]), [square], [.nan, .infinity, -0.0, 1], [1, 3, 2, 4]),
      switching(Slice(start: [1], size: [2]), [x], [-0.0, .infinity], [0, 1, 2]),
      switching(
        Slice(start: [0], size: [2], step: [2]), [x], [.nan, .infinity], [1, 0, 2], named: "slice(step: 2)"),
      switching(
        Slice(start: [2], size: [2], step: [-1]), [x], [.infinity, -0.0], [0, 2, 1], named: "slice(step: -1)"),
      edge(Pad(before: [1], after: [1]), [x], [0, .nan, -0.0, .infinity, 0], [2, 3, 4]),
      edge(
        Pad(before: [0], after: [1], step: [2]), [x], [.nan, 0, -0.0, 0, .infinity, 0], [1, 3, 5],
        named: "pad(step: 2)"),
      edge(Concatenate(axis: 0), [x, .row(-.infinity)], [.nan, -0.0, .infinity, -.infinity], [1, 2, 3], [4]),
      switching(StopGradient(), [x], [.nan, -0.0, .infinity], [0, 0, 0]),
    ]
  }

  private static let sorting = ArgSort(axis: 0, isDescending: false, count: 4)
  private static let falling = ArgSort(axis: 0, isDescending: true, count: 3)

  private static var indexed: [EdgeCase] {
    let table = EdgeInput.numbers([2, 2], [.nan, 1, -.infinity, 2])
    return [
      switching(Gather(), [table, .indices([1, 1])], [-.infinity, 2, -.infinity, 2], [0, 0, 4, 6]),
      edge(ScatterAdd(rows: 3), [.row(.infinity, -.infinity, 2), .indices([0, 0, 2])], [.nan, 0, 2], [1, 1, 3]),
      switching(Pick(), [table, .indices([1, 1])], [1, 2], [0, 1, 0, 2]),
      edge(sorting, [.row(2, .nan, 1, 1)], [2, 3, 0, 1], [0, 0, 0, 0]),
      edge(sorting, [.row(0, -0.0, -.infinity, .infinity)], [2, 0, 1, 3], [0, 0, 0, 0]),
      edge(falling, [.row(2, .nan, 1, 1)], [1, 0, 2], [0, 0, 0, 0], named: "argSort(descending)"),
      edge(falling, [.row(-0.0, 0, .infinity, .infinity)], [2, 3, 0], [0, 0, 0, 0], named: "argSort(descending)"),
      switching(GatherAlong(axis: 0), [.row(.nan, 1, .infinity), .indices([1, 1])], [1, 1], [0, 3, 0]),
      edge(
        ScatterAddAlong(axis: 0, extent: 3), [.row(.infinity, -.infinity, 2), .indices([0, 0, 2])], [.nan, 0, 2],
        [1, 1, 3]),
      EdgeCase(
        AsNumbers().name, .operation(AsNumbers()), [.indices([2, 0])], value: [2, 0], gradients: []),
      EdgeCase(
        OneHot(classes: 3).name, .operation(OneHot(classes: 3)), [.indices([1])], value: [0, 1, 0], gradients: []),
    ]
  }

  // MARK: Windows and products

  private static var windows: [EdgeCase] {
    let two = Windows(2, stride: 2)
    func image(_ x: EdgeNumber...) -> EdgeInput { .numbers([1, 2, 2, 1], x) }
    return [
      edge(Unfold(two), [image(.nan, -0.0, .infinity, 1)], [.nan, -0.0, .infinity, 1], [1, 2, 3, 4]),
      edge(
        Fold(Windows(Extent2D(1, 2), stride: 1), into: Extent2D(1, 3)),
        [.numbers([1, 1, 2, 2], [.nan, .infinity, -.infinity, -0.0])], [.nan, .nan, 0], [1, 2, 2, 3]),
      switching(MaxPool(two), [image(2, 2, 1, 0)], [2], [0.5, 0.5, 0, 0]),
      switching(
        MaxPool(two), [image(-.infinity, -.infinity, -.infinity, -.infinity)], [-.infinity], [0.25, 0.25, 0.25, 0.25]),
      switching(MaxPool(two), [image(.nan, 1, 2, 3)], [.nan], [.nan, .nan, .nan, .nan]),
      paddedMaximum,
      edge(AveragePool(two), [image(.infinity, 1, 1, 1)], [.infinity], [0.25, 0.25, 0.25, 0.25]),
      edge(AveragePool(two), [image(.largest, .largest, 0, 0)], [.infinity], [0.25, 0.25, 0.25, 0.25]),
      edge(AveragePool(two), [image(.nan, 1, 1, 1)], [.nan], [0.25, 0.25, 0.25, 0.25]),
    ]
  }

  /// Windows with one element each, beside which lies nothing but padding.
  private static var paddedMaximum: EdgeCase {
    var edge = EdgeCase(
      "maxPool with padding", .operation(MaxPool(Windows(2, stride: 2, padding: 1))),
      [.numbers([1, 2, 2, 1], [-1, -.infinity, -0.0, 2])], value: [-1, -.infinity, -0.0, 2],
      gradients: [[1, 2, 3, 4]])
    edge.isSwitch = true
    return edge
  }

  private static var products: [EdgeCase] {
    let product = MatMul()
    func row(_ x: EdgeNumber...) -> EdgeInput { .numbers([1, x.count], x) }
    func column(_ x: EdgeNumber...) -> EdgeInput { .numbers([x.count, 1], x) }
    func pair(_ x: EdgeNumber...) -> EdgeInput { .numbers([2, 1, 1], x) }
    return [
      edge(product, [.numbers([1, 0], []), .numbers([0, 1], [])], [0], [], []),
      edge(product, [row(0, 1), column(.infinity, 1)], [.nan], [.infinity, 1], [0, 1]),
      edge(product, [row(1, 1), column(.infinity, -.infinity)], [.nan], [.infinity, -.infinity], [1, 1]),
      edge(product, [row(.largest, .largest), column(1, 1)], [.infinity], [1, 1], [.largest, .largest]),
      edge(product, [row(.nan, 1), column(1, 1)], [.nan], [1, 1], [.nan, 1]),
      edge(product, [.row(.nan, 1), .row(1, 2)], [.nan], [1, 2], [.nan, 1]),
      edge(product, [pair(.nan, 1), pair(1, 2)], [.nan, 2], [1, 4], [.nan, 2]),
      edge(product, [pair(.infinity, 1), row(0)], [.nan, 0], [0, 0], [.infinity]),
      edge(AddBias(), [row(.infinity, -0.0), .row(-.infinity, 0)], [.nan, 0], [1, 2], [1, 2]),
    ]
  }

  // MARK: Linear algebra

  private static var matrices: [EdgeCase] {
    func square(_ x: EdgeNumber...) -> EdgeInput { .numbers([2, 2], x) }
    func column(_ x: EdgeNumber...) -> EdgeInput { .numbers([x.count, 1], x) }
    let (empty, nan) = (EdgeInput.numbers([0, 0], []), EdgeNumber.nan)
    let (value, log, cofactors) = (
      Determinant(.value), Determinant(.logMagnitude), Determinant(.cofactors)
    )
    return [
      edge(Cholesky(), [empty], [], []),
      edge(Cholesky(), [square(4, 2, 2, 5)], [2, 0, 1, 2], [0.125, 0.25, 0.25, 1]),
      edge(Cholesky(), [square(1, 2, 2, 1)], [nan, 0, nan, nan], [nan, nan, nan, nan]),
      edge(Cholesky(), [square(1, 1, 1, 1)], [nan, 0, nan, nan], [nan, nan, nan, nan]),
      edge(
        Cholesky(), square(nan, 0, 0, 1), [nan, 0, nan, nan], [nan, nan, nan, nan], forward: [nan, 0, 0, 0]),
      edge(SolveTriangular(), [square(2, nan, 1, 4), column(2, 5)], [1, 1], [-0.25, 0, -0.5, -0.5], [0.25, 0.5]),
      edge(Solve(), [.numbers([0, 0], []), .numbers([0, 1], [])], [], [], []),
      edge(Solve(), [square(0, 1, 2, 0), column(3, 4)], [2, 3], [-4, -6, -1, -1.5], [2, 0.5]),
      edge(Solve(), [square(nan, 0, 0, 1), column(1, 1)], [nan, nan], [nan, nan, nan, nan], [nan, nan]),
      edge(value, [empty], [1], []),
      edge(value, [square(1, 2, 2, 4)], [0], [4, -2, -2, 1]),
      edge(value, [square(0, 0, 0, 0)], [0], [0, 0, 0, 0]),
      edge(value, square(nan, 0, 0, 1), [nan], [1, 0, 0, nan], forward: [nan, nan, nan, nan]),
      edge(log, [empty], [0], []),
      edge(log, [square(0, 1, -1, 0)], [0], [0, 1, -1, 0]),
      edge(log, [square(1, 1, 1, 1)], [-.infinity], [.infinity, -.infinity, -.infinity, .infinity]),
      edge(cofactors, [square(1, 2, 3, 4)], [4, -3, -2, 1], [4, -3, -2, 1]),
      edge(
        cofactors, [.numbers([3, 3], [1, 0, 0, 0, 1, 0, 0, 0, 0])], [0, 0, 0, 0, 0, 0, 0, -0.0, 1],
        [9, 0, -7, 0, 9, -8, -3, -6, 6]),
    ]
  }
}
