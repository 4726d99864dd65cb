import Foundation
import Testing

/// Derivatives that other programs compute, or computed: `check --process` and `check --arrays`.
@Suite struct ForeignTests {
  /// The repository, from this file.
  static let examples = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Examples/DerivativesFromElsewhere")

  /// True where the shell finds a program.
  static func has(_ program: String) -> Bool {
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
      FileManager.default.isExecutableFile(atPath: "\($0)/\(program)")
    }
  }

  /// A shell that describes itself and answers each request for a value and a gradient with the same line.
  private static func answering(
    _ description: String = #"{"inputs": {"x": [2]}}"#, value: String = #"{"value": 1.5}"#, gradient: String
  ) -> String {
    "read l; echo '\(description)'; while read l; do case $l in *value*) echo '\(value)';; *) echo '\(gradient)';; esac; done"
  }

  /// A command that misbehaves, and words of the sentence about it.
  static let troubles: [(String, String)] = [
    ("no-such-program-anywhere", "exit code 127: the shell cannot run it"),
    ("exit 3", "found that it ended with exit code 3"),
    ("cat > /dev/null & exit 0", "found"),
    ("true", "answer until the end of standard input"),
    ("kill -SEGV $$", "ended by signal 11"),
    ("sh -c 'kill -SEGV $$'; exit $?", "ended by signal 11"),
    ("echo hello; cat", #"expected a line such as {"inputs": {"w": [3, 2]}} in answer to 'describe', found 'hello'"#),
    ("yes", "found 'y'"),
    ("yes | tr -d '\\n'", "bytes and no end of a line"),
    ("sleep 54321", "within 0.5 s, found none; make sure that it flushes"),
    (#"printf '{"inputs":'; sleep 54321"#, "a line that does not end"),
    ("exec >&-; sleep 54321", "closed its standard output"),
    (#"read l; echo '{"inputs": {"x": [100000]}}'; sleep 54321"#, "does not read the request"),
    (#"read l; printf '{"inputs": {"x": []}}\n{"value": 1}\n'; cat"#, "found another one"),
    (#"echo '{"input": {"x": []}}'"#, "found 'input'"),
    (#"echo '{"inputs": {"x": [0]}}'"#, "a shape of 'x', such as [3, 2], or [] for a number"),
    (#"echo '{"inputs": {"x": [4000000000, 4000000000]}}'"#, "at most 10,000,000 numbers"),
    (#"echo '{"inputs": {}}'"#, #"expected "inputs", an object of names and shapes"#),
    (#"echo '{"inputs": {"x": []}, "derivative": "grad"}'"#, #""gradient", "vjp", "jvp" or "jacobian""#),
    (#"echo '{"inputs": {"x": []}, "scalar": "half"}'"#, #"a scalar: "float64" or "float32""#),
    (#"echo '{"inputs": {"x": []}, "noise": 2}'"#, "a share of the value between 0 and 1"),
    (
      #"echo '{"inputs": {"x": [2]}, "at": {"x": [1, 2, 3]}}'"#,
      "expected 'x' in \"at\" of shape [2], found one of shape [3]"
    ),
    (answering(value: #"{"value": NaN}"#, gradient: "{}"), #"write what is not finite as "nan", "inf" or "-inf""#),
    (
      answering(value: #"{"values": 1}"#, gradient: "{}"), #"expected "value" in the answer to 'value', found 'values'"#
    ),
    (answering(value: #"{"value": [1, 2]}"#, gradient: "{}"), "expected one number as value"),
    (answering(value: #"{"value": [[1], [1, 2]]}"#, gradient: "{}"), "expected 1 elements in each row in its value"),
    (
      answering(gradient: #"{"gradient": {"x": [1, 2, 3]}}"#),
      "its gradient of 'x' of shape [2], found one of shape [3]"
    ),
    (answering(gradient: #"{"gradient": [1, 2]}"#), "expected its gradient of 'x', found no names"),
    (answering(gradient: #"{"gradient": {"x": [1, 2], "y": 1}}"#), "found also 'y'"),
    (answering(gradient: #"{"gradient": {"x": [1, "two"]}}"#), #"is written as "nan", "inf" or "-inf""#),
    (
      answering(#"{"inputs": {"w": [2, 3]}}"#, gradient: #"{"gradient": {"w": [[1, 2], [3, 4], [5, 6]]}}"#),
      "it has the shape of its transpose"
    ),
  ]

  @Test("A process that misbehaves ends the check with code 2 and one sentence", arguments: troubles)
  func trouble(command: String, words: String) throws {
    let timeout = words.contains("0.5 s") || command.contains("54321") ? "0.5" : "20"
    let outcome = try Workplace().run("check", "--process", command, "--timeout", timeout)
    #expect(outcome.code == 2 && outcome.errors.contains(words), "\(outcome.errors) \(outcome.output)")
    let sentences = outcome.errors.split(separator: "\n").filter { $0.hasPrefix("adjoint: ") }
    #expect(sentences.count == 1, "\(outcome.errors)")
  }

  @Test("Nothing that a command started is left behind")
  func nothingLeft() throws {
    let outcome = try Workplace().run(
      "check", "--process", "sleep 98761 & sleep 98761 | sleep 98761", "--timeout", "0.3")
    #expect(outcome.code == 2)
    let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    let left = processes.filter { number in
      guard Int(number) != nil, let words = FileManager.default.contents(atPath: "/proc/\(number)/cmdline") else {
        return false
      }
      return String(decoding: words, as: UTF8.self).hasPrefix("sleep\0" + "98761")
    }
    #expect(left.isEmpty, "\(left)")
  }

  @Test("Standard error is shown, and what the process refuses or cannot compute is told: cannot tell")
  func refusals() throws {
    let loud = try Workplace().run("check", "--process", "echo trouble >&2; exit 1")
    #expect(
      loud.code == 2 && loud.errors.contains("trouble\n") && loud.errors.contains("stands above"), "\(loud.errors)")
    for (value, words) in [
      (#"{"error": "x is too large"}"#, "x is too large"), (#"{"value": "nan"}"#, "the function is nan here"),
    ] {
      let outcome = try Workplace().run(
        "check", "--process", ForeignTests.answering(value: value, gradient: #"{"gradient": {"x": [1, 2]}}"#))
      #expect(outcome.code == 2 && outcome.output.contains(words), "\(outcome.output) \(outcome.errors)")
    }
  }

  @Test("A constant agrees with a gradient of zeros, in JSON as in words")
  func constant() throws {
    let command = ForeignTests.answering(gradient: #"{"gradient": {"x": [0, 0]}}"#)
    let outcome = try Workplace().run("check", "--process", command, "--json")
    #expect(outcome.code == 0, "\(outcome.output) \(outcome.errors)")
    #expect(try outcome.json()["verdict"] as? String == "agree")
    #expect(outcome.output.contains("inputs        x 2, in float64"))
  }

  @Test("A reader that closes our output ends the check in silence, as with any command", .enabled(if: has("bash")))
  func closedOutput() throws {
    let command = ForeignTests.answering(gradient: #"{"gradient": {"x": [0, 0]}}"#)
    let place = try Workplace()
    let script = #""$0" check --process "$1" | true; echo "${PIPESTATUS[0]}""#
    let outcome = try place.start(
      ["bash", "-c", script, try binary().path, command], program: URL(fileURLWithPath: "/usr/bin/env")
    ).outcome()
    #expect(outcome.errors.isEmpty && ["141\n", "0\n"].contains(outcome.output), "\(outcome.output) \(outcome.errors)")
  }

  @Test("Plain Python: the right gradient of Rosenbrock's valley agrees", .enabled(if: has("python3")))
  func python() throws {
    let script = ForeignTests.examples.appendingPathComponent("plain_python.py").path
    let outcome = try Workplace().run("check", "--process", "python3 '\(script)'")
    #expect(outcome.code == 0 && outcome.output.contains("gradient: agree"), "\(outcome.output) \(outcome.errors)")
  }

  @Test("C: the wrong sign of one entry is found", .enabled(if: has("cc")))
  func compiled() throws {
    let place = try Workplace()
    let source = ForeignTests.examples.appendingPathComponent("spring.c").path
    let command = "cc -o spring '\(source)' -lm && ./spring"
    let outcome = try place.run("check", "--process", command)
    #expect(outcome.code == 1, "\(outcome.output) \(outcome.errors)")
    #expect(
      outcome.output.contains("x[1] wrong") && outcome.output.contains("the sign is wrong there"), "\(outcome.output)")
  }

  // MARK: Tables

  /// sin t at t = −0.4, …, 0.4, with a claim at 0.
  private func table(_ claim: String, header: String = "line,t,f,slope\n", format: String = "%.17g") -> [UInt8] {
    let rows = (-4...4).map { i in
      let t = Double(i) / 10
      return "a,\(t),\(String(format: format, sin(t))),\(i == 0 ? claim : "")\n"
    }
    return Array((header + rows.joined()).utf8)
  }

  @Test("A table of values convicts a wrong slope, acquits a right one, and asks for digits where few are written")
  func tables() throws {
    let place = try Workplace()
    for (claim, format, code, words) in [
      ("1", "%.17g", 0, "slope: agree"), ("-1", "%.17g", 1, "line a at t = 0.0 wrong: found -1.0, expected 0.99999"),
      ("1.1000", "%.3f", 2, "write f with all its digits"), ("nan", "%.17g", 1, "it is no finite number"),
    ] {
      _ = try place.write("table.csv", table(claim, format: format))
      let outcome = try place.run("check", "--arrays", "table.csv")
      #expect(
        outcome.code == Int32(code) && outcome.output.contains(words), "\(claim): \(outcome.output) \(outcome.errors)")
    }
    _ = try place.write("bare.csv", table("1", header: ""))
    #expect(try place.run("check", "--arrays", "bare.csv").code == 0)
  }

  @Test(
    "A file that is no such table is refused with its place",
    arguments: [
      ("PK\u{3}\u{4}abc", "NumPy's own files are not read yet"), ("line,t,f\na,1,2\n", "none named 'slope'"),
      ("line,t,f,slope\na,x,2,\na,1,2,\n", "line 2, column 2: expected a finite number, found 'x'"),
      ("line,t,f,slope\na,1,2,\na,1,3,\n", "line 3, column 2: expected each t once on a line"),
      ("line,t,f,slope\na,1,2\n", "expected 4 fields"), ("1,2\n3,4\n", "2 columns without names"),
    ])
  func badTables(text: String, words: String) throws {
    let place = try Workplace()
    _ = try place.write("table.csv", Array(text.utf8))
    let outcome = try place.run("check", "--arrays", "table.csv")
    #expect(outcome.code == 1 && outcome.errors.contains(words), "\(outcome.errors)")
    #expect(outcome.errors.split(separator: "\n").count == 1)
  }

  @Test(
    "Options that have no effect are refused",
    arguments: [
      ["--process", "cat", "--model", "784,10"], ["--process", "cat", "tanh"], ["--arrays", "a.csv", "--seed", "1"],
      ["--timeout", "3"], ["--process", "cat", "--arrays", "a.csv"], ["--process", "cat", "--timeout", "0"],
      ["--arrays", "a.csv", "--sabotage"],
    ])
  func usage(words: [String]) throws {
    let outcome = try Workplace().start(["check"] + words).outcome()
    #expect(outcome.code == 2 && outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
  }
}
