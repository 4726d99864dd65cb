import Adjoint
import AdjointChecking

// Answers judged: against the right ones, and against what follows from the earlier answers of the same sheet.

extension Exercise {
  /// Grades one answer alone: whatever comes before it is taken to be right.
  package func grade(_ submission: Tensor<Double>, for question: Question) -> Grade {
    grades(of: [submission], for: question)[0]
  }

  /// Grades several answers to one question, each alone.
  /// - Complexity: a backward pass and about thirty contributions, and a comparison with each for every answer.
  package func grades(of submissions: [Tensor<Double>], for question: Question) -> [Grade] {
    var grades: [Grade] = []
    walk { asked, sweep in
      guard asked.node == question.node else { return nil }
      let judge = Judge(self, asked, sweep)
      grades = submissions.map { judge.grade($0) }
      return nil
    }
    return grades
  }

  /// Grades a filled sheet. Each answer is judged by itself: one that cannot be read costs only itself.
  /// - Throws: `ExerciseError` for a sheet that was made from another model, seed or batch.
  package func grade(_ submission: Submission) throws(ExerciseError) -> ExerciseScore {
    if let found = submission.recording, found.value != recording {
      throw ExerciseError(
        line: found.line, expected: "a sheet of the recording \(recording)", found: "one of \(found.value)",
        remedy:
          "it was made from another model, seed or batch, or changed by hand: grade it with those that it was made from"
      )
    }
    var (grades, remarks) = ([(question: Question, grade: Grade)](), submission.remarks)
    let answers = collected(submission, &remarks)
    var meanings = valueNames
    /// The earlier answers that a node's adjoint in the sweep is wrong by.
    var roots: [Int: Set<Int>] = [:]
    walk { question, sweep in
      let inherited = sweep.uses(of: question.node).reduce(into: Set<Int>()) {
        $0.formUnion(inheritedRoots($1.consumer))
      }
      roots[question.node] = inherited
      var own: Tensor<Double>?
      // An answer that is of no use costs only itself: its name stands for what follows from those before it.
      var meaning = AnswerReader.Meaning.value(sweep.adjoint(of: question.node)?.value ?? question.answer)
      let grade: Grade
      switch read(answers[question.number] ?? [], meanings) {
      case .success(let answer?):
        let judged = Judge(self, question, sweep, inherited).grade(answer)
        grade = judged
        if answer.shape == question.answer.shape { (own, meaning) = (answer, .value(answer)) }
        if judged.isRight, !judged.isCarried { roots[question.node] = [] }
        if !judged.isRight, own != nil { roots[question.node] = [question.node] }
      case .success(nil):
        grade = .unanswered
        meaning = .missing("(\(question.number)) has no answer yet: give one, or write the numbers out")
      case .failure(let error): grade = .unreadable(error)
      }
      grades.append((question, grade))
      for spelling in names.adjointSpellings(question.node) { meanings[spelling] = meaning }
      return own

      /// Nodes that are not asked about pass on what they inherit.
      func inheritedRoots(_ node: Int) -> Set<Int> {
        roots[node] ?? sweep.uses(of: node).reduce(into: []) { $0.formUnion(inheritedRoots($1.consumer)) }
      }
    }
    return ExerciseScore(grades: grades, remarks: remarks)
  }

  /// The entries of each question that are filled; what names no question becomes a remark.
  private func collected(_ submission: Submission, _ remarks: inout [String]) -> [Int: [Submission.Entry]] {
    var answers: [Int: [Submission.Entry]] = [:]
    for entry in submission.entries where entry.isFilled {
      guard let number = number(of: entry.key) else {
        remarks.append(
          ExerciseError(
            line: entry.line, expected: "a question from (1) to (\(questions.count))", found: printable(entry.key),
            remedy: "number answers as the worksheet does"
          ).description)
        continue
      }
      answers[number, default: []].append(entry)
    }
    return answers
  }

  /// The number of the question that a key means: `4`, `(4)`, `z̄⁽¹⁾`, `dz1`, `z1`, or a name that one question alone has.
  private func number(of key: String) -> Int? {
    if let number = Int(key.filter { !"() ".contains($0) }) {
      return questions.indices.contains(number - 1) ? number : nil
    }
    let found = questions.filter {
      $0.name == key || (names.spellings($0.node) + names.adjointSpellings($0.node)).contains(key)
    }
    return found.count == 1 ? found[0].number : nil
  }

  private func printable(_ key: String) -> String {
    Int(key) != nil ? "(\(key))" : "“\(key.prefix(40))”"
  }

  private func read(
    _ entries: [Submission.Entry], _ names: [String: AnswerReader.Meaning]
  ) -> Result<Tensor<Double>?, ExerciseError> {
    guard let entry = entries.first else { return .success(nil) }
    guard entries.count == 1 else {
      return .failure(
        ExerciseError(
          line: entries[1].line, expected: "one answer", found: "\(entries.count) answers", remedy: "delete all but one"
        ))
    }
    do throws(ExerciseError) {
      return .success(try AnswerReader.value(of: entry.text, line: entry.line, names: names))
    } catch {
      return .failure(error)
    }
  }

  /// The values of the forward pass, by their names on the sheet.
  var valueNames: [String: AnswerReader.Meaning] {
    var meanings: [String: AnswerReader.Meaning] = [:]
    for v in SheetNames.nodes(behind: output) {
      for spelling in names.spellings(v.index) {
        meanings[spelling] = .value(v.holdsIndices ? v.indexValue.map(Double.init) : v.value)
      }
      for spelling in names.adjointSpellings(v.index) {
        meanings[spelling] =
          v.index == output.index
          ? .value(Tensor(repeating: 1, shape: v.shape)) : .missing("it is asked for later, or not at all")
      }
    }
    return meanings
  }
}

/// The judge of one answer.
struct Judge {
  private let exercise: Exercise
  private let question: Exercise.Question
  /// What follows from the earlier answers, where that is not the right answer.
  private let carried: Tensor<Double>?
  private let roots: [Int]
  private let wrongAnswers: [WrongAnswers]

  init(
    _ exercise: Exercise, _ question: Exercise.Question, _ sweep: borrowing OwnSweep, _ roots: Set<Int> = []
  ) {
    (self.exercise, self.question) = (exercise, question)
    self.roots = roots.sorted(by: >)
    let follows = sweep.adjoint(of: question.node)?.value ?? question.answer
    carried = follows.distance(from: question.answer) > question.noise ? follows : nil
    wrongAnswers =
      (carried == nil ? [] : [WrongAnswers(exercise, question, sweep, right: question.answer, isOwn: false)])
      + [WrongAnswers(exercise, question, sweep, right: follows, isOwn: true)]
  }

  func grade(_ answer: Tensor<Double>) -> Grade {
    let right = question.answer
    guard answer.shape == right.shape else { return wrongShape(answer) }
    let error = answer.distance(from: right)
    let size = right.elements.largestMagnitude
    if error <= max(Grade.exactness * size, question.noise) { return .exact }
    if error <= exercise.tolerance * size { return .rounded }
    if let carried {
      let bound = max(exercise.tolerance * carried.elements.largestMagnitude, question.noise)
      if answer.distance(from: carried) <= bound {
        return roots.isEmpty ? .rounded : .follows(from: roots.map { exercise.names.adjoint($0) })
      }
    }
    for within in [Grade.exactness * 10, exercise.tolerance] {
      for wrong in wrongAnswers {
        if let mistake = wrong.mistake(in: answer, within: within) { return .hint(mistake) }
      }
    }
    if let fit = wrongAnswers.lazy.compactMap({ $0.fit(answer) }).first { return .hint(fit) }
    let element = answer.worstDifference(from: carried ?? right)?.element ?? 0
    return .wrong(place: answer.coordinates(of: element), found: answer.elements[element])
  }

  private func wrongShape(_ answer: Tensor<Double>) -> Grade {
    let (found, expected) = (answer.shape, question.answer.shape)
    var remark = wrongAnswers.lazy.compactMap { $0.mistake(in: answer, within: exercise.tolerance) }.first?.description
    if remark != nil {
    } else if Array(found) == expected.reversed() {
      remark = "transposed?"
    } else if found.elementCount == expected.elementCount {
      remark = "an adjoint has the shape of its node"
    } else if expected.broadcasts(to: found) {
      remark = "sum over the axes along which it is repeated"
    }
    return .wrongShape(expected: expected, found: found, remark: remark)
  }
}
