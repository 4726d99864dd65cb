import Adjoint
import AdjointChecking

// An exercise as Markdown: the forward pass and blanks, the same with the answers, and a filled sheet read back.

extension Exercise {
  /// The sheet to hand out: formulas of the forward pass, values of the leaves, and a blank for each answer.
  public var worksheet: String { sheet { _ in Exercise.blank } }

  /// The same sheet with the answers and the formula of each; graded, it scores 100%.
  public var key: String {
    sheet { question in
      "\(NumberText.text(question.answer))\n\n    \(symbols.adjoint(of: question.node)) = \(question.formula)"
    }
  }

  /// Stands where an answer is to be written.
  static let blank = "____"

  /// Grades a filled worksheet: answers follow `(1) =`, as a number or as nested brackets such as `[[1, -0.5], [2/3, 0]]`.
  ///
  /// A blank counts as unanswered.
  /// - Throws: `ExerciseError` for an answer that cannot be read, or to a question that is not asked; nothing is graded then.
  public func grade(_ filled: String) throws(ExerciseError) -> ExerciseScore {
    var answers: [Int: Tensor<Double>] = [:]
    for entry in Exercise.entries(of: filled) {
      guard questions.indices.contains(entry.number - 1) else {
        throw ExerciseError(
          line: entry.line, expected: "a question from (1) to (\(questions.count))", found: "(\(entry.number))",
          remedy: "number answers as the worksheet does")
      }
      guard !entry.text.isEmpty, !entry.text.contains(Exercise.blank) else { continue }
      guard answers[entry.number] == nil else {
        throw ExerciseError(
          line: entry.line, expected: "one answer to (\(entry.number))", found: "a second one",
          remedy: "delete one of them")
      }
      answers[entry.number] = try NumberText.tensor(entry.text, line: entry.line)
    }
    let grades = questions.map { question in
      (question, answers[question.number].map { grade($0, for: question) } ?? .unanswered)
    }
    return ExerciseScore(grades: grades)
  }

  private func sheet(answer: (Question) -> String) -> String {
    let tape = output.tape
    var lines = [
      "# The backward pass by hand", "",
      "A forward pass is given. Find the adjoint of every value that is asked for: \(symbols.notation.meaning), the sum over all",
      "uses of v, with the shape of v. Write each answer behind its number, as nested brackets, a row of a matrix in brackets of its own.",
      "", "## Forward pass", "", "| value | shape | formula | name |", "| --- | --- | --- | --- |",
    ]
    let needed = Listing.nodes(behind: output)
    for v in needed {
      lines.append(
        "| \(symbols[v.index]) | \(v.shape) | \(Listing.formula(of: v, symbols)) | \(Listing.label(of: v)) |")
    }
    lines += [
      "", "The loss is \(symbols[output.index]), so \(symbols.adjoint(of: output.index)) = 1.", "",
      "## Values of the leaves", "",
    ]
    for v in needed where v.operation == nil && !(v.role == .constant && v.shape.elementCount == 1) {
      let value = v.holdsIndices ? v.indexValue.description : NumberText.text(v.value)
      lines.append("    \(symbols[v.index]) = \(value)")
    }
    lines += ["", "## Adjoints, from the loss backward"]
    for question in questions {
      let v = tape[question.node]
      let name = question.name.isEmpty ? "" : " (\(question.name))"
      lines += [
        "", "Adjoint \(symbols.adjoint(of: v.index))\(name), used in \(uses(of: v)):", "",
        "    (\(question.number)) = \(answer(question))",
      ]
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func uses(of v: Variable<Double>) -> String {
    Listing.nodes(behind: output).filter { $0.inputs.contains { $0.index == v.index } }
      .map { symbols[$0.index] }.joined(separator: ", ")
  }

  private struct Entry {
    let number: Int
    let line: Int
    var text: String
  }

  /// The text behind each `(n) =`, over as many lines as its brackets take.
  private static func entries(of text: String) -> [Entry] {
    var entries: [Entry] = []
    var isOpen = false
    for (index, raw) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let line = raw.drop { $0.isWhitespace }
      if line.hasPrefix("#") || line.hasPrefix("Adjoint") { isOpen = false }
      if let match = line.prefixMatch(of: #/\((\d{1,6})\)\s*=/#), let number = Int(match.1) {
        entries.append(Entry(number: number, line: index + 1, text: String(line[match.range.upperBound...])))
        isOpen = true
      } else if isOpen, !entries.isEmpty {
        entries[entries.count - 1].text += " " + line
      }
      if let last = entries.last, isOpen {
        let depth = last.text.reduce(0) { $0 + ($1 == "[" ? 1 : $1 == "]" ? -1 : 0) }
        isOpen = depth > 0 || last.text.allSatisfy(\.isWhitespace)
      }
    }
    return entries.map { entry in
      var entry = entry
      entry.text = String(entry.text.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
      return entry
    }
  }
}

extension AdjointNotation {
  /// The adjoint of a value v in words and signs.
  fileprivate var meaning: String {
    switch self {
    case .bar: "\("v".barred) = ∂L/∂v"
    case .delta: "∂L/∂v, written δ for a layer's z"
    }
  }
}

/// The notation of nodes in a worksheet.
enum Listing {
  /// The symbol, or the number itself for a constant that is one.
  static func name(of v: Variable<Double>, _ symbols: Symbols) -> Notation {
    v.role == .constant && v.shape.elementCount == 1 ? .number(v.value.elements[0]) : .named(symbols[v.index])
  }

  static func formula(of v: Variable<Double>, _ symbols: Symbols) -> String {
    v.operation.map { $0.notation(v.inputs.map { name(of: $0, symbols) }).text } ?? v.role?.name ?? ""
  }

  /// Scope and label, or the role of an unnamed leaf.
  static func label(of v: Variable<Double>) -> String { v.path.isEmpty ? v.role?.name ?? "" : v.path }

  /// Every node that the output depends on, in order; constants that stand as numbers in formulas are left out.
  static func nodes(behind output: Variable<Double>) -> [Variable<Double>] {
    let tape = output.tape
    var needed = [Bool](repeating: false, count: output.index + 1)
    needed[output.index] = true
    for node in stride(from: output.index, through: 0, by: -1) where needed[node] {
      for input in tape[node].inputs { needed[input.index] = true }
    }
    return needed.indices.filter { needed[$0] }.map { tape[$0] }.filter {
      !($0.role == .constant && $0.shape.elementCount == 1)
    }
  }
}
