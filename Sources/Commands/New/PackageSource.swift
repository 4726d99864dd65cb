import Adjoint
import AdjointFiles
import Foundation

/// The place where a new package gets this one from.
enum PackageSource {
  /// A clone on this machine.
  case clone(URL)
  /// A repository with tags, of which the version of this program or a compatible one is taken.
  case url(String)

  /// The clone in which this program was built: the nearest folder above it that is one.
  static var ownClone: URL? {
    var folder = Bundle.main.executableURL?.resolvingSymlinksInPath().deletingLastPathComponent()
    while let place = folder, place.path != "/" {
      if isClone(place) { return place }
      folder = place.deletingLastPathComponent()
    }
    return nil
  }

  /// True for a folder that holds this package.
  static func isClone(_ folder: URL) -> Bool { manifest(in: folder).contains(".library(name: \"Adjoint\"") }

  private static func manifest(in folder: URL) -> String {
    (try? String(contentsOf: folder.appendingPathComponent("Package.swift"), encoding: .utf8)) ?? ""
  }

  /// The source in words.
  var words: String {
    switch self {
    case .clone(let folder): "the clone of Adjoint in \(folder.path)"
    case .url(let url): "Adjoint \(adjointVersion) from \(url)"
    }
  }

  /// The dependency as a manifest writes it.
  ///
  /// A version 0.x may break what 0.(x − 1) promised, which `from:` alone would take.
  var dependency: String {
    switch self {
    case .clone(let folder): ".package(name: \"Adjoint\", path: \(folder.path.swiftLiteral))"
    case .url(let url): ".package(url: \(url.swiftLiteral), .upToNextMinor(from: \"\(adjointVersion)\"))"
    }
  }

  /// The name of the package in a manifest that depends on it.
  var identity: String {
    switch self {
    case .clone: return "Adjoint"
    case .url(let url):
      let last = url.split { $0 == "/" || $0 == ":" }.last.map(String.init) ?? ""
      return last.hasSuffix(".git") ? String(last.dropLast(4)) : last
    }
  }

  /// The names that no package beside this one may have, in lower case: those of its folder, targets and products.
  var names: Set<String> {
    let (own, clone) =
      switch self {
      case .clone(let folder): (folder.lastPathComponent, Optional(folder))
      case .url: (identity, PackageSource.ownClone)
      }
    let manifest = clone.map(PackageSource.manifest) ?? ""
    let named = manifest.matches(of: /name: "([^"]*)"/).map { String($0.output.1) }
    return Set((named + [own]).map { $0.lowercased() })
  }
}

extension String {
  /// The text as a literal of Swift.
  var swiftLiteral: String {
    "\""
      + unicodeScalars.map { scalar in
        scalar == "\"" || scalar == "\\"
          ? "\\\(scalar)" : scalar.value < 0x20 ? scalar.escaped(asASCII: true) : "\(scalar)"
      }.joined() + "\""
  }
}
