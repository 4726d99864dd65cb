import Foundation

/// Named arrays in a ZIP archive, each a file `NAME.npy`: what NumPy's `savez` writes.
package struct NPZFile {
  package let path: String
  private var arrays: [(name: String, array: Result<NPY, FileError>)] = []

  /// The names of the arrays, in the order of the archive.
  package var names: [String] { arrays.map(\.name) }

  package init() { path = "new archive" }

  /// Reads an archive. An array that cannot be had, such as one of texts, throws when it is asked for and not before.
  /// - Throws: `FileError` for an archive that is damaged, or holds no arrays.
  package init(contentsOf url: URL, memoryLimit: Int = InputFile.memoryLimit) throws(FileError) {
    let archive = try ZIP(contentsOf: url, memoryLimit: memoryLimit)
    path = archive.path
    for member in archive.members where member.name.hasSuffix(NPZFile.suffix) {
      let name = String(member.name.dropLast(NPZFile.suffix.count))
      let content = try archive.content(of: member)
      do throws(FileError) {
        arrays.append((name, .success(try NPY(content, file: path) { _ in .tensor(name) })))
      } catch  where error.reason == .unsupportedType {
        arrays.append((name, .failure(error)))
      } catch {
        throw error
      }
    }
    guard arrays.isEmpty, !archive.members.isEmpty else { return }
    let names = archive.members.map(\.name)
    let isPyTorch = names.contains { $0.hasSuffix("data.pkl") }
    throw FileError(
      .wrongFormat, file: path, at: .wholeFile, expected: "an archive of arrays (.npz), each a file that ends in .npy",
      found: "other files, such as \(quoted(names[0]))"
        + (isPyTorch ? ": a file of torch.save, which is a pickle" : ""),
      remedy: isPyTorch
        ? "Save the weights as safetensors: safetensors.torch.save_file(model.state_dict(), FILE)."
        : "Extract it, and give the file itself; a sheet of a table can be saved as CSV.")
  }

  /// The array of this name.
  /// - Throws: `FileError` when there is none, or it holds no numbers.
  package func array(_ name: String) throws(FileError) -> NPY {
    guard let found = arrays.first(where: { $0.name == name }) else {
      throw FileError(
        .missingTensor, file: path, at: .wholeFile, expected: "an array \(quoted(name))",
        found: names.isEmpty ? "no arrays" : names.prefix(8).map(quoted).joined(separator: ", "),
        remedy: "Check the name.")
    }
    return try found.array.get()
  }

  /// Adds an array, or replaces the one of that name.
  package mutating func set(_ name: String, _ array: NPY) {
    if let place = arrays.firstIndex(where: { $0.name == name }) {
      arrays[place].array = .success(array)
    } else {
      arrays.append((name, .success(array)))
    }
  }

  /// Replaces a file, as a whole or not at all.
  /// - Throws: `FileError`.
  package func write(to url: URL, compressing: Bool) throws(FileError) {
    var members: [(name: String, content: [UInt8])] = []
    for (name, array) in arrays { members.append((name + NPZFile.suffix, try array.get().encoded)) }
    try ZIP.write(members, compressing: compressing, to: url)
  }

  private static let suffix = ".npy"
}
