import Adjoint
import AdjointChecking

/// The worth of an answer, with what to say about it.
package enum Grade: Sendable, Hashable, CustomStringConvertible {
  /// Right to the last digits.
  case exact
  /// Right but for rounding: the largest error relative to the largest element.
  case approximately(error: Double)
  case wrongShape(expected: Shape, found: Shape, remark: String?)
  /// Wrong in a way that was recognised.
  case hint(Mistake)
  /// Wrong in no known way; the element that is wrong by most. The right number is not told.
  case wrong(element: Int, found: Double)
  case unanswered

  /// Tells whether the question counts as solved.
  package var isRight: Bool {
    switch self {
    case .exact, .approximately: true
    case .wrongShape, .hint, .wrong, .unanswered: false
    }
  }

  package var description: String {
    switch self {
    case .exact: "exact"
    case .approximately(let error): "approximately: off by \(short(error)) of the largest element"
    case .wrongShape(let expected, let found, let remark):
      "wrong shape: expected \(Grade.text(expected)), found \(Grade.text(found))" + (remark.map { "; \($0)" } ?? "")
    case .hint(let mistake): "hint: \(mistake)"
    case .wrong(let element, let found): "wrong: element \(element), \(short(found)), is off by most"
    case .unanswered: "no answer"
    }
  }

  /// `128×10`, or `a single number`.
  static func text(_ shape: Shape) -> String {
    shape.rank == 0 ? "a single number" : shape.map(String.init).joined(separator: "×")
  }
}

/// A mistake that explains every element of a wrong answer.
package struct Mistake: Sendable, Hashable, CustomStringConvertible {
  package let hypothesis: Hypothesis
  /// The use of the node where it was made, such as `%7 (relu)`; `nil` where the whole answer is meant.
  package let place: String?

  package init(hypothesis: Hypothesis, place: String? = nil) { (self.hypothesis, self.place) = (hypothesis, place) }

  package var description: String { hypothesis.hint + (place.map { ", where it goes into \($0)" } ?? "") }
}

extension Hypothesis {
  /// A clause as a teacher would say it.
  var hint: String {
    switch self {
    case .sign: "the sign"
    case .factor(2): "twice too large"
    case .factor(0.5): "half of what it should be"
    case .factor(let factor): "too large by the factor \(short(factor))"
    case .transposed: "transposed"
    case .missingMean(let n): "you forgot 1/N (N = \(n))"
    case .doubledMean(let n): "1/N is there once too often (N = \(n))"
    case .missingBroadcastSum: "sum over the axes along which it is repeated"
    case .assignedInsteadOfAccumulated: "you assigned where branches add: sum over all uses"
    case .droppedEdge: "a branch is missing: the value is used there too"
    case .staleValue: "computed from values of another point"
    case .wrongBranch: "the mask is the wrong way round"
    case .wrongRow(let row): "only row \(row) is wrong"
    case .relativeError(let error): "off by \(short(error)) everywhere"
    case .wrongValue, .sharedDerivative, .wrongTangent, .wrongSecondDerivative, .missingCotangent, .valueForDerivative,
      .derivativeAtOutput, .otherFormula, .strayFactor, .exchangedOperands, .untransposedJacobian, .diagonalOnly,
      .wrongAxis, .otherMean, .wrongElement, .notFinite, .wrongInPrecision, .unknown:
      text
    case .countedTwice: "a branch is counted twice"
    case .missingLocalDerivative: "missing ⊙ mask or factor: the local derivative"
    }
  }
}

/// The grades of a worksheet.
public struct ExerciseScore: Sendable, CustomStringConvertible {
  /// In the order of the questions.
  package let grades: [(question: Exercise.Question, grade: Grade)]

  /// Questions solved.
  public var solved: Int { grades.count { $0.grade.isRight } }
  /// Solved over asked.
  package var fraction: Double { Double(solved) / Double(grades.count) }

  /// A line for each question and the sum.
  public var description: String {
    let lines = grades.map { entry in
      "(\(entry.question.number)) \(entry.question.symbol)\(entry.question.name.isEmpty ? "" : " " + entry.question.name): "
        + "\(entry.grade)"
    }
    return (lines + ["\(solved) of \(grades.count) right"]).joined(separator: "\n")
  }
}
