import Foundation

/// A program of the package, which stands beside the tests in the build folder.
package func builtProgram(_ name: String) throws -> URL {
  let arguments = CommandLine.arguments.filter { $0.hasPrefix("/") }.map { URL(fileURLWithPath: $0) }
  let starts = arguments + Bundle.allBundles.map(\.bundleURL) + [Bundle.main.bundleURL]
  for start in starts {
    var folder = start
    for _ in 0..<5 {
      let candidate = folder.appendingPathComponent(name)
      var isDirectory: ObjCBool = false
      if FileManager.default.fileExists(atPath: candidate.path, isDirectory: &isDirectory), !isDirectory.boolValue {
        return candidate
      }
      folder = folder.deletingLastPathComponent()
    }
  }
  throw MissingProgram(name: name, places: starts.map(\.path))
}

/// No program of this name stands beside the tests.
struct MissingProgram: Error {
  let name: String
  let places: [String]
}
