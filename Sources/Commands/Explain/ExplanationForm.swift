import Adjoint
import AdjointCommandLine
import AdjointDrawing
import AdjointGrading

/// What a form writes down.
struct Explained {
  let model: ExplainedModel
  /// The loss to explain: the model's own, or that of its X-ray.
  let loss: Variable<Double>
  /// The questions about it, where they were asked for.
  let exercise: Exercise?
  let style: ExplanationStyle

  var derivation: Derivation<Double> {
    Derivation(of: loss, notation: style.notation, examples: style.examples, unfolded: style.isUnfolded)
  }
}

extension AdjointNotation: Named {}

extension ExampleLayout: Named {}

/// The signs with which a backward pass is written down.
struct ExplanationStyle: Sendable {
  let notation: AdjointNotation
  let examples: ExampleLayout
  let isUnfolded: Bool

  init(_ arguments: Arguments) throws(CommandError) {
    notation = try arguments.choice("notation")
    examples = try arguments.choice("examples")
    isUnfolded = arguments.isGiven("unfolded")
  }
}

/// A form in which a backward pass is written down.
struct ExplanationForm: Sendable {
  /// The end of a file's name.
  let ending: String
  let summary: String
  /// The files, each by the ending of its name.
  let files: @Sendable (Explained) throws -> [(ending: String, text: String)]

  /// A form of one file.
  init(_ ending: String, _ summary: String, text: @escaping @Sendable (Explained) throws -> String) {
    (self.ending, self.summary) = (ending, summary)
    files = { [(ending, try text($0))] }
  }

  /// A form of an exercise: a sheet, and its key.
  init(_ ending: String, _ summary: String, sheet: @escaping @Sendable (Exercise) -> (String, key: String)) {
    (self.ending, self.summary) = (ending, summary)
    files = { explained in
      explained.exercise.map(sheet).map { [(ending, $0.0), (".key" + ending, $0.key)] } ?? []
    }
  }

  /// The first whose ending fits is taken.
  static let all = [
    ExplanationForm(".math.html", "the backward pass as numbered equations, read off the recording, in MathML") {
      $0.derivation.mathML
    },
    ExplanationForm(".tex", "the same in LaTeX") { $0.derivation.latex },
    ExplanationForm(".txt", "the same as plain text") { $0.derivation.text + "\n" },
    ExplanationForm(".html", "a page to step through, forward and backward, with a slider on every weight") {
      page($0).html
    },
    ExplanationForm(".neurons.svg", "neurons and edges of dense layers, weights as thickness and sign") {
      try NeuronDiagram(of: $0.model.loss, title: $0.model.subtitle).svg()
    },
    ExplanationForm(".unit.svg", "the first unit: inputs, weights, sum, activation") {
      try UnitDiagram(of: $0.model.loss).svg()
    },
    ExplanationForm(".maps.svg", "the feature maps of a convolutional network") {
      try FeatureMaps(of: $0.model.loss).svg()
    },
    ExplanationForm(".surface.svg", "the loss along two random directions of the parameters") {
      try LossSurface(of: $0.model.loss).svg()
    },
    ExplanationForm(".flow.svg", "how much of the gradient reaches each layer") {
      try GradientFlow(of: $0.model.loss, title: $0.model.subtitle).svg()
    },
    ExplanationForm(".svg", "a drawing of both halves, layer by layer") { drawing($0).svg },
    ExplanationForm(".dot", "the same for Graphviz") { drawing($0).dot },
  ]

  /// The forms of an exercise.
  static let exercises = [
    ExplanationForm(".md", "a sheet to fill in by hand, and its key (.key.md)") { ($0.worksheet, key: $0.key) },
    ExplanationForm(".json", "a sheet to fill in by a program of yours, and its key (.key.json)") {
      ($0.json().text + "\n", key: $0.jsonKey.text + "\n")
    },
    ExplanationForm(".html", "a page to fill in, which grades as one types; it knows its key") { page($0).html },
  ]

  private static func page(_ explained: Explained) -> Explanation {
    let title = explained.exercise == nil ? "The chain rule, step by step" : "The backward pass by hand"
    var page = explained.model.page(
      explained.style.notation, unfolded: explained.style.isUnfolded || explained.exercise != nil)
    page.title = title
    page.exercise = explained.exercise?.page
    return page
  }

  private static func drawing(_ explained: Explained) -> Drawing {
    let loss = explained.loss
    return Drawing(
      of: loss, backward: loss.tape.backward(from: loss), title: explained.model.subtitle,
      notation: explained.style.notation, unfolded: explained.style.isUnfolded)
  }
}
