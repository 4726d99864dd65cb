import Adjoint
import AdjointFiles
import Foundation

// Weights in files of other programs: divided among several, or as NumPy's arrays.

extension Safetensors {
  /// The tensors of all files that an index names, as Hugging Face divides large models.
  ///
  /// The files stand beside the index. Each name of the index is in its file, and no file holds another.
  init(shards index: InputFile, of url: URL) throws(FileError) {
    let json = try JSON(try index.contents(memoryLimit: SafetensorsHeader.maximumLength), file: index.path)
    func wrong(_ place: FileError.Place, _ expected: String, _ found: String) -> FileError {
      FileError(
        .wrongFormat, file: index.path, at: place, expected: expected, found: found,
        remedy: "The index is damaged or does not belong to these files; get all of them again from their source.")
    }
    guard let map = json["weight_map"]?.members else {
      throw wrong(.wholeFile, "a safetensors file, or an index with a 'weight_map'", "other JSON")
    }
    var shards: [String: Set<String>] = [:]
    for (name, value) in map {
      guard let file = value.string, !file.isEmpty, !file.contains("/"), file != "..", file != "." else {
        throw wrong(.tensor(name), "the name of a file beside the index", quoted(value.text))
      }
      shards[file, default: []].insert(name)
    }
    var (entries, metadata): ([Entry], [String: String]) = ([], [:])
    for (file, names) in shards.sorted(by: { $0.key < $1.key }) {
      let place = url.deletingLastPathComponent().appendingPathComponent(file)
      // An index that names an index could go round in a circle.
      guard Safetensors.isLikely(place) || !FileManager.default.fileExists(atPath: place.path) else {
        throw wrong(.wholeFile, "the safetensors file \(quoted(file))", "a file of another kind")
      }
      let shard = try Safetensors(contentsOf: place)
      if let surplus = shard.names.first(where: { !names.contains($0) }) {
        throw wrong(.tensor(surplus), "the name of every tensor in \(quoted(file))", "none")
      }
      if let missing = names.subtracting(shard.names).min() {
        throw wrong(.tensor(missing), "a tensor of this name in \(quoted(file))", "none")
      }
      entries += shard.entries
      metadata.merge(shard.metadata) { first, _ in first }
    }
    self.init(metadata: metadata, entries: entries, source: index.path)
  }

  /// The arrays of NumPy's archive.
  init(arrays file: NPZFile) throws(FileError) {
    var entries: [Entry] = []
    for name in file.names {
      // What holds no numbers cannot be listed either: its place in the file is not kept.
      guard let array = try? file.array(name) else { continue }
      entries.append(
        Entry(name: name, typeName: array.type.rawValue, shape: Shape(array.shape), bytes: array.bytes))
    }
    self.init(metadata: [:], entries: entries, source: file.path)
  }

  /// Replaces a file, as a whole or not at all, by NumPy's archive of these tensors, without the metadata.
  ///
  /// BF16, which NumPy does not have, becomes F32.
  /// - Throws: `FileError`, also for a tensor of a type that is not read.
  public func write(npz url: URL, compressing: Bool = false) throws(FileError) {
    var file = NPZFile()
    for entry in entries {
      var (type, bytes) = (entry.type ?? .bfloat16, entry.bytes)
      if type == .bfloat16 {
        let floats: Tensor<Float> = try tensor(entry.name)
        (type, bytes) = (.float32, ByteOrder.littleEndian.bytes(of: floats.elements.lazy.map(\.bitPattern)))
      }
      file.set(entry.name, NPY(type: type, shape: Array(entry.shape), bytes: bytes))
    }
    try file.write(to: url, compressing: compressing)
  }
}
