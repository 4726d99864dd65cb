import Adjoint
import AdjointLearning
import Foundation
import Testing

/// Transformer blocks, feed-forward layers, residuals and normalisations.
struct TransformerTests {
  private func block(
    isCausal: Bool = false, hasMemory: Bool = false, isNormFirst: Bool = true, norm: BlockNorm = .layer,
    isGated: Bool = false, dropout: Double = 0
  ) -> TransformerBlock<Double> {
    var generator = Generator(seed: 6)
    return TransformerBlock(
      8, heads: 2, hidden: 12, isCausal: isCausal, hasMemory: hasMemory, isNormFirst: isNormFirst, norm: norm,
      activation: isGated ? .silu : .gelu, isGated: isGated, dropout: dropout, name: "block", using: &generator)
  }

  @Test(arguments: [false, true], BlockNorm.allCases)
  func `a block is its parts, with the normalisation first or last`(isNormFirst: Bool, norm: BlockNorm) {
    let block = block(isCausal: true, hasMemory: true, isNormFirst: isNormFirst, norm: norm)
    let tape = Tape<Double>()
    let (x, memory) = (tape.input(normal([2, 3, 8], seed: 1)), tape.input(normal([2, 4, 8], seed: 2)))
    let y = block.transform(x, memory: memory)
    func around(_ x: Variable<Double>, _ place: Int, _ f: (Variable<Double>) -> Variable<Double>) -> Variable<Double> {
      isNormFirst ? x + f(block.norms[place](x)) : block.norms[place](x + f(x))
    }
    var wanted = around(x, 0) { block.attention($0) }
    wanted = around(wanted, 1) { block.memoryAttention?.attend($0, to: memory) ?? $0 }
    wanted = around(wanted, 2) { block.feedForward($0) }
    #expect(y.value == wanted.value)
    #expect(tape.trainableParameters.count == 8 + 8 + 4 + (norm == .layer ? 6 : 3))
    #expect(tape.namedParameters.contains { $0.name == "block/attention/query/weight" })
  }

  @Test(arguments: [false, true])
  func `two layers, gated or not, are the loop's`(isGated: Bool) {
    var generator = Generator(seed: 7)
    let layer = FeedForward<Double>(3, hidden: 4, activation: .silu, isGated: isGated, using: &generator)
    let x = [0.5, -1, 2]
    let y = layer(Tape<Double>().input(Tensor(shape: [1, 1, 3], elements: x))).value.elements
    func product(_ linear: Linear<Double>, _ x: [Double]) -> [Double] {
      let weight = linear.weight.value
      return (0..<weight.shape[0]).map { (row: Int) -> Double in
        var sum = 0.0
        for place in x.indices { sum += weight[row, place] * x[place] }
        return sum
      }
    }
    var between = product(layer.up, x).map { $0 / (1 + Foundation.exp(-$0)) }
    if let gate = layer.gate { between = zip(between, product(gate, x)).map { $0 * $1 } }
    #expect(distance(y, product(layer.down, between)) < 1e-14)
    #expect((layer.gate != nil) == isGated)
  }

  @Test func `a causal block with a cache gives what the whole sequence does`() {
    let blocks = [block(isCausal: true), block(isCausal: true, isNormFirst: false)]
    let x: Tensor<Double> = normal([1, 5, 8], seed: 4)
    let whole = blocks.reduce(Tape<Double>(mode: .inference).input(x)) { $1($0) }.value
    var caches = [KeyValueCache<Double>(), KeyValueCache<Double>()]
    for t in 0..<5 {
      var y = Tape<Double>(mode: .inference).input(x[t..<t + 1, axis: 1])
      for place in blocks.indices { y = blocks[place].transform(y, cache: &caches[place]) }
      #expect(distance(y.value.elements, whole[t..<t + 1, axis: 1].elements) < 1e-13)
    }
  }

  @Test func `a causal block's output does not depend on later steps`() {
    let block = block(isCausal: true)
    let tape = Tape<Double>()
    let x = tape.input(normal([1, 4, 8], seed: 4))
    let slopes = gradient(of: block(x)[0..<2, axis: 1].sum(), withRespectTo: x).value
    #expect(slopes.elements[16...].allSatisfy { $0 == 0 } && slopes.elements[..<16].allSatisfy { $0 != 0 })
  }

  @Test func `dropout drops in training alone, and a copy has parameters of its own`() {
    let block = block(dropout: 0.5)
    let x: Tensor<Double> = normal([1, 4, 8], seed: 4)
    func y(_ mode: Mode, _ layer: TransformerBlock<Double>) -> Tensor<Double> {
      layer(Tape<Double>(mode: mode, seed: 1).input(x)).value
    }
    let copy = block.copy()
    #expect(y(.inference, block) == y(.inference, copy) && y(.training, block) != y(.inference, block))
    let tape = Tape<Double>()
    _ = copy(block(tape.input(x)))
    #expect(tape.trainableParameters.count == 2 * 16)
  }

  @Test func `a residual adds what goes around, and its shapes must agree`() async {
    var generator = Generator(seed: 8)
    let (body, way) = (Linear<Double>(3, 2, using: &generator), Linear<Double>(3, 2, using: &generator))
    let tape = Tape<Double>()
    let x = tape.input(normal([4, 3], seed: 1))
    #expect(Residual(body, shortcut: way)(x).value == (way(x) + body(x)).value)
    #expect(Residual(Sequential([ActivationLayer<Double>(.tanh)])).copy()(x).value == (x + x.tanh()).value)
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var generator = Generator(seed: 8)
      _ = Residual(Linear<Float>(3, 2, using: &generator))(Tape<Float>().input(.zeros([4, 3])))
    }
    #expect(text(result).contains("Residual: the body makes [4, 2] of [4, 3], and [4, 3] goes around it"))
  }

  @Test func `RMSNorm divides by the root of the mean square`() {
    let layer = RMSNorm<Double>(4, epsilon: 0.5, name: "norm")
    layer.scale.value = Tensor([1, 2, -1, 0.5])
    let x: Tensor<Double> = normal([2, 3, 4], seed: 5)
    let y = layer(Tape<Double>().input(x)).value.elements
    for row in 0..<6 {
      let numbers = Array(x.elements[row * 4..<row * 4 + 4])
      let root = (numbers.reduce(0) { $0 + $1 * $1 } / 4 + 0.5).squareRoot()
      let wanted = zip(numbers, layer.scale.value.elements).map { $0 / root * $1 }
      #expect(distance(Array(y[row * 4..<row * 4 + 4]), wanted) < 1e-15)
    }
    let zero = Tape<Double>().input(.zeros([1, 4]))
    #expect(gradient(of: RMSNorm<Double>(4)(zero).sum(), withRespectTo: zero).value.elements.allSatisfy { $0.isFinite })
  }

  @Test func `LayerNorm over several last axes is that over one of as many elements`() {
    let (several, one) = (LayerNorm<Double>(shape: [2, 3]), LayerNorm<Double>(6))
    several.scale.value = normal([2, 3], seed: 1)
    one.scale.value = several.scale.value.reshape(to: [6])
    let x: Tensor<Double> = normal([4, 2, 3], seed: 2)
    let y = several(Tape<Double>().input(x)).value
    let wanted = one(Tape<Double>().input(x.reshape(to: [4, 6]))).value
    #expect(distance(y.elements, wanted.elements) < 1e-15)
    #expect("\(several)" == "LayerNorm: 2 × 3 features, ε 1e-05, 12 parameters")
  }
}
