import Adjoint
import Foundation
import Testing

/// `adjoint new`. `.ci/new` builds and tests the package that it writes.
@Suite struct NewTests {
  /// The clone in which the tests were built.
  private let clone = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

  private func text(_ workplace: Workplace, _ name: String) throws -> String {
    String(decoding: try workplace.bytes(name), as: UTF8.self)
  }

  /// What a folder holds, apart from the output of commands.
  private func names(_ workplace: Workplace, in folder: String = "") throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: workplace.path(folder)).sorted()
      .filter { !$0.hasSuffix(".out") && !$0.hasSuffix(".err") }
  }

  @Test("A package of its own names the clone that it depends on, whatever the folder was before")
  func written() throws {
    let workplace = try Workplace()
    try FileManager.default.createDirectory(atPath: workplace.path("Moons"), withIntermediateDirectories: false)
    for path in ["Spirals", "Moons", "./Rings/"] {
      let outcome = try workplace.run("new", path)
      #expect(outcome.code == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
      #expect(outcome.output.hasPrefix("\(path) depends on the clone of Adjoint in \(clone)."), "\(outcome.output)")
      #expect(outcome.output.contains("\n  cd \(path)\n"))
    }
    let files = try names(workplace, in: "Spirals").filter { $0.contains(".") }
    #expect(
      files == [
        ".gitignore", "Package.swift", "README.md", "Sources/Spirals/Model.swift", "Sources/Spirals/Train.swift",
        "Tests/SpiralsTests/GradientTests.swift",
      ])
    let manifest = try text(workplace, "Spirals/Package.swift")
    #expect(manifest.contains(".package(name: \"Adjoint\", path: \"\(clone)\")"), "\(manifest)")
    // What a platform must be for Adjoint, it must be for who depends on it.
    let own = try String(contentsOfFile: clone + "/Package.swift", encoding: .utf8)
    if let platform = own.firstMatch(of: /\.macOS\([^)]*\)/)?.output {
      #expect(manifest.contains("platforms: [\(platform)],"), "\(manifest)")
    }
    #expect(
      try text(workplace, "Spirals/Tests/SpiralsTests/GradientTests.swift").contains("@testable import Spirals\n"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: workplace.path("")).allSatisfy { !$0.hasPrefix(".") })
  }

  @Test("A repository in place of a clone is taken from this version on, and not from one that may break")
  func url() throws {
    let workplace = try Workplace()
    let outcome = try workplace.run("new", "Spirals", "--url", "https://example.org/some/Autodiff.git")
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("depends on Adjoint \(adjointVersion) from https://example.org/some/Autodiff.git"))
    let manifest = try text(workplace, "Spirals/Package.swift")
    let dependency =
      ".package(url: \"https://example.org/some/Autodiff.git\", .upToNextMinor(from: \"\(adjointVersion)\"))"
    #expect(manifest.contains(dependency), "\(manifest)")
    #expect(manifest.contains(".product(name: \"AdjointLearning\", package: \"Autodiff\")"), "\(manifest)")
  }

  @Test("A program that lies in no clone asks for one, takes it, and writes its path as a literal")
  func alone() throws {
    let workplace = try Workplace()
    let program = try workplace.lonelyProgram()
    let outcome = try workplace.start(["new", "Spirals"], program: program).outcome()
    #expect(outcome.code == 1 && outcome.errors.contains("--path DIR"), "\(outcome.errors)")
    let odd = #"a "b" \(c)"#
    try FileManager.default.createDirectory(atPath: workplace.path(odd), withIntermediateDirectories: false)
    _ = try workplace.write(odd + "/Package.swift", Array(#".library(name: "Adjoint", targets: [])"#.utf8))
    let taken = try workplace.start(["new", "Spirals", "--path", odd], program: program).outcome()
    #expect(taken.code == 0, "\(taken.errors)")
    #expect(try text(workplace, "Spirals/Package.swift").contains(#"/a \"b\" \\(c)")"#))
  }

  @Test(
    "A name that cannot be a module's beside those of Adjoint is refused, and nothing is written",
    arguments: [
      "", ".", "..", "/", "my-model", "9lives", "a b", "größe", "_", "x.y", "a/b-c", "class", "Self", "Foundation",
      "Testing", "Adjoint", "adjoint", "AdjointOfMine", "HandwrittenDigits", "handwrittendigits", "../\u{1B}[2J",
      String(repeating: "x", count: 300),
    ])
  func badName(name: String) throws {
    let workplace = try Workplace()
    let outcome = try workplace.run("new", name)
    #expect(outcome.code == 2 && outcome.errors.contains("cannot be a package's name: expected "), "\(outcome.errors)")
    #expect(outcome.errors.split(separator: "\n").count == 1 && !outcome.errors.contains("\u{1B}"))
    #expect(try names(workplace).isEmpty)
  }

  @Test(
    "A command that makes no sense is one sentence, and nothing is written",
    arguments: [
      ([], 2, "NAME"), (["A", "B"], 2, "'B'"), (["A", "--path", "nowhere"], 2, "--path nowhere: expected a clone"),
      (["A", "--path", "."], 2, "expected a clone"), (["A", "--url", "adjoint"], 2, "expected a URL"),
      (["A", "--url", "https://"], 2, "expected a URL"), (["Spiral", "--url", "https://a/Spiral.git"], 2, "not taken"),
      (["CustomOperation", "--url", "https://a/b.git"], 2, "not taken"),
      (["A", "--path", ".", "--url", "https://a/b"], 2, "beside --path"),
      (["missing/A"], 1, "no folder can be made in"),
    ] as [([String], Int32, String)])
  func usage(words: [String], code: Int32, sentence: String) throws {
    let workplace = try Workplace()
    let outcome = try workplace.start(["new"] + words).outcome()
    #expect(outcome.code == code && outcome.errors.contains(sentence), "\(outcome.errors)")
    #expect(outcome.errors.split(separator: "\n").count == 1 && outcome.output.isEmpty)
    #expect(try names(workplace).isEmpty)
  }

  @Test("Where a file cannot be written, nothing is left")
  func full() throws {
    let workplace = try Workplace()
    // At most 1024 bytes a file: enough for a sentence, and not for a manifest that names such a package seven times.
    let name = String(repeating: "x", count: 90)
    let command = "ulimit -f 1; exec '\(try binary().path)' new \(name)"
    let outcome = try workplace.start(["-c", command], program: URL(fileURLWithPath: "/bin/sh")).outcome()
    let sentence = "\(name) cannot be written: expected to write the file"
    #expect(outcome.code == 1 && outcome.errors.contains(sentence), "\(outcome.errors)")
    #expect(try names(workplace).isEmpty)
  }

  @Test("What is there already stays as it is", arguments: ["Folder", "File", "Link"])
  func occupied(name: String) throws {
    let workplace = try Workplace()
    try FileManager.default.createDirectory(atPath: workplace.path("Folder"), withIntermediateDirectories: false)
    for file in ["Folder/mine.txt", "File"] { _ = try workplace.write(file, Array("mine".utf8)) }
    try FileManager.default.createSymbolicLink(atPath: workplace.path("Link"), withDestinationPath: "Folder")
    let before = try names(workplace)
    let outcome = try workplace.run("new", name)
    #expect(outcome.code == 1 && outcome.errors.contains("\(name) is there already"), "\(outcome.errors)")
    #expect(try names(workplace) == before)
    #expect(try text(workplace, "Folder/mine.txt") == "mine" && text(workplace, "File") == "mine")
  }
}
