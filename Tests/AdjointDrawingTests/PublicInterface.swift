import Foundation

/// The public declarations of the modules for learning, data, checking, grading and drawing, read from their sources.
struct PublicInterface {
  /// A public function or initialiser, with its body.
  struct Function {
    let file: String
    let line: Int
    let signature: String
    let body: String
  }

  static let modules = [
    "AdjointLearning", "AdjointDatasets", "AdjointChecking", "AdjointGrading", "AdjointDrawing",
  ]

  /// The types by their names, such as `AdjointLearning.Linter.Finding`; protocols are left out.
  private(set) var types: [String] = []
  private(set) var functions: [Function] = []

  init() throws {
    let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    for module in PublicInterface.modules {
      let folder = package.appendingPathComponent("Sources/\(module)")
      let paths = try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".swift") }
      for path in paths.sorted() {
        let text = try String(contentsOf: folder.appendingPathComponent(path), encoding: .utf8)
        read(
          text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init), module, "\(module)/\(path)")
      }
    }
  }

  private mutating func read(_ lines: [String], _ module: String, _ file: String) {
    var around: [(indent: Int, name: String)] = []
    for (number, line) in lines.enumerated() {
      let indent = line.prefix { $0 == " " }.count
      let words = line.dropFirst(indent)
      guard !words.isEmpty, !words.hasPrefix("//") else { continue }
      around.removeAll { $0.indent >= indent }
      if let match = words.prefixMatch(of: /((?:[a-z]+ )*)(struct|class|enum|extension|protocol) ([\w.]+)/) {
        let name = (around.map(\.name) + [String(match.3)]).joined(separator: ".")
        if match.1.contains("public "), match.2 != "extension", match.2 != "protocol" {
          types.append("\(module).\(name)")
        }
        around.append((indent, String(match.3)))
      } else if words.hasPrefix("public "), words.prefixMatch(of: /(?:@?\w+ )*(func |init[(<?])/) != nil {
        let (signature, body) = PublicInterface.parts(of: lines[number...].joined(separator: "\n"))
        functions.append(Function(file: file, line: number + 1, signature: signature, body: body))
      }
    }
  }

  /// What stands before a function's body, and the body.
  private static func parts(of text: String) -> (signature: String, body: String) {
    var (parentheses, braces) = (0, 0)
    var (signature, body) = ("", "")
    for character in text {
      switch character {
      case "(": parentheses += 1
      case ")": parentheses -= 1
      case "{" where parentheses == 0 || braces > 0: braces += 1
      case "}" where braces > 0: braces -= 1
      default: break
      }
      if braces > 0 {
        body.append(character)
      } else if body.isEmpty {
        signature.append(character)
      } else {
        break
      }
    }
    return (signature, body)
  }
}
