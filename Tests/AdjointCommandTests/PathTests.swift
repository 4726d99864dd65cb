import Foundation
import Testing

@Suite struct PathTests {
  private func isThere(_ workplace: Workplace, _ name: String) -> Bool {
    FileManager.default.fileExists(atPath: workplace.path(name))
  }

  @Test("The home folder is where a leading ~/ says, for saving, resuming, evaluating and reporting alike")
  func home() throws {
    let workplace = try Workplace()
    let home = ["HOME": workplace.path("home")]
    try FileManager.default.createDirectory(atPath: workplace.path("home"), withIntermediateDirectories: true)
    let words = tiny + ["--save=~/run.st", "--resume=~/run.st", "--report=~/report"]
    #expect(try workplace.start(words, environment: home).outcome().code == 0)
    #expect(isThere(workplace, "home/run.st") && isThere(workplace, "home/report/report.html"))
    #expect(!isThere(workplace, "~"))
    let again = try workplace.start(words, environment: home).outcome()
    #expect(again.output.contains("resumed") && again.output.contains("after 2 epochs"), "\(again.output)")
    let evaluated = try workplace.start(["evaluate", "--load=~/run.st", "--test-limit=9"], environment: home).outcome()
    #expect(evaluated.code == 0, "\(evaluated.errors)")
  }

  @Test("Two spellings of one file are one file", arguments: ["./run.st", "sub/../run.st", "link.st"])
  func spellings(resumed: String) throws {
    let workplace = try Workplace()
    try FileManager.default.createDirectory(atPath: workplace.path("sub"), withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(atPath: workplace.path("link.st"), withDestinationPath: "sub/../run.st")
    // There is no file yet, so this is a beginning; then it goes on.
    #expect(try workplace.train("--save", "run.st", "--resume", resumed).code == 0)
    let again = try workplace.train("--save", resumed, "--resume", "run.st")
    #expect(again.code == 0 && again.output.contains("resumed"), "\(again.errors)")
    let link = try FileManager.default.destinationOfSymbolicLink(atPath: workplace.path("link.st"))
    #expect(link == "sub/../run.st", "a link stays")
    #expect(isThere(workplace, "run.st") && !isThere(workplace, "sub/run.st"))
  }

  @Test(
    "A checkpoint replaces no file of another kind, is replaced by no report, and needs a name",
    arguments: [
      ["--data", "mine.csv", "--save", "mine.csv"], ["--data=mine.csv", "--save=./mine.csv"], ["--save", "mine.csv"],
      ["--data=mine.csv", "--save=link"], ["--save=r/report.html", "--report=r"],
      ["--save=r/../r/loss.svg", "--report=./r"],
      ["--save=folder/"],
    ])
  func destinations(options: [String]) throws {
    let workplace = try Workplace()
    let table = (0..<9).map { row in "\(row % 3)," + (0..<4).map { "\($0 * row)" }.joined(separator: ",") }
    let bytes = Array((table.joined(separator: "\n") + "\n").utf8)
    _ = try workplace.write("mine.csv", bytes)
    try FileManager.default.createSymbolicLink(atPath: workplace.path("link"), withDestinationPath: "mine.csv")
    let outcome = try workplace.start(["train", "--epochs=1"] + options).outcome()
    #expect(outcome.code == 2 && outcome.errors.contains("--save "), "\(outcome.errors)")
    #expect(try workplace.bytes("mine.csv") == bytes)
  }
}

@Suite struct MessageTests {
  @Test(
    "A message is one line, holds nothing that a terminal obeys, and is short whatever it is given",
    arguments: [
      ["evaluate", "--load"], ["train", "--resume"], ["train", "--save=none/x", "--epochs"], ["train", "--data"],
      ["train", "--schedule"], ["train", "--hidden"], ["train", "--optimizer"], ["train", "--json="],
      ["predict", "--load"],
      ["train", "--"], ["train"], [], ["info"],
    ])
  func messages(words: [String]) throws {
    let workplace = try Workplace()
    for hostile in ["a\u{1B}[31m\r\nb\u{9B}2J", String(repeating: "x", count: 100_000), "\u{202E}\u{2028}"] {
      var words = words
      if words.last?.hasSuffix("=") == true || words.last == "--" {
        words[words.count - 1] += hostile
      } else {
        words.append(hostile)
      }
      if words.first == "predict" { words.append("image") }
      let outcome = try workplace.start(words).outcome()
      #expect(outcome.code == 1 || outcome.code == 2)
      #expect(outcome.errors.hasPrefix("adjoint: ") && outcome.errors.hasSuffix("\n"))
      #expect(outcome.errors.utf8.count < 3000, "\(outcome.errors.utf8.count) bytes")
      let obeyed = outcome.errors.dropLast().unicodeScalars.filter {
        $0.value < 0x20 || (0x7F..<0xA0).contains($0.value) || (0x2028...0x202E).contains($0.value)
      }
      #expect(obeyed.isEmpty, "\(words.first ?? "") \(outcome.errors)")
    }
  }

  @Test("Names of classes from a file are shown escaped and cut")
  func classNames() throws {
    let workplace = try Workplace()
    #expect(try workplace.train("--save", "model.st").code == 0)
    let name = "\\\\u001b[2J" + String(repeating: "n", count: 5000)
    try workplace.editHeader("model.st", #"0\\n1\\n2"#, name + #"\\n1\\n2"#)
    let image = try workplace.write("image.pgm", Array("P5 28 28 255\n".utf8) + [UInt8](repeating: 0, count: 784))
    let shown = try workplace.run("predict", "--load", "model.st", image)
    #expect(shown.code == 0 && shown.output.contains(#"\u{1B}[2Jnnn"#), "\(shown.output) \(shown.errors)")
    // The digits that are drawn are none of these classes.
    let refused = try workplace.run("evaluate", "--load", "model.st")
    #expect(refused.code == 1 && refused.errors.contains(#"\u{1B}[2Jnnn"#), "\(refused.errors)")
    for text in [shown.output, refused.errors] {
      #expect(!text.contains("\u{1B}"))
      #expect(text.split(separator: "\n").allSatisfy { $0.count < 400 }, "\(text)")
    }
  }

  @Test(
    "An option by its name elsewhere brings up ours",
    arguments: [
      ("--lr", "learning-rate"), ("-lr", "learning-rate"), ("--learning_rate", "learning-rate"),
      ("--batch_size", "batch"),
      ("--batch-size", "batch"), ("--n_epochs", "epochs"), ("--wd", "weight-decay"), ("--num-workers", "threads"),
      ("--criterion", "loss"), ("--validation_split", "validation"), ("--Dataset", "data"), ("--eps", "epsilon"),
      ("--ckpt", "resume"), ("--random_state", "seed"), ("--lr-scheduler", "schedule"), ("-v", "version"),
    ])
  func elsewhere(word: String, name: String) throws {
    let outcome = try Workplace().run("train", word, "1")
    #expect(outcome.code == 2 && outcome.errors.contains("did you mean --\(name)?"), "\(outcome.errors)")
  }

  @Test("The version is told by the program and by each command")
  func version() throws {
    let workplace = try Workplace()
    let lines = try [["--version"], ["version"], ["train", "--version"], ["info", "--version"]].map {
      let outcome = try workplace.start($0).outcome()
      #expect(outcome.code == 0 && outcome.errors.isEmpty)
      return outcome.output
    }
    #expect(Set(lines).count == 1 && lines[0].hasPrefix("adjoint ") && lines[0].split(separator: "\n").count == 1)
  }

  /// The end of a pseudoterminal that a program takes for a terminal.
  private func otherEnd(of terminal: Int32) throws -> Int32 {
    #if os(Linux)
      // TIOCSPTLCK and TIOCGPTN: Foundation does not pass on unlockpt and its kin there.
      var (lock, number): (Int32, Int32) = (0, 0)
      try #require(ioctl(terminal, 0x4004_5431, &lock) == 0 && ioctl(terminal, 0x8004_5430, &number) == 0)
      return open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
    #else
      try #require(grantpt(terminal) == 0 && unlockpt(terminal) == 0)
      return open(String(cString: ptsname(terminal)), O_RDWR | O_NOCTTY)
    #endif
  }

  @Test(
    "The live line fits the terminal, however narrow",
    .enabled(if: FileManager.default.fileExists(atPath: "/dev/ptmx")), arguments: [12, 40, 200])
  func width(columns: Int) throws {
    let terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY)
    try #require(terminal >= 0)
    defer { close(terminal) }
    let other = try otherEnd(of: terminal)
    var size = winsize(ws_row: 20, ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
    #expect(ioctl(other, UInt(TIOCSWINSZ), &size) == 0)
    let process = Process()
    process.executableURL = try binary()
    process.arguments = ["train", "--train-limit=5000", "--test-limit=9", "--hidden=16", "--epochs=12", "--batch=1"]
    process.standardOutput = FileHandle(fileDescriptor: other, closeOnDealloc: true)
    process.standardError = FileHandle.nullDevice
    try process.run()
    var text: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 4096)
    _ = fcntl(terminal, F_SETFL, O_NONBLOCK)
    while true {
      let isRunning = process.isRunning
      let count = read(terminal, &piece, piece.count)
      if count > 0 { text += piece[..<count] } else if !isRunning { break } else { usleep(1000) }
    }
    let live = String(decoding: text, as: UTF8.self).split(whereSeparator: { $0.isNewline || $0 == "\r" })
      .filter { $0.contains("▕") || $0.hasPrefix("epoch ") && !$0.contains("accuracy") }
    #expect(live.count > 3, "\(text.count) bytes")
    #expect(live.allSatisfy { $0.count < columns }, "\(live.map(\.count))")
    if columns == 200 { #expect(live.contains { $0.contains("left") }) }
  }
}
