import Adjoint
import AdjointChecking
import AdjointFiles

// An exercise as a page holds it, to be graded there by the same rules: `grading.js`.

extension Exercise {
  /// The most numbers that a page asks for: more are no exercise by hand, and its wrong answers would fill megabytes.
  package static let mostNumbersInPage = 2000

  /// All numbers that are asked for.
  package var numberCount: Int { questions.reduce(0) { $0 + $1.answer.shape.elementCount } }

  /// Questions, answers, bounds, and the wrong answers of the family with what to say about each.
  package var page: JSON {
    var pages: [JSON] = []
    walk { question, sweep in
      let node = output.tape[question.node]
      let wrong = WrongAnswers(self, question, sweep, right: question.answer, isOwn: true)
      pages.append(
        .object([
          ("number", .integer(question.number)), ("node", .integer(question.node)),
          ("title", .string(question.name == names.value(question.node) ? question.symbol : question.title)),
          ("adjoint", .strings(names.adjointSpellings(question.node))), ("uses", .string(uses(of: node))),
          ("shape", .integers(question.answer.shape)), ("noise", .number(question.noise)),
          ("key", Exercise.numbers(question.answer)), ("isParameter", .bool(node.role == .parameter)),
          (
            "wrong",
            .array(
              wrong.candidates.map { candidate in
                .object([
                  ("hint", .string(candidate.mistake.description)), ("shape", .integers(candidate.value.shape)),
                  ("value", Exercise.numbers(candidate.value)),
                ])
              })
          ),
        ]))
      return nil
    }
    return .object([
      ("tolerance", .number(tolerance)), ("digits", .integer(digits)), ("loss", .integer(output.index)),
      ("about", .array(aboutLines.map { .strings([$0.name, $0.value]) })),
      ("seed", .strings(names.adjointSpellings(output.index))),
      (
        "values",
        .array(
          SheetNames.nodes(behind: output).map {
            .object([("node", .integer($0.index)), ("names", .strings(names.spellings($0.index)))])
          })
      ),
      ("questions", .array(pages)),
    ])
  }

  private static func numbers(_ tensor: Tensor<Double>) -> JSON {
    .array(tensor.elements.map { $0.isFinite ? .number($0) : .null })
  }
}
