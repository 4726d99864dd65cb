import Adjoint
import AdjointChecking
import AdjointFiles

// An exercise as Markdown and as JSON: the forward pass and blanks, and the same with the answers.

extension Exercise {
  /// The sheet to hand out: formulas and values of the forward pass, and a blank for each answer.
  public var worksheet: String { sheet { _ in Submission.blank } }

  /// The same sheet with the answers and the formula of each; graded, it scores 100%.
  public var key: String {
    sheet { "\(NumberText.text($0.answer))\n\n    \(names.adjoint($0.node)) = \($0.formula)" }
  }

  /// The key with every number rounded to the digits asked for.
  package var roundedKey: String { sheet { NumberText.text($0.answer, digits: digits) } }

  /// Grades a filled worksheet: answers follow `(1) =`, as a number, as nested brackets such as `[[1, -0.5], [2/3, 0]]`, or
  /// as a formula such as `ā⁽¹⁾ ⊙ (1 − a⁽¹⁾^2)`, in which earlier answers have their names.
  ///
  /// A blank counts as unanswered. An answer that cannot be read costs only itself. One that follows from earlier
  /// answers of the same sheet is right, though these be wrong.
  /// - Throws: `ExerciseError` for a sheet that was made from another model, seed or batch.
  public func grade(_ filled: String) throws(ExerciseError) -> ExerciseScore {
    try grade(Submission(markdown: filled))
  }

  /// Half a unit of the last digit asked for, as it is told: `0.005`.
  private var toleranceText: String { NumberText.number(tolerance) }

  /// What the sheet says of itself.
  package var aboutLines: [(name: String, value: String)] {
    about + [("digits", "\(digits)"), ("tolerance", toleranceText), ("recording", recording)]
  }

  private func sheet(answer: (Question) -> String) -> String {
    let tape = output.tape
    let loss = output.index
    let example = questions.first.map { "`\(names.adjoint(loss)) * \(names.value($0.node))`" } ?? "`1 - 0.5^2`"
    var lines = ["# The backward pass by hand", ""]
    lines.append(
      "A forward pass is given. Find the adjoint of every value v that is asked for: ∂\(names.value(loss))/∂v, the sum over"
    )
    lines.append(
      "all uses of v, with its shape. Write each answer behind its number, as nested brackets, a row of a matrix in"
    )
    lines.append(
      "brackets of its own: `[[1, -0.5], [2/3, 0]]`. A formula will do, such as \(example): `·` is the product"
    )
    lines.append("of matrices, `ᵀ` transposes, `sum(x, 0)` sums over an axis, and earlier answers have their names.")
    let typed = questions.first.map { names.typed($0.node) } ?? "z1"
    lines.append(
      "On a keyboard, what stands under *typed* is the value, and `d` before it makes it the adjoint: `d\(typed)`.")
    lines.append("")
    lines.append(
      "An answer is right within \(toleranceText) of its largest number: \(digits) significant digits are enough. Going on from a"
    )
    lines.append("wrong answer costs nothing more.")
    lines += [
      "", "## Forward pass", "", "| value | typed | shape | formula | name |", "| --- | --- | --- | --- | --- |",
    ]
    let needed = SheetNames.nodes(behind: output)
    for v in needed {
      lines.append(
        "| \(names.value(v.index)) | `\(names.typed(v.index))` | \(v.shape) | \(names.formula(of: v)) | "
          + "\(SheetNames.label(of: v)) |")
    }
    lines += [
      "", "The loss is \(names.value(loss)), so \(names.adjoint(loss)) = 1.", "", "## Values", "",
      "Leaves are exact, what is computed from them is rounded to \(digits + 3) digits.", "",
    ]
    for v in needed {
      let digits = v.operation == nil ? nil : self.digits + 3
      let value = v.holdsIndices ? v.indexValue.description : NumberText.text(v.value, digits: digits)
      lines.append("    \(names.value(v.index)) = \(value)")
    }
    lines += ["", "## Adjoints, from the loss backward"]
    for question in questions {
      lines += [
        "", "\(question.title), \(Exercise.text(question.answer.shape)), used in \(uses(of: tape[question.node])):", "",
        "    (\(question.number)) = \(answer(question))",
      ]
    }
    lines += ["", Submission.heading, ""] + aboutLines.map { "    \($0.name) = \($0.value)" }
    return lines.joined(separator: "\n") + "\n"
  }

  /// `of shape [4, 2]`, or `a single number`.
  private static func text(_ shape: Shape) -> String { shape.rank == 0 ? "a single number" : "of shape \(shape)" }

  func uses(of v: Variable<Double>) -> String {
    SheetNames.nodes(behind: output).filter { $0.inputs.contains { $0.index == v.index } }
      .map { names.value($0.index) }.joined(separator: ", ")
  }

  // MARK: JSON

  /// The sheet for a program to fill in: values by name, the questions, and an answer to each, `null` yet.
  package func json(_ answer: (Question) -> JSON = { _ in .null }) -> JSON {
    let leaves = SheetNames.nodes(behind: output).filter { $0.operation == nil }
    return .object([
      ("about", .object(aboutLines.map { ($0.name, .string($0.value)) })),
      (
        "values",
        .object(
          leaves.map { v in
            let name = v.path.isEmpty ? names.value(v.index) : v.path
            return (name, v.holdsIndices ? Exercise.json(v.indexValue.map(Double.init)) : Exercise.json(v.value))
          })
      ),
      (
        "questions",
        .array(
          questions.map { question in
            .object([
              ("number", .integer(question.number)), ("adjoint", .string(names.adjoint(question.node))),
              ("of", .string(question.name)), ("shape", .integers(question.answer.shape)),
            ])
          })
      ),
      ("answers", .object(questions.map { (String($0.number), answer($0)) })),
    ])
  }

  /// The same with the answers.
  package var jsonKey: JSON { json { Exercise.json($0.answer) } }

  /// Nested arrays.
  static func json(_ tensor: Tensor<Double>) -> JSON {
    func nested(_ axis: Int, _ offset: Int) -> JSON {
      guard axis < tensor.shape.rank else { return .number(digits: NumberText.number(tensor.elements[offset])) }
      let stride = tensor.shape.strides[axis]
      return .array((0..<tensor.shape[axis]).map { nested(axis + 1, offset + $0 * stride) })
    }
    return nested(0, 0)
  }
}
