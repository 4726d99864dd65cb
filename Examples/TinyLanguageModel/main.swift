// A language model in one file: it reads the guides of this repository character by character, and then writes.
//
//   swift run -c release TinyLanguageModel [--quick] [--save FILE] [--load FILE] [DIRECTORY]
import Adjoint
import AdjointLearning
import Foundation

/// What GPT-2 is, in small: characters and positions, causal blocks, and the table of characters once more for the logits.
struct LanguageModel: Module {
  var characters: Embedding<Float>
  var positions: LearnedPositions<Float>
  var blocks: [TransformerBlock<Float>]
  var norm: LayerNorm<Float>
  let context: Int
  static var parts: [PartialKeyPath<Self>] { [\.characters, \.positions, \.blocks, \.norm] }

  init(vocabulary: Int, width: Int, heads: Int, layers: Int, context: Int, using generator: inout Generator) {
    let small = Initializer.normal(mean: 0, deviation: 0.02)
    characters = Embedding(vocabulary, width, name: "characters", initializer: small, using: &generator)
    positions = LearnedPositions(context, width, name: "positions", using: &generator)
    blocks = (1...layers).map {
      TransformerBlock(width, heads: heads, isCausal: true, name: "block\($0)", using: &generator)
    }
    norm = LayerNorm(width, name: "norm")
    self.context = context
  }

  func callAsFunction(_ text: Variable<Float>) -> Variable<Float> {
    characters.logits(of: norm(blocks.reduce(positions(characters(text))) { $1($0) }))
  }

  /// Writes on from a text. The caches keep what the blocks saw, so each character costs one step of time; when the context
  /// is full, its second half begins another.
  func write(after text: [Int32], count: Int, temperature: Float, using generator: inout Generator) -> [Int32] {
    var (text, new) = (text, text.suffix(context))
    var caches = blocks.map { _ in KeyValueCache<Float>() }
    for _ in 0..<count {
      if caches[0].count + new.count > context {
        new = text.suffix(context / 2)
        caches = blocks.map { _ in KeyValueCache() }
      }
      let tape = Tape<Float>(mode: .inference)
      var x = positions(characters(tape.index(Tensor([Array(new)]))), from: caches[0].count)
      for (i, block) in blocks.enumerated() { x = block.transform(x, cache: &caches[i]) }
      let logits = characters.logits(of: norm(x[0, -1]))
      var chance = Float(generator.uniform())
      let likely = (logits / temperature).softmax().value.elements.firstIndex { probability in
        chance -= probability
        return chance < 0
      }
      new = [Int32(likely ?? 0)]
      text += new
    }
    return text
  }
}

let asked = Asked(
  "A language model that reads this repository's guides, character by character, and writes.",
  options: [
    "--quick": "A hundred steps: enough to learn spaces and vowels.",
    "--save FILE": "Keep the training there.", "--load FILE": "Go on from there.",
  ],
  directory: "Read the .md files there; without it, those in Docs.")
let folder = asked.directory ?? URL(fileURLWithPath: "Docs", isDirectory: true)
let files = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
let pages = files.filter { $0.pathExtension == "md" }.sorted { $0.path < $1.path }
let lines = asked.reading {
  try pages.flatMap {
    try String(contentsOf: $0, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false)
  }
}
/// Prose, lists and code; rows of tables are no sentences.
let text = Array(lines.filter { !$0.hasPrefix("|") }.joined(separator: "\n"))
let (context, batch) = (64, 16)
if text.count < 20_000 {
  asked.end("\(folder.path) holds \(text.count) characters in .md files; give a directory with 20000 or more")
}
let vocabulary = Set(text).sorted()
let code = Dictionary(uniqueKeysWithValues: zip(vocabulary, Int32(0)...))
// Every tenth stretch of a thousand characters is never learned.
let stretches = stride(from: 0, to: text.count, by: 1000).map {
  text[$0..<min($0 + 1000, text.count)].compactMap { code[$0] }
}
let learned = stretches.enumerated().filter { $0.offset % 10 != 9 }.flatMap(\.element)
let heldOut = stretches.enumerated().filter { $0.offset % 10 == 9 }.flatMap(\.element)

/// Stretches of text as long as the context, and beside each character the one that follows.
func windows(
  _ count: Int, of text: [Int32], context: Int, using generator: inout Generator
) -> (Tensor<Int32>, Tensor<Int32>) {
  let starts = (0..<count).map { _ in Int.random(in: 0..<text.count - context, using: &generator) }
  let rows = { (shift: Int) in starts.flatMap { text[$0 + shift..<$0 + shift + context] } }
  return (Tensor(shape: [count, context], elements: rows(0)), Tensor(shape: [count, context], elements: rows(1)))
}

var generator = Generator(seed: 1)
let model = LanguageModel(
  vocabulary: vocabulary.count, width: 64, heads: 4, layers: 2, context: context, using: &generator)
let steps = asked.has("--quick") ? 100 : 4000
let step = TrainingStep<Float>(
  optimizer: AdamW(learningRate: 0.004), schedule: .warmUp(steps: 50, then: .cosine(steps: steps - 50, floor: 0.05)),
  clipping: .norm(1), groups: [ParameterGroup(.vectors, decay: 0)]
) { text, next in crossEntropy(logits: model(text), labels: next) }
step.pool = WorkerPool(threads: min(ProcessInfo.processInfo.activeProcessorCount, 4))

var judge = Generator(seed: 2)
let (unseen, unseenNext) = windows(64, of: heldOut, context: context, using: &judge)
@MainActor func heldOutLoss() -> Float {
  let tape = Tape<Float>(mode: .inference)
  return crossEntropy(logits: model(tape.index(unseen)), labels: tape.index(unseenNext)).value[linear: 0]
}

if let file = asked.file("--load") {
  let (x, y) = windows(batch, of: learned, context: context, using: &generator)
  try step.prepare(x, y)
  asked.reading {
    let checkpoint = try Checkpoint(contentsOf: file)
    if checkpoint.settings["characters"] != String(vocabulary) {
      asked.end("\(file.path) was trained on a text of other characters")
    }
    generator = try checkpoint.restore(into: step) ?? generator
  }
}
print("\(text.count) characters, \(vocabulary.count) different")
var (sum, began) = (Float(0), ContinuousClock.now)
while step.stepCount < steps {
  let (x, y) = windows(batch, of: learned, context: context, using: &generator)
  sum += try step(x, y)
  let every = steps / 10
  guard step.stepCount % every == 0 else { continue }
  let rate = Double(every) / ((ContinuousClock.now - began) / .seconds(1))
  print("step \(step.stepCount): loss \(sum / Float(every)), held out \(heldOutLoss()), \(Int(rate)) steps/s")
  if let file = asked.file("--save") {
    try Checkpoint.save(step, generator: generator, settings: ["characters": String(vocabulary)], to: file)
  }
  (sum, began) = (0, .now)
}

let prompt = "## The tape\n\nA tape ".compactMap { code[$0] }
let written = model.write(after: prompt, count: 400, temperature: 0.6, using: &judge)
print("\n" + String(written.map { vocabulary[Int($0)] }))
