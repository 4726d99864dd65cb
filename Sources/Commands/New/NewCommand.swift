import Adjoint
import AdjointCommandLine
import AdjointFiles
import Foundation

/// `adjoint new`: a package of one's own that depends on this one, trains a model, and checks its gradient.
package enum NewCommand {
  package static let command = Command(
    name: "new", summary: "Write a package of your own: a model, its training, a check of its gradient.",
    positional: ("NAME", 1...1),
    options: [
      Option(
        "path", "DIR", .text,
        "The clone of Adjoint that the package depends on. Without it, the clone in which this program was built."),
      Option("url", "URL", .text, "The repository of Adjoint that the package depends on, in place of a clone."),
    ],
    notes: [
      ("Name", ["The folder to write, such as ../Spirals. Its last part names the Swift module too."]),
      ("Example", ["adjoint new ../Spirals", "cd ../Spirals", "swift run", "swift test"]),
    ],
    run: run)

  private static func run(_ arguments: Arguments, _ console: Console) throws -> Int32 {
    let path = arguments.positionals[0]
    let source = try source(arguments)
    let package = NewPackage(name: try name(path, beside: source), source: source)
    try package.write(to: FilePlace.url(path, isDirectory: true), named: path)

    console.line("\(printable(path, atMost: 1024)) depends on \(printable(source.words, atMost: 1024)). It holds\n")
    let width = 2 + (package.files.map(\.path.count).max() ?? 0)
    for file in package.files {
      if let purpose = file.purpose { console.line("  \(file.path.padded(to: width))\(purpose)") }
    }
    console.line("\nGo on with\n")
    console.line("  cd \(printable(path.shellQuoted, atMost: 1024))")
    console.line("  swift run     to train; the first build compiles the library too, in minutes")
    console.line("  swift test    to check the gradient")
    return 0
  }

  // MARK: The source

  private static func source(_ arguments: Arguments) throws(CommandError) -> PackageSource {
    if let url = arguments.text("url") {
      if arguments.isGiven("path") { throw .unusedOption("url", reason: "beside --path", usedBy: []) }
      guard url.wholeMatch(of: /([\w+]+:\/\/|[^\s\/]+@[^\s\/]+:)\S*[^\s\/]\/*/) != nil else {
        throw arguments.option("url").bad(url, expected: "a URL such as https://example.org/adjoint.git")
      }
      return .url(url)
    }
    if let path = arguments.text("path") {
      let folder = FilePlace.url(path, isDirectory: true)
      guard PackageSource.isClone(folder) else {
        throw arguments.option("path").bad(path, expected: "a clone of Adjoint, with its Package.swift")
      }
      return .clone(folder.resolvingSymlinksInPath())
    }
    guard let clone = PackageSource.ownClone else { throw .noClone }
    return .clone(clone)
  }

  // MARK: The name

  private static func name(_ path: String, beside source: PackageSource) throws(CommandError) -> String {
    let name = path.split(separator: "/").last.map(String.init) ?? ""
    let isWord = name.wholeMatch(of: /[A-Za-z][A-Za-z0-9_]*/) != nil
    guard isWord, name.utf8.count <= 100 else {
      throw .badPackageName(name, expected: "a letter, then letters, digits and _, since it names a Swift module")
    }
    guard !taken.contains(name) else {
      throw .badPackageName(name, expected: "a name that Swift or its libraries have not taken")
    }
    guard !source.names.contains(name.lowercased()), !name.lowercased().hasPrefix("adjoint") else {
      throw .badPackageName(name, expected: "a name that Adjoint has not taken: no two modules share one")
    }
    return name
  }

  /// The words of the language, modules of its toolchain, and folders beside which a program is built.
  private static let taken: Set<String> = [
    "Any", "Self", "Type", "Protocol", "actor", "as", "associatedtype", "async", "await", "break", "case", "catch",
    "class", "continue", "default", "defer", "deinit", "do", "else", "enum", "extension", "fallthrough", "false",
    "fileprivate", "for", "func", "guard", "if", "import", "in", "init", "inout", "internal", "is", "let", "nil",
    "operator", "precedencegroup", "private", "protocol", "public", "repeat", "rethrows", "return", "self",
    "static", "struct", "subscript", "super", "switch", "throw", "throws", "true", "try", "typealias", "var",
    "where", "while", "Builtin", "Dispatch", "Foundation", "FoundationEssentials", "Glibc", "Musl", "Darwin",
    "Swift", "SwiftShims", "Testing", "XCTest", "PackageDescription", "Modules", "ModuleCache", "index",
  ]
}
