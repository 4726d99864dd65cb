import Foundation
import Testing

/// `adjoint` and the programs of their own beside it.
@Suite struct SiblingTests {
  @Test("check --sabotage passes its words on to the program that grades the checker")
  func sabotage() throws {
    let outcome = try Workplace().run("check", "pick", "--sabotage", "--seed", "3", "--json")
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(try outcome.number("seed") == 3)
    #expect(try outcome.number("mutants") > 0)
    #expect(try outcome.number("detected") == outcome.number("mutants"))
  }

  @Test("check --table passes its words on to the program of the experiments, whose exit code is its own")
  func table() throws {
    let outcome = try Workplace().run("check", "--table", "--data", "nowhere")
    #expect(outcome.code == 1)
    #expect(
      outcome.errors.hasPrefix("adjoint: --data nowhere: there is no such file or directory"), "\(outcome.errors)")
  }

  #if !DEBUG  // Without optimisation, half a minute.
    @Test("check --table recomputes the six rows and finds the whole gradient right")
    func recomputed() throws {
      let outcome = try Workplace().run("check", "--table", "--data", "drawn", "--seed", "5", "--json")
      #expect(outcome.code == 0, "\(outcome.errors)")
      #expect(try outcome.json()["verdict"] as? String == "agree")
      #expect(try (outcome.json()["rows"] as? [Any])?.count == 6)
    }
  #endif

  @Test(
    "Alone, adjoint says in one line how the missing program is built",
    arguments: [
      (["bench", "--list"], "bench"), (["check"], "check"), (["explain", "-o", "a.html"], "explain"),
      (["lesson", "1"], "lesson"), (["diff", "a.trace", "b.trace"], "diff"),
      (["experiments", "--all"], "experiments"), (["help", "bench"], "bench"),
      (["check", "pick", "--sabotage"], "check"),
      (["info", "--measure", "--json"], "bench"),
    ])
  func missing(words: [String], name: String) throws {
    let workplace = try Workplace()
    let outcome = try workplace.start(words, program: workplace.lonelyProgram()).outcome()
    #expect(outcome.code == 1)
    #expect(
      outcome.errors == "adjoint: adjoint-\(name) is a program of its own, and it is not built here; build it with "
        + "'swift build -c release --product adjoint-\(name)'\n")
  }

  @Test("Alone, adjoint still lists all commands, and a misspelt one brings up the one that was meant")
  func suggestion() throws {
    let workplace = try Workplace()
    let program = try workplace.lonelyProgram()
    let help = try workplace.start(["--help"], program: program).outcome()
    for name in ["train", "check", "explain", "lesson", "diff", "bench", "experiments"] {
      #expect(help.output.contains("\n  \(name) "))
    }
    let outcome = try workplace.start(["experimnts"], program: program).outcome()
    #expect(outcome.code == 2)
    #expect(outcome.errors == "adjoint: there is no command 'experimnts'; did you mean experiments?\n")
    // A name of no letters would be adjoint itself.
    let empty = try workplace.start(["", "info"], program: program).outcome()
    #expect(empty.code == 2 && empty.errors.hasPrefix("adjoint: there is no command ''"), "\(empty.errors)")
  }

  @Test("An executable adjoint-NAME beside adjoint is run by adjoint NAME, with its arguments and its exit code")
  func foreign() throws {
    let workplace = try Workplace()
    let program = try workplace.lonelyProgram()
    let script = "#!/bin/sh\nprintf '<%s>' \"$@\"\nexit 7\n"
    try workplace.writeExecutable("adjoint-hello", script)
    let outcome = try workplace.start(["hello", "one two", "--json", ""], program: program).outcome()
    #expect(outcome.code == 7)
    #expect(outcome.output == "<one two><--json><>" && outcome.errors.isEmpty)
    // What is not executable is no command.
    _ = try workplace.write("adjoint-goodbye", Array(script.utf8))
    #expect(try workplace.start(["goodbye"], program: program).outcome().code == 2)
  }

  @Test("Alone, the benchmark of whole processes says so before it measures anything")
  func processes() throws {
    let workplace = try Workplace()
    let program = try workplace.lonelyProgram("adjoint-bench")
    let outcome = try workplace.start(["chain/replay", "process", "--quick"], program: program).outcome()
    #expect(outcome.code == 1 && outcome.output.isEmpty)
    #expect(outcome.errors.contains("'swift build -c release --product adjoint'"), "\(outcome.errors)")
    #expect(try workplace.start(["chain/replay", "--quick"], program: program).outcome().code == 0)
  }

  @Test("A program that cannot be started is a sentence")
  func broken() throws {
    let workplace = try Workplace()
    let program = try workplace.lonelyProgram()
    try workplace.writeExecutable("adjoint-broken", "\u{7F}ELF")
    let outcome = try workplace.start(["broken"], program: program).outcome()
    #expect(outcome.code == 1)
    #expect(outcome.errors.contains("adjoint-broken: it cannot be started: "), "\(outcome.errors)")
    #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
  }
}

extension Workplace {
  /// A program as built, in this directory, without the programs beside it.
  func lonelyProgram(_ name: String = "adjoint") throws -> URL {
    let place = directory.appendingPathComponent(name)
    try copy(binary().deletingLastPathComponent().appendingPathComponent(name), to: place)
    return place
  }

  fileprivate func writeExecutable(_ name: String, _ content: String) throws {
    let path = try write(name + ".text", Array(content.utf8))
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    try copy(URL(fileURLWithPath: path), to: directory.appendingPathComponent(name))
  }

  /// By a process of its own: what this one writes stays open for a moment in the processes of other tests, and what is open
  /// for writing cannot be started.
  private func copy(_ program: URL, to place: URL) throws {
    let outcome = try start(["-p", program.path, place.path], program: URL(fileURLWithPath: "/bin/cp")).outcome()
    guard outcome.code == 0 else { throw CocoaError(.fileWriteUnknown) }
  }
}
