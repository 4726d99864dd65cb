import Adjoint
import AdjointFiles
import AdjointLearning
import Foundation
import TestFiles
import Testing

/// A model of one's own is copied and frozen as a whole.
struct ModuleTests {
  private struct Head: Module {
    var linear: Linear<Double>
    var gain: Parameter<Double>?
    static var parts: [PartialKeyPath<Head>] { [\.linear, \.gain] }
  }

  private struct Model: Module {
    var title = "model"
    var layers: [Linear<Double>]
    var heads: [Head]
    var tied: Parameter<Double>
    var maybe: MLP<Double>?
    static var parts: [PartialKeyPath<Model>] { [\.layers, \.heads, \.tied, \.maybe] }

    init() {
      var generator = Generator(seed: 1)
      layers = (0..<2).map { Linear(2, 2, name: "layer\($0)", using: &generator) }
      let gain = Parameter<Double>(Tensor([2]), name: "gain")
      heads = [
        Head(linear: Linear(2, 1, name: "head", using: &generator), gain: gain), Head(linear: layers[0], gain: nil),
      ]
      tied = gain
    }

    var all: [Parameter<Double>] {
      layers.flatMap { [$0.weight, $0.bias].compactMap { $0 } }
        + [heads[0].linear.weight, heads[0].linear.bias, tied].compactMap { $0 }
    }
  }

  @Test func `every parameter is frozen and thawed, in arrays, optionals and structs`() {
    let model = Model()
    model.freeze()
    #expect(model.all.count == 7 && model.all.allSatisfy(\.isFrozen))
    model.unfreeze()
    #expect(model.all.allSatisfy { !$0.isFrozen })
    model.heads[0].freeze()
    #expect(model.all.filter(\.isFrozen).count == 3)
    let layer = model.layers[1]
    layer.freeze()
    #expect(layer.weight.isFrozen && layer.bias?.isFrozen == true)
  }

  @Test func `a copy has the same values in parameters of its own, and ties them as they were tied`() {
    let model = Model()
    model.layers[1].freeze()
    let copy = model.copy()
    #expect(zip(model.all, copy.all).allSatisfy { $0 !== $1 && $0.value == $1.value && $0.name == $1.name })
    #expect(copy.all.map(\.isFrozen) == model.all.map(\.isFrozen))
    #expect(copy.heads[0].gain === copy.tied && copy.heads[1].linear.weight === copy.layers[0].weight)
    let again = model.copy()
    #expect(again.tied !== copy.tied)
    copy.tied.value = Tensor([9])
    #expect(model.tied.value == Tensor([2]))
  }

  private struct Forgetful: Module {
    var first: Linear<Double>
    var second: Linear<Double>
    static var parts: [PartialKeyPath<Forgetful>] { [\.first] }
  }

  private struct Fixed: Module {
    let layer: Linear<Double>
    static var parts: [PartialKeyPath<Fixed>] { [\.layer] }
  }

  private struct Centred: Layer {
    let mean: Parameter<Double>
    func callAsFunction(_ x: Variable<Double>) -> Variable<Double> { x - x.tape.state(mean) }
  }
  private struct Nested: Module {
    var layer: Centred
    static var parts: [PartialKeyPath<Nested>] { [\.layer] }
  }

  @Test func `a copy of a struct of one's own that is no module traps, and asks for the conformance`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Nested(layer: Centred(mean: Parameter(Tensor([1])))).copy()
    }
    #expect(text(result).contains("a struct of your own conforms to Module"), "\(text(result))")
  }

  @Test func `a copy that would share a parameter traps with its name`() async {
    let forgotten = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var generator = Generator(seed: 1)
      let (a, b) = (
        Linear<Double>(1, 1, name: "a", using: &generator), Linear<Double>(1, 1, name: "b", using: &generator)
      )
      _ = Forgetful(first: a, second: b).copy()
    }
    #expect(
      text(forgotten).contains("the parameter 'b/weight' [1, 1] is in no property among `parts`"), "\(text(forgotten))")
    let fixed = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var generator = Generator(seed: 1)
      _ = Fixed(layer: Linear<Double>(1, 1, name: "a", using: &generator)).copy()
    }
    #expect(text(fixed).contains("make it a `var`"), "\(text(fixed))")
  }

  @Test func `a model is saved and loaded by what it stores, also one of indices, and states too`() throws {
    let folder = try ScratchFolder()
    let file = folder.url.appendingPathComponent("model.safetensors")
    let (model, other) = (Reader(seed: 1), Reader(seed: 2))
    #expect(model.words.weight.value != other.words.weight.value)
    try model.save(to: file)
    #expect(
      try Safetensors(contentsOf: file).names == [
        "words/weight", "norm/scale", "norm/shift", "norm/runningMean", "norm/runningVariance",
        "block/attention/query/weight",
        "block/attention/query/bias", "block/attention/key/weight", "block/attention/key/bias",
        "block/attention/value/weight", "block/attention/value/bias", "block/attention/output/weight",
        "block/attention/output/bias", "block/feedForward/up/weight", "block/feedForward/up/bias",
        "block/feedForward/down/weight", "block/feedForward/down/bias", "block/norm1/scale", "block/norm1/shift",
        "block/norm2/scale", "block/norm2/shift",
      ])
    try other.load(from: file)
    let text = Tensor<Int32>([[0, 2, 1]])
    let outputs = [model, other].map { $0(Tape<Double>(mode: .inference).index(text)).value }
    #expect(outputs[0] == outputs[1])
  }

  @Test func `a file that does not fit a model changes nothing, and two parameters of one name are refused`() throws {
    let folder = try ScratchFolder()
    let file = folder.url.appendingPathComponent("model.safetensors")
    let reader = Reader(seed: 1)
    try reader.words.save(to: file)
    let before = reader.words.weight.value
    reader.words.weight.value = .zeros([3, 4])
    #expect(try fileError { try reader.load(from: file) }.reason == .missingTensor)
    #expect(reader.words.weight.value == .zeros([3, 4]))
    try reader.words.load(from: file)
    #expect(reader.words.weight.value == before)
    let twins = [Reader(seed: 1).words, Reader(seed: 2).words]
    #expect(try fileError { try twins.load(from: file) }.reason == .duplicateName)
    #expect(try fileError { try twins.save(to: file) }.reason == .duplicateName)
  }

  @Test func `a model with a parameter without a name says so where it is saved`() async {
    let unnamed = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var generator = Generator(seed: 1)
      try [Linear<Double>(1, 1, using: &generator)].save(to: URL(fileURLWithPath: "/nowhere"))
    }
    #expect(text(unnamed).hasPrefix("AdjointLearningTests/ModuleTests.swift:"), "\(text(unnamed))")
    #expect(text(unnamed).contains("a parameter of shape [1, 1] has no name"), "\(text(unnamed))")
  }

  private struct Reader: Module {
    var words: Embedding<Double>
    var norm = BatchNorm<Double>(4, name: "norm")
    var block: TransformerBlock<Double>
    static var parts: [PartialKeyPath<Reader>] { [\.words, \.norm, \.block] }

    init(seed: UInt64) {
      var generator = Generator(seed: seed)
      words = Embedding(3, 4, name: "words", using: &generator)
      block = TransformerBlock(4, heads: 2, name: "block", using: &generator)
    }

    func callAsFunction(_ text: Variable<Double>) -> Variable<Double> { words.logits(of: block(norm(words(text)))) }
  }

  @Test func `the count of a model's parameters counts each once`() {
    let model = Model()
    #expect(model.parameterCount == model.all.reduce(0) { $0 + $1.value.elements.count })
    #expect(model.layers.parameterCount == 2 * (2 * 2 + 2))
    #expect(model.heads[0].parameterCount == 2 + 1 + 1)
  }
}
