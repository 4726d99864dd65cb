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
          answers.append("{\"number\":\(question.number),\"shape\":\(Array(answer.value.shape)),\"data\":\(answer.value.elements.json)}")
          expected.append("\(seed) (\(question.number)) \(grade)")
        }
      }
      cases.append(
        "{\"seed\":\(seed),\"data\":\(Explanation(of: loss).data),\"exercise\":\(exercise.page.text(.embedded)),"
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
      let odd = ["1/0", "[1, 2", "nan", "2 * (1 + exp(0)) ^ 2 - tanh(0)", "[[1, 2], [3]]", "∂%\(last.node)"]
      let sheets = [
        Dictionary(uniqueKeysWithValues: exercise.questions.map { ($0.number, NumberText.text($0.answer, digits: 3)) }),
        carried,
        Dictionary(uniqueKeysWithValues: exercise.questions.map { ($0.number, odd[$0.number % odd.count]) }),
        Dictionary(
          uniqueKeysWithValues: exercise.questions.map { question in
            (question.number, "∂%\(loss.index) * \(NumberText.text(question.answer)) + sum([1, -1]) + 0 * %\(question.node)")
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
        "{\"seed\":\(seed),\"data\":\(Explanation(of: loss).data),\"exercise\":\(exercise.page.text(.embedded)),"
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
