import Adjoint
import AdjointChecking
import AdjointFiles

/// The backward pass of a recorded model as an exercise: each intermediate gradient is asked for, and an answer is graded.
///
/// A question is a forward node v that lies between the parameters and the loss; its answer is the adjoint
/// v̄ = ∂loss/∂v = Σ (∂consumer/∂v)ᵀ·(adjoint of the consumer), as the backward sweep records it in `Double`. Questions come in
/// backward order, so each needs only answers before it. An answer is right where it equals the right one, or follows from
/// the earlier answers that were given, to the digits asked for. A wrong one is compared with the answers that typical
/// mistakes give: the checker's hypotheses, its faults injected into the very rule that the question is about, and the
/// classics of the subject (`ClassicMistake`).
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
    /// What is certainly nothing but rounding.
    package let noise: Double

    /// `W̄⁽¹⁾ (fc1/weight)`
    var title: String { symbol + (name.isEmpty ? "" : " (\(name))") }
  }

  package let questions: [Question]
  /// The significant digits that an answer needs.
  public let digits: Int
  /// What the sheet says of itself, such as the model and its seed; graded with the sheet's own words.
  package let about: [(name: String, value: String)]
  let output: Variable<Double>
  let names: SheetNames
  let targets: [Variable<Double>]

  /// A worksheet on the backward pass of a loss.
  /// - Parameters:
  ///   - loss: a single number; every trainable parameter that it depends on is differentiated, or every input where there is no
  ///     parameter.
  ///   - digits: the significant digits of the largest number of an answer, to which it must be right.
  ///   - notation: the way in which adjoints are written.
  /// - Precondition: at least one of them reaches the loss.
  public init<S: Scalar>(
    on loss: Variable<S>, digits: Int = 3, notation: AdjointNotation = .bar, file: StaticString = #fileID,
    line: UInt = #line
  ) {
    self.init(on: loss, digits: digits, notation: notation, about: [], parametersOnly: false, file: file, line: line)
  }

  /// As above.
  /// - Parameters:
  ///   - about: what the sheet says of itself besides.
  ///   - parametersOnly: true where only the gradients of the parameters are asked for.
  package init<S: Scalar>(
    on loss: Variable<S>, digits: Int = 3, notation: AdjointNotation = .bar, about: [(name: String, value: String)],
    parametersOnly: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) {
    guard loss.shape.elementCount == 1 else {
      fatalError(
        "Exercise: \(loss.tape.describe(loss.index)) is not a single number; reduce it first (mean, sum)", file: file,
        line: line)
    }
    guard (1...9).contains(digits) else {
      fatalError("Exercise: \(digits) digits cannot be asked for; ask for 1 to 9", file: file, line: line)
    }
    (self.digits, self.about) = (digits, about)
    output = DoubleRecording(loss, []).output
    names = SheetNames(symbols: Symbols(of: loss, notation: notation), count: loss.index + 1)
    let tape = output.tape
    let leaves = tape.differentiableVariables.filter { $0.index <= loss.index }
    let parameters = leaves.filter { $0.role == .parameter }
    targets = parameters.isEmpty ? leaves : parameters
    let mark = tape.count
    let backward = tape.backward(from: output, to: targets)
    let wanted = Set(targets.map(\.index))
    questions = Exercise.questions(backward, names) { !parametersOnly || wanted.contains($0) }
    tape.truncate(to: mark)
    guard !questions.isEmpty else {
      fatalError(
        "Exercise: there is nothing to ask about \(loss.tape.describe(loss.index)): no gradient of it reaches a parameter or an "
          + "input. Record it from inputs or parameters.", file: file, line: line)
    }
  }

  private static func questions(
    _ backward: Backward<Double>, _ sheet: SheetNames, asks: (Int) -> Bool
  ) -> [Question] {
    let output = backward.output
    let tape = output.tape
    var names: [Int: Notation] = [:]
    for node in 0...output.index { names[node] = sheet.notation(of: tape[node]) }
    if let seed = backward.adjoint(of: output) {
      names[seed.index] = names[seed.index] ?? .named(sheet.adjoint(output.index))
    }
    var questions: [Question] = []
    for node in stride(from: output.index - 1, through: 0, by: -1) where asks(node) {
      let v = tape[node]
      guard let adjoint = backward.adjoint(of: v), v.shape.elementCount > 0 else { continue }
      let arriving = backward.contributions(to: v).flatMap { edge in
        edge.contribution.value.elements + (backward.adjoint(of: tape[edge.consumer])?.value.elements ?? [])
      }
      questions.append(
        Question(
          number: questions.count + 1, node: node, symbol: sheet.adjoint(node), name: SheetNames.label(of: v),
          answer: adjoint.value,
          formula: tape.expression(of: adjoint, in: names).text, noise: 1e-12 * arriving.largestMagnitude))
      names[adjoint.index] = names[adjoint.index] ?? .named(sheet.adjoint(node))
    }
    return questions
  }

  /// The question about a node, if it is asked.
  package func question<S: Scalar>(about v: Variable<S>) -> Question? { questions.first { $0.node == v.index } }

  /// The error that an answer may have, as a part of its largest element: half a unit of the last digit asked for.
  package var tolerance: Double { (0..<digits - 1).reduce(0.5) { tolerance, _ in tolerance / 10 } }

  /// Eight digits that tell this recording from that of another model, seed or batch.
  package var recording: String {
    let lines = (0...output.index).map { node -> String in
      let v = output.tape[node]
      if let operation = v.operation { return "\(operation.name) \(v.inputs.map(\.index)) \(v.shape)" }
      return v.holdsIndices ? "\(v.indexValue.elements)" : NumberText.text(v.value, digits: 6)
    }
    return String(SHA256.hexadecimal(of: Array(lines.joined(separator: "\n").utf8)).prefix(8))
  }
}

extension Exercise: CustomStringConvertible {
  /// The loss and the number of questions.
  public var description: String {
    "Exercise: \(questions.count) questions about the backward pass of \(output.tape.describe(output.index)); print its worksheet "
      + "or its key"
  }
}

extension [Double] {
  /// 0 for no elements.
  var largestMagnitude: Double { reduce(0) { Swift.max($0, Swift.abs($1)) } }
}

extension Tensor where Element == Double {
  /// The largest difference; infinite where one is not finite.
  func distance(from right: Tensor) -> Double { worstDifference(from: right)?.difference ?? 0 }

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

  /// `f` of each element and its partner.
  package func with(_ other: Tensor, _ f: (Double, Double) -> Double) -> Tensor {
    Tensor(shape: shape, elements: zip(elements, other.elements).map(f))
  }

  /// `[1, 0]` for an element in row-major order.
  func coordinates(of element: Int) -> String {
    "[" + shape.indices.map { String(element / shape.strides[$0] % shape[$0]) }.joined(separator: ", ") + "]"
  }
}
