import Adjoint
import AdjointChecking

/// The worth of an answer, with what to say about it.
package enum Grade: Sendable, Hashable, CustomStringConvertible {
  /// Right to the last digits.
  case exact
  /// Right to the digits asked for.
  case rounded
  /// What follows from earlier answers that are wrong; it loses nothing.
  case follows(from: [String])
  case wrongShape(expected: Shape, found: Shape, remark: String?)
  /// Wrong in a way that was recognised.
  case hint(Mistake)
  /// Wrong in no known way; the element that is wrong by most. The right number is not told.
  case wrong(place: String, found: Double)
  /// It cannot be read.
  case unreadable(ExerciseError)
  case unanswered

  /// The error of arithmetic itself, as a part of the largest element.
  static let exactness = 1e-9

  /// Tells whether the question counts as solved.
  package var isRight: Bool {
    switch self {
    case .exact, .rounded, .follows: true
    case .wrongShape, .hint, .wrong, .unreadable, .unanswered: false
    }
  }

  /// Tells whether it is right because of an earlier answer that is not.
  var isCarried: Bool { if case .follows = self { true } else { false } }

  package var description: String {
    switch self {
    case .exact: "right"
    case .rounded: "right to the digits asked for"
    case .follows(let earlier): "right as it follows from your \(earlier.joined(separator: ", ")), which is wrong"
    case .wrongShape(let expected, let found, let remark):
      "wrong shape: expected \(Grade.text(expected)), found \(Grade.text(found))" + (remark.map { "; \($0)" } ?? "")
    case .hint(let mistake): "hint: \(mistake)"
    case .wrong(let place, let found):
      "wrong: \(place == "[]" ? "" : "element \(place), ")\(NumberText.number(NumberText.rounded(found, 6)))"
        + (place == "[]" ? "" : ", is off by most")
    case .unreadable(let error): "cannot be read: \(error)"
    case .unanswered: "no answer"
    }
  }

  /// `128×10`, `a row of 10 numbers`, or `a single number`.
  static func text(_ shape: Shape) -> String {
    switch shape.rank {
    case 0: "a single number"
    case 1: shape[0] == 1 ? "one number in brackets" : "a row of \(shape[0]) numbers"
    default: shape.map(String.init).joined(separator: "×")
    }
  }
}

/// A mistake that explains every element of a wrong answer.
package struct Mistake: Sendable, Hashable, CustomStringConvertible {
  package enum Kind: Sendable, Hashable {
    /// One of the checker's names.
    case hypothesis(Hypothesis)
    case classic(ClassicMistake)
    /// Every number is 0.
    case allZero
  }

  package let kind: Kind
  /// The use of the node where it was made, such as `%7 (relu)`; `nil` where the whole answer is meant.
  package let place: String?

  package init(_ kind: Kind, place: String? = nil) { (self.kind, self.place) = (kind, place) }
  package init(hypothesis: Hypothesis, place: String? = nil) { self.init(.hypothesis(hypothesis), place: place) }

  package var description: String { kind.hint + (place.map { ", where it goes into \($0)" } ?? "") }
}

extension Mistake.Kind {
  /// A clause as a teacher would say it.
  var hint: String {
    switch self {
    case .hypothesis(let hypothesis): hypothesis.hint
    case .classic(let mistake): mistake.hint
    case .allZero: "all zeros, and a gradient does arrive here"
    }
  }
}

extension Hypothesis {
  /// A clause as a teacher would say it.
  var hint: String {
    switch self {
    case .sign: "the sign"
    case .factor(2): "twice too large"
    case .factor(0.5): "half of what it should be"
    case .factor(let factor): "too large by the factor \(NumberText.number(NumberText.rounded(factor, 3)))"
    case .transposed: "transposed: the numbers are right"
    case .missingMean(let n): "you forgot 1/N (N = \(n))"
    case .doubledMean(let n): "1/N is there once too often (N = \(n))"
    case .missingBroadcastSum: "sum over the axes along which it is repeated"
    case .assignedInsteadOfAccumulated: "you assigned where branches add: sum over all uses"
    case .droppedEdge: "a branch is missing: the value is used there too"
    case .staleValue: "computed from values of another point"
    case .wrongBranch: "the mask is the wrong way round"
    case .wrongRow(let row): "only row \(row) is wrong"
    case .relativeError(let error): "off by \(short(error)) everywhere"
    case .valueForDerivative: "the value stands where the derivative belongs"
    case .wrongValue, .sharedDerivative, .wrongTangent, .wrongSecondDerivative, .missingCotangent, .derivativeAtOutput,
      .otherFormula, .strayFactor, .exchangedOperands, .untransposedJacobian, .diagonalOnly, .wrongAxis, .otherMean,
      .wrongElement, .notFinite, .wrongInPrecision, .unknown:
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
  /// What the sheet holds besides answers to its questions.
  package let remarks: [String]

  /// Questions solved.
  public var solved: Int { grades.count { $0.grade.isRight } }
  /// Solved over asked.
  package var fraction: Double { Double(solved) / Double(grades.count) }

  /// A line for each question and the sum.
  public var description: String {
    let lines = grades.map { "(\($0.question.number)) \($0.question.title): \($0.grade)" }
    let blank = grades.count { $0.grade == .unanswered }
    let sum = "\(solved) of \(grades.count) right" + (blank > 0 ? ", \(blank) without an answer" : "")
    return (lines + remarks + [sum]).joined(separator: "\n")
  }
}
