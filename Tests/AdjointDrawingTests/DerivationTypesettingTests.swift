import Adjoint
import AdjointDrawing
import AdjointLearning
import Foundation
import Testing

/// The LaTeX of a derivation compiles and stays on the page; its MathML is well-formed.
@Suite struct DerivationTypesettingTests {
  private static let compiler = "/usr/bin/pdflatex"
  private static var hasCompiler: Bool { FileManager.default.isExecutableFile(atPath: compiler) }

  @Test(
    "The LaTeX compiles, and no line runs off the page", .enabled(if: hasCompiler, "pdflatex is not installed"),
    arguments: [0, 2, 3, 7] as [UInt64], [true, false])
  func latex(seed: UInt64, numbers: Bool) throws {
    try expectWhole(Derivation(of: RandomClassifier(seed: seed).record(), numbers: numbers))
  }

  @Test(
    "So does that of perceptrons, a gate, attention, batch norm and convolutions, in each notation, with examples in rows and columns",
    .enabled(if: hasCompiler, "pdflatex is not installed"), arguments: AdjointNotation.allCases, ExampleLayout.allCases)
  func styles(notation: AdjointNotation, examples: ExampleLayout) throws {
    let models = [
      Pages.xor(seed: 0), Pages.images(.drawnDigits), Pages.gated(), Pages.attention(), Pages.batchNorm(),
      Pages.convolution(),
    ]
    for model in models {
      for unfolded in [false, true] {
        let (loss, _) = model.record()
        try expectWhole(Derivation(of: loss, notation: notation, examples: examples, unfolded: unfolded))
      }
    }
  }

  @Test("A list of what is given that is longer than a page goes on the next", .enabled(if: hasCompiler))
  func longList() throws {
    var generator = Generator(seed: 0)
    let model = MLP<Double>([2] + .init(repeating: 4, count: 40) + [2], activation: .tanh, using: &generator)
    let logits = model(Tape<Double>().input(Tensor([[0.5, 1]]), name: "x"))
    try expectWhole(Derivation(of: logits.square().mean()))
  }

  private func expectWhole(_ derivation: Derivation<Double>) throws {
    let log = try compiled(derivation.latex)
    #expect(!log.contains("\n! "), "\(log.suffix(2000))")
    #expect(!log.contains("Overfull"), "\(log.suffix(2000))")
    #expect(log.contains("Output written on derivation.pdf"), "\(log.suffix(2000))")
  }

  @Test(.enabled(if: hasCompiler, "pdflatex is not installed"))
  func `Names that LaTeX would take for commands are escaped`() throws {
    let tape = Tape<Double>()
    let labels = ["a_b", "50%", #"\\input"#, "x{y", "θ", "größe", "a b", "$x$", "h₁₂", "W⁽³⁾", "c#1", "x^2", "p&q"]
    let x = labels.map { tape.input(Tensor([1, 2]), name: $0) }
    let sum = x.dropFirst().reduce(x[0]) { ($0 * $1).tanh() }
    let log = try compiled(Derivation(of: sum.square().sum()).latex)
    #expect(!log.contains("\n! ") && log.contains("Output written on derivation.pdf"), "\(log.suffix(2000))")
  }

  private func compiled(_ latex: String) throws -> String {
    let folder = FileManager.default.temporaryDirectory.appending(path: "derivation-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data(latex.utf8).write(to: folder.appending(path: "derivation.tex"))
    let process = Process()
    process.executableURL = URL(filePath: Self.compiler)
    process.arguments = ["-interaction=nonstopmode", "-halt-on-error", "derivation.tex"]
    process.currentDirectoryURL = folder
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return String(decoding: try Data(contentsOf: folder.appending(path: "derivation.log")), as: UTF8.self)
  }

  @Test("Every element of the page is closed in order", arguments: 0..<12)
  func elements(seed: UInt64) {
    let page = Derivation(of: RandomClassifier(seed: seed).record(), numbers: true).mathML
    var open: [Substring] = []
    for match in page.matches(of: /<(\/?)([A-Za-z0-9]+)[^>]*>/) where !["meta"].contains(match.2) {
      if match.1.isEmpty {
        open.append(match.2)
      } else {
        #expect(open.popLast() == match.2)
      }
    }
    #expect(open.isEmpty)
    #expect(!page.contains("http") && !page.contains("<script"))
  }
}
