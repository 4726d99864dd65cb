import Adjoint
import AdjointChecking
import AdjointFiles
import AdjointGrading
import AdjointLearning
import Foundation
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

  @Test("Of the wrong answers to 60 random models, 97% get the right name, and none is right but within the tolerance")
  func family() {
    var (wrong, named, equal) = (0, 0, 0)
    var (rounded, namedRounded) = (0, 0)
    var missed: [String: Int] = [:]
    // A quarter of the questions in a debug build, all of them otherwise.
    #if DEBUG
      let stride = ProcessInfo.processInfo.environment["ADJOINT_LONG_TESTS"] == nil ? 4 : 1
    #else
      let stride = 1
    #endif
    for seed in 0..<60 {
      let exercise = Exercise(on: RandomModel(seed: seed).loss)
      let student = FaultyStudent(exercise)
      for question in exercise.questions where question.number % stride == seed % stride {
        let answers = student.answers(to: question)
        let grades = exercise.grades(of: answers.map(\.value), for: question)
        let bound = exercise.tolerance * question.answer.elements.map(abs).max()!
        // The same answers in three digits, where that leaves them wrong; another mistake may then be as near.
        let short = answers.map { $0.value.map { NumberText.rounded($0, 3) } }
        for ((answer, value), grade) in zip(zip(answers, short), exercise.grades(of: short, for: question))
        where !grade.isRight && answer.value.shape == question.answer.shape {
          rounded += 1
          guard case .hint(let mistake) = grade else { continue }
          let near = answers.filter {
            $0.value.shape == value.shape && $0.value.isNear(value, within: exercise.tolerance)
          }
          if mistake.kind == .allZero || near.contains(where: { $0.kind == mistake.kind }) { namedRounded += 1 }
        }
        for (answer, grade) in zip(answers, grades) {
          if answer.value.shape == question.answer.shape,
            zip(answer.value.elements, question.answer.elements).allSatisfy({ abs($0 - $1) <= bound + question.noise })
          {
            equal += 1
            #expect(grade.isRight, "seed \(seed), (\(question.number)): \(answer.fault)")
            continue
          }
          wrong += 1
          #expect(!grade.isRight, "seed \(seed), (\(question.number)): \(answer.fault)")
          // Two mistakes may give the same numbers: then either name is right.
          let twins = answers.filter { $0.value.shape == answer.value.shape && $0.value.isNear(answer.value) }
          let isZero = answer.value.elements.allSatisfy { $0 == 0 }
          let isNamed: Bool =
            switch grade {
            case .hint(let mistake): isZero ? mistake.kind == .allZero : twins.contains { $0.kind == mistake.kind }
            case .wrongShape(let expected, let found, let remark):
              expected == question.answer.shape && found == answer.value.shape && remark != nil
            case .exact, .rounded, .follows, .wrong, .unreadable, .unanswered: false
            }
          if isNamed {
            named += 1
          } else {
            missed["\(answer.kind.map { "\($0)" } ?? "none"): \(grade)", default: 0] += 1
          }
        }
      }
    }
    let share = Double(named) / Double(wrong)
    print(
      "homework on 60 random models: \(wrong) wrong answers, \(named) named rightly (\(Double(Int(share * 1000)) / 10)%), "
        + "\(equal) answers within the tolerance of the key left out; in three digits \(namedRounded) of \(rounded)")
    for line in missed.sorted(by: { $0.value > $1.value }).prefix(20) { print("missed \(line.value):", line.key) }
    #expect(wrong > 1000)
    #expect(share >= 0.97)
    #expect(Double(namedRounded) >= 0.97 * Double(rounded))
  }

  @Test("The key rounded to three digits scores 100%", arguments: 0..<60)
  func rounded(seed: Int) throws {
    let exercise = Exercise(on: RandomModel(seed: seed).loss)
    let score = try exercise.grade(exercise.roundedKey)
    #expect(score.fraction == 1, "\(score)")
  }

  @Test("One early error followed by right work loses one mark", arguments: 0..<60)
  func carried(seed: Int) throws {
    let exercise = Exercise(on: RandomModel(seed: seed).loss)
    // Right work behind an answer that is 1.3 times too large: every gradient behind it is linear in it.
    let wrong = exercise.questions.first { $0.name == "last" }!
    var sheet = ""
    exercise.walk { question, sweep in
      let right = sweep.adjoint(of: question.node)!.value
      let own = question.number == wrong.number ? right.map { 1.3 * $0 } : right
      sheet += "(\(question.number)) = \(NumberText.text(own, digits: 4))\n"
      return own
    }
    let score = try exercise.grade(sheet)
    #expect(score.solved == exercise.questions.count - 1, "\(score)")
    #expect(!score.grades[wrong.number - 1].grade.isRight)
    let follows = score.grades.filter { $0.grade == .follows(from: [wrong.symbol]) }
    #expect(!follows.isEmpty, "\(score)")
  }

  @Test("A second error is named too, measured against the first")
  func secondError() throws {
    let (loss, z, weight) = small()
    let exercise = Exercise(on: loss)
    let first = try #require(exercise.question(about: z))
    let second = try #require(exercise.question(about: weight))
    let sheet = "(\(first.number)) = \(NumberText.text(first.answer.map { 1.3 * $0 }))\n"
    func grade(_ factor: Double) throws -> Grade {
      let answer = NumberText.text(second.answer.map { factor * $0 }, digits: 4)
      return try exercise.grade(sheet + "(\(second.number)) = \(answer)").grades[second.number - 1].grade
    }
    #expect(try grade(1.3) == .follows(from: [first.symbol]))
    #expect(try grade(-1.3) == .hint(Mistake(hypothesis: .sign)))
    #expect(try grade(2.6) == .hint(Mistake(hypothesis: .factor(2))))
    #expect(try grade(1) == .rounded || grade(1) == .exact)
    #expect(try grade(-1) == .hint(Mistake(hypothesis: .sign)))
  }

  @Test("Three digits are right, and two are not; the hint survives rounding too")
  func digits() throws {
    let (loss, z, _) = small()
    let exercise = Exercise(on: loss)
    let question = try #require(exercise.question(about: z))
    let rounded = question.answer.map { NumberText.rounded($0, 3) }
    #expect(exercise.grade(rounded, for: question) == .rounded)
    #expect(!exercise.grade(question.answer.map { 1.03 * $0 }, for: question).isRight)
    #expect(exercise.grade(rounded.map { -$0 }, for: question) == .hint(Mistake(hypothesis: .sign)))
  }

  @Test("Zero has no sign, in a key and in an answer, and nothing but rounding is zero")
  func zero() throws {
    let tape = Tape<Double>()
    let x = tape.parameter(Parameter(Tensor([0.0, 1, 2]), name: "x"))
    let exercise = Exercise(on: (x * tape.constant(Tensor([-0.0, 1, 0.5]))).sum())
    let question = try #require(exercise.question(about: x))
    #expect(!exercise.key.contains("[-0"))
    #expect(exercise.grade(Tensor([-0.0, 1, 0.5]), for: question) == .exact)
    #expect(exercise.grade(Tensor([0.0, 1, 0.5]), for: question) == .exact)
    // 0.1 + 0.2 − 0.3 is 5.6e-17 in one order and 0 in another.
    let y = tape.parameter(Parameter(Tensor(scalar: 1), name: "y"))
    let sum = Exercise(on: y * 0.1 + y * 0.2 - y * 0.3)
    let about = try #require(sum.question(about: y))
    #expect(sum.grade(Tensor(scalar: 0), for: about).isRight)
    #expect(sum.grade(Tensor(scalar: -5.6e-17), for: about).isRight)
    #expect(!sum.grade(Tensor(scalar: 1e-3), for: about).isRight)
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
      text(question.answer.transposed) == "wrong shape: expected 3×4, found 4×3; transposed: the numbers are right")
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

  @Test("The classics of tanh and its layer are named")
  func classics() throws {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([[1, 2], [-1, 0.5], [0.25, -3]]), name: "x")
    let (w1, w2) = (
      tape.parameter(Parameter(Tensor([[0.5, -0.25], [0.75, 0.125]]), name: "w1")),
      tape.parameter(Parameter(Tensor([[1, 0.5], [-0.5, 0.75], [0.25, -1]]), name: "w2"))
    )
    let z1 = x.matmul(w1, transposeB: true)
    let a1 = z1.tanh()
    let z2 = a1.matmul(w2, transposeB: true)
    let labels = tape.index(Tensor<Int32>([0, 2, 1]))
    let exercise = Exercise(on: crossEntropy(logits: z2, labels: labels))
    func hint(_ v: Variable<Double>, _ answer: Tensor<Double>) throws -> String {
      exercise.grade(answer, for: try #require(exercise.question(about: v))).description
    }
    func answer(_ v: Variable<Double>) throws -> Tensor<Double> { try #require(exercise.question(about: v)).answer }
    let (dz2, da1) = (try answer(z2), try answer(a1))
    func times(_ slope: (Double, Double) -> Double) -> Tensor<Double> {
      Tensor(
        shape: z1.shape,
        elements: z1.value.elements.indices.map {
          da1.elements[$0] * slope(z1.value.elements[$0], a1.value.elements[$0])
        })
    }
    #expect(try hint(z1, times { z, _ in 1 - z * z }).contains("z was put in for a"))
    #expect(try hint(z1, times { _, a in 1 - a }).contains("not 1 − a"))
    #expect(try hint(z1, times { _, a in 1 + a * a }).contains("not 1 + a²"))
    #expect(try hint(z1, times { _, a in a * (1 - a) }).contains("that is sigmoid′"))
    #expect(try hint(z1, a1.value.map { 1 - $0 * $0 }).contains("the adjoint that arrives is forgotten"))
    #expect(try hint(z1, da1).contains("missing ⊙ mask or factor"))
    #expect(try hint(a1, dz2).contains("the weight is forgotten"))
    func transposedProduct(_ g: Tensor<Double>, _ x: Tensor<Double>) -> Tensor<Double> {
      let tape = Tape<Double>()
      return tape.input(g).matmul(tape.input(x), transposeA: true).value
    }
    #expect(try hint(w2, transposedProduct(dz2, z1.value)).contains("z was taken for a"))
    #expect(try hint(w1, transposedProduct(da1, x.value)).contains("an activation is skipped"))
    #expect(try hint(w2, try answer(w2).with(w2.value) { $0 + 0.1 * $1 }).contains("0.1 times the weight is added"))
    let p = z2.softmax().value
    #expect(try hint(z2, dz2.with(p) { $0 * $1 * (1 - $1) }).contains("δ of a squared error"))
    #expect(try hint(z2, p.map { $0 / 3 }).contains("the target t is missing"))
    let byP = Tensor(
      shape: p.shape, elements: p.elements.indices.map { [0, 5, 7].contains($0) ? -1 / p.elements[$0] / 3 : 0 })
    #expect(try hint(z2, byP).contains("derivative by the probabilities"))
    #expect(try hint(z2, .zeros(z2.shape)).contains("all zeros"))
  }

  @Test("An assigned adjoint is told from an accumulated one")
  func fanOut() throws {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([0.3, -0.7, 1.1]), name: "x")
    let exercise = Exercise(on: (x.sin() + x.square()).sum())
    let question = try #require(exercise.question(about: x))
    let last = x.value.map { Double.cosine($0) }
    #expect(
      exercise.grade(last, for: question) == .hint(Mistake(hypothesis: .assignedInsteadOfAccumulated)))
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

  /// w², its mean, for a sheet of two questions.
  private func squares() -> Exercise {
    let w = Tape<Double>().parameter(Parameter(Tensor([1.0, 2]), name: "w"))
    return Exercise(on: w.square().mean())
  }

  @Test(
    "An answer that cannot be read says line, expectation and remedy, and costs only itself",
    arguments: [
      ("[[1, 2], [3]]", "rows of different lengths"), ("[1, two]", "line 1: expected a number, a name of the sheet"),
      ("[1, 2", "a comma or a closing bracket"), ("nan", "an answer is a finite number"),
      ("-inf", "an answer is a finite"),
      ("[1] 2", "expected a sign such as *, or the end of the answer"),
      (String(repeating: "[", count: 5000), "at most 64 brackets"),
      (String(repeating: "(", count: 5000) + "1", "at most 64 brackets"), ("1/0", "found a division by 0"),
      ("[1, 1/(2 - 2)]", "found a division by 0"), ("log(-1)", "expected finite numbers, found nan"),
      ("1e999", "expected finite numbers, found inf"), ("exp(1000)", "found inf"),
      ("[1, 2] + [1, 2, 3]", "go together"),
      ("dw", "expected a name that has a value"), ("foo(1)", "functions are exp"),
      ("[1, 2] · [1, 2, 3]", "go together"),
      ("sum([1, 2], 1)", "an axis of [2]"), ("sum([1, 2], x)", "expected a number"), ("2 ^", "expected a number"),
      ("1,5", "expected a decimal point, or the end of the answer"), ("du1", "expected a name that has a value"),
      ("3", "expected a row of 2 numbers"),
    ])
  func damaged(text: String, complaint: String) throws {
    let score = try squares().grade("(1) = \(text)\n\n## Further\n\n(2) = [1, 2]")
    #expect(score.grades[0].grade.description.contains(complaint), "\(score)")
    #expect(score.grades[1].grade == .exact, "\(score)")
    // A formula behind it goes on from what follows; from an answer that was not given there is nothing to go on.
    #expect(try squares().grade("(1) = \(text)\n\n## Further\n\n(2) = 2 * du1 * w").grades[1].grade == .exact)
    let blank = try squares().grade("(1) = ____\n(2) = 2 * du1 * w").grades[1].grade.description
    #expect(blank.contains("(1) has no answer yet"), "\(blank)")
  }

  @Test("Two answers to one question cost that question; a number that is not asked is remarked on")
  func surplus() throws {
    let score = try squares().grade("(1) = 1\n(1) = 2\n(2) = [1, 2]\n(9) = 1")
    #expect(score.grades[0].grade.description.contains("line 2: expected one answer, found 2 answers"))
    #expect(score.solved == 1)
    #expect(
      score.remarks.count == 1 && score.remarks[0].contains("line 4: expected a question from (1) to (2), found (9)"))
  }

  @Test(
    "A formula is as good as its number",
    arguments: [
      ("[1/2, 0.5]", "[1, 2]"), ("[0.5, 0.5] + 0", "2 * du1 ⊙ w"),
      ("np.sum([[0.5, 0.5]]^T, axis=1)", "[[1, 0], [0, 2]]^T @ [1, 1]"), ("dL/2 * [1, 1]", "du1 × 2 × w"),
      ("[sqrt(0.25), 2^-1]", "(du1 + ū₁) * w"), ("−(−[.5, 5e-1])", "[[1, 2]]ᵀ · [1]"), ("[σ(0), exp(0)/2]", "w^1"),
      ("[0.5" + String(repeating: "0", count: 1000) + ", 0.5]", "[sum([0.25, 0.75]), 2 tanh(0)"),
    ])
  func formulas(first: String, second: String) throws {
    let score = try squares().grade("(1) = \(first)\n\n∂\n(2) = \(second)")
    #expect(score.grades[0].grade == .exact, "\(score)")
    #expect(score.grades[1].grade == .exact || second.contains("2 tanh"), "\(score)")
  }

  @Test("What a keyboard has for a name means one value, also where labels look alike")
  func keys() throws {
    let tape = Tape<Double>()
    let w = tape.parameter(Parameter(Tensor([0.5, 2]), name: "w"))
    let first = w.square().labeled("z₁")
    let second = (first * w).labeled("z1")
    let loss = (second.exp().labeled("dw") + first.tanh().labeled("exp")).sum().labeled("ŷ")
    let exercise = Exercise(on: loss)
    let rows = exercise.worksheet.split(separator: "\n").filter { $0.hasPrefix("| ") }.dropFirst(2)
    let keys = rows.map { $0.split(separator: "|")[1].trimmingCharacters(in: [" ", "`"]) }
    #expect(keys == ["u0", "u1", "z1", "dw", "u4", "u5", "yhat"], "\(keys)")
    // Each adjoint by its own name on a keyboard is that of the recording.
    let question = try #require(exercise.questions.last)
    let score = try exercise.grade("(\(question.number)) = du1 * 2 * u0 + dz1 * u1")
    #expect(score.grades[question.number - 1].grade.description.contains("no answer yet"), "\(score)")
    let sheet = exercise.questions.dropLast().map { "(\($0.number)) = \(NumberText.text($0.answer))" }
    let whole = try exercise.grade((sheet + ["(\(question.number)) = du1 * 2 * u0 + dz1 * u1"]).joined(separator: "\n"))
    #expect(whole.fraction == 1, "\(whole)")
  }

  @Test("A sheet of another recording is refused with a sentence; one without a recording is taken as it is")
  func otherSheet() throws {
    let (exercise, other) = (squares(), Exercise(on: small().loss))
    let error = #expect(throws: ExerciseError.self) { try exercise.grade(other.key) }
    #expect("\(try #require(error))".contains("expected a sheet of the recording \(exercise.recording), found one of"))
    #expect(try exercise.grade("(2) = [1, 2]").solved == 1)
  }

  @Test("A sheet in JSON is filled in by numbers, formulas and names, and graded as the other is")
  func json() throws {
    let exercise = Exercise(on: small().loss, about: [("model", "own")], parametersOnly: true)
    #expect(exercise.questions.map(\.name) == ["bias", "weight"])
    let key = try Submission(json: exercise.jsonKey.text.utf8, file: "key.json")
    #expect(try exercise.grade(key).fraction == 1)
    #expect(key.about.map(\.name) == ["model", "digits", "tolerance", "recording"])
    let bias = try #require(exercise.questions.first { $0.name == "bias" }).answer
    let text =
      "{\"answers\": {\"bias\": [\(bias.elements.map { "\"2*\($0)/2\"" }.joined(separator: ","))], \"2\": null}}"
    #expect(
      try exercise.grade(Submission(json: text.utf8, file: "own.json")).grades.map(\.grade) == [.exact, .unanswered])
    #expect(throws: (any Error).self) { try Submission(json: "{\"answer\": {}}".utf8, file: "own.json") }
    #expect(throws: (any Error).self) { try Submission(json: "{\"answers\": {\"1\": NaN}}".utf8, file: "own.json") }
  }

  @Test("Arrays of NumPy are graded as the numbers that they hold, by number, symbol and name")
  func arrays() throws {
    let exercise = Exercise(on: small().loss, about: [], parametersOnly: true)
    for spelling in 0..<4 {
      var file = NPZFile()
      for question in exercise.questions {
        let key = [String(question.number), question.name, question.symbol, "d" + question.name][spelling]
        let bytes = ByteOrder.littleEndian.bytes(of: question.answer.elements.map(\.bitPattern))
        file.set(key, NPY(type: .float64, shape: Array(question.answer.shape), bytes: bytes))
      }
      #expect(try exercise.grade(Submission(arrays: file)).fraction == 1)
    }
    var file = NPZFile()
    file.set("1", NPY(type: .float32, shape: [1], bytes: ByteOrder.littleEndian.bytes(of: [Float.nan.bitPattern])))
    file.set("none", NPY(type: .uint8, shape: [], bytes: [1]))
    let score = try exercise.grade(Submission(arrays: file))
    #expect(score.solved == 0 && score.description.contains("none"), "\(score)")
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
  /// Tells whether every element is the same up to a part of the largest.
  func isNear(_ other: Tensor, within tolerance: Double = 1e-9) -> Bool {
    let size = other.elements.map(Swift.abs).max() ?? 0
    return zip(elements, other.elements).allSatisfy { Swift.abs($0 - $1) <= tolerance * size }
  }

  var transposed: Tensor {
    Tensor((0..<shape[1]).map { column in (0..<shape[0]).map { self[$0, column] } })
  }
}
