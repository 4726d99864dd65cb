import AdjointFiles
import Foundation
import TestFiles
import Testing

@Suite("Files that are replaced")
struct OutputFileTests {
  let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  private func place(_ name: String) -> URL { folder.url.appendingPathComponent(name) }

  private func link(_ name: String, to target: String) throws -> URL {
    try FileManager.default.createSymbolicLink(atPath: place(name).path, withDestinationPath: target)
    return place(name)
  }

  @Test("a file is replaced as a whole")
  func replacing() throws {
    let url = place("f")
    for text in ["one", "another"] {
      try OutputFile.replace(url, with: text.utf8)
      #expect(try String(contentsOf: url, encoding: .utf8) == text)
      #expect(try folder.contents() == ["f"])
    }
    #expect(throws: FileError.self) { try OutputFile.replace(url) { _ in throw CancellationError() } }
    #expect(try String(contentsOf: url, encoding: .utf8) == "another")
    #expect(try folder.contents() == ["f"])
  }

  @Test("a link stays, and the file behind it is made or replaced, also through other links")
  func links() throws {
    try FileManager.default.createDirectory(at: place("data"), withIntermediateDirectories: true)
    _ = try link("folder", to: "data")
    let first = try link("first", to: "folder/second")
    _ = try link("data/second", to: "../data/file")
    for text in ["made", "replaced"] {
      try OutputFile.replace(first, with: text.utf8)
      #expect(try InputFile(first).contents(atMost: 100) == Array(text.utf8))
      #expect(try String(contentsOf: place("data/file"), encoding: .utf8) == text)
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: first.path) == "folder/second")
      #expect(try folder.contents() == ["data", "first", "folder"])
    }
  }

  @Test("links that lead in a circle are an error for reader and writer")
  func circle() throws {
    let (a, _) = try (link("a", to: "b"), link("b", to: "a"))
    #expect(throws: FileError.self) { try OutputFile.replace(a, with: [1]) }
    #expect(throws: FileError.self) { try InputFile(a) }
    #expect(try folder.contents() == ["a", "b"])
  }

  @Test(
    "whoever writes a file and whoever reads it means the same one",
    arguments: ["~", "a b%20c", "x\u{1}y", "é", "e\u{301}", "-", "\u{301}"])
  func names(name: String) throws {
    try OutputFile.replace(place(name), with: [7])
    #expect(try folder.contents().map { Array($0.utf8) } == [Array(name.utf8)])
    #expect(try InputFile(place(name)).contents(atMost: 1) == [7])
  }

  @Test("what a writer left that did not live is removed by the next one; what a living one writes stays")
  func leftovers() throws {
    _ = try folder.file(".adjoint-1-0.tmp", [1])
    _ = try folder.file(".adjoint-77-0.tmp", [1])
    _ = try folder.file(".adjoint-notes", [1])
    let living = open(place(".adjoint-1-0.tmp").path, O_RDONLY)
    defer { close(living) }
    #expect(flock(living, LOCK_EX) == 0)
    try OutputFile.replace(place("f"), with: [2])
    #expect(try folder.contents() == [".adjoint-1-0.tmp", ".adjoint-notes", "f"])
    // One writer inside another, in one folder.
    try OutputFile.replace(place("f")) { handle in
      try OutputFile.replace(place("g"), with: [3])
      try handle.write(contentsOf: Data([4]))
    }
    #expect(try [UInt8](Data(contentsOf: place("f"))) == [4])
    #expect(try folder.contents() == [".adjoint-1-0.tmp", ".adjoint-notes", "f", "g"])
  }

  @Test("many writers of one file leave a whole one, and nothing else")
  func writers() async throws {
    let url = place("f")
    let size = 100_000
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<8 {
        group.addTask {
          for _ in 0..<10 { try OutputFile.replace(url, with: [UInt8](repeating: UInt8(number), count: size)) }
        }
      }
      group.addTask {
        while !FileManager.default.fileExists(atPath: url.path) { await Task.yield() }
        for _ in 0..<50 {
          let bytes = [UInt8](try Data(contentsOf: url))
          #expect(bytes.count == size && Set(bytes).count == 1)
        }
      }
      try await group.waitForAll()
    }
    #expect(try folder.contents() == ["f"])
  }
}

@Suite("Paths")
struct FilePlaceTests {
  @Test("a path means what it means to the system, but for the home folder")
  func meaning() {
    let (here, home) = (
      FileManager.default.currentDirectoryPath, ProcessInfo.processInfo.environment["HOME"] ?? NSHomeDirectory()
    )
    let meanings = [
      ("~/run.st", home + "/run.st"), ("~", home), ("./~/run.st", here + "/~/run.st"), ("~user/f", here + "/~user/f"),
      ("./a//b/./c", here + "/a/b/c"), ("link/../x", here + "/link/../x"), ("/a/~/b", "/a/~/b"),
      ("%7E/x", here + "/%7E/x"),
    ]
    for (path, meaning) in meanings { #expect(FilePlace.url(path).path == meaning) }
  }

  @Test("two spellings of one file are the same, and names that only look the same are not")
  func same() throws {
    let folder = try ScratchFolder()
    let path = folder.url.path
    try FileManager.default.createDirectory(atPath: path + "/data", withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(atPath: path + "/data/link", withDestinationPath: "../model.st")
    func isSame(_ a: String, _ b: String) -> Bool { FilePlace.isSame(FilePlace.url(a), FilePlace.url(b)) }
    let model = path + "/model.st"
    for other in ["/./model.st", "/data/../model.st", "/data/link"] { #expect(isSame(model, path + other)) }
    #expect(!isSame(model, path + "/data/model.st"))
    #expect(!isSame(path + "/é", path + "/e\u{301}"))
    #expect(!isSame(model, path + "/nowhere/model.st"))
  }
}

@Suite("Texts from outside")
struct QuotingTests {
  @Test("nothing that a terminal obeys is in an error, and no text of any length")
  func quoting() {
    #expect(quoted("a\u{1B}[2Jb\u{85}\u{202E}\r\n") == #"'a\u{1B}[2Jb\u{0085}\u{202E}\r\n'"#)
    #expect(quoted("naïve 数 👩‍🔬") == "'naïve 数 👩‍🔬'")
    let long = String(repeating: "x\u{7}", count: 100_000)
    let error = FileError(.badValue, file: long, at: .metadata(long), expected: long, found: long, remedy: long)
    #expect(error.description.utf8.count < 20_000)
    #expect(!error.description.unicodeScalars.contains { $0.value < 0x20 })
  }
}
