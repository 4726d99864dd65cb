import Foundation
import TestFiles
import Testing

/// The example that answers GradBench, as a process: the suite's protocol, and the first numbers of each problem.
@Suite struct GradBenchTests {
  private static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Fixtures/gradbench.jsonl")

  /// The example, which stands beside the tests.
  private func program() throws -> URL {
    let arguments = CommandLine.arguments.filter { $0.hasPrefix("/") }.map { URL(fileURLWithPath: $0) }
    let starts = arguments + Bundle.allBundles.map(\.bundleURL) + [Bundle.main.bundleURL]
    let folders = starts.flatMap { start in sequence(first: start) { $0.deletingLastPathComponent() }.prefix(6) }
    let program = folders.map { $0.appendingPathComponent("GradBench") }.first {
      FileManager.default.isExecutableFile(atPath: $0.path) && !$0.hasDirectoryPath
    }
    return try #require(program, "no 'GradBench' beside the tests: \(starts.map(\.path))")
  }

  /// The answers to some lines, and the exit code.
  private func answers(_ lines: [String], _ arguments: [String] = []) throws -> (lines: [[String: Any]], code: Int32) {
    let place = try ScratchFolder()
    let input = try place.file("questions", lines.joined(separator: "\n") + "\n")
    let output = try place.file("answers", "")
    let process = Process()
    process.executableURL = try program()
    process.arguments = arguments
    process.standardInput = try FileHandle(forReadingFrom: input)
    process.standardOutput = try FileHandle(forWritingTo: output)
    try process.run()
    process.waitUntilExit()
    let text = try String(contentsOf: output, encoding: .utf8)
    let objects = try text.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    return (objects, process.terminationStatus)
  }

  /// |x − y| / max(1, |x| + |y|) at the worst place; 9 where the two have not the same form.
  private func distance(_ a: Any?, _ b: Any?) -> Double {
    switch (a, b) {
    case (let a as [String: Any], let b as [String: Any]):
      Set(a.keys) == Set(b.keys) ? a.keys.map { distance(a[$0], b[$0]) }.max() ?? 0 : 9
    case (let a as [Any], let b as [Any]): a.count == b.count ? zip(a, b).map { distance($0, $1) }.max() ?? 0 : 9
    case (let a as NSNumber, let b as NSNumber):
      abs(a.doubleValue - b.doubleValue) / max(1, abs(a.doubleValue) + abs(b.doubleValue))
    case _: 9
    }
  }

  @Test func `The first numbers of each problem are those of the reference`() throws {
    var (questions, outputs): ([String], [(name: String, output: Any)]) = ([], [])
    for line in try String(contentsOf: Self.fixtures, encoding: .utf8).split(separator: "\n") {
      let stored = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      let module = try #require(stored["module"] as? String)
      let expected = try #require(stored["outputs"] as? [String: Any])
      for (function, output) in expected.sorted(by: { $0.key < $1.key }) {
        #if DEBUG
          // Tens of thousands of inner derivatives, one at a time: a release build takes all of them.
          if module == "particle" || module == "saddle" && function != "rr" { continue }
        #endif
        let question: [String: Any] = [
          "id": questions.count, "kind": "evaluate", "module": module, "function": function,
          "input": stored["input"] ?? 0,
        ]
        questions.append(String(decoding: try JSONSerialization.data(withJSONObject: question), as: UTF8.self))
        outputs.append(("\(module) \(function)", output))
      }
    }
    let (answers, code) = try answers(questions)
    #expect(code == 0)
    try #require(answers.count == outputs.count)
    for (number, (answer, (name, output))) in zip(answers, outputs).enumerated() {
      #expect(answer["id"] as? Int == number)
      #expect(answer["success"] as? Bool == true, "\(name): \(answer["error"] ?? "")")
      #expect(distance(answer["output"], output) <= 1e-7, "\(name)")
      let timings = answer["timings"] as? [[String: Any]] ?? []
      let names = timings.map { $0["name"] as? String }
      #expect(names.count > 1 && names[0] == "prepare" && names.dropFirst().allSatisfy { $0 == "evaluate" })
    }
  }

  @Test func `A centroid that is nearest to no point stays where it is`() throws {
    let input = #"{"points": [[1, 2], [3, 5]], "centroids": [[2, 3], [100, 100]]}"#
    let (answers, _) = try answers([
      #"{"id": 0, "kind": "evaluate", "module": "kmeans", "function": "dir", "input": \#(input)}"#,
      #"{"id": 1, "kind": "evaluate", "module": "kmeans", "function": "cost", "input": \#(input)}"#,
    ])
    try #require(answers.count == 2)
    #expect(answers[0]["output"] as? [[Double]] == [[0, -0.5], [0, 0]])
    #expect((answers[1]["output"] as? NSNumber)?.doubleValue == 7)
  }

  @Test func `The protocol: a start, modules known and unknown, runs, faults that are told, and a message to come`()
    throws
  {
    let runs = #"{"x": [1, 2], "min_runs": 3, "min_seconds": 0}"#
    let (answers, code) = try answers(
      [
        #"{"id": 0, "kind": "start", "eval": "lse", "config": {}}"#,
        #"{"id": 1, "kind": "define", "module": "lse"}"#,
        #"{"id": 2, "kind": "define", "module": "nothing"}"#,
        #"{"id": 3, "kind": "evaluate", "module": "lse", "function": "primal", "input": \#(runs)}"#,
        #"{"id": 4, "kind": "analysis", "of": 3, "valid": true}"#,
        #"{"id": 5, "kind": "evaluate", "module": "nothing", "function": "primal", "input": 1}"#,
        #"{"id": 6, "kind": "evaluate", "module": "lse", "function": "cubic", "input": \#(runs)}"#,
        #"{"id": 7, "kind": "evaluate", "module": "lse", "function": "primal", "input": {"y": [1]}}"#,
        #"{"id": 8, "kind": "evaluate", "module": "gmm", "function": "objective", "input": {"d": 1.5}}"#,
        #"{"id": 9, "kind": "evaluate", "module": "det", "function": "primal", "input": {"A": [1, 2], "ell": 2}}"#,
        #"{"id": 10, "kind": "evaluate", "module": "llsq", "function": "primal", "input": {"x": [1], "n": 1}}"#,
        #"{"id": 11, "kind": "evaluate", "module": "kmeans", "function": "cost", "input": {"points": [[1, 2], [3]], "centroids": [[1, 2]]}}"#,
        #"{"id": 12, "kind": "evaluate", "module": "hello", "function": "double", "input": 3}"#,
        "no message", #"{"kind": "start"}"#,
      ], ["--threads", "2"])
    #expect(code == 0)
    try #require(answers.count == 15)
    #expect(answers[0]["tool"] as? String == "adjoint" && answers[0]["success"] == nil)
    #expect(answers[1]["success"] as? Bool == true && answers[2]["success"] as? Bool == false)
    // Recording and compiling, and three runs.
    #expect((answers[3]["timings"] as? [Any])?.count == 4)
    #expect(answers[4].keys.sorted() == ["id"])
    let faults = [
      5: "there is no module 'nothing'", 6: "lse has no function 'cubic'; it has primal, gradient",
      7: "input.x is missing",
      8: "a fraction where a whole number is expected", 9: "A has 2 numbers", 10: "at least 2 places",
      11: "a row has 1 numbers where 2 are expected",
      13: "a line is no message: it is no JSON", 14: "id is missing",
    ]
    for (number, words) in faults {
      #expect(answers[number]["success"] as? Bool == false)
      #expect((answers[number]["error"] as? String)?.contains(words) == true, "\(answers[number])")
    }
    #expect((answers[12]["output"] as? NSNumber)?.doubleValue == 6)
  }

  @Test func `A reader that goes away ends the tool with a sentence, and a writer that goes away ends it well`() throws
  {
    let place = try ScratchFolder()
    let questions = (0..<20_000).map { #"{"id": \#($0), "kind": "start"}"# }.joined(separator: "\n") + "\n"
    let input = try place.file("questions", questions).path
    let (said, code) = (place.url.appendingPathComponent("said"), place.url.appendingPathComponent("code"))
    let shell = Process()
    shell.executableURL = URL(fileURLWithPath: "/bin/sh")
    shell.arguments = [
      "-c",
      "('\(try program().path)' < '\(input)' 2> '\(said.path)'; echo $? > '\(code.path)') | head -n 1 > /dev/null",
    ]
    try shell.run()
    shell.waitUntilExit()
    #expect(try String(contentsOf: code, encoding: .utf8) == "2\n")
    #expect(try String(contentsOf: said, encoding: .utf8).contains("the answer could not be written"))
    #expect(try answers([]).code == 0)
    #expect(try answers([], ["--threads", "0"]).code == 2)
  }
}
