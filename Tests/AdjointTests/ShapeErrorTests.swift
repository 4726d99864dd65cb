import Adjoint
import Testing

/// `shape(of:)` throws what recording traps with: for those who want to ask first.
@Suite struct ShapeErrorTests {
  struct Misfit: CustomTestStringConvertible, Sendable {
    let operation: any Operation
    let shapes: [Shape]
    let sentence: String
    var testDescription: String { sentence }
    init(_ operation: any Operation, _ shapes: [Shape], _ sentence: String) {
      (self.operation, self.shapes, self.sentence) = (operation, shapes, sentence)
    }
  }

  static let misfits = [
    Misfit(
      MatMul(), [[128, 784], [512, 784]],
      "matmul: inner dimensions differ: 784 of [128, 784] against 512 of [512, 784]. Did you mean transposeB: true?"),
    Misfit(
      MatMul(transposeB: true), [[2, 3], [3, 4]],
      "matmul: inner dimensions differ: 3 of [2, 3] against 4 of [3, 4]. Did you mean transposeB: false?"),
    Misfit(
      MatMul(), [[3, 2], [3, 4]],
      "matmul: inner dimensions differ: 2 of [3, 2] against 3 of [3, 4]. Did you mean transposeA: true?"),
    Misfit(
      MatMul(), [[3, 2], [4, 3]],
      "matmul: inner dimensions differ: 2 of [3, 2] against 4 of [4, 3]. Did you mean transposeA: true, transposeB: true?"
    ),
    Misfit(
      MatMul(), [[2, 3, 4], [3, 4, 5]],
      "matmul: the leading axes [2] of [2, 3, 4] and [3] of [3, 4, 5] do not broadcast: from the right, each two must be "
        + "equal, or one of them 1 or absent"),
    Misfit(
      MatMul(), [[2, 3, 4], [2, 5, 4]],
      "matmul: inner dimensions differ: 4 of [2, 3, 4] against 5 of [2, 5, 4]. Did you mean transposeB: true?"),
    Misfit(MatMul(), [[2, 3], [4, 5]], "matmul: inner dimensions differ: 3 of [2, 3] against 4 of [4, 5]"),
    Misfit(MatMul(), [[3], [4]], "matmul: inner dimensions differ: 3 of [3] against 4 of [4]"),
    Misfit(
      MatMul(), [[3], [4, 3]],
      "matmul: inner dimensions differ: 3 of [3] against 4 of [4, 3]. Did you mean transposeB: true?"),
    Misfit(
      MatMul(), [[], [3]], "matmul: takes vectors and matrices, was given [] and [3]; * multiplies by a single number"),
    Misfit(
      MatMul(), [[3, 2], []],
      "matmul: takes vectors and matrices, was given [3, 2] and []; * multiplies by a single number"),
    Misfit(
      MatMul(transposeB: true), [[2, 3], [3]],
      "matmul: transposeB: true exchanges two axes, and the vector [3] has one; leave the flag out"),
    Misfit(MatMul(), [[3, 4]], "matmul: takes 2 inputs, was given 1"),
    Misfit(
      Binary.add, [[3, 4], [3]],
      "add: [3, 4] and [3] do not broadcast: 4 and 3 differ at axis −1, and neither is 1. "
        + "An element for each row is a column: reshape(to: [3, 1])"),
    Misfit(
      Comparison.less, [[3], [3, 4]],
      "less: [3] and [3, 4] do not broadcast: 3 and 4 differ at axis −1, and neither is 1. "
        + "An element for each row is a column: reshape(to: [3, 1])"),
    Misfit(
      Binary.add, [[2, 3], [3, 2]],
      "add: [2, 3] and [3, 2] do not broadcast: 3 and 2 differ at axis −1, and neither is 1"),
    Misfit(
      Binary.multiply, [[2, 3], [3, 2]],
      "multiply: [2, 3] and [3, 2] do not broadcast: 3 and 2 differ at axis −1, and neither is 1. "
        + "* is elementwise; did you mean the matrix product, a.matmul(b)?"),
    Misfit(
      Binary.multiply, [[2, 3], [4, 3]],
      "multiply: [2, 3] and [4, 3] do not broadcast: 2 and 4 differ at axis −2, and neither is 1. "
        + "* is elementwise; did you mean the matrix product, a.matmul(b, transposeB: true)?"),
    Misfit(
      Binary.multiply, [[3, 2], [3, 4]],
      "multiply: [3, 2] and [3, 4] do not broadcast: 2 and 4 differ at axis −1, and neither is 1. "
        + "* is elementwise; did you mean the matrix product, a.matmul(b, transposeA: true)?"),
    Misfit(
      AddBias(), [[3, 4], [3]], "addBias: a bias of shape [3] does not fit the last axis of [3, 4]; it must be [4]"),
    Misfit(Reshape(to: [5]), [[2, 3]], "reshape: [2, 3] has 6 elements, [5] takes 5"),
    Misfit(Broadcast(to: [2, 3]), [[2]], "broadcast: [2] does not broadcast to [2, 3]"),
    Misfit(Permute([0, 0]), [[2, 3]], "permute: [0, 0] does not name each axis of [2, 3] once"),
    Misfit(
      Slice(start: [1, 0], size: [2, 3]), [[2, 3]], "slice: the box of [2, 3] at [1, 0] does not lie in [2, 3]"),
    Misfit(Pad(before: [1], after: [-1]), [[2]], "pad: [1] before and [-1] after do not fit the axes of [2]"),
    Misfit(
      Concatenate(axis: 0), [[2, 3], [2, 4]], "concatenate: [2, 3] and [2, 4] differ along another axis than 0"),
    Misfit(Concatenate(axis: 2), [[2, 3]], "concatenate: axis 2 does not exist in [2, 3], which has rank 2"),
    Misfit(Concatenate(axis: 0), [], "concatenate: nothing to concatenate"),
    Misfit(
      Variance(axes: AxisSet([0]), correction: 3), [[2, 5]],
      "variance: N = 2 along the axes [0] of [2, 5], less a correction of 3, leaves nothing to divide by"),
    Misfit(
      Variance(axes: AxisSet([0, 1]), correction: 1), [[1, 1]],
      "variance: N = 1 along the axes [0, 1] of [1, 1], less a correction of 1, leaves nothing to divide by"),
    Misfit(Softmax(), [[]], "softmax: a single number has no axis to run along"),
    Misfit(ArgMax(), [[3, 0]], "argMax: [3, 0] has no element along its last axis"),
    Misfit(Gather(), [[], [2]], "gather: a single number has no rows"),
    Misfit(
      ScatterAdd(rows: 3), [[2, 3], [3]], "scatterAdd: [2, 3] does not begin with the shape of the indices [3]"),
    Misfit(Pick(), [[4, 3], [3]], "pick: [4, 3] takes indices of shape [4], one a row; these are [3]"),
    Misfit(
      Unfold(Windows(3)), [[2, 5, 5]],
      "unfold: takes images [batch, height, width, channels], was given [2, 5, 5]; "
        + "reshape a single channel to [batch, height, width, 1]"),
    Misfit(
      Unfold(Windows(Extent2D(3, 6))), [[2, 5, 5, 1]], "unfold: a window of 3 × 6 does not fit into images of 5 × 5"),
    Misfit(
      Unfold(Windows(8, padding: 1)), [[2, 5, 5, 1]],
      "unfold: a window of 8 × 8 does not fit into images of 5 × 5 with a padding of 1 × 1"),
    Misfit(
      Unfold(Windows(2, stride: 0)), [[2, 5, 5, 1]],
      "unfold: windows of 2 × 2, 0 × 0 apart; both must be positive"),
    Misfit(
      Unfold(Windows(2, padding: -1)), [[2, 5, 5, 1]], "unfold: a padding of -1 × -1; it cannot be negative"),
    Misfit(
      Fold(Windows(2), into: 3), [[1, 2, 2, 6]],
      "fold: takes windows [batch, rows, columns, 2 × 2 × channels], was given [1, 2, 2, 6]"),
    Misfit(
      Fold(Windows(2), into: 3), [[1, 2, 1, 20]], "fold: images of 3 × 3 have 2 × 2 windows, these are 2 × 1"),
    Misfit(
      MaxPool(Windows(2, padding: 1)), [[1, 4, 4, 1]],
      "maxPool: windows have no padding here; pad the images first, with the number that suits"),
    Misfit(Unary.exp, [[1], [1]], "exp: takes 1 inputs, was given 2"),
    Misfit(
      Where(), [[2], [3], [2]], "where: [3] and [2] do not broadcast: 3 and 2 differ at axis −1, and neither is 1"),
  ]

  @Test("A shape that does not fit is told in a sentence", arguments: misfits)
  func sentence(misfit: Misfit) {
    #expect(throws: ShapeError(misfit.sentence)) { try misfit.operation.shape(of: misfit.shapes) }
  }

  @Test func `A reduction names the axis that is missing or empty`() throws {
    let tape = Tape<Float>()
    let sum = try #require(
      OperationCatalog.examples.first { $0.operation.name == "sum" && $0.inputs[0].shape == [2, 3, 4] })
    #expect(throws: ShapeError("sum: axis 1 does not exist in [5], which has rank 1")) {
      try sum.operation.shape(of: [[5]])
    }
    let max = try #require(OperationCatalog.examples.first { $0.operation.name == "max" && $0.inputs[0].shape == [5] })
    #expect(throws: ShapeError("max: no elements along the axes [0] of [0]")) { try max.operation.shape(of: [[0]]) }
    #expect(tape.input(.zeros([3, 0])).sum(axes: [1]).value == Tensor([0, 0, 0]))
  }

  @Test(
    "No operation takes more inputs than it knows what to do with",
    arguments: OperationCatalog.examples.map(\.operation.name))
  func arity(name: String) throws {
    let example = try #require(OperationCatalog.examples.first { $0.operation.name == name })
    guard !(example.operation is Concatenate) else { return }
    let shapes = example.inputs.map(\.shape)
    #expect(throws: ShapeError.self) { try example.operation.shape(of: shapes + [shapes[0]]) }
    #expect(throws: ShapeError.self) { try example.operation.shape(of: []) }
  }
}
