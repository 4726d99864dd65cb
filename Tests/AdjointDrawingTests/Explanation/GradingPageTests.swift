import Adjoint
import AdjointDrawing
import AdjointGrading
import AdjointLearning
import Foundation
import Testing

/// The page's grader, in JavaScript, against the library's. Skipped where Node.js is not installed.
@Suite struct GradingPageTests {
  @Test(
    "The page's verdicts on the wrong answers to twelve random models are the library's",
    .enabled(if: Tool.node != nil, "Node.js is not installed"))
  func family() throws {
    var (cases, expected) = ([String](), [String]())
    for seed in 0..<12 {
      let loss = RandomClassifier(seed: UInt64(seed)).record()
      let exercise = Exercise(on: loss)
      let student = FaultyStudent(exercise)
      var answers: [String] = []
      for question in exercise.questions where question.number % 3 == seed % 3 {
        let made = student.answers(to: question).filter { $0.value.elements.allSatisfy { value in value.isFinite } }
        for (answer, grade) in zip(made, exercise.grades(of: made.map(\.value), for: question)) {
          answers.append(
            "{\"number\":\(question.number),\"shape\":\(Array(answer.value.shape)),\"data\":\(answer.value.elements.json)}"
          )
          expected.append("\(seed) (\(question.number)) \(grade)")
        }
      }
      cases.append(
        "{\"seed\":\(seed),\"data\":\(Explanation(of: loss, unfolded: true).data),\"exercise\":\(exercise.page.text(.embedded)),"
          + "\"answers\":[\(answers.joined(separator: ","))]}")
    }
    let found = try run(
      cases,
      """
      for (const { number, shape, data: numbers } of answers) {
        const question = exercise.questions[number - 1];
        const grade = gradeAnswer(question, { shape, data: Float64Array.from(numbers) }, { tolerance: exercise.tolerance,
          weight: question.isParameter ? engine.values[question.node] : null });
        console.log(`${seed} (${number}) ${grade.text}`);
      }
      """)
    let different = zip(found, expected).filter { $0 != $1 }
    print("the page's grader: \(expected.count) verdicts, \(different.count) of them others than the library's")
    #expect(found.count == expected.count && expected.count > 1000)
    for (page, library) in different.prefix(10) { Issue.record("page: \(page), library: \(library)") }
  }

  @Test(
    "Whole sheets get the library's grades in the page: rounded, carried on, in formulas, unreadable",
    .enabled(if: Tool.node != nil, "Node.js is not installed"))
  func sheets() throws {
    var (cases, expected) = ([String](), [String]())
    for seed in 0..<12 {
      let loss = RandomClassifier(seed: UInt64(seed)).record()
      let exercise = Exercise(on: loss)
      let first = exercise.questions.first { $0.answer.shape.rank > 1 } ?? exercise.questions[0]
      var carried: [Int: String] = [:]
      exercise.walk { question, sweep in
        guard let right = sweep.adjoint(of: question.node)?.value else { return nil }
        let own = question.number == first.number ? right.map { 1.3 * $0 } : right
        carried[question.number] = NumberText.text(own, digits: 4)
        return own
      }
      let last = exercise.questions[exercise.questions.count - 1]
      let odd = [
        "1/0", "[1, 2", "nan", "np.sum([[2, 3]]^T, axis=0) ^ 2 - np.tanh(0)", "[[1, 2], [3]]", "∂%\(last.node)",
      ]
      let sheets = [
        Dictionary(uniqueKeysWithValues: exercise.questions.map { ($0.number, NumberText.text($0.answer, digits: 3)) }),
        carried,
        Dictionary(uniqueKeysWithValues: exercise.questions.map { ($0.number, odd[$0.number % odd.count]) }),
        // An answer of no use, and right work behind it that goes on from it by name.
        Dictionary(
          uniqueKeysWithValues: exercise.questions.map { question in
            let isSame = question.answer.shape == first.answer.shape
            let right = (isSame ? "0 * ∂%\(first.node) + " : "") + NumberText.text(question.answer)
            return (question.number, question.number != first.number ? right : seed % 2 == 0 ? "[1, 2" : "[[[1]]]")
          }),
        Dictionary(
          uniqueKeysWithValues: exercise.questions.map { question in
            (
              question.number,
              "∂%\(loss.index) * \(NumberText.text(question.answer)) + sum([1, -1]) + 0 * %\(question.node)"
            )
          }),
      ]
      for sheet in sheets {
        let text = sheet.sorted { $0.key < $1.key }.map { "(\($0.key)) = \($0.value)\n\n∂\n" }.joined()
        for (question, grade) in try exercise.grade(text).grades {
          // A page has no lines, and leaves remedies to the sheet's own text.
          let words = "\(grade)".hasPrefix("cannot be read") ? "cannot be read" : "\(grade)"
          expected.append("\(seed) (\(question.number)) \(words)")
        }
      }
      let texts = sheets.map { sheet in
        "{" + sheet.map { "\"\($0.key)\":\"\($0.value)\"" }.joined(separator: ",") + "}"
      }
      cases.append(
        "{\"seed\":\(seed),\"data\":\(Explanation(of: loss, unfolded: true).data),\"exercise\":\(exercise.page.text(.embedded)),"
          + "\"sheets\":[\(texts.joined(separator: ","))]}")
    }
    let found = try run(
      cases,
      """
      for (const sheet of sheets) {
        const { grades } = gradeSheet(exercise, engine, data, new Map(Object.entries(sheet).map(([n, text]) => [+n, text])));
        for (const { number } of exercise.questions) {
          console.log(`${seed} (${number}) ${grades.get(number).text.replace(/^(cannot be read).*/, "$1")}`);
        }
      }
      """)
    #expect(found.count == expected.count)
    for (page, library) in zip(found, expected).filter({ $0 != $1 }).prefix(10) {
      Issue.record("page: \(page), library: \(library)")
    }
    #expect(expected.contains { $0.contains("follows from your") })
  }

  /// Runs the page's scripts and a loop over the cases, and returns what it prints.
  private func run(_ cases: [String], _ body: String) throws -> [String] {
    let folder = try Folder()
    let node = try #require(Tool.node)
    _ = try folder.file("cases.json", "[" + cases.joined(separator: ",\n") + "]")
    let script = try folder.file(
      "run.js",
      """
      "use strict";
      \(PageInterpreter.script)
      \(PageInterpreter.grading)
      for (const { seed, data, exercise, answers, sheets } of JSON.parse(require("fs").readFileSync(__dirname + "/cases.json"))) {
        const engine = new Engine(data);
        \(body)
      }
      """)
    let (output, errors) = try node.run([script.path], in: folder)
    #expect(errors == "")
    return output.split(separator: "\n").map(String.init)
  }
}

/// The page to fill in, in headless Chromium. Skipped, and said so, where no Chromium is installed.
@Suite(.enabled(if: Tool.chromium != nil, "Chromium is not installed: pages are not opened"))
struct FillInPageTests {
  @Test(
    "Answers typed into the page are graded there: right, wrong with a hint, following, unreadable; no adjoint is shown"
  )
  func typed() throws {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([[1, 2], [-1, 0.5]]), name: "x")
    let w = tape.parameter(Parameter(Tensor([[0.5, -1], [0.25, 1]]), name: "w"))
    let loss = x.matmul(w).tanh().square().mean()
    let exercise = Exercise(on: loss)
    var page = Explanation(of: loss)
    page.exercise = exercise.page
    // (1) y², (2) tanh, (3) z, (4) w.
    let answers = [
      1: "[[1, 1], [1, 1]] / 4", 2: "du4 * a1", 3: "da1 * (1 - a1^2)", 4: "[[1, 2",
    ]
    let typing = answers.map { number, text in
      "{ const field = document.getElementById('answer-\(number)'); field.focus(); field.value = '\(text)'; "
        + "field.dispatchEvent(new Event('change')); }"
    }.joined(separator: "\n")
    let html = page.html.replacing(
      "</body>",
      with: "<script>addEventListener('error', e => { document.body.append('failed' + ': ' + e.message); });\n"
        + "\(typing)\ndocument.title = 'handed: ' + document.getElementById('sheet').value;</script></body>")
    let folder = try Folder()
    let chromium = try #require(Tool.chromium)
    let file = try folder.file("page.html", html)
    let (document, _) = try chromium.run(
      [
        "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir=\(folder.url.path)/profile", "--dump-dom",
        file.absoluteString,
      ], in: folder)
    func verdict(_ number: Int) -> Substring? {
      guard let start = document.range(of: "id=\"verdict-\(number)\"") else { return nil }
      return document[start.upperBound...].drop { $0 != ">" }.dropFirst().prefix { $0 != "<" }
    }
    #expect(verdict(1) == "right")
    #expect(verdict(2) == "hint: half of what it should be")
    #expect(verdict(3) == "right as it follows from your ā⁽¹⁾, which is wrong")
    #expect(verdict(4)?.hasPrefix("cannot be read: expected a comma or a closing bracket") == true)
    #expect(document.contains("2 of 4 right"))
    #expect(!document.contains("failed: ") && !document.contains("class=\"backward\""))
    // What is handed in is a sheet, which gets the same grades.
    let start = try #require(document.range(of: "handed: "))
    let end = try #require(document.range(of: "</title>"))
    let score = try exercise.grade(String(document[start.upperBound..<end.lowerBound]))
    #expect(score.solved == 2, "\(score)")
  }
}
