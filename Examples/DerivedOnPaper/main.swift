// The backward pass of a model as numbered equations, read off its own recording: text, LaTeX (`--latex`) or a page with MathML
// (`--html`), with the recorded values on request (`--numbers`). Every printed line is evaluated and compared with its node.
import Adjoint
import AdjointDrawing
import AdjointLearning

let asked = Asked(
  "The backward pass of a model as numbered equations.",
  options: [
    "--delta": "With δ for the adjoint of a layer, not a bar.", "--columns": "Each example a column.",
    "--latex": "As LaTeX.", "--html": "As a page with MathML.", "--numbers": "With the recorded values.",
  ])
var generator = Generator(seed: 1)
let model = MLP<Double>([4, 3, 2], activation: .tanh, using: &generator)
let tape = Tape<Double>()
let x = tape.input(Tensor(shape: [5, 4], elements: (0..<20).map { _ in generator.normal() }), name: "x")
let labels = tape.index(Tensor([0, 1, 1, 0, 1]), name: "t")
let loss = crossEntropy(logits: model(x), labels: labels)

let derivation = Derivation(
  of: loss, numbers: asked.has("--numbers"), notation: asked.has("--delta") ? .delta : .bar,
  examples: asked.has("--columns") ? .columns : .rows)
print(
  asked.has("--latex") ? derivation.latex : asked.has("--html") ? derivation.mathML : derivation.text)

let worst = derivation.deviations().map(\.deviation).max() ?? 0
guard worst < 1e-14 else { fatalError("a printed line differs from its node by \(worst)") }
