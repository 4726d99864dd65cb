import Adjoint
import AdjointLearning

/// A call with numbers that may be anything: what a person may write by mistake.
struct OddCall: Sendable {
  let name: String
  /// The numbers that it takes.
  let count: Int
  let apply: @Sendable (Variable<Float>, [Int]) -> Variable<Float>

  init(_ name: String, _ count: Int, _ apply: @escaping @Sendable (Variable<Float>, [Int]) -> Variable<Float>) {
    (self.name, self.count, self.apply) = (name, count, apply)
  }

  private static func indices(_ x: Variable<Float>, _ n: ArraySlice<Int>) -> Variable<Float> {
    x.tape.index(Tensor(n.map { Int32(truncatingIfNeeded: $0) }))
  }

  private static func extent(_ n: [Int], _ at: Int) -> Extent2D { Extent2D(n[at], n[at + 1]) }

  static let all: [OddCall] = shapes + reductions + places + windows + functions + values

  private static let shapes = [
    OddCall("pad", 4) { $0.pad(before: [$1[0], $1[1]], after: [$1[2], $1[3]]) },
    OddCall("slice of two axes", 4) { $0.slice(start: [$1[0], $1[1]], size: Shape([$1[2], $1[3]])) },
    OddCall("slice", 3) { $0.slice(min($1[0], $1[1])..<max($1[0], $1[1]), axis: $1[2]) },
    OddCall("reshape", 2) { $0.reshape(to: Shape($1)) },
    OddCall("reshape to four axes", 4) { $0.reshape(to: Shape($1)) },
    OddCall("broadcast", 3) { $0.broadcast(to: Shape($1)) },
    OddCall("permute", 2) { $0.permute($1) },
    OddCall("sum to a shape", 2) { $0.sum(to: Shape($1)) },
    OddCall("concatenate", 1) { concatenate([$0, $0], axis: $1[0]) },
    OddCall("concatenate nothing", 1) { concatenate([] as [Variable<Float>], axis: $1[0]) + $0 },
    OddCall("stack", 1) { stack([$0, $0, $0], axis: $1[0]) },
    OddCall("transpose", 0) { x, _ in x.transpose() },
    OddCall("flatten", 0) { x, _ in x.flatten() },
    OddCall("matmul", 2) { $0.matmul($0.tape.constant(.ones(Shape($1.map { $0 & 7 })))) },
    OddCall("matmul with itself", 2) { $0.matmul($0, transposeA: $1[0] & 1 == 0, transposeB: $1[1] & 1 == 0) },
    OddCall("tensordot", 1) { $0.tensordot($0, axes: $1[0]) },
    OddCall("tensordot of two axes", 2) { $0.tensordot($0, axes: [$1[0]], [$1[1]]) },
    OddCall("dot", 0) { x, _ in x.dot(x) }, OddCall("outer", 0) { x, _ in x.outer(x) },
    OddCall("einsum", 2) { einsum($1[0] & 1 == 0 ? "i...,...i" : "ii...", Array(repeating: $0, count: $1[1] & 3)) },
    OddCall("addBias", 1) { $0.addBias($0.tape.constant(.ones([$1[0] & 7]))) },
    OddCall("random", 2) { $0.sum() + $0.tape.random(.normal(mean: 0, deviation: 1), shape: Shape($1)) },
    OddCall("a random interval", 2) {
      $0.sum() + $0.tape.random(.uniform(low: Double($1[0]), high: Double($1[1])), shape: [2])
    },
  ]

  private static let reductions = [
    OddCall("sum", 2) { $0.sum(axes: $1) }, OddCall("mean", 1) { $0.mean(axes: $1, keepingDimensions: true) },
    OddCall("variance", 2) { $0.variance(axes: [$1[0]], correction: $1[1]) },
    OddCall("max", 2) { $0.max(axes: $1) }, OddCall("min", 1) { $0.min(axes: $1) },
    OddCall("no axes", 0) { x, _ in x.sum(axes: []) + x.mean(axes: []) },
    OddCall("argMax", 1) { $0 * $0.argMax(axis: $1[0]).asNumbers().sum() },
    OddCall("cumsum", 1) { $0.cumsum(axis: $1[0]) },
    OddCall("softmax", 1) { $0.softmax(axis: $1[0]) }, OddCall("logSoftmax", 1) { $0.logSoftmax(axis: $1[0]) },
    OddCall("logSumExp", 1) { $0.logSumExp(axis: $1[0]) },
  ]

  private static let places = [
    OddCall("gather", 3) { $0.gather(indices($0, $1[...])) },
    OddCall("scatterAdd", 4) { $0.scatterAdd(indices($0, $1[1...]), rows: $1[0]) },
    OddCall("pick", 2) { $0.pick(indices($0, $1[...])) },
    OddCall("oneHot", 3) { $0.sum() * indices($0, $1[1...]).oneHot($1[0]) },
    OddCall("indices as numbers", 1) { $0 * indices($0, $1[...]) },
    OddCall("a variable of the tape", 1) { $0 + $0.tape[$1[0]] },
    OddCall("a variable that was truncated", 1) { x, n in
      x.tape.truncate(to: n[0])
      return x * 2
    },
  ]

  private static let windows = [
    OddCall("unfold", 6) {
      image($0).unfold(Windows(extent($1, 0), stride: extent($1, 2), padding: extent($1, 4)))
    },
    OddCall("fold", 8) {
      image($0).fold(
        Windows(extent($1, 0), stride: extent($1, 2), padding: extent($1, 4)), into: extent($1, 6))
    },
    OddCall("maxPool", 4) { image($0).maxPool(extent($1, 0), stride: extent($1, 2)) },
    OddCall("averagePool", 4) { image($0).averagePool(extent($1, 0), stride: extent($1, 2)) },
    OddCall("windows with a dilation", 8) {
      image($0).maxPool(
        Windows(extent($1, 0), stride: extent($1, 2), paddingAfter: extent($1, 4), dilation: extent($1, 6)))
    },
    OddCall("a padded mean, rounded up", 6) {
      image($0).averagePool(
        extent($1, 0), stride: extent($1, 2), padding: extent($1, 4), ceilMode: true, countIncludePad: false)
    },
    OddCall("adaptive pooling", 2) { image($0).adaptiveMaxPool(to: extent($1, 0)) },
    OddCall("resize", 2) { image($0).resize(to: extent($1, 0), mode: .bilinear) },
    OddCall("a reflection", 2) { $0.pad(before: [$1[0], 0], after: [0, $1[1]], mode: .reflect) },
    OddCall("convTranspose2d", 10) {
      image($0).convTranspose2d(
        $0.tape.constant(.ones(Shape($1[..<4].map { $0 & 3 }))), stride: extent($1, 4), padding: extent($1, 6),
        outputPadding: extent($1, 8))
    },
    OddCall("conv2d in groups", 8) {
      image($0).conv2d(
        $0.tape.constant(.ones(Shape($1[..<4].map { $0 & 3 }))), padding: .same, dilation: extent($1, 4),
        groups: $1[6])
    },
    OddCall("conv2d", 8) {
      image($0).conv2d(
        $0.tape.constant(.ones(Shape($1[..<4].map { $0 & 3 }))), stride: extent($1, 4), padding: extent($1, 6))
    },
  ]

  private static func image(_ x: Variable<Float>) -> Variable<Float> {
    x.shape.rank == 2 ? stack([stack([x])], axis: -1).reshape(to: [1, x.shape[0], x.shape[1], 1]) : x
  }

  private static let functions = [
    OddCall("clamp", 2) { $0.clamp(Double($1[0]), Double($1[1])) },
    OddCall("power", 1) { $0.power(Double($1[0])) }, OddCall("elu", 1) { $0.elu(alpha: Double($1[0])) },
    OddCall("leakyRelu", 1) { $0.leakyRelu(slope: Double($1[0])) },
    OddCall("divided by itself", 0) { x, _ in x / (x - x) },
    OddCall("dropout", 1) { dropout($0, rate: Double($1[0])) },
    OddCall("a layer norm", 1) { LayerNorm<Float>($1[0])($0) },
    OddCall("a batch norm", 1) { BatchNorm<Float>($1[0])($0) },
    OddCall("cross-entropy", 3) { crossEntropy(logits: $0, labels: indices($0, $1[...])) },
    OddCall("a linear layer", 2) {
      var generator = Generator(seed: 1)
      return Linear<Float>($1[0], $1[1], using: &generator)($0)
    },
  ]

  /// Tensors, generators and programs beside the tape.
  private static let values = [
    OddCall("an element", 2) { $0 * Double($0.value[$1[0], $1[1]]) },
    OddCall("an element by position", 1) { $0 * Double($0.value[linear: $1[0]]) },
    OddCall("rows", 2) { $0.tape.input($0.value.rows($1)) },
    OddCall("a tensor of zeros", 4) { $0.sum() * $0.tape.input(.zeros(Shape($1))) },
    OddCall("a count of elements", 4) { $0 * Double(Shape($1).elementCount) },
    OddCall("a tensor of a shape", 2) { $0 + $0.tape.input(Tensor(shape: Shape($1), elements: [1, 2, 3])) },
    OddCall("a permutation", 1) {
      var generator = Generator(seed: 1)
      return $0 * Double(generator.permutation(of: $1[0]).count)
    },
    OddCall("a run after a node", 1) {
      let y = $0.exp()
      let program = Program<Float>([y], keeping: .all)
      program.run(after: $0.tape[$1[0]])
      return y
    },
    OddCall("a value of another tape", 1) { x, n in
      let other = Tape<Float>().input(.ones([2]))
      return n[0] & 1 == 0 ? x + other : x * Double(Program<Float>([x]).value(of: other)[0])
    },
    OddCall("a pool", 1) { x, n in
      let program = Program<Float>([x.exp()])
      program.pool = WorkerPool(threads: n[0])
      program.run()
      return x
    },
    OddCall("a feed", 2) { x, n in
      let program = Program<Float>([x.exp(), x])
      do { try program.feed(x, .ones(Shape(n))) } catch { return x * 2 }
      program.run()
      return x
    },
    OddCall("a Jacobian", 0) { x, _ in x.tape.input(jacobian(of: x.square(), withRespectTo: x)) },
  ]
}
