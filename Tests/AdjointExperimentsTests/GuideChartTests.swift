import Foundation
import Testing

/// The pictures of README.md and Docs/*.md: each is computed, and its section names the command.
@Suite struct GuideChartTests {
  private static let root = AgreementTests.docs.deletingLastPathComponent()

  /// A drawing in a page, with the text from the heading before it to the next one.
  private struct Picture {
    let page: String
    let file: String
    let section: String
    var stem: String { String(file.split(separator: "/").last?.dropLast(4) ?? "") }
    var description: String { "\(page): \(file)" }
  }

  private func pictures() throws -> [Picture] {
    let manager = FileManager.default
    let guides = try manager.contentsOfDirectory(atPath: AgreementTests.docs.path).filter { $0.hasSuffix(".md") }
    return try (["README.md"] + guides.sorted().map { "Docs/" + $0 }).flatMap { page -> [Picture] in
      let text = try String(contentsOf: Self.root.appendingPathComponent(page), encoding: .utf8)
      return text.components(separatedBy: "\n## ").flatMap { section in
        section.matches(of: /!\[[^\n]*?\]\(([^)\s]+\.svg)\)/).map {
          Picture(page: page, file: String($0.1), section: section)
        }
      }
    }
  }

  /// The source of an example that makes pictures.
  private func source(_ example: String) throws -> String {
    let folder = Self.root.appendingPathComponent("Examples/\(example)")
    return try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".swift") }
      .map { try String(contentsOf: folder.appendingPathComponent($0), encoding: .utf8) }.joined()
  }

  /// True when a command of a section computes the picture: an experiment of that name, a benchmark, or an example whose source
  /// names the file.
  private func isComputed(_ picture: Picture) throws -> Bool {
    for match in picture.section.matches(of: /`([^`\n]+)`/) {
      let words = match.1.split(separator: " ").map(String.init)
      if words.starts(with: ["adjoint", "experiments"]), words.count > 2, picture.stem.hasPrefix(words[2] + "-") {
        return true
      }
      if words.starts(with: ["adjoint", "bench"]), words.contains(picture.stem), words.contains("--plot") {
        return true
      }
      if words.starts(with: ["swift", "run"]), words.count > 2, try source(words[2]).contains("\"\(picture.stem)\"") {
        return true
      }
    }
    return false
  }

  @Test func `every picture's section names the command that computed it`() throws {
    let all = try pictures()
    #expect(all.count > 50)
    for picture in all { #expect(try isComputed(picture), "\(picture.description)") }
  }

  @Test func `a picture without its command is found`() throws {
    let section = "`swift run ChartGallery Docs/Images`, `adjoint experiments 002-softmax`"
    func isComputed(_ file: String) throws -> Bool {
      try self.isComputed(Picture(page: "", file: file, section: section))
    }
    #expect(try isComputed("Images/training-curves.svg") && isComputed("Experiments/002-softmax-softmax-loss.svg"))
    #expect(try !isComputed("Images/invented.svg") && !isComputed("Experiments/002-momentum-tanh-loss.svg"))
  }

  /// Numbers typed into a source are nobody's result: the gallery computes all that it draws.
  @Test func `the gallery draws no list of typed numbers`() throws {
    for match in try source("ChartGallery").matches(of: /\[(?:\s*[−-]?[0-9][0-9.e_-]*\s*,){5,}[^\]]*\]/) {
      let around = match.0
      // Where a fit starts, and the places at which something is counted, are not results.
      let isGiven = around.hasPrefix("[1.0, -0.5, 0.5,") || around.hasPrefix("[4, 8, 16,")
      #expect(isGiven, "\(around)")
    }
  }
}
