import Adjoint
import AdjointChecking

/// The backward pass of a recorded model as an exercise: each intermediate gradient is asked for, and an answer is graded.
///
/// A question is a forward node v that lies between the parameters and the loss; its answer is the adjoint
/// v̄ = ∂loss/∂v = Σ (∂consumer/∂v)ᵀ·(adjoint of the consumer), as the backward sweep records it in `Double`. Questions come in
/// backward order, so each needs only answers before it. A wrong answer is compared with the answers that typical mistakes
/// give: the checker's hypotheses, and its faults injected into the very rule that the question is about.
///
/// ```swift
/// let exercise = Exercise(on: loss)
/// try exercise.worksheet.write(to: worksheet, atomically: true, encoding: .utf8)
/// print(try exercise.grade(filledWorksheet))            // (3) hint: twice too large
/// ```
///
/// It holds the recording that it asks about, so like a tape it belongs to one thread.
public struct Exercise {
  /// One gradient that is asked for.
  package struct Question: Sendable {
    /// Counted from 1, in backward order.
    package let number: Int
    /// The node's position on the tape.
    package let node: Int
    /// The symbol of v̄, such as `z̄⁽¹⁾` or `δ⁽¹⁾`.
    package let symbol: String
    /// Scope and label, or the role of an unnamed leaf; may be empty.
    package let name: String
    /// v̄, of the node's shape.
    package let answer: Tensor<Double>
    /// v̄ in terms of forward nodes and of answers before it, read off the recorded backward nodes.
    package let formula: String
  }

  package let questions: [Question]
  let output: Variable<Double>
  let symbols: Symbols
  let targets: [Variable<Double>]

  /// A worksheet on the backward pass of a loss.
  /// - Parameter loss: a single number; every trainable parameter that it depends on is differentiated, or every input where
  ///   there is no parameter.
  /// - Parameter notation: the way in which adjoints are written.
  /// - Precondition: at least one of them reaches the loss.
  public init<S: Scalar>(
    on loss: Variable<S>, notation: AdjointNotation = .bar, file: StaticString = #fileID, line: UInt = #line
  ) {
    guard loss.shape.elementCount == 1 else {
      fatalError(
        "Exercise: \(loss.tape.describe(loss.index)) is not a single number; reduce it first (mean, sum)", file: file,
        line: line)
    }
    output = DoubleRecording(loss, []).output
    symbols = Symbols(of: loss, notation: notation)
    let tape = output.tape
    let leaves = tape.differentiableVariables.filter { $0.index <= loss.index }
    let parameters = leaves.filter { $0.role == .parameter }
    targets = parameters.isEmpty ? leaves : parameters
    let mark = tape.count
    let backward = tape.backward(from: output, to: targets)
    questions = Exercise.questions(backward, symbols)
    tape.truncate(to: mark)
    guard !questions.isEmpty else {
      fatalError(
        "Exercise: there is nothing to ask about \(loss.tape.describe(loss.index)): no gradient of it reaches a parameter or an "
          + "input. Record it from inputs or parameters.", file: file, line: line)
    }
  }

  private static func questions(_ backward: Backward<Double>, _ symbols: Symbols) -> [Question] {
    let output = backward.output
    let tape = output.tape
    var names: [Int: Notation] = [:]
    for node in 0...output.index { names[node] = Listing.name(of: tape[node], symbols) }
    if let seed = backward.adjoint(of: output) {
      names[seed.index] = names[seed.index] ?? .named(symbols.adjoint(of: output.index))
    }
    var questions: [Question] = []
    for node in stride(from: output.index - 1, through: 0, by: -1) {
      let v = tape[node]
      guard let adjoint = backward.adjoint(of: v), v.shape.elementCount > 0 else { continue }
      questions.append(
        Question(
          number: questions.count + 1, node: node, symbol: symbols.adjoint(of: node), name: Listing.label(of: v),
          answer: adjoint.value,
          formula: tape.expression(of: adjoint, in: names).text))
      names[adjoint.index] = names[adjoint.index] ?? .named(symbols.adjoint(of: node))
    }
    return questions
  }

  /// The question about a node, if it is asked.
  package func question<S: Scalar>(about v: Variable<S>) -> Question? { questions.first { $0.node == v.index } }

  // MARK: Grading

  /// The error that an answer may have by rounding alone, relative to the largest element of the right one.
  static let exactness = 1e-9
  /// The error that it may have and still count as right in all but its digits.
  static let closeness = 1e-2

  /// Grades one answer.
  /// - Complexity: comparing is linear; a wrong answer costs a backward pass and about twenty contributions.
  package func grade(_ submission: Tensor<Double>, for question: Question) -> Grade {
    let right = question.answer
    guard submission.shape == right.shape else { return wrongShape(submission, question) }
    let size = right.elements.map(abs).max() ?? 0
    let error = submission.relativeDistance(from: right)
    if error <= Exercise.exactness { return .exact }
    guard submission.elements.allSatisfy(\.isFinite) else { return wrong(submission, question) }
    let wrongAnswers = WrongAnswers(self, question)
    if let mistake = wrongAnswers.mistake(in: submission, within: 10 * Exercise.exactness) { return .hint(mistake) }
    if size > 0, error <= Exercise.closeness { return .approximately(error: error) }
    if let mistake = wrongAnswers.mistake(in: submission, within: Exercise.closeness) { return .hint(mistake) }
    return wrongAnswers.fallback(for: submission).map { .hint($0) } ?? wrong(submission, question)
  }

  private func wrongShape(_ submission: Tensor<Double>, _ question: Question) -> Grade {
    let right = question.answer
    let (found, expected) = (submission.shape, right.shape)
    var remark: String?
    if Array(found) == expected.reversed() {
      remark =
        submission.transposed.relativeDistance(from: right) <= Exercise.closeness
        ? "transpose it: the numbers are right" : "transposed?"
    } else if found.elementCount == expected.elementCount {
      remark = "an adjoint has the shape of its node"
    } else if expected.broadcasts(to: found) {
      remark = "sum over the axes along which \(symbols[question.node]) is repeated"
    }
    return .wrongShape(expected: expected, found: found, remark: remark)
  }

  private func wrong(_ submission: Tensor<Double>, _ question: Question) -> Grade {
    let element = submission.worstDifference(from: question.answer)?.element ?? 0
    return .wrong(element: element, found: submission.elements[element])
  }
}

extension Exercise: CustomStringConvertible {
  /// The loss and the number of questions.
  public var description: String {
    "Exercise: \(questions.count) questions about the backward pass of \(output.tape.describe(output.index)); print its worksheet "
      + "or its key"
  }
}

extension Tensor where Element == Double {
  /// The largest difference, relative to the largest element of `right`; infinite where one is not finite, and where `right`
  /// is zero throughout and this is not.
  func relativeDistance(from right: Tensor) -> Double {
    let difference = worstDifference(from: right)?.difference ?? 0
    let size = right.elements.map(Swift.abs).max() ?? 0
    return difference == 0 ? 0 : size > 0 ? difference / size : .infinity
  }

  /// The axes in reverse order.
  var transposed: Tensor {
    let reversed = Shape(shape.reversed())
    let (own, other) = (shape.strides, reversed.strides)
    var copy = Tensor.zeros(reversed)
    for element in elements.indices {
      let place = shape.indices.reduce(0) { $0 + element / own[$1] % shape[$1] * other[shape.rank - 1 - $1] }
      copy[linear: place] = elements[element]
    }
    return copy
  }
}
