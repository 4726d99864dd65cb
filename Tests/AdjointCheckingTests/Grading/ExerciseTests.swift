import Adjoint
import AdjointChecking
import AdjointGrading
import AdjointLearning
import Testing

@Suite struct ExerciseTests {
  /// x·Wᵀ + b through relu, its square's mean: 3 examples, 2 inputs, 4 units.
  private func small() -> (loss: Variable<Double>, z: Variable<Double>, weight: Variable<Double>) {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([[1, 2], [-1, 0.5], [0.25, -3]]), name: "x")
    let weight = tape.parameter(
      Parameter(Tensor([[0.5, -1], [1, 0.25], [-0.75, 0.5], [0.125, 2]]), name: "weight"))
    let bias = tape.parameter(Parameter(Tensor([0.1, -0.2, 0.3, -0.4]), name: "bias"))
    let z = x.matmul(weight, transposeB: true).addBias(bias).labeled("z")
    return (z.relu().square().mean(), z, weight)
  }

  @Test("The key scores 100%, and every answer in it is exact", arguments: 0..<50)
  func key(seed: Int) throws {
    let exercise = Exercise(on: RandomModel(seed: seed).loss)
    #expect(exercise.questions.count > 5)
    let score = try exercise.grade(exercise.key)
    #expect(score.fraction == 1, "\(score)")
    #expect(score.grades.allSatisfy { $0.grade == .exact }, "\(score)")
  }

  @Test("The worksheet holds no answer, and graded as it is it scores nothing", arguments: 0..<5)
  func worksheet(seed: Int) throws {
    let exercise = Exercise(on: RandomModel(seed: seed).loss)
    let score = try exercise.grade(exercise.worksheet)
    #expect(score.grades.count == exercise.questions.count)
    #expect(score.grades.allSatisfy { $0.grade == .unanswered }, "\(score)")
  }

  @Test("Of the fault family in 50 random models, nine in ten are hinted at rightly and none is graded exact")
  func faults() {
    var (wrong, hinted, equivalent) = (0, 0, 0)
    var missed: [String] = []
    #if DEBUG
      let stride = 4
    #else
      let stride = 1
    #endif
    for seed in 0..<50 {
      let exercise = Exercise(on: RandomModel(seed: seed).loss)
      let student = FaultyStudent(exercise)
      for question in exercise.questions where question.number % stride == seed % stride {
        let answers = student.answers(to: question)
        for answer in answers {
          let isSame = answer.value.shape == question.answer.shape && answer.value.isNear(question.answer)
          guard !isSame else {
            equivalent += 1
            continue
          }
          wrong += 1
          let grade = exercise.grade(answer.value, for: question)
          #expect(grade != .exact, "seed \(seed), (\(question.number)): \(answer.fault)")
          // Two faults may give the same numbers: then either name is right.
          let names = answers.filter { $0.value.shape == answer.value.shape && $0.value.isNear(answer.value) }
            .compactMap(\.hypothesis)
          let isRight: Bool =
            switch grade {
            case .hint(let mistake): names.contains(mistake.hypothesis)
            case .approximately(let error): answer.hypothesis == nil && error < 1.1e-4
            case .wrongShape(let expected, let found, _):
              expected == question.answer.shape && found == answer.value.shape && found != expected
            case .exact, .wrong, .unanswered: false
            }
          if isRight { hinted += 1 } else { missed.append("\(seed) (\(question.number)) \(answer.fault): \(grade)") }
        }
      }
    }
    print(
      "exercises on 50 random models: \(wrong) wrong answers, \(hinted) hinted at rightly "
        + "(\(Double(hinted * 1000 / wrong) / 10)%), \(equivalent) faults that change nothing left out")
    for line in missed.prefix(8) { print("missed:", line) }
    #expect(wrong > 1000)
    #expect(Double(hinted) >= 0.9 * Double(wrong))
  }

  @Test("Answers with few digits are approximately right; the hint survives rounding too")
  func rounding() throws {
    let (loss, z, _) = small()
    let exercise = Exercise(on: loss)
    let question = try #require(exercise.question(about: z))
    let rounded = question.answer.map { ($0 * 1000).rounded() / 1000 }
    guard case .approximately(let error) = exercise.grade(rounded, for: question) else {
      Issue.record("\(exercise.grade(rounded, for: question))")
      return
    }
    #expect(error > 0 && error < 1e-3)
    #expect(
      exercise.grade(rounded.map { -$0 }, for: question) == .hint(Mistake(hypothesis: .sign, place: nil)))
  }

  @Test("The hints of the field: 1/N forgotten, mask forgotten, twice too large, transposed")
  func hints() throws {
    let (loss, z, weight) = small()
    let exercise = Exercise(on: loss)
    let question = try #require(exercise.question(about: z))
    func text(_ answer: Tensor<Double>) -> String { exercise.grade(answer, for: question).description }
    #expect(text(question.answer.map { 12 * $0 }) == "hint: you forgot 1/N (N = 12)")
    #expect(text(question.answer.map { 2 * $0 }) == "hint: twice too large")
    #expect(
      text(question.answer.transposed) == "wrong shape: expected 3×4, found 4×3; transpose it: the numbers are right")
    let aboutWeight = try #require(exercise.question(about: weight))
    #expect(
      exercise.grade(Tensor<Double>.zeros([2, 4]), for: aboutWeight).description
        == "wrong shape: expected 4×2, found 2×4; transposed?")

    // sin ⊙ relu: without the mask the cotangent cos(…) arrives as it is.
    let tape = Tape<Double>()
    let y = tape.input(Tensor([0.5, -1, 2, -0.25]))
    let masked = Exercise(on: y.relu().sin().sum())
    let aboutY = try #require(masked.question(about: y))
    let unmasked = Tensor<Double>([0.5, 0, 2, 0]).map { Double.cosine($0) }
    #expect(masked.grade(unmasked, for: aboutY).description.contains("missing ⊙ mask"))
  }

  @Test("An assigned adjoint is told from an accumulated one")
  func fanOut() throws {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([0.3, -0.7, 1.1]), name: "x")
    let exercise = Exercise(on: (x.sin() + x.square()).sum())
    let question = try #require(exercise.question(about: x))
    let last = x.value.map { Double.cosine($0) }
    #expect(
      exercise.grade(last, for: question) == .hint(Mistake(hypothesis: .assignedInsteadOfAccumulated, place: nil)))
  }

  @Test("A filled worksheet is read: fractions, minus signs, several lines, blanks")
  func filled() throws {
    let tape = Tape<Double>()
    let w = tape.parameter(Parameter(Tensor([[1.0, 2], [3, 4]]), name: "w"))
    let exercise = Exercise(on: w.square().mean().labeled("loss"))
    #expect(exercise.questions.map(\.node) == [1, 0])
    let text = "(1) = [[1/4, 0.25],\n  [2.5e-1, 0.25]]\n\n(2) = [[0.5, 1], [1.5, −2]]\n"
    let score = try exercise.grade(text)
    #expect(score.grades[0].grade == .exact)
    #expect(!score.grades[1].grade.isRight)
    #expect(score.solved == 1)
    #expect(try exercise.grade("(2) = [[0.5, 1], [1.5, 2]]").grades.map(\.grade) == [.unanswered, .exact])
  }

  @Test(
    "What cannot be read throws with line, expectation and remedy",
    arguments: [
      ("(1) = [[1, 2], [3]]", "rows of different lengths"), ("\n(1) = [1, two]", "line 2: expected a number"),
      ("(9) = 1", "expected a question from (1) to (2)"), ("(1) = 1\n(1) = 2", "a second one"),
      ("(1) = [1, 2", "a comma or a closing bracket"), ("(1) = nan", "expected a number"),
      ("(1) = [1] 2", "the end of the answer"), ("(1) = " + String(repeating: "[", count: 5000), "at most 8 brackets"),
    ])
  func damaged(text: String, complaint: String) {
    let tape = Tape<Double>()
    let w = tape.parameter(Parameter(Tensor([1.0, 2]), name: "w"))
    let exercise = Exercise(on: w.square().mean())
    let error = #expect(throws: ExerciseError.self) { try exercise.grade(text) }
    #expect("\(error.map { "\($0)" } ?? "")".contains(complaint), "\(String(describing: error))")
  }

  @Test("A Float model is asked about in Double, and left as it was")
  func float() throws {
    let tape = Tape<Float>()
    let w = tape.parameter(Parameter(Tensor<Float>([0.1, 0.2]), name: "w"))
    let loss = w.tanh().sum()
    let before = tape.count
    let exercise = Exercise(on: loss)
    #expect(tape.count == before)
    #expect(exercise.worksheet.contains("[0.1, 0.2]"))
    let expected = [Float(0.1), 0.2].map {
      1 - Double.hyperbolicTangent(Double($0)) * Double.hyperbolicTangent(Double($0))
    }
    let question = try #require(exercise.question(about: w))
    #expect(exercise.grade(Tensor(expected), for: question) == .exact)
  }
}

extension Tensor where Element == Double {
  /// Tells whether every element is the same up to 1e-9 of the largest.
  func isNear(_ other: Tensor) -> Bool {
    let size = other.elements.map(Swift.abs).max() ?? 0
    return zip(elements, other.elements).allSatisfy { Swift.abs($0 - $1) <= 1e-9 * size }
  }

  var transposed: Tensor {
    Tensor((0..<shape[1]).map { column in (0..<shape[0]).map { self[$0, column] } })
  }
}
